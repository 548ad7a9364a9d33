"""The settings whose contact orders are bounded: a gate, an expert, a true point, and how many atoms a cell has.

Example: ``order_setting("gaussian", size=3, dim=2)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import sympy as sp

from temperance.theory.activations.activation import Activation, activation
from temperance.theory.contact.flat_curves import common_curve, power_curve, scale_curve, weight_power, without_bias
from temperance.theory.expressions import balls
from temperance.theory.models import experts
from temperance.theory.models.by_name import least, model
from temperance.theory.models.gates import names
from temperance.theory.models.spec import TAU, Expert, Gate, Jet, MoESpec, covariates, true_value
from temperance.theory.models.weights import is_weighted, weight_parameters
from temperance.theory.orders.split_cell import Splitting
from temperance.theory.rates.true_point import Constant, constant
from temperance.theory.traits.traits import on_lines

NOT_SHARED = (
    "no order: a mixture that splits one true atom and not another has the true density for almost no truth "
    "(theory.md 2.10)"
)
NOT_KNOWN = (
    "no order: atoms have no weights of their own, and whether a mixture can split one and not another is not known"
)
_MOST_MOVING = 7  # parameters of an atom, tau included


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
    gate: str | Gate = "linear",
    expert: str | Expert = "gaussian",
    source: str | sp.Expr | Activation | None = None,
    *,
    size: int = 2,
    split: str = "one",
    point: Mapping[str, Constant] | None = None,
    dim: int = 1,
) -> OrderSetting:
    """The setting of names.

    Args:
        gate: as `models.by_name.model` takes it; with every cell split where atoms have no weights. expert: likewise,
            a Gaussian expert with a named mean.
        source: an activation gate's activation.
        size: m, 2 or more. split: "one" or "all". dim: d.
        point: values of the gate's parameters at the split atom, as numbers or as constants of the expression language
            ("1/2", "log(2)"); by default those of `true_value`.

    Raises:
        ValueError: what is not accepted.
    """
    s = _checked(source, size, split)
    spec = model(gate, expert, s, dim)
    if spec.log_atom.has(Jet):
        raise ValueError("orders need functions by name, such as --activation tanh or --expert nonlinear:tanh")
    if split == "one" and not is_weighted(spec):
        why = NOT_SHARED if _is_logistic(spec) else NOT_KNOWN
        raise ValueError(f"{why}; for this gate only --split all has orders")
    labels, scale, held = scale_curve(spec, s)
    weights = weight_parameters(spec)
    moving = [p for p in spec.gate.parameters if p not in weights and (p not in held or p in spec.gate.shared)]
    if unknown := set(point or {}) - {p.name for p in moving}:
        accepted = ", ".join(p.name for p in moving)
        raise ValueError(f"no parameter {min(unknown)!r} of the gate {spec.gate.name!r}; accepted: {accepted}")
    values = {p: constant(p.name, (point or {}).get(p.name, true_value(spec.gate, p, 0))) for p in (*held, *moving)}
    for p, value in values.items():
        if p.is_positive and not balls.value(value, {}) > 0:
            raise ValueError(f"{p.name} must be positive, not {value}")
    cell = Splitting(spec, values, held)
    line = _line(cell, gate, s)
    if len(line.each) + len(line.shared) > max(_MOST_MOVING, 4 + 2 * line.spec.dim):
        raise ValueError(
            f"orders are computed for at most {_MOST_MOVING} parameters of an atom, not for {spec.expert.name!r}"
        )
    power = weight_power(s, values[TAU]) if s is not None and without_bias(spec) and not scale else 0
    power, flat = power_curve(cell, power)
    if split == "all" and not power:
        flat = common_curve(cell, s, other_gate(cell, split))
    return OrderSetting(cell, line, size, "all" if split == "all" else "one", s, scale, labels, flat, power)


def accepted() -> dict[str, tuple[str, ...]]:
    """The gates whose orders are computed: without free functions. Name -> the options that it needs."""
    found = {}
    for name in names():
        spec, options = least(name)
        if not spec.gate.log_weight.has(Jet):
            found[name] = options if is_weighted(spec) else (*options, "--split all")
    return found


def _line(cell: Splitting, gate: str | Gate, s: Activation | None) -> Splitting:
    """The cell on a line through the origin (of a Gaussian gate: through c), scaled so that a vector is 1 or 0 on it.

    The cell itself in dimension 1, and where the gate is none of dimension 1 on lines, or has no name.
    """
    if (
        cell.spec.dim == 1
        or gate not in names()
        or not experts.is_named(cell.spec.expert.name)
        or not on_lines(cell.spec, shares=True)
    ):
        return cell
    spec = model(gate, cell.spec.expert.name, s)
    weights = weight_parameters(spec)
    moved = {p.name.split("_")[0] for p, v in cell.point.items() if v != 0}
    point = {p: cell.point.get(p, true_value(spec.gate, p, 0)) for p in spec.gate.parameters if p not in weights}
    point = {p: v if p.name in moved else sp.S.Zero for p, v in point.items()}
    return Splitting(spec, point, tuple(p for p in spec.gate.shared if p in cell.held))


def _is_logistic(spec: MoESpec) -> bool:
    """Whether the weight is 1/(1 + exp(-z)), z of degree 1 in x: whether a cell can be shared out is known then."""
    score = sp.expand(sp.expand_log(sp.log(sp.simplify(sp.exp(-spec.gate.log_weight) - 1)), force=True))
    x = covariates(spec.dim)
    return bool(score.is_polynomial(*x)) and sp.total_degree(score, *x) == 1


def on_line(name: str, expert: str) -> str:
    """The parameter of dimension 1 that a coordinate is a part of: a_1_2 of a quadratic form is seen as a_2."""
    stem, *places = name.split("_")
    return f"{stem}_{len(places)}" if stem == "a" and expert.startswith("polynomial") else stem


def _checked(source: str | sp.Expr | Activation | None, size: int, split: str) -> Activation | None:
    """The activation, once size and split are known to be accepted."""
    if size < 2:
        raise ValueError(f"a cell has at least 2 atoms, not {size}")
    if split not in ("one", "all"):
        raise ValueError(f"the split is 'one' or 'all', not {split!r}")
    s = None if source is None else activation(source)
    if s is not None and s.parameters:
        raise ValueError(f"activation {s.name!r} has free parameters: numbers are needed in their place")
    return s


def other_place(setting: OrderSetting) -> dict[sp.Symbol, sp.Expr]:
    """The gate of the other true atom: held, but for every cell split where scores are not modulo translation."""
    return other_gate(setting.cell, setting.split)


def other_gate(cell: Splitting, split: str) -> dict[sp.Symbol, sp.Expr]:
    """`other_place` of a cell."""
    return {p: true_value(cell.spec.gate, p, 2 if split == "all" else 1) for p in cell.own}
