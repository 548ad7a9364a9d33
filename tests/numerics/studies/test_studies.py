import os
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import temperance.numerics.studies.run
from temperance.numerics.fitting.climb import EXACT
from temperance.numerics.fitting.search import climb_all, search_once
from temperance.numerics.mixture.likelihood import evaluate
from temperance.numerics.mixture.measures import MixingMeasure
from temperance.numerics.studies.claim_studies import TANH
from temperance.numerics.studies.lattice import design, samples
from temperance.numerics.studies.results import STATUSES, study_slopes
from temperance.numerics.studies.run import Progress, open_store, run_replicate, run_study
from temperance.numerics.studies.study import Study, search_sizes
from temperance.numerics.studies.workers import processes

TRUTH = MixingMeasure([[3.0], [0.5]], [1.0, 0.0], 0.25, [[1.0], [-1.0]], [2.0, -2.0], [0.25, 0.5])
SMALL = Study(
    name="small",
    activation="tanh",
    truth=TRUTH,
    k=2,
    gauge="free",
    sizes=(300, 700),
    replicates=12,
    starts=1,
    box=TANH.box,
    seed=101,
)


FEW = replace(SMALL, name="few", sizes=(100, 200), replicates=4)
LATTICE = replace(SMALL, name="lattice", sizes=(10**4, 10**8, 10**12), backward=True)
LATTICE = replace(LATTICE, experiment="lattice")


@pytest.fixture(scope="module")
def small():
    return run_study(SMALL)


@pytest.fixture(scope="module")
def few():
    return run_study(FEW)


def check_same(result, expected):
    """Bit for bit."""
    assert result.theta.tobytes() == expected.theta.tobytes()
    for name in ("status", "agree", "gaps"):
        one, other = getattr(result, name), getattr(expected, name)
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_workers_do_not_change_a_bit_and_leave_the_environment_as_it_was(few):
    before = dict(os.environ)
    check_same(run_study(FEW, workers=2), few)
    assert dict(os.environ) == before


def test_any_executor_gives_the_same(few, tmp_path):
    with ThreadPoolExecutor(3) as threads:
        check_same(run_study(FEW, executor=threads, store=tmp_path / "s.sqlite"), few)


def test_a_stored_study_is_not_run_again(few, tmp_path, monkeypatch):
    path = tmp_path / "s.sqlite"
    check_same(run_study(FEW, store=path), few)
    monkeypatch.delattr(temperance.numerics.studies.run, "run_replicate")
    check_same(run_study(FEW, store=path, workers=2), few)
    with pytest.raises(ValueError, match="another definition of the study 'few'"):
        run_study(replace(FEW, seed=102), store=path)
    check_same(run_study(FEW, store=path), few)


def test_what_was_finished_before_a_failure_is_kept(few, tmp_path, monkeypatch):
    path, ran = tmp_path / "s.sqlite", []

    def failing(study, replicate):
        ran.append(replicate)
        if len(ran) == 3:
            raise MemoryError
        return run_replicate(study, replicate)

    monkeypatch.setattr(temperance.numerics.studies.run, "run_replicate", failing)
    with pytest.raises(MemoryError):
        run_study(FEW, store=path)
    assert ran == [0, 1, 2]
    check_same(run_study(FEW, store=path), few)
    assert ran[3:] == [0, 2, 3]  # 0 again, to see that it comes out the same


@pytest.mark.parametrize("changed", [0, 1, 2, 3])
def test_a_store_that_other_code_began_is_not_completed(few, tmp_path, changed):
    outcome = [few.theta[2], *(part[2].tolist() for part in (few.status, few.agree, few.gaps))]
    outcome[changed] = [np.nextafter(few.theta[2], 9), ["spike", "spike"], [7, 7], [1.0, 2.0]][changed]
    path = tmp_path / "s.sqlite"
    with open_store(path, FEW.name, FEW.digest, FEW.definition) as store:
        store.add(2, tuple(outcome))
    before = path.read_bytes()
    with pytest.raises(ValueError, match="replicate 2 in the store comes out differently"):
        run_study(FEW, store=path)
    with open_store(path, FEW.name, FEW.digest, FEW.definition) as store:
        assert list(store.outcomes()) == [2]
    assert len(path.read_bytes()) == len(before)


