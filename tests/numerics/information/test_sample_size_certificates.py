"""Certificates of sample sizes: true ones are proved, and what is changed is rejected."""

import copy
import json
from dataclasses import replace

import mpmath as mp
import numpy as np
import pytest
from flint import acb, arb

import temperance
from temperance.commands.app import run
from temperance.measurements.true_measures import default_truth
from temperance.numerics.information.best_tau import tau_variance
from temperance.numerics.information.certificates import certificate
from temperance.numerics.mixture.activation_numpy import compile_activation
from temperance.numerics.mixture.exact_values import measure_of
from temperance.numerics.mixture.measures import Layout, MixingMeasure
from temperance.theory.activations.activation import activation
from temperance.theory.checker.rejected import Rejected, evaluate, parsed
from temperance.theory.checker.verdict_checker import check as check_any
from temperance.theory.sizes.discs import Discs
from temperance.theory.sizes.sample_size_checker import check, statement
from temperance.theory.sizes.sloped import Sloped

NAMES = ("a_1", "a_2", "b_1", "b_2", "nu_1", "nu_2")
FUNCTIONS = {
    "tanh(z)": mp.tanh,
    "z*(erf(sqrt(2)*z/2) + 1)/2": lambda z: z * (mp.erf(z / mp.sqrt(2)) + 1) / 2,
    "log(1 + exp(z))": lambda z: mp.log(1 + mp.exp(z)),
    "(1 + z**2)**(1/3)": lambda z: mp.cbrt(1 + z**2),
    "z**-3": lambda z: z**-3,
    "asinh(z)": mp.asinh,
    "atan(2*z)": lambda z: mp.atan(2 * z),
    "LambertW(z)": mp.lambertw,
    "gamma(1 + z)": lambda z: mp.gamma(1 + z),
    "loggamma(2 + z)": lambda z: mp.loggamma(2 + z),
    "2**z": lambda z: mp.mpf(2) ** z,
}


def compiled(name):
    return compile_activation(activation(name))


def pair(beta1=(1.0, 0.0)):
    return MixingMeasure(np.array(beta1)[:, None], [-0.2, 0.0], 0.5, [[0.5], [-0.5]], [2.0, -2.0], [0.25, 0.5])


def n_of(measure, name, gauge):
    return 100 * tau_variance(measure, Layout(measure.k, 1, gauge), compiled(name), -3.0, 3.0)


@pytest.fixture(scope="module")
def tanh():
    return certificate(pair(), "anchored", compiled("tanh"), -3.0, 3.0)


def test_tanh_needs_949_or_950(tanh):
    assert (tanh["least"], tanh["most"]) == ("949", "950")
    assert check_any(tanh) is None


@pytest.mark.parametrize(
    ("name", "gauge", "k"),
    [
        ("softplus", "anchored", 2),
        ("tanh", "free", 2),
        ("tanh", "anchored", 3),
        pytest.param("gelu", "anchored", 2, marks=pytest.mark.slow),
        pytest.param("exp", "free", 2, marks=pytest.mark.slow),
        pytest.param("atan(z)", "anchored", 2, marks=pytest.mark.slow),
        pytest.param("sqrt(1 + z**2)", "anchored", 2, marks=pytest.mark.slow),
        pytest.param("LambertW(exp(z))", "anchored", 2, marks=pytest.mark.slow),
        pytest.param("gelu", "anchored", 3, marks=pytest.mark.slow),
        pytest.param("softplus", "free", 3, marks=pytest.mark.slow),
        pytest.param("sigmoid", "anchored", 3, marks=pytest.mark.slow),
        pytest.param("tanh", "anchored", 5, marks=pytest.mark.full),
    ],
)
def test_n_lies_in_the_interval_and_the_interval_is_narrow(name, gauge, k):
    measure = measure_of(default_truth(k, 1, tau=0.5, anchored=gauge == "anchored"))
    made = certificate(measure, gauge, compiled(name), -3.0, 3.0)
    n = n_of(measure, name, gauge)
    assert int(made["least"]) <= n <= int(made["most"])
    assert int(made["most"]) - int(made["least"]) <= 1 + 1e-4 * n


