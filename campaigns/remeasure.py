"""Measures the contact orders and the slopes of the atlas again.

``python campaigns/remeasure.py FILE.json [GATE]`` writes temperance/measurements/data/atlas.json again, entry by entry
on all cores (hours; minutes for a gate); begun again, it goes on where the file ends.
``python campaigns/remeasure.py --slopes REPORT.json FILE.json`` writes data/claim_slopes.json there from a report of
`temperance verify -o REPORT.json`.
``python campaigns/remeasure.py --studies FILE.json [NAME ..]`` runs the studies of data/exponent_studies.json again,
each as its definition there says; a new one is an entry with its setting and its definition, before it runs.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from math import isnan
from pathlib import Path
from typing import Any

import sympy as sp

from temperance.measurements.atlas import CELLS, bounds, carried_measurement, key, seen_on_lines, setting, stored
from temperance.measurements.contact_orders import KeptOrder, family, kept_orders
from temperance.measurements.judgement import conditions
from temperance.measurements.literature import ROWS, AtlasRow
from temperance.measurements.slopes import stored_studies
from temperance.numerics.fitting.families import Family
from temperance.numerics.studies.results import GeneralResult
from temperance.numerics.studies.run import run_general
from temperance.numerics.studies.study import GeneralStudy
from temperance.numerics.studies.workers import local_workers, processes
from temperance.show.output import write_file
from temperance.theory.contact.order_setting import order_setting
from temperance.theory.models.form import intercept as intercept_of
from temperance.theory.models.form import is_linear
from temperance.theory.models.order import MET, Order
from temperance.theory.models.spec import NU
from temperance.theory.models.truth import Setting

_LARGEST = 10**12  # the last n of a study that is kept
_NO_ORDERS = ("density", "weight", "beta0/tau")  # which the atlas has no orders of
Place = tuple[AtlasRow, str, int]


def entries() -> list[Place]:
    """The entries whose orders are measured: in the least dimension, and in 2 where those of 1 are not carried."""

    def computed(row: AtlasRow, cell: str, d: int) -> bool:
        try:
            return bool(family(setting(row, cell, d)))
        except ValueError:
            return False

    dims = [(row, d) for row in ROWS for d in {row.d, row.d if seen_on_lines(row.gate, row.source) else 2}]
    return [(row, cell, d) for row, d in dims for cell in CELLS if computed(row, cell, d)]


def measure(row: AtlasRow, cell: str, d: int, parameter: str | None = None) -> list[KeptOrder]:
    """Measure an entry, or one order of it: differences, shared parameters, weighted means.

    Means in cells of three, which take long, are left out where there are four parameters or more and the order that is
    carried to them meets the bound, or, for d > 1, where there is one.
    """
    found, before = bounds(row, cell, d), stored()
    chosen = tuple(o for o in found.orders if parameter in (None, o.parameter))

    def is_open(order: Order) -> bool:
        elsewhere = carried_measurement(row, cell, d, order, before, bounds)
        return elsewhere is None or (d == 1 and (elsewhere[0].order or 0.0) < float(order.upper or 1) - MET)

    slow = [o for o in chosen if o.is_mean and o.upper not in (None, 1) and is_open(o)]
    return kept_orders(replace(found, orders=chosen), slow)


def _measured(place: Place) -> list[KeptOrder]:
    return measure(*place)


def remeasure(path: str, gate: str | None = None, workers: int = 1) -> None:
    """Measure what a file does not hold, and write it after every entry."""
    done = json.loads(Path(path).read_text(encoding="utf-8")) if Path(path).exists() else {}
    todo = [e for e in entries() if key(*e) not in done and gate in (None, e[0].gate, e[0].source)]
    with local_workers(workers) as pool:
        for place, orders in zip(todo, pool.map(_measured, todo), strict=True):
            done[key(*place)] = [asdict(order) for order in orders]
            write_file(path, json.dumps(done) + "\n")


def slopes_of(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The studies of a report of `verify` that go to n = 10^12 at a truth with no mirror point, and their slopes.

    For cells of several atoms, keep only slopes with a predicted rate.
    """
    kept: dict[str, dict[str, Any]] = {}
    for leg in (claim["legs"]["monte_carlo"] for claim in report["claims"]):
        for study in () if leg is None else leg.get("studies", ()):
            made, truth = study["definition"], study["definition"]["truth"]
            if made["sizes"][-1] < _LARGEST or not any(map(sum, zip(*truth["beta1"], strict=True))):
                continue
            cell = made["k"] - len(truth["b"]) + 1
            of_study = [s for s in leg["slopes"] if s["study"] == study["name"] and s["cell_size"] in (None, cell)]
            kept[study["name"]] = {
                "study": study["name"],
                **{name: made[name] for name in ("digest", "activation", "tau")},
                "cell": cell,
                "d": len(truth["beta1"][0]),
                "sizes": [made["sizes"][0], made["sizes"][-1]],
                "slopes": [*map(_slope, filter(_is_kept, of_study)), *kept.get(study["name"], {}).get("slopes", ())],
            }
    return list(kept.values())


