"""Describes gates, experts and mixtures of experts as symbolic data.

An atom is u = (gate weight) * (expert density); a model is the mixture

    g(y|x) = sum_i w_i(x) f_i(y|x) / sum_i w_i(x),   w_i = exp(log_weight_i + offset_i).

A gate or an expert of one's own is an expression and its parameters:

    >>> from temperance.theory.models.spec import Expert, Gate, MoESpec, Y, covariates
    >>> import sympy as sp
    >>> (x,), (beta, m) = covariates(1), sp.symbols("beta m", real=True)
    >>> gate = Gate("cubic", beta * x**3, (beta,))
    >>> expert = Expert("poisson-like", Y * sp.log(sp.exp(m)) - sp.exp(m), (m,))
    >>> MoESpec(gate, expert, 1).parameters
    (beta, m)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product
from typing import Literal

import sympy as sp
from sympy.core.function import AppliedUndef

from temperance.theory.activations.activation import Activation
from temperance.theory.expressions.arguments import checked
from temperance.theory.expressions.balls import is_constant_in, is_zero
from temperance.theory.models.pieces import boundaries, formulas_of, in_conditions, is_constant, without_kinks_inside

Y = sp.Symbol("y", real=True)
TAU = sp.Symbol("tau", positive=True)
NU = sp.Symbol("nu", positive=True)
BETA0 = sp.Symbol("beta0", real=True)


class Jet(sp.Function):
    """Jet(s, m, z): the m-th derivative at z of a free (unspecified, real, smooth) function called s."""

    nargs = 3

    def fdiff(self, argindex: int = 3) -> sp.Expr:
        """Derivative in the point z (the third argument)."""
        if argindex != 3:
            return sp.S.Zero
        name, order, point = self.args
        return Jet(name, order + 1, point)

    def _eval_is_extended_real(self) -> bool:
        return True

    def _latex(self, printer: sp.printing.printer.Printer, exp: str | None = None) -> str:
        name, order, point = self.args
        power = rf"\left({{}}\right)^{{{exp}}}" if exp else ""
        body = rf"{printer._print(name)}^{{({order})}}\left({printer._print(point)}\right)"
        return rf"\left({body}\right)^{{{exp}}}" if power else body


def covariates(dim: int) -> tuple[sp.Symbol, ...]:
    """Symbols of x in R^dim: (x,) or (x_1, .., x_dim)."""
    return coordinates("x", dim)


def coordinates(name: str, dim: int) -> tuple[sp.Symbol, ...]:
    """Real symbols of a vector in R^dim: (name,) or (name_1, .., name_dim)."""
    if dim == 1:
        return (sp.Symbol(name, real=True),)
    return tuple(sp.Symbol(f"{name}_{j}", real=True) for j in range(1, dim + 1))


def dot(u: Sequence[sp.Expr], v: Sequence[sp.Expr]) -> sp.Expr:
    """u.v."""
    return sum((p * q for p, q in zip(u, v, strict=True)), sp.S.Zero)


MOST_DERIVED, MOST_FITTED = 20, 200
"""The greatest dimension of x of which something is derived, and of which data are fitted."""


def require_dimension(dim: int, most: int = MOST_FITTED) -> None:
    """Raise ValueError for a dimension of x that is not accepted."""
    if not isinstance(dim, int) or isinstance(dim, bool) or not 1 <= dim <= most:
        raise ValueError(f"the dimension of x must be an integer from 1 to {most}, got {dim!r}")


def _require_symbols(what: str, parameters: tuple[sp.Symbol, ...]) -> None:
    for p in parameters:
        if re.fullmatch(r"x(_\d+)?|y|u", p.name):
            raise ValueError(f"{what}: {p.name!r} names a covariate, the response or the atom, not a parameter")
        if not p.is_real:
            hint = f"{p.name} = sp.Symbol({p.name!r}, real=True)"
            raise ValueError(f"{what}: the parameter {p.name!r} is not declared real; write {hint}")
    _require_distinct(what, parameters)


def _require_distinct(what: str, symbols: Iterable[sp.Symbol]) -> None:
    names: set[str] = set()
    for p in symbols:
        if p.name in names:
            raise ValueError(f"{what}: parameter {p.name!r} is used twice; every parameter needs a name of its own")
        names.add(p.name)


def _require_declared(what: str, expr: sp.Expr, parameters: tuple[sp.Symbol, ...], constants: tuple) -> None:
    if expr.atoms(sp.Float):
        raise ValueError(f"{what}: floating-point numbers are not exact; write rationals, such as sp.Rational(1, 2)")
    _require_smooth_pieces(what, expr)
    free = expr.free_symbols
    unused = [p.name for p in parameters if p not in free]
    if unused:
        raise ValueError(f"{what}: the expression does not depend on its parameter {unused[0]!r}")
    names = {jet.args[0] for jet in expr.atoms(Jet)}
    for s in sorted(free - set(parameters) - set(constants) - names - {Y}, key=str):
        is_reserved = re.fullmatch(r"x(_\d+)?|y", s.name)
        if is_reserved and s != sp.Symbol(s.name, real=True):
            raise ValueError(
                f"{what}: the symbol {s.name!r} is not the one of covariates and the response; "
                f"write {s.name} = sp.Symbol({s.name!r}, real=True)"
            )
        if not is_reserved:
            raise ValueError(
                f"{what}: the symbol {s.name!r} is neither a parameter, a constant nor a covariate of "
                "temperance.theory.models.spec.covariates(dim) or theory.models.spec.Y; declare it"
            )


def _require_smooth_pieces(what: str, expr: sp.Expr) -> None:
    if expr.has(sp.floor, sp.ceiling):
        raise ValueError(f"{what}: write floor and ceiling as a SymPy Piecewise of smooth expressions")
    if expr.has(sp.I, sp.nan, sp.oo, -sp.oo, sp.zoo):
        raise ValueError(f"{what}: the expression must be real and finite")
    if expr.atoms(AppliedUndef):
        raise ValueError(f"{what}: write a free function f(z) as theory.models.spec.Jet(Symbol('f'), 0, z)")


def _in_pieces(what: str, expr: sp.Expr) -> sp.Expr:
    try:
        return without_kinks_inside(expr)
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from None


def bias_of(log_weight: sp.Expr, shared: Iterable[sp.Symbol]) -> sp.Expr:
    """beta0 over the shared parameters that divide a whole log weight: beta0/tau of a score over tau."""

    def divides(p: sp.Symbol) -> bool:
        rest = [p * sp.diff(e, p) + e for e in formulas]  # 0 where p*log_weight is free of p
        return p not in moving and all(is_zero(e) for e in rest)

    formulas, moving = formulas_of(log_weight), in_conditions(log_weight)
    return BETA0 / sp.prod([p for p in shared if divides(p)])


_OVER_SHARED = sp.Dummy("offset")  # stands for the offset that a gate has by default
_set = object.__setattr__  # while a frozen object is made


@checked
@dataclass(frozen=True)
class Gate:
    """Weight of an atom: exp(log_weight), an expression in x and the gate's parameters.

    name: what messages call it; shared: the parameters that all atoms of a mixture have in common (the temperature);
    offset: what the bias beta0 of an atom adds to its log weight (None where the gate has a bias of its own), by
    default beta0, over the shared parameters that divide the log weight: beta0/tau;
    constants: free symbols that are not parameters; caveat: what was assumed in writing the gate down, if anything;
    places: the values of parameters in the true atoms that orders are shown at, as `true_value` takes them from here;
    activation: s, where the log weight is s of one line of x, over tau.
    abs, sign, max and min become a SymPy Piecewise; relations hold on every piece. Raises ValueError for a parameter
    used twice, unused, undeclared or not real, and for a kink in parameters alone.
    """

    name: str
    log_weight: sp.Expr
    parameters: tuple[sp.Symbol, ...]
    shared: tuple[sp.Symbol, ...] = ()
    offset: sp.Expr | None = _OVER_SHARED
    constants: tuple[sp.Symbol, ...] = ()
    caveat: str = ""
    places: tuple[tuple[sp.Symbol, tuple[sp.Expr, ...]], ...] = ()
    activation: Activation | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        what = f"gate {self.name!r}"
        _require_symbols(what, self.parameters)
        _set(self, "log_weight", _in_pieces(what, self.log_weight))
        _require_declared(what, self.log_weight, self.parameters, self.constants)
        if self.offset is _OVER_SHARED:
            _set(self, "offset", bias_of(self.log_weight, self.shared))
        alone = (b for b in boundaries(self.log_weight) if b.free_symbols <= {*self.parameters})
        if (kink := next(alone, None)) is not None:
            names = ", ".join(sorted(p.name for p in kink.free_symbols))
            raise ValueError(f"{what}: a kink in {names} alone; accepted: kinks in x, and {names} said to be positive")
        if Y in self.log_weight.free_symbols:
            raise ValueError(f"{what}: the weight of an atom must not depend on the response y")
        if not set(self.shared) <= set(self.parameters):
            raise ValueError(f"{what}: the shared parameters must be among its parameters")

    @property
    def own(self) -> tuple[sp.Symbol, ...]:
        """The parameters that each atom has for itself."""
        return tuple(p for p in self.parameters if p not in self.shared)

    @property
    def bias(self) -> tuple[sp.Symbol, ...]:
        """beta0, or nothing where the gate has a bias of its own."""
        return () if self.offset is None else (BETA0,)

    @property
    def score(self) -> sp.Expr:
        """The log weight with what the bias adds to it."""
        return self.log_weight if self.offset is None else self.log_weight + self.offset


def true_value(gate: Gate, p: sp.Symbol, atom: int, *, exact: bool = False) -> sp.Expr:
    """The value of a gate's parameter p in a true atom, where none is given: of `places`, the last for further atoms.

    exact: with as many fitted atoms as true ones, which places after the third are for.
    Without a place, shared ones are 1 and own ones 1, then rational numbers that differ from atom to atom.
    """
    places = dict(gate.places).get(p)
    if places is not None:
        places = places[3:] if exact and len(places) > 3 else places[:3]
        return places[min(atom, len(places) - 1)]
    if atom == 0 or p not in gate.own:
        return sp.S.One
    return sp.Rational(atom, atom + gate.own.index(p) + 1)


@checked
@dataclass(frozen=True)
class Expert:
    """Conditional density of y given x: exp(log_density), an expression in y, x and the expert's parameters.

    name: what messages call it; constants: free symbols that are not parameters. A response with finitely many
    outcomes is a Piecewise over Eq(Y, outcome). Raises ValueError for a parameter
    used twice, unused or undeclared, and for a density that does not depend on y.
    """

    name: str
    log_density: sp.Expr
    parameters: tuple[sp.Symbol, ...]
    constants: tuple[sp.Symbol, ...] = ()

    def __post_init__(self) -> None:
        what = f"expert {self.name!r}"
        _require_symbols(what, self.parameters)
        _set(self, "log_density", _in_pieces(what, self.log_density))
        _require_declared(what, self.log_density, self.parameters, self.constants)
        if Y not in self.log_density.free_symbols:
            raise ValueError(f"{what}: the density must depend on the response y (theory.models.spec.Y)")


@checked
@dataclass(frozen=True)
class MoESpec:
    """A gate and an expert on covariates in R^dim; the parameters of its atom are the gate's, then the expert's."""

    gate: Gate
    expert: Expert
    dim: int = 1

    def __post_init__(self) -> None:
        require_dimension(self.dim)
        what = f"gate {self.gate.name!r} with expert {self.expert.name!r}"
        _require_distinct(what, (*self.parameters, *self.constants))
        allowed = set(self.parameters) | set(self.constants) | set(covariates(self.dim)) | {Y}
        allowed |= {jet.args[0] for jet in self.log_atom.atoms(Jet)}
        for s in sorted(self.log_atom.free_symbols - allowed, key=str):
            raise ValueError(f"{s.name!r} is not a covariate in dimension {self.dim}")

    @property
    def parameters(self) -> tuple[sp.Symbol, ...]:
        """Parameters of one atom, in order."""
        return self.gate.parameters + self.expert.parameters

    @property
    def constants(self) -> tuple[sp.Symbol, ...]:
        """Free symbols that are held fixed."""
        return tuple(dict.fromkeys(self.gate.constants + self.expert.constants))

    @property
    def log_atom(self) -> sp.Expr:
        """log u."""
        return self.gate.log_weight + self.expert.log_density

    @property
    def atom(self) -> sp.Expr:
        """The atom u(y|x; parameters) = exp(log_weight) * exp(log_density)."""
        return sp.exp(self.gate.log_weight) * sp.exp(self.expert.log_density)

    @property
    def branches(self) -> tuple[sp.Expr, ...]:
        """log u on every region (piece of the gate, outcome of the response) on which it is smooth."""
        gates, experts = formulas_of(self.gate.log_weight), formulas_of(self.expert.log_density)
        return tuple(g + e for g, e in product(gates, experts))


def written(spec: MoESpec) -> tuple[str, str]:
    """The gate's weight of an atom and the expert's density, as text: a normal density as N(y | mean, variance)."""
    gate, expert = spec.gate, spec.expert
    mean = sp.expand(Y + NU * sp.diff(expert.log_density, Y))
    normal = -((Y - mean) ** 2) / (2 * NU) - sp.log(2 * sp.pi * NU) / 2
    same = not mean.has(Y) and sp.expand(normal - expert.log_density) == 0
    return f"exp({_plain(gate.score)})", f"N(y | {_plain(mean)}, nu)" if same else f"exp({_plain(expert.log_density)})"


def _plain(expr: sp.Expr) -> str:
    return str(expr.replace(Jet, lambda name, _, point: sp.Function(name.name)(point)))


def atom_symbol(p: sp.Symbol, i: int | str) -> sp.Symbol:
    """The symbol of the parameter p in the i-th atom (1, 2, .. or a letter), with the assumptions of p."""
    return sp.Symbol(f"{p.name}[{i}]", **p.assumptions0)


def symbolic_density(spec: MoESpec, k: int) -> tuple[sp.Expr, tuple[sp.Symbol, ...]]:
    """log g(y|x) of the k-atom mixture g = sum_i w_i f_i / sum_i w_i, and its parameter symbols.

    spec: the model of one atom. The symbols come in this order: every vector of gate parameters, atom by atom
    (beta1[1], .., beta1[k]; for d > 1 beta1_1[1], beta1_2[1], beta1_1[2], ..), then beta0[1], .., beta0[k] where the
    gate has an offset, then the shared parameters (tau), then every vector of expert parameters, atom by atom (a, then
    b, then nu). Raises ValueError unless k is a positive integer.
    """
    if not isinstance(k, int) or k < 1:
        raise ValueError(f"the number of atoms must be a positive integer, got {k!r}")
    weights, densities = [], []
    own = [p for p in (*spec.parameters, BETA0) if p not in spec.gate.shared]
    for i in range(1, k + 1):
        renamed = {p: atom_symbol(p, i) for p in own}
        weights.append(sp.exp(spec.gate.score.subs(renamed)))
        densities.append(sp.exp(spec.expert.log_density.subs(renamed)))
    joint = sum((w * f for w, f in zip(weights, densities, strict=True)), sp.S.Zero)
    own, bias, experts = (_atom_by_atom(e, k) for e in (spec.gate.own, spec.gate.bias, spec.expert.parameters))
    return sp.log(joint) - sp.log(sum(weights, sp.S.Zero)), (*own, *bias, *spec.gate.shared, *experts)


def _atom_by_atom(parameters: tuple[sp.Symbol, ...], k: int) -> list[sp.Symbol]:
    vectors: dict[str, list[sp.Symbol]] = {}
    for p in parameters:
        vectors.setdefault(re.sub(r"(_\d+)+$", "", p.name), []).append(p)
    return [atom_symbol(p, i) for vector in vectors.values() for i in range(1, k + 1) for p in vector]


# a log weight is not smooth at a boundary of a Piecewise, and at a cone: the point where what a square root is of has
# a double zero, as |beta1 - x| has at x = beta1 in dimension 2 and more


def weight_parameters(spec: MoESpec) -> tuple[sp.Symbol, ...]:
    """The parameters of a gate that only scale the weight of an atom (pi of a Gaussian gate), or that nothing shows."""
    return (*scaling_parameters(spec.gate), *_unseen(spec.gate))


def own_parameters(spec: MoESpec) -> tuple[sp.Symbol, ...]:
    """The parameters of the gate that each atom has for itself, without those that only scale its weight."""
    weights = weight_parameters(spec)
    return tuple(p for p in spec.gate.own if p not in weights)


@lru_cache(maxsize=64)
def scaling_parameters(gate: Gate) -> tuple[sp.Symbol, ...]:
    """The parameters of a gate that only scale the weight of an atom."""
    moving = in_conditions(gate.log_weight)
    slopes = {p: sp.diff(gate.log_weight, p) for p in gate.own if p not in moving}
    return tuple(p for p, f in slopes.items() if f != 0 and is_constant(f, f.free_symbols - {p}))


@lru_cache(maxsize=64)
def _unseen(gate: Gate) -> tuple[sp.Symbol, ...]:
    """The parameters of a gate that are in no formula and move no kink: the jump of s(beta1 x) at 0, if s is a step."""
    own = [p for p in gate.own if sp.diff(gate.log_weight, p) == 0]
    kink_movers = {p for gap in boundaries(gate.log_weight) for p in moved_by(gap, gate)} if own else ()
    return tuple(p for p in own if p not in kink_movers)


def is_weighted(spec: MoESpec) -> bool:
    """Whether an atom has a weight of its own, by a bias or by a parameter that only scales it."""
    return spec.gate.offset is not None or bool(scaling_parameters(spec.gate))


@dataclass(frozen=True)
class Kink:
    """Where log_weight is not smooth: boundary = 0.

    kind: "boundary" between two formulas, or "cone", a point. moved_by: the parameters that move it, so that the
    density is not twice differentiable in them.
    """

    boundary: sp.Expr
    kind: Literal["boundary", "cone"]
    moved_by: tuple[sp.Symbol, ...]


@lru_cache(maxsize=256)
def kinks(spec: MoESpec) -> tuple[Kink, ...]:
    """The kinks of a gate's log weight, for every value of its parameters, each once."""
    weight, x = spec.gate.log_weight, covariates(spec.dim)
    every = [Kink(sp.expand(gap), "boundary", moved_by(gap, spec.gate)) for gap in boundaries(weight)]
    roots = [p.base for p in weight.atoms(sp.Pow) if p.exp.is_Rational and p.exp.q == 2 and p.base.has(*x)]
    every += [cone for base in roots for cone in _of_root(sp.expand(base), spec)]
    return tuple(sorted(dict.fromkeys(every), key=lambda kink: str(kink.boundary)))


