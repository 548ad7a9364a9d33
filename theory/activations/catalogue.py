"""Lists the known activations, from libraries and from mathematics, as expressions with default parameters.

The dotted names of theory.activations.library_names use the defaults of their library.
"""

from __future__ import annotations

from temperance.theory.activations.library_names import LIBRARY_NAMES
from temperance.theory.activations.parser import Definition

CATALOGUE: dict[str, Definition] = {
    # rectifiers and their smooth relatives
    "identity": Definition("z"),
    "relu": Definition("max(z, 0)"),
    "relu6": Definition("min(max(z, 0), 6)"),
    "leaky_relu": Definition("where(z > 0, z, negative_slope*z)", {"negative_slope": "0.01"}),
    "prelu": Definition("where(z > 0, z, weight*z)", {"weight": "0.25"}),
    "rrelu": Definition("where(z > 0, z, slope*z)", {"slope": "(1/8 + 1/3)/2"}),
    "relu_squared": Definition("max(z, 0)**2"),
    "elu": Definition("where(z > 0, z, alpha*(exp(z) - 1))", {"alpha": "1"}),
    "celu": Definition("where(z > 0, z, alpha*(exp(z/alpha) - 1))", {"alpha": "1"}),
    "selu": Definition(
        "scale*where(z > 0, z, alpha*(exp(z) - 1))",
        {"alpha": "1.6732632423543772848170429916717", "scale": "1.0507009873554804934193349852946"},
    ),
    "softplus": Definition("log(1 + exp(beta*z))/beta", {"beta": "1"}),
    "squareplus": Definition("(z + sqrt(z**2 + b))/2", {"b": "4"}),
    "sparse_plus": Definition("where(z > 1, z, where(z > -1, (z + 1)**2/4, 0))"),
    "threshold": Definition("where(z > threshold, z, value)", {"threshold": "1", "value": "0"}),
    "hardshrink": Definition("where(abs(z) > lambd, z, 0)", {"lambd": "0.5"}),
    "softshrink": Definition("where(z > lambd, z - lambd, where(z < -lambd, z + lambd, 0))", {"lambd": "0.5"}),
    "tanhshrink": Definition("z - tanh(z)"),
    "bent_identity": Definition("(sqrt(z**2 + 1) - 1)/2 + z"),
    # gated by a sigmoid or the like
    "gelu": Definition("z*(1 + erf(z/sqrt(2)))/2"),
    "gelu_tanh": Definition("z*(1 + tanh(sqrt(2/pi)*(z + 0.044715*z**3)))/2"),
    "quick_gelu": Definition("z/(1 + exp(-1.702*z))"),
    "silu": Definition("z/(1 + exp(-beta*z))", {"beta": "1"}),
    "dsilu": Definition("(1 + z/(1 + exp(z)))/(1 + exp(-z))"),
    "hardswish": Definition("z*min(max(z + 3, 0), 6)/6"),
    "mish": Definition("z*tanh(log(1 + exp(z)))"),
    "tanhexp": Definition("z*tanh(exp(z))"),
    "serf": Definition("z*erf(log(1 + exp(z)))"),
    "phish": Definition("z*tanh(z*(1 + erf(z/sqrt(2)))/2)"),
    "smish": Definition("z*tanh(log(1 + 1/(1 + exp(-z))))"),
    "logish": Definition("z*log(1 + 1/(1 + exp(-z)))"),
    "esh": Definition("z*tanh(1/(1 + exp(-z)))"),
    "elish": Definition("where(z > 0, z, exp(z) - 1)/(1 + exp(-z))"),
    "gcu": Definition("z*cos(z)"),
    "snake": Definition("z + sin(alpha*z)**2/alpha", {"alpha": "1"}),
    # bounded
    "sigmoid": Definition("1/(1 + exp(-z))"),
    "logsigmoid": Definition("-log(1 + exp(-z))"),
    "hardsigmoid": Definition("min(max(z + 3, 0), 6)/6"),
    "sparse_sigmoid": Definition("where(z > 1, 1, where(z > -1, (z + 1)/2, 0))"),
    "hardtanh": Definition(
        "where(z > max_val, max_val, where(z < min_val, min_val, z))", {"min_val": "-1", "max_val": "1"}
    ),
    "softsign": Definition("z/(1 + abs(z))"),
    "lecun_tanh": Definition("1.7159*tanh(2*z/3)"),
    "isru": Definition("z/sqrt(1 + alpha*z**2)", {"alpha": "1"}),
    "isrlu": Definition("where(z > 0, z, z/sqrt(1 + alpha*z**2))", {"alpha": "1"}),
    "cloglog": Definition("1 - exp(-exp(z))"),
    "gaussian": Definition("exp(-z**2)"),
    "sech": Definition("1/cosh(z)"),
    "cauchy": Definition("1/(1 + z**2)"),
    "step": Definition("where(z > 0, 1, 0)"),
    # mathematical
    "constant": Definition("1"),
    "square": Definition("z**2"),
    "cube": Definition("z**3"),
    "abs": Definition("abs(z)"),
    "sign": Definition("sign(z)"),
    "exp": Definition("exp(z)"),
    "log": Definition("log(z)"),
    "log_abs": Definition("log(abs(z))"),
    "log1p_square": Definition("log(1 + z**2)"),
    "log1p_abs": Definition("log(1 + abs(z))"),
    "symlog": Definition("sign(z)*log(1 + abs(z))"),
    "log_cosh": Definition("log(cosh(z))"),
    "hypot1": Definition("sqrt(1 + z**2)"),
    "sqrt": Definition("sqrt(z)"),
    "sin": Definition("sin(z)"),
    "cos": Definition("cos(z)"),
    "tan": Definition("tan(z)"),
    "sinc": Definition("sin(z)/z"),
    "sinh": Definition("sinh(z)"),
    "cosh": Definition("cosh(z)"),
    "tanh": Definition("tanh(z)"),
    "asin": Definition("asin(z)"),
    "acos": Definition("acos(z)"),
    "atan": Definition("atan(z)"),
    "asinh": Definition("asinh(z)"),
    "acosh": Definition("acosh(z)"),
    "atanh": Definition("atanh(z)"),
    "erf": Definition("erf(z)"),
    "erfc": Definition("erfc(z)"),
    "LambertW": Definition("LambertW(z)"),
    "gamma": Definition("gamma(z)"),
    "loggamma": Definition("loggamma(z)"),
}

