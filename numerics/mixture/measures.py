"""Holds mixing measures as arrays with leading replicate axes, and packs them into unconstrained vectors.

theta = (log tau, then for each atom i: beta1_i (d), beta0_i, a_i (d), b_i, log nu_i), without the entries that the
gauge fixes (and without log tau when tau is fixed). Every real vector theta is a valid measure.

Example: ``Layout(k=2, d=1, gauge="free")`` has the eleven coordinates minus beta0_2, that is ten.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from temperance.numerics.mixture.activation_numpy import Compilable, Floats, compiled
from temperance.numerics.mixture.arrays import reals
from temperance.theory.expressions.arguments import checked

Gauge = Literal["anchored", "free"]


@dataclass(frozen=True, eq=False)
class MixingMeasure:
    """G = sum_i exp(beta0_i/tau) delta_(beta1_i, tau, a_i, b_i, nu_i), one for each index of the leading axes.

    Shapes: beta1 and a (..., k, d); beta0, b and nu (..., k); tau (...). nu is a variance. Arrays are copied and
    made read-only. Raises ValueError, naming the array, for a wrong shape, a value that is not finite, tau <= 0 or
    nu <= 0.
    """

    beta1: Floats
    beta0: Floats
    tau: Floats
    a: Floats
    b: Floats
    nu: Floats

    def __post_init__(self) -> None:
        """Copy, freeze and validate the arrays."""
        for f in fields(self):
            array = reals(getattr(self, f.name), f.name).copy()
            array.setflags(write=False)
            object.__setattr__(self, f.name, array)
        if self.beta1.ndim < 2 or 0 in self.beta1.shape[-2:]:
            raise ValueError(f"beta1 must have shape (..., k, d) with k, d >= 1, not {self.beta1.shape}")
        atoms = self.beta1.shape[:-1]
        shapes = {"beta0": atoms, "tau": atoms[:-1], "a": self.beta1.shape, "b": atoms, "nu": atoms}
        for name, shape in shapes.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} must have shape {shape} to go with beta1, not {getattr(self, name).shape}")
        for f in fields(self):
            if not np.isfinite(getattr(self, f.name)).all():
                raise ValueError(f"{f.name} holds a value that is not finite")
        for name in ("tau", "nu"):
            if (getattr(self, name) <= 0).any():
                raise ValueError(f"{name} must be positive")

    @property
    def k(self) -> int:
        """Number of atoms."""
        return int(self.beta1.shape[-2])

    @property
    def d(self) -> int:
        """Dimension of x."""
        return int(self.beta1.shape[-1])

    @property
    def weights(self) -> Floats:
        """exp(beta0_i/tau), shape (..., k)."""
        return np.exp(self.beta0 / self.tau[..., None])

    def __getitem__(self, index: object) -> MixingMeasure:
        """The measures at an index of the leading axes."""
        return MixingMeasure(*(getattr(self, f.name)[index] for f in fields(self)))

    @checked
    def gate_probabilities(self, x: ArrayLike, activation: Compilable = "z") -> Floats:
        """softmax_i((s(beta1_i . x) + beta0_i)/tau), the weights of the atoms, shape (n, k), at x (n, d).

        activation: s, a name, an expression in z, or an Activation; the linear gate by default. The measure has no
        leading axes. Raises ValueError for a wrong shape, or an activation that cannot be read.
        """
        from temperance.numerics.mixture.density import check_points, gate_probabilities

        return gate_probabilities(self, compiled(activation), check_points(self, x))

    @checked
    def responsibilities(self, x: ArrayLike, y: ArrayLike, activation: Compilable = "z") -> Floats:
        """Posterior probabilities of the atoms given x (n, d) and y (n,), shape (n, k).

        activation: and ValueError: as in `gate_probabilities`.
        """
        from temperance.numerics.mixture.density import check_data, check_points, responsibilities

        return responsibilities(self, compiled(activation), *check_data(check_points(self, x), y, self.d))

    @checked
    def log_density(self, x: ArrayLike, y: ArrayLike, activation: Compilable = "z") -> Floats:
        """log g_G(y_j | x_j), shape (..., n), of measures (...), at x (..., n, d) and y (..., n).

        activation: as in `gate_probabilities`. Points without leading axes serve every measure; the sum over the last
        axis is the log-likelihood. Raises ValueError for a wrong shape, or an activation that cannot be read.
        """
        from temperance.numerics.mixture.density import log_density

        return log_density(self, compiled(activation), x, y)


@dataclass(frozen=True)
class Layout:
    """Which entries of a measure are free: k atoms, dimension d, a gauge, and tau (None: free, else its fixed value).

    "anchored": beta1_k = 0 and beta0_k = 0; "free": only beta0_k = 0. The linear gate must be anchored.
    """

    k: int
    d: int
    gauge: Gauge = "anchored"
    tau: float | None = None

    def __post_init__(self) -> None:
        """Validate."""
        if self.k < 1 or self.d < 1:
            raise ValueError(f"k and d must be at least 1, not k={self.k}, d={self.d}")
        if self.gauge not in get_args(Gauge):
            raise ValueError(f"gauge must be one of {', '.join(get_args(Gauge))}, not {self.gauge!r}")
        if self.tau is not None and not 0 < self.tau < np.inf:
            raise ValueError(f"a fixed tau must be positive, not {self.tau}")

    @property
    def atom_size(self) -> int:
        """Parameters of one atom, 2d + 3."""
        return 2 * self.d + 3

    @property
    def gates(self) -> int:
        """Atoms with a free beta1: the first k or k - 1."""
        return self.k if self.gauge == "free" else self.k - 1

    @cached_property
    def free(self) -> NDArray[np.intp]:
        """Indices, into (log tau, atom 1, ..., atom k), of the coordinates of theta."""
        keep = np.ones(1 + self.k * self.atom_size, dtype=bool)
        last = 1 + (self.k - 1) * self.atom_size
        keep[0] = self.tau is None
        keep[last + self.d] = False
        if self.gauge == "anchored":
            keep[last : last + self.d] = False
        return np.flatnonzero(keep)

    @property
    def size(self) -> int:
        """Length of theta."""
        return len(self.free)

    @cached_property
    def names(self) -> tuple[tuple[str, int | None], ...]:
        """(parameter, atom) of each coordinate of theta; the atom of tau is None. tau and nu stand for their logs."""
        atom = ["beta1"] * self.d + ["beta0"] + ["a"] * self.d + ["b", "nu"]
        every: list[tuple[str, int | None]] = [("tau", None)]
        every += [(name, i) for i in range(self.k) for name in atom]
        return tuple(every[j] for j in self.free)

    def pack(self, measure: MixingMeasure) -> Floats:
        """Theta, shape (..., size), of a measure that obeys the gauge; raises ValueError if it does not."""
        if (measure.k, measure.d) != (self.k, self.d):
            raise ValueError(f"the measure has k={measure.k}, d={measure.d}; the layout k={self.k}, d={self.d}")
        if measure.beta0[..., -1].any() or (self.gauge == "anchored" and measure.beta1[..., -1, :].any()):
            raise ValueError(f"the last atom does not obey the gauge {self.gauge!r}: its gate parameters must be 0")
        if self.tau is not None and (measure.tau != self.tau).any():
            raise ValueError(f"tau is fixed at {self.tau} in the layout, the measure has another value")
        beta0, b, log_nu = (part[..., None] for part in (measure.beta0, measure.b, np.log(measure.nu)))
        atoms = np.concatenate([measure.beta1, beta0, measure.a, b, log_nu], axis=-1)
        flat = atoms.reshape(*atoms.shape[:-2], self.k * self.atom_size)
        return np.concatenate([np.log(measure.tau)[..., None], flat], axis=-1)[..., self.free]

    def unpack(self, theta: ArrayLike) -> MixingMeasure:
        """The measure of theta, shape (..., size); raises ValueError for another shape."""
        theta = reals(theta, "theta")
        if theta.shape[-1:] != (self.size,):
            raise ValueError(f"theta must have shape (..., {self.size}), not {theta.shape}")
        full = np.zeros((*theta.shape[:-1], 1 + self.k * self.atom_size))
        full[..., 0] = 0.0 if self.tau is None else np.log(self.tau)
        full[..., self.free] = theta
        atoms, d = full[..., 1:].reshape(*theta.shape[:-1], self.k, self.atom_size), self.d
        tau = np.exp(full[..., 0]) if self.tau is None else np.full(theta.shape[:-1], self.tau)
        nu = np.exp(atoms[..., 2 * d + 2])
        return MixingMeasure(
            atoms[..., :d], atoms[..., d], tau, atoms[..., d + 1 : 2 * d + 1], atoms[..., 2 * d + 1], nu
        )
