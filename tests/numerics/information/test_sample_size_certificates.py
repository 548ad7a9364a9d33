"""Certificates of sample sizes: true ones are proved, and what is changed is rejected."""

import copy
import json
from dataclasses import replace

import numpy as np
import pytest

import temperance
from temperance.commands.app import run
from temperance.numerics.information.best_tau import tau_variance
from temperance.numerics.information.certificates import certificate
from temperance.numerics.mixture.activation_numpy import compile_activation
from temperance.numerics.mixture.measures import Layout, MixingMeasure
from temperance.theory.activations.activation import activation
from temperance.theory.checker.rejected import Rejected
from temperance.theory.checker.sample_size_checker import check, statement
from temperance.theory.checker.verdict_checker import check as check_any

FEW = 40  # intervals: quick, and within 10%


def compiled(name):
    return compile_activation(activation(name))


def pair(beta1=(1.0, 0.0)):
    return MixingMeasure(np.array(beta1)[:, None], [-0.2, 0.0], 0.5, [[0.5], [-0.5]], [2.0, -2.0], [0.25, 0.5])


def n_of(measure, name, gauge):
    return 100 * tau_variance(measure, Layout(2, 1, gauge), compiled(name), -3.0, 3.0)


@pytest.fixture(scope="module")
def tanh():
    return certificate(pair(), "anchored", compiled("tanh"), -3.0, 3.0, intervals=FEW)


@pytest.mark.parametrize(
    ("name", "gauge", "beta1"),
    [("tanh", "anchored", (1.0, 0.0)), ("gelu", "anchored", (1.0, 0.0)), ("tanh", "free", (1.0, -0.5))],
)
def test_the_bound_is_above_n_and_near_it(name, gauge, beta1):
    made = certificate(pair(beta1), gauge, compiled(name), -3.0, 3.0, intervals=80)
    n = n_of(pair(beta1), name, gauge)
    assert n < int(made["bound"]) < (1.12 if gauge == "anchored" else 1.4) * n
    assert check_any(made) is None


@pytest.mark.slow
def test_more_intervals_make_it_sharper():
    made = certificate(pair(), "anchored", compiled("tanh"), -3.0, 3.0, intervals=300)
    assert 950 < int(made["bound"]) < 955


def test_a_box_is_covered_at_its_corners():
    radii = {"tau": 0.0025, "beta1_1": 0.005}
    made = certificate(pair(), "anchored", compiled("tanh"), -3.0, 3.0, radii=radii, parts={"tau": 2}, intervals=60)
    bound = int(made["bound"])
    for tau in (0.4975, 0.5025):
        for beta1 in (0.995, 1.005):
            assert n_of(replace(pair((beta1, 0.0)), tau=np.array(tau)), "tanh", "anchored") < bound
    assert "tau = [199/400, 201/400]" in made["statement"]


def changed(made, **changes):
    other = {**copy.deepcopy(made), **changes}
    return {**other, "statement": statement(other)}


def test_the_true_certificate_is_accepted_after_json(tanh):
    assert check(json.loads(json.dumps(tanh))) == tanh["statement"]


def test_what_is_not_proved_is_rejected(tanh):
    n = n_of(pair(), "tanh", "anchored")
    box = tanh["box"]
    forgeries = [
        changed(tanh, bound=str(int(n) - 1)),  # below n itself
        changed(tanh, bound=str(int(tanh["bound"]) - 2)),
        changed(tanh, precision="1/11"),
        changed(tanh, expression="z"),  # not identifiable
        changed(tanh, expression="z + tanh(z)/1000"),
        changed(tanh, box={**box, "tau": ["1/2", "3/4"]}),  # one matrix for too large a box
        changed(tanh, box={**box, "beta1_2": ["1/2", "1/2"]}),
        changed(tanh, gauge="free"),
        changed(tanh, edges=tanh["edges"][:12]),  # one atom is not seen
        changed(tanh, edges=tanh["edges"][::-1]),
        changed(tanh, matrices=[[[0.0] * 9] * 9]),
        changed(tanh, matrices=tanh["matrices"] * 2),
        changed(tanh, x={**tanh["x"], "intervals": 1}),
        changed(tanh, x={**tanh["x"], "low": "3", "high": "-3"}),
        changed(tanh, box={**box, "nu_1": ["-1/4", "1/4"]}),
        changed(tanh, parts={"tau": 2}),
        changed(tanh, parts={"tau": 0}),
        {**tanh, "statement": tanh["statement"].replace("1/10", "1/20")},
        {k: v for k, v in tanh.items() if k != "parts"},
        {**tanh, "format": "temperance-sample-size/2"},
    ]
    for i, forged in enumerate(forgeries):
        with pytest.raises(Rejected):
            check(forged)
        assert forged != tanh, i


def test_what_cannot_be_certified_says_why():
    with pytest.raises(ValueError, match="one formula on the whole line"):
        certificate(pair(), "anchored", compiled("elu"), -3.0, 3.0)
    with pytest.raises(ValueError, match="not proved to be regular"):
        certificate(pair(), "anchored", compiled("tanh"), -3.0, 3.0, radii={"tau": 0.2}, intervals=10)
    with pytest.raises(ValueError, match="no parameter 'beta'"):
        certificate(pair(), "anchored", compiled("tanh"), -3.0, 3.0, radii={"beta": 0.2})


@pytest.mark.slow
def test_the_command_writes_what_certify_accepts(tmp_path, capsys):
    path = tmp_path / "n.json"
    assert run(["efficiency", "tanh", "elu", "--gauge", "anchored", "--certificate", str(path)]) == 0
    assert "tanh: proved by balls: n (tau) <=" in capsys.readouterr().out
    assert run(["certify", str(path)]) == 0
    assert "proved: n = " in capsys.readouterr().out
    assert temperance.certify(str(path)).accepted
    assert run(["efficiency", "elu", "--certificate", str(tmp_path / "m.json")]) == 2
    assert not (tmp_path / "m.json").exists()
