"""What the README shows is what the commands print."""

import doctest
import re
import shlex
from pathlib import Path

import pytest

from temperance.cli import run

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SCREENS = re.findall(r"```console\n\$ (.*)\n((?:.*\n)*?)```", README)


def lines(text):
    """The lines without trailing blanks, and without blank lines around them."""
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n").splitlines()


def test_there_is_something_to_compare():
    assert [shlex.split(command)[:2] for command, _ in SCREENS] == [["temperance", "check"], ["temperance", "derive"]]


@pytest.mark.parametrize(("command", "shown"), SCREENS)
def test_a_screen_is_what_its_command_prints(capsys, monkeypatch, command, shown):
    monkeypatch.setenv("COLUMNS", "80")
    assert run(shlex.split(command)[1:]) == 0
    assert lines(capsys.readouterr().out) == lines(shown)


def test_the_python_examples():
    found = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert found.attempted >= 4
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
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert links
    assert all((ROOT / link).exists() for link in links)


@pytest.mark.full
def test_the_end_of_verify_is_what_it_prints(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(ROOT)
    (shown,) = re.findall(r"as it is:\n\n```\n((?:.*\n)*?)```", README)
    assert run(["verify"]) == 0
    assert lines(capsys.readouterr().out)[-len(lines(shown)) :] == lines(shown)
