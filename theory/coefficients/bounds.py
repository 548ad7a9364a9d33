"""Bounds learning coefficients of mixtures with superfluous atoms by theorems 6.2.1 to 6.2.7 of theory 6.2.

>>> from temperance.theory.models.by_name import model
>>> softmax = coefficient(model("softmax"), 2, 3)
>>> softmax.exact, softmax.multiplicity, softmax.bic
(Fraction(5, 1), (1, 1), Fraction(13, 2))

`in_linear_coordinates` writes a model in coordinates in which its log weight or its mean is linear.

Learning coefficients do not depend on coordinates: v w x with the own parameters v, w is phi x with phi = v w, and
a^3 x + b is a line, near truths at which the change is one of coordinates, as it is at almost every one.

>>> from temperance.theory.models.by_name import model
>>> in_linear_coordinates(model("v*w*x", "a**3*x + b")).log_atom
phi_1*x - log(2*pi*nu)/2 - (-b - phi2*x + y)**2/(2*nu)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

import sympy as sp
from sympy.utilities.iterables import partitions

from temperance.theory.activations.activation import Activation, Z
from temperance.theory.contact.exact_orders import exact_orders
from temperance.theory.contact.order_setting import not_shared, order_setting
from temperance.theory.contact.orders_from_theorems import known_orders, quadratic
from temperance.theory.expressions import balls
from temperance.theory.interactions.derivatives import independent_functions
from temperance.theory.interactions.independence import independent
from temperance.theory.models.form import activated, affine_mean, intercept, is_linear, linear_in
from temperance.theory.models.gates import Gauge
from temperance.theory.models.order import Reason, ReasonKind, theorem
from temperance.theory.models.spec import NU, Expert, Gate, MoESpec, covariates, kinks, own_parameters
from temperance.theory.models.truth import Setting, require_mean
from temperance.theory.symmetries.score_translations import generic_rank, scores, separated_score
from temperance.theory.symmetries.traits import flows_of_gate, traits

_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
BOX = (
    "This holds on a compact box with beta0 bounded, the truth inside: where weights can vanish, a superfluous expert "
    "of weight 0 may cost less."
)
LOCAL = "It is local: near mixtures whose atoms of a cell have the gate of the true one."


@dataclass(frozen=True)
class Coefficient:
    """The learning coefficient lambda: vol{K < eps} ~ c eps^lambda log(1/eps)^(m-1), K the Kullback-Leibler distance.

    Attributes:
        gate: what answers call it. true, fitted: k* and k. dim: of x.
        lower, upper: bounds of lambda that are proved; None: none is.
        multiplicity: bounds of m; None where lambda is not exact.
        bic: half the number of free parameters, which BIC charges; None where it is not known.
        stratum: the true parameters at which lambda is attained, or where its upper bound comes from.
        local: whether only mixtures are meant whose atoms of a cell have the gate of the true one.
        reason: the theorem, or why lambda is not exact.
    """

    gate: str
    true: int
    fitted: int
    dim: int
    lower: Fraction | None
    upper: Fraction | None
    multiplicity: tuple[int, int] | None
    bic: Fraction | None
    stratum: str
    local: bool
    reason: Reason

    @property
    def exact(self) -> Fraction | None:
        """Lambda, where both bounds meet."""
        return self.lower if self.lower == self.upper else None

    @property
    def sentence(self) -> str:
        """The answer: lambda = 5: two true softmax experts, three fitted; BIC charges 6.5."""
        if self.exact is not None:
            value = f"lambda = {number(self.exact)}{self._multiple}"
        elif self.lower is not None and self.upper is not None:
            value = f"lambda lies between {number(self.lower)} and {number(self.upper)}"
        elif self.upper is not None:
            value = f"lambda is at most {number(self.upper)}"
        else:
            value = "lambda is undecided"
        charged = "" if self.bic is None else f"; BIC charges {number(self.bic)}"
        experts = "expert" if self.true == 1 else "experts"
        return f"{value}: {word(self.true)} true {self.gate} {experts}, {word(self.fitted)} fitted{charged}"

    @property
    def _multiple(self) -> str:
        if self.multiplicity in (None, (1, 1)):
            return ""
        low, high = self.multiplicity or (1, 1)
        return f" with multiplicity {low}" + ("" if low == high else f" to {high}")

    @property
    def assumed(self) -> tuple[str, ...]:
        """What every answer says besides: the box, and whether it is local."""
        return (BOX, LOCAL) if self.local else (BOX,)

    def to_json(self) -> dict[str, Any]:
        """Fractions as text; multiplicity a number, or its bounds [least, most]."""
        bounds = self.multiplicity
        return {
            "true": self.true,
            "fitted": self.fitted,
            "dim": self.dim,
            "lower": _text(self.lower),
            "upper": _text(self.upper),
            "exact": _text(self.exact),
            "multiplicity": bounds[0] if bounds and bounds[0] == bounds[1] else bounds and list(bounds),
            "bic": _text(self.bic),
            "stratum": self.stratum,
            "local": self.local,
            "reason": self.reason.text,
            "reason_kind": self.reason.kind.value,
            "assumes": list(self.assumed),
        }


def _text(value: Fraction | None) -> str | None:
    return None if value is None else str(value)


def number(value: Fraction) -> str:
    """A fraction as a decimal number where that ends, else as p/q."""
    return f"{float(value):g}" if 10**6 % value.denominator == 0 else str(value)


def word(n: int) -> str:
    """A small number in words."""
    return _WORDS[n] if n < len(_WORDS) else str(n)


_MOST_DERIVATIVES = 8


@dataclass(frozen=True)
class Counts:
    """A model as the theorems see it (theory 6.2).

    Attributes:
        cell: a true atom that two fit, beside a singleton.
        own, expert: the functions that an atom shows of its gate's parameters, without its weight, and of its expert's:
            the parameters less what flows move. shared: those of shared parameters.
        held: how many functions of the gate the gauge holds in the last atom. anchored: whether it is the anchor
            of an activation gate. activation: s of such a gate, if it has no bias inside, else None.
        regular_from: the least number of true atoms with which the model of as many is proved to be regular, if any.
        global_: whether exp of the log weights of atoms with different gates are independent functions of x.
    """

    cell: Setting
    own: int
    expert: int
    shared: int
    held: int
    anchored: bool
    activation: Activation | None
    regular_from: int | None
    global_: bool

    @property
    def atom(self) -> int:
        """D, the parameters of an atom without its weight."""
        return self.own + self.expert

    @property
    def apart(self) -> bool:
        """Whether the gate of the last atom is held as a whole, which the bounds of orders ask for."""
        return self.held == self.own

    def parameters(self, k: int) -> int:
        """p_k, the free parameters of k atoms, without what exact flows move."""
        gates = k * self.own - self.held + (k - 1) + self.shared
        return k * self.expert + (gates if k > 1 else 0)

    @property
    def linear(self) -> bool:
        """Whether the mean is linear in its parameters, so that the theorem on experts holds (4.2.2)."""
        return is_linear(self.cell)

    @property
    def affine(self) -> bool:
        """Whether the mean is a.x + b."""
        return affine_mean(self.cell.mean, self.cell.expert[:-1], self.cell.spec.dim) is not None

    def power(self) -> int | None:
        """The order j of the first derivative of s that is not 0 at 0: 1 where s(z) = z; None where it is not known."""
        if self.activation is None:
            return 1 if self.global_ else None
        if len(self.activation.pieces) > 1:
            return None
        slope = self.activation.pieces[0].expr
        for j in range(1, _MOST_DERIVATIVES):
            slope = sp.diff(slope, Z)
            value = sp.simplify(slope.subs(Z, 0))
            if value != 0:
                return j if value.is_number and balls.is_nonzero(balls.value(value, {})) else None
        return None


@lru_cache(maxsize=64)
def counts(spec: MoESpec, gauge: Gauge) -> Counts | None:
    """What the theorems ask of a model; None where the number of its free parameters is not decided.

    gauge: of an activation gate, whose last atom the anchored one holds. Raises ValueError as `order_setting`.
    """
    cell = order_setting(spec.gate, spec.expert, size=2, dim=spec.dim)
    facts, x, weight = traits(spec), covariates(spec.dim), spec.gate.log_weight
    slopes = [sp.diff(weight, p) for p in cell.own]
    affine = not weight.has(sp.Piecewise) and not any(f.has(*cell.own) for f in slopes)
    if facts.alone is None or facts.common is None or facts.shared is None or facts.atoms_needed is None:
        return None
    anchored = has_anchor(spec) and gauge == "anchored"
    own = len(own_parameters(spec)) - facts.alone
    held = own if anchored else facts.common
    of_mean = sum({*flow.field.moved} <= {*spec.expert.parameters} for flow in flows_of_gate(spec))
    regular = facts.atoms_needed if not anchored else 2 if _is_regular(spec) else None
    form = activated(spec.gate, spec.dim) if anchored else None
    s = form.s if form is not None and form.bias is None else None
    lines = affine and len(slopes) == spec.dim and {f.as_independent(*x)[1] for f in slopes} == {*x}
    free = (own, len(spec.expert.parameters) - of_mean, len(spec.gate.shared) - facts.shared)
    return Counts(cell, *free, held, anchored, s, regular, lines)


def has_anchor(spec: MoESpec) -> bool:
    """Whether the last atom may be an anchor: of an activation gate whose scores are not translated."""
    return not traits(spec).held and activated(spec.gate, spec.dim) is not None


def _is_regular(spec: MoESpec) -> bool:
    """Whether the model of two atoms, one the anchor, is proved to be regular: all orders are 1."""
    orders = exact_orders(spec.gate, spec.expert, d=spec.dim, atoms=2).orders
    return all(row.flat or row.upper == Fraction(1) for row in orders) and any(row.upper for row in orders)


def in_linear_coordinates(spec: MoESpec, *, gate: bool = True) -> MoESpec:
    """The model with a linear log weight and mean, each where a change of coordinates at generic points makes it so.

    gate: whether the log weight may be rewritten, which holds where the gate of every atom is generic.
    """
    linear = replace(spec, expert=_linear_expert(spec))
    return replace(linear, gate=_linear_gate(spec)) if gate else linear


def _linear_gate(spec: MoESpec) -> Gate:
    """sum_k phi_k e_k(x), phi_k for parameters, where the own parameters show as many independent functions."""
    gate = spec.gate
    terms = None if gate.offset is None else separated_score(spec)
    if terms is None:
        return gate
    functions = [(e, phi) for e, phi in terms.items() if e != 1]
    if any(e.free_symbols & {*gate.shared} for e, _ in functions) or not functions:
        return gate
    jacobian = sp.Matrix([phi for _, phi in functions]).jacobian(gate.own)
    if len(functions) == len(gate.own) and not gate.shared and not jacobian.free_symbols:
        return gate
    if generic_rank(jacobian) < len(functions):
        return gate
    phis = tuple(sp.Symbol(f"phi_{k}", real=True) for k in range(1, len(functions) + 1))
    score = sum((p * e for p, (e, _) in zip(phis, functions, strict=True)), sp.S.Zero)
    return Gate(gate.name, score, phis, constants=tuple(c for c in gate.constants if score.has(c)))


def _linear_expert(spec: MoESpec) -> Expert:
    """sum_k a_k e_k(x) + b with as many coefficients as the mean has parameters."""
    expert, own = spec.expert, tuple(p for p in spec.expert.parameters if p != NU)
    coordinates = linear_in(spec, own, ())
    if coordinates is None or {*coordinates.functions} == {*own}:
        return expert
    slopes = list(coordinates.slopes)
    combinations = independent_functions(slopes, covariates(spec.dim), expert.constants)
    alone = combinations is not None and all(c == {e: 1} for e, c in zip(slopes, combinations, strict=True))
    return coordinates.expert(spec) if alone else expert


_MOST_DIFFERENCES = 3  # of a cell that theorem 6.2.2 is about: four atoms
_MEETS = "theorem 6.2.1 bounds it from above, theorems 6.2.2, 6.2.3, 6.2.5 and 6.2.7 from below (theory 6.2)"
_ONE = "one true atom, two fitted: theorem 6.2.4 (theory 6.2)"
_CONSTANT = "one true constant expert, two fitted: theorem 6.2.6 (theory 6.2)"
_UNCOUNTED = "the number of free parameters is not decided: the curves of one density are not all listed"
_SIGNS = "the number of free parameters depends on the signs of {}: scores are translated where all have one"
_AS_MANY = "as many atoms as the truth has: the Fisher information is regular, and lambda is half of its size"
_APART = "{} bounds it from above; the bounds from below do not meet it (theory 6.2)"
_ABOVE = "theorem 6.2.1 bounds it from above (theory 6.2); no order that it needs from below is proved"
_FREE = "theorem 6.2.1 bounds it from above (theory 6.2); in this gauge no bound from below is proved"
_IRREGULAR = "the model with as many atoms as the truth is not proved to be regular"
_KINK = "a kink that moves with {}: the density is not twice differentiable, and no theorem holds"
_ANCHOR = "the anchor's cell is split, where beta1 is seen in its power {} alone"


@dataclass(frozen=True)
class Block:
    """What the differences within a cell add to lct: a lower bound, and bounds of m where C1 meets it."""

    lower: Fraction
    multiplicity: tuple[int, int] | None


def coefficient(spec: MoESpec, true: int, fitted: int, *, gauge: Gauge = "anchored") -> Coefficient:
    """The learning coefficient of `fitted` atoms where the truth has `true`, at almost every truth.

    Args:
        spec: the model, with a Gaussian expert. gauge: of an activation gate.

    Raises:
        ValueError: fitted < true, or a model whose orders are not computed.
    """
    if not 1 <= true <= fitted:
        raise ValueError(f"fitted must be at least true, and true at least 1, not {fitted} and {true}")
    require_mean(spec)
    if (reason := not_shared(spec)) is not None:
        return _undecided(name_of(spec), spec, true, fitted, None, reason)
    name = name_of(spec)
    spec = in_linear_coordinates(spec, gate=true > 1)
    tally = counts(spec, gauge)
    if tally is None:
        return _undecided(name, spec, true, fitted, None, _UNCOUNTED)
    if (separated := scores(spec)) is not None and separated.one_sign is not None:
        return _undecided(name, spec, true, fitted, None, _SIGNS.format(separated.one_sign))
    if movers := [p.name for kink in kinks(spec) for p in kink.moved_by]:
        return _undecided(name, spec, true, fitted, tally, _KINK.format(", ".join(dict.fromkeys(movers))))
    if tally.cell.mean.has(sp.Piecewise):
        return _undecided(name, spec, true, fitted, tally, _KINK.format("a parameter of the mean"))
    if true > 1 and (tally.regular_from is None or true < tally.regular_from):
        return _undecided(name, spec, true, fitted, tally, _IRREGULAR)
    return _Case(name, tally, true, fitted).answer()


def _undecided(name: str, spec: MoESpec, true: int, fitted: int, tally: Counts | None, text: str) -> Coefficient:
    bic = None if tally is None else Fraction(tally.parameters(fitted), 2)
    reason = Reason(ReasonKind.UNDECIDED, text)
    return Coefficient(name, true, fitted, spec.dim, None, None, None, bic, "none", True, reason)


def name_of(spec: MoESpec) -> str:
    """What an answer calls the gate: by its activation, where it has one."""
    s = spec.gate.activation
    return spec.gate.name if s is None else s.name


@dataclass(frozen=True)
class _Case:
    """k* true atoms and k fitted ones."""

    name: str
    tally: Counts
    true: int
    fitted: int

    @property
    def extra(self) -> int:
        return self.fitted - self.true

    @property
    def regular(self) -> Fraction:
        """p/2 of the model with as many atoms as the truth."""
        return Fraction(self.tally.parameters(self.true), 2)

    def answer(self) -> Coefficient:
        """The bounds from both sides."""
        if not self.extra:
            return self._record(self.regular, self.regular, (1, 1), "the true atoms", theorem(_AS_MANY))
        upper, stratum = self._upper()
        if self.true == self.extra == 1 and self.tally.affine and (power := self.tally.power()) is not None:
            return self._record(upper, upper, (2, 2) if power == 1 else (1, 1), stratum, theorem(_ONE))
        if self.true == self.extra == 1 and self.tally.global_ and _is_constant(self.tally.cell):
            return self._of_constants(stratum)
        lowest = self._lowest()
        if lowest is None:
            free = self.true > 1 and not self.tally.apart
            kind, text = (ReasonKind.FREE_GAUGE, _FREE) if free else (ReasonKind.UNDECIDED, _ABOVE)
            return self._record(None, upper, None, stratum, Reason(kind, text))
        lower = self.regular + lowest.lower / 2
        if lower < upper:
            text = _APART.format("theory 6.2.9" if self._three else "theorem 6.2.1")
            return self._record(lower, upper, None, stratum, Reason(ReasonKind.UNDECIDED, text))
        if upper < lower:  # another stratum, which no bound from below is about, lies lower
            return self._record(None, upper, None, stratum, Reason(ReasonKind.UNDECIDED, _ABOVE))
        return self._record(lower, upper, lowest.multiplicity, stratum, theorem(_MEETS))

    def _of_constants(self, stratum: str) -> Coefficient:
        """Theorem 6.2.6: one true constant expert, two fitted, and a softmax gate."""
        d = self.tally.own
        value = self.regular + Fraction(min(d + 2, 4), 4)
        where = stratum if d <= 2 else "the experts are equal, whatever their gates are"
        return self._record(value, value, (2, 2) if d == 2 else (1, 1), where, theorem(_CONSTANT))

    def _record(
        self,
        lower: Fraction | None,
        upper: Fraction | None,
        multiplicity: tuple[int, int] | None,
        stratum: str,
        reason: Reason,
    ) -> Coefficient:
        bic, spec = Fraction(self.tally.parameters(self.fitted), 2), self.tally.cell.spec
        local = not (self.tally.global_ and (self.extra < self.true or self.true == self.extra == 1))
        head = (self.name, self.true, self.fitted, spec.dim)
        return Coefficient(*head, lower, upper, multiplicity, bic, stratum, local, reason)

    @property
    def _three(self) -> bool:
        """Whether three affine experts on a line, with a softmax gate, are fitted to one (theory 6.2.9)."""
        tally = self.tally
        return (self.true, self.fitted, tally.cell.spec.dim) == (1, 3, 1) and tally.global_ and tally.affine

    def _upper(self) -> tuple[Fraction, str]:
        """Theorem 6.2.1, or a stratum that lies lower: where s begins with a power at 0, or that of `_three`."""
        tally, dim = self.tally, self.tally.cell.spec.dim
        power = tally.power() if tally.activation is not None else None
        usual, stratum = Fraction(tally.atom, 2), "all atoms are equal"
        if self._three:
            return self.regular + Fraction(15, 8), stratum
        if self.true > 1:
            whole = f" of {word(self.extra + 1)} atoms, or several" if self.extra > 1 else " of two atoms"
            anchor = ", the anchor in a cell of its own" if tally.anchored else ""
            stratum = f"a cell{whole}, whichever true atom is split{anchor}"
        by_power = (
            None if power is None else Fraction(dim, power if self.true > 1 else 2 * power) + Fraction(tally.expert, 2)
        )
        if by_power is not None and by_power < usual:
            usual = by_power
            stratum = _ANCHOR.format(power) if self.true > 1 else f"{stratum}, beta1 is 0"
        return self.regular + self.extra * usual / 2, stratum

    def _lowest(self) -> Block | None:
        """The least that the cells of a stratum add, with the largest m of those that attain it; None: not known."""
        blocks = []
        if self.true > 1 and not self.tally.apart:
            return None
        most = self.true - 1 if self.tally.anchored and self.true > 1 else self.true
        for counts_of in partitions(self.extra, m=most):
            sizes = tuple(n for n, times in counts_of.items() for _ in range(times))
            block = self._every(sizes) if len(sizes) == self.true else _beside_a_singleton(self.tally.cell, sizes)
            if block is None:
                return None
            blocks.append(block)
        least = min(block.lower for block in blocks)
        multiplicities = [block.multiplicity for block in blocks if block.lower == least]
        if None in multiplicities:
            return Block(least, None)
        pairs = [pair for pair in multiplicities if pair is not None]
        return Block(least, (max(low for low, _ in pairs), max(high for _, high in pairs)))

    def _every(self, sizes: tuple[int, ...]) -> Block | None:
        """Every cell split, a cell of 1 + n atoms for each n of sizes: the theorem on experts, or theorem 6.2.3."""
        if sizes == (1, 1) and self.tally.global_ and self.tally.affine:
            return Block(Fraction(2 * self.tally.atom, 2), (1, 1))
        if not self.tally.linear:
            return None
        slopes = self.tally.expert - 1
        return Block(sum((n * Fraction(slopes + 2, 2 * (n + 1)) for n in sizes), Fraction(0)), None)


def _beside_a_singleton(cell: Setting, sizes: tuple[int, ...]) -> Block | None:
    """Cells of 1 + n atoms for each n of sizes, beside a singleton whose gate is held."""
    blocks = [_block(cell.spec, n) for n in sizes]
    bounded = [block for block in blocks if block is not None]
    if len(bounded) < len(blocks):
        return None
    pairs = [block.multiplicity for block in bounded]
    multiplicities = [pair for pair in pairs if pair is not None]
    m = (1 + sum(low - 1 for low, _ in multiplicities), 1 + sum(high - 1 for _, high in multiplicities))
    return Block(sum((block.lower for block in bounded), Fraction(0)), m if len(multiplicities) == len(pairs) else None)


@lru_cache(maxsize=64)
def _block(spec: MoESpec, n: int) -> Block | None:
    """Theorem 6.2.2 for a cell of 1 + n atoms; None where an order that it needs has no proved bound."""
    cell = order_setting(spec.gate, spec.expert, size=n + 1, dim=spec.dim)
    if n == 1 and _is_gaussian(cell):
        return Block(Fraction(len(cell.each), 2), (1, 1))
    orders = {of.name: r for of, (r, _) in known_orders(cell).items() if not of.is_mean}
    if not {p.name for p in (*cell.each, *cell.shared)} <= orders.keys() or any(
        orders[p.name] > 1 for p in cell.shared
    ):
        return None
    slow, whole = {p for p in cell.each if orders[p.name] > 2}, Fraction(n * len(cell.each), 2)
    if not slow:
        return Block(whole, (1, 1))
    by_orders = Block(sum((n / Fraction(orders[p.name]) for p in cell.each), Fraction(0)), None)
    b = intercept(cell.mean, cell.expert[:-1], spec.dim)
    if b is None or not slow <= {b, NU} or sp.diff(cell.mean, b) != 1 or n > _MOST_DIFFERENCES:
        return by_orders
    slopes = [sp.diff(cell.mean, p) for p in cell.expert if p not in (b, NU)]
    if any(f.has(*cell.expert) for f in slopes):
        return by_orders
    gates = _bound_gate_rank(cell, slopes)
    least, most = 1 + len(slopes) + gates[0], 1 + len(slopes) + gates[1]
    if least < n:
        lost = (n - least) * (Fraction(1, 2) - Fraction(1, 2 * (n + 1)))
        return Block(max(whole - lost, by_orders.lower), None)
    return Block(whole, (2 if most == n else 1, 2 if least == n else 1))


def _is_gaussian(cell: Setting) -> bool:
    """Whether an atom is a Gaussian in x of any mean and covariance, y Gaussian around a line (theorem 6.2.5) or a
    constant (theorem 6.2.7).
    """
    d, is_line = cell.spec.dim, affine_mean(cell.mean, cell.expert[:-1], cell.spec.dim) is not None
    return (is_line or _is_constant(cell)) and len(cell.own) == d * (d + 3) // 2 and quadratic(cell) is not None


def _is_constant(cell: Setting) -> bool:
    """Whether the expert is N(y | b, nu)."""
    return cell.mean in cell.expert and len(cell.expert) == 2


def _bound_gate_rank(cell: Setting, slopes: list[sp.Expr]) -> tuple[int, int]:
    """Bounds of how many of the gate's slopes are independent of 1 and the slopes of the mean."""
    x, others = covariates(cell.spec.dim), [sp.S.One, *slopes]
    gates = [sp.diff(cell.spec.gate.log_weight, p).subs(dict(cell.point)) for p in cell.own]
    if independent([*others, *gates], {}, cell.spec.dim):
        return len(gates), len(gates)
    if not all(f.is_polynomial(*x) for f in (*others, *gates)):
        return 0, len(gates)
    terms = [sp.Poly(f, *x).as_dict() for f in (*others, *gates)]
    rows = sp.Matrix([[t.get(m, 0) for m in {m for t in terms for m in t}] for t in terms])
    rank = rows.rank() - rows[: len(others), :].rank()
    return rank, rank
