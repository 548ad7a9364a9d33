"""Makes the settings whose contact orders are bounded, and says what is flat in them.

A gate may move along exact curves, in and across cells, on which the density does not (theory 3.3, B.1).

Example: ``order_setting("gaussian", size=3, dim=2)``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import sympy as sp

from temperance.theory.activations.activation import Activation, Z
from temperance.theory.conditions.degeneracies import classify
from temperance.theory.expressions import balls
from temperance.theory.interactions.independence import Place
from temperance.theory.models.by_name import least, model
from temperance.theory.models.experts import mean_of, unlike
from temperance.theory.models.form import factors, intercept, on_lines_as, renaming
from temperance.theory.models.gates import cosine, names
from temperance.theory.models.order import Quantity
from temperance.theory.models.spec import (
    BETA0,
    NU,
    Expert,
    Gate,
    Jet,
    MoESpec,
    covariates,
    is_weighted,
    kinks,
    true_value,
    weight_parameters,
)
from temperance.theory.models.truth import Setting, Truth, require_mean
from temperance.theory.rates.true_point import Constant, constant
from temperance.theory.symmetries.flows import Flow
from temperance.theory.symmetries.score_translations import plain_parameters
from temperance.theory.symmetries.traits import flows_of_gate, on_lines, translations
from temperance.theory.symmetries.vector_fields import SCALE

_MOST_OPERATIONS = 40  # of an activation whose weight is looked at as a polynomial


def scale_curve(spec: MoESpec, s: Activation | None) -> tuple[dict[str, str], str | None, tuple[sp.Symbol, ...]]:
    """Labels of the invariants, the flow and what is held: where the gate has a scale of its own, or shares tau's."""
    own = spec.gate.own
    failure = classify(s) if s is not None and without_bias(spec) else None
    if failure is not None:
        if failure.kind != "homogeneous" or not failure.symmetry or failure.flow is None:
            return {}, None, ()
        power = "" if failure.degree == 1 else f"^{failure.degree}"
        tau = spec.gate.shared
        return {p.name: f"{p}{power}/{tau[0]}" for p in own}, f"{failure.flow} has the same density", tau
    invariants: dict[sp.Symbol, sp.Expr] = {}
    flown: set[sp.Symbol] = set()
    held: list[sp.Symbol] = []
    statements = []
    for flow in (f for f in flows_of_gate(spec) if {*f.field.moved} <= {*spec.gate.parameters}):
        new = [p for p in flow.field.moved if p not in invariants and p not in held]
        chosen = next((p for p in new if p in spec.gate.shared), next(iter(new), None))
        again = [p for p in flow.field.moved if p in invariants]
        powers = {p: None if chosen is None else _power(flow, p, chosen) for p in again}
        if chosen is None or (again and (None in powers.values() or flown & {chosen} or {*held} & {*flow.field.moved})):
            continue  # its invariants and those of the flows before are not those of all
        its = {p: _invariant(flow, p, chosen) for p in own if p in new and p != chosen}
        its |= {p: 1 / _invariant(flow, p, chosen) for p in spec.gate.shared if p in new and p != chosen}
        its |= {p: invariants[p] / chosen**power for p, power in powers.items()}
        statements.append(_said(flow, [*own, BETA0, *spec.gate.shared], its))
        held, flown, invariants = [*held, chosen], flown | {*flow.field.moved}, invariants | its
    return {p.name: _text(e) for p, e in invariants.items()}, "; ".join(statements) or None, tuple(held)


def _power(flow: Flow, p: sp.Symbol, held: sp.Symbol) -> sp.Expr | None:
    """The power of what is held that a flow scales a parameter with; None where it does not scale both."""
    orbit = dict(flow.orbit)
    factors = [sp.cancel(orbit[q] / q) for q in (p, held)]
    is_scaling = not any(factor.free_symbols - {SCALE} for factor in factors)
    return sp.simplify(sp.log(factors[0]) / sp.log(factors[1])) if is_scaling else None


def _invariant(flow: Flow, p: sp.Symbol, held: sp.Symbol) -> sp.Expr:
    """What a flow keeps of a parameter: it has the order of its offset where another one is held."""
    power = _power(flow, p, held)
    if power is not None:
        return p / held**power
    return flow.invariants[[q for q in flow.field.moved if q != held].index(p)]  # one for each


def without_bias(spec: MoESpec) -> bool:
    """Whether beta1 alone is in the activation: a bias inside is a parameter more than there are coordinates."""
    return len(spec.gate.own) == spec.dim


