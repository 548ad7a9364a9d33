"""What has become of forged certificates: how many a checker accepts, which of these are false, and where it breaks."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from oracle_jets import Unclear

from temperance.theory.checker.rejected import Rejected


@dataclass
class Attack:
    """What has become of the mutants.

    Attributes:
        mutants: how many there were.
        accepted: how many the checker accepted.
        unclear: how many of these the oracle does not tell the truth about.
        false: the accepted ones whose statement is false, or whose determinant is another.
        crashes: errors of the checker other than Rejected.
    """

    mutants: int = 0
    accepted: int = 0
    unclear: int = 0
    false: list[str] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)

    def add(self, other: Attack) -> None:
        """Count the mutants of another attack too."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    def offer(
        self,
        changed: dict[str, Any],
        check: Callable[[Any], object],
        false: Callable[[dict[str, Any]], str | None],
        unclear: tuple[type[Exception], ...] = (Unclear,),
    ) -> None:
        """Offer a mutant to a checker; false: why an accepted one is false, or what it raises if it cannot tell."""
        self.mutants += 1
        try:
            check(changed)
        except Rejected:
            return
        except Exception as error:
            self.crashes.append(f"{type(error).__name__} {error}: {json.dumps(changed)}")
            return
        self.accepted += 1
        try:
            if why := false(changed):
                self.false.append(f"{why}: {json.dumps(changed)}")
        except unclear as error:
            self.unclear += 1
            print(f"unclear: {type(error).__name__} {error}: {json.dumps(changed)}", file=sys.stderr)


def asked(doc: str | None, count: int, parts: Sequence[str] = (), given: Sequence[str] | None = None) -> Any:
    """The options of a campaign."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=count)
    parser.add_argument("--seed", type=int, default=1)
    if parts:
        parser.add_argument("--parts", nargs="+", choices=parts, default=parts, help="the kinds, in equal shares")
    return parser.parse_args(given)


def told(found: Mapping[str, Attack]) -> int:
    """Print what has become of the mutants of each kind; exit status 1 if a checker accepts a false one, or breaks."""
    for part, one in found.items():
        counts = {name: len(v) if isinstance(v, list) else v for name, v in asdict(one).items()}
        print(f"{part:10}", *(f"{name} {n:6}" for name, n in counts.items()))
    faults = [fault for one in found.values() for fault in (*one.false, *one.crashes)]
    print(*faults, sep="\n")
    return int(bool(faults))
