"""Finds certificates of learning coefficients: bounds of monomials, and the exact linear programs between them.

The bounds are those of the reduced equations of a cell of two (theory.md 2.8), in coordinates in which Phi_3(0) is a
product; the checker proves all of it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import combinations
from typing import Any

import sympy as sp
from flint import fmpq, fmpq_poly

from temperance.theory.checker.coefficient_checker import FORMAT, check, parameters, statement
from temperance.theory.checker.rejected import objection
from temperance.theory.coefficients.coefficient import Coefficient
from temperance.theory.models.form import intercept
from temperance.theory.models.spec import NU
from temperance.theory.orders.branch_and_bound import Bound, Monomial, System
from temperance.theory.orders.dual_simplex import Row, minimise
from temperance.theory.orders.gate_orders import quadratic
from temperance.theory.orders.split_cell import Exponents, Reduced, Terms, reduce
from temperance.theory.orders.taylor import NotRational
from temperance.theory.orders.upper_bounds import REACH, model_as_text, step_as_json
from temperance.theory.settings.reasons import Reason, ReasonKind
from temperance.theory.settings.truth import Setting

_DEGREE = 4
_CASES = 600
_NUDGE = fmpq(1, 100)  # of the costs of a linear program, whose minimiser stays where it is the only one


def certified(found: Coefficient, cell: Setting) -> tuple[dict[str, Any] | None, Reason]:
    """A certificate that the checker accepts, and what it assumes or why there is none.

    cell: two atoms beside a singleton whose gate is held as a whole.
    """
    if found.exact is None or found.fitted != found.true + 1 or found.true < 2 or found.dim > 1:
        why = "certificates are issued for exact coefficients of one superfluous expert, two true ones or more, d = 1"
        return None, Reason(ReasonKind.NOT_ISSUED, why)
    if quadratic(cell) is not None:
        why = "theorem C5 changes more coordinates than the checker reads"
        return None, Reason(ReasonKind.NO_CERTIFICATE, why)
    try:
        evidence = _evidence(cell)
    except NotRational as error:
        why = f"a Taylor coefficient at x = 0 is not rational ({error})"
        return None, Reason(ReasonKind.NO_CERTIFICATE, why)
    except ValueError as error:
        return None, Reason(ReasonKind.NO_CERTIFICATE, str(error))
    issued = {**evidence, "true": found.true, "multiplicity": 1}
    weights = sum((fmpq(1, 2) for _ in evidence["weights"]), fmpq(0))
    issued["coefficient"] = str((parameters(evidence["model"], found.true) + weights) / 2)
    issued["statement"] = statement(issued)
    if (rejected := objection(check, issued)) is not None:
        return None, Reason(ReasonKind.NO_CERTIFICATE, rejected)
    return issued, Reason(ReasonKind.ASSUMED, "the certificate takes it that the model with k* atoms is regular")


@lru_cache(maxsize=16)
def _evidence(cell: Setting) -> dict[str, Any]:
    """All of a certificate but what depends on k*. Raises ValueError where there is none."""
    reduced = reduce(cell, _DEGREE, REACH)
    names = [p.name for p in cell.each]
    if list(reduced.variables) != names:
        raise ValueError("a weighted mean or a shared offset is not determined to first order")
    move = _coordinate(cell, reduced)
    equations = [e for e in (_changed(terms, move, reduced.degree) for terms in reduced.equations) if e]
    system = System.of(equations, reduced.degree)
    size = len(names)
    units = [tuple(int(i == j) for j in range(size)) for i in range(size)]
    pairs = [tuple(map(sum, zip(p, q, strict=True))) for p, q in combinations(units, 2)]
    for _ in range(2):  # again, when more is known
        for target in (*units, *pairs):
            system.bound(target, _CASES)
    multipliers = _multipliers(_known(system), units)
    return {
        "format": FORMAT,
        "model": model_as_text(cell),
        "degree": reduced.degree,
        "reach": REACH,
        "variables": names,
        "means": {t: _as_json(p) for t, p in reduced.means.items()},
        "steps": [step_as_json(step, system.factors.found) for step in system.steps],
        "coordinate": _as_json(move),
        "multipliers": [[list(m), str(y)] for m, y in multipliers.items()],
        "weights": ["1/2"] * size,
    }


def _as_json(terms: Terms) -> list[Any]:
    return [[list(m), [str(c) for c in p.coeffs()]] for m, p in terms.items()]


def _coordinate(cell: Setting, reduced: Reduced) -> Terms:
    """h_nu - N = -(s/3) h_b^2, s the difference of the shares: Phi_3(0) is a multiple of h_b N."""
    b = intercept(cell.mean, cell.expert[:-1], cell.spec.dim)
    if b is None or sp.diff(cell.mean, b) != 1 or reduced.variables[-1] != NU.name:
        return {}
    square = tuple(2 * (name == b.name) for name in reduced.variables)
    return {square: fmpq_poly([0, fmpq(-1, 3)])}


def _changed(terms: Terms, move: Terms, degree: int) -> Terms:
    """An equation with the last variable plus `move` in the place of the last."""
    found: Terms = {}
    for m, c in terms.items():
        parts: Terms = {(*m[:-1], 0): c}
        for _ in range(m[-1]):
            more: Terms = {}
            for n, d in parts.items():
                for k, e in {**move, (*(0,) * (len(m) - 1), 1): fmpq_poly([1])}.items():
                    at = tuple(i + j for i, j in zip(n, k, strict=True))
                    more[at] = more.get(at, fmpq_poly([0])) + d * e
            parts = more
        for n, d in parts.items():
            if sum(n) <= degree:
                found[n] = found.get(n, fmpq_poly([0])) + d
    return {m: c for m, c in found.items() if c != 0}


def _known(system: System) -> dict[Exponents, fmpq]:
    found: dict[Exponents, fmpq] = {}
    for step in system.steps:
        if isinstance(step, Monomial):
            found[step.exponents] = fmpq(1)
        elif isinstance(step, Bound):
            found[step.target] = max(step.value, found.get(step.target, step.value))
    return found


def _multipliers(known: Mapping[Exponents, fmpq], units: list[tuple[int, ...]]) -> dict[Exponents, fmpq]:
    """Multipliers of the least sum of orders, of as many independent monomials as there are variables.

    They are averages over programs whose costs are nudged, which keep a minimiser that is the only one.
    """
    size = len(units)
    if not {*units} <= known.keys():
        raise ValueError("the equations leave a difference without a bound")
    monomials = [*units, *(m for m in known if m not in units)]
    rows: list[Row] = [(tuple(fmpq(n) for n in m), known[m]) for m in monomials]
    total: dict[Exponents, fmpq] = {}
    for i in range(size + 1):
        cost = [1 + _NUDGE * (int(i == j) if i < size else -1) for j in range(size)]
        for row, y in minimise(cost, rows).multipliers.items():
            total[monomials[row]] = total.get(monomials[row], fmpq(0)) + y / (size + 1)
    return total
