"""`temperance twins` on the command line."""

import json

import pytest

from temperance.commands.app import run


def test_table_ends_in_an_answer(capsys):
    assert run(["twins", "tanh"]) == 0
    shown = capsys.readouterr().out
    assert "(b, c, beta0, tau) -> (-c, -b, beta0, tau)" in shown
    assert "(s(b*x) - s(-b*x) + beta0)/tau = (s(b*x) - s(0) + beta0/2)/(tau/2)" in shown
    assert shown.splitlines()[-1].startswith("tanh, 2 atoms, free gauge: almost every truth shares its density")


def test_json(capsys):
    assert run(["twins", "gelu", "--atoms", "3", "--gauge", "anchored", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["activation"], found["atoms"], found["gauge"]) == ("gelu", 3, "anchored")
    assert found["unique"] is True
    assert found["reason"] is None


def test_undecided_is_an_answer(capsys):
    assert run(["twins", "--json", "gamma"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["unique"] is None
    assert found["reason"]


@pytest.mark.parametrize(
    "arguments",
    [[], ["tanh", "--atoms", "1"], ["tanh", "--atoms", "two"], ["tanh", "--gauge", "linear"], ["nope(z)"], ["1/0"]],
)
def test_bad_input_is_one_line(arguments, capsys):
    assert run(["twins", *arguments]) == 2
    assert capsys.readouterr().err.count("\n") == 1
