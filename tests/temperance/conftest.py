"""What tests of commands share."""

import pytest

from temperance.commands.app import run


@pytest.fixture
def output(capsys):
    """What a command prints, which ends with this status and complains of nothing."""

    def printed(*arguments, status=0):
        assert run(arguments) == status
        captured = capsys.readouterr()
        assert captured.err == ""
        return captured.out

    return printed


@pytest.fixture
def refused(capsys):
    """Holds that a command line is bad input: status 2, nothing printed, and one line that has these words."""

    def check(arguments, *words):
        assert run(arguments) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        (line,) = captured.err.splitlines()
        assert line.isprintable()
        assert all(word in line for word in words), line

    return check
