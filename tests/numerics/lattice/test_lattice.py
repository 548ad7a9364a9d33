"""The lattice experiment: its law, its counts, and the proofs that it is the right one."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import mpmath as mp
import numpy as np
import pytest
import sympy as sp
from scipy.stats import chi2, norm

from temperance.measurements.contact_orders import family
from temperance.numerics.fitting.problem import Box
from temperance.numerics.mixture.activation_numpy import compiled
from temperance.numerics.mixture.likelihood import evaluate
from temperance.numerics.mixture.measures import MixingMeasure
from temperance.numerics.mixture.points import Points
from temperance.numerics.studies import claim_studies as settings
from temperance.numerics.studies import lattice
from temperance.numerics.studies.lattice import (
    atoms,
    cells,
    columns_needed,
    counts,
    design,
    experiment,
    family_experiment,
    gate_functions,
    independent_on_design,
    lattice_step,
    normalisation,
    same_relations,
    samples,
)
from temperance.theory.contact.order_setting import order_setting
from temperance.theory.models.by_name import model

BOX = Box(beta1=10.0, beta0=10.0, tau=(0.025, 10.0), a=10.0, b=10.0, nu=(0.1, 1.5))
PLANE = MixingMeasure([[1.0, 0.5], [0.0, 0.0]], [0.3, 0.0], 0.5, [[0.5, -1], [0, 0.5]], [1.0, -1.0], [0.25, 0.5])
MADE = settings.TANH_MIRROR


def of(chosen, n=10**12):
    return experiment(chosen.truth, chosen.gate, chosen.box, n=n, low=chosen.low, high=chosen.high)


def test_multiples_of_the_step_are_exact_and_fine_enough():
    for nu in (0.25 / 3, 0.1, 1.0, 7e-9, 2.0**20):
        step = lattice_step(nu)
        assert 1 - 1e-5 < step * 1.5 / nu**0.5 <= 1
        assert all(Fraction(step * j) == j * Fraction(step) for j in (3, 12345, -(2**32) + 1))


@pytest.mark.parametrize("nu", [0.0, -1.0, np.inf, np.nan])
def test_a_box_without_a_least_variance_has_no_lattice(nu):
    with pytest.raises(ValueError, match="bound nu away from 0"):
        lattice_step(nu)


@pytest.mark.parametrize("chosen", [settings.LINEAR, settings.RELU, settings.TANH_FREE], ids=lambda s: s.name)
def test_the_law_is_normalised_to_rounding_and_by_proof(chosen):
    made = of(chosen)
    np.testing.assert_allclose(made.probability.sum(axis=1) * len(made.x), 1, rtol=0, atol=1e-14)
    bounds = normalisation(made)
    assert 0 < bounds.box < 2e-19
    assert 0 < bounds.outside < 1e-31


@pytest.mark.parametrize(("name", "expert"), [("gaussian", "polynomial:2"), ("laplace", "gaussian")])
def test_arbitrary_gates_have_the_experiment_too(name, expert):
    found = family(order_setting(name, expert))
    made = family_experiment(found, n=10**6)
    np.testing.assert_allclose(made.probability.sum(axis=1) * len(made.x), 1, rtol=0, atol=1e-14)
    assert normalisation(made).outside < 1e-31
    assert len(made.x) == (100 if name == "laplace" else 48)  # the kink moves with beta1
    if name == "laplace":
        both = [float(p[s]) for p in found.setting.truth.atoms for s in found.setting.own]
        assert sorted([*found.kinks(), *found.kinks(other=True)]) == sorted(both)


def test_a_plane_has_the_experiment_too():
    made = experiment(PLANE, compiled("tanh"), BOX, n=10**12)
    assert made.x.shape == (144, 2)
    np.testing.assert_allclose(made.probability.sum(axis=1) * 144, 1, rtol=0, atol=1e-14)
    assert normalisation(made).box < 2e-19


def test_the_bound_of_the_box_is_the_sum_of_the_worst_measure():
    """The mean 0 and the least variance: h sum_j N(h j | 0, nu) - 1 from 40 digits."""
    made = of(MADE)
    with mp.workdps(40):
        nu, h = mp.mpf(made.nu_min), mp.mpf(made.step)
        total = h * mp.fsum(mp.exp(-((h * j) ** 2) / (2 * nu)) for j in range(-60, 61)) / mp.sqrt(2 * mp.pi * nu)
        excess = total - 1
    bound = normalisation(made).box
    assert 0.999 * bound < excess <= bound
    assert normalisation(replace(made, step=2 * made.step)).box > 1e-5


def test_the_bound_of_what_is_left_out_is_above_it():
    made = of(MADE)
    short = replace(made, y=made.y[20:-20])
    bound = normalisation(short).outside
    left = 1 - np.exp(made.log_density[:, 20:-20]).sum(axis=1) * made.step
    assert 1e-7 < left.max() <= bound < 1e3 * left.max()


def test_a_design_fills_the_cube_and_misses_the_kinks():
    assert design(-3, 3, 1, 4)[:, 0].tolist() == [-2.25, -0.75, 0.75, 2.25]
    x = design(-3, 3, 2, 144)
    assert len(np.unique(x[:, 0])) == len(np.unique(x[:, 1])) == 144
    assert np.histogram2d(*x.T, bins=4, range=[[-3, 3]] * 2)[0].min() >= 7
    assert np.abs(of(settings.RELU).x).min() > 0.01


def test_kinks_that_move_have_a_finer_design():
    assert [columns_needed(1, kinks, 10**12) for kinks in (False, True)] == [48, 10**4]
    truth = MixingMeasure([[0.5], [0.0]], [0.25, 0.0], 0.5, [[0.5], [-0.5]], [2.0, -2.0], [1.0, 0.25])
    for name, columns in (("relu", 48), ("hardtanh", 1000), ("tanh", 48)):
        assert len(experiment(truth, compiled(name), BOX, n=10**9).x) == columns
    on_a_point = MixingMeasure([[1 / 2.9375], [0.0]], [0.25, 0.0], 0.5, [[0.5], [-0.5]], [2.0, -2.0], [1.0, 0.25])
    assert len(experiment(on_a_point, compiled("hardtanh"), BOX, n=100).x) == 49


@pytest.mark.parametrize(
    ("truth", "box", "message"),
    [
        (MixingMeasure(np.zeros((1, 3)), [0.0], 1.0, np.zeros((1, 3)), [0.0], [1.0]), BOX, "dimension 1 or 2, not 3"),
        (PLANE, replace(BOX, nu=(0.3, 2.0)), "the box has variances from 0.3, the truth has 0.25"),
    ],
)
def test_a_truth_that_has_no_experiment_is_refused(truth, box, message):
    with pytest.raises(ValueError, match=message):
        experiment(truth, compiled("tanh"), box, n=10**6)


@pytest.mark.parametrize("sizes", [(), (10, 10), (100, 10), (0, 5), (10, 10**20)])
def test_sizes_out_of_range_are_refused(sizes):
    with pytest.raises(ValueError, match="sizes must increase and lie between 1 and 1e"):
        list(counts(of(MADE), sizes, seed=1))


def test_counts_are_nested_and_do_not_depend_on_later_sizes():
    made, sizes = of(MADE), (10**4, 10**5, 10**12)
    tables = list(counts(made, sizes, seed=1))
    assert [int(t.sum()) for t in tables] == list(sizes)
    assert all((after >= before).all() for before, after in pairwise(tables))
    again = list(counts(made, sizes[:2], seed=1))
    assert all(np.array_equal(t, a) for t, a in zip(tables, again, strict=False))
    others = [next(counts(made, sizes, seed=seed, replicate=r)) for seed, r in ((1, 1), (2, 0))]
    assert not any(np.array_equal(tables[0], other) for other in others)


@pytest.mark.parametrize("n", [10**5, 10**15])
def test_counts_have_the_multinomial_law(n):
    """Pearson's statistic summed over samples, and what grows from one size to the next independent of the first."""
    made, repeats = of(MADE), 20
    p = made.probability.ravel()
    common = p * n >= 20
    expected = np.append(p[common], 1 - p[common].sum()) * n
    statistic, products = [0.0, 0.0], 0.0
    for replicate in range(repeats):
        first, second = counts(made, (n // 10, n), seed=11, replicate=replicate)
        parts = []
        for i, (table, share) in enumerate(((first, 0.1), (second - first, 0.9))):
            seen = table.ravel()[common].astype(float)
            gaps = np.append(seen, table.sum() - seen.sum()) - share * expected
            statistic[i] += float((gaps**2 / (share * expected)).sum())
            parts.append(gaps[:-1] / np.sqrt(share * expected[:-1]))
        products += float(parts[0] @ parts[1])
    degrees = repeats * (len(expected) - 1)
    for found in statistic:
        assert 1e-3 < chi2.sf(found, degrees) < 1 - 1e-3
    assert 2 * norm.sf(abs(products) / np.sqrt(degrees)) > 1e-3


def test_samples_are_the_cells_that_are_not_empty():
    made = of(MADE)
    (table,), (points,) = counts(made, (1000,), seed=3), samples(made, (1000,), seed=3)
    assert points.n == 1000
    assert 0 < len(points.y) == np.count_nonzero(table) < 1000
    where = {tuple(row): i for i, row in enumerate(np.column_stack(cells(made.x, made.y)))}
    places = [where[x, y] for x, y in zip(points.x[:, 0], points.y, strict=True)]
    assert np.array_equal(table.ravel()[places], points.weights)
    assert np.array_equal(made.log_density.ravel()[places], points.reference)


@pytest.mark.parametrize(
    ("weights", "reference", "message"),
    [([1.0, -1.0], [0.0, 0.0], "must not be negative"), ([1.0, 1.0], [0.0, np.inf], "reference must be finite")],
)
def test_bad_weights_are_refused(weights, reference, message):
    with pytest.raises(ValueError, match=message):
        Points(np.zeros((2, 1)), np.zeros(2), np.array(weights), np.array(reference))


def test_some_points_come_in_proportion_to_their_weights():
    points = Points(np.arange(3.0)[:, None], np.arange(3.0), np.array([0.0, 1e12, 3e12]))
    _, y = points.some(10**4, np.random.default_rng(0))
    assert np.bincount(y.astype(int)).tolist() == pytest.approx([0, 2500, 7500], abs=150)


def test_an_atom_has_no_further_relations_on_the_lattice():
    """Up to the order 4, that of the contact of a cell of two atoms."""
    made, spec = of(settings.LINEAR), model("linear", "gaussian")
    first, last = atoms(settings.LINEAR.truth, spec)
    free, held = same_relations(spec, first, made, 4), same_relations(spec, last, made, 4, held=True)
    assert (free.order, free.rank, free.proved) == (4, 35, True)
    assert (held.derivatives, held.rank, held.proved) == (35, 25, True)  # a^p b^q nu^r with q < 2


def test_both_atoms_of_a_free_gate_have_no_further_relations():
    made, spec = of(settings.TANH), model("activation", "gaussian", "tanh")
    assert all(same_relations(spec, atom, made, 2).proved for atom in atoms(settings.TANH.truth, spec))


def test_half_the_step_gives_the_same_information_and_distances(monkeypatch):
    """To 1e-6: log g has singularities off the real line, between its experts, so that sums are not quite integrals."""
    found, chosen = [], settings.SOFTMAX_SPLITS
    for steps in (1, 2):
        monkeypatch.setattr(lattice, "_PER_DEVIATION", 1.5 * steps)
        made = of(chosen)
        layout = replace(chosen.layout, k=chosen.truth.k)
        x, y = cells(made.x, made.y)
        theta, p = layout.pack(chosen.truth), made.probability.ravel()
        moved = evaluate(theta + 0.05, layout, chosen.gate, x, y, p, made.log_density.ravel())
        found.append((made.step, moved[0], evaluate(theta, layout, chosen.gate, x, y, p, 0 * p)[2]))
    (step, distance, information), (half, other, again) = found
    assert step == pytest.approx(2 * half, rel=1e-5)
    assert distance == pytest.approx(other, rel=1e-6)
    np.testing.assert_allclose(information, again, rtol=0, atol=1e-6 * np.abs(information).max())


def test_on_too_few_points_there_are_further_relations_and_no_proof():
    made = of(settings.TANH)
    few = replace(made, x=made.x[:2], log_density=made.log_density[:2])
    spec = model("activation", "gaussian", "tanh")
    first, _ = atoms(settings.TANH.truth, spec)
    assert not same_relations(spec, first, few, 2).proved


def test_atoms_of_a_mixture_have_no_relations_with_each_other():
    made, spec = of(settings.TANH), model("activation", "gaussian", "tanh")
    functions = gate_functions(spec, atoms(settings.TANH.truth, spec), 4)
    assert len(functions) == 29
    assert independent_on_design(functions, {}, made)


def test_at_a_mirror_point_the_design_sees_all_that_the_second_order_does():
    """tanh is odd: the derivatives of both atoms lie in the span of family A7, independent on the design."""
    made, spec = of(MADE), model("activation", "gaussian", "tanh")
    both = atoms(MADE.truth, spec)
    assert not independent_on_design(gate_functions(spec, both, 1), {}, made)  # the mirror relation
    z, x = sp.Symbol("z"), sp.Symbol("x", real=True)
    s = sp.tanh(z)
    t, u = sp.diff(s, z), sp.diff(s, z, 2)
    seven = [sp.S.One, s, s**2, z * t, z * s * t, z**2 * u, z**2 * t**2]
    assert independent_on_design([f.subs(z, sp.Rational(3, 2) * x) for f in seven], {}, made)
