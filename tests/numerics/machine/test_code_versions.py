"""Machine code is named after every source that it is made from."""

import inspect

import pytest

from temperance.numerics.likelihood import hessian_assembly as assembly
from temperance.numerics.likelihood import kernel as kernels
from temperance.numerics.likelihood import kernel_steps as blocks
from temperance.numerics.likelihood.kernel import code_version
from temperance.numerics.machine import elementary as vectormath
from temperance.numerics.machine import intrinsics as calls
from temperance.numerics.machine import row_products as tiles
from temperance.numerics.mixture import density
from temperance.numerics.mixture.activation_machine_code import source_of
from temperance.theory.activations.activation import activation


def edit(module, folder, monkeypatch):
    """Let the module's file be one with another line."""
    changed = folder / "changed.py"
    changed.write_text(f"{inspect.getsource(module)}\n# another line\n", encoding="utf-8")
    monkeypatch.setattr(module, "__file__", str(changed))


@pytest.mark.parametrize("module", [calls, vectormath])
def test_an_edit_of_what_activations_call_gives_their_code_another_name(module, tmp_path, monkeypatch):
    before = source_of(activation("sinh(z)"))
    assert source_of(activation("sinh(z)")) == before
    edit(module, tmp_path, monkeypatch)
    assert source_of(activation("sinh(z)")) != before


@pytest.mark.parametrize("module", [assembly, blocks, calls, kernels, tiles, vectormath])
def test_an_edit_of_what_kernels_are_made_of_gives_them_another_version(module, tmp_path, monkeypatch):
    before = code_version()
    assert code_version() == before
    edit(module, tmp_path, monkeypatch)
    assert code_version() != before


def test_an_edit_of_other_modules_leaves_kernels_on_disk(tmp_path, monkeypatch):
    before = code_version()
    edit(density, tmp_path, monkeypatch)
    assert code_version() == before
