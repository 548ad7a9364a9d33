"""Commands on a terminal: colours, progress, and what Ctrl-C leaves behind."""

import json
import os
import pty
import re
import select
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.slow

PROGRAM = "from temperance.commands.app import main; main()"
SECONDS = 120  # to wait for something to be printed
INTERRUPT = b"\x03"
RATES = ("rates", "--true", "2", "--fitted", "2", "--n", "300,600", "--workers", "1", "--json")


class Terminal:
    """A command whose controlling terminal is ours, as under a shell."""

    def __init__(self, *arguments, prelude="", folder=None, **environment):
        base = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
        base |= {"TERM": "xterm-256color", "COLUMNS": "100"}
        self.pid, self.ours = pty.fork()
        if self.pid == 0:
            try:
                signal.signal(signal.SIGINT, signal.SIG_DFL)
                os.chdir(folder or ".")
                command = [sys.executable, "-c", prelude + PROGRAM, *arguments]
                os.execve(sys.executable, command, base | environment)
            finally:
                os._exit(127)
        self.seen = b""

    def read(self):
        """Whether something came."""
        ready, _, _ = select.select([self.ours], [], [], SECONDS)
        assert ready, f"nothing more came after {self.seen[-500:]!r}"
        try:
            part = os.read(self.ours, 65536)
        except OSError:  # the other end is closed
            part = b""
        self.seen += part
        return bool(part)

    def until(self, pattern):
        while not re.search(pattern, self.seen):
            assert self.read(), self.seen[-500:]

    def press(self, key):
        os.write(self.ours, key)

    def end(self):
        """The exit status, when everything is read."""
        while self.read():
            pass
        os.close(self.ours)
        _, status = os.waitpid(self.pid, 0)
        return os.waitstatus_to_exitcode(status)

    @property
    def last_line(self):
        """The last line as it stands when all is written, without what moves the cursor."""
        line = self.seen.replace(b"\r\n", b"\n").split(b"\n")[-2].split(b"\r")[-1]
        return re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", line).decode().removeprefix("^C")


def test_progress_goes_to_stderr_and_results_stay_plain_in_a_pipe():
    """stdout is a pipe, stderr a terminal: `temperance check relu --json | jq`."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", PROGRAM, "check", "relu", "--json"]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=theirs, env=os.environ | {"TERM": "xterm"}, timeout=SECONDS
    )
    os.close(theirs)
    shown = os.read(ours, 65536)
    os.close(ours)
    assert json.loads(done.stdout)[0]["activation"] == "relu"
    assert b"deciding" in shown


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("derive", "--order", "1", "-o", "x.ipynb"), rb"deriving[\s\S]*writing x.ipynb"),
        (("check", "tanh", "--certificate", "proofs.json"), rb"deciding[\s\S]*writing proofs"),
        ((*RATES, "--replicates", "10"), rb"replicates[\s\S]*%"),
        (("verify", "C1", "C2"), rb"claim 1 of 2: C1, proof[\s\S]*claim 2 of 2: C2, proof"),
        (("notebooks", "run", "."), rb"a.ipynb"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_what_may_take_long_shows_what_it_does(tmp_path, arguments, what):
    from temperance.show.notebook import build, execute, text

    if arguments[0] == "notebooks":
        (tmp_path / "a.ipynb").write_text(text(execute(build([("code", "1 + 1")]))))
    terminal = Terminal(*arguments, folder=tmp_path)
    assert terminal.end() == 0, terminal.seen[-500:]
    assert re.search(what, terminal.seen), terminal.seen[-2000:]
    assert (b"%" in terminal.seen) == (arguments[0] == "rates")  # of others nobody knows a total


def children(pid):
    return [child for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()]


def stored(path):
    with sqlite3.connect(path) as store:
        (table,) = (name for (name,) in store.execute("select name from sqlite_master") if name == "replicates")
        return store.execute(f"select count(*) from {table}").fetchone()[0]


def gone(pids):
    """Whether processes end by themselves."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if not any(Path(f"/proc/{pid}").exists() for pid in pids):
            return True
        time.sleep(0.1)
    return False


def test_ctrl_c_leaves_a_study_that_goes_on(tmp_path):
    arguments = (*RATES, "--replicates", "3000", "--store", "study.sqlite")
    terminal = Terminal(*arguments, folder=tmp_path)
    terminal.until(rb" [1-9][0-9]*/3000")
    terminal.press(INTERRUPT)
    assert terminal.end() == 130
    assert terminal.last_line == "interrupted; finished replicates are in study.sqlite: run the same command again"
    kept = stored(tmp_path / "study.sqlite")
    assert 1 <= kept < 3000
    again = Terminal(*arguments, folder=tmp_path)
    again.until(rb" [1-9][0-9]*/3000")
    assert int(re.search(rb" ([1-9][0-9]*)/3000", again.seen)[1]) == kept
    again.press(INTERRUPT)
    assert again.end() == 130


