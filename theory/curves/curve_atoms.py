"""The atoms along a curve, as a certificate gives them: their nodes q, shares and offsets, in exact arithmetic.

Atoms whose q are the roots of one polynomial are given together. A sum over them needs the power sums of the roots
alone, which are rational (Newton); the roots themselves are enclosed in balls only where a sign is asked.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from flint import arb, fmpq, fmpq_mpoly, fmpq_poly

from temperance.theory.checker.rejected import evaluate, rational, require, require_keys, understood
from temperance.theory.curves.curve_series import Ring

_MOST_POWER, _MOST_ATOMS, _MOST_BITS = 16, 8, 2000
RESERVED = ("t", "q", "r", "Y")
"""The names that a certificate gives a meaning to."""


class Polynomials:
    """Values of expressions as polynomials, for `rejected.evaluate`; whatever is no polynomial is rejected."""

    def __init__(self, ring: Ring) -> None:
        self.ring = ring

    def value(self, text: Any, names: Sequence[str]) -> fmpq_mpoly:
        """The polynomial that is written, in some of the variables."""
        return self.tree(understood(text, set(names)), {name: self.ring.names[name] for name in names})

    def tree(self, tree: ast.expr, names: Mapping[str, fmpq_mpoly]) -> fmpq_mpoly:
        """The polynomial of a tree."""
        found: fmpq_mpoly = evaluate(tree, self, **names)
        return found

    def number(self, n: int) -> fmpq_mpoly:
        """An integer."""
        return self.ring.context.constant(n)

    def sound(self, value: fmpq_mpoly) -> fmpq_mpoly:
        """The value, unless it is too large."""
        return self.ring.sound(value)

    def power(self, u: fmpq_mpoly, _: fmpq_mpoly, at: Fraction | None) -> fmpq_mpoly:
        """u^at."""
        require(at is not None and at.denominator == 1 and abs(at) <= _MOST_POWER, "an exponent")
        assert at is not None
        if at >= 0:
            return u ** int(at)
        value = self.ring.number(u)
        require(value not in (None, 0), "a division by what is no number")
        assert value is not None
        return self.ring.context.constant(value ** int(at))

    def call(self, f: str, _: fmpq_mpoly) -> fmpq_mpoly:
        """No function is a polynomial."""
        require(False, f"{f!r} in a polynomial")
        return self.ring.zero


class Number:
    """r, a real root of a polynomial with rational coefficients, the only one between two bounds."""

    def __init__(self, ring: Ring, given: Any) -> None:
        self.ring, self.modulus, self.ball = ring, fmpq_poly([0, 1]), arb(0)
        if given is None:
            return
        require_keys(given, "polynomial", "between", of="the number r")
        self.modulus = _monic(given["polynomial"])
        low, high = (rational(end) for end in given["between"])
        inside = [root for root in _real_roots(self.modulus) if not (root < low or root > high)]
        require(len(inside) == 1 and inside[0] > low and inside[0] < high, "r is not told by its bounds")
        self.ball = inside[0]

    def is_nonzero(self, p: fmpq_mpoly, free: Sequence[str] = ()) -> bool:
        """Whether a polynomial is a number that is shown not to be 0, times true values that may be any but 0: free."""
        split = [*self.ring.by_powers(self.reduced(p), free).values()]
        if len(split) != 1:
            return False
        parts = self.ring.by_power(split[0], "r")
        values = {n: self.ring.number(part) for n, part in parts.items()}
        known = None not in values.values()
        return known and not sum((arb(c) * self.ball**n for n, c in values.items()), arb(0)).contains(0)

    @property
    def square(self) -> fmpq | None:
        """r^2, where r is the positive root of a number."""
        c = self.modulus.coeffs()
        return -c[0] if len(c) == 3 and c[1] == 0 and self.ball > 0 else None

    def reduced(self, p: fmpq_mpoly) -> fmpq_mpoly:
        """A polynomial with powers of r brought below the degree of its equation."""
        parts = self.ring.by_power(p, "r")
        if max(parts, default=0) < self.modulus.degree():
            return p
        found, r = self.ring.zero, self.ring.names["r"]
        for n, part in parts.items():
            residue = fmpq_poly([0] * n + [1]) % self.modulus
            found += part * sum((c * r**k for k, c in enumerate(residue.coeffs())), self.ring.zero)
        return found


class Atoms:
    """Atoms of a cell with the roots of one polynomial as q.

    free: the names of true values that may be any. share: a polynomial in t, q, r and these. written: the offsets.
    """

    def __init__(self, ring: Ring, given: Any, free: Sequence[str], number: Number) -> None:
        require_keys(given, "nodes", "share", "offsets", of="atoms")
        self.ring, self.number, self.free = ring, number, free
        nodes = _monic(given["nodes"])
        self.roots, self.equation, self.count = _real_roots(nodes), nodes.coeffs(), nodes.degree()
        require(len(self.roots) == self.count, "nodes that are not real")
        self.sums = [fmpq(self.count)]
        self.share = Polynomials(ring).value(given["share"], ("t", "q", "r", *free))
        require(all(v > 0 for v in self.values(ring.start(self.share))), "a share is not positive at t = 0")
        require(isinstance(given["offsets"], dict), "the offsets")
        self.written: Mapping[str, Any] = given["offsets"]

    def offsets(self) -> dict[str, fmpq_mpoly]:
        """The offsets as polynomials in t, q, r and true values that may be any; 0 at t = 0."""
        values = Polynomials(self.ring)
        found = {name: values.value(text, ("t", "q", "r", *self.free)) for name, text in self.written.items()}
        for name, offset in found.items():
            require(self.vanishes(self.ring.start(offset)), f"the offset of {name} is not 0 at t = 0")
        return found

    def total(self, p: fmpq_mpoly) -> fmpq_mpoly:
        """The sum of a polynomial over the atoms."""
        found = self.ring.zero
        for n, part in self.ring.by_power(p, "q").items():
            found += part * self._power_sum(n)
        return self.number.reduced(found)

    def _power_sum(self, n: int) -> fmpq:
        """sum_l q_l^n, by Newton's identities."""
        c, m = self.equation, self.count
        while len(self.sums) <= n:
            k = len(self.sums)
            own = k * c[m - k] if k <= m else fmpq(0)
            self.sums.append(-own - sum((c[m - i] * self.sums[k - i] for i in range(1, min(k - 1, m) + 1)), fmpq(0)))
        return self.sums[n]

    def vanishes(self, p: fmpq_mpoly) -> bool:
        """Whether a polynomial is 0 at every atom: modulo the nodes, it is 0."""
        parts = self.ring.by_power(p, "q")
        found: dict[int, fmpq_mpoly] = {}
        modulus = fmpq_poly(self.equation)
        for n, part in parts.items():
            for k, c in enumerate((fmpq_poly([0] * n + [1]) % modulus).coeffs()):
                found[k] = found.get(k, self.ring.zero) + c * part
        return all(self.number.reduced(part) == 0 for part in found.values())

    def values(self, p: fmpq_mpoly) -> list[arb]:
        """The value at every atom of a polynomial in q and r alone, in balls."""
        at_q, at_r = self.ring.places["q"], self.ring.places["r"]
        found = []
        for root in self.roots:
            total = arb(0)
            for m, c in p.to_dict().items():
                require(not any(n for i, n in enumerate(m) if i not in (at_q, at_r)), "a value that is not known")
                total += arb(c) * root ** int(m[at_q]) * self.number.ball ** int(m[at_r])
            found.append(total)
        return found


def _monic(given: Any) -> fmpq_poly:
    found = fmpq_poly([rational(c) for c in given])
    require(1 <= found.degree() <= _MOST_ATOMS and found.coeffs()[-1] == 1, "a polynomial is not monic, or too long")
    require(all(max(c.p.bit_length(), c.q.bit_length()) <= _MOST_BITS for c in found.coeffs()), "a number is too large")
    return found


def _real_roots(p: fmpq_poly) -> list[arb]:
    """The real roots. Rejected where one is not simple."""
    require(p.gcd(p.derivative()).degree() == 0, "a root that is not simple")
    return [root.real for root, _ in p.numer().complex_roots() if root.imag == 0]
