"""Certificates in files: written by `check --certificate`, re-proved by `certify`."""

import json

import pytest

from temperance.commands.app import run
from temperance.theory.coq.files import FILES


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


def test_a_changed_file_is_rejected(written, capsys):
    certificates = json.loads(written.read_text())
    certificates[3]["claims"][0]["side"] = "fails"
    written.write_text(json.dumps(certificates))
    capsys.readouterr()
    assert run(["certify", str(written)]) == 1
    assert capsys.readouterr().out.count("rejected") == 1


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


def test_an_old_format_must_be_written_again(tmp_path, capsys):
    path = tmp_path / "old.json"
    path.write_text('{"format": "temperance-orders/3", "statement": "contact orders at most 1"}')
    assert run(["certify", str(path)]) == 1
    _, _, line = capsys.readouterr().out.splitlines()
    assert "the format temperance-orders/3 is no longer read: write the certificate again" in line


@pytest.mark.parametrize("content", ["3", "null", '"x"', "[{}]", '{"format": "temperance-certificate/1"}'])
def test_json_that_is_no_certificate_is_rejected(tmp_path, content, capsys):
    path = tmp_path / "odd.json"
    path.write_text(content)
    assert run(["certify", str(path)]) == 1
    rejected = capsys.readouterr().out
    assert "rejected" in rejected
    assert "KeyError" not in rejected
