"""Says where the mean of an expert is linear, and finds coordinates in which it is (theory 5.4.1).

Example: ``linear_in(h * (x - g)**2 + c, (h, g, c), point, 1).functions`` is (h, g*h, c + g**2*h).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import sympy as sp

from temperance.theory.expressions import balls
from temperance.theory.models.experts import mean_of, normal
from temperance.theory.models.form import merged, separated
from temperance.theory.models.order import Quantity
from temperance.theory.models.spec import NU, Expert, MoESpec, covariates
from temperance.theory.models.truth import Setting, Values


@dataclass(frozen=True)
class Coordinates:
    """The mean is sum_j phi_j(eta) e_j, and phi is invertible near the true eta.

    parameters: eta. functions: phi. slopes: e_j, of x and of what is not in eta. inverse: the derivatives of eta by
    phi, as functions of eta. names: of the coordinates, the parameter itself or a new one.
    """

    parameters: tuple[sp.Symbol, ...]
    functions: tuple[sp.Expr, ...]
    slopes: tuple[sp.Expr, ...]
    inverse: sp.ImmutableMatrix
    names: tuple[sp.Symbol, ...]

    def __str__(self) -> str:
        """The mean, and the coordinates that are no parameters."""
        new = [f"{n} = {phi}" for n, phi in zip(self.names, self.functions, strict=True) if n != phi]
        return f"{self.mean} with {', '.join(new)}"

    @cached_property
    def mean(self) -> sp.Expr:
        """The mean as a function of the coordinates."""
        return sp.Add(*(n * e for n, e in zip(self.names, self.slopes, strict=True)))

    def rational_at(self, point: Values) -> Coordinates:
        """The same, over their values where these are no rational numbers at a point."""
        values = [phi.subs(point) for phi in self.functions]
        scale = [sp.S.One if v.is_Rational else v for v in values]
        functions = tuple(phi / c for phi, c in zip(self.functions, scale, strict=True))
        slopes = tuple(e * c for e, c in zip(self.slopes, scale, strict=True))
        return replace(self, functions=functions, slopes=slopes, inverse=self.inverse * sp.diag(*scale))

    def expert(self, spec: MoESpec) -> Expert:
        """The expert of a model in these coordinates."""
        rest = tuple(p for p in spec.expert.parameters if p not in self.parameters)
        return Expert(str(self.mean), normal(self.mean), (*self.names, *rest), spec.expert.constants)

    def setting(self, cell: Setting) -> Setting:
        """A setting in these coordinates."""
        spec = cell.spec
        atoms = tuple(
            {p: v for p, v in atom.items() if p not in self.parameters}
            | {n: phi.subs(atom) for n, phi in zip(self.names, self.functions, strict=True)}
            for atom in cell.truth.atoms
        )
        return replace(cell, truth=replace(cell.truth, spec=replace(spec, expert=self.expert(spec)), atoms=atoms))

    def orders(self, bounds: Mapping[Quantity, Fraction], points: Sequence[Values]) -> dict[Quantity, Fraction]:
        """The bounds of eta at these true points that follow from those of phi, and those of all else.

        An offset of eta is a sum of offsets of phi, and of products of two of them or more; products are as small as
        their factors say, in the mean as well.
        """
        result = {of: r for of, r in bounds.items() if of.name not in {n.name for n in self.names}}

        def power(j: int, *, is_mean: bool = False) -> Fraction:
            """w with |offset of phi_j|^(1/w) = O(distance), 0 where none is known."""
            orders = [bounds[of] for m in {False, is_mean} if (of := Quantity(self.names[j].name, m)) in bounds]
            return 1 / min(orders) if orders else Fraction(0)

        for i, p in enumerate(self.parameters):
            first = [
                j for j, e in enumerate(self.inverse.row(i)) if not all(balls.is_zero(e.subs(at)) for at in points)
            ]
            products = [power(j) + power(k) for j, k in self._bends(i)]
            for is_mean in (False, True):
                if least := min([*products, *(power(j, is_mean=is_mean) for j in first)]):
                    result[Quantity(p.name, is_mean)] = max(Fraction(1), 1 / least)
        return result

    def _bends(self, i: int) -> list[tuple[int, int]]:
        """The pairs of coordinates by which the second derivative of a parameter is not 0 everywhere."""
        slopes = self.inverse.row(i).jacobian(self.parameters) * self.inverse
        return [(j, k) for j in range(slopes.rows) for k in range(slopes.cols) if not balls.is_zero(slopes[j, k])]


def linear_in(spec: MoESpec, parameters: Sequence[sp.Symbol], points: Sequence[Values]) -> Coordinates | None:
    """The coordinates, as many as these parameters; None where none are found, or they are not invertible at a point.

    points: true ones; without any, a generic one is taken.

    The mean is multiplied out, and a sum of products of a function of x and a function of the parameters.
    """
    mean = mean_of(spec.expert)
    if mean is None or mean.has(sp.Piecewise) or not parameters:
        return None
    others = tuple({*covariates(spec.dim), *mean.free_symbols} - {*parameters})
    terms = separated(sp.expand(mean, trig=True), others, parameters)
    parts = merged(terms) if terms is not None else {}
    if len(parts) != len(parameters) or any(not phi.has(*parameters) for phi in parts):
        return None
    slopes = sp.Matrix([*parts]).jacobian(parameters)
    det = slopes.det()
    if balls.is_zero(det) or not all(balls.is_nonzero(balls.value(det.subs(at), {})) for at in points):
        return None
    stem, used = "phi", {p.name for p in spec.parameters}
    while used & {f"{stem}{j}" for j in range(1, len(parts) + 1)}:
        stem += "i"
    names = (phi if phi.is_Symbol else sp.Symbol(f"{stem}{j}", real=True) for j, phi in enumerate(parts, 1))
    inverse = sp.ImmutableMatrix(slopes.inv().applyfunc(sp.simplify))
    return Coordinates(tuple(parameters), tuple(parts), tuple(parts.values()), inverse, tuple(names))


(X,) = covariates(1)


def is_linear(cell: Setting) -> bool:
    """Whether the mean is a sum of parameters times functions of x, of one formula."""
    slopes = [sp.diff(cell.mean, p) for p in cell.expert if p != NU]
    return not cell.mean.has(sp.Piecewise) and not any(sp.expand(f).has(*cell.expert) for f in slopes)


def degree(slope: sp.Expr, dim: int) -> int | None:
    """The degree of a polynomial in x; None for any other function."""
    x = covariates(dim)
    return sp.total_degree(slope, *x) if slope.is_polynomial(*x) else None
