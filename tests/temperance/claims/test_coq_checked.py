import re

import pytest

from temperance.claims import verify
from temperance.claims.table import CLAIMS
from temperance.claims.verify import PARTS, Result, accepted_digests, coq_files, coq_statement, digest
from temperance.measurements.judgement import Leg
from temperance.theory.coq.files import FILES


@pytest.mark.pinned
@pytest.mark.parametrize("claim", PARTS)
def test_kept_results_are_of_the_files_of_today(claim):
    assert accepted_digests()[claim] == digest(coq_files(PARTS[claim])), "run tools/coq_results.py, which needs Coq"
    assert coq_statement(claim) == PARTS[claim].statement


def test_parts_with_verdicts_have_a_theorem_for_each():
    for part in PARTS.values():
        stated = re.findall(r"^\(\* \w+ (?:holds|fails) \*\)$", coq_files(part).get("Verdicts", ""), re.MULTILINE)
        assert len(stated) == len(part.verdicts)


@pytest.mark.parametrize("name", FILES)
def test_nothing_is_claimed_for_another_library(name, monkeypatch):
    written = verify.library
    monkeypatch.setattr(verify, "library", lambda n: written(n) + " " * (n == name))
    coq_statement.cache_clear()
    assert [claim for claim in (*PARTS, "C9") if coq_statement(claim) is not None] == []
    coq_statement.cache_clear()


@pytest.mark.parametrize(("outcome", "claimed"), [("confirmed", True), ("inconclusive", False)])
def test_nothing_is_claimed_where_the_proof_does_not_confirm(outcome, claimed, monkeypatch):
    monkeypatch.setattr("temperance.claims.verify.coq_statement", lambda claim: f"part of {claim}")
    result = Result(CLAIMS[0], {"proof": Leg(outcome, "", {}), "contact": None, "monte_carlo": None})
    assert result.coq == ("part of C1" if claimed else None)
    assert result.record()["coq"] == result.coq