def moved_by(gap: sp.Expr, gate: Gate) -> tuple[sp.Symbol, ...]:
    """The parameters of a gate that move the boundary {gap = 0}.

    All but those by which its derivative is 0 on it: a multiple of gap, with no x in the denominator of the factor.
    """
    x = gap.free_symbols - {*gate.parameters, *gate.constants}
    slopes = {p: sp.diff(gap, p) for p in gate.parameters}
    return tuple(p for p, f in slopes.items() if f != 0 and sp.denom(sp.cancel(sp.together(f / gap))).has(*x))


def _of_root(base: sp.Expr, spec: MoESpec) -> list[Kink]:
    """The point where a quadratic form in x under a root has a double zero, if it has one."""
    x = covariates(spec.dim)
    if not base.is_polynomial(*x) or sp.total_degree(base, *x) != 2:
        return []
    (zero,) = list(sp.linsolve([sp.diff(base, v) for v in x], *x)) or [None]
    if zero is None or not is_constant_in(base.subs(dict(zip(x, zero, strict=True))), base.free_symbols):
        return []
    if sp.simplify(base.subs(dict(zip(x, zero, strict=True)))) != 0:
        return []
    movers = tuple(p for p in spec.gate.parameters if any(e.has(p) for e in zero))
    return [Kink(base, "cone", movers)]
