"""Forged certificates of sample sizes, and the truth about those that the checker accepts.

    python campaigns/forged_sizes.py [--count 2000] [--seed 1]

Honest certificates are changed: the truth, the ranges of x and y, the matrices, the tolerance, the bounds, the formula,
the gauge, the number of atoms, the parts of a box; and the statement is written anew. The truth comes from an evaluator
of its own: the score by complex steps from the formula of the density, its square by Gauss rules. An accepted
certificate is false if n leaves the interval at the true point, or at a corner or some other point of the box; if the
information is singular; or if it says of one model what another says too. Exit status 1 for a false one, or for an
error of the checker other than Rejected.
"""

from __future__ import annotations

import ast
import copy
import json
import math
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
from attacks import Attack, asked, told
from order_oracle import OPERATORS
from scipy.special import erf

from temperance.numerics.information.certificates import certificate
from temperance.numerics.mixture.measures import MixingMeasure
from temperance.theory.sizes import sample_size_checker as checker

NUMBERS = ("0", "1", "-1", "1/2", "1/4", "-1/3", "2", "3/2", "51/100", "9/10")
FORMULAS = ("tanh(z)", "z", "sin(z)", "z**2", "exp(z)", "log(1 + exp(z))", "tanh(2*z)", "tanh(z) + z/1000", "log(z)")
FORMULAS += ("atan(z)", "z*(1 + erf(z))/2", "tanh(z) + z - z", "1/z", "(1 + z**2)**(1/2)")
_STEP, _NODES, _PANELS, _REACH = 1e-30, 24, (6, 24), 10.0
_SINGULAR, _SLACK = 1e-7, 1e-6  # least singular value of the root over the largest; of n, relative
_CORNERS = 6
_FUNCTIONS: Mapping[str, Callable[[Any], Any]] = {
    **{name: getattr(np, name) for name in ("exp", "log", "sin", "cos", "tanh", "sqrt")},
    "atan": np.arctan,
    "erf": erf,
}


def honest() -> list[dict[str, Any]]:
    """The certificates that are forged: two and three atoms, both gauges, a box."""
    two = MixingMeasure([[1.0], [0.0]], [-0.2, 0.0], 0.5, [[0.5], [-0.5]], [1.0, -1.0], [0.25, 0.5])
    free = MixingMeasure([[1.0], [-0.5]], [0.25, 0.0], 0.5, [[0.5], [-0.5]], [1.0, -1.0], [0.25, 0.5])
    three = MixingMeasure(
        [[1.0], [-1.5], [0.0]], [0.0, 0.25, 0.0], 0.5, [[0.5], [-0.5], [0.0]], [-2.0, 0.0, 2.0], [0.25, 0.5, 0.25]
    )
    made = [
        certificate(two, "anchored", "tanh", -1.0, 1.0),
        certificate(two, "anchored", "softplus", -1.0, 1.0),
        certificate(free, "free", "exp", -1.0, 1.0),
        certificate(three, "anchored", "tanh", -1.0, 1.0),
        certificate(two, "anchored", "tanh", -1.0, 1.0, radii={"tau": 0.0025}),
    ]
    for c in made:
        c["tolerance"] = "1/10"  # quicker
        least, most = map(float, checker.proved_bounds(c))
        c.update(least=str(math.floor(least)), most=str(math.ceil(most)))
        c["statement"] = checker.statement(c)
    return json.loads(json.dumps(made))


def mutated(pool: Sequence[dict[str, Any]], rng: random.Random) -> dict[str, Any]:
    """A certificate with one or two changes, and the statement that goes with it."""
    changed = copy.deepcopy(rng.choice(pool))
    for _ in range(rng.choice((1, 1, 2))):
        rng.choice((_bounds, _bounds, _truth, _truth, _range, _matrix, _matrix, _small, _model, _format))(
            changed, pool, rng
        )
    try:
        changed["statement"] = checker.statement(changed)
    except Exception:  # too broken to be put in words: the checker must say Rejected
        changed["statement"] = ""
    return changed


def _bounds(changed: dict[str, Any], _: Sequence[dict[str, Any]], rng: random.Random) -> None:
    """An interval that is narrower, shifted or wider, by a little or by much."""
    least, most = (Fraction(changed[end]) if changed.get(end) else Fraction(0) for end in ("least", "most"))
    by = max(
        Fraction(1, 2), abs(most) * rng.choice((Fraction(0), Fraction(1, 10**4), Fraction(1, 100), Fraction(1, 3)))
    )
    moves = ((by, 0), (0, -by), (by, by), (-by, -by), (-by, by), (by, -by))
    low, high = rng.choice(moves)
    changed["least"], changed["most"] = str(least + low), str(most + high)