_OTHER_NAMES: dict[str, str] = {
    "identity": "linear Identity",
    "relu": "ReLU",
    "relu6": "ReLU6",
    "leaky_relu": "LeakyReLU",
    "prelu": "PReLU",
    "rrelu": "RReLU",
    "relu_squared": "squared_relu",
    "elu": "ELU",
    "celu": "CELU",
    "selu": "SELU",
    "softplus": "Softplus",
    "threshold": "Threshold",
    "hardshrink": "Hardshrink hard_shrink",
    "softshrink": "Softshrink soft_shrink",
    "tanhshrink": "Tanhshrink tanh_shrink",
    "gelu": "GELU",
    "gelu_tanh": "gelu_new",
    "silu": "SiLU swish",
    "hardswish": "Hardswish hard_swish hard_silu",
    "mish": "Mish",
    "sigmoid": "Sigmoid logistic expit",
    "logsigmoid": "LogSigmoid log_sigmoid",
    "hardsigmoid": "Hardsigmoid hard_sigmoid",
    "hardtanh": "Hardtanh hard_tanh",
    "softsign": "Softsign soft_sign",
    "step": "heaviside binary_step",
    "exp": "exponential",
    "tanh": "Tanh",
    "atan": "arctan",
    "log_cosh": "logcosh",
    "cauchy": "inverse_quadratic",
}


def _aliases(name: str) -> tuple[str, ...]:
    dotted = (known for known, meaning in LIBRARY_NAMES.items() if meaning == f"{name}(z)")
    return (*_OTHER_NAMES.get(name, "").split(), *dotted)


ALIASES: dict[str, tuple[str, ...]] = {name: _aliases(name) for name in CATALOGUE}

# every name that means an activation, as an expression
NAMED: dict[str, str] = {
    **{name: f"{name}(z)" for name in CATALOGUE},
    **{alias: f"{name}(z)" for name, aliases in ALIASES.items() for alias in aliases},
    **LIBRARY_NAMES,
}

# every name that can be called in an expression
FUNCTIONS: dict[str, Definition] = {
    **CATALOGUE,
    **{a: CATALOGUE[name] for name, aliases in ALIASES.items() for a in aliases if a.isidentifier()},
}
