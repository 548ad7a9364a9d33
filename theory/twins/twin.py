"""What is said of a twin: the map between two parameters of one density, where it acts, and the identity behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import sympy as sp

Gauge = Literal["free", "anchored"]

X = sp.Symbol("x", real=True)
B, C, D, E = sp.symbols("b c d e", real=True)
L, M = sp.symbols("l m", positive=True)


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
        shift: what is added to beta0 beside, in the same order.
        named: symbols of image and factor, and what they stand for.
        reach: the first kink, where no kink is reached for x in the support, by the truth or its twin.
    """

    truth: tuple[sp.Expr, ...]
    image: tuple[sp.Expr, ...]
    factor: sp.Expr
    where: str
    always: bool = False
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
    def acts_on_vectors(self) -> bool:
        """Whether the twin is one for every d: it multiplies vectors, and the identity holds for all real b.x, c.x."""
        values = set(self.truth) - {sp.S.Zero}
        return values <= {B, C} and all(
            any(not (image / value).free_symbols & {B, C} for value in values) for image in self.image
        )

    @property
    def _bias(self) -> str:
        moved = self.shift[0] - self.shift[1] if self.shift else sp.S.Zero
        return _times(self.factor, "beta0") + (f" + {moved}" if moved else "").replace("+ -", "- ")

    def to_json(self) -> dict[str, Any]:
        """The keys of `twins --json`."""
        where = "".join((self.where, *(f", {name} = {value}" for name, value in self.named)))
        return {"map": self.map, "where": where, "identity": self.identity}


def _times(factor: sp.Expr, name: str) -> str:
    if factor == 1:
        return name
    return f"{name}/{1 / factor}" if (1 / factor).is_Integer else f"{factor}*{name}"


def _odds(slopes: tuple[sp.Expr, ...], beta0: str, tau: str) -> str:
    one, other = (f"s({v * X})" for v in slopes[:2])
    return f"({one} - {other} + {beta0})/{tau}"


@dataclass(frozen=True)
class Twins:
    """The twins of an activation gate: which other parameters share the density of a truth.

    Attributes:
        activation: its name.
        atoms: how many, all with distinct experts.
        gauge: free or anchored.
        unique: whether almost every truth has no other parameter than itself, up to the numbering of the atoms and a
            translation of the softmax; None where it is not decided.
        twins: those of almost every truth, and then those of special ones.
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
        special = "; ".join(dict.fromkeys(twin.where for twin in self.twins if not twin.always))
        others = f" Special truths have twins: {special}." if special else ""
        more = f" Not decided: {self.reason}." if self.reason else ""
        if self.unique is None:
            return f"{setting}: whether almost every truth is unique is not decided.{others}{more}"
        first = next((twin for twin in self.twins if twin.always), None)
        every = self.every_dimension or (first is not None and first.acts_on_vectors)
        scope = "for every d" if every else "for d = 1"
        if self.kinks:
            scope += " and a support of x that reaches the kinks"
        if first is None:
            text = "almost every truth is the only parameter with its density, up to the numbering of the atoms"
        else:
            text = f"almost every truth shares its density with a twin, {first.map}"
        return f"{setting}: {text}, {scope}.{others}{more}"

    @property
    def remark(self) -> str | None:
        """The first twin in a line, those of almost every truth first; None where only constant gates have some."""
        found = [twin for twin in self.twins if twin.reach is None and len(set(twin.truth)) > 1]
        return f"{found[0].where}: {found[0].map}" if found else None

    def __str__(self) -> str:
        """The parts of s, every twin, and the answer."""
        lines = [] if self.even is None else [f"even part on z > 0: {self.even}; odd part: {self.odd}"]
        for twin in self.twins:
            record = twin.to_json()
            lines += [f"{record['where']}: {record['map']}", f"    {record['identity']}"]
        return "\n".join([*lines, self.answer])
