"""Decides which other parameters share a density with a truth (theory 2.3).

>>> tanh = twins("tanh")
>>> tanh.unique, tanh.twins[0].map
(False, '(b, c, beta0, tau) -> (-c, -b, beta0, tau)')
>>> twins("gelu").unique
True

A twin changes s(b_i x)/tau of every atom by one function of x. The even and the odd part of s turn a function s(b x)
into a vector: for a free part its component at |b|, for a sum of powers the |b|^n, with the sign of b for the odd part.
What is left is to find all vectors v(b_i') = l v(b_i) + r, l = tau'/tau, with one r for all atoms. For d = 1 a gate
that is constant on each side of 0, up to a logarithm of |z|, takes few values: its twins fill open sets of truths, that
of beta1 of one sign and that of both.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import sympy as sp

from temperance.theory.activations.activation import Activation, activation, in_every_region
from temperance.theory.activations.piecewise import Algebra, Pieces
from temperance.theory.conditions.first_order_failures import LEVEL_OPEN, Failure, classify
from temperance.theory.expressions.sign_changes import NO_CLOSED_FORM, NoClosedForm, Sample
from temperance.theory.fields.differential_field import OutsideTowers
from temperance.theory.twins.parts import Halves, NotDecided, Part, parts
from temperance.theory.twins.twin import S0, B, C, D, E, Gauge, L, M, P, Q, T, Twin, Twins, at_zero, values_at_zero

HALF = sp.Rational(1, 2)
EVERY = "every truth"
ALONE = f"{EVERY}, atom by atom"
ONE_SIGN = "where all beta1_i have one sign, d = 1"
_BOTH_SIGNS = "where beta1 takes both signs, d = 1"


def several(atoms: int, *values: sp.Expr) -> tuple[sp.Expr, ...]:
    """The first two values, and all where there are more than two atoms."""
    return values if atoms > 2 else values[:2]


def of_a_constant(gauge: Gauge) -> list[Twin]:
    """s is constant: beta1 and tau are open."""
    c, e = (sp.S.Zero, sp.S.Zero) if gauge == "anchored" else (C, E)
    return [
        Twin((B, c), (D, e), L, EVERY, True),
        Twin((B, c), (D, c), sp.S.One, ALONE, True, alone=True),
    ]


def of_a_step(atoms: int, gauge: Gauge) -> list[Twin]:
    """s is a constant on each side of 0, and jumps there: s(b x) is told by sgn(b), which is 0 for b = 0."""
    zero, one = sp.S.Zero, sp.S.One
    if gauge == "anchored":
        alone = Twin((B, zero), (L * B, zero), one, ALONE, True, alone=True)
        if atoms == 2:
            return [alone, Twin((B, zero), (zero, -B), one, f"{EVERY}; the other atom becomes the anchor", True)]
        where = f"{ONE_SIGN}; another atom becomes the anchor"
        return [alone, Twin((P, zero, Q), (zero, -T, zero), one, where, signs="one")]
    twins = [Twin((B, C), (L * B, M * C), one, ALONE, True, alone=True)]
    if atoms == 2:
        twins.append(Twin((B, C), (-C, -B), one, EVERY, True))
    positive, mixed = several(atoms, P, Q, T), several(atoms, P, -Q, T)
    turned, still = tuple(-v for v in positive), (zero,) * len(positive)
    below, above = (tuple(zero if v.is_negative is sign else v for v in mixed) for sign in (True, False))
    some_zero = f"where {'one beta1_i is 0' if atoms == 2 else 'some beta1_i are 0, the others of one sign'}, d = 1"
    return [
        *twins,
        *(Twin(positive, image, L, ONE_SIGN, signs="one") for image in (positive, turned, still)),
        *(Twin(mixed, image, HALF, _BOTH_SIGNS, signs="both") for image in (below, above)),
        Twin((P, zero), (P, -Q), sp.Integer(2), f"{some_zero}, as for b, c > 0"),
        Twin((P, zero), (zero, -P), one, some_zero),
    ]


def of_a_logarithm(c: sp.Expr, *, even: bool, one_sided: bool) -> list[Twin]:
    """s = c log|z| + const, on one side of 0 or on both, with one constant if it is even: s(b x) = s(x) + c log|b|."""
    twins = [Twin((B, C), (L * B, M * C), sp.S.One, ALONE, True, alone=True, shift=(-c * sp.log(L), -c * sp.log(M)))]
    if even:
        twins.append(Twin((B, C), (-B, C), sp.S.One, ALONE, True, alone=True))
    if even or one_sided:
        bias = tuple((L - 1) * c * sp.log(sp.Abs(v)) for v in (B, C))
        return [*twins, Twin((B, C), (B, C), L, f"{EVERY}, d = 1", True, shift=bias)]
    bias = tuple((L - 1) * c * sp.log(v) for v in (P, Q))
    images = ((P, Q), (-P, -Q))
    return [*twins, *(Twin((P, Q), image, L, ONE_SIGN, signs="one", shift=bias) for image in images)]


_R, _H = sp.symbols("r h", positive=True)
Listed = tuple[bool | None, tuple[Twin, ...], str | None]
_MANY = 4  # atoms, from which on almost every truth of a sum of two powers or more is unique
_CONJUGATE = "for d = 2 three atoms whose beta1_i lie on a hyperbola around 0 have one more twin, which is not listed"


def listed(even: Part, odd: Part, atoms: int, gauge: Gauge) -> Listed:
    """Whether almost every truth of k atoms is unique, the twins, and what is not decided, from the parts of s."""
    powers = {*(even.exponents or ()), *(odd.exponents or ())}
    if even.exponents == () and odd.exponents == ():
        return False, tuple(of_a_constant(gauge)), None
    if even.exponents == () and odd.exponents == (0,):
        twins = [*of_a_step(atoms, gauge), *([_constant_gate(False, gauge)] if gauge == "anchored" else [])]
        return False, tuple(twins), None
    if 0 in powers and not even.is_free:
        return None, (), "s jumps at 0 and is a sum of powers on both sides of it"
    always: list[Twin] = []
    special = [_constant_gate(odd.exponents == (), gauge)]
    if odd.exponents == ():
        other = sp.S.Zero if gauge == "anchored" else C
        always.append(Twin((B, other), (-B, other), sp.S.One, ALONE, True, alone=True))
    unique: bool | None = not always
    reason = None
    if not (even.is_free or odd.is_free) and len(powers) == 1:
        p = powers.pop()
        always += _homogeneous(even, odd, p, atoms, gauge)
        unique = False
        if p == 2 and odd.exponents == () and atoms == 3 and gauge == "free":
            reason = _CONJUGATE
    elif gauge == "anchored":
        if even.exponents == ():
            where = f"{_two_values('0 or b', atoms)}; the other atom becomes the anchor"
            (always if atoms == 2 else special).append(
                Twin((B, sp.S.Zero), (sp.S.Zero, -B), sp.S.One, where, atoms == 2)
            )
            unique = atoms > 2
    else:
        mirrored, others = _of_odd_part(even, odd, atoms)
        always, special = always + others, special + mirrored
        unique = unique and not others
        if not even.is_free and not odd.is_free:
            unique, more, reason = _of_powers(even, odd, atoms, unique)
            always += more
    return unique, (*always, *special), reason


def _two_values(values: str, atoms: int) -> str:
    return EVERY if atoms == 2 else f"where every beta1_i is {values}"


def _constant_gate(is_even: bool, gauge: Gauge) -> Twin:
    """All atoms have one gate: beta1 and tau are open."""
    if gauge == "anchored":
        zero = sp.S.Zero
        return Twin((zero, zero), (zero, zero), L, "where every beta1_i is 0")
    same = "equal up to their signs" if is_even else "equal"
    return Twin((B, B), (C, C), L, f"where all beta1_i are {same}")


def _homogeneous(even: Part, odd: Part, p: sp.Expr, atoms: int, gauge: Gauge) -> list[Twin]:
    """s = C |z|^p + const, with one C on each side of 0."""
    zero, one = sp.S.Zero, sp.S.One
    one_sided = bool(even.exponents and odd.exponents)
    plain = p == 1 and not even.exponents
    b, c, t, everywhere = (B, C, D, EVERY) if plain else (P, Q, T, f"{EVERY}, as for b > c > 0")
    if gauge == "anchored":
        twins = [Twin((B, zero), (L * B, zero), L**p, EVERY, True)]
        if even.exponents == ():
            truth: tuple[sp.Expr, ...] = (B, zero)
            image: tuple[sp.Expr, ...] = (zero, -B)
            if atoms > 2:
                truth, image = (b, c, zero), (_root(b**p - c**p, p), zero, -c)
            where = EVERY if atoms == 2 else everywhere
            twins.append(Twin(truth, image, one, f"{where}; another atom becomes the anchor", True))
        return twins
    twins = [Twin((B, C), (L * B, L * C), L**p, EVERY, True)]
    if atoms == 2 and even.exponents == () and not plain:
        twins.append(Twin((B, C), (-C, -B), one, EVERY, True))
    if atoms == 2 and p == 2 and not one_sided and even.exponents:  # b b' - c c' is kept
        near, far = (M + 1 / M) / 2, (M - 1 / M) / 2
        twins.append(Twin((B, C), (near * B + far * C, far * B + near * C), one, EVERY, True))
    image = (_root(b**p + t, p), _root(c**p + t, p))
    if one_sided:
        return [*twins, Twin((b, c), image, one, ONE_SIGN, signs="one")]
    return [*twins, Twin((b, c), image, one, everywhere if plain else f"{everywhere}, d = 1", True)]


def _root(value: sp.Expr, p: sp.Expr) -> sp.Expr:
    return value ** (1 / p)


def _of_odd_part(even: Part, odd: Part, atoms: int) -> tuple[list[Twin], list[Twin]]:
    """In the free gauge: twins of special truths, and of every truth or of open sets of them, that parity gives."""
    zero, opposite = sp.S.Zero, "where " + ("beta1_2 = -beta1_1" if atoms == 2 else "every beta1_i is b or -b")
    if even.exponents == ():
        alone = "where " + ("one beta1_i is 0" if atoms == 2 else "every beta1_i is b or 0")
        special = [
            Twin((B, -B), (B, zero), HALF, opposite),
            Twin((B, -B), (zero, -B), HALF, opposite),
            Twin((B, zero), (B, -B), sp.Integer(2), alone),
        ]
        swap = Twin((B, C), (-C, -B), sp.S.One, _two_values("b or c", atoms), atoms == 2)
        return ([*special, swap], []) if atoms > 2 else (special, [swap])
    if even.is_free and odd.exponents is not None and len(odd.exponents) == 1:
        (p,) = odd.exponents
        positive = several(atoms, P, Q, T)
        turned = Twin(positive, tuple(-v for v in positive), sp.S.One, ONE_SIGN, signs="one")
        return [Twin((B, -B), (L * B, -L * B), L**p, opposite)], [turned] if p == 0 else []
    return [], []


def _of_powers(even: Part, odd: Part, atoms: int, unique: bool | None) -> tuple[bool | None, list[Twin], str | None]:
    """In the free gauge: s is a sum of two powers or more, counted in the even and in the odd part."""
    exponents = [*(even.exponents or ()), *(odd.exponents or ())]
    special = "special truths of sums of powers are not all listed"
    if atoms >= _MANY:
        return unique, [], special
    if atoms == 2 and len(exponents) == 2:
        return False, [_orbit_of_two_powers(even, odd)], special
    if even.exponents == (2,) and odd.exponents == (1,):
        return unique, [], special
    if unique is False:
        return False, [], "further twins of sums of powers are not excluded"
    return None, [], f"s is a sum of {len(exponents)} powers: not decided for {atoms} atoms, only from {_MANY} atoms on"


def _orbit_of_two_powers(even: Part, odd: Part) -> Twin:
    """The curve on which two differences of powers keep their ratio."""
    p, q = sorted((*(even.exponents or ()), *(odd.exponents or ())), key=sp.default_sort_key)
    if (even.exponents, odd.exponents) == ((2,), (1,)):
        image = (((1 + L) * B + (1 - L) * C) / 2, ((1 - L) * B + (1 + L) * C) / 2)
        return Twin((B, C), image, L, EVERY, True)
    size = (P**q - Q**q) * (1 - _R**p) / ((P**p - Q**p) * (1 - _R**q))
    named = ((_H, size ** (1 / (q - p))), (L, _H**p * (1 - _R**p) / (P**p - Q**p)))
    where = "every truth, as for b > c > 0, with any 0 < r < 1"
    return Twin((P, Q), (_H, _R * _H), L, where, True, named=named)


def below_kinks(
    pieces: Pieces, sample: Sample, parts: tuple[Part, Part], atoms: int, gauge: Gauge
) -> tuple[list[Twin], str | None]:
    """The twins that parts with a kink have before it, but those of all truths, and what is not decided of them.

    pieces: those of s, at a sample of its parameters. parts: its even and its odd part.
    """
    kinks = [part.kink for part in parts if part.kink is not None]
    if not kinks:
        return [], None
    inside = _where(pieces, sample)
    even, odd = (part if part.kink is None else Part(part.inner) for part in parts)
    dead = "; such an atom is as one of beta1_i = 0" if even.exponents == odd.exponents == () else ""
    reached = {twin.map for twin in listed(*parts, atoms, gauge)[1]}
    _, candidates, reason = listed(even, odd, atoms, gauge)
    twins = []
    for twin in candidates:
        if twin.map in reached:
            continue
        where = f"atom by atom, where {inside}{dead}" if twin.alone else f"where {inside}"
        if not (twin.always or twin.alone):
            where = f"{twin.where}, and {inside}"
        twins.append(replace(twin, where=where, always=False, signs=None, reach=sp.Min(*kinks)))
    return twins, reason and f"where no beta1_i x reaches a kink, {reason}"


def _where(pieces: Pieces, sample: Sample) -> str:
    """That beta1_i x stays where s has the formulas that it has at 0."""
    algebra = Algebra(sample)
    near = [p for p in pieces if algebra.compare(p.lower, sp.S.Zero) <= 0 <= algebra.compare(p.upper, sp.S.Zero)]
    lower, upper = near[0].lower, near[-1].upper
    size = f"|beta1_i x| < {upper}" if algebra.compare(lower, -upper) == 0 else None
    return f"{size or f'beta1_i x is in ({lower}, {upper})'} on the support for both"


GAUGES: tuple[Gauge, ...] = ("free", "anchored")


def twins(source: str | sp.Expr | Activation, *, atoms: int = 2, gauge: Gauge = "free") -> Twins:
    """The other parameters of an activation gate that have the density of a truth.

    Two parameters have one density iff, up to the numbering of the atoms, their experts are the same and
    (s(b_i x) - s(b_j x))/tau - (s(b_i' x) - s(b_j' x))/tau' is constant in x for all i, j.

    Args:
        source: as theory.activations.activation.activation takes it; parameters are taken as generic.
        atoms: their number, 2 or more, all with distinct experts.
        gauge: free (only beta0 of the last atom is 0) or anchored (its beta1 too).

    Raises:
        ValueError: the activation cannot be read, or the number of atoms or the gauge is none of those accepted.
    """
    if isinstance(atoms, bool) or not isinstance(atoms, int) or atoms < 2:
        raise ValueError(
            f"the number of atoms must be 2 or more, not {atoms!r}: one atom has the weight 1 for any gate"
        )
    if gauge not in GAUGES:
        raise ValueError(f"unknown gauge {gauge!r}; accepted: {', '.join(GAUGES)}")
    try:
        read = activation(source)
    except NoClosedForm:
        return Twins(str(source).strip(), atoms, gauge, None, (), NO_CLOSED_FORM)
    results, reason = in_every_region(read, partial(_of_one, atoms, gauge))
    if not reason and len({(result.unique, result.twins) for result in results}) > 1:
        reason = "it depends on the region in which the parameters lie"
    return Twins(read.name, atoms, gauge, None, (), reason) if reason else results[0]


def _of_one(atoms: int, gauge: Gauge, source: Activation, sample: Sample) -> Twins:
    result = Twins(source.name, atoms, gauge, None, ())
    zero = at_zero(source.pieces, sample)
    if gauge == "anchored" and zero is None:
        return replace(result, reason="s(0) is not defined as s is written, and the anchored gauge takes it")
    try:
        even, odd = parts(source, sample)
    except NotDecided as open_question:
        failure = classify(source)
        if failure is None or not failure.symmetry:
            return replace(result, reason=str(open_question))
        if failure.kind == "constant" and failure.level is None:
            return replace(result, reason=LEVEL_OPEN)
        consequence = _of_failure(source, sample, failure)
        if consequence is None:
            return replace(result, reason=str(open_question))
        if not isinstance(consequence[0], Part):
            return replace(result, unique=False, twins=consequence)
        even, odd = consequence
    unique, others, reason = listed(even, odd, atoms, gauge)
    inner, open_inside = below_kinks(source.pieces, sample, (even, odd), atoms, gauge)
    gap = _gap(source, sample) if zero == S0 else sp.S.Zero
    return replace(
        result,
        unique=unique,
        twins=tuple(_with_bias(t, gap) for t in (*others, *inner) if zero is not None or 0 not in (*t.truth, *t.image)),
        reason="; ".join(filter(None, (reason, open_inside))) or None,
        even=even.described,
        odd=odd.described,
        every_dimension=(even.is_free or odd.is_free) and not any(t.signs for t in others),
        kinks=len(source.pieces) > 1,
    )


def _gap(source: Activation, sample: Sample) -> sp.Expr:
    """s(0) less the mean of its limits at 0, for an s that jumps there."""
    values = values_at_zero(source.pieces, sample)
    return S0 - (values[0] + values[-1]) / 2


def _with_bias(twin: Twin, gap: sp.Expr) -> Twin:
    """A twin of an s whose s(0) is the mean of its limits, for s itself: beta0 takes up the rest."""
    before, after = ([gap if v == 0 else sp.S.Zero for v in values] for values in (twin.truth, twin.image))
    shift = tuple(sp.expand(twin.factor * g - h) for g, h in zip(before, after, strict=True))
    return replace(twin, shift=shift) if len(set(shift)) > 1 else twin


def _of_failure(source: Activation, sample: Sample, failure: Failure) -> tuple[Part, Part] | tuple[Twin, ...] | None:
    """What a failure of the first-order condition tells of an s that is not analytic at 0; None where it does not.

    The parts of C |z|^p + const, or the twins of a logarithm. On one side of 0 alone, both parts are that of s there.
    """
    halves = Halves(source, sample)
    if failure.kind == "constant":
        return Part(()), Part(() if failure.level or not halves.pieces else (sp.S.Zero,))
    power = Part((failure.degree,) if failure.kind == "homogeneous" else ())
    even = odd = True  # whether s has such a part
    if halves.pieces:
        try:
            elements = halves.elements()
        except (OutsideTowers, ZeroDivisionError, ValueError):
            return None
        even = not all(halves.tower.d(e).is_zero() for e in elements[0])
        odd = not all(o.is_zero() for o in elements[1])
    if failure.kind == "logarithmic":
        return tuple(of_a_logarithm(failure.coefficient, even=not odd, one_sided=not halves.pieces))
    return power if even else Part(()), power if odd else Part(())
