"""`temperance catalogue`: decides every activation of the catalogue."""

from __future__ import annotations

import time

from temperance.commands.check import decision_record, decision_table
from temperance.terminal.options import Json
from temperance.terminal.output import console, to_json
from temperance.terminal.progress import display
from temperance.theory.activations.catalogue import ALIASES, CATALOGUE
from temperance.theory.conditions.decision import decide


def catalogue(*, json: Json = False) -> int:
    """Decide the independence conditions of every activation of the catalogue."""
    decisions, records = [], []
    with display() as shown, shown.doing("deciding"):
        for name in CATALOGUE:
            start = time.perf_counter()
            found = decide(name)
            seconds = round(time.perf_counter() - start, 3)
            decisions.append(found)
            records.append({"name": name, "aliases": list(ALIASES[name]), **decision_record(found), "seconds": seconds})
    if json:
        print(to_json(records))
    else:
        console().print(decision_table(decisions))
    return 0
