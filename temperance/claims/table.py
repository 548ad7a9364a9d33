"""Lists the claims: statement, required legs, and the function that runs each leg (theory 9.1).

``python -m temperance.claims.table`` prints how many hypotheses each claim states, with their planned power.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import Any

from temperance.claims import c01_c06_c10_symmetries as symmetries
from temperance.claims import c07_c08_c11_cells as cells
from temperance.claims import c12_c13_efficiency as efficiency
from temperance.claims import c14_atlas as atlas
from temperance.claims import c15_twins as twins
from temperance.claims import c16_merging as merging
from temperance.claims import c17_volumes as volumes
from temperance.claims.legs import planned_constants, planned_variances, study_leg
from temperance.measurements.judgement import LEGS, LEVEL, POWER, Leg, LegName, PlannedTest
from temperance.measurements.slopes import planned_slopes
from temperance.numerics.studies.claim_studies import (
    CELLS,
    CONSTANTS,
    EXACT,
    LINEAR,
    MERGED,
    MIRROR,
    RELU,
    STUDIES,
    VARIANCE,
)
from temperance.numerics.studies.study import Study


@dataclass(frozen=True)
class Claim:
    """A statement, and its legs, each by the function that runs it; that of monte_carlo takes the level of each test.

    about: what it says, for a reader who does not know it. coq: what of its proof is a theorem in Coq, if anything is;
    verdicts: activations and the conditions that are decided in a file of their own; the library holds the rest.
    optional: legs that need not confirm it. studies: those that its legs take, begun before the first leg. tests: the
    hypotheses that the legs test, as planned, by functions of that level. spread: a function and the tasks at which its
    legs take it, begun on the workers before the studies.
    """

    id: str
    statement: str
    about: str = ""
    _: KW_ONLY
    proof: Callable[..., Leg] | None = None
    contact: Callable[..., Leg] | None = None
    monte_carlo: Callable[..., Leg] | None = None
    coq: str | None = None
    verdicts: tuple[tuple[str, str], ...] = ()
    optional: tuple[LegName, ...] = ()
    studies: tuple[Study, ...] = ()
    tests: tuple[Callable[[float], Sequence[PlannedTest]], ...] = ()
    spread: tuple[Callable[[int], list[Any]], Sequence[int]] | None = None

    @property
    def group(self) -> str:
        """The id without the letter that parts of one claim end with."""
        return self.id.rstrip("abc")

    @property
    def legs(self) -> Mapping[LegName, Callable[..., Leg]]:
        """The functions of the legs that it has."""
        return {name: run for name in LEGS if (run := getattr(self, name)) is not None}

    @property
    def required(self) -> tuple[LegName, ...]:
        """The legs that must confirm it."""
        return tuple(name for name in self.legs if name not in self.optional)


def _slopes(studies: tuple[Study, ...], **options: Any) -> dict[str, Any]:
    """What a claim has that slopes of some studies measure; options: as `study_leg` has them."""
    tests = (partial(planned_slopes, studies, **options),)
    return {"monte_carlo": partial(study_leg, studies=studies, **options), "studies": studies, "tests": tests}


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "C1",
        "Interactions of the linear gate with linear Gaussian experts: of the C(2d+3+r, r) derivatives of order <= r, "
        "sum_i C(i+d-1, d-1)(2r-i+1) are independent, and tau u_tau + beta1.u_beta1 = 0 (d = 1, 2; r = 1, 2)",
        "relations of the linear gate's derivatives",
        proof=symmetries.interactions_proof,
        coq="the relations tau u_tau + beta1 u_beta1 = 0, u_bb = 2 u_nu, tau u_(beta1 b) = u_a, 2 tau u_(beta1 nu) = "
        "u_ab, for d = 1",
    ),
    Claim(
        "C2",
        "Linear gate: (beta1, beta0, tau) -> c (beta1, beta0, tau) leaves g; identifiable are beta1/tau, beta0/tau, "
        "a, b, nu; for k = 2k* a split of every atom leaves g, so that beta1/tau is not identifiable either "
        "(d = 1, 2; k* = 2)",
        "linear gate: tau is not identifiable",
        proof=symmetries.scale_proof,
        coq="the scale and the split of every atom leave the density, for d = 1 and any k",
    ),
    Claim(
        "C3",
        "On the orbit of the scale V = 0 while D_r > 0: inf V/D_r = 0 for every r (linear gate, k = 2)",
        "no distance bounds a loss that holds tau",
        proof=symmetries.loss_on_orbit_proof,
        coq="the density is one along the orbit, for d = 1",
        contact=symmetries.loss_on_orbit_contact,
    ),
    Claim(
        "C4",
        "Linear gate: the likelihood is flat in tau and beta1, and the invariants beta1/tau, beta0/tau, a, b, nu "
        "converge at n^(-1/2), with the variances of exact information (d = 1, k = k* = 2)",
        "linear gate: beta1/tau at n^(-1/2)",
        proof=symmetries.linear_proof,
        coq="every density of two atoms is one of every temperature",
        contact=symmetries.linear_contact,
        monte_carlo=symmetries.linear_rates,
        studies=(LINEAR, CONSTANTS),
        tests=(partial(planned_slopes, (LINEAR,)), partial(planned_constants, CONSTANTS)),
    ),
    Claim(
        "C5",
        "Activation gate with F1, off the sets where the mixture degenerates: exact-specified fits converge at "
        "n^(-1/2) (tanh, sigmoid, GELU; d = 1, k = 2, free gauge)",
        "tanh, sigmoid, GELU: tau at n^(-1/2)",
        proof=symmetries.exact_proof,
        coq="the first-order condition for tanh, sigmoid, GELU; for d = 1 and all x near 0 independent scores: with an "
        "anchored atom, and for k = 2 in the free gauge where beta1_1 and beta1_2 differ in size",
        verdicts=tuple((s, "first_order") for s in ("tanh", "sigmoid", "gelu")),
        contact=symmetries.exact_contact,
        **_slopes(EXACT),
    ),
    Claim(
        "C6",
        "Homogeneous continuous s: beta1 and tau are not identifiable, the invariants |beta1|^p/tau, beta0/tau, a, b, "
        "nu converge at n^(-1/2) (ReLU, d = 1, k = 2, anchored gauge)",
        "ReLU: tau is not identifiable",
        proof=symmetries.homogeneous_proof,
        coq="ReLU fails F1, which hides tau from the scores; every density of two atoms is one of every temperature",
        verdicts=(("relu", "first_order"),),
        contact=symmetries.homogeneous_contact,
        optional=("contact",),
        **_slopes((RELU,)),
    ),
    Claim(
        "C7",
        "Under (i)-(iii) a cell of m atoms has tau at 1/2 (published 1/4), beta1 and a at 1/4, b at 1/(4m), nu at "
        "1/(2m), anchor cell a singleton; in the softmax gate beta1 has 1/4, not the published 1/(4m) (k = 3, k* = 2; "
        "splits of softmax and tanh, in boxes that bound weights below, and free weights of tanh, where most maxima "
        "have an atom whose share is of order n^(-1/2) and errors weighted by the shares have the same exponents)",
        "more atoms than needed: the rates",
        proof=cells.cells_proof,
        coq="the conditions (i) to (iii) for tanh; in cells of two atoms a and b have at most the order 4 and nu 2, "
        "from two x, whatever the gate is, for d = 1",
        verdicts=tuple(("tanh", condition) for condition in ("tau_beta1", "a", "b_nu")),
        contact=cells.cells_contact,
        monte_carlo=cells.cells_rates,
        studies=CELLS,
        tests=(partial(planned_slopes, CELLS),),
    ),
    Claim(
        "C8",
        "The system of an over-specified cell has the solvability order r_bar(m) = 2m (m = 2..6; contact m = 2..5)",
        "solvability order r_bar(m) = 2m",
        proof=cells.order_proof,
        coq="r_bar(2) = 4 and r_bar(3) = 6; for m = 2 moment sums bound offsets, uniformly in the weights",
        contact=cells.order_contact,
    ),
    Claim(
        "C9",
        "The density converges at n^(-1/2) in the Hellinger distance in every setting that is run",
        "density at n^(-1/2) everywhere",
        **_slopes(STUDIES, parameters=("density",)),
    ),
    Claim(
        "C10",
        "At a mirror point beta1_2 = -beta1_1: tanh has beta1_1 + beta1_2 at n^(-1/4) and all else at n^(-1/2), in a "
        "box without (beta, 0, beta0/2, tau/2), which has the same density; for GELU beta1 and tau are not "
        "identifiable (d = 1, k = 2, free gauge)",
        "mirror points of tanh and GELU",
        proof=symmetries.mirror_proof,
        coq="tanh has the twin (beta, 0, beta0/2, tau/2), and the scores along (1, 1) in beta1 cancel; on the line "
        "of the mirror point GELU keeps the density",
        contact=symmetries.mirror_contact,
        **_slopes(MIRROR),
    ),
    Claim(
        "C11",
        "s = log(1+z^2): at tau = 1 exp(s/tau) = 1 + z^2 is linear in beta1^2, and a cell of two atoms keeps g on a "
        "whole curve; at no other tau",
        "log(1+z^2): no rate at tau = 1",
        proof=cells.flattening_proof,
        coq="at tau = 1 the curve keeps the density; the second-order condition fails at no other tau",
        verdicts=(("log1p_square", "second_order"),),
        contact=cells.flattening_contact,
    ),
    Claim(
        "C12",
        "No activation, expert or design of x learns tau to 10% (one asymptotic standard error) from fewer than 228 "
        "observations (k = 2): the information on log tau is at most the largest varentropy of two weights, .43923",
        "how many points tau needs at least",
        proof=efficiency.floor_proof,
        coq="the varentropy of two weights is at most 0.4393, of three 0.7619, of eight 1.7766",
        monte_carlo=efficiency.floor_measured,
        studies=VARIANCE,
        tests=(partial(planned_variances, VARIANCE, floor=True),),
    ),
    Claim(
        "C13",
        "The variance of the maximum-likelihood estimate of log tau is [I^-1]/n (tanh, GELU, softplus; d = 1, k = 2, "
        "anchored gauge; n = 10^4 and 10^8 on the lattice)",
        "variance of tau: inverse information",
        proof=efficiency.variance_proof,
        monte_carlo=efficiency.variance_measured,
        studies=VARIANCE,
        tests=(partial(planned_variances, VARIANCE),),
    ),
    Claim(
        "C14a",
        "The atlas: no contact order that is kept, of a cell of the gates of the literature, exceeds the bound that is "
        "proved (as kept, and a tenth of what is cheap measured again)",
        "the atlas: no order exceeds its bound",
        proof=atlas.bounds_proof,
        contact=atlas.bounds_contact,
        spread=(atlas.atlas_row, atlas.COMPARED),
    ),
    Claim(
        "C14b",
        "The atlas: orders that are said to be exact are so: an explicit curve of mixtures reaches the bound",
        "the atlas: exact orders are exact",
        proof=atlas.exact_proof,
        spread=(atlas.atlas_row, atlas.COMPARED),
    ),
    Claim(
        "C14c",
        "The atlas, a count: no kept slope of errors of estimators, to n = 10^12, is found slower than its bound says",
        "the atlas: errors fall with its rates",
        monte_carlo=atlas.atlas_slopes,
        spread=(atlas.atlas_row, atlas.COMPARED),
        tests=(atlas.planned_atlas_slopes,),
    ),
    Claim(
        "C15",
        "Two parameters of a tanh, GELU or softplus gate with one density, not all beta1 equal, are the same up to the "
        "numbering of the atoms, or twins: tanh (b, c) and (-c, -b), and (b, -b, beta0, tau), (b, 0, beta0/2, tau/2), "
        "(0, -b, beta0/2, tau/2); GELU and softplus (b, -b, beta0, tau) and (l b, -l b, l beta0, l tau) (free gauge)",
        "tanh, GELU: one point, up to twins",
        proof=twins.twins_proof,
        coq="atoms of tanh, GELU and softplus gates with one density near x = 0 and distinct experts have the same "
        "experts and, every two of them, the gates claimed, for d = 1 and any k; these have one density, for k = 2",
        contact=twins.twins_contact,
    ),
    Claim(
        "C16",
        "Atoms of a cell merged by conditional moments converge at n^(-1/2) in every parameter, also where single "
        "atoms have n^(-1/(4m)) or no rate (k = 3: softmax, tanh, GELU; k = 4: softmax; k* = 2, d = 1; a count)",
        "atoms of a cell, merged: n^(-1/2)",
        proof=merging.merging_proof,
        coq="cells of two atoms, merged: mean and variance at one x, and a and b of the line through the means at "
        "two x, have errors O(distance), whatever the gate is, for d = 1; a weighted mean of nu has not",
        contact=merging.merging_contact,
        monte_carlo=merging.merging_rates,
        studies=MERGED,
        tests=(merging.planned_merging,),
    ),
    Claim(
        "C17",
        "A superfluous expert adds (d + 1)/2 to the learning coefficient, not half of its 2d + 3 parameters: it is 5 "
        "for two true softmax experts and three fitted, 5.5 for tanh and GELU gates, 3.75 for constant experts, and "
        "2.5 with multiplicity 2 for one true expert and two fitted (d = 1; anchored gauge; beta0 bounded)",
        "what an extra expert costs",
        proof=volumes.coefficients_proof,
        monte_carlo=volumes.volumes_measured,
        tests=(volumes.planned_volumes,),
    ),
)


def planned_tests() -> dict[str, list[PlannedTest]]:
    """The hypotheses of each claim, planned at the level of `level_of_each`."""
    level = level_of_each()
    return {claim.id: [test for tests in claim.tests for test in tests(level)] for claim in CLAIMS}


def level_of_each(claims: Sequence[Claim] = CLAIMS) -> float:
    """The level of one test: `LEVEL` over the number of hypotheses of a table of claims."""
    return LEVEL / max(1, sum(len(tests(LEVEL)) for claim in claims for tests in claim.tests))


def main() -> None:
    """Print how many hypotheses each claim states, and the power that is planned for them."""
    planned = planned_tests()
    every = [test for tests in planned.values() for test in tests]
    print(f"{len(every)} hypotheses, one family-wise level of {LEVEL:.0%}: {LEVEL / len(every):.3g} for each")
    for claim, tests in {**planned, "all": every}.items():
        if tests:
            powers = sorted(test.power for test in tests)
            strong = sum(power >= POWER for power in powers)
            print(f"{claim:5} {len(tests):4} hypotheses, {strong:4} of planned power {POWER:g}; least {powers[0]:.3g}")


if __name__ == "__main__":
    main()
