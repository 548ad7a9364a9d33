"""The orders of a setting under least squares, as `exponents`, `check` and `atlas` print them (theory 8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import sympy as sp

from temperance.measurements.contact_orders import describe_atoms, describe_bound, describe_rate
from temperance.measurements.contact_orders import setting_record as of_setting
from temperance.measurements.literature import LEAST_SQUARES_ROWS, PAPERS, AtlasRow
from temperance.show.output import BadInput
from temperance.show.table import Columns, Part, Summary, Table
from temperance.theory.contact.default_truth import default_truth
from temperance.theory.contact.order_setting import FlatCurves, at_truth, flat_curves, order_setting
from temperance.theory.interactions.interactions import derive
from temperance.theory.least_squares.orders import (
    Cone,
    LeastSquaresOrders,
    certificate,
    least_squares,
    least_squares_orders,
    split_atom,
)
from temperance.theory.models.order import Order, Reason, ReasonKind
from temperance.theory.models.spec import NU
from temperance.theory.models.truth import Noise, Setting

_SHOWN = 6  # relations
_SEEN: Mapping[Noise | None, str] = {
    None: "under least squares",
    "known": "where nu is known",
    "common": "where all atoms have one nu",
}
_EVERYWHERE = (
    "at almost every true point, as the matrix is orthogonal to the relations there; weighted means at this one"
)
_HERE = "at this true point, and near it; weighted means at this one"


@dataclass(frozen=True)
class ByLeastSquares:
    """The orders of a setting under least squares.

    Attributes:
        setting: the gate, the expert and the true point.
        proved: the orders, and the relations that they follow from.
        proof: its certificate, accepted by the kernel. uncertified: why there is none.
    """

    setting: Setting
    proved: LeastSquaresOrders
    proof: Mapping[str, Any] | None
    uncertified: str

    def record(self) -> dict[str, Any]:
        """The object of --json."""
        proved = self.proved
        unseen = NU if proved.atom.noise is None else None
        atoms = [{p.name: str(v) for p, v in at.items() if p != unseen} for at in proved.atom.points]
        first = [] if proved.relations is None else proved.relations.interactions.generators
        noise = proved.atom.noise
        return {
            "loss": "least-squares" if noise is None else "likelihood",
            **({} if noise is None else {"noise": noise}),
            "setting": {
                **of_setting(self.setting),
                "truth": {"atoms": atoms, "held": [p.name for p in self.proved.atom.spec.gate.parameters]},
                "dim": self.setting.spec.dim,
            },
            "equations": [],
            "relations": [{"order": g.order, "equation": g.equation} for g in first],
            "cone": {
                "all": _cone(proved.all, proved.atom.each, proved.semidefinite(proved.all, proved.atom.each)),
                "others": _cone(proved.rest, proved.others, proved.semidefinite(proved.rest, proved.others)),
                "almost_everywhere": proved.everywhere,
            },
            "orders": [*self._scaled(), *map(self._order, proved.orders)],
            "reasons": self.reasons,
        }

    @property
    def curves(self) -> FlatCurves:
        """What is flat, whatever is fitted."""
        return flat_curves(self.setting)

    @property
    def reasons(self) -> list[str]:
        """What moves with a scale, and where the orders are proved."""
        reasons = [] if self.curves.scale is None else [f"flat: {self.curves.scale}"]
        proved = any(o.upper is not None for o in self.proved.orders)
        reasons += [] if self.proof is not None or not proved else [f"no certificate: {self.uncertified}"]
        return reasons + ([f"proved {_EVERYWHERE if self.proved.everywhere else _HERE}"] if proved else [])

    def _scaled(self) -> list[dict[str, Any]]:
        """What the scale symmetry moves."""
        point, labels, held = self.proved.atom.points[0], self.curves.labels, self.proved.atom.held
        scaled = [p for p in self.proved.atom.spec.gate.parameters if (p.name in labels or p in held) and point[p] != 0]
        reason = Reason(ReasonKind.IDENTITY, str(self.curves.scale))
        return [_row(Order(p.name, p.name, False, reason, flat=True)) for p in scaled]

    def _order(self, o: Order) -> dict[str, Any]:
        name = self.curves.label(o.name, o.is_mean)
        if o.name in self.curves.flat:
            reason = Reason(ReasonKind.IDENTITY, self.curves.flat[o.name])
            return _row(Order(name, o.name, o.is_mean, reason, flat=True))
        return _row(replace(o, parameter=name), certified=self.proof is not None and not o.is_mean)

    def summary(self) -> Summary:
        """The relations, the cone, the orders, and the rates in words."""
        record = self.record()
        title = f"Orders of the {self.gate} gate, {record['setting']['expert']} expert, {self.seen}"
        truth = describe_atoms(record["setting"]["truth"])
        lines: list[Part] = [title, f"a cell of several atoms beside a singleton whose gate is held; {truth}"]
        lines += [f"relations of order 2 that follow from no others: {_relations(record)}", _describe_cone(self.proved)]
        reasons = [f"{names}: {reason}" for reason, names in _grouped(record, lambda o: o["reason"]).items()]
        columns: Columns = {"parameter": "parameter", "bound": describe_bound, "rate": self._rate}
        return Summary(
            title, (*lines, Table.of("Orders", columns, record["orders"]), *reasons, *record["reasons"]), (self.answer,)
        )

    @property
    def answer(self) -> str:
        """The rates in words: proved, none, and open."""

        def rate(o: Mapping[str, Any]) -> str:
            return "no rate at all" if o["flat"] else "not decided" if o["rate"] is None else self._rate(o)

        rates = _grouped(self.record(), rate)
        return f"Rates {self.seen}: {'; '.join(f'{names} {rate}' for rate, names in rates.items())}."

    def least(self, row: Mapping[str, Any]) -> str:
        """What an order is not below: 2 of what two atoms move by t and -t, and the function by t^2."""
        common = {"nu", *(p.name for p in self.setting.spec.gate.shared)}
        return "1" if row["parameter"] in common | self._means else "2"

    @property
    def _means(self) -> set[str]:
        return {self.curves.label(o.name, True) for o in self.proved.orders if o.is_mean}

    def _rate(self, row: Mapping[str, Any]) -> str:
        return describe_rate(row, self.least(row))

    @property
    def seen(self) -> str:
        """What is fitted."""
        return _SEEN[self.proved.atom.noise]

    @property
    def gate(self) -> str:
        """The gate, with its activation."""
        source = self.setting.spec.gate.activation
        return self.setting.spec.gate.name + ("" if source is None else f" {source.name}")

    @property
    def first_order(self) -> tuple[str, str | None]:
        """Whether the atom and its first derivatives are independent in the mixture, and a relation if they are not."""
        spec = least_squares(self.proved.atom.spec)
        generators = derive(spec.gate, spec.expert, dim=spec.dim, order=1).generators
        if generators:
            return "fails", ", ".join(g.equation for g in generators)
        return ("holds" if self.proved.relations is not None and self.proved.relations.proved else "undecided"), None

    def row(self) -> tuple[str, ...]:
        """The cells of a table after those that name the setting."""
        record, (verdict, relation) = self.record(), self.first_order
        orders = {o["parameter"]: o for o in record["orders"] if o["parameter"] not in self._means}
        proved = ", ".join(f"{name} {o['upper']}" for name, o in orders.items() if o["upper"])
        flat = ", ".join(name for name, o in orders.items() if o["flat"])
        undecided = ", ".join(name for name, o in orders.items() if not o["flat"] and not o["upper"])
        cone = record["cone"]["all"]
        in_cone = ", ".join(cone["moves"]) or {"trivial": "none"}.get(cone["outcome"], cone["outcome"])
        return relation or verdict, _relations(record), in_cone, proved or "-", flat or "-", undecided or "-"


def by_least_squares(chosen: Setting, noise: Noise | None = None) -> ByLeastSquares:
    """The orders of a setting with another cell a singleton, under least squares or with a variance that is not fitted.

    noise: what is known of nu, for the likelihood. Raises BadInput where every cell is split.
    """
    if chosen.every:
        option = "--loss least-squares" if noise is None else f"--noise {noise}"
        raise BadInput(f"{option} is about --split one: a cell of several atoms beside a singleton")
    proved = least_squares_orders(split_atom(chosen, noise))
    return ByLeastSquares(chosen, proved, *certificate(proved))


def _row(order: Order, *, certified: bool = False) -> dict[str, Any]:
    """The keys of an order in `exponents --json`; certified: whether a certificate has its bound, if there is one."""
    record = order.to_json() | {"certified": certified and order.upper is not None}
    record["reason"] = record.pop("reason")  # the last key
    return record


def _cone(cone: Cone, over: Sequence[sp.Symbol], moves: Sequence[str]) -> dict[str, Any]:
    s, n = cone.matrix, len(over)
    entries = None if s is None else [[str(s[i, j]) for j in range(n)] for i in range(n)]
    return {"outcome": cone.outcome, "parameters": [p.name for p in over], "matrix": entries, "moves": list(moves)}


def _describe_cone(proved: LeastSquaresOrders) -> str:
    """What of the relations is positive semidefinite, in a line."""
    if proved.all.outcome == "trivial":
        return (
            "no relation has a positive semidefinite part of order 2: a positive definite matrix is orthogonal to all"
        )
    if proved.all.outcome == "undecided":
        return "whether a relation has a positive semidefinite part of order 2 is not decided"
    names = ", ".join(proved.semidefinite(proved.all, proved.atom.each))
    others = {"trivial": "; in the other parameters none has one", "nontrivial": "", "undecided": ""}
    return f"relations have a positive semidefinite part of order 2 in {names}{others[proved.rest.outcome]}"


def _relations(record: Mapping[str, Any]) -> str:
    """Generators of order 2, or the first of them."""
    equations = [g["equation"] for g in record["relations"] if g["order"] > 1]
    more = f" and {len(equations) - _SHOWN} more" if len(equations) > _SHOWN else ""
    return ", ".join(equations[:_SHOWN]) + more if equations else "none"


def _grouped(record: Mapping[str, Any], of: Callable[[Mapping[str, Any]], str]) -> dict[str, str]:
    """The parameters, between commas, by something of their orders."""
    groups: dict[str, list[str]] = {}
    for o in record["orders"]:
        groups.setdefault(of(o), []).append(o["parameter"])
    return {key: ", ".join(names) for key, names in groups.items()}


_TABLE = ("order 1", "relations of order 2", "semidefinite in", "orders", "flat", "not decided")
_OF_CELLS = "order 1: of the atom and its first derivatives; semidefinite: a relation has such a part of order 2"
_RATES = "an order r is the rate n^(-1/(2r)); flat has none"


def check_by_least_squares(sources: Sequence[str], expert: str) -> tuple[list[dict[str, Any]], Summary]:
    """The conditions of least squares for the gates of activations: one object each, and what is said of them.

    Raises ValueError for an activation or an expert that has no orders.
    """
    results = [by_least_squares(_at_default(order_setting("activation", expert, source))) for source in sources]
    title = f"Under least squares, with the {results[0].setting.spec.expert.name} expert"
    rows = tuple((_source(result), *result.row()) for result in results)
    table = Table("Conditions", ("activation", *_TABLE), rows)
    summary = Summary(title, (title, table, _OF_CELLS), tuple(f"{_source(r)}: {r.answer}" for r in results))
    return [_record(result) for result in results], summary


def _at_default(chosen: Setting) -> Setting:
    return at_truth(chosen, default_truth(chosen.spec))


def _source(result: ByLeastSquares) -> str:
    source = result.setting.spec.gate.activation
    return result.gate if source is None else source.name


def _facts(result: ByLeastSquares) -> dict[str, Any]:
    """What is proved in a setting, as JSON."""
    (verdict, relation), record = result.first_order, result.record()
    parts = {key: record[key] for key in ("relations", "cone", "orders", "reasons")}
    return {"first_order": {"verdict": verdict, "relation": relation}, **parts}


def _record(result: ByLeastSquares) -> dict[str, Any]:
    record, facts = result.record(), _facts(result)
    names = {key: record["setting"][key] for key in ("activation", "expert")}
    return {**names, "first_order": facts.pop("first_order"), "loss": record["loss"], **facts}


def atlas_by_least_squares() -> tuple[dict[str, Any], Summary]:
    """What is proved of the rows of the literature, or why nothing is, and what the papers state: as JSON, in words."""
    results: list[tuple[AtlasRow, ByLeastSquares | str]] = []
    for row in LEAST_SQUARES_ROWS:
        try:
            chosen = order_setting(row.gate, row.expert, row.source, dim=row.d)
            results.append((row, by_least_squares(_at_default(chosen))))
        except ValueError as error:
            results.append((row, str(error)))
    papers = [p for p in PAPERS if any(p.arxiv in row.papers for row, _ in results)]
    entries = [_entry(row, result) for row, result in results]
    record = {"loss": "least-squares", "entries": entries, "papers": [asdict(paper) for paper in papers]}
    title = "Gates and experts under least squares: a cell of several atoms beside a singleton whose gate is held"
    rows = []
    for row, result in results:
        name = f"{' '.join(filter(None, (row.gate, row.source)))}, {row.expert}"
        cells = (result, *[""] * 5) if isinstance(result, str) else result.row()
        rows.append((name, *cells, ", ".join(row.papers) or "-"))
    grid = Table("Under least squares", ("gate, expert", *_TABLE, "papers"), tuple(rows))
    proved = [e["orders"] for e, (_, result) in zip(entries, results, strict=True) if not isinstance(result, str)]
    flat = sum(any(o["flat"] for o in orders) for orders in proved)
    open_ = sum(any(not o["flat"] and o["rate"] is None for o in orders) for orders in proved)
    answer = (
        f"Of {len(results)} combinations {len(proved)} are covered: {flat} have parameters without any rate (flat), "
        f"{open_} have parameters that are not decided"
    )
    stated = (f"arXiv {paper.arxiv}, {paper.gates}: {paper.abstract}" for paper in papers)
    return record, Summary(title, (title, grid, _OF_CELLS, _RATES, *stated), (answer,))


def _entry(row: AtlasRow, result: ByLeastSquares | str) -> dict[str, Any]:
    about = {"gate": row.gate, "activation": row.source, "expert": row.expert, "d": row.d, "papers": list(row.papers)}
    if isinstance(result, str):
        return {**about, "first_order": None, "relations": [], "cone": None, "orders": [], "reasons": [result]}
    return {**about, **_facts(result)}
