import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from temperance.claims import c01_c06_c10_symmetries, legs
from temperance.claims.legs import Runs, study_leg
from temperance.claims.table import CLAIMS, Claim, level_of_each, planned_tests
from temperance.claims.verify import run_claim, verify_claims
from temperance.commands.app import run
from temperance.measurements.judgement import LEVEL, POWER, Leg, least_agreement
from temperance.numerics.mixture.measures import MixingMeasure
from temperance.numerics.studies.claim_studies import LINEAR
from temperance.numerics.studies.results import StudyResult
from temperance.numerics.studies.run import open_store


def crash(_):
    raise ArithmeticError("no\nluck")


CRASHED = Claim("C1", "it crashes", proof=crash)
EXTRA = Claim("C1", "its evidence crashes", proof=lambda _: Leg("confirmed", ""), contact=crash, optional=("contact",))
REFUTED = Claim("C1", "it is false", proof=lambda _: Leg("contradicted", "a counterexample"))

LENGTHY = Claim("C1", "it is false at length", proof=lambda _: Leg("contradicted", "word " * 90))


@pytest.fixture
def claims(monkeypatch, tmp_path):
    """Replace the claims, and stand in an empty folder."""

    def use(*chosen):
        monkeypatch.setattr("temperance.claims.verify.CLAIMS", chosen)

    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    use(CLAIMS[0])
    return use


def test_the_first_claims_are_proved():
    results = verify_claims(["C2", "C1", "C1"])
    assert [(r.claim.id, r.outcome) for r in results] == [("C1", "proved"), ("C2", "proved")]
    assert not any(r.refuted or list(r.remarks) for r in results)
    json.dumps([r.record() for r in results], allow_nan=False)


def test_the_family_is_counted_from_the_table_of_claims():
    """A count, known before any study runs: what a leg by Monte Carlo tests, and nothing else."""
    planned = planned_tests()
    for claim in CLAIMS:
        assert bool(planned[claim.id]) == ("monte_carlo" in claim.legs), claim.id
    count = sum(map(len, planned.values()))
    assert level_of_each() == pytest.approx(LEVEL / count)
    assert level_of_each([claim for claim in CLAIMS if claim.id == "C13"]) == pytest.approx(LEVEL / 3)
    names = [(test.study, test.group, claim) for claim, tests in planned.items() for test in tests]
    assert len(set(names)) == count
    for claim, tests in planned.items():
        strong = sum(test.power >= POWER for test in tests)
        if claim in ("C14c", "C16"):  # counts, of which half need the power (theory 9)
            assert strong >= len(tests) / 2, claim
        else:
            assert strong == len(tests), claim


def test_a_crashed_leg_is_reported_and_no_outcome():
    result = run_claim(CRASHED, None)
    assert result.outcome == "inconclusive"
    assert result.record()["legs"] == {
        "proof": {"outcome": "inconclusive", "detail": "crashed: ArithmeticError: no\nluck", "crashed": True},
        "contact": None,
        "monte_carlo": None,
    }
    assert result.refuted
    assert run_claim(EXTRA, None).outcome == "proved"
    assert not run_claim(EXTRA, None).refuted


@pytest.mark.parametrize(
    ("claim", "status", "outcome", "remark"),
    [
        (CRASHED, 1, "inconclusive", "proof: crashed: ArithmeticError: no luck"),
        (EXTRA, 0, "proved", "its check by contact crashed"),
        (REFUTED, 1, "contradicted", "proof: a counterexample"),
        (LENGTHY, 1, "contradicted", "word word ..."),
    ],
)
def test_the_exit_status_and_one_line_for_each_open_claim(capsys, claims, claim, status, outcome, remark):
    claims(claim)
    assert run(["verify", "C1", "--json"]) == status
    captured = capsys.readouterr()
    assert json.loads(captured.out)["claims"][0]["outcome"] == outcome
    *progress, line = captured.err.splitlines()
    assert progress == ["claim 1 of 1: C1 done"]
    assert line.startswith("C1")
    assert line.endswith(remark)
    assert len(line.split()) <= 25
    assert run(["verify", "C1"]) == status


