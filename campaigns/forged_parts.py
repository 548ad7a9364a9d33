"""Changes of certificates: one kind for each part of the format, small ones and such as were once believed."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

from temperance.theory.checker.moment_checker import FORMAT as MOMENTS
from temperance.theory.checker.order_checker import FORMAT as ORDERS
from temperance.theory.checker.verdict_checker import CONDITIONS

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


PARTS: dict[str, Change] = {"structure": _structure, "values": _values}
VERDICT_PARTS: dict[str, Change] = {"names": _names, "domain": _domain, "balls": _balls, "relations": _relations}
ORDER_PARTS: dict[str, Change] = {"titles": _titles, "model": _model, "steps": _steps}
