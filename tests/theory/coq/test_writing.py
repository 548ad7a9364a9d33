"""What is written for Coq, whether or not Coq is installed."""

import json
import re
from pathlib import Path

import pytest

from temperance.commands.app import run
from temperance.theory.activations.activation import activation
from temperance.theory.activations.catalogue import CATALOGUE
from temperance.theory.conditions.certificates import certificates
from temperance.theory.coq.files import FILES, file_of, library
from temperance.theory.coq.terms import Unstated, function, parsed, term
from tests.tables import tables

GOLDEN = Path(__file__).with_name("golden")


@pytest.mark.pinned
@pytest.mark.parametrize("name", ["tanh", "relu", "log1p_square"])
def test_files_are_these_to_the_letter(name):
    text, refused = file_of([(activation(name), certificates(name))])
    assert refused == []
    assert text == (GOLDEN / f"{name}.v").read_text(encoding="utf-8")


@pytest.mark.parametrize(("expression", "text", "code"), tables(__file__)["EXPRESSIONS"])
def test_expressions_keep_their_meaning(expression, text, code):
    found = term(parsed(expression))
    assert (found.text, found.code) == (text, code)


@pytest.mark.parametrize(("name", "domain"), tables(__file__)["DOMAINS"])
def test_domains_are_the_pieces_and_what_is_not_seen_there(name, domain):
    found = activation(name)
    assert function(found).domain == domain


def test_a_theorem_on_a_failure_that_holds_almost_everywhere_says_so():
    for name, theorem, ends in (
        ("hardshrink", "first_order_fails", "- 1 / 2; 1 / 2"),
        ("hardtanh", "second_order_fails", "- 1; 1"),
    ):
        text, _ = file_of([(activation(name), certificates(name))])
        assert f"Theorem {theorem}_for_s : almost_everywhere [{ends}] D ({theorem} D s)." in text
    assert "almost_everywhere" not in file_of([(activation("relu"), certificates("relu"))])[0]


@pytest.mark.parametrize("text", ["gamma(z)", "z*c", "loggamma(z)"])
def test_what_the_library_cannot_state_is_refused(text):
    with pytest.raises(Unstated):
        term(parsed(text))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("tanh(10**20*z)", r"tanh at 1.25e\+21 is out of Coq's reach; accepted: up to 2e\+06"),
        ("exp(10**20*z)", r"exp at 1.25e\+21 is out of Coq's reach"),
        ("log(1 + exp(1000*z))", "its certificate takes 1024 bits, too many for Coq; accepted: up to 512"),
        ("erf(20*z)", "erf at 250 is out of Coq's reach; accepted: up to 30"),
    ],
)
def test_what_coq_would_not_end_on_is_refused_alone(name, reason):
    text, refused = file_of([(activation(source), certificates(source)) for source in (name, "relu")])
    assert [source for source, _ in refused] == [name]
    assert re.match(reason, refused[0][1])
    assert "Definition everything := (relu.everything)." in text


def test_what_the_catalogue_has_but_gamma_is_in_reach():
    names = {*sorted(CATALOGUE)[::5], "gamma", "loggamma"}
    _, refused = file_of([(activation(name), certificates(name)) for name in names])
    assert sorted(name for name, _ in refused) == ["gamma", "loggamma"]


def test_the_command_writes_one_file_and_the_library_beside_it(tmp_path, capsys):
    out, proofs = tmp_path / "verdicts.v", tmp_path / "proofs.json"
    assert run(["check", "tanh", "tanh(z) ", "elu(z, 1/2)", "--coq", str(out), "--certificate", str(proofs)]) == 0
    told = capsys.readouterr().err.splitlines()
    assert told[0] == f"15 certificates written to {proofs}"
    assert told[1].startswith(f"theorems written to {out}")
    text = out.read_text(encoding="utf-8")
    assert [text.count(f"Module {name}.\n") for name in ("tanh", "tanh_z", "elu_z_1_2")] == [1, 1, 1]
    assert text.endswith("Print Assumptions everything.\n")
    assert len(json.loads(proofs.read_text(encoding="utf-8"))) == 15
    for name in FILES:
        assert (tmp_path / f"{name}.v").read_text(encoding="utf-8") == library(name)


def test_the_command_names_what_it_cannot_state_in_a_line_each(tmp_path, capsys):
    assert run(["check", "gamma", "elu(z, alpha)", "relu", "--coq", str(tmp_path / "some.v")]) == 0
    told = capsys.readouterr().err.splitlines()
    assert [line for line in told if "written to" not in line] == [
        "gamma: no theorems: gamma is not defined in the library",
        "elu(z, alpha): no theorems: alpha is a parameter: give it a value",
    ]
    text = (tmp_path / "some.v").read_text(encoding="utf-8")
    assert "Module relu." in text
    assert "Definition everything := (relu.everything)." in text


@pytest.mark.parametrize("name", ["proofs.json", "two words.v", "my-proofs.v", "1.v", "Temperance.v", "Twins.v"])
def test_names_that_coq_does_not_take_are_refused(name, tmp_path, refused):
    refused(["check", "tanh", "--coq", str(tmp_path / name)], "accepted: ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_ones_own_is_not_replaced_by_the_library(name, tmp_path, capsys):
    own = tmp_path / f"{name}.v"
    own.write_text(library(name) + "Lemma mine : True. exact I. Qed.\n", encoding="utf-8")
    before = own.read_bytes()
    assert run(["check", "tanh", "--coq", str(tmp_path / "verdicts.v")]) == 2
    assert re.fullmatch(rf".*{name}\.v.*exists; accepted: .*\n", capsys.readouterr().err)
    assert list(tmp_path.iterdir()) == [own]
    assert own.read_bytes() == before


def test_the_library_beside_it_may_be_there_already(tmp_path):
    for _ in range(2):
        assert run(["check", "relu", "--coq", str(tmp_path / "verdicts.v")]) == 0
