"""Random activations of known truth: no wrong verdict, no rejected certificate."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from flint import ctx, fmpq

from temperance.theory.conditions.decision import decide

FOLDER = Path(__file__).parents[3] / "campaigns"


@pytest.fixture(autouse=True)
def _campaigns(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))


def _hold(found, cases):
    assert not found["faults"], "\n".join(found["faults"])
    total = found["total"]
    assert total["cases"] == cases
    assert total["wrong"] == total["rejected"] == total["crashed"] == total["slow"] == 0
    assert total["verdicts"] == 5 * (cases - total["refused"])
    assert total["certificates"] == total["verdicts"] - total["undecided"] - total["bare"]
    assert total["undecided_share"] < 0.04  # at most 0.0232 was measured in three of the quarters


@pytest.mark.slow
def test_no_verdict_is_wrong():
    command = [sys.executable, str(FOLDER / "fire.py"), "--json", "--cases", "10"]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    _hold(json.loads(outcome.stdout), 10)


@pytest.mark.slow
def test_no_verdict_is_wrong_where_a_piece_is_hidden():
    from hidden_pieces import hidden_case
    from trials import Tally, trial

    tally, rng = Tally(), random.Random(1)
    while sum(row.cases for row in tally.rows.values()) < 8:
        trial(hidden_case(rng), tally)
    assert tally.faults == []
    assert sum(row.verdicts - row.undecided for row in tally.rows.values()) > 8


@pytest.mark.full
@pytest.mark.parametrize("quarter", range(4))  # so that workers share them
def test_five_thousand_verdicts(quarter):
    import fire

    parts = fire.chunks(cases=5000, seed=1, size=50)[quarter::4]
    _hold(fire.merged(fire.run_all(parts, None)), 1250)


ORACLE = [  # failing families, temperatures: worked out by hand (theory 3.1, 3.2)
    ("tanh(z)", "", {}),
    ("exp(z)", "B", {}),
    ("log(cosh(z**5/7) + sinh(z**5/7))", "F1 A B C (i)", {}),  # digits that cancel
    ("0.3*log(1 + z**2)", "", {"A": 0.3, "(i)": 0.3}),
    ("z**2 + z", "A B C (ii)", {}),
    ("log(abs(z))", "F1 A B C (i) (iii)", {}),
    ("z + tanh(z)/10**12", "", {}),
]


def test_decimals_are_exact_to_the_oracle():
    from truth_oracle import truth

    with ctx.workprec(500):
        assert all(abs(tau - fmpq(3, 10)) < 1e-60 for tau in truth("0.3*log(1 + z**2)", {}).taus.values())


@pytest.mark.parametrize(("text", "failing", "taus"), ORACLE)
def test_the_oracle_knows_the_truth(text, failing, taus):
    from truth_oracle import truth

    known = truth(text, {})
    assert known.failing >= set(failing.split())
    assert {name: tau.unique_fmpz() or round(float(tau), 9) for name, tau in known.taus.items()} == taus


FEW_POINTS = [  # of which the oracle says nothing: text, intervals that it is told, whether the mirror type is asked
    ("max(z - 10, 0) + min(z + 35/8, 0)", [], False),
    ("max(z, z + 1 - abs(8*z))", [], False),
    # exp(-2000) has 868 digits less than 1: the piece looks constant, but is not
    ("where(abs(z + 2000) < 1, 1 + exp(z), abs(z)**(3/2))", [(fmpq(-2001), fmpq(-1999))], False),
    ("z + 0*sqrt(sin(pi*z) - 1/3)", None, True),  # nothing times what is not real is not real
    ("where(1/6 < -2/z, -z/3, -z)", None, True),  # for z > 0 one piece, and a short and a long one at -z
]


@pytest.mark.parametrize(("text", "intervals", "of_mirror"), FEW_POINTS)
def test_the_oracle_says_nothing_of_pieces_with_few_points(text, intervals, of_mirror):
    from oracle_jets import Unclear
    from truth_oracle import mirror_truth, truth

    with pytest.raises(Unclear, match="a piece with few points"):
        mirror_truth(text, {}) if of_mirror else truth(text, {}, intervals)


def test_the_oracle_knows_of_pieces_in_intervals_that_it_is_told():
    from truth_oracle import truth

    text, piece = "where((z - 40)**2 < 1/10**6, tanh(z), z)", (fmpq(40) - fmpq(1, 1000), fmpq(40) + fmpq(1, 1000))
    assert "F1" in truth(text, {}).failing
    assert truth(text, {}, [piece]).failing == set()


def test_the_oracle_does_not_take_what_is_flat_for_dependent():
    from truth_oracle import truth

    # 1 - tanh^2 has 27 digits less than 1, and its fourth power 105 less
    text = "where(abs(z) < 1/1000, 2/5*tanh(-4*log(abs(z/2))), 16/35)"
    assert truth(text, {}, [(fmpq(-1, 1000), fmpq(1, 1000))]).failing == set()


def test_a_wrong_verdict_is_noticed(monkeypatch):
    import trials
    from disguises import Case

    monkeypatch.setattr(trials, "decide", lambda _: decide("tanh(z)"))
    tally = trials.Tally()
    trials.trial(Case("homogeneous", "abs(z)", frozenset({"F1"}), ()), tally)
    assert tally.rows["homogeneous"].wrong == len(tally.faults) >= 3
    monkeypatch.undo()
    trials.trial(Case("step", "tanh(z)", frozenset({"F1"}), ()), tally)  # not what it was built for
    assert tally.rows["step"].wrong == 1


def test_a_case_that_does_not_end_is_given_up(monkeypatch):
    import trials
    from disguises import Case

    def endless(_):
        while True:
            pass

    monkeypatch.setattr(trials, "decide", endless)
    monkeypatch.setattr(trials, "_GIVEN_UP_SECONDS", 0.1)
    monkeypatch.setattr(trials, "_MOST_SECONDS", 0.05)
    tally = trials.Tally()
    trials.trial(Case("homogeneous", "abs(z)", frozenset({"F1"}), ()), tally)
    assert tally.rows["homogeneous"].slow == 1
    assert tally.rows["homogeneous"].verdicts == 0
    assert len(tally.faults) == 1


def test_a_run_goes_on_where_it_was_stopped(monkeypatch, tmp_path):
    import fire

    started = []

    def apart(chunk):
        started.append(chunk.number)
        counts = {"cases": chunk.cases}
        return {"chunk": vars(chunk), "kinds": {"step": counts}, "faults": []}

    monkeypatch.setattr(fire, "run_apart", apart)
    parts = fire.chunks(cases=10, seed=1, size=4)
    assert [p.cases for p in parts] == [3, 3, 4]
    fire.run_all(parts[:2], tmp_path / "results.jsonl")
    found = fire.run_all(parts, tmp_path / "results.jsonl")
    assert started == [0, 1, 2]
    assert fire.merged(found)["total"]["cases"] == 10
    fire.run_all(fire.chunks(cases=10, seed=2, size=4), tmp_path / "results.jsonl")
    assert started == [0, 1, 2, 0, 1, 2]


def test_parameters_of_cases_are_exact_numbers_and_no_whole_ones():
    from disguises import case

    rng = random.Random(3)
    found = [value for _ in range(600) for _, value in case(rng).parameters]
    assert len(found) > 30
    assert all(isinstance(value, fmpq) and value.q > 1 for value in found)
