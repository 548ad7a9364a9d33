"""`temperance twins`: which other parameters of an activation gate share a density with a truth."""

from __future__ import annotations

from typing import cast

from temperance.terminal.errors import BadInput, one_line, refusing
from temperance.terminal.options import Json, Whole
from temperance.terminal.output import console, table, to_json
from temperance.theory.twins.decision import twins as decide
from temperance.theory.twins.twin import Gauge, Twins

_COLUMNS = ("which truths", "(beta1, beta0, tau) -> those of the twin")


def twins(activation: str | None = None, *, atoms: Whole = 2, gauge: str = "free", json: Json = False) -> int:
    """List the twins of an activation gate: other parameters with one density, each with its identity.

    Parameters
    ----------
    activation
        A name of the catalogue or an expression in z.
    atoms
        Number of atoms, 2 or more.
    gauge
        free or anchored.
    """
    if activation is None:
        raise BadInput("twins needs an activation; accepted: names of `temperance catalogue` and expressions in z")
    with refusing():
        found = decide(activation, atoms=atoms, gauge=cast(Gauge, gauge))
    if json:
        print(to_json(found.to_json()))
    else:
        _show(found)
    return 0


def _show(found: Twins) -> None:
    screen = console()
    if found.even is not None:
        screen.print(one_line(f"On z > 0 the even part of s is {found.even}, the odd part {found.odd}."))
    records = [twin.to_json() for twin in found.twins]
    if records:
        screen.print(table(_COLUMNS, [(r["where"], r["map"]) for r in records]))
        screen.print("The log odds of two atoms are one function of x:")
    for record in records:
        screen.print(f"  {one_line(record['identity'])}")
    screen.print(one_line(found.answer))