def test_the_report_has_the_documented_keys_in_order(capsys, claims, tmp_path):
    target = tmp_path / "report.json"
    assert run(["verify", "--json", "-o", str(target)]) == 0
    captured = capsys.readouterr()
    assert captured.out == target.read_text(encoding="utf-8")
    assert captured.err == "claim 1 of 1: C1 done\n"
    assert run(["verify"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "proved: C1"
    report = json.loads(captured.out, parse_constant=pytest.fail)
    assert list(report) == ["claims", "published", "tests", "kept_fits"]
    assert report["kept_fits"] is None
    assert report["tests"]["made"] == 0
    assert report["published"] is None
    assert list(report["claims"][0]) == ["id", "statement", "legs", "outcome", "coq"]
    assert list(report["claims"][0]["legs"]) == ["proof", "contact", "monte_carlo"]


def with_fits(key, name, **fits):
    counted = {"total": 100, "converged": 100, "at_bound": 0, "failed": 0, **fits}
    leg = Leg("confirmed", "", {key: [{"study": name, "fits": counted}]})
    return Claim("C1", name, monte_carlo=lambda *_: leg)


@pytest.fixture
def exact_fits(monkeypatch):
    """Fits with errors of n^(-1/2), on which two searches agree, but for a share of those of a study."""
    apart = {}

    def made(study, **_):
        rng, shape = np.random.default_rng(study.seed), (study.replicates, len(study.sizes))
        theta = np.tile(study.layout.pack(study.truth if study.exact else split(study)), (*shape, 1))
        theta += 0.1 * rng.normal(size=theta.shape) * np.array(study.sizes)[:, None] ** -0.5
        gaps = np.zeros(shape)
        gaps.flat[: round(apart.get(study.name, 0.0) * gaps.size)] = 0.1
        return StudyResult(study, theta, np.full(shape, "converged"), np.ones(shape, dtype=int), gaps)

    monkeypatch.setattr(legs, "run_study", made)
    return apart


def split(study):
    """The truth of a study with its first atom in as many parts as make k atoms, near one another."""
    true, parts = study.truth, study.k - study.truth.k + 1
    first = np.array([0] * parts + [1])
    beta0 = true.beta0[first] - float(true.tau) * np.log(parts) * (first == 0)
    return MixingMeasure(true.beta1[first], beta0, true.tau, true.a[first], true.b[first], true.nu[first])


# C5, C9 and C10 have the leg of C7, on studies of more fits
MEASURED = [claim for claim in CLAIMS if claim.studies and claim.id not in ("C5", "C9", "C10")]


@pytest.mark.slow
@pytest.mark.parametrize("claim", MEASURED, ids=lambda claim: claim.id)
def test_a_study_whose_searches_differ_makes_its_claim_inconclusive(capsys, claims, exact_fits, claim):
    """The least agreement of all studies of the claim stands in its cell of the Monte Carlo legs."""
    last = claim.studies[-1]
    exact_fits.update({study.name: 0.025 for study in claim.studies} | {last.name: 0.05})
    claims(replace(claim, proof=None, contact=None))
    assert run(["verify", "--json", "-o", "report.json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["claims"]
    fits = last.replicates * len(last.sizes)
    least = least_agreement(found["legs"]["monte_carlo"])
    assert least == pytest.approx(1 - round(0.05 * fits) / fits)
    run(["verify", "--from", "report.json"])
    assert f"{least:.1%} agree" in " ".join(capsys.readouterr().out.split())
    lists = [rows for rows in found["legs"]["monte_carlo"].values() if isinstance(rows, list)]
    rows = [row for rows in lists for row in rows if "test" in row]
    assert rows
    assert all(row["test"]["p"] is None for row in rows)
    assert {row["outcome"] for row in rows} <= {"inconclusive", None}
    assert all("two searches differ by more than 0.05 in" in row["reason"] for row in rows)
    assert found["outcome"] == "inconclusive"


def test_the_fits_of_the_studies_of_a_run_are_counted_once(capsys, claims, tmp_path):
    """Two claims may share a study; a report that is read back says the same."""
    made = [with_fits("variances", "a"), with_fits("merged_slopes", "b"), with_fits("variances", "a")]
    claims(*(replace(claim, id=f"C{i}") for i, claim in enumerate(made, 1)))
    report = str(tmp_path / "r.json")
    assert run(["verify", "-o", report]) == run(["verify", "--from", report]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines.count("All 200 fits of studies were made in this run, each by two searches") == 2


def small(study):
    return replace(study, name=f"{study.name}, small", sizes=(300, 700), replicates=12, seed=101)


DENSITY = partial(study_leg, studies=[small(LINEAR)], parameters=["density"])
SMALL_DENSITY = Claim("C9", "of one small study", monte_carlo=DENSITY)


@pytest.mark.slow
def test_the_study_runs_and_its_slopes_are_reported(capsys, claims, monkeypatch, tmp_path):
    (rates,) = (claim for claim in CLAIMS if claim.id == "C4")
    claims(replace(rates, studies=()), SMALL_DENSITY)
    for name in ("LINEAR", "CONSTANTS"):
        monkeypatch.setattr(c01_c06_c10_symmetries, name, small(getattr(c01_c06_c10_symmetries, name)))
    store = tmp_path / "s.sqlite"
    assert run(["verify", "--json", "--workers", "1", "--store", str(store)]) == 0
    captured = capsys.readouterr()
    rates, density = json.loads(captured.out, parse_constant=pytest.fail)["claims"]
    assert rates["outcome"] == density["outcome"] == "inconclusive"
    assert [rates["legs"][name]["outcome"] for name in ("proof", "contact")] == ["confirmed", "confirmed"]
    leg = rates["legs"]["monte_carlo"]
    assert leg["studies"][0]["definition"]["digest"] == small(LINEAR).digest
    assert leg["fits"]["total"] == 24
    assert {c["outcome"] for c in leg["constants"]} == {"inconclusive"}  # twelve replicates are too few
    assert all(c["test"]["power"] < 0.9 for c in leg["constants"])
    assert [(row["rank"], row["outcome"]) for row in leg["lattices"]] == [(12, "confirmed"), (9, "confirmed")]
    for beside in (leg["studies"][0]["conditions"], leg["slopes"][0], leg["constants"][0]):
        assert beside["agreement"] == 1.0
        assert beside["starts"] == 2 * LINEAR.starts
        assert beside["at_edge"] == {}
        assert 0 < beside["smallest_share"] < 0.5
    assert {s["parameter"] for s in leg["slopes"]} == {"beta1/tau", "beta0/tau", "a", "b", "nu", "weight"}
    assert [s["parameter"] for s in density["legs"]["monte_carlo"]["slopes"]] == ["density"]
    keys = ["parameter", "cell", "cell_size", "share", "slope", "ci", "predicted", "published", "outcome", "sharp"]
    assert [k for k in leg["slopes"][0] if k in keys] == keys
    assert captured.err.count("\n") == 4  # two claims are done, and open
    monkeypatch.delattr("temperance.numerics.studies.run.run_replicate")
    assert run(["verify", "--workers", "1", "--store", str(store)]) == 0
    assert "24 fits" in capsys.readouterr().out


def test_an_unknown_claim_and_a_store_that_cannot_be_used_are_bad_input(refused, claims, tmp_path):
    claims(SMALL_DENSITY)
    refused(["verify", "c1\n"], r"unknown claim 'c1\n'")
    path = tmp_path / "s.sqlite"
    path.write_text("not a database")
    refused(["verify", "C9", "--workers", "1", "--store", str(path)])
    assert path.read_text() == "not a database"


def test_what_is_not_finished_is_dropped_at_an_interrupt(tmp_path, monkeypatch):
    """A long study ends with the block, and what it has finished is in the store."""
    monkeypatch.setattr(legs, "local_workers", lambda _: ThreadPoolExecutor(1))  # no process to start
    study, store = replace(small(LINEAR), replicates=3000), tmp_path / "s.sqlite"
    done = []

    def interrupted():
        with Runs(store=str(store), report=lambda _, p: done.append(p.done)) as runs:
            runs.start([study])
            while not done or done[-1] < 2:
                time.sleep(0.01)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with open_store(store, study.name, study.digest, study.definition) as opened:
        assert 2 <= len(opened.outcomes()) < 3000


def test_results_are_shared_between_claims(monkeypatch):
    ran = []
    monkeypatch.setattr(legs, "run_study", lambda study, **_: ran.append(study.name) or study)
    with Runs() as runs:
        runs.start([LINEAR, LINEAR])  # of two claims
        assert runs.result(LINEAR) is runs.result(LINEAR)
        runs.result(small(LINEAR))
    assert ran == [LINEAR.name, small(LINEAR).name]
