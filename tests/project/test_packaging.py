"""The wheel: one top-level package, with all that it needs beside the dependencies."""

import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("theory", "numerics", "temperance")


def run(*command, cwd):
    return subprocess.run(list(map(str, command)), cwd=cwd, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel, built from a copy: a build in place would leave files in the checkout, and take old ones along."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in (*ROOMS, "notebooks"):
        shutil.copytree(ROOT / name, folder / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / name)
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder / "dist", ".", cwd=folder)
    return next((folder / "dist").glob("*.whl"))


@pytest.mark.slow
def test_the_wheel_holds_every_file_of_ours_under_one_name(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"temperance"}
    ours = {path.relative_to(ROOT) for room in ROOMS for path in (ROOT / room).rglob("*")}
    expected = {
        str(path) if path.parts[0] == "temperance" else f"temperance/{path}"
        for path in ours
        if (ROOT / path).is_file() and "__pycache__" not in path.parts
    }
    shown = {f"temperance/show/notebooks/{path.name}" for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert expected | shown <= set(names)
    assert len(shown) > 5


@pytest.mark.slow
def test_the_command_runs_where_only_the_wheel_is_installed(wheel, tmp_path):
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", "--no-deps", wheel, cwd=tmp_path)
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=tmp_path).strip())
    # the dependencies are those of the tests; a path file adds the folder, not the editable install in it
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    shown = run(tmp_path / "env" / "bin" / "temperance", "check", "tanh", "--json", cwd=tmp_path)
    assert '"verdict": "holds"' in shown
    code = "from temperance.show.notebook import notebook_files as f; print(*f(), sep='\\n')"
    found = list(map(Path, run(python, "-c", code, cwd=tmp_path).splitlines()))
    assert [path.name for path in found] == sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))
    assert all(site in path.parents for path in found)
    home = run(python, "-c", "import temperance.theory.kernel as c; print(c.__file__)", cwd=tmp_path)
    assert str(site) in home
