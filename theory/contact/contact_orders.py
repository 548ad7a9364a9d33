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

from temperance.theory.contact.contact_curves import certificates, reached
from temperance.theory.contact.flat_certificates import flat_certificates
from temperance.theory.contact.order_setting import flat_curves, line_of, on_line
from temperance.theory.contact.orders_from_theorems import known_orders
from temperance.theory.models.truth import Setting
from temperance.theory.moments.moment_bounds import certified as by_moments
from temperance.theory.orders.equations_as_text import as_text
from temperance.theory.orders.gate_orders import Bounds
from temperance.theory.orders.reduced_equations import Reduced
from temperance.theory.orders.upper_bounds import UpperOrders, certified
from temperance.theory.traits.traits import on_lines

_EQUAL = "atoms have no weights of their own: equal ones, as many for each true one, have the true density"


@dataclass(frozen=True)
class Order:
    """What is proved of a parameter: an upper bound of its order (None: none), or that it is flat.

    parameter: what it is called in results, an invariant such as beta1/tau or a weighted mean; name: of the parameter
    in the model; mean: whether the order is that of the weighted mean. certified: the bound has a certificate that the
    checker accepts; otherwise it is by a theorem that `reasons` name. reached: an order that is proved to be no larger
    than this one, by the certificate of a curve (None: none is found). shown: a flat parameter has such a certificate.
    """

    parameter: str
    name: str
    mean: bool
    upper: Fraction | None
    flat: bool
    certified: bool = False
    reached: Fraction | None = None
    shown: bool = False

    @property
    def certified_below(self) -> bool:
        """Whether a certificate proves that the order is no smaller, or that the parameter is flat."""
        return self.reached is not None or self.shown

    @property
    def title(self) -> str:
        """What a certificate of a curve calls it."""
        return f"{'mean ' * self.mean}{self.name}"

    @property
    def exact(self) -> bool:
        """Whether a curve reaches the bound: the order is proved to be neither larger nor smaller."""
        return self.upper is not None and self.reached == self.upper

    @property
    def rate(self) -> Fraction | None:
        """1/(2 r), the exponent of n, where r is proved."""
        return None if self.upper is None else 1 / (2 * self.upper)


@dataclass(frozen=True)
class Orders:
    """The equations, the orders, why some are missing, and the certificate (None: none was accepted).

    setting: of the cells; where the model is exact-specified, each of one atom.
    reduced: the equations; None where none were set up. curves: the certificates of curves that orders reach.
    """

    setting: Setting
    reduced: Reduced | None
    orders: tuple[Order, ...]
    reasons: tuple[str, ...]
    certificate: dict[str, Any] | None
    curves: tuple[dict[str, Any], ...] = ()

    @property
    def equations(self) -> tuple[str, ...]:
        """The equations as text."""
        return () if self.reduced is None else tuple(as_text(self.reduced))


@dataclass(frozen=True)
class _Proved:
    """Upper bounds by the name of a parameter or of a weighted mean, and what proves them.

    theorems: those of them that a theorem gives, each with its reason. certified: the names of those that the
    certificate states. reasons: what the bounds assume, or why there is no certificate.
    """

    upper: Mapping[str, Fraction] = field(default_factory=dict)
    theorems: Bounds = field(default_factory=dict)
    certified: Collection[str] = ()
    certificate: dict[str, Any] | None = None
    reduced: Reduced | None = None
    reasons: tuple[str, ...] = ()


def orders(setting: Setting, *, moments: bool = False) -> Orders:
    """Everything that theory says of the orders in a setting.

    moments: whether to look for a certificate by moments (theory.md 2.8) where there is none of the equations of two
    atoms: in cells of more atoms and for d > 1. It takes up to some seconds.
    """
    proved = _with_theorems(setting, _by_equations(setting))
    if moments and proved.certificate is None and not setting.every:
        proved = _with_moments(setting, proved)
    moved, reasons = _flat(setting)
    rows, curves = _with_curves(setting, moved, [*_parameters(setting, proved), *_means(setting, proved)])
    reasons += [*proved.reasons, *([] if proved.certificate is None else _held(setting))]
    reasons += [*_by_theorems(setting, proved.theorems), *_of_rows(rows, proved.upper)]
    return Orders(setting, proved.reduced, tuple(rows), tuple(reasons), proved.certificate, tuple(curves))


def _with_curves(
    setting: Setting, moved: Sequence[str], rows: Sequence[Order]
) -> tuple[list[Order], list[dict[str, Any]]]:
    """What the scale symmetry moves and the other orders, with what certificates of curves show; the certificates."""
    curves = certificates(setting)
    scales: list[dict[str, Any]] = []
    if moved or any(row.flat for row in rows):
        scales, others = flat_certificates(setting)
        curves = [*curves, *others]
    scaled = [Order(name, name, False, None, True) for name in moved]
    return [*with_curves(scaled, scales), *with_curves(rows, curves)], [*scales, *curves]


def _by_equations(setting: Setting) -> _Proved:
    """The bounds by the equations of a cell of two beside a singleton; for d > 1 those of dimension 1."""
    if setting.every:
        return _Proved(reasons=("certificates are issued for cells beside a singleton",))
    if setting.size > 2:
        return _Proved()
    found, proof, reason = certified(line_of(setting))
    reasons, reduced = (reason.replace("no upper bound:", "no certificate:"),), found.reduced if found else None
    if found is None or not (proof or found.theorem):
        return _Proved(reduced=reduced, reasons=reasons)
    upper = _from_certificate(setting, found)
    if setting.spec.dim > 1:
        on_lines = "bounds of dimension 1, which hold on lines (theory.md 2.10)"
        return _Proved(upper, reduced=reduced, reasons=(*reasons, on_lines))
    return _Proved(upper, {}, upper.keys() if proof else (), proof, reduced, reasons)


