"""`temperance fit` with a gate and an expert as formulas, and other names of the tables."""

import json

import numpy as np
import pytest

import temperance
from temperance.commands.app import run

pytestmark = pytest.mark.usefixtures("few_climbs")

GATE, EXPERT = "beta1*x1 + beta2*x1*x2", "a1*x1 + a2*x2 + b"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Two covariates with names, y, and how often each row was seen."""
    rng = np.random.default_rng(3)
    x = rng.uniform(-2, 2, (400, 2)).round(4)
    first = rng.random(400) < 1 / (1 + np.exp(-1.5 * x[:, 0] + x[:, 0] * x[:, 1]))
    y = (np.where(first, x[:, 0] + 1, -x[:, 1] - 1) + 0.4 * rng.normal(size=400)).round(4)
    counts = rng.integers(1, 3, 400)
    path = tmp_path_factory.mktemp("fit") / "data.csv"
    rows = [f"{a},{b},{c},{n}" for (a, b), c, n in zip(x, y, counts, strict=True)]
    path.write_text("\n".join(["dose,age,y,seen", *rows]))
    return path, x, y, counts


def command(path, *options, gate=GATE, expert=EXPERT):
    given = ["fit", str(path), "--gate", gate, "--expert", expert, "--target", "y", "--weights", "seen"]
    return [*given, "--starts", "2", *options]


def test_the_command_prints_what_the_function_returns(data, capsys):
    path, x, y, counts = data
    assert run(command(path, "--fitted", "2", "--seed", "4")) == 0
    screen = capsys.readouterr()
    assert screen.err == ""
    options = {"weights": counts, "columns": ["dose", "age"], "starts": 2, "seed": 4}
    found = temperance.fit(x, y, fitted=2, gate=GATE, expert=EXPERT, **options)
    assert screen.out == f"{found}\n"
    parts = ("exp(beta0 + beta1*x_1 + beta2*x_1*x_2)", "N(y | a1*x_1 + a2*x_2 + b, nu)", "x_2 is column age")
    assert all(part in screen.out.splitlines()[4] for part in parts)


def test_json_has_the_old_keys_and_what_was_understood(data, output, fit_keys):
    record = json.loads(output(*command(data[0], "--fitted", "2", "--json")))
    assert list(record) == [
        *fit_keys,
        "gate_formula",
        "expert_density",
        "noise",
        "profiles",
        "stopped",
        "truth",
        "predictions",
    ]
    assert record["gate_formula"]["own"] == ["beta1", "beta2"]
    assert record["expert_density"] == "N(y | a1*x_1 + a2*x_2 + b, nu)"
    assert record["box"]["beta1"][0] < 0 < record["box"]["nu"][0]
    assert {e["caveat"] for e in record["estimates"]} == {None, "held"}
    assert record["points"] == data[3].sum()


def test_sizes_options_of_formulas_and_a_page(data, capsys, output, tmp_path):
    page = tmp_path / "fit.html"
    gate = "w*x1*x2/tau + v*k*x1"
    options = ("--fitted", "1,2", "--shared", "v", "--constants", "k=1/2,tau=2", "--no-bias", "-o", str(page))
    assert run(command(data[0], *options, gate=gate, expert="polynomial:1")) == 2
    assert "does not act: it changes all scores alike" in capsys.readouterr().err
    options = ("--fitted", "1,2", "--positive", "v", "--constants", "k=1/2,tau=2", "-o", str(page))
    screen = output(*command(data[0], *options, gate=gate, expert="polynomial:1"))
    assert "exp(beta0 + v*x_1/2 + w*x_1*x_2/2)" in screen
    assert "least BIC: 2" in page.read_text()
    assert "<svg role" not in page.read_text()  # of two columns of x
    assert run(command(data[0], "--fitted", "2", "-o", str(page))) == 0
    assert "own beta1, beta2; shared nothing" in page.read_text()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gate": "beta1*x3"}, "the formulas need x1 .. x3, and x has 2 columns, dose, age"),
        ({"gate": "beta1*x1", "expert": "a*x1 + b"}, "neither the gate nor the expert has x2, column age of 2"),
        ({"gate": "beta1*x"}, "mixes vectors and numbers in dimension 2"),
        ({"gate": "w*x1", "expert": "w*x2"}, "parameter 'w' is used twice"),
        ({"expert": "multinomial:3"}, "fits need a Gaussian expert whose mean is a formula, not 'multinomial:3'"),
    ],
)
def test_bad_input_in_one_line(data, refused, options, message):
    refused(command(data[0], "--fitted", "2", **options), message)
