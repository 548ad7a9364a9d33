import json
from dataclasses import replace

import pytest
import sympy as sp

from temperance.claims.c01_c06_c10_symmetries import (
    _others,
    equal,
    exact_contact,
    expected_rank,
    judged,
    split,
    temperature_equation,
)
from temperance.claims.c12_c13_efficiency import floor_proof
from temperance.claims.legs import Runs
from temperance.claims.table import CLAIMS
from temperance.claims.verify import read_report
from temperance.commands.app import run
from temperance.measurements.judgement import LEGS
from temperance.numerics.studies.claim_studies import CONSTANTS, STUDIES, VARIANCE
from temperance.theory.interactions.interactions import derive
from temperance.theory.models.spec import symbolic_density

# theory 9
REQUIRED = {
    "C1": ("proof",),
    "C2": ("proof",),
    "C3": ("proof", "contact"),
    "C4": ("proof", "contact", "monte_carlo"),
    "C5": ("proof", "contact", "monte_carlo"),
    "C6": ("proof", "monte_carlo"),
    "C7": ("proof", "contact", "monte_carlo"),
    "C8": ("proof", "contact"),
    "C9": ("monte_carlo",),
    "C10": ("proof", "contact", "monte_carlo"),
    "C11": ("proof", "contact"),
    "C12": ("proof", "monte_carlo"),
    "C13": ("proof", "monte_carlo"),
    "C14a": ("proof", "contact"),
    "C14b": ("proof",),
    "C14c": ("monte_carlo",),
    "C15": ("proof", "contact"),
    "C16": ("proof", "contact", "monte_carlo"),
    "C17": ("proof", "monte_carlo"),
}


# theory 1.2.1: (dimension, order) -> rank
RANKS = {(1, 1): 5, (1, 2): 12, (1, 3): 22, (2, 1): 7, (2, 2): 22, (2, 3): 50, (3, 1): 9, (3, 2): 35}


def test_the_claims_require_the_documented_legs():
    assert [claim.id for claim in CLAIMS] == list(REQUIRED)
    for claim in CLAIMS:
        assert claim.required == REQUIRED[claim.id]
        assert all(name in LEGS for name in claim.legs)


@pytest.mark.parametrize(("setting", "rank"), RANKS.items())
def test_the_rank_formula_against_the_table_of_theory(setting, rank):
    assert expected_rank(*setting) == rank


@pytest.mark.parametrize("name", ["beta1", "beta0", "a", "b", "nu"])
def test_the_directions_beside_one_of_the_linear_gate_are_all_others(name):
    """beta1 and beta0 of the last atom are held, and every other direction but the one is there."""
    assert len(_others(name)) == 7


def test_other_interactions_than_those_of_the_linear_gate_contradict():
    found = derive("linear", order=1)
    assert judged(replace(found, rank=found.rank + 1)) == "contradicted"
    assert judged(replace(found, relations=())) == "contradicted"
    assert judged(replace(found, generators=())) == "contradicted"
    assert judged(replace(found, complete=False)) == "inconclusive"
    assert not temperature_equation(derive("generic", order=2))
    # relu is homogeneous, so its gate obeys the equation; tanh is not
    assert temperature_equation(derive("activation", activation="relu", order=1))
    assert not temperature_equation(derive("activation", activation="tanh", order=1))


def test_densities_that_differ_are_told_apart():
    spec = derive("linear", order=1).spec
    log_g, parameters = symbolic_density(spec, 2)
    tau = next(p for p in parameters if p.name == "tau")
    assert equal(log_g, log_g.subs(tau, 2 * tau)) == "contradicted"
    assert equal(log_g, log_g + sp.log(1 + sp.Rational(1, 10**20))) == "contradicted"
    log_split, four = symbolic_density(spec, 4)
    uneven = {**split(spec), four[0]: split(spec)[four[0]] + 1}
    assert equal(log_g, log_split.subs(uneven, simultaneous=True)) == "contradicted"


def test_a_difference_too_small_to_see_is_not_decided():
    x = sp.Symbol("x", real=True)
    assert equal(x, x + sp.Float("1e-50", 60)) == "inconclusive"


ELSEWHERE = ("C1", "C2", "C14a", "C14b", "C14c", "C15", "C16")  # which have tests of their own
QUICK_LEGS = [
    (claim.id, name)
    for claim in CLAIMS
    for name, run in claim.legs.items()
    if name != "monte_carlo" and run not in (exact_contact, floor_proof) and claim.id not in ELSEWHERE
]


