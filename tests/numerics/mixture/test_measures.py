import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from temperance.numerics.mixture.activation_numpy import compiled
from temperance.numerics.mixture.measures import Layout, MixingMeasure, log_density, measure_of, sample, truth_of
from temperance.theory.models.gates import softmax


def example(**changes):
    arrays = {
        "beta1": [[3.0], [0.5]],
        "beta0": [1.0, 0.0],
        "tau": 0.25,
        "a": [[1.0], [-1.0]],
        "b": [2, -2],
        "nu": [0.25, 0.5],
    }
    return MixingMeasure(**{**arrays, **changes})


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        *((name, [1.0, 2.0, 3.0], "must have shape") for name in ("beta0", "a", "b", "nu")),
        *(
            (name, value, "holds")
            for name, value in (("beta1", [[np.nan], [0.5]]), ("b", [np.inf, 0]), ("tau", np.nan))
        ),
        ("tau", 0.0, "must be positive"),
        ("nu", [0.25, -1.0], "must be positive"),
    ],
)
def test_what_makes_no_measure_names_the_array(name, value, message):
    with pytest.raises(ValueError, match=f"^{name} {message}"):
        example(**{name: value})


def test_arrays_are_copies_and_read_only():
    source = np.array([2.0, -2.0])
    measure = example(b=source)
    source[0] = 7.0
    assert measure.b[0] == 2.0
    with pytest.raises(ValueError, match="read-only"):
        measure.b[0] = 1.0


LAYOUTS = st.builds(
    Layout,
    st.integers(1, 4),
    st.integers(1, 3),
    st.sampled_from(["free", "anchored"]),
    st.sampled_from([None, 0.7]),
)


@settings(derandomize=True, deadline=None, max_examples=20)
@given(LAYOUTS, st.integers(0, 3))
def test_packing_inverts_unpacking(layout, replicates):
    shape = (replicates, layout.size) if replicates else (layout.size,)
    theta = np.random.default_rng(layout.size).normal(size=shape)
    np.testing.assert_allclose(layout.pack(layout.unpack(theta)), theta, rtol=1e-13, atol=1e-13)
    assert len(layout.names) == layout.size


@pytest.mark.parametrize(
    ("layout", "size"),
    [
        (Layout(2, 1, "free"), 10),
        (Layout(2, 1, "anchored"), 9),
        (Layout(2, 1, "anchored", 1.0), 8),
        (Layout(3, 2, "free"), 21),
    ],
)
def test_number_of_coordinates(layout, size):
    assert layout.size == size


def test_the_gauge_is_checked():
    with pytest.raises(ValueError, match="gauge 'anchored'"):
        Layout(2, 1, "anchored").pack(example())
    with pytest.raises(ValueError, match="gauge 'free'"):
        Layout(2, 1, "free").pack(example(beta0=[0.0, 1.0]))
    with pytest.raises(ValueError, match="tau is fixed"):
        Layout(2, 1, "free", tau=1.0).pack(example())


@pytest.mark.parametrize("bad", [{"k": 0, "d": 1}, {"k": 2, "d": 1, "gauge": "loose"}, {"k": 2, "d": 1, "tau": -1.0}])
def test_layouts_are_validated(bad):
    with pytest.raises(ValueError, match=r"must be"):
        Layout(**bad)


def test_weights_are_those_of_the_mixing_measure():
    np.testing.assert_allclose(example().weights, [np.exp(4.0), 1.0])


def test_a_measure_tells_densities_of_an_activation_by_its_name_and_weights_of_the_linear_gate():
    measure = MixingMeasure([[1.0], [0.0]], [0.5, 0.0], 0.5, [[0.5], [-0.5]], [2.0, -2.0], [0.25, 0.5])
    x, y = [[-1.0], [2.0]], [1.0, 3.0]
    np.testing.assert_allclose(measure.log_density(x, y, "tanh"), log_density(measure, TANH, np.array(x), np.array(y)))
    logits = np.array([-1.0, 2.0]) / 0.5 + 1
    np.testing.assert_allclose(measure.gate_probabilities(x)[:, 0], 1 / (1 + np.exp(-logits)))
    with pytest.raises(ValueError, match="x must have shape \\(n, 1\\)"):
        measure.gate_probabilities([1.0, 2.0])
    with pytest.raises(ValueError, match="frob"):
        measure.log_density(x, y, "frob(z)")


