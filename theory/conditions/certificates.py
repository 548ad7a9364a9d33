"""Writes certificates of the verdicts on an activation from the evidence of the decision."""

from __future__ import annotations

from typing import Any

import sympy as sp

from temperance.theory.activations.activation import Activation
from temperance.theory.checker.rejected import Rejected
from temperance.theory.checker.verdict_checker import (
    CONDITIONS,
    FORMAT,
    check,
    digest,
    in_domain,
    left_out,
    statement,
    tower_of,
)
from temperance.theory.conditions import families
from temperance.theory.conditions.decision import Decision, decide
from temperance.theory.conditions.families import Family
from temperance.theory.conditions.relations import Analysis, analysis_of
from temperance.theory.conditions.verdict import Verdict


def certificates(source: str | sp.Expr | Activation | Decision) -> list[dict[str, Any]]:
    """One certificate for every decided condition of an activation, each accepted by the independent checker.

    Returns:
        JSON objects, in the order first_order, second_order, tau_beta1, a, b_nu. A verdict that the checker's simpler
        rules do not reach has none.

    Raises:
        ValueError: the activation cannot be read.
    """
    decision = source if isinstance(source, Decision) else decide(source)
    analysis = analysis_of(decision.activation)
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
    """The certificate of one verdict. Raises Rejected: the independent checker does not accept it."""
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
            "left_out": [],
        },
        "expression": source.expression,
        "parameters": {name: str(value) for name, value in source.sample},
        "families": {
            family.name: _evidence(analysis, family, verdict.outcome)
            for family in families.EVERY
            if family.name in needed
        },
    }
    certificate["claim"]["left_out"] = left_out(certificate)
    certificate["point"] = _point(analysis, certificate)
    certificate["statement"] = statement(certificate)
    certificate["tower"] = tower_of(certificate)
    certificate["digest"] = digest(certificate)
    check(certificate)
    return certificate


def _point(analysis: Analysis, certificate: dict[str, Any]) -> str:
    points = (str(point) for piece in analysis.points.values() for point in piece)
    found = next((point for point in points if in_domain(certificate, point)), None)
    if found is None:
        raise Rejected("at no sample point is s shown to be real")
    return found


def _evidence(analysis: Analysis, family: Family, outcome: str) -> dict[str, Any]:
    found = analysis.relations(family)
    rows = analysis.deciding(found) if outcome == "fails" else found.rows
    evidence: dict[str, Any] = {"relations": [[str(c) for c in analysis.constants(row)] for row in rows], "minor": None}
    if outcome == "holds" and (minor := found.evidence):
        columns = [family.members.index(families.MEMBERS[c]) for c in minor.columns]
        points = [str(p) for p in minor.points]
        proof = {"columns": columns, "points": points, "bits": minor.bits, "determinant": minor.determinant.str(12)}
        evidence["minor"] = proof
    return evidence
