"""Forged certificates of orders under least squares, and the truth about those that the checker accepts.

    python campaigns/forged_squares.py [--count 2000] [--seed 1]

Numbers, names and formulas of honest certificates are changed, and the statement is written anew. The truth is computed
in mpmath by an evaluator of its own: derivatives by differences at 60 digits, and the relations as a null space. An
accepted certificate is false if the mean is not affine in what is straight, if the null space is larger than the
relations say or moves another atom, or if the matrix is not positive definite or not orthogonal to it. Exit status 1
for a false one, or for an error of the checker other than Rejected.
"""

from __future__ import annotations

import copy
import json
import random
import sys
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cache
from itertools import combinations_with_replacement
from typing import Any

import mpmath as mp
from attacks import Attack, asked, told
from curve_oracle import number, read, value

from temperance.theory.checker import least_squares_checker as checker
from temperance.theory.contact.order_setting import order_setting
from temperance.theory.least_squares.orders import certificate, least_squares_orders
from temperance.theory.least_squares.split_atom import split_atom

SETTINGS = (
    ("softmax", "nonlinear:tanh"),
    ("softmax", "gaussian"),
    ("tanh(w*x)/tau", "a*x + b"),
    ("beta1*x", "c*tanh(a*x + b)"),
    ("w*x + v*sin(x)", "exp(a*x)"),
)
_STEP, _ZERO = mp.mpf(10) ** -15, mp.mpf(10) ** -18


def honest() -> list[dict[str, Any]]:
    """The certificates that are forged."""
    found = []
    for gate, expert in SETTINGS:
        at = order_setting(gate, expert)
        atom = split_atom(at.spec, {p: at.point[p] for p in at.spec.gate.parameters}, at.held, None)
        proof, why = certificate(least_squares_orders(atom))
        if proof is None:
            raise SystemExit(f"{gate}, {expert}: {why}")
        found.append(json.loads(json.dumps(proof)))
    return found


def mutated(pool: Sequence[dict[str, Any]], rng: random.Random) -> dict[str, Any]:
    """A certificate with one to three changes, and the statement that goes with it."""
    changed = copy.deepcopy(rng.choice(pool))
    for _ in range(rng.randint(1, 3)):
        rng.choice((_number, _number, _row, _model, _formula))(changed, pool, rng)
    try:
        changed["statement"] = checker.statement(changed["model"], changed["truth"])
    except Exception:  # too broken to be put in words: the checker must say Rejected
        changed["statement"] = ""
    return changed


def _number(changed: dict[str, Any], _: Sequence[dict[str, Any]], rng: random.Random) -> None:
    """Another number in a relation, the matrix (on both sides of its diagonal), a point or the truth."""
    key = rng.choice([k for k in ("relations", "matrix", "points", "truth") if changed[k]])
    rows, new = changed[key], rng.choice(("0", "1", "-1", "2", "1/2", "-1/3", "7/5"))
    i = rng.randrange(len(rows))
    place = rng.choice(list(rows[i]) if isinstance(rows[i], dict) else range(len(rows[i])))
    rows[i][place] = new
    if key == "matrix":
        rows[place][i] = new
    if key == "truth" and place in changed["model"]["shared"]:
        rows[1 - i][place] = new


def _row(changed: dict[str, Any], _: Sequence[dict[str, Any]], rng: random.Random) -> None:
    """A relation less, with a point more; or the sum of two."""
    rows = changed["relations"]
    if len(rows) > 1 and rng.random() < 0.5:
        i, j = rng.sample(range(len(rows)), 2)
        rows[i] = [str(Fraction(p) + Fraction(q)) for p, q in zip(rows[i], rows[j], strict=True)]
    elif rows:
        rows.pop(rng.randrange(len(rows)))
        changed["points"].append([str(Fraction(rng.randint(-40, 40), 20)) for _ in changed["points"][0]])


def _model(changed: dict[str, Any], pool: Sequence[dict[str, Any]], rng: random.Random) -> None:
    """A parameter more or less among the straight ones, or a part of another certificate."""
    model = changed["model"]
    if rng.random() < 0.6:
        p = rng.choice(model["expert"])
        straight = [q for q in model["expert"] if (q in model["straight"]) != (q == p)]
        model["straight"] = straight
        kept = [q for q in (*model["own"], *model["expert"]) if q not in straight]
        changed["matrix"] = [["1" if i == j else "0" for i in range(len(kept))] for j in range(len(kept))]
    else:
        key = rng.choice(("relations", "matrix", "points", "truth"))
        changed[key] = copy.deepcopy(rng.choice(pool)[key])


