"""What is said of a twin: the map between two parameters of one density, where it acts, and the identity behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sympy as sp

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

    def __str__(self) -> str:
        """The parts of s, every twin, and the answer."""
        lines = [] if self.even is None else [f"even part on z > 0: {self.even}; odd part: {self.odd}"]
        for twin in self.twins:
            record = twin.to_json()
            lines += [f"{record['where']}: {record['map']}", f"    {record['identity']}"]
        return "\n".join([*lines, self.answer])
