import json
import os
import subprocess
import sys

import numpy as np
import pytest

from numerics.measures import MixingMeasure
from numerics.mle import Box
from numerics.slopes import judge
from numerics.studies import STATUSES, TANH_EXACT, Study, pilot, run_replicate, run_study, study_slopes

TRUTH = TANH_EXACT.truth
SMALL = Study(
    name="small",
    activation="tanh",
    truth=TRUTH,
    k=2,
    gauge="free",
    sizes=(300, 700),
    replicates=12,
    starts=1,
    box=TANH_EXACT.box,
    seed=101,
)


def with_changes(**changes):
    names = ("name", "activation", "truth", "k", "gauge", "sizes", "replicates", "starts", "box", "seed")
    return Study(**{**{name: getattr(SMALL, name) for name in names}, **changes})


@pytest.fixture(scope="module")
def small():
    return run_study(SMALL)


def test_workers_do_not_change_a_bit(small):
    spawned = run_study(SMALL, workers=2)
    np.testing.assert_array_equal(spawned.theta, small.theta)
    np.testing.assert_array_equal(spawned.status, small.status)
    np.testing.assert_array_equal(spawned.agree, small.agree)


def test_a_replicate_does_not_depend_on_the_others(small):
    theta, status, agree = run_replicate(SMALL, 7)
    np.testing.assert_array_equal(theta, small.theta[7])
    assert status == small.status[7].tolist()
    assert agree == small.agree[7].tolist()


def test_the_environment_is_left_as_it_was():
    before = dict(os.environ)
    run_study(with_changes(replicates=2, sizes=(100, 200)), workers=2)
    assert dict(os.environ) == before


def test_every_fit_has_a_status(small):
    assert list(small.counts) == list(STATUSES)
    assert sum(small.counts.values()) == 12 * 2
    assert small.dropped == (small.counts["spike"] + small.counts["max_steps"]) / 24
    assert (small.agree >= 1).all()


def test_errors_have_their_shapes_and_dropped_fits_are_missing(small):
    assert {name: e.shape for name, e in small.errors.items()} == {
        "beta1": (12, 2, 2),
        "a": (12, 2, 2),
        "b": (12, 2, 2),
        "nu": (12, 2, 2),
        "tau": (12, 2),
        "weight": (12, 2, 2),
    }
    np.testing.assert_array_equal(np.isnan(small.errors["tau"]), ~small.kept)
    np.testing.assert_array_equal(np.isnan(small.loss), ~small.kept)


def test_the_slopes_name_parameter_cell_and_share(small):
    slopes = study_slopes(small, seed=0)
    assert {(s.parameter, s.cell) for s in slopes} >= {("tau", None), ("a", 0), ("a", 1), ("beta1", 0)}
    for cell in (0, 1):
        assert sum(s.share for s in slopes if s.parameter == "a" and s.cell == cell) == pytest.approx(1.0)
    assert slopes == study_slopes(small, seed=0)


def test_the_digest_is_that_of_the_definition():
    assert SMALL.digest == with_changes().digest
    box = Box(10.0, 10.0, (0.02, 10.0), 10.0, 10.0, (0.1, 1.5))
    truth = MixingMeasure(TRUTH.beta1, TRUTH.beta0, TRUTH.tau, TRUTH.a, TRUTH.b, TRUTH.nu * 1.001)
    others = [
        {"seed": 102},
        {"starts": 2},
        {"box": box},
        {"truth": truth},
        {"activation": "sigmoid"},
        {"sizes": (300, 701)},
    ]
    assert len({SMALL.digest, *(with_changes(**other).digest for other in others)}) == 1 + len(others)
    json.dumps(SMALL.definition, allow_nan=False)


def test_the_digest_is_the_same_in_another_process():
    code = "from numerics.studies import TANH_EXACT; print(TANH_EXACT.digest)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == TANH_EXACT.digest


def test_a_linear_gate_is_anchored_and_measured_by_its_identifiable_functions():
    with pytest.raises(ValueError, match="anchored"):
        with_changes(activation="linear")
    truth = MixingMeasure(np.array([[2.0], [0.0]]), np.array([0.5, 0.0]), np.array(1.0), TRUTH.a, TRUTH.b, TRUTH.nu)
    study = with_changes(activation="linear", gauge="anchored", truth=truth, replicates=2)
    errors = run_study(study).errors
    assert "beta1/tau" in errors
    assert "tau" not in errors


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"sizes": (500, 400)}, "sizes"), ({"sizes": (500,)}, "sizes"), ({"replicates": 0}, "at least 1")],
)
def test_bad_definitions_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        with_changes(**changes)


def test_bad_workers_and_pilots_on_the_seed_of_the_study_are_refused():
    with pytest.raises(ValueError, match="workers"):
        run_study(SMALL, workers=0)
    with pytest.raises(ValueError, match="pilot"):
        pilot(SMALL, replicates=5, seed=SMALL.seed)
    assert pilot(SMALL, replicates=5, seed=1).replicates == 5


@pytest.mark.full
def test_the_exact_specified_tanh_gate_does_not_contradict_rate_one_half():
    """Design 2.7, claim C5: no slope lies above that of n^(-1/2)."""
    result = run_study(TANH_EXACT, workers=2)
    for slope in study_slopes(result, seed=0):
        if slope.share > 0.5:
            assert slope.slope is not None
            assert judge(slope.slope, 0.5, result.dropped).outcome != "contradicted"
