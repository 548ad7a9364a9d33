"""Finds the contact orders of an arbitrary gate: equations, exact flat directions, proved upper bounds.

The order r of a parameter is the smallest with |offset|^r = O(L2 distance); its rate is n^(-1/(2r)). Bounds are
certified for cells of two atoms beside a singleton in dimension 1, and hold on lines in others (theory.md 2.10); other
cells beside a singleton have certificates by moments, and what theorems bound is `orders_from_theorems`.

Example: ``orders(order_setting("softmax"))`` has the upper orders beta1 2, a 2, b 4, nu 2 and, for the mean of a, 4/3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Literal

import sympy as sp

from temperance.theory.activations.activation import Activation, activation
from temperance.theory.expressions import balls
from temperance.theory.models.by_name import model
from temperance.theory.models.gates import BIASED, COSINE, FITTED, require_gate
from temperance.theory.models.spec import TAU, MoESpec
from temperance.theory.moments.moment_bounds import certified as by_moments
from temperance.theory.orders.equations_as_text import as_text
from temperance.theory.orders.gate_orders import Bounds
from temperance.theory.orders.reduced_equations import Reduced
from temperance.theory.orders.split_cell import Splitting, weight_parameters
from temperance.theory.orders.upper_bounds import UpperOrders, certified
from temperance.theory.rates.contact_curves import reached
from temperance.theory.rates.flat_curves import common_curve, power_curve, scale_curve, weight_power
from temperance.theory.rates.orders_from_theorems import OTHER_SPLIT, known_orders
from temperance.theory.rates.true_point import Constant, constant

SIGMOIDS = ("sigmoid", "sigmoid-tau-1")
"""The normalised sigmoid gates, whose atoms have no weights of their own."""
GATES = (*FITTED, BIASED, "quadratic", "gaussian", "laplace", COSINE, "cosine-perturbed", *SIGMOIDS)
NOT_SHARED = (
    "no order: for almost every truth no mixture in a bounded box that has a cell of several atoms beside a singleton "
    "has its density (theory.md 2.10)"
)
_EQUAL = "atoms have no weights of their own: equal ones, as many for each true one, have the true density"
_MOST_MOVING = 7  # parameters of an atom, tau included
_PLACES = {"beta1": (1, 0), "A": (sp.Rational(1, 2), 0), "c": (0, -1), "w": (sp.Rational(1, 2), -1)}
ON_LINES = ("linear", "softmax", "activation", "activation-bias", "quadratic", *SIGMOIDS)
"""The gates that depend on x along lines as they do in dimension 1, with the same shares (theory.md 2.10)."""
TRANSLATED = ("linear", "softmax", "quadratic", "gaussian", "cosine-perturbed")


@dataclass(frozen=True)
class OrderSetting:
    """A gate, an expert, a cell size and a true point.

    cell: the model at the true point. line: what is seen of it on a line of R^d (d = 1: itself). size: m. split: "one"
    (another cell is a singleton, its gate held) or "all". source: the activation, if any. scale: the exact scale
    symmetry, if there is one; what it moves is flat. labels: what the gate's parameters are called where invariants of
    it are meant. flat: parameters along which there is another exact curve of one density -> the identity.
    """

    cell: Splitting
    line: Splitting
    size: int
    split: Literal["one", "all"]
    source: Activation | None
    scale: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    flat: Mapping[str, str] = field(default_factory=dict)
    power: int = 0

    @property
    def dim(self) -> int:
        """d."""
        return self.cell.spec.dim

    @property
    def parameters(self) -> tuple[sp.Symbol, ...]:
        """The parameters that move, those of each atom first."""
        return (*self.cell.each, *self.cell.shared)

    def label(self, name: str) -> str:
        """What a parameter, or a weighted mean, is called in the results."""
        stem = name.removeprefix("mean ")
        return name.removesuffix(stem) + self.labels.get(stem, stem)

    def on_line(self, name: str) -> str:
        """The parameter that is seen of one on a line: in dimension 1 itself."""
        return name if self.dim == 1 else on_line(name, self.cell.spec.expert.name)


@dataclass(frozen=True)
class Order:
    """What is proved of a parameter: an upper bound of its order (None: none), or that it is flat.

    parameter: what it is called in results, an invariant such as beta1/tau or a weighted mean; name: of the parameter
    in the model; mean: whether the order is that of the weighted mean. certified: the bound has a certificate that the
    checker accepts; otherwise it is by a theorem that `reasons` name. reached: an order that is proved to be no larger
    than this one, by a curve (None: no curve is kept).
    """

    parameter: str
    name: str
    mean: bool
    upper: Fraction | None
    flat: bool
    certified: bool = False
    reached: Fraction | None = None

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

    cell: the setting of the cell; None where the model is exact-specified, and has no cell of several atoms.
    reduced: the equations; None where none were set up.
    """

    cell: OrderSetting | None
    reduced: Reduced | None
    orders: tuple[Order, ...]
    reasons: tuple[str, ...]
    certificate: dict[str, Any] | None

    @property
    def equations(self) -> tuple[str, ...]:
        """The equations as text."""
        return () if self.reduced is None else tuple(as_text(self.reduced))

    @property
    def setting(self) -> OrderSetting:
        """The setting of the cell. Raises ValueError where there is none."""
        if self.cell is None:
            raise ValueError("an exact-specified model has no cell of several atoms")
        return self.cell


