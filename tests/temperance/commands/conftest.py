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
