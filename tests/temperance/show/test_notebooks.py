import json
import re
from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError

from temperance.commands.app import run
from temperance.show import notebook as notebook_module
from temperance.show.notebook import TAGS, build, defaults, differences, execute, inject, text, values

FOLDER = Path(__file__).parents[3] / "notebooks"
SIZED = "sized"  # tags cells whose output depends on the parameter `quick`
NOTEBOOKS = sorted(path.name for path in FOLDER.glob("*.ipynb"))


def committed(name):
    return nbformat.read(FOLDER / name, as_version=4)


def executed(notebook):
    """The notebook, executed; the test is skipped where a library that it needs is not installed."""
    try:
        return execute(notebook)
    except CellExecutionError as error:
        if error.ename != "ModuleNotFoundError":
            raise
        pytest.skip(error.evalue)


def one_cell(source):
    return build([("code", source)])


@pytest.mark.full  # minutes, and last digits depend on the processor
@pytest.mark.pinned
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_committed_notebook_executes_again_to_the_same_results(name):
    shown = committed(name)
    assert any("image/png" in output.get("data", {}) for cell in shown.cells for output in cell.get("outputs", []))
    quick = {"quick": True} if "quick" in defaults(shown) else {}
    again = executed(inject(shown, quick))
    for cell in (*shown.cells, *again.cells):
        if quick and SIZED in cell.metadata.get("tags", ()):
            cell.outputs = []
    assert differences(shown, again) == []


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_committed_notebook_tells_nothing_of_the_machine(name):
    content = (FOLDER / name).read_text(encoding="utf-8")
    assert content == text(nbformat.reads(content, as_version=4)), "saved by something that adds to it"
    notebook = json.loads(content)
    assert notebook["metadata"] == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    assert all(cell["metadata"] in ({}, *({"tags": [tag]} for tag in (*TAGS, SIZED))) for cell in notebook["cells"])
    assert str(Path.home()) not in content
    assert str(FOLDER.parent) not in content


def test_the_notebooks_use_the_public_functions():
    inside = r"^\s*(?:from|import) temperance\..*"
    sources = [cell.source for name in NOTEBOOKS for cell in nbformat.read(FOLDER / name, as_version=4).cells]
    assert len([line for source in sources for line in re.findall(inside, source, re.MULTILINE)]) <= 3


@pytest.mark.slow
def test_the_notice_of_a_compilation_is_no_output_and_other_notices_are():
    said = "compiling the likelihood of this gate, once"
    source = "import sys\nprint({!r}, file=sys.stderr)"
    made = execute(build([("code", source.format(text)) for text in (said, f"{said}\na warning")]))
    assert [[output.text for output in cell.outputs] for cell in made.cells] == [[], ["a warning\n"]]


@pytest.mark.slow
def test_differences_in_results_are_seen():
    source = "import itertools\nimport time\nprint(time.time_ns())"
    made = execute(one_cell(source))
    assert differences(made, execute(made)) == ["cell 0: import itertools"]
    assert differences(made, one_cell(source)) == ["cell 0: import itertools"]
    assert differences(made, one_cell("1")) == ["the cells are not the same"]


@pytest.mark.slow
def test_different_pictures_are_seen():
    source = "import matplotlib.pyplot as plt\nplt.plot([0, 1], [0, {}], linewidth=20)\nplt.show()"
    one, other = (execute(one_cell(source.format(height))) for height in (1, -1))
    again = execute(one)
    assert differences(one, again) == []
    other.cells[0].source = one.cells[0].source
    assert differences(one, other) == ["cell 0: import matplotlib.pyplot as plt"]


@pytest.mark.slow
def test_a_notebook_without_its_library_is_skipped_with_a_reason(output, tmp_path):
    source = "import os.path\nfrom no_such_library.part import thing"
    (tmp_path / "a.ipynb").write_text(text(one_cell(source)), encoding="utf-8")
    assert output("notebooks", "run", str(tmp_path)) == "a.ipynb: skipped: No module named 'no_such_library'\n"


PARAMETERS = 'activation = "gelu"\nquick = False\nn = 3\nscale = 1.0\nother = [1]'


