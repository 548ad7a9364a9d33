import pickle
import subprocess
import sys

import numpy as np
import pytest

import temperance
from temperance.numerics.mixture.activation_numpy import compiled
from temperance.numerics.mixture.measures import MixingMeasure, sample
from temperance.theory.activations.activation import activation

pytest.importorskip("sklearn", reason="scikit-learn, the extra [sklearn], is not installed")
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

pytestmark = pytest.mark.usefixtures("few_climbs")

FEWER = "their data have fewer points than two experts have parameters, which fit refuses"
ONE = {"check_sample_weight_equivalence_on_dense_data": FEWER.replace("two experts have", "the experts have")}
EXPECTED = ONE | {
    "check_n_features_in_after_fitting": FEWER,
    "check_estimators_dtypes": FEWER,
    "check_estimators_nan_inf": FEWER,
    "check_regressors_no_decision_function": FEWER,
}
TRUTH = MixingMeasure(
    beta1=np.array([[2.0], [-1.0]]),
    beta0=np.array([0.4, 0.0]),
    tau=np.array(0.8),
    a=np.array([[1.5], [-1.0]]),
    b=np.array([1.0, -1.5]),
    nu=np.array([0.25, 0.09]),
)


def data(n=600, seed=3):
    return sample(TRUTH, compiled("tanh"), n, seed=seed)


@pytest.fixture(scope="module")
def model():
    return temperance.MoERegressor(2, activation="tanh", starts=3, random_state=1).fit(*data())


@pytest.mark.slow
@pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"
)  # two experts collapse on 20 points of noise
@pytest.mark.parametrize(("n_experts", "expected"), [(1, ONE), pytest.param(2, EXPECTED, marks=pytest.mark.full)])
def test_the_checks_of_scikit_learn(n_experts, expected):
    model = temperance.MoERegressor(n_experts, starts=1)
    results = check_estimator(model, on_fail=None, on_skip=None, expected_failed_checks=expected)
    assert len(results) > 40
    assert {r["check_name"] for r in results if r["status"] == "failed"} == set()
    failed = [r for r in results if r["status"] == "xfail"]
    assert {r["check_name"] for r in failed} == set(expected)
    assert all("points are fewer than the" in str(r["exception"]) for r in failed)


def test_the_fit_is_that_of_temperance_fit(model):
    found = temperance.fit(*data(), fitted=2, activation="tanh", starts=3, seed=1)
    assert model.result_.to_json() == found.to_json()
    assert model.result_.fit.status == "converged"


def test_the_density_integrates_to_one_and_its_mean_is_what_is_predicted(model):
    x = np.array([[-2.0], [0.1], [2.5]])
    y = np.linspace(-15, 15, 4001)
    density = np.array([model.predict_density(np.full((y.size, 1), point), y) for point in x[:, 0]])
    np.testing.assert_allclose(np.trapezoid(density, y), 1, rtol=1e-9)
    np.testing.assert_allclose(np.trapezoid(density * y, y), model.predict(x), rtol=1e-9)
    weights, measure = model.predict_gate(x), model.result_.fit.measure
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    np.testing.assert_allclose((weights * (x @ measure.a.T + measure.b)).sum(axis=1), model.predict(x))


def test_it_works_with_the_tools_of_scikit_learn(model):
    x, y = data(200)
    assert clone(model).get_params() == model.get_params()
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(x), model.predict(x))
    scaled = make_pipeline(StandardScaler(), temperance.MoERegressor(2, starts=1)).fit(x, y)
    plain = temperance.MoERegressor(2, starts=1).fit(x, y)
    np.testing.assert_allclose(scaled.predict(x), plain.predict(x), rtol=1e-5, atol=1e-5)
    search = GridSearchCV(temperance.MoERegressor(starts=1), {"n_experts": [1, 2]}, cv=2).fit(x, y)
    assert search.best_params_ == {"n_experts": 2}


def test_the_summary_is_that_of_the_fit(model):
    lines = str(model.summary()).splitlines()
    assert lines[3:5] == [
        "Mixture of 2 linear Gaussian experts, gate of s(z) = tanh, gauge free, tau estimated",
        "maximum likelihood, 600 points, 10 parameters",
    ]
    assert repr(model.summary()) == str(model.summary()) == str(model.result_.summary())


def test_an_activation_is_given_by_a_name_of_a_library():
    fitted = temperance.MoERegressor(activation="torch.nn.Tanh", starts=1).fit(*data(60))
    assert fitted.activation_.expression == activation("tanh").expression


def test_the_summary_names_the_inputs():
    rng = np.random.default_rng(2)
    x = rng.uniform(-3, 3, (100, 2))
    y = np.where(rng.random(100) < 1 / (1 + np.exp(-2 * x[:, 0])), 1 + x[:, 1], -1 - x[:, 0]) + rng.normal(size=100) / 3
    fitted = temperance.MoERegressor(2, starts=1).fit(x, y)
    fitted.feature_names_in_ = np.array(["age", "height"], dtype=object)
    lines = [line.split() for line in str(fitted.summary()).splitlines()]
    assert [line[1] for line in lines if line[:1] == ["beta1/tau"]] == ["(age)", "(height)"]


