"""Answers `twins`: which other parameters of an activation gate have the same density?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any, cast

import sympy as sp

from temperance.answer.answer import Answer
from temperance.terminal.options import Whole
from temperance.terminal.parts import Grid, Part, Said
from temperance.terminal.progress import Display
from temperance.theory.expressions.arguments import checked
from temperance.theory.rates.true_point import Vectors
from temperance.theory.twins.decision import twins as decide
from temperance.theory.twins.twin import Gauge, Twin
from temperance.theory.twins.twin import Twins as Found

_COLUMNS = ("which truths", "(beta1, beta0, tau) -> those of the twin")


@dataclass(frozen=True, repr=False, eq=False)
class Twins(Answer):
    """The twins of an activation gate: which other parameters share the density of a truth.

    Attributes:
        found: the twins, and whether almost every truth has none.
    """

    found: Found

    def to_json(self) -> Any:
        """Activation, atoms, gauge, whether it is unique, the twins and what is not decided."""
        return self.found.to_json()

    def rows(self) -> Sequence[Mapping[str, Any]]:
        """The table: a twin a row."""
        return [twin.to_json() for twin in self.found.twins]


def twin_of(found: Found, beta1: Vectors) -> Twin | None:
    """A twin of a truth with these beta1 (k, d) of its atoms, one of another tau if there is one.

    Almost every truth may have one; the others are of truths such as (b, -b), whatever the numbering of the atoms. Left
    out are those of gates that do not depend on x, or whose kinks x does not reach; those that ask for other signs than
    the truth has; and those that are the truth itself, up to its numbering. No truth, (), stands for almost every one.
    """
    twins = [t for t in found.twins if len(set(t.truth)) > 1 and t.reach is None]
    if not beta1:
        its = [t for t in twins if t.always]
    else:
        values = list(dict.fromkeys(beta1))
        vectors = found.every_dimension or len(values[0]) == 1
        of_pairs = (t for t in twins if len(t.truth) == len(values) == 2 and (vectors or t.acts_on_vectors))
        its = [t for t in of_pairs if any(_is_other(t, order) for order in permutations(values))]
        its += [t for t in twins if len(values) > 2 and t.always and vectors and not _is_restricted(t)]
    return min(its, key=lambda twin: twin.factor == 1, default=None)


def _is_restricted(twin: Twin) -> bool:
    """Whether a twin is written for some signs of its truth."""
    return any(s.is_positive for value in twin.truth for s in value.free_symbols)


def _is_other(twin: Twin, values: Sequence[tuple[sp.Rational, ...]]) -> bool:
    """Whether the twin's truth, such as (b, -b), takes these two values for some b, and its image is another pair."""
    known: dict[sp.Expr, tuple[sp.Rational, ...]] = {}
    for part, value in zip(twin.truth, values, strict=True):
        factor, symbol = part.as_coeff_Mul()
        if factor == 0 or not symbol.is_Symbol:
            if factor != 0 or any(value):
                return False
            continue
        scaled = tuple(v / factor for v in value)
        accepted = min(scaled) > 0 if symbol.is_positive else twin.always or any(scaled)
        if not accepted or known.setdefault(symbol, scaled) != scaled:
            return False
    image = [tuple(v.subs({s: c[j] for s, c in known.items()}) for j in range(len(values[0]))) for v in twin.image]
    real = all(c.is_real is not False for row in image for c in row)
    return real and (twin.factor != 1 or image != list(values))


@checked
def twins(activation: str, *, atoms: Whole = 2, gauge: str = "free") -> Twins:
    """List the twins of an activation gate: other parameters with one density, each with its identity.

    Args:
        activation: A name of the catalogue or an expression in z.
        atoms: Number of atoms, 2 or more.
        gauge: free or anchored.

    Raises:
        ValueError: what is not accepted.
    """
    with Display() as shown, shown.doing("deciding"):
        found = decide(activation, atoms=atoms, gauge=cast(Gauge, gauge))
        title = f"Twins of {found.activation}, {found.atoms} atoms, {found.gauge} gauge"
        return Twins(found, said=Said(title, tuple(_parts(found)), (found.answer,)))


def _parts(found: Found) -> Iterator[Part]:
    """The parts of s, the twins, and the identity of each."""
    if found.even is not None:
        yield f"On z > 0 the even part of s is {found.even}, the odd part {found.odd}."
    records = [twin.to_json() for twin in found.twins]
    if records:
        yield Grid("Twins", _COLUMNS, tuple((r["where"], r["map"]) for r in records))
        yield "The log odds of two atoms are one function of x:"
    yield from (f"  {record['identity']}" for record in records)
