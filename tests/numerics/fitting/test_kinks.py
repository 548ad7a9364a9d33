"""Fits of gates with kinks: nothing near their ends is higher, whether they say that they ended or not."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize

from temperance.numerics.fitting.fits import search_layout
from temperance.numerics.fitting.problem import Box, layout_problem
from temperance.numerics.mixture.activation_numpy import compiled
from temperance.numerics.mixture.measures import Layout, MixingMeasure, sample
from temperance.numerics.mixture.points import Points

CASES = [
    ("relu", 2, "free", 3),
    pytest.param("hardtanh", 2, "anchored", 3, marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("name", "d", "gauge", "seed"), CASES)
def test_a_simplex_from_the_end_of_a_fit_gains_little(name, d, gauge, seed):
    gate = replace(compiled(name), machine_code=False)
    beta1 = [[2.0, -1.0][:d], [-0.7, 0.8][:d] if gauge == "free" else [0.0] * d]
    a = [[1.5, 0.5][:d], [-1.0, 0.3][:d]]
    truth = MixingMeasure(beta1, [0.4, 0.0], 0.8, a, [1.0, -1.5], [0.25, 0.09])
    points, layout = Points(*sample(truth, gate, 200, seed=seed)), Layout(2, d, gauge)
    box = Box.for_data(points.x, points.y)
    problem = layout_problem(layout, gate, points, box)
    fit = search_layout(layout, gate, points, box=box, starts=2, seed=1)

    def f(u):
        return -problem.sums(np.clip(u, problem.lower, problem.upper)).value

    at, best = fit.theta, -fit.log_likelihood
    for scale in (0.1, 1e-3):
        simplex = at + np.vstack([np.zeros(len(at)), scale * (1 + np.abs(at)) * np.eye(len(at))])
        options = {"maxfev": 250, "initial_simplex": simplex, "adaptive": True, "fatol": 1e-9, "xatol": 1e-9}
        end = minimize(f, at, method="Nelder-Mead", options=options)
        at, best = (end.x, end.fun) if end.fun < best else (at, best)
    assert fit.status in ("converged", "at_bound", "max_steps")
    gain = -best - fit.log_likelihood
    # an end on a kink counts as a maximum if climbs from beside it gain less than 1e-3
    assert gain < (0.05 if fit.status == "max_steps" else 2e-3)
