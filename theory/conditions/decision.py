"""Decides the conditions on an activation: first order, second order and three sharp ones (theory 3.1, 3.2).

`decide` reads an activation as smooth pieces. `families.Analysis` finds the relations of a family of functions, and
whether they are all; `_verdict` says what they mean for the condition, and `_agreed` what is left of that where
parameters have regions with other pieces. `candidates` and `degeneracies.mirror` add exceptional parameters and the
mirror type.

>>> from temperance.theory.conditions.decision import decide
>>> decide("log(1 + z**2)").second_order.fails_at_tau
('1',)

`candidates` finds real parameter values at which the verdicts on an activation may differ from the generic ones, and
each is decided: where a pivot of the exact elimination vanishes, where two
exponentials, or one and the square of another, coincide, and where pieces merge. A function without a tower has no
pivots; if it has a single parameter, a few small numbers are tried.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import sympy as sp
from flint import arb, fmpz_mpoly

from temperance.theory.activations.activation import UNSURVEYED, Activation, Z, activation
from temperance.theory.conditions import families
from temperance.theory.conditions.degeneracies import Mirror, mirror
from temperance.theory.conditions.families import Analysis, Family, Verdict, analysis_of, kinks_of, outcome_in_words
from temperance.theory.expressions import balls
from temperance.theory.expressions.formulas import NO_CLOSED_FORM, NoClosedForm, Sample, rationalized, real_roots, terms
from temperance.theory.fields.differential_field import OutsideTowers, Row, factored

_BITS = 256
_INFINITE = (sp.nan, sp.zoo, sp.oo, -sp.oo)
_RATIOS = ((1, 1), (1, -1), (1, 2), (1, -2), (2, 1), (2, -1))
_SMALL = tuple(map(sp.Rational, (-1, "-1/2", 0, "1/2", 1, 2)))


def candidates(source: Activation, analyses: Sequence[Analysis]) -> dict[str, list[sp.Expr]]:
    """For every parameter, the real numbers of closed form at which the generic verdict may change.

    analyses: one for every piece structure, with the families already decided.
    """
    conditions: list[sp.Expr] = []
    for analysis in analyses:
        conditions += [piece.upper - piece.lower for piece in analysis.pieces]
        conditions += _pivots(analysis) + _collisions(analysis)
    small = _SMALL if len(source.parameters) == 1 else ()
    roots: dict[str, set[sp.Expr]] = {p.name: set(small) for p in source.parameters}
    for factor in _factors(conditions):
        (symbol,) = factor.free_symbols
        with suppress(NoClosedForm):
            zeros = real_roots(factor.xreplace({symbol: Z}), {})
            roots[symbol.name] |= {min(r, rationalized(r), sp.expand(r), key=sp.count_ops) for r in zeros}
    return {name: _distinguish(values) for name, values in roots.items()}


def _distinguish(values: Iterable[sp.Expr]) -> list[sp.Expr]:
    """Numbers in order, the shortest of those that balls of 256 bits do not tell apart."""
    distinct: list[tuple[arb, sp.Expr]] = []
    for value in sorted(values, key=sp.count_ops):
        ball = balls.value(value, {}, _BITS)
        if not any(ball.overlaps(other) for other, _ in distinct):
            distinct.append((ball, value))
    return [value for _, value in sorted(distinct, key=lambda pair: float(pair[0]))]


def _pivots(analysis: Analysis) -> list[sp.Expr]:
    """The factors of pivots that involve constants only (z aside, they decide where one vanishes identically)."""
    tower = analysis.tower
    if tower is None:
        return []
    pivots: list[fmpz_mpoly] = [p for family in families.EVERY for p in analysis.pivot_values(family)]
    pivots += [column.den for columns in analysis.columns for column in columns]
    pivots += [row_entry for row in analysis.rows for row_entry in row if tower.is_constant(row_entry) and row_entry]
    constant_pivots = []
    for p in {str(p): p for p in pivots if not p.is_constant()}.values():
        with suppress(OutsideTowers):  # too high a degree to be factored
            constant_pivots += [tower.stands_for(f) for f, _ in factored(p)[1] if tower.is_constant(f)]
    return constant_pivots


def _factors(conditions: Iterable[sp.Expr]) -> list[sp.Expr]:
    """The factors of the conditions that are polynomials in one parameter alone."""
    factors: dict[sp.Expr, None] = {}
    for condition in dict.fromkeys(c for c in conditions if c.free_symbols and not c.has(*_INFINITE)):
        for part in sp.Mul.make_args(sp.fraction(sp.together(condition))[0]):
            symbols = part.free_symbols
            if not symbols or not part.is_polynomial(*symbols):
                continue
            alone = [part]
            if len(symbols) > 1:  # to factor in many symbols would take far longer
                alone = [sp.Poly(part, *(symbols - {symbol})).content() for symbol in symbols]
            factors |= {factor: None for p in alone for factor, _ in sp.factor_list(p)[1] if factor.free_symbols}
    return list(factors)


def _collisions(analysis: Analysis) -> list[sp.Expr]:
    """What vanishes where an exponent (or angle) is constant, or two have the ratio 1, 2 or 1/2, up to the sign."""
    generators = analysis.tower.described.values() if analysis.tower else ()
    inner = [g.stands_for.args[0] for g in generators if g.kind in ("exp", "tan") and not g.constant]
    exponents = [_by_function(e) for e in inner]
    totals = exponents + [
        {f: n * p.get(f, sp.S.Zero) + m * q.get(f, sp.S.Zero) for f in {**p, **q}}
        for p, q in combinations(exponents, 2)
        for n, m in _RATIOS
    ]
    return [sp.gcd_list([sp.expand(c) for c in total.values()]) for total in totals]


def _by_function(exponent: sp.Expr) -> dict[sp.Expr, sp.Expr]:
    """An exponent as sum c_m(parameters) m(z), constants left out."""
    parts: dict[sp.Expr, sp.Expr] = {}
    for term, rational in terms(exponent).items():
        constant, function = term.as_independent(Z, as_Add=False)
        if function != 1:
            parts[function] = parts.get(function, sp.S.Zero) + rational * constant
    return parts


SCOPE = "every d, derivatives almost everywhere"
EVERY_TAU = f"all tau > 0, {SCOPE}"


@dataclass(frozen=True)
class Decision:
    """The verdicts on one activation.

    Attributes:
        first_order: F1 = {1, s, z s'} independent.
        second_order: A (at every tau), B and C independent.
        tau_beta1, a, b_nu: the sharp conditions (i), (ii), (iii).
        exceptional_parameters: for every parameter that has any, the values at which some verdict differs.
        mirror: the mirror type (theory 3.3); None where it was not asked for.
    """

    activation: Activation
    first_order: Verdict
    second_order: Verdict
    tau_beta1: Verdict
    a: Verdict
    b_nu: Verdict
    exceptional_parameters: tuple[tuple[str, tuple[str, ...]], ...] = ()
    mirror: Mirror | None = None

    @property
    def verdicts(self) -> tuple[Verdict, Verdict, Verdict, Verdict, Verdict]:
        """First order, second order, and the sharp conditions (i), (ii), (iii)."""
        return self.first_order, self.second_order, self.tau_beta1, self.a, self.b_nu

    @property
    def mirror_type(self) -> str:
        """The mirror type: "none" where it is proved that there is none, "undecided" where nothing is."""
        return "undecided" if self.mirror is None or not self.mirror.proved else self.mirror.kind or "none"

    def record(self) -> dict[str, Any]:
        """What `check --json` prints."""
        sharp = ("fails_at_tau", "relation", "scope")
        return {
            "activation": self.activation.name,
            "expression": self.activation.expression,
            "first_order": self.first_order.record("relation", "scope", "reason"),
            "second_order": self.second_order.record("failing_families", *sharp, "reason"),
            "sharp": {name: getattr(self, name).record(*sharp) for name in ("tau_beta1", "a", "b_nu")},
            "mirror": self.mirror.kind if self.mirror else None,
            "exceptional_parameters": {name: list(values) for name, values in self.exceptional_parameters},
            "mirror_points": {"type": self.mirror_type, "reason": self.mirror.reason if self.mirror else None},
        }

    def _repr_markdown_(self) -> str:
        """For notebooks: a table of condition, outcome, relation, scope or reason."""
        lines = [f"`s(z) = {self.activation.expression}`", ""]
        lines += ["| condition | verdict | relation | scope |", "|---|---|---|---|"]
        for name, verdict in zip(families.CONDITIONS.values(), self.verdicts, strict=True):
            relation = f"${verdict.latex}$".replace("|", r"\vert ") if verdict.latex else ""
            lines.append(f"| {name} | {outcome_in_words(verdict)} | {relation} | {verdict.reason or verdict.scope} |")
        return "\n".join(lines)


def decide(source: str | sp.Expr | Activation) -> Decision:
    """Decide the conditions for an activation, for all tau > 0 and every d.

    `fails` only with a relation proved in a tower, `holds` only with a ball determinant. Raises ValueError: the
    activation cannot be read.
    """
    try:
        read = activation(source)
    except NoClosedForm:
        v = _undecided(NO_CLOSED_FORM)
        nothing = Activation(str(source).strip(), ())
        return Decision(nothing, v, v, v, v, v, mirror=Mirror(None, False, reason=NO_CLOSED_FORM))
    analyses = [analysis_of(structure) for structure in read.structures]
    generic = _generic(read, analyses)
    special = candidates(read, analyses) if read.parameters else {}
    exceptions = {name: tuple(str(v) for v in values if _differs(generic, name, v)) for name, values in special.items()}
    differing = tuple((name, values) for name, values in exceptions.items() if values)
    return replace(generic, exceptional_parameters=differing, mirror=mirror(read))


def _generic(source: Activation, analyses: Sequence[Analysis]) -> Decision:
    """The verdicts on which the piece structures agree, one analysis for each."""
    agreed = _agreed([verdicts(analysis) for analysis in analyses], [analysis.sample for analysis in analyses])
    if not source.surveyed:  # parameters may have other regions than those that were found
        agreed = (v if v.outcome == "undecided" else _undecided(UNSURVEYED) for v in agreed)
    first, second, tau_beta1, a, b_nu = agreed
    return Decision(source, first, second, tau_beta1, a, b_nu)


def verdicts(analysis: Analysis) -> tuple[Verdict, ...]:
    """First order, second order and the sharp conditions (i), (ii), (iii) of one piece structure."""
    first, *sharp = (_verdict(analysis, family) for family in (families.FIRST_ORDER, *families.SHARP))
    second = second_order_of({family.name: _verdict(analysis, family) for family in families.SECOND_ORDER})
    return first, second, *sharp


def _verdict(analysis: Analysis, family: Family) -> Verdict:
    """Whether a family is independent, or its target outside the span of the others.

    With (p, q) the last two coefficients of a relation of a family at tau, it is one at tau = p/q only.
    """
    scope = EVERY_TAU if family.at_tau else SCOPE
    relations = analysis.relations(family)
    if deciding := analysis.deciding(relations):
        return _failure(analysis, family, deciding, scope)
    if not relations.complete:
        return _undecided(relations.note)
    tau = sp.S.Zero
    if family.at_tau and relations.rows:
        p, q = analysis.constants(relations.rows[0])[-2:]
        tau = rationalized(sp.cancel(p / q)) if p != 0 and q != 0 else sp.S.Zero
    if tau == 0 or (not tau.free_symbols and balls.sign(tau, {}) != 1):
        return Verdict("holds", scopes=(scope,))
    failure = _failure(analysis, family, relations.rows, scope)
    if failure.outcome == "undecided":
        return failure
    condition = f" (where {tau} > 0)" if tau.free_symbols and not tau.is_positive else ""
    scope = f"all tau > 0 except {tau}{condition}, {SCOPE}"
    return replace(failure, outcome="holds", scopes=(scope,), fails_at_tau=(str(tau),))


def second_order_of(parts: dict[str, Verdict]) -> Verdict:
    """The second-order verdict from those on A, B and C."""
    undecided = {name: v.reason for name, v in parts.items() if v.outcome == "undecided"}
    failing = {name: v for name, v in parts.items() if v.outcome == "fails"}
    if failing:
        relation = "; ".join(f"{name}: {v.relation}" for name, v in failing.items())
        notes = dict.fromkeys(note for v in failing.values() for note in v.scopes[1:])
        notes |= {f"family {name} is undecided: {reason}": None for name, reason in undecided.items()}
        latex = r";\ ".join(rf"\text{{{name}: }} {v.latex}" for name, v in failing.items())
        return Verdict("fails", relation, (EVERY_TAU, *notes), failing_families=tuple(failing), latex=latex)
    for name, reason in undecided.items():
        return _undecided(f"family {name}: {reason}")
    return parts["A"]


def _failure(analysis: Analysis, family: Family, rows: Sequence[Row], scope: str) -> Verdict:
    if analysis.doubts:
        return _undecided(min(analysis.doubts))
    combinations = [family.combined(analysis.constants(row)) for row in rows]
    relation = " and ".join(f"{c} = 0" for c in combinations)
    latex = r" \text{ and } ".join(f"{sp.latex(c)} = 0" for c in combinations)
    return Verdict("fails", relation, (scope, *_kinks_change(analysis, family)), latex=latex)


def _kinks_change(analysis: Analysis, family: Family) -> tuple[str, ...]:
    """A note for a failure that holds almost everywhere only: counted as distributions, the kinks undo it.

    For (ii) and (iii) they never do: with a jump powers of z are left, and where they fail s' has one formula, no kink.
    """
    kinks = kinks_of(analysis.pieces, analysis.sample)
    if not kinks:
        return ()
    unaffected = kinks.unaffected(family)
    if family.at_tau:  # without s'' there is no q, and p = 0 with q != 0 is a relation at no positive tau
        unaffected = Family(unaffected.name, tuple(m for m in unaffected.members if m not in family.members[-2:]))
    if analysis.relations(unaffected).rows:
        return ()
    return (f"almost everywhere only: with {kinks.described()} counted as distributions, {family.name} holds",)


def _undecided(reason: str | None) -> Verdict:
    return Verdict("undecided", scopes=(SCOPE,), reason=reason)


def _agreed(decisions: list[tuple[Verdict, ...]], samples: Sequence[Sample]) -> Iterator[Verdict]:
    """One verdict for every condition, where the piece structures, one at each sample, agree on it, with all notes."""
    for alternatives in zip(*decisions, strict=True):
        if len({(v.outcome, v.failing_families, v.fails_at_tau) for v in alternatives}) == 1:
            notes = dict.fromkeys(note for v in alternatives for note in v.scopes)
            if len({v.relation for v in alternatives}) > 1:
                notes["the relation is that of one region of the parameters"] = None
            yield replace(alternatives[0], scopes=tuple(notes))
            continue
        at: dict[str, str] = {}
        for verdict, sample in zip(alternatives, samples, strict=True):
            at.setdefault(outcome_in_words(verdict), ", ".join(f"{name} = {value}" for name, value in sample.items()))
        outcomes = "; ".join(f"{outcome} at {values}" for outcome, values in at.items())
        yield _undecided(f"the verdict depends on the region in which the parameters lie ({outcomes})")


def _differs(generic: Decision, name: str, value: sp.Expr) -> bool:
    """Whether some verdict at a value of a parameter differs from the generic one, where both are decided."""
    here, sample = {sp.Symbol(name, real=True): value}, dict(generic.activation.sample)
    try:
        special = generic.activation.at(**{name: value})
    except ValueError:
        return False  # the activation is not defined there
    there = _generic(special, [analysis_of(structure) for structure in special.structures])
    pairs = zip(there.verdicts, generic.verdicts, strict=True)
    return any(
        s.outcome != g.outcome or not _same(_positive(s.fails_at_tau, here), _positive(g.fails_at_tau, here), sample)
        for s, g in pairs
        if "undecided" not in (s.outcome, g.outcome)
    )


def _positive(temperatures: tuple[str, ...], values: dict[sp.Symbol, sp.Expr]) -> list[sp.Expr]:
    """The exceptional temperatures at special parameter values, those that are not positive left out."""
    taus = (temperature(text).subs(values) for text in temperatures)
    return [tau for tau in taus if tau.free_symbols or balls.sign(tau, {}) == 1]


def _same(some: list[sp.Expr], others: list[sp.Expr], sample: Sample) -> bool:
    """Whether two lists hold the same temperatures, as far as balls tell them apart at the sample."""
    return len(some) == len(others) and all(any(not balls.sign(t - u, sample) for u in others) for t in some)


def temperature(text: str) -> sp.Expr:
    """The value of one of `Verdict.fails_at_tau`, which are written in the expression language."""
    return sp.expand(activation(f"z*({text})").pieces[0].expr / Z)
