"""Lists the known activations, from libraries and from mathematics, as expressions with default parameters.

The dotted names of torch, jax, keras (Keras 3) and tensorflow stand for functions with the library's own defaults, in
evaluation mode: `torch.nn.GELU` is the exact form and `jax.nn.gelu` the tanh form. Arguments without a default are free
parameters. A learnable weight (PReLU) has its initial value; RReLU its mean slope; torch's Softplus leaves out its
switch to the identity past a threshold.
"""

from __future__ import annotations

import re

from temperance.theory.expressions.language import LANGUAGE, Definition, did_you_mean


def _same(names: str) -> dict[str, str]:
    """Names that the catalogue has too, in lower case."""
    return {name: name.lower() for name in names.split()}


_COMMON = _same("relu relu6 leaky_relu elu celu selu softplus gelu silu mish")
_TORCH_NN = _same("Identity ReLU ReLU6 PReLU RReLU ELU CELU SELU Softplus GELU SiLU Mish Hardswish Sigmoid LogSigmoid")
_TORCH_NN |= _same("Hardsigmoid Tanh Hardtanh Softsign Tanhshrink Softshrink Hardshrink")
_TORCH_NN |= {"LeakyReLU": "leaky_relu", "Threshold": "where(z > bound, z, value)"}
_TORCH_FUNCTIONAL = _COMMON | _same("rrelu hardswish sigmoid logsigmoid hardsigmoid tanh hardtanh softsign tanhshrink")
_TORCH_FUNCTIONAL |= _same("softshrink hardshrink")
_TORCH_FUNCTIONAL |= {"prelu": "where(z > 0, z, weight*z)", "threshold": "where(z > bound, z, value)"}
_JAX_AND_KERAS = _COMMON | _same("squareplus sparse_plus sigmoid sparse_sigmoid tanh swish hard_silu hard_swish")
_JAX_AND_KERAS |= _same("log_sigmoid hard_sigmoid hard_tanh")
_JAX_NN = _JAX_AND_KERAS | _same("identity soft_sign") | {"gelu": "gelu_tanh"}
_KERAS_OPS = _JAX_AND_KERAS | _same("softsign tanh_shrink soft_shrink hard_shrink")
_KERAS_OPS |= {"leaky_relu": "leaky_relu(z, 0.2)", "gelu": "gelu_tanh"}
_KERAS_OPS |= {"threshold": "where(z > bound, z, default_value)"}
del _KERAS_OPS["mish"]
_KERAS = _KERAS_OPS | _same("linear gelu mish exponential")
_KERAS_LAYERS = {"ReLU": "relu", "LeakyReLU": "leaky_relu(z, 0.3)", "ELU": "elu", "PReLU": "prelu(z, 0)"}
_TF_NN = _same("relu relu6 elu selu softplus gelu silu sigmoid softsign tanh")
_TF_NN |= {"leaky_relu": "leaky_relu(z, 0.2)", "swish": "swish"}
_ELEMENTARY = _same("abs sign square exp sqrt log sin cos tan sinh cosh tanh asinh acosh atanh asin acos atan")
_ELEMENTARY |= {"expm1": "exp(z) - 1", "log1p": "log(1 + z)"}
_ARC = {f"arc{name}": f"a{name}" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")}
_SPECIAL = _same("erf erfc sigmoid")
_SINC = {"sinc": "sinc(pi*z)"}

_NAMESPACES: dict[str, dict[str, str]] = {
    "torch.nn": _TORCH_NN,
    "torch.nn.functional": _TORCH_FUNCTIONAL,
    "torch": _ELEMENTARY | _ARC | _SPECIAL | _SINC | _same("relu rrelu celu selu"),
    "jax.nn": _JAX_NN,
    "jax.numpy": _ELEMENTARY | _ARC | _SINC | {"cbrt": "sign(z)*abs(z)**(1/3)"},
    "keras.activations": _KERAS,
    "keras.layers": _KERAS_LAYERS,
    "keras.ops": _KERAS_OPS,
    "tf.nn": _TF_NN,
    "tf.math": _ELEMENTARY | _SPECIAL | _same("softplus log_sigmoid"),
    "tf.keras.activations": _KERAS,
    "tf.keras.layers": _KERAS_LAYERS,
}

LIBRARY_NAMES: dict[str, str] = {
    f"{space}.{name}": meaning if "(" in meaning else f"{meaning}(z)"
    for space, names in _NAMESPACES.items()
    for name, meaning in names.items()
}
"""Dotted name -> expression of the language; a catalogue entry with its own defaults is written `name(z)`."""

_PREFIXES = {"tensorflow": "tf", "jnp": "jax.numpy", "F": "torch.nn.functional", "nn": "torch.nn"}
_OF_VECTORS = ("glu", "softmax", "logsoftmax", "softmin", "softmax2d", "multiheadattention", "sparsemax", "crelu")
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")


def refuse_dotted(name: str) -> None:
    """Do nothing for a text that is no dotted name (one that is known need not come here).

    Raises ValueError: a dotted name, in one line, with the known names that are nearest to it.
    """
    bare = name.removesuffix("()")
    if not _DOTTED.fullmatch(bare):
        return
    if bare.rpartition(".")[2].lower().replace("_", "") in _OF_VECTORS:
        raise ValueError(f"{name} is a function of a vector; accepted: functions of one number, such as torch.nn.GELU")
    first, dot, rest = bare.partition(".")
    near = did_you_mean(_PREFIXES.get(first, first) + dot + rest, LIBRARY_NAMES)
    raise ValueError(
        f"unknown activation {name!r}; {f'{near} ' if near else ''}accepted: names of `temperance catalogue --json`, "
        "without arguments, and expressions in z such as leaky_relu(z, 0.2)"
    )


_ALSO = {"exp": "exponential", "tanh": "Tanh", "atan": "arctan"}

CATALOGUE: dict[str, Definition] = {
    # rectifiers and their smooth relatives
    "identity": Definition("z", also="linear Identity"),
    "relu": Definition("max(z, 0)", also="ReLU"),
    "relu6": Definition("min(max(z, 0), 6)", also="ReLU6"),
    "leaky_relu": Definition("where(z > 0, z, negative_slope*z)", {"negative_slope": "0.01"}, also="LeakyReLU"),
    "prelu": Definition("where(z > 0, z, weight*z)", {"weight": "0.25"}, also="PReLU"),
    "rrelu": Definition("where(z > 0, z, slope*z)", {"slope": "(1/8 + 1/3)/2"}, also="RReLU"),
    "relu_squared": Definition("max(z, 0)**2", also="squared_relu"),
    "elu": Definition("where(z > 0, z, alpha*(exp(z) - 1))", {"alpha": "1"}, also="ELU"),
    "celu": Definition("where(z > 0, z, alpha*(exp(z/alpha) - 1))", {"alpha": "1"}, also="CELU"),
    "selu": Definition(
        "scale*where(z > 0, z, alpha*(exp(z) - 1))",
        {"alpha": "1.6732632423543772848170429916717", "scale": "1.0507009873554804934193349852946"},
        also="SELU",
    ),
    "softplus": Definition("log(1 + exp(beta*z))/beta", {"beta": "1"}, also="Softplus"),
    "squareplus": Definition("(z + sqrt(z**2 + b))/2", {"b": "4"}),
    "sparse_plus": Definition("where(z > 1, z, where(z > -1, (z + 1)**2/4, 0))"),
    "threshold": Definition("where(z > threshold, z, value)", {"threshold": "1", "value": "0"}, also="Threshold"),
    "hardshrink": Definition("where(abs(z) > lambd, z, 0)", {"lambd": "0.5"}, also="Hardshrink hard_shrink"),
    "softshrink": Definition(
        "where(z > lambd, z - lambd, where(z < -lambd, z + lambd, 0))", {"lambd": "0.5"}, also="Softshrink soft_shrink"
    ),
    "tanhshrink": Definition("z - tanh(z)", also="Tanhshrink tanh_shrink"),
    "bent_identity": Definition("(sqrt(z**2 + 1) - 1)/2 + z"),
    # gated by a sigmoid or the like
    "gelu": Definition("z*(1 + erf(z/sqrt(2)))/2", also="GELU"),
    "gelu_tanh": Definition("z*(1 + tanh(sqrt(2/pi)*(z + 0.044715*z**3)))/2", also="gelu_new"),
    "quick_gelu": Definition("z/(1 + exp(-1.702*z))"),
    "silu": Definition("z/(1 + exp(-beta*z))", {"beta": "1"}, also="SiLU swish"),
    "dsilu": Definition("(1 + z/(1 + exp(z)))/(1 + exp(-z))"),
    "hardswish": Definition("z*min(max(z + 3, 0), 6)/6", also="Hardswish hard_swish hard_silu"),
    "mish": Definition("z*tanh(log(1 + exp(z)))", also="Mish"),
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
    "sigmoid": Definition("1/(1 + exp(-z))", also="Sigmoid logistic expit"),
    "logsigmoid": Definition("-log(1 + exp(-z))", also="LogSigmoid log_sigmoid"),
    "hardsigmoid": Definition("min(max(z + 3, 0), 6)/6", also="Hardsigmoid hard_sigmoid"),
    "sparse_sigmoid": Definition("where(z > 1, 1, where(z > -1, (z + 1)/2, 0))"),
    "hardtanh": Definition(
        "where(z > max_val, max_val, where(z < min_val, min_val, z))",
        {"min_val": "-1", "max_val": "1"},
        also="Hardtanh hard_tanh",
    ),
    "softsign": Definition("z/(1 + abs(z))", also="Softsign soft_sign"),
    "lecun_tanh": Definition("1.7159*tanh(2*z/3)"),
    "isru": Definition("z/sqrt(1 + alpha*z**2)", {"alpha": "1"}),
    "isrlu": Definition("where(z > 0, z, z/sqrt(1 + alpha*z**2))", {"alpha": "1"}),
    "cloglog": Definition("1 - exp(-exp(z))"),
    "gaussian": Definition("exp(-z**2)"),
    "sech": Definition("1/cosh(z)"),
    "cauchy": Definition("1/(1 + z**2)", also="inverse_quadratic"),
    "step": Definition("where(z > 0, 1, 0)", also="heaviside binary_step"),
    # mathematical
    "constant": Definition("1"),
    "square": Definition("z**2"),
    "cube": Definition("z**3"),
    "abs": Definition("where(z > 0, z, -z)"),
    "sign": Definition("where(z > 0, 1, where(z < 0, -1, 0))"),
    "log_abs": Definition("log(abs(z))"),
    "log1p_square": Definition("log(1 + z**2)"),
    "log1p_abs": Definition("log(1 + abs(z))"),
    "symlog": Definition("sign(z)*log(1 + abs(z))"),
    "log_cosh": Definition("log(cosh(z))", also="logcosh"),
    "hypot1": Definition("sqrt(1 + z**2)"),
    "sinc": Definition("sin(z)/z"),
    **{name: Definition(f"{name}(z)", also=_ALSO.get(name, "")) for name in LANGUAGE},
}

ALIASES: dict[str, tuple[str, ...]] = {
    name: (
        *also,
        *(dotted for dotted, meaning in LIBRARY_NAMES.items() if meaning in {f"{n}(z)" for n in (name, *also)}),
    )
    for name, also in ((name, definition.also.split()) for name, definition in CATALOGUE.items())
}

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
