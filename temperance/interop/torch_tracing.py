"""Traces torch functions and modules of one number to expressions, node by node of their torch.fx graph."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import sympy as sp

from temperance.interop.formulas import COMMON, Value, choose, expression, named, number, unsupported
from temperance.theory.expressions.formulas import Z


def is_module(source: object) -> bool:
    """Whether something is a torch.nn.Module, or a class of them."""
    import torch

    kind = source if isinstance(source, type) else type(source)
    return issubclass(kind, torch.nn.Module)


def settled(source: Any) -> Any:
    """A function as it is; a copy of a module in evaluation mode; a class of modules with its default arguments."""
    if not is_module(source):
        return source
    try:
        return (source() if isinstance(source, type) else copy.deepcopy(source)).eval()
    except TypeError as error:
        raise ValueError(f"{source.__name__} needs arguments: give a module, not its class ({error})") from error


def trace(source: Any) -> sp.Expr:
    """The expression in z that a torch function, module or class of modules computes, in evaluation mode.

    Raises ValueError if it cannot be traced, is no function of one number, or uses an operation without a formula here.
    """
    return expression(run(settled(source), Z))


def values(source: Any, points: np.ndarray) -> np.ndarray:
    """Its own values at points (n,), in double precision."""
    import torch

    function = settled(source)
    if is_module(source):
        function = function.double()
    with torch.no_grad():
        return np.array([float(function(torch.tensor([point], dtype=torch.float64))) for point in points])


def walk(function: Any, argument: Any, reader: Any) -> Any:
    """What a module, or any other callable, makes of its argument, node by node of its graph.

    reader: gives the values of nodes, by `parameter(name, tensor)`, `module(name, module, *arguments, **options)` and
    `operation(name, arguments, options)`. Raises ValueError if it cannot be traced.
    """
    from torch import fx

    class Interpreter(fx.Interpreter):
        def get_attr(self, target: Any, *_: Any) -> Any:
            return reader.parameter(target, self.fetch_attr(target))

        def call_module(self, target: Any, arguments: Any, options: Any) -> Any:
            return reader.module(target, self.fetch_attr(target), *arguments, **options)

        def call_function(self, target: Any, arguments: Any, options: Any) -> Any:
            return reader.operation(target.__name__, arguments, options)

        def call_method(self, target: Any, arguments: Any, options: Any) -> Any:
            return reader.operation(target, arguments, options)

    tracer = fx.Tracer()
    try:
        graph = tracer.trace(function if is_module(function) else lambda z: function(z))
    except Exception as error:  # whatever the user's function raises
        reason = (str(error).splitlines() or [""])[0]
        raise ValueError(f"torch.fx cannot trace it ({type(error).__name__}: {reason})") from error
    _, *more = (node for node in graph.nodes if node.op == "placeholder")
    if not all(node.args for node in more):  # without a default
        raise ValueError("it takes more than one argument")
    interpreter = Interpreter(tracer.root, graph=graph)
    interpreter.extra_traceback = False  # errors keep their messages
    return interpreter.run(argument)


class _Scalars:
    """Reads graphs of one number."""

    def parameter(self, name: str, tensor: Any) -> sp.Expr:
        return number(tensor.detach().numpy())

    def module(self, name: str, module: Any, *arguments: Any, **options: Any) -> Value:
        return run(module, *arguments, **options)

    def operation(self, name: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> Value:
        return apply(name, arguments, options)


def run(function: Any, argument: Value) -> Value:
    """The result of a module, or of any other callable, for a traced argument."""
    return walk(function, argument, _Scalars())


def apply(written: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> Value:
    """The value of a torch operation, by its name. Raises ValueError for one without a formula."""
    name = written.removeprefix("special_").strip("_")
    operation = _OPERATIONS.get(_SYNONYMS.get(name, name))
    if operation is None:
        raise unsupported("torch", written)
    keywords = {key: value for key, value in options.items() if key not in ("input", "inplace")}
    try:
        return operation(*([options["input"]] if "input" in options else ()), *arguments, **keywords)
    except TypeError as error:
        raise ValueError(f"the torch operation {written!r} has no formula with these arguments ({error})") from error


def _clamp(value: Value, min: Any = None, max: Any = None) -> Value:
    raised = value if min is None else COMMON["max"](value, min)
    return raised if max is None else COMMON["min"](raised, max)


def _rrelu(value: Value, lower: Any = 1 / 8, upper: Any = 1 / 3, training: bool = False, *_: Any) -> Value:
    return _not_random("rrelu", named("leaky_relu")(value, (number(lower) + number(upper)) / 2), training)


def _not_random(name: str, value: Value, training: bool) -> Value:
    if training:
        raise ValueError(f"the torch operation {name!r} is random in training; accepted: training=False")
    return value


_PLAIN = ("relu", "relu6", "selu", "silu", "mish", "hardswish", "sigmoid", "logsigmoid", "hardsigmoid", "softsign")
_SYNONYMS = {
    **{"truediv": "div", "true_divide": "div", "divide": "div", "multiply": "mul", "subtract": "sub"},
    **{"negative": "neg"},
    **{"logical_and": "and", "bitwise_and": "and", "logical_or": "or", "bitwise_or": "or"},
    **{"invert": "not", "logical_not": "not", "bitwise_not": "not", "greater": "gt", "greater_equal": "ge"},
    **{"less": "lt", "less_equal": "le", "not_equal": "ne", "maximum": "max", "minimum": "min", "absolute": "abs"},
    **{"arcsin": "asin", "arccos": "acos", "arctan": "atan", "arcsinh": "asinh", "arccosh": "acosh"},
    **{"arctanh": "atanh", "expit": "sigmoid", "log_sigmoid": "logsigmoid", "clip": "clamp", "sgn": "sign"},
}
_OPERATIONS: dict[str, Callable[..., Value]] = {
    **COMMON,
    **{name: lambda value, inplace=False, name=name: named(name)(value) for name in _PLAIN},
    "tanhshrink": named("tanhshrink"),
    "sinc": lambda value: named("sinc")(sp.pi * expression(value)),
    "reciprocal": lambda value: 1 / expression(value),
    "where": choose,
    "clamp": _clamp,
    "hardtanh": lambda value, min_val=-1, max_val=1, inplace=False: _clamp(value, min_val, max_val),
    "gelu": lambda value, approximate="none": named("gelu" if approximate == "none" else "gelu_tanh")(value),
    "rrelu": _rrelu,
    "dropout": lambda value, p=0.5, training=True, *_: _not_random("dropout", value, training),
    "leaky_relu": lambda value, negative_slope=0.01, inplace=False: named("leaky_relu")(value, negative_slope),
    "prelu": named("prelu"),
    "elu": lambda value, alpha=1, inplace=False: named("elu")(value, alpha),
    "celu": lambda value, alpha=1, inplace=False: named("celu")(value, alpha),
    "softplus": lambda value, beta=1, threshold=20: named("softplus")(value, beta),
    "threshold": lambda value, threshold, value_below, inplace=False: named("threshold")(value, threshold, value_below),
    "hardshrink": lambda value, lambd=0.5: named("hardshrink")(value, lambd),
    "softshrink": lambda value, lambd=0.5: named("softshrink")(value, lambd),
    "zeros_like": lambda value: sp.S.Zero,
    "ones_like": lambda value: sp.S.One,
    "full_like": lambda value, fill_value: number(fill_value),
    **dict.fromkeys(("pos", "positive", "float", "double", "clone", "contiguous", "detach"), lambda value, *_: value),
}
