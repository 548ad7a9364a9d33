import json
from pathlib import Path

import nbformat
import pytest

from temperance.cli import run
from temperance.gallery import NOTEBOOKS
from temperance.notebook import build, differences, execute, text

FOLDER = Path(__file__).parents[1] / "notebooks"


def one_cell(source):
    return build([("code", source)])


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_committed_notebook_executes_again_to_the_same_results(name):
    shown = nbformat.read(FOLDER / name, as_version=4)
    assert any("image/png" in output.get("data", {}) for cell in shown.cells for output in cell.get("outputs", []))
    assert differences(shown, execute(shown)) == []


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_committed_notebook_is_what_the_library_builds(name):
    shown = nbformat.read(FOLDER / name, as_version=4)
    built = build(NOTEBOOKS[name]())
    assert [cell.source for cell in shown.cells] == [cell.source for cell in built.cells], "temperance notebooks build"


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_committed_notebook_tells_nothing_of_the_machine(name):
    content = (FOLDER / name).read_text(encoding="utf-8")
    notebook = json.loads(content)
    assert notebook["metadata"] == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    assert all(cell["metadata"] == {} for cell in notebook["cells"])
    assert str(Path.home()) not in content
    assert str(FOLDER.parent) not in content


def test_every_notebook_is_built_by_the_library():
    assert sorted(path.name for path in FOLDER.glob("*.ipynb")) == sorted(NOTEBOOKS)


def test_an_execution_is_the_same_twice():
    made = one_cell("sum(range(10))")
    assert text(execute(made)) == text(execute(made))


def test_differences_in_results_are_seen():
    source = "import itertools\nimport time\nprint(time.time_ns())"
    made = execute(one_cell(source))
    assert differences(made, execute(made)) == ["cell 0: import itertools"]
    assert differences(made, one_cell(source)) == ["cell 0: import itertools"]
    assert differences(made, one_cell("1")) == ["the cells are not the same"]


def test_different_pictures_are_seen():
    source = "import matplotlib.pyplot as plt\nplt.plot([0, 1], [0, {}], linewidth=20)\nplt.show()"
    one, other = (execute(one_cell(source.format(height))) for height in (1, -1))
    again = execute(one)
    assert differences(one, again) == []
    other.cells[0].source = one.cells[0].source
    assert differences(one, other) == ["cell 0: import matplotlib.pyplot as plt"]


def test_the_command_builds_and_runs(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("temperance.gallery.NOTEBOOKS", {"a.ipynb": lambda: [("code", "1 + 1")]})
    assert run(["notebooks", "build", str(tmp_path)]) == 0
    assert run(["notebooks", "run", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "a.ipynb\na.ipynb: the same results\n"
    notebook = nbformat.read(tmp_path / "a.ipynb", as_version=4)
    notebook.cells[0].source = "1 + 2"
    nbformat.write(notebook, tmp_path / "a.ipynb")
    assert run(["notebooks", "run", str(tmp_path)]) == 1
    notebook.cells[0].source = "1 / 0"
    nbformat.write(notebook, tmp_path / "a.ipynb")
    assert run(["notebooks", "run", str(tmp_path)]) == 1
    assert "ZeroDivisionError" in capsys.readouterr().out


def test_bad_input_is_one_line_and_status_two(capsys, tmp_path):
    (tmp_path / "broken.ipynb").write_text("{")
    for arguments in (
        ["notebooks"],
        ["notebooks", "bulid"],
        ["notebooks", "run", str(tmp_path)],
        ["notebooks", "run", str(tmp_path / "missing")],
        ["notebooks", "build", str(tmp_path / "missing")],
        ["notebooks", "build", "a", "b"],
    ):
        assert run(arguments) == 2
        captured = capsys.readouterr()
        assert (captured.out, captured.err.count("\n")) == ("", 1)
