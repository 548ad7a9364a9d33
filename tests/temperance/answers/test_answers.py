"""What every answer gives: text as the command prints it, a line, HTML, JSON, a table, a file."""

import inspect
import sys
from dataclasses import fields
from types import SimpleNamespace

import numpy as np
import pytest

import temperance
from temperance.commands.app import app, run
from temperance.show.answer import Answer
from temperance.show.output import to_json
from temperance.theory.conditions.decision import Decision

pytestmark = pytest.mark.usefixtures("few_climbs")
COMMANDS = ("check", "catalogue", "certify", "derive", "predict", "rates", "exponents", "twins", "verify")
ASKED = {
    "check": (("gelu", "relu"), {}, ["check", "gelu", "relu"]),
    "derive": (("linear",), {"order": 1}, ["derive", "--order", "1"]),
    "predict": (
        (),
        {"gate": "softmax", "true": 2, "fitted": 3},
        ["predict", "--gate", "softmax", "--true", "2", "--fitted", "3"],
    ),
    "rates": (
        (),
        {"true": 2, "fitted": 2, "n": (300, 600), "replicates": 10, "workers": 1},
        ["rates", "--true", "2", "--fitted", "2", "--n", "300,600", "--replicates", "10", "--workers", "1"],
    ),
    "twins": (("tanh",), {}, ["twins", "tanh"]),
    "verify": (("C1",), {}, ["verify", "C1"]),
}


@pytest.fixture(scope="module")
def found():
    return {name: getattr(temperance, name)(*args, **options) for name, (args, options, _) in ASKED.items()}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_the_options_of_its_function(name):
    command = {p.name for p in inspect.signature(app[name].default_command).parameters.values()}
    function = set(inspect.signature(getattr(temperance, name)).parameters)
    assert command - {"save_truth"} == function | {"json", "output"}


@pytest.mark.parametrize("name", ASKED)
def test_an_answer_prints_what_the_command_prints(found, name, capsys):
    assert run(ASKED[name][2]) == 0
    assert str(found[name]).strip() == capsys.readouterr().out.strip()
    assert run([*ASKED[name][2], "--json"]) == 0
    assert to_json(found[name].to_json()) == capsys.readouterr().out.strip()


@pytest.mark.parametrize("name", ASKED)
def test_an_answer_is_a_line_in_a_shell_of_python_and_a_table_in_a_notebook(found, name):
    line = repr(found[name])
    assert isinstance(found[name], Answer)
    assert "\n" not in line
    assert len(line) < 120
    assert found[name].words[0].split()[0] in line
    html = found[name]._repr_html_()
    assert html.startswith(("<p>", "<table>"))
    assert "<script" not in html


@pytest.mark.parametrize("name", ASKED)
def test_an_answer_is_a_data_frame_where_pandas_is(found, name, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", SimpleNamespace(DataFrame=list))
    frame = found[name].to_frame()
    assert frame
    assert all(list(row) == list(frame[0]) for row in frame)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="pip install pandas"):
        found[name].to_frame()


@pytest.mark.parametrize("name", ASKED)
def test_an_answer_is_written_as_json_and_as_a_page(found, name, tmp_path):
    for ending, start in ((".json", ("{", "[")), (".html", "<!DOCTYPE html>")):
        path = tmp_path / f"answer{ending}"
        found[name].write(str(path))
        assert path.read_text(encoding="utf-8").startswith(start)
    with pytest.raises(ValueError, match=r"unknown ending; accepted: .*\.json"):
        found[name].write(str(tmp_path / "answer.pdf"))


def test_a_page_leads_with_the_answer_and_holds_tables_plots_and_json(found, tmp_path):
    path = tmp_path / "rates.html"
    found["rates"].write(str(path))
    page = path.read_text(encoding="utf-8")
    title, answer = found["rates"].title, found["rates"].words[0]
    assert page.count(f">{title}<") == 2  # of the page and of the window
    assert page.index(answer) < page.index("<table>")
    assert page.count("<svg role=") == len(found["rates"].plots)
    assert "&#34;predicted&#34;: -0.5" in page


