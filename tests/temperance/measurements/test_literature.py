"""What was read in papers, against the exponents that are proved, and where one is too fast."""

from fractions import Fraction

import numpy as np
import pytest

from temperance.measurements.atlas import entry
from temperance.measurements.literature import PAPERS, ROWS

X = np.linspace(-1, 1, 41)
Y = np.linspace(-6, 6, 121)


ASKED = [("softmax", None), ("linear", None), ("laplace", None), ("activation", "tanh")]


@pytest.mark.parametrize("cell", ["exact", "two", "three", "every cell split"])
@pytest.mark.parametrize(("gate", "source"), ASKED)
def test_nothing_published_is_faster_than_what_is_proved_but_where_the_same_split_cancels(gate, source, cell):
    """These bounds are attained, so that a larger exponent is false: that of a flat parameter, alone."""
    row = next(row for row in ROWS if (row.gate, row.source, row.expert) == (gate, source, "gaussian"))
    published = {o.order.parameter: o for o in entry(row, cell, 1, {}).orders if o.published}
    assert published or cell == "every cell split"
    fast = {name for name, o in published.items() if o.order.flat or Fraction(o.published) > o.order.rate}
    flat = {"softmax": {"beta1"}, "linear": {"beta1/tau"}} if cell == "every cell split" else {}
    assert fast == flat.get(gate, set())


def test_exponents_of_the_laplace_gate_are_those_of_its_paper():
    (row,) = (row for row in ROWS if row.gate == "laplace")
    found = {o.order.parameter: o for o in entry(row, "three", 2, {}).orders}
    assert [found[name].published for name in ("beta1_2", "a_1", "b", "nu")] == ["1/4", "1/4", "1/12", "1/6"]
    assert found["tau"].published is None
    assert "no temperature" in found["tau"].published_reason
    line = {o.order.parameter: o for o in entry(row, "two", 1, {}).orders}
    assert (line["beta1"].published, line["beta1"].rate) == ("1/4", "1/3")


def test_what_was_not_read_is_not_put_down():
    assert all(paper.abstract and paper.rates != "" for paper in PAPERS)
    assert any(paper.rates is None for paper in PAPERS)
    read = {paper.arxiv for paper in PAPERS if paper.rates}
    assert all(row.published is None or read & set(row.papers) for row in ROWS)


def density(atoms):
    """The normalised sigmoid gate, atoms of beta1, w, a, b, nu."""
    weights = np.array([1 / (1 + np.exp(-beta1 * X - w)) for beta1, w, *_ in atoms])
    experts = [np.exp(-((Y - (a * X + b)[:, None]) ** 2) / (2 * nu)) / np.sqrt(nu) for *_, a, b, nu in atoms]
    return np.einsum("ix,ixy->xy", weights / weights.sum(axis=0), experts)


@pytest.mark.parametrize(("move", "order"), [((1, 0, 0, 0, 0), 2), ((0, 0, 0, 1, 0), 4)])
def test_two_equal_atoms_for_each_of_a_normalised_sigmoid_gate_are_too_slow_for_theorem_4_of_2505_10860(move, order):
    """They have the true density, and moved apart in beta1, or in b, it is off by t^2 or t^4: rates 1/4 and 1/8."""
    first, second = np.array([1.3, 0.4, 1.0, 0.5, 1.0]), np.array([-0.6, 0.1, -1.0, -0.7, 0.8])
    true = density([first, second])
    assert np.allclose(density([first, first, second, second]), true, rtol=1e-14)
    gaps = []
    for t in (0.1, 0.05):
        apart, spread = t * np.array(move), np.array([0, 0, 0, 0, t**2 * move[3]])  # nu less the variance of b
        gaps.append(np.abs(density([first + apart - spread, first - apart - spread, second, second]) - true).max())
    assert np.log2(gaps[0] / gaps[1]) == pytest.approx(order, abs=0.1)