def _said(flow: Flow, order: Sequence[sp.Symbol], invariants: Mapping[sp.Symbol, sp.Expr]) -> str:
    """The flow in words: as a scaling where it is one."""
    orbit = dict(flow.orbit)
    movers = [p for p in order if p in orbit]
    letter = next(s for s in ("l", "k", "m") if s not in {p.name for p in order})
    factors = [sp.cancel(orbit[p] / p).subs(SCALE, sp.Symbol(letter, positive=True)) for p in movers]
    if any(f.free_symbols - {sp.Symbol(letter, positive=True)} for f in factors):
        names = ", ".join(p.name for p in movers if p != BETA0)
        return f"changes of {names} that keep {', '.join(map(_text, invariants.values()))} keep the density"
    scaled = ", ".join(_text(f) + f" {p}" for f, p in zip(factors, movers, strict=True))
    return f"({scaled}) has the same density for every {letter} > 0"


def _text(e: sp.Expr) -> str:
    return str(e).replace("**", "^")


def common_curve(cell: Setting, s: Activation | None, other: Mapping[sp.Symbol, sp.Expr]) -> dict[str, str]:
    """What is flat where both of two cells are split, and all of their atoms may move.

    other: the gate of the other true atom. Returns the names of parameters -> the identity.
    """
    gate, own = cell.spec.gate, cell.own
    plain = [p.name for p in own if p in plain_parameters(cell.spec)]
    if s is not None and without_bias(cell.spec):
        return _along_rays(cell, s, other)
    shifts = translations(cell.spec)
    if len(plain) < len(own) and shifts and _all_move(shifts, own, (cell.point, {**cell.point, **other})):
        functions = ", ".join(_text(f.as_independent(*gate.parameters, as_Add=False)[1]) for f in shifts)
        text = f"offsets of {functions} that are the same in every cell cancel: log weights are linear in them"
        return dict.fromkeys((p.name for p in own), text)
    if cell.spec.dim > 1 and renaming(gate, cosine(cell.spec.dim)):
        text = "two true atoms show (beta1_1/|beta1_1| - beta1_2/|beta1_2|)/tau alone: tau moves on a curve"
        return dict.fromkeys((p.name for p in (*own, *cell.shared)), text)
    text = "offsets that are the same in every cell cancel in the softmax: the log weight is linear in them"
    return dict.fromkeys(plain, text)


def _all_move(functions: Sequence[sp.Expr], own: Sequence[sp.Symbol], places: Iterable[Place]) -> bool:
    """Whether at every true atom any change of the functions is one of the parameters, and each of these is needed."""
    slopes = sp.Matrix(functions).jacobian(own)
    if slopes.rows != slopes.cols:
        return False
    return all(balls.is_nonzero(balls.value(slopes.subs(dict(place)).det(), {})) for place in places)


def _along_rays(cell: Setting, s: Activation, other: Mapping[sp.Symbol, sp.Expr]) -> dict[str, str]:
    """The curves of an activation gate whose true beta1 are positive multiples of each other."""
    if not all(other[p] for p in cell.own):
        return {}
    ratios = {cell.point[p] / other[p] for p in cell.own}
    if len(ratios) != 1 or not min(ratios).is_positive:
        return {}
    own = [p.name for p in cell.own]
    if cell.held:
        text = "beta1 has multiples of one vector: offsets of beta1^p/tau that are the same in every cell cancel"
        return dict.fromkeys(own, text)
    formula = s.pieces[0].expr
    terms = {*sp.Poly(formula, Z).monoms()} - {(0,)} if formula.is_polynomial(Z) and len(s.pieces) == 1 else ()
    if len(terms) != 2 or ratios == {sp.S.One}:
        return {}
    text = "two powers show two numbers; beta1 of two cells and tau are three, so that all move on a curve"
    return dict.fromkeys((*own, *(p.name for p in cell.shared)), text)


def weight_power(s: Activation, tau: sp.Expr) -> int:
    """k, where exp(s/tau) = c0 + c1 z^k and k >= 2; else 0."""
    if len(s.pieces) > 1 or s.pieces[0].expr.count_ops() > _MOST_OPERATIONS:
        return 0
    weight = sp.powsimp(sp.simplify(sp.exp(s.pieces[0].expr / tau)))
    powers = {m for (m,) in sp.Poly(weight, Z).monoms()} - {0} if weight.is_polynomial(Z) else set()
    return int(min(powers)) if len(powers) == 1 and min(powers) > 1 else 0


