"""Steps in ratios to tau: the passes they save in the near-linear valley of tanh."""

import numpy as np

from temperance.numerics.fitting.charts import frame_of
from temperance.numerics.fitting.mle import Box, start_points
from temperance.numerics.fitting.newton import Local, maximise
from temperance.numerics.likelihood.by_layout import evaluate
from temperance.numerics.mixture.activation_numpy import compile_activation
from temperance.numerics.mixture.measures import Layout, MixingMeasure
from temperance.numerics.mixture.points import Points
from temperance.numerics.mixture.sampling import sample
from temperance.theory.activations.activation import activation

TANH = compile_activation(activation("tanh"))
BOX = Box(10.0, 10.0, (0.025, 10.0), 10.0, 10.0, (0.25 / 3, 1.5))


def test_a_near_linear_gate_takes_fewer_passes():
    """beta1 = (.3, -.1), tau = .1: with steps in theta, the same starts take more than twice the passes."""
    truth = MixingMeasure([[0.3], [-0.1]], [0.05, 0.0], 0.1, [[1.0], [-1.0]], [2.0, -2.0], [0.25, 0.5])
    layout, passes = Layout(2, 1, "free"), []
    for replicate in range(12):
        x, y = sample(truth, TANH, 4000, seed=8, replicate=replicate)
        points = Points(x, y)

        def f(theta, x=x, y=y):
            value, score, hessian = evaluate(theta, layout, TANH, x, y)
            return Local(value / 4000, score / 4000, hessian / 4000)

        frame = frame_of(layout, *points.middle, linear=False)
        for start in start_points(layout, TANH, points, BOX, 2, seed=replicate):
            ends = [maximise(f, start, *BOX.bounds(layout), 500, chart) for chart in (None, frame)]
            passes.append([end.passes for end in ends])
            assert ends[1].stationary
    plain, charted = np.mean(passes, axis=0)
    assert charted < plain / 2
