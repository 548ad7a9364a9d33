"""Independent checker for certificates that contact orders are no smaller, by curves of mixtures (theory.md 2.8, 2.10).

A certificate states: along a curve t -> G_t of mixtures, which is the true one at t = 0, the density is the true one up
to O(t^N) in L2, on every compact set of x, while the offset of a parameter, or the weighted mean of the offsets, is of
the order t^w exactly. So its contact order is at least N/w. Or: the density is the true one along the whole curve, and
the parameter moves: it is flat. It holds

- "model": log weight and mean as expressions (a weight with kinks as where(u < v, .., ..)); the names of x, of the
  parameters and of shared ones; whether atoms have weights of their own;
- "split": "one" true atom is split and the others stay, "every" one is split alike, or "listed": the cells are all;
- "number": null, or an algebraic number r; "shared": offsets of shared parameters; "cells": the true values of the
  gate's parameters ("point": what is not named may have any value), and the atoms;
- "nonzero": the names of what may have any true value but 0 in an atom whose orders these are, as it moves by multiples
  of that value;
- "degree": N, or null for a flat parameter; "orders": N/w, or "flat", by parameter and by "mean PARAMETER".

Everything else is computed here. With Y for d/dmu and the shares p_l, sum_l p_l (E_l/E) exp(Y dmu_l + Y^2 dnu_l/2) is
expanded in t. Below t^N every coefficient of a power of Y must vanish identically in x and in all true values that may
be any; what is left without Y must be the same factor in every cell, up to numbers that weights take up. Of a kink that
moves by O(t^k) the weight must be continuous there: the density differs by O(t^k) on an interval of that length, which
is O(t^(3k/2)) in L2.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from flint import fmpq, fmpq_mpoly

from temperance.theory.checker.rejected import evaluate, parsed, proving, rational, require, require_keys, understood
from temperance.theory.curves.curve_atoms import RESERVED, Atoms, Number, Polynomials
from temperance.theory.curves.curve_flat import Identity, Pieces, moved_kinks
from temperance.theory.curves.curve_fractions import Quotient, Quotients
from temperance.theory.curves.curve_series import Expansion, Ring, Series, exponential, logarithm

FORMAT = "temperance-curves/2"
_KEYS = ("format", "statement", "model", "split", "number", "shared", "cells", "nonzero", "degree", "orders")
_MODEL = ("covariates", "log_weight", "mean", "own", "expert", "shared", "weighted")
_ONE = ("log_weight", "mean", "weighted")
_MOST_DEGREE, _MOST_NAMES, _MOST_CELLS, _MOST_ATOMS = 12, 24, 4, 8


def check(certificate: Any) -> str:
    """The statement that a certificate proves. Raises Rejected where it proves none."""
    with proving(certificate, FORMAT, *_KEYS):
        curve = _Curve(certificate)
        if certificate["degree"] is None:
            curve.require_flat(certificate["orders"])
        else:
            curve.require_orders(certificate["orders"])
        proved = statement(certificate)
        require(certificate["statement"] == proved, "the statement is not that of the curve")
        return proved


class _Cell:
    """A true atom: its place (free: the names of what may be any there), and the atoms that are near it."""

    def __init__(self, curve: _Curve, given: Any) -> None:
        require_keys(given, "point", "atoms", of="a cell")
        point, ring, names = given["point"], curve.ring, (*curve.own, *curve.shared)
        require(isinstance(point, dict) and set(point) <= {*names}, "the point")
        known = {p: ring.context.constant(rational(v)) for p, v in point.items()}
        self.free = tuple(p for p in names if p not in point)
        self.place = {p: known.get(p, ring.names[p]) for p in names}
        self.atoms = [Atoms(ring, part, self.free, curve.number) for part in given["atoms"]]
        size = sum(part.count for part in self.atoms)
        require(1 <= size <= _MOST_ATOMS, "the number of atoms")
        require(
            all(set(part.written) <= {*curve.own, *curve.expert} for part in self.atoms), "an offset has no parameter"
        )
        total = sum((part.total(part.share) for part in self.atoms), ring.zero)
        require(total == ring.one, "the shares do not sum to 1")
        equal = ring.context.constant(fmpq(1, size))
        require(
            curve.weighted or all(part.share == equal for part in self.atoms), "atoms without weights, unequal shares"
        )


class _Curve:
    """The model and the curve of a certificate."""

    def __init__(self, certificate: Mapping[str, Any]) -> None:
        model = certificate["model"]
        require_keys(model, *_MODEL, of="the model")
        self.covariates, self.own, self.expert, self.shared = (tuple(model[key]) for key in _MODEL if key not in _ONE)
        names = (*RESERVED, *self.covariates, *self.own, *self.expert, *self.shared)
        require(len(set(names)) == len(names) <= _MOST_NAMES and self.expert[-1] == "nu", "the parameters")
        require(all(name.isidentifier() and name.isascii() and name[0] != "_" for name in names), "a name")
        self.weighted, self.split, self.degree = model["weighted"], certificate["split"], certificate["degree"]
        require(type(self.weighted) is bool and self.split in ("one", "every", "listed"), "the split")
        self.ring = Ring(names)
        self.number = Number(self.ring, certificate["number"])
        self.pieces = Pieces(parsed(model["log_weight"]), {*self.covariates, *self.own, *self.shared})
        self.mean = understood(model["mean"], {*self.covariates, *self.expert[:-1]})
        self.drift = certificate["shared"]
        require(isinstance(self.drift, dict) and set(self.drift) <= {*self.shared}, "the shared offsets")
        self.cells = [_Cell(self, given) for given in certificate["cells"]]
        require(1 <= len(self.cells) <= _MOST_CELLS, "the cells")
        require((len(self.cells) > 1) == (self.split == "listed"), "the number of cells that the split has")
        require(self.weighted or self.split != "one", "atoms without weights, of which one is split")
        known = [{name: cell.place[name] for name in self.shared} for cell in self.cells]
        require(all(values == known[0] for values in known), "cells with different shared parameters")
        self.nonzero = certificate["nonzero"]
        require(isinstance(self.nonzero, list) and len({*self.nonzero}) == len(self.nonzero), "what is not 0")
        require(all({*self.nonzero} <= {*cell.free} for cell in self.cells), "what is not 0 may not have any value")
        self.quotients = Quotients(self.ring, self.covariates, self.number)

    # -- curves of contact

    def require_orders(self, orders: Any) -> None:
        """That the density is the true one up to O(t^N), and that each order is N/w."""
        require(type(self.degree) is int and 1 <= self.degree <= _MOST_DEGREE, "the degree")
        require(self.split != "listed", "cells that are listed, along a curve that is no identity")
        (cell,), shared = self.cells, Polynomials(self.ring)
        drift = {name: shared.value(text, ("t", "r")) for name, text in self.drift.items()}
        require(all(self.ring.start(p) == 0 for p in drift.values()), "a shared offset is not 0 at t = 0")
        if self.split == "one" and any(drift.values()):
            require(self.degree == 1, "a shared offset, which atoms that stay have too")
            self._require_smooth(drift)
        offsets = [part.offsets() for part in cell.atoms]
        totals = [self._total(cell, piece, offsets, drift) for piece in self.pieces.formulas]
        for total in totals:
            self._require_alike(cell, total)
            require(total.terms == totals[0].terms, "pieces of the weight change differently")
        least = min([fmpq(self.degree), *(fmpq(3 * k, 2) for k in self._moved_kinks(cell, offsets, drift))])
        require(isinstance(orders, dict) and orders, "no order is stated")
        for title, text in orders.items():
            w = self._power(title, cell, offsets, drift)
            require(least / w == rational(text), f"the order of {title} is not {text}")

    def _require_smooth(self, drift: Mapping[str, fmpq_mpoly]) -> None:
        """That the weight of an atom at any place is analytic in the shared parameters that move, at their values."""
        values, shared = Expansion(self.ring, self.degree, (*self.own, *self.shared)), self.cells[0].place
        names = (*self.covariates, *self.own)
        places = {name: values.series(self.ring.names[name]) for name in names}
        places |= {name: values.series(shared[name] + drift.get(name, self.ring.zero)) for name in self.shared}
        for piece in self.pieces.formulas:
            evaluate(piece, values, **places)
        used = {n.id for side in self.pieces.sides for part in side for n in ast.walk(part) if isinstance(n, ast.Name)}
        require(not used & set(drift), "kinks that move with a shared parameter")

    def _total(
        self, cell: _Cell, piece: ast.expr, offsets: list[dict[str, fmpq_mpoly]], drift: Mapping[str, fmpq_mpoly]
    ) -> Series:
        """sum_l p_l E_l/E on a piece of the weight, below t^N. Rejected where a power of Y is left."""
        ring, values = self.ring, Expansion(self.ring, self.degree)
        x = {name: values.series(ring.names[name]) for name in self.covariates}
        true = {name: values.series(p) for name, p in cell.place.items()}
        free = {name: values.series(ring.names[name]) for name in self.expert[:-1]}
        first = [evaluate(piece, values, **x, **true), evaluate(self.mean, values, **x, **free)]
        y, found = ring.names["Y"], [ring.zero] * self.degree
        for atoms, own in zip(cell.atoms, offsets, strict=True):
            d = {name: values.series(p) for name, p in {**own, **drift}.items()}
            moved = {name: p + d[name] if name in d else p for name, p in (true | free).items()}
            gate = evaluate(piece, values, **x, **{p: moved[p] for p in true}) - first[0]
            mean = evaluate(self.mean, values, **x, **{p: moved[p] for p in free}) - first[1]
            spread = d.get("nu", values.number(0)) * values.series(y**2 / 2)
            weight = exponential(gate + mean * values.series(y) + spread, ring.one)
            product = values.sound(values.series(atoms.share) * weight)
            found = [p + atoms.total(q) for p, q in zip(found, product.terms, strict=True)]
        for n, c in enumerate(found):
            require(not ring.holds(c, ("Y",)), f"the density is not the true one at t^{n}")
        return Series(found)

    def _require_alike(self, cell: _Cell, total: Series) -> None:
        """That all cells have a factor in common, up to numbers where atoms have weights."""
        ring = self.ring
        if self.split == "one":
            left = any(ring.holds(c, self.covariates) or ring.holds(c, None) for c in total.terms)
            require(not left, "the weight of the cell is not the true one")
            return
        for c in logarithm(total, ring.one).terms:
            parts = ring.by_powers(self.number.reduced(c), self.covariates)
            kept = [part for powers, part in parts.items() if any(powers) or not self.weighted]
            own = any(ring.holds(part, None) or ring.holds(part, cell.free) for part in kept)
            require(not own, "cells do not change alike")

    def _moved_kinks(
        self, cell: _Cell, offsets: list[dict[str, fmpq_mpoly]], drift: Mapping[str, fmpq_mpoly]
    ) -> list[int]:
        if not self.pieces.sides:
            return []
        place = {name: self.quotients.of(p) for name, p in cell.place.items()}
        moved = []
        for own in offsets:
            d = {name: self.quotients.of(p) for name, p in {**own, **drift}.items()}
            moved.append({name: p + d[name] if name in d else p for name, p in place.items()})
        return list(moved_kinks(self.pieces, self.quotients, place, moved))

    def _power(
        self, title: str, cell: _Cell, offsets: list[dict[str, fmpq_mpoly]], drift: Mapping[str, fmpq_mpoly]
    ) -> int:
        """w: the order in t of the largest offset of a parameter, of its weighted mean, or of a shared offset."""
        ring, name = self.ring, title.removeprefix("mean ")
        given = [own.get(name, ring.zero) for own in offsets]
        mean = sum((part.total(part.share * p) for part, p in zip(cell.atoms, given, strict=True)), ring.zero)
        found = []
        if title in drift or name != title:
            powers = ring.by_power(drift.get(title, mean), "t")
            found = sorted(powers)[:1]
            require(
                all(self.number.is_nonzero(powers[n], self.nonzero) for n in found), f"{title} is not shown to move"
            )
        else:
            for atoms, p in zip(cell.atoms, given, strict=True):
                powers = {n: c for n, c in ring.by_power(p, "t").items() if not atoms.vanishes(c)}
                for n in sorted(powers)[:1]:
                    (known, *more) = ring.by_powers(powers[n], self.nonzero).values()
                    moves = not more and any(not v.contains(0) for v in atoms.values(known))
                    require(moves, f"{title} is not shown to move")
                    found.append(n)
        require(found, f"{title} does not move")
        return min(found)

    # -- exact curves

    def require_flat(self, orders: Any) -> None:
        """That the density is the true one along the curve, and that what is stated to be flat moves."""
        values, found = self.quotients, Identity(self.quotients, self.pieces, self.drift, self.nonzero)
        require(self.split != "one" or not self.drift, "a shared offset, which atoms that stay would have")
        places = [{name: values.of(p) for name, p in cell.place.items()} for cell in self.cells]
        changes = [found.changes(at, c.free, c.atoms) for at, c in zip(places, self.cells, strict=True)]
        if any(not values.is_zero(change) for own in changes for change in own):
            self._require_common(found, places, changes)
        require(isinstance(orders, dict) and orders, "no order is stated")
        for title, text in orders.items():
            require(text == "flat" and title in found.moves, f"{title} does not move")

    def _require_common(
        self, found: Identity, places: list[dict[str, Quotient]], changes: list[list[Quotient]]
    ) -> None:
        """That the changes of all cells are one function of x, up to numbers where atoms have weights."""
        values, free = self.quotients, self.cells[0].free
        if self.split == "listed":
            require(not any({*cell.free} & {*self.own} for cell in self.cells), "listed cells with unknown places")
            require(
                all(found.same_pieces(places[0], at) for at in places), "kinks that lie differently in listed cells"
            )
            apart = [[p - q for p, q in zip(own, changes[0], strict=True)] for own in changes]
        else:
            require(len(self.pieces.formulas) == 1, "pieces of the weight change differently")
            apart = changes
        for own in apart:
            for change in own:
                if self.split == "every":
                    found.require_common(found.without_numbers(change) if self.weighted else change, free)
                else:
                    number = self.weighted and not values.has_x(change) and values.is_zero(change - own[0])
                    require(number or values.is_zero(change), "cells do not change alike")


def statement(certificate: Mapping[str, Any]) -> str:
    """The statement of a certificate in words."""
    model, orders, split = certificate["model"], certificate["orders"], certificate["split"]
    titles = ", ".join(orders if certificate["degree"] is None else (f"{title}: {r}" for title, r in orders.items()))
    sizes = [sum(len(part["nodes"]) - 1 for part in cell["atoms"]) for cell in certificate["cells"]]
    cells = {
        "one": f"one true atom is fitted by {sizes[0]}, all others stay as they are",
        "every": f"every true atom is fitted by {sizes[0]}, all alike",
        "listed": f"the {len(sizes)} true atoms are fitted by {', '.join(map(str, sizes))}",
    }[split]
    points = [", ".join(f"{p} = {v}" for p, v in cell["point"].items()) for cell in certificate["cells"]]
    places = f"at {'; '.join(f'({at})' for at in points)}" if any(points) else "at any true values"
    nonzero = f", in true atoms with {', '.join(certificate['nonzero'])} not 0" if certificate["nonzero"] else ""
    weights = "atoms have weights of their own" if model["weighted"] else "atoms have no weights of their own"
    along = (
        f"{titles} flat: the density is the true one along a curve on which they move"
        if certificate["degree"] is None
        else f"contact orders at least ({titles}), by a curve of mixtures that ends in the true one"
    )
    return (
        f"{along}; {cells}; {weights}; log weight {model['log_weight']}, Gaussian experts, mean {model['mean']},"
        f" {places}{nonzero}, all other true values any; x = ({', '.join(model['covariates'])}) in any compact set"
    )
