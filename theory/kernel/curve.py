"""Rules "curve" and "identity": orders are at least numbers, and parameters are flat, by curves of mixtures.

Along a curve t -> G_t of mixtures, which is the true one at t = 0, the density is the true one up to O(t^N), while the
offset of a parameter, or the weighted mean of the offsets in a cell, is of the order t^w exactly: its contact order is
at least N/w (theory 4.3, B.2). It may be below 1. Along an identity the density is the true one for all small t:
what moves is flat. Nothing is taken for granted. A proof holds

- "number": null, or an algebraic number r; "shared": offsets of shared parameters, in t and r;
- "cells": for each true atom the atoms that are near it, [] where it stays; no more than fit it (if fewer, some are
  equal). An atom has "nodes", a monic polynomial whose roots are its q, a "share" and "offsets" of parameters, in t, q,
  r and the true values of the gate;
- for a curve "degree": N, and "directions": null, or the log weight with _u1, _u2, .. for x_j/|x|, which are bounded.

With Y for d/dmu and the shares p_l, sum_l p_l (E_l/E) exp(Y dmu_l + Y^2 dnu_l/2) is expanded in t. Below t^N every
coefficient of a power of Y must vanish identically in x; what is left without Y, the weight of a cell over the true
one, must be the same function of x for all true atoms, up to numbers that weights take up. Of a kink that moves by
O(t^k) the weight must be continuous there: the density differs by O(t^k) on an interval of that length, which is
O(t^(3k/2)) in L2. Along an identity experts stay, and no kink moves.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Any

from flint import arb, fmpq, fmpq_mpoly

from temperance.theory.kernel.place import WEIGHT, Case, Claim
from temperance.theory.kernel.quotients import Atoms, Number, Polynomials, Quotient, Quotients, root_of
from temperance.theory.kernel.reader import Rejected, evaluate, expression, require
from temperance.theory.kernel.series import Expansion, Ring, Series, exponential, logarithm

CURVE_KEYS = ("number", "shared", "cells", "degree", "directions")
IDENTITY_KEYS = ("number", "shared", "cells")
_MOST_DEGREE = 12
Offsets = Mapping[str, Any]


def orders(case: Case, proof: Mapping[str, Any]) -> tuple[list[Claim], tuple[str, ...]]:
    """The orders that a curve reaches."""
    degree = proof["degree"]
    require(type(degree) is int and 1 <= degree <= _MOST_DEGREE, "the degree")
    curve = Curve(case, proof)
    reached = curve.contact(degree, proof["directions"])
    powers = curve.powers()
    return [Claim(title, "at least", str(reached / w)) for title, w in powers.items()], ()


def flat(case: Case, proof: Mapping[str, Any]) -> tuple[list[Claim], tuple[str, ...]]:
    """What an identity moves."""
    curve = Curve(case, proof)
    return [Claim(title, "flat") for title in curve.moved_along_identity()], ()


class Curve:
    """A curve at a place. cells: the atoms near each true one; values: the true values of the gate there."""

    def __init__(self, case: Case, proof: Mapping[str, Any]) -> None:
        model, place, self.case = case.model, case.place, case
        require(place.subject == "densities" and (model.weighted or len({*place.sizes}) == 1), "the place of a curve")
        self.x, self.means = model.covariates, model.expert[:-1]
        count = range(len(place.points))
        rational = {(i, p): case.value(i, p) for i in count for p in model.gate}
        symbols = {(i, p): f"{p}@{0 if p in model.shared else i}" for (i, p), v in rational.items() if v is None}
        modulus, ball = root_of(proof["number"])
        numbers = {"_r": ball, "_pi": arb.pi()}
        for (i, p), symbol in symbols.items():
            if p in case.values[i]:
                numbers[symbol] = case.balls(i)[p][0]
        directions = [f"_u{j}" for j in range(1, len(self.x) + 1)]
        names = ("_t", "_q", "_r", "_Y", "_pi", *self.x, *directions, *self.means, *dict.fromkeys(symbols.values()))
        names = (*names, *(f"{p}@" for p in model.gate))  # of any value, where formulas are compared
        self.ring = Ring(names, (*self.x, *directions), numbers)
        self.number = Number(self.ring, modulus, ball)
        self.quotients = Quotients(self.ring, self.number)
        self.free = tuple(symbols[0, p] for p in place.nonzero)
        self.values = [
            {
                p: self.ring.names[symbols[i, p]]
                if rational[i, p] is None
                else self.ring.context.constant(rational[i, p])
                for p in model.gate
            }
            for i in count
        ]
        self.drift = proof["shared"]
        require(isinstance(self.drift, dict) and {*self.drift} <= {*model.shared}, "the shared offsets")
        cells = proof["cells"]
        require(isinstance(cells, list) and len(cells) == len(place.points), "as many cells as true atoms are needed")
        self.cells = [self._cell(i, part) for i, part in enumerate(cells)]

    def _cell(self, i: int, part: Any) -> list[Atoms]:
        model, size = self.case.model, self.case.place.sizes[i]
        require(isinstance(part, list), "a cell")
        cell = [Atoms(self.ring, atoms, self.values[i], self.number) for atoms in part]
        count = sum(atoms.count for atoms in cell)
        require(not cell or (count <= size if model.weighted else size % count == 0), "the number of atoms in a cell")
        for atoms in cell:
            named = {*atoms.written}
            require(named <= {*model.own, *model.expert}, "an offset has no parameter")
            require(not any(self.case.is_fixed(i, p) for p in named), "an offset of what is fixed")
        if cell:
            total = sum((atoms.total(atoms.share) for atoms in cell), self.ring.zero)
            require(total == self.ring.one, "the shares do not sum to 1")
            equal = self.ring.context.constant(fmpq(1, count))
            require(model.weighted or all(a.share == equal for a in cell), "atoms without weights, unequal shares")
        return cell

    @cached_property
    def _drift(self) -> dict[str, fmpq_mpoly]:
        """Offsets of shared parameters as polynomials in t and r."""
        names = {**self.values[0], "_t": self.ring.names["_t"], "_r": self.ring.names["_r"]}
        offsets = {name: Polynomials(self.ring).value(text, names) for name, text in self.drift.items()}
        require(
            all(self.number.reduced(self.ring.start(p)) == 0 for p in offsets.values()),
            "a shared offset is not 0 at t = 0",
        )
        return offsets

    @cached_property
    def _offsets(self) -> list[list[dict[str, fmpq_mpoly]]]:
        return [[atoms.offsets() for atoms in cell] for cell in self.cells]

    def _titled(self) -> list[int]:
        """The true atoms whose offsets a title is about: the first where it is split, else all."""
        return [0] if self.case.split else [*range(len(self.cells))]

    # -- curves of contact

    def contact(self, degree: int, directions: Any) -> Fraction:
        """The power of t of the distance. Rejected where it is not shown to be below t^degree but for kinks."""
        formulas = [*self.case.weight.formulas]
        if directions is not None:
            formulas = [self._directed(directions)]
        logs = []
        for i in range(len(self.cells)):
            totals = [self._total(i, piece, degree) for piece in formulas]
            require(all(t.terms == totals[0].terms for t in totals), "pieces of the weight change differently")
            logs.append(logarithm(totals[0]))
        self._require_alike(logs)
        kinks = [k for i in range(len(self.cells)) for k in self._moved_kinks(i)]
        return min([Fraction(degree), *(Fraction(3 * k, 2) for k in kinks)])

    def _directed(self, text: Any) -> ast.expr:
        """The log weight in directions u = x/|x|, shown to be that of the model whatever its parameters are."""
        require(not self.case.weight.sides, "directions of a weight with kinks")
        values, gate = self.quotients, self.case.model.gate
        directions = [f"_u{j}" for j in range(1, len(self.x) + 1)]
        tree = expression(text, {*self.x, *gate, *directions, "pi"})
        names = {p: values.of(self.ring.names[p]) for p in self.x}
        names |= {p: values.of(self.ring.names[f"{p}@"]) for p in gate}
        square = sum((self.ring.names[p] ** 2 for p in self.x), self.ring.zero)
        norm = values.call("sqrt", values.of(square)).inverse()
        u = {name: names[p] * norm for name, p in zip(directions, self.x, strict=True)}
        gap = values.tree(self.case.weight.formulas[0], names) - values.tree(tree, {**names, **u})
        require(values.is_zero(gap), "the weight in directions is another")
        return tree

    def _total(self, i: int, piece: ast.expr, degree: int) -> Series:
        """sum_l p_l E_l/E on a piece of the weight, below t^N. Rejected where a power of Y is left."""
        ring, values = self.ring, Expansion(self.ring, degree)
        x = {name: values.series(p) for name, p in ring.names.items() if name in self.x or name[:2] == "_u"}
        true = {name: values.series(p) for name, p in self.values[i].items()}
        free = {name: values.series(ring.names[name]) for name in self.means}
        start = evaluate(piece, values, **x, **true), evaluate(self.case.mean, values, **x, **free)
        y, terms = ring.names["_Y"], [ring.zero] * degree
        cell = self.cells[i] or [self._still(i)]
        offsets = self._offsets[i] or [{}]
        for atoms, own in zip(cell, offsets, strict=True):
            d = {name: values.series(p) for name, p in {**own, **self._drift}.items()}
            end = {name: p + d[name] if name in d else p for name, p in (true | free).items()}
            gate = evaluate(piece, values, **x, **{p: end[p] for p in true}) - start[0]
            mean = evaluate(self.case.mean, values, **x, **{p: end[p] for p in free}) - start[1]
            spread = d.get("nu", values.number(0)) * values.series(y**2 / 2)
            weight = exponential(gate + mean * values.series(y) + spread)
            product = values.sound(values.series(atoms.share) * weight)
            terms = [p + atoms.total(q) for p, q in zip(terms, product.terms, strict=True)]
        for n, c in enumerate(terms):
            require(not ring.holds(c, ("_Y",)), f"the density is not the true one at t^{n}")
        return Series(ring, terms)

    def _still(self, i: int) -> Atoms:
        return Atoms(self.ring, {"nodes": ["0", "1"], "share": "1", "offsets": {}}, self.values[i], self.number)

    def _takes_up(self, i: int) -> bool:
        """Whether the weight of an atom takes a number up: it has one that is not fixed."""
        return self.case.model.weighted and (i, WEIGHT) not in self.case.place.fixed

    @cached_property
    def _reference(self) -> int:
        """An atom whose weight is fixed, if there is one."""
        return next((i for i in range(len(self.cells)) if (i, WEIGHT) in self.case.place.fixed), 0)

    def _require_alike(self, logs: Sequence[Series]) -> None:
        """That the weights of all cells change by one factor, up to numbers that weights take up."""
        reference = logs[self._reference]
        for i, log in enumerate(logs):
            for p, q in zip(log.terms, reference.terms, strict=True):
                gap = self.number.reduced(p - q)
                require(gap == 0 or (self._takes_up(i) and not self.ring.has_x(gap)), "cells do not change alike")

    def _moved_kinks(self, i: int) -> list[int]:
        if not self.case.weight.sides:
            return []
        place = {name: self.quotients.of(p) for name, p in self.values[i].items()}
        ends = []
        for own in self._offsets[i] or [{}]:
            d = {name: self.quotients.of(p) for name, p in {**own, **self._drift}.items()}
            ends.append({name: p + d[name] if name in d else p for name, p in place.items()})
        return list(self._kinks(place, ends))

    def _kinks(self, place: Mapping[str, Quotient], ends: Sequence[Mapping[str, Quotient]]) -> Iterator[int]:
        """k of every kink that moves by O(t^k), where the weight is shown to be continuous.

        A kink stays where its u - v is multiplied by a factor near 1. If one moves, all pieces must lie side by side:
        each u - v is n.x less a number, n the same for all, and these numbers rise; so no piece is empty or entered
        elsewhere.
        """
        values = self.quotients
        gaps, several = [self._gap(i, place) for i in range(len(self.case.weight.sides))], False
        for i, true in enumerate(gaps):
            for at in ends:
                now = self._gap(i, at)
                if values.is_zero(now - true):
                    continue
                factor = now * true.inverse()
                if values.is_regular(factor) and not values.has_symbols(factor):
                    continue
                change, several = now - true, True
                require(values.is_regular(change) and not values.has_symbols(change), "a kink whose place is not shown")
                first, second = (self._at(formula, at) for formula in self.case.weight.formulas[i : i + 2])
                jump = (first - second) * now.inverse()
                require(values.is_regular(jump), "the weight is not continuous at a kink that moves")
                yield min(self.ring.by_power(change.top, "_t"))
        if several:
            require(all(self._is_affine(true) for true in gaps), "a kink whose place is not shown")
            for true, after in pairwise(gaps):
                apart = values.ball(after - true)
                require(apart is not None and apart < 0, "kinks that are not shown to be apart")

    def _at(self, tree: ast.expr, at: Mapping[str, Quotient]) -> Quotient:
        """An expression in x where the parameters have these values."""
        return self.quotients.tree(tree, {**{name: self.quotients.of(self.ring.names[name]) for name in self.x}, **at})

    def _gap(self, i: int, at: Mapping[str, Quotient]) -> Quotient:
        """u - v of the condition u < v of a piece."""
        low, high = (self._at(side, at) for side in self.case.weight.sides[i])
        return low - high

    def _is_affine(self, gap: Quotient) -> bool:
        """Whether u - v is n.x less a number, n not 0."""
        parts = self.ring.by_powers(gap.top, self.x)
        slopes = [self.ring.number(part) for powers, part in parts.items() if any(powers)]
        rest = self.ring.ball(parts.get((0,) * len(self.x), self.ring.zero))
        whole = gap.bottom == self.ring.one and max(map(sum, parts), default=0) == 1
        return whole and rest is not None and bool(slopes) and None not in slopes

    def powers(self) -> dict[str, int]:
        """w by title: the order in t of the largest offset of a parameter, of its weighted mean, of a shared offset.

        A title whose first power of t is not shown to have a coefficient other than 0 is left out.
        """
        least: dict[str, int | None] = {}
        for i in self._titled():
            cell, offsets = self.cells[i], self._offsets[i]
            for name in dict.fromkeys(p for own in offsets for p in own):
                firsts = [
                    self._first(atoms, own[name]) for atoms, own in zip(cell, offsets, strict=True) if name in own
                ]
                _note(least, name, [w for moves, w in firsts if moves])
                mean = sum(
                    (
                        a.total(self.ring.product(a.share, own.get(name, self.ring.zero)))
                        for a, own in zip(cell, offsets, strict=True)
                    ),
                    self.ring.zero,
                )
                _note(least, f"mean {name}", self._lowest(mean))
        for name, p in self._drift.items():
            _note(least, name, self._lowest(self.number.reduced(p)))
        return {title: w for title, w in least.items() if w is not None}

    def _first(self, atoms: Atoms, p: fmpq_mpoly) -> tuple[bool, int | None]:
        """Whether an offset is not 0, and its first power of t where the coefficient is shown not to be 0."""
        powers = {n: c for n, c in self.ring.by_power(p, "_t").items() if not atoms.vanishes(c)}
        if not powers:
            return False, None
        split = [*self.ring.by_powers(powers[min(powers)], self.free).values()]
        balls = atoms.balls(split[0]) if len(split) == 1 else None
        return True, min(powers) if balls is not None and any(not v.contains(0) for v in balls) else None

    def _lowest(self, p: fmpq_mpoly) -> list[int | None]:
        powers = {n: c for n, c in self.ring.by_power(p, "_t").items() if self.number.reduced(c) != 0}
        if not powers:
            return []
        n = min(powers)
        return [n if self.number.is_nonzero(powers[n], self.free) else None]

    # -- identities

    def moved_along_identity(self) -> list[str]:
        """What moves along the curve, the density being the true one. Rejected where it is another."""
        values, flat_titles = self.quotients, dict[str, None]()
        drift = self._exact(self.drift, self.values[0], flat_titles)
        changes = []
        for i, cell in enumerate(self.cells):
            place = {name: values.of(p) for name, p in self.values[i].items()}
            titles = flat_titles if i in self._titled() else dict[str, None]()
            changes.append(self._changes(i, place, cell, drift, titles))
        reference = changes[self._reference]
        if any(not values.is_zero(c) for own in changes for c in own) and len(reference) > 1:
            require(all(self._same_pieces(0, i) for i in range(len(self.cells))), "kinks that lie differently in cells")
        for i, own in enumerate(changes):
            gaps = [p - q for p, q in zip(own, reference, strict=True)]
            for gap in gaps:
                alike = values.is_zero(gap - gaps[0])
                number = alike and self._takes_up(i) and not values.has_x(gap)
                require(values.is_zero(gap) or number, "cells do not change alike")
        return [*flat_titles]

    def _exact(
        self, written: Mapping[str, Any], place: Mapping[str, fmpq_mpoly], titles: dict[str, None]
    ) -> dict[str, Quotient]:
        """Offsets as quotients, 0 at t = 0; the titles of those that move are noted."""
        names = {**place, "_t": self.ring.names["_t"], "_r": self.ring.names["_r"]}
        offsets = {name: self.quotients.value(text, names) for name, text in written.items()}
        for name, offset in offsets.items():
            start = self.number.reduced(self.ring.start(offset.top))
            regular = self.quotients.is_regular(offset, self.free) and not self.quotients.has_symbols(offset)
            require(regular and start == 0, f"the offset of {name} is not 0 at t = 0")
            if None not in (w := self._lowest(offset.top)) and w:
                titles[name] = None
        return offsets

    def _changes(
        self,
        i: int,
        place: Mapping[str, Quotient],
        cell: Sequence[Atoms],
        drift: Mapping[str, Quotient],
        titles: dict[str, None],
    ) -> list[Quotient]:
        """The log of sum_l p_l E_l/E on each piece."""
        values = self.quotients
        none = values.number(0)
        require(all(atoms.count == 1 for atoms in cell), "an identity is checked atom by atom")
        require(all({*atoms.written} <= {*place} for atoms in cell), "an identity in which experts move")
        shares = [values.of(atoms.total(atoms.share)) for atoms in cell] or [values.number(1)]
        own = [self._exact(atoms.written, self.values[i], titles) for atoms in cell] or [{}]
        offsets = [{**atom, **drift} for atom in own]
        for name in dict.fromkeys(p for atom in own for p in atom):
            mean = none
            for share, atom in zip(shares, own, strict=True):
                mean = mean + share * atom.get(name, none)
            if None not in (w := self._lowest(mean.top)) and w:
                titles[f"mean {name}"] = None
        ends = [{name: p + atom.get(name, none) for name, p in place.items()} for atom in offsets]
        require(not list(self._kinks(place, ends)), "a kink that moves along an identity")
        return [self._change(piece, place, ends, shares) for piece in self.case.weight.formulas]

    def _change(
        self,
        piece: ast.expr,
        place: Mapping[str, Quotient],
        ends: Sequence[Mapping[str, Quotient]],
        shares: Sequence[Quotient],
    ) -> Quotient:
        start, *weights = (self._at(piece, at) for at in (place, *ends))
        if all(self.quotients.is_zero(weight - weights[0]) for weight in weights):
            return weights[0] - start
        total = -self._exponential(start)
        for share, weight in zip(shares, weights, strict=True):
            total = total + share * self._exponential(weight)
        require(self.quotients.is_zero(total), "the weights do not keep their mean")
        return self.quotients.number(0)

    def _exponential(self, u: Quotient) -> Quotient:
        """exp of a whole multiple of a logarithm."""
        for symbol, argument in self.quotients.logs.values():
            ratio = u * symbol.inverse()
            whole = self.ring.number(ratio.top)
            if whole is not None and ratio.bottom == self.ring.one and whole.q == 1:
                return self.quotients.power(argument, argument, Fraction(int(whole.p)))
        raise Rejected("a weight that is no power of a polynomial")

    def _same_pieces(self, i: int, j: int) -> bool:
        """Whether the kinks of the weight at two atoms are the same, and its pieces on the same sides."""
        values = self.quotients
        places = [{name: values.of(p) for name, p in self.values[atom].items()} for atom in (i, j)]
        for k in range(len(self.case.weight.sides)):
            one, other = (self._gap(k, place) for place in places)
            if values.is_zero(one) and values.is_zero(other):
                continue
            if values.is_zero(other):
                return False
            factor = values.ball(one * other.inverse())
            if factor is None or not factor > 0:
                return False
        return True


def _note(least: dict[str, int | None], title: str, powers: Sequence[int | None]) -> None:
    """The least power of a title; None, for good, where one is not known."""
    if powers:
        candidates = [*powers, *([least[title]] if title in least else [])]
        least[title] = None if None in candidates else min(w for w in candidates if w is not None)
