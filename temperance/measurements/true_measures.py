"""Provides true points of rate studies: from a JSON file, or a documented well-conditioned default."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from temperance.numerics.mixture.exact_values import truth_of
from temperance.numerics.mixture.measures import MixingMeasure
from temperance.terminal.json_input import read_json, read_value
from temperance.theory.models.gates import generic
from temperance.theory.models.spec import BETA0, TAU, Gate
from temperance.theory.settings.truth import Truth

_KEYS = ("beta1", "beta0", "tau", "a", "b", "nu", "x")
_LARGEST = 1e50  # of a number, and of 1/tau and 1/nu: so that squares are doubles
_LARGEST_LOGIT = 500.0  # of beta0/tau: so that weights are doubles
_EXAMPLE = '{"beta1":[[..]],"beta0":[..],"tau":t,"a":[[..]],"b":[..],"nu":[..],"x":{"law":"uniform","low":-3,"high":3}}'


def read_truth(source: str | Mapping[str, Any], make: Callable[[int], Gate] = generic) -> Truth:
    """The truth in a JSON file, in the form that the README shows, or in what such a file holds.

    make: its gate in dimension d.

    Raises:
        ValueError: it cannot be read, or is none; or it has another tau than the 1 of a gate without.
    """
    if isinstance(source, str):
        return _parsed(read_json(source, _EXAMPLE, float), source, make)
    return _parsed(read_value(source, _EXAMPLE, float), "the truth", make)


def _parsed(found: Any, path: str, make: Callable[[int], Gate]) -> Truth:
    if not isinstance(found, dict):
        raise ValueError(f"{path!r} must be an object; accepted: {_EXAMPLE}")
    wrong = [f"no {key!r}" for key in _KEYS if key not in found] + [repr(key) for key in found if key not in _KEYS]
    if wrong:
        raise ValueError(f"{path!r} has {', '.join(wrong)[:200]}; accepted: {_EXAMPLE}")
    law = found["x"]
    if not isinstance(law, dict) or set(law) != {"law", "low", "high"} or law["law"] != "uniform":
        raise ValueError(f'{path!r}: x must be {{"law":"uniform","low":-3,"high":3}}, not {law!r}')
    arrays = {name: _numbers(found[name], name, path) for name in _KEYS if name != "x"}
    ends = _numbers([law["low"], law["high"]], "x", path)
    if ends.shape != (2,) or not ends[0] < ends[1]:
        raise ValueError(f"{path!r}: x must have numbers low < high, not {law['low']} and {law['high']}")
    try:
        measure = MixingMeasure(**arrays)
    except ValueError as error:
        raise ValueError(f"{path!r}: {error}; accepted: {_EXAMPLE}") from None
    if measure.tau.shape:
        raise ValueError(f"{path!r}: tau must be one number; accepted: {_EXAMPLE}")
    if min(measure.tau, *measure.nu) < 1 / _LARGEST:
        raise ValueError(f"{path!r}: tau and nu must be at least {1 / _LARGEST:g}")
    if abs(measure.beta0).max() > _LARGEST_LOGIT * measure.tau:
        raise ValueError(f"{path!r}: beta0/tau must lie between -{_LARGEST_LOGIT:g} and {_LARGEST_LOGIT:g}")
    low, high = ends.tolist()
    truth = truth_of(measure, low, high, make)
    if TAU not in truth.shared and measure.tau != 1:
        raise ValueError(f"the {truth.spec.gate.name} gate has tau = 1, not {float(measure.tau):g}")
    return truth


def _numbers(value: Any, name: str, path: str) -> Any:
    """Nested lists of numbers, all of them floats, as an array."""
    try:
        array = np.array(value)
    except ValueError:
        raise ValueError(f"{path!r}: {name} must have rows of one length") from None
    if array.dtype != float:
        raise ValueError(f"{path!r}: {name} must hold numbers, not {value!r:.60}")
    if (abs(array) > _LARGEST).any():
        raise ValueError(f"{path!r}: {name} holds a number that is too large; accepted: up to {_LARGEST:g}")
    return array


def default_truth(true_k: int, dim: int, *, tau: float, anchored: bool, make: Callable[[int], Gate] = generic) -> Truth:
    """Experts that stay apart, and gates of alternating direction; the last is 0 in the anchored gauge.

    beta1_j = 1, -3/2, 2, -5/2, ... along the axis j mod d, the last 0 (anchored) or 1/2; beta0_j = 0; a_j = +-1/2;
    b_j = 4 apart; nu_j = 1/4, 1/2 in turn; x uniform on [-3, 3]^d.
    """
    j = np.arange(true_k)
    beta1, a = np.zeros((true_k, dim)), np.zeros((true_k, dim))
    beta1[j, j % dim] = (-1.0) ** j * (1 + j / 2)
    beta1[-1] = 0.0
    if not anchored:
        beta1[-1, -1] = 0.5
    a[j, j % dim] = (-1.0) ** j / 2
    nu = np.where(j % 2, 0.5, 0.25).astype(float)
    b = (4.0 * (j - (true_k - 1) / 2)).astype(float)
    return truth_of(MixingMeasure(beta1, np.zeros(true_k), np.array(tau), a, b, nu), -3, 3, make)


def check_gauge(truth: Truth, anchored: bool) -> None:
    """Raise ValueError unless beta0 of the last atom is 0, and in the anchored gauge its beta1."""
    last, own = truth.atoms[-1], truth.spec.gate.own
    if last[BETA0] != 0 or (anchored and any(last[p] for p in own)):
        what = "beta0 and beta1 of the last atom" if anchored else "beta0 of the last atom"
        raise ValueError(f"the truth must obey the gauge: {what} must be 0")


def check_experts(truth: Truth) -> None:
    """Raise ValueError where two experts (a, b, nu) are the same: statements on gates suppose distinct ones."""
    experts = {tuple(atom[p] for p in truth.spec.expert.parameters) for atom in truth.atoms}
    if len(experts) < truth.k:
        raise ValueError("the experts (a, b, nu) of the truth must be distinct: no data tell equal ones apart")


def check_truth(truth: Truth, true: int, dim: int, anchored: bool) -> None:
    """Raise ValueError for another shape or gauge, or equal experts."""
    if (truth.k, truth.spec.dim) != (true, dim):
        raise ValueError(f"the truth has k* = {truth.k}, d = {truth.spec.dim}, not k* = {true}, d = {dim}")
    check_experts(truth)
    check_gauge(truth, anchored)
