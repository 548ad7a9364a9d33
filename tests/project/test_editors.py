"""What an editor sees: every module of ours is found where it is imported from, in the clone and outside of it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
USE = """
from temperance.numerics.fitting.fits import Fit
from temperance.theory.conditions.decision import decide

decide("tanh").first_order.outcome
Fit.nowhere
"""


def unresolved(*files, folder):
    """The messages of basedpyright on imports, and on attributes that classes do not have."""
    pyright = Path(sys.executable).parent / "basedpyright"
    if not pyright.exists():
        pytest.skip("basedpyright, of the group test, is not installed")
    command = [pyright, "--outputjson", "--pythonpath", sys.executable, *files]
    done = subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True)
    found = json.loads(done.stdout)["generalDiagnostics"]
    found = [d["message"] for d in found if d.get("rule") in ("reportMissingImports", "reportAttributeAccessIssue")]
    return [message for message in found if "temperance" in message or "nowhere" in message]


@pytest.mark.slow
def test_an_editor_finds_the_packages_outside_of_the_clone(tmp_path):
    (tmp_path / "use.py").write_text(USE)
    (found,) = unresolved("use.py", folder=tmp_path)
    assert "nowhere" in found  # the types are read, too


@pytest.mark.slow
def test_an_editor_finds_the_packages_in_the_clone():
    files = ["temperance/__init__.py", "temperance/answers/check.py", "theory/rates/predict.py", "tests/conftest.py"]
    assert unresolved(*(f for f in files if (ROOT / f).exists()), folder=ROOT) == []


def test_the_rooms_are_links_to_the_top():
    for name, room in (("theory", "theory"), ("numerics", "numerics"), ("show/notebooks", "notebooks")):
        assert (ROOT / "temperance" / name).resolve() == ROOT / room
