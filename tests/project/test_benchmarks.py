"""The benchmarks run and print what is promised."""

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parents[2] / "benchmarks"
KEYS = ["fits", "cpu_s", "compile_s", "wall_s", "converged", "at_bound", "slope", "ci"]


def run(script, *options):
    command = [sys.executable, str(FOLDER / script), "--json", *options]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_a_share_of_the_workload_converges_and_the_baselines_reach_the_same_likelihood():
    result = run("workload.py", "--share", "0.015", "--baselines")
    assert list(result) == [*KEYS, "baselines"]
    assert result["fits"] == 120
    assert result["converged"] + result["at_bound"] >= 119
    assert result["ci"][0] < result["slope"] < result["ci"][1]
    ours = result["baselines"].pop("ours")
    for other in result["baselines"].values():
        assert other["fits"] == ours["fits"] == 1
        assert other["loglik_per_point"] <= ours["loglik_per_point"] + 1e-9


@pytest.mark.full
def test_the_whole_workload_has_the_slope_of_theory():
    result = run("workload.py")
    assert result["fits"] == 8000
    assert result["slope"] == pytest.approx(-0.5, abs=0.03)


@pytest.mark.full
def test_over_specified_fits_are_compared_with_starts_of_their_own():
    found = run("workload.py", "--fitted", "3", "--share", "0.01", "--paired")["paired"]
    assert found["fits"] == 80
    assert found["cpu_ratio"] == pytest.approx(found["cpu_s_search"] / found["cpu_s_starts"], abs=1e-3)
    assert found["gain_mean"] > 0
    assert found["share_higher"] > found["share_lower"]


@pytest.mark.full
def test_the_kernel_benchmark_has_its_keys():
    result = run("kernels.py")
    assert list(result)[:3] == ["linear", "tanh", "gelu"]
    assert "numpy" in result
    for row in result.values():
        assert list(row) == ["2", "3", "4"]
        assert all(math.isfinite(ns) and ns > 0 for ns in row.values())


def test_sample_sizes_are_computed():
    command = [sys.executable, str(FOLDER / "answers.py"), "efficiency"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    one, twelve = (json.loads(line)["efficiency"] for line in lines)
    assert len(twelve["twelve"]["n_tau"]) == 12
    assert one["information"]["n_tau"] == pytest.approx(twelve["twelve"]["n_tau"][0])


def test_a_share_out_of_range_is_refused():
    command = [sys.executable, str(FOLDER / "workload.py"), "--share", "0"]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    assert outcome.returncode == 2
    assert "--share must lie in (0, 1]" in outcome.stderr


@pytest.mark.full
def test_rules_for_the_number_of_experts_are_compared():
    found = run("experts.py", "--replicates", "1", "--sizes", "300", "--noise", "clean")
    assert [(row["true"], row["apart"]) for row in found["rows"]] == [
        (1, "well"),
        (2, "well"),
        (2, "close"),
        (3, "well"),
        (3, "close"),
    ]
    assert all(row[rule] in (0, 1) for row in found["rows"] for rule in ("AIC", "BIC", "ICL", "sBIC", "DSC", "ours"))
    assert sum(row["ours"] for row in found["rows"]) >= 4
    assert len(found["real"]) == 2
