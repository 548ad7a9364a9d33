"""`temperance fit`: from a CSV file to estimates, and bad input in one line."""

import json
import re
from contextlib import contextmanager
from html import unescape

import numpy as np
import pytest

import temperance
from temperance.commands import users
from temperance.commands.app import run

pytestmark = pytest.mark.usefixtures("few_climbs")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    rng = np.random.default_rng(7)
    x = rng.uniform(-3, 3, 500)
    first = rng.random(500) < 1 / (1 + np.exp(-(1.5 * x + 0.3)))
    y = np.where(first, x + 2 + 0.5 * rng.standard_normal(500), -x - 2 + 0.7 * rng.standard_normal(500))
    path = tmp_path_factory.mktemp("fit") / "data.csv"
    path.write_text("x,y\n" + "\n".join(f"{a:.8f},{b:.8f}" for a, b in zip(x, y, strict=True)))
    return path, x, y


def test_json_has_the_keys_of_the_contract(data, output, fit_keys):
    record = json.loads(output("fit", str(data[0]), "--fitted", "2", "--json"))
    assert list(record) == [*fit_keys, "profiles", "stopped", "truth", "predictions"]
    assert record["stopped"] is None
    assert record["status"] == "converged"
    found = {(e["parameter"], e["atom"]): e for e in record["estimates"]}
    assert not found["tau", None]["identifiable"]
    assert found["tau", None]["se"] is None
    slope = found["beta1/tau", 0]
    value = slope["value"][0] if isinstance(slope["value"], list) else slope["value"]
    se = slope["se"][0] if isinstance(slope["se"], list) else slope["se"]
    assert abs(abs(value) - 1.5) < 4 * se
    assert len(record["flat_directions"]) == 1
    assert any("tau is not identifiable" in w for w in record["warnings"])


def test_new_rows_are_predicted_by_the_names_of_their_columns(data, tmp_path, output):
    new, table = tmp_path / "new.csv", tmp_path / "table.csv"
    new.write_text("id,y,x\n" + "\n".join(f"{i},{i / 4},{i / 6 - 1}" for i in range(12)))
    command = ["fit", str(data[0]), "--fitted", "2", "--starts", "2", "--predict", str(new)]
    printed = output(*command, "-o", str(table))
    assert "2 more rows: -o FILE.csv and --json have all." in printed
    result = temperance.fit(data[1].round(8), data[2].round(8), fitted=2, starts=2)
    x, y = np.arange(12) / 6 - 1, np.arange(12) / 4
    head, *rows = table.read_text().splitlines()
    assert head == "x,mean,std_err,gate_0,gate_1,posterior_0,posterior_1"
    columns = result.predict(x), result.standard_error(x), result.curves(x[:, None])[0], result.posterior(x, y)
    expected = np.column_stack([x, *columns])
    np.testing.assert_allclose([[float(cell) for cell in row.split(",")] for row in rows], expected, rtol=1e-5)
    new.write_text("x\n0.5\n")
    (row,) = json.loads(output(*command, "--json"))["predictions"]
    assert (row["x"], row["posterior"]) == ([0.5], None)
    assert row["mean"] == pytest.approx(result.predict([0.5])[0])


def test_without_rows_to_predict_the_table_of_the_fit_is_written(data, tmp_path, output):
    table = tmp_path / "table.csv"
    output("fit", str(data[0]), "--fitted", "1", "--starts", "2", "-o", str(table))
    head, *rows = table.read_text().splitlines()
    assert head == "parameter,column,atom,value,se,low,high,identifiable,truth,off"
    assert [row.split(",")[0] for row in rows] == ["tau", "a", "b", "nu"]


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("id,z\n1,2\n", [], "no column 'x'; the columns are 'id', 'z'; accepted: the columns of x, x"),
        ("id,x\n1,\n2,3\n", [], "row 2, column 'x': the value is missing"),
        ("id,x\n1,a\n2,3\n", [], "row 2, column 'x': 'a' is not a number"),
        ("x\n", [], "holds no rows of numbers"),
        ("x\n1\n", ["--fitted", "1,2"], "--predict goes with one number of experts; accepted: one in --fitted"),
    ],
)
def test_rows_that_cannot_be_predicted_are_refused_before_the_fit(
    data, tmp_path, refused, monkeypatch, content, options, message
):
    new, table = tmp_path / "new.csv", tmp_path / "table.csv"
    new.write_text(content)
    monkeypatch.setattr(
        "temperance.numerics.estimation.fit.fit", lambda *given, **options: pytest.fail("it was fitted")
    )
    fitted = options or ["--fitted", "2"]
    refused(["fit", str(data[0]), *fitted, "--predict", str(new), "-o", str(table)], message)
    assert not table.exists()


