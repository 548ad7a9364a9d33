"""Runs the legs of claims C12 and C13: the floor of the temperature, and the variance of its estimate (theory 7)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import sympy as sp
from flint import arb, fmpq

from temperance.claims.legs import Check, Runs, certificates_of, proof_leg, variance_row, verdict_check
from temperance.measurements.judgement import Leg, LegOutcome, combined, count_confirmed, holds
from temperance.measurements.slopes import fits, predicted
from temperance.numerics.information.required import floor, largest_varentropy
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.studies.claim_studies import VARIANCE
from temperance.numerics.studies.results import StudyResult

_CEILING = fmpq(43923, 100000)  # of the varentropy of two weights, whose maximum is .439229
_RESAMPLES, _SEED = 1000, 0


def floor_proof(_: Runs) -> Leg:
    """The one maximum of the varentropy in balls, and that labels only add information."""
    checks: list[Check] = [
        ("weights of log odds L have the varentropy L^2/(4 cosh(L/2)^2)", _varentropy_of_odds),
        ("the score of y is the mean, given y, of the score with labels: no information is gained", _labels),
        (
            "f = L^2/(4 cosh(L/2)^2) has f' = L (2 - L tanh(L/2))/(4 cosh(L/2)^2), and L tanh(L/2) increases",
            _one_maximum,
        ),
        (f"at the maximum, L tanh(L/2) = 2, it is below {_CEILING}: 100/max is 227.67", _maximum),
    ]
    return proof_leg(checks)


def _varentropy_of_odds() -> LegOutcome:
    odds = sp.Symbol("L", real=True)
    p = 1 / (1 + sp.exp(-odds))
    logs = [sp.log(p), sp.log(p) - odds]  # log(1 - p) = log p - L
    weights = [p, 1 - p]
    mean = sum(w * v for w, v in zip(weights, logs, strict=True))
    varentropy = sum(w * (v - mean) ** 2 for w, v in zip(weights, logs, strict=True))
    wanted = odds**2 * sp.exp(odds) / (1 + sp.exp(odds)) ** 2  # = L^2/(4 cosh(L/2)^2)
    same = sp.simplify((wanted - odds**2 / (4 * sp.cosh(odds / 2) ** 2)).rewrite(sp.exp)) == 0
    return holds(sp.simplify(sp.expand(sp.simplify(varentropy - wanted))) == 0 and same)


def _labels() -> LegOutcome:
    """d/dt log sum_i w_i N_i = sum_i r_i d/dt log w_i, r_i the probability of the label i given y."""
    t, n1, n2 = sp.symbols("t n1 n2", positive=True)
    w = sp.Function("w")(t)
    g = w * n1 + (1 - w) * n2
    conditional = w * n1 / g * sp.diff(sp.log(w), t) + (1 - w) * n2 / g * sp.diff(sp.log(1 - w), t)
    return holds(sp.simplify(sp.diff(sp.log(g), t) - conditional) == 0)


def _one_maximum() -> LegOutcome:
    odds = sp.Symbol("L", positive=True)
    f, product = odds**2 / (4 * sp.cosh(odds / 2) ** 2), odds * sp.tanh(odds / 2)
    slope = odds * (2 - product) / (4 * sp.cosh(odds / 2) ** 2)
    increase = (sp.tanh(odds / 2), odds / (2 * sp.cosh(odds / 2) ** 2))  # both are positive
    gaps = (sp.diff(f, odds) - slope, sp.diff(product, odds) - sum(increase))
    same = all(sp.simplify(gap.rewrite(sp.exp)) == 0 for gap in gaps)
    return holds(same and all(term.is_positive for term in increase))


def _maximum() -> LegOutcome:
    """By balls, which enclose the root."""
    largest = largest_varentropy(2)
    return holds(bool(largest < arb(_CEILING) and arb("227.67") < 100 / largest < arb("227.68")))


def floor_measured(runs: Runs, level: float) -> Leg:
    """n times the mean squared error of log tau, in every study of C13, against the floor."""
    records: list[dict[str, Any]] = []
    for study in VARIANCE:
        result = runs.result(study)
        scaled, _ = _scaled(result)
        row = {"parameter": "log tau", "scaled_error": _interval(scaled), "floor": floor(2)}
        records.append(variance_row(result, scaled / floor(2), row, level, floor=True))
    least = min(r["scaled_error"][0] for r in records)
    detail = f"n times the mean squared error of log tau is at least {least:.2f}, the floor is {floor(2):.2f}"
    return Leg(combined(r["outcome"] for r in records), f"{detail}; {_power(records)}", {"floors": records})


def variance_proof(_: Runs) -> Leg:
    """The information is not singular: F1 with its certificate, anchored gauge; hence the rate n^(-1/2) of tau."""
    checks: list[Check] = []
    proofs = []
    for study in VARIANCE:
        checks.append(verdict_check(study.activation, "first_order", "holds"))
        checks.append((f"{study.activation}: predicted 1/2 for tau", partial(predicted, study, {"tau": 0.5})))
        proofs += certificates_of(study.activation, ["first_order"])
    return proof_leg(checks, proofs)


def variance_measured(runs: Runs, level: float) -> Leg:
    """The mean squared error of log tau over replicates, times n, over [I^-1] of the lattice experiment."""
    records: list[dict[str, Any]] = []
    for study in VARIANCE:
        result = runs.result(study)
        scaled, variance = _scaled(result)
        ratios = scaled / variance
        row = {
            "parameter": "log tau",
            "sizes": list(study.sizes),
            "predicted": variance,
            "ratios": np.nanmean(ratios, axis=0).tolist(),
            "ratio": float(np.nanmean(ratios)),
            "interval": _interval(ratios),
            "fits": fits(result),
        }
        records.append(variance_row(result, ratios, row, level))
    summary = ", ".join(
        f"{s.activation} {r['ratio']:.3f} [{r['interval'][0]:.3f}, {r['interval'][1]:.3f}] ({r['outcome']})"
        for s, r in zip(VARIANCE, records, strict=True)
    )
    detail = f"variance of log tau over that predicted, n = 10^4 and 10^8: {summary}; {_power(records)}"
    data = {"variances": records, "definitions": [study.definition for study in VARIANCE]}
    return Leg(combined(r["outcome"] for r in records), detail, data)


def _power(records: Sequence[dict[str, Any]]) -> str:
    return f"{count_confirmed(records)} confirmed, with power {min(r['test']['power'] for r in records):.3g}"


def _scaled(result: StudyResult) -> tuple[Floats, float]:
    """n (log tau - log tau*)^2 (replicates, sizes), nan for failed fits; [I^-1] of log tau there."""
    study = result.study
    errors = np.log(result.measures.tau / study.truth.tau)
    scaled = np.where(result.valid_fits, errors**2, np.nan) * np.array(study.sizes, dtype=float)
    return scaled, float(np.linalg.inv(study.lattice_information)[0, 0])


def _interval(values: Floats) -> list[float]:
    """The 95% percentile interval of a mean over replicates and sizes."""
    means = values[~np.isnan(values).any(axis=1)].mean(axis=1)
    drawn = np.random.default_rng(_SEED).integers(0, len(means), (_RESAMPLES, len(means)))
    ends: list[float] = np.percentile(means[drawn].mean(axis=1), [2.5, 97.5]).tolist()
    return ends