def order_setting(
    gate: str = "linear",
    expert: str = "gaussian",
    source: str | sp.Expr | Activation | None = None,
    *,
    size: int = 2,
    split: str = "one",
    point: Mapping[str, Constant] | None = None,
    dim: int = 1,
) -> OrderSetting:
    """The setting of names.

    Args:
        gate: one of `GATES`, `SIGMOIDS` with every cell split. expert: a Gaussian expert with a named mean.
        source: an activation gate's activation.
        size: m, 2 or more. split: "one" or "all". dim: d.
        point: values of the gate's parameters at the split atom, as numbers or as constants of the expression language
            ("1/2", "log(2)"); by default beta1 = 1 (Laplace: 0), tau = 1, A = 1/2, c = 0 (log 2 where it is a bias) and
            Gamma = 1.

    Raises:
        ValueError: what is not accepted.
    """
    s = _checked(gate, source, size, split)
    spec = model(gate, expert, s, dim)
    labels, scale, held = scale_curve(spec, s)
    weights = weight_parameters(spec)
    moving = [p for p in spec.gate.parameters if p not in weights and (p not in held or p in spec.gate.shared)]
    if unknown := set(point or {}) - {p.name for p in moving}:
        accepted = ", ".join(p.name for p in moving)
        raise ValueError(f"no parameter {min(unknown)!r} of the gate {gate!r}; accepted: {accepted}")
    values = {p: constant(p.name, (point or {}).get(p.name, default_value(spec, p))) for p in (*held, *moving)}
    for p, value in values.items():
        if p.is_positive and not balls.value(value, {}) > 0:
            raise ValueError(f"{p.name} must be positive, not {value}")
    cell = Splitting(spec, values, held)
    line = cell if dim == 1 or gate.startswith(COSINE) else _line(model(gate, expert, s), cell)
    if len(line.each) + len(line.shared) > max(_MOST_MOVING, 4 + 2 * line.spec.dim):
        raise ValueError(f"orders are computed for at most {_MOST_MOVING} parameters of an atom, not for {expert!r}")
    power = weight_power(s, values[TAU]) if gate == "activation" and s is not None and not scale else 0
    power, flat = power_curve(cell, power)
    if split == "all" and not power:
        flat = common_curve(cell, s, other_gate(cell, split))
    return OrderSetting(cell, line, size, "all" if split == "all" else "one", s, scale, labels, flat, power)


def default_value(spec: MoESpec, p: sp.Symbol, atom: int = 0) -> sp.Expr:
    """The value of a parameter of the gate at the split atom, or at the other one (1), where none is given."""
    name = p.name.split("_")[0]
    if spec.gate.name == BIASED and name == "c":
        return sp.log(2) if atom == 0 else sp.S.Zero
    if spec.gate.name == "laplace" and name == "beta1":
        return sp.Integer(-atom)
    return sp.sympify(_PLACES[name][atom] if name in _PLACES else 1)


