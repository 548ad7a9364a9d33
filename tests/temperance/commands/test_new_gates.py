"""A gate that is new, or an expert: a function and a line of a table, and everything else follows from the formula."""

import inspect
from pathlib import Path

import pytest
import sympy as sp

import temperance
from temperance.commands.command import command
from temperance.theory.contact.exact_orders import exact_orders
from temperance.theory.contact.order_setting import accepted
from temperance.theory.models import experts, gates
from temperance.theory.models.spec import BETA0, NU, TAU, Expert, Gate, covariates

ROOT = Path(__file__).parents[3]


def wave(dim):
    if dim > 1:
        raise ValueError("the gate 'wave' has dimension 1")
    (x,), (kappa, c) = covariates(dim), sp.symbols("kappa c", real=True)
    return Gate("wave", kappa * sp.cos(x - c) / TAU, (kappa, c, TAU), (TAU,), BETA0 / TAU)


def swinging(dim):
    a, b = sp.symbols("a b", real=True)
    return Expert("swinging", experts.normal(a * sp.sin(covariates(dim)[0]) + b), (a, b, NU))


@pytest.fixture(autouse=True)
def new(monkeypatch):
    monkeypatch.setitem(gates.GATES, "wave", wave)
    monkeypatch.setitem(experts.EXPERTS, "swinging", swinging)


def by_parameter(rows):
    return {r["parameter"]: "flat" if r["flat"] else r["upper"] for r in rows}


def test_its_relations_and_its_translation_are_derived():
    found = temperance.derive("wave", order=1).to_json()
    assert [r["equation"] for r in found["generators"]] == ["tau*u_{tau} + kappa*u_{kappa} = 0"]
    assert any("kappa*cos(c)/tau and to kappa*sin(c)/tau" in s["statement"] for s in found["symmetries"])


def test_its_orders_are_bounded_in_every_cell():
    beside = temperance.exponents("wave", bounds_only=True).to_json()
    found = by_parameter(beside["orders"])
    assert [name for name, r in found.items() if r == "flat"] == ["kappa", "tau"]
    assert [found[name] for name in ("kappa/tau", "c", "b", "nu", "mean a", "mean b")] == ["2", "2", "4", "2", "1", "1"]
    assert beside["setting"]["truth"]["held"] == ["beta0", "kappa", "c"]
    every = by_parameter(temperance.exponents("wave", split="all", bounds_only=True).to_json()["orders"])
    assert {name for name, r in every.items() if r == "flat"} == {
        *("kappa", "tau", "kappa/tau", "c"),
        *("mean kappa/tau", "mean c"),
    }


def test_its_exact_orders_are_one_but_along_its_scale():
    found = exact_orders("wave")
    assert {o.parameter: o.upper for o in found.orders if not o.flat} == dict.fromkeys(
        ("kappa/tau", "c", "a", "b", "nu"), 1
    )
    held = "the gate of the last atom is held, where all atoms could change together"
    assert found.reasons[-1].text == f"{held}: its score, so that kappa of it moves along the flow"


def test_a_new_expert_has_orders():
    found = by_parameter(temperance.exponents("softmax", "swinging", bounds_only=True).to_json()["orders"])
    assert (found["b"], found["nu"]) == ("4", "2")


@pytest.mark.parametrize("name", ["derive", "exponents"])
def test_help_and_messages_name_both(name, refused):
    shown = inspect.signature(command(getattr(temperance, name))).parameters
    for option, new in (("gate", "wave"), ("expert", "swinging")):
        assert new in shown[option].annotation.__metadata__[0].help.split(", ")
        refused([name, f"--{option}", "sofmax"], "temperance derive --help")


def rows(title):
    """The rows of the table of docs/gates.md that begins with a title."""
    lines = (ROOT / "docs/gates.md").read_text(encoding="utf-8").splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith(f"| {title} |")) + 2
    cells = []
    for line in lines[start:]:
        if not line.startswith("|"):
            return cells
        cells.append([cell.strip() for cell in line.strip("|").split("|")])
    return cells


def test_the_page_on_gates_has_what_the_tables_have(monkeypatch):
    monkeypatch.delitem(gates.GATES, "wave")
    monkeypatch.delitem(experts.EXPERTS, "swinging")
    orders = {name: tuple(o for o in needs if o != "--activation") for name, needs in accepted().items()}
    shown = {name: " ".join(f"`{o}`" for o in needs) or "yes" for name, needs in orders.items()}
    found = {name: (derived, bounded, fitted) for name, _, derived, bounded, fitted, _ in rows("gate")}
    assert found == {n: ("yes", shown.get(n, ""), "yes" if n in gates.FITTED else "") for n in gates.names()}
    with_orders = experts.accepted(orders=True)
    assert {name: (derived, bounded) for name, _, derived, bounded, _ in rows("expert")} == {
        name: ("yes", "yes" if name in with_orders.replace(" (M = 1..9)", "").split(", ") else "")
        for name in experts.EXPERTS
    }
