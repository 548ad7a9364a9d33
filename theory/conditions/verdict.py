"""Defines the three-valued verdict with its scope, relation and, if undecided, reason (theory.md 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
        outcome: holds, fails or undecided.
        relation: for a failure (or a failure at some tau) the linear relation, in s, s', s'' and z.
        scope: for which tau, parameters and derivatives the outcome is meant.
        reason: why it is undecided; None otherwise.
        fails_at_tau: the temperatures at which a condition that holds otherwise fails.
        failing_families: names of the families that fail for all tau.
        latex: the relation as LaTeX.
    """

    outcome: Outcome
    relation: str | None = None
    scope: str = ""
    reason: str | None = None
    fails_at_tau: tuple[str, ...] = ()
    failing_families: tuple[str, ...] = ()
    latex: str | None = None
