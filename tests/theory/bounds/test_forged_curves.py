"""Forged certificates of curves, first orders and bounds: those accepted are true, by densities at 60 digits."""

import random
from pathlib import Path

import pytest

from temperance.theory.curves import curve_checker

pytestmark = pytest.mark.slow  # small campaigns
PARTS = ["shares", "offsets", "variance", "orders", "powers", "nodes", "models", "kinks", "points", "cells", "flat"]
PARTS += ["nonzero", "kept", "exact", "bounds"]


@pytest.fixture(scope="module", autouse=True)
def forged_curves():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parents[3] / "campaigns"))
        import forged_curves

        yield forged_curves


@pytest.mark.parametrize("part", PARTS)
def test_forged_certificates_are_accepted_only_if_they_are_true(part, forged_curves):
    assert [*forged_curves.PARTS] == PARTS
    found = forged_curves.attack(20, 2, part)
    assert found.false == found.crashes == []
    assert found.unclear <= (5 if part == "bounds" else 2)  # the minimisation knows some models only


def test_honest_certificates_are_true(forged_curves):
    some = random.Random(1).sample(forged_curves.of_format(curve_checker.FORMAT), 20)
    assert [forged_curves.false(c) for c in some] == [None] * 20


BROKEN = {
    "kinks": ("_Curve", "_moved_kinks", lambda *_: []),
    "orders": ("_Curve", "_power", lambda *_: 1),
    "cells": ("_Curve", "_require_alike", lambda *_: None),
    "nonzero": ("Identity", "_moves", lambda of, offset: not of.values.is_zero(offset)),
}


@pytest.mark.parametrize("part", BROKEN)
def test_a_checker_that_does_not_look_is_noticed(part, forged_curves, monkeypatch):
    owner, name, instead = BROKEN[part]
    monkeypatch.setattr(getattr(curve_checker, owner), name, instead)
    assert forged_curves.attack(60, 1, part).false


@pytest.mark.full
@pytest.mark.parametrize("part", PARTS)
def test_of_ten_thousand_forged_certificates_those_accepted_are_true(part, forged_curves):
    found = forged_curves.attack(715, 1, part)
    assert found.false == found.crashes == []
    assert found.unclear <= (60 if part == "bounds" else 10)
