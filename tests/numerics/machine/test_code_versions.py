"""Machine code is named after every source that it is made from."""

import pytest

from temperance.numerics.likelihood import kernel, kernel_text
from temperance.numerics.likelihood.atom_formulas import formulas_of
from temperance.numerics.machine.code_versions import MACHINE, version_of
from temperance.numerics.mixture import activation_machine_code
from temperance.theory.activations.activation import activation
from temperance.theory.models.by_name import model


@pytest.mark.parametrize("name", ["elementary", "intrinsics", "row_products"])
def test_an_edit_of_a_source_gives_another_version(name, tmp_path):
    for path in MACHINE.glob("*.py"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    before = version_of(tmp_path)
    assert before == version_of(MACHINE)
    with (tmp_path / f"{name}.py").open("a") as file:
        file.write("# another line")
    assert version_of(tmp_path) != before


@pytest.mark.parametrize(
    ("name_of", "module"),
    [
        (lambda: activation_machine_code.source_of(activation("tanh(z)")), activation_machine_code),
        (kernel.code_version, kernel),
        (lambda: kernel_text.kernel_text(formulas_of(model("softmax")), 1, 1), kernel_text),
    ],
)
def test_all_machine_code_is_named_after_what_it_calls(name_of, module, tmp_path, monkeypatch):
    before = name_of()
    assert name_of() == before
    monkeypatch.setattr(module, "MACHINE", tmp_path)
    assert name_of() != before


def test_kernels_are_named_after_their_own_wing(tmp_path, monkeypatch):
    before = kernel.code_version()
    monkeypatch.setattr(kernel, "__file__", str(tmp_path / "kernel.py"))
    assert kernel.code_version() != before
