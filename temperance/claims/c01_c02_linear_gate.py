"""Runs the legs of claims C1 and C2: interactions and scale symmetry of the linear gate, and the split at k >= 2k*."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from math import comb

import sympy as sp

from temperance.evidence.outcomes import Leg, LegOutcome
from temperance.evidence.proof import Check, proof_leg
from temperance.evidence.study_runner import Runs
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


def scale_proof(_: Runs) -> Leg:
    """Exact: the flow read off the first-order relation, its invariants, and two identities of densities."""
    checks: dict[str, Callable[[int], LegOutcome]] = {
        "flow (beta1, tau, beta0) -> l (beta1, tau, beta0), read off the first-order relation": flow,
        "identifiable functions beta1/tau, beta0/tau, a, b, nu": identifiable,
        "g(c beta1, c beta0, c tau) - g = 0, k = 2": scaled_density,
        "k = 4, k* = 2: every atom split alike, beta1 +- delta, leaves g": split_density,
    }
    return proof_leg([(f"{text}, d = {d}", partial(check, d)) for text, check in checks.items() for d in DIMENSIONS])


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
