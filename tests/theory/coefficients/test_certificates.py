"""Certificates of learning coefficients: what is issued, and forgeries."""

from copy import deepcopy
from fractions import Fraction

import pytest

from temperance.theory.checker.coefficient_checker import FORMAT, statement
from temperance.theory.checker.rejected import Rejected
from temperance.theory.checker.verdict_checker import check
from temperance.theory.coefficients.bounds import coefficient
from temperance.theory.coefficients.certificates import certified
from temperance.theory.coefficients.model_counts import counts
from temperance.theory.models.by_name import model
from temperance.theory.settings.reasons import ReasonKind


def issued(gate="softmax", expert="gaussian", s=None, true=2, fitted=3):
    spec = model(gate, expert, s)
    return certified(coefficient(spec, true, fitted), counts(spec, "anchored").cell)


@pytest.fixture(scope="module")
def proof():
    return issued()[0]


@pytest.mark.parametrize(
    ("asked", "value"),
    [
        ({}, "5"),
        ({"true": 3, "fitted": 4}, "15/2"),
        ({"expert": "constant"}, "15/4"),
        ({"gate": "activation", "s": "tanh"}, "11/2"),
        ({"gate": "linear"}, "5"),
    ],
)
def test_the_checker_proves_what_is_issued(asked, value):
    found, why = issued(**asked)
    assert found is not None, why
    check(found)
    assert (found["format"], found["coefficient"], found["multiplicity"]) == (FORMAT, value, 1)
    assert f"learning coefficient {value} with multiplicity 1" in found["statement"]


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        ({"gate": "activation", "s": "gelu"}, ReasonKind.NO_CERTIFICATE),
        ({"gate": "quadratic"}, ReasonKind.NO_CERTIFICATE),
        ({"fitted": 4}, ReasonKind.NOT_ISSUED),
        ({"true": 1, "fitted": 2}, ReasonKind.NOT_ISSUED),
        ({"gate": "activation", "s": "hardtanh"}, ReasonKind.NOT_ISSUED),
    ],
)
def test_why_there_is_none(asked, kind):
    found, why = issued(**asked)
    assert found is None
    assert why.kind is kind


def forged(proof, **changes):
    made = {**deepcopy(proof), **changes}
    return {**made, "statement": statement(made)}


def without_step(proof, i):
    steps = deepcopy(proof["steps"])
    del steps[i]
    return forged(proof, steps=steps)


def test_a_wrong_number_is_rejected(proof):
    for changes in (
        {"coefficient": "39/8"},
        {"coefficient": "13/2"},
        {"multiplicity": 2},
        {"multiplicity": True},
        {"true": 3},
        {"true": 1},
        {"weights": ["1/2"] * 3 + ["3/4"]},
        {"weights": ["1/2"] * 3 + ["1/4"]},
        {"weights": ["1/2"] * 3},
    ):
        with pytest.raises(Rejected):
            check(forged(proof, **changes))
    with pytest.raises(Rejected, match="statement"):
        check({**proof, "statement": proof["statement"].replace("coefficient 5", "coefficient 4")})


def test_a_missing_generator_is_rejected(proof):
    used = {tuple(m) for m, _ in proof["multipliers"]}
    needed = [i for i, step in enumerate(proof["steps"]) if tuple(step.get("target", ())) in used]
    once = [i for i in needed if sum(s.get("target") == proof["steps"][i]["target"] for s in proof["steps"]) == 1]
    assert needed
    for i in once:
        with pytest.raises(Rejected):
            check(without_step(proof, i))
    with pytest.raises(Rejected):
        check(forged(proof, steps=[]))


def test_other_multipliers_are_rejected(proof):
    lost = proof["multipliers"][:-1]
    doubled = [[m, str(2 * Fraction(y))] for m, y in proof["multipliers"]]
    strangers = [[[2, 1, 0, 0], "1/2"], *proof["multipliers"]]
    for multipliers in (lost, doubled, strangers, []):
        with pytest.raises(Rejected):
            check(forged(proof, multipliers=multipliers))


def test_multipliers_of_less_than_full_rank_do_not_show_the_multiplicity(proof):
    """w_beta + w_a + (w_b + w_N) alone is attained along a whole segment."""
    few = [[[1, 0, 0, 0], "1"], [[0, 1, 0, 0], "1"], [[0, 0, 1, 1], "1"]]
    with pytest.raises(Rejected, match="several vectors"):
        check(forged(proof, multipliers=few))


def test_another_coordinate_or_model_is_rejected(proof):
    with pytest.raises(Rejected):
        check(forged(proof, coordinate=[]))  # b and nu are not seen as a product then
    with pytest.raises(Rejected, match="coordinate"):
        check(forged(proof, coordinate=[[[0, 0, 0, 1], ["1"]]]))
    for change in ({"log_weight": "beta1**3*x"}, {"mean": "a*x**2 + b"}):
        with pytest.raises(Rejected):
            check(forged(proof, model={**proof["model"], **change}))
