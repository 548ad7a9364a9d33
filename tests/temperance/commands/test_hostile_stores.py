"""Studies on the command line while machines die, disks fill and stores are damaged: nothing lost, nothing mixed."""

import multiprocessing
import subprocess
import sys
from dataclasses import replace

import pytest

import temperance.numerics.studies.run
from temperance.claims.legs import Runs
from temperance.commands.app import run
from temperance.measurements.rate_studies import study_for
from temperance.numerics.studies.claim_studies import LINEAR
from temperance.numerics.studies.run import Store, open_store, run_study

pytestmark = pytest.mark.slow

STUDY = {"true": 2, "fitted": 2, "n": (100, 200), "replicates": 40}
RATES = ["rates", "--true", "2", "--fitted", "2", "--n", "100,200", "--replicates", "40", "--json"]
ROWS = STUDY["replicates"]


def command(path, *, workers=1):
    return [sys.executable, "-m", "temperance", *RATES, "--workers", str(workers), "--store", str(path)]


@pytest.fixture(scope="module")
def outcomes():
    """Of every replicate, run in this process without a store."""
    return [temperance.numerics.studies.run.run_replicate(study_for(**STUDY), replicate) for replicate in range(ROWS)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A finished store, and what the command printed."""
    path = tmp_path_factory.mktemp("whole") / "s.sqlite"
    done = subprocess.run(command(path), capture_output=True, text=True, check=True)
    return path, done.stdout


def rows(path, outcomes):
    """How many replicates a store holds, each of them as it comes out without a store."""
    if not path.exists():
        return 0
    study = study_for(**STUDY)
    with open_store(path, study.name, study.digest, study.definition) as store:
        found = store.outcomes()
    for replicate, (theta, *rest) in found.items():
        expected = outcomes[replicate]
        assert (theta.tobytes(), rest) == (expected[0].tobytes(), list(expected[1:]))
    return len(found)


def finish(path, capsys):
    """What the command prints in the end, with what the store holds."""
    assert run([*RATES, "--workers", "1", "--store", str(path)]) == 0
    return capsys.readouterr().out


def test_several_processes_on_one_store_at_once(tmp_path, whole, outcomes):
    path = tmp_path / "s.sqlite"
    processes = [subprocess.Popen(command(path), stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [process.communicate()[0] for process in processes] == [whole[1]] * 3
    assert [process.returncode for process in processes] == [0] * 3
    assert rows(path, outcomes) == ROWS


def check_refused(status, capsys, *words):
    """Exit status 2, nothing on stdout and one line on stderr that says these words."""
    captured = capsys.readouterr()
    assert (status, captured.out) == (2, "")
    assert captured.err.count("\n") == 1
    assert all(word in captured.err for word in words), captured.err


@pytest.fixture
def killing(monkeypatch):
    """Kill a worker of this process when the third replicate is stored."""
    add, stored = Store.add, []

    def adding(store, replicate, outcome):
        add(store, replicate, outcome)
        stored.append(replicate)
        if len(stored) == 3:
            multiprocessing.active_children()[0].kill()

    monkeypatch.setattr(Store, "add", adding)


def test_a_killed_worker_is_told_in_one_line(tmp_path, capsys, killing, whole, outcomes):
    path = tmp_path / "s.sqlite"
    status = run([*RATES, "--workers", "2", "--store", str(path)])
    kept = f"a worker process ended abruptly (killed, or out of memory); finished replicates are in {path}"
    check_refused(status, capsys, f"{kept}: run the same command again")
    assert 3 <= rows(path, outcomes) < ROWS
    assert finish(path, capsys) == whole[1]


def test_the_studies_after_a_killed_worker_have_new_ones(tmp_path, killing):
    study = replace(LINEAR, name="small", sizes=(100, 200), replicates=40, seed=101)
    with Runs(workers=1, store=str(tmp_path / "s.sqlite")) as runs:
        with pytest.raises(RuntimeError, match="study 'first': a worker process ended abruptly"):
            runs.result(replace(study, name="first"))
        assert runs.result(study).theta.tobytes() == run_study(study).theta.tobytes()


def test_a_machine_without_memory_is_told_in_one_line(tmp_path, capsys, monkeypatch):
    def exhausted(study, replicate):
        raise MemoryError

    monkeypatch.setattr(temperance.numerics.studies.run, "run_replicate", exhausted)
    status = run([*RATES, "--workers", "1"])
    check_refused(status, capsys, "out of memory; with --store FILE.sqlite finished replicates would be kept")
