"""Provides true points of rate studies: from a JSON file, or a documented well-conditioned default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from temperance.numerics.mixture.measures import MixingMeasure
from temperance.terminal.json_input import read_json, read_value
from temperance.theory.rates.true_point import TruePoint

_KEYS = ("beta1", "beta0", "tau", "a", "b", "nu", "x")
_LARGEST = 1e50  # of a number, and of 1/tau and 1/nu: so that squares are doubles
_LARGEST_LOGIT = 500.0  # of beta0/tau: so that weights are doubles
_EXAMPLE = '{"beta1":[[..]],"beta0":[..],"tau":t,"a":[[..]],"b":[..],"nu":[..],"x":{"law":"uniform","low":-3,"high":3}}'


@dataclass(frozen=True, eq=False)
class Truth:
    """A true measure, and x uniform on [low, high]^d."""

    measure: MixingMeasure
    low: float = -3.0
    high: float = 3.0

    @property
    def point(self) -> TruePoint:
        """What predictions need to know of it."""
        beta1 = tuple(tuple(row) for row in self.measure.beta1.tolist())
        return TruePoint(beta1, float(self.measure.tau), (self.low, self.high))


def truth_of(source: str | Mapping[str, Any]) -> Truth:
    """The truth in a JSON file, in the form that the README shows, or in what such a file holds.

    Raises:
        ValueError: it cannot be read, or is none.
    """
    if isinstance(source, str):
        return _parsed(read_json(source, _EXAMPLE, float), source)
    return _parsed(read_value(source, _EXAMPLE, float), "the truth")


def _parsed(found: Any, path: str) -> Truth:
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
    return Truth(measure, *ends.tolist())


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


def default_truth(true_k: int, dim: int, *, tau: float, anchored: bool) -> Truth:
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
    return Truth(MixingMeasure(beta1, np.zeros(true_k), np.array(tau), a, b, nu))


def check_gauge(measure: MixingMeasure, anchored: bool) -> None:
    """Raise ValueError unless beta0 of the last atom is 0, and in the anchored gauge its beta1."""
    if measure.beta0[-1] != 0 or (anchored and measure.beta1[-1].any()):
        what = "beta0 and beta1 of the last atom" if anchored else "beta0 of the last atom"
        raise ValueError(f"the truth must obey the gauge: {what} must be 0")


def check_experts(m: MixingMeasure) -> None:
    """Raise ValueError where two experts (a, b, nu) are the same: statements on gates suppose distinct ones."""
    experts = {(*a, b, nu) for a, b, nu in zip(m.a.tolist(), m.b.tolist(), m.nu.tolist(), strict=True)}
    if len(experts) < m.k:
        raise ValueError("the experts (a, b, nu) of the truth must be distinct: no data tell equal ones apart")


def check_truth(truth: Truth, true: int, dim: int, gate: str, anchored: bool) -> None:
    """Raise ValueError for another shape or gauge, equal experts, or a temperature that the softmax gate has not."""
    measure = truth.measure
    if (measure.k, measure.d) != (true, dim):
        raise ValueError(f"the truth has k* = {measure.k}, d = {measure.d}, not k* = {true}, d = {dim}")
    check_experts(measure)
    check_gauge(measure, anchored)
    if gate == "softmax" and measure.tau != 1:
        raise ValueError(f"the softmax gate has tau = 1, not {float(measure.tau):g}")
