"""Rules "curve" and "identity": orders are at least numbers, and parameters are flat, by curves of mixtures.

Along a curve t -> G_t of mixtures, which is the true one at t = 0, the density is the true one up to O(t^N), while the
offset of a parameter, or the weighted mean of the offsets in a cell, is of the order t^w exactly: its contact order is
at least N/w (theory 4.3, B.2). Along an identity the density is the true one for all small t: what moves is flat.
Nothing is taken for granted. The parts of a proof, and why they suffice, stand in docs/certificates.md.

Atoms whose q are the roots of one polynomial are given together. A sum over them needs the power sums of the roots
alone, which are rational (Newton); the roots themselves are enclosed in balls only where a sign is asked.

Of quotients nothing is cut off. A function that is not rational is a symbol for each argument, so that two values are
the same where the arguments are: what is 0 here is 0 whatever the functions are. Roots leave their squares:
sqrt((1 + t)^2 c) is (1 + t) sqrt(c), as squares are positive at t = 0.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence, Set
from fractions import Fraction
from functools import cached_property
from itertools import chain, pairwise
from math import isqrt, prod
from typing import Any

from flint import arb, fmpq, fmpq_mpoly, fmpq_poly

from temperance.theory.kernel.balls import Balls
from temperance.theory.kernel.place import WEIGHT, Case, Claim
from temperance.theory.kernel.reader import Rejected, evaluate, expression, names_in, rational, require, require_keys
from temperance.theory.kernel.series import Expansion, Ring

CURVE_KEYS = ("number", "shared", "cells", "degree", "directions")
IDENTITY_KEYS = ("number", "shared", "cells")
_MOST_DEGREE = 12
_MOST_POWER, _MOST_ROOTS, _MOST_BITS, _MOST_NODE_POWER, _MOST_TERMS = 16, 8, 2_000, 400, 2_000


def orders(case: Case, proof: Mapping[str, Any]) -> tuple[list[Claim], tuple[str, ...]]:
    """The orders that a curve reaches."""
    degree = proof["degree"]
    require(type(degree) is int and 1 <= degree <= _MOST_DEGREE, "the degree")
    curve = Curve(case, proof)
    reached = curve.contact(degree, proof["directions"])
    powers = curve.powers()
    return [Claim(title, "at least", str(reached / w)) for title, w in powers.items()], ()


def flat(case: Case, proof: Mapping[str, Any]) -> tuple[list[Claim], tuple[str, ...]]:
    """What an identity moves."""
    curve = Curve(case, proof)
    return [Claim(title, "flat") for title in curve.moved_along_identity()], ()


def root_of(part: Any) -> tuple[fmpq_poly, arb]:
    """A polynomial, and the only real root of it between two bounds; 0 for null."""
    if part is None:
        return fmpq_poly([0, 1]), arb(0)
    require_keys(part, "polynomial", "between", of="the number r")
    modulus = _monic(part["polynomial"])
    low, high = (rational(end) for end in part["between"])
    inside = [root for root in _real_roots(modulus) if not (root < low or root > high)]
    require(len(inside) == 1 and inside[0] > low and inside[0] < high, "r is not the only root between its bounds")
    return modulus, inside[0]


class Number:
    """r, an algebraic number with a ball, and what polynomials are once its powers are reduced."""

    def __init__(self, ring: Ring, modulus: fmpq_poly, ball: arb) -> None:
        self.ring, self.modulus, self.ball = ring, modulus, ball

    def is_nonzero(self, p: fmpq_mpoly, free: Sequence[str] = ()) -> bool:
        """Whether a polynomial is a number that is shown not to be 0, times true values that are not 0: free."""
        split = [*self.ring.by_powers(self.reduced(p), free).values()]
        ball = self.ring.ball(split[0]) if len(split) == 1 else None
        return ball is not None and not ball.contains(0)

    @property
    def square(self) -> fmpq | None:
        """r^2, where r is the positive root of a number."""
        c = self.modulus.coeffs()
        return -c[0] if len(c) == 3 and c[1] == 0 and self.ball > 0 else None

    def reduced(self, p: fmpq_mpoly) -> fmpq_mpoly:
        """A polynomial with powers of r brought below the degree of its equation."""
        if p.degrees()[self.ring.places["_r"]] < self.modulus.degree():
            return p
        r = self.ring.names["_r"]
        residue = _residue(self.ring, p, "_r", self.modulus)
        return self.ring.sound(sum((part * r**k for k, part in residue.items()), self.ring.zero))


class Atoms:
    """Atoms of a cell with the roots of one polynomial as q.

    values: the true values of the gate's parameters by name. share: a polynomial in t, q, r and these.
    """

    def __init__(self, quotients: Quotients, part: Any, values: Mapping[str, fmpq_mpoly]) -> None:
        require_keys(part, "nodes", "share", "offsets", of="atoms")
        self.quotients, self.ring, self.number = quotients, quotients.ring, quotients.r
        self.names = {**values, **{n: self.ring.names[n] for n in ("_t", "_q", "_r")}}
        nodes = _monic(part["nodes"])
        self.roots, self.equation, self.count = _real_roots(nodes), nodes.coeffs(), nodes.degree()
        require(len(self.roots) == self.count, "nodes that are not real")
        self.sums = [fmpq(self.count)]
        self.share = quotients.polynomial(part["share"], self.names)
        shares = self.balls(self.ring.start(self.share))
        require(shares is not None and all(v > 0 for v in shares), "a share is not positive at t = 0")
        require(isinstance(part["offsets"], dict), "the offsets")
        self.written: Mapping[str, Any] = part["offsets"]

    def offsets(self) -> dict[str, fmpq_mpoly]:
        """The offsets as polynomials in t, q, r and true values; 0 at t = 0."""
        offsets = {name: self.quotients.polynomial(text, self.names) for name, text in self.written.items()}
        for name, offset in offsets.items():
            require(self.vanishes(self.ring.start(offset)), f"the offset of {name} is not 0 at t = 0")
        return offsets

    def total(self, p: fmpq_mpoly) -> fmpq_mpoly:
        """The sum of a polynomial over the atoms."""
        total = self.ring.zero
        for n, part in self.ring.by_power(p, "_q").items():
            total += part * self._power_sum(n)
        return self.number.reduced(self.ring.sound(total))

    def _power_sum(self, n: int) -> fmpq:
        """sum_l q_l^n, by Newton's identities."""
        require(n <= _MOST_NODE_POWER, "a power of q is too high")
        c, m = self.equation, self.count
        while len(self.sums) <= n:
            k = len(self.sums)
            own = k * c[m - k] if k <= m else fmpq(0)
            self.sums.append(-own - sum((c[m - i] * self.sums[k - i] for i in range(1, min(k - 1, m) + 1)), fmpq(0)))
        return self.sums[n]

    def vanishes(self, p: fmpq_mpoly) -> bool:
        """Whether a polynomial is 0 at every atom: modulo the nodes, it is 0."""
        residue = _residue(self.ring, p, "_q", fmpq_poly(self.equation))
        return all(self.number.reduced(part) == 0 for part in residue.values())

    def balls(self, p: fmpq_mpoly) -> list[arb] | None:
        """The value at every atom of a polynomial in q and numbers; None where it has anything else."""
        values = [arb(0)] * self.count
        for n, part in self.ring.by_power(p, "_q").items():
            ball = self.ring.ball(part)
            if ball is None:
                return None
            values = [total + ball * root**n for total, root in zip(values, self.roots, strict=True)]
        return values


