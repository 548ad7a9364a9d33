"""A mixture of linear Gaussian experts, d = 1, and its score, in balls of x, y and the parameters (theory.md 6.7).

The score is S = sum_a s_a T_a. s(x, y) holds r_i - pi_i (i < k), r_i e_i/sigma_i and r_i (e_i^2 - 1)/2, r the shares of
the atoms in the density and e_i = (y - mean_i)/sigma_i; T(x) = J(x) B, J the derivatives of the log odds over the last
atom, of means and of log variances by the parameters.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

from flint import acb, acb_mat, arb, arb_mat

from temperance.theory.checker.rejected import evaluate, require
from temperance.theory.checker.verdict_values import Balls
from temperance.theory.sizes.discs import Discs
from temperance.theory.sizes.sloped import Sloped, slopes, value


def every(k: int) -> list[str]:
    """All parameters: tau, and those of every atom."""
    return ["tau", *(f"{name}_{i}" for i in range(1, k + 1) for name in ("beta1", "beta0", "a", "b", "nu"))]


def names(k: int, gauge: str) -> list[str]:
    """The unknown parameters, in the order of the rows of B; log tau and log nu_i for tau and nu_i."""
    held = {f"beta0_{k}"} | ({f"beta1_{k}"} if gauge == "anchored" else set())
    return [name for name in every(k) if name not in held]


class Mixture:
    """A mixture at parameters in balls, those of `moving` with derivatives; and B, with a row for every unknown one."""

    def __init__(
        self, formula: ast.expr, k: int, known: Sequence[str], at: Mapping[str, arb], moving: Sequence[str], b: arb_mat
    ) -> None:
        self.formula, self.k, self.names, self.matrix = formula, k, known, b
        self.at = {name: Sloped(ball, {name: arb(1)}) if name in moving else ball for name, ball in at.items()}
        self.moving = list(moving)
        self.a, self.b, nu = (self.of_atoms(name) for name in ("a", "b", "nu"))
        self.precise = [1 / v.sqrt() for v in nu]  # 1/sigma

    def of_atoms(self, name: str) -> list[Any]:
        """A parameter of all atoms."""
        return [self.at[f"{name}_{i}"] for i in range(1, self.k + 1)]


class Place:
    """What does not depend on y, at x = middle + offset; the offset is a ball around 0, complex where it is an acb."""

    def __init__(self, mixture: Mixture, middle: arb, offset: Any = None) -> None:
        self.of, self.middle, self.offset = mixture, middle, offset
        self.x = middle if offset is None else middle + offset
        k, cold = mixture.k, 1 / mixture.at["tau"]
        jets = [self._activation(i) for i in range(1, k + 1)]
        self.logits = [(s + b) * cold for (s, _), b in zip(jets, mixture.of_atoms("beta0"), strict=True)]
        at_middle = [float(value(logit).real.mid()) for logit in self.logits]
        lead = at_middle.index(max(at_middle))
        self.weights = shares([logit - self.logits[lead] for logit in self.logits], lead)
        self.means = [a * middle + b for a, b in zip(mixture.a, mixture.b, strict=True)]
        density = 1 / (2 * arb.pi()).sqrt()
        self.heights = [w * r * density for w, r in zip(self.weights, mixture.precise, strict=True)]
        moved = [slope * self.x * cold for _, slope in jets]  # d logit/d beta1
        self.rows, self.row_slopes = self._rows(moved, cold)

    def _activation(self, i: int) -> tuple[Any, Any]:
        """s(beta1 x) and s'(beta1 x)."""
        name, x = f"beta1_{i}", self.x
        z = value(self.of.at[name]) * x
        jet = evaluate(self.of.formula, Discs(z, 3) if isinstance(z, acb) else Balls({}, z, length=3))
        if name not in self.of.moving:
            return jet[0], jet[1]
        return Sloped(jet[0], {name: x * jet[1]}), Sloped(jet[1], {name: 2 * x * jet[2]})

    def _rows(self, moved: Sequence[Any], cold: Any) -> tuple[Any, dict[str, Any]]:
        """T, and its derivatives."""
        k, known = self.of.k, self.of.names
        zero = 0 * self.x
        one, rows = zero + 1, []
        for i in range(1, k):
            row = {"tau": self.logits[-1] - self.logits[i - 1], f"beta0_{i}": cold + zero}
            rows.append({**row, f"beta1_{i}": moved[i - 1], f"beta1_{k}": -moved[-1]})
        rows += [{f"a_{i}": self.x, f"b_{i}": one} for i in range(1, k + 1)]
        rows += [{f"nu_{i}": one} for i in range(1, k + 1)]
        made = acb_mat if isinstance(self.x, acb) else arb_mat
        full = [[row.get(name, zero) for name in known] for row in rows]
        b = made(self.of.matrix)
        return made([[value(v) for v in row] for row in full]) * b, {
            name: made([[slopes(v).get(name, zero) for v in row] for row in full]) * b for name in self.of.moving
        }

    def scores(self, r: Sequence[Any], e: Sequence[Any]) -> list[Any]:
        """s, for shares r."""
        precise, k = self.of.precise, self.of.k
        gate = [r[i] - self.weights[i] for i in range(k - 1)]
        means = [r[i] * e[i] * precise[i] for i in range(k)]
        return [*gate, *means, *(r[i] * (e[i] * e[i] - 1) / 2 for i in range(k))]

    def rooted(self, y: arb) -> list[Any]:
        """sqrt(g) s, at a point."""
        minus_half = arb(-0.5)
        e = [(y - m) * p for m, p in zip(self.means, self.of.precise, strict=True)]
        parts = [h * (minus_half * u * u).exp() for h, u in zip(self.heights, e, strict=True)]
        total = sum(parts[1:], parts[0])
        root, cold = total.sqrt(), 1 / total
        return [root * s for s in self.scores([p * cold for p in parts], e)]

    def beyond(self, i: int, end: arb, side: int) -> arb:
        """A number above the integral of g_i |S B|^2 beyond an end of y, were the labels seen.

        S B is then at most c e^2 for e >= R >= 1, e = |y - mean_i|/sigma_i; and the integral of e^4 exp(-e^2/2) beyond
        R is at most (R^3 + 3 R + 3/R) exp(-R^2/2).
        """
        precise, rows, k = value(self.of.precise[i]), self.rows, self.of.k
        mean = value(self.of.a[i]) * self.x.real + value(self.of.b[i])
        reach = arb(((end - mean) * precise * side).lower())
        require(reach >= 1, "the range of y ends too near")
        gate = [(int(i == a) - value(self.weights[a])) for a in range(k - 1)]
        most = _length(sum((g * _row(rows, a) for a, g in enumerate(gate)), _row(rows, 0) * 0)) / reach**2
        most += _length(_row(rows, k - 1 + i)) * precise / reach + _length(_row(rows, 2 * k - 1 + i)) / 2
        integral = (reach**3 + 3 * reach + 3 / reach) * (-reach * reach / 2).exp()
        return arb((abs(value(self.heights[i])) / precise * most**2 * integral).upper())


