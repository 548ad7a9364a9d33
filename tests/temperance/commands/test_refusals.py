"""Bad input of every command: status 2, nothing on stdout, and one line that says what is wrong and what is accepted.

data/refusals.txt has a line of each kind; what else is typed is one line, too (`test_no_hostile_value_ends_otherwise`).
"""

import inspect
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import temperance
from temperance.commands.app import app, run

POINT = {"beta1": [[3], [0.5]], "beta0": [1, 0], "tau": 0.25, "a": [[1], [-1]], "b": [2, -2], "nu": [0.25, 0.5]}
POINT["x"] = {"law": "uniform", "low": -2, "high": 4}
WAVE = "--gate kappa*cos(x-c)/tau"
LINES = (Path(__file__).parent / "data" / "refusals.txt").read_text(encoding="utf-8").splitlines()


def parted(line):
    """The arguments and the message of a line of the table."""
    arguments, _, message = line.strip().rpartition("  ")
    return [WAVE.split()[i] if w == "WAVE" else w for w in arguments.split() for i in range(1 + (w == "WAVE"))], message


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where files of a truth and of data lie."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "truth.json").write_text(json.dumps(POINT))
    (tmp_path / "empty.json").write_text("")
    (tmp_path / "d.csv").write_text("x,y\n1,2\n2,3\n")
    (tmp_path / "missing.csv").write_text("x,y\n1,2\n3,\n")
    return tmp_path


@pytest.mark.parametrize("line", LINES)
def test_bad_input_is_one_line_and_status_two(refused, folder, monkeypatch, line):
    monkeypatch.setattr("temperance.commands.users.find_spec", lambda name: object())
    before = sorted(folder.rglob("*"))
    refused(*parted(line))
    assert sorted(folder.rglob("*")) == before


HOSTILE = ("", "1/0", "sin(", "a\nb(", "\x1b[31m(", "\udcff", "__import__('os')", "(" * 500, "\N{INFINITY}", "--")
COMMANDS = {
    "check": [],
    "derive": [],
    "predict": ["--true", "2", "--fitted", "2"],
    "rates": ["--true", "2", "--fitted", "2"],
    "efficiency": ["tanh"],
    "exponents": [],
    "coefficient": ["--true", "2", "--fitted", "2"],
    "atlas": [],
    "twins": [],
    "fit": ["d.csv", "--fitted", "2"],
    "experts": ["d.csv"],
}
FILES = {"store", "scheduler", "certificates"}  # which may have any name
OPTIONS = [
    (name, option)
    for name in COMMANDS
    for option, p in inspect.signature(app[name].default_command).parameters.items()
    if p.kind is p.KEYWORD_ONLY and option not in FILES and f"--{option}" not in COMMANDS[name]
]


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(of=st.sampled_from(OPTIONS), value=st.sampled_from(HOSTILE))
def test_no_hostile_value_ends_otherwise(refused, folder, of, value):
    name, option = of
    refused([name, *COMMANDS[name], f"--{option.replace('_', '-')}={value}"])


TRUTHS = {
    "{": "is not JSON",
    "[]": "must be an object",
    '{"tau": 1, "tau": 2}': "'tau' is given twice",
    "[" * 100000: "is not JSON",
    **{
        json.dumps({**POINT, **changes}): message
        for message, changes in {
            "has 'z'; accepted": {"z": 1},
            "tau must be positive": {"tau": -1},
            "tau is no number": {"tau": True},
            "between -1e50 and 1e50": {"b": [1e300, 0]},
            "tau must be at least 1e-50": {"tau": 1e-300},
            "beta0/tau must lie between -500 and 500": {"beta0": [600, 0]},
            "as many values of every parameter": {"b": [1, 2, 3]},
            "a is no number": {"a": [[1], [1, 2]]},
            "uniform": {"x": {"law": "normal", "low": 0, "high": 1}},
            "low < high": {"x": {"law": "uniform", "low": 1, "high": 1}},
            "NaN is no number": {"tau": float("nan")},
            "must obey the gauge": {"beta0": [1, 2]},
            "d = 2, not k": {"beta1": [[1, 2], [1, 2]], "a": [[1, 2], [1, 2]]},
        }.items()
    },
}