@pytest.mark.parametrize("d", [1, 3])
def test_a_truth_in_exact_numbers_keeps_every_digit(d):
    rng = np.random.default_rng(d)
    numbers = (
        rng.normal(size=(3, d)),
        rng.normal(size=3),
        np.pi,
        rng.normal(size=(3, d)),
        [1e-7, 0.1, 1e50],
        [0.3, 1, 2],
    )
    measure = MixingMeasure(*numbers)
    truth = truth_of(measure, -0.1, 3)
    assert truth.box == (sp.Rational(-1, 10), 3)
    assert [vars(measure_of(truth))[name].tobytes() for name in vars(measure)] == [
        array.tobytes() for array in vars(measure).values()
    ]


def test_the_truth_of_a_gate_without_a_temperature_has_none():
    measure = MixingMeasure([[1.0], [0.0]], [0.5, 0.0], 1.0, [[0.5], [-0.5]], [2.0, -2.0], [0.25, 0.5])
    truth = truth_of(measure, -3, 3, softmax)
    assert truth.shared == {}
    assert measure_of(truth).tau == 1


TANH = compiled("tanh")
TRUTH = MixingMeasure([[3.0], [0.5]], [1.0, 0.0], 0.25, [[1.0], [-1.0]], [2.0, -2.0], [0.25, 0.5])
PLANE = MixingMeasure([[1.0, 2], [0, 0]], [0.3, 0.0], 0.5, [[1.0, 0], [-1, 1]], [2.0, -2.0], [0.25, 0.5])


@pytest.mark.parametrize("measure", [TRUTH, PLANE])
def test_a_longer_sample_begins_with_the_shorter(measure):
    short, long = (sample(measure, TANH, n, seed=4, replicate=2) for n in (137, 1000))
    np.testing.assert_array_equal(short[0], long[0][:137])
    np.testing.assert_array_equal(short[1], long[1][:137])


def test_streams_differ():
    base, *others = (sample(TRUTH, TANH, 5, seed=s, replicate=r)[0] for s, r in ((1, 0), (2, 0), (1, 1), (0, 1)))
    for other in others:
        assert not np.isin(other, base).any()


def test_the_conditional_moments_of_y_are_those_of_the_model():
    """E[y|x] and E[y^2|x] from the gate and the experts, within five standard errors at two points of x."""
    n = 200_000
    for at in (-0.4, 0.1):
        x = np.full((n, 1), at)
        _, y = sample(TRUTH, TANH, n, seed=7, x=x)
        pi, mean = TRUTH.gate_probabilities(x[:1], TANH)[0], TRUTH.a[:, 0] * at + TRUTH.b
        for values, expected in ((y, pi @ mean), (y**2, pi @ (mean**2 + TRUTH.nu))):
            assert abs(values.mean() - expected) < 5 * values.std() / np.sqrt(n)


def test_x_is_uniform_on_the_declared_interval():
    x, _ = sample(PLANE, TANH, 100_000, seed=3, low=1.0, high=4.0)
    assert x.shape == (100_000, 2)
    assert (x >= 1.0).all()
    assert (x < 4.0).all()
    counts = np.histogram2d(*x.T, bins=10, range=[[1, 4], [1, 4]])[0]
    assert ((counts - 1000) ** 2 / 1000).sum() < 99 + 5 * np.sqrt(2 * 99)  # chi-square, five standard deviations


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x": np.zeros((3, 1))}, "x must have shape"),
        ({"low": 3.0}, "low must be below"),
        ({"seed": -1}, "seed and replicate from 0"),
    ],
)
def test_bad_input(changes, message):
    with pytest.raises(ValueError, match=message):
        sample(TRUTH, TANH, **{"n": 5, "seed": 1, **changes})


def test_a_batch_of_measures_is_refused():
    batch = MixingMeasure(
        *(np.stack([v] * 2) for v in (TRUTH.beta1, TRUTH.beta0, TRUTH.tau, TRUTH.a, TRUTH.b, TRUTH.nu))
    )
    with pytest.raises(ValueError, match="one measure"):
        sample(batch, TANH, 5, seed=1)
