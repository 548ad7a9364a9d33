"""Represents s and its derivatives as exact fractions in a tower of differential fields.

A tower starts from Q(constants)(z) and adjoins exp, log, roots, tan, atan, erf and LambertW, each with the derivative
that defines it. Roots are adjoined of elements that are positive on a piece, whose factors keep their signs there.
A relation found in a tower is a true identity even if the generators are secretly dependent, because every rule of the
tower holds for the functions themselves. Finding all relations needs independent generators, so independence is never
concluded from a tower: see theory.conditions.decision.

>>> import sympy as sp
>>> from temperance.theory.expressions.formulas import Z
>>> tower = Tower([sp.tanh(Z)], {})
>>> s = tower.embed(sp.tanh(Z))
>>> (tower.d(s) - (tower.unit - s * s)).is_zero()  # s' = 1 - s^2
True
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce
from math import lcm

import sympy as sp
from flint import fmpq, fmpq_mat, fmpz_mat, fmpz_mpoly

from temperance.theory.activations.piecewise import Algebra, Piece
from temperance.theory.expressions import balls
from temperance.theory.expressions.balls import exact
from temperance.theory.expressions.formulas import (
    NoClosedForm,
    Sample,
    Z,
    elementary,
    has_parameters,
    multiplied_out,
    terms,
)
from temperance.theory.expressions.language import MOST_ROOT
from temperance.theory.fields.differential_field import DifferentialField, Fraction, OutsideTowers, factored

_MOST_TERMS = 6000
_MOST_FACTORED_BITS = 64
_SPARE = 24
_MOST_ANGLES = 120


def exponent_of(e: sp.Expr) -> sp.Expr | None:
    """x for exp(x), and e log(base) for a power base**e whose exponent is not rational; None for anything else."""
    if e is sp.E:
        return sp.S.One
    if e.func is sp.exp:
        return e.args[0]
    if e.is_Pow and not e.exp.is_Rational:
        return e.exp * sp.log(e.base)
    return None


def exponents_among(nodes: Iterable[sp.Expr]) -> list[sp.Expr]:
    """The exponents that the functions among nodes bring into a tower."""
    exponents = []
    for node in nodes:
        exponent = exponent_of(node)
        if exponent is not None:
            summands = [c * m for m, c in terms(exponent).items() if not (m.func is sp.LambertW and c.is_Integer)]
            exponents.append(sp.Add(*summands))
        elif node.func is sp.erf:
            exponents.append(-(node.args[0] ** 2))
    return exponents


def angle_and_turns(argument: sp.Expr) -> tuple[sp.Expr, sp.Rational]:
    """An angle as (angle, turns): argument = angle + turns pi."""
    parts = terms(argument)
    turns = parts.pop(sp.pi, sp.S.Zero)
    return sp.Add(*(c * m for m, c in parts.items())), turns


def root_order(nodes: Iterable[sp.Expr]) -> int:
    """One order that serves all roots, where it is small."""
    orders = [int(n.exp.q) for n in nodes if n.is_Pow and n.exp.is_Rational and not n.exp.is_Integer]
    common = lcm(2, *orders) if any(o == 2 for o in orders) else lcm(1, *orders)
    return common if common <= MOST_ROOT else 1


class Lattice:
    """The lattice spanned over Z by exponents: every one of them is an integer combination of its basis.

    A combination for a shallow exponent holds no deep ones, such as log(1 + exp(z)): exp(z) must not be made of them.
    """

    def __init__(self, arguments: Sequence[sp.Expr]) -> None:
        rows = [terms(a) for a in arguments]
        monomials = {m for row in rows for m in row}
        self.monomials = sorted(monomials, key=lambda m: (-_depth(m), sp.default_sort_key(m)))
        entries = [[exact(r.get(m, sp.S.Zero)) for m in self.monomials] for r in rows]
        self.basis = _reduced(entries)
        self.exponents = [
            sp.Add(*(sp.Rational(int(c.p), int(c.q)) * m for c, m in zip(row, self.monomials, strict=True)))
            for row in self.basis
        ]

    def coordinates(self, argument: sp.Expr) -> list[tuple[sp.Expr, int]]:
        """The (basis_k, n_k) with argument = sum n_k basis_k, for all integers n_k other than 0.

        Raises KeyError: the argument is not in the lattice.
        """
        row = terms(argument)
        remainder = [exact(row.get(m, sp.S.Zero)) for m in self.monomials]
        coefficients = []
        for basis in self.basis:
            pivot = next(i for i, c in enumerate(basis) if c)
            coefficients.append(remainder[pivot] / basis[pivot])
            remainder = [a - coefficients[-1] * b for a, b in zip(remainder, basis, strict=True)]
        if any(remainder) or any(n.q != 1 for n in coefficients) or not set(row) <= set(self.monomials):
            raise KeyError(argument)
        return [(e, int(n.p)) for e, n in zip(self.exponents, coefficients, strict=True) if n]


def _depth(expr: sp.Expr) -> int:
    """How deep functions, powers among them, are nested."""
    inner = max(map(_depth, expr.args), default=0)
    return inner if expr.is_Add or expr.is_Mul or not expr.args else inner + 1


def _reduced(entries: list[list[fmpq]]) -> list[list[fmpq]]:
    if not entries or not entries[0]:
        return []
    integers, scale = fmpq_mat(entries).numer_denom()
    form = fmpz_mat(integers).hnf().tolist()
    return [[fmpq(c) / scale for c in row] for row in form if any(row)]


@dataclass(frozen=True)
class Generator:
    """A generator: its kind, the function it stands for, and whether it is constant in z."""

    kind: str
    stands_for: sp.Expr
    constant: bool


class Tower(DifferentialField):
    """The fractions in the generators adjoined so far, seen on one piece of the line at a time.

    It grows as expressions are embedded, whose exponents and angles are needed before the first one. Operations raise
    OutsideTowers where fractions, products or powers would grow too large to go on with.

    assumptions: signs under roots that are not proved, in words.
    """

    def __init__(self, expressions: Iterable[sp.Expr], sample: Sample) -> None:
        nodes = [n for e in expressions for n in sp.preorder_traversal(elementary(e))]
        super().__init__(sp.symbols(f"_g:{_SPARE + len(set(nodes))}"), {})
        self.rules = [[self.zero] * len(self.generators)]
        self.described: dict[int, Generator] = {}
        self.indices: dict[sp.Expr, int] = {}
        self.assumptions: set[str] = set()
        self._exponents = Lattice(exponents_among(nodes))
        self._angles = Lattice([angle_and_turns(n.args[0])[0] for n in nodes if n.func in (sp.sin, sp.cos, sp.tan)])
        self._order, self._sample = root_order(nodes), sample
        self._points: Sequence[fmpq] = ()
        self._piece: Piece | None = None
        self.z = self.adjoined("variable", Z, constant=False, rule=self.unit)
        self.z_index = self.indices[Z]

    def adjoined(self, kind: str, stands_for: sp.Expr, constant: bool, rule: Fraction | None = None) -> Fraction:
        """A new generator, whose derivative may be given later, in `rules[0]`.

        Later ones come first in the order, so that a root precedes what it is a root of.
        """
        index = len(self.generators) - 1 - len(self.described)
        if index < 0:
            raise OutsideTowers("too many functions for one tower")
        self.described[index] = Generator(kind, stands_for, constant)
        self.indices[stands_for] = index
        if rule is not None:
            self.rules[0][index] = rule
        return self.element(index)

    def element(self, index: int) -> Fraction:
        """The generator as a field element."""
        return self.whole(self.context.gen(index))

    def constant(self, stands_for: sp.Expr, kind: str = "constant") -> Fraction:
        """A constant as a field element, adjoined where it is new."""
        index = self.indices.get(stands_for)
        return self.adjoined(kind, stands_for, True) if index is None else self.element(index)

    def number(self, value: sp.Rational | int) -> Fraction:
        """A rational number as a field element."""
        value = sp.Rational(value)
        return self.fraction(self.context.constant(int(value.p)), self.context.constant(int(value.q)))

    def d(self, f: Fraction) -> Fraction:
        """The derivative in z."""
        return self.derivative(f, 0)

    def fraction(self, num: fmpz_mpoly, den: fmpz_mpoly) -> Fraction:
        """num/den in lowest terms."""
        if len(num) + len(den) > _MOST_TERMS:
            raise OutsideTowers(f"the tower's fractions grow over {_MOST_TERMS} terms")
        return super().fraction(num, den)

    def _rationalise(self, num: fmpz_mpoly, den: fmpz_mpoly) -> tuple[fmpz_mpoly, fmpz_mpoly]:
        # relations are read off numerators over one common denominator, which may hold roots
        return num, den

    @property
    def constants(self) -> set[int]:
        """Indices of the constant generators."""
        return {i for i, g in self.described.items() if g.constant}

    def is_constant(self, p: fmpz_mpoly) -> bool:
        """Whether a polynomial involves constant generators only."""
        return all(e <= 0 or self.described[i].constant for i, e in enumerate(p.degrees()))

    def stands_for(self, p: fmpz_mpoly) -> sp.Expr:
        """The function that a polynomial in the generators is."""
        return self.expression(p, {self.generators[i]: g.stands_for for i, g in self.described.items()})

    def rooted(self, q: Fraction, exponent: sp.Rational) -> Fraction:
        """q^(m/n), q > 0, as the product of |f_i|^(e_i m/n) over the irreducible factors of q."""
        return reduce(operator.mul, (self._root_of(base, e * exponent) for base, e in self.factors_of(q)), self.unit)

    def factors_of(self, q: Fraction) -> Iterator[tuple[fmpz_mpoly, int]]:
        """The primes and the irreducible factors of q, up to its sign, with their exponents.

        A long number, whose primes take long to find, counts as one.
        """
        for part, side in ((q.num, 1), (q.den, -1)):
            content, factors = factored(part)
            short = abs(content).bit_length() <= _MOST_FACTORED_BITS
            primes = sp.factorint(abs(content)) if short else {abs(content): 1}
            constants = [(self.context.constant(int(prime)), e) for prime, e in primes.items()]
            yield from ((factor, side * int(e)) for factor, e in [*constants, *factors])

    def _root_of(self, base: fmpz_mpoly, exponent: sp.Rational) -> Fraction:
        positive = base if self._sign(base, exponent.is_Integer) > 0 else -base
        if exponent.is_Integer:
            return self.whole(positive) ** int(exponent)
        order = self._order if self._order % exponent.q == 0 else int(exponent.q)
        stands_for = sp.Pow(self.stands_for(positive), sp.Rational(1, order), evaluate=False)
        if stands_for not in self.indices:
            root = self.adjoined("root", stands_for, self.is_constant(positive))
            index = self.indices[stands_for]
            self._adjoin(index, order, positive)
            radicand = self.whole(positive)
            self.rules[0][index] = self.d(radicand) * root / (self.number(order) * radicand)
        return self.element(self.indices[stands_for]) ** int(exponent * order)

    def _sign(self, base: fmpz_mpoly, squared: bool) -> int:
        """The sign on the piece of a factor of what is positive; squared: that leaves the sign of the factor open."""
        if base.is_constant():
            return 1 if base.leading_coefficient() > 0 else -1
        function = self.stands_for(base)
        signs = {balls.sign(function, {**self._sample, "z": p}, 512) for p in self._points or (fmpq(1, 3),)}
        if len(signs) != 1 or None in signs:
            raise OutsideTowers(f"the sign of {function} under a root changes within a piece")
        if not self._visibly_positive(base) and not self._keeps_its_sign(function, squared):
            self.assumptions.add(f"the sign of {function} was read at sample points")
        return int(signs.pop() or 0)

    def _keeps_its_sign(self, function: sp.Expr, squared: bool) -> bool:
        """Whether a function is known to have no roots inside the piece, nor another sign for other parameters."""
        if has_parameters(function) and (squared or not function.is_polynomial(Z)):
            return False
        if not function.has(Z) or self._piece is None:
            return function.is_polynomial(Z)
        # log|f| = log(f^2)/2 has no absolute value, of which real_roots knows nothing
        smooth = function.replace(
            lambda e: isinstance(e, sp.log) and isinstance(e.args[0], sp.Abs),
            lambda e: sp.log(e.args[0].args[0] ** 2) / 2,
        )
        try:
            return len(Algebra(self._sample).split(replace(self._piece, expr=smooth))) == 1
        except NoClosedForm:
            return False

    def _visibly_positive(self, base: fmpz_mpoly) -> bool:
        # positive generators with positive coefficients, or squares
        kinds = {i: self.described[i].kind for i, e in enumerate(base.degrees()) if e}
        even = all(all(not e % 2 or kinds[i] in ("exp", "root") for i, e in enumerate(m) if e) for m in base.to_dict())
        return even and all(c > 0 for c in base.to_dict().values())

    def embed(self, expr: sp.Expr, points: Sequence[fmpq] = (), piece: Piece | None = None) -> Fraction:
        """The field element that one of the tower's expressions is on one piece.

        Signs under roots are read at the points, and may change at the ends of the piece.

        Raises:
            OutsideTowers: a function that has no place in a tower.
            ZeroDivisionError: the expression divides by zero everywhere.
        """
        self._points, self._piece = points, piece
        return self._embed(elementary(expr))

    def _embed(self, e: sp.Expr) -> Fraction:
        if e.is_Rational:
            return self.number(e)
        if e == Z:
            return self.z
        if e.is_Symbol or e is sp.pi:
            return self.constant(e)
        if e.is_Add or e.is_Mul:
            return reduce(operator.add if e.is_Add else operator.mul, map(self._embed, e.args))
        exponent = exponent_of(e)
        if exponent is not None:
            return self._exponential(exponent)
        if e.is_Pow:
            base = self._embed(e.base)
            return base ** int(e.exp) if e.exp.is_Integer else self.rooted(base, e.exp)
        if e.func in (sp.sin, sp.cos, sp.tan):
            return self._trigonometric(e)
        if e.func is sp.log:
            return self._logarithm(e.args[0])
        if e.func in (sp.atan, sp.erf, sp.LambertW) and len(e.args) == 1:
            return self._primitive(e)
        raise OutsideTowers(f"no tower for {e.func.__name__}")

    def _exponential(self, argument: sp.Expr) -> Fraction:
        argument, total = self._without_lambert(argument)
        for exponent, n in self._coordinates(self._exponents, argument):
            stands_for = sp.exp(exponent, evaluate=False)
            if exponent.has(Z):
                rule = partial(operator.mul, self.d(self._embed(exponent)))
                total *= self._function("exp", stands_for, rule) ** n
            else:
                total *= self.constant(stands_for, "exp") ** n
        return total

    def _coordinates(self, lattice: Lattice, argument: sp.Expr) -> list[tuple[sp.Expr, int]]:
        try:
            return lattice.coordinates(argument)
        except KeyError:
            raise OutsideTowers(f"no common unit for the exponent {argument}") from None

    def _without_lambert(self, argument: sp.Expr) -> tuple[sp.Expr, Fraction]:
        """exp(n W(q)) = (q/W(q))^n, taken out of an exponential."""
        total = self.unit
        for monomial, c in terms(argument).items():
            if monomial.func is sp.LambertW and c.is_Integer:
                total *= (self._embed(monomial.args[0]) / self._embed(monomial)) ** int(c)
                argument = argument - c * monomial
        return multiplied_out(argument), total

    def _trigonometric(self, e: sp.Expr) -> Fraction:
        argument, turns = angle_and_turns(e.args[0])
        c, s = self._turn(turns)
        for angle, n in self._coordinates(self._angles, argument):
            if abs(n) > _MOST_ANGLES:
                raise OutsideTowers(f"a common unit of the angles is over {_MOST_ANGLES} times smaller than {argument}")
            ck, sk = self._half_angle(angle)
            sk = sk if n > 0 else -sk
            for _ in range(abs(n)):
                c, s = c * ck - s * sk, s * ck + c * sk
        return c if e.func is sp.cos else s if e.func is sp.sin else s / c

    def _turn(self, turns: sp.Rational) -> tuple[Fraction, Fraction]:
        """cos and sin of a rational multiple of pi: by radicals where SymPy has them."""
        c, s = sp.cos(turns * sp.pi), sp.sin(turns * sp.pi)
        if c.has(sp.cos, sp.sin) or s.has(sp.cos, sp.sin):
            return self._by_half_angle(self.constant(sp.tan(turns * sp.pi / 2)))
        return self._embed(c), self._embed(s)

    def _half_angle(self, angle: sp.Expr) -> tuple[Fraction, Fraction]:
        """cos and sin of an angle as rational functions of t = tan(angle/2), t' = angle' (1 + t^2)/2."""
        stands_for = sp.tan(angle / 2, evaluate=False)
        if not angle.has(Z):
            return self._by_half_angle(self.constant(stands_for, "tan"))
        rate = self.d(self._embed(angle)) / self.number(2)
        tangent = self._function("tan", stands_for, lambda t: rate * (self.unit + t**2))
        return self._by_half_angle(tangent)

    def _function(self, kind: str, stands_for: sp.Expr, rule: Callable[[Fraction], Fraction]) -> Fraction:
        """The generator of a function, whose derivative is made of it; a new one where it has another on this piece."""
        index = self.indices.get(stands_for)
        if index is not None:
            element = self.element(index)
            if (self.rules[0][index] - rule(element)).is_zero():
                return element
        generator = self.adjoined(kind, stands_for, False)
        self.rules[0][self.indices[stands_for]] = rule(generator)
        return generator

    def _by_half_angle(self, t: Fraction) -> tuple[Fraction, Fraction]:
        below = self.unit + t**2
        return (self.unit - t**2) / below, self.number(2) * t / below

    def _logarithm(self, argument: sp.Expr) -> Fraction:
        """log(q) as the sum of e_i log|f_i| over the primes and the irreducible factors of q."""
        factors = self.factors_of(self._embed(argument))
        return reduce(operator.add, (self.number(e) * self._log_factor(f) for f, e in factors), self.zero)

    def _log_factor(self, factor: fmpz_mpoly) -> Fraction:
        single = len(factor) == 1 and factor.total_degree() == 1
        index = next(i for i, e in enumerate(factor.degrees()) if e > 0) if single else None
        if index is not None and self.described[index].kind == "exp":
            return self._embed(self.described[index].stands_for.args[0])
        if index in self.roots:
            n, q = self.roots[index]
            return self._log_factor(q) / self.number(n)
        factor = factor if factor.leading_coefficient() > 0 else -factor  # one logarithm for f and -f
        function = self.stands_for(factor)
        if self.is_constant(factor):
            return self.constant(sp.log(function if balls.sign(function, self._sample) == 1 else -function))
        stands_for = sp.log(sp.Abs(function, evaluate=False), evaluate=False)
        rule = self.d(self.whole(factor)) / self.whole(factor)
        return self._function("log", stands_for, lambda _: rule)

    def _primitive(self, e: sp.Expr) -> Fraction:
        q = self._embed(e.args[0])
        rate = self.d(q)
        if rate.is_zero():
            if e.has(Z):
                raise OutsideTowers(f"{e} may be another constant on every piece")
            return self.constant(e)
        if e.func is sp.LambertW:
            # W' = q' W/(q (1 + W)); W is not an integral, so it is adjoined as it is
            return self._function("LambertW", e, lambda w: rate / q * w / (self.unit + w))
        if e.func is sp.atan:
            rule = rate / (self.unit + q**2)
        else:
            rule = self._embed(2 / sp.sqrt(sp.pi)) * rate * self._exponential(-(e.args[0] ** 2))
        return self._function(e.func.__name__, e, lambda _: rule)
