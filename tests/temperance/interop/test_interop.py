"""Names and traced callables against the functions of torch, jax and keras themselves; needs the extra `[interop]`."""

import importlib.util
import inspect
import os
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import sympy as sp

import temperance
from temperance.interop.jax_tracing import double
from temperance.numerics.mixture.activation_numpy import compile_activation
from temperance.theory.activations.activation import activation
from temperance.theory.activations.catalogue import LIBRARY_NAMES
from temperance.theory.conditions.decision import decide

GRID = np.linspace(-6.13, 6.31, 211)  # off round numbers, where kinks and jumps are
GIVEN = {
    "bound": sp.Rational(3, 10),
    "value": sp.Integer(2),
    "default_value": sp.Integer(2),
    "weight": sp.Rational(1, 5),
}


def installed(name):
    """Whether a library is there; keras computes with jax here."""
    return importlib.util.find_spec(name) is not None and (name != "keras" or installed("jax"))


def names(*libraries):
    """The names of those libraries that are installed: a test without any is one skip."""
    found = [library for library in libraries if installed(library)]
    return [name for name in LIBRARY_NAMES if name.partition(".")[0] in found]


def library(name):
    if name == "keras":
        os.environ.setdefault("KERAS_BACKEND", "jax")
    return pytest.importorskip(name, reason=f"{name} is not installed")


@cache
def real(name):
    """The function of a dotted name, with its defaults, and numbers in the place of arguments without default."""
    parts = name.split(".")
    found = library(parts[0])
    for depth, part in enumerate(parts[1:], 2):
        spec = importlib.util.find_spec(".".join(parts[:depth])) if not hasattr(found, part) else None
        found = importlib.import_module(spec.name) if spec else getattr(found, part)
    values = [
        float(GIVEN[p.name]) for p in sorted(activation(name).parameters, key=lambda p: list(GIVEN).index(p.name))
    ]
    return settled(found, values)


def settled(found, values):
    if inspect.isclass(found):
        made = found(*values)
        return made if made.__module__.startswith("torch") else of_layer(made)
    if name_of(found) == "prelu":
        import torch

        return lambda z: found(z, torch.tensor(values, dtype=z.dtype))
    return (lambda z: found(z, *values)) if values else found


def of_layer(layer):
    layer.build((1,))
    return lambda z: layer(z[None])[0]


def name_of(found):
    return getattr(found, "__name__", "")


def formula(name):
    """The catalogue's s and s' on the grid."""
    source = activation(name)
    return compile_activation(source.at(**{p.name: GIVEN[p.name] for p in source.parameters}))(GRID, order=1)


def by_torch(function):
    import torch

    if isinstance(function, torch.nn.Module):
        function = function.double().eval()
    z = torch.tensor(GRID, requires_grad=True)
    value = function(z)
    slope = torch.autograd.grad(value.sum(), z)[0] if value.requires_grad else torch.zeros_like(z)
    return value.detach().numpy(), slope.numpy()


def by_jax(function):
    import jax
    import jax.numpy as jnp

    with double():
        z = jnp.asarray(GRID)
        return np.array([float(function(p)) for p in z]), np.array([float(jax.grad(function)(p)) for p in z])


def agree(ours, theirs, tolerance=1e-12):
    defined = np.isfinite(ours[0])
    np.testing.assert_array_equal(defined, np.isfinite(theirs[0]))
    assert defined.sum() > 10
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine[defined], other[defined], rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", names("torch"))
def test_a_name_is_the_function_of_torch_value_and_derivative(name):
    # torch's derivative of hardsigmoid holds 1/6 in single precision
    agree(formula(name), by_torch(real(name)), 1e-8 if name.endswith("ardsigmoid") else 1e-12)


@pytest.mark.parametrize("name", names("jax"))
def test_a_name_is_the_function_of_jax_value_and_derivative(name):
    agree(formula(name), by_jax(real(name)))


@pytest.mark.parametrize("name", names("keras"))
def test_a_name_is_the_function_of_keras_value_and_derivative(name):
    library("keras")
    agree(formula(name), by_jax(real(name)), 1e-6)  # keras rounds to single precision


def traced_like(name, traced):
    ours, theirs = (decide(source) for source in (name, traced))
    outcomes = [(v.outcome, v.fails_at_tau, v.failing_families) for v in ours.verdicts]
    assert outcomes == [(v.outcome, v.fails_at_tau, v.failing_families) for v in theirs.verdicts]
    assert (ours.mirror and ours.mirror.kind) == (theirs.mirror and theirs.mirror.kind)


TRACED = [name for name in names("torch", "jax") if ".nn" in name and not activation(name).parameters]


@pytest.mark.parametrize("name", TRACED)
def test_a_traced_function_is_that_of_its_name_and_is_decided_alike(name):
    traced = temperance.activation(real(name))
    for ours, theirs in zip(formula(name), compile_activation(traced)(GRID, order=1), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)
    traced_like(name, traced)


@pytest.mark.parametrize("name", [name for name in TRACED if name.startswith("torch.nn.") and name[9].isupper()])
def test_a_class_of_modules_stands_for_its_default(name):
    torch = library("torch")
    assert temperance.activation(getattr(torch.nn, name[9:])) == temperance.activation(real(name))