def test_ctrl_c_without_a_store_says_how_to_keep_what_is_done(tmp_path):
    terminal = Terminal(*RATES, "--replicates", "3000", folder=tmp_path)
    terminal.until(rb" [1-9][0-9]*/3000")
    terminal.press(INTERRUPT)
    assert terminal.end() == 130
    assert terminal.last_line == "interrupted; with --store FILE.sqlite finished replicates would be kept"
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_leaves_the_best_fit_so_far(tmp_path):
    rng = np.random.default_rng(1)
    rows = [f"{x},{abs(x) + noise}" for x, noise in rng.normal(size=(20_000, 2))]
    (tmp_path / "data.csv").write_text("\n".join(["x,y", *rows]))
    terminal = Terminal("fit", "data.csv", "--fitted", "4", folder=tmp_path)
    terminal.until(rb" [1-9][0-9]*/70")
    terminal.press(INTERRUPT)
    assert terminal.end() == 130
    done = int(re.search(rb"Stopped by Ctrl-C after ([0-9]+) of 70 starts: ", terminal.seen)[1])
    assert 1 <= done < 70
    assert b"\nstatus " in terminal.seen
    assert b"Traceback" not in terminal.seen


def test_ctrl_c_ends_a_notebook_and_its_kernel(tmp_path):
    from temperance.show.notebook import build, text

    code = "import os, pathlib, time\npathlib.Path('pid').write_text(str(os.getpid()))\ntime.sleep(600)"
    for name in ("a.ipynb", "b.ipynb"):
        (tmp_path / name).write_text(text(build([("code", code)])))
    terminal = Terminal("notebooks", "run", ".", folder=tmp_path)
    terminal.until(rb"a\.ipynb")
    pid = tmp_path / "pid"
    while not (pid.exists() and pid.read_text()):
        terminal.read()
    terminal.press(INTERRUPT)
    assert terminal.end() == 130
    assert terminal.last_line == "interrupted"
    assert b"b.ipynb" not in terminal.seen
    assert gone([pid.read_text()])


def test_ctrl_c_in_the_moment_a_kernel_starts_leaves_nothing_behind(tmp_path):
    from temperance.show.notebook import build, text

    pressing = (
        "import os, signal\nfrom concurrent.futures import ThreadPoolExecutor\nsubmit = ThreadPoolExecutor.submit\n"
        "def pressed(*given):\n    done = submit(*given)\n    os.kill(os.getpid(), signal.SIGINT)\n    return done\n"
        "ThreadPoolExecutor.submit = pressed\n"
    )
    (tmp_path / "a.ipynb").write_text(text(build([("code", "import pathlib\npathlib.Path('ran').touch()")])))
    terminal = Terminal("notebooks", "run", ".", prelude=pressing, folder=tmp_path)
    assert terminal.end() == 130
    assert terminal.last_line == "interrupted"
    assert not (tmp_path / "ran").exists()


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="the children of a process are looked up in /proc")
def test_ctrl_c_ends_a_verification_and_its_workers(tmp_path):
    long = (
        "from dataclasses import replace\nimport temperance.numerics.studies.claim_studies as s\n"
        "s.LINEAR = replace(s.LINEAR, name='long', sizes=(300, 600), replicates=5000, seed=101)\n"
    )
    terminal = Terminal("verify", "C4", "--workers", "2", "--store", "s.sqlite", prelude=long, folder=tmp_path)
    terminal.until(rb"long[^\n]* [1-9][0-9]*/5000")
    workers = children(terminal.pid)
    assert len(workers) >= 2
    terminal.press(INTERRUPT)
    assert terminal.end() == 130
    assert terminal.last_line == "interrupted; finished replicates are in s.sqlite: run the same command again"
    assert stored(tmp_path / "s.sqlite") >= 1
    assert gone(workers)


def test_a_long_step_has_a_line_where_stderr_is_no_terminal_and_a_quick_one_none():
    """Steps of 0.5 seconds, beside a patience of 0.1 seconds and the ten of the commands."""
    program = "import time; from temperance.show import output\n{}with output.doing('measuring c'): time.sleep(0.5)"
    lines = []
    for patience in ("output._PATIENCE = 0.1\n", ""):
        done = subprocess.run([sys.executable, "-c", program.format(patience)], capture_output=True, timeout=SECONDS)
        lines.append((done.returncode, done.stdout, done.stderr))
    assert lines == [(0, b"", b"measuring c ..\n"), (0, b"", b"")]
