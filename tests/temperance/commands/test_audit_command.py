"""`temperance audit` without torch, and with names that name nothing: one line, exit status 2."""

import pytest

from temperance.commands import users
from temperance.commands.app import run


def test_without_torch_it_says_so_in_one_line(capsys, monkeypatch):
    monkeypatch.setattr(users, "find_spec", lambda name: None)
    assert run(["audit", "mine:make"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "audit needs torch, which is not installed; run: pip install torch\n"


@pytest.mark.parametrize("name", ["mine", ":make", "mine:", "mine:a.b", "mine:a()"])
def test_what_names_no_factory_is_refused_before_anything_is_imported(capsys, monkeypatch, name):
    monkeypatch.setattr(users, "find_spec", lambda name: object())
    monkeypatch.setattr(users, "import_module", lambda name: pytest.fail("imported"))
    assert run(["audit", name]) == 2
    assert f"{name!r} names no model; accepted: MODULE:FACTORY" in capsys.readouterr().err
