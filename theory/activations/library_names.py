"""Maps the dotted names of torch, jax, keras and tensorflow to expressions.

Each name stands for the function with the library's own defaults, in evaluation mode: `torch.nn.GELU` is the exact
form and `jax.nn.gelu` the tanh form. Arguments without a default are free parameters. A learnable weight (PReLU) has
its initial value; RReLU its mean slope; torch's Softplus leaves out its switch to the identity past a threshold.
keras is Keras 3 (hard_sigmoid is relu6(z + 3)/6), and tf.keras is the same.
"""

from __future__ import annotations

import re

from temperance.theory.expressions.language import did_you_mean


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

    Raises:
        ValueError: a dotted name, in one line, with the known names that are nearest to it.
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
