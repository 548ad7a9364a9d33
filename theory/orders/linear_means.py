"""Says of which settings the mean is linear in its parameters."""

from __future__ import annotations

import sympy as sp

from temperance.theory.models.spec import NU, covariates
from temperance.theory.settings.truth import Setting

(X,) = covariates(1)


def is_linear(cell: Setting) -> bool:
    """Whether the mean is a sum of parameters times functions of x, of one formula."""
    slopes = [sp.diff(cell.mean, p) for p in cell.expert if p != NU]
    return not cell.mean.has(sp.Piecewise) and not any(sp.expand(f).has(*cell.expert) for f in slopes)


def degree(slope: sp.Expr, dim: int) -> int | None:
    """The degree of a polynomial in x; None for any other function."""
    x = covariates(dim)
    return sp.total_degree(slope, *x) if slope.is_polynomial(*x) else None
