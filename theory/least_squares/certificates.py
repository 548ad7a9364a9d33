"""Writes the orders of a split atom under least squares as a certificate, and has it checked (theory.md 2.12)."""

from __future__ import annotations

import random
from typing import Any

import sympy as sp

from temperance.theory.checker.least_squares_checker import FORMAT, check, statement
from temperance.theory.checker.rejected import objection
from temperance.theory.least_squares.atom import mean
from temperance.theory.least_squares.orders import LeastSquaresOrders
from temperance.theory.models.spec import covariates


def certificate(found: LeastSquaresOrders) -> tuple[dict[str, Any] | None, str]:
    """The certificate of the orders 2 and 1, accepted by the checker; or None and why there is none."""
    atom, proof = found.atom, found.relations
    if atom.noise is not None:
        return None, "certificates are issued for least squares"
    if proof is None or found.rest.outcome != "trivial" or found.rest.matrix is None:
        return None, "no order is proved"
    x = covariates(atom.spec.dim)
    moving = (*atom.own, *atom.expert, *atom.shared)
    held = {p: v for p, v in atom.points[0].items() if p not in (*moving, *x)}
    model = {
        "log_weight": str(atom.spec.gate.log_weight.xreplace(held)),
        "mean": str(mean(atom.spec)),
        "x": [p.name for p in x],
        "own": [p.name for p in atom.own],
        "expert": [p.name for p in atom.expert],
        "shared": [p.name for p in atom.shared],
        "straight": [p.name for p in found.straight],
    }
    truth = [{p.name: str(values[p]) for p in moving} for values in atom.points]
    count = len(atom.places) - len(proof.rows) + len(atom.expert) + len(atom.shared)
    rng, n = random.Random(1), len(found.others)
    draw = [[str(sp.Rational(rng.randrange(-199, 200), 100)) for _ in x] for _ in range(count)]
    made = {
        "format": FORMAT,
        "statement": statement(model, truth),
        "model": model,
        "truth": truth,
        "relations": [[str(c) for c in row] for row in proof.rows],
        "matrix": [[str(found.rest.matrix[i, j]) for j in range(n)] for i in range(n)],
        "points": draw,
    }
    why = objection(check, made)
    return (made, "") if why is None else (None, f"the checker does not prove it: {why}")