def _moving_parts(tree: ast.expr, moving: Set[str]) -> Iterator[ast.expr]:
    """The factors of the terms of a formula that have a name that moves; the others are as at the truth."""
    if not names_in(tree) & moving:
        return
    match tree:
        case ast.UnaryOp(_, p):
            yield from _moving_parts(p, moving)
        case ast.BinOp(p, ast.Add() | ast.Sub() | ast.Mult(), q):
            yield from chain(_moving_parts(p, moving), _moving_parts(q, moving))
        case ast.BinOp(p, ast.Div(), ast.BinOp(q, ast.Mult(), r)):
            yield from _moving_parts(ast.BinOp(ast.BinOp(p, ast.Div(), q), ast.Div(), r), moving)
        case ast.BinOp(p, ast.Div(), q):
            yield from _moving_parts(p, moving)
            if names_in(q) & moving:
                yield ast.BinOp(ast.Constant(1), ast.Div(), q)
        case _:
            yield tree


def _residue(ring: Ring, p: fmpq_mpoly, name: str, modulus: fmpq_poly) -> dict[int, fmpq_mpoly]:
    """Power of a variable -> its coefficient, in the remainder of p on division by a polynomial in the variable."""
    residue: dict[int, fmpq_mpoly] = {}
    for n, part in ring.by_power(p, name).items():
        require(n <= _MOST_NODE_POWER, f"a power of {name[1:]} is too high")
        for k, c in enumerate((fmpq_poly([0] * n + [1]) % modulus).coeffs()):
            residue[k] = residue.get(k, ring.zero) + c * part
    return residue


