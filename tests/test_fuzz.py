"""Random texts: the expression language answers with an activation or with one line, and nothing else."""

import random

import pytest

from theory.activations import activation

# fmt: off
TOKENS = [
    "z", "(", ")", "+", "-", "*", "/", "**", "1", "2", "0", "9", "999", "1e300", "exp(", "log(", "sqrt(",
    "sin(", "tan(", "gamma(", "loggamma(", "LambertW(", "erf(", "abs(", "sign(", "max(", "min(", "where(", ",",
    ">", "<", "gelu(", "elu(", "alpha", "pi", "E", "0.5", "asin(", "acosh(", "z**", "1/3", "**(1/2)", "relu(",
    "oo", "I", "e", "'", "[", "]", ":", "_", "if", "lambda", "1000", "**9", "mish(", "x", "tau", "__", ".",
    "\\", "#", "é", "1_0", "0x1f", "1j", "True", "z=1", "*z", "@", ";", ":=", "{", "}", "nan", "\n", "\t", "\0",
    " ",
]
FUNCTIONS = [
    "exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "asin", "acos", "atan", "asinh", "acosh",
    "atanh", "erf", "erfc", "abs", "sign", "LambertW", "gamma", "loggamma", "gelu", "mish", "softplus",
    "hardtanh", "relu", "elu",
]
LEAVES = [
    "z", "z", "z", "alpha", "1", "2", "pi", "0", "1/3", "0.5", "E", "999", "1e300", "1e-300", "beta", "100",
]
# fmt: on


def tokens(rng):
    text = "".join(rng.choice(TOKENS) for _ in range(rng.randint(1, 14)))
    return text + ")" * (text.count("(") - text.count(")"))


def sentence(rng, depth):
    """A well-formed expression, of any sense."""
    kind = rng.random()
    if depth == 0 or kind < 0.15:
        return rng.choice(LEAVES)
    parts = [sentence(rng, depth - 1) for _ in range(4)]
    if kind < 0.5:
        return f"{rng.choice(FUNCTIONS)}({parts[0]})"
    if kind < 0.6:
        return f"where({parts[0]} {rng.choice(['>', '<', '==', '<='])} {parts[1]}, {parts[2]}, {parts[3]})"
    if kind < 0.68:
        return f"{rng.choice(['max', 'min'])}({parts[0]}, {parts[1]})"
    return f"({parts[0]}){rng.choice(['+', '-', '*', '/', '**'])}({parts[1]})"


def _answer(text):
    try:
        return activation(text).expression
    except ValueError as refusal:
        return str(refusal)


def _run(seed, count):
    rng = random.Random(seed)
    for i in range(count):
        text = tokens(rng) if i % 2 else sentence(rng, rng.randint(1, 4))
        assert "\n" not in _answer(text), text


@pytest.mark.parametrize("seed", range(3))
def test_random_texts(seed):
    _run(seed, 300)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(100, 110))
def test_many_random_texts(seed):
    _run(seed, 10_000)
