"""Writes certificates of the verdicts on an activation from the evidence of the decision."""

from __future__ import annotations

from typing import Any

import sympy as sp

from temperance.theory.activations.activation import Activation
from temperance.theory.conditions import families
from temperance.theory.conditions.decision import Decision, decide
from temperance.theory.conditions.families import Analysis, Family, Verdict, analysis_of
from temperance.theory.kernel.check import prove
from temperance.theory.kernel.place import place_of
from temperance.theory.kernel.reader import Rejected, proving
from temperance.theory.kernel.verdict import AT_TAU, CONDITIONS, Verdicts


def certificates(source: str | sp.Expr | Activation | Decision) -> list[dict[str, Any]]:
    """One certificate for every decided condition of an activation, each accepted by the kernel.

    Returns:
        JSON objects, in the order first_order, second_order, tau_beta1, a, b_nu. A verdict that the kernel's simpler
        rules do not reach has none.

    Raises:
        ValueError: the activation cannot be read.
    """
    decision = source if isinstance(source, Decision) else decide(source)
    analysis = analysis_of(decision.activation)
    proofs = []
    for condition, verdict in zip(CONDITIONS, decision.verdicts, strict=True):
        if verdict.outcome == "undecided":
            continue
        try:
            proofs.append(issue(decision.activation, analysis, condition, verdict))
        except Rejected:
            continue
    return proofs


def issue(source: Activation, analysis: Analysis, condition: str, verdict: Verdict) -> dict[str, Any]:
    """The certificate of one verdict. Raises Rejected: the kernel does not accept it, or proves another."""
    failing = list(verdict.failing_families)
    needed = failing if verdict.outcome == "fails" and failing else CONDITIONS[condition]
    taus = list(verdict.fails_at_tau)
    if len(taus) > 1:
        raise Rejected("more than one exceptional temperature")
    place = _place(source)
    evidence = {
        family.name: _evidence(analysis, family, verdict.outcome, taus)
        for family in families.EVERY
        if family.name in needed
    }
    issued, _ = prove(place, {"kind": "verdict", "families": evidence, "point": _point(analysis, place)})
    claim = next((claim for claim in issued["claims"] if claim["title"] == condition), None)
    if claim is None or claim["side"] != verdict.outcome or claim["value"] != next(iter(taus), None):
        raise Rejected("the evidence proves another verdict")
    return issued


def _place(source: Activation) -> dict[str, Any]:
    parameters = {name: str(value) for name, value in source.sample}
    model = {
        "covariates": ["z"],
        "log_weight": source.expression,
        "mean": "0",
        "own": [*parameters],
        "expert": [],
        "shared": [],
        "held": [],
        "weighted": False,
    }
    return {"subject": "activation", "model": model, "sizes": [1], "points": [parameters], "fixed": [], "nonzero": []}


def verdict_of(issued: dict[str, Any]) -> dict[str, Any]:
    """The condition that a certificate is of: title, side and value of the claim."""
    return next(claim for claim in issued["claims"] if claim["title"] in CONDITIONS)


def _point(analysis: Analysis, place: dict[str, Any]) -> str:
    points = (str(point) for piece in analysis.points.values() for point in piece)
    with proving():
        verdicts = Verdicts(place_of(place), {})
        point = next((point for point in points if verdicts.is_real_at(point)), None)
    if point is None:
        raise Rejected("at no sample point is s shown to be real")
    return point


def _evidence(analysis: Analysis, family: Family, outcome: str, taus: list[str]) -> dict[str, Any]:
    relations = analysis.relations(family)
    rows = analysis.deciding(relations) if outcome == "fails" else relations.rows
    evidence: dict[str, Any] = {
        "relations": [[str(c) for c in analysis.constants(row)] for row in rows],
        "minor": None,
        "tau": next(iter(taus), None) if family.name in AT_TAU else None,
    }
    if outcome == "holds" and (minor := relations.evidence):
        columns = [family.members.index(families.MEMBERS[c]) for c in minor.columns]
        points = [str(p) for p in minor.points]
        evidence["minor"] = {"columns": columns, "points": points, "bits": minor.bits}
    return evidence
