"""What `check` and `derive` answer: JSON, status, and that tables and files hold it."""

import json
import re
import shlex

import pytest

import temperance
from temperance.commands.app import run
from temperance.theory.coq.files import FILES


def strict(text):
    """JSON without NaN, keys in their order."""
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


@pytest.mark.parametrize(
    ("names", "required", "status"),
    [
        (["tanh", "gelu"], "first_order,second_order", 0),
        (["tanh", "relu"], "first_order", 1),
        (["exp"], "first_order, second_order", 1),
        (["exp"], "tau_beta1,a,b_nu", 0),
    ],
)
def test_require_tells_by_the_exit_status(output, names, required, status):
    out = output("check", *names, "--json", "--require", required, status=status)
    assert len(strict(out)) == len(names)


def test_the_command_that_a_check_names_can_be_run(output):
    line = next(line for line in output("check", "gelu").splitlines() if line.startswith("how fast: "))
    assert "gelu, anchored gauge" in output(*shlex.split(line.partition(": temperance ")[2]))


def test_a_long_list_is_cut_and_says_how_to_see_all(output):
    cut, whole = (output("derive", "--order", "3", *more).splitlines() for more in ([], ["--all"]))
    assert sum("--all" in line for line in cut) == 1
    assert len(whole) == len(cut) + 14 - 1
    assert strict(output("derive", "--order", "3", "--json"))["relations"][33]["equation"] in "\n".join(whole)


def words(text):
    """The words in the columns of a table, joined over the lines of each row where they are not broken."""
    return set(re.split(r"[\s─]+", text)) - {""}


@pytest.mark.parametrize("columns", [62, 200])
def test_a_narrow_table_breaks_between_words(output, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    out = output("check", "tanh", "relu", "log(1 + z**2)")
    out = out[out.index("\n ") : out.index("\nfirst: ")]
    assert max(map(len, out.splitlines())) <= columns
    heads = "activation first second tau, beta1 a b, nu mirror"
    cells = "tanh holds odd relu fails (A, B, C) homogeneous log(1 + z**2) holds, not at tau = 1 even"
    assert words(out) == words(f"{heads} {cells}")


def test_a_derivation_has_the_derivatives_of_tanh_as_powers_of_sech():
    found = temperance.derive(activation="tanh", order=1).derivation
    (lines,) = (b.lines for s in found.steps if s.name == "Derivatives" for b in s.blocks[3:4])
    assert r"\operatorname{sech}^{2}{\left(\beta_{1} x \right)}" in lines[0]
    assert not any("e^{" in line for line in lines)


# -- certificates in files: written by `check --certificate`, re-proved by `certify`


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "certificates.json"
    assert run(["check", "tanh", "relu", "log(1 + z**2)", "--certificate", str(path)]) == 0
    return path


def test_a_written_file_is_proved(written, capsys, output):
    capsys.readouterr()
    first, _, *lines = output("certify", str(written)).splitlines()
    assert len(lines) == 15
    assert all(": proved: " in line for line in lines)
    assert first == "15 of 15 certificates are proved"


def test_what_is_written_is_said(tmp_path, capsys):
    certificates, theorems = tmp_path / "tanh.json", tmp_path / "tanh.v"
    assert run(["check", "tanh", "--certificate", str(certificates), "--coq", str(theorems)]) == 0
    library = [f"{name}.v" for name in FILES]
    one, other = capsys.readouterr().err.splitlines()
    assert one.startswith("5 ")
    assert str(certificates) in one
    assert all(name in other for name in (str(theorems), *library))
    assert {path.name for path in tmp_path.iterdir()} == {"tanh.json", "tanh.v", *library}


def test_theorems_that_cannot_be_written_are_bad_input(tmp_path, capsys):
    theorems = tmp_path / "none.v"
    assert run(["check", "z+a", "gamma", "--coq", str(theorems)]) == 2
    out, err = capsys.readouterr()
    assert "tau learnable" in out
    heads = ("z+a: no theorems: ", "gamma: no theorems: ", "there are no theorems")
    assert all(line.startswith(head) for line, head in zip(err.splitlines(), heads, strict=True))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "status"), [("3", 0), ("abs(sin(z))", 2), ("sign(z)", 0), ("z+a", 0)])
def test_check_proposes_only_predictions_that_can_be_made(name, status, capsys, output):
    assert run(["predict", "--activation", name, "--true", "2", "--fitted", "3", "--gauge", "anchored"]) == status
    capsys.readouterr()
    assert ("how fast: temperance predict" in output("check", name)) == (status == 0)


def test_undecided_verdicts_have_no_certificate_and_say_so(tmp_path, capsys):
    path = tmp_path / "none.json"
    assert run(["check", "abs(sin(z))", "--certificate", str(path)]) == 0
    written, missing = capsys.readouterr().err.splitlines()
    assert written == f"0 certificates written to {path}"
    assert "no certificate for first_order" in missing
    assert json.loads(path.read_text()) == []


@pytest.mark.parametrize("content", ["3", "null", '"x"', "[{}]", '{"format": "temperance-certificate/1"}'])
def test_json_that_is_no_certificate_is_rejected(tmp_path, content, capsys):
    path = tmp_path / "odd.json"
    path.write_text(content)
    assert run(["certify", str(path)]) == 1
    rejected = capsys.readouterr().out
    assert "rejected" in rejected
    assert "KeyError" not in rejected


# -- `temperance twins` on the command line


def test_experts_may_have_twins_of_their_own():
    """|a x + b| has the mean of -a and -b: a gate whose twins are known says nothing of that, and the mean does."""
    found = temperance.twins(gate="gelu(w*x)/tau", expert="abs(a*x + b)", gauge="anchored")
    assert found.to_json()["unique"] is False
    assert found.to_json()["symmetries"][-1]["identity"] == "h(-a, -b) - h(a, b) = 0"
    assert "Undecided" in found.words[0]
