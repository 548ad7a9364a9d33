"""Finds the contact orders of an arbitrary gate: exact flat directions, and proved bounds from both sides.

The order r of a parameter is the smallest with |offset|^r = O(L2 distance); its rate is n^(-1/(2r)). Bounds have
certificates by moments for cells beside a singleton (theory 4.3), and by what theorems assume for all cells (5);
`orders_from_theorems` bounds what no certificate does. Curves show which orders are no smaller.

Example: ``orders(order_setting("softmax"))`` has the upper orders beta1 2, a 2, b 4, nu 2 and, for the mean of a, 4/3.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import chain
from typing import Any

from temperance.theory.contact.bound_certificates import bound_certificate, stops_early
from temperance.theory.contact.contact_curves import certificates, flat_certificates, reached
from temperance.theory.contact.moment_bounds import certified as by_moments
from temperance.theory.contact.order_setting import flat_curves
from temperance.theory.contact.orders_from_theorems import known_orders
from temperance.theory.kernel.check import Issued
from temperance.theory.models.form import is_linear, linear_in
from temperance.theory.models.order import Bounds, Order, Quantity, Reason, ReasonKind, theorem
from temperance.theory.models.truth import Setting

_EQUAL = "atoms have no weights of their own: equal ones, as many for each true one, have the true density"
_OFFSETS = theorem("a weighted mean has at most the order of the offsets, where it has no bound of its own")
_ALONG = Reason(ReasonKind.IDENTITY, "a curve of mixtures with one density moves it, as a certificate shows")
_CERTIFIED = Reason(ReasonKind.CERTIFICATE, "the certificate states the bound")
_STOPPED = Reason(ReasonKind.ASSUMED, "bounds that improve by less than 1/50 in a step are not improved further")
_NONE = Reason(ReasonKind.NO_BOUND, "no theorem gives a bound here")


@dataclass(frozen=True)
class Orders:
    """The orders, why some are missing, and the certificates of bounds.

    setting: of the cells; where the model is exact-specified, each of one atom.
    curves: the certificates of curves that orders reach. premises: the theorems that the certificates assume.
    """

    setting: Setting
    orders: tuple[Order, ...]
    reasons: tuple[Reason, ...]
    certificates: tuple[dict[str, Any], ...] = ()
    curves: tuple[dict[str, Any], ...] = ()
    premises: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Proved:
    """Upper bounds, each with what it is by; the certificates, and what the bounds assume or why there is none."""

    bounds: Bounds = field(default_factory=dict)
    certificates: tuple[Issued, ...] = ()
    reasons: tuple[Reason, ...] = ()

    @property
    def upper(self) -> dict[Quantity, Fraction]:
        """The bounds alone."""
        return {of: r for of, (r, _) in self.bounds.items()}

    def with_better(
        self, bounds: Bounds, certificates: Sequence[Issued] = (), reasons: Sequence[Reason] = ()
    ) -> _Proved:
        """With those of the bounds that are better, which come last, and what goes with them; itself if none is."""
        best = {of: bound for of, bound in bounds.items() if of not in self.bounds or bound[0] < self.bounds[of][0]}
        if not best:
            return self
        others = {of: bound for of, bound in self.bounds.items() if of not in best}
        return _Proved(others | best, (*self.certificates, *certificates), (*self.reasons, *reasons))


def _claimed(setting: Setting, proof: Mapping[str, Any]) -> Bounds:
    """The bounds that a certificate states."""
    titles = {str(of): of for p in setting.parameters for of in (Quantity(p.name), Quantity(p.name, True))}
    return {titles[claim["title"]]: (Fraction(claim["value"]), _CERTIFIED) for claim in proof["claims"]}


def orders(setting: Setting) -> Orders:
    """Everything that theory says of the orders in a setting."""
    proved = _with_coordinates(setting, _proved(setting))
    flat_names, reasons = _flat(setting)
    scale = Reason(ReasonKind.IDENTITY, flat_curves(setting).scale or "")
    scaled = [Order(name, name, False, scale, flat=True) for name in flat_names]
    rows, curves = _with_curves(setting, scaled, [*_listed(setting, proved)])
    reasons += [*proved.reasons, *(_held(setting) if proved.certificates else [])]
    open_ = {of: bound for of, bound in proved.bounds.items() if bound[1] != _CERTIFIED}
    reasons += [*_by_theorems(rows, open_), *_of_rows(rows, proved.bounds), *_moved_first(rows, curves)]
    premises = dict.fromkeys(text for _, checked in proved.certificates for text in checked.assumed)
    issued = tuple(certificate for certificate, _ in proved.certificates)
    return Orders(setting, tuple(rows), tuple(reasons), issued, tuple(curves), tuple(premises))


def _proved(setting: Setting) -> _Proved:
    proved = _with_functions(setting, _with_moments(setting))
    flat = flat_curves(setting).flat
    return proved.with_better({of: b for of, b in known_orders(setting, proved.upper).items() if of.name not in flat})


def _with_coordinates(setting: Setting, proved: _Proved) -> _Proved:
    """The bounds with better ones from coordinates in which the mean is linear."""
    points = [setting.truth.point(i) for i in range(2 if setting.every else 1)]
    coordinates = None if is_linear(setting) else linear_in(setting.spec, setting.expert[:-1], points)
    if coordinates is None:
        return proved
    there = _proved(coordinates.setting(setting))
    reason = theorem(f"in coordinates (theory 5.4.1): the mean is {coordinates}")
    bounds = {of: (r, reason) for of, r in coordinates.orders(there.upper, points).items()}
    certified = replace(proved, reasons=tuple(r for r in proved.reasons if r.kind is not ReasonKind.NO_CERTIFICATE))
    better = certified.with_better(bounds, there.certificates, there.reasons)
    return proved if better is certified else better


def _with_curves(
    setting: Setting, scaled: Sequence[Order], rows: Sequence[Order]
) -> tuple[list[Order], list[dict[str, Any]]]:
    """What the scale symmetry moves and the other orders, with what certificates of curves show; the certificates."""
    curves = certificates(setting)
    scales: list[dict[str, Any]] = []
    if scaled or any(row.flat or row.upper is None for row in rows):
        scales, others = flat_certificates(setting)
        bounded = {row.title for row in rows if row.upper is not None}  # a curve that moves it moves no invariant
        curves += [proof for proof in others if not bounded & {claim["title"] for claim in proof["claims"]}]
    return [*with_curves(setting, scaled, scales), *with_curves(setting, rows, curves)], [*scales, *curves]


def _with_moments(setting: Setting) -> _Proved:
    """The bounds of a certificate by moments, of a cell beside a singleton."""
    if setting.every:
        return _Proved()
    issued, reason = by_moments(setting)
    return _Proved({}, (), (reason,)) if issued is None else _Proved(_claimed(setting, issued[0]), (issued,), (reason,))


def _with_functions(setting: Setting, proved: _Proved) -> _Proved:
    """The bounds with those of a certificate of what theorems assume, where it has better ones."""
    issued = bound_certificate(setting)
    if issued is None:
        return proved
    reason = Reason(ReasonKind.ASSUMED, f"a certificate takes theorems for granted: {'; '.join(issued[1].assumed)}")
    return proved.with_better(
        _claimed(setting, issued[0]), [issued], [reason, *([_STOPPED] if stops_early(setting) else [])]
    )


def _flat(setting: Setting) -> tuple[list[str], list[Reason]]:
    """The parameters that the scale symmetry moves, and all that is said of flat ones and of shares."""
    curves = flat_curves(setting)
    scaled = [p for p in setting.spec.gate.parameters if p.name in curves.labels or p in setting.held]
    flat = [p.name for p in scaled if setting.point[p].is_zero is False]
    are, still = "are" if len(flat) > 1 else "is", [p.name for p in scaled if p.name not in flat]
    rest = f"{', '.join(still)}: 0 here, and not moved; the order is that of the invariant"
    reasons = [Reason(ReasonKind.IDENTITY, f"{', '.join(flat)} {are} flat: {curves.scale}")] if curves.scale else []
    reasons += [Reason(ReasonKind.AT_REST, rest)] if still else []
    others = (f"{curves.label(name)} is flat: {text}" for name, text in curves.flat.items())
    reasons += [Reason(ReasonKind.IDENTITY, text) for text in others]
    return flat, reasons + ([] if setting.weighted else [Reason(ReasonKind.ASSUMED, _EQUAL)])


def _held(setting: Setting) -> list[Reason]:
    """What the certificate holds at its true value, and which invariants its parameters stand for."""
    labels = flat_curves(setting).labels
    meanings = ": " + ", ".join(f"{name} stands for {label}" for name, label in labels.items()) if labels else ""
    texts = [f"the certificate holds {p.name} at its true value{meanings}" for p in setting.held]
    return [Reason(ReasonKind.ASSUMED, text) for text in texts]


def _listed(setting: Setting, proved: _Proved) -> Iterator[Order]:
    """The orders of the parameters, and of weighted means, which have at most those of their offsets."""
    curves = flat_curves(setting)
    means = (Quantity(p.name, True) for p in setting.each)
    for of in (*(Quantity(p.name) for p in setting.parameters), *means):
        upper, reason = proved.bounds.get(of, (None, _NONE))
        of_offsets, _ = proved.bounds.get(Quantity(of.name), (None, _NONE))
        if of_offsets is not None and (upper is None or of_offsets < upper):
            upper, reason = of_offsets, _OFFSETS
        if (identity := curves.flat.get(of.name)) is not None:
            upper, reason = None, Reason(ReasonKind.IDENTITY, identity)
        yield Order(curves.label(*of), *of, reason, upper, flat=identity is not None)


def _by_theorems(rows: Sequence[Order], bounds: Bounds) -> list[Reason]:
    """Which bounds have a theorem and no certificate, a line for each theorem."""
    labels = {row.of: row.parameter for row in rows}  # of an invariant, where its parameter is a row, too
    names = {reason: ", ".join(labels[n] for n in bounds if bounds[n][1] == reason) for _, reason in bounds.values()}
    return [
        theorem(f"{text}: bounded by a theorem, without a certificate ({reason})") for reason, text in names.items()
    ]


def _of_rows(rows: Sequence[Order], upper: Collection[Quantity]) -> Iterator[Reason]:
    """What is said of single orders."""
    if exact := [row.parameter for row in rows if row.exact and row.upper != 1]:
        text = f"{', '.join(exact)}: exact, as a curve reaches the bound (theory B.2.1)"
        yield Reason(ReasonKind.CURVE, text)
    if any(row.is_mean and row.upper and row.of not in upper for row in rows):
        yield _OFFSETS
    if unbounded := [row.parameter for row in rows if row.reason.kind is ReasonKind.NO_BOUND and not row.is_mean]:
        yield Reason(ReasonKind.NO_BOUND, f"{', '.join(unbounded)}: {_NONE.text}")


def _moved_first(rows: Sequence[Order], curves: Sequence[Mapping[str, Any]]) -> Iterator[Reason]:
    """Which orders are reached by curves that begin at other parameters with the true density."""
    here = reached(c for c in curves if not c["place"]["nonzero"])
    far = [row.parameter for row in rows if row.lower is not None and row.lower != here.get(row.title)]
    names = ", ".join(sorted({name for c in curves for name in c["place"]["nonzero"]}))
    if far:
        yield Reason(
            ReasonKind.CURVE,
            f"{', '.join(far)}: the curve begins where {names} is not 0, beside the truth: what is flat leads there",
        )


def with_curves(setting: Setting, rows: Iterable[Order], curves: Sequence[Mapping[str, Any]]) -> list[Order]:
    """The orders with what certificates of curves show of them.

    A curve of one density that moves what the setting holds says nothing of an invariant: it may keep it.
    """
    titles = [{claim["title"] for claim in proof["claims"] if claim["side"] == "flat"} for proof in curves]
    flat, held = {*chain(*titles)}, {p.name for p in setting.held}
    flat_invariants = {*chain(*(some for some in titles if not some & held))}
    best = reached(curves)

    def shown(row: Order) -> Order:
        if row.title not in (flat if row.parameter == row.title else flat_invariants):
            return row if row.flat else replace(row, lower=best.get(row.title))
        return replace(row, shown=True) if row.flat or row.upper else replace(row, flat=True, shown=True, reason=_ALONG)

    return [shown(row) for row in rows]
