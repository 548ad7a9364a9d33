"""Studies on the command line while machines die, disks fill and stores are damaged: nothing lost, nothing mixed."""

import multiprocessing
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from functools import partial

import pytest

import temperance.numerics.studies.run
from temperance.claims.legs import Runs, study_leg
from temperance.claims.table import Claim
from temperance.commands.app import run
from temperance.measurements.rate_studies import study_for
from temperance.numerics.studies.claim_studies import LINEAR
from temperance.numerics.studies.run import Store, open_store, run_study

pytestmark = pytest.mark.slow

STUDY = {"true": 2, "fitted": 2, "n": (100, 200), "replicates": 80}
RATES = ["rates", "--true", "2", "--fitted", "2", "--n", "100,200", "--replicates", "80", "--json"]
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


@pytest.mark.parametrize("changes", [["--seed", "1"], ["--truth", "truth.json"]])
def test_a_changed_definition_is_not_mixed_with_what_is_stored(tmp_path, capsys, monkeypatch, whole, changes):
    path = shutil.copy(whole[0], tmp_path / "s.sqlite")
    point = '{"beta1":[[2],[0]],"beta0":[0,0],"tau":1,"a":[[1],[-1]],"b":[2,-2],"nu":[0.25,0.5],"x":'
    (tmp_path / "truth.json").write_text(point + '{"law":"uniform","low":-3,"high":3}}')
    monkeypatch.chdir(tmp_path)
    before = path.read_bytes()
    at = RATES.index(changes[0]) if changes[0] in RATES else len(RATES)
    status = run([*RATES[:at], *changes, *RATES[at + 2 :], "--workers", "1", "--store", str(path)])
    check_refused(status, capsys, repr(str(path)), "another definition of the study")
    assert path.read_bytes() == before
    monkeypatch.delattr(temperance.numerics.studies.run, "run_replicate")
    assert finish(path, capsys) == whole[1]


@pytest.fixture
def small_claim(monkeypatch, tmp_path):
    """Only the claim C9, about one small study; no published estimates nearby."""
    study = replace(LINEAR, name="small", sizes=(100, 200), replicates=40, seed=101)
    leg = partial(study_leg, studies=[study], parameters=["density"])
    monkeypatch.setattr("temperance.claims.verify.CLAIMS", [Claim("C9", "", (("monte_carlo", leg),))])
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return study


@pytest.mark.parametrize("command", [RATES, ["verify", "C9"]])
def test_a_damaged_store_is_refused_and_left_alone(tmp_path, capsys, small_claim, whole, command):
    path, content = tmp_path / "s.sqlite", whole[0].read_bytes()
    path.write_bytes(content[:4096] + bytes(4096) + content[8192:])
    before = path.read_bytes()
    check_refused(run([*command, "--workers", "1", "--store", str(path)]), capsys, repr(str(path)))
    assert path.read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == ["here", "s.sqlite"]


def test_a_disk_that_fills_during_a_verification(tmp_path, capsys, small_claim, monkeypatch):
    path, connect = tmp_path / "s.sqlite", sqlite3.connect

    def limited(*arguments, **options):
        connection = connect(*arguments, **options)
        connection.execute("PRAGMA max_page_count = 7")
        return connection

    monkeypatch.setattr("temperance.numerics.studies.run.sqlite3.connect", limited)
    status = run(["verify", "C9", "--workers", "1", "--store", str(path)])
    check_refused(status, capsys, "cannot be written (database or disk is full)")
    monkeypatch.undo()
    with closing(sqlite3.connect(path)) as connection:
        assert 0 < connection.execute("SELECT count(*) FROM replicates").fetchone()[0] < 40


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
