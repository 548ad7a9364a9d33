"""`temperance.experts` and `temperance experts`: the answer, its JSON, its page, and what it does not know."""

import json

import numpy as np
import pytest

from temperance import MixingMeasure, experts, fit, sample
from temperance.answers import experts as answers
from temperance.answers.experts import _COLUMNS, _MERGES
from temperance.show.table import Table

KEYS = ["k", "loglik", "aic", "bic", "icl", "sbic", "coefficient", "dissimilarity", "merges", "resolution"]


def drawn(n=400, seed=9):
    truth = MixingMeasure(
        np.array([[1.5], [0.0]]),
        np.zeros(2),
        np.array(1.0),
        np.array([[0.5], [-0.5]]),
        np.array([2.0, -2.0]),
        np.full(2, 0.5),
    )
    return sample(truth, "z", n, seed=seed)


@pytest.fixture(scope="module")
def found():
    return experts(*drawn(), most=3)


def test_the_answer_is_a_sentence(found):
    assert found.range == (2, 2)
    assert found.words[0] == "Two experts: BIC and the singular BIC agree."
    assert "docs/experts.md" in found.words[-1]
    assert found.to_json()["range"] == [2, 2]


def test_data_are_asked_once_what_repeats_itself(found, monkeypatch):
    asked = []
    monkeypatch.setattr(answers, "repeats", lambda points: asked.append(points) or ["y repeats itself"])
    answer = answers.answer_of(found.found)
    assert len(asked) == 1
    assert answer.warnings[0] == "y repeats itself"
    assert "Doubt it: the data repeat themselves" in answer.words[0]


def test_a_row_has_the_keys_that_are_promised(found):
    record = found.to_json()
    assert list(record)[:5] == ["answer", "range", "sizes", "misspecified", "warnings"]
    assert list(record)[5:] == ["lines", "lines_range", "bootstrap", "stopped"]
    assert [list(row) for row in record["sizes"]] == [KEYS] * 3
    assert record["sizes"][0]["merges"] is None
    cells = [atom for cell in record["sizes"][1]["merges"] for atom in cell]
    assert sorted(cells) == [0, 1, 2]
    assert record["misspecified"] is False
    assert (record["lines"], record["lines_range"], record["bootstrap"], record["stopped"]) == (2, [2, 2], None, None)
    json.dumps(record, allow_nan=False)


def test_the_page_has_both_pictures(found, tmp_path):
    found.write(str(tmp_path / "experts.html"))
    page = (tmp_path / "experts.html").read_text(encoding="utf-8")
    assert page.count("<svg role=") == 2
    assert "At which dissimilarity experts merge" in page
    assert answers.answer_of(found.found, target="price").plots[1].axes == ("x", "price")


def test_outliers_are_not_taken_for_experts_in_silence():
    x, y = drawn(1000)
    rng = np.random.default_rng(2)
    y = np.where(rng.random(1000) < 0.03, rng.uniform(-10, 10, 1000), y)
    found = experts(x, y, most=3)
    assert found.found.misspecified
    assert any("outliers" in w or "not Gaussian" in w for w in found.warnings)
    assert "Do not trust" in " ".join(found.words)


def test_a_doubted_answer_leads_with_lines_and_names_what_lies_far_off(few_climbs):
    x, y = drawn(200)
    found = experts(np.append(x[:, 0], 0.0), np.append(y, 1e6), most=3)
    assert found.words[0].startswith("1 line, where")
    assert found.words[1].startswith(
        "Do not trust the criteria (BIC takes 1, the singular BIC 1): the data do not look"
    )
    assert found.words[2].startswith(
        "Far from every line: point 201 of 201 (y = 1e+06, 14.1 standard deviations off). "
    )
    assert "agree" not in " ".join(found.words)


def test_data_that_repeat_themselves_are_noted(few_climbs):
    rng = np.random.default_rng(3)
    x = rng.uniform(-2, 2, 200)
    counts = experts(x, rng.poisson(np.exp(x)), most=2)
    assert "different values" in counts.warnings[0]
    assert "the data repeat themselves" in " ".join(counts.words) or counts.found.misspecified
    x, y = np.tile(x[:5], 40), np.tile([1.0, 2.0, 0.0, 3.0, 1.5], 40)
    for answer in (experts(x, y, most=2), fit(x, y, fitted=1)):
        assert [w[:33] for w in answer.warnings if "rows differ" in w] == ["only 5 of the 200 rows differ: st"]
        assert not any("different values" in w for w in answer.warnings)
    x, y = drawn(200)
    assert not any("differ" in w for w in fit(x, y, fitted=1).warnings)


def test_the_bootstrap_compares_with_one_more_expert(few_climbs):
    """Data of two experts are as the fit of two draws them; with three draws p is at least 1/4."""
    found = experts(*drawn(150), most=3, starts=1, bootstrap=3)
    test = found.to_json()["bootstrap"]
    assert (test["experts"], test["draws"]) == (2, 3)
    assert test["p"] in (0.5, 0.75, 1.0)
    assert any("bootstrap of the likelihood ratio (3 draws)" in sentence for sentence in found.words)


def test_the_bootstrap_takes_points_that_were_seen_once(few_climbs):
    x, y = drawn(60)
    with pytest.raises(ValueError, match="seen once"):
        experts(x, y, most=3, starts=1, bootstrap=3, weights=np.full(60, 2.0))
    with pytest.raises(ValueError, match="bootstrap must be"):
        experts(x, y, most=3, bootstrap=-1)


def test_tables_of_five_experts_fit_80_columns():
    row = dict.fromkeys(KEYS) | {"k": 5, "loglik": -12345.6, "aic": 24700.1, "bic": 24800.1, "icl": 24900.1}
    row |= {"sbic": [24790.1, 24799.9], "coefficient": ["3/2", "11/2"], "dissimilarity": 0.0123}
    row |= {"merges": [[0, 3], [1, 2]], "resolution": [0.0123, 0.0456]}
    for columns in (_COLUMNS, _MERGES):
        table = Table.of("", columns, [row])
        shown = table.text(80)
        assert [column.width for column in shown.columns] == [
            max(len(head), len(cell)) for head, cell in zip(table.columns, table.rows[0], strict=True)
        ]
