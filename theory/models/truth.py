"""Holds a true mixture in exact numbers, and what is fitted to it, by the likelihood or by least squares.

>>> from temperance.theory.models.by_name import model
>>> spec = model("softmax")
>>> beta1, (a, b, nu) = spec.gate.own[0], spec.expert.parameters
>>> first = {beta1: sp.S.One, a: sp.S.One, b: sp.S.Zero, nu: sp.S.One}
>>> truth = Truth(spec, (first, {**first, beta1: sp.S.Zero, b: sp.Integer(3)}))
>>> truth.k, Setting(truth, (2, 1)).fitted
(2, 3)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, get_args

import sympy as sp

from temperance.theory.models import experts
from temperance.theory.models.gates import one_of
from temperance.theory.models.spec import MoESpec, is_weighted, own_parameters

Values = Mapping[sp.Symbol, sp.Expr]


@dataclass(frozen=True)
class Truth:
    """A true mixing measure in exact numbers, and the law of x, uniform on a box.

    Attributes:
        spec: the model of an atom.
        atoms: the values of the own parameters of each true atom; what is left out is generic.
        shared: the values of the shared parameters.
        box: (low, high), the ends of every coordinate of x; None where all of the line is taken to be seen.
        known: parameters of atoms that are not fitted, as pairs (atom, parameter).
    """

    spec: MoESpec
    atoms: tuple[Values, ...]
    shared: Values = field(default_factory=dict)
    box: tuple[sp.Expr, sp.Expr] | None = None
    known: frozenset[tuple[int, sp.Symbol]] = frozenset()

    def __hash__(self) -> int:
        """Of the values."""
        atoms = tuple(frozenset(atom.items()) for atom in self.atoms)
        return hash((self.spec, atoms, frozenset(self.shared.items()), self.box, self.known))

    @property
    def k(self) -> int:
        """The number of true atoms."""
        return len(self.atoms)

    def point(self, atom: int) -> dict[sp.Symbol, sp.Expr]:
        """The values of an atom's own parameters, and of the shared ones."""
        return {**self.atoms[atom], **self.shared}


@dataclass(frozen=True)
class Setting:
    """What is fitted to a truth: how many atoms each true one becomes, and what is held.

    Attributes:
        truth: the true mixture.
        cells: the number of fitted atoms in the cell of each true one, (2, 1) for one split atom beside a singleton.
        held: parameters of the gate that are known, in every atom.
    """

    truth: Truth
    cells: tuple[int, ...]
    held: tuple[sp.Symbol, ...] = ()

    def __post_init__(self) -> None:
        if len(self.cells) != self.truth.k or min(self.cells) < 1:
            raise ValueError(f"cells must hold a size of at least 1 for each of {self.truth.k} atoms, not {self.cells}")

    @property
    def spec(self) -> MoESpec:
        """The model of an atom."""
        return self.truth.spec

    @property
    def fitted(self) -> int:
        """The number of fitted atoms."""
        return sum(self.cells)

    @property
    def size(self) -> int:
        """The number of fitted atoms in the cell of the first true atom."""
        return self.cells[0]

    @property
    def every(self) -> bool:
        """Whether every true atom is split."""
        return min(self.cells) > 1

    @cached_property
    def point(self) -> Values:
        """The values at the first true atom."""
        return self.truth.point(0)

    @property
    def other(self) -> Values:
        """The gate's own parameters in the second true atom."""
        return {p: self.truth.atoms[1][p] for p in self.own}

    @cached_property
    def own(self) -> tuple[sp.Symbol, ...]:
        """The gate's parameters that each atom moves for itself, without those that only scale its weight."""
        return tuple(p for p in own_parameters(self.spec) if p not in self.held)

    @property
    def shared(self) -> tuple[sp.Symbol, ...]:
        """The gate's parameters that move and that all atoms have in common."""
        return tuple(p for p in self.spec.gate.shared if p not in self.held)

    @property
    def expert(self) -> tuple[sp.Symbol, ...]:
        """The parameters of the expert."""
        return self.spec.expert.parameters

    @property
    def each(self) -> tuple[sp.Symbol, ...]:
        """The parameters that each atom has for itself."""
        return (*self.own, *self.expert)

    @property
    def parameters(self) -> tuple[sp.Symbol, ...]:
        """The parameters that move, those of each atom first."""
        return (*self.each, *self.shared)

    @property
    def weighted(self) -> bool:
        """Whether atoms have weights of their own; if not, near equal atoms have equal shares."""
        return is_weighted(self.spec)

    @cached_property
    def mean(self) -> sp.Expr:
        """The mean of the expert. Raises ValueError as `require_mean`."""
        return require_mean(self.spec)


def require_mean(spec: MoESpec) -> sp.Expr:
    """The mean of a Gaussian expert. Raises ValueError for any other expert, or a mean that is not named."""
    mean = experts.mean_of(spec.expert)
    if mean is None:
        raise ValueError(
            f"orders are computed for Gaussian experts with a mean that is named ({experts.accepted(orders=True)}), "
            f"not for the expert {spec.expert.name!r}"
        )
    return mean


Loss = Literal["likelihood", "least-squares"]
Noise = Literal["known", "common"]


def loss_of(name: str) -> Loss:
    """The loss of that name. Raises ValueError for another."""
    return one_of("loss", name, get_args(Loss))


def noise_of(name: str) -> Noise | None:
    """What is known of nu; None where each atom has its own. Raises ValueError for another name."""
    choice = one_of("noise", name, ("each", *get_args(Noise)))
    return None if choice == "each" else choice