def test_a_truth_in_a_file_is_a_column_of_every_output(data, tmp_path, output):
    path, page = tmp_path / "truth.json", tmp_path / "fit.html"
    path.write_text(
        '{"beta1": ["3/2", 0], "beta0": [0.3, 0], "tau": 1, "a": [1, -1], "b": [2, -2], "nu": [0.25, 0.49]}'
    )
    command = ["fit", str(data[0]), "--fitted", "2", "--starts", "2", "--truth", str(path)]
    record = json.loads(output(*command, "--json"))
    assert set(record["truth"]) == {"atoms", "loglik", "ratio", "p"}
    nu = next(e for e in record["estimates"] if (e["parameter"], e["atom"]) == ("nu", 0))
    assert nu["truth"] == 0.25
    assert nu["off"] == pytest.approx((nu["value"] - 0.25) / nu["se"])
    assert [e["off"] for e in record["estimates"] if e["se"] is None] == [None] * 3  # tau, beta1 and beta0
    printed = output(*command, "-o", str(page))
    rows = [" ".join(re.sub(r"\[.*\]", "", line).split()) for line in printed.splitlines()]
    assert "parameter atom estimate std err 95% interval truth std errs off identifiable" in rows
    assert f"nu 0 {nu['value']:.5g} {nu['se']:.3g} 0.25 {nu['off']:.2f} yes" in rows
    line = f"truth: log-likelihood {record['truth']['loglik']:.6g}; likelihood ratio 2 (l - l_truth) = "
    text = unescape(page.read_text(encoding="utf-8"))
    assert all(line in shown for shown in (printed, text, output(*command[:3], "1,2", *command[4:])))
    assert "std errs off" in text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("null", "must be an object; accepted: {NAME: a number for every atom"),
        ("[1]", "must be an object"),
        ("{", "is not JSON"),
        ('{"nu": 1e-40}', "nu of atom 0 of the truth is not in the box of the fit"),
        ('{"beta1": [[1, 2], [0, 0]]}', "a row of beta1 in the truth has 2 numbers; accepted: 1, the columns of x"),
    ],
)
def test_a_truth_that_cannot_be_is_refused_in_a_line(data, tmp_path, refused, content, message):
    path = tmp_path / "truth.json"
    path.write_text(content)
    refused(["fit", str(data[0]), "--fitted", "2", "--starts", "1", "--truth", str(path)], message)


def test_several_sizes_are_compared(data, output):
    command = ["fit", str(data[0]), "--fitted", "1,2", "--starts", "3"]
    shown = output(*command)
    assert "least AIC: 2, least BIC: 2" in shown
    record = json.loads(output(*command, "--json"))
    assert list(record) == ["sizes", "least", "warnings", "answer", "stopped"]
    assert [size["fitted"] for size in record["sizes"]] == [1, 2]
    assert record["least"] == {"aic": 2, "bic": 2}


def interrupted_after(monkeypatch, steps):
    """Ctrl-C comes when the progress of a command has been told so many times."""

    @contextmanager
    def doing(what):
        count = iter(range(steps))

        def progress(done, total):
            if next(count, None) is None:
                raise KeyboardInterrupt

        yield progress

    monkeypatch.setattr(users, "doing", doing)


def test_the_axes_of_a_picture_are_called_as_the_columns_are(data, tmp_path):
    for name, axes in (("dose,price", ("dose", "price")), ("", ("x", "y"))):
        path = tmp_path / "named.csv"
        path.write_text("\n".join([name, *data[0].read_text().splitlines()[1:]]))
        assert users._fit(str(path), fitted=(1,)).plots[0].axes == axes


FIT = ("--fitted", "2", "--starts", "4")


@pytest.mark.parametrize(
    ("command", "steps", "first", "stopped"),
    [
        (("fit", *FIT), 2, "Stopped by Ctrl-C after 3 of 8 starts: this is the best", {"starts": 3, "planned": 8}),
        (("fit", *FIT, "--gate", "x*w"), 0, "Stopped by Ctrl-C after 1 of 8 starts:", {"starts": 1, "planned": 8}),
        (
            ("fit", "--fitted", "1,2,3", "--starts", "4"),
            5,
            "Stopped by Ctrl-C: with 2 experts after 2 of 8 starts; nothing was fitted with 3 experts.",
            {"not_fitted": [3]},
        ),
        (("experts", "--most", "4"), 2, "Stopped by Ctrl-C: 1, 2, 3 experts were fitted, 4 were", {"not_fitted": [4]}),
        (("experts", "--most", "3"), 3, "Stopped by Ctrl-C: 1, 2, 3 experts were fitted; not", {"not_fitted": []}),
        (
            ("experts", "--most", "3", "--bootstrap", "3"),
            6,
            "Stopped by Ctrl-C after 2 of 3 draws of the bootstrap.",
            {"not_fitted": []},
        ),
    ],
)
def test_ctrl_c_leaves_what_was_fitted(data, monkeypatch, capsys, command, steps, first, stopped):
    name, *options = command
    screens = []
    for form in ([], ["--json"]):
        interrupted_after(monkeypatch, steps)
        assert run([name, str(data[0]), *options, *form]) == 130
        screens.append(capsys.readouterr())
    text, (record, err) = screens[0].out, screens[1]
    assert screens[0].err == err == ""
    assert first in text.splitlines()[0]
    assert first in json.loads(record)["answer"]
    assert json.loads(record)["stopped"] == stopped


