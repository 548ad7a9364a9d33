"""The forger: honest certificates are true by its oracles, and what it forges is refused or true."""

import random
from pathlib import Path

import pytest

from tests.theory.kernel.places import alone, atoms, certificate, claims, curve, place

FOLDER = Path(__file__).parents[3] / "campaigns"


@pytest.fixture(autouse=True)
def _campaigns(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))


@pytest.mark.slow
def test_no_false_claim_is_accepted():
    import forge

    counts, faults = forge.campaign(21, 3)
    assert faults == []
    assert sum(n for name, n in counts.items() if name.endswith("mutants")) == 21


def test_the_oracle_knows_false_claims():
    import forge

    proof = curve([[atoms({"beta1": "_t*_q"})], []])
    true, false = (certificate(place("beta1*x"), claims("at least", beta1=r), "curve", **proof) for r in ("2", "3"))
    assert forge.false(true, []) is None
    assert "beta1" in forge.false(false, [])
    bound = certificate(place("beta1*x"), claims("at most", beta1=1), "theorems", steps=[])
    assert "order 2.00 along a curve" in forge.false(bound, [true["proof"]])
    moved = certificate(
        place("beta1*x"), claims("flat", beta1=None), "identity", **{**curve([[alone({"beta1": "_t"})], []])}
    )
    assert "is not flat" in forge.false(moved, [])


def test_the_oracle_tells_the_rank_of_all_squares_that_are_forged():
    import forge

    for gate, expert in forge.SQUARES:
        proof, _ = forge.squares(forge.least_squares_orders(forge.split_atom(forge.order_setting(gate, expert))))
        assert forge.false(proof, []) is None


def test_a_change_keeps_a_certificate_readable():
    import json

    import forge

    proof = certificate(
        place("beta1*x"), claims("at least", beta1=2), "curve", **curve([[atoms({"beta1": "_t*_q"})], []])
    )
    proof["proof"]["kind"] = "curve"
    for seed in range(40):
        made = forge.changed(json.loads(json.dumps(proof)), [proof], random.Random(seed))
        assert json.loads(json.dumps(made)) == made
