"""Changes of certificates: one kind for each part of the format, small ones and such as were once believed."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from flint import fmpq

from temperance.theory.checker.moment_checker import FORMAT as MOMENTS
from temperance.theory.checker.moment_checker import Cell
from temperance.theory.checker.order_checker import FORMAT as ORDERS
from temperance.theory.checker.verdict_checker import CONDITIONS, left_out
from temperance.theory.orders.moment_bounds import _steps as search

DERIVED = ("statement", "tower", "digest", "format")  # what anybody can compute
Certificate = dict[str, Any]
Change = Callable[[Certificate, list[Certificate], random.Random], None]


def parts(certificate: Certificate) -> dict[str, Change]:
    """How to change each part of a certificate, in place: given it, a pool of others, and random numbers."""
    return PARTS | (ORDER_PARTS if certificate["format"] in (ORDERS, MOMENTS) else VERDICT_PARTS)


def _containers(value: Any) -> list[Any]:
    """All objects and lists within a value that hold something."""
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return [value] * bool(inner) + [c for v in inner for c in _containers(v)]


def _entry(certificate: Certificate, rng: random.Random) -> tuple[Any, Any]:
    """A container and a key in it; every part of a certificate as often, however many numbers it holds."""
    part = rng.choice(sorted(key for key in certificate if key not in DERIVED))
    found = [(c, k) for c in _containers(certificate[part]) for k in (c if isinstance(c, dict) else range(len(c)))]
    return rng.choice([*found, (certificate, part)])


def _structure(changed: Certificate, pool: list[Certificate], rng: random.Random) -> None:
    container, key = _entry(changed, rng)
    value, do = container[key], rng.randrange(5)
    if do == 0:
        del container[key]
    elif do == 1:
        container[key] = rng.choice([None, 0, 1.0, True, "", [], {}, [value], str(value)])
    elif do == 2 and isinstance(container, dict):
        container[rng.choice(["remark", f" {key}", f"{key} ", str(key).upper()])] = value
    elif isinstance(container, list):
        container.insert(0, value)
    else:
        container[key] = copy.deepcopy(rng.choice(pool)).get(key, value)


def _values(changed: Certificate, pool: list[Certificate], rng: random.Random) -> None:
    for _ in range(rng.choice([1, 1, 1, 2])):
        container, key = _entry(changed, rng)
        container[key] = _another(container[key], rng)


def _another(value: Any, rng: random.Random) -> Any:
    if isinstance(value, int):
        return value + rng.choice([-1, 1, 7])
    if isinstance(value, str):
        words = ["0", "1", "-1", "1/0", "nan", "holds", "fails", *CONDITIONS, value.replace("1", "2"), f"{value} # 1"]
        words += [f"({value}){more}" for more in (" + 1", "*2", "*z", " + z/10**12", " + tanh(z)")]
        return rng.choice([*words, f"log({value}, base=2)", f"{value} ", f"1*{value}", f"{value}/1"])
    return rng.choice([["A"], ["B"], ["1"], ["2"], None, 0, []])


# -- changes of certificates of verdicts

_NOWHERE = ["log(-1 - z**2)", "(-1 - z**2)**(1/2)", "acosh(-2 - z**2)", "1/(log(4) - 2*log(2))", "LambertW(-1 - z**2)"]
_SOMEWHERE = ["log(z)", "z**(1/2)", "log(-z)", "(1 - z)**(1/3)", "asin(z/2)", "LambertW(z - 1)"]
_SOMEWHERE += ["1/(atan(z) + atan(1/z) - pi/2)"]
_HIDDEN = ["0*{}", "({})**0 - 1", "{0} - {0}", "0**(1 + ({})**2)", "1**({}) - 1"]
_ZERO_DIVISOR = "exp(LambertW((z**2)**(1/2) - z))*((z**2)**(1/2) + z)"  # 2 z for z > 0, formally 0


def _names(changed: Certificate, pool: list[Certificate], rng: random.Random) -> None:
    claim, parameters = changed["claim"], changed["parameters"]
    other = rng.choice(["p", "E", "pi", "tau", "z", "I", "s", "q", "p q", "exp", "\u03b1", ""])
    if parameters and rng.random() < 0.5:
        old = next(iter(parameters))
        parameters[other] = parameters.pop(old)
        if rng.random() < 0.7:
            changed["expression"] = changed["expression"].replace(old, other)
    elif rng.random() < 0.5:
        parameters[other] = rng.choice(["1", "-1/2", "0"])
        changed["expression"] += rng.choice(["", f" + 0*{other}", f" + {other}", f"*{other}"])
    else:
        families = rng.sample(list(CONDITIONS["second_order"]), rng.randint(1, 3))
        claim |= {"condition": rng.choice(list(CONDITIONS)), "failing_families": families}
        claim["verdict"] = rng.choice(["holds", "fails", "Fails"])


def _domain(changed: Certificate, pool: list[Certificate], rng: random.Random) -> None:
    s, part = changed["expression"], rng.choice(_HIDDEN).format(rng.choice(_NOWHERE + _SOMEWHERE))
    other, end = rng.choice(["tanh(z)", "z", "z**2", "exp(z)", _ZERO_DIVISOR]), rng.choice(["0", "1", "-1", "p", "1/0"])
    forms = [f"({s}) + {part}", f"tanh({_ZERO_DIVISOR}) + {part}", f"({s}) + {other} - ({other})"]
    if "where" not in s:
        hidden = f"{s} + {part}", f"{other} + {part}"
        pairs = [(hidden[0], other), (other, hidden[0]), (hidden[1], s), (s, hidden[1])]
        forms += [f"where(z < {end}, {first}, {rest})" for first, rest in pairs]
        forms += [f"where(z < 1, {s}, where(z < {end}, {other}, {s}))"]
    changed["expression"] = rng.choice(forms)
    changed["point"] = rng.choice([changed["point"], "1/3", "-1/3", "3/2", "0", "-5/2"])


def _balls(changed: Certificate, pool: list[Certificate], rng: random.Random) -> None:
    minors = [e["minor"] for e in changed["families"].values() if e["minor"]]
    minor = rng.choice(minors or [{"points": [changed["point"]], "columns": [0]}])
    points, at = minor["points"], rng.randrange(len(minor["points"]))
    do = rng.randrange(6)
    if do == 0:
        points[at] = rng.choice([*points, "0", "1/7", "-1/7", "10**9", "1/0", "1000000000", "pi", "0.5"])
    elif do == 1:
        minor["columns"][at] = rng.choice([-1, 0, 1, 2, 6, 1.0, True])
    elif do == 2:
        minor["bits"] = rng.choice([2, 8, 64, 8192, 8193, 10**6, 64.0])
    elif do == 3:
        minor["determinant"] = rng.choice(["nan", "[0 +/- inf]", "inf", "0", "[0 +/- 1e99]", "1"])
    elif do == 4:
        changed["parameters"] = {p: rng.choice(["2", "1/3", "0", "-1"]) for p in changed["parameters"]}
    changed["point"] = rng.choice([changed["point"], "1/3", "-1/3", "1", "0", "1/0", "nan"])


def _relations(changed: Certificate, pool: list[Certificate], rng: random.Random) -> None:
    family = rng.choice(list(changed["families"]))
    rows, taus = changed["families"][family]["relations"], changed["claim"]["fails_at_tau"]
    if rng.random() < 0.3 or not rows:
        donors = [c["families"][family]["relations"] for c in pool if family in c.get("families", {})]
        rows.extend(copy.deepcopy(rng.choice(donors)) or [["0"] * 7])
    do, row = rng.randrange(6), rng.choice(rows)
    hidden = rng.choice(["(log(4) - 2*log(2))", "(2**(1/2)*2**(1/2) - 2)", "(1/10**60)", "(1/0)", "log(-1)", "z"])
    if do == 0:
        rows[rows.index(row)] = [f"({c})*{hidden}" for c in row]
    elif do == 1:
        j = rng.randrange(len(row))
        row[j] = rng.choice(["0", "1", f"-({row[j]})", f"{row[j]} + {hidden}", f"({row[j]})*2"])
    elif do == 2:
        rows.append([f"2*({c})" for c in row])
    elif do == 3:
        rows.remove(row)
    elif do == 4:
        changed["claim"]["fails_at_tau"] = rng.choice([[], ["1"], ["1/0"], [f"3 + {hidden}"], [*taus, "2"], ["-1"]])
    changed["claim"]["verdict"] = rng.choice([changed["claim"]["verdict"], "holds", "fails"])


# -- changes of certificates of contact orders


def _titles(changed: Certificate, pool: list[Certificate], rng: random.Random) -> None:
    orders = changed["orders"]
    title, r = rng.choice(list(orders)), rng.choice(["1", "3/2", "2", "3", "4", "5", "1/2", "4/3", "0", "-1", "1/0"])
    others = [f" {title}", title.split()[-1], f"offset {title}", f"{title}2", "difference tau", "mean b2"]
    other = rng.choice([title, *others])
    orders[other] = r
    if "means" in changed and rng.random() < 0.5:
        changed["means"][other] = rng.choice([[], *changed["means"].values()])


def _model(changed: Certificate, pool: list[Certificate], rng: random.Random) -> None:
    part = changed["model"]
    weight, mean = part["log_weight"], part["mean"]
    forms = ["{} # 1", "{} + log(2, base=3)", "2*({})", "({}) + log(3)/7", "({})*x", "sin({})", "{}*True"]
    do = rng.randrange(4)
    if do == 0:
        part["log_weight"] = rng.choice(forms).format(weight)
    elif do == 1:
        part["mean"] = rng.choice([*forms, "{} + log(2)", "-({})", "a*x - b", "b", "a*x**2 + b"]).format(mean)
    elif do == 2:
        part["point"] = {p: rng.choice(["0", "1", "2", "-1/2", "1/0"]) for p in part["point"]}
    else:
        role = rng.choice(["own", "expert", "shared"])
        part[role] = rng.choice([part[role][::-1], [*part[role], "c"], part[role][1:], ["x"], ["p q"]])
    if rng.random() < 0.3:
        _titles(changed, pool, rng)


def _steps(changed: Certificate, pool: list[Certificate], rng: random.Random) -> None:
    for _ in range(rng.choice([1, 2])):
        steps = {"steps": changed["steps"]}
        container, key = _entry(steps, rng)
        if isinstance(container, list) and rng.random() < 0.2 and container:
            container.pop(key)
        else:
            container[key] = _another(container[key], rng)
        changed["steps"] = steps["steps"]
    title = rng.choice(list(changed["orders"]))
    changed["orders"][title] = rng.choice([changed["orders"][title], "1", "2", "3/2"])


# -- changes of what a statement depends on: high powers, the truth at which it holds, who has which parameter


def _powers(changed: Certificate, pool: list[Certificate], rng: random.Random) -> None:
    """Powers that a Taylor polynomial of low degree does not hold, in the mean and in the log weight."""
    part = changed["model"]
    p, q = (rng.choice([*part["expert"][:-1], "a"]) for _ in range(2))
    power = rng.choice([f"{p}**{rng.randrange(4, 9)}", f"{p}**4*{q}**{rng.randrange(1, 5)}", f"({p} - {q})**5"])
    by = rng.choice(["", "*x", "*x**2", "*exp(x)", "*x**8*x**8*x", "/10**6"])
    if rng.random() < 0.7:
        forms = ["{0} + {1}", "{0} - {1}", "({0})*(1 + {1})", "({0})/(1 - {1})", "sinh({1}) + {0}", "{1}*{2} + b"]
        part["mean"] = rng.choice(forms).format(part["mean"], power + by, p)
    else:
        name = rng.choice([*part["point"]])
        near = f"({name} - ({part['point'][name]}))**{rng.randrange(3, 9)}"
        part["log_weight"] = f"{part['log_weight']} + {near}{rng.choice(['*x', '*x**2', '*x**8*x**9', ''])}"
    _claim_less(changed, rng)


def _truths(changed: Certificate, pool: list[Certificate], rng: random.Random) -> None:
    """Formulas that hold at one true point and not at another, and points that are left out, moved or put elsewhere."""
    part, do = changed["model"], rng.randrange(5)
    p, c = rng.choice(part["expert"][:-1]), rng.choice(["1", "1/2", "-3"])
    name = rng.choice([*part["point"]])
    if do == 0:
        forms = [f"(({p} + ({c}))**2 - ({c})**2)/(2*({c}))", f"{p}*(1 + {p})**3", f"sinh({p})", f"{p}*(1 + b)**8"]
        forms += [f"log(1 + {p})", f"({p} + ({c}))", f"{p}*exp(b**3)", f"{p}/(1 + a**6)"]
        part["mean"] = part["mean"].replace(p, rng.choice(forms), 1)
    elif do == 1:
        part["point"][name] = rng.choice(["0", "2", "-1", "1/2", "-3/2"])
    elif do == 2:
        part["log_weight"] = part["log_weight"].replace(name, f"({name} + ({part['point'][name]}))")
        part["point"][name] = "0"
    elif do == 3:
        at, n = part["point"][name], rng.choice([1, 2, 3])
        part["log_weight"] = part["log_weight"].replace(name, f"({at} + ({name} - ({at}))**{n})")
    else:
        part["point"] = rng.choice([{}, {k: v for k, v in part["point"].items() if k != name}, {"a": "0", "b": "0"}])
    _claim_less(changed, rng)


def _roles(changed: Certificate, pool: list[Certificate], rng: random.Random) -> None:
    """Parameters that atoms share, taken as their own, and the reverse."""
    part = changed["model"]
    roles = ["own", "shared", "expert"]
    source, target = rng.sample([*roles, "own", "shared"], 2)
    if part[source] and source != target:
        name = rng.choice(part[source][:-1] or part[source])
        part[source] = [p for p in part[source] if p != name]
        part[target] = [name, *part[target]] if target == "expert" else [*part[target], name]
    if rng.random() < 0.3:
        part["own"], part["shared"] = part["shared"], part["own"]
    if rng.random() < 0.3 and "gate" in changed:
        changed["gate"] = rng.choice([[part["own"], []], [part["own"], part["shared"]], [part["shared"], part["own"]]])
    _claim_less(changed, rng)


def _claim_less(changed: Certificate, rng: random.Random) -> None:
    """Few orders, low ones at times; and at times the best proof of the new model that the search finds."""
    known = [*changed["orders"], *changed["model"]["shared"]]
    proved = "atoms" in changed and rng.random() < 0.1 and _prove(changed)
    titles = rng.sample([*changed["orders"]] if proved else known, 1)
    low = rng.choice([None, None, "1", "1", "4/3", "3/2", "2"])
    changed["orders"] = {title: low or changed["orders"].get(title, "1") for title in titles}


def _prove(changed: Certificate) -> bool:
    """Prove all that can be proved of the model of a certificate by moments, as the project does."""
    part = changed["model"]
    size = len(part["own"]) + len(part["expert"])
    changed["weights"] = [*["1/2"] * (size - 1), "1/4", *["1"] * len(part["shared"])]
    try:
        cell = Cell(changed)
        given = list(cell.least)
        changed["steps"] = search(cell, len(part["own"]))
    except Exception:  # no such model
        return False
    found = zip(cell.names, cell.least, given, strict=True)
    orders = {name: str(1 / min(w, fmpq(1))) for name, w, known in found if w > known}
    changed["orders"] = orders or changed["orders"]
    return bool(orders)


def _ends(changed: Certificate, pool: list[Certificate], rng: random.Random) -> None:
    """Failures of functions in pieces, with ends that are passed over: jumps, kinks, or none."""
    numbers = ["0", "1", "-1", "1/2", "1/10**20", "log(4) - 2*log(2)", "sqrt(2)"]
    pieces = ["z", "0", "2*z", "-z", "z + 1/10**30", "2*z - 1", "z*(log(4) - 2*log(2))", "z**2", "1", "-1", "log(z)"]
    p, q = rng.choice(numbers), rng.choice(numbers)
    one, two, three = (rng.choice(pieces) for _ in range(3))
    s = changed["expression"]
    forms = [f"where(z < {p}, {one}, {two})", f"where(z < {p}, {one}, where(z < {q}, {two}, {three}))"]
    forms += [s, s.replace("1", "2"), f"1*({s})"]
    if not s.startswith("where"):
        forms += [f"where(z < {p}, {s}, {one})", f"where(z < {p}, {one}, {s})"]
        forms += [f"where(z < {p}, {s}, {s})", f"where(z < {p}, {s}, 2*({s}))"]
    changed["expression"] = rng.choice(forms)
    if changed["families"].keys() > {"B"} and rng.random() < 0.3:
        changed["families"] = {"B": changed["families"]["B"]}
        changed["claim"]["failing_families"] = ["B"]
    claimed = changed["claim"]["left_out"]
    changed["claim"]["left_out"] = rng.choice([[], claimed, claimed[1:], [p], [p, q]])
    if rng.random() < 0.3:
        with suppress(Exception):  # of no function
            changed["claim"]["left_out"] = left_out(changed)


PARTS: dict[str, Change] = {"structure": _structure, "values": _values}
VERDICT_PARTS: dict[str, Change] = {"names": _names, "domain": _domain, "balls": _balls, "relations": _relations}
VERDICT_PARTS |= {"ends": _ends}
ORDER_PARTS: dict[str, Change] = {"titles": _titles, "model": _model, "steps": _steps}
ORDER_PARTS |= {"powers": _powers, "truths": _truths, "roles": _roles}