def power_curve(cell: Setting, k: int) -> tuple[int, dict[str, str]]:
    """What is flat where the weight is linear in beta1^k, k >= 2: the mean of beta1^k alone is seen.

    Those of the gate that are not 0, as two atoms with the mean of (beta1.x)^k have multiples of the true beta1.
    Returns (k, names -> the identity); (0, {}) where k = 0 or all are 0.
    """
    names = [p.name for p in cell.own if cell.point[p].is_zero is False] if k else []
    text = f"exp(s/tau) is linear in beta1^{k}: two atoms that keep the mean of beta1^{k} keep the density"
    return (k, dict.fromkeys(names, text)) if names else (0, {})


SUPPORT = (sp.Integer(-2), sp.Integer(2))
"""The ends of every coordinate of x."""
NOT_SHARED = (
    "no order: a mixture that splits one true atom and not another has the true density for almost no truth "
    "(theory C.1.1)"
)
NOT_KNOWN = (
    "no order: atoms have no weights of their own, and whether a mixture can split one and not another is not known"
)
_MOST_MOVING = 7  # parameters of an atom, tau included


@dataclass(frozen=True)
class FlatCurves:
    """What is flat in a setting, and why.

    scale: the exact scale symmetry, if there is one; what it moves is flat. labels: what the gate's parameters are
    called where invariants of it are meant. flat: parameters along which there is another exact curve of one density ->
    the identity. power: k >= 2, where that is because the weight is linear in beta1^k at the true temperature; else 0.
    """

    scale: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    flat: Mapping[str, str] = field(default_factory=dict)
    power: int = 0

    def label(self, name: str, is_mean: bool = False) -> str:
        """What a parameter, or its weighted mean, is called in the results."""
        return str(Quantity(self.labels.get(name, name), is_mean))


def order_setting(
    gate: str | Gate = "linear",
    expert: str | Expert = "gaussian",
    source: str | sp.Expr | Activation | None = None,
    *,
    size: int = 2,
    split: str = "one",
    point: Mapping[str, Constant] | None = None,
    dim: int = 1,
) -> Setting:
    """The setting of a gate and an expert: a true atom that is split, and another one.

    The experts of the two have slopes 1 and -1, intercepts 0 and 3 and variances 1 and 3/2; x is uniform on [-2, 2]^d.

    Args:
        gate: as `models.by_name.model` takes it; with every cell split where atoms have no weights. expert: likewise,
            a Gaussian expert with a named mean.
        source: an activation gate's activation.
        size: m, 2 or more. split: "one" (the other atom is fitted by one, and its gate is held) or "all". dim: d.
        point: values of the gate's parameters at the split atom, as numbers or as constants of the expression language
            ("1/2", "log(2)"); by default those of `true_value`.

    Raises:
        ValueError: what is not accepted.
    """
    if size < 2:
        raise ValueError(f"a cell has at least 2 atoms, not {size}")
    if split not in ("one", "all"):
        raise ValueError(f"the split is 'one' or 'all', not {split!r}")
    spec = model(gate, expert, source, dim)
    s = spec.gate.activation
    if s is not None and s.parameters:
        raise ValueError(f"activation {s.name!r} has free parameters: numbers are needed in their place")
    require_named(spec)
    if split == "one" and (obstacle := not_shared(spec)):
        raise ValueError(f"{obstacle}; for this gate only --split all has orders")
    require_mean(spec)
    held = scale_curve(spec, s)[2]
    values = _values(spec, point or {}, held)
    place = 2 if split == "all" else 1  # of the other atom: held, or split where scores are not modulo translation
    there = {p: values[p] if p in held else true_value(spec.gate, p, place) for p in values if p in spec.gate.own}
    setting = Setting(_truth(spec, values, there), (size, size if split == "all" else 1), held)
    line = line_of(setting)
    if len(line.parameters) > max(_MOST_MOVING, 4 + 2 * line.spec.dim):
        raise ValueError(
            f"orders are computed for at most {_MOST_MOVING} parameters of an atom; {spec.gate.name} gates with "
            f"{spec.expert.name} experts have {len(line.parameters)}"
        )
    return setting


def free_parameters(chosen: Setting) -> tuple[sp.Symbol, ...]:
    """The parameters that a true point gives values to."""
    return (*chosen.own, *chosen.spec.gate.shared)


def require_law(truth: Truth) -> None:
    """Raise ValueError where kinks may lie outside of the x of a truth: they are looked for in `SUPPORT`.

    What is proved there holds of every interval that has it as a part: distances are larger, and curves are for all x.
    """
    low, high = truth.box or SUPPORT
    pieces = kinks(truth.spec) or (mean_of(truth.spec.expert) or sp.S.Zero).has(sp.Piecewise)
    if pieces and not (low <= SUPPORT[0] and SUPPORT[1] <= high):
        kinked = f"rates of a model with kinks are not proved for x uniform on [{low}, {high}]"
        raise ValueError(f"{kinked}; accepted: an interval that holds [{SUPPORT[0]}, {SUPPORT[1]}]")


