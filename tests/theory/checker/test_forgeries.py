"""Forged certificates of every part of the format: the checker accepts only those that are true, by other code."""

import copy
import random
from pathlib import Path

import pytest

from temperance.theory.checker import moment_checker, order_checker, order_equations, verdict_checker, verdict_values
from temperance.theory.checker.order_checker import FORMAT as ORDERS
from temperance.theory.checker.rejected import objection

PARTS = ["structure", "values", "names", "domain", "balls", "relations", "titles", "model", "steps"]
PARTS += ["ends", "powers", "truths", "roles"]  # what a statement depends on

pytestmark = pytest.mark.slow  # small campaigns


@pytest.fixture(autouse=True)
def _campaigns(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[3] / "campaigns"))


@pytest.fixture(scope="module")
def pool():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parents[3] / "campaigns"))
        import forgeries

        return [c for c in forgeries.honest() if "model" not in c or c["model"]["log_weight"] == "beta1*x"]


def _hold(found, unclear=0):
    assert found.false == found.crashes == []
    assert found.unclear <= unclear
    assert found.accepted < found.mutants / 2


def test_there_is_a_forger_for_each_part(pool):
    from forged_parts import parts

    assert {part for certificate in pool for part in parts(certificate)} == set(PARTS)


@pytest.mark.parametrize("part", PARTS)
def test_forged_certificates_are_accepted_only_if_they_are_true(part, pool):
    from forgeries import attack

    _hold(attack(pool, 32, random.Random(f"2:{part}"), part))


@pytest.mark.full
@pytest.mark.parametrize("part", PARTS)
def test_of_ten_thousand_forged_certificates_those_accepted_are_true(part):
    from forgeries import campaign

    found = campaign(10_000, 1, [part])[part]
    _hold(found, unclear=found.mutants // 100)  # of these the oracle tells nothing; the campaign prints how many


def test_a_checker_that_does_not_look_at_the_domain_is_noticed(pool, monkeypatch):
    from forgeries import attack

    monkeypatch.setattr(verdict_values.Balls, "sound", lambda _, value: value)
    monkeypatch.setattr(verdict_values.Balls, "power", staticmethod(lambda base, exponent, _: base**exponent))
    monkeypatch.setattr(verdict_checker, "in_domain", lambda *_: True)
    assert len(attack(pool, 80, random.Random("1:domain"), "domain").false) >= 3


def test_a_checker_that_does_not_ask_whether_the_mean_is_linear_is_noticed(pool, monkeypatch):
    """Forgeries of this kind are made, such a checker accepts them, and the oracle does not."""
    from forgeries import is_true, mutated

    orders = [c for c in pool if c["format"] == ORDERS]
    rng = random.Random("1:powers")
    forged = [mutated(rng.choice(orders), pool, rng, "powers") for _ in range(1000)]
    found = [c for c in forged if c["orders"] == {"mean b": "1"} and c["model"]["mean"].startswith("a*x + b + a**")]
    assert all(objection(order_checker.check, c) == "the mean is not linear" for c in found)
    monkeypatch.setattr(order_equations, "_degree", lambda *_: 1)
    accepted = [c for c in found if objection(order_checker.check, c) is None]
    assert accepted
    assert not all(is_true(c) for c in accepted)


def test_a_statement_without_what_is_shared_is_noticed(pool, monkeypatch):
    """Two models with one statement: one of them may be false."""
    from forgeries import attack

    def without(model, _):
        return f"log weight {model['log_weight']}, mean {model['mean']}, at {model['point']}"

    monkeypatch.setattr(moment_checker, "in_words", without)
    assert len(attack(pool, 400, random.Random("1:roles"), "roles").false) >= 1


def test_a_checker_that_passes_over_the_ends_of_pieces_is_noticed(pool, monkeypatch):
    from forgeries import attack

    monkeypatch.setattr(verdict_checker._Proof, "left_out", lambda _: [])
    assert len(attack(pool, 400, random.Random("1:ends"), "ends").false) >= 2


def test_the_oracle_of_orders_tries_several_true_experts(pool):
    """a*x + b + a**5 lets the mean of b have the order 1 beside a = 0, and no less than 4/3 elsewhere."""
    from order_oracle import orders

    model = next(c for c in pool if c["format"] == ORDERS)["model"]
    found = dict(orders(model | {"mean": "a*x + b + a**5"}, {"mean b": 1.1}))
    assert abs(found["mean b"] - 4 / 3) < 0.05
    assert abs(dict(orders(model, {"mean b": 1.1}))["mean b"] - 1) < 0.05


def test_the_oracle_of_orders_finds_curves_of_every_order_of_the_softmax_gate(pool):
    """So that any smaller order is refuted."""
    from forgeries import is_true
    from order_oracle import orders

    certificate = next(c for c in pool if c["format"] == ORDERS)
    claimed = {"difference beta1": 2, "difference a": 2, "difference b": 4, "difference nu": 2}
    claimed |= {"mean beta1": 1, "mean a": 4 / 3, "mean b": 1, "mean nu": 2}
    found = dict(orders(certificate["model"], dict.fromkeys(claimed, 0.0)))  # on both ranges
    assert all(abs(found[title] - r) < 0.1 for title, r in claimed.items())
    assert is_true(certificate)
    for title, r in (("difference b", "3"), ("mean a", "1"), (" difference b", "4"), ("mean b2", "1")):
        forged = copy.deepcopy(certificate)
        forged["orders"][title] = r
        assert not is_true(forged)
