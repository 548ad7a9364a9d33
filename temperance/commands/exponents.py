"""`temperance exponents`: contact orders of a gate, proved and measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from temperance.terminal.errors import BadInput, one_line, refusing
from temperance.terminal.json_input import read_json
from temperance.terminal.options import Json, Whole, gate_of
from temperance.terminal.output import check_writable, console, table, to_json, write_file
from temperance.terminal.progress import display

if TYPE_CHECKING:
    from temperance.theory.rates.contact_orders import OrderSetting

_COLUMNS = ("parameter", "upper bound", "measured", "rate")
_ACCEPTED = 'an object of numbers such as {"beta1": 1, "tau": "1/2"}'
_LARGEST_CELL = 4


def exponents(
    *,
    gate: str = "linear",
    expert: str = "gaussian",
    activation: str | None = None,
    cell: Whole = 2,
    split: str = "one",
    point: str | None = None,
    json: Json = False,
    certificate: Annotated[
        str | None, Parameter(help="Write the certificate of the upper bounds to this .json file; see certify.")
    ] = None,
) -> int:
    """Compute the contact order of every parameter of a split atom: what is proved and what is measured.

    Parameters
    ----------
    gate
        linear, softmax, activation or activation-bias (with --activation), quadratic, gaussian, laplace.
    expert
        gaussian, constant, polynomial:M.
    activation
        A name of the catalogue or an expression in z; chooses the gate "activation".
    cell
        Number of atoms that the true atom is fitted by, 2 to 4; upper bounds are computed for 2.
    split
        one: another cell is a singleton; all: every cell is split.
    point
        A .json file with the true values of the gate's parameters; by default beta1 = 1, tau = 1 and the like.
    """
    from temperance.measurements.contact_orders import answer, with_measurements
    from temperance.theory.rates.contact_orders import order_setting, orders

    if cell > _LARGEST_CELL:
        raise BadInput(f"--cell must be 2, 3 or 4, not {cell}")
    if certificate is not None:
        check_writable(certificate, endings=(".json",))
    values = None if point is None else read_point(point)
    with refusing():
        chosen = order_setting(gate_of(gate, activation), expert, activation, size=cell, split=split, point=values)
    if values is not None:
        _check_complete(values, chosen, str(point))
    with display() as shown:
        with shown.doing("bounding the orders"):
            bounds = orders(chosen)
        if certificate is not None:
            _write_certificate(bounds.certificate, certificate)
        found = with_measurements(bounds, progress=shown.doing)
    if json:
        print(to_json(found.record()))
    else:
        _show(found.record())
        console().print(f"\n{one_line(answer(found))}")
    return 0


def _write_certificate(found: Mapping[str, Any] | None, path: str) -> None:
    if found is None:
        raise BadInput(f"nothing is certified in this setting, and {path!r} is not written; accepted: a cell of two")
    write_file(path, to_json([found]) + "\n")


def read_point(path: str) -> dict[str, str]:
    """The true values in a JSON file, as text: numbers (decimals are exact), or text such as "1/2" and "log(2)".

    Raises:
        BadInput: the file cannot be read, or holds no such object.
    """
    with refusing():
        found = read_json(path, _ACCEPTED, str)
    if not isinstance(found, dict) or not found:
        raise BadInput(f"{path!r} holds no point; accepted: {_ACCEPTED}")
    for name, value in found.items():
        if not isinstance(value, str):
            raise BadInput(f"{path!r}: {name!r} must be a number, not {str(value)[:60]!r}; accepted: {_ACCEPTED}")
    return found


def _check_complete(values: Mapping[str, str], chosen: OrderSetting, path: str) -> None:
    from temperance.measurements.contact_orders import moving

    names = [p.name for p in moving(chosen)]
    missing = [name for name in names if name not in values]
    if missing:
        raise BadInput(f"{path!r} has no value of {missing[0]!r}; accepted: one for each of {', '.join(names)}")


def _show(record: Mapping[str, Any]) -> None:
    screen = console()
    setting = record["setting"]
    gate = setting["gate"] if setting["activation"] is None else f"{setting['gate']} {setting['activation']}"
    at = ", ".join(f"{name} = {value}" for name, value in setting["point"].items())
    other = "every cell is split" if setting["split"] == "all" else "another is a singleton"
    title = f"{gate} gate, {setting['expert']} expert, a cell of {setting['cell']}, {other}; {at}"
    screen.print(one_line(f"Contact orders of the {title}"))
    screen.print(table(_COLUMNS, [_cells(order) for order in record["orders"]]))
    for line in record["reasons"]:
        screen.print(one_line(line))
    if record["equations"]:
        screen.print("\nReduced equations (h: differences of the two atoms, s: difference of their shares)")
    for line in record["equations"]:
        screen.print(f"  {line}")


def _cells(order: Mapping[str, Any]) -> tuple[str, ...]:
    bound = "none (flat)" if order["flat"] else order["upper"] or "-"
    measured = "-" if order["measured"] is None else f"{order['measured']:.2f} ± {max(order['error'], 0.01):.2f}"
    rate = "-" if order["rate"] is None else f"n^(-{order['rate']})"
    return order["parameter"], bound, measured, rate
