"""Runs the legs of claim C2: the scale symmetry of the linear gate, identifiable functions, the split at k >= 2k*."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from temperance.evidence.outcomes import Leg, LegOutcome, combined
from temperance.evidence.study_runner import Runs
from temperance.theory.interactions.interactions import derive
from temperance.theory.models.spec import BETA0, NU, TAU, MoESpec, atom_symbol, coordinates, symbolic_density
from temperance.theory.symmetries.flows import SCALE, symmetries

DIMENSIONS = (1, 2)
ATOMS = 2
SEED = 2
SIZE = 2000
_LARGEST_ANGLE = 1e-4  # between the null vector and the orbit, in radians
_DIGITS = 60

Floats = NDArray[np.float64]
Replacement = Mapping[sp.Symbol, sp.Expr]


def scale_proof(_: Runs) -> Leg:
    """Exact: the flow read off the first-order relation, its invariants, and two identities of densities."""
    checks: tuple[tuple[str, Callable[[int], LegOutcome]], ...] = (
        ("flow (beta1, tau, beta0) -> l (beta1, tau, beta0), read off the first-order relation", flow),
        ("identifiable functions beta1/tau, beta0/tau, a, b, nu", identifiable),
        ("g(c beta1, c beta0, c tau) - g = 0, k = 2", scaled_density),
        ("k = 4, k* = 2: every atom split alike, beta1 +- delta, leaves g", split_density),
    )
    tried = [(text, d, check(d)) for text, check in checks for d in DIMENSIONS]
    found = [{"identity": text, "dim": d, "outcome": outcome} for text, d, outcome in tried]
    verified = sum(outcome == "confirmed" for *_, outcome in tried)
    detail = f"{verified} of {len(tried)} exact identities hold, d = 1 and 2"
    return Leg(combined(outcome for *_, outcome in tried), detail, {"identities": found})


def flow(dim: int) -> LegOutcome:
    """Whether the one flow of the linear gate scales beta1, tau and beta0 alike."""
    found = symmetries(derive("linear", dim=dim, order=1))
    moved = (*coordinates("beta1", dim), TAU, BETA0)
    ours = [{p: SCALE * p for p in moved}]
    return "confirmed" if [dict(f.orbit) for f in found.flows] == ours else "contradicted"


def identifiable(dim: int) -> LegOutcome:
    """Whether the identifiable functions are beta1/tau, beta0/tau, a, b and nu."""
    found = derive("linear", dim=dim, order=1)
    functions = symmetries(found).identifiable
    if functions is None or not found.complete:
        return "inconclusive"
    ratios = {p / TAU for p in (*coordinates("beta1", dim), BETA0)}
    expert = {*coordinates("a", dim), sp.Symbol("b", real=True), NU}
    return "confirmed" if set(functions) == ratios | expert else "contradicted"


def scaled_density(dim: int) -> LegOutcome:
    """Whether the density of two atoms is the same along the orbit of the scale."""
    spec = derive("linear", dim=dim, order=1).spec
    factor = sp.Symbol("c", positive=True)
    before, parameters = symbolic_density(spec, ATOMS)
    moved = {p: factor * p for p in parameters if p.name.startswith(("beta", "tau"))}
    return equal(before, before.subs(moved, simultaneous=True))


def split_density(dim: int) -> LegOutcome:
    """Whether four atoms, two in the place of each of two, have the density of the two."""
    spec = derive("linear", dim=dim, order=1).spec
    before, _ = symbolic_density(spec, ATOMS)
    after, _ = symbolic_density(spec, 2 * ATOMS)
    return equal(before, after.subs(split(spec), simultaneous=True))


def split(spec: MoESpec) -> Replacement:
    """The parameters of 2k atoms: those of k, each twice, with beta1 + delta and beta1 - delta."""
    beta = coordinates("beta1", spec.dim)
    delta = dict(zip(beta, coordinates("delta", spec.dim), strict=True))
    own = [p for p in (*spec.parameters, BETA0) if p not in spec.gate.shared]
    return {
        atom_symbol(p, i): atom_symbol(p, (i + 1) // 2) + (-1) ** i * delta.get(p, sp.S.Zero)
        for p in own
        for i in range(1, 2 * ATOMS + 1)
    }


def equal(log_f: sp.Expr, log_g: sp.Expr) -> LegOutcome:
    """Whether two log densities are equal: exactly, or shown to differ at a point, or not decided."""
    numerator = sp.numer(sp.together(sp.exp(log_f) - sp.exp(log_g)))
    if sp.expand(sp.powsimp(sp.expand(numerator))) == 0:
        return "confirmed"
    symbols = sorted((log_f - log_g).free_symbols, key=str)
    point = {s: sp.Rational(i + 2, 2 * i + 5) for i, s in enumerate(symbols)}
    gap = abs((log_f - log_g).subs(point).evalf(_DIGITS))
    return "contradicted" if gap > sp.Float(10) ** (-_DIGITS // 2) else "inconclusive"


def null_vector(_: Runs) -> Leg:
    """The observed information of a fitted linear gate: its null vector, and the direction of the orbit."""
    from temperance.numerics.fitting.mle import Box, fit
    from temperance.numerics.mixture.activation_numpy import compile_activation
    from temperance.numerics.mixture.measures import Layout, MixingMeasure
    from temperance.numerics.mixture.sampling import sample
    from temperance.theory.activations.activation import activation

    truth = MixingMeasure(
        beta1=np.array([[2.0], [0.0]]),
        beta0=np.array([0.5, 0.0]),
        tau=np.array(0.8),
        a=np.array([[1.0], [-1.0]]),
        b=np.array([2.0, -2.0]),
        nu=np.array([0.25, 0.5]),
    )
    gate, layout = compile_activation(activation("z")), Layout(ATOMS, 1, "anchored")
    x, y = sample(truth, gate, SIZE, seed=SEED)
    found = fit(layout, gate, x, y, box=Box.for_data(x, y), starts=3, seed=SEED)
    orbit = np.array([_velocity(name, value) for (name, _), value in zip(layout.names, found.theta, strict=True)])
    return judged_null_vector(found.information, found.flat_directions, orbit, found.status)


def _velocity(name: str, value: float) -> float:
    """d/dlog l along (beta1, beta0, tau) -> l (beta1, beta0, tau), of log tau for tau."""
    return {"tau": 1.0, "beta1": value, "beta0": value}.get(name, 0.0)


def judged_null_vector(information: Floats, flat: Floats, orbit: Floats, status: str = "converged") -> Leg:
    """Confirmed if the information (p, p) has one flat direction, rows of flat (m, p), and it is that of the orbit."""
    eigenvalues = np.sort(np.abs(np.linalg.eigvalsh(information)))
    unit = orbit / np.linalg.norm(orbit)
    along = flat @ unit
    angle = math.asin(min(1.0, float(np.linalg.norm(unit - along @ flat)))) if len(flat) == 1 else None
    data = {
        "n": SIZE,
        "seed": SEED,
        "status": status,
        "flat_directions": len(flat),
        "eigenvalue_ratio": float(eigenvalues[0] / eigenvalues[-1]),
        "next_eigenvalue_ratio": float(eigenvalues[1] / eigenvalues[-1]),
        "angle": angle,
    }
    detail = f"observed information: smallest eigenvalue {data['eigenvalue_ratio']:.0e} of the largest"
    if status != "converged":
        return Leg("inconclusive", f"the fit ended {status}", data)
    if angle is None:
        return Leg("contradicted", f"{detail}; {len(flat)} flat directions", data)
    detail += f", the next {data['next_eigenvalue_ratio']:.0e}; angle to the orbit {angle:.0e}"
    return Leg("confirmed" if angle <= _LARGEST_ANGLE else "contradicted", detail, data)
