"""Help with examples, completion and interruption of the command line."""

import shlex
import shutil
import signal
import subprocess
import sys

import pytest

from temperance.commands.app import EXAMPLES, app, run

PROGRAM = "from temperance.commands.app import main; main()"


def command_names(parent=app, before=""):
    """The names of all commands that do something themselves."""
    for name in parent:
        if name.startswith("-"):
            continue
        deeper = list(command_names(parent[name], f"{before}{name} "))
        yield from deeper or [before + name]


def test_every_command_has_examples():
    assert set(EXAMPLES) == set(command_names())


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_help_of_a_command_shows_its_examples(capsys, monkeypatch, name):
    monkeypatch.setenv("COLUMNS", "80")
    assert run([*name.split(), "--help"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert all(f"    {line}\n" in captured.out for line in EXAMPLES[name])


@pytest.mark.parametrize("line", [line for lines in EXAMPLES.values() for line in lines])
def test_an_example_is_a_command_line_that_is_accepted(line):
    program, *tokens = shlex.split(line)
    assert program == "temperance"
    app.parse_args(tokens, exit_on_error=False, print_error=False)


@pytest.mark.parametrize("line", [*EXAMPLES["check"], EXAMPLES["derive"][0]])
def test_a_short_example_works(output, tmp_path, monkeypatch, line):
    monkeypatch.chdir(tmp_path)
    assert output(*shlex.split(line)[1:])


def test_the_completion_of_bash_completes(tmp_path, monkeypatch):
    bash = shutil.which("bash") or pytest.skip("bash is not installed")
    monkeypatch.setenv("HOME", str(tmp_path))  # its startup file loads the script
    script = tmp_path / "completion"
    assert run(["--install-completion", "--shell", "bash", "--output", str(script)]) == 0
    asked = (
        f"source {shlex.quote(str(script))}\n"
        "complete_with=$(complete -p temperance | sed 's/.*-F \\([^ ]*\\).*/\\1/')\n"
        "COMP_WORDS=(temperance ch); COMP_CWORD=1; $complete_with; echo ${COMPREPLY[@]}\n"
        "COMP_WORDS=(temperance fit --ga); COMP_CWORD=2; $complete_with; echo ${COMPREPLY[@]}\n"
    )
    done = subprocess.run([bash, "-c", asked], capture_output=True, text=True, check=True)
    assert [line.split() for line in done.stdout.splitlines()] == [["check"], ["--gate", "--gauge"]]


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot send itself SIGINT there")
def test_an_interruption_is_one_line_and_status_130():
    interrupting = (
        "import os, signal, temperance.show.inputs as csv_input\n"
        "csv_input.read_csv = lambda *a, **k: os.kill(os.getpid(), signal.SIGINT)\n" + PROGRAM
    )
    command = [sys.executable, "-c", interrupting, "fit", "data.csv", "--fitted", "2"]
    # a test run in the background of a shell has SIGINT ignored, and so would its children
    default = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}
    done = subprocess.run(command, capture_output=True, text=True, **default)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")


def test_an_interruption_while_modules_load_is_no_different():
    interrupting = (
        "import sys\n"
        "class Interruption:\n"
        "    def find_spec(name, *_):\n"
        "        if name == 'sympy':\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interruption)\n"
        "from temperance.__main__ import main\n"
        "main()"
    )
    done = subprocess.run([sys.executable, "-c", interrupting, "check", "relu"], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")
