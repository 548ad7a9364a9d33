"""Rule "derivatives": orders are 1 where as many atoms are fitted as there are true ones (theory 5.1.1).

At points (x, y) the derivatives of the density by all moving parameters have a regular matrix of values. So they are
independent on an open set, on which all formulas are analytic, and an injective derivative bounds the offsets. Nothing
is taken for granted. The places name all true values; what is added to an atom's log weight is _weight, which moves
where atoms have weights of their own. The proof holds "points": of x and y, as many as parameters move.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flint import arb, arb_series

from temperance.theory.kernel.balls import Balls, nonzero, prove_rank
from temperance.theory.kernel.place import WEIGHT, Case, Claim, box_point, piece_at
from temperance.theory.kernel.reader import evaluate, points_of, rational, require

KEYS = ("points",)
_MOST_COLUMNS = 60


def claims(case: Case, proof: Mapping[str, Any]) -> tuple[list[Claim], tuple[str, ...]]:
    """The order 1 of every parameter that moves."""
    mixture = Mixture(case)
    points = points_of(proof["points"])
    require(len(points) == len(mixture.columns), "as many points as parameters are needed")
    prove_rank(mixture.row, points, "the derivatives")
    moving = dict.fromkeys(name for _, name in mixture.columns if name != WEIGHT)
    return [Claim(name, "at most", "1") for name in moving], ()


class Mixture:
    """A true mixture. columns: (atom, parameter) of the derivatives; the atom is None for a shared parameter."""

    def __init__(self, case: Case) -> None:
        place, model, self.case = case.place, case.model, case
        whole = place.subject == "densities" and {*place.sizes} == {1} and len(place.sizes) > 1 and not place.nonzero
        require(whole, "the place has another number of atoms than the truth")
        names = {*model.gate, *model.expert, WEIGHT}
        require(all({*values} == names for values in case.values), "a true value is not named")
        own = (*model.own, *([WEIGHT] if model.weighted else []), *model.expert)
        every: list[tuple[int | None, str]] = [(None, p) for p in model.shared]
        every += [(i, p) for i in range(len(case.values)) for p in own]
        self.columns = [(i, p) for i, p in every if i is None or not case.is_fixed(i, p)]
        require(0 < len(self.columns) <= _MOST_COLUMNS, "the parameters that move")

    def row(self, point: Any) -> list[arb]:
        """The derivatives of the density at a point (x, y), strictly inside the pieces of the weights."""
        numbers = Balls(length=2)
        x = zip(self.case.model.covariates, box_point(self.case, point[:-1]), strict=True)
        at = {name: numbers.number(arb(v)) for name, v in x}
        y = numbers.number(rational(point[-1]))
        still = [self._terms(i, at, y, None) for i in range(len(self.case.values))]
        row = []
        for moved, name in self.columns:
            tops, bottoms = numbers.number(0), numbers.number(0)
            for i, terms in enumerate(still):
                w, f = self._terms(i, at, y, name) if moved in (None, i) else terms
                tops, bottoms = tops + w * f, bottoms + w
            density = tops / bottoms
            require(nonzero(density[0]), "the density is not shown to be positive")
            row.append(density[1])
        return row

    def _terms(
        self, atom: int, x: Mapping[str, arb_series], y: arb_series, name: str | None
    ) -> tuple[arb_series, arb_series]:
        """The weight and the density of an atom, to first order in a parameter."""
        true = self.case.balls(atom, length=2)
        if name is not None:
            true[name] = Balls(length=2).variable(true[name][0])
        values = Balls({**true, **x}, length=2)
        score = evaluate(self.case.weight.formulas[piece_at(self.case, atom, values)], values)
        weight = values.sound((score + values.names[WEIGHT]).exp())
        nu, gap = values.names["nu"], y - evaluate(self.case.mean, values)
        require(nu[0] > 0, "a variance that is not positive")
        return weight, values.sound((-gap * gap / (2 * nu)).exp() / (2 * arb.pi() * nu).sqrt())
