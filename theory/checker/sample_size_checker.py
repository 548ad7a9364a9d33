"""Independent checker for certificates of sample sizes: an upper bound of [I^-1] of log tau over n (theory.md 6.7).

A certificate is about two atoms with linear Gaussian experts, d = 1, x uniform on [low, high], y real, and a box of
parameters. It states that for every parameter of the box n observations, n at most the bound, give log tau the
asymptotic standard error `precision`. It holds the model, the box and its subdivision, the number of intervals of x,
the edges of cells of y, and for every part of the box a matrix B.

Proof. Seeing only the interval of x and the cell of y loses information; so does dropping cells. What is left is
I_c = sum grad P grad P^T/P over the cells, P the mean of the probability over the interval. Means over an interval of
half-width h are f(middle) + h^2/6 f'', f'' in balls over the whole interval. With G = B^T I_c B and w the row of B of
log tau, [I^-1] of log tau is at most w^T G^-1 w, a ball that holds it for all parameters of the part at once: G is that
of the middle of the part, and its derivatives, in balls over the part, times the offsets.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from itertools import pairwise, product
from math import prod
from typing import Any

from flint import arb, arb_mat, arb_series, ctx, fmpq

from temperance.theory.checker.rejected import (
    Rejected,
    branches,
    evaluate,
    parsed,
    proving,
    rational,
    require,
    require_keys,
)
from temperance.theory.checker.series_with_slopes import Sloped
from temperance.theory.checker.verdict_values import Balls

FORMAT = "temperance-sample-size/2"
_KEYS = ("format", "statement", "expression", "gauge", "x", "edges", "box", "parts", "matrices", "precision", "bound")
_BITS = 80
_MOST_INTERVALS, _MOST_EDGES, _MOST_PARTS, _MOST_CELLS = 2000, 1000, 4096, 10**6

Parameters = dict[str, arb]
Cell = list[Sloped]  # P and its derivatives by the parameters


def statement(certificate: Mapping[str, Any]) -> str:
    """The statement of a certificate in words."""
    box = {name: (low if low == high else f"[{low}, {high}]") for name, (low, high) in certificate["box"].items()}
    at = ", ".join(f"{name} = {value}" for name, value in box.items())
    x = certificate["x"]
    return (
        f"n = {certificate['bound']} observations or fewer give log tau the asymptotic standard error "
        f"{certificate['precision']}; two atoms, weights exp((s(beta1 x) + beta0)/tau) with beta0 = 0 in the second, "
        f"s(z) = {certificate['expression']}, y normal of mean a x + b and variance nu; {certificate['gauge']} gauge, "
        f"where {', '.join(names(certificate['gauge']))} are unknown; x uniform on [{x['low']}, {x['high']}]; at {at}"
    )


def names(gauge: str) -> list[str]:
    """The parameters in the order of the rows of B; log tau, log nu_1 and log nu_2 for tau and nu."""
    second = ["beta1_2"] if gauge == "free" else []
    return ["tau", "beta1_1", "beta0", "a_1", "b_1", "nu_1", *second, "a_2", "b_2", "nu_2"]


def check(certificate: Any) -> str:
    """The statement that a certificate proves. Raises Rejected where it proves none."""
    with proving(certificate, FORMAT, *_KEYS):
        require(certificate["statement"] == statement(certificate), "the statement is wrong")
        bound = rational(certificate["bound"])
        found = proved_bound(certificate)
        require(found <= arb(bound), f"only n <= {found.str(6, radius=False)} is proved")
        return str(certificate["statement"])


def proved_bound(certificate: Mapping[str, Any]) -> arb:
    """The n that is proved, as a number above it; the bound of the certificate is not read."""
    with ctx.workprec(_BITS):
        proof = _Proof(certificate)
        bounds = [proof.of_part(part, matrix) for part, matrix in zip(proof.parts, proof.matrices, strict=True)]
        return arb(reduce(arb.max, bounds).upper()) / arb(proof.precision) ** 2


class _Proof:
    def __init__(self, certificate: Mapping[str, Any]) -> None:
        (_, self.formula), *others = branches(parsed(certificate["expression"]), {"pi", "E"})
        require(not others, "only one formula for all z is understood")
        self.gauge = certificate["gauge"]
        require(self.gauge in ("anchored", "free"), "the gauge is unknown")
        self.names = names(self.gauge)
        require_keys(certificate["x"], "low", "high", "intervals", of="x")
        self.low, self.high = (rational(certificate["x"][end]) for end in ("low", "high"))
        self.intervals = certificate["x"]["intervals"]
        whole = type(self.intervals) is int and 1 <= self.intervals <= _MOST_INTERVALS
        require(whole and self.low < self.high, "x has no intervals")
        self.edges = [rational(edge) for edge in certificate["edges"]]
        rising = all(p < q for p, q in pairwise(self.edges))
        require(rising and 2 <= len(self.edges) <= _MOST_EDGES, "the edges of y do not rise")
        self.precision = rational(certificate["precision"])
        require(self.precision > 0, "the precision is not positive")
        self.parts = _parts(certificate["box"], certificate["parts"], self.names)
        self.matrices = [_matrix(rows, len(self.names)) for rows in certificate["matrices"]]
        cells = self.intervals * len(self.edges) * len(self.parts)
        require(cells <= _MOST_CELLS, "the cells are too many")
        require(len(self.parts) == len(self.matrices), "there is not one matrix for every part of the box")

    def of_part(self, at: Parameters, matrix: arb_mat) -> arb:
        """A ball above [I^-1] of log tau for all parameters of a part of the box.

        G = G(middle) + sum_k dG/dtheta_k (theta_k - middle), the derivatives in balls over the part.
        """
        size = len(self.names)
        middle = {name: arb(ball.mid()) for name, ball in at.items()}
        moving = [name for name, ball in at.items() if not ball.is_exact()]
        total, slopes = arb_mat(size, size), {name: arb_mat(size, size) for name in moving}
        width = (self.high - self.low) / self.intervals
        for j in range(self.intervals):
            x = self.low + width * fmpq(2 * j + 1, 2)
            ends = arb(x).union(arb(x + width / 2)).union(arb(x - width / 2))
            cells = _means(self._cells(middle, [], arb(x), 1), self._cells(middle, [], ends, 3), width / 2)
            over = cells
            if moving:
                over = _means(self._cells(at, moving, arb(x), 1), self._cells(at, moving, ends, 3), width / 2)
            seen = [c for c, cell in enumerate(over) if _is_seen(cell) and _is_seen(cells[c])]
            if not seen:
                continue
            scaled = [[g.value * p.value.rsqrt() for g in gradient] for p, *gradient in (cells[c] for c in seen)]
            rows = arb_mat(scaled) * matrix
            total = total + rows.transpose() * rows
            if moving:
                _add_slopes(slopes, [over[c] for c in seen], matrix)
        for name in moving:
            offset = at[name] - middle[name]
            total = total + slopes[name] * offset
        return _bound(total * (arb(1) / self.intervals), matrix)

    def _cells(self, at: Parameters, moving: list[str], x: arb, length: int) -> list[Cell]:
        """[P, dP/dtheta ..] of every cell of y, as series in x of a length, with derivatives by what moves."""
        one = arb_series([1], prec=length)

        def constant(name: str) -> Sloped:
            return Sloped(one * at[name], {name: one} if name in moving else {})

        unit, point = Sloped(one), Sloped(arb_series([x, 1], prec=length))
        (s, slope), (s_2, slope_2) = (self._activation(at, n, n in moving, x, length) for n in ("beta1_1", "beta1_2"))
        cold = constant("tau").inverse()
        odds = (s - s_2 + constant("beta0")) * cold
        pi_1, pi_2 = (unit + (-odds).exp()).inverse(), (unit + odds.exp()).inverse()
        both = pi_1 * pi_2
        by_logit = point * both * cold
        gates = {"tau": -odds * both, "beta0": both * cold, "beta1_1": slope * by_logit, "beta1_2": -slope_2 * by_logit}
        experts = [
            self._expert(constant(f"a_{i}") * point + constant(f"b_{i}"), constant(f"nu_{i}").root().inverse())
            for i in ("1", "2")
        ]
        cells = []
        for (q_1, m_1, v_1), (q_2, m_2, v_2) in zip(*experts, strict=True):
            gap = q_1 - q_2
            moves = {name: factor * gap for name, factor in gates.items() if name in self.names}
            for i, pi, m, v in (("1", pi_1, m_1, v_1), ("2", pi_2, m_2, v_2)):
                moves[f"b_{i}"] = pi * m
                moves[f"a_{i}"] = point * moves[f"b_{i}"]
                moves[f"nu_{i}"] = pi * v
            cells.append([pi_1 * q_1 + pi_2 * q_2, *(moves[name] for name in self.names)])
        return cells

    def _activation(self, at: Parameters, name: str, moves: bool, x: arb, length: int) -> tuple[Sloped, Sloped]:
        """s(beta1 x) and s'(beta1 x) as series in x."""
        beta1 = at[name]
        jets = [evaluate(self.formula, Balls({}, beta1 * x, length=6))]  # s and its first five derivatives
        for _ in range(2):
            jets.append(jets[-1].derivative())
        s, s1, s2 = (arb_series([jet[r] * beta1**r for r in range(length)], prec=length) for jet in jets)
        if not moves:
            return Sloped(s), Sloped(s1)
        point = arb_series([x, 1], prec=length)
        return Sloped(s, {name: point * s1}), Sloped(s1, {name: point * s2})

    def _expert(self, mean: Sloped, precise: Sloped) -> list[tuple[Sloped, Sloped, Sloped]]:
        """For every cell its probability under an expert, and the derivatives by the mean and by log nu."""
        minus_half, root_half, density = arb(-1) / 2, 1 / arb(2).sqrt(), 1 / (2 * arb.pi()).sqrt()
        below = []
        centre, less = mean * precise, -precise
        for edge in self.edges:
            e = precise.scaled(arb(edge)) - centre
            normal = (e * e).scaled(minus_half).exp().scaled(density)
            below.append((e.scaled(root_half).erf(), normal * less, e * normal))
        half = arb(1) / 2
        return [((q[0] - p[0]).scaled(half), q[1] - p[1], (q[2] - p[2]).scaled(minus_half)) for p, q in pairwise(below)]


