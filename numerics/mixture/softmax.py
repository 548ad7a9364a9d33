"""Normalises exponentials: the probabilities of atoms from their logits."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from temperance.numerics.mixture.activation_numpy import Floats


class Softmax(NamedTuple):
    """exp(logs)/sum exp(logs) over an axis; the largest of logs, and sum exp(logs - largest), without that axis."""

    shares: Floats
    largest: Floats
    total: Floats

    @property
    def log_sum(self) -> Floats:
        """The logarithm of sum exp(logs)."""
        return self.largest + np.log(self.total)


def softmax(logs: Floats, axis: int = 0, floor: float = -np.inf) -> Softmax:
    """The softmax over an axis; floor: logs - largest is not taken below it."""
    largest = logs.max(axis=axis, keepdims=True)
    with np.errstate(invalid="ignore"):  # nan where s overflows
        e = logs - largest
    if floor > -np.inf:
        np.maximum(e, floor, out=e)
    np.exp(e, out=e)
    total = e.sum(axis=axis, keepdims=True)
    e /= total
    return Softmax(e, np.squeeze(largest, axis), np.squeeze(total, axis))
