"""Results do not depend on how many threads BLAS has, nor on how many workers share the replicates."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import temperance
from temperance.numerics.mixture.activation_numpy import compiled
from temperance.numerics.mixture.likelihood import evaluate
from temperance.numerics.mixture.measures import Layout, log_density
from temperance.numerics.mixture.threads import one_blas_thread


def blas_threads():
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def digest(threads, command):
    """Of what the command prints where BLAS may use so many threads."""
    limits = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    done = subprocess.run(command, env={**os.environ, **limits}, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout
    return hashlib.sha256(done.stdout.encode()).hexdigest()


def test_the_threads_of_blas_change_no_bit_of_a_likelihood():
    """Three atoms in three dimensions: sums that OpenBLAS does split among threads."""
    rng = np.random.default_rng(5)
    layout, gate = Layout(3, 3), compiled("tanh")
    theta, x, y = rng.normal(size=layout.size), rng.uniform(-3, 3, (3000, 3)), rng.normal(size=3000)
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads, user_api="blas"):
            sums = evaluate(theta, layout, gate, x, y)
            values = log_density(layout.unpack(theta), gate, x, y)
            found.append([np.asarray(array).tobytes() for array in (*sums, values)])
    assert found[0] == found[1]


def test_blas_has_one_thread_inside_and_as_many_as_before_outside():
    with one_blas_thread():
        pass
    with threadpool_limits(2, user_api="blas"):
        assert blas_threads() == {2}
        with one_blas_thread():
            with one_blas_thread():
                assert blas_threads() == {1}
            assert blas_threads() == {1}
        assert blas_threads() == {2}
        with pytest.raises(ValueError, match="is constant"):
            temperance.fit(np.ones(300), np.arange(300.0), fitted=1)
        assert blas_threads() == {2}


FITS = """
import numpy as np
import temperance
from temperance.numerics.studies.slopes import log_slope

rng = np.random.default_rng(5)
for d, k, n in ((1, 2, 1500), (8, 6, 3000)):
    x = rng.uniform(-3, 3, (n, d))
    y = np.where(rng.random(n) < 0.5, x.sum(axis=1) + 2, -x.sum(axis=1) - 2) + rng.normal(size=n)
    found = temperance.fit(x, y, fitted=k, starts=1, gate="softmax").fit
    for array in (found.theta, found.information, np.array(found.log_likelihood)):
        print(array.tobytes().hex())
errors = rng.normal(size=(200, 8)) / np.arange(1, 9)
print(log_slope(errors, np.geomspace(1e3, 1e5, 8)))
"""


@pytest.mark.full
def test_the_threads_of_blas_change_no_bit_of_fits_and_slopes():
    assert len({digest(threads, [sys.executable, "-c", FITS]) for threads in (1, 2, 4)}) == 1


@pytest.mark.full
def test_neither_workers_nor_the_threads_of_blas_change_a_bit_of_a_study():
    study = ["rates", "--true", "2", "--fitted", "3", "--dim", "8", "--n", "300,600", "--replicates", "10", "--json"]
    runs = [(1, 1), (2, 1), (1, 2), (2, 2), (1, 4), (2, 4)]
    command = [sys.executable, "-m", "temperance", *study, "--workers"]
    assert len({digest(threads, [*command, str(workers)]) for threads, workers in runs}) == 1