def _with_theorems(setting: Setting, proved: _Proved) -> _Proved:
    known = _from_theorems(setting, proved.upper)
    upper = {**proved.upper, **{name: r for name, (r, _) in known.items()}}
    return replace(proved, upper=upper, theorems=known, certified={*proved.certified} - known.keys())


def _with_moments(setting: Setting, proved: _Proved) -> _Proved:
    """The bounds with those of a certificate by moments that are as good."""
    shown, proof, why = by_moments(setting)
    best = {name: r for name, r in shown.items() if r <= proved.upper.get(name, r)}
    known = {name: bound for name, bound in proved.theorems.items() if name not in best}
    told = setting.spec.dim == 1 and any(text.startswith("no certificate") for text in proved.reasons)
    said = why in proved.reasons or (told and not proof)
    reasons = proved.reasons if said else (*proved.reasons, why)
    return replace(
        proved, upper={**proved.upper, **best}, theorems=known, certified={*best}, certificate=proof, reasons=reasons
    )


def _flat(setting: Setting) -> tuple[list[str], list[str]]:
    """The parameters that the scale symmetry moves, and all that is said of flat ones and of shares."""
    curves = flat_curves(setting)
    scaled = [p for p in setting.spec.gate.parameters if p.name in curves.labels or p in setting.held]
    moved = [p.name for p in scaled if setting.point[p].is_zero is False]
    are = "are" if len(moved) > 1 else "is"
    reasons = [f"{', '.join(moved)} {are} flat: {curves.scale}"] if curves.scale else []
    if still := [p.name for p in scaled if p.name not in moved]:
        reasons.append(f"{', '.join(still)}: 0 here, and not moved; the order is that of the invariant")
    reasons += [f"{curves.label(name)} is flat: {text}" for name, text in curves.flat.items()]
    return moved, reasons + ([] if setting.weighted else [_EQUAL])


def _held(setting: Setting) -> list[str]:
    """What the certificate holds at its true value, and which invariants its parameters stand for."""
    meant = ", ".join(f"{name} stands for {label}" for name, label in flat_curves(setting).labels.items())
    return [f"the certificate holds {p.name} at its true value: {meant}" for p in setting.held]


def _parameters(setting: Setting, proved: _Proved) -> Iterator[Order]:
    curves = flat_curves(setting)
    for p in setting.parameters:
        flat = p.name in curves.flat
        r = None if flat else proved.upper.get(p.name)
        yield Order(curves.label(p.name), p.name, False, r, flat, bool(r) and p.name in proved.certified)


def _means(setting: Setting, proved: _Proved) -> Iterator[Order]:
    """Weighted means, of at most the order of their offsets."""
    curves = flat_curves(setting)
    for p in setting.each:
        title, flat = f"mean {p.name}", p.name in curves.flat
        r = None if flat else min((r for n in (title, p.name) if (r := proved.upper.get(n))), default=None)
        is_own = r is not None and r == proved.upper.get(title)
        yield Order(curves.label(title), p.name, True, r, flat, is_own and title in proved.certified)


def _by_theorems(setting: Setting, known: Bounds) -> list[str]:
    """Which bounds have a theorem and no certificate, a line for each theorem."""
    names = {
        why: ", ".join(flat_curves(setting).label(n) for n in known if known[n][1] == why) for _, why in known.values()
    }
    return [f"{text}: bounded by a theorem, without a certificate ({why})" for why, text in names.items()]


def _of_rows(rows: Sequence[Order], upper: Mapping[str, Fraction]) -> Iterator[str]:
    """What is said of single orders."""
    if exact := [row.parameter for row in rows if row.exact and row.upper != 1]:
        yield f"{', '.join(exact)}: exact, as a curve reaches the bound (theory.md 2.10)"
    if any(row.mean and row.upper and f"mean {row.name}" not in upper for row in rows):
        yield "a weighted mean has at most the order of the offsets, where it has no bound of its own"
    if left := [row.parameter for row in rows if row.upper is None and not row.flat and not row.mean]:
        yield f"{', '.join(left)}: no theorem gives a bound here"


def with_curves(rows: Iterable[Order], curves: Sequence[Mapping[str, Any]]) -> list[Order]:
    """The orders with what certificates of curves show of them."""
    flat = {title for found in curves for title, order in found["orders"].items() if order == "flat"}
    best = reached(found for found in curves if found["degree"] is not None)
    return [
        replace(row, shown=row.title in flat) if row.flat else replace(row, reached=best.get(row.title)) for row in rows
    ]


def _from_certificate(setting: Setting, found: UpperOrders) -> dict[str, Fraction]:
    """The bounds of the parameters and of their weighted means by the equations of a cell of two, d > 1 on lines."""
    seen = {p.name: on_line(p.name, setting.spec.expert.name, setting.spec.dim) for p in setting.parameters}
    bounds = {name: found.order(line) for name, line in seen.items()}
    if on_lines(setting.spec):  # with the same shares
        bounds |= {f"mean {p.name}": found.mean(seen[p.name]) for p in setting.each}
    return {name: r for name, r in bounds.items() if r is not None}


def _from_theorems(setting: Setting, upper: Mapping[str, Fraction]) -> Bounds:
    """The bounds by theorems that are below those that are known, without those of what is flat."""
    known, flat = known_orders(setting, upper), flat_curves(setting).flat
    return {
        name: bound
        for name, bound in known.items()
        if name.removeprefix("mean ") not in flat and (name not in upper or bound[0] < upper[name])
    }
