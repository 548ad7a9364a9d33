"""Changes of certificates of curves, of first orders and of bounds by theorems: one function for each part."""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from temperance.theory.bounds import bound_checker

WEIGHTS = ("beta1*x", "tanh(beta1*x)/tau", "beta1*x**2", "beta1**2*x", "beta1*x/tau", "tau*beta1*x", "exp(beta1*x)/tau")
WEIGHTS += ("where(beta1*x < 1, beta1*x/tau, 1/tau)", "where(beta1*x < 0, 0, beta1*x)", "log(beta1**2*x**2 + 1)/tau")
WEIGHTS += ("where(x < beta1, 0, x - beta1)", "where(x < beta1, 0, (x - beta1)**2)", "where(x < beta1, beta1*x, x)")
MEANS = ("a*x + b", "a*x**2 + b", "b + a*x + a*b", "tanh(a*x + b)", "a*x + b + a**5", "b", "a*b*x + b", "a*(x + b)")


def _atoms(c: Any, rng: random.Random) -> Any:
    return rng.choice(rng.choice(c["cells"])["atoms"])


def _term(rng: random.Random) -> str:
    factor = rng.choice(("1", "-1", "2", "1/3", "1/1000", "-1/50", "1/10**9"))
    power, node = rng.choice((0, 1, 1, 2, 2, 3, 4, 5, 6, 8, 12)), rng.choice(("1", "q", "q", "q**2", "(q**3 - q)"))
    return f"{factor}*t**{power}*{node}"


def shares(c: Any, rng: random.Random) -> None:
    """Weights that do not sum to 1, are not those of the quadrature, or leave them with t."""
    part = _atoms(c, rng)
    part["share"] = rng.choice((f"{part['share']} + {_term(rng)}", f"({part['share']})*(1 + {_term(rng)})", "1/2", "1"))


def offsets(c: Any, rng: random.Random) -> None:
    """An offset is changed, dropped, or given to another parameter."""
    part = _atoms(c, rng)
    where = part["offsets"] if part["offsets"] and rng.random() < 0.85 else c["shared"]
    names = [*c["model"]["own"], *c["model"]["expert"], *c["model"]["shared"]]
    name = rng.choice([*where] or names) if rng.random() < 0.6 else rng.choice(names)
    old = where.get(name, "0")
    kinds = (f"{old} + {_term(rng)}", f"({old})*(1 + {_term(rng)})", f"-({old})", f"2*({old})", _term(rng), None)
    made = rng.choice(kinds)
    if made is None:
        where.pop(name, None)
    else:
        where[name] = made


def variance(c: Any, rng: random.Random) -> None:
    """A variance that is negative, or is not the true one at t = 0."""
    _atoms(c, rng)["offsets"]["nu"] = rng.choice(
        ("-3", "-3 + t", "t - 4*q", "-10*t", "-10*t**2*q**2", "-t**2 - 5*t**9")
    )


def orders_of(c: Any, rng: random.Random) -> None:
    """An order, its title, or N is changed."""
    titles = [*c["orders"]]
    names = [*c["model"]["own"], *c["model"]["expert"], *c["model"]["shared"]]
    title = rng.choice(titles)
    kind = rng.randrange(4)
    if kind == 0:
        c["orders"][title] = str(Fraction(rng.randrange(1, 13), rng.randrange(1, 5)))
    elif kind == 1:
        c["orders"][rng.choice(("", "mean ")) + rng.choice(names)] = c["orders"][title]
    elif c["degree"] is not None:
        new = max(1, c["degree"] + rng.choice((-1, 1, 1, 2, 4)))
        if kind == 3:
            c["orders"] = {t: str(Fraction(r) * new / c["degree"]) for t, r in c["orders"].items()}
        c["degree"] = new


