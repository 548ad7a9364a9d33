import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from temperance.commands.app import run
from temperance.numerics.studies.claim_studies import LINEAR
from temperance.numerics.studies.run import Store, run_study
from temperance.numerics.studies.workers import cluster

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.slow

SMALL = replace(LINEAR, name="small", sizes=(300, 700, 1500), replicates=16, seed=101)


@pytest.fixture
def scheduler():
    """A scheduler on loopback and two worker processes of one thread."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None
    ) as made:
        yield made


def test_a_killed_worker_does_not_change_a_bit(scheduler, tmp_path):
    expected = run_study(SMALL)
    victims = [worker.pid for worker in scheduler.workers.values()]

    def kill_one_midway(progress):
        if progress.done >= 3 and victims:
            os.kill(victims.pop(), signal.SIGKILL)
            victims.clear()

    with cluster(scheduler.scheduler_address) as executor:
        found = run_study(SMALL, executor=executor, store=tmp_path / "s.sqlite", progress=kill_one_midway)
    assert not victims
    assert found.theta.tobytes() == expected.theta.tobytes()
    np.testing.assert_array_equal(found.status, expected.status)


@pytest.fixture
def lone_scheduler():
    """The process of a scheduler on loopback, and its address; a worker of one thread."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    address, quiet = f"tcp://127.0.0.1:{port}", {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    serve = ["dask_scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard"]
    work = ["dask_worker", address, "--nthreads", "1", "--no-dashboard"]
    commands = [[sys.executable, "-m", f"distributed.cli.{name}", *rest] for name, *rest in (serve, work)]
    with subprocess.Popen(commands[0], **quiet) as process, subprocess.Popen(commands[1], **quiet) as worker:
        yield process, address
        for started in (process, worker):
            started.kill()


@pytest.mark.full
def test_a_lost_scheduler_is_told_in_one_line(lone_scheduler, tmp_path, capfd, monkeypatch):
    process, address = lone_scheduler
    path, add, stored = tmp_path / "s.sqlite", Store.add, []
    study = ["rates", "--true", "2", "--fitted", "2", "--n", "300,700", "--replicates", "60", "--json"]

    def adding(store, replicate, outcome):
        add(store, replicate, outcome)
        stored.append(replicate)
        if len(stored) == 3:
            process.kill()

    with monkeypatch.context() as patch:
        patch.setattr(Store, "add", adding)
        assert run([*study, "--scheduler", address, "--store", str(path)]) == 2
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert f"finished replicates are in {path}: run the same command again" in captured.err
    assert 3 <= len(stored) < 60
    assert run([*study, "--workers", "1", "--store", str(path)]) == run([*study, "--workers", "1"]) == 0
    one, other = capfd.readouterr().out.split("\n}\n")[:2]
    assert one == other


def test_no_scheduler_is_told_in_the_users_terms():
    with pytest.raises(ValueError, match="no Dask scheduler answers at 'nowhere'"), cluster("nowhere"):
        pass
