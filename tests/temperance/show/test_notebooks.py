import base64
import io
import json
import re
from pathlib import Path

import nbformat
import pytest
from matplotlib import image
from nbclient.exceptions import CellExecutionError

from temperance.show import notebook as notebook_module
from temperance.show.notebook import build, execute, text

FOLDER = Path(__file__).parents[3] / "notebooks"
SIZED = "sized"  # tags cells whose output depends on the parameter `quick`
TAGS = ("parameters", SIZED)
PIXEL_ERROR = 0.01  # mean over the picture, of 1: fonts and rounding differ a little between machines
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


def differences(ours, theirs):
    """The cells whose outputs differ in two executions of a notebook; text must be equal, pictures nearly."""
    pairs = enumerate(zip(ours.cells, theirs.cells, strict=True))
    return [f"cell {i}: {p.source.splitlines()[0]}" for i, (p, q) in pairs if not same_outputs(p, q)]


def same_outputs(cell, other):
    ours, theirs = results_of(cell), results_of(other)
    return [kind for kind, _ in ours] == [kind for kind, _ in theirs] and all(
        value == other_value or (kind == "image/png" and same_picture(value, other_value))
        for (kind, value), (_, other_value) in zip(ours, theirs, strict=True)
    )


def results_of(cell):
    """The outputs of a cell as (mime type or stream, value)."""
    results = []
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            results.append((output.name, output.text))
        else:
            results += sorted(output.get("data", {}).items())
    return results


def same_picture(picture, other):
    ours, theirs = (image.imread(io.BytesIO(base64.b64decode(data)), format="png") for data in (picture, other))
    return ours.shape == theirs.shape and float(abs(ours - theirs).mean()) <= PIXEL_ERROR


@pytest.mark.full  # minutes, and last digits depend on the processor
@pytest.mark.pinned
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_committed_notebook_executes_again_to_the_same_results(name):
    shown = committed(name)
    assert any("image/png" in output.get("data", {}) for cell in shown.cells for output in cell.get("outputs", []))
    faster = nbformat.from_dict(shown)
    for cell in faster.cells:
        if "parameters" in cell.metadata.get("tags", ()):
            cell.source = cell.source.replace("quick = False", "quick = True")
    again = executed(faster)
    for cell in (*shown.cells, *again.cells):
        if faster != shown and SIZED in cell.metadata.get("tags", ()):
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
    assert all(cell["metadata"] in ({}, *({"tags": [tag]} for tag in TAGS)) for cell in notebook["cells"])
    assert str(Path.home()) not in content
    assert str(FOLDER.parent) not in content


def test_the_notebooks_use_the_public_functions():
    inside = r"^\s*(?:from|import) temperance\..*"
    sources = [cell.source for name in NOTEBOOKS for cell in nbformat.read(FOLDER / name, as_version=4).cells]
    assert len([line for source in sources for line in re.findall(inside, source, re.MULTILINE)]) <= 3


@pytest.mark.slow
def test_the_notice_of_a_compilation_is_no_output_and_other_notices_are():
    said = "compiling the likelihood for 2 experts, once"
    source = "import sys\nprint({!r}, file=sys.stderr)"
    made = execute(build([("code", source.format(text)) for text in (said, f"{said}\na warning")]))
    assert [[output.text for output in cell.outputs] for cell in made.cells] == [[], ["a warning\n"]]


@pytest.mark.slow
def test_differences_in_results_are_seen():
    source = "import itertools\nimport time\nprint(time.time_ns())"
    made = execute(one_cell(source))
    assert differences(made, execute(made)) == ["cell 0: import itertools"]
    assert differences(made, one_cell(source)) == ["cell 0: import itertools"]


@pytest.mark.slow
def test_different_pictures_are_seen():
    source = "import matplotlib.pyplot as plt\nplt.plot([0, 1], [0, {}], linewidth=20)\nplt.show()"
    one, other = (execute(one_cell(source.format(height))) for height in (1, -1))
    again = execute(one)
    assert differences(one, again) == []
    other.cells[0].source = one.cells[0].source
    assert differences(one, other) == ["cell 0: import matplotlib.pyplot as plt"]


def test_without_the_extra_nothing_is_computed_and_the_remedy_is_named(monkeypatch, refused, tmp_path):
    monkeypatch.setattr(notebook_module, "find_spec", lambda name: None if name == "nbclient" else name)
    for command, name in (("paper", "folder"), ("derive", "x.ipynb")):
        message = refused([command, "--gate", "softmax", "-o", str(tmp_path / name)])
        assert message == "notebooks run with nbclient: pip install 'temperance[notebooks]'"
    assert not list(tmp_path.iterdir())
