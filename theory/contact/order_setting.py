"""The settings whose contact orders are bounded: a gate, an expert, a true point, and how many atoms a cell has.

Example: ``order_setting("gaussian", size=3, dim=2)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import sympy as sp

from temperance.theory.activations.activation import Activation, activation
from temperance.theory.contact.flat_curves import common_curve, power_curve, scale_curve, weight_power
from temperance.theory.contact.orders_from_theorems import OTHER_SPLIT
from temperance.theory.expressions import balls
from temperance.theory.models.by_name import model
from temperance.theory.models.gates import BIASED, COSINE, FITTED, require_gate
from temperance.theory.models.spec import TAU, MoESpec
from temperance.theory.orders.split_cell import Splitting, weight_parameters
from temperance.theory.rates.true_point import Constant, constant

SIGMOIDS = ("sigmoid", "sigmoid-tau-1")
"""The normalised sigmoid gates, whose atoms have no weights of their own."""
GATES = (*FITTED, BIASED, "quadratic", "gaussian", "laplace", COSINE, "cosine-perturbed", *SIGMOIDS)
NOT_SHARED = (
    "no order: a mixture that splits one true atom and not another has the true density for almost no truth "
    "(theory.md 2.10)"
)
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
        raise ValueError(f"{NOT_SHARED}; for this gate only --split all has orders")
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
