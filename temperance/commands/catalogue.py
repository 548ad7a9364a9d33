"""Decides every activation of the catalogue."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from temperance.terminal.output import decision_record
from temperance.theory.activations.catalogue import ALIASES, CATALOGUE
from temperance.theory.conditions.decision import Decision, decide


@dataclass(frozen=True)
class Entry:
    """One activation: its names, the verdicts on it, and how long deciding took."""

    name: str
    aliases: tuple[str, ...]
    decision: Decision
    seconds: float

    def record(self) -> dict[str, Any]:
        """What `catalogue --json` prints of it."""
        names = {"name": self.name, "aliases": list(self.aliases)}
        return {**names, **decision_record(self.decision), "seconds": round(self.seconds, 3)}


def entries() -> Iterator[Entry]:
    """The catalogue in its order."""
    for name in CATALOGUE:
        start = time.perf_counter()
        decision = decide(name)
        yield Entry(name, ALIASES[name], decision, time.perf_counter() - start)
