"""The claims: what is stated, which legs are required, and how each leg is run (design section 4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from temperance.interaction_legs import interactions_proof
from temperance.outcomes import Leg, LegName
from temperance.rate_legs import exact_rates, first_order_proof
from temperance.scale_legs import null_vector, scale_proof


@dataclass(frozen=True)
class Claim:
    """A statement; the legs that must confirm it; the legs that can be run, each a function that runs it."""

    id: str
    statement: str
    required: tuple[LegName, ...]
    legs: tuple[tuple[LegName, Callable[[], Leg]], ...]


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "C1",
        "Interactions of the linear gate with linear Gaussian experts: of the C(2d+3+r, r) derivatives of order <= r, "
        "sum_i C(i+d-1, d-1)(2r-i+1) are independent, and tau u_tau + beta1.u_beta1 = 0 (d = 1, 2; r = 1, 2)",
        required=("proof",),
        legs=(("proof", interactions_proof),),
    ),
    Claim(
        "C2",
        "Linear gate: (beta1, beta0, tau) -> c (beta1, beta0, tau) leaves g; identifiable are beta1/tau, beta0/tau, "
        "a, b, nu; for k = 2k* a split of every atom leaves g, so that beta1/tau is not identifiable either "
        "(d = 1, 2; k* = 2)",
        required=("proof",),
        legs=(("proof", scale_proof), ("monte_carlo", null_vector)),
    ),
    Claim(
        "C5",
        "Activation gate with F1, off the sets where the mixture degenerates: exact-specified fits converge at "
        "n^(-1/2) (tanh, d = 1, k = 2, free gauge)",
        required=("proof", "contact", "monte_carlo"),
        legs=(("proof", first_order_proof), ("monte_carlo", exact_rates)),
    ),
)