def _formula(changed: dict[str, Any], _: Sequence[dict[str, Any]], rng: random.Random) -> None:
    """Another function or number in the log weight or the mean."""
    model, key = changed["model"], rng.choice(("log_weight", "mean"))
    swaps = (("tanh", "sin"), ("tanh", "atan"), ("sin", "tanh"), ("exp", "sin"), ("x", "x**2"), ("+", "-"))
    old, new = rng.choice(swaps)
    model[key] = model[key].replace(old, new, 1)


# -- the truth


def is_true(proof: dict[str, Any]) -> bool:
    """Whether what is proved is true: see above."""
    model = proof["model"]
    null, each = _null_space(json.dumps([model, proof["truth"]]))
    if null is None or len(null) != len(proof["relations"]):
        return False
    others = [p for p in each if p not in model["straight"]]
    matrix = mp.matrix([[number(e) for e in row] for row in proof["matrix"]])
    if min(mp.eigsy(matrix, eigvals_only=True)) <= 0:
        return False
    pairs = list(combinations_with_replacement(each, 2))
    for row in null:
        of = dict(zip(pairs, row[1 + len(each) : 1 + len(each) + len(pairs)], strict=True))
        total = sum(
            2 * matrix[i, j] * of[p, q] for (i, p), (j, q) in combinations_with_replacement(list(enumerate(others)), 2)
        )
        beyond = row[1 + len(each) + len(pairs) :]
        if abs(total) > _ZERO or max(map(abs, beyond), default=0) > _ZERO:
            return False
    return True


@cache
def _null_space(text: str) -> tuple[list[list[Any]] | None, list[str]]:
    """The relations of all derivatives at the true point; None where the mean is not affine in what is straight."""
    model, truth = json.loads(text)
    weight, mean = (read(model[key].replace("^", "**")) for key in ("log_weight", "mean"))
    points = [{"pi": mp.pi, **{name: number(v) for name, v in atom.items()}} for atom in truth]
    each, rng = [*model["own"], *model["expert"]], random.Random(5)

    def atom(at: Mapping[str, Any], x: Mapping[str, Any], f: Any) -> Any:
        return mp.exp(value(weight, {**at, **x})) * (f - value(mean, {**at, **x}))

    def moved(at: Mapping[str, Any], steps: Sequence[tuple[str, int]]) -> dict[str, Any]:
        found = dict(at)
        for name, sign in steps:
            found[name] += sign * _STEP
        return found

    def slope(i: int, names: Sequence[str], x: Mapping[str, Any], f: Any) -> Any:
        if not names:
            return atom(points[i], x, f)
        if len(names) == 1:
            ends = [atom(moved(points[i], [(names[0], s)]), x, f) for s in (1, -1)]
            return (ends[0] - ends[1]) / (2 * _STEP)
        p, q = names
        return sum(s * t * atom(moved(points[i], [(p, s), (q, t)]), x, f) for s in (1, -1) for t in (1, -1)) / (
            4 * _STEP**2
        )

    places = [(0, ()), *((0, (p,)) for p in each), *((0, pq) for pq in combinations_with_replacement(each, 2))]
    places += [(1, (p,)) for p in model["expert"]]
    rows = []
    for _ in range(2 * (len(places) + len(model["shared"]))):
        x = {name: mp.mpf(rng.randint(-2000, 2000)) / 1000 for name in model["x"]}
        weights = [mp.exp(value(weight, {**at, **x})) for at in points]
        f = sum(w * value(mean, {**at, **x}) for w, at in zip(weights, points, strict=True)) / sum(weights)
        shared = [sum(slope(i, (p,), x, f) for i in range(2)) for p in model["shared"]]
        rows.append([*(slope(i, names, x, f) for i, names in places), *shared])
        for p, q in combinations_with_replacement(model["straight"], 2):
            at = {"pi": mp.pi, **{name: mp.mpf(rng.randint(-200, 200)) / 100 for name in model["expert"]}}
            bend = sum(s * t * value(mean, {**moved(at, [(p, s), (q, t)]), **x}) for s in (1, -1) for t in (1, -1)) / (
                4 * _STEP**2
            )
            if abs(bend) > _ZERO:
                return None, each
    _, values, vectors = mp.svd_r(mp.matrix(rows))
    small = [i for i in range(len(values)) if values[i] < _ZERO * values[0]]
    return [[vectors[i, j] for j in range(vectors.cols)] for i in small], each


def main() -> int:
    options = asked(__doc__, 2000)
    pool, rng, found = honest(), random.Random(options.seed), Attack()
    with mp.workdps(60):
        if not all(map(is_true, pool)):
            raise SystemExit("an honest certificate is false by the oracle")
        for _ in range(options.count):
            found.offer(mutated(pool, rng), checker.check, lambda changed: None if is_true(changed) else "not true")
    return told({"squares": found})


if __name__ == "__main__":
    sys.exit(main())
