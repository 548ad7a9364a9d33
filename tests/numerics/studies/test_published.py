import os
from pathlib import Path

import numpy as np
import pytest

from temperance.numerics.errors.voronoi import published_loss
from temperance.numerics.studies.published_estimates import SIZES, TRUTH, check_published, load_published

FOLDER = Path(os.environ.get("TEMPERANCE_PUBLISHED", Path(__file__).parents[4] / "shared" / "published"))
here = pytest.mark.skipif(not FOLDER.is_dir(), reason="the folder of published estimates is absent")


@pytest.fixture
def made(tmp_path):
    """A folder of the published shape, with estimates made up around the truth and their loss computed."""
    rng = np.random.default_rng(0)
    for k, n in SIZES.items():
        batch = (len(n), 40)
        atoms = [0, 1, 1][:k]
        noise = {name: rng.normal(0, 0.01, (*batch, k)) for name in ("a", "b", "nu", "slope", "intercept")}
        experts = np.stack([TRUTH.b[atoms] + noise["b"], TRUTH.a[atoms, 0] + noise["a"]], axis=-2)
        gates = np.stack([TRUTH.beta0[atoms] + noise["intercept"], TRUTH.beta1[atoms, 0] + noise["slope"]], axis=-2)
        np.save(tmp_path / f"K{k}_A.npy", experts)
        np.save(tmp_path / f"K{k}_Sigma.npy", (TRUTH.nu[atoms] + noise["nu"])[:, :, None])
        np.save(tmp_path / f"K{k}_beta.npy", gates[..., : k - 1])
        np.save(tmp_path / f"K{k}_loss.npy", np.ones(batch))
        np.save(tmp_path / f"K{k}_loss.npy", published_loss(load_published(tmp_path, k)[0], TRUTH))
    return tmp_path


def test_a_folder_with_its_own_loss_is_reproduced(made):
    assert [(check.k, check.fits, check.reproduced) for check in check_published(made)] == [
        (2, 8000, True),
        (3, 8000, True),
    ]


def test_one_altered_loss_is_noticed(made):
    loss = np.load(made / "K3_loss.npy")
    loss[7, 3] *= 1 + 1e-8
    np.save(made / "K3_loss.npy", loss)
    assert [check.reproduced for check in check_published(made)] == [True, False]


@pytest.mark.parametrize("name", ["K2_A.npy", "K2_Sigma.npy", "K3_beta.npy", "K3_loss.npy"])
@pytest.mark.parametrize("damage", ["missing", "shape", "type", "nan", "pickle", "text"])
def test_damage_names_the_file(made, name, damage):
    path = made / name
    array = np.load(path)
    path.unlink()
    if damage == "shape":
        np.save(path, array[1:])
    elif damage == "type":
        np.save(path, np.zeros(array.shape, dtype="U1"))
    elif damage == "nan":
        np.save(path, np.where(array == array.flat[5], np.nan, array))
    elif damage == "pickle":
        np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    elif damage == "text":
        path.write_text("not an array")
    with pytest.raises(ValueError, match=name):
        check_published(made)


@here
def test_the_published_losses_are_reproduced():
    two, three = check_published(FOLDER)
    assert two.largest_relative_difference <= 1e-10
    assert three.largest_relative_difference <= 1e-10
    assert two.fits == three.fits == 8000


@here
def test_the_slope_of_the_published_mean_loss():
    """The published folder states -0.638 with a 95% interval of -0.649 to -0.624 for two atoms."""
    two, three = check_published(FOLDER)
    assert two.slope.value == pytest.approx(-0.638, abs=5e-4)
    assert two.slope.interval == pytest.approx((-0.649, -0.624), abs=4e-3)
    assert three.slope.value == pytest.approx(-1.18, abs=5e-3)
