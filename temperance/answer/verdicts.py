"""Says what verdicts on activations mean, in a table and in lines."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from temperance.terminal.parts import Grid, Part, Said
from temperance.theory.conditions.decision import Decision
from temperance.theory.conditions.families import CONDITIONS, outcome_in_words
from temperance.theory.rates.learnability import MIRRORS, WHY, learnability
from temperance.theory.twins.decision import twins

_RATES = "how fast: temperance predict --activation {} --true 2 --fitted 3 --gauge anchored"
_MORE_TWINS = "twins: the first of each activation; all, with those of special truths: temperance twins NAME"
_COLUMNS = ("activation", "first", "second", "tau, beta1", "a", "b, nu", "mirror")
_MEANING = (
    "first: fits of as many atoms as the truth has; second: of more; tau, beta1, a and b, nu: "
    "their sharp rates in fits of more; mirror: the symmetry of s (docs/activations.md)"
)


def said(decisions: Sequence[Decision], *, counted: bool = False) -> Said:
    """The verdicts, and whether tau is learnable; counted: how often it is, and with which activations it is not."""
    title = f"Is the temperature learnable? {', '.join(d.activation.name for d in decisions)}"
    return Said(title, tuple(_parts(decisions)), _counts(decisions) if counted else tuple(_words(decisions)))


def _parts(decisions: Sequence[Decision]) -> Iterator[Part]:
    """The table, what its columns mean, why conditions fail, twins, and the mirror types in words."""
    if not decisions:
        return
    rows = ((d.activation.name, *(outcome_in_words(v, "not") for v in d.verdicts), d.mirror_type) for d in decisions)
    yield Grid("Conditions", _COLUMNS, tuple(rows))
    yield _MEANING
    remarks = [twins(d.activation).remark if d.activation.pieces else None for d in decisions]
    for decision, twin in zip(decisions, remarks, strict=True):
        yield from reasons(decision)
        yield from _notes(decision, twin)
    if any(remarks):
        yield _MORE_TWINS
    kinds = {d.mirror_type for d in decisions}
    yield from (f"mirror {text}" for kind, text in MIRRORS.items() if kind in kinds)


def _words(decisions: Sequence[Decision]) -> Iterator[str]:
    """Whether tau is learnable with each activation, why, and what to do."""
    answers = [(d.activation.name, learnability(d)) for d in decisions]
    several = len(answers) > 1
    for name, verdict in answers:
        yield f"{name}: tau learnable: {verdict.answer}" if several else f"tau learnable: {verdict.answer}"
    for theorem in dict.fromkeys(verdict.theorem for _, verdict in answers if verdict.theorem):
        of = ", ".join(name for name, verdict in answers if verdict.theorem == theorem)
        reason = f"{WHY[theorem]} (Coq, two atoms, one anchored, d = 1: {theorem})"
        yield f"why ({of}): {reason}" if several else f"why: {reason}"
    for advice in dict.fromkeys(verdict.advice for _, verdict in answers if verdict.advice):
        of = ", ".join(name for name, verdict in answers if verdict.advice == advice)
        yield f"what to do ({of}): {advice}" if several else f"what to do: {advice}"
    if (first := next((d for d in decisions if d.activation.pieces), None)) is not None:
        yield _RATES.format(shlex.quote(first.activation.name))


def reasons(decision: Decision) -> Iterator[str]:
    """Why conditions fail or are undecided; a relation is told with the first condition that it breaks."""
    first: dict[str, str] = {}
    for condition, v in zip(CONDITIONS, decision.verdicts, strict=True):
        if (reason := v.reason or v.relation) is not None:
            first.setdefault(reason, condition)
    return (f"{decision.activation.name}, {condition}: {reason}" for reason, condition in first.items())


def _notes(decision: Decision, twin: str | None) -> Iterator[str]:
    """What is open of mirror points, at which parameters the verdicts are others, and the first twin."""
    notes: list[str] = []
    if decision.mirror is not None and not decision.mirror.proved:
        notes.append(f"mirror: {decision.mirror.reason}")
    notes += [f"other verdicts at {name} = {', '.join(values)}" for name, values in decision.exceptional_parameters]
    notes += [] if twin is None else [f"twins of two atoms, free gauge: {twin}"]
    return (f"{decision.activation.name}, {note}" for note in notes)


def _counts(decisions: Sequence[Decision]) -> tuple[str, str]:
    """How many activations make tau learnable, and which do not."""
    lost = [d.activation.name for d in decisions if d.first_order.outcome == "fails"]
    rest = [d.activation.name for d in decisions if d.first_order.outcome == "undecided"]
    learnable = len(decisions) - len(lost) - len(rest)
    open_ = f"; undecided: {', '.join(rest)}" if rest else ""
    return (
        f"tau learnable: with {learnable} of {len(decisions)}; not, or in part only, with {', '.join(lost)}{open_}",
        "temperance check NAME says where there are exceptions, and what to do",
    )
