"""A scikit-learn estimator: the softmax-gated mixture of linear Gaussian experts, by maximum likelihood.

Needs scikit-learn, the extra `[sklearn]`; `temperance.MoERegressor` loads this module.
"""

from __future__ import annotations

import numbers
import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray

from temperance.interop.callables import Source, activation
from temperance.numerics.estimation.data import whole
from temperance.numerics.estimation.fit import Options
from temperance.numerics.estimation.fit import fit as estimate
from temperance.numerics.estimation.result import FitResult, Text, entropies_of
from temperance.numerics.estimation.sizes import sizes
from temperance.numerics.fitting.problem import Box
from temperance.numerics.mixture.points import Points, reals
from temperance.theory.expressions.arguments import shown
from temperance.theory.models.gates import FITTED, gate_of, require_gate

try:
    from sklearn.base import BaseEstimator, RegressorMixin
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.utils import check_random_state
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise ImportError("temperance.MoERegressor needs scikit-learn: pip install scikit-learn") from error

Floats = NDArray[np.float64]
_MOST = 5  # experts, where their number is chosen
Randomness = int | np.random.RandomState | np.random.Generator | None


class MoERegressor(RegressorMixin, BaseEstimator):
    """Mixture of linear Gaussian experts with a softmax gate, y | x ~ sum_i p_i(x) N(a_i . x + b_i, nu_i).

    p = softmax((s(beta1_i . x) + beta0_i)/tau); nu_i are variances. FitResult by maximum likelihood in a compact box
    (temperance.fit; arXiv 2401.13875 for the model). Parameters are validated by `fit`, not here.

    Args:
        n_experts: number of atoms, at least 1; or "auto": the number that BIC takes from 1 to 5 (`temperance.experts`
            says what speaks against it).
        gate: "linear" (the default), "softmax" (the linear gate with tau = 1) or "activation".
        activation: of the gate: a name, an expression in z, an Activation, or a callable of torch or jax; alone
            it chooses the gate "activation".
        gauge: "free" or "anchored", of the activation gate.
        tau: None to estimate the temperature, else its fixed value.
        starts: number of starts of the search.
        random_state: of the starts: a whole number, for equal fits; a RandomState or a Generator, which gives a seed;
            or None, for a new seed every time.
        box: the compact parameter set in the units of the data; None: wide, from their scale.

    Attributes (after fit):
        n_experts_: the number of atoms.
        result_: the FitResult, with estimates, standard errors, warnings and the fit itself.
        activation_: the activation s of the gate (z itself for the linear gate).
        n_parameters_: the dimension of the set of densities near the fit, which `aic` and `bic` count.
        n_features_in_, feature_names_in_, n_samples_fit_: of X, as in scikit-learn.

    Example: ``MoERegressor(n_experts=2, activation="tanh").fit(X, y).summary()``.
    """

    def __init__(
        self,
        n_experts: int | str = 2,
        *,
        gate: str | None = None,
        activation: Source | None = None,
        gauge: str = "free",
        tau: float | None = None,
        starts: int = 10,
        random_state: Randomness = 0,
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

        Warns with a ConvergenceWarning where the search ends at no estimate, or there is no maximum, with the reason.

        Raises:
            ValueError: data or parameters that make no fit, such as fewer points than parameters or a constant column.
        """
        auto = isinstance(self.n_experts, str) and self.n_experts == "auto"
        if isinstance(self.n_experts, str) and not auto:
            raise ValueError(f"n_experts must be a whole number or 'auto', not {self.n_experts!r}")
        experts = 0 if auto else whole(self.n_experts, "n_experts", 1)
        x, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True, ensure_min_samples=2)
        source = None if self.activation is None else activation(self.activation)
        if not isinstance(self.gate, str | None):
            raise ValueError(f"gate must be a text, not {shown(self.gate)}")
        gate = gate_of(self.gate, source is not None)
        require_gate(gate, source is not None, FITTED)
        options: Options = {"gate": gate, "activation": source, "gauge": self.gauge, "tau": self.tau}
        options |= {"starts": self.starts, "seed": _seed(self.random_state), "box": self.box, "weights": sample_weight}
        result = _by_bic(x, y, options) if auto else estimate(x, y, fitted=experts, **options)
        assert isinstance(result, FitResult)  # of one number of experts
        self.result_ = result
        self.n_experts_ = self.result_.fitted
        if self.result_.separated or not self.result_.fit.is_estimate:
            warnings.warn("; ".join(self.result_.warnings), ConvergenceWarning, stacklevel=2)
        self.n_samples_fit_ = len(x)
        self.n_parameters_ = self.result_.n_parameters
        self.activation_ = source or activation("identity")
        return self

    def _checked(self, X: ArrayLike) -> Floats:
        check_is_fitted(self)
        return validate_data(self, X, dtype=np.float64, reset=False)

    def _log_density(self, X: ArrayLike, y: ArrayLike) -> Floats:
        x = self._checked(X)
        return self.result_.mixture.values.log_density(Points(x, reals(y, "y")))

    def predict(self, X: ArrayLike) -> Floats:
        """The mean of y given X (n, d), sum_i p_i(x) (a_i . x + b_i), shape (n,).

        Raises:
            ValueError: X has another number of columns than in fit, or values that are not finite.
            NotFittedError: fit has not been called.
        """
        x = self._checked(X)
        return self.result_.predict(x)

    def standard_error(self, X: ArrayLike) -> Floats:
        """The standard error of `predict` at X (n, d), by the delta method, (n,); nan where there is none.

        That of the mean, not the spread of y: an interval at 95% is the mean -+ 1.96 of it.

        Raises:
            ValueError, NotFittedError: as `predict`.
        """
        x = self._checked(X)
        return self.result_.standard_error(x)

    def vcov(self) -> Floats:
        """The covariances (m, m) of the estimates, in the order of `result_.rows()`; nan where one has no error.

        Raises:
            NotFittedError: fit has not been called.
        """
        check_is_fitted(self)
        return self.result_.vcov()

    def predict_density(self, X: ArrayLike, y: ArrayLike) -> Floats:
        """The density of y given X, g(y_j | x_j), shape (n,), for X (n, d) and y (n,).

        Raises:
            ValueError: as `predict`, or X and y of different lengths.
            NotFittedError: fit has not been called.
        """
        return np.exp(self._log_density(X, y))

    def predict_gate(self, X: ArrayLike) -> Floats:
        """The weights of the experts given X (n, d), p_i(x), shape (n, n_experts); rows sum to 1.

        Raises:
            ValueError, NotFittedError: as `predict`.
        """
        x = self._checked(X)
        return self.result_.curves(x)[0]

    def posterior(self, X: ArrayLike, y: ArrayLike) -> Floats:
        """The probability of each expert given X (n, d) and y (n,), shape (n, n_experts); rows sum to 1.

        Raises:
            ValueError, NotFittedError: as `predict_density`.
        """
        x = self._checked(X)
        return self.result_.posterior(x, y)

    def aic(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """2 n_parameters_ - 2 log-likelihood of X (n, d), y (n,), as GaussianMixture has it; the less, the better.

        sample_weight (n,): how often each point was seen. AIC is derived for regular models; a mixture with more
        experts than the data need is none (`temperance.fit` with several sizes says more).

        Raises:
            ValueError, NotFittedError: as `predict_density`.
        """
        value, _ = self._log_likelihood(X, y, sample_weight)
        return 2 * self.n_parameters_ - 2 * value

    def bic(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """n_parameters_ log(n) - 2 log-likelihood of X (n, d), y (n,), n the sum of sample_weight (n,) as in `aic`."""
        value, n = self._log_likelihood(X, y, sample_weight)
        return self.n_parameters_ * float(np.log(n)) - 2 * value

    def icl(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """BIC plus twice the entropy of the experts given X (n, d), y (n,); sample_weight (n,) as in `aic`."""
        entropies = entropies_of(self.posterior(X, y))
        weights = np.ones(len(entropies)) if sample_weight is None else reals(sample_weight, "sample_weight")
        return self.bic(X, y, sample_weight) + 2 * float(weights @ entropies)

    def _log_likelihood(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None) -> tuple[float, float]:
        """The log-likelihood of points, and their number."""
        logs = self._log_density(X, y)
        weights = np.ones(len(logs)) if sample_weight is None else reals(sample_weight, "sample_weight")
        if weights.shape != logs.shape:
            raise ValueError(f"sample_weight must have shape {logs.shape}, not {weights.shape}")
        return float(weights @ logs), float(weights.sum())

    def summary(self) -> Text:
        """Estimates with standard errors, 95% intervals and whether they are identifiable; status; the answer in words.

        That of `temperance.fit`, with the names of the features. A line has "-" where there is no standard error: not
        identifiable, at the edge of the box, or the search did not end at a maximum.

        Raises:
            NotFittedError: fit has not been called.
        """
        check_is_fitted(self)
        names = getattr(self, "feature_names_in_", None)
        return self.result_.summary(None if names is None else [str(name) for name in names])


def _by_bic(x: ArrayLike, y: ArrayLike, options: Options) -> FitResult:
    """The fit of the number of experts that BIC takes."""
    comparison = sizes(x, y, _MOST, **options)
    return comparison.fits[(comparison.by_bic or 1) - 1]


def _seed(random_state: Randomness) -> int:
    """A seed from what scikit-learn takes for one; a whole number is its own."""
    if isinstance(random_state, numbers.Integral):
        return int(random_state)
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(np.iinfo(np.int32).max))
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))
