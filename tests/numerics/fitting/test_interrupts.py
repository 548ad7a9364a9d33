"""Ctrl-C during a fit."""

import signal
import subprocess
import sys

import pytest

CODE = """
import signal
import numpy as np
from temperance.numerics.fitting.mle import Box, fit_points
from temperance.numerics.mixture.activation_numpy import compile_activation
from temperance.numerics.mixture.measures import Layout
from temperance.numerics.mixture.points import Points
from temperance.theory.activations.activation import Activation, Piece, Z

rng = np.random.default_rng(1)
points = Points(rng.uniform(-1, 1, (50, 1)), rng.normal(size=50))
box = Box(10.0, 10.0, (0.025, 10.0), 10.0, 10.0, (0.1, 1.5))
linear = compile_activation(Activation("linear", (Piece(Z),)))
fit = lambda: fit_points(Layout(2, 1, "free"), linear, points, box=box, starts=3, seed=1)
fit()
signal.signal(signal.SIGALRM, signal.default_int_handler)
for _ in range(500):
    signal.setitimer(signal.ITIMER_REAL, float(rng.uniform(0.0005, 0.002)))
    try:
        while True:
            fit()
    except KeyboardInterrupt:
        pass
print("alive")
"""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the alarm clock is that of POSIX")
def test_an_interrupt_ends_a_fit_and_not_the_process():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "alive"), done.stderr[-2000:]
