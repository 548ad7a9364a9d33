"""Mixtures with numbers for parameters, and how far the densities of two are apart."""

from functools import cache

import mpmath as mp
import sympy as sp

from temperance.theory.models.spec import Y, covariates, symbolic_density


@cache
def _log_density(spec, k):
    """As a function of numbers, by names that Python reads, and its parameters."""
    log_density, parameters = symbolic_density(spec, k)
    names = {s: sp.Symbol(f"v{i}", real=True) for i, s in enumerate((*covariates(spec.dim), Y, *parameters))}
    return sp.lambdify([*names.values()], log_density.xreplace(names), "mpmath"), parameters


def numbers(spec, k):
    """A number for every parameter of a mixture of k atoms."""
    _, parameters = _log_density(spec, k)
    return {p: sp.Rational(j * j + 3, 2 * j + 5) for j, p in enumerate(parameters)}


def distance(spec, k, values, other):
    """Largest difference of two log densities over a few observations, at 45 digits."""
    (f, parameters), changes = _log_density(spec, k), []
    with mp.workdps(45):
        one, two = ([mp.mpmathify(sp.N(at[p], 50)) for p in parameters] for at in (values, other))
        for i, at in enumerate((mp.mpf(-2), -mp.mpf(1) / 3, mp.mpf(3) / 2)):
            place = [*(at + j for j in range(spec.dim)), mp.mpf(i) / 2]
            changes.append(abs(f(*place, *one) - f(*place, *two)))
    return max(changes)
