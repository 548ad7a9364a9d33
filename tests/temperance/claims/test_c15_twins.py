"""Claim C15: it is confirmed, and other twins than those claimed contradict it."""

from dataclasses import replace

import pytest

from temperance.claims.c15_twins import CLAIMED, decided, record_of, searches, twins_contact, twins_proof


def test_the_proof_confirms():
    assert twins_proof(None).outcome == "confirmed"


@pytest.mark.slow
def test_the_searches_confirm():
    contact = twins_contact(None)
    assert contact.outcome == "confirmed"
    assert all(r["twins_met"] == r["twins"] for r in contact.data["searches"])


def test_other_twins_than_those_claimed_contradict_the_proof():
    name, atoms, gauge, unique, maps = CLAIMED[0]
    assert decided(name, atoms, gauge, unique, maps) == "confirmed"
    assert decided(name, atoms, gauge, not unique, maps) == "contradicted"
    assert decided(name, atoms, gauge, unique, frozenset(list(maps)[1:])) == "contradicted"
    assert decided("gelu", atoms, gauge, unique, maps) == "contradicted"
    assert decided("gamma", atoms, gauge, unique, maps) == "inconclusive"


def test_a_twin_that_is_not_known_contradicts_the_search():
    search = searches()[0]
    assert record_of(replace(search, family=search.family[:1]), 0)["outcome"] == "contradicted"
    missing = replace(search, family=(*search.family, (9.0, 9.0, 9.0)))
    assert record_of(missing, 0)["outcome"] == "inconclusive"
