"""What the README and docs show is what the commands print."""

import doctest
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from temperance.commands.app import run

ROOT = Path(__file__).parents[2]
PAGES = {path: path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))}
README, TEXT = PAGES[ROOT / "README.md"], "\n".join(PAGES.values())
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
SCREENS = sorted(set(re.findall(r"```console\n\$ (.*)\n((?:.*\n)*?)```", TEXT)))


def lines(text):
    """The lines without trailing blanks, and without blank lines around them."""
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n").splitlines()


COMMANDS = "".join(block for language, block in BLOCKS if not language and block.startswith("temperance ")).splitlines()
LONG = [command.partition("#")[0].rstrip() for command in COMMANDS if shlex.split(command)[1] in ("rates", "paper")]


@pytest.fixture
def at_work(tmp_path, monkeypatch):
    """A folder with the data that the README makes in an example and their truth, a terminal as wide as its screens."""
    source = next(block for _, block in BLOCKS if ">>> X = " in block)
    made = {}
    for example in doctest.DocTestParser().get_examples(source)[:4]:
        exec(example.source, made)
    np.savetxt(tmp_path / "data.csv", np.column_stack([made["X"], made["y"]]), delimiter=",")
    (truth,) = re.findall(r"`truth.json`:\n\n```json\n(.*)\n```", TEXT)
    (tmp_path / "truth.json").write_text(truth, encoding="utf-8")
    (rows,) = re.findall(r"`new.csv`:\n\n```csv\n(.*?)```", TEXT, re.DOTALL)
    (tmp_path / "new.csv").write_text(rows, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")


def determined(text):
    """The lines, without what is rounding: where a fit ends on a flat direction, how many starts reach its height."""
    same = [re.sub(r"\d+( of \d+ starts agree)", r"\1", line) for line in lines(text)]
    return [re.sub(r" +\S+( +-)+( +no)$", r"\2", line) for line in same]


def slow(command):
    """The mark of a screen that takes long."""
    return [pytest.mark.slow] if shlex.split(command)[1] in ("rates", "exponents") else []


@pytest.mark.pinned
@pytest.mark.parametrize(("command", "shown"), [pytest.param(*screen, marks=slow(screen[0])) for screen in SCREENS])
@pytest.mark.usefixtures("at_work")
def test_a_screen_is_what_its_command_prints(capsys, command, shown):
    assert run(shlex.split(command)[1:]) == 0
    assert determined(capsys.readouterr().out) == determined(shown)


@pytest.mark.usefixtures("at_work")
def test_the_commands_without_a_screen_work(capsys):
    for line in COMMANDS:
        program, *tokens = shlex.split(line, comments=True)
        assert program == "temperance"
        assert tokens[0] in ("rates", "paper") or run(tokens) == 0
    assert ": proved: " in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.usefixtures("at_work")
@pytest.mark.parametrize("line", LONG)
def test_the_studies_and_papers_without_a_screen_work(line):
    """Studies at few replicates and sizes: those that they have of themselves take minutes."""
    tokens = shlex.split(line)[1:]
    assert run([*tokens, *(["--replicates", "10", "--n", "1e8,1e12"] if tokens[0] == "rates" else [])]) == 0


@pytest.mark.parametrize("page", [page for page, text in PAGES.items() if ">>> " in text], ids=lambda page: page.stem)
def test_the_python_examples(page):
    found = doctest.testfile(str(page), module_relative=False)
    assert found.attempted
    assert found.failed == 0


def test_the_example_of_the_package():
    import temperance

    assert doctest.testmod(temperance).failed == 0


def test_the_make_targets_that_it_names_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^make ([a-z-]+)", README, re.MULTILINE)
    assert {"verify", "test"} <= set(targets)
    assert all(f"\n{target}:" in makefile for target in targets)


def test_its_links_lead_somewhere():
    for page, text in PAGES.items():
        links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link and link[0] != "#"]
        assert [link for link in links if not (page.parent / link.partition("#")[0]).exists()] == []


@pytest.mark.full
def test_the_ends_of_verify_are_what_it_prints(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(ROOT)
    (shown,) = re.findall(r"as they are:\n\n```\n((?:.*\n)*?)```", TEXT)
    first, last = map(lines, shown.split("..\n"))
    assert run(["verify"]) == int("contradicted" in shown)
    printed = lines(capsys.readouterr().out)
    assert printed[: len(first)] == first
    assert printed[-len(last) :] == last
