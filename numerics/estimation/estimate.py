"""Fits a mixture of experts to a user's data: estimates, standard errors, and warnings in plain words.

Example: ``fit(x, y, fitted=2, activation="tanh").as_json()``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from numbers import Real
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from temperance.numerics.estimation.delta_method import Errors, Row, identifiable_functions, left_open, parameters
from temperance.numerics.estimation.diagnostics import of_search, uncertain, undetermined
from temperance.numerics.estimation.identifiability import Proved, proved_of
from temperance.numerics.estimation.other_parameters import twin_notes
from temperance.numerics.estimation.standardisation import Units
from temperance.numerics.estimation.tau_profile import Side, settled
from temperance.numerics.fitting import mle
from temperance.numerics.fitting.mle import Box, Fit
from temperance.numerics.fitting.newton import FLAT
from temperance.numerics.fitting.starting_points import SUBSAMPLE, clusterwise_regression
from temperance.numerics.machine.threads import one_blas_thread
from temperance.numerics.mixture.activation_numpy import CompiledActivation, compile_activation
from temperance.numerics.mixture.measures import Gauge, Layout
from temperance.numerics.mixture.points import Points
from temperance.theory.activations.activation import Activation, activation

Floats = NDArray[np.float64]
GateName = Literal["linear", "softmax", "activation"]
Value = float | list[float]
_SMALLEST, _LARGEST = 1e-70, 1e70  # of a fixed temperature
_CLUSTERINGS = 5


@dataclass(frozen=True)
class Estimate:
    """One parameter, or identifiable function of parameters, of one atom (None: shared by all).

    value and se: a number, for beta1 and a with d > 1 a list. se is None where there is none: not identifiable, at the
    edge of the box, or the search did not end at a maximum. identifiable: False where theory proves it or the
    information is flat; None where there is no estimate that could tell.
    """

    parameter: str
    atom: int | None
    value: Value
    se: Value | None
    identifiable: bool | None

    @property
    def verdict(self) -> str:
        """The column `identifiable` of a table."""
        return {True: "yes", False: "no", None: "-"}[self.identifiable]


@dataclass(frozen=True, eq=False)
class FitResult:
    """What a fit to a user's data gives, in the units of the data.

    estimates: of every parameter, and of the identifiable functions where some parameter is not; warnings: in plain
    words, what the data, the gate or the search leave open; fit: what they come from.

    The search runs on centred and scaled data: `fit.gradient_norm` is that of these. centre: x (d,) and y about
    which `fit.box` holds, that is, |beta1 . x + beta0| and |a . x + b - y| there are at most its beta0 and b.
    """

    estimates: tuple[Estimate, ...]
    warnings: tuple[str, ...]
    fit: Fit
    centre: tuple[tuple[float, ...], float]

    @property
    def answer(self) -> str:
        """What the fit says, in a sentence."""
        if not self.fit.is_estimate:
            return "There is no estimate: the numbers are where the search ended."
        no = dict.fromkeys(e.parameter for e in self.estimates if not e.identifiable)
        yes = [name for name in dict.fromkeys(e.parameter for e in self.estimates) if name not in no]
        if not no:
            return "Every parameter is identifiable" + (
                "; the warnings say what else is open." if self.warnings else "."
            )
        return f"Not identifiable: {', '.join(no)}. Identifiable: {', '.join(yes) or 'nothing'}."

    def as_json(self) -> dict[str, Any]:
        """The object that `temperance fit --json` prints."""
        names = [name if atom is None else f"{name}_{atom}" for name, atom in self.fit.layout.names]
        return {
            "estimates": [asdict(e) for e in self.estimates],
            "status": self.fit.status,
            "starts": self.fit.starts,
            "agree": self.fit.agree,
            "flat_directions": [_named(names, v) for v in self.fit.flat_directions],
            "warnings": list(self.warnings),
            "loglik": self.fit.log_likelihood,
            "box": {**asdict(self.fit.box), "centre": {"x": list(self.centre[0]), "y": self.centre[1]}},
        }


def _named(names: list[str], vector: Floats) -> dict[str, Value]:
    """The entries of a vector by the names of the coordinates (tau and nu stand for their logarithms)."""
    values: dict[str, Value] = {}
    for name in dict.fromkeys(names):
        part = [float(v) for n, v in zip(names, vector, strict=True) if n == name]
        values[name] = part[0] if len(part) == 1 else part
    return values


def _estimate(row: Row, errors: Errors, proved: Proved) -> Estimate:
    name, atom, values, gradients = row
    se, verdicts = zip(*(errors.of(g) for g in gradients), strict=True)
    if proved.twin and name in ("tau", "beta1", "beta0"):
        se, verdicts = (None,), (False,)
    known = [e for e in se if e is not None]
    complete: Value | None = None if len(known) < len(values) else known if len(values) > 1 else known[0]
    identifiable = False if False in verdicts else None if None in verdicts else True
    return Estimate(name, atom, values if len(values) > 1 else values[0], complete, identifiable)


def _gate(gate: str, source: str | Activation | None) -> CompiledActivation:
    if gate not in get_args(GateName):
        raise ValueError(f"gate must be one of {', '.join(get_args(GateName))} to be fitted, not {gate!r}")
    if gate == "activation" and source is None:
        raise ValueError("the activation gate needs an activation, a name or an expression in z")
    if gate == "softmax" and source is not None:
        raise ValueError("the softmax gate takes no activation")
    return compile_activation(activation(source if source is not None else "identity"))


def _real(values: ArrayLike, name: str) -> Floats:
    """The values as finite doubles; the first that is none is named by its index."""
    if np.ma.is_masked(values):
        raise ValueError(f"{name} has masked values: every value is needed")
    try:
        array = np.asarray(values)
        if np.iscomplexobj(array):
            raise ValueError("complex numbers")
        array = array.astype(float)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{name} must hold real numbers: {error}") from None
    if not np.isfinite(array).all():
        at = [int(i) for i in np.argwhere(~np.isfinite(array))[0]]
        raise ValueError(f"{name}{at or ''} is {array[tuple(at)]}: every value must be finite")
    return array


def _checked(x: ArrayLike, y: ArrayLike, weights: ArrayLike | None) -> Points:
    """The points, without those of weight 0."""
    columns = _real(x, "x")
    points = Points(columns[:, None] if columns.ndim == 1 else columns, _real(y, "y"))
    if weights is not None:
        points = Points(points.x, points.y, _real(weights, "weights"))
        seen = points.weights > 0
        points = Points(points.x[seen], points.y[seen], points.weights[seen])
    for l in range(points.x.shape[1]):
        if points.n and (points.x[:, l] == points.x[0, l]).all():
            raise ValueError(f"column {l + 1} of x is constant, {points.x[0, l]!s}: its slopes cannot be estimated")
    if points.n and (points.y == points.y[0]).all():
        raise ValueError(f"y is constant, {points.y[0]!s}: there is nothing to fit")
    return points


def _whole(value: object, name: str, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"{name} must be a whole number, at least {least}, not {value!r}")
    return int(value)


def _held(tau: object) -> float | None:
    """A fixed temperature; None if it is to be fitted. Quotients by it must be doubles."""
    if tau is None:
        return None
    try:
        value = float(tau) if isinstance(tau, Real) and not isinstance(tau, bool) else np.nan
    except OverflowError:
        value = np.inf
    if not _SMALLEST <= value <= _LARGEST:
        raise ValueError(f"a fixed tau must be positive, a number from {_SMALLEST} to {_LARGEST}, not {tau!r}")
    return value


def default_box(points: Points, k: int) -> Box:
    """`Box.for_data`, with room for variances far below that of y where k lines leave little of it.

    The least variance is 5% of what clusterwise regression leaves, if that is less than var(y)/1000.
    """
    box, rng = Box.for_data(points.x, points.y, points.weights), np.random.default_rng(0)
    x, y = points.some(SUBSAMPLE, rng)
    left = []
    for _ in range(_CLUSTERINGS):
        lines, _ = clusterwise_regression(x, y, k, rng)
        residuals = y[:, None] - np.column_stack([x, np.ones(len(y))]) @ lines.T
        left.append(float((residuals**2).min(axis=1).sum()) / max(1, len(y) - lines.size))
    low, high = box.nu
    return replace(box, nu=(max(min(low, 0.05 * min(left)), 1e-6 * low), high))


def _dependent(x: Floats) -> bool:
    """Whether a linear combination of the columns is constant, to four digits (their squares are what curves)."""
    moved = x - x.mean(axis=0)
    values = np.linalg.svd(moved / np.linalg.norm(moved, axis=0), compute_uv=False)
    return bool(values[-1] ** 2 <= FLAT * values[0] ** 2)


@one_blas_thread()
def fit(
    x: ArrayLike,
    y: ArrayLike,
    *,
    fitted: int,
    gate: str = "linear",
    activation: str | Activation | None = None,
    gauge: Gauge = "free",
    tau: float | None = None,
    starts: int = 10,
    seed: int = 0,
    box: Box | None = None,
    weights: ArrayLike | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> FitResult:
    """Maximum-likelihood fit of a mixture of `fitted` linear Gaussian experts to x (n, d) or (n,), y (n,).

    gate: "linear" (always anchored), "softmax" (the linear gate with tau = 1) or "activation"; an activation alone
    chooses the last. gauge: of the activation gate. tau: None to estimate it, else its fixed value. starts: how many;
    seed: of them, they are the same for the same seed. box: the compact parameter set in the units of the data, by
    default wide and made from their scale. weights (n,): how often each point was seen, not necessarily whole; standard
    errors are those of so many points. progress is called with the starts done and their number. Data in other units
    have the same fit in those units. Raises ValueError for data or options that make no fit.
    """
    if activation is not None and gate == "linear":
        gate = "activation"
    compiled = _gate(gate, activation)
    linear = compiled.source.is_linear
    if gate == "softmax" and tau not in (None, 1):
        raise ValueError(f"the softmax gate has tau = 1, not {tau}; the linear gate takes any tau")
    points = _checked(x, y, weights)
    count = len(points.y)
    fitted, starts, seed = _whole(fitted, "fitted", 1), _whole(starts, "starts", 1), _whole(seed, "seed", 0)
    held = 1.0 if gate == "softmax" else _held(tau)
    if fitted > count:
        raise ValueError(f"{count} points are fewer than the parameters of {fitted} atoms")
    layout = Layout(fitted, points.x.shape[1], "anchored" if linear else gauge, held)
    if count < max(layout.size, layout.d + 2):
        raise ValueError(f"{count} points are fewer than the {layout.size} parameters of {fitted} atoms")
    if box is not None:
        if not isinstance(box, Box):
            raise ValueError(f"box must be a Box, not {box!r}")
        box.bounds(layout)  # refuses one that does not go with x
    units = Units.of(points, centred_x=linear and box is None, centred_y=box is None)
    scaled = units.rescale(points)
    inside = default_box(scaled, fitted) if box is None else units.box_inside(box)
    found = mle.fit_points(layout, compiled, scaled, box=inside, starts=starts, seed=seed, progress=progress)
    proved, sides = proved_of(found, compiled, scaled), tuple[Side, ...]()
    if not (proved.twin or proved.flows.any()):
        found, sides = settled(found, compiled, scaled)
        proved = proved_of(found, compiled, scaled)
    result = units.fit_of_data(found, points.n, box or units.box_of_data(inside))
    errors = Errors(found, proved, units.matrix(layout)[0])
    rows = parameters(result)
    rows += identifiable_functions(result, rows, linear, proved)
    estimates = tuple(_estimate(row, errors, proved) for row in rows)
    relative = [
        (e.parameter, e.atom, float(np.divide(e.se, e.value)))
        for e in estimates
        if e.parameter in ("tau", "nu") and e.se is not None
    ]
    open_still = undetermined(left_open(rows, errors, proved), _dependent(scaled.x))
    others = twin_notes(fitted, compiled.source, layout.gauge)
    notes = (*proved.notes, *others, *open_still, *uncertain(relative, sides))
    warnings = (*notes, *of_search(found, compiled.source))
    return FitResult(estimates, warnings, result, (tuple(units.x_centre.tolist()), units.y_centre))
