"""What `rates` measures: JSON, groups of every gate, sizes and experiments."""

import json

import pytest

from temperance.measurements.rate_studies import study_for
from temperance.measurements.slopes import study_record
from temperance.numerics.studies.run import run_study

pytestmark = pytest.mark.usefixtures("few_climbs")

QUICK = ["--n", "300,600,1200", "--replicates", "10"]


def test_json_has_the_documented_keys_and_nothing_of_the_machine(output, tmp_path):
    store = str(tmp_path / "s.sqlite")
    outputs = []
    for extra in ([], ["--store", store], ["--store", store]):
        outputs.append(output("rates", "--true", "2", "--fitted", "2", *QUICK, *extra, "--workers", "1", "--json"))
    assert len(set(outputs)) == 1
    record = json.loads(outputs[0], parse_constant=pytest.fail)
    assert list(record) == ["setting", "experiment", "slopes", "fits", "conditions"]
    assert record["experiment"] == record["setting"]["experiment"] == "lattice"
    assert list(record["fits"]) == ["total", "converged", "at_bound", "failed"]
    assert record["fits"]["total"] == 30
    keys = ["parameter", "cell", "cell_size", "share", "slope", "ci", "predicted", "published", "outcome", "sharp"]
    for slope in record["slopes"]:
        assert [k for k in slope if k in keys] == keys
        for n, point in zip((300, 600, 1200), slope["points"], strict=True):
            assert list(point) == ["n", "rms", "se", "ci", "fits"]
            assert point["n"] == n
            assert point["ci"][0] < point["rms"] < point["ci"][1]
    assert {s["parameter"] for s in record["slopes"]} == {"beta1/tau", "beta0/tau", "a", "b", "nu", "weight", "density"}
    assert {(s["predicted"], s["published"]) for s in record["slopes"]} == {(-0.5, -0.5)}
    assert all(s["slope"] < 0 for s in record["slopes"])
    assert str(tmp_path) not in outputs[0]


@pytest.mark.slow
def test_an_over_specified_cell_has_the_sharp_and_the_published_number():
    record = study_record(run_study(study_for(gate="softmax", true=2, fitted=3, n=(300, 900), replicates=12)))
    (beta1,) = {
        (s["predicted"], s["published"]) for s in record["slopes"] if s["parameter"] == "beta1" and s["cell_size"] == 2
    }
    assert beta1 == (-0.25, -0.125)
    assert {(s["predicted"]) for s in record["slopes"] if s["parameter"] == "b" and s["cell_size"] == 2} == {-0.125}
    for cell in (0, 1):
        assert sum(
            s["share"] for s in record["slopes"] if s["parameter"] == "a" and s["cell"] == cell
        ) == pytest.approx(1)


def test_beta1_of_the_anchor_has_no_slope(output):
    """The gauge holds it at 0: it is no row, and nothing that is left open."""
    options = ["--activation", "relu", "--gauge", "anchored", "--true", "2", "--fitted", "2", "--workers", "1"]
    slopes = json.loads(output("rates", *options, *QUICK, "--json"))["slopes"]
    assert [s["cell"] for s in slopes if s["parameter"] == "beta1"] == [0]
    assert [s["cell"] for s in slopes if s["parameter"] == "a"] == [0, 1]
    assert all(s["slope"] is not None for s in slopes)


def test_the_lattice_is_the_default_where_there_is_one():
    tanh = {"gate": "activation", "source": "tanh", "true": 2, "fitted": 2}
    made = study_for(**tanh)
    assert (made.experiment, made.sizes) == ("lattice", tuple(10**j for j in range(4, 13)))
    kinked = study_for(**{**tanh, "source": "hardtanh"})
    assert (kinked.experiment, kinked.sizes[-1], len(kinked.lattice.x)) == ("lattice", 10**8, 466)
    assert study_for(**{**tanh, "source": "relu"}).sizes == made.sizes  # its kink stays at x = 0
    for samples in (study_for(**tanh, experiment="sample"), study_for(**tanh, dim=3)):
        assert (samples.experiment, samples.sizes[-1]) == ("sample", 32000)


def test_sizes_may_be_powers_of_ten(output):
    options = ["--n", "1e2,300,1.0e3", "--replicates", "10", "--workers", "1", "--json"]
    assert json.loads(output("rates", "--true", "2", "--fitted", "2", *options))["setting"]["sizes"] == [100, 300, 1000]
