"""Tells what predictions need to know of a truth, and which part of an activation its atoms see.

`Analysis` gathers the verdicts at the true temperature, on the part of s that each atom sees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import combinations, pairwise
from numbers import Real
from operator import mul
from typing import Literal, TypeAlias

import sympy as sp
from flint import fmpq

from temperance.theory.activations.activation import Activation, Z, activation
from temperance.theory.activations.catalogue import NAMED
from temperance.theory.activations.piecewise import Algebra, Piece
from temperance.theory.conditions.decision import Decision, decide, temperature
from temperance.theory.conditions.degeneracies import Failure, Mirror, classify, mirror
from temperance.theory.conditions.families import Outcome, Verdict, kinks_of
from temperance.theory.expressions import balls
from temperance.theory.expressions.formulas import NoClosedForm, real_roots
from temperance.theory.expressions.language import KNOWN
from temperance.theory.models.by_name import model
from temperance.theory.models.gates import Gauge, generic
from temperance.theory.models.spec import Gate
from temperance.theory.models.truth import Truth
from temperance.theory.twins.twin import at_zero, touching_zero

Number = int | float | Fraction | str
Constant: TypeAlias = int | float | Fraction | str | sp.Expr
Position = Literal["generic", "mirror", "half", "equal"]
Vectors = tuple[tuple[sp.Rational, ...], ...]
_BITS = 256
_LARGEST = 10**50  # of a constant, so that its square is a double
_MOST_DIGITS = 400  # of a number


def constant(name: str, value: Constant) -> sp.Expr:
    """A number up to 10^50, exactly. Raises ValueError for any other value of the parameter of that name."""
    accepted = "a number such as 2, 1/2, 0.25 or log(2), between -1e50 and 1e50"
    number = value if isinstance(value, sp.Expr) else _read(value)
    if number is None:
        raise ValueError(f"{name} is no number: {value!r:.60}; accepted: {accepted}")
    if number.free_symbols or not abs(balls.value(number, {})) <= _LARGEST:
        raise ValueError(f"{name} is no number in its range: {str(value)[:60]!r}; accepted: {accepted}")
    return number


def _read(value: object) -> sp.Expr | None:
    """The constant that a number or a text stands for; None where it is none."""
    if not isinstance(value, Real | str) or isinstance(value, bool):
        return None
    with suppress(InvalidOperation):
        number = Decimal(str(value))
        short = number.is_finite() and abs(number.adjusted()) + len(number.as_tuple().digits) < _MOST_DIGITS
        return exact(str(value)) if short else None
    try:
        read = activation(str(value))
    except ValueError:
        return None
    return read.pieces[0].expr if len(read.pieces) == 1 and read.name not in NAMED else None


def exact(value: Number) -> sp.Rational:
    """A number (or SymPy rational) as an exact fraction; a float stands for its shortest decimal."""
    try:
        number = Fraction(str(value))
    except ValueError:
        raise ValueError(f"a true point has finite numbers, not {value!r}") from None
    return sp.Rational(number.numerator, number.denominator)


def truth_at(beta1: Sequence[Sequence[Number]], tau: Number, box: tuple[Number, Number] | None = None) -> Truth:
    """A truth of which the gates are known, with the temperature tau, and not the experts.

    beta1: of every atom; in the anchored gauge the last is 0. box: (low, high) if x is supported on [low, high]^d, else
    None: all of s is taken to be seen.
    """
    spec = model(generic(len(beta1[0])), dim=len(beta1[0]))
    atoms = tuple(dict(zip(spec.gate.own, map(exact, beta), strict=True)) for beta in beta1)
    ends = None if box is None else (exact(box[0]), exact(box[1]))
    return Truth(spec, atoms, dict.fromkeys(spec.gate.shared, exact(tau)), ends)


def somewhere(true_k: int, dim: int = 1, make: Callable[[int], Gate] = generic) -> Truth:
    """A generic truth of so many atoms."""
    return Truth(model(make(dim), dim=dim), ({},) * true_k)


def slopes(truth: Truth) -> Vectors | None:
    """beta1 of every atom, the first own parameters of its gate; None of a generic truth."""
    own = truth.spec.gate.own[: truth.spec.dim]
    return tuple(tuple(atom[p] for p in own) for atom in truth.atoms) if any(truth.atoms) else None


def position(beta1: Vectors | None) -> Position:
    """Where beta1 lies with respect to the sets of theory 3.3.3; without it, a generic place is meant.

    equal: all atoms have one value; mirror: two values, b and -b; half: two values, b and 0; generic: others.
    """
    values = list(dict.fromkeys(beta1 or ()))
    if len(values) != 2:
        return "equal" if len(values) == 1 else "generic"
    if not all(map(any, values)):
        return "half"
    return "mirror" if values[1] == tuple(-v for v in values[0]) else "generic"


def interval(vector: Sequence[sp.Rational], box: tuple[sp.Expr, sp.Expr]) -> tuple[sp.Expr, sp.Expr]:
    """The values of z = beta1_atom . x over a box."""
    low, high = box
    ends = [sorted((v * low, v * high)) for v in vector]
    return sum((e[0] for e in ends), sp.S.Zero), sum((e[1] for e in ends), sp.S.Zero)


def is_contiguous(pieces: tuple[Piece, ...]) -> bool:
    """Whether there are no gaps between the pieces."""
    return all(sp.simplify(right.lower - left.upper) == 0 for left, right in pairwise(pieces))


def is_analytic(source: Activation) -> bool:
    """Whether s is proved real-analytic on the whole line, from the form of its expression."""
    if len(source.pieces) != 1 or source.parameters:
        return False
    piece = source.pieces[0]
    return piece.lower == -sp.oo and piece.upper == sp.oo and is_entire(piece.expr)


def is_entire(f: sp.Expr) -> bool:
    """Whether a formula is proved real-analytic on the whole line, from its form."""
    if not f.has(Z) or f == Z:
        return True
    if not all(is_entire(g) for g in f.args):
        return False
    if f.is_Add or f.is_Mul or (f.func in KNOWN and KNOWN[f.func].entire):
        return True
    if f.is_Pow and f.exp.is_Integer and f.exp > 0:
        return True
    if f.is_Pow and not f.base.has(Z):
        return balls.sign(f.base, {}) == 1
    if isinstance(f, sp.log) or (f.is_Pow and not f.exp.has(Z)):
        try:
            if real_roots(f.args[0], {}):
                return False
        except NoClosedForm:
            return False
        at_zero = balls.sign(f.args[0], {"z": fmpq(0)})
        integer = f.is_Pow and f.exp.is_Integer
        return at_zero == 1 or (integer and at_zero is not None)
    return False


def covers_line(source: Activation) -> bool:
    """Whether s is real on the whole line, up to the end points of pieces."""
    ends = source.pieces[0].lower, source.pieces[-1].upper
    return ends == (-sp.oo, sp.oo) and is_contiguous(source.pieces)


def irregularity(source: Activation, dim: int, order: int) -> str | None:
    """What forbids expansions of s(beta1.x) in beta1 to an order: a jump, a cusp, or a kink that moves along x = 0.

    Kinks away from 0 are allowed (their effect is known); those at 0 stay in place when d = 1, and for d >= 2 move with
    the direction of beta1, which forbids order 2.
    """
    sample = dict(source.sample)
    kinks = kinks_of(source.pieces, sample)
    if kinks.jumps:
        return f"s jumps: {kinks.described()}"
    for left, right in pairwise(source.pieces):
        point = right.lower
        if point == 0 and dim == 1:
            continue  # beta1.x = 0 at x = 0 whatever beta1 is
        at = {**sample, "z": balls.value(point, sample, _BITS)}
        below, above = (balls.jet(p.expr, at, order, _BITS) for p in (left, right))
        if not all(c.is_finite() for c in (*below, *above)):
            return f"the derivatives of s have no finite limit at z = {point}"
        # order 1 needs s to be continuous, order 2 its derivative too
        if point == 0 and not all((u - v).contains(0) for u, v in zip(above[:order], below[:order], strict=True)):
            return f"s has a {'jump' if order == 1 else 'jump or a kink'} at z = 0, which moves with beta1 when d >= 2"
    return None


def slope_at_zero(source: Activation) -> Literal["nonzero", "finite", "unknown"]:
    """Whether s'(0), from either side, is proved not to be 0; else whether s(0) is proved finite."""
    algebra, around = Algebra(dict(source.sample)), touching_zero(source.pieces, dict(source.sample))
    inside = around and algebra.compare(around[0].lower, sp.S.Zero) < 0 < algebra.compare(around[-1].upper, sp.S.Zero)
    if not inside:
        return "unknown"
    jets = [balls.jet(p.expr, {**dict(source.sample), "z": 0}, 1, _BITS) for p in around]
    if all(s.is_finite() and s1.is_finite() and not s1.contains(0) for s, s1 in jets):
        return "nonzero"
    return "finite" if all(s.is_finite() for s, _ in jets) else "unknown"