def test_progress_counts(tmp_path):
    study, path = replace(FEW, replicates=3), tmp_path / "s.sqlite"
    seen = []
    run_study(study, store=path, progress=seen.append)
    assert [(p.done, p.total, p.stored) for p in seen] == [(i, 3, 0) for i in range(4)]
    again = []
    run_study(study, store=path, progress=again.append)
    assert again == [Progress(done=3, total=3, stored=3)]


RUN = """
import os, signal, sys, test_studies
store, workers, more = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
if __name__ == "__main__":
    die = lambda p: p.done - p.stored >= more and os.kill(os.getpid(), signal.SIGKILL)
    study = test_studies.replace(test_studies.FEW, replicates=30)
    test_studies.run_study(study, workers=workers, store=store, progress=die)
"""


def start(code, *arguments, **options):
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    return subprocess.Popen([sys.executable, "-c", code, *map(str, arguments)], env=environment, **options)


def rows(path):
    if not path.exists():
        return 0
    with closing(sqlite3.connect(path)) as connection:
        try:
            return connection.execute("SELECT count(*) FROM replicates").fetchone()[0]
        except sqlite3.OperationalError:  # not made yet, or being written
            return 0


@pytest.mark.slow
def test_a_study_that_is_killed_again_and_again_gives_the_same(tmp_path):
    path, rng = tmp_path / "s.sqlite", np.random.default_rng(0)
    for workers in (1, 2):
        before, more = rows(path), int(rng.integers(1, 10))
        with start(RUN, path, workers, more) as run:
            assert run.wait() == -signal.SIGKILL
        assert rows(path) >= before + more
    assert rows(path) < 30
    whole = replace(FEW, replicates=30)
    check_same(run_study(whole, store=path, workers=2), run_study(whole))


WORK = """
import os, time
from temperance.numerics.studies.workers import local_workers
if __name__ == "__main__":
    with local_workers(2) as pool:
        print(pool.submit(os.getpid).result(), flush=True)
        pool.submit({work}).result()
"""


@pytest.mark.parametrize("work", ["time.sleep, 1000", "sum, range(10**12)"])
def test_workers_end_within_two_seconds_of_the_death_of_their_parent(work):
    """All share the pipe of standard output, which ends with the last of them."""
    with start(WORK.format(work=work), stdout=subprocess.PIPE) as parent:
        parent.stdout.readline()
        parent.kill()
        parent.communicate(timeout=2)


def test_from_the_largest_size_down_a_missed_maximum_is_reached(monkeypatch):
    """A search that ends low at the first n is taken up from its estimate at the second."""
    problems = [SMALL.problem(points, compiled=False) for points in SMALL.data(0)]

    def missing(problem, *given, **options):
        once = search_once(problem, *given, **options)
        return climb_all(problem, [problem.lower], passes=1) if problem is problems[0] else once

    monkeypatch.setattr(temperance.numerics.studies.study, "search_once", missing)
    rest = ([1, 2], [EXACT, EXACT], SMALL.effort, 0)
    once, again = (search_sizes(problems, *rest, backward=backward) for backward in (False, True))
    assert again[0].log_likelihood > once[0].log_likelihood + 50
    assert again[0].is_estimate
    assert again[1].log_likelihood == once[1].log_likelihood


@pytest.fixture(scope="module")
def on_lattice():
    return run_study(LATTICE)


@pytest.mark.slow
def test_on_the_lattice_workers_and_stores_do_not_change_a_bit(on_lattice, tmp_path):
    check_same(run_study(LATTICE, workers=2, store=tmp_path / "s.sqlite"), on_lattice)
    check_same(run_study(LATTICE, store=tmp_path / "s.sqlite"), on_lattice)
    theta, *_ = run_replicate(LATTICE, 7)
    assert theta.tobytes() == on_lattice.theta[7].tobytes()