def at_truth(setting: Setting, truth: Truth | None) -> Setting:
    """The setting at the first two atoms of a truth, if there is one, with its law of x.

    What a flow of one atom holds has the value of the first atom in both: the second one moves along the flow, which
    keeps its density.

    Raises:
        ValueError: the gate has no derivative there, the two experts have equal means, or as `require_law`.
    """
    if truth is None:
        return setting
    require_law(truth)
    spec, first, second = setting.spec, dict(truth.atoms[0]), dict(truth.atoms[1])
    for flow in flows_of_gate(spec):
        for p in (p for p in setting.held if p in flow.field.moved and second.get(p) != first.get(p)):
            second |= _along(flow, p, second, first[p])
    means = [tuple(atom[p] for p in spec.expert.parameters if p != NU) for atom in (first, second)]
    if means[0] == means[1]:
        raise ValueError("with more fitted atoms than true ones the true experts must have distinct means")
    chosen = replace(setting, truth=Truth(spec, (first, second), truth.shared, truth.box))
    for point in map(chosen.truth.point, range(2)):
        slopes = [sp.diff(spec.gate.log_weight, p).subs(point) for p in spec.gate.own]
        if any(slope.has(sp.nan, sp.zoo) for slope in slopes):
            raise ValueError(f"the gate {spec.gate.name!r} has no derivative at this true point; accepted: another one")
    return chosen


def _along(flow: Flow, p: sp.Symbol, atom: Mapping[sp.Symbol, sp.Expr], value: sp.Expr) -> dict[sp.Symbol, sp.Expr]:
    """The parameters of an atom where a flow gives one of them a value. Raises ValueError where it never does."""
    orbit = {q: e.subs(dict(atom), simultaneous=True) for q, e in flow.orbit if q in atom}
    scales = [s for s in sp.solve(orbit[p] - value, SCALE) if s.is_positive]
    if not scales:
        raise ValueError(f"{p.name} is held, as a scale moves it: orders need one sign of it in all atoms")
    return {q: sp.simplify(e.subs(SCALE, scales[0])) for q, e in orbit.items()}


def require_named(spec: MoESpec) -> None:
    """Raise ValueError for a model with a free function."""
    if spec.log_atom.has(Jet):
        raise ValueError("orders need functions by name, such as --activation tanh or --expert nonlinear:tanh")


def require_parameters(point: Mapping[str, Constant], parameters: Iterable[sp.Symbol], gate: Gate) -> None:
    """Raise ValueError for a value of what is no known parameter."""
    names = [p.name for p in parameters]
    if unknown := set(point) - {*names}:
        accepted = ", ".join(names)
        raise ValueError(f"no parameter {min(unknown)!r} of the gate {gate.name!r}; accepted: {accepted}")


def _values(spec: MoESpec, point: Mapping[str, Constant], held: Sequence[sp.Symbol]) -> dict[sp.Symbol, sp.Expr]:
    """The values of the gate's parameters in the split atom, those that are held among them."""
    weights = weight_parameters(spec)
    moving = [p for p in spec.gate.parameters if p not in weights and (p not in held or p in spec.gate.shared)]
    require_parameters(point, moving, spec.gate)
    values = {p: constant(p.name, point.get(p.name, true_value(spec.gate, p, 0))) for p in (*held, *moving)}
    for p, value in values.items():
        if p.is_positive and not balls.value(value, {}) > 0:
            raise ValueError(f"{p.name} must be positive, not {value}")
    slopes = [sp.diff(spec.gate.log_weight, p).subs(values) for p in spec.gate.own] if point else []
    if any(slope.has(sp.nan, sp.zoo) for slope in slopes):
        raise ValueError(f"the gate {spec.gate.name!r} has no derivative at this true point; accepted: another one")
    return values


