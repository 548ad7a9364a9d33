"""Studies on the command line while machines die, disks fill and stores are damaged: nothing lost, nothing mixed."""

import multiprocessing
import os
import random
import resource
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

import temperance.numerics.studies.run
from temperance.claims.legs import study_leg
from temperance.claims.study_runner import Runs
from temperance.claims.table import Claim
from temperance.commands.app import run
from temperance.measurements.rate_studies import study_for
from temperance.numerics.studies.claim_studies import LINEAR
from temperance.numerics.studies.run import run_study
from temperance.numerics.studies.store import Store, open_store

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
    """A finished store, what the command printed, and how long it took."""
    path, start = tmp_path_factory.mktemp("whole") / "s.sqlite", time.monotonic()
    done = subprocess.run(command(path), capture_output=True, text=True, check=True)
    return path, done.stdout, time.monotonic() - start


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


@pytest.mark.parametrize("kills", [4, pytest.param(50, marks=pytest.mark.full)])
def test_kill_minus_nine_at_random_moments(tmp_path, capsys, whole, outcomes, kills):
    """Anywhere between the start of the process and the end of the study; another store when one is finished."""
    rng, stores, kept, killed = random.Random(kills), 0, 0, 0
    while killed < kills:
        path = tmp_path / f"{stores}.sqlite"
        with subprocess.Popen(command(path, workers=1 + killed % 2), stdout=subprocess.PIPE, text=True) as process:
            with suppress(subprocess.TimeoutExpired):
                process.wait(rng.uniform(0, whole[2]))
            process.kill()
            output = process.stdout.read()
        killed += process.returncode == -signal.SIGKILL
        assert process.returncode in (0, -signal.SIGKILL)
        found = rows(path, outcomes)
        assert found >= kept
        kept = found
        if process.returncode == 0:
            assert (output, found) == (whole[1], ROWS)
            stores, kept = stores + 1, 0
    for path in [*tmp_path.glob("*.sqlite")] or [tmp_path / "0.sqlite"]:  # none where every kill came before its start
        assert finish(path, capsys) == whole[1]
    assert {p.suffix for p in tmp_path.iterdir()} == {".sqlite"}