@pytest.mark.slow
@pytest.mark.parametrize(("claim", "name"), QUICK_LEGS)
def test_proofs_and_contact_orders_confirm_every_claim(claim, name):
    (run,) = (run for c in CLAIMS if c.id == claim for n, run in c.legs.items() if n == name)
    with Runs() as runs:
        leg = run(runs)
    assert leg.outcome == "confirmed", leg.detail


@pytest.mark.full
def test_the_information_is_regular_in_the_exact_specified_settings():
    with Runs() as runs:
        assert exact_contact(runs).outcome == "confirmed"


def test_studies_have_data_of_their_own_and_are_on_the_lattice():
    every = (*STUDIES, CONSTANTS, *VARIANCE)
    assert len({s.digest for s in every}) == len({s.name for s in every}) == len({s.seed for s in every}) == len(every)
    assert all(s.experiment == "lattice" and s.sizes[0] == 10**4 for s in every)
    assert all(s.sizes[-1] == 10**12 for s in STUDIES)
    assert CONSTANTS.replicates >= 1500


# -- `temperance verify --from`: a report read back is shown as it was, and nothing is run


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    path = tmp_path_factory.mktemp("reports") / "report.json"
    assert run(["verify", "C1", "C11", "-o", str(path)]) == 0
    return path


@pytest.fixture
def nothing_runs(monkeypatch):
    monkeypatch.setattr("temperance.claims.verify.run_claim", lambda *_: pytest.fail("a claim is run"))


@pytest.mark.usefixtures("nothing_runs")
def test_a_report_is_printed_and_made_a_page_without_running(stored, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    page = tmp_path / "report.html"
    assert run(["verify", "--from", str(stored), "-o", str(page)]) == 0
    told = capsys.readouterr().out
    assert told.splitlines()[0] == "proved: C1; confirmed: C11"
    assert "C1 relations of the linear gate's derivatives yes, Coq - - proved" in " ".join(told.split())
    assert all(claim.about for claim in CLAIMS)
    assert told.splitlines()[1] == f"read from {str(stored)!r}: nothing was run"
    text = page.read_text(encoding="utf-8")
    assert 'id="C11-contact"' in text
    assert "nothing was run again" in text
    assert run(["verify", "--from", str(stored), "--json"]) == 0
    assert capsys.readouterr().out == stored.read_text(encoding="utf-8")
    assert run(["verify", "C1", "--from", str(stored)]) == 0
    assert "C11" not in capsys.readouterr().out


@pytest.mark.usefixtures("nothing_runs")
def test_the_outcome_follows_from_the_legs(stored, tmp_path, capsys):
    report = json.loads(stored.read_text(encoding="utf-8"))
    report["claims"][0]["legs"]["proof"].update(outcome="contradicted", detail="a counterexample")
    path = tmp_path / "changed.json"
    path.write_text(json.dumps(report), encoding="utf-8")
    assert read_report(str(path))[0].outcome == "contradicted"
    assert run(["verify", "--from", str(path)]) == 1
    assert "C1 is contradicted: proof: a counterexample" in capsys.readouterr().err
    report["claims"][0]["legs"]["proof"] = None
    path.write_text(json.dumps(report), encoding="utf-8")
    assert run(["verify", "--from", str(path)]) == 0
    assert capsys.readouterr().err == "C1 is inconclusive: proof: did not run\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "is no report (a part of it has another form); accepted: "),
        ("{}", "is no report (it has no 'claims'); accepted: "),
        ("{", "is not JSON"),
        ('{"claims": [{"id": "C1", "statement": "", "legs": {}}], "published": null}', "is no report"),
        ('{"claims": [{"id": "C0"}], "published": null}', "unknown claim 'C0'"),
        ('{"claims": [{"id": "C14"}]}', "the claim 'C14' of an earlier report is of several parts now; run it again"),
    ],
)
def test_what_is_no_report_is_refused_in_one_line(tmp_path, refused, text, message):
    path = tmp_path / "report.json"
    path.write_text(text)
    refused(["verify", "--from", str(path)], message)


def test_options_of_a_run_do_not_go_with_a_report(stored, refused):
    refused(["verify", "--from", str(stored), "--workers", "2"])
    refused(["verify", "C9", "--from", str(stored)])
