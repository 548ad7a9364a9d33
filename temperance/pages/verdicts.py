"""Typesets the verdicts on activations for a page."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from temperance.terminal.parts import Grid, Part, Said
from temperance.theory.conditions.decision import Decision
from temperance.theory.conditions.families import CONDITIONS, outcome_in_words

_COLUMNS = ("condition", "verdict", "relation", "reason, or for what it is meant")


def typeset(found: Said, decisions: Sequence[Decision], lines: Collection[Part]) -> Said:
    """What was said of decisions, with a table for each activation in place of the lines on why conditions fail."""
    tables = (part for d in decisions for part in _tables(d))
    return replace(found, parts=(*(part for part in found.parts if part not in lines), *tables))


def _tables(found: Decision) -> Iterator[Part]:
    """s(z), and the conditions with their relations."""
    from temperance.pages.mathml import activation, mathml  # a screen has no use for it

    if found.activation.pieces:
        yield activation(found.activation)
    rows = (
        (name, outcome_in_words(v), mathml(v.latex) if v.latex else "–", v.reason or v.scope)
        for name, v in zip(CONDITIONS.values(), found.verdicts, strict=True)
    )
    yield Grid(f"The conditions of {found.activation.name}", _COLUMNS, tuple(rows))
