"""Lines whose noise has any shape: atoms of one line are one, lines that lie apart are not, whatever the units."""

import numpy as np
import pytest

from temperance.numerics.estimation.lines import count_lines
from temperance.numerics.estimation.merge import FittedMixture
from temperance.numerics.estimation.mixture import Held, Mixture
from temperance.numerics.mixture.atom_formulas import formulas_of
from temperance.numerics.mixture.points import Points
from temperance.theory.models import by_name

X = np.linspace(-3, 3, 61)[:, None]
FORMULAS = formulas_of(by_name.model("linear", "gaussian", None, 1))
WIDE = ([0.0, 0.0], [0.5, 2.0], 0.5)  # beta0 and beta1; a and b; nu
LOW = ([0.0, 1.0], [-0.5, -2.0], 0.5)


def lines_of(*atoms, gaussian=False, scale=1.0):
    own, lines, nu = map(np.array, zip(*atoms, strict=True))
    mixture = Mixture(FORMULAS, own, np.ones(1), lines * scale, nu * scale**2)
    held = Held((0, 1), (0.0, 0.0), True, False)
    fitted = FittedMixture(mixture, held, Points(X, X[:, 0]), None, ((), (), ()))  # neither model nor names are asked
    lines = count_lines(fitted, fitted, gaussian=gaussian)
    return lines.low, lines.count, lines.high


@pytest.mark.parametrize(
    ("atoms", "count"),
    [
        ([WIDE], 1),
        ([WIDE, LOW], 2),
        ([WIDE, ([-1.0, 0.0], [0.5, 2.0], 3.0)], 1),  # heavy tails
        ([WIDE, ([-4.0, 0.0], [-1.0, -1.0], 25.0)], 1),  # outliers
        ([WIDE, ([-1.0, 0.0], [0.5, 3.0], 1.5)], 1),  # skewness
        ([([0.0, 2.0], [0.5, 2.0], 0.5), ([0.0, -2.0], [0.5, 2.0], 0.1)], 1),  # a variance that grows
        ([WIDE, LOW, ([-1.0, 1.0], [-0.5, -2.0], 3.0)], 2),
        ([WIDE, ([-5.0, 0.0], [0.5, -4.0], 0.5)], 1),  # a few outliers on a line
        ([([0.0, 9.0], [2.0, 0.0], 0.1), ([0.0, 0.0], [-2.0, 0.0], 0.1)], 2),  # a mean with a kink
    ],
)
def test_lines_are_counted_and_the_shapes_of_noise_are_not(atoms, count):
    assert lines_of(*atoms) == (count, count, count)
    assert lines_of(*atoms[::-1], scale=1e-3) == (count, count, count)


def test_close_lines_are_a_range_which_gaussian_noise_widens():
    apart = [([0.0, 0.0], [0.0, c], 0.5) for c in (0.0, 1.5)]  # S is 1.06
    assert lines_of(*apart) == (1, 1, 2)
    nearer = [([0.0, 0.0], [0.0, c], 0.5) for c in (0.0, 1.0)]  # .71
    assert lines_of(*nearer) == (1, 1, 1)
    assert lines_of(*nearer, gaussian=True) == (1, 1, 2)
