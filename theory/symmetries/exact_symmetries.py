"""Lists the exact symmetries that are proved of a mixture with any gate, each with the identity behind it.

>>> from temperance.theory.models.by_name import model
>>> for symmetry in exact_symmetries(model("v*tanh(w*x)/tau"), 2, "free")[1:]:
...     print(symmetry.kind, symmetry.identity)
translation L(beta0 + t) - L(beta0) = t/tau
flow v*u_{v} + tau*u_{tau} = 0
even L(-v, -w) - L(v, w) = 0
odd L(-v) + L(v) = 0
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import sympy as sp

from temperance.theory.interactions.interactions import derive
from temperance.theory.models.density import atom_symbol
from temperance.theory.models.spec import MoESpec
from temperance.theory.symmetries.flows import Flow, Symmetries, symmetries
from temperance.theory.symmetries.score_translations import plain_parameters, scores

_OVERFITTED = "split"  # of more atoms than the truth has
PAIR = "pair"
_OF_TWO = ("odd", PAIR)
_CURVES = ("temperature", PAIR)
_CONVENTION = ("permutation", "translation", "score translation")


@dataclass(frozen=True)
class ExactSymmetry:
    """A change of the parameters of a mixture that keeps its density, which is proved.

    kind: "flow", or the name of a `MixtureSymmetry`. gauge: in which gauges it acts. map: what it does. identity: why
    the density stays; L is the log weight of an atom, with beta0 where that moves, h the mean of its expert, u the
    weight without beta0 times the density. flow: the curve that it is, if it is one of an atom.
    """

    kind: str
    gauge: str
    map: str
    identity: str
    flow: Flow | None = None

    @property
    def is_twin(self) -> bool:
        """Whether it is more than the numbering of the atoms and a translation of the softmax."""
        return self.kind not in _CONVENTION

    @property
    def is_curve(self) -> bool:
        """Whether it is a curve of one density, and not a change of signs."""
        return self.flow is not None or self.kind in _CURVES

    def to_json(self) -> dict[str, str]:
        """The keys of `twins --json`."""
        return {"kind": self.kind, "gauge": self.gauge, "map": self.map, "identity": self.identity}


def symmetries_of(spec: MoESpec) -> Symmetries:
    """The symmetries of a model, from its relations of order 1."""
    return symmetries(derive(spec.gate, spec.expert, dim=spec.dim, order=1))


def exact_symmetries(spec: MoESpec, atoms: int, gauge: Literal["free", "anchored"]) -> tuple[ExactSymmetry, ...]:
    """The symmetries that are proved of a mixture of as many atoms with distinct experts, in a gauge.

    Anchored: the score of the last atom is constant. There may be more.
    """
    derived = symmetries_of(spec)
    discrete: list[ExactSymmetry] = []
    flows = [ExactSymmetry("flow", f.gauge, f.statement, _relation(f), f) for f in derived.flows]
    for s in derived.discrete:
        identity = s.identity or _identity(spec, s.name)
        if s.name != _OVERFITTED and (atoms == 2 or s.name not in _OF_TWO):
            discrete.append(ExactSymmetry(s.name, s.gauge, s.statement, identity))
    first = [s for s in discrete if not s.is_twin]
    every = (*first, *flows, *(s for s in discrete if s.is_twin))
    return tuple(s for s in every if gauge == "free" or s.gauge == "every gauge")


def _relation(flow: Flow) -> str:
    """V u = m u."""
    derivative = " + ".join(f"{_factor(c)}u_{{{p}}}" for p, c in flow.field.components)
    m = flow.field.multiplier
    return f"{derivative} = {f'{_factor(m)}u' if m != 0 else 0}"


def _factor(c: sp.Expr) -> str:
    return "" if c == 1 else f"({c})*" if c.is_Add else f"{c}*"


def _identity(spec: MoESpec, name: str) -> str:
    """The identity of a symmetry that is neither a flow of one atom nor a reflection."""
    score = scores(spec)
    if name == "translation":
        weight, t = spec.gate.log_weight + (spec.gate.offset or sp.S.Zero), sp.Symbol("t")
        gains = ((p, sp.simplify(t * sp.diff(weight, p))) for p in plain_parameters(spec))
        return ", ".join(f"L({p} + t) - L({p}) = {gain}" for p, gain in gains)
    if name == "permutation" or score is None:
        return "g is a quotient of sums over the atoms"
    first, other = ({p: atom_symbol(p, i) for p in spec.gate.own} for i in "ij")
    apart = [str(f.subs(first, simultaneous=True) - f.subs(other, simultaneous=True)) for f in score.translated]
    alone = [str(f.subs(side, simultaneous=True)) for f in score.invariants for side in (first, other)]
    return f"but for what is free of x, L[i] - L[j] is a function of x and {', '.join([*apart, *alone])}"
