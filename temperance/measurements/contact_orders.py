"""Proves and measures the contact orders of an arbitrary gate, for `temperance exponents`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

import sympy as sp

from temperance.numerics.contact.by_minimisation import Measured, measure
from temperance.numerics.fitting.families import Family
from temperance.theory.contact.contact_orders import Orders
from temperance.theory.contact.default_truth import relation_parameters
from temperance.theory.contact.order_setting import SUPPORT, flat_curves, free_parameters
from temperance.theory.contact.places import held_of_last, moved_along
from temperance.theory.models.form import activated
from temperance.theory.models.order import MET, Measurement, Order, Reason, ReasonKind
from temperance.theory.models.spec import BETA0, covariates, kinks, weight_parameters
from temperance.theory.models.truth import Setting
from temperance.theory.symmetries.score_translations import plain_parameters
from temperance.theory.symmetries.traits import held_of_split

Doing = Callable[[str], AbstractContextManager[object]]
_FEW = 3  # parameters, with which the means in a cell of three are measured in a minute
LEAST_ERROR = 0.01  # that is shown of a measured order
_DIGITS = 5  # of a distance that is kept, and decimals of an order
_DECIMALS = 3
_BESIDE, _JUMP = 1e-9, 1e-4  # of a kink; between the log weights on its two sides


def record(proved: Orders) -> dict[str, Any]:
    """What `exponents --json` prints: everything about the orders in a setting."""
    chosen = proved.setting
    remarks = [r for order in proved.orders if (r := order.remark())]
    remarks += [f"a special truth: {what}; elsewhere orders may be others" for what in _special(chosen)]
    low, high = (int(end) if end.is_Integer else float(end) for end in chosen.truth.box or SUPPORT)
    x = {"law": "uniform", "low": low, "high": high}
    return {
        "setting": {**setting_record(chosen), "truth": true_atoms(chosen), "dim": chosen.spec.dim, "x": x},
        "equations": [],
        "orders": [order.to_json() for order in proved.orders],
        "reasons": [*reasons_of(proved.reasons, proved.certificates), *remarks, *_law(chosen)],
    }


def _law(chosen: Setting) -> list[str]:
    """Why proofs, which are of one law of x, are of another one, too."""
    if chosen.truth.box in (None, SUPPORT):
        return []
    smooth, kinked = "without kinks orders are the same on every interval", "bounds hold on an interval around it"
    return [f"proofs are written for x on [{SUPPORT[0]}, {SUPPORT[1]}]; {kinked if kinks(chosen.spec) else smooth}"]


def _special(chosen: Setting) -> Iterator[str]:
    """What is special about the gates of the split atoms, so that orders may be others at most truths."""
    free = [p for p in chosen.own if p not in plain_parameters(chosen.spec)]
    for atom in range(2 if chosen.every else 1):  # at 0 terms of the slopes of a gate vanish
        if zeros := [p.name for p in free if chosen.truth.atoms[atom][p] == 0]:
            yield f"{', '.join(zeros)} of atom {atom + 1} {'is' if len(zeros) == 1 else 'are'} 0"
    if parameters := relation_parameters(chosen.truth):
        values = ", ".join(f"{p} = {chosen.point[p]}" for p in parameters)
        yield f"at {values} the weight has more relations among its derivatives"
    form = activated(chosen.spec.gate, chosen.spec.dim)
    if chosen.every and chosen.spec.dim > 1 and form is not None:  # both gates may be seen on one line
        rows = [[atom[p] for p in form.direction] for atom in (chosen.point, chosen.other)]
        if all(map(any, rows)) and sp.Matrix(rows).rank() == 1:
            names = ", ".join(p.name for p in form.direction)
            yield f"({names}) of both atoms are multiples of one vector"


def reasons_of(reasons: Sequence[Reason], certificates: Sequence[Mapping[str, Any]]) -> list[str]:
    """Reasons in words: which kind of certificate is missing, where there is one of another kind."""
    missing = {ReasonKind.NO_CERTIFICATE: "no certificate by equations: "} if certificates else {}
    return [f"{missing[r.kind]}{r.text}" if r.kind in missing else str(r) for r in reasons]


def answer(proved: Orders) -> str:
    """The rates in words: proved, only measured, and none at all; and whether anything was measured."""
    unmeasured = all(row.measured is None for row in proved.orders)
    return f"Rates. {rates_in_words(proved)}" + (" Nothing was measured." if unmeasured else "")


def rates_in_words(proved: Orders) -> str:
    """The rates: proved, only measured, and none at all."""
    rates: dict[str, list[str]] = {}
    listed = ", ".join
    for row in proved.orders:
        if row.rate is not None:
            rates.setdefault(describe_rate(row.to_json()), []).append(row.parameter)
    flat = [row.parameter for row in proved.orders if row.flat]
    open_ = [row for row in proved.orders if row.upper is None and not row.flat]
    measured = [f"{row.parameter} {row.value:.2f}" for row in open_ if row.value is not None]
    unseen = [row.parameter for row in open_ if row.value is None]
    least = [row.parameter for row in proved.orders if row.upper == 1]
    parts = [f"proved: {'; '.join(f'{rate} for {listed(names)}' for rate, names in rates.items())}"] if rates else []
    if least and not all(row.measured is None for row in proved.orders):
        parts.append(f"not measured, as no order is below 1: {listed(least)}")
    parts += [f"no rate at all: {listed(flat)}"] if flat else []
    parts += [f"measured, without a proof that the order is no larger: {listed(measured)}"] if measured else []
    parts += [f"neither proved nor measured: {listed(unseen)}"] if unseen else []
    return f"{'. '.join(part[0].upper() + part[1:] for part in parts)}."


def describe_bound(order: Mapping[str, Any]) -> str:
    """The bound of an order of the record, as a cell of a table."""
    return "none (flat)" if order["flat"] else order["upper"] or "-"


def describe_rate(order: Mapping[str, Any], least: str = "1") -> str:
    """The rate of an order of the record, as a cell of a table; least: an order that it is not below."""
    if order["rate"] is None:
        return "-"
    return f"n^(-{order['rate']})" + ("" if order["upper"] in (least, order["lower"]) else " or faster")


def setting_record(chosen: Setting) -> dict[str, Any]:
    """The model and the true point, as JSON."""
    spec = chosen.spec
    return {
        "gate": spec.gate.name,
        "expert": spec.expert.name,
        "activation": None if spec.gate.activation is None else spec.gate.activation.name,
        "cell": chosen.size,
        "split": "all" if chosen.every else "one",
        "point": {p.name: str(chosen.point[p]) for p in free_parameters(chosen)},
    }


def true_atoms(chosen: Setting) -> dict[str, Any]:
    """The true mixture as JSON: the parameters of each atom, and which of the last atom are held (the gauge).

    Of a cell of several atoms it is the one that they are near. Where a flow moves parameters that are held, what is
    held is the score, and they are listed (theory 2.1).
    """
    spec, bias = chosen.spec, (BETA0,) if chosen.spec.gate.offset is not None else ()
    points = [chosen.truth.point(i) for i in range(chosen.truth.k)]
    if chosen.fitted == chosen.truth.k:
        parameters, held = (*spec.parameters, *bias), held_of_last(chosen.truth)
        atoms = [{p.name: str(at[p]) for p in parameters} for at in points]
        return {"atoms": atoms, "held": [p.name for p in held], "along_flow": moved_along(chosen.truth, held)}
    weights = weight_parameters(spec) or bias
    gate = (*free_parameters(chosen), *weights)
    atoms = [{p.name: str(at[p]) for p in gate} | {p.name: f"{float(at[p]):g}" for p in chosen.expert} for at in points]
    own = held_of_split(spec, chosen.own) if chosen.every else chosen.own
    held = (*weights, *own)
    return {"atoms": atoms, "held": [p.name for p in held], "along_flow": moved_along(chosen.truth, held)}


def describe_truth(truth: Mapping[str, Any], every: bool = False) -> str:
    """A true mixture as it is shown: the atoms, and what is held; every: of fits that split each cell."""
    held, along = ", ".join(truth["held"]) or "nothing", ", ".join(truth.get("along_flow", ()))
    held += f" (its score: a flow moves {along})" if along else ""
    return f"{describe_atoms(truth)}; held in this setting, of the last {'fitted ' * every}atom: {held}"


def describe_atoms(truth: Mapping[str, Any]) -> str:
    """The atoms of a true mixture as they are shown."""
    atoms = [", ".join(f"{name} = {value}" for name, value in atom.items()) for atom in truth["atoms"]]
    return f"truth: ({'), ('.join(atoms)})"


def family(chosen: Setting) -> Family:
    """The mixtures to measure with. Raises ValueError where distances are not measured, and says why."""
    if obstacle := unmeasured(chosen):
        raise ValueError(obstacle)
    return Family(chosen)


def unmeasured(chosen: Setting) -> str | None:
    """Why distances are not measured; None where they are.

    The grid follows the kinks of one cell, on a line, and where a jump moves the distance has no derivative.
    """
    gate_kinks, line = kinks(chosen.spec), chosen.spec.dim == 1
    if not line and any(kink.kind == "boundary" for kink in gate_kinks):
        return f"the gate {chosen.spec.gate.name!r} has kinks, and these are measured in d = 1"
    mixtures = Family(chosen)
    if chosen.every and (any(k.moved_by for k in gate_kinks) or (line and any(mixtures.kinks()))):
        return "orders of every cell split are measured where the kinks of the gate stay: they move here"
    weight = sp.lambdify(covariates(1), chosen.spec.gate.log_weight.subs(chosen.point), "mpmath")
    for x in mixtures.kinks(moving=True) if line else ():
        if abs(weight(x + _BESIDE) - weight(x - _BESIDE)) > _JUMP:
            return "the gate jumps where a parameter moves, and the distance has no derivative there"
    return None


def add_measurements(proved: Orders, progress: Doing = lambda _: nullcontext()) -> Orders:
    """The orders with what was measured of them; arguments as in `measurements`.

    >>> from temperance.theory.contact.contact_orders import orders
    >>> from temperance.theory.contact.order_setting import order_setting
    >>> measured = add_measurements(orders(order_setting("activation", "constant", "tanh")))
    >>> [(order.parameter, str(order.rate)) for order in measured.orders][:2]
    [('beta1', '1/4'), ('b', '1/8')]
    """
    return replace(proved, orders=tuple(order for order, _ in measurements(proved, progress)))


def measured(order: Order, distances: Measured | None) -> Order:
    """An order with what its distances show."""
    if distances is None:
        return order
    return replace(order, measured=Measurement(distances.order, distances.error, distances.trouble))


def measurements(
    proved: Orders, progress: Doing = lambda _: nullcontext(), *, slow: Collection[Order] = ()
) -> Iterator[tuple[Order, Measured | None]]:
    """Each order with what was measured of it, and the distances, if its bound is above 1 (the least possible).

    progress: entered with what is being done. slow: those weighted means in cells of three that are measured though it
    takes many minutes.
    """
    mixtures, chosen = family(proved.setting), proved.setting
    for order in proved.orders:
        with progress(f"measuring {order.parameter}"):
            is_slow = order.is_mean and chosen.size > 2 and len(chosen.parameters) > _FEW
            run = None if is_slow and order not in slow else _measure(chosen, mixtures, order)
        yield measured(order, run), run


def _measure(chosen: Setting, mixtures: Family, order: Order) -> Measured | None:
    scale = order.flat and order.name not in flat_curves(chosen).flat
    if scale or order.upper == 1:
        return None
    run = measure(mixtures, order.name, mean=order.is_mean)
    if not order.is_mean or (order.upper is not None and abs((run.order or 0.0) - float(order.upper)) <= MET):
        return run
    other = measure(mixtures, order.name, mean=True, sign=-1)  # it may move one way only
    return max(run, other, key=lambda run: run.order or 0.0)


@dataclass(frozen=True)
class KeptOrder:
    """A measured order as it is kept: rounded, None where it has not settled; flat: no distance differs from 0.

    levels, distances: t = 2^-level along the way, and the least distance there, None where it is infinite.
    """

    parameter: str
    order: float | None
    error: float | None
    flat: bool
    levels: Sequence[float] = ()
    distances: Sequence[float | None] = ()


def kept_orders(proved: Orders, slow: Collection[Order] = ()) -> list[KeptOrder]:
    """Measured orders of a setting, as they are kept; slow: as `measurements` has them."""
    return [
        KeptOrder(
            order.parameter,
            None if order.value is None else round(order.value, _DECIMALS),
            order.error,
            run.flat,
            list(run.levels),
            [float(f"{d:.{_DIGITS}g}") if isfinite(d) else None for d in run.distances],
        )
        for order, run in measurements(proved, slow=slow)
        if run is not None
    ]
