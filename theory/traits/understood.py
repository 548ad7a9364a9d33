"""Says in one line what was understood of a gate and an expert that are formulas.

>>> from temperance.theory.models.by_name import model
>>> print(understood(model("kappa*cos(x - c)/tau", "a*x + b")).gate)
gate exp(beta0/tau + kappa*cos(c - x)/tau): own kappa, c; shared tau; held of the last atom: kappa, c; weight of an atom: exp(beta0/tau)
"""  # noqa: E501 - what is printed

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy as sp

from temperance.theory.models.by_name import name_of
from temperance.theory.models.spec import MoESpec, written
from temperance.theory.traits.traits import traits


@dataclass(frozen=True)
class Understood:
    """What was understood of a model.

    name: of the gate in the table, if it has one. formula: the weight of an atom, as text. density: the expert's. own,
    shared: parameters of the gate, each atom's own and common to all. held: own ones of the last atom that fix what all
    scores may be translated by; None where that is not known. weight: the factor that is an atom's weight of its own,
    as text; None where there is none. expert: parameters of the expert.
    """

    name: str | None
    formula: str
    density: str
    own: tuple[str, ...]
    shared: tuple[str, ...]
    held: tuple[str, ...] | None
    weight: str | None
    expert: tuple[str, ...]

    @property
    def gate(self) -> str:
        """The gate, in one line."""
        held = "not known" if self.held is None else ", ".join(self.held) or "nothing"
        weight = "none of its own" if self.weight is None else self.weight
        shared = ", ".join(self.shared) or "nothing"
        parameters = f"own {', '.join(self.own)}; shared {shared}; held of the last atom: {held}"
        return f"gate {self.formula}: {parameters}; weight of an atom: {weight}"

    def __str__(self) -> str:
        return f"{self.gate}; expert {self.density}: own {', '.join(self.expert)}"

    def record(self) -> dict[str, Any]:
        """The gate as JSON."""
        held = None if self.held is None else list(self.held)
        return {
            "name": self.name,
            "formula": self.formula,
            "own": list(self.own),
            "shared": list(self.shared),
            "held": held,
            "weight": self.weight,
        }


def understood(spec: MoESpec) -> Understood:
    """What was understood of a model; `traits` says what is held."""
    facts, gate = traits(spec), spec.gate
    formula, density = written(spec)
    factors = [*facts.weights, *([] if gate.offset is None else [sp.exp(gate.offset)])]
    return Understood(
        name_of(spec),
        formula,
        density,
        tuple(p.name for p in gate.own),
        tuple(p.name for p in gate.shared),
        None if facts.held is None else tuple(p.name for p in facts.held),
        str(sp.prod(factors)) if factors else None,
        tuple(p.name for p in spec.expert.parameters),
    )
