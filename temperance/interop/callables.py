"""Turns callables of torch and jax into activations: traces them to an expression and compares it with the callable.

Neither library is loaded before a callable is given; the extra `[interop]` installs both.

Example: ``activation(torch.nn.GELU()).name`` is ``'gelu(z)'``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any, TypeAlias

import sympy as sp

from temperance.theory.activations import activation as activations
from temperance.theory.activations.activation import Activation

_LIBRARIES = ("jax", "torch")
_AGREE = 1e-6

Source: TypeAlias = str | sp.Expr | Activation | Callable[[Any], Any]


def activation(source: Source) -> Activation:
    """The activation that a name, an expression, a SymPy expression, or a callable of torch or jax describes.

    A callable is traced (torch.fx, in evaluation mode; jax.make_jaxpr) to an expression, which is the activation's
    name. Floats in it are read as decimals (0.01 is 1/100), and the forms that serve rounding as what they stand for:
    torch's Softplus has no switch to the identity. Before it is returned the expression is compared with the callable
    at 97 points of [-7.2, 7.4].

    Args:
        source: what `activations.activation` takes, a torch.nn.Module or a class of them, or a function of torch
            or jax that maps one number to one number.

    Raises:
        ValueError: no activation; or a callable that cannot be traced, with the operation that has no formula.

    Example: ``activation(lambda z: z * jax.numpy.tanh(z)).expression`` is ``'z*tanh(z)'``.
    """
    if not callable(source) or isinstance(source, sp.Basic):
        return activations.activation(source)
    refusals = []
    for tracer in _tracers(source):
        try:
            return _compared(source, tracer)
        except ValueError as error:
            refusals.append(str(error))
    if not refusals:
        raise ValueError("a callable is traced by torch or jax, and neither is loaded; accepted: functions of these")
    raise ValueError("; or ".join(refusals))


def _tracers(source: Any) -> list[ModuleType]:
    """The tracers that may know a callable: of the library that it comes from, else of those that are loaded."""
    kinds = (source if isinstance(source, type) else type(source)).__mro__
    homes = [str(getattr(thing, "__module__", "")) for thing in (source, *kinds)]
    own = [library for library in _LIBRARIES if any(home.startswith(library) for home in homes)]
    libraries = own or [library for library in _LIBRARIES if library in sys.modules]
    return [import_module(f"temperance.interop.{library}_tracing") for library in libraries]


def _compared(source: Any, tracer: ModuleType) -> Activation:
    """The activation that a tracer finds, if it has the callable's own values.

    Raises ValueError if it cannot be traced, or the values are others.
    """
    import numpy as np  # only callables are evaluated: names and expressions load no NumPy

    from temperance.numerics.mixture.activation_numpy import compile_activation

    points = np.linspace(-7.13, 7.31, 97)  # away from round numbers, where kinks and jumps are
    traced = activations.activation(tracer.trace(source))
    (ours,) = compile_activation(traced)(points, order=0)
    theirs = tracer.values(source, points)
    same = np.isclose(ours, theirs, rtol=_AGREE, atol=_AGREE, equal_nan=True)
    if not same.all():
        where = int(np.flatnonzero(~same)[0])
        raise ValueError(
            f"the traced expression {traced.expression!r} is not the function: at z = {points[where]:.6g} it is "
            f"{ours[where]:.6g}, the function {theirs[where]:.6g}"
        )
    return traced