def powers(c: Any, rng: random.Random) -> None:
    """A term of a power of t at N or beyond it, or t^k for t everywhere: what truncation could hide."""
    part, n = _atoms(c, rng), c["degree"] or 6
    name = rng.choice([*c["model"]["own"], *c["model"]["expert"]])
    if rng.random() < 0.5:
        part["offsets"][name] = (
            f"{part['offsets'].get(name, '0')} + {rng.choice(('t', '-t/2', 't*q'))}**{rng.randrange(1, n + 3)}"
        )
    else:
        k = rng.randrange(2, 4)
        for cell in c["cells"]:
            for some in cell["atoms"]:
                some["offsets"] = {p: e.replace("t", f"(t**{k})") for p, e in some["offsets"].items()}
        if rng.random() < 0.7 and c["degree"]:
            c["degree"] *= k
            c["orders"] = {t: str(Fraction(r) * rng.choice((1, 1, k))) for t, r in c["orders"].items()}


def nodes(c: Any, rng: random.Random) -> None:
    """The polynomial of the nodes, or the number r."""
    part = _atoms(c, rng)
    if c["number"] and rng.random() < 0.5:
        c["number"]["between"] = [rng.choice(("0", "-1", "1/5")), rng.choice(("1/4", "1", "3"))]
    at = rng.randrange(len(part["nodes"]))
    part["nodes"][at] = rng.choice(("0", "1", "-1", "-2", "-3", "1/7"))


def models(c: Any, rng: random.Random) -> None:
    """Another log weight or mean."""
    model = c["model"]
    if rng.random() < 0.6:
        fits = [w for w in WEIGHTS if ("tau" in w) <= ("tau" in [*model["shared"], *model["own"]])]
        model["log_weight"] = rng.choice([*fits, f"{model['log_weight']} + beta1*x", f"2*({model['log_weight']})"])
    else:
        model["mean"] = rng.choice(MEANS)


def kinks(c: Any, rng: random.Random) -> None:
    """Kinks ignored, moved, or made into jumps."""
    model = c["model"]
    if "where" not in model["log_weight"]:
        model["log_weight"] = rng.choice([w for w in WEIGHTS if w.startswith("where")])
        model["shared"] = ["tau"] if "tau" in model["log_weight"] else []
    else:
        swaps = ((" < 1", " < 2"), (" < -1", " < -2"), ("1/tau)", "2/tau)"), ("-1/tau", "0"), ("< 0, 0", "< 0, 1"))
        model["log_weight"] = model["log_weight"].replace(*rng.choice((*swaps, ("x < beta1", "x**2 < beta1"))))
    if rng.random() < 0.6:
        c["orders"] = {t: rng.choice((r, "2", "3/2", "1", "3")) for t, r in c["orders"].items()}


def points(c: Any, rng: random.Random) -> None:
    """The true values: others, or any."""
    point = rng.choice(c["cells"])["point"]
    name = rng.choice([*point] or [*c["model"]["own"]])
    if rng.random() < 0.5:
        point.pop(name, None)
    else:
        point[name] = rng.choice(("0", "1", "2", "-1", "1/2", "-3"))


def cells(c: Any, rng: random.Random) -> None:
    """The split, the cells, and whether atoms have weights of their own."""
    kind = rng.randrange(4)
    if kind == 0:
        c["split"] = rng.choice(("one", "every", "listed"))
    elif kind == 1:
        c["model"]["weighted"] = not c["model"]["weighted"]
    elif kind == 2:
        c["cells"].append(copy.deepcopy(c["cells"][0]))
        c["split"] = rng.choice((c["split"], "listed"))
    else:
        role, other = rng.sample(("own", "shared", "expert"), 2)
        if c["model"][role]:
            c["model"][other].insert(0, c["model"][role].pop(0))