def _is_seen(cell: Cell) -> bool:
    """Whether P is proved to be positive, and all is finite."""
    p, numbers = cell[0].value, [v for f in cell for v in (f.value, *f.slopes.values())]
    return bool(p > 0 and all(v.is_finite() for v in (1 / p, p.rsqrt(), *numbers)))


def _means(middle: list[Cell], whole: list[Cell], half: fmpq) -> list[Cell]:
    """Means over an interval of half-width h, balls, of series: f(middle) + h^2 f''/6, f'' over the whole interval."""
    factor = arb(half) ** 2 / 3

    def mean(f: Sloped, g: Sloped) -> Sloped:
        slopes = {name: slope[0] + factor * g.slopes[name][2] for name, slope in f.slopes.items()}
        return Sloped(f.value[0] + factor * g.value[2], slopes)

    return [[mean(*pair) for pair in zip(*cells, strict=True)] for cells in zip(middle, whole, strict=True)]


def _add_slopes(slopes: dict[str, arb_mat], cells: list[Cell], matrix: arb_mat) -> None:
    """Add the derivatives of sum t t^T/P over cells, t = gradient B: (t_k t^T + t t_k^T)/P - P_k t t^T/P^2."""
    size = matrix.nrows()
    rows = arb_mat([[g.value for g in gradient] for _, *gradient in cells]) * matrix
    for name, total in slopes.items():
        moved = [(p.value, [f.slopes.get(name, arb(0)) for f in (p, *gradient)]) for p, *gradient in cells]
        half = arb_mat([[g / p for g in gradient] for p, (_, *gradient) in moved])
        mixed = (half * matrix).transpose() * rows
        shrunk = [slope / p / p for p, (slope, *_) in moved]  # p^2 could reach 0
        scaled = [[rows[c, j] * factor for j in range(size)] for c, factor in enumerate(shrunk)]
        slopes[name] = total + mixed + mixed.transpose() - arb_mat(scaled).transpose() * rows


