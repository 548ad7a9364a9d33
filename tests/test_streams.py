"""The generator against published vectors, the sampler against its laws and against plain NumPy."""

import numpy as np
import pytest
import sympy as sp
from numba import njit
from scipy import stats

from numerics.compiled import compile_activation
from numerics.density import gate_probabilities
from numerics.measures import MixingMeasure
from numerics.philox import draw_uniforms, philox
from numerics.streams import BLOCK, Law, Stream
from theory.activations import Activation, Piece, Z, activation

TANH, LINEAR = (compile_activation(activation(name)) for name in ("tanh", "linear"))
LINE = MixingMeasure([[3.0], [0.5]], [1.0, 0.0], 0.25, [[1.0], [-1.0]], [2.0, -2.0], [0.25, 0.5])
SPACE = MixingMeasure(
    np.arange(18.0).reshape(3, 6) / 9, [0.3, -0.2, 0.0], 0.5, np.eye(3, 6), [2.0, -2.0, 0.0], [0.25, 0.5, 1]
)
LARGEST = 2**32 - 1
PI = (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0)


@njit
def words(counter, key):
    c0, c1, c2, c3 = counter
    return philox(np.uint64(c0), np.uint64(c1), np.uint64(c2), np.uint64(c3), np.uint64(key[0]), np.uint64(key[1]))


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ((0,) * 4, (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((LARGEST,) * 4, (LARGEST,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (*PI, (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1)),
    ],
)
def test_the_known_answers_of_random123(counter, key, expected):
    """kat_vectors of the Random123 distribution, philox4x32 with 10 rounds."""
    assert tuple(int(w) for w in words(counter, key)) == expected


def test_counters_are_point_draw_and_replicate_and_the_key_is_the_seed():
    u, seed, point = np.empty((1, 4)), 0x123456789ABCDEF0, 5 * 2**32 + 7
    draw_uniforms(np.uint64(seed), 9, 2, point, 1, u)
    expected = words((7, 5, 2, 9), (seed & LARGEST, seed >> 32))
    np.testing.assert_array_equal(u[0], [(int(w) + 0.5) / 2**32 for w in expected])


@pytest.mark.parametrize(("measure", "gate"), [(LINE, TANH), (LINE, LINEAR), (SPACE, TANH)])
def test_compiled_and_plain_samples_agree(measure, gate):
    stream = Stream(measure, gate, 5000, seed=3, replicate=1)
    x, y = stream.draw(17, 5000, 3)
    np.testing.assert_allclose(y, stream.plain_y(x, 17, 3), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("measure", [LINE, SPACE])
@pytest.mark.parametrize("law", [Law(), Law("normal", -1.0, 2.0, 0.5, 0.8)])
def test_points_depend_on_nothing_but_their_number(measure, law):
    """Prefixes nest, and any block, cut or stride gives the same bits."""
    x, y = Stream(measure, TANH, 1000, seed=4, replicate=2, law=law).draw(0, 1000)
    long = Stream(measure, TANH, 4 * BLOCK, seed=4, replicate=2, law=law)
    for start, stop, step in ((0, 1000, 1), (313, 997, 1), (5, 1000, 7), (255, 258, 1)):
        part = long.draw(start, stop, step)
        np.testing.assert_array_equal(part[0], x[start:stop:step])
        np.testing.assert_array_equal(part[1], y[start:stop:step])


def test_blocks_join_to_the_whole_and_some_are_spread_over_it():
    stream = Stream(LINE, TANH, BLOCK + 1000, seed=5)
    x, y = (np.concatenate(part) for part in zip(*stream.blocks(), strict=True))
    assert y.shape == (stream.n,)
    some_x, some_y = stream.some(500, np.random.default_rng(0))
    assert 400 <= len(some_y) <= 500
    assert np.isin(some_y, y).all()
    assert np.isin(some_x, x).all()


def test_streams_differ():
    base = Stream(LINE, TANH, 50, seed=1).draw(0, 50)[1]
    for other in (Stream(LINE, TANH, 50, seed=2), Stream(LINE, TANH, 50, seed=1, replicate=1)):
        assert not np.isin(other.draw(0, 50)[1], base).any()


def test_the_uniforms_are_uniform_and_unrelated():
    u = np.empty((200_000, 4))
    draw_uniforms(np.uint64(11), 0, 0, 0, 1, u)
    for column in u.T:
        assert stats.kstest(column, "uniform").pvalue > 1e-3
        assert stats.kstest(column[:-1] * 0.5 + 0.5 * column[1:], stats.triang(0.5).cdf).pvalue > 1e-3
    assert np.abs(np.corrcoef(u.T) - np.eye(4)).max() < 5 / np.sqrt(len(u))


def test_one_atom_is_normal_about_its_line():
    one = MixingMeasure([[0.0]], [0.0], 1.0, [[2.0]], [1.0], [4.0])
    x, y = Stream(one, LINEAR, 200_000, seed=6).draw(0, 200_000)
    e = (y - 2 * x[:, 0] - 1) / 2
    assert stats.kstest(e, "norm").pvalue > 1e-3
    for power, moment in ((1, 0), (2, 1), (3, 0), (4, 3)):
        assert abs((e**power).mean() - moment) < 5 * (e**power).std() / np.sqrt(len(e))


def test_the_conditional_moments_of_y_are_those_of_the_model():
    n = 200_000
    for at in (-0.4, 0.1):
        x, y = Stream(LINE, TANH, n, seed=7, x=np.full((n, 1), at)).draw(0, n)
        pi, mean = gate_probabilities(LINE, TANH, x[:1])[0], LINE.a[:, 0] * at + LINE.b
        for values, expected in ((y, pi @ mean), (y**2, pi @ (mean**2 + LINE.nu))):
            assert abs(values.mean() - expected) < 5 * values.std() / np.sqrt(n)


def test_the_laws_of_x():
    n = 100_000
    uniform, _ = Stream(SPACE, TANH, n, seed=8, law=Law("uniform", 1.0, 4.0)).draw(0, n)
    for column in uniform.T:
        assert stats.kstest(column, stats.uniform(1, 3).cdf).pvalue > 1e-3
    assert np.abs(np.corrcoef(uniform.T) - np.eye(6)).max() < 5 / np.sqrt(n)
    normal, _ = Stream(LINE, TANH, n, seed=9, law=Law("normal", -1.0, 2.0, 0.5, 0.8)).draw(0, n)
    assert stats.kstest(normal[:, 0], stats.truncnorm(-1.5 / 0.8, 1.5 / 0.8, 0.5, 0.8).cdf).pvalue > 1e-3
    grid, _ = Stream(LINE, TANH, 101, seed=1, law=Law("grid", 0.0, 1.0)).draw(0, 101)
    np.testing.assert_allclose(grid[:, 0], np.linspace(0, 1, 101), atol=1e-15)


def test_a_gate_without_machine_code_is_sampled_in_plain_numpy():
    stream = Stream(LINE, compile_activation(Activation("bessel", (Piece(sp.besselj(0, Z)),))), 40, seed=1)
    x, y = stream.draw(0, 40)
    np.testing.assert_array_equal(y, stream.plain_y(x))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x": np.zeros((3, 1))}, "x must have shape"),
        ({"seed": -1}, "range"),
        ({"seed": 2**64}, "range"),
        ({"n": 0}, "range"),
    ],
)
def test_bad_streams(changes, message):
    with pytest.raises(ValueError, match=message):
        Stream(LINE, TANH, **{"n": 5, "seed": 1, **changes})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(("cauchy",), "law"), (("uniform", 3.0, 3.0), "low"), (("normal", 0.0, 1.0, 0.0, -1.0), "deviation")],
)
def test_bad_laws(arguments, message):
    with pytest.raises(ValueError, match=message):
        Law(*arguments)


def test_a_batch_of_measures_and_a_cut_outside_are_refused():
    batch = MixingMeasure(*(np.stack([v] * 2) for v in (LINE.beta1, LINE.beta0, LINE.tau, LINE.a, LINE.b, LINE.nu)))
    with pytest.raises(ValueError, match="one measure"):
        Stream(batch, TANH, 5, seed=1)
    with pytest.raises(ValueError, match="within"):
        Stream(LINE, TANH, 5, seed=1).draw(0, 6)