def test_ctrl_c_before_anything_was_fitted_is_one_line(data, monkeypatch, capsys):
    interrupted_after(monkeypatch, 0)
    assert run(["experts", str(data[0])]) == 130
    assert capsys.readouterr() == ("", "interrupted\n")


def test_rows_with_missing_values_are_left_out_when_asked(data, tmp_path, refused, output):
    path = tmp_path / "missing.csv"
    path.write_text(data[0].read_text() + "\n1.5,\nNA,2\n")
    command = ["fit", str(path), "--fitted", "2", "--gate", "softmax", "--starts", "3", "--json"]
    refused(command, "the value is missing; --drop-missing leaves out such rows")
    record = json.loads(output(*command, "--drop-missing"))
    assert (record["points"], record["dropped"]) == (500, 2)
    whole = json.loads(output("fit", str(data[0]), *command[2:]))
    assert record == whole | {"dropped": 2}


def test_a_temperature_that_is_held(data, output):
    record = json.loads(output("fit", str(data[0]), "--fitted", "2", "--tau", "0.5", "--json"))
    assert "tau" not in [e["parameter"] for e in record["estimates"]]
    assert record["flat_directions"] == record["warnings"] == []


@pytest.mark.parametrize("sizes", ["2", "1,2"])
def test_a_header_of_numbers_is_told(data, tmp_path, capsys, output, sizes):
    path = tmp_path / "numbered.csv"
    path.write_text("0,1\n" + data[0].read_text().partition("\n")[2])
    assert run(["fit", str(path), "--fitted", sizes, "--starts", "2"]) == 0
    said = "row 1 (0, 1) is read as data: if it names the columns, give them names that are no numbers"
    assert f"warning: {said}\n" in capsys.readouterr().out
    assert json.loads(output("fit", str(path), "--fitted", sizes, "--starts", "2", "--json"))["warnings"][0] == said


@pytest.mark.parametrize("sizes", ["2", "1,2"])
def test_a_fit_is_written_as_json_and_as_a_page(tmp_path, capsys, output, sizes):
    rng = np.random.default_rng(0)
    x = rng.uniform(-3, 3, 200)
    np.savetxt(tmp_path / "d.csv", np.column_stack([x, np.abs(x) + rng.normal(size=200) / 4]), delimiter=",")
    command = ["fit", str(tmp_path / "d.csv"), "--fitted", sizes, "--starts", "2"]
    printed = json.loads(output(*command, "--json", "-o", str(tmp_path / "f.json")))
    assert json.loads((tmp_path / "f.json").read_text()) == printed
    assert run([*command, "-o", str(tmp_path / "f.html")]) == 0
    page = unescape((tmp_path / "f.html").read_text(encoding="utf-8"))
    out = capsys.readouterr().out
    assert out.splitlines()[0][:40] in page
    assert page.count("<svg role") == 2
    assert run([*command, "-o", str(tmp_path / "f.txt")]) == 2
    if sizes == "2":
        assert re.search("log-likelihood .*; AIC .*; BIC .*", out)[0] in page
        assert "maximum likelihood, 200 points" in page


def test_columns_are_named_as_in_the_file(tmp_path, output, refused):
    path, x = tmp_path / "d.csv", np.random.default_rng(1).normal(size=(40, 2))
    path.write_text("\n".join(['"","age","site","name","y"', *(f'"{i}",{a},3,b,{b}' for i, (a, b) in enumerate(x))]))
    fit = ["fit", str(path), "--fitted", "1", "--columns"]
    refused([*fit, "age,site"], "column site of x is constant, 3.0: its slopes cannot be estimated")
    record = json.loads(output(*fit, "age", "--json"))
    assert record["warnings"][0] == "the first column has no name: it is read as names of rows, and left out"
    assert json.loads(output("experts", str(path), "--most", "2", "--columns", "age", "--json"))["range"]


@pytest.mark.parametrize("options", [{"activation": "tanh"}, {"gate": "w*x + v*x**2", "expert": "a*x + b"}])
def test_the_curves_of_a_fit_have_its_density(options):
    """sum_k of probability times a normal density about the mean: the likelihood that the fit says."""
    rng = np.random.default_rng(5)
    x = rng.uniform(-3, 3, 300)
    y = np.where(rng.random(300) < 1 / (1 + np.exp(-x)), x + 2, -x - 2) + 0.5 * rng.normal(size=300)
    found = temperance.fit(x, y, fitted=2, starts=2, **options)
    gate, means = found.curves(x[:, None])
    nu = np.array([e.value for e in found.estimates if e.parameter == "nu"])
    normal = np.exp(-((y[:, None] - means) ** 2) / (2 * nu)) / np.sqrt(2 * np.pi * nu)
    assert np.log((gate * normal).sum(axis=1)).sum() == pytest.approx(found.log_likelihood, rel=1e-6)