POINTS = {
    "": "not JSON",
    '{"beta1": 1, "tau": 1, "c": 1}': "has 'c'; accepted",
    '{"beta1": 1, "beta1": 2, "tau": 1}': "twice",
    '{"beta1": 1, "tau": 0}': "positive",
    '{"beta1": 1, "tau": NaN}': "is no number",
    '{"beta1": 1, "tau": true}': "no number",
    '{"beta1": [1, 2, 3, 4, 5, 6], "tau": 1}': "6 atoms and no",
    '{"beta1": "__import__(\'os\')", "tau": 1}': "",
    '{"beta1": "z", "tau": 1}': "no number",
    '{"beta1": 1e999999999, "tau": 1}': "",
    '{"beta1": ' + "9" * 5000 + ', "tau": 1}': "",
    '{"beta1": "exp(exp(exp(exp(100))))", "tau": 1}': "",
    '{"beta1": 1e51, "tau": 1}': "between -1e50 and 1e50",
    "[" * 100000: "not JSON",
    '{"beta1": 1, "tau": 1, "\\u001b[31m\\n": 1}': "accepted: {NAME",
    " " * 1000001: "not JSON",
}


RATES = ("rates", "--activation", "tanh", "--true", "2", "--fitted", "2")
FILES_OF_TRUTHS = [
    *((RATES, *row) for row in TRUTHS.items()),
    *((("exponents", "--activation", "tanh"), *row) for row in POINTS.items()),
]


@pytest.mark.parametrize(("command", "text", "message"), FILES_OF_TRUTHS, ids=range(len(FILES_OF_TRUTHS)))
def test_a_truth_that_is_none_is_one_line(folder, refused, command, text, message):
    (folder / "t.json").write_text(text)
    refused([*command, "--truth", "t.json"], message)


@pytest.mark.parametrize(
    ("truth", "words"),
    [
        ({"q": 1}, "'the truth' has 'q'; accepted: "),
        ({"w": [1]}, "2 or more"),
        ({"w": [1, 2], "a": [1, 2, 3]}, "as many values"),
        ({"w": [1, 2, 3, 4, 5, 6]}, "has 6 atoms and no 'a'"),
        ({"tau": [1, 2]}, "one of a shared one"),
        ({"w": "one"}, "w is no number"),
        ({"a": [1, 1], "b": [0, 0], "nu": [1, 1]}, "must be distinct"),
    ],
)
def test_a_truth_of_a_formula_that_is_none_is_named(truth, words):
    with pytest.raises(ValueError) as error:
        temperance.efficiency(gate="w*x/tau", parameter="w", truth=truth)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (lambda: temperance.check("tanh", "gelo"), "gelo"),
        (lambda: temperance.derive("linear", expert=3), "expert must be a text or an Expert, not 3"),
        (lambda: temperance.derive("w*x", shared="w"), "^shared must be "),
        (lambda: temperance.derive("w*x", constants=["k"]), "^constants must be "),
        (lambda: temperance.rates(true=2, fitted=2, n="1e4"), "n must be a list, each a whole number, not '1e4'"),
        (lambda: temperance.efficiency("tanh", tau="1"), "tau must be a number or a list, each a number, not '1'"),
        (lambda: temperance.certify([]), r"files must be a text or a mapping, not \[\]"),
    ],
)
def test_a_value_of_another_type_is_refused_by_name(asked, message):
    with pytest.raises(ValueError, match=message):
        asked()


def test_an_answer_replaces_no_file_that_is_read_or_written_besides(folder, refused):
    for name in ("t.json", "./t.json"):
        refused(["check", "gelu", "--certificate", name, "-o", "t.json"], "is named twice")
    refused(["rates", "--true", "2", "--fitted", "2", "--truth", "truth.json", "-o", "truth.json"], "is named twice")
    assert json.loads((folder / "truth.json").read_text()) == POINT


def test_an_unknown_name_does_not_discard_the_answers_to_the_others(capsys):
    assert run(["check", "tanh", "gelo", "relu", "z^2", "--json"]) == 2
    out, err = capsys.readouterr()
    assert [found["activation"] for found in json.loads(out)] == ["tanh", "relu"]
    assert [name in line for name, line in zip(("gelo", "z^2"), err.splitlines(), strict=True)] == [True, True]
    assert run(["check", "gelo", "--json"]) == 2
    assert json.loads(capsys.readouterr().out) == []


def test_without_torch_an_audit_says_so(refused, monkeypatch):
    monkeypatch.setattr("temperance.commands.users.find_spec", lambda name: None)
    refused(["audit", "mine:make"], "audit needs torch, which is not installed; run: pip install torch")
