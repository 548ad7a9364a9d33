"""Answers `atlas`: which exponents do the gates of the literature have, proved, measured, sampled and published?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count as count_from
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

from temperance.answer.answer import Answer
from temperance.measurements.atlas import CELLS, PLACES
from temperance.measurements.atlas import atlas as gathered
from temperance.measurements.atlas_entries import Atlas as Found
from temperance.measurements.atlas_entries import AtlasOrder, Entry, key
from temperance.measurements.least_squares import LeastSquaresAtlas, atlas_by_least_squares
from temperance.measurements.literature import ROWS, AtlasRow
from temperance.pages.atlas_tables import SHORT, name_of, said_of, slowest
from temperance.terminal.errors import BadInput
from temperance.terminal.options import Whole
from temperance.terminal.output import check_writable, to_json, write_file
from temperance.terminal.progress import Display
from temperance.theory.activations.catalogue import NAMED
from temperance.theory.expressions.arguments import checked
from temperance.theory.settings.losses import loss_of


def _page(found: Atlas) -> str:
    from temperance.pages.pages import answer_page  # it loads templates and the claims

    said = found.said if isinstance(found.found, LeastSquaresAtlas) else said_of(found.found, whole=True)
    return answer_page(said, found.to_json())


@dataclass(frozen=True, repr=False, eq=False)
class Atlas(Answer):
    """The exponents of the gates of the literature.

    Attributes:
        found: the entries.
    """

    found: Found | LeastSquaresAtlas

    writers: ClassVar[Mapping[str, Any]] = MappingProxyType({**Answer.writers, ".html": _page})

    def to_json(self) -> Any:
        """The entries, what the papers state, and the answer."""
        return self.found.to_json()

    def rows(self) -> Sequence[Mapping[str, Any]]:
        """The table: an order of an entry a row; a slope by its value and its interval."""
        if isinstance(self.found, LeastSquaresAtlas):
            keys = ("gate", "activation", "expert", "d")
            return [{key: e[key] for key in keys} | order for e in self.to_json()["entries"] for order in e["orders"]]
        return [
            {"gate": name_of(entry.row), "cell": entry.cell, "d": entry.d, **order.to_json(), **_interval(order)}
            for entry, order in self.found.every
        ]


@checked
def atlas(
    *,
    gate: str | None = None,
    cell: str | None = None,
    dim: Whole | None = None,
    loss: str = "likelihood",
    certificates: str | None = None,
) -> Atlas:
    """Show the exponents of the gates of the literature: proved, measured, sampled and published.

    Args:
        gate: Only this gate, or the activation gate of this activation, with every order.
        cell: Only this kind of cell: exact (as many atoms as the truth has), two, three, or "all split".
        dim: Only this dimension of x, 1 or 2.
        loss: likelihood, or least-squares: relations and orders of the regression function, without other options.
        certificates: Write the certificates of every entry, of bounds and of curves, to a .json file each in this
            folder, made if there is none; see certify.

    Raises:
        ValueError: there is no such gate, cell or dimension, or a file cannot be written.
    """
    if loss_of(loss) == "least-squares":
        if any(option is not None for option in (gate, cell, dim, certificates)):
            raise BadInput("--loss least-squares has one table, in dimension 1: accepted without other options")
        with Display() as shown, shown.doing("bounding the orders"):
            squares = atlas_by_least_squares()
        return Atlas(squares, said=squares.said())
    rows, places = _rows_of(gate), _places_of(cell, dim)
    if certificates is not None:
        _make_folder(certificates)
    with Display() as shown, shown.doing("bounding the orders") as progress:
        several, done = rows or ROWS, count_from(1)

        def told(entries: Sequence[Entry]) -> None:
            if len(several) > 1:
                progress(i := next(done), len(several))
                shown.step(f"row {i} of {len(several)}: {slowest(entries)}")

        found = gathered(rows=rows or None, places=places, told=told)
    written = () if certificates is None else (_written(found, certificates),)
    return Atlas(found, said=said_of(found, whole=gate is not None), written=written)


def _rows_of(gate: str | None) -> list[AtlasRow]:
    """The rows of a gate, none for all. Raises ValueError for one that has none."""
    rows = [row for row in ROWS if gate is not None and gate in (row.gate, row.source, name_of(row))]
    if not rows and gate is not None:
        names = dict.fromkeys(name for row in ROWS for name in (row.gate, row.source) if name)
        hint = f"; its orders: `temperance exponents --activation {gate}`" if gate in NAMED else ""
        raise BadInput(f"the atlas has no gate {gate!r}; accepted: {', '.join(names)}{hint}")
    return rows


def _places_of(cell: str | None, dim: int | None) -> list[tuple[str, int]]:
    """The cells and dimensions of these. Raises ValueError for one that is not known."""
    cell = next((long for long, short in SHORT.items() if cell == short), cell)
    if cell not in (None, *CELLS):
        accepted = ", ".join(f'"{SHORT[c]}"' if c in SHORT else c for c in CELLS)
        raise BadInput(f"unknown cell {cell!r}; accepted: {accepted}")
    if dim not in (None, 1, 2):
        raise BadInput(f"the atlas has no entries of dimension {dim}; accepted: 1, 2")
    return [place for place in PLACES if cell in (None, place[0]) and dim in (None, place[1])]


def _make_folder(folder: str) -> None:
    """Make a folder of certificates, where there is none. Raises BadInput if it cannot be made or written to."""
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise BadInput(
            f"--certificates: cannot make the folder {folder!r}: {why}; accepted: a folder of yours"
        ) from None
    check_writable(str(Path(folder) / "entry.json"))


def _written(found: Found, folder: str) -> str:
    """Write the certificates of every entry, and say so in a line."""
    entries = [entry for entry in found.entries if entry.certificates]
    for entry in entries:
        name = re.sub(r"[^a-z0-9]+", "-", key(entry.row, entry.cell, entry.d).lower()).strip("-")
        write_file(str(Path(folder) / f"{name}.json"), to_json([dict(proof) for proof in entry.certificates]) + "\n")
    count = sum(len(entry.certificates) for entry in entries)
    return f"{count} certificates of {len(entries)} entries written to {folder}"


def _interval(order: AtlasOrder) -> dict[str, float | None]:
    slope = order.slope
    if isinstance(slope, str):
        return {"slope": None, "slope_low": None, "slope_high": None}
    return {"slope": slope.value, "slope_low": slope.low, "slope_high": slope.high}
