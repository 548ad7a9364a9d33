"""Certificates of sample sizes: true ones are proved, and what is changed is rejected."""

import copy
import json

import numpy as np
import pytest
from flint import arb, arb_series

import temperance
from temperance.commands.app import run
from temperance.numerics.information.best_tau import tau_variance
from temperance.numerics.information.certificates import certificate
from temperance.numerics.mixture.activation_numpy import compile_activation
from temperance.numerics.mixture.measures import Layout, MixingMeasure
from temperance.theory.activations.activation import activation
from temperance.theory.checker.rejected import Rejected
from temperance.theory.checker.sample_size_checker import check, statement
from temperance.theory.checker.series_with_slopes import Sloped
from temperance.theory.checker.verdict_checker import check as check_any

FEW = 50  # intervals: quick


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
    ("name", "gauge", "beta1", "intervals", "factor"),
    [
        ("tanh", "anchored", (1.0, 0.0), 60, 1.15),
        pytest.param("gelu", "anchored", (1.0, 0.0), 80, 1.2, marks=pytest.mark.slow),
        pytest.param("tanh", "free", (1.0, -0.5), 80, 1.4, marks=pytest.mark.slow),
    ],
)
def test_the_bound_is_above_n_and_near_it(name, gauge, beta1, intervals, factor):
    made = certificate(pair(beta1), gauge, compiled(name), -3.0, 3.0, intervals=intervals)
    n = n_of(pair(beta1), name, gauge)
    assert n < int(made["bound"]) < factor * n
    assert check_any(made) is None


@pytest.mark.slow
def test_more_intervals_make_it_sharper():
    made = certificate(pair(), "anchored", compiled("tanh"), -3.0, 3.0, intervals=300)
    assert 950 < int(made["bound"]) < 955


@pytest.mark.parametrize("moving", [("tau", "beta1_1"), pytest.param("all", marks=pytest.mark.slow)])
def test_a_box_is_covered_at_its_corners(moving):
    names = ("tau", "beta1_1", "beta0", "a_1", "a_2", "b_1", "b_2", "nu_1", "nu_2") if moving == "all" else moving
    radii = {name: 0.001 if moving == "all" else {"tau": 0.0025, "beta1_1": 0.005}[name] for name in names}
    parts = {} if moving == "all" else {"tau": 2}
    made = certificate(pair(), "anchored", compiled("tanh"), -3.0, 3.0, radii=radii, parts=parts, intervals=FEW)
    bound = int(made["bound"])
    rng = np.random.default_rng(2)
    for _ in range(12):
        at = {name: radius * rng.choice([-1, 1]) for name, radius in radii.items()}
        move = {name: at.get(name, 0.0) for name in ("beta0", "a_1", "a_2", "b_1", "b_2", "nu_1", "nu_2")}
        corner = MixingMeasure(
            [[1.0 + at["beta1_1"]], [0.0]],
            [-0.2 + move["beta0"], 0.0],
            0.5 + at["tau"],
            [[0.5 + move["a_1"]], [-0.5 + move["a_2"]]],
            [2.0 + move["b_1"], -2.0 + move["b_2"]],
            [0.25 + move["nu_1"], 0.5 + move["nu_2"]],
        )
        assert n_of(corner, "tanh", "anchored") < bound
    assert bound < 1.6 * n_of(pair(), "tanh", "anchored")


def test_derivatives_by_balls_are_those_of_differences():
    """The slopes of Sloped, through every operation that the checker uses."""

    def value(t, slopes):
        u = Sloped(arb_series([t, 1], prec=3), {"t": arb_series([1], prec=3)} if slopes else {})
        one = Sloped(arb_series([1], prec=3))
        return (u * u - u.scaled(arb(3))).exp() * (u + one).root().inverse() * u.erf() - u

    step = 1e-4
    found = value(arb(0.3), True).slopes["t"]
    below, above = value(arb(0.3 - step), False).value, value(arb(0.3 + step), False).value
    for i in range(3):
        assert float(found[i].mid()) == pytest.approx(float((above[i] - below[i]).mid()) / (2 * step), rel=1e-6)


def changed(made, **changes):
    other = {**copy.deepcopy(made), **changes}
    return {**other, "statement": statement(other)}


def test_the_true_certificate_is_accepted_after_json(tanh):
    assert check(json.loads(json.dumps(tanh))) == tanh["statement"]


def rejected(forgeries):
    for forged in forgeries:
        with pytest.raises(Rejected):
            check(forged)


def test_a_bound_below_what_is_proved_is_rejected(tanh):
    rejected([changed(tanh, bound=str(int(n_of(pair(), "tanh", "anchored")) - 1))])
    rejected([changed(tanh, bound=str(int(tanh["bound"]) - 2))])


@pytest.mark.slow
def test_false_statements_are_rejected(tanh):
    box = tanh["box"]
    rejected(
        [
            changed(tanh, precision="1/11"),
            changed(tanh, expression="z"),  # not identifiable
            changed(tanh, expression="z + tanh(z)/1000"),
            changed(tanh, box={**box, "tau": ["1/2", "3/4"]}),  # too large a box
            changed(tanh, box={**box, "tau": ["9/10", "9/10"]}),
            changed(tanh, edges=tanh["edges"][:12]),  # one atom is not seen
            changed(tanh, matrices=[[[0.0] * 9] * 9]),
            changed(tanh, x={**tanh["x"], "intervals": 1}),
            changed(tanh, x={**tanh["x"], "high": "1/10"}),
        ]
    )


def test_what_is_malformed_is_rejected(tanh):
    box = tanh["box"]
    rejected(
        [
            changed(tanh, box={**box, "beta1_2": ["1/2", "1/2"]}),
            changed(tanh, gauge="free"),
            changed(tanh, edges=tanh["edges"][::-1]),
            changed(tanh, matrices=tanh["matrices"] * 2),
            changed(tanh, matrices=[[["1"] * 9] * 9]),
            changed(tanh, x={**tanh["x"], "low": "3", "high": "-3"}),
            changed(tanh, box={**box, "nu_1": ["-1/4", "1/4"]}),
            changed(tanh, parts={"tau": 2}),
            changed(tanh, parts={"tau": 0}),
            changed(tanh, expression="where(z < 0, 0, z)"),
            changed(tanh, expression="__import__('os')"),
            changed(tanh, precision="0"),
            {**tanh, "statement": tanh["statement"].replace("1/10", "1/20")},
            {k: v for k, v in tanh.items() if k != "parts"},
            {**tanh, "format": "temperance-sample-size/1"},
        ]
    )


def test_cells_are_counted_before_they_are_made(tanh):
    many = changed(tanh, x={**tanh["x"], "intervals": 2000}, parts={"nu_1": 20})
    with pytest.raises(Rejected, match="the cells are too many"):
        check(many)


def test_the_statement_holds_the_model(tanh):
    assert "two atoms, weights exp((s(beta1 x) + beta0)/tau) with beta0 = 0 in the second" in tanh["statement"]
    assert "y normal of mean a x + b and variance nu; anchored gauge, where tau, beta1_1, beta0" in tanh["statement"]


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