def _truth(changed: dict[str, Any], _: Sequence[dict[str, Any]], rng: random.Random) -> None:
    """Another true value, near or far; a wider or moved box; or two values exchanged."""
    box = changed["box"]
    name, other = rng.choice(sorted(box)), rng.choice(sorted(box))
    low, high = (Fraction(end) for end in box[name])
    near = Fraction(rng.choice((-1, 1)), rng.choice((10, 100, 1000, 10**5)))
    new = rng.choice(
        (
            [str(low + near), str(high + near)],
            [rng.choice(NUMBERS)] * 2,
            [str(low - abs(near)), str(high + abs(near) / 10)],
            [str(high), str(low)],
            list(box[other]),
        )
    )
    box[name] = new


def _range(changed: dict[str, Any], _: Sequence[dict[str, Any]], rng: random.Random) -> None:
    """Another range of x or y: shorter, shifted, longer, one side cut off, reversed."""
    ends = changed[rng.choice(("x", "y", "y"))]
    low, high = Fraction(ends["low"]), Fraction(ends["high"])
    width, share = high - low, Fraction(rng.choice((1, 1, 2, 5)), rng.choice((4, 10, 100)))
    by = width * share
    moves = ((by, -by), (by, by), (-by, -by), (by, 0), (0, -by), (-by, by), (width, -width))
    first, last = rng.choice(moves)
    ends["low"], ends["high"] = str(low + first), str(high + last)


def _matrix(changed: dict[str, Any], pool: Sequence[dict[str, Any]], rng: random.Random) -> None:
    """Another number, row, scale or matrix; not a number; a matrix too many or too few."""
    matrices = changed["matrices"]
    rows = rng.choice(matrices) if matrices else []
    kind = rng.randrange(8)
    if kind == 0 or not rows:
        changed["matrices"] = copy.deepcopy(rng.choice(pool)["matrices"])
    elif kind == 1:
        matrices.append(copy.deepcopy(rows)) if rng.random() < 0.5 else matrices.pop()
    elif kind == 2:
        rng.choice(rows)[0] = rng.choice((float("inf"), float("nan"), 1, "1", None, True))
    elif kind == 3:
        scale = rng.choice((0.0, -1.0, 1e-9, 1e9, 3.0))
        rows[:] = [[scale * v for v in row] for row in rows]
    elif kind == 4:
        rows[rng.randrange(len(rows))] = [0.0] * len(rows)
    elif kind == 5:
        rows.reverse()
    else:
        row = rng.choice(rows)
        row[rng.randrange(len(row))] = rng.choice((0.0, rng.gauss(0, 1), row[0] * (1 + rng.gauss(0, 0.01)), 1e6))


def _small(changed: dict[str, Any], _: Sequence[dict[str, Any]], rng: random.Random) -> None:
    """Another tolerance or precision."""
    key = rng.choice(("tolerance", "precision"))
    changed[key] = rng.choice(("1", "10", "1/10", "1/11", "9/100", "1000000", "0", "-1/10", "1/1000", "0.1", 0.1))


def _model(changed: dict[str, Any], pool: Sequence[dict[str, Any]], rng: random.Random) -> None:
    """Another formula, gauge, number of atoms, or cut of the box."""
    kind = rng.randrange(4)
    if kind == 0:
        changed["expression"] = rng.choice((*FORMULAS, "where(z < 0, z, z)", "z + __import__('os')", "z\n", 1))
    elif kind == 1:
        changed["gauge"] = rng.choice(("free", "anchored", "", None))
    elif kind == 2:
        changed["atoms"] = rng.choice((1, 2, 3, 4, 2.0, True, "2", 21))
    else:
        changed["parts"] = rng.choice(({}, {"tau": 1}, {"tau": 2}, {"nu_1": 2}, {"tau": 0}, {"z": 1}, {"tau": 2.0}))
        if rng.random() < 0.5:
            changed["matrices"] = changed["matrices"] * rng.choice((1, 2))


def _format(changed: dict[str, Any], pool: Sequence[dict[str, Any]], rng: random.Random) -> None:
    """Another format; a key that is missing, exchanged with another certificate's, or one more."""
    key = rng.choice(sorted(changed))
    kind = rng.randrange(4)
    if kind == 0:
        changed["format"] = rng.choice(("temperance-sample-size/2", "temperance-sample-size/4", None))
    elif kind == 1:
        changed["more"] = 1
    elif key in ("box", "x", "y", "matrices", "parts", "expression", "precision"):
        changed[key] = copy.deepcopy(rng.choice(pool)[key]) if kind == 2 else rng.choice((None, [], "", {}))


# -- the truth


def evaluate(tree: ast.expr, z: Any) -> Any:
    """A formula in z, at complex numbers."""
    match tree:
        case ast.Constant(n):
            return n
        case ast.Name(name):
            return {"z": z, "pi": np.pi, "E": np.e}[name]
        case ast.UnaryOp(_, p):
            return -evaluate(p, z)
        case ast.BinOp(p, symbol, q):
            return OPERATORS[type(symbol)](evaluate(p, z), evaluate(q, z))
        case ast.Call(ast.Name(f), [q]):
            return _FUNCTIONS[f](evaluate(q, z) + 0j)
    raise ValueError(ast.dump(tree))