def _line(spec: MoESpec, cell: Splitting) -> Splitting:
    """The cell on a line through the origin (of a Gaussian gate: through c), scaled so that beta1 is 1 or 0 on it."""
    weights = weight_parameters(spec)
    point = {p: cell.point.get(p, default_value(spec, p)) for p in spec.gate.parameters if p not in weights}
    if not any(v for p, v in cell.point.items() if p.name.startswith("beta1")):
        point = {p: sp.S.Zero if p.name == "beta1" else v for p, v in point.items()}
    return Splitting(spec, point, tuple(p for p in spec.gate.shared if p in cell.held))


def on_line(name: str, expert: str) -> str:
    """The parameter of dimension 1 that a coordinate is a part of: a_1_2 of a quadratic form is seen as a_2."""
    stem, *places = name.split("_")
    return f"{stem}_{len(places)}" if stem == "a" and expert.startswith("polynomial") else stem


def _checked(gate: str, source: str | sp.Expr | Activation | None, size: int, split: str) -> Activation | None:
    """The activation, once the names are known to be accepted."""
    require_gate(gate, source is not None, GATES)
    if size < 2:
        raise ValueError(f"a cell has at least 2 atoms, not {size}")
    if split not in ("one", "all"):
        raise ValueError(f"the split is 'one' or 'all', not {split!r}")
    if gate in SIGMOIDS and split == "one":
        raise ValueError(f"{NOT_SHARED}; accepted: every cell split (split 'all')")
    s = None if source is None else activation(source)
    if s is not None and s.parameters:
        raise ValueError(f"activation {s.name!r} has free parameters: numbers are needed in their place")
    return s


def other_place(setting: OrderSetting) -> dict[sp.Symbol, sp.Expr]:
    """The gate of the other true atom: held, but for every cell split where parameters are not modulo translation."""
    return other_gate(setting.cell, setting.split)


def other_gate(cell: Splitting, split: str) -> dict[sp.Symbol, sp.Expr]:
    """`other_place` of a cell."""
    spec, cosine = cell.spec, cell.spec.gate.name in (COSINE, "cosine-perturbed")
    found = {p: default_value(spec, p, 1) for p in cell.own}
    if cosine or (split == "all" and spec.gate.name not in (*TRANSLATED, "laplace")):
        found |= {p: sp.Integer(-1 if cosine else OTHER_SPLIT) for p in found if p.name.startswith("beta1")}
    return found