def test_every_random_state_of_scikit_learn_is_taken():
    x, y = data(100)
    states = [make(5) for make in (np.random.RandomState, np.random.default_rng) for _ in range(2)]
    states += [np.int64(3), None]
    fits = [temperance.MoERegressor(starts=1, random_state=state).fit(x, y).result_.to_json() for state in states]
    assert fits[0] == fits[1]
    assert fits[2] == fits[3]
    assert fits[4] == temperance.fit(x, y, fitted=2, starts=1, seed=3).to_json()


def test_a_likelihood_without_a_maximum_warns():
    x = np.linspace(-3, 3, 40)
    y = np.where(x > 0, 5.0, -5.0) + 0.3 * np.random.default_rng(2).normal(size=40)
    with pytest.warns(ConvergenceWarning, match="the likelihood has no maximum"):
        temperance.MoERegressor(2, starts=2, random_state=0).fit(x[:, None], y)


def test_posterior_is_that_of_the_fit_and_asks_for_its_columns(model):
    x, y = data()
    np.testing.assert_array_equal(model.posterior(x, y), model.result_.posterior(x, y))
    np.testing.assert_allclose(model.posterior(x, y).sum(axis=1), 1)
    with pytest.raises(ValueError, match="X has 2 features"):
        model.posterior(np.column_stack([x, x]), y)


def test_standard_errors_and_covariances_are_those_of_the_fit(model):
    x, _ = data()
    np.testing.assert_array_equal(model.standard_error(x), model.result_.standard_error(x))
    np.testing.assert_array_equal(model.vcov(), model.result_.vcov())
    with pytest.raises(ValueError, match="X has 2 features"):
        model.standard_error(np.column_stack([x, x]))


def test_the_criteria_are_those_of_the_fit(model):
    x, y = data()
    assert model.n_parameters_ == model.result_.n_parameters == 10
    criteria = model.aic(x, y), model.bic(x, y), model.icl(x, y)
    assert criteria == pytest.approx((model.result_.aic, model.result_.bic, model.result_.icl))
    entropy = (model.icl(x, y) - model.bic(x, y)) * 2
    twice = 2 * np.ones(len(x))
    assert model.icl(x, y, twice) - model.bic(x, y, twice) == pytest.approx(entropy)
    assert model.bic(x, y, 2 * np.ones(len(x))) == pytest.approx(
        10 * np.log(1200) - 4 * model.result_.log_likelihood, rel=1e-9
    )
    with pytest.raises(ValueError, match="sample_weight must have shape"):
        model.aic(x, y, [1.0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_experts": 0}, "n_experts must be a whole number"),
        ({"gate": "quadratic", "n_experts": "auto"}, "unknown gate 'quadratic'"),
        ({"activation": "torch.nn.Foo"}, "unknown activation"),
        ({"random_state": "chance"}, "cannot be used to seed"),
        ({"n_experts": 11}, "100 points are fewer than two for each of the 53 numbers"),
    ],
)
def test_parameters_that_make_no_fit_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        temperance.MoERegressor(**options).fit(*data(100))


def test_what_cannot_be_predicted_is_refused(model):
    with pytest.raises(NotFittedError):
        temperance.MoERegressor().predict([[1.0]])
    with pytest.raises(NotFittedError):
        temperance.MoERegressor().summary()
    with pytest.raises(ValueError, match="2 features"):
        model.predict([[1.0, 2.0]])
    with pytest.raises(ValueError, match=r"y \(n,\), not \(1, 1\) and \(2,\)"):
        model.predict_density([[1.0]], [1.0, 2.0])


def test_it_is_loaded_when_it_is_used_and_without_scikit_learn_says_what_to_install():
    code = (
        "import sys, temperance\nassert 'MoERegressor' in dir(temperance) and 'sklearn' not in sys.modules\n"
        "sys.modules['sklearn'] = sys.modules['sklearn.base'] = None\n"
        "try:\n    temperance.MoERegressor\nexcept ImportError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "temperance.MoERegressor needs scikit-learn: pip install scikit-learn\n"


def test_the_number_of_experts_is_chosen_by_bic():
    truth = MixingMeasure([[1.5], [0.0]], [0.0, 0.0], 1.0, [[0.5], [-0.5]], [2.0, -2.0], [0.5, 0.5])
    x, y = sample(truth, "z", 200, seed=4)
    found = temperance.MoERegressor(n_experts="auto", gate="softmax", starts=1).fit(x, y)
    assert found.n_experts_ == 2
    assert found.predict_gate(x).shape == (200, 2)
    with pytest.raises(ValueError, match="a whole number or 'auto'"):
        temperance.MoERegressor(n_experts="all").fit(x, y)
