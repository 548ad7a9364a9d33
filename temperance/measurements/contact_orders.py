"""Proves and measures the contact orders of an arbitrary gate, for `temperance exponents`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from typing import Any

import sympy as sp

from temperance.numerics.contact.by_minimisation import measure
from temperance.numerics.contact.local_exponents import Measured
from temperance.numerics.general.split_mixtures import Family, Truth
from temperance.theory.contact.contact_orders import Order, Orders
from temperance.theory.contact.order_setting import OrderSetting, other_place
from temperance.theory.models.kinks import kinks
from temperance.theory.models.spec import BETA0, NU
from temperance.theory.models.weights import weight_parameters
from temperance.theory.traits.traits import translates

Doing = Callable[[str], AbstractContextManager[object]]
_FEW = 3  # parameters, with which the means in a cell of three are measured in a minute
LEAST_ERROR = 0.01  # that is shown of a measured order
MET = 0.1  # a measured order this close to the bound has met it


@dataclass(frozen=True)
class MeasuredOrder:
    """An order, and what was measured of it (None: nothing)."""

    order: Order
    measured: Measured | None

    @property
    def value(self) -> float | None:
        """The measured order; None where there is none, or it is above what is proved by more than its error."""
        found, upper = self.measured, self.order.upper
        if found is None or found.order is None:
            return None
        exceeds = upper is not None and found.order > float(upper) + max(MET, found.error or 0.0)
        return None if exceeds else found.order

    @property
    def error(self) -> float | None:
        """How far the last local exponents lie from the measured order."""
        return None if self.measured is None or self.value is None else round(self.measured.error or 0.0, 3)

    def record(self) -> dict[str, Any]:
        """The row as JSON."""
        upper = None if self.order.upper is None else str(self.order.upper)
        return {
            "parameter": self.order.parameter,
            "upper": upper,
            "certified": self.order.certified,
            "lower": None if self.order.reached is None else str(self.order.reached),
            "certified_below": self.order.certified_below,
            "measured": None if self.value is None else round(self.value, 3),
            "error": self.error,
            "flat": self.order.flat,
            "rate": None if self.order.rate is None else str(self.order.rate),
        }

    def remark(self) -> str | None:
        """Where the bound and the measurement have not met, or why nothing was measured."""
        name, upper, value = self.order.parameter, self.order.upper, self.value
        if self.order.flat or self.order.exact or self.measured is None:
            return None
        if self.measured.trouble:
            return f"{name}: {self.measured.trouble}"
        if value is None:
            return f"{name}: not measured: the local exponents are above the proved bound, and have not settled"
        if upper is None:
            return f"{name}: the order is at least about {value:.2f} (measured)"
        if abs(float(upper) - value) > MET:
            return f"{name}: the order lies between about {value:.2f} (measured) and {upper} (proved)"
        return None


@dataclass(frozen=True)
class TrueAtoms:
    """The true mixture: the parameters of each atom, and which of the last atom are held (the gauge).

    Of a cell of several atoms it is the one that they are near. x is uniform on [-2, 2]^d where orders are measured.
    """

    atoms: Sequence[Mapping[str, str]]
    held: Sequence[str]

    def __str__(self) -> str:
        """As it is shown: the atoms, and what is held."""
        shown = [", ".join(f"{name} = {value}" for name, value in atom.items()) for atom in self.atoms]
        return f"truth: ({'), ('.join(shown)}); held of the last atom: {', '.join(self.held) or 'nothing'}"


@dataclass(frozen=True)
class Exponents:
    """Everything about the orders in a setting."""

    found: Orders
    rows: tuple[MeasuredOrder, ...]

    @property
    def truth(self) -> TrueAtoms:
        """The true mixture."""
        return true_atoms(self.found.setting)

    def record(self) -> dict[str, Any]:
        """What `--json` prints."""
        remarks = [r for row in self.rows if (r := row.remark())]
        return {
            "setting": {
                **setting(self.found.setting),
                "truth": asdict(self.truth),
                "dim": self.found.setting.dim,
            },
            "equations": list(self.found.equations),
            "orders": [row.record() for row in self.rows],
            "reasons": [*self.found.reasons, *remarks],
        }


def answer(found: Exponents) -> str:
    """The rates in words: proved, only measured, and none at all."""
    rates: dict[str, list[str]] = {}
    listed = ", ".join
    for row in found.rows:
        if row.order.rate is not None:
            rates.setdefault(f"n^(-{row.order.rate})", []).append(row.order.parameter)
    flat = [row.order.parameter for row in found.rows if row.order.flat]
    open_ = [row for row in found.rows if row.order.upper is None and not row.order.flat]
    seen = [f"{row.order.parameter} {row.value:.2f}" for row in open_ if row.value is not None]
    unseen = [row.order.parameter for row in open_ if row.value is None]
    least = [row.order.parameter for row in found.rows if row.order.upper == 1]
    parts = [f"proved: {'; '.join(f'{rate} for {listed(names)}' for rate, names in rates.items())}"] if rates else []
    if all(row.measured is None for row in found.rows):
        parts.append("nothing was measured")
    elif least:
        parts.append(f"not measured, as no order is below 1: {listed(least)}")
    parts += [f"no rate at all: {listed(flat)}"] if flat else []
    parts += [f"measured, without a proof that the order is no larger: {listed(seen)}"] if seen else []
    parts += [f"neither proved nor measured: {listed(unseen)}"] if unseen else []
    return f"Rates. {'. '.join(part[0].upper() + part[1:] for part in parts)}."


def setting(chosen: OrderSetting) -> dict[str, Any]:
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


def moving(chosen: OrderSetting) -> tuple[sp.Symbol, ...]:
    """The parameters that a true point gives values to."""
    return (*chosen.cell.own, *chosen.cell.spec.gate.shared)


def true_mixture(chosen: OrderSetting) -> Truth:
    """The mixture to measure at: slopes 1 and -1, intercepts 0 and 3, variances 1 and 3/2, x uniform on [-2, 2]^d.

    The gate of the other atom is `other_place`.
    """
    expert, other = (
        {p: nu if p == NU else intercept if p.name == "b" else slope for p in chosen.cell.expert}
        for slope, intercept, nu in ((1.0, 0.0, 1.0), (-1.0, 3.0, 1.5))
    )
    return Truth(chosen.cell, expert, {p: float(v) for p, v in other_place(chosen).items()}, other)


def true_atoms(chosen: OrderSetting) -> TrueAtoms:
    """The parameters of the split atom and of the other one, and the names of those of the last one that are held."""
    truth, cell = true_mixture(chosen), chosen.cell
    weights = {p.name: "1" for p in weight_parameters(cell.spec)} or ({BETA0.name: "0"} if cell.weighted else {})
    gates = [cell.point, {**cell.point, **other_place(chosen)}]
    experts = [truth.expert, truth.other_expert]
    atoms = [
        {**{p.name: str(at[p]) for p in moving(chosen)}, **weights, **{p.name: f"{v:g}" for p, v in expert.items()}}
        for at, expert in zip(gates, experts, strict=True)
    ]
    return TrueAtoms(atoms, [*weights, *(p.name for p in cell.own if _is_held(chosen))])


def _is_held(chosen: OrderSetting) -> bool:
    """Whether the gate of the last atom is: of a single one, and where scores are modulo translation."""
    return chosen.split != "all" or translates(chosen.cell.spec)


def family(chosen: OrderSetting) -> Family:
    """The mixtures to measure with, near `true_mixture`.

    Raises ValueError where every cell is split and kinks move with beta1: the grid follows those of one cell.
    """
    made = Family(true_mixture(chosen), chosen.size, chosen.split == "all", _is_held(chosen))
    if chosen.split == "all" and (any(made.kinks()) or any(k.moved_by for k in kinks(chosen.cell.spec))):
        raise ValueError("orders of every cell split are measured where the kinks of the gate stay: they move here")
    return made


def with_measurements(
    found: Orders, progress: Doing = lambda _: nullcontext(), *, slow: Collection[Order] = ()
) -> Exponents:
    """The bounds, and measured orders of everything whose bound is above 1 (1 is the least that an order can be).

    progress: entered with what is being done. slow: those weighted means in cells of three that are measured though it
    takes many minutes.

    >>> from temperance.theory.contact.contact_orders import orders
    >>> from temperance.theory.contact.order_setting import order_setting
    >>> measured = with_measurements(orders(order_setting("activation", "constant", "tanh")))
    >>> [(row.order.parameter, str(row.order.rate)) for row in measured.rows][:2]
    [('beta1', '1/4'), ('b', '1/8')]
    """
    mixtures, rows = family(found.setting), []
    for order in found.orders:
        with progress(f"measuring {order.parameter}"):
            is_slow = order.mean and found.setting.size > 2 and len(found.setting.parameters) > _FEW
            skipped = is_slow and order not in slow
            rows.append(MeasuredOrder(order, None if skipped else _measured(found.setting, mixtures, order)))
    return Exponents(found, tuple(rows))


def _measured(chosen: OrderSetting, mixtures: Family, order: Order) -> Measured | None:
    scale = order.flat and order.name not in chosen.flat
    if scale or order.upper == 1:
        return None
    found = measure(mixtures, order.name, mean=order.mean)
    if not order.mean or (order.upper is not None and abs((found.order or 0.0) - float(order.upper)) <= MET):
        return found
    other = measure(mixtures, order.name, mean=True, sign=-1)  # it may move one way only
    return max(found, other, key=lambda run: run.order or 0.0)
