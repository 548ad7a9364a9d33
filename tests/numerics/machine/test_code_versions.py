"""Machine code is named after every source that it is made from."""

import pytest

from temperance.numerics.likelihood import kernel_text
from temperance.numerics.likelihood.atom_formulas import formulas_of
from temperance.numerics.machine.code_versions import MACHINE, version_of
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


@pytest.mark.parametrize("named", ["MACHINE", "__file__"])
def test_kernels_are_named_after_what_they_call(named, tmp_path, monkeypatch):
    def text():
        return kernel_text.kernel_text(formulas_of(model("softmax")), 1, 1)

    before = text()
    assert text() == before
    monkeypatch.setattr(kernel_text, named, tmp_path if named == "MACHINE" else str(tmp_path / "kernel_text.py"))
    assert text() != before
