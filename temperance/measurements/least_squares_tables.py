"""Tables of what is proved under least squares: of activations, for `check`, and of the literature, for `atlas`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from temperance.measurements.least_squares import ByLeastSquares, by_least_squares
from temperance.measurements.literature import LEAST_SQUARES_ROWS, PAPERS, AtlasRow
from temperance.terminal.parts import Grid, Said
from temperance.theory.contact.order_setting import order_setting

_TABLE = ("order 1", "relations of order 2", "semidefinite in", "orders", "flat", "not decided")
_OF_CELLS = "order 1: of the atom and its first derivatives; semidefinite: a relation has such a part of order 2"
_RATES = "an order r is the rate n^(-1/(2r)); flat has none"


def checked_by_least_squares(sources: Sequence[str], expert: str) -> tuple[list[dict[str, Any]], Said]:
    """The conditions of least squares for the gates of activations: one object each, and what is said of them.

    Raises ValueError for an activation or an expert that has no orders.
    """
    found = [by_least_squares(order_setting("activation", expert, source)) for source in sources]
    title = f"Under least squares, with the {found[0].setting.spec.expert.name} expert"
    rows = tuple((_source(one), *one.row()) for one in found)
    said = Said(title, (title, Grid("Conditions", ("activation", *_TABLE), rows), _OF_CELLS), tuple(map(_short, found)))
    return [_checked(one) for one in found], said


def _source(one: ByLeastSquares) -> str:
    source = one.setting.spec.gate.activation
    return one.gate if source is None else source.name


def _facts(one: ByLeastSquares) -> dict[str, Any]:
    """What is proved in a setting, as JSON."""
    (verdict, relation), record = one.first_order, one.record()
    kept = {key: record[key] for key in ("relations", "cone", "orders", "reasons")}
    return {"first_order": {"verdict": verdict, "relation": relation}, **kept}


def _checked(one: ByLeastSquares) -> dict[str, Any]:
    record, facts = one.record(), _facts(one)
    names = {key: record["setting"][key] for key in ("activation", "expert")}
    return {**names, "first_order": facts.pop("first_order"), "loss": record["loss"], **facts}


def _short(one: ByLeastSquares) -> str:
    return f"{_source(one)}: {one.answer}"


@dataclass(frozen=True)
class LeastSquaresAtlas:
    """Rows of the literature, each with what is proved of it under least squares or why nothing is.

    Attributes:
        entries: of each row.
    """

    entries: tuple[tuple[AtlasRow, ByLeastSquares | str], ...]

    def to_json(self) -> dict[str, Any]:
        """The entries, and what the papers state."""
        named = {arxiv for row, _ in self.entries for arxiv in row.papers}
        papers = [asdict(paper) for paper in PAPERS if paper.arxiv in named]
        return {"loss": "least-squares", "entries": [_entry(row, one) for row, one in self.entries], "papers": papers}

    def said(self) -> Said:
        """The table, and what the papers state."""
        title = "Gates and experts under least squares: a cell of several atoms beside a singleton whose gate is held"
        rows = []
        for row, one in self.entries:
            name = f"{row.gate if row.source is None else f'{row.gate} {row.source}'}, {row.expert}"
            rows.append(
                (name, *((one, *[""] * 5) if isinstance(one, str) else one.row()), ", ".join(row.papers) or "-")
            )
        grid = Grid("Under least squares", ("gate, expert", *_TABLE, "papers"), tuple(rows))
        papers = (
            f"arXiv {paper['arxiv']}, {paper['gates']}: {paper['abstract']}" for paper in self.to_json()["papers"]
        )
        return Said(title, (title, grid, _OF_CELLS, _RATES, *papers), ())


def atlas_by_least_squares() -> LeastSquaresAtlas:
    """What is proved of the rows of the literature under least squares."""
    found: list[tuple[AtlasRow, ByLeastSquares | str]] = []
    for row in LEAST_SQUARES_ROWS:
        try:
            found.append((row, by_least_squares(order_setting(row.gate, row.expert, row.source, dim=row.d))))
        except ValueError as error:
            found.append((row, str(error)))
    return LeastSquaresAtlas(tuple(found))


def _entry(row: AtlasRow, one: ByLeastSquares | str) -> dict[str, Any]:
    about = {"gate": row.gate, "activation": row.source, "expert": row.expert, "d": row.d, "papers": list(row.papers)}
    if isinstance(one, str):
        return {**about, "first_order": None, "relations": [], "cone": None, "orders": [], "reasons": [one]}
    return {**about, **_facts(one)}
