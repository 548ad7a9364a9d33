"""Forged certificates of curves, of first orders and of bounds by theorems, and the truth about those accepted.

    python campaigns/forged_curves.py [--count 10000] [--seed 1] [--parts shares offsets .. exact bounds]

Honest certificates are changed, and the statement is written anew, or kept (part "kept"). The truth about curves comes
from curve_oracle.py: distances of densities at 60 digits. Of first orders it is the rank of derivatives by differences
at 60 digits. Of bounds it is what the honest theorems say of the model, if that is still one of the honest ones, and
order_oracle.py (minimised distances) otherwise. Exit status 1 for a false certificate that is accepted, or for an error
of a checker other than Rejected.
"""

from __future__ import annotations

import copy
import json
import random
import sys
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cache
from typing import Any

import curve_oracle
import mpmath as mp
import order_oracle
from attacks import Attack, asked, told
from curve_forgers import FORGERS
from oracle_jets import Unclear

from temperance.theory.bounds import bound_checker, exact_checker
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
    for c in (mutated(rng, part) for _ in range(count)):
        if c in honest():
            found.mutants += 1
        else:
            found.offer(c, CHECKS[c["format"]], false, (Unclear, curve_oracle.Unclear, ArithmeticError, ValueError))
    return found


def main() -> int:
    options = asked(__doc__, 10_000, PARTS)
    count = -(-options.count // len(options.parts))
    return told({part: attack(count, options.seed, part) for part in options.parts})


if __name__ == "__main__":
    sys.exit(main())
