"""The independence conditions of an activation: first order, second order, and the three sharp ones (design 2.3, 2.4).

>>> from theory.independence import decide
>>> decide("log(1 + z**2)").second_order.fails_at_tau
('1',)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sympy as sp

from theory import balls, families
from theory.activations import Activation, activation
from theory.analysis import Analysis, Relations, is_zero_determinant
from theory.families import Member, written
from theory.nullspace import Row
from theory.verdicts import Verdict

SCOPE = "every d, derivatives almost everywhere"


@dataclass(frozen=True)
class Decision:
    """The verdicts on one activation.

    Attributes:
        activation: the activation decided.
        first_order: F1 = {1, s, z s'} independent.
        second_order: A (at every tau), B and C independent.
        tau_beta1, a, b_nu: the sharp conditions (i), (ii), (iii).
    """

    activation: Activation
    first_order: Verdict
    second_order: Verdict
    tau_beta1: Verdict
    a: Verdict
    b_nu: Verdict


def decide(source: str | sp.Expr | Activation) -> Decision:
    """Decide the conditions for an activation, for all tau > 0 and every d.

    Args:
        source: a name, an expression or an Activation.

    Returns:
        Verdicts; `fails` only with a relation proved in a tower, `holds` only with a ball determinant.

    Raises:
        ValueError: the activation cannot be read.
    """
    source = activation(source)
    analysis = Analysis(source, source.pieces, {})
    if source.parameters or source.other_pieces:
        undecided = Verdict("undecided", reason="activations with parameters are not decided yet: give them values")
        return Decision(source, *[undecided] * 5)
    first = _simple(analysis, families.F1)
    return Decision(source, first, _second_order(analysis), *_sharp(analysis))


def _undecided(found: Relations, reason: str | None = None) -> Verdict:
    return Verdict("undecided", scope=SCOPE, reason=reason or found.note)


def _simple(analysis: Analysis, members: tuple[Member, ...], matters: int | None = None) -> Verdict:
    """Whether a family has no relation (or none in which the member number `matters` takes part)."""
    found = analysis.relations(members)
    hits = [row for row in found.rows if matters is None or not row[matters].is_zero()]
    if hits:
        doubt = analysis.doubt(hits[0])
        if doubt:
            return _undecided(found, doubt)
        return Verdict("fails", written(analysis.constants(hits[0]), members), SCOPE)
    return Verdict("holds", scope=SCOPE) if found.complete else _undecided(found)


def _at_tau(analysis: Analysis, members: tuple[Member, ...]) -> Verdict:
    """A family whose last member is z^2 (s'' + s'^2/tau), given with these two apart.

    With (p, q) the last two coefficients of a relation, it is one of the family at tau = p/q; a relation with
    p = q = 0, or two with independent (p, q), is one at every tau (design 2.4).
    """
    found = analysis.relations(members)
    everywhere = _relation_at_every_tau(analysis, found.rows)
    doubts = [d for row in found.rows if (d := analysis.doubt(row))]
    if everywhere is not None:
        if doubts:
            return _undecided(found, doubts[0])
        return Verdict("fails", everywhere, f"all tau > 0, {SCOPE}")
    if not found.complete:
        return _undecided(found)
    if not found.rows:
        return Verdict("holds", scope=f"all tau > 0, {SCOPE}")
    return _at_one_tau(analysis, found, doubts)


def _relation_at_every_tau(analysis: Analysis, rows: Sequence[Row]) -> str | None:
    tower = analysis.tower
    members = families.A7 if rows and len(rows[0]) == len(families.A7) else families.SHARP_TAU_BETA1
    for row in rows:
        if row[-1].is_zero() and row[-2].is_zero():
            return written(analysis.constants(row), members)
    for i, row in enumerate(rows):
        for other in rows[:i]:
            assert tower is not None
            if is_zero_determinant(tower, (row[-2], row[-1]), (other[-2], other[-1])):
                combined = tuple(tower.reduce(r * other[-1] - o * row[-1]) for r, o in zip(row, other, strict=True))
                if row[-1].is_zero():
                    combined = tuple(tower.reduce(r * other[-2] - o * row[-2]) for r, o in zip(row, other, strict=True))
                return written(analysis.constants(combined), members)
    if len(rows) >= 2:
        texts = [written(analysis.constants(row), members) for row in rows[:2]]
        return " and ".join(texts)
    return None


def _at_one_tau(analysis: Analysis, found: Relations, doubts: list[str]) -> Verdict:
    row = found.rows[0]
    p, q = (analysis.constants(row)[i] for i in (-2, -1))
    never = Verdict("holds", scope=f"all tau > 0, {SCOPE}")
    if p == 0 or q == 0:
        return never
    tau = sp.radsimp(sp.cancel(p / q))
    if balls.sign(tau, analysis.sample) != 1:
        return never
    if doubts:
        return _undecided(found, doubts[0])
    relation = written(analysis.constants(row), found.members)
    return Verdict("holds", relation, f"all tau > 0 except {tau}, {SCOPE}", None, (str(tau),))


def _second_order(analysis: Analysis) -> Verdict:
    parts = {
        "A": _at_tau(analysis, families.A7),
        "B": _simple(analysis, families.B),
        "C": _simple(analysis, families.C),
    }
    failing = {name: v for name, v in parts.items() if v.outcome == "fails"}
    if failing:
        relation = "; ".join(f"{name}: {v.relation}" for name, v in failing.items())
        return Verdict("fails", relation, f"all tau > 0, {SCOPE}", failing_families=tuple(failing))
    for name, v in parts.items():
        if v.outcome == "undecided":
            return Verdict("undecided", scope=v.scope, reason=f"family {name}: {v.reason}")
    return parts["A"]


def _sharp(analysis: Analysis) -> tuple[Verdict, Verdict, Verdict]:
    return (
        _at_tau(analysis, families.SHARP_TAU_BETA1),
        _simple(analysis, families.SHARP_A, matters=3),
        _simple(analysis, families.SHARP_B_NU, matters=2),
    )
