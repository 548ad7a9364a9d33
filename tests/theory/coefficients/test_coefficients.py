"""The bounds of learning coefficients against theory 6.2 and docs/coefficients.md."""

import re
from fractions import Fraction
from pathlib import Path

import pytest

from temperance.theory.coefficients.bounds import coefficient, number
from temperance.theory.models.by_name import model
from temperance.theory.models.order import ReasonKind
from tests.tables import tables

ROOT = Path(__file__).parents[3]


def found(gate, true, fitted, *, expert="gaussian", s=None, dim=1, gauge="anchored", **formulas):
    return coefficient(model(gate, expert, s, dim, **formulas), true, fitted, gauge=gauge)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_one_superfluous_softmax_expert(dim):
    one = found("softmax", 2, 3, dim=dim)
    p = 2 * (2 * dim + 3) - dim - 1
    assert (one.exact, one.multiplicity, one.local) == (Fraction(p, 2) + Fraction(dim + 1, 2), (1, 1), False)
    assert one.bic == Fraction(3 * (2 * dim + 3) - dim - 1, 2)
    assert one.reason.kind is ReasonKind.THEOREM


@pytest.mark.parametrize(("asked", "exact", "multiplicity"), tables(__file__)["EXACT"])
def test_exact_values(asked, exact, multiplicity):
    one = found(**asked)
    assert (one.exact, one.multiplicity) == (Fraction(exact), (multiplicity, multiplicity))
    assert one.exact < one.bic or asked["true"] == asked["fitted"]


@pytest.mark.parametrize(("asked", "lower", "upper", "kind"), tables(__file__)["INTERVALS"])
def test_intervals_and_what_is_undecided(asked, lower, upper, kind):
    one = found(**asked)
    ends = [None if end is None else Fraction(end) for end in (lower, upper)]
    assert [one.lower, one.upper, one.exact, one.multiplicity] == [*ends, None, None]
    assert one.reason.kind is ReasonKind[kind]
    assert one.reason.text


@pytest.mark.parametrize(("gate", "shared", "half"), tables(__file__)["FREE"])
def test_what_flows_and_translations_move_is_not_counted(gate, shared, half):
    one = found(gate, 2, 2, gauge="free", shared=shared)
    assert (one.exact, one.bic, one.multiplicity) == (Fraction(half), Fraction(half), (1, 1))


@pytest.mark.parametrize(("asked", "exact", "multiplicity"), tables(__file__)["COORDINATES"])
def test_coordinates_do_not_matter_and_constant_experts_are_exact(asked, exact, multiplicity):
    one = found(**asked)
    assert (one.exact, one.multiplicity) == (Fraction(exact), (multiplicity, multiplicity))


def test_a_number_of_parameters_that_depends_on_signs_is_not_decided():
    one = found("activation", 2, 2, s="relu", gauge="free")
    assert (one.exact, one.bic) == (None, None)
    assert "signs of beta1" in one.reason.text


def test_a_bias_inside_has_an_anchor_too():
    one = found("tanh(w*x + c)/tau", 2, 3)
    assert (one.exact, one.bic) == (Fraction(25, 4), 8)
    assert "anchor in a cell of its own" in one.stratum
    assert found("tanh(w*x + c)/tau", 2, 4).multiplicity == (1, 1)


def test_the_sentence_and_the_record():
    one = found("softmax", 2, 3)
    assert one.sentence == "lambda = 5: two true softmax experts, three fitted; BIC charges 6.5"
    record = one.to_json()
    assert (record["lower"], record["upper"], record["exact"], record["bic"]) == ("5", "5", "5", "13/2")
    assert record["multiplicity"] == 1
    assert any("beta0 bounded" in line for line in record["assumes"])
    assert found("softmax", 1, 2).sentence.startswith("lambda = 2.5 with multiplicity 2: one true softmax expert, two")
    assert found("softmax", 4, 7).sentence.startswith("lambda lies between 11.8125 and 12: four true")


def test_what_is_refused():
    with pytest.raises(ValueError, match="fitted must be at least true"):
        found("softmax", 3, 2)
    with pytest.raises(ValueError, match="Gaussian experts"):
        found("softmax", 2, 3, expert="multinomial:2")


SHOWN = {
    "softmax or linear, linear experts": ({"gate": "softmax"}, {"gate": "linear"}),
    "softmax, constant experts": ({"gate": "softmax", "expert": "constant"},),
    "tanh, GELU and others, anchored": ({"gate": "activation", "s": "tanh"}, {"gate": "activation", "s": "gelu"}),
    "cos (even s), anchored": ({"gate": "activation", "s": "cos"},),
    "quadratic, constant experts": ({"gate": "quadratic", "expert": "constant"},),
    "quadratic, Gaussian": ({"gate": "quadratic"}, {"gate": "gaussian"}),
}


def documented():
    """The rows of the table in docs/coefficients.md: models, true and fitted atoms, lambda, m and what BIC charges."""
    name = ""
    for line in (ROOT / "docs" / "coefficients.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and re.fullmatch(r"\d+, \d+", cells[1]):
            name = cells[0] or name
            yield from ((model, *cells[1:]) for model in SHOWN[name])


def test_the_table_of_the_page():
    rows = list(documented())
    assert len(rows) > 12
    for asked, sizes, value, m, bic in rows:
        true, fitted = map(int, sizes.split(", "))
        one = found(**asked, true=true, fitted=fitted)
        shown = number(one.exact) if one.exact is not None else f"{number(one.lower)} to {number(one.upper)}"
        assert (shown, number(one.bic)) == (value, bic)
        assert m == ("" if one.multiplicity is None else str(one.multiplicity[0]))
