"""Machine code is named after every source that it is made from."""

from pathlib import Path

import pytest

from temperance.numerics.mixture import kernels
from temperance.numerics.mixture.atom_formulas import formulas_of
from temperance.numerics.mixture.written_code import version_of
from temperance.theory.models.by_name import model

FOLDER = Path(kernels.__file__).parent


@pytest.mark.parametrize("name", ["vector_code", "kernel_sums", "kernels"])
def test_an_edit_of_a_source_gives_another_version(name, tmp_path):
    for path in FOLDER.glob("*.py"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    before = version_of(tmp_path)
    assert before == version_of(FOLDER)
    with (tmp_path / f"{name}.py").open("a") as file:
        file.write("# another line")
    assert version_of(tmp_path) != before


def test_kernels_are_named_after_what_they_call(tmp_path, monkeypatch):
    def text():
        return kernels.kernel_text(formulas_of(model("softmax")), 1, 1)

    before = text()
    assert text() == before
    monkeypatch.setattr(kernels, "__file__", str(tmp_path / "kernels.py"))
    assert text() != before
