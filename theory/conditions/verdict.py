"""Defines the three-valued verdict with its scope, relation and, if undecided, reason (theory E.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Outcome = Literal["holds", "fails", "undecided"]

CONDITIONS = {
    "first_order": "first order: F1",
    "second_order": "second order: A, B, C",
    "tau_beta1": "sharp (i): tau, beta1",
    "a": "sharp (ii): a",
    "b_nu": "sharp (iii): b, nu",
}
"""The conditions that are decided, in order, and what each is called where it stands alone."""


@dataclass(frozen=True)
class Verdict:
    """The answer to one condition.

    Attributes:
        relation: for a failure (or a failure at some tau) the linear relation, in s, s', s'' and z.
        scopes: for which tau, parameters and derivatives the outcome is meant, and what else goes with it.
        reason: why it is undecided; None otherwise.
        fails_at_tau: the temperatures at which a condition that holds otherwise fails.
        failing_families: names of the families that fail for all tau.
        latex: the relation as LaTeX.
    """

    outcome: Outcome
    relation: str | None = None
    scopes: tuple[str, ...] = ()
    reason: str | None = None
    fails_at_tau: tuple[str, ...] = ()
    failing_families: tuple[str, ...] = ()
    latex: str | None = None

    @property
    def scope(self) -> str:
        """The scopes as a text."""
        return "; ".join(self.scopes)

    def record(self, *names: str) -> dict[str, Any]:
        """The outcome with some of these, tuples as the lists of JSON."""
        values = ((name, getattr(self, name)) for name in names)
        return {"verdict": self.outcome, **{n: list(v) if isinstance(v, tuple) else v for n, v in values}}


def outcome_in_words(verdict: Verdict, but: str = "except") -> str:
    """The outcome in words, with the temperatures (after this word) or families at which it fails."""
    if verdict.fails_at_tau:
        return f"{verdict.outcome}, {but} at tau = {', '.join(verdict.fails_at_tau)}"
    if verdict.failing_families:
        return f"{verdict.outcome} ({', '.join(verdict.failing_families)})"
    return verdict.outcome


def markdown_table(expression: str, verdicts: Sequence[Verdict]) -> str:
    """A table of the verdicts on s(z) = expression: condition, outcome, relation, scope or reason."""
    lines = [f"`s(z) = {expression}`", "", "| condition | verdict | relation | scope |", "|---|---|---|---|"]
    for name, verdict in zip(CONDITIONS.values(), verdicts, strict=True):
        relation = f"${verdict.latex}$".replace("|", r"\vert ") if verdict.latex else ""
        lines.append(f"| {name} | {outcome_in_words(verdict)} | {relation} | {verdict.reason or verdict.scope} |")
    return "\n".join(lines)