def _truth(spec: MoESpec, values: Mapping[sp.Symbol, sp.Expr], there: Mapping[sp.Symbol, sp.Expr]) -> Truth:
    """The true mixture with these values of the gate, and there of its own parameters in the other atom."""
    bias = {} if spec.gate.offset is None else {BETA0: sp.S.Zero}
    alike = dict.fromkeys(weight_parameters(spec), sp.S.One) or bias
    own = {p: v for p, v in values.items() if p not in spec.gate.shared}
    intercepts = {intercept(require_mean(spec), spec.expert.parameters[:-1], spec.dim)}
    atoms: list[dict[sp.Symbol, sp.Expr]] = []
    for gate, slope, b, nu in ((own, 1, 0, 1), (there, -1, 3, sp.Rational(3, 2))):
        atom = {p: sp.sympify(nu if p == NU else b if p in intercepts else slope) for p in spec.expert.parameters}
        atoms.append({**gate, **alike, **unlike(spec.expert, atom, atoms)})
    return Truth(spec, tuple(atoms), {p: values[p] for p in spec.gate.shared}, SUPPORT)


@lru_cache(maxsize=64)
def flat_curves(setting: Setting) -> FlatCurves:
    """What is flat in a setting."""
    spec, s = setting.spec, setting.spec.gate.activation
    labels, scale, _ = scale_curve(spec, s)
    power = (
        weight_power(s, setting.point[spec.gate.shared[0]]) if s is not None and without_bias(spec) and not scale else 0
    )
    power, flat = power_curve(setting, power)
    if setting.every and not power:
        flat = common_curve(setting, s, setting.other)
    return FlatCurves(scale, labels, flat, power)


def accepted() -> dict[str, tuple[str, ...]]:
    """The gates whose orders are computed: without free functions. Name -> the options that it needs."""
    options_of = {}
    for name in names():
        spec, options = least(name)
        if not spec.gate.log_weight.has(Jet):
            options_of[name] = options if is_weighted(spec) else (*options, "--split all")
    return options_of


@lru_cache(maxsize=64)
def line_of(setting: Setting) -> Setting:
    """A setting on a line through the origin (of a Gaussian gate: through c), scaled so that a vector is 1 or 0 on it.

    The setting itself in dimension 1, and where the gate is none of dimension 1 on lines, or has no name.
    """
    spec = _on_lines(setting.spec)
    line = on_lines_as(setting.spec.gate, setting.spec.dim)
    if spec is None or line is None:
        return setting
    point, weights, seen = setting.point, weight_parameters(spec), line[1]
    movers = {q for p, (q, _) in seen.items() if p in point and point[p] != 0}
    whole = {q: point[p] for p, (q, alone) in seen.items() if alone and p in point}
    values = {q: whole.get(q, true_value(spec.gate, q, 0)) for q in spec.gate.parameters if q not in weights}
    values = {q: v if q in movers else sp.S.Zero for q, v in values.items()}
    there = {q: true_value(spec.gate, q, 1) for q in values if q in spec.gate.own}
    return Setting(_truth(spec, values, there), setting.cells, tuple(seen[p][0] for p in setting.held))


def _on_lines(spec: MoESpec) -> MoESpec | None:
    """The model of dimension 1 that is seen on lines; None where there is none with a name."""
    line = None if spec.dim == 1 else on_lines_as(spec.gate, spec.dim)
    if line is None or not on_lines(spec, shares=True):
        return None
    try:
        return model(line[0], spec.expert.name) if model(spec.gate, spec.expert.name, dim=spec.dim) == spec else None
    except ValueError:  # an expert of one's own
        return None


def not_shared(spec: MoESpec) -> str | None:
    """Why a cell beside a singleton has no order: atoms have no weights of their own. None where they have some."""
    return None if is_weighted(spec) else NOT_SHARED if _is_logistic(spec) else NOT_KNOWN


def _is_logistic(spec: MoESpec) -> bool:
    """Whether the weight is 1/(1 + exp(-z)), z of degree 1 in x: whether a cell can be shared out is known then."""
    score = sp.expand(sp.expand_log(sp.log(sp.simplify(sp.exp(-spec.gate.log_weight) - 1)), force=True))
    x = covariates(spec.dim)
    return bool(score.is_polynomial(*x)) and sp.total_degree(score, *x) == 1


def same_factor(expert: Expert, dim: int, other: Expert, there: int) -> dict[str, str]:
    """Name of a parameter -> that of another expert's with the same part in its mean, on a line if `there` is not dim.

    On a line a_1_2 of a quadratic form, which stands before x1 x2, is a_2, before x^2.
    """
    (line,), sides = covariates(1), []
    for e, d in ((expert, dim), (other, there)):
        mean = mean_of(e)
        parts = {} if mean is None else {**factors(mean, e.parameters[:-1], d), NU: NU}
        sides.append({p: f if dim == there else f.subs(dict.fromkeys(covariates(d), line)) for p, f in parts.items()})
    theirs = {f: q.name for q, f in sides[1].items()}
    return {p.name: theirs[f] for p, f in sides[0].items() if f in theirs}