class Cell:
    """Densities and scores over x = middle + offset, y = middle + offset."""

    def __init__(self, place: Place, middle: arb, offset: Any) -> None:
        self.place, of = place, place.of
        dx, dy, half = place.offset, offset, arb(0.5)
        inner = [(middle - m) * p for m, p in zip(place.means, of.precise, strict=True)]
        self.e = [u + (dy - a * dx) * p for u, a, p in zip(inner, of.a, of.precise, strict=True)]
        powers = [arb(1), dy, dx, dy * dy, dy * dx, dx * dx]
        self.factors = []  # of these powers, in the logarithms of the normal densities
        for u, a, p in zip(inner, of.a, of.precise, strict=True):
            square = p * p * half
            self.factors.append([-u * u * half, -u * p, u * p * a, -square, 2 * square * a, -square * a * a])
        self.exponents = [sum((f * q for f, q in zip(row, powers, strict=True)), arb(0)) for row in self.factors]
        sizes = [
            float((value(logit).real + value(p).log() - value(u) ** 2 * half).mid())
            for logit, u, p in zip(place.logits, inner, of.precise, strict=True)
        ]
        self.lead = sizes.index(max(sizes))
        self.powers = powers

    def heights(self) -> list[arb]:
        """Numbers above |density| of every atom."""
        return [
            arb((abs(value(h)) * value(x).real.exp()).upper())
            for h, x in zip(self.place.heights, self.exponents, strict=True)
        ]

    def moved_height(self, heights: Sequence[arb], name: str) -> arb:
        """A number above |derivative of the density by a parameter|."""
        total = arb(0)
        for above, h, x in zip(heights, self.place.heights, self.exponents, strict=True):
            relative = acb(0) + slopes(x).get(name, arb(0)) + slopes(h).get(name, arb(0)) / value(h)
            total += above * arb(relative.abs_upper())
        return total

    def shares(self) -> list[Any]:
        """r, the part of every atom in the density."""
        place, lead = self.place, self.lead
        ratios = []
        for i, row in enumerate(self.factors):
            gap = place.logits[i] - place.logits[lead]
            pairs = zip(row, self.factors[lead], self.powers, strict=True)
            ratios.append(sum(((p - q) * m for p, q, m in pairs), gap))
        precise = place.of.precise
        return shares(ratios, lead, [p / precise[lead] for p in precise])


def _row(matrix: acb_mat, i: int) -> acb_mat:
    return acb_mat([[matrix[i, j] for j in range(matrix.ncols())]])


def _length(row: acb_mat) -> arb:
    return sum((arb(v.abs_upper()) ** 2 for v in row.entries()), arb(0)).sqrt()


def shares(exponents: Sequence[Any], lead: int, factors: Sequence[Any] | None = None) -> list[Any]:
    """f_i exp(u_i) over their sum, where f = u = 1 and 0 of the leading one."""
    parts = []
    for i, u in enumerate(exponents):
        part = arb(1) if i == lead else u.exp()
        parts.append(part if factors is None or i == lead else part * factors[i])
    cold = 1 / sum(parts[1:], parts[0])
    return [part * cold for part in parts]
