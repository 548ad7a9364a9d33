"""Searches that stop in units of the sample: at n = 10^10 a fit is at the maximum to 1e-3 log-likelihood units."""

from dataclasses import replace

import numpy as np
import pytest

from temperance.numerics.fitting.mle import fit_points
from temperance.numerics.fitting.newton import CURVATURE, EXACT, GRADIENT, SETTLED, Local, Stop, maximise
from temperance.numerics.lattice.counts import samples
from temperance.numerics.lattice.experiment import experiment
from temperance.numerics.mixture.measures import MixingMeasure
from temperance.numerics.studies.claim_studies import TANH_MIRROR as MIRROR

N = 10**10
KINKED = MixingMeasure([[0.6], [0.0]], [0.25, 0.0], 0.5, [[0.5], [-0.5]], [2.0, -2.0], [0.25, 0.5])


def test_the_units_are_those_of_the_noise_of_n_points():
    stop = Stop.in_sample_units(N)
    assert (stop.gradient, stop.curvature, stop.settled) == pytest.approx((1e-8, 1e-7, 1e-13))
    assert replace(EXACT, damping=0.0) == Stop(GRADIENT, CURVATURE, SETTLED, 0.0)
    for n in (0, np.inf, np.nan):
        with pytest.raises(ValueError, match="points"):
            Stop.in_sample_units(n)


def test_a_search_ends_where_it_is_told_to():
    def f(theta):
        return Local(-float(theta[0] ** 4), -4 * theta**3, -12 * theta[:, None] ** 2)

    ends = [
        maximise(f, np.ones(1), -2 * np.ones(1), 2 * np.ones(1), 200, stop=Stop(gradient, gradient, settled))
        for gradient, settled in ((1e-3, 1e-4), (1e-6, 1e-12), (1e-9, 1e-15))
    ]
    assert all(end.stationary for end in ends)
    assert ends[0].passes < ends[1].passes < ends[2].passes
    assert [end.gradient_norm <= stop for end, stop in zip(ends, (1e-3, 1e-6, 1e-9), strict=True)] == [True] * 3


def mirror(replicate, stop, known=()):
    made = experiment(MIRROR.truth, MIRROR.gate, MIRROR.box, n=N)
    (points,) = samples(made, (N,), seed=7, replicate=replicate)
    options = {"box": MIRROR.box, "starts": 0 if known else 2, "seed": replicate, "known_starts": known, "stop": stop}
    return fit_points(MIRROR.layout, MIRROR.gate, points, **options)


@pytest.mark.parametrize("replicate", range(4))
def test_at_a_mirror_point_nothing_is_left_to_gain(replicate):
    """From where the search ended, a search that is told to go on to 1e-6 units gains less than 1e-3."""
    found = mirror(replicate, Stop.in_sample_units(N))
    assert found.status == "converged"
    assert found.gradient_norm <= 1e-3 * np.sqrt(N)
    further = mirror(replicate, Stop(1e-11, 1e-7, 1e-6 / N), [found.theta])
    assert further.log_likelihood - found.log_likelihood < 1e-3


def test_a_gate_with_kinks_stops_in_units_of_the_sample_too():
    """At n = 10^8 a gradient of 1e-6 n would be 100: of the size of 1e-2 sqrt(n), ten times what is asked."""
    n, study = 10**8, replace(MIRROR, activation="hardtanh", gauge="anchored", truth=KINKED)
    made = experiment(study.truth, study.gate, study.box, n=n)
    (points,) = samples(made, (n,), seed=7)
    stop = Stop.in_sample_units(n)
    found = fit_points(study.layout, study.gate, points, box=study.box, starts=1, seed=1, stop=stop)
    assert found.is_estimate
    assert found.gradient_norm <= 1e-3 * np.sqrt(n)