def test_what_is_marked_up_in_an_activation_is_text_in_html():
    assert "z < 0" not in temperance.check("where(z < 0, z, 2*z)")._repr_html_()


def test_rates_are_plotted(found):
    every, one = found["rates"].plot(), found["rates"].plot("a")
    assert (len(every.axes), len(one.axes)) == (len(found["rates"].plots), 2)
    with pytest.raises(ValueError, match="no slope of 'tau' was measured; accepted: beta1/tau"):
        found["rates"].plot("tau")


def test_certificates_are_proved_without_a_file():
    proofs = temperance.check("gelu").certificates()
    assert temperance.certify(*proofs).accepted
    proofs[0]["claims"][0]["side"] = "fails"
    refused = temperance.certify(*proofs)
    assert not refused.accepted
    assert refused.words == (f"{len(proofs) - 1} of {len(proofs)} certificates are proved",)


def test_the_decision_of_one_activation_is_at_hand():
    found = temperance.check("log(1 + z**2)")
    for name in ("verdicts", *(field.name for field in fields(Decision))):
        assert getattr(found, name) is not None
        assert getattr(found, name) == getattr(found.decisions[0], name)
    with pytest.raises(AttributeError, match="one decision an activation"):
        _ = temperance.check("tanh", "relu").first_order
    assert not hasattr(temperance.check("tanh"), "second")


DECIDES = {
    "check": ("answers.check", "describe", "twins", "decide"),
    "predict": ("answers.predict", "predictions", "twins", "twin_of"),
    "exponents": ("answers.exponents", "sentence_of", "orders", "add_measurements"),
    "efficiency": ("answers.efficiency", "answer", "decide", "twin_of", "row_of"),
    "twins": ("answers.twins", "decide"),
}
"""What decides something for an answer: names of a module."""


@pytest.mark.parametrize("name", DECIDES)
def test_nothing_is_decided_while_an_answer_is_printed(name, monkeypatch):
    more = {
        "exponents": lambda: temperance.exponents("softmax", bounds_only=True),
        "efficiency": lambda: temperance.efficiency("tanh", gauge="anchored"),
    }
    answer = more[name]() if name in more else getattr(temperance, name)(*ASKED[name][0], **ASKED[name][1])
    module, *names = DECIDES[name]
    for each in names:
        monkeypatch.delattr(f"temperance.{module}.{each}")
    assert answer.words[-1] in " ".join(str(answer).split())
    assert answer.title in answer.page()
    assert answer._repr_html_()
    assert to_json(answer.to_json())


def test_a_truth_may_be_given_as_it_stands_in_a_file():
    truth = {"beta1": [[1], [-1]], "beta0": [0.5, 0], "tau": 0.5, "a": [[0.5], [-0.5]], "b": [2, -2], "nu": [0.25, 0.5]}
    truth["x"] = {"law": "uniform", "low": -3, "high": 3}
    found = temperance.predict(activation="tanh", true=2, fitted=2, truth=truth)
    assert "mirror point of type odd" in str(found)
    without = {k: v for k, v in truth.items() if k != "nu"}  # which are those of the default
    assert temperance.efficiency("tanh", truth=without).rows() == temperance.efficiency("tanh", truth=truth).rows()


def test_an_activation_is_evaluated_where_it_is_defined():
    z = np.array([-1.0, 0.5])
    s, slope = temperance.check("log(z)").values(z, order=1)
    np.testing.assert_allclose(s, [np.nan, np.log(0.5)])
    np.testing.assert_allclose(slope, [np.nan, 2.0])
    with pytest.raises(AttributeError, match="decisions has one"):
        temperance.check("gelu", "relu").values(z)
