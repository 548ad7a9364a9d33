"""Says of which settings the mean is linear in its parameters."""

from __future__ import annotations

import sympy as sp

from temperance.theory.models.spec import NU, covariates
from temperance.theory.settings.truth import Setting

(X,) = covariates(1)


def is_linear(cell: Setting) -> bool:
    """Whether the mean is a polynomial in x that is linear in the parameters."""
    x, slopes = covariates(cell.spec.dim), [p for p in cell.expert if p != NU]
    return bool(cell.mean.is_polynomial(*x, *slopes)) and sp.Poly(cell.mean, *slopes).total_degree() == 1