def _bound(total: arb_mat, matrix: arb_mat) -> arb:
    """w^T G^-1 w, w the row of B of log tau: a number above it for every G of the ball."""
    row = arb_mat([[matrix[0, j]] for j in range(matrix.ncols())])
    try:
        solved = total.solve(row)
    except ZeroDivisionError:
        raise Rejected("the information is not proved to be regular") from None
    found = (row.transpose() * solved)[0, 0]
    require(found.is_finite() and found > 0, "the information is not proved to be regular")
    return arb(found.upper())


def _parts(box: Any, parts: Any, known: list[str]) -> list[Parameters]:
    """The parts of the box, in the order of the product of its cuts, the last parameter running fastest."""
    every = ["tau", "beta1_1", "beta1_2", "beta0", "a_1", "a_2", "b_1", "b_2", "nu_1", "nu_2"]
    require_keys(box, *every, of="the box")
    require(isinstance(parts, dict) and set(parts) <= set(every), "the cuts of the box are not understood")
    counts = {name: parts.get(name, 1) for name in every}
    whole = all(type(n) is int and n >= 1 for n in counts.values()) and prod(counts.values()) <= _MOST_PARTS
    require(whole, "the cuts of the box are not understood")
    cuts = []
    for name in every:
        low, high = (rational(end) for end in box[name])
        require(low <= high and (low > 0 or name not in ("tau", "nu_1", "nu_2")), f"{name} has no range")
        require(name in known or low == high == 0, f"{name} is 0 in this gauge")
        step = (high - low) / counts[name]
        cuts.append([arb(low + step * i).union(arb(low + step * (i + 1))) for i in range(counts[name])])
    return [dict(zip(every, chosen, strict=True)) for chosen in product(*cuts)]


def _matrix(rows: Any, size: int) -> arb_mat:
    """B, of finite numbers; any will do."""
    fits = isinstance(rows, list) and len(rows) == size and all(isinstance(r, list) and len(r) == size for r in rows)
    require(fits and all(type(v) is float for r in rows for v in r), "a matrix is not one of numbers")
    made = arb_mat([[arb(v) for v in r] for r in rows])
    require(all(made[i, j].is_finite() for i in range(size) for j in range(size)), "a matrix has no finite numbers")
    return made