def test_several_processes_on_one_store_at_once(tmp_path, whole, outcomes):
    path = tmp_path / "s.sqlite"
    processes = [subprocess.Popen(command(path), stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [process.communicate()[0] for process in processes] == [whole[1]] * 3
    assert [process.returncode for process in processes] == [0] * 3
    assert rows(path, outcomes) == ROWS


def test_of_two_definitions_at_once_one_is_refused(tmp_path):
    path = tmp_path / "s.sqlite"
    commands = [[*command(path), "--seed", seed] for seed in ("0", "1")]
    processes = [subprocess.Popen(c, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for c in commands]
    printed = [process.communicate() for process in processes]
    assert sorted(process.returncode for process in processes) == [0, 2]
    (refusal,) = (err for out, err in printed if not out)
    assert refusal.count("\n") == 1
    assert "another definition of the study" in refusal


def check_refused(status, capsys, *words):
    """Exit status 2, nothing on stdout and one line on stderr that says these words."""
    captured = capsys.readouterr()
    assert (status, captured.out) == (2, "")
    assert captured.err.count("\n") == 1
    assert all(word in captured.err for word in words), captured.err


@pytest.mark.parametrize(
    "changes", [["--seed", "1"], ["--n", "100,201"], ["--replicates", "81"], ["--truth", "truth.json"]]
)
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


def noise(content):
    return random.Random(0).randbytes(len(content))


DAMAGES = {
    "random bytes": noise,
    "not a database": lambda content: b"n,error\n100,0.5\n" * 500,
    "one page short": lambda content: content[:-4096],
    "half": lambda content: content[: len(content) // 2],
    "a part of the header": lambda content: content[:60],
    "random after the header": lambda content: content[:100] + noise(content[100:]),
    "a page of zeros": lambda content: content[:4096] + bytes(4096) + content[8192:],
    "another page twice": lambda content: content[:8192] + content[4096:8192] + content[12288:],
}


@pytest.mark.parametrize("command", [RATES, ["verify", "C9"]])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_store_is_refused_and_left_alone(tmp_path, capsys, small_claim, whole, command, damage):
    path = tmp_path / "s.sqlite"
    path.write_bytes(DAMAGES[damage](whole[0].read_bytes()))
    before = path.read_bytes()
    check_refused(run([*command, "--workers", "1", "--store", str(path)]), capsys, repr(str(path)))
    assert path.read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == ["here", "s.sqlite"]


@pytest.mark.parametrize("command", [RATES, ["verify", "C9"]])
@pytest.mark.parametrize("place", ["here", "missing/s.sqlite", "/dev/full", "loop"])
def test_a_place_that_takes_no_store_is_refused(tmp_path, capsys, small_claim, command, place):
    (tmp_path / "loop").symlink_to("loop")
    path = tmp_path / place
    check_refused(run([*command, "--workers", "1", "--store", str(path)]), capsys, repr(str(path)), "cannot be used")


AS_NOBODY = """
import contextlib, io, os, sys
from temperance.commands.app import run
with contextlib.redirect_stdout(io.StringIO()):
    run(["rates", "--true", "2", "--fitted", "2", "--n", "20,40", "--replicates", "10", "--workers", "1"])
if os.getuid() == 0:
    os.setuid(65534)  # root may write to read-only files; what was loaded may lie where only root may read
sys.exit(run(sys.argv[1:]))
"""


def test_a_read_only_store_is_refused_before_anything_is_computed(whole):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(shutil.copy(whole[0], folder))
        Path(folder).chmod(0o755)
        path.chmod(stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)
        arguments = [*RATES, "--workers", "1", "--store", str(path)]
        done = subprocess.run([sys.executable, "-c", AS_NOBODY, *arguments], capture_output=True, text=True)
        assert path.read_bytes() == whole[0].read_bytes()
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "readonly database" in done.stderr


def check_full(done, path, capsys, whole, outcomes):
    """The disk was full: one line; what was finished is there, and the command goes on from it."""
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "cannot be written" in done.stderr
    assert "the same command goes on from there" in done.stderr
    assert 0 < rows(path, outcomes) < ROWS
    assert finish(path, capsys) == whole[1]


def test_a_file_that_may_not_grow(tmp_path, capsys, whole, outcomes):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))

    path = tmp_path / "s.sqlite"
    done = subprocess.run(command(path), capture_output=True, text=True, preexec_fn=limit)
    check_full(done, path, capsys, whole, outcomes)


ON_A_SMALL_DISK = """
mount -t tmpfs -o size=48k tmpfs "$0" || exit 99
"$@"
status=$?
cp "$0"/*.sqlite "$0".sqlite || exit 98
exit $status
"""


def test_a_disk_that_is_full(tmp_path, capsys, whole, outcomes):
    """A file system of 48 kB, in a name space of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    if shutil.which("unshare") is None:
        pytest.skip("there is no unshare, which gives a process file systems of its own")
    enter = ["unshare", "--map-root-user", "--mount", "sh", "-c", ON_A_SMALL_DISK, str(place)]
    done = subprocess.run([*enter, *command(place / "s.sqlite")], capture_output=True, text=True)
    if done.returncode in (1, 99):
        pytest.skip(f"a small file system cannot be mounted here: {done.stderr.strip()}")
    check_full(done, tmp_path / "disk.sqlite", capsys, whole, outcomes)


def test_a_disk_that_fills_during_a_verification(tmp_path, capsys, small_claim, monkeypatch):
    path, connect = tmp_path / "s.sqlite", sqlite3.connect

    def limited(*arguments, **options):
        connection = connect(*arguments, **options)
        connection.execute("PRAGMA max_page_count = 7")
        return connection

    monkeypatch.setattr("temperance.numerics.studies.store.sqlite3.connect", limited)
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
