import os
import signal
from dataclasses import replace

import numpy as np
import pytest

from numerics.settings import LINEAR
from numerics.studies import run_study
from numerics.workers import cluster

distributed = pytest.importorskip("distributed")

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


def test_no_scheduler_is_told_in_the_users_terms():
    with pytest.raises(ValueError, match="no Dask scheduler answers at 'nowhere'"), cluster("nowhere"):
        pass