def with_parameters(*more):
    return build([("markdown", "# A"), ("parameters", PARAMETERS), ("code", "activation, quick, n, scale"), *more])


def test_the_parameters_of_a_notebook_are_the_literals_of_the_tagged_cell():
    assert defaults(with_parameters()) == {"activation": "gelu", "quick": False, "n": 3, "scale": 1.0}
    assert defaults(one_cell("quick = False")) == {}


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([("foo", "1")], "unknown parameter 'foo'; accepted: activation, quick, n, scale"),
        ([("quick", "1")], "takes True or False, not '1'"),
        ([("n", "1.5")], "takes an integer, not '1.5'"),
        *(([("scale", text)], f"takes a number, not '{text}'") for text in ("one", "1j", "")),
    ],
)
def test_what_is_no_value_of_a_parameter_is_refused(pairs, message):
    with pytest.raises(ValueError, match=message):
        values(pairs, defaults(with_parameters()))


@pytest.mark.slow
def test_the_command_runs_with_parameters(capsys, output, tmp_path):
    (tmp_path / "a.ipynb").write_text(text(execute(with_parameters())), encoding="utf-8")
    (tmp_path / "b.ipynb").write_text(text(execute(one_cell("1 / 1"))), encoding="utf-8")
    out = tmp_path / "made" / "out"
    said = output("notebooks", "run", str(tmp_path), "-p", "activation", "silu", "-p", "n", "-1", "-o", str(out))
    assert said == "a.ipynb: other parameters, as asked\n"
    (written,) = out.iterdir()
    made = nbformat.read(written, as_version=4)
    assert made.cells[-1].outputs[0].data["text/plain"] == "('silu', False, -1, 1.0)"
    assert run(["notebooks", "run", str(written)]) == 0  # with the values that it was given
    assert capsys.readouterr().out == "a.ipynb: same\n"
    notebook = nbformat.read(tmp_path / "b.ipynb", as_version=4)
    for source, ending in (("1 / 2", "not the same: cell 0: 1 / 2"), ("1 / 0", "ZeroDivisionError: division by zero")):
        notebook.cells[0].source = source
        nbformat.write(notebook, tmp_path / "b.ipynb")
        assert run(["notebooks", "run", str(tmp_path / "b.ipynb")]) == 1
        assert capsys.readouterr().out == f"b.ipynb: {ending}\n"


def test_without_the_extra_nothing_is_computed_and_the_remedy_is_named(monkeypatch, refused, tmp_path):
    monkeypatch.setattr(notebook_module, "find_spec", lambda name: None if name == "nbclient" else name)
    for command, name in (("paper", "folder"), ("derive", "x.ipynb")):
        message = refused([command, "--gate", "softmax", "-o", str(tmp_path / name)])
        assert message == "notebooks run with nbclient: pip install 'temperance[notebooks]'"
    assert not list(tmp_path.iterdir())


def test_parameters_that_are_no_good_end_with_two_in_one_line(refused, tmp_path):
    (tmp_path / "a.ipynb").write_text(text(with_parameters()), encoding="utf-8")
    for options, message in (
        (["-p", "foo", "1"], "unknown parameter 'foo'; accepted: activation, quick, n, scale"),
        (["-p", "n", "many"], "the parameter 'n' takes an integer, not 'many'"),
        (["-p", "activation"], "-p needs a value"),
        (["-o", str(tmp_path / "a.ipynb" / "b")], "the folder"),
    ):
        assert refused(["notebooks", "run", str(tmp_path), *options]).startswith(message)


def test_bad_input_is_one_line_and_status_two(refused, tmp_path):
    (tmp_path / "broken.ipynb").write_text("{")
    (tmp_path / "other.ipynb").write_text(text(build([("parameters", "quick =")])))
    for arguments in (
        ["notebooks"],
        ["notebooks", "bulid"],
        ["notebooks", "run", str(tmp_path)],
        ["notebooks", "run", str(tmp_path / "other.ipynb")],
        ["notebooks", "run", str(tmp_path / "missing")],
    ):
        refused(arguments)
