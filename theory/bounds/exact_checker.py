"""Independent checker for certificates that orders are 1 where as many atoms are fitted as there are true ones.

A certificate states: |offset| = O(L2 distance) near the true mixture, in the parameters that move, with those that it
names held. At points (x, y) the derivatives of the density by all moving parameters have a regular matrix of values.
So they are independent on an open set, on which all formulas are analytic, and an injective derivative bounds the
offsets (docs/theory.md 2.10, Exact-specified). It assumes no other theorem. It holds

- "model": as certificates of bounds (`functions.Parts`);
- "atoms": the true values of the parameters of each atom; "weights": what is added to its log weight, which moves where
  atoms have weights of their own; "fixed": [atom, parameter] that do not move, "weight" for what is added;
- "points": of x and y; "orders": 1, by parameter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flint import arb, arb_series

from temperance.theory.bounds.functions import Parts, piece_at, require_regular, support
from temperance.theory.checker.rejected import evaluate, proving, rational, require, understood
from temperance.theory.checker.verdict_values import Balls, nonzero

FORMAT = "temperance-exact/1"
_KEYS = ("format", "statement", "model", "atoms", "weights", "fixed", "points", "orders")
_MOST_ATOMS, _MOST_COLUMNS = 5, 60
WEIGHT = "weight"


def check(certificate: Any) -> str:
    """The statement that a certificate proves. Raises Rejected where it proves none."""
    with proving(certificate, FORMAT, *_KEYS):
        mixture = Mixture(certificate)
        mixture.require_independent(certificate["points"])
        moved = {name for _, name in mixture.columns}
        orders = certificate["orders"]
        require(isinstance(orders, dict) and orders, "no order is stated")
        for title, text in orders.items():
            require(title in moved - {WEIGHT} and text == "1", f"the order of {title} is not shown")
        proved = statement(certificate)
        require(certificate["statement"] == proved, "the statement is not that of the orders")
        return proved


class Mixture(Parts):
    """A true mixture. columns: (atom, parameter) of the derivatives; the atom is None for a shared parameter."""

    def __init__(self, certificate: Mapping[str, Any]) -> None:
        super().__init__(certificate["model"])
        require(not {WEIGHT, "y"} & {*self.covariates, *self.gate, *self.expert}, "a name")
        names = (*self.gate, *self.expert)
        self.atoms = [self.place(given, *names) for given in certificate["atoms"]]
        self.weights = [understood(text, {"pi"}) for text in certificate["weights"]]
        require(1 < len(self.atoms) == len(self.weights) <= _MOST_ATOMS, "the atoms")
        shared = [[given[name] for name in self.shared] for given in certificate["atoms"]]
        require(all(values == shared[0] for values in shared), "a shared parameter with two values")
        own = (*self.own, *([WEIGHT] if self.weighted else []), *self.expert)
        every: list[tuple[int | None, str]] = [(None, p) for p in self.shared]
        every += [(i, p) for i in range(len(self.atoms)) for p in own]
        fixed = [(i, p) for i, p in certificate["fixed"]]
        require({*fixed} <= {*every} and len({*fixed}) == len(fixed), "what is held is no parameter")
        self.columns = [column for column in every if column not in fixed]
        require(0 < len(self.columns) <= _MOST_COLUMNS, "the parameters that move")

    def require_independent(self, points: Any) -> None:
        """That the derivatives are independent, by their values at as many points."""
        require(len(points) == len(self.columns), "as many points as parameters are needed")
        require_regular(self.row, points, "the derivatives")

    def row(self, point: Any) -> list[arb]:
        """The derivatives of the density at a point (x, y), inside the pieces of the weights."""
        x = dict(zip(self.covariates, self.point(point[:-1]), strict=True))
        y, atoms = rational(point[-1]), list[tuple[dict[str, arb], tuple[arb_series, arb_series]]]()
        known = Balls({}, length=2)
        for atom, weight in zip(self.atoms, self.weights, strict=True):
            at = {name: evaluate(v, known)[0] for name, v in atom.items()} | {WEIGHT: evaluate(weight, known)[0]}
            atoms.append((at, self._terms(len(atoms), at, x, y, "")))
        total = sum((w for _, (w, _) in atoms), known.number(0))
        density = sum((w * f for _, (w, f) in atoms), known.number(0)) / total
        row = []
        for moved, name in self.columns:
            tops, bottoms = known.number(0), known.number(0)
            for i, (at, terms) in enumerate(atoms):
                w, f = self._terms(i, at, x, y, name) if moved in (None, i) else terms
                tops, bottoms = tops + w * f, bottoms + w
            require(nonzero(density[0]), "the density is not shown to be positive")
            row.append((tops / bottoms)[1])
        return row

    def _terms(
        self, atom: int, at: Mapping[str, arb], x: Mapping[str, Any], y: Any, name: str
    ) -> tuple[arb_series, arb_series]:
        """The weight and the density of an atom, to first order in a parameter."""
        values = Balls({}, length=2)
        values.names |= {n: arb_series([v, int(n == name)], prec=2) for n, v in at.items()}
        values.names |= {p: values.number(arb(v)) for p, v in x.items()}
        moving = [p for i, p in self.columns if i in (None, atom)]
        score = evaluate(self.pieces.formulas[piece_at(self.pieces, values, moving)], values)
        weight = values.sound((score + values.names[WEIGHT]).exp())
        nu, gap = values.names["nu"], values.number(y) - evaluate(self.mean, values)
        require(nu[0] > 0, "a variance that is not positive")
        return weight, values.sound((-gap * gap / (2 * nu)).exp() / (2 * arb.pi() * nu).sqrt())


def statement(certificate: Mapping[str, Any]) -> str:
    """The statement of a certificate in words."""
    model, fixed = certificate["model"], certificate["fixed"]
    atoms = "; ".join(
        ", ".join(f"{p} = {v}" for p, v in {**atom, WEIGHT: f"exp({w})"}.items())
        for atom, w in zip(certificate["atoms"], certificate["weights"], strict=True)
    )
    held = ", ".join([*model["held"], *(p if i is None else f"{p} of atom {i + 1}" for i, p in fixed)])
    return (
        f"contact orders at most 1 ({', '.join(certificate['orders'])}), |offset| = O(L2 distance), for as many atoms "
        f"as the truth has, in all parameters{f' but {held}, which are held' * bool(held)}; log weight "
        f"{model['log_weight']}, {'with' if model['weighted'] else 'without'} a factor of each atom's own; Gaussian "
        f"experts, mean {model['mean']}; at ({atoms}); {support(model)}"
    )