def flat(c: Any, rng: random.Random) -> None:
    """What is said to be flat, and how it moves; or a curve of contact that is said to be an identity."""
    if c["degree"] is not None:
        c["degree"], c["orders"] = None, dict.fromkeys(c["orders"], "flat")
        return
    names = [*c["model"]["own"], *c["model"]["shared"], *c["model"]["expert"]]
    kind = rng.randrange(4)
    if kind == 0:
        c["orders"][rng.choice(("", "mean ")) + rng.choice(names)] = "flat"
    elif kind == 1 and c["shared"]:
        c["shared"][rng.choice([*c["shared"]])] = rng.choice(("t", "2*t", "t**2", "t + t**2", "0"))
    elif kind == 2:
        _atoms(c, rng)["offsets"][rng.choice(names)] = rng.choice(("t", "-t", "t*beta1", "t/(1 + t)", "t**2"))
    else:
        models(c, rng)


def nonzero(c: Any, rng: random.Random) -> None:
    """Which true values are not 0, or a curve whose t is multiplied by what is 0 at some true value."""
    names, free = [*c["model"]["own"], *c["model"]["shared"]], c["nonzero"]
    if rng.random() < 0.5:
        c["nonzero"] = [p for p in free if rng.random() < 0.5] or [rng.choice(names)]
        return
    name = rng.choice(c["model"]["own"])
    c["cells"][0]["point"].pop(name, None)
    c["nonzero"] = [*{*free, name}] if rng.random() < 0.5 else free
    factor = rng.choice((name, f"({name} - 1)", f"({name}**3 - {name})"))
    for part in c["cells"][0]["atoms"]:
        part["share"] = re.sub(r"\bt\b", f"({factor}*t)", part["share"])
        part["offsets"] = {p: re.sub(r"\bt\b", f"({factor}*t)", e) for p, e in part["offsets"].items()}


def exact(c: Any, rng: random.Random) -> None:
    """What is held, the true values, the model, the points, and the orders of a certificate of first orders."""
    kind = rng.randrange(6)
    if kind == 0 and c["fixed"]:
        c["fixed"].pop(rng.randrange(len(c["fixed"])))
        c["points"].append([f"{rng.randrange(-19, 19)}/10", f"{rng.randrange(-39, 39)}/10"])
    elif kind == 1:
        atom = rng.choice(c["atoms"])
        atom[rng.choice([*atom])] = rng.choice(("0", "1", "-1", "2", "1/2"))
    elif kind == 2:
        models(c, rng)
    elif kind == 3:
        c["points"][0] = list(c["points"][rng.randrange(len(c["points"]))])
    elif kind == 4:
        c["orders"][rng.choice(("tau", "mean b", "weight", "c", "beta1"))] = rng.choice(("1", "1/2", "2"))
    elif c["model"]["held"]:
        c["model"]["shared"].append(c["model"]["held"].pop())
        c["points"].append(["3/7", "11/10"])


def bounds(c: Any, rng: random.Random) -> None:
    """The steps, the model, the cells and the orders of a certificate of bounds."""
    kind = rng.randrange(7)
    step = rng.choice(c["steps"])
    if kind == 0:
        c["orders"][rng.choice([*c["orders"]])] = rng.choice(("1", "4/3", "3/2", "2", "3"))
    elif kind == 1:
        step["theorem"] = rng.choice([*bound_checker.THEOREMS])
    elif kind == 2:
        step["level"], step["names"] = rng.choice(("1", "3/4", "1/2")), [rng.choice(("a", "b", "beta1"))]
    elif kind == 3 and step["points"]:
        step["points"][0] = list(rng.choice(step["points"]))
    elif kind == 4:
        models(c, rng)
    elif kind == 5:
        c["steps"].remove(step)
    else:
        rng.choice(c["cells"])[rng.choice([*c["cells"][0]])] = rng.choice(("0", "1", "2", "1/3"))


FORGERS: Mapping[str, Callable[[Any, random.Random], None]] = {
    **{f.__name__: f for f in (shares, offsets, variance, powers, nodes, models, kinks, points, cells, flat, nonzero)},
    **{"orders": orders_of, "exact": exact, "bounds": bounds},
}
