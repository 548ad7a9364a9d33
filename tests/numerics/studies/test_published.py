"""The benchmark that recomputes published losses, against the definition and against the published files."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from temperance.numerics.mixture.measures import MixingMeasure

sys.path.insert(0, str(Path(__file__).parents[3] / "benchmarks"))
from published import TRUTH, check_published, published_loss

sys.path.pop(0)
FOLDER = Path(os.environ.get("TEMPERANCE_PUBLISHED", Path(__file__).parents[4] / "shared" / "published"))


@pytest.mark.parametrize("atoms", [[0, 1], [0, 1, 1], [0, 0, 0, 1]])
def test_the_published_loss_is_the_sum_of_its_definition(atoms):
    rng = np.random.default_rng(len(atoms))
    names = ("beta1", "a", "b", "nu")
    d = {name: 0.02 * rng.normal(size=len(atoms)) for name in (*names, "beta0")}
    near = {name: getattr(TRUTH, name).ravel()[atoms] + d[name] for name in d}
    m = MixingMeasure(near["beta1"][:, None], near["beta0"], 1.0, near["a"][:, None], near["b"], near["nu"])
    total = 0.0
    for j in range(2):
        those = [i for i, atom in enumerate(atoms) if atom == j]
        low, high = len(those), 1 if len(those) == 1 else 2 * len(those)
        total += abs(sum(np.exp(near["beta0"][i]) for i in those) - np.exp(TRUTH.beta0[j]))
        powers = {"beta1": high, "b": high, "a": low, "nu": low}
        total += sum(np.exp(near["beta0"][i]) * abs(d[q][i]) ** powers[q] for i in those for q in names)
    assert float(published_loss(m, TRUTH)) == pytest.approx(total, rel=1e-9)


@pytest.mark.skipif(not FOLDER.is_dir(), reason="the folder of published estimates is absent")
def test_the_published_losses_and_slopes_are_reproduced():
    """The published folder states -0.638 with a 95% interval of -0.649 to -0.624 for two atoms."""
    two, three = (check_published(FOLDER, k) for k in (2, 3))
    assert two["difference"] <= 1e-10
    assert three["difference"] <= 1e-10
    assert two["slope"] == pytest.approx(-0.638, abs=5e-4)
    assert two["ci"] == pytest.approx((-0.649, -0.624), abs=4e-3)
    assert three["slope"] == pytest.approx(-1.18, abs=5e-3)
