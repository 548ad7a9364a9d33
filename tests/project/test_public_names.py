"""What temperance offers: its names, and that arguments of a wrong type end in one sentence that names them."""

import inspect
from dataclasses import fields

import numpy as np
import pytest

import temperance
from temperance import MixingMeasure


class Odd:
    def __repr__(self):
        return "Odd()"


WHOLE = (None, "2", 1.5, True, [1])
WRONG = {
    "int": WHOLE,
    "Whole": WHOLE,
    "float": (None, "1", True, [1.0], 10**400),
    "str": (None, 3, ["a"], b"a"),
    "bool": (None, 1, "yes"),
}
"""By the text of a hint, values that do not fit it; `Odd()` and 3j fit none."""

ARRAYS = ("Floats", "ArrayLike", "NDArray")
LATER = {"MoERegressor"}  # scikit-learn has parameters judged by fit
ELSEWHERE = {
    "activation.source",
    "audit.model",
    "audit.example_inputs",
    "Answer.write.path",
    "Answer.record",
}  # judged inside, tested below; a record is any object


def asked():
    """Every argument of what temperance offers: the path to its name, what is called, its parameter."""
    for name in temperance.__all__:
        thing = getattr(temperance, name)
        functions = {name: thing}
        if inspect.isclass(thing):
            methods = [m for m in vars(thing) if m[0] != "_" and callable(getattr(thing, m))]
            functions |= {f"{name}.{method}": getattr(thing, method) for method in methods}
        for path, function in functions.items():
            for parameter in inspect.signature(function).parameters.values():
                if parameter.name != "self" and path.partition(".")[0] not in LATER:
                    yield f"{path}.{parameter.name}", function, parameter


JUDGED = {
    path: (function, parameter)
    for path, function, parameter in asked()
    if path not in ELSEWHERE and not any(array in str(parameter.annotation) for array in ARRAYS)
}


def test_all_names_are_those_that_are_loaded_when_they_are_used():
    assert temperance.__all__ == dir(temperance) == sorted(temperance._MODULES)
    namespace = {}
    exec("from temperance import *", namespace)
    assert set(temperance.__all__) <= set(namespace)


def test_there_are_many_arguments_to_judge():
    assert len(JUDGED) > 120


@pytest.mark.parametrize("path", JUDGED)
def test_a_value_of_a_wrong_type_ends_in_one_sentence_that_names_the_argument(path):
    function, parameter = JUDGED[path]
    hint, _, optional = str(parameter.annotation).partition(" | None")
    values = (Odd(), 3j, [Odd()], *(v for v in WRONG.get(hint, ()) if not (v is None and optional == "")))
    values = [v for v in values if v is not None or not str(parameter.annotation).endswith("| None")]
    several = parameter.kind is parameter.VAR_POSITIONAL
    for value in values:
        name = "c" if parameter.kind is parameter.VAR_KEYWORD else parameter.name
        with pytest.raises(ValueError, match=rf"^{name} must be [^\n]*, not [^\n]*$"):
            function(value) if several else function(**{name: value})


MEASURE = MixingMeasure([[1.0], [0.0]], [0.5, 0.0], 0.5, [[1.0], [-1.0]], [0.0, 1.0], [1.0, 1.0])
BATCH = MixingMeasure(*(getattr(MEASURE, name)[None] for name in ("beta1", "beta0", "tau", "a", "b", "nu")))
BATCHED = {f.name: getattr(BATCH, f.name).tolist() for f in fields(BATCH)}
BATCHED["x"] = {"law": "uniform", "low": -3, "high": 3}
X, Y = np.linspace(-1, 1, 30)[:, None], np.linspace(-1, 1, 30) ** 2
NUMBERS = {name: getattr(MEASURE, name) for name in ("beta1", "beta0", "tau", "a", "b", "nu")}
READ = {
    **{f"MixingMeasure {name}": (lambda v, name=name: MixingMeasure(**{**NUMBERS, name: v})) for name in NUMBERS},
    "log_density x": lambda v: MEASURE.log_density(v, Y),
    "log_density y": lambda v: MEASURE.log_density(X, v),
    "gate_probabilities x": lambda v: MEASURE.gate_probabilities(v),
    "responsibilities y": lambda v: MEASURE.responsibilities(X, v),
    "sample x": lambda v: temperance.sample(MEASURE, "tanh", 30, seed=0, x=v),
    "fit x": lambda v: temperance.fit(v, Y, fitted=1),
    "fit y": lambda v: temperance.fit(X, v, fitted=1),
    "fit weights": lambda v: temperance.fit(X, Y, fitted=1, weights=v),
    "for_data x": lambda v: temperance.Box.for_data(v, Y),
}


@pytest.mark.parametrize("what", READ)
def test_what_is_no_array_of_numbers_ends_in_one_sentence(what):
    values = [Odd(), 3j, [Odd()], ["a"], {}, [[1.0], [2.0, 3.0]], 10**400, np.ones((2, 2, 2)), int]
    values += [None] * (what.split()[-1] not in ("weights", "x") or what == "log_density x")
    for value in values:
        with pytest.raises(ValueError, match=r"^[^\n]+$"):
            READ[what](value)


MODELS = {"n_experts": [1, 2], "gate": 0, "activation": 3, "gauge": None, "tau": "1", "starts": 2.0, "box": 3}


@pytest.mark.parametrize("name", MODELS)
def test_a_regressor_refuses_its_parameters_in_fit(name):
    pytest.importorskip("sklearn")
    model = temperance.MoERegressor(**{name: MODELS[name]})
    with pytest.raises(ValueError, match=rf"{name}[^\n]* must be [^\n]*, not|activation is"):
        model.fit(X, Y)


def test_a_regressor_that_is_not_fitted_says_so():
    pytest.importorskip("sklearn")
    model = temperance.MoERegressor()
    for asking in (model.aic, model.bic, model.predict_density):
        with pytest.raises(ValueError, match="not fitted yet"):
            asking(X, Y)


@pytest.mark.parametrize(
    ("asking", "message"),
    [
        (lambda: temperance.activation(3), "an activation is a name, an expression or a SymPy expression, not int"),
        (lambda: temperance.audit(3), "audit reads a torch.nn.Module, not an object of int"),
        (lambda: temperance.check("relu").write(np.ones((2, 2))), "path must be a text"),
        (lambda: temperance.standard_errors(MEASURE, 10**400, activation="tanh"), "n must be a number, not 10000"),
        (lambda: temperance.sample(MEASURE, "z", 3, seed=2**70), "seed and replicate from 0 to 2.64 - 1, not 3, 1180"),
        (lambda: temperance.rates(true=1, fitted=1, workers=2**70), "workers must be at least 1 and at most 4096"),
        (lambda: temperance.rates(true=1, fitted=1, seed=2**70), "seed"),
        (lambda: temperance.required_n("tanh", BATCH), r"must be one measure of .*, not a batch of \(1,\)"),
        (lambda: temperance.predict(true=2, fitted=2, truth=BATCHED), "must have as many values of every parameter"),
        (lambda: temperance.activation("elu(z, c)").at(c="__import__('os')"), "c must be a SymPy Expr or a whole"),
    ],
)
def test_what_is_judged_inside_is_refused_too(asking, message):
    with pytest.raises(ValueError, match=message):
        asking()


def test_a_large_number_of_observations_is_a_number():
    assert temperance.standard_errors(MEASURE, 2**70, activation="tanh")["tau"] > 0
