"""Proves and measures the contact orders of an arbitrary gate, for `temperance exponents`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import sympy as sp

from theory.exponents import Number, Order, Orders, Study, orders, other_place, study
from theory.models import NU

if TYPE_CHECKING:
    from numerics.offsets import Family
    from numerics.orders import Measured

Doing = Callable[[str], AbstractContextManager[None]]
MET = 0.1  # a measured order this close to the bound has met it


@dataclass(frozen=True)
class Row:
    """An order, what was measured of it (None: nothing), and its rate."""

    order: Order
    measured: Measured | None

    @property
    def value(self) -> float | None:
        """The measured order."""
        return None if self.measured is None else self.measured.order

    @property
    def rate(self) -> Fraction | None:
        """1/(2 r), the exponent of n, where r is proved."""
        return None if self.order.upper is None else 1 / (2 * self.order.upper)

    def record(self) -> dict[str, Any]:
        """The row as JSON."""
        upper = None if self.order.upper is None else str(self.order.upper)
        return {
            "parameter": self.order.parameter,
            "upper": upper,
            "certified": self.order.certified,
            "measured": None if self.value is None else round(self.value, 3),
            "flat": self.order.flat,
            "rate": None if self.rate is None else str(self.rate),
        }

    def remark(self) -> str | None:
        """Where the bound and the measurement have not met."""
        name, upper, value = self.order.parameter, self.order.upper, self.value
        if self.order.flat or self.measured is None:
            return None
        if self.measured.flat:
            return f"{name}: no distance can be told from 0, which supports an identity and does not prove it"
        if value is None:
            return f"{name}: no distance is resolved"
        if upper is None:
            return f"{name}: the order is at least about {value:.2f} (measured)"
        if abs(float(upper) - value) > MET:
            return f"{name}: the order lies between about {value:.2f} (measured) and {upper} (proved)"
        return None


@dataclass(frozen=True)
class Exponents:
    """Everything about the orders in a setting."""

    found: Orders
    rows: tuple[Row, ...]

    def record(self) -> dict[str, Any]:
        """What `--json` prints."""
        remarks = [r for row in self.rows if (r := row.remark())]
        return {
            "setting": setting(self.found.study),
            "equations": list(self.found.equations),
            "orders": [row.record() for row in self.rows],
            "reasons": [*self.found.reasons, *remarks],
        }


def setting(chosen: Study) -> dict[str, Any]:
    """The model and the true point."""
    cell = chosen.cell
    return {
        "gate": cell.spec.gate.name,
        "expert": cell.spec.expert.name,
        "activation": None if chosen.source is None else chosen.source.name,
        "cell": chosen.size,
        "split": chosen.split,
        "point": {p.name: str(cell.point[p]) for p in moving(chosen)},
    }


def moving(chosen: Study) -> tuple[sp.Symbol, ...]:
    """The parameters that a true point gives values to."""
    return (*chosen.cell.own, *chosen.cell.spec.gate.shared)


def family(chosen: Study) -> Family:
    """The mixtures to measure with: slopes 1 and -1, intercepts 0 and 3, variances 1 and 3/2, x uniform on [-2, 2]."""
    from numerics.offsets import Family, Truth

    slopes = [p for p in chosen.cell.expert if p != NU and p.name != "b"]
    intercept = next(p for p in chosen.cell.expert if p.name == "b")
    expert = {**dict.fromkeys(slopes, 1.0), intercept: 0.0, NU: 1.0}
    other = {**dict.fromkeys(slopes, -1.0), intercept: 3.0, NU: 1.5}
    return Family(Truth(chosen.cell, expert, other_place(chosen), other), chosen.size, chosen.split == "all")


def _silently(_: str) -> AbstractContextManager[None]:
    return nullcontext()


def exponents(
    gate: str = "linear",
    expert: str = "gaussian",
    activation: str | None = None,
    *,
    cell: int = 2,
    split: str = "one",
    point: Mapping[str, Number] | None = None,
    seed: int = 0,
    progress: Doing = _silently,
) -> Exponents:
    """The contact order of every parameter of a split atom, and of its cell's weighted means.

    Args:
        gate, expert, activation, split, point: of the setting, as `theory.exponents.study` takes them.
        cell: its size m.
        seed: of the starts of the minimisations.
        progress: entered with what is being done.

    Raises:
        ValueError: what is not accepted.

    >>> found = exponents("activation", "constant", "tanh")
    >>> [(row.order.parameter, str(row.rate)) for row in found.rows][:2]
    [('beta1', '1/4'), ('b', '1/8')]
    """
    chosen = study(gate, expert, activation, size=cell, split=split, point=point)
    with progress("bounding the orders"):
        found = orders(chosen)
    return with_measurements(found, seed, progress)


def with_measurements(found: Orders, seed: int = 0, progress: Doing = _silently) -> Exponents:
    """The bounds, and measured orders of everything whose bound is above 1 (1 is the least that an order can be)."""
    mixtures, rows = family(found.study), []
    for order in found.orders:
        with progress(f"measuring {order.parameter}"):
            rows.append(Row(order, _measured(found.study, mixtures, order, seed)))
    return Exponents(found, tuple(rows))


def _measured(chosen: Study, mixtures: Family, order: Order, seed: int) -> Measured | None:
    from numerics.orders import LEVELS, LEVELS_3, LEVELS_KINK, measure

    scale = chosen.scale is not None and order.parameter in (*chosen.labels, "tau")
    if scale or order.upper == 1 or (order.mean and chosen.size > 2):
        return None
    levels = LEVELS_3 if chosen.size > 2 else LEVELS_KINK if mixtures.kinks() else LEVELS
    runs = [measure(mixtures, order.name, mean=order.mean, levels=levels, seed=seed)]
    if order.mean:  # a mean may move one way only
        runs.append(measure(mixtures, order.name, mean=True, sign=-1, levels=levels, seed=seed))
    return max(runs, key=lambda run: run.order or 0.0)
