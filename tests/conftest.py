"""Holds BLAS to one thread: with a worker a core, threads wait for each other for most of the time.

That results do not depend on the number of threads is asked in tests/numerics/machine/test_threads.py, which sets it.
"""

import os
from dataclasses import replace
from functools import cache

import pytest

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when NumPy is loaded, here and in processes of tests


def pytest_runtest_setup(item):
    """Where slow tests are left out, sums likelihoods up in NumPy but in tests for machine code: a kernel takes 5 s.

    Before fixtures of any scope are made, which a run of all tests has in machine code. Other processes have it always.
    """
    quick = "not slow" in item.config.option.markexpr
    in_machine_code(not quick or item.get_closest_marker("machine_code") is not None)


@cache
def makers():
    """What makes machine code, as the package has it."""
    from temperance.numerics.fitting.climb import compiled_climb
    from temperance.numerics.mixture import likelihood
    from temperance.numerics.studies import run

    return likelihood, likelihood._compiled, run, compiled_climb


def in_machine_code(wanted):
    """Have likelihoods made in machine code, or not."""
    likelihood, kernel, run, climb = makers()
    if (likelihood._compiled is kernel) == wanted:
        return
    likelihood._compiled = kernel if wanted else lambda *_: None
    run.compiled_climb = climb if wanted else os.getpid  # which every worker can be sent
    likelihood.likelihood.cache_clear()


@pytest.fixture
def output(capsys):
    """What a command prints, which ends with this status, and says nothing else than what it has done so far."""
    from temperance.commands.app import run

    def printed(*arguments, status=0):
        assert run(arguments) == status
        captured = capsys.readouterr()
        assert all(" written to " in line or line[:4] == "row " for line in captured.err.splitlines()), captured.err
        return captured.out

    return printed


@pytest.fixture
def refused(capsys):
    """Holds that a command line is bad input: status 2, nothing printed, and one line, which has these words."""
    from temperance.commands.app import run

    def check(arguments, *words):
        assert run(arguments) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        (line,) = captured.err.splitlines()
        assert line.isprintable()
        assert all(word in line for word in words), line
        return line

    return check


@pytest.fixture(scope="module")
def few_climbs():
    """Fits to few points make one climb from a peak and one from a split in each search, and not 8 and 6; studies too.

    For tests of what is said of a maximum, and not of how it is found.
    """
    from temperance.measurements import rate_studies
    from temperance.numerics.fitting import fits
    from temperance.numerics.fitting.search import Effort
    from temperance.numerics.studies import study

    def fewer(whole):
        return replace(whole, peaks=min(whole.peaks, 1), splits=min(whole.splits, 1), rounds=1)

    of_fit = fits.effort_of
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fits, "effort_of", lambda problem, starts: fewer(of_fit(problem, starts)))
        patch.setattr(rate_studies, "_ANY_STARTS", 1)
        patch.setattr(rate_studies, "_ANY_ROUNDS", 1)
        patch.setattr(study, "Effort", lambda *counts, **options: fewer(Effort(*counts, **options)))
        yield


@pytest.fixture(scope="session")
def fit_keys():
    """What the JSON of every fit begins with, in this order."""
    return (
        *("estimates", "status", "starts", "agree", "gap", "smallest_share", "flat_directions", "warnings", "loglik"),
        *("box", "fitted", "n_parameters", "aic", "bic", "points", "dropped", "answer"),
    )
