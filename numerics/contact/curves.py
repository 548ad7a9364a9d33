"""Defines curves of mixing measures t -> G_t with G_t -> G* as t -> 0, in exact or ball arithmetic.

A curve is a function of an exact rational t > 0. It may use `flint.arb`, whose precision is that of the caller: the
contact order raises it until the distance is resolved. Rounded numbers (float functions of t) would end up in the
distance, so a curve of one's own must be written with fmpq and arb.

Example: ``gauss_hermite_split(truth, atom=0, m=2)(fmpq(1, 8))`` has the atom 0 replaced by two at b +- 1/8.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from math import factorial
from typing import Any, Literal, TypeAlias

from flint import arb, fmpq, fmpz_poly

from temperance.numerics.mixture.measures import Gauge, MixingMeasure

Number: TypeAlias = int | float | Fraction | fmpq | arb
Group = Literal["beta1", "a", "b", "nu"]

_VECTORS = ("beta1", "a")
_ATOM = ("beta1", "beta0", "a", "b", "nu")


def exact(value: Number) -> fmpq | arb:
    """The number without rounding: a float stands for the binary fraction that it is, a ball for itself."""
    if isinstance(value, fmpq | arb):
        return value
    return fmpq(*value.as_integer_ratio())


@dataclass(frozen=True)
class Atom:
    """One atom: beta1 and a (d), beta0, b and the variance nu."""

    beta1: tuple[Any, ...]
    beta0: Any
    a: tuple[Any, ...]
    b: Any
    nu: Any

    def __post_init__(self) -> None:
        """Make the entries exact."""
        for f in fields(self):
            entry = getattr(self, f.name)
            entry = tuple(map(exact, entry)) if f.name in _VECTORS else exact(entry)
            object.__setattr__(self, f.name, entry)


@dataclass(frozen=True)
class CurveMeasure:
    """A measure along a curve: sum_i exp(beta0_i/tau) delta_(beta1_i, tau, a_i, b_i, nu_i) in exact numbers or balls.

    No `Truth`, whose values are expressions: its numbers are FLINT's, at a precision that is raised along the curve.
    """

    tau: Any
    atoms: tuple[Atom, ...]

    def __post_init__(self) -> None:
        """Make tau exact."""
        object.__setattr__(self, "tau", exact(self.tau))

    @property
    def d(self) -> int:
        """Dimension of x."""
        return len(self.atoms[0].a)

    @staticmethod
    def of(measure: MixingMeasure) -> CurveMeasure:
        """The measure whose numbers are exactly the doubles of a MixingMeasure without leading axes."""
        columns = (getattr(measure, f.name).tolist() for f in fields(Atom))
        atoms = tuple(Atom(tuple(v), c, tuple(a), b, nu) for v, c, a, b, nu in zip(*columns, strict=True))
        return CurveMeasure(float(measure.tau), atoms)


Curve: TypeAlias = Callable[[fmpq], CurveMeasure]


def with_parts(truth: CurveMeasure, atom: int, parts: Sequence[tuple[Any, Atom]]) -> CurveMeasure:
    """The measure with one atom replaced by parts (share of its weight, atom)."""
    # exp(beta0/tau) is the weight
    new = tuple(replace(part, beta0=part.beta0 + truth.tau * arb(share).log()) for share, part in parts)
    return replace(truth, atoms=truth.atoms[:atom] + new + truth.atoms[atom + 1 :])


def _displace(atom: Atom, name: str, t: Any, direction: Any) -> Atom:
    """The atom with t times a direction added to one of its parameters."""
    old = getattr(atom, name)
    if name not in _VECTORS:
        return replace(atom, **{name: old + t * exact(direction)})
    return replace(atom, **{name: tuple(v + t * exact(u) for v, u in zip(old, direction, strict=True))})


def split(truth: CurveMeasure, atom: int, group: Group, direction: Sequence[Number] | None = None) -> Curve:
    """Two halves of an atom at +-t in one group (times a direction, by default the first axis, for beta1 and a)."""
    old, half = truth.atoms[atom], fmpq(1, 2)
    along = (direction or (1, *(0,) * (truth.d - 1))) if group in _VECTORS else 1

    def curve(t: fmpq) -> CurveMeasure:
        return with_parts(truth, atom, [(half, _displace(old, group, step, along)) for step in (t, -t)])

    return curve


def split_every(truth: CurveMeasure) -> Curve:
    """Every atom in two halves at beta1 +- t: cancels in the linear gate, theory 2.2.2."""

    def curve(t: fmpq) -> CurveMeasure:
        g = truth
        for i in reversed(range(len(truth.atoms))):
            g = split(g, i, "beta1")(t)
        return g

    return curve


def split_square(truth: CurveMeasure, atom: int) -> Curve:
    """Two halves of an atom at beta1^2 +- t, d = 1: keeps the weighted mean of beta1^2 (claim C11)."""
    old = truth.atoms[atom]

    def curve(t: fmpq) -> CurveMeasure:
        roots = [arb(old.beta1[0] * old.beta1[0] + step).sqrt() for step in (t, -t)]
        return with_parts(truth, atom, [(fmpq(1, 2), replace(old, beta1=(root,))) for root in roots])

    return curve


def gauss_hermite(m: int) -> list[tuple[arb, arb]]:
    """Nodes and weights of the m-point rule that integrates polynomials of degree < 2m against N(0, 1) exactly.

    The nodes are the roots of the Hermite polynomial He_m = x He_(m-1) - (m-1) He_(m-2), a node q has the weight
    (m-1)! / (m He_(m-1)(q)^2).
    """
    below, hermite = fmpz_poly([1]), fmpz_poly([0, 1])
    for k in range(1, m):
        below, hermite = hermite, fmpz_poly([0, 1]) * hermite - k * below
    nodes = [root.real for root, _ in hermite.complex_roots()]
    return [(q, arb(factorial(m - 1)) / (m * below(q) * below(q))) for q in nodes]


def gauss_hermite_split(truth: CurveMeasure, atom: int, m: int) -> Curve:
    """An atom in m: b + t q, nu - t^2, for the Gauss-Hermite nodes q, with their weights as shares.

    q2 = -1/2 in the system of theory 4.1.1: the moments agree up to 2m - 1.
    """
    old = truth.atoms[atom]

    def curve(t: fmpq) -> CurveMeasure:
        rule = gauss_hermite(m)
        return with_parts(truth, atom, [(share, replace(old, b=old.b + t * q, nu=old.nu - t * t)) for q, share in rule])

    return curve


def scale_orbit(truth: CurveMeasure, degree: int | Fraction = 1) -> Curve:
    """(l beta1, l^p beta0, l^p tau), l = 1 + t, p the degree: exact for s homogeneous of degree p (1: linear gate)."""

    def curve(t: fmpq) -> CurveMeasure:
        scale = 1 + t
        power = scale**degree if isinstance(degree, int) else arb(scale) ** arb(exact(degree))
        atoms = (replace(u, beta1=tuple(scale * v for v in u.beta1), beta0=power * u.beta0) for u in truth.atoms)
        return CurveMeasure(power * truth.tau, tuple(atoms))

    return curve


def line(truth: CurveMeasure, direction: Mapping[str, Any]) -> Curve:
    """G* + t v. v has tau (a number) and beta1, a (k rows of d), beta0, b, nu (k numbers), any of them left out.

    A regular direction, or with {"beta1": [[1], [1]]} the singular one of a mirror point (theory 3.3.1).
    """

    def curve(t: fmpq) -> CurveMeasure:
        atoms = list(truth.atoms)
        for name in set(direction) - {"tau"}:
            for i, step in zip(range(len(atoms)), direction[name], strict=True):
                if any(step if name in _VECTORS else (step,)):
                    atoms[i] = _displace(atoms[i], name, t, step)
        tau = truth.tau + t * exact(direction["tau"]) if "tau" in direction else truth.tau
        return CurveMeasure(tau, tuple(atoms))

    return curve


def cell_moves(
    cells: Sequence[int], d: int = 1, *, gauge: Gauge = "free", held: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Directions along which tau, and the atoms of each cell together, move; offsets within a cell stay.

    cells: the true atom that each atom of the moving measures belongs to. d: dimension of x. gauge: "free" keeps beta0
    of the last cell, "anchored" its beta1 too. held: parameters that do not move.
    """
    moves: list[dict[str, Any]] = [] if "tau" in held else [{"tau": 1}]
    fixed = ("beta0",) if gauge == "free" else ("beta0", "beta1")
    for name in (name for name in _ATOM if name not in held):
        units = [tuple(int(i == axis) for i in range(d)) for axis in range(d)] if name in _VECTORS else [1]
        still = (0,) * d if name in _VECTORS else 0
        for cell in sorted(set(cells))[: -1 if name in fixed else None]:
            moves += [{name: [unit if c == cell else still for c in cells]} for unit in units]
    return moves
