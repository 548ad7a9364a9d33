"""Traces jax functions of one number to expressions, equation by equation of their jaxpr."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import sympy as sp

from temperance.interop.formulas import COMMON, Value, choose, condition, expression, number, unsupported
from temperance.theory.expressions.formulas import Z

_CALLS = (
    *("jit", "pjit", "closed_call", "core_call", "remat", "remat2", "checkpoint"),
    *("custom_jvp_call", "custom_vjp_call", "custom_vjp_call_jaxpr"),
)
_BODIES = ("jaxpr", "call_jaxpr", "fun_jaxpr")


def double() -> AbstractContextManager[None]:
    """Within it jax computes in double precision, whatever the user has configured."""
    import jax

    if hasattr(jax, "enable_x64"):
        return jax.enable_x64(True)
    from jax.experimental import enable_x64

    return enable_x64()


def trace(function: Callable[[Any], Any]) -> sp.Expr:
    """The expression in z that a jax function of a scalar computes.

    Raises ValueError if it cannot be traced, is no function of one number, or uses an operation without a formula here.
    """
    import jax

    with double():
        try:
            closed = jax.make_jaxpr(function)(0.5)
        except Exception as error:  # whatever the user's function raises
            reason = (str(error).splitlines() or [""])[0]
            raise ValueError(f"jax cannot trace this function ({type(error).__name__}: {reason})") from error
    if [getattr(v.aval, "shape", None) for v in closed.jaxpr.outvars] != [()]:
        raise ValueError("the function does not return one number for one number")
    return expression(_run(closed, [Z])[0])


def values(function: Callable[[Any], Any], points: np.ndarray) -> np.ndarray:
    """The function's own values at points (n,), in double precision."""
    import jax.numpy as jnp

    with double():
        return np.array([float(function(jnp.asarray(point))) for point in points])


def _run(body: Any, arguments: Sequence[Value]) -> list[Value]:
    """The results of a jaxpr, closed or open, for traced arguments."""
    jaxpr = getattr(body, "jaxpr", body)
    environment: dict[Any, Value] = dict(zip(jaxpr.invars, arguments, strict=True))
    environment |= {v: _constant(c) for v, c in zip(jaxpr.constvars, getattr(body, "consts", ()), strict=True)}

    def read(atom: Any) -> Value:
        return _constant(atom.val) if hasattr(atom, "val") else environment[atom]

    for equation in jaxpr.eqns:
        results = _apply(equation, [read(atom) for atom in equation.invars])
        environment |= dict(zip(equation.outvars, results, strict=True))
    return [read(atom) for atom in jaxpr.outvars]


def _constant(value: Any) -> Value:
    array = np.asarray(value)
    return sp.sympify(bool(array)) if array.dtype == bool and array.size == 1 else number(value)


def _apply(equation: Any, arguments: list[Value]) -> list[Value]:
    name, parameters = equation.primitive.name, equation.params
    if name in _CALLS:
        return _run(next(parameters[key] for key in _BODIES if key in parameters), arguments)
    if name not in _OPERATIONS:
        raise unsupported("jax", name)
    return [_OPERATIONS[name](*arguments, **{key: parameters[key] for key in _PARAMETERS.get(name, ())})]


def _converted(value: Value, new_dtype: Any) -> Value:
    kind = np.dtype(new_dtype).kind
    if kind == "b":
        return condition(value)
    rounds = kind in "iu" and isinstance(value, sp.Expr) and not value.is_Integer
    if rounds or kind == "c":
        raise unsupported("jax", f"convert_element_type to {new_dtype}")
    return expression(value)


def _selected(which: Value, *cases: Value) -> Value:
    if isinstance(which, sp.Expr) or len(cases) != 2:
        raise unsupported("jax", "select_n by a number")
    return choose(which, cases[1], cases[0])


_OPERATIONS: dict[str, Callable[..., Value]] = {
    **COMMON,
    "add_any": COMMON["add"],
    "integer_pow": lambda base, y: COMMON["pow"](base, y),
    "convert_element_type": _converted,
    "select_n": _selected,
    "clamp": lambda low, value, high: COMMON["min"](COMMON["max"](value, low), high),
    "is_finite": lambda value: sp.true,
    **dict.fromkeys(("copy", "copy_p", "stop_gradient", "broadcast_in_dim", "reshape", "squeeze"), lambda value: value),
}
_PARAMETERS = {"integer_pow": ("y",), "convert_element_type": ("new_dtype",)}
