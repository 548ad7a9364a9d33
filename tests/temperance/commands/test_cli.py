"""The command line itself: bad input, files, pipes and terminals, and the public names."""

import ast
import os
import pty
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import temperance
from temperance.commands.app import run


def program(*arguments, **options):
    command = [sys.executable, "-c", "from temperance.commands.app import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, **options)


def test_help_breaks_its_lines_where_the_terminal_ends(output, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert "a dash;" in output("check", "--help").split("ACTIVATIONS")[1].splitlines()[0]


def test_a_folder_and_a_device_are_not_overwritten(capsys, tmp_path):
    (tmp_path / "folder.md").mkdir()
    assert run(["derive", "-o", str(tmp_path / "folder.md")]) == 2
    os.mkfifo(tmp_path / "pipe.md")
    assert run(["derive", "-o", str(tmp_path / "pipe.md")]) == 2
    assert (tmp_path / "pipe.md").is_fifo()
    assert capsys.readouterr().err.count("it is not a file") == 2


def test_a_link_is_followed(output, tmp_path):
    (tmp_path / "link.md").symlink_to(tmp_path / "target.md")
    output("derive", "--order", "1", "-o", str(tmp_path / "link.md"))
    assert (tmp_path / "link.md").is_symlink()
    assert (tmp_path / "target.md").read_text(encoding="utf-8").startswith("# ")


def test_the_program_as_a_process():
    done = program("check", "relu", "--require", "first_order")
    assert (done.returncode, done.stderr) == (1, "")


def test_output_in_a_narrow_encoding_and_in_a_file_has_no_colours():
    forced = {**os.environ, "PYTHONIOENCODING": "ascii", "FORCE_COLOR": "1"}
    done = program("check", "gelu", "tanh(cz)*z", env=forced)
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()
    assert "\x1b" not in done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_is_told_in_one_line():
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-c", "from temperance.commands.app import main; main()", "check", "tanh", "--json"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "cannot be written" in done.stderr


@pytest.mark.parametrize("arguments", ["check tanh --json", "--help"])
def test_a_reader_that_leaves_ends_it_as_a_closed_pipe_does(arguments):
    command = f"{shlex.quote(sys.executable)} -m temperance {arguments} | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (141, "", "")


def on_a_terminal(**environment):
    """What `check relu` writes to a terminal."""
    ours, theirs = pty.openpty()
    base = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "TERM")}
    command = [sys.executable, "-c", "from temperance.commands.app import main; main()", "check", "relu"]
    with subprocess.Popen(command, stdout=theirs, env={**base, "TERM": "xterm-256color", **environment}) as process:
        os.close(theirs)
        seen = b""
        while True:
            try:
                seen += (part := os.read(ours, 65536))
            except OSError:  # the other end is closed
                break
            if not part:
                break
    os.close(ours)
    assert process.returncode == 0
    return seen


def test_colours_on_a_terminal_only_and_not_under_no_color():
    assert b"\x1b[" in on_a_terminal()
    assert b"\x1b[" not in on_a_terminal(NO_COLOR="1")


def test_every_public_name_can_be_had_and_is_known_to_type_checkers():
    tree = ast.parse(Path(temperance.__file__).read_text(encoding="utf-8"))
    checked = next(node for node in tree.body if isinstance(node, ast.If))
    typed = {alias.asname: (node.module, alias.name) for node in checked.body for alias in node.names}
    assert sorted(typed) == dir(temperance)
    for name, (module, attribute) in typed.items():
        assert getattr(temperance, name) is getattr(import_module(module), attribute)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = temperance.nothing
