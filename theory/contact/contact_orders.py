"""Finds the contact orders of an arbitrary gate: equations, exact flat directions, proved upper bounds.

The order r of a parameter is the smallest with |offset|^r = O(L2 distance); its rate is n^(-1/(2r)). Bounds are
certified for cells of two atoms beside a singleton in dimension 1, and hold on lines in others (theory.md 2.10); other
cells beside a singleton have certificates by moments, and what theorems bound is `orders_from_theorems`.

Example: ``orders(order_setting("softmax"))`` has the upper orders beta1 2, a 2, b 4, nu 2 and, for the mean of a, 4/3.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from temperance.theory.contact.bound_certificates import assumed, bound_certificate
from temperance.theory.contact.contact_curves import certificates, reached
from temperance.theory.contact.curve_places import is_left
from temperance.theory.contact.flat_certificates import flat_certificates
from temperance.theory.contact.order_setting import FlatCurves, flat_curves, line_of, seen_on_line
from temperance.theory.contact.orders_from_theorems import known_orders
from temperance.theory.orders.moment_bounds import certified as by_moments
from temperance.theory.orders.split_cell import Reduced
from temperance.theory.orders.upper_bounds import UpperOrders, as_text, certified
from temperance.theory.settings.order import Bounds, Order, Quantity
from temperance.theory.settings.reasons import Reason, ReasonKind, theorem
from temperance.theory.settings.truth import Setting
from temperance.theory.traits.traits import on_lines

_EQUAL = "atoms have no weights of their own: equal ones, as many for each true one, have the true density"
_ON_LINES = theorem("bounds of dimension 1, which hold on lines (theory.md 2.10)")
_OFFSETS = theorem("a weighted mean has at most the order of the offsets, where it has no bound of its own")
_CERTIFIED = Reason(ReasonKind.CERTIFICATE, "the certificate states the bound")
_NOT_ISSUED = Reason(ReasonKind.NOT_ISSUED, "equations have certificates for cells beside a singleton")
_NONE = Reason(ReasonKind.NO_BOUND, "no theorem gives a bound here")


@dataclass(frozen=True)
class Orders:
    """The equations, the orders, why some are missing, and the certificates of bounds.

    setting: of the cells; where the model is exact-specified, each of one atom.
    reduced: the equations; None where none were set up. curves: the certificates of curves that orders reach.
    """

    setting: Setting
    reduced: Reduced | None
    orders: tuple[Order, ...]
    reasons: tuple[Reason, ...]
    certificates: tuple[dict[str, Any], ...] = ()
    curves: tuple[dict[str, Any], ...] = ()

    @property
    def equations(self) -> tuple[str, ...]:
        """The equations as text."""
        return () if self.reduced is None else tuple(as_text(self.reduced))


@dataclass(frozen=True)
class _Proved:
    """Upper bounds, and what proves them.

    theorems: those of them that a theorem gives, each with its reason. certified: those that a
    certificate states. reasons: what the bounds assume, or why there is no certificate. otherwise: what other bounds
    are by.
    """

    upper: Mapping[Quantity, Fraction] = field(default_factory=dict)
    theorems: Bounds = field(default_factory=dict)
    certified: Collection[Quantity] = ()
    certificates: tuple[dict[str, Any], ...] = ()
    reduced: Reduced | None = None
    reasons: tuple[Reason, ...] = ()
    otherwise: Reason = _NONE

    def reason(self, of: Quantity) -> Reason:
        """What a bound is by."""
        if of in self.certified:
            return replace(self.theorems[of][1], kind=ReasonKind.CERTIFICATE) if of in self.theorems else _CERTIFIED
        if of in self.theorems:
            return self.theorems[of][1]
        return self.otherwise if of in self.upper else _NONE


def orders(setting: Setting, *, moments: bool = False) -> Orders:
    """Everything that theory says of the orders in a setting.

    moments: whether to look for more certificates than that of the equations of two atoms: by moments (theory.md 2.8)
    in cells of more atoms and for d > 1, then of what theorems assume (2.10). It takes up to some seconds.
    """
    proved = _with_theorems(setting, _by_equations(setting))
    if moments and not proved.certificates and not setting.every:
        proved = _with_moments(setting, proved)
    named = all(setting.point[p].is_Rational for p in (*setting.own, *setting.shared))  # else as an offset of it
    if moments and not (named and {*proved.upper} <= {*proved.certified}):
        proved = _with_functions(setting, proved)
    moved, reasons = _flat(setting)
    scale = Reason(ReasonKind.IDENTITY, flat_curves(setting).scale or "")
    scaled = [Order(name, name, False, scale, flat=True) for name in moved]
    rows, curves = _with_curves(setting, scaled, [*_parameters(setting, proved), *_means(setting, proved)])
    reasons += [*proved.reasons, *(_held(setting) if proved.certificates else [])]
    open_ = {of: bound for of, bound in proved.theorems.items() if of not in proved.certified}
    reasons += [*_by_theorems(rows, open_), *_of_rows(rows, proved.upper), *_moved_first(setting, rows, curves)]
    return Orders(setting, proved.reduced, tuple(rows), tuple(reasons), proved.certificates, tuple(curves))


def _with_curves(
    setting: Setting, scaled: Sequence[Order], rows: Sequence[Order]
) -> tuple[list[Order], list[dict[str, Any]]]:
    """What the scale symmetry moves and the other orders, with what certificates of curves show; the certificates."""
    curves = certificates(setting)
    scales: list[dict[str, Any]] = []
    if scaled or any(row.flat for row in rows):
        scales, others = flat_certificates(setting)
        curves = [*curves, *others]
    return [*with_curves(scaled, scales), *with_curves(rows, curves)], [*scales, *curves]


def _by_equations(setting: Setting) -> _Proved:
    """The bounds by the equations of a cell of two beside a singleton; for d > 1 those of dimension 1."""
    if setting.every:
        return _Proved(reasons=(_NOT_ISSUED,))
    if setting.size > 2:
        return _Proved()
    found, proof, reason = certified(line_of(setting))
    reduced = found.reduced if found else None
    if found is None or not (proof or found.theorem):
        return _Proved(reduced=reduced, reasons=(reason,))
    upper = _from_certificate(setting, found)
    if setting.spec.dim > 1:
        return _Proved(upper, reduced=reduced, reasons=(reason, _ON_LINES), otherwise=_ON_LINES)
    return _Proved(upper, {}, upper.keys() if proof else (), (proof,) if proof else (), reduced, (reason,), reason)


def _with_theorems(setting: Setting, proved: _Proved) -> _Proved:
    known = _from_theorems(setting, proved.upper)
    upper = {**proved.upper, **{of: r for of, (r, _) in known.items()}}
    return replace(proved, upper=upper, theorems=known, certified={*proved.certified} - known.keys())


def _with_moments(setting: Setting, proved: _Proved) -> _Proved:
    """The bounds with those of a certificate by moments that are as good."""
    shown, proof, why = by_moments(setting)
    best = {of: r for of, r in shown.items() if r <= proved.upper.get(of, r)}
    known = {of: bound for of, bound in proved.theorems.items() if of not in best}
    told = setting.spec.dim == 1 and any(r.kind is ReasonKind.NO_CERTIFICATE for r in proved.reasons)
    said = why in proved.reasons or (told and not proof)
    reasons = proved.reasons if said else (*proved.reasons, why)
    found, upper = () if proof is None else (proof,), {**proved.upper, **best}
    return replace(proved, upper=upper, theorems=known, certified={*best}, certificates=found, reasons=reasons)


def _with_functions(setting: Setting, proved: _Proved) -> _Proved:
    """The bounds with those that are in a certificate of what theorems assume, and in no other one."""
    issued = bound_certificate(setting)
    if issued is None:
        return proved
    titles = {str(of): of for p in setting.parameters for of in (Quantity(p.name), Quantity(p.name, True))}
    shown = {titles[title]: Fraction(r) for title, r in issued["orders"].items()}
    best = {of: r for of, r in shown.items() if r <= proved.upper.get(of, r)}
    if not best:
        return proved
    why = Reason(ReasonKind.ASSUMED, f"a certificate takes theorems for granted: {'; '.join(assumed(issued))}")
    reasons = (*(r for r in proved.reasons if r is not _NOT_ISSUED), why)
    certified, found = {*proved.certified, *best}, (*proved.certificates, issued)
    return replace(proved, upper={**proved.upper, **best}, certified=certified, certificates=found, reasons=reasons)


def _flat(setting: Setting) -> tuple[list[str], list[Reason]]:
    """The parameters that the scale symmetry moves, and all that is said of flat ones and of shares."""
    curves = flat_curves(setting)
    scaled = [p for p in setting.spec.gate.parameters if p.name in curves.labels or p in setting.held]
    moved = [p.name for p in scaled if setting.point[p].is_zero is False]
    are, still = "are" if len(moved) > 1 else "is", [p.name for p in scaled if p.name not in moved]
    rest = f"{', '.join(still)}: 0 here, and not moved; the order is that of the invariant"
    found = [Reason(ReasonKind.IDENTITY, f"{', '.join(moved)} {are} flat: {curves.scale}")] if curves.scale else []
    found += [Reason(ReasonKind.AT_REST, rest)] if still else []
    others = (f"{curves.label(name)} is flat: {text}" for name, text in curves.flat.items())
    found += [Reason(ReasonKind.IDENTITY, text) for text in others]
    return moved, found + ([] if setting.weighted else [Reason(ReasonKind.ASSUMED, _EQUAL)])


def _held(setting: Setting) -> list[Reason]:
    """What the certificate holds at its true value, and which invariants its parameters stand for."""
    meant = ", ".join(f"{name} stands for {label}" for name, label in flat_curves(setting).labels.items())
    said = [f"the certificate holds {p.name} at its true value: {meant}" for p in setting.held]
    return [Reason(ReasonKind.ASSUMED, text) for text in said]


def _parameters(setting: Setting, proved: _Proved) -> Iterator[Order]:
    curves = flat_curves(setting)
    for p in setting.parameters:
        of = Quantity(p.name)
        yield _order(curves, of, proved.upper.get(of), proved.reason(of))


def _means(setting: Setting, proved: _Proved) -> Iterator[Order]:
    """Weighted means, of at most the order of their offsets."""
    curves = flat_curves(setting)
    for p in setting.each:
        of = Quantity(p.name, True)
        own, of_offsets, reason = proved.upper.get(of), proved.upper.get(Quantity(p.name)), proved.reason(of)
        if of_offsets is not None and (own is None or of_offsets < own):
            own, reason = of_offsets, _OFFSETS
        yield _order(curves, of, own, reason)


def _order(curves: FlatCurves, of: Quantity, upper: Fraction | None, reason: Reason) -> Order:
    if (identity := curves.flat.get(of.name)) is not None:
        return Order(curves.label(*of), *of, Reason(ReasonKind.IDENTITY, identity), flat=True)
    return Order(curves.label(*of), *of, reason, upper)


def _by_theorems(rows: Sequence[Order], known: Bounds) -> list[Reason]:
    """Which bounds have a theorem and no certificate, a line for each theorem."""
    labels = {row.of: row.parameter for row in rows}  # of an invariant, where its parameter is a row, too
    names = {why: ", ".join(labels[n] for n in known if known[n][1] == why) for _, why in known.values()}
    return [theorem(f"{text}: bounded by a theorem, without a certificate ({why})") for why, text in names.items()]


def _of_rows(rows: Sequence[Order], upper: Mapping[Quantity, Fraction]) -> Iterator[Reason]:
    """What is said of single orders."""
    if exact := [row.parameter for row in rows if row.exact and row.upper != 1]:
        text = f"{', '.join(exact)}: exact, as a curve reaches the bound (theory.md 2.10)"
        yield Reason(ReasonKind.CURVE, text)
    if any(row.is_mean and row.upper and row.of not in upper for row in rows):
        yield _OFFSETS
    if left := [row.parameter for row in rows if row.reason.kind is ReasonKind.NO_BOUND and not row.is_mean]:
        yield Reason(ReasonKind.NO_BOUND, f"{', '.join(left)}: {_NONE.text}")


def _moved_first(setting: Setting, rows: Sequence[Order], curves: Sequence[Mapping[str, Any]]) -> Iterator[Reason]:
    """Which orders are reached by curves that begin at other parameters with the true density."""
    zero = {p.name for p in setting.point if not is_left(setting, p)}
    here = reached(c for c in curves if c["degree"] is not None and not zero & {*c["nonzero"]})
    far = [row.parameter for row in rows if row.lower is not None and row.lower != here.get(row.title)]
    names = ", ".join(sorted(zero & {name for c in curves for name in c["nonzero"]}))
    if far:
        yield Reason(
            ReasonKind.CURVE,
            f"{', '.join(far)}: the curve begins where {names} is not 0, beside the truth: what is flat leads there",
        )


def with_curves(rows: Iterable[Order], curves: Sequence[Mapping[str, Any]]) -> list[Order]:
    """The orders with what certificates of curves show of them."""
    flat = {title for found in curves for title, order in found["orders"].items() if order == "flat"}
    best = reached(found for found in curves if found["degree"] is not None)
    return [
        replace(row, shown=row.title in flat) if row.flat else replace(row, lower=best.get(row.title)) for row in rows
    ]


def _from_certificate(setting: Setting, found: UpperOrders) -> dict[Quantity, Fraction]:
    """The bounds of the parameters and of their weighted means by the equations of a cell of two, d > 1 on lines."""
    seen = seen_on_line(setting)
    bounds = {Quantity(name): found.order(line) for name, line in seen.items()}
    if on_lines(setting.spec):  # with the same shares
        bounds |= {Quantity(p.name, True): found.mean(seen[p.name]) for p in setting.each}
    return {of: r for of, r in bounds.items() if r is not None}


def _from_theorems(setting: Setting, upper: Mapping[Quantity, Fraction]) -> Bounds:
    """The bounds by theorems that are below those that are known, without those of what is flat."""
    known, flat = known_orders(setting, upper), flat_curves(setting).flat
    less = {of: bound for of, bound in known.items() if of not in upper or bound[0] < upper[of]}
    return {of: bound for of, bound in less.items() if of.name not in flat}
