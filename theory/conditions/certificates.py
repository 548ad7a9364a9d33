"""Writes certificates of the verdicts on an activation from the evidence of the decision."""

from __future__ import annotations

from typing import Any

import sympy as sp

from temperance.theory.activations.activation import Activation, activation
from temperance.theory.checker.rejected import Rejected
from temperance.theory.checker.verdict_checker import CONDITIONS, FORMAT, check, digest, in_domain, statement, tower_of
from temperance.theory.conditions import families
from temperance.theory.conditions.decision import Decision, decide
from temperance.theory.conditions.families import Family
from temperance.theory.conditions.relations import Analysis, Minor
from temperance.theory.conditions.verdict import Verdict
from temperance.theory.fields.nullspace import Row


def certificates(source: str | sp.Expr | Activation | Decision) -> list[dict[str, Any]]:
    """One certificate for every decided condition of an activation, each accepted by the independent checker.

    Returns:
        JSON objects, in the order first_order, second_order, tau_beta1, a, b_nu. A verdict that the checker's simpler
        rules do not reach has none.

    Raises:
        ValueError: the activation cannot be read.
    """
    decision = source if isinstance(source, Decision) else decide(source)
    analysis = Analysis(decision.activation, decision.activation.pieces, dict(decision.activation.sample))
    found = []
    for condition, verdict in zip(CONDITIONS, decision.verdicts, strict=True):
        if verdict.outcome == "undecided":
            continue
        try:
            found.append(issue(decision.activation, analysis, condition, verdict))
        except Rejected:
            continue
    return found


def issue(source: Activation, analysis: Analysis, condition: str, verdict: Verdict) -> dict[str, Any]:
    """The certificate of one verdict.

    Raises:
        Rejected: the independent checker does not accept it.
    """
    source = activation(source)
    failing = list(verdict.failing_families)
    needed = failing if verdict.outcome == "fails" and failing else CONDITIONS[condition]
    certificate: dict[str, Any] = {
        "format": FORMAT,
        "statement": "",
        "claim": {
            "condition": condition,
            "verdict": verdict.outcome,
            "fails_at_tau": list(verdict.fails_at_tau),
            "failing_families": failing,
        },
        "expression": source.expression,
        "parameters": {name: str(value) for name, value in source.sample},
        "families": {name: _evidence(analysis, _named(name), verdict.outcome) for name in needed},
    }
    certificate["point"] = _point(analysis, certificate)
    certificate["statement"] = statement(certificate)
    certificate["tower"] = tower_of(certificate)
    certificate["digest"] = digest(certificate)
    check(certificate)
    return certificate


def _point(analysis: Analysis, certificate: dict[str, Any]) -> str:
    """A point of the domain that the checker accepts."""
    points = (str(point) for piece in analysis.points.values() for point in piece)
    found = next((point for point in points if in_domain(certificate, point)), None)
    if found is None:
        raise Rejected("at no sample point is s shown to be real")
    return found


def _named(name: str) -> Family:
    return next(family for family in families.EVERY if family.name == name)


def _evidence(analysis: Analysis, family: Family, outcome: str) -> dict[str, Any]:
    found = analysis.relations(family)
    rows = _telling(analysis, family, found.rows) if outcome == "fails" else found.rows
    minor = found.evidence if outcome == "holds" else None
    return {
        "relations": [[str(c) for c in analysis.constants(row)] for row in rows],
        "minor": None if minor is None else _minor(family, minor),
    }


def _telling(analysis: Analysis, family: Family, rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """The relations that a failure rests on: those with p = q = 0 of a family at tau, those with the target."""
    if family.target_last:
        return tuple(row for row in rows if not row[-1].is_zero())[:1]
    if not family.at_tau:
        return rows[:1]
    free = analysis.tau_free(rows)
    return (free,) if free is not None else rows[:2]


def _minor(family: Family, minor: Minor) -> dict[str, Any]:
    columns = [family.members.index(families.MEMBERS[c]) for c in minor.columns]
    points = [str(p) for p in minor.points]
    return {"columns": columns, "points": points, "bits": minor.bits, "determinant": minor.determinant.str(12)}
