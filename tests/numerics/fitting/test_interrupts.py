"""Ctrl-C during a fit."""

import signal
import subprocess
import sys

import pytest

FIT = """
from temperance.numerics.fitting.fits import fit_general
from temperance.numerics.mixture.points import Points
from temperance.theory.models.by_name import model

spec = model("softmax")
fit = lambda: fit_general(Points(x, y), spec, 2, starts=3, seed=1)
"""
CODE = """
import signal
import numpy as np

rng = np.random.default_rng(1)
x, y = rng.uniform(-1, 1, (50, 1)), rng.normal(size=50)
{}
fit()
signal.signal(signal.SIGALRM, signal.default_int_handler)
for _ in range(100):
    try:
        signal.setitimer(signal.ITIMER_REAL, float(rng.uniform(0.0005, 0.002)))
        while True:
            fit()
    except KeyboardInterrupt:
        pass
print("alive")
"""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the alarm clock is that of POSIX")
def test_an_interrupt_ends_a_fit_and_not_the_process():
    done = subprocess.run([sys.executable, "-c", CODE.format(FIT)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "alive"), done.stderr[-2000:]