def test_a_steep_gate_takes_smaller_cells():
    steep = replace(pair(), tau=np.array(0.05))
    made = certificate(steep, "anchored", compiled("tanh"), -3.0, 3.0)
    assert int(made["least"]) <= n_of(steep, "tanh", "anchored") <= int(made["most"])


@pytest.mark.parametrize(
    "moving",
    [
        ("tau",),
        pytest.param(("tau", "beta1_1"), marks=pytest.mark.slow),
        pytest.param("all", marks=pytest.mark.slow),
    ],
)
def test_a_box_is_covered_at_its_corners(moving):
    names = ("tau", "beta1_1", "beta0_1", "a_1", "a_2", "b_1", "b_2", "nu_1", "nu_2") if moving == "all" else moving
    radii = {name: 0.001 if moving == "all" else {"tau": 0.0025, "beta1_1": 0.005}[name] for name in names}
    parts = {"tau": 2} if moving == ("tau", "beta1_1") else {}
    made = certificate(pair(), "anchored", compiled("tanh"), -3.0, 3.0, radii=radii, parts=parts)
    least, most = int(made["least"]), int(made["most"])
    rng = np.random.default_rng(2)
    for signs in {tuple(rng.choice([-1, 1], size=len(radii)).tolist()) for _ in range(12)}:
        at = {name: radius * sign for (name, radius), sign in zip(radii.items(), signs, strict=True)}
        move = {name: at.get(name, 0.0) for name in ("tau", "beta1_1", "beta0_1", *NAMES)}
        corner = MixingMeasure(
            [[1.0 + move["beta1_1"]], [0.0]],
            [-0.2 + move["beta0_1"], 0.0],
            0.5 + move["tau"],
            [[0.5 + move["a_1"]], [-0.5 + move["a_2"]]],
            [2.0 + move["b_1"], -2.0 + move["b_2"]],
            [0.25 + move["nu_1"], 0.5 + move["nu_2"]],
        )
        assert least < n_of(corner, "tanh", "anchored") < most
    assert most < 1.2 * least


def test_slopes_are_those_of_differences():
    """The slopes of Sloped, through every operation that the checker uses."""

    def found(t, slopes):
        u = Sloped(arb(t), {"t": arb(1)}) if slopes else arb(t)
        return (u * u - 3 * u).exp() / (u + 1).sqrt() - (2 - u) / (1 + u * u) + 1 / u + u * arb(2)

    step = 1e-4
    slope = found(0.3, True).slopes["t"]
    assert float(slope.mid()) == pytest.approx(
        float((found(0.3 + step, False) - found(0.3 - step, False)).mid()) / (2 * step), rel=1e-6
    )


def test_functions_are_analytic_where_the_checker_says_so():
    """Coefficients at complex points against mpmath, and refusals on cuts."""
    z = mp.mpc(0.7, 0.2)
    for text, f in FUNCTIONS.items():
        found = evaluate(parsed(text), Discs(acb(0.7, 0.2), 3))
        for r, wanted in enumerate(mp.taylor(f, z, 2)):
            assert abs(complex(found[r].mid()) - complex(wanted)) < 1e-12
    for text, at in {"log(z)": -1, "z**(1/2)": -1, "atan(z)": 2j, "LambertW(z)": -1, "gamma(z)": -0.5}.items():
        with pytest.raises(Rejected, match="cut"):
            evaluate(parsed(text), Discs(acb(at), 3))


def changed(made, **changes):
    other = {**copy.deepcopy(made), **changes}
    return {**other, "statement": statement(other)}


def test_the_true_certificate_is_accepted_after_json(tanh):
    assert check(json.loads(json.dumps(tanh))) == tanh["statement"]


def rejected(forgeries):
    for forged in forgeries:
        with pytest.raises(Rejected):
            check(forged)


