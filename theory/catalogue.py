"""The catalogue: activations under the names of torch.nn, jax.nn and keras, written in the expression language."""

from __future__ import annotations

from theory.parser import Definition

CATALOGUE: dict[str, Definition] = {
    "identity": Definition("z"),
    "relu": Definition("max(z, 0)"),
    "leaky_relu": Definition("where(z > 0, z, negative_slope*z)", {"negative_slope": "0.01"}),
    "elu": Definition("where(z > 0, z, alpha*(exp(z) - 1))", {"alpha": "1"}),
    "softplus": Definition("log(1 + exp(beta*z))/beta", {"beta": "1"}),
    "sigmoid": Definition("1/(1 + exp(-z))"),
    "gelu": Definition("z*(1 + erf(z/sqrt(2)))/2"),
    "silu": Definition("z/(1 + exp(-z))"),
    "tanh": Definition("tanh(z)"),
    "mish": Definition("z*tanh(log(1 + exp(z)))"),
}

ALIASES: dict[str, str] = {"linear": "identity", "swish": "silu", "logistic": "sigmoid"}
