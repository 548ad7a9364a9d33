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


def test_version(output):
    assert output("--version").split()[0] == "temperance"


def test_help_names_the_commands(output):
    out = output("--help")
    assert all(command in out for command in ("check", "catalogue", "derive"))


def test_help_breaks_its_lines_where_the_terminal_ends(output, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert "a dash;" in output("check", "--help").split("ACTIVATIONS")[1].splitlines()[0]


BAD = [
    ([], "a command is missing"),
    (["chek"], "unknown command 'chek'; accepted: check"),
    (["--nope"], "unknown option '--nope'"),
    (["check"], "needs an activation"),
    (["check", "--json"], "needs an activation"),
    (["check", "tanh", "--jsn"], "unknown option '--jsn'; accepted: --gate, --certificate, "),
    (["check", "-z"], "unknown option '-z'"),
    (["check", "tanh", "--json=5"], "--json takes no value, not '5'"),
    (["check", "tanh", "--require"], "--require needs a value"),
    (["check", "tanh", "--require", "third"], "unknown condition 'third'; accepted: first_order, second_order"),
    (["check", "tanh", "--require", ""], "unknown condition ''"),
    (["check", "tanh", "--require", "a", "--require", "a"], "--require is given twice"),
    (["check", "tanhh"], "tanhh"),
    (["check", "sin("], "cannot read 'sin('"),
    (["check", "1/0"], "'1/0'"),
    (["check", "z+nan"], "'nan'"),
    (["check", "__import__('os').system('true')"], "accepted: the variable z"),
    (["check", ""], "''"),
    (["check", "a\nb"], r"'a\nb'"),
    (["check", "\x1b[31mz"], r"\x1b[31mz"),
    (["check", "\udcff"], r"\udcff"),
    (["check", "(" * 5000], "too many nested parentheses"),
    (["derive", "extra"], "unexpected argument 'extra'"),
    (["exponents", "relu"], "unexpected argument 'relu'; accepted: --activation relu, or the options"),
    (["derive", "softmax"], "accepted: --gate softmax, or the options"),
    (["derive", "--gate", "lnear"], "unknown gate 'lnear'; did you mean linear? accepted: "),
    (["derive", "--gate", "relu"], "; the activation 'relu' goes with --activation"),
    (["exponents", "--gate", "relu"], "; the activation 'relu' goes with --activation"),
    (["atlas", "--gate", "mish"], "; its orders: `temperance exponents --activation mish`"),
    (["atlas", "--cell", "all-split"], "unknown cell 'all-split'; accepted: exact, two, three, \"all split\""),
    (["twins"], "twins are of an activation or of a gate; accepted: one, such as tanh or --gate FORMULA"),
    (["fit"], "DATA (--data) needs a value"),
    (["derive", "--expert", "e"], "unknown expert 'e'; accepted: a name of"),
    (["derive", "--gate", "activation"], "needs an activation"),
    (["derive", "--gate", "softmax", "--activation", "tanh"], "takes no activation"),
    (["check", "exp(-z^2)"], "powers are written **"),
    (["derive", "--gate", "activation", "--activation", "sin("], "'sin('"),
    (["derive", "--gate", "activation", "--activation", "1"], "'1'"),
    (["derive", "--dim", "x"], "--dim takes an integer of at most 9 digits, not 'x'"),
    (["derive", "--dim", "1.5"], "--dim takes an integer of at most 9 digits, not '1.5'"),
    (["derive", "--dim", "9" * 5000], "--dim takes an integer"),
    (["derive", "--dim", "0"], "from 1 to 20"),
    (["derive", "--dim", "-1"], "from 1 to 20"),
    (["derive", "--order", "0"], "from 1 to 8"),
    (["derive", "--order", "9"], "from 1 to 8"),
    (["derive", "--order"], "--order needs a value"),
    (["derive", "-o", "derivation.pdf"], "unknown ending; accepted: .md"),
    (["derive", "-o", "no/such/folder/d.md"], "there is no such folder"),
    (["derive", "-o", "a\0.md"], "cannot write"),
    (["derive", "-o", "x" * 300 + ".md"], "cannot write"),
    (["catalogue", "extra"], "unexpected argument 'extra'"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_input_is_one_line_and_status_two(refused, arguments, message):
    refused(arguments, message)


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
    done = program("check", "no such thing")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "Traceback" not in done.stderr
    done = program("check", "relu", "--require", "first_order")
    assert (done.returncode, done.stderr) == (1, "")


def test_output_in_a_narrow_encoding():
    done = program("check", "gelu", "tanh(cz)*z", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_is_told_in_one_line():
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-c", "from temperance.commands.app import main; main()", "check", "tanh", "--json"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "cannot be written" in done.stderr


@pytest.mark.parametrize("arguments", ["check tanh --json", "check tanh", "derive", "--help", "--version"])
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
    assert "\x1b" not in program("check", "relu", env={**os.environ, "FORCE_COLOR": "1"}).stdout


def test_every_public_name_can_be_had_and_is_known_to_type_checkers():
    tree = ast.parse(Path(temperance.__file__).read_text(encoding="utf-8"))
    checked = next(node for node in tree.body if isinstance(node, ast.If))
    typed = {alias.asname: (node.module, alias.name) for node in checked.body for alias in node.names}
    assert sorted(typed) == dir(temperance)
    for name, (module, attribute) in typed.items():
        assert getattr(temperance, name) is getattr(import_module(module), attribute)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = temperance.nothing
