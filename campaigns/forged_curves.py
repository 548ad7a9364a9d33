"""Forged certificates of curves, of first orders and of bounds by theorems, and the truth about those accepted.

    python campaigns/forged_curves.py [--count 10000] [--seed 1] [--parts shares offsets .. exact bounds]

Honest certificates are changed, and the statement is written anew, or kept (part "kept"). The truth about curves comes
from curve_oracle.py: distances of densities at 60 digits. Of first orders it is the rank of derivatives by differences
at 60 digits. Of bounds it is what the honest theorems say of the model, if that is still one of the honest ones, and
order_oracle.py (minimised distances) otherwise. Exit status 1 for a false certificate that is accepted, or for an error
of a checker other than Rejected.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from typing import Any

import curve_oracle
import mpmath as mp
import order_oracle
from oracle_jets import Unclear

from temperance.theory.bounds import bound_checker, exact_checker
from temperance.theory.checker.rejected import Rejected
from temperance.theory.contact.bound_certificates import bound_certificate
from temperance.theory.contact.contact_orders import orders
from temperance.theory.contact.exact_orders import exact_orders
from temperance.theory.contact.order_setting import order_setting
from temperance.theory.curves import curve_checker

CURVES = (
    ("softmax", "gaussian", None, {}),
    ("softmax", "polynomial:2", None, {"size": 3}),
    ("softmax", "gaussian", None, {"split": "all"}),
    ("softmax", "nonlinear:tanh", None, {}),
    ("activation", "gaussian", "hardtanh", {}),
    ("activation", "gaussian", "tanh", {"dim": 2}),
    ("activation", "gaussian", "log(1+z**2)", {}),
    ("activation", "gaussian", "relu", {}),
    ("laplace", "gaussian", None, {}),
    ("linear", "gaussian", None, {"split": "all"}),
    ("quadratic", "gaussian", None, {"split": "all"}),
    ("gaussian", "gaussian", None, {"size": 3}),
    ("sigmoid", "gaussian", None, {"split": "all"}),
)
BOUNDS = (("softmax", None), ("activation", "tanh"), ("activation", "hardtanh"), ("activation", "gelu"))
EXACT = (("softmax", None), ("linear", None), ("activation", "relu"), ("activation", "tanh"), ("gaussian", None))
STATED: Mapping[str, Callable[[Any], str]] = {
    curve_checker.FORMAT: curve_checker.statement,
    exact_checker.FORMAT: exact_checker.statement,
    bound_checker.FORMAT: bound_checker.statement,
}
CHECKS: Mapping[str, Callable[[Any], str]] = {
    curve_checker.FORMAT: curve_checker.check,
    exact_checker.FORMAT: exact_checker.check,
    bound_checker.FORMAT: bound_checker.check,
}
PARTS = ("shares", "offsets", "variance", "orders", "powers", "nodes", "models", "kinks", "points", "cells", "flat")
PARTS += ("nonzero", "kept", "exact", "bounds")
_SLACK = 0.3  # of a minimised order
WEIGHTS = ("beta1*x", "tanh(beta1*x)/tau", "beta1*x**2", "beta1**2*x", "beta1*x/tau", "tau*beta1*x", "exp(beta1*x)/tau")
WEIGHTS += ("where(beta1*x < 1, beta1*x/tau, 1/tau)", "where(beta1*x < 0, 0, beta1*x)", "log(beta1**2*x**2 + 1)/tau")
WEIGHTS += ("where(x < beta1, 0, x - beta1)", "where(x < beta1, 0, (x - beta1)**2)", "where(x < beta1, beta1*x, x)")
MEANS = ("a*x + b", "a*x**2 + b", "b + a*x + a*b", "tanh(a*x + b)", "a*x + b + a**5", "b", "a*b*x + b", "a*(x + b)")


@dataclass
class Attack:
    """What has become of the mutants: how many, accepted, unclear among these; the false ones, and crashes."""

    mutants: int = 0
    accepted: int = 0
    unclear: int = 0
    false: list[str] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)


@cache
def honest() -> tuple[dict[str, Any], ...]:
    """The certificates that are forged."""
    found: list[Any] = []
    for gate, expert, source, options in CURVES:
        found += orders(order_setting(gate, expert, source, **options)).curves
    found += [exact_orders(gate, source=source).certificates[0] for gate, source in EXACT]
    found += [bound_certificate(order_setting(gate, source=source)) for gate, source in BOUNDS]
    return tuple(json.loads(json.dumps(found)))


def of_format(form: str) -> list[dict[str, Any]]:
    """The honest certificates of a format."""
    return [c for c in honest() if c["format"] == form]


# -- forgers of curves


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


# -- forgers of first orders and of bounds


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


def mutated(rng: random.Random, part: str) -> dict[str, Any]:
    """A forged certificate."""
    form = {"exact": exact_checker.FORMAT, "bounds": bound_checker.FORMAT}.get(part, curve_checker.FORMAT)
    pool = of_format(form)
    if part == "kinks" and rng.random() < 0.7:
        pool = [c for c in pool if "where" in c["model"]["log_weight"]]
    if part in ("flat", "nonzero") and rng.random() < 0.8:
        pool = [c for c in pool if c["degree"] is None]
    c = copy.deepcopy(rng.choice(pool))
    chosen = rng.choice(PARTS[:12]) if part == "kept" else part
    for _ in range(1 + (rng.random() < 0.3)):
        FORGERS[chosen](c, rng)
    if part != "kept":
        c["statement"] = STATED[form]({k: v for k, v in c.items() if k != "statement"})
    return c


# -- the truth


def false(c: Any) -> str | None:
    """Why an accepted certificate is false; None where it is true. Raises Unclear."""
    if c["statement"] != STATED[c["format"]](c):
        return "another statement"
    if c["format"] == curve_checker.FORMAT:
        return curve_oracle.false(c) or curve_oracle.false(c, seed=2)
    return _false_first(c) if c["format"] == exact_checker.FORMAT else _false_bound(c)


def _false_first(c: Any) -> str | None:
    """Derivatives of the density by differences, at random points: their rank."""
    model, rng, step = c["model"], random.Random(7), mp.mpf(10) ** -20
    weight, mean = (curve_oracle.read(model[part]) for part in ("log_weight", "mean"))
    columns = [(None, p) for p in model["shared"]]
    own = (*model["own"], *(["weight"] if model["weighted"] else []), *model["expert"])
    columns += [(i, p) for i in range(len(c["atoms"])) for p in own if [i, p] not in c["fixed"]]
    if any((title not in {p for _, p in columns}) or r != "1" for title, r in c["orders"].items()):
        return "an order of what does not move, or below 1"
    with mp.workdps(60):
        truth = []
        for atom, w in zip(c["atoms"], c["weights"], strict=True):
            at = {p: curve_oracle.value(curve_oracle.read(v), {"pi": mp.pi}) for p, v in atom.items()}
            truth.append({**at, "weight": curve_oracle.value(curve_oracle.read(w), {"pi": mp.pi})})

        def density(x: Any, y: Any, moved: Any) -> Any:
            total, parts = mp.mpf(0), mp.mpf(0)
            for i, atom in enumerate(truth):
                at = {**atom, **{p: atom[p] + step for j, p in moved if j in (None, i)}, "x": x}
                e = mp.exp(curve_oracle.value(weight, at) + at["weight"])
                total += e
                gap = y - curve_oracle.value(mean, at)
                parts += e * mp.exp(-(gap**2) / (2 * at["nu"])) / mp.sqrt(2 * mp.pi * at["nu"])
            return parts / total

        rows = []
        for _ in range(2 * len(columns)):
            x, y = mp.mpf(rng.randrange(-1999, 2000)) / 1000, mp.mpf(rng.randrange(-4000, 4000)) / 1000
            start = density(x, y, ())
            rows.append([(density(x, y, [column]) - start) / step for column in columns])
        singular = mp.svd_r(mp.matrix(rows), compute_uv=False)
        return None if singular[len(columns) - 1] > mp.mpf(10) ** -12 else "the derivatives are dependent"


def _false_bound(c: Any) -> str | None:
    """Minimised distances; where the model is an honest one, what is known of it."""
    for known in of_format(bound_checker.FORMAT):
        if all(c[part] == known[part] for part in ("model", "split", "atoms", "cells", "expert")):
            low = [t for t, r in c["orders"].items() if Fraction(r) < Fraction(known["orders"][t])]
            return f"a smaller order of {', '.join(low)}" if low else None
    model, (place, other) = c["model"], c["cells"]
    if "where" in model["log_weight"] or c["expert"] or c["atoms"] != 2 or c["split"] != "one" or not model["weighted"]:
        raise Unclear("the minimisation does not know such a cell")
    if "erf" in model["log_weight"]:
        raise Unclear("the minimisation does not know erf")
    if model["shared"] and any(Fraction(other[p]) for p in model["own"]):
        raise Unclear("the other atom has a score")
    seen = {**model, "point": {p: place[p] for p in (*model["own"], *model["shared"])}}
    claimed = {t: float(Fraction(r)) + _SLACK for t, r in c["orders"].items() if t.startswith("mean ")}
    claimed |= {f"difference {p}": float(Fraction(c["orders"][p])) + _SLACK for p in model["own"] if p in c["orders"]}
    for title, found in order_oracle.orders(seen, claimed):
        if found > claimed[title]:
            return f"{title}: {found:.2f}"
    return None


def attack(count: int, seed: int, part: str) -> Attack:
    """Forge certificates of a part, and tell the truth about those that are accepted."""
    found, rng = Attack(), random.Random(f"{seed}:{part}")
    for _ in range(count):
        c = mutated(rng, part)
        found.mutants += 1
        if c in honest():
            continue
        try:
            CHECKS[c["format"]](c)
        except Rejected:
            continue
        except Exception as error:
            found.crashes.append(f"{type(error).__name__} {error}")
            continue
        found.accepted += 1
        try:
            if why := false(c):
                found.false.append(f"{why}: {json.dumps(c)}")
        except (Unclear, curve_oracle.Unclear, ArithmeticError, ValueError) as error:
            found.unclear += 1
            print(f"unclear ({part}): {type(error).__name__} {error}: {json.dumps(c)}", file=sys.stderr)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the campaign and print what became of the forgeries."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--parts", nargs="*", default=PARTS, choices=PARTS)
    options = parser.parse_args(arguments)
    wrong = 0
    for part in options.parts:
        found = attack(-(-options.count // len(options.parts)), options.seed, part)
        wrong += len(found.false) + len(found.crashes)
        print(f"{part}: {found.mutants} forged, {found.accepted} accepted, {found.unclear} unclear,", end=" ")
        print(f"{len(found.false)} false, {len(found.crashes)} crashes", flush=True)
        for text in (*found.false[:3], *found.crashes[:3]):
            print(f"  {text}")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
