"""Tabulates contact orders of many gates: proved bounds and stored measurements.

``python -m temperance.measurements.order_results FILE.json`` measures them again, in a quarter of an hour; the notebook
on exponents shows what `data/exponent_table.json` holds. Bounds are quick and computed on demand.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Mapping
from dataclasses import replace
from importlib.resources import files
from math import isfinite
from typing import Any

from temperance.measurements.contact_orders import LEAST_ERROR, measurements
from temperance.terminal.output import write_file
from temperance.theory.contact.contact_orders import Orders, orders
from temperance.theory.contact.order_setting import Arguments
from temperance.theory.settings.order import Order

_LOG = Arguments("activation", source="log(1 + z**2)")
_SIGMOID = Arguments("activation-bias", source="sigmoid")
SETTINGS: dict[str, Arguments] = {
    "softmax gate": Arguments("softmax"),
    "softmax gate, every cell split": Arguments("softmax", split="all"),
    "softmax gate, quadratic expert": Arguments("softmax", expert="polynomial:2"),
    "tanh": Arguments("activation", source="tanh"),
    "tanh, quadratic expert": Arguments("activation", source="tanh", expert="polynomial:2"),
    "log(1 + z^2) at tau = 1": _LOG,
    "log(1 + z^2) at tau = 2": replace(_LOG, point={"tau": "2"}),
    "exp": Arguments("activation", source="exp(z)"),
    "sqrt(1 + z^2)": Arguments("activation", source="sqrt(1 + z**2)"),
    "z^2 + z": Arguments("activation", source="z**2 + z"),
    "z^2": Arguments("activation", source="z**2"),
    "ReLU": Arguments("activation", source="relu"),
    "sigmoid gate with a bias, tau = 1": _SIGMOID,
    "sigmoid gate with a bias": replace(_SIGMOID, point={"beta1": "2", "c": "log(2)", "tau": "1/8"}),
    "Gaussian gate": Arguments("gaussian"),
    "quadratic gate": Arguments("quadratic"),
    "Laplace gate": Arguments("laplace"),
    "softmax gate, cell of three": Arguments("softmax", size=3),
    "tanh, cell of three": Arguments("activation", source="tanh", size=3),
}
_WITH_MEANS = (
    *("softmax gate", "softmax gate, quadratic expert", "sigmoid gate with a bias", "Gaussian gate", "Laplace gate"),
)
_DIGITS = 5
_DECIMALS = 3


def bounds(name: str) -> Orders:
    """What is proved of a setting."""
    return orders(SETTINGS[name].setting())


def measured(name: str) -> list[dict[str, Any]]:
    """What the minimisation finds of differences, of shared parameters, and for some settings of weighted means."""
    found = bounds(name)
    return records(replace(found, orders=tuple(o for o in found.orders if not o.is_mean or name in _WITH_MEANS)))


def records(found: Orders, slow: Collection[Order] = ()) -> list[dict[str, Any]]:
    """Measured orders of a setting, as they are kept; slow: as `measurements` has them."""
    return [
        {
            "parameter": order.parameter,
            "order": None if order.value is None else round(order.value, _DECIMALS),
            "error": order.error,
            "flat": run.flat,
            "levels": list(run.levels),
            "distances": [float(f"{d:.{_DIGITS}g}") if isfinite(d) else None for d in run.distances],
        }
        for order, run in measurements(found, slow=slow)
        if run is not None
    ]


def is_same(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether two measurements of an order are no further apart than their errors, each `LEAST_ERROR` at least.

    Minima in narrow valleys end where rounding errors lead, and the last exponents of an order that has hardly settled
    differ by as much as its error says.
    """
    if None in (before["order"], now["order"]):
        return before["order"] == now["order"] and before["flat"] == now["flat"]
    return bool(abs(before["order"] - now["order"]) <= sum(max(r["error"], LEAST_ERROR) for r in (before, now)))


def stored() -> dict[str, dict[str, dict[str, Any]]]:
    """What was measured and kept: setting -> parameter -> its row."""
    text = files("temperance.measurements").joinpath("data/exponent_table.json").read_text(encoding="utf-8")
    return {name: {row["parameter"]: row for row in rows} for name, rows in json.loads(text).items()}


def main(path: str, *names: str) -> None:
    """Measure the settings of these names, or all, and write the results to a file."""
    found: dict[str, Any] = {}
    for name in names or SETTINGS:
        found[name] = measured(name)
        print(name, {row["parameter"]: row["order"] for row in found[name]}, flush=True)
        write_file(path, json.dumps(found) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
