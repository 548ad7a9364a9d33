"""Answers of commands to the letter: data/answers.json has what each command line prints, and why it is there."""

import json
import shlex
from pathlib import Path

import pytest

ANSWERS = json.loads((Path(__file__).parent / "data" / "answers.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("line", ANSWERS)
def test_a_command_answers_as_it_did(output, monkeypatch, line):
    """Keys of JSON stand in their order, which is a promise."""
    monkeypatch.setenv("COLUMNS", "80")
    text, expected = output(*shlex.split(line)), ANSWERS[line]["answer"]
    if "--json" in line:
        assert json.dumps(json.loads(text, parse_constant=pytest.fail)) == json.dumps(expected)
    else:
        assert text.splitlines() == expected
