"""Charts of a gate with a temperature and of a pair of atoms: there and back, derivatives, the box, passes saved."""

import numpy as np
import pytest

from temperance.numerics.fitting.climb import NO_PAIR, Stop, back, coordinates, derivatives, frame_of, mixed, near_pair
from temperance.numerics.fitting.search import Effort, fewer_atoms
from temperance.numerics.fitting.starts import splits
from temperance.numerics.mixture.measures import Layout
from temperance.numerics.studies.claim_studies import SOFTMAX_SPLITS, TANH_SPLITS
from temperance.numerics.studies.lattice import samples

CASES = [  # layout, linear, the atom that the last two resemble
    (Layout(3, 1, tau=1.0), True),
    (Layout(3, 2, tau=0.7), True),
    (Layout(2, 1), True),
    (Layout(3, 1, "anchored"), False),
    (Layout(4, 2, "free"), False),
]


def place(layout, pair, rng):
    """A theta at which two atoms are near each other and all others are far."""
    size, full = layout.atom_size, rng.normal(0, 0.5, 1 + layout.k * layout.atom_size)
    atoms = full[1:].reshape(layout.k, size)
    atoms[:, 1 + 2 * layout.d] = 8.0 * np.arange(layout.k)
    atoms[pair[1], layout.d + 1 :] = atoms[pair[0], layout.d + 1 :] + rng.normal(0, 0.2, size - layout.d - 1)
    return full[layout.free]


def frame_at(layout, linear):
    return frame_of(layout, np.zeros(layout.d), np.ones(layout.d), linear=linear)


def places():
    """Frame, chart and theta: of pairs, and of the ratios to tau alone."""
    for layout, linear in CASES:
        frame = frame_at(layout, linear)
        for pair in ((0, 1), (0, layout.k - 1), None):
            rng = np.random.default_rng([layout.k, layout.d, pair[1] if pair else 0])
            theta = place(layout, pair or (0, 1), rng)
            chart = NO_PAIR if pair is None else near_pair(theta, frame)
            assert chart[:2] == (pair or (-1, -1))
            yield pytest.param(frame, chart, theta, id=f"{layout}, {pair}")


PLACES = list(places())


@pytest.mark.parametrize(("frame", "chart", "theta"), PLACES)
def test_the_chart_goes_there_and_back(frame, chart, theta):
    wide = np.full(len(theta), 50.0)
    phi = coordinates(theta, frame, chart)
    np.testing.assert_allclose(back(phi, frame, chart, -wide, wide), theta, rtol=0, atol=1e-12)
    scaled = 0.0 if frame.places[0] >= 0 else frame.log_tau  # a fixed tau mixes nothing
    moved = np.abs(phi - theta) > 1e-12
    assert scaled or not (moved & ~mixed(frame, chart, len(theta))).any()


@pytest.mark.parametrize(("frame", "chart", "theta"), PLACES)
def test_derivatives_are_those_of_the_function_in_the_chart(frame, chart, theta):
    """Of a cubic in theta, against central differences in phi."""
    p, rng, wide = len(theta), np.random.default_rng(0), np.full(len(theta), 50.0)
    a, b = rng.normal(size=p), rng.normal(size=(p, p))

    def in_theta(theta):
        u, q = a @ (theta - theta0), b @ (theta - theta0)
        return u**3 + u + q @ q, (3 * u**2 + 1) * a + 2 * b.T @ q, 6 * u * np.outer(a, a) + 2 * b.T @ b

    def in_phi(phi):
        return in_theta(back(phi, frame, chart, -wide, wide))

    theta0 = theta + rng.normal(0, 0.3, p)
    phi, (_, gradient, hessian) = coordinates(theta, frame, chart), in_theta(theta)
    gradient, hessian = derivatives(theta, gradient, hessian, frame, chart)
    h, unit = 1e-4, np.eye(p)
    slopes = [(in_phi(phi + h * e)[0] - in_phi(phi - h * e)[0]) / (2 * h) for e in unit]
    np.testing.assert_allclose(gradient, slopes, rtol=0, atol=1e-5 * np.abs(slopes).max())
    np.testing.assert_allclose(hessian, hessian.T, rtol=0, atol=1e-13 * np.abs(hessian).max())
    for i, e in enumerate(unit):
        for j, f in enumerate(unit[: i + 1]):
            corners = [in_phi(phi + s * h * e + t * h * f)[0] * s * t for s in (1, -1) for t in (1, -1)]
            assert sum(corners) / (4 * h * h) == pytest.approx(hessian[i, j], abs=1e-5 * np.abs(hessian).max())


def test_the_temperature_is_cut_first_so_that_ratios_stay():
    layout = Layout(2, 1, "free")
    frame, (lower, upper) = frame_at(layout, False), TANH_SPLITS.box.bounds(layout)
    phi = coordinates(np.linspace(-1, 0.4, layout.size), frame, NO_PAIR)
    phi[0] = -100.0
    cut, gate = back(phi, frame, NO_PAIR, lower, upper), mixed(frame, NO_PAIR, layout.size)
    assert cut[0] == lower[0]
    gate[0] = False
    np.testing.assert_allclose(coordinates(cut, frame, NO_PAIR)[gate], phi[gate])


def test_singular_maxima_are_reached_in_fewer_passes():
    """Steps without the chart of a pair take far more passes from splits; in it, nothing is left to gain but once.

    There a climb ends at a saddle that is as flat as noise makes maxima, 0.04 below the maximum.
    """
    n, study, passes, gains = 10**8, SOFTMAX_SPLITS, [], []
    stop = Stop.in_sample_units(n)
    (points,) = samples(study.lattice, (n,), seed=5)
    problem = study.problem(points)
    fewer = fewer_atoms(problem, Effort(2, 0, 1), [0], stop)
    for start in splits(problem, [(fewer.problem, fewer.u)] * 4, np.random.default_rng(1)):
        ends = [problem.climb(start, stop=way) for way in (stop._replace(pairs=False), stop)]
        further = problem.climb(ends[1].theta, stop=stop._replace(settled=1e-5 / n, pairs=False))
        passes.append([end.passes for end in ends])
        gains.append((further.value - ends[1].value) * n)
    plain, charted = np.mean(passes, axis=0)
    assert charted < 80
    assert charted < plain / 1.5
    assert sorted(gains)[-2] < 1e-2
    assert max(gains) < 0.05