def _rule(low: float, high: float, panels: int) -> tuple[Any, Any]:
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    edges = np.linspace(low, high, panels + 1)
    half = (edges[1:] - edges[:-1]) / 2
    points = (edges[:-1] + half)[:, None] + half[:, None] * nodes
    return points.ravel(), (half[:, None] * weights).ravel()


@cache
def n_of(expression: str, k: int, gauge: str, low: Fraction, high: Fraction, at: tuple[Fraction, ...]) -> float:
    """[I^-1] of log tau, infinite where I is singular; `at` holds tau and every atom's beta1, beta0, a, b, nu.

    Half of the points are taken in y as in x many panels; a score by complex steps has all digits of a double.
    """
    tree, own = ast.parse(expression, mode="eval").body, np.array([float(v) for v in at[1:]]).reshape(k, 5)
    base = np.concatenate([[float(at[0])], own.ravel()])
    x, wx = _rule(float(low), float(high), _PANELS[0])
    ends = own[:, 2] * np.array([[float(low)], [float(high)]]) + own[:, 3]
    reach = _REACH * np.sqrt(own[:, 4])
    y, wy = _rule((ends - reach).min(), (ends + reach).max(), _PANELS[1])

    def log_density(p: Any) -> Any:
        tau, atoms = p[0], p[1:].reshape(k, 5)
        logits = np.stack([(evaluate(tree, b1 * x) + b0) / tau for b1, b0, *_ in atoms])
        logits = logits - logits.real.max(axis=0)
        gate = logits - np.log(np.exp(logits).sum(axis=0))
        parts = np.stack(
            [
                gate[i][:, None] - (y - (a * x + b)[:, None]) ** 2 / (2 * nu) - np.log(2 * np.pi * nu) / 2
                for i, (_, _, a, b, nu) in enumerate(atoms)
            ]
        )
        most = parts.real.max(axis=0)
        return most + np.log(np.exp(parts - most).sum(axis=0))

    held = {5 * (k - 1) + 2} | ({5 * (k - 1) + 1} if gauge == "anchored" else set())
    root = np.sqrt(np.exp(log_density(base + 0j).real) * wx[:, None] * wy / float(high - low))
    columns = []
    for j in [j for j in range(len(base)) if j not in held]:
        moved = base + 0j
        moved[j] += 1j * _STEP
        positive = j == 0 or j % 5 == 0
        columns.append((log_density(moved).imag / _STEP * (base[j] if positive else 1.0) * root).ravel())
    rows = np.linalg.qr(np.stack(columns, axis=1), mode="r")
    scaled = rows / np.linalg.norm(rows, axis=0)
    values = np.linalg.svd(scaled, compute_uv=False)
    if not values[-1] > _SINGULAR * values[0]:
        return float("inf")
    inverse = np.linalg.inv(scaled)[0] / np.linalg.norm(rows[:, 0])
    return float(inverse @ inverse)


def falsehood(certificate: Mapping[str, Any], rng: random.Random) -> str | None:
    """What is false in the statement of a certificate, if anything is found to be."""
    k, gauge, box = certificate["atoms"], certificate["gauge"], certificate["box"]
    low, high = (Fraction(certificate["x"][end]) for end in ("low", "high"))
    names = ["tau", *(f"{name}_{i}" for i in range(1, k + 1) for name in ("beta1", "beta0", "a", "b", "nu"))]
    if sorted(box) != sorted(names) or not low < high:
        return "parameters are missing"
    least, most, precision = (float(Fraction(certificate[key])) for key in ("least", "most", "precision"))
    for _ in range(1 if all(p == q for p, q in box.values()) else _CORNERS):
        at = []
        for name in names:
            first, last = map(Fraction, box[name])
            at.append(first + (last - first) * rng.choice((0, 1, Fraction(rng.randrange(101), 100))))
        n = n_of(certificate["expression"], k, gauge, low, high, tuple(at)) / precision**2
        if not least * (1 - _SLACK) <= n <= most * (1 + _SLACK):
            return f"n = {n} at {list(map(float, at))}"
    return None


def campaign(count: int, seed: int) -> Attack:
    """Forge so many certificates: how many are accepted, and which of these are false, or break the checker."""
    pool, rng, found = honest(), random.Random(seed), Attack()
    said: dict[str, str] = {}

    def false(changed: dict[str, Any]) -> str | None:
        claims = ("expression", "atoms", "gauge", "x", "box", "precision", "least", "most")
        content = json.dumps([changed[key] for key in claims], sort_keys=True)
        return falsehood(changed, rng) if said.setdefault(changed["statement"], content) == content else "said twice"

    for _ in range(count):
        found.offer(mutated(pool, rng), checker.check, false)
    return found


def main() -> int:
    options = asked(__doc__, 2000)
    return told({"sizes": campaign(options.count, options.seed)})


if __name__ == "__main__":
    sys.exit(main())