def test_an_interval_that_is_narrower_than_what_is_proved_is_rejected(tanh):
    rejected([changed(tanh, most="949"), changed(tanh, least="950"), changed(tanh, least="0", most="948")])
    assert check(changed(tanh, least="900", most="1000"))


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
            changed(tanh, y={"low": "-2", "high": "13"}),  # one atom is not seen
            changed(tanh, matrices=[[[0.0] * 9] * 9]),
            changed(tanh, tolerance="10"),
            changed(tanh, x={"low": "-3", "high": "1/10"}),
        ]
    )


def test_what_is_malformed_is_rejected(tanh):
    box = tanh["box"]
    rejected(
        [
            changed(tanh, box={**box, "beta1_2": ["1/2", "1/2"]}),
            changed(tanh, box={**box, "beta0_2": ["1/2", "1/2"]}),
            changed(tanh, gauge="free"),
            changed(tanh, atoms=3),
            {**tanh, "atoms": True},
            changed(tanh, y={"low": "13", "high": "-13"}),
            changed(tanh, y={"low": "-3", "high": "3"}),
            changed(tanh, matrices=tanh["matrices"] * 2),
            changed(tanh, matrices=[[["1"] * 9] * 9]),
            changed(tanh, x={"low": "3", "high": "-3"}),
            changed(tanh, box={**box, "nu_1": ["-1/4", "1/4"]}),
            changed(tanh, parts={"tau": 2}),
            changed(tanh, parts={"tau": 0}),
            changed(tanh, expression="where(z < 0, 0, z)"),
            changed(tanh, expression="__import__('os')"),
            changed(tanh, precision="0"),
            changed(tanh, tolerance="0"),
            {**tanh, "statement": tanh["statement"].replace("1/10", "1/20")},
            {k: v for k, v in tanh.items() if k != "parts"},
            {**tanh, "format": "temperance-sample-size/2"},
        ]
    )


def test_cells_are_counted(tanh):
    with pytest.raises(Rejected, match="more than 146 cells"):
        check(changed(tanh, parts={"tau": 1024, "nu_1": 2}, matrices=tanh["matrices"] * 2048))


def test_the_statement_holds_the_model(tanh):
    assert tanh["statement"].startswith("between 949 and 950 observations give log tau the asymptotic standard error")
    assert "2 atoms, weights exp((s(beta1 x) + beta0)/tau) with beta0 = 0 in the last" in tanh["statement"]
    assert "y normal of mean a x + b and variance nu; anchored gauge, where tau, beta1_1, beta0_1" in tanh["statement"]


def test_what_cannot_be_certified_says_why():
    with pytest.raises(ValueError, match="one formula on the whole line"):
        certificate(pair(), "anchored", compiled("elu"), -3.0, 3.0)
    with pytest.raises(ValueError, match="for d = 1, not d = 2"):
        certificate(measure_of(default_truth(2, 2, tau=0.5, anchored=True)), "anchored", compiled("tanh"), -3.0, 3.0)
    with pytest.raises(ValueError, match="no parameter 'beta'"):
        certificate(pair(), "anchored", compiled("tanh"), -3.0, 3.0, radii={"beta": 0.2})


@pytest.mark.slow
def test_a_box_that_is_too_large_is_refused():
    with pytest.raises(ValueError, match="not proved to be regular"):
        certificate(pair(), "anchored", compiled("tanh"), -3.0, 3.0, radii={"tau": 0.1})


@pytest.mark.slow
def test_the_command_writes_what_certify_accepts(tmp_path, capsys):
    path = tmp_path / "n.json"
    assert run(["efficiency", "tanh", "elu", "--gauge", "anchored", "--certificate", str(path)]) == 0
    said = capsys.readouterr()
    assert "tanh: proved by balls: n (tau) lies between 884 and 885." in said.out
    assert "elu: no certificate: certificates are for activations with one formula on the whole line" in said.err
    assert run(["certify", str(path)]) == 0
    assert "proved: between 884 and 885 observations give" in capsys.readouterr().out
    assert temperance.certify(str(path)).accepted
    assert run(["efficiency", "elu", "--certificate", str(tmp_path / "m.json")]) == 2
    assert not (tmp_path / "m.json").exists()