def _is_kept(s: Mapping[str, Any]) -> bool:
    return s["outcome"] is not None and s["slope"] is not None and s["parameter"] not in _NO_ORDERS


def _slope(s: Mapping[str, Any]) -> dict[str, Any]:
    shown = {"slope": round(s["slope"], 4), "ci": [None if end is None else round(end, 4) for end in s["ci"]]}
    return {"parameter": s["parameter"], **shown, **{name: s[name] for name in ("predicted", "outcome", "reason")}}


def kept_apart(chosen: Setting) -> Setting:
    """A setting with other experts: slopes 1/(2 d) and -1/(2 d), intercepts 2 and -2, variances 1/4 and 1/2.

    The experts stay apart, so that an error is hardly one of telling the two cells from each other: where means are
    bounded by 1, intercepts are 1 and -1, and variances a quarter.
    """
    slope = sp.Rational(1, 2 * chosen.spec.dim)
    intercept, nu = (sp.Integer(2), sp.Rational(1, 4)) if is_linear(chosen) else (sp.S.One, sp.Rational(1, 16))
    b = intercept_of(chosen.mean, tuple(p for p in chosen.expert if p != NU), chosen.spec.dim)
    line = {p: intercept if p == b else slope for p in chosen.expert}
    experts = ({**line, NU: nu}, {**{p: -v for p, v in line.items()}, NU: 2 * nu})
    atoms = tuple({**atom, **expert} for atom, expert in zip(chosen.truth.atoms, experts, strict=True))
    return replace(chosen, truth=replace(chosen.truth, atoms=atoms))


def study_of(entry: Mapping[str, Any]) -> GeneralStudy:
    """The study of a stored result, with experts that are kept apart."""
    about, made = entry["setting"], entry["definition"]
    names = {name: about[name] for name in ("gate", "expert", "split", "point", "dim")}
    chosen = order_setting(source=about["activation"], size=max(made["cell"], 2), **names)
    family = Family(replace(kept_apart(chosen), cells=(made["cell"], *chosen.cells[1:])))
    plan = (tuple(made["sizes"]), made["replicates"], made["starts"], made["seed"], made["columns"])
    return GeneralStudy(made["name"], family, made["q"], *plan, made.get("rounds", 1), made.get("uniform", 0))


def result_of(entry: Mapping[str, Any], result: GeneralResult) -> dict[str, Any]:
    """A result as it is stored: errors to five digits, null where a fit is dropped."""
    errors = {
        name: [[None if isnan(e) else float(f"{e:.5g}") for e in row] for row in values.reshape(result.status.shape)]
        for name, values in result.errors.items()
    }
    made = {"definition": result.study.definition, "errors": errors, "fits": result.counts}
    return {"setting": entry["setting"], **made, "conditions": conditions(result)}


def repeat(path: str, *names: str) -> None:
    """Run studies of these names, or all, and write the results after every one."""
    results: list[dict[str, Any]] = []
    for entry in (stored_studies()[name] for name in names or stored_studies()):
        results.append(result_of(entry, run_general(study_of(entry))))
        write_file(path, json.dumps(results) + "\n")


def main(arguments: Sequence[str]) -> None:
    """Run the command line."""
    if arguments[0] == "--slopes":
        report = json.loads(Path(arguments[1]).read_text(encoding="utf-8"))
        write_file(arguments[2], json.dumps(slopes_of(report)) + "\n")
    elif arguments[0] == "--studies":
        repeat(*arguments[1:])
    else:
        remeasure(*arguments, workers=processes(None))


if __name__ == "__main__":
    main(sys.argv[1:])
