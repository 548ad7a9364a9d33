"""The softmax against mpmath, far beyond where exponentials overflow."""

import mpmath
import numpy as np
import pytest

from temperance.numerics.mixture.points import softmax

LOGS = np.array([[0.3, 1e4, -2e5, 0.0], [-1.2, 1e4 - 3, -2e5 + 700, -305.0], [2.0, -1e4, -2e5 + 1, -1e3]])


@pytest.mark.parametrize("axis", [0, 1])
def test_shares_and_the_logarithm_of_the_sum(axis):
    found = softmax(LOGS, axis)
    assert found.shares.shape == LOGS.shape
    for logs, shares, log_sum in zip(
        np.moveaxis(LOGS, axis, -1).reshape(-1, LOGS.shape[axis]),
        np.moveaxis(found.shares, axis, -1).reshape(-1, LOGS.shape[axis]),
        found.log_sum,
        strict=True,
    ):
        with mpmath.workdps(40):
            powers = [mpmath.exp(mpmath.mpf(float(v))) for v in logs]
            expected = [float(p / mpmath.fsum(powers)) for p in powers]
            assert log_sum == pytest.approx(float(mpmath.log(mpmath.fsum(powers))), rel=1e-15)
        assert shares == pytest.approx(expected, rel=1e-13, abs=0)


def test_a_floor_changes_no_sum():
    at_floor, plain = softmax(LOGS, floor=-300.0), softmax(LOGS)
    assert np.array_equal(at_floor.log_sum, plain.log_sum)
    assert plain.shares[1, 3] < np.exp(-300.0) == at_floor.shares[1, 3]


def test_infinite_logits_give_no_number():
    assert np.isnan(softmax(np.array([[np.inf], [0.0]])).shares).any()
