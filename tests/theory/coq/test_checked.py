"""Coq accepts the theorems, from its four axioms of the reals alone, and refuses false ones. Skipped without Coq."""

import re
import shutil
import subprocess
from collections.abc import Sequence

import pytest

from temperance.theory.activations.activation import activation
from temperance.theory.activations.catalogue import CATALOGUE
from temperance.theory.conditions.certificates import certificates, verdict_of
from temperance.theory.coq.files import FILES, file_of, library
from tests.tables import tables

pytestmark = [
    pytest.mark.slow,
    pytest.mark.coq,
    pytest.mark.skipif(shutil.which("coqc") is None, reason="coqc, of the proof assistant Coq, is not installed"),
]

AXIOMS = {
    "ClassicalDedekindReals.sig_not_dec",
    "ClassicalDedekindReals.sig_forall_dec",
    "FunctionalExtensionality.functional_extensionality_dep",
    "Classical_Prop.classic",
}


def coqc(folder, name):
    command = ["coqc", "-Q", ".", "Temperance", f"{name}.v"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def axioms(printed):
    return set(re.findall(r"^(\S+)(?= :|$)", printed.partition("Axioms:\n")[2], flags=re.MULTILINE))


@pytest.fixture(scope="session")
def library_checked(tmp_path_factory):
    """A folder with the library, checked, and what Coq printed of each file."""
    path, printed = tmp_path_factory.mktemp("coq"), {}
    for name in FILES:
        (path / f"{name}.v").write_text(library(name), encoding="utf-8")
        done = coqc(path, name)
        if "Cannot find a physical path" in done.stderr:
            pytest.skip("Coq is installed without its libraries Interval and Coquelicot")
        assert done.returncode == 0, done.stderr
        printed[name] = done.stdout
    return path, printed


@pytest.fixture
def folder(library_checked):
    return library_checked[0]


def written(names: Sequence[str], conditions: Sequence[str] = ()) -> str:
    def chosen(name):
        return [c for c in certificates(name) if not conditions or verdict_of(c)["title"] in conditions]

    text, refused = file_of([(activation(name), chosen(name)) for name in names])
    assert refused == []
    return text


def accepted(folder, text, name):
    (folder / f"{name}.v").write_text(text, encoding="utf-8")
    done = coqc(folder, name)
    assert done.returncode == 0, done.stderr
    return axioms(done.stdout)


def test_activations_are_proved_from_the_four_axioms_alone(folder):
    names = ["tanh", "gelu", "relu", "log(1 + z**2)", "hardtanh", "tan", "elu(z, 1/2)", "LambertW"]
    names += ["tanh(100*z)", "tanh(300*z)", "1/(1 + exp(-500*z))", "exp(exp(z))"]  # values near 1, and large ones
    names += ["sin(log(z))", "tanh(log(z))", "exp(3*log(z))"]  # by identities of sin, exp and log
    names += ["z*(1/2 + atan(z)/pi)", "where(z < sqrt(2), z, z**2)"]  # numbers that are not rational
    names += ["hardshrink", "where(z < sqrt(2), z, where(z < E, 0, z))"]  # failures almost everywhere
    assert accepted(folder, written(names), "some") == AXIOMS


def test_logarithms_and_roots_are_proved_on_pieces_with_irrational_ends(folder):
    names = ["log(z**2 - 2)", "sqrt(z**2 - 3)", "where(z < sqrt(2), z, log(z))", "where(z < log(2), z, log(z))"]
    names += ["where(z < -pi, sqrt(-z), z)", "where(z < pi, z, log(z - 1))", "where(z < sqrt(2), z, log(z**2 - 1))"]
    names += ["where(z < sqrt(2), z, 2*z - sqrt(2))", "where(z < sqrt(3), sqrt(3)*z, 3)"]  # irrational relations
    assert accepted(folder, written(names), "irrational") == AXIOMS


@pytest.mark.parametrize("name", FILES[1:])  # the first has no theorem of its own
def test_theorems_on_mixtures_are_proved_from_the_four_axioms_alone(name, library_checked):
    assert set() < axioms(library_checked[1][name]) <= AXIOMS


def test_axioms_that_are_taken_besides_are_noticed(folder):
    text = written(["identity"], ["first_order"]).replace("Proof. solve_relation. Qed.", "Proof. Admitted.", 1)
    assert accepted(folder, text, "admitted") - AXIOMS == {"identity.F1_relation_0"}


@pytest.mark.full
def test_the_catalogue_is_proved_from_the_four_axioms_alone(folder):
    names = [name for name in CATALOGUE if name not in ("gamma", "loggamma")]
    assert accepted(folder, written(names), "catalogue") == AXIOMS


MUTATIONS = tables(__file__)["MUTATIONS"]  # of what is written of an activation; a text with \d is a pattern


@pytest.mark.parametrize("what", MUTATIONS)
def test_false_statements_and_false_proofs_are_refused(what, folder):
    name, conditions, replacements = MUTATIONS[what]
    text = written([name], conditions)
    for old, new in replacements:
        pattern = old if "\\d" in old else re.escape(old)
        assert re.search(pattern, text), old
        text = re.sub(pattern, lambda _, new=new: new, text)
    assert_refused(folder, text)


def assert_refused(folder, text):
    """That a text is refused as a proof, not for its grammar or a name."""
    (folder / "mutated.v").write_text(text, encoding="utf-8")
    done = coqc(folder, "mutated")
    assert done.returncode != 0
    assert "Syntax error" not in done.stderr
    assert "was not found" not in done.stderr


@pytest.mark.parametrize(("name", "old", "new"), tables(__file__)["VARIANTS"])
def test_a_file_of_the_library_is_refused_with_one_of_its_texts_changed(name, old, new, folder):
    text = library(name)
    assert text.count(old) == 1
    assert_refused(folder, text.replace(old, new))
