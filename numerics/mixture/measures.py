"""Mixing measures of softmax and activation gates with linear experts: their coordinates, densities and samples.

`Layout` names the coordinates theta of a fit. With t_i = (s(beta1_i . x) + beta0_i)/tau, f_i = log N(y | a_i . x + b_i,
nu_i), gate probabilities pi = softmax(t) and responsibilities r = softmax(t + f), log g = logsumexp(t + f) -
logsumexp(t).

Samples come from a counter-based generator. Point j of a stream is a function of (seed, replicate, j) alone: longer
samples begin with the shorter ones. Studies are defined by their seed and this generator (Philox4x64).

Example: ``Layout(2, 1).unpack(theta).log_density(x, y, "tanh").sum()`` is the log-likelihood of theta.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from functools import cached_property, partial
from typing import Literal, get_args

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from temperance.numerics.mixture.activation_numpy import Compilable, CompiledActivation, Floats, compiled
from temperance.numerics.mixture.points import reals, softmax
from temperance.numerics.mixture.threads import one_blas_thread
from temperance.theory.expressions.arguments import checked
from temperance.theory.models.by_name import model
from temperance.theory.models.gates import generic
from temperance.theory.models.spec import BETA0, TAU, Gate
from temperance.theory.models.truth import Truth
from temperance.theory.rates.true_point import exact

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
        x = check_points(self, x)
        with one_blas_thread():
            t, _ = _logits(self, compiled(activation), x, np.zeros(len(x)))
            return _softmax(t).shares.T

    @checked
    def responsibilities(self, x: ArrayLike, y: ArrayLike, activation: Compilable = "z") -> Floats:
        """Posterior probabilities of the atoms given x (n, d) and y (n,), shape (n, k).

        activation: and ValueError: as in `gate_probabilities`.
        """
        x, y = check_data(check_points(self, x), y, self.d)
        with one_blas_thread():
            t, f = _logits(self, compiled(activation), x, y)
            return _softmax(t + f).shares.T

    @checked
    def log_density(self, x: ArrayLike, y: ArrayLike, activation: Compilable = "z") -> Floats:
        """log g_G(y_j | x_j), shape (..., n), of measures (...), at x (..., n, d) and y (..., n).

        activation: as in `gate_probabilities`. Points without leading axes serve every measure; the sum over the last
        axis is the log-likelihood. Raises ValueError for a wrong shape, or an activation that cannot be read.
        """
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


# smaller exponentials cannot change a sum of doubles, and denormal numbers are slow
_softmax = partial(softmax, floor=-300.0)


def _logits(m: MixingMeasure, gate: CompiledActivation, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """t and f (k, n) of a single measure at x (n, d), y (n,)."""
    x1 = np.concatenate([x.T, np.ones((1, len(x)))])
    e = y - np.column_stack([m.a, m.b]) @ x1
    f = e * e * (-0.5 / m.nu[:, None]) - 0.5 * np.log(2 * np.pi * m.nu)[:, None]
    return scores(m, gate, x1[:-1]), f


def scores(m: MixingMeasure, gate: CompiledActivation, columns: Floats) -> Floats:
    """(s(beta1_i . x) + beta0_i)/tau of measures with any leading axes, (..., k, n), at the columns (d, n) of x."""
    (s,) = gate(m.beta1 @ columns, 0)
    return np.asarray((s + m.beta0[..., None]) / m.tau[..., None, None])


def check_points(measure: MixingMeasure, x: ArrayLike) -> Floats:
    """x (n, d) as an array of doubles; raises ValueError for a wrong shape, or a measure with leading axes."""
    points = reals(x, "x")
    if measure.tau.ndim:
        raise ValueError(f"one measure is needed, not a batch of shape {measure.tau.shape}")
    if points.ndim != 2 or points.shape[1] != measure.d:
        raise ValueError(f"x must have shape (n, {measure.d}), not {points.shape}")
    return points


def check_data(x: ArrayLike, y: ArrayLike, d: int) -> tuple[Floats, Floats]:
    """x (..., n, d) and y (..., n) as arrays of doubles; raises ValueError for a wrong shape."""
    x, y = reals(x, "x"), reals(y, "y")
    if x.ndim < 2 or x.shape[-1] != d:
        raise ValueError(f"x must have shape (..., n, {d}), not {x.shape}")
    if y.shape != x.shape[:-1]:
        raise ValueError(f"y must have shape {x.shape[:-1]} to go with x, not {y.shape}")
    return x, y


@one_blas_thread()
def log_density(measure: MixingMeasure, gate: CompiledActivation, x: ArrayLike, y: ArrayLike) -> Floats:
    """log g_G(y_j | x_j), shape (..., n), of a measure (...) at points x (..., n, d), y (..., n); gate: s, compiled.

    Points without leading axes serve every measure; nan where s overflows. Raises ValueError for a wrong shape.
    """
    x, y = check_data(x, y, measure.d)
    batch = np.broadcast_shapes(measure.tau.shape, y.shape[:-1])
    values = np.empty((*batch, y.shape[-1]))
    x, y = np.broadcast_to(x, (*batch, *x.shape[-2:])), np.broadcast_to(y, values.shape)
    for index in np.ndindex(batch):
        m = measure[index] if measure.tau.shape else measure
        t, f = _logits(m, gate, x[index], y[index])
        values[index] = _softmax(t + f).log_sum - _softmax(t).log_sum
    return values


_COUNTER = 4  # Philox4x64 makes four uniforms from one value of its counter


@checked
def sample(
    measure: MixingMeasure,
    gate: Compilable,
    n: int,
    *,
    seed: int,
    replicate: int = 0,
    low: float = -3.0,
    high: float = 3.0,
    x: Floats | None = None,
) -> tuple[Floats, Floats]:
    """n points x (n, d), uniform on [low, high]^d unless given, and y (n,) from g_G(y | x).

    measure has no replicate axis; gate: s, a name, an expression in z, an Activation, or one that is compiled; seed,
    replicate: of the stream. Raises ValueError for a wrong shape, an empty interval, or a gate that cannot be read.
    """
    if not low < high:
        raise ValueError(f"low must be below high, not {low}, {high}")
    if n < 0 or not (0 <= seed < 2**64 and 0 <= replicate < 2**64):
        raise ValueError(f"n must be at least 0, seed and replicate from 0 to 2^64 - 1, not {n}, {seed}, {replicate}")
    bits, columns = np.random.Philox(key=np.array([seed, replicate], dtype=np.uint64)), measure.d + 3
    u = np.random.Generator(bits).random((n, -(-columns // _COUNTER) * _COUNTER))
    if x is None:
        x = low + (high - low) * u[:, 3:columns]
    x = check_points(measure, x)
    if len(x) != n:
        raise ValueError(f"x must have shape {(n, measure.d)}, not {x.shape}")
    cumulative = np.cumsum(measure.gate_probabilities(x, gate), axis=1)
    atom = (u[:, :1] >= cumulative[:, :-1]).sum(axis=1)
    normal = np.sqrt(-2.0 * np.log1p(-u[:, 1])) * np.cos(2 * np.pi * u[:, 2])  # Box-Muller
    mean = np.einsum("nd,nd->n", x, measure.a[atom]) + measure.b[atom]
    return x, mean + np.sqrt(measure.nu[atom]) * normal


def truth_of(measure: MixingMeasure, low: float, high: float, make: Callable[[int], Gate] = generic) -> Truth:
    """The truth that a single measure is, with x uniform on [low, high]^d; make: its gate in dimension d."""
    spec = model(make(measure.d), dim=measure.d)
    names = (*spec.gate.own, BETA0, *spec.expert.parameters)
    rows = np.column_stack([measure.beta1, measure.beta0, measure.a, measure.b, measure.nu])
    atoms = tuple(dict(zip(names, map(exact, row), strict=True)) for row in rows.tolist())
    return Truth(spec, atoms, dict.fromkeys(spec.gate.shared, exact(float(measure.tau))), (exact(low), exact(high)))


def measure_of(truth: Truth) -> MixingMeasure:
    """The arrays of a truth with rational numbers for all parameters; tau is 1 where its gate has none."""
    *a, b, nu = truth.spec.expert.parameters

    def values(names: Iterable[sp.Symbol]) -> Floats:
        return np.array([[atom[p].p / atom[p].q for p in names] for atom in truth.atoms])

    tau, own = truth.shared.get(TAU, sp.S.One), truth.spec.gate.own[: truth.spec.dim]
    beta0, intercept, variance = values((BETA0, b, nu)).T
    return MixingMeasure(values(own), beta0, np.array(tau.p / tau.q), values(a), intercept, variance)
