"""Lists the twins that the even and the odd part of s leave (theory.md 2.9).

A twin changes s(b_i x)/tau of every atom by one function of x. The parts of s turn a function s(b x) into a vector: for
a free part its component at |b|, for a sum of powers the |b|^n, with the sign of b for the odd part. What is left is to
find all vectors v(b_i') = l v(b_i) + r, l = tau'/tau, with one r for all atoms.
"""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from temperance.theory.twins.parts import Part
from temperance.theory.twins.twin import B, C, D, E, Gauge, L, M, Twin

_P, _Q, _T = sp.symbols("b c t", positive=True)
_R, _H = sp.symbols("r h", positive=True)
_HALF = sp.Rational(1, 2)
_EVERY = "every truth"
Listed = tuple[bool | None, tuple[Twin, ...], str | None]
_MANY = 4  # atoms, from which on almost every truth of a sum of two powers or more is unique


def listed(even: Part, odd: Part, atoms: int, gauge: Gauge) -> Listed:
    """Whether almost every truth of k atoms is unique, the twins, and what is not decided, from the parts of s."""
    powers = {*(even.exponents or ()), *(odd.exponents or ())}
    if 0 in powers:
        return _of_a_step(even, odd, atoms, gauge)
    if even.exponents == () and odd.exponents == ():
        return False, (Twin((B, C), (D, E), L, _EVERY, True),), None
    always, special = [], [_constant_gate(odd.exponents == (), gauge)]
    if odd.exponents == ():
        other = sp.S.Zero if gauge == "anchored" else C
        always.append(Twin((B, other), (-B, other), sp.S.One, f"{_EVERY}, atom by atom", True))
    unique: bool | None = not always
    reason = None
    if not (even.is_free or odd.is_free) and len(powers) == 1:
        always += _homogeneous(even, odd, powers.pop(), atoms, gauge)
        unique = False
    elif gauge == "anchored":
        if even.exponents == ():
            where = f"{_two_values('0 or b', atoms)}; the other atom becomes the anchor"
            found = Twin((B, sp.S.Zero), (sp.S.Zero, -B), sp.S.One, where, atoms == 2)
            (always if atoms == 2 else special).append(found)
            unique = atoms > 2
    else:
        mirrored, swapped = _of_odd_part(even, odd, atoms)
        always, special = always + swapped, special + mirrored
        unique = unique and not swapped
        if not even.is_free and not odd.is_free:
            unique, more, reason = _of_powers(even, odd, atoms, unique)
            always += more
    return unique, (*always, *special, *_within_kinks(even, odd, atoms, gauge)), reason


def _two_values(values: str, atoms: int) -> str:
    return _EVERY if atoms == 2 else f"where every beta1_i is {values}"


def _constant_gate(is_even: bool, gauge: Gauge) -> Twin:
    """All atoms have one gate: beta1 and tau are open."""
    if gauge == "anchored":
        zero = sp.S.Zero
        return Twin((zero, zero), (zero, zero), L, "where every beta1_i is 0")
    same = "equal up to their signs" if is_even else "equal"
    return Twin((B, B), (C, C), L, f"where all beta1_i are {same}")


def _of_a_step(even: Part, odd: Part, atoms: int, gauge: Gauge) -> Listed:
    if even.exponents != () or odd.exponents != (0,):
        return None, (), "s jumps at 0 and is not constant on both sides of it"
    where = f"{_EVERY}, atom by atom"
    if gauge == "anchored":  # whether the anchor can be swapped rests on s(0), which the parts do not tell
        return False, (Twin((B, sp.S.Zero), (L * B, sp.S.Zero), sp.S.One, where, True),), None
    found = [Twin((B, C), (L * B, M * C), sp.S.One, where, True)]
    if atoms == 2:
        found.append(Twin((B, C), (-C, -B), sp.S.One, _EVERY, True))
    return False, (*found, Twin((_P, _Q), (_P, _Q), L, "where all beta1_i have one sign")), None


def _homogeneous(even: Part, odd: Part, p: sp.Expr, atoms: int, gauge: Gauge) -> list[Twin]:
    """s = C |z|^p + const, with one C on each side of 0."""
    found = [Twin((B, C), (L * B, L * C), L**p, _EVERY, True)]
    one_sided = bool(even.exponents and odd.exponents)
    plain = p == 1 and not even.exponents
    b, c, t, everywhere = (B, C, D, _EVERY) if plain else (_P, _Q, _T, "every truth, as for b > c > 0")
    if gauge == "anchored":
        found = [Twin((B, sp.S.Zero), (L * B, sp.S.Zero), L**p, _EVERY, True)]
        if even.exponents == ():
            truth: tuple[sp.Expr, ...] = (b, sp.S.Zero)
            image: tuple[sp.Expr, ...] = (sp.S.Zero, -b)
            if atoms > 2:
                truth, image = (b, c, sp.S.Zero), (_root(b**p - c**p, p), sp.S.Zero, -c)
            found.append(Twin(truth, image, sp.S.One, f"{everywhere}; another atom becomes the anchor", True))
        return found
    image = (_root(b**p + t, p), _root(c**p + t, p))
    where = "where all beta1_i have one sign" if one_sided else everywhere
    return [*found, Twin((b, c), image, sp.S.One, where, not one_sided)]


def _root(value: sp.Expr, p: sp.Expr) -> sp.Expr:
    return value ** (1 / p)


def _of_odd_part(even: Part, odd: Part, atoms: int) -> tuple[list[Twin], list[Twin]]:
    """In the free gauge: twins of special truths, and of every truth, that parity gives."""
    zero, opposite = sp.S.Zero, "where " + ("beta1_2 = -beta1_1" if atoms == 2 else "every beta1_i is b or -b")
    if even.exponents == ():
        alone = "where " + ("one beta1_i is 0" if atoms == 2 else "every beta1_i is b or 0")
        special = [
            Twin((B, -B), (B, zero), _HALF, opposite),
            Twin((B, -B), (zero, -B), _HALF, opposite),
            Twin((B, zero), (B, -B), sp.Integer(2), alone),
        ]
        swap = Twin((B, C), (-C, -B), sp.S.One, _two_values("b or c", atoms), atoms == 2)
        return ([*special, swap], []) if atoms > 2 else (special, [swap])
    if even.is_free and odd.exponents is not None and len(odd.exponents) == 1:
        return [Twin((B, -B), (L * B, -L * B), L ** odd.exponents[0], opposite)], []
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
        return Twin((B, C), image, L, _EVERY, True)
    size = (_P**q - _Q**q) * (1 - _R**p) / ((_P**p - _Q**p) * (1 - _R**q))
    named = ((_H, size ** (1 / (q - p))), (L, _H**p * (1 - _R**p) / (_P**p - _Q**p)))
    where = "every truth, as for b > c > 0, with any 0 < r < 1"
    return Twin((_P, _Q), (_H, _R * _H), L, where, True, named=named)


def _within_kinks(even: Part, odd: Part, atoms: int, gauge: Gauge) -> list[Twin]:
    """The twins of the powers that s is up to its first kinks, for a support on which no kink is reached."""
    kinks = [part.kink for part in (even, odd) if part.kink is not None]
    near = Part(even.inner) if even.kink is not None else even, Part(odd.inner) if odd.kink is not None else odd
    if not kinks or any(part.is_free for part in near):
        return []
    first = sp.Min(*kinks)
    inner = [twin for twin in listed(*near, atoms, gauge)[1] if twin.always]
    where = f"where |beta1_i x| < {first} on the support for both, so that no kink is reached"
    return [replace(twin, where=where, always=False, reach=first) for twin in inner]
