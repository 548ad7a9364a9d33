"""Says what verdicts on activations mean, in a table and in lines."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from temperance.terminal.parts import Grid, Part, Said
from temperance.theory.conditions.decision import Decision
from temperance.theory.conditions.verdict import CONDITIONS, outcome_in_words
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
    shown = [twins(d.activation).remark if d.activation.pieces else None for d in decisions]
    for found, twin in zip(decisions, shown, strict=True):
        yield from reasons(found)
        yield from _notes(found, twin)
    if any(shown):
        yield _MORE_TWINS
    kinds = {d.mirror_type for d in decisions}
    yield from (f"mirror {text}" for kind, text in MIRRORS.items() if kind in kinds)
    yield ""


def _words(decisions: Sequence[Decision]) -> Iterator[str]:
    """Whether tau is learnable with each activation, why, and what to do."""
    found = [(d.activation.name, learnability(d)) for d in decisions]
    several = len(found) > 1
    for name, one in found:
        yield f"{name}: tau learnable: {one.answer}" if several else f"tau learnable: {one.answer}"
    for theorem in dict.fromkeys(one.theorem for _, one in found if one.theorem):
        of = ", ".join(name for name, one in found if one.theorem == theorem)
        why = f"{WHY[theorem]} (Coq, two atoms, one anchored, d = 1: {theorem})"
        yield f"why ({of}): {why}" if several else f"why: {why}"
    for advice in dict.fromkeys(one.advice for _, one in found if one.advice):
        of = ", ".join(name for name, one in found if one.advice == advice)
        yield f"what to do ({of}): {advice}" if several else f"what to do: {advice}"
    if (first := next((d for d in decisions if d.activation.pieces), None)) is not None:
        yield _RATES.format(shlex.quote(first.activation.name))


def reasons(found: Decision) -> Iterator[str]:
    """Why conditions fail or are undecided; a relation is told with the first condition that it breaks."""
    first: dict[str, str] = {}
    for condition, v in zip(CONDITIONS, found.verdicts, strict=True):
        if (why := v.reason or v.relation) is not None:
            first.setdefault(why, condition)
    return (f"{found.activation.name}, {condition}: {why}" for why, condition in first.items())


def _notes(found: Decision, twin: str | None) -> Iterator[str]:
    """What is open of mirror points, at which parameters the verdicts are others, and the first twin."""
    notes: list[str] = []
    if found.mirror is not None and not found.mirror.proved:
        notes.append(f"mirror: {found.mirror.reason}")
    notes += [f"other verdicts at {name} = {', '.join(values)}" for name, values in found.exceptional_parameters]
    notes += [] if twin is None else [f"twins of two atoms, free gauge: {twin}"]
    return (f"{found.activation.name}, {note}" for note in notes)


def _counts(decisions: Sequence[Decision]) -> tuple[str, str]:
    """How many activations make tau learnable, and which do not."""
    lost = [d.activation.name for d in decisions if d.first_order.outcome == "fails"]
    rest = [d.activation.name for d in decisions if d.first_order.outcome == "undecided"]
    kept = len(decisions) - len(lost) - len(rest)
    open_ = f"; undecided: {', '.join(rest)}" if rest else ""
    return (
        f"tau learnable: with {kept} of {len(decisions)}; not, or in part only, with {', '.join(lost)}{open_}",
        "temperance check NAME says where there are exceptions, and what to do",
    )
