"""A scikit-learn estimator: the softmax-gated mixture of linear Gaussian experts, by maximum likelihood.

Needs scikit-learn, the extra `[sklearn]`; `temperance.MoERegressor` loads this module.
"""

from __future__ import annotations

import numbers
import warnings
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from temperance.interop.callables import Source, activation
from temperance.numerics.estimation.estimate import Estimate
from temperance.numerics.estimation.estimate import fit as estimate
from temperance.numerics.fitting.mle import Box
from temperance.numerics.mixture.activation_numpy import CompiledActivation, compile_activation
from temperance.numerics.mixture.density import gate_probabilities, log_density
from temperance.numerics.mixture.measures import Gauge

try:
    from sklearn.base import BaseEstimator, RegressorMixin
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.utils import check_random_state
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise ImportError("temperance.MoERegressor needs scikit-learn: pip install scikit-learn") from error

Floats = NDArray[np.float64]

_QUANTILE = NormalDist().inv_cdf(0.975)
_COLUMNS = ("parameter", "atom", "estimate", "std err", "[0.025", "0.975]", "identifiable")


class Summary(str):
    """A text that an interactive session shows as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        """The text itself."""
        return str(self)


class MoERegressor(RegressorMixin, BaseEstimator):
    """Mixture of linear Gaussian experts with a softmax gate, y | x ~ sum_i p_i(x) N(a_i . x + b_i, nu_i).

    p = softmax((s(beta1_i . x) + beta0_i)/tau); nu_i are variances. Fitted by maximum likelihood in a compact box
    (temperance.fit; arXiv 2401.13875 for the model). Parameters are validated by `fit`, not here.

    Args:
        n_experts: number of atoms, at least 1.
        gate: "linear", "softmax" (the linear gate with tau = 1) or "activation".
        activation: of the gate: a name, an expression in z, an Activation, or a callable of torch or jax; chooses the
            gate "activation".
        gauge: "free" or "anchored", of the activation gate.
        tau: None to estimate the temperature, else its fixed value.
        starts: number of starts of the search.
        random_state: of the starts: a whole number, for equal fits; a RandomState; or None, for a new seed every time.
        box: the compact parameter set in the units of the data; None: wide, from their scale.

    Attributes (after fit):
        result_: the FitResult, with estimates, standard errors, warnings and the fit itself.
        activation_: the activation s of the gate (z itself for the linear gate).
        n_features_in_, feature_names_in_, n_samples_fit_: of X, as in scikit-learn.

    Example: ``MoERegressor(n_experts=2, activation="tanh").fit(X, y).summary()``.
    """

    def __init__(
        self,
        n_experts: int = 2,
        *,
        gate: str = "linear",
        activation: Source | None = None,
        gauge: Gauge = "free",
        tau: float | None = None,
        starts: int = 10,
        random_state: int | np.random.RandomState | None = 0,
        box: Box | None = None,
    ) -> None:
        self.n_experts = n_experts
        self.gate = gate
        self.activation = activation
        self.gauge = gauge
        self.tau = tau
        self.starts = starts
        self.random_state = random_state
        self.box = box

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> MoERegressor:
        """Fit to X (n, d), y (n,), and return self; sample_weight (n,): how often each point was seen.

        Warns with a ConvergenceWarning where the search ends at no estimate, with the reason.

        Raises:
            ValueError: data or parameters that make no fit, such as fewer points than parameters or a constant column.
        """
        x, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True, ensure_min_samples=2)
        source = None if self.activation is None else activation(self.activation)
        self.result_ = estimate(
            x,
            y,
            fitted=self.n_experts,
            gate=self.gate,
            activation=source,
            gauge=self.gauge,
            tau=self.tau,
            starts=self.starts,
            seed=_seed(self.random_state),
            box=self.box,
            weights=sample_weight,
        )
        if not self.result_.fit.is_estimate:
            warnings.warn("; ".join(self.result_.warnings), ConvergenceWarning, stacklevel=2)
        self.n_samples_fit_ = len(x)
        self.activation_ = source or activation("identity")
        return self

    def _checked(self, X: ArrayLike) -> Floats:
        check_is_fitted(self)
        checked: Floats = validate_data(self, X, dtype=np.float64, reset=False)
        return checked

    @property
    def _gate(self) -> CompiledActivation:
        return compile_activation(self.activation_)

    def predict(self, X: ArrayLike) -> Floats:
        """The mean of y given X (n, d), sum_i p_i(x) (a_i . x + b_i), shape (n,).

        Raises:
            ValueError: X has another number of columns than in fit, or values that are not finite.
            NotFittedError: fit has not been called.
        """
        x = self._checked(X)
        measure = self.result_.fit.measure
        mean: Floats = (gate_probabilities(measure, self._gate, x) * (x @ measure.a.T + measure.b)).sum(axis=1)
        return mean

    def predict_density(self, X: ArrayLike, y: ArrayLike) -> Floats:
        """The density of y given X, g(y_j | x_j), shape (n,), for X (n, d) and y (n,).

        Raises:
            ValueError: as `predict`, or X and y of different lengths.
            NotFittedError: fit has not been called.
        """
        x = self._checked(X)
        return np.exp(log_density(self.result_.fit.measure, self._gate, x, np.asarray(y, dtype=float)))

    def summary(self) -> Summary:
        """Estimates with standard errors, 95% intervals and whether they are identifiable; status; warnings.

        An interval is estimate -+ 1.96 standard errors, these from the observed information; for tau and nu, which are
        positive, that of the logarithm. A line has "-" where there is no standard error: not identifiable, at the edge
        of the box, or the search did not end at a maximum.

        Raises:
            NotFittedError: fit has not been called.
        """
        check_is_fitted(self)
        names = [str(name) for name in getattr(self, "feature_names_in_", range(1, self.n_features_in_ + 1))]
        rows = [_COLUMNS, *(row for e in self.result_.estimates for row in _rows(e, names))]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(_aligned(row, widths)).rstrip() for row in rows]
        rule = "=" * max(map(len, lines))
        return Summary(
            "\n".join([*self._head(), rule, lines[0], rule.replace("=", "-"), *lines[1:], rule, *self._foot()])
        )

    def _head(self) -> list[str]:
        layout, s = self.result_.fit.layout, self.activation_
        gate = "linear gate" if s.is_linear else f"gate of s(z) = {s.name}, gauge {self.gauge}"
        temperature = "tau estimated" if layout.tau is None else f"tau = {layout.tau:g}"
        return [
            f"Mixture of {layout.k} linear Gaussian experts, {gate}, {temperature}",
            f"maximum likelihood, {self.n_samples_fit_} points, {layout.size} parameters",
        ]

    def _foot(self) -> list[str]:
        found = self.result_.fit
        return [
            f"status {found.status}; log-likelihood {found.log_likelihood:.6g}; "
            f"{found.agree} of {found.starts} starts agree on it",
            *(f"warning: {warning}" for warning in self.result_.warnings),
            self.result_.answer,
        ]


def _rows(e: Estimate, names: list[str]) -> list[tuple[str, ...]]:
    """The lines of one estimate, one for each input where it is a vector."""
    atom, positive = "" if e.atom is None else str(e.atom), e.parameter in ("tau", "nu")
    values = e.value if isinstance(e.value, list) else [e.value]
    errors = e.se if isinstance(e.se, list) else [e.se] * len(values)
    labels = [f"{e.parameter} ({name})" for name in names] if len(values) > 1 else [e.parameter]
    return [
        (label, atom, f"{value:.5g}", *_interval(value, se, positive), e.verdict)
        for label, value, se in zip(labels, values, errors, strict=True)
    ]


def _interval(value: float, se: float | None, positive: bool) -> tuple[str, str, str]:
    """Standard error and bounds; on the logarithmic scale for what is positive."""
    if se is None:
        return "-", "-", "-"
    ends = np.array([-1.0, 1.0]) * _QUANTILE * se
    with np.errstate(over="ignore"):
        low, high = value * np.exp(ends / value) if positive else value + ends
    return f"{se:.3g}", f"{low:.5g}", f"{high:.5g}"


def _seed(random_state: int | np.random.RandomState | None) -> int:
    """A seed from what scikit-learn takes for one; a whole number is its own."""
    if isinstance(random_state, numbers.Integral):
        return int(random_state)
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))


def _aligned(row: tuple[str, ...], widths: list[int]) -> list[str]:
    """Names to the left, numbers to the right."""
    left = (0, 1, len(row) - 1)
    return [cell.ljust(w) if i in left else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))]
