"""What is said of a twin: the map between two parameters of one density, where it acts, and the identity behind it.

`holds` verifies the identity exactly: the log odds of the truth and of the twin are one function of x.

>>> from temperance.theory.activations.activation import activation
>>> from temperance.theory.twins.decision import twins
>>> all(holds(activation("tanh"), twin) for twin in twins("tanh").twins)
True
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sympy as sp
from flint import fmpq

from temperance.theory.activations.activation import Activation
from temperance.theory.activations.piecewise import Algebra, Piece, Pieces, sample_points
from temperance.theory.expressions import balls
from temperance.theory.expressions.formulas import Sample, Z
from temperance.theory.fields.differential_field import OutsideTowers
from temperance.theory.fields.tower import Tower

Gauge = Literal["free", "anchored"]

X = sp.Symbol("x", real=True)
B, C, D, E = sp.symbols("b c d e", real=True)
L, M = sp.symbols("l m", positive=True)
P, Q, T = sp.symbols("b c t", positive=True)
S0 = sp.Symbol("s(0)", real=True)  # the value at 0 of an s that jumps there


@dataclass(frozen=True)
class Twin:
    """Two parameters with one density: the experts are the same, and the gate is the same function of x.

    For atoms i, j with the values truth[i], truth[j] of beta1,
    (s(truth_i x) - s(truth_j x))/tau = (s(image_i x) - s(image_j x) + shift_i - shift_j)/(factor tau).

    Attributes:
        truth: the values that beta1 takes among the atoms, one for each atom where there are two.
        image: those of the twin, in the same order.
        factor: what tau and beta0 are multiplied by.
        where: for which truths, in words.
        always: whether almost every truth has it.
        signs: "one" or "both", where an open set of truths has it, for d = 1: those whose beta1 have one sign (but for
            the anchor), or both signs.
        alone: whether it changes one atom, whatever the others are.
        shift: what is added to beta0 beside, in the same order.
        named: symbols of image and factor, and what they stand for.
        reach: the first kink, where no kink is reached for x in the support, by the truth or its twin.
    """

    truth: tuple[sp.Expr, ...]
    image: tuple[sp.Expr, ...]
    factor: sp.Expr
    where: str
    always: bool = False
    signs: Literal["one", "both"] | None = None
    alone: bool = False
    shift: tuple[sp.Expr, ...] = ()
    named: tuple[tuple[sp.Symbol, sp.Expr], ...] = ()
    reach: sp.Expr | None = None

    @property
    def map(self) -> str:
        """(beta1 of the atoms, beta0, tau) -> those of the twin."""
        before = ", ".join((*map(str, self.truth), "beta0", "tau"))
        after = ", ".join((*map(str, self.image), self._bias, _times(self.factor, "tau")))
        return f"({before}) -> ({after})"

    @property
    def identity(self) -> str:
        """The two log odds of the first two atoms, equal for every x."""
        tau = _times(self.factor, "tau")
        after = _odds(self.image, self._bias, tau if self.factor == 1 else f"({tau})")
        return f"{_odds(self.truth, 'beta0', 'tau')} = {after}"

    @property
    def image_symbols(self) -> set[sp.Basic]:
        """The symbols in the image: more than in the truth where the twin is a curve."""
        return {v for image in self.image for v in image.free_symbols}

    @property
    def has_mediants(self) -> bool:
        """Whether truth and twin, which have one tau, can be joined: twice as many atoms with the density (2.2.1).

        Their weights E_i, E'_i have one quotient r(x), so that E_i + w E'_i = (1 + w r) E_i, for every w > 0.
        """
        return self.factor == 1 and not self.alone

    @property
    def acts_on_vectors(self) -> bool:
        """Whether the twin is one for every d: it is affine in vectors, its identity one for all real b.x, c.x."""
        plain = all(v == 0 or v.as_coeff_Mul()[1] in (B, C) for v in self.truth)
        slopes = (sp.diff(e, v) for e in (*self.image, *self.shift) for v in (B, C))
        return plain and not any(slope.free_symbols & {B, C} for slope in slopes)

    def acts_on(self, beta1: Sequence[Sequence[float]]) -> bool:
        """Whether the truths with the signs of these beta1 (k, d) have this twin, or almost every truth of this d."""
        if self.signs is None or len(beta1[0]) > 1:
            return self.always and (len(beta1[0]) == 1 or self.acts_on_vectors)
        signs = {(v > 0) - (v < 0) for (v,) in beta1} - ({0} if sp.S.Zero in self.truth else set())
        return signs == {-1, 1} if self.signs == "both" else signs in ({-1}, {1})

    @property
    def _bias(self) -> str:
        offset = self.shift[0] - self.shift[1] if self.shift else sp.S.Zero
        return _times(self.factor, "beta0") + (f" + {offset}" if offset else "").replace("+ -", "- ")

    def to_json(self) -> dict[str, Any]:
        """The keys of `twins --json`."""
        where = "".join((self.where, *(f", {name} = {value}" for name, value in self.named)))
        return {"map": self.map, "where": where, "identity": self.identity}


def _times(factor: sp.Expr, name: str) -> str:
    if factor == 1:
        return name
    return f"{name}/{1 / factor}" if (1 / factor).is_Integer else f"{factor}*{name}"


def _odds(slopes: tuple[sp.Expr, ...], beta0: str, tau: str) -> str:
    first, other = (f"s({v * X})" for v in slopes[:2])
    return f"({first} - {other} + {beta0})/{tau}"


@dataclass(frozen=True)
class Twins:
    """The twins of an activation gate: which other parameters share the density of a truth.

    Attributes:
        activation: its name.
        atoms: how many, all with distinct experts.
        gauge: free or anchored.
        unique: whether almost every truth has no other parameter than itself, up to the numbering of the atoms and a
            translation of the softmax; None where it is not decided.
        twins: those of almost every truth, of open sets of truths, of special ones, and of those that reach no kink.
        reason: what is not decided; None where all is.
        even: what the even part of s is.
        odd: what the odd part of s is.
        every_dimension: whether all of it holds for every d, or for d = 1 alone.
        kinks: whether the support of x must reach the kinks of s.
    """

    activation: str
    atoms: int
    gauge: Gauge
    unique: bool | None
    twins: tuple[Twin, ...]
    reason: str | None = None
    even: str | None = None
    odd: str | None = None
    every_dimension: bool = False
    kinks: bool = False

    def to_json(self) -> dict[str, Any]:
        """What `twins --json` prints."""
        return {
            "activation": self.activation,
            "atoms": self.atoms,
            "gauge": self.gauge,
            "unique": self.unique,
            "twins": [twin.to_json() for twin in self.twins],
            "reason": self.reason,
        }

    @property
    def answer(self) -> str:
        """The answer in words."""
        setting = f"{self.activation}, {self.atoms} atoms, {self.gauge} gauge"
        groups: dict[str, dict[str, None]] = {}
        for twin in self.twins:
            kind = (
                "Truths that reach no kink" if twin.reach else "Open sets of truths" if twin.signs else "Special truths"
            )
            groups.setdefault(kind, {}).update({} if twin.always else {twin.where: None})
        others = "".join(f" {kind} have twins: {'; '.join(where)}." for kind, where in groups.items() if where)
        more = f" Not decided: {self.reason}." if self.reason else ""
        if self.unique is None:
            return f"{setting}: whether almost every truth is unique is not decided.{others}{more}"
        first = next((twin for twin in self.twins if twin.always), None)
        every = self.every_dimension or (first is not None and first.acts_on_vectors)
        scope = "for every d" if every else "for d = 1"
        if self.kinks:
            scope += " and a support of x that reaches the kinks on both sides of 0"
        if first is None and not self.unique:
            text = "not almost every truth is the only parameter with its density"
        elif first is None:
            text = "almost every truth is the only parameter with its density, up to the numbering of the atoms"
        else:
            text = f"almost every truth shares its density with a twin, {first.map}"
        return f"{setting}: {text}, {scope}.{others}{more}"

    @property
    def mediants(self) -> str | None:
        """The mixtures that join a truth and a twin of the same tau, in words; None where there is no such twin."""
        maps = [twin.map for twin in self.twins if twin.has_mediants and twin.reach is None]
        if not maps:
            return None
        return (
            f"Mediants: {2 * self.atoms} atoms, those of a truth with weights E_i and those of its twin with w E'_i, "
            f"have its density for every w > 0, as E'_i/E_i is one function of x: {'; '.join(maps)}."
        )

    @property
    def remark(self) -> str | None:
        """The first twin in a line, and the first that moves tau of an open set of truths.

        None where only constant gates have some.
        """
        generic = [twin for twin in self.twins if twin.reach is None and len(set(twin.truth)) > 1]
        moving = [twin for twin in generic if (twin.always or twin.signs) and twin.factor != 1]
        examples = [*generic[:1], *(moving[:1] if generic and generic[0].factor == 1 else ())]
        return "; ".join(f"{twin.where}: {twin.map}" for twin in examples) or None


_VALUES = {"b": (3, 2), "c": (2, 3), "d": (5, 7), "e": (7, 4), "l": (9, 8), "m": (11, 6), "r": (1, 3), "t": (5, 4)}
_SIZE = sp.Symbol("size", positive=True)
_VALUES[S0.name] = (3, 7)


def holds(source: Activation, twin: Twin) -> bool:
    """Whether the identity of a twin is proved, as one in its parameters, for x on the pieces of one sample of them.

    source: the activation, without parameters.
    """
    sample: Sample = {name: fmpq(*value) for name, value in _VALUES.items()}
    meaning = dict(twin.named)
    image = [_written_out(v, meaning) for v in twin.image]
    factor = _written_out(twin.factor, meaning)
    shift = [v.replace(sp.Abs, lambda e: balls.sign(e, sample) * e) for v in twin.shift or (sp.S.Zero,) * len(image)]
    algebra = Algebra(sample)
    for i in range(1, len(twin.truth)):
        offset = shift[0] - shift[i]
        dilated = [_dilated(source.pieces, v, sample) for v in (twin.truth[0], twin.truth[i], image[0], image[i])]
        gaps = algebra.map(lambda s, t, u, v, offset=offset: factor * (s - t) - (u - v + offset), *dilated)
        if twin.reach is not None:
            gaps = touching_zero(gaps, sample)
        if not gaps or not _vanish(gaps, sample):
            return False
    return True


def _written_out(value: sp.Expr, meaning: dict[sp.Symbol, sp.Expr]) -> sp.Expr:
    for _ in meaning:
        value = value.xreplace(meaning)
    return value


def at_zero(pieces: Pieces, sample: Sample) -> sp.Expr | None:
    """s(0), or None where it is not defined as s is written; the symbol S0 where s jumps, as pieces do not tell it."""
    sides = [p.expr.xreplace({Z: sp.S.Zero}) for p in touching_zero(pieces, sample)]
    value = next(iter(sides), sp.nan)
    if not value.is_finite or value.has(sp.AccumBounds):
        return None
    return value if sp.expand(sides[0] - sides[-1]) == 0 else S0


def touching_zero(pieces: Pieces, sample: Sample) -> Pieces:
    """The pieces that 0 lies in, or at an end of, from the left to the right."""
    algebra = Algebra(sample)
    return tuple(p for p in pieces if algebra.compare(p.lower, sp.S.Zero) <= 0 <= algebra.compare(p.upper, sp.S.Zero))


def _dilated(pieces: Pieces, v: sp.Expr, sample: Sample) -> Pieces:
    if v == 0:
        value = at_zero(pieces, sample)
        return () if value is None else (Piece(value),)
    positive = balls.sign(v, sample) == 1
    dilated = []
    for piece in pieces if positive else reversed(pieces):
        ends = (piece.lower, piece.upper) if positive else (piece.upper, piece.lower)
        lower, upper = (e / v if e.is_finite else e if positive else -e for e in ends)
        dilated.append(Piece(piece.expr.xreplace({Z: v * Z}), lower, upper))
    return tuple(dilated)


def _vanish(gaps: Pieces, sample: Sample) -> bool:
    """Whether formulas are 0 on their pieces: multiplied out, or in a tower."""
    rest = [g for g in gaps if sp.expand(g.expr) != 0 and not _vanishes_on_a_side(g, sample)]
    try:
        tower = Tower([g.expr for g in rest], sample)
        return all(tower.embed(g.expr, sample_points(g, sample), g).is_zero() for g in rest) and not tower.assumptions
    except (OutsideTowers, ZeroDivisionError, ValueError):
        return False


def _vanishes_on_a_side(gap: Piece, sample: Sample) -> bool:
    """Whether a formula on one side of 0 is 0 once roots of squares are taken, with the signs of one sample."""
    algebra = Algebra(sample)
    side = 1 if algebra.compare(gap.lower, sp.S.Zero) >= 0 else -1
    if side < 0 < algebra.compare(gap.upper, sp.S.Zero):
        return False
    rooted = gap.expr.xreplace({Z: side * _SIZE}).replace(sp.Abs, lambda e: balls.sign(e, sample) * e)
    return bool(sp.expand(rooted) == 0)
