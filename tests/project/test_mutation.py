"""Mutation testing tests the mutants: the copy that it makes is the package that the tests import."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from mutation import TESTS, copy  # noqa: E402


@pytest.mark.parametrize("module", TESTS)
def test_what_is_mutated_and_what_tests_it_are_there(module):
    assert [path for path in (module, *TESTS[module]) if not (ROOT / path).is_file()] == []


def test_the_copy_is_imported_and_not_what_is_installed(tmp_path):
    module = "temperance/theory/kernel/reader.py"
    copy(module, [], tmp_path)
    code = "import temperance.theory.kernel.reader as module; print(module.__file__)"
    found = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert Path(found.stdout.strip()) == tmp_path / module