def test_modules_are_traced_through_their_parts_and_in_evaluation_mode():
    torch = library("torch")

    class Gate(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = torch.nn.Sequential(torch.nn.Tanh(), torch.nn.GELU())
            self.slope = torch.nn.Parameter(torch.tensor(0.3))
            self.noise = torch.nn.Dropout(0.5)

        def forward(self, z, shift=0.25):
            return self.noise(self.inner(z)) * self.slope + z.clamp(min=-1, max=2).square() + shift

    module = Gate()
    assert temperance.activation(module).name == "3*gelu(tanh(z))/10 + min(max(z, -1), 2)**2 + 1/4"
    assert module.training
    assert temperance.check(module).first_order.outcome == "holds"


def torch_cases():
    torch = library("torch")
    functional = torch.nn.functional
    return {
        "softplus(z, 2)": torch.nn.Softplus(2.0),
        "elu(z, 7/10)": torch.nn.ELU(0.7),
        "threshold(z, 1/10, 20)": torch.nn.Threshold(0.1, 20),
        "leaky_relu(z, 1/3)": lambda z: functional.leaky_relu(z, 1 / 3),
        "gelu_tanh(z)": lambda z: functional.gelu(z, approximate="tanh"),
        "where(z > 0, where(z < 1, z, -1), -1)": lambda z: torch.where((z > 0) & (z < 1), z, -torch.ones_like(z)),
        "z*where(z > 0, 0, 1)": lambda z: ~(z > 0) * z,
        "log(exp(z) + 1)": lambda z: torch.maximum(z, torch.tensor(0.0)) + torch.log1p(torch.exp(-torch.abs(z))),
    }


def test_functions_of_torch_are_traced():
    for text, function in torch_cases().items():
        assert temperance.activation(function).name == text


def jax_cases():
    jax = library("jax")
    jnp = jax.numpy
    return {
        "log(exp(3*z) + 1)/3": lambda z: jax.nn.softplus(3 * z) / 3,
        "z*(erf(sqrt(2)*z/2) + 1)/2": lambda z: jax.nn.gelu(z, approximate=False),
        "z**2": jax.jit(jax.checkpoint(lambda z: z * z)),
        "where(z > 0, where(z < 1, z, -1), -1)": lambda z: jnp.where((z > 0) & (z < 1), z, -1),
        "2*z/(z**2 + 1)": jax.grad(lambda z: jnp.log1p(z * z)),
        "sqrt(2)*z/sqrt(pi)": lambda z: z * np.sqrt(2 / np.pi),
    }


def test_functions_of_jax_are_traced():
    for text, function in jax_cases().items():
        assert temperance.activation(function).name == text


REFUSED = [
    ("torch", lambda torch: torch.floor, "'floor' has no formula"),
    ("torch", lambda torch: torch.nn.Softmax(-1), "'softmax' has no formula"),
    ("torch", lambda torch: torch.nn.Linear(1, 1), "'linear' has no formula"),
    ("torch", lambda torch: torch.nn.Threshold, "needs arguments: give a module"),
    ("torch", lambda torch: torch.nn.Bilinear(1, 1, 1), "more than one argument"),
    ("torch", lambda torch: lambda z: z if torch.sum(z) > 0 else -z, "cannot trace"),
    ("torch", lambda torch: lambda z: torch.nn.functional.rrelu(z, training=True), "random in training"),
    ("torch", lambda torch: lambda z: z * torch.ones(3), "is no real number"),
    ("jax", lambda jax: jax.numpy.floor, "'floor' has no formula"),
    ("jax", lambda jax: lambda z: jax.numpy.stack([z, z]), "one number for one number"),
    ("jax", lambda jax: lambda z: jax.numpy.minimum(z, jax.numpy.inf), "'oo' is refused"),
    ("jax", lambda jax: lambda z: z * z.astype(int), "'convert_element_type to int"),
    ("jax", lambda jax: lambda z: jax.lax.cond(z > 0, lambda: z, lambda: -z), "'cond' has no formula"),
    ("jax", lambda jax: jax.nn.softmax, "jax cannot trace"),
    ("jax", lambda jax: lambda z: jax.random.normal(jax.random.key(0)) * z, "has no formula"),
]


@pytest.mark.parametrize(("library_name", "build", "message"), [case for case in REFUSED if installed(case[0])])
def test_what_has_no_formula_is_refused_by_its_name(library_name, build, message):
    with pytest.raises(ValueError, match=message):
        temperance.activation(build(library(library_name)))


def test_an_expression_that_is_not_the_function_is_refused():
    torch = library("torch")

    class Rounded(torch.nn.Module):
        def forward(self, z):
            return torch.nn.functional.softplus(z, threshold=0.1)  # traced as softplus, which it is not

    with pytest.raises(ValueError, match="is not the function: at z = "):
        temperance.activation(Rounded())


def test_the_examples_of_the_documentation():
    names = {"temperance": temperance, "torch": library("torch"), "jax": library("jax")}
    page = (Path(__file__).parents[3] / "docs" / "activations.md").read_text(encoding="utf-8")
    examples = re.findall(r"^(temperance\..*?) +# (.*)$", page, re.MULTILINE)
    assert len(examples) == 2
    for code, shown in examples:
        assert repr(eval(code, names)) == shown