_decision = lru_cache(maxsize=64)(decide)  # which all cells of an activation share


def _are_parallel(vectors: Sequence[Sequence[sp.Rational]], one_direction: bool) -> bool:
    """Whether vectors other than 0 are multiples of one, positive ones if need be."""
    first = vectors[0]
    pairs = list(combinations(range(len(first)), 2))
    parallel = all(any(v) and all(v[i] * first[j] == v[j] * first[i] for i, j in pairs) for v in vectors)
    return parallel and not (one_direction and any(sum(map(mul, first, v)) <= 0 for v in vectors))


def exponential(source: Activation, tau: sp.Expr) -> sp.Expr | None:
    """p > 0, where exp(s/tau) = A + B|z|^p, with one B on each side of 0; else None."""
    if source.parameters:
        return None
    pieces = tuple(replace(p, expr=sp.exp(sp.expand(p.expr / tau))) for p in source.pieces)
    failure = classify(replace(source, pieces=pieces))
    homogeneous = failure is not None and failure.symmetry and failure.kind == "homogeneous"
    return failure.degree if failure is not None and homogeneous and failure.degree.is_positive else None


@dataclass(frozen=True)
class Analysis:
    """An activation at a truth of whose gate it is the s: its verdicts there, on the part that each atom sees.

    It is no `Setting`: predictions are for all cells that a fit of so many atoms can have, and of a constant s too,
    which makes no gate; so the gate of the truth has a free s. decision: the verdicts, if known.
    """

    source: Activation
    truth: Truth
    fitted: int
    gauge: Gauge
    decision: Decision | None = None

    @cached_property
    def beta1(self) -> Vectors | None:
        """beta1 of every true atom; None of a generic truth."""
        return slopes(self.truth)

    @property
    def tau(self) -> sp.Expr | None:
        """The true temperature; None of a generic truth."""
        return next(iter(self.truth.shared.values()), None)

    @cached_property
    def whole(self) -> Decision:
        """The verdicts on the activation as it stands."""
        return self.decision or _decision(self.source)

    @cached_property
    def failure(self) -> Failure | None:
        """The failure of F1, where it is proved to be a symmetry of the model."""
        failure = classify(self.source) if self.whole.first_order.outcome == "fails" else None
        return failure if failure is not None and failure.symmetry else None

    @property
    def _homogeneous(self) -> Failure | None:
        return self.failure if self.failure is not None and self.failure.kind == "homogeneous" else None

    @property
    def degree(self) -> sp.Expr | None:
        """p, where s is homogeneous of degree p up to a constant."""
        return None if self._homogeneous is None else self._homogeneous.degree

    @property
    def scale(self) -> str | None:
        """The flow of a homogeneous s, which moves beta1 and tau for any number of atoms (theory 3.1.2); else None."""
        failure = self._homogeneous
        if failure is None:
            return None
        return f"s is homogeneous of degree {failure.degree} up to a constant; flow {failure.flow}"

    @cached_property
    def exponential(self) -> sp.Expr | None:
        """p, where exp(s/tau) = A + B|z|^p at the tau of the true point, with p > 0; else None."""
        return None if self.tau is None else exponential(self.source, self.tau)

    @property
    def position(self) -> Position:
        """Where beta1 lies with respect to the sets of theory 3.3.3."""
        return position(self.beta1)

    @cached_property
    def mirror(self) -> Mirror:
        """The mirror type of s."""
        return self.whole.mirror or mirror(self.source)

    @cached_property
    def odd(self) -> bool | None:
        """Whether s is odd up to a constant, finite at 0 and not homogeneous; None where it is not decided.

        Values b and 0 of beta1 then have the density of 0 and -b and, in the free gauge, of b and -b (theory 3.3.2).
        """
        if not self.mirror.proved:
            return None
        return self.mirror.kind == "odd" and at_zero(self.source.pieces, dict(self.source.sample)) is not None

    @property
    def odd_power(self) -> bool:
        """Whether s is homogeneous and not shown to have an even part: any atom may then become the anchor."""
        return self.degree is not None and self.mirror.kind != "even" and not self.mirror.even_part_moves

    @property
    def is_constant(self) -> bool:
        """Whether s is one constant."""
        return self.failure is not None and self.failure.kind == "constant" and self.mirror.kind == "even"

    @property
    def has_constant_gate(self) -> bool:
        """Whether the gate of the truth does not depend on x.

        So it is where all beta1_i are equal, +-beta for even s, of one direction for steps, of one line for logarithms.
        """
        if self.position == "equal" or self.is_constant:
            return True
        if self.beta1 is None or self.gauge == "anchored":
            return False
        if self.failure is not None and self.failure.kind != "homogeneous":
            return _are_parallel(self.beta1, one_direction=self.failure.kind == "constant")
        return self.position == "mirror" and self.mirror.kind == "even" and self.mirror.proved

    @cached_property
    def flat(self) -> tuple[str, tuple[str, ...]] | None:
        """A curve of parameters with the density of the truth, for any number of atoms, and which parameters it moves.

        The flow of a homogeneous s, the orbit of a mirror point, or any tau where the gate of the truth is constant.
        """
        both = ("tau", "beta1")
        if self.gauge == "anchored" and self.position == "equal" and not self.is_constant:
            return "the gate of the truth is constant: (0, .., 0, beta0, tau) -> (0, .., 0, l beta0, l tau)", ("tau",)
        if self.has_constant_gate:
            return (
                "the gate of the truth is constant, and so it is at other beta1 and every tau with one beta0/tau",
                both,
            )
        if self.scale is not None:
            return self.scale, both
        if (
            self.gauge == "free"
            and self.position == "mirror"
            and self.mirror.kind == "homogeneous"
            and self.mirror.degree
        ):
            power = "l" if self.mirror.degree == 1 else f"l^({self.mirror.degree})"
            orbit = f"(beta, -beta, beta0, tau) -> (l beta, -l beta, {power} beta0, {power} tau)"
            return f"exact orbit {orbit} of the mirror point", both
        return None

    @property
    def atoms(self) -> range:
        """The atoms with a gate of their own: without the anchor."""
        return range(self.truth.k - (self.gauge == "anchored"))

    @cached_property
    def unseen(self) -> str | None:
        """Which atom is known not to see every piece of s over the support of x, or where s is not real."""
        if self.beta1 is None or self.truth.box is None or self.source.parameters or is_analytic(self.source):
            return None
        pieces, compare = self.source.pieces, Algebra({}).compare
        if not is_contiguous(pieces):
            return "s is not real on a whole interval"
        for j in self.atoms:
            low, high = interval(self.beta1[j], self.truth.box)
            if low == high:
                continue  # beta1_j = 0
            if compare(low, pieces[0].lower) < 0 or compare(high, pieces[-1].upper) > 0:
                return "s is not real on all of beta1_j . supp(X)"
            if any(compare(low, p.lower) >= 0 or compare(high, p.lower) <= 0 for p in pieces[1:]):
                return f"atom {j + 1} sees no kink or jump at an end of some piece of s, and so too little of s"
        return None

    @property
    def kinked(self) -> bool:
        """Whether the atoms see a kink, as far as is known."""
        return not self.unseen and bool(kinks_of(self.source.pieces, dict(self.source.sample)).kinks)

    def outcome(self, verdict: Verdict) -> Outcome:
        """What a verdict amounts to at the true temperature."""
        if verdict.outcome != "holds" or self.tau is None:
            return verdict.outcome
        for text in verdict.fails_at_tau:
            gap = sp.radsimp(sp.expand(temperature(text) - self.tau))
            if gap == 0:
                return "fails"
            if not gap.free_symbols and balls.sign(gap, {}) is None:
                return "undecided"
        return "holds"

    def unpublished(self, order: str, verdict: Verdict) -> str | None:
        """Why the published statement under the condition of an order says nothing here, if it says nothing."""
        condition = f"the {order}-order condition of the published statement"
        outcome = self.outcome(verdict)
        if outcome != "holds":
            return f"{condition} {'fails' if outcome == 'fails' else 'is undecided'}"
        return f"{condition} holds, but {self.unseen}" if self.unseen else None

    def conditions(self, verdicts: Iterable[Verdict]) -> tuple[str, ...]:
        """What `outcome` assumes: tau off the exceptional ones, parameters off theirs."""
        assumptions = [f"{name} is none of {', '.join(v)}" for name, v in self.whole.exceptional_parameters]
        values = dict.fromkeys(t for v in verdicts for t in v.fails_at_tau)
        if self.tau is not None:
            values = {t: None for t in values if temperature(t).free_symbols}  # the others are decided
        if values:
            assumptions.append(f"tau is none of {', '.join(values)}")
        return tuple(assumptions)

    def irregularity(self, order: int) -> str | None:
        """Why s has no expansion to an order on what the atoms see, where it has none."""
        return self.unseen or irregularity(self.source, self.truth.spec.dim, order)

    def support_conditions(self) -> tuple[str, ...]:
        """What is assumed of the support of x, where it is not given."""
        if is_analytic(self.source) or (self.truth.box is not None and not self.source.parameters):
            return ()
        texts = ["all pieces of s are seen: beta1_j . supp(X) reaches into each"] if len(self.source.pieces) > 1 else []
        if not covers_line(self.source):
            texts.append("s is real on beta1_j . supp(X)")
        return tuple(texts)

    def zero_slope(self, all_nonzero: bool) -> str | None:
        """Which condition on beta1_j = 0 the true point violates, if any: theory 3.1.3 (s'(0) != 0 there) and 3.2."""
        if self.gauge == "anchored" and slope_at_zero(self.source) == "unknown":
            return "s is not proved finite at 0, where the anchored gauge puts beta1_k"
        if self.beta1 is None:
            return None
        zeros = [j for j in self.atoms if not any(self.beta1[j])]
        if len(zeros) == len(self.atoms):
            return "all beta1_j are 0"
        if not all_nonzero and slope_at_zero(self.source) == "nonzero":
            return None
        more = "" if all_nonzero else ", and s'(0) != 0 is not proved"
        if zeros:
            return f"beta1 of atom {zeros[0] + 1} is 0{more}"
        moving = [self.beta1[j] for j in self.atoms]
        equal = len(set(moving)) == 1 if self.odd is not False else self.odd_power and len(set(moving)) < len(moving)
        if self.gauge == "anchored" and len(moving) > 1 and equal:
            start = "" if self.odd or self.odd_power else "if s is odd, "
            return f"{start}with another anchor the density is the same, and more beta1_j than the anchor's are 0{more}"
        return None