def orders(setting: OrderSetting, *, moments: bool = False) -> Orders:
    """Everything that theory says of the orders in a setting.

    moments: whether to look for a certificate by moments (theory.md 2.8) where there is none of the equations of two
    atoms: in cells of more atoms and for d > 1. It takes up to some seconds.
    """
    if setting.size == 2 and setting.split == "one":
        found, proof, reason = certified(setting.line)
    else:
        found, proof = None, None
        reason = "certificates are issued for cells beside a singleton" if setting.split == "all" else ""
    scaled = [p for p in setting.cell.spec.gate.parameters if p.name in setting.labels or p in setting.cell.held]
    moved = [p.name for p in scaled if setting.cell.point[p].is_zero is False]
    are = "are" if len(moved) > 1 else "is"
    reasons = [f"{', '.join(moved)} {are} flat: {setting.scale}"] if setting.scale else []
    if still := [p.name for p in scaled if p.name not in moved]:
        reasons.append(f"{', '.join(still)}: 0 here, and not moved; the order is that of the invariant")
    reasons += [] if setting.cell.weighted else [_EQUAL]
    reasons += [reason] if reason else []
    reasons += [f"{setting.label(name)} is flat: {text}" for name, text in setting.flat.items()]
    certified_here = found is not None and bool(proof or found.theorem)
    upper = _from_certificate(setting, found) if found is not None and certified_here else {}
    if certified_here and setting.dim > 1:
        reasons.append("bounds of dimension 1, which hold on lines (theory.md 2.10)")
        proof = None
    known = _from_theorems(setting, upper)
    certified_names = upper.keys() - known.keys() if proof else set()
    reasons = [text.replace("no upper bound:", "no certificate:") for text in reasons]
    upper |= {name: r for name, (r, _) in known.items()}
    if moments and proof is None and setting.split == "one":
        shown, proof, why = by_moments(setting.cell, setting.size)
        upper |= (best := {n: r for n, r in shown.items() if r <= upper.get(n, r)})
        known = {n: bound for n, bound in known.items() if n not in best}
        certified_names = set(best)
        said = setting.dim == 1 and any(text.startswith("no certificate") for text in reasons)
        reasons += [why] if proof or not (said or why in reasons) else []
    theorems = {why: ", ".join(setting.label(n) for n in known if known[n][1] == why) for _, why in known.values()}
    reasons += [f"{names}: bounded by a theorem, without a certificate ({why})" for why, names in theorems.items()]
    rows = [Order(n, n, False, None, True) for n in moved]
    for p in setting.parameters:
        flat = p.name in setting.flat
        r = None if flat else upper.get(p.name)
        rows.append(Order(setting.label(p.name), p.name, False, r, flat, bool(r) and p.name in certified_names))
    for p in setting.cell.each:
        title, flat = f"mean {p.name}", p.name in setting.flat
        own, bounds = upper.get(title), [r for n in (title, p.name) if (r := upper.get(n))]
        r = None if flat else min(bounds, default=None)
        proved = r is not None and r == own and title in certified_names
        rows.append(Order(setting.label(title), p.name, True, r, flat, proved))
    rows = _with_curves(setting, rows)
    if exact := [row.parameter for row in rows if row.exact and row.upper != 1]:
        reasons.append(f"{', '.join(exact)}: exact, as a curve reaches the bound (theory.md 2.10)")
    if any(row.mean and row.upper and f"mean {row.name}" not in upper for row in rows):
        reasons.append("a weighted mean has at most the order of the offsets, where it has no bound of its own")
    if left := [row.parameter for row in rows if row.upper is None and not row.flat and not row.mean]:
        reasons.append(f"{', '.join(left)}: no theorem gives a bound here")
    return Orders(setting, found.reduced if found else None, tuple(rows), tuple(reasons), proof)


def _with_curves(setting: OrderSetting, rows: Sequence[Order]) -> list[Order]:
    """The orders with what curves reach; in dimensions above 1 these are curves of dimension 1 (theory.md 2.10)."""
    if setting.dim > 1 and setting.cell.spec.gate.name == "gaussian":
        return list(rows)
    found = reached(setting.line, setting.size, every=setting.split == "all")
    names = [f"{'mean ' * row.mean}{setting.on_line(row.name)}" for row in rows]
    return [row if row.flat else replace(row, reached=found.get(n)) for row, n in zip(rows, names, strict=True)]


def _from_certificate(setting: OrderSetting, found: UpperOrders) -> dict[str, Fraction]:
    """The bounds of the parameters and of their weighted means by the equations of a cell of two, d > 1 on lines."""
    seen = {p.name: setting.on_line(p.name) for p in setting.parameters}
    bounds = {name: found.order(line) for name, line in seen.items()}
    if setting.dim == 1 or setting.cell.spec.gate.name != "gaussian":  # whose shares are others on lines
        bounds |= {f"mean {p.name}": found.mean(seen[p.name]) for p in setting.cell.each}
    return {name: r for name, r in bounds.items() if r is not None}


def _from_theorems(setting: OrderSetting, upper: Mapping[str, Fraction]) -> Bounds:
    """The bounds by theorems that are below those that are known, without those of what is flat."""
    known = known_orders(
        setting.cell,
        setting.source,
        other_place(setting),
        setting.size,
        every=setting.split == "all",
        flat=bool(setting.flat),
        power=setting.power,
        upper=upper,
        line=setting.line if setting.cell.spec.gate.name in ON_LINES else None,
    )
    return {
        name: bound
        for name, bound in known.items()
        if name.removeprefix("mean ") not in setting.flat and (name not in upper or bound[0] < upper[name])
    }
