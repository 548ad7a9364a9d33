"""How the cost of deriving interactions grows with the dimension of x and the order.

    python benchmarks/interactions.py [--json] [--gate linear] [--largest 3000]

Every row carries what was found beside the seconds it took: "rank" is the rank and the count of relations alone,
"derive" is everything (every relation written and verified, irredundant generators).
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from math import comb
from typing import Any

from temperance.theory.interactions.interactions import derive, groebner_basis
from temperance.theory.models.by_name import model

DIMENSIONS = range(1, 6)
ORDERS = range(1, 7)


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What work returns, and the seconds it took."""
    start = time.perf_counter()
    found = work()
    return found, time.perf_counter() - start


def sizes(gate: str, largest: int) -> Iterator[tuple[int, int]]:
    """(d, r) with at most `largest` derivatives."""
    for d in DIMENSIONS:
        parameters = len(model(gate, dim=d).parameters)
        for r in ORDERS:
            if comb(parameters + r, r) <= largest:
                yield d, r


def measure(gate: str, d: int, r: int) -> dict[str, Any]:
    """One row: outcome and seconds."""
    basis, rank_seconds = timed(lambda: groebner_basis(model(gate, dim=d), r))
    found, seconds = timed(lambda: derive(gate, dim=d, order=r))
    if len(basis.standard) != found.rank:
        raise ArithmeticError("two runs found different ranks")
    return {
        "gate": gate,
        "dim": d,
        "order": r,
        "derivatives": found.derivatives,
        "rank": found.rank,
        "relations": len(found.relations),
        "generators": len(found.generators),
        "complete": found.complete,
        "rank_seconds": round(rank_seconds, 4),
        "derive_seconds": round(seconds, 4),
    }


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--gate", default="linear")
    parser.add_argument("--largest", type=int, default=3000, help="most derivatives in a row")
    arguments = parser.parse_args()
    rows = [measure(arguments.gate, d, r) for d, r in sizes(arguments.gate, arguments.largest)]
    if arguments.json:
        print(json.dumps(rows, indent=1))
        return
    print(" ".join(f"{key:>14}" for key in rows[0]))
    for row in rows:
        print(" ".join(f"{value!s:>14}" for value in row.values()))


if __name__ == "__main__":
    main()