def _monic(part: Any) -> fmpq_poly:
    p = fmpq_poly([rational(c) for c in part])
    require(1 <= p.degree() <= _MOST_ROOTS and p.coeffs()[-1] == 1, "a polynomial is not monic, or too long")
    require(all(c.height_bits() <= _MOST_BITS for c in p.coeffs()), "a number is too large")
    return p


def _real_roots(p: fmpq_poly) -> list[arb]:
    """The real roots. Rejected where one is not simple."""
    require(p.gcd(p.derivative()).degree() == 0, "a root that is not simple")
    return [root.real for root, _ in p.numer().complex_roots() if root.imag == 0]


class Quotient:
    """A quotient in lowest terms with a denominator that is not 0."""

    __slots__ = ("bottom", "ring", "top")

    def __init__(self, ring: Ring, top: fmpq_mpoly, bottom: fmpq_mpoly) -> None:
        require(bottom != 0, "a division by 0")
        require(len(top) + len(bottom) <= _MOST_TERMS, "a quotient has too many terms")
        degrees = (*top.degrees(), *bottom.degrees())
        require(max(degrees, default=0) <= _MOST_NODE_POWER, "a quotient has too high a degree")
        if bottom != ring.one:
            common = top.gcd(bottom)
            lead = (bottom / common).leading_coefficient()
            top, bottom = top / common / lead, bottom / common / lead
        self.ring, self.top, self.bottom = ring, top, bottom

    def __neg__(self) -> Quotient:
        return Quotient(self.ring, -self.top, self.bottom)

    def __add__(self, other: Quotient) -> Quotient:
        p, q = self.ring.product(self.top, other.bottom), self.ring.product(other.top, self.bottom)
        return Quotient(self.ring, p + q, self.ring.product(self.bottom, other.bottom))

    def __sub__(self, other: Quotient) -> Quotient:
        return self + -other

    def __mul__(self, other: Quotient) -> Quotient:
        bottom = self.ring.product(self.bottom, other.bottom)
        return Quotient(self.ring, self.ring.product(self.top, other.top), bottom)

    def inverse(self) -> Quotient:
        """1 over it."""
        return Quotient(self.ring, self.bottom, self.top)


