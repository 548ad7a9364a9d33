"""Runs the legs of claims C1 to C6 and C10: symmetries of a density, and what stays identifiable without them.

C1 and C2 are interactions and scale symmetry of the linear gate, and the split at k >= 2k*; C3, C4 and C6 say what
stays identifiable along orbits; C5 and C10 are exact-specified activation gates with F1, at regular and mirror points.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from math import comb

import sympy as sp

from temperance.claims.legs import (
    Check,
    Expected,
    Runs,
    certificates_of,
    contact_leg,
    proof_leg,
    study_leg,
    verdict_check,
    with_constants,
)
from temperance.measurements.judgement import Leg, LegOutcome, holds
from temperance.measurements.slopes import predicted
from temperance.numerics.contact.curves import CurveMeasure, cell_moves, exact, line, scale_orbit, split_every
from temperance.numerics.studies.claim_studies import CONSTANTS, EXACT, GELU_MIRROR, LINEAR, RELU, TANH_MIRROR
from temperance.theory.activations.activation import activation
from temperance.theory.conditions.degeneracies import classify, curvature_is_outside_span, mirror
from temperance.theory.interactions.interactions import Interactions, derive
from temperance.theory.models.spec import BETA0, NU, TAU, MoESpec, atom_symbol, coordinates, symbolic_density
from temperance.theory.symmetries.flows import symmetries
from temperance.theory.symmetries.vector_fields import SCALE

DIMENSIONS = (1, 2)
SETTINGS = tuple((dim, order) for dim in DIMENSIONS for order in (1, 2))
ATOMS = 2
_DIGITS = 60

Replacement = Mapping[sp.Symbol, sp.Expr]


def expected_rank(dim: int, order: int) -> int:
    """sum_{i=0..r} C(i+d-1, d-1) (2r-i+1), the rank of the derivatives of order <= r (theory 1.2.1)."""
    return sum(comb(i + dim - 1, dim - 1) * (2 * order - i + 1) for i in range(order + 1))


def temperature_equation(interactions: Interactions) -> bool:
    """Whether tau u_tau + beta1.u_beta1 = 0, up to a factor, is among the generators."""
    scaled = {*coordinates("beta1", interactions.spec.dim), TAU}
    for relation in interactions.generators:
        if relation.order != 1 or any(sum(alpha) == 0 for _, alpha in relation.terms):
            continue
        ratios = {relation.parameters[alpha.index(1)]: c for c, alpha in relation.terms}
        if set(ratios) == scaled and len({c / p for p, c in ratios.items()}) == 1:
            return True
    return False


def judged(result: Interactions) -> LegOutcome:
    """The relations found against the counts of theory 1.2.1 and the temperature equation."""
    if not result.complete:
        return "inconclusive"
    dim, order = result.spec.dim, result.order
    derivatives, rank = comb(2 * dim + 3 + order, order), expected_rank(dim, order)
    counts = (result.derivatives, result.rank, len(result.relations)) == (derivatives, rank, derivatives - rank)
    return "confirmed" if counts and temperature_equation(result) else "contradicted"


def interactions_proof(_: Runs) -> Leg:
    """Derive all relations for d = 1, 2 and orders 1, 2, and compare them with the closed formulas."""
    return proof_leg([_counted(dim, order) for dim, order in SETTINGS])


def _counted(dim: int, order: int) -> Check:
    derivatives, rank = comb(2 * dim + 3 + order, order), expected_rank(dim, order)
    text = f"d = {dim}, r = {order}: {derivatives} derivatives, rank {rank}, {derivatives - rank} relations"
    return text, lambda: judged(derive("linear", dim=dim, order=order))


def _in_dimensions(checks: Mapping[str, Callable[[int], LegOutcome]]) -> list[Check]:
    return [(f"{text}, d = {d}", partial(check, d)) for text, check in checks.items() for d in DIMENSIONS]


def scale_proof(_: Runs) -> Leg:
    """Exact: the flow read off the first-order relation, its invariants, and two identities of densities."""
    checks = {
        "flow (beta1, tau, beta0) -> l (beta1, tau, beta0), read off the first-order relation": flow,
        "identifiable functions beta1/tau, beta0/tau, a, b, nu": identifiable,
        "g(c beta1, c beta0, c tau) - g = 0, k = 2": scaled_density,
        "k = 4, k* = 2: every atom split alike, beta1 +- delta, leaves g": split_density,
    }
    return proof_leg(_in_dimensions(checks))


def flow(dim: int) -> LegOutcome:
    """Whether the one flow of the linear gate scales beta1, tau and beta0 alike."""
    groups = symmetries(derive("linear", dim=dim, order=1))
    scaled = (*coordinates("beta1", dim), TAU, BETA0)
    ours = [{p: SCALE * p for p in scaled}]
    return "confirmed" if [dict(f.orbit) for f in groups.flows] == ours else "contradicted"


def identifiable(dim: int) -> LegOutcome:
    """Whether the identifiable functions are beta1/tau, beta0/tau, a, b and nu."""
    interactions = derive("linear", dim=dim, order=1)
    functions = symmetries(interactions).identifiable
    if functions is None or not interactions.complete:
        return "inconclusive"
    ratios = {p / TAU for p in (*coordinates("beta1", dim), BETA0)}
    expert = {*coordinates("a", dim), sp.Symbol("b", real=True), NU}
    return "confirmed" if set(functions) == ratios | expert else "contradicted"


def scaled_density(dim: int) -> LegOutcome:
    """Whether the density of two atoms is the same along the orbit of the scale."""
    spec = derive("linear", dim=dim, order=1).spec
    factor = sp.Symbol("c", positive=True)
    before, _ = symbolic_density(spec, ATOMS)
    atoms = range(1, ATOMS + 1)
    image = {p: factor * p for p in (TAU, *(atom_symbol(q, i) for q in (*spec.gate.own, BETA0) for i in atoms))}
    return equal(before, before.subs(image, simultaneous=True))


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


_REGULAR = dict.fromkeys(("a", "b", "nu"), 0.5)
_INVARIANTS = {"beta0/tau": 0.5, **_REGULAR, "tau": None, "beta1": None}


def loss_on_orbit_proof(_: Runs) -> Leg:
    """V = 0: one density along the orbit; D_r > 0: it moves tau, which translations and permutations leave."""
    checks = {"g(c beta1, c beta0, c tau) - g = 0": scaled_density, "the orbit multiplies tau by c": _moves_tau}
    return proof_leg(_in_dimensions(checks))


def _moves_tau(dim: int) -> LegOutcome:
    """Every other symmetry (translation, permutation) leaves tau, so that D_r >= w |c - 1|^r tau^r for c near 1."""
    (scaling,) = symmetries(derive("linear", dim=dim, order=1)).flows
    return holds(dict(scaling.orbit)[TAU] != TAU)


def loss_on_orbit_contact(_: Runs) -> Leg:
    """The distance is 0 to within the working precision along the orbit."""
    truth = CurveMeasure.of(LINEAR.truth)
    return contact_leg([Expected("scale orbit of the linear gate", scale_orbit(truth), truth, "linear", None)])


def linear_proof(_: Runs) -> Leg:
    """The scale is the only first-order relation of the linear gate: along all else the information is regular."""
    checks = {
        "one flow, the scale": flow,
        "identifiable: the invariants, a, b, nu": identifiable,
        "a single relation of order 1": _one_relation,
        "one density, so a flat likelihood, along the scale": scaled_density,
    }
    exponents = partial(predicted, LINEAR, {"beta1/tau": 0.5, **_INVARIANTS})
    predictions = ("predicted: 1/2 for the invariants, none for tau and beta1", exponents)
    return proof_leg([*_in_dimensions(checks), predictions])


def _one_relation(dim: int) -> LegOutcome:
    interactions = derive("linear", dim=dim, order=1)
    return holds(len(interactions.relations) == 1) if interactions.complete else "inconclusive"


def linear_contact(_: Runs) -> Leg:
    """Identically 0 along the orbit and along splits of every atom; order 1 along every other direction."""
    truth = CurveMeasure.of(LINEAR.truth)
    still = {"beta1": [1, 0], "beta0": [1, 0], "a": [1, 0], "b": [1, 0], "nu": [1, 0]}
    curves = [
        Expected("scale orbit", scale_orbit(truth), truth, "linear", None),
        Expected("every atom split, beta1 +- t", split_every(truth), truth, "linear", None),
    ]
    for name, step in still.items():
        moves = _others(name)
        curves.append(Expected(f"{name}, over the others", line(truth, {name: step}), truth, "linear", 1, moves))
    return contact_leg(curves)


def _others(name: str) -> list[dict[str, object]]:
    """Independent directions besides one: tau is held, since the orbit already moves it."""
    moves = cell_moves((0, 1), gauge="anchored", held=("tau",))
    return [move for move in moves if not (name in move and move[name][0])]


def linear_rates(runs: Runs, level: float) -> Leg:
    """The slopes of the invariants, and RMS sqrt(n) against exact information."""
    return with_constants(study_leg(runs, level, (LINEAR,)), runs, level, CONSTANTS)


def homogeneous_proof(_: Runs) -> Leg:
    """F1 fails for ReLU as a homogeneous s does, and the invariants of its flow are predicted at 1/2."""
    wanted = {"beta1^p/tau": 0.5, **_INVARIANTS}
    return proof_leg(
        [
            verdict_check("relu", "first_order", "fails"),
            ("s = C|z|^p + const on each half-line, p = 1, a symmetry of the model", _relu_flow),
            ("predicted: 1/2 for the invariants, none for tau and beta1", partial(predicted, RELU, wanted)),
        ],
        certificates_of("relu", ["first_order"]),
    )


def _relu_flow() -> LegOutcome:
    failure = classify("relu")
    if failure is None:
        return "inconclusive"
    return holds(failure.kind == "homogeneous" and failure.degree == 1 and failure.symmetry is True)


def homogeneous_contact(_: Runs) -> Leg:
    """The orbits of homogeneous activations, identically 0."""
    truth = CurveMeasure.of(LINEAR.truth)
    degrees = {"relu": 1, "abs(z)": 1, "z**2": 2}
    return contact_leg([Expected(f"orbit of {s}", scale_orbit(truth, p), truth, s, None) for s, p in degrees.items()])


_GROUPS = ("beta1", "tau", "a", "b", "nu", "weight")
_ODD = {"beta1_sum": 0.25, "beta1_difference": 0.5, "tau": 0.5, **_REGULAR}
_FLAT = {"beta1": None, "tau": None, "beta1^p/tau": 0.5, **_REGULAR}


def exact_proof(_: Runs) -> Leg:
    """F1 with its certificate, the position of the truth, and the prediction n^(-1/2) for every group."""
    checks: list[Check] = []
    proofs = []
    for study in EXACT:
        s, half = study.activation, dict.fromkeys(_GROUPS, 0.5)
        generic = study.position == "generic" and bool(study.truth.beta1.all())
        checks.append(verdict_check(s, "first_order", "holds"))
        checks.append((f"{s}: the truth is off the points where mixtures are singular", partial(holds, generic)))
        checks.append((f"{s}: predicted 1/2 for every group", partial(predicted, study, half)))
        proofs += certificates_of(s, ["first_order"])
    return proof_leg(checks, proofs)


def exact_contact(_: Runs) -> Leg:
    """Order 1 along every coordinate, minimised over all others: the information is regular."""
    curves = []
    for study in EXACT:
        truth, moves = CurveMeasure.of(study.truth), cell_moves((0, 1))
        for chosen in moves:
            others = [move for move in moves if move is not chosen]
            label = f"{study.activation}, {next(iter(chosen))} over the others"
            curves.append(Expected(label, line(truth, chosen), truth, study.activation, 1, others))
    return contact_leg(curves)


def mirror_proof(_: Runs) -> Leg:
    """The types of tanh and GELU, and the exponents that follow at beta1_2 = -beta1_1."""
    return proof_leg(
        [
            verdict_check("tanh", "first_order", "holds"),
            verdict_check("gelu", "first_order", "holds"),
            ("tanh is odd", partial(_kind, "tanh", "odd")),
            ("z^2 s'' is not in span{1, s, z s'} for tanh", partial(_bends, "tanh")),
            ("tanh: (beta, -beta, beta0, tau) and (beta, 0, beta0/2, tau/2) have one density", _one_density),
            ("GELU is c z plus an even function", partial(_kind, "gelu", "homogeneous")),
            ("tanh: the sum of beta1 at 1/4, all else at 1/2", partial(predicted, TANH_MIRROR, _ODD)),
            ("GELU: nothing for beta1 and tau, 1/2 for the rest", partial(predicted, GELU_MIRROR, _FLAT)),
        ],
        [*certificates_of("tanh", ["first_order"]), *certificates_of("gelu", ["first_order"])],
    )


def _one_density() -> LegOutcome:
    """The difference of the two logits: (s(b x) - s(-b x) + c)/tau against (s(b x) - s(0) + c/2)/(tau/2)."""
    b, x, c, tau = sp.symbols("b x c tau", positive=True)
    mirrored = (sp.tanh(b * x) - sp.tanh(-b * x) + c) / tau
    return holds(sp.simplify(mirrored - (sp.tanh(b * x) - sp.tanh(0) + c / 2) / (tau / 2)) == 0)


def _kind(name: str, kind: str) -> LegOutcome:
    mirror_point = mirror(name)
    return holds(mirror_point.kind == kind) if mirror_point.proved else "inconclusive"


def _bends(name: str) -> LegOutcome:
    outcome = curvature_is_outside_span(activation(name)).outcome
    return "inconclusive" if outcome == "undecided" else holds(outcome == "holds")


def mirror_contact(_: Runs) -> Leg:
    """tanh: order 2 along (1, 1), 1 across; GELU: identically 0 along its orbit."""
    odd, flat = (CurveMeasure.of(study.truth) for study in (TANH_MIRROR, GELU_MIRROR))
    along, across = ({"beta1": [1, sign]} for sign in (1, -1))
    return contact_leg(
        [
            Expected("tanh, beta1_1 + beta1_2", line(odd, along), odd, "tanh", 2, _regular()),
            Expected("tanh, beta1_1 - beta1_2", line(odd, across), odd, "tanh", 1, _regular()[:-1]),
            Expected("tanh, (beta, 0, beta0/2, tau/2)", lambda _: _alias(odd), odd, "tanh", None),
            Expected("GELU, (beta, -beta, beta0, tau) -> l", scale_orbit(flat), flat, "gelu", None),
        ]
    )


def _alias(truth: CurveMeasure) -> CurveMeasure:
    """The point with beta1_2 = 0 and half the temperature, d = 1."""
    first, second = truth.atoms
    atoms = (replace(first, beta0=first.beta0 / 2), replace(second, beta1=exact(0), beta0=second.beta0 / 2))
    return replace(truth, tau=truth.tau / 2, atoms=atoms)


def _regular() -> list[dict[str, object]]:
    """The directions along which the information is regular: all but beta1_1 + beta1_2; beta1_1 - beta1_2 is last."""
    return [*cell_moves((0, 1), held=("beta1",)), {"beta1": [1, -1]}]