def test_on_the_lattice_fits_are_maxima_and_errors_fall_with_the_root_of_n(on_lattice):
    assert on_lattice.counts["converged"] == 36
    for replicate in range(2):
        points = list(samples(LATTICE.lattice, LATTICE.sizes, seed=LATTICE.seed, replicate=replicate))
        for theta, data in zip(on_lattice.theta[replicate], points, strict=True):
            value, score, hessian = evaluate(
                theta, LATTICE.layout, LATTICE.gate, data.x, data.y, data.weights, data.reference
            )
            assert 0 < value < 20  # above the truth, by half a chi-square of 9 degrees
            assert score @ np.linalg.solve(-hessian, score) / 2 < 1e-3  # units of log-likelihood left to gain
    for name, errors in on_lattice.errors.items():
        flat = errors.reshape(12, 3, -1) * np.sqrt(LATTICE.sizes)[:, None]
        rms = np.sqrt((flat**2).mean(axis=0))
        assert (rms.max(axis=0) < 3 * rms.min(axis=0)).all(), name


def test_over_specified_fits_have_a_lattice_too():
    truth = MixingMeasure([[0.5], [0.0]], [0.25, 0.0], 0.5, TRUTH.a, TRUTH.b, TRUTH.nu)
    study = replace(LATTICE, truth=truth, k=3, gauge="anchored", splits=1, sizes=(10**4, 10**6), replicates=1)
    found = run_study(study)
    assert found.theta.shape == (1, 2, study.layout.size)
    data = samples(study.lattice, study.sizes, seed=study.seed)
    for theta, points in zip(found.theta[0], data, strict=True):
        value, *_ = evaluate(theta, study.layout, study.gate, points.x, points.y, points.weights, points.reference)
        assert value > 0


def test_errors_have_their_shapes_and_dropped_fits_are_missing(small):
    assert {name: e.shape for name, e in small.errors.items()} == {
        "beta1": (12, 2, 2),
        "a": (12, 2, 2),
        "b": (12, 2, 2),
        "nu": (12, 2, 2),
        "tau": (12, 2),
        "weight": (12, 2, 2),
        "density": (12, 2),
    }
    np.testing.assert_array_equal(np.isnan(small.errors["tau"]), ~small.valid_fits)
    assert list(small.counts) == list(STATUSES)
    assert small.dropped == (small.counts["spike"] + small.counts["max_steps"]) / 24


def test_the_smallest_share_is_the_least_mean_weight_of_an_atom(few):
    x = design(FEW.low, FEW.high, 1, 48)
    weights = few.measures[3, 1].gate_probabilities(x, "tanh")
    assert few.smallest_share[3, 1] == pytest.approx(weights.mean(axis=0).min(), rel=1e-14)


def test_the_slopes_name_parameter_cell_and_share(small):
    slopes = study_slopes(small)
    assert {(s.parameter, s.cell) for s in slopes} >= {("tau", None), ("a", 0), ("a", 1), ("beta1", 0)}
    for cell in (0, 1):
        assert sum(s.share for s in slopes if s.parameter == "a" and s.cell == cell) == pytest.approx(1.0)
    assert slopes == study_slopes(small)


def test_a_linear_gate_is_anchored_and_measured_by_its_identifiable_functions():
    with pytest.raises(ValueError, match="anchored"):
        replace(SMALL, activation="linear")
    truth = MixingMeasure(np.array([[2.0], [0.0]]), np.array([0.5, 0.0]), np.array(1.0), TRUTH.a, TRUTH.b, TRUTH.nu)
    study = replace(SMALL, activation="linear", gauge="anchored", truth=truth, replicates=2)
    errors = run_study(study).errors
    assert set(errors) == {"beta1/tau", "beta0/tau", "a", "b", "nu", "weight", "density"}


def test_bad_workers_are_refused():
    assert processes(None) >= 1
    with pytest.raises(ValueError, match="workers must be at least 1 and at most 4096, not 0"):
        run_study(SMALL, workers=0)
    with pytest.raises(ValueError, match="beside an executor"):
        run_study(SMALL, workers=2, executor=ThreadPoolExecutor(1))