class Quotients:
    """Values of expressions as quotients, for `reader.evaluate`.

    r: the algebraic number. logs: the symbols of logarithms, with the argument.
    """

    def __init__(self, ring: Ring, r: Number) -> None:
        self.ring, self.r = ring, r
        self.logs: dict[str, tuple[Quotient, Quotient]] = {}
        self.names = {"pi": self.of(ring.names["_pi"])}

    def of(self, p: fmpq_mpoly) -> Quotient:
        """A polynomial."""
        return Quotient(self.ring, p, self.ring.one)

    def number(self, n: int) -> Quotient:
        """An integer."""
        return self.of(self.ring.context.constant(n))

    def sound(self, value: Quotient) -> Quotient:
        """The value with powers of r reduced."""
        top, bottom = (self.ring.sound(self.r.reduced(p)) for p in (value.top, value.bottom))
        return Quotient(self.ring, top, bottom)

    def power(self, u: Quotient, _: Quotient, at: Fraction | None) -> Quotient:
        """u^at."""
        require(at is not None and abs(at.numerator) <= _MOST_POWER, "an exponent that is not a small number")
        assert at is not None
        base = u if at >= 0 else u.inverse()
        base = base if at.denominator == 1 else self.call("sqrt", base)
        require(at.denominator <= 2, "a root that is not square")
        return prod([base] * abs(at.numerator), start=self.number(1))

    def call(self, f: str, u: Quotient) -> Quotient:
        """f(u): a symbol."""
        if f != "sqrt":
            symbol = self.of(self._symbol(u, f))
            if f == "log":
                self.logs[str(symbol.top)] = (symbol, u)
            return symbol
        content, factors = self.ring.product(u.top, u.bottom).factor_squarefree()  # sqrt(p/q) = sqrt(p q)/q
        outside, inside = self.ring.one, self.ring.context.constant(abs(content))
        for p, n in factors:
            sign = self.sign(p)
            require(n == 1 or sign is not None, "a root of a square whose sign is not known")
            outside *= (p if (sign or 1) > 0 else -p) ** (n // 2)
            inside *= p if n % 2 else self.ring.one
        below, value = self.sign(u.bottom), self.ring.number(inside)
        require(below is not None and content > 0, "a root of a quotient whose sign is not known")
        root = self._symbol(self.of(inside), "sqrt") if value is None else self._root(value)
        return Quotient(self.ring, self.ring.product(outside, root), u.bottom if (below or 1) > 0 else -u.bottom)

    def sign(self, p: fmpq_mpoly) -> int | None:
        """The sign of a polynomial at t = 0, where it is a number other than 0 there."""
        ball = self.ring.ball(self.ring.start(p))
        return None if ball is None or ball.contains(0) else 1 if ball > 0 else -1

    def ball(self, u: Quotient) -> arb | None:
        """The number that a quotient is, as a ball."""
        top, bottom = self.ring.ball(u.top), self.ring.ball(u.bottom)
        return None if top is None or bottom is None or bottom.contains(0) else top / bottom

    def _symbol(self, u: Quotient, f: str) -> fmpq_mpoly:
        ball, value = self.ball(u), None
        if ball is not None and not self.ring.holds(u.top + u.bottom, ("_t",)):
            try:
                numbers = Balls(length=1)
                value = numbers.sound(numbers.call(f, numbers.number(ball)))[0]
            except Rejected:
                value = None
        argument = u.top if u.bottom == self.ring.one else self.ring.product(u.top, u.bottom)
        return self.ring.symbol(argument, value, "of", f, str(u.top), str(u.bottom))

    def has_symbols(self, u: Quotient) -> bool:
        """Whether a quotient has a function."""
        return self.ring.has_symbols(u.top) or self.ring.has_symbols(u.bottom)

    def _root(self, value: fmpq) -> fmpq_mpoly:
        """The square root of a number: a number, a multiple of r, or a symbol."""
        if (root := _rational_root(value)) is not None:
            return self.ring.context.constant(root)
        if (square := self.r.square) is not None and (root := _rational_root(value / square)) is not None:
            return root * self.ring.names["_r"]
        argument = self.ring.context.constant(value)
        return self.ring.symbol(argument, arb(value).sqrt() if value > 0 else None, "of", "sqrt", str(value), "1")

    def value(self, text: Any, names: Mapping[str, fmpq_mpoly]) -> Quotient:
        """The quotient that is written in some names."""
        quotients = {name: self.of(p) for name, p in names.items()}
        quotient: Quotient = evaluate(expression(text, quotients.keys()), self, **quotients)
        return quotient

    def polynomial(self, text: Any, names: Mapping[str, fmpq_mpoly]) -> fmpq_mpoly:
        """The polynomial that is written in some names."""
        value = self.value(text, names)
        require(value.bottom == self.ring.one and not self.has_symbols(value), "what is no polynomial")
        return value.top

    def is_regular(self, u: Quotient, free: Sequence[str] = ()) -> bool:
        """Whether the denominator at t = 0 is not 0: a number, or a product of true values that are not 0: free."""
        return self.r.is_nonzero(self.ring.start(u.bottom), free)

    def is_zero(self, u: Quotient) -> bool:
        """Whether a quotient is 0."""
        return bool(self.r.reduced(u.top) == 0)


def _rational_root(value: fmpq) -> fmpq | None:
    """The rational square root of a number, if there is one."""
    parts = [isqrt(int(n)) if n > 0 else 0 for n in (value.p, value.q)]
    return fmpq(*parts) if fmpq(*parts) ** 2 == value else None


class Curve:
    """A curve at a place. cells: the atoms near each true one; values: the true values of the gate there."""

    def __init__(self, case: Case, proof: Mapping[str, Any]) -> None:
        model, place, self.case = case.model, case.place, case
        require(place.subject == "densities" and (model.weighted or len({*place.sizes}) == 1), "the place of a curve")
        self.x, self.means = model.covariates, model.expert[:-1]
        count = range(len(place.points))
        rational = {(i, p): case.value(i, p) for i in count for p in model.gate}
        symbols = {(i, p): f"{p}@{0 if p in model.shared else i}" for (i, p), v in rational.items() if v is None}
        modulus, ball = root_of(proof["number"])
        numbers = {"_r": ball, "_pi": arb.pi()}
        for (i, p), symbol in symbols.items():
            if p in case.values[i]:
                numbers[symbol] = case.balls(i)[p][0]
        directions = [f"_u{j}" for j in range(1, len(self.x) + 1)]
        names = ("_t", "_q", "_r", "_Y", "_pi", *self.x, *directions, *self.means, *dict.fromkeys(symbols.values()))
        names = (*names, *(f"{p}@" for p in model.gate))  # of any value, where formulas are compared
        self.ring = Ring(names, (*self.x, *directions), numbers)
        self.number = Number(self.ring, modulus, ball)
        self.quotients = Quotients(self.ring, self.number)
        self.free = tuple(symbols[0, p] for p in place.nonzero)
        self.values = [
            {
                p: self.ring.names[symbols[i, p]]
                if rational[i, p] is None
                else self.ring.context.constant(rational[i, p])
                for p in model.gate
            }
            for i in count
        ]
        self.places = [{name: self.quotients.of(p) for name, p in values.items()} for values in self.values]
        self.still = Atoms(self.quotients, {"nodes": ["0", "1"], "share": "1", "offsets": {}}, {})
        self.drift = proof["shared"]
        require(isinstance(self.drift, dict) and {*self.drift} <= {*model.shared}, "the shared offsets")
        cells = proof["cells"]
        require(isinstance(cells, list) and len(cells) == len(place.points), "as many cells as true atoms are needed")
        self.cells = [self._cell(i, part) for i, part in enumerate(cells)]

    def _cell(self, i: int, part: Any) -> list[Atoms]:
        model, size = self.case.model, self.case.place.sizes[i]
        require(isinstance(part, list), "a cell")
        cell = [Atoms(self.quotients, atoms, self.values[i]) for atoms in part]
        count = sum(atoms.count for atoms in cell)
        require(not cell or (count <= size if model.weighted else size % count == 0), "the number of atoms in a cell")
        for atoms in cell:
            named = {*atoms.written}
            require(named <= {*model.own, *model.expert}, "an offset has no parameter")
            require(not any(self.case.is_fixed(i, p) for p in named), "an offset of what is fixed")
        if cell:
            total = sum((atoms.total(atoms.share) for atoms in cell), self.ring.zero)
            require(total == self.ring.one, "the shares do not sum to 1")
            equal = self.ring.context.constant(fmpq(1, count))
            require(model.weighted or all(a.share == equal for a in cell), "atoms without weights, unequal shares")
        return cell

    @cached_property
    def _drift(self) -> dict[str, fmpq_mpoly]:
        """Offsets of shared parameters as polynomials in t and r."""
        offsets = {name: self.quotients.polynomial(text, self._names(0)) for name, text in self.drift.items()}
        starts = [self.number.reduced(self.ring.start(p)) for p in offsets.values()]
        require(not any(starts), "a shared offset is not 0 at t = 0")
        return offsets

    def _names(self, i: int) -> dict[str, fmpq_mpoly]:
        """What offsets are written in, for all atoms of a cell alike."""
        return {**self.values[i], "_t": self.ring.names["_t"], "_r": self.ring.names["_r"]}

    @cached_property
    def _offsets(self) -> list[list[dict[str, fmpq_mpoly]]]:
        return [[atoms.offsets() for atoms in cell] for cell in self.cells]

    def _titled(self) -> list[int]:
        """The true atoms whose offsets a title is about: the first where it is split, else all."""
        return [0] if self.case.split else [*range(len(self.cells))]

    # -- curves of contact

    def contact(self, degree: int, directions: Any) -> Fraction:
        """The power of t of the distance in L2. Rejected where it is not shown to be below t^degree but for kinks."""
        formulas = [*self.case.weight.formulas]
        if directions is not None:
            formulas = [self._directed(directions)]
        logs = []
        for i in range(len(self.cells)):
            totals = [self._total(i, piece, degree) for piece in formulas]
            require(all(total == totals[0] for total in totals), "pieces of the weight change differently")
            logs.append(Expansion(self.ring, {"_t": degree}).logarithm(totals[0]))
        self._require_alike(logs)
        kinks = [k for i in range(len(self.cells)) for k in self._moved_kinks(i)]
        return min([Fraction(degree), *(Fraction(3 * k, 2) for k in kinks)])

    def _directed(self, text: Any) -> ast.expr:
        """The log weight in directions u = x/|x|, shown to be that of the model whatever its parameters are."""
        require(not self.case.weight.sides, "directions of a weight with kinks")
        values, gate = self.quotients, self.case.model.gate
        directions = [f"_u{j}" for j in range(1, len(self.x) + 1)]
        tree = expression(text, {*self.x, *gate, *directions, "pi"})
        names = {p: values.of(self.ring.names[p]) for p in self.x}
        names |= {p: values.of(self.ring.names[f"{p}@"]) for p in gate}
        square = sum((self.ring.names[p] ** 2 for p in self.x), self.ring.zero)
        norm = values.call("sqrt", values.of(square)).inverse()
        u = {name: names[p] * norm for name, p in zip(directions, self.x, strict=True)}
        gap = evaluate(self.case.weight.formulas[0], values, **names) - evaluate(tree, values, **names, **u)
        require(values.is_zero(gap), "the weight in directions is another")
        return tree

    def _total(self, i: int, piece: ast.expr, degree: int) -> fmpq_mpoly:
        """sum_l p_l E_l/E on a piece of the weight, below t^N. Rejected where a power of Y is left."""
        ring, values = self.ring, Expansion(self.ring, {"_t": degree})
        x = {name: values.series(p) for name, p in ring.names.items() if name in self.x or name[:2] == "_u"}
        true = {name: values.series(p) for name, p in self.values[i].items()}
        free = {name: values.series(ring.names[name]) for name in self.means}
        start = evaluate(piece, values, **x, **true), evaluate(self.case.mean, values, **x, **free)
        y, total = ring.names["_Y"], ring.zero
        cell = self.cells[i] or [self.still]
        offsets = self._offsets[i] or [{}]
        for atoms, own in zip(cell, offsets, strict=True):
            d = {name: values.series(p) for name, p in {**own, **self._drift}.items()}
            end = {name: p + d[name] if name in d else p for name, p in (true | free).items()}
            gate = evaluate(piece, values, **x, **{p: end[p] for p in true}) - start[0]
            mean = evaluate(self.case.mean, values, **x, **{p: end[p] for p in free}) - start[1]
            spread = d.get("nu", values.number(0)) * values.series(y**2 / 2)
            weight = values.exponential((gate + mean * values.series(y) + spread).poly)
            total += atoms.total(values.product(values.truncated(atoms.share), weight))
        require(not ring.holds(total, ("_Y",)), f"the density is not the true one below t^{degree}")
        return total

    def _takes_up(self, i: int) -> bool:
        """Whether the weight of an atom takes a number up: it has one that is not fixed."""
        return self.case.model.weighted and (i, WEIGHT) not in self.case.place.fixed

    @cached_property
    def _reference(self) -> int:
        """An atom whose weight is fixed, if there is one."""
        return next((i for i in range(len(self.cells)) if (i, WEIGHT) in self.case.place.fixed), 0)

    def _require_alike(self, logs: Sequence[fmpq_mpoly]) -> None:
        """That the weights of all cells change by one factor, up to numbers that weights take up."""
        reference = logs[self._reference]
        for i, log in enumerate(logs):
            gap = self.number.reduced(log - reference)
            require(gap == 0 or (self._takes_up(i) and not self.ring.has_x(gap)), "cells do not change alike")

    def _moved_kinks(self, i: int) -> Iterator[int]:
        moves = [{**own, **self._drift} for own in self._offsets[i] or [{}]]
        ends = [self._moved(i, {name: self.quotients.of(p) for name, p in own.items()}) for own in moves]
        return self._kinks(self.places[i], ends)

    def _moved(self, i: int, offsets: Mapping[str, Quotient]) -> dict[str, Quotient]:
        """The values of the gate's parameters with these offsets."""
        return {name: p + offsets[name] if name in offsets else p for name, p in self.places[i].items()}

    def _kinks(self, place: Mapping[str, Quotient], ends: Sequence[Mapping[str, Quotient]]) -> Iterator[int]:
        """k of every kink that moves by O(t^k), where the weight is shown to be continuous.

        A kink stays where its u - v is multiplied by a factor near 1. If one moves, all pieces must lie side by side:
        each u - v is n.x less a number, n the same for all, and these numbers rise; so no piece is empty or entered
        elsewhere.
        """
        values = self.quotients
        gaps, several = [self._gap(i, place) for i in range(len(self.case.weight.sides))], False
        for i, true in enumerate(gaps):
            for at in ends:
                now = self._gap(i, at)
                if values.is_zero(now - true):
                    continue
                factor = now * true.inverse()
                if values.is_regular(factor) and not values.has_symbols(factor):
                    continue
                change, several = now - true, True
                require(values.is_regular(change) and not values.has_symbols(change), "a kink whose place is not shown")
                first, second = (self._at(formula, at) for formula in self.case.weight.formulas[i : i + 2])
                jump = (first - second) * now.inverse()
                require(values.is_regular(jump), "the weight is not continuous at a kink that moves")
                yield min(self.ring.by_power(change.top, "_t"))
        if several:
            require(all(self._is_affine(true) for true in gaps), "a kink whose place is not shown")
            for true, after in pairwise(gaps):
                apart = values.ball(after - true)
                require(apart is not None and apart < 0, "kinks that are not shown to be apart")

    def _at(self, tree: ast.expr, at: Mapping[str, Quotient]) -> Quotient:
        """An expression in x where the parameters have these values."""
        x = {name: self.quotients.of(self.ring.names[name]) for name in self.x}
        quotient: Quotient = evaluate(tree, self.quotients, **x, **at)
        return quotient

    def _gap(self, i: int, at: Mapping[str, Quotient]) -> Quotient:
        """u - v of the condition u < v of a piece."""
        low, high = (self._at(side, at) for side in self.case.weight.sides[i])
        return low - high

    def _is_affine(self, gap: Quotient) -> bool:
        """Whether u - v is n.x less a number, n not 0."""
        parts = self.ring.by_powers(gap.top, self.x)
        slopes = [self.ring.number(part) for powers, part in parts.items() if any(powers)]
        rest = self.ring.ball(parts.get((0,) * len(self.x), self.ring.zero))
        whole = gap.bottom == self.ring.one and max(map(sum, parts), default=0) == 1
        return whole and rest is not None and bool(slopes) and None not in slopes

    def powers(self) -> dict[str, int]:
        """w by title: the order in t of the largest offset of a parameter, of its weighted mean, of a shared offset.

        A title whose first power of t is not shown to have a coefficient other than 0 is left out.
        """
        firsts: dict[str, list[int | None]] = {}
        for i in self._titled():
            cell = [*zip(self.cells[i], self._offsets[i], strict=True)]
            for name in dict.fromkeys(p for _, own in cell for p in own):
                moved = [(atoms, own[name]) for atoms, own in cell if name in own]
                firsts.setdefault(name, []).extend(self._first(p, atoms) for atoms, p in moved)
                mean = sum((atoms.total(self.ring.product(atoms.share, p)) for atoms, p in moved), self.ring.zero)
                firsts.setdefault(f"mean {name}", []).append(self._first(mean))
        for name, p in self._drift.items():
            firsts.setdefault(name, []).append(self._first(p))
        certain = {title: [w for w in powers if w] for title, powers in firsts.items() if None not in powers}
        return {title: min(powers) for title, powers in certain.items() if powers}

    def _first(self, p: fmpq_mpoly, atoms: Atoms | None = None) -> int | None:
        """The first power of t of an offset of some atoms, or of all; 0 where it does not move.

        None where the coefficient is not shown to be other than 0.
        """
        atoms = atoms or self.still
        powers = {n: c for n, c in self.ring.by_power(p, "_t").items() if not atoms.vanishes(c)}
        if not powers:
            return 0
        split = [*self.ring.by_powers(powers[min(powers)], self.free).values()]
        balls = atoms.balls(split[0]) if len(split) == 1 else None
        return min(powers) if balls is not None and any(not v.contains(0) for v in balls) else None

    # -- identities

    def moved_along_identity(self) -> list[str]:
        """What moves along the curve, the density being the true one. Rejected where it is another."""
        values, drift = self.quotients, self._exact(self.drift, 0)
        moves, changes = {name: [p] for name, p in drift.items()}, []
        for i, cell in enumerate(self.cells):
            require(all(atoms.count == 1 for atoms in cell), "an identity is checked atom by atom")
            require(all({*atoms.written} <= {*self.places[i]} for atoms in cell), "an identity in which experts move")
            shares = [values.of(atoms.total(atoms.share)) for atoms in cell] or [values.number(1)]
            own = [self._exact(atoms.written, i) for atoms in cell] or [{}]
            for name, p in (item for atom in own for item in atom.items()) if i in self._titled() else ():
                moves.setdefault(name, []).append(p)
            for name in dict.fromkeys(p for atom in own for p in atom) if i in self._titled() else ():
                parts = [share * atom[name] for share, atom in zip(shares, own, strict=True) if name in atom]
                moves.setdefault(f"mean {name}", []).append(sum(parts, values.number(0)))
            ends = [self._moved(i, {**atom, **drift}) for atom in own]
            require(not list(self._kinks(self.places[i], ends)), "a kink that moves along an identity")
            self._require_analytic(i, {*drift, *(name for atom in own for name in atom)})
            changes.append([self._change(piece, i, ends, shares) for piece in self.case.weight.formulas])
        self._require_same(changes)
        return [title for title, offsets in moves.items() if any(self._first(p.top) for p in offsets)]

    def _require_analytic(self, i: int, moving: set[str]) -> None:
        """That what functions are of stays in their domains, for all x, as some parameters move by a little."""
        values, t = Expansion(self.ring, {"_t": 1}, bounded=False), self.ring.names["_t"]
        x = {name: values.series(self.ring.names[name]) for name in self.x}
        true = {name: values.series(p + t if name in moving else p) for name, p in self.values[i].items()}
        for piece in self.case.weight.formulas:
            for part in _moving_parts(piece, moving):
                evaluate(part, values, **x, **true)

    def _require_same(self, changes: Sequence[Sequence[Quotient]]) -> None:
        """That the weights of all cells change alike on each piece, up to numbers that weights take up."""
        values, reference = self.quotients, changes[self._reference]
        if any(not values.is_zero(c) for own in changes for c in own) and len(reference) > 1:
            require(all(self._same_pieces(0, i) for i in range(len(self.cells))), "kinks that lie differently in cells")
        for i, own in enumerate(changes):
            gaps = [p - q for p, q in zip(own, reference, strict=True)]
            for gap in gaps:
                alike = values.is_zero(gap - gaps[0])
                number = alike and self._takes_up(i) and not any(map(self.ring.has_x, (gap.top, gap.bottom)))
                require(values.is_zero(gap) or number, "cells do not change alike")

    def _exact(self, written: Mapping[str, Any], i: int) -> dict[str, Quotient]:
        """Offsets as quotients, 0 at t = 0."""
        offsets = {name: self.quotients.value(text, self._names(i)) for name, text in written.items()}
        for name, offset in offsets.items():
            start = self.number.reduced(self.ring.start(offset.top))
            regular = self.quotients.is_regular(offset, self.free) and not self.quotients.has_symbols(offset)
            require(regular and start == 0, f"the offset of {name} is not 0 at t = 0")
        return offsets

    def _change(
        self, piece: ast.expr, i: int, ends: Sequence[Mapping[str, Quotient]], shares: Sequence[Quotient]
    ) -> Quotient:
        """The log of sum_l p_l E_l/E on a piece."""
        start, *weights = (self._at(piece, at) for at in (self.places[i], *ends))
        if all(self.quotients.is_zero(weight - weights[0]) for weight in weights):
            return weights[0] - start
        parts = (share * self._exponential(weight - start) for share, weight in zip(shares, weights, strict=True))
        total = sum(parts, -self.quotients.number(1))
        require(self.quotients.is_zero(total), "the weights do not keep their mean")
        return self.quotients.number(0)

    def _exponential(self, u: Quotient) -> Quotient:
        """exp of a sum of whole multiples of logarithms."""
        value, rest = self.quotients.number(1), u.top
        for symbol, argument in self.quotients.logs.values():
            (at,) = self.ring.variables(symbol.top)
            multiple = self.ring.number(u.top.derivative(at))
            require(multiple is not None and multiple.q == 1, "a multiple of a logarithm is no whole number")
            assert multiple is not None
            rest = rest - multiple * symbol.top
            value = value * self.quotients.power(argument, argument, Fraction(int(multiple.p)))
        require(rest == 0 and u.bottom == self.ring.one, "weights whose quotient is no product of powers")
        return value

    def _same_pieces(self, i: int, j: int) -> bool:
        """Whether the kinks of the weight at two atoms are the same, and its pieces on the same sides."""
        for k in range(len(self.case.weight.sides)):
            one, other = (self._gap(k, self.places[atom]) for atom in (i, j))
            if self.quotients.is_zero(other):
                if not self.quotients.is_zero(one):
                    return False
                continue
            factor = self.quotients.ball(one * other.inverse())
            if factor is None or not factor > 0:
                return False
        return True
