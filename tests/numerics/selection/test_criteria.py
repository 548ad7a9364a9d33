"""The singular BIC against its equations, and in the cases where it is known."""

import mpmath
import numpy as np
import pytest

from temperance.numerics.estimation.sizes import marginals


def test_one_model_is_charged_as_by_bic():
    (found,) = marginals([-100.0], [[(2.5, 1)]], 50)
    assert found == pytest.approx(-100 - 2.5 * np.log(50), rel=1e-15)


def test_regular_models_are_charged_as_by_bic():
    """With lambda_kj = p_k/2 for every j all models agree on L_kj, and x_k = exp(L_kk)."""
    sizes = (2, 5, 8)
    found = marginals([-100.0, -80.0, -79.0], [[(p / 2, 1)] * (k + 1) for k, p in enumerate(sizes)], 200)
    assert found == pytest.approx([l - p / 2 * np.log(200) for l, p in zip((-100, -80, -79), sizes, strict=True)])


@pytest.mark.parametrize("levels", [[-50.0, -48.0, -47.5], [-1000.0, -600.0, -599.0], [-50.0, -49.9, -20.0]])
def test_the_fixed_point_is_solved(levels):
    """The equations of Drton and Plummer, in 60 digits: x_k = sum_j x_j exp(L_kj) / sum_j x_j over j <= k."""
    charges = [[(1.5, 1)], [(2.5, 2), (4.0, 1)], [(3.5, 1), (5.0, 1), (6.5, 1)]]
    n = 300
    found = marginals(levels, charges, n)
    with mpmath.workdps(60):
        x = []
        for k, level in enumerate(levels):
            at = [
                mpmath.exp(mpmath.mpf(level) - mpmath.mpf(lam) * mpmath.log(n) + (m - 1) * mpmath.log(mpmath.log(n)))
                for lam, m in charges[k]
            ]
            if k == 0:
                x.append(at[0])
                continue
            b = sum(x) - at[k]
            c = sum(a * before for a, before in zip(at, x, strict=False))
            x.append((-b + mpmath.sqrt(b * b + 4 * c)) / 2)
            total = sum(x)
            assert mpmath.almosteq(x[k], sum(a * v for a, v in zip(at, x, strict=True)) / total, rel_eps=1e-30)
        exact = [float(mpmath.log(v)) for v in x]
    assert found == pytest.approx(exact, rel=1e-12)
