"""Independent checker for certificates of sample sizes: bounds of [I^-1] of log tau over n, from both sides.

A certificate is about atoms with linear Gaussian experts, d = 1, x uniform on [low, high], y real, and a box of
parameters. It states that for every parameter of the box the n that gives log tau the asymptotic standard error
`precision` lies between `least` and `most`. It holds the model, the box and its subdivision, the range of y, the
tolerance of the integrals, and for every part of the box a matrix B.

Proof (theory.md 6.7). With M = B^T I B and w the row of B of log tau, [I^-1] of log tau is w^T M^-1 w. I is at least
what the cells hold that are integrated: an upper bound. I is at most that and the trace of the rest, and for any
direction v = B w/|w|^2, whose part of log tau is 1, [I^-1] of log tau is at least 1/(v^T I v): a lower bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from itertools import product
from math import prod
from typing import Any

from flint import arb, arb_mat, ctx, fmpq

from temperance.theory.checker.rejected import Rejected, branches, parsed, proving, rational, require, require_keys
from temperance.theory.sizes.information_in_balls import Information
from temperance.theory.sizes.mixture_in_balls import Mixture, every, names

FORMAT = "temperance-sample-size/3"
_KEYS = ("format", "statement", "expression", "atoms", "gauge", "x", "y", "box", "parts", "matrices")
_BOUNDS = ("tolerance", "precision", "least", "most")
_BITS = 80
_MOST_ATOMS, _MOST_PARTS, _MOST_WORK = 20, 4096, 6 * 10**5  # cells, times atoms, times derivatives

Parameters = dict[str, arb]


def statement(certificate: Mapping[str, Any]) -> str:
    """The statement of a certificate in words."""
    box = {name: (low if low == high else f"[{low}, {high}]") for name, (low, high) in certificate["box"].items()}
    at = ", ".join(f"{name} = {value}" for name, value in box.items())
    x, k, gauge = certificate["x"], certificate["atoms"], certificate["gauge"]
    return (
        f"between {certificate['least']} and {certificate['most']} observations give log tau the asymptotic standard "
        f"error {certificate['precision']}; {k} atoms, weights exp((s(beta1 x) + beta0)/tau) with beta0 = 0 in the "
        f"last, s(z) = {certificate['expression']}, y normal of mean a x + b and variance nu; {gauge} gauge, where "
        f"{', '.join(names(k, gauge))} are unknown; x uniform on [{x['low']}, {x['high']}]; at {at}"
    )


def check(certificate: Any) -> str:
    """The statement that a certificate proves. Raises Rejected where it proves none."""
    with proving(certificate, FORMAT, *_KEYS, *_BOUNDS):
        require(certificate["statement"] == statement(certificate), "the statement is wrong")
        least, most = rational(certificate["least"]), rational(certificate["most"])
        low, high = proved_bounds(certificate)
        shown = f"{low.str(6, radius=False)} <= n <= {high.str(6, radius=False)}"
        require(low >= arb(least) and high <= arb(most), f"only {shown} is proved")
        return str(certificate["statement"])


def proved_bounds(certificate: Mapping[str, Any]) -> tuple[arb, arb]:
    """A number below and one above every n of the box; the bounds of the certificate are not read."""
    with ctx.workprec(_BITS):
        proof = _Proof(certificate)
        bounds = [proof.of_part(at, matrix) for at, matrix in zip(proof.parts, proof.matrices, strict=True)]
        lows, highs = zip(*bounds, strict=True)
        scale = 1 / arb(proof.precision) ** 2
        return arb((reduce(arb.min, lows) * scale).lower()), arb((reduce(arb.max, highs) * scale).upper())


class _Proof:
    def __init__(self, certificate: Mapping[str, Any]) -> None:
        (_, self.formula), *others = branches(parsed(certificate["expression"]), {"pi", "E"})
        require(not others, "only one formula for all z is understood")
        self.k, gauge = certificate["atoms"], certificate["gauge"]
        require(type(self.k) is int and 2 <= self.k <= _MOST_ATOMS, "the atoms are not from 2 to 20")
        require(gauge in ("anchored", "free"), "the gauge is unknown")
        self.names = names(self.k, gauge)
        self.x, self.y = (_range(certificate[axis], axis) for axis in ("x", "y"))
        self.precision, self.tolerance = rational(certificate["precision"]), rational(certificate["tolerance"])
        require(self.precision > 0 and self.tolerance > 0, "the precision or tolerance is not positive")
        self.parts = _parts(certificate["box"], certificate["parts"], self.k, self.names)
        self.moving = [name for name, (low, high) in certificate["box"].items() if rational(low) != rational(high)]
        self.matrices = [_matrix(rows, len(self.names)) for rows in certificate["matrices"]]
        require(len(self.parts) == len(self.matrices), "there is not one matrix for every part of the box")

    def of_part(self, at: Parameters, matrix: arb_mat) -> tuple[arb, arb]:
        """Numbers below and above [I^-1] of log tau for all parameters of a part of the box."""

        def make(values: Mapping[str, arb], moving: list[str]) -> Mixture:
            return Mixture(self.formula, self.k, self.names, values, moving, matrix)

        most_cells = _MOST_WORK // (len(self.parts) * self.k * (1 + len(self.moving)))
        found = Information(make, at, self.moving, self.x, self.y, self.tolerance).enclosed(most_cells)
        row = arb_mat([[matrix[0, j]] for j in range(matrix.ncols())])
        try:
            most = (row.transpose() * found.seen.solve(row))[0, 0]
        except ZeroDivisionError:
            raise Rejected("the information is not proved to be regular") from None
        require(most.is_finite() and most > 0, "the information is not proved to be regular")
        square = (row.transpose() * row)[0, 0]
        least = square**2 / ((row.transpose() * found.seen * row)[0, 0] + square * found.unseen)
        require(least.is_finite(), "nothing is proved from below")
        return arb(least.lower()), arb(most.upper())


def _range(ends: Any, axis: str) -> tuple[fmpq, fmpq]:
    require_keys(ends, "low", "high", of=axis)
    low, high = rational(ends["low"]), rational(ends["high"])
    require(low < high, f"{axis} has no range")
    return low, high


def _parts(box: Any, parts: Any, k: int, known: list[str]) -> list[Parameters]:
    """The parts of the box, in the order of the product of its cuts, the last parameter running fastest."""
    titles = every(k)
    require_keys(box, *titles, of="the box")
    require(isinstance(parts, dict) and set(parts) <= set(titles), "the cuts of the box are not understood")
    counts = {name: parts.get(name, 1) for name in titles}
    whole = all(type(n) is int and n >= 1 for n in counts.values()) and prod(counts.values()) <= _MOST_PARTS
    require(whole, "the cuts of the box are not understood")
    cuts, positive = [], {"tau", *(f"nu_{i}" for i in range(1, k + 1))}
    for name in titles:
        low, high = (rational(end) for end in box[name])
        require(low <= high and (low > 0 or name not in positive), f"{name} has no range")
        require(name in known or low == high == 0, f"{name} is 0 in this gauge")
        step = (high - low) / counts[name]
        cuts.append([arb(low + step * i).union(arb(low + step * (i + 1))) for i in range(counts[name])])
    return [dict(zip(titles, chosen, strict=True)) for chosen in product(*cuts)]


def _matrix(rows: Any, size: int) -> arb_mat:
    """B, of finite numbers; any will do."""
    fits = isinstance(rows, list) and len(rows) == size and all(isinstance(r, list) and len(r) == size for r in rows)
    require(fits and all(type(v) is float for r in rows for v in r), "a matrix is not one of numbers")
    made = arb_mat([[arb(v) for v in r] for r in rows])
    require(all(made[i, j].is_finite() for i in range(size) for j in range(size)), "a matrix has no finite numbers")
    return made
