"""Runs the legs of claim C16: atoms of a cell, merged by conditional moments, have n^(-1/2) (theory 4.4.1).

Example: ``merged_errors(result).errors["b"]`` is (R, N), nan where a fit was not read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import sympy as sp
from flint import arb, fmpq
from numpy.typing import NDArray

from temperance.claims.legs import Check, Expected, Runs, contact_leg, proof_leg
from temperance.measurements.judgement import (
    Leg,
    LegOutcome,
    PlannedTest,
    conditions,
    count,
    count_confirmed,
    describe_open,
    holds,
    objection,
    planned_slope,
    with_test,
)
from temperance.measurements.slopes import fits
from temperance.numerics.contact.curves import Curve, CurveMeasure, exact, gauss_hermite, with_parts
from temperance.numerics.estimation.merge import Cells, mixture_of, projected
from temperance.numerics.mixture.activation_numpy import Floats, compiled
from temperance.numerics.mixture.likelihood import Mixture
from temperance.numerics.mixture.measures import Layout, MixingMeasure
from temperance.numerics.mixture.threads import one_blas_thread
from temperance.numerics.studies.claim_studies import MERGED, tanh_cell
from temperance.numerics.studies.lattice import columns_needed, design
from temperance.numerics.studies.results import StudyResult
from temperance.numerics.studies.slopes import enough, log_slope, slope_test
from temperance.numerics.studies.study import Study


@dataclass(frozen=True, eq=False)
class MergedErrors:
    """Errors of merged mixtures, each (R, N), and whether a fit was read: not if it failed or a cell is empty.

    errors: "a", "b", "nu", "beta1", the greatest of the cells; "tau", where it is fitted; "beta0", of log weights
    beta0/tau; "pi", the mean over x of the total variation of the probabilities.
    """

    errors: dict[str, Floats]
    read: NDArray[np.bool_]

    @property
    def dropped(self) -> float:
        """The share of fits that were not read."""
        return float((~self.read).mean())


@one_blas_thread()
def merged_errors(result: StudyResult) -> MergedErrors:
    """The errors of the fits of a study of a smooth gate, merged by their cells in (a, b, nu).

    The design of the projections is x of the lattice experiment. Fits that another cell serves better as the anchor are
    compared with the truth that has it there, which is one density where s is odd + const, with two atoms.
    """
    study = result.study
    truth, _ = mixture_of(study.truth, study.layout, study.gate.source)
    x = design(study.low, study.high, study.truth.d, columns_needed(study.truth.d, False, 1))
    weights = np.full(len(x), 1 / len(x))
    read, errors = np.zeros(result.status.shape, dtype=bool), dict[str, Floats]()
    for fit in zip(*np.nonzero(result.valid_fits), strict=True):
        measure = study.layout.unpack(result.theta[fit])
        cells = cells_of(measure, study.truth)
        if not all(cells):
            continue
        mixture, held = mixture_of(measure, study.layout, study.gate.source)
        order, small, *_ = projected(mixture, held, x, weights, cells)
        read[fit] = True
        true = truth if order == cells else _turned(truth)
        for name, value in _errors(small, true, x, tau=study.tau is None).items():
            errors.setdefault(name, np.full(read.shape, np.nan))[fit] = value
    return MergedErrors(errors, read)


def cells_of(measure: MixingMeasure, truth: MixingMeasure) -> Cells:
    """The atoms nearest to each true one in (a, b, nu)."""
    atoms, true = (np.column_stack([g.a, g.b, g.nu]) for g in (measure, truth))
    nearest = ((atoms[:, None] - true) ** 2).sum(axis=-1).argmin(axis=1)
    return tuple(tuple(np.flatnonzero(nearest == j).tolist()) for j in range(truth.k))


def _turned(truth: Mixture) -> Mixture:
    """The truth of two atoms with the other one as anchor, for s odd + const (theory 3.3.2)."""
    own = np.stack([-truth.own[0], np.zeros_like(truth.own[0])])
    return Mixture(truth.formulas, own, truth.shared, truth.lines[::-1], truth.nu[::-1])


def _errors(small: Mixture, truth: Mixture, x: Floats, *, tau: bool) -> dict[str, float]:
    (t,), (true_t,) = small.shared, truth.shared
    gaps = np.abs(small.lines - truth.lines).max(axis=0)
    errors = {
        "beta1": float(np.abs(small.own[:, 1:] - truth.own[:, 1:]).max()),
        "beta0": float(np.abs(small.own[:, 0] / t - truth.own[:, 0] / true_t).max()),
        "a": float(gaps[:-1].max()),
        "b": float(gaps[-1]),
        "nu": float(np.abs(small.nu - truth.nu).max()),
        "pi": float(np.abs(small.probabilities(x) - truth.probabilities(x)).sum(axis=1).mean() / 2),
    }
    return {**errors, "tau": float(abs(t - true_t))} if tau else errors


_LEVELS = (2, 3, 4)  # t = 2^-j, where errors of t^8 are still far above rounding
_NEAR = 0.01  # of an order, at so few levels
_COLUMNS = 48


_GROUPS = ("beta1", "beta0", "a", "b", "nu", "pi")  # of `merged_errors`, and tau where it is fitted


def merging_proof(_: Runs) -> Leg:
    """The identities of the proof, and the exact splits."""
    checks: list[Check] = [
        (f"{m} atoms: m - mu* = M_1/pi_J and v - nu* = 2 M_2/pi_J - (M_1/pi_J)^2", partial(_moments, m)) for m in (2, 3)
    ]
    checks += [
        ("conditional moments of a union are those of its parts", _union),
        ("the objective of the gate falls along theta by sum_J (pi_J - q_J) dL_J", _gradient),
        ("every softmax cell split, beta1 apart by a common shift: summed probabilities are the true ones", _shifted),
    ]
    checks += [(f"Gauss-Hermite, m = {m}: merged it is the atom itself", partial(_nodes, m)) for m in (2, 3, 4)]
    return proof_leg(checks)


def _atoms(k: int) -> tuple[list[sp.Symbol], list[sp.Symbol], list[sp.Symbol]]:
    pi = list(sp.symbols(f"pi1:{k + 1}", positive=True))
    return pi, list(sp.symbols(f"m1:{k + 1}", real=True)), list(sp.symbols(f"v1:{k + 1}", positive=True))


def _of(pi: list[Any], means: list[Any], variances: list[Any]) -> tuple[Any, Any, Any]:
    """pi_J, m and v of atoms, by their definition."""
    total = sum(pi)
    m = sum(p * mu for p, mu in zip(pi, means, strict=True)) / total
    return total, m, sum(p * (v + (mu - m) ** 2) for p, mu, v in zip(pi, means, variances, strict=True)) / total


def _same(*differences: sp.Expr) -> LegOutcome:
    return holds(all(sp.simplify(d) == 0 for d in differences))


def _moments(k: int) -> LegOutcome:
    mu, nu = sp.Symbol("mu", real=True), sp.Symbol("nu", positive=True)
    pi, shifts, widths = _atoms(k)
    total, m, v = _of(pi, [mu + s for s in shifts], [nu + w for w in widths])
    first = sum(p * s for p, s in zip(pi, shifts, strict=True))
    second = sum(p * (s**2 + w) / 2 for p, s, w in zip(pi, shifts, widths, strict=True))
    return _same(m - mu - first / total, v - nu - (2 * second / total - (first / total) ** 2))


def _union() -> LegOutcome:
    pi, means, variances = _atoms(3)
    part = _of(pi[:2], means[:2], variances[:2])
    again = _of([part[0], pi[2]], [part[1], means[2]], [part[2], variances[2]])
    return _same(*(a - b for a, b in zip(again, _of(pi, means, variances), strict=True)))


def _gradient() -> LegOutcome:
    t = sp.Symbol("t", real=True)
    logs = [sp.Function(f"L{j}")(t) for j in (1, 2)]
    wanted, _, _ = _atoms(2)
    wanted = [wanted[0], 1 - wanted[0]]
    total = sum(sp.exp(log) for log in logs)
    q = [sp.exp(log) / total for log in logs]
    objective = sum(p * (sp.log(p) - (log - sp.log(total))) for p, log in zip(wanted, logs, strict=True))
    slope = -sum((p - r) * sp.diff(log, t) for p, r, log in zip(wanted, q, logs, strict=True))
    return _same(sp.diff(objective, t) - slope)


def _shifted() -> LegOutcome:
    x, b, c, s = sp.symbols("x b c s", real=True)
    true = [sp.exp(b * x + c), sp.S.One]
    cells = [w * (sp.exp(s * x) + sp.exp(-s * x)) / 2 for w in true]
    return _same(cells[0] / sum(cells) - true[0] / sum(true))


def _nodes(m: int) -> LegOutcome:
    """m = mu* and v = nu* for b + t q, nu - t^2: the rule integrates q and q^2 against N(0, 1)."""
    q = sp.Symbol("q")
    hermite, below = (sp.hermite_prob_poly(n, q) for n in (m, m - 1))
    nodes = sp.roots(hermite, q, multiple=True)
    weights = [sp.factorial(m - 1) / (m * below.subs(q, node) ** 2) for node in nodes]
    t, b, nu = sp.symbols("t b nu", positive=True)
    total, mean, v = _of(weights, [b + t * node for node in nodes], [nu - t**2] * m)
    return _same(total - 1, mean - b, v - nu)


def merging_contact(_: Runs) -> Leg:
    """Along curves of distance t^(2m) merged errors are of that order, while single offsets are t, or have no limit."""
    truth, image = replace(tanh_cell(), tau=exact(1)), _image(tanh_cell())
    apart = [Expected(f"softmax, apart, m = {m}", _apart(truth, m), truth, "linear", 2 * m) for m in (2, 3, 4)]
    distances = contact_leg(apart)
    rows = [merged_order(e, (tuple(range(m)), (m,))) for m, e in enumerate(apart, 2)]
    every = Expected("softmax, every cell split, beta1 off by 0.7", _every(truth), truth, "linear", 4)
    rows.append(merged_order(every, ((0, 1), (2, 3))))
    elsewhere = Expected("tanh, the anchor in the other cell", _apart(image, 2), image, "tanh", 4)
    rows.append(merged_order(elsewhere, ((0, 1), (2,))))
    off = [f"{r['curve']}: {r['measured']:.4g}, expected {r['expected']}" for r in rows if r["outcome"] != "confirmed"]
    detail = f"{distances.detail}; {count_confirmed(rows)} orders of merged errors" + describe_open(off, separator="; ")
    return distances.extended(rows, detail, merged=rows)


def _apart(truth: CurveMeasure, m: int) -> Curve:
    """The Gauss-Hermite split of the first atom, with beta1 apart by t^(2m - 1) (theory 4.4.1, remark 5)."""
    old = truth.atoms[0]

    def curve(t: fmpq) -> CurveMeasure:
        parts = []
        for q, share in gauss_hermite(m):
            beta1 = old.beta1 + t ** (2 * m - 1) * (q + q * q - 1)
            parts.append((share, replace(old, beta1=beta1, b=old.b + t * q, nu=old.nu - t * t)))
        return with_parts(truth, 0, parts)

    return curve


def _every(truth: CurveMeasure) -> Curve:
    """Both cells split in two with beta1 -+ 0.7, whose factor cosh(0.7 x) cancels, and b -+ t^4."""
    shift, half = fmpq(7, 10), fmpq(1, 2)

    def curve(t: fmpq) -> CurveMeasure:
        g = truth
        for i, old in reversed(list(enumerate(truth.atoms))):
            sides = [replace(old, beta1=old.beta1 + s * shift, b=old.b + s * t**4) for s in (-1, 1)]
            g = with_parts(g, i, [(half, side) for side in sides])
        return g

    return curve


def _image(truth: CurveMeasure) -> CurveMeasure:
    """The image of a truth of two atoms of an odd gate, whose anchor is the other expert."""
    first, last = truth.atoms
    turned = replace(last, beta1=-first.beta1, beta0=-first.beta0)
    return replace(truth, atoms=(turned, replace(first, beta1=last.beta1, beta0=last.beta0)))


def _doubles(g: CurveMeasure) -> MixingMeasure:
    """A measure in double precision, d = 1, with the score of the last atom 0."""
    columns = ((atom.beta1, atom.beta0, atom.a, atom.b, atom.nu) for atom in g.atoms)
    rows = np.array([[float(arb(v)) for v in column] for column in columns])
    beta1, beta0 = (rows[:, :2] - rows[-1, :2]).T
    return MixingMeasure(beta1[:, None], beta0, np.array(float(arb(g.tau))), rows[:, 2:3], rows[:, 3], rows[:, 4])


def merged_order(e: Expected, cells: Cells) -> dict[str, Any]:
    """The order in t of the greatest error of the mixtures of a curve, merged by cells, from two pairs of levels."""
    source, x = compiled(e.activation).source, design(-3.0, 3.0, 1, _COLUMNS)
    weights, errors = np.full(_COLUMNS, 1 / _COLUMNS), []
    for level in _LEVELS:
        measure = _doubles(e.curve(fmpq(1, 2**level)))
        layout = Layout(measure.k, 1, "anchored", 1.0 if source.is_linear else None)
        mixture, held = mixture_of(measure, layout, source)
        wanted, _ = mixture_of(_doubles(e.truth), replace(layout, k=2), source)
        _, small, *_ = projected(mixture, held, x, weights, cells)
        pairs = ((small.own, wanted.own), (small.lines, wanted.lines), (small.nu, wanted.nu))
        errors.append(max(float(np.abs(a - b).max()) for a, b in pairs))
    slopes = np.log2(np.array(errors[:-1]) / errors[1:])
    limit, spread = float(slopes[-1] + (slopes[-1] - slopes[-2]) / 3), float(abs(slopes[-1] - slopes[-2]))
    outcome = holds(abs(limit - (e.order or 0.0)) <= _NEAR)
    if spread > 4 * _NEAR and outcome == "contradicted":
        outcome = "inconclusive"
    row = {"curve": e.name, "activation": e.activation, "expected": e.order, "measured": limit, "errors": errors}
    return {**row, "outcome": outcome}


def planned_merging(level: float) -> list[PlannedTest]:
    """The hypotheses of `merging_rates`, with the planned power of each."""
    return [
        planned_slope(study.name, f"merged {group}", study.replicates, study.sizes, 0.5, level)
        for study in MERGED
        for group in (_GROUPS if study.tau is not None else (*_GROUPS, "tau"))
    ]


def merging_rates(runs: Runs, level: float) -> Leg:
    """A count: slopes of the errors of merged mixtures, in four settings, against the bound n^(-1/2)."""
    rows = [row for study in MERGED for row in _slopes(runs, level, study)]
    outcome, words = count(rows)
    steep = [-row["slope"] for row in rows if row["slope"] is not None]
    between = f"; slopes {-max(steep):.3f} to {-min(steep):.3f}" if steep else ""
    return Leg(outcome, words + between, {"merged_slopes": rows})


def _slopes(runs: Runs, level: float, study: Study) -> list[dict[str, Any]]:
    """The tests of a study: of every group of parameters, the greatest error of all cells."""
    result, sizes = runs.result(study), study.sizes
    merged, rows, beside = merged_errors(result), [], conditions(result)
    no_test = objection(merged.dropped, beside["agreement"])
    for name, errors in merged.errors.items():
        slope = log_slope(errors, sizes) if enough(errors).all() else None
        row = {
            "study": study.name,
            "parameter": name,
            "slope": slope and slope.value,
            "median_slope": slope and slope.median,
            "predicted": -0.5,
            "rms": np.sqrt(np.nanmean(errors**2, axis=0)).tolist(),
            "sizes": list(sizes),
            "dropped": merged.dropped,
            "fits": fits(result),
            **beside,
        }
        tested = slope_test(errors, sizes, 0.5, exact=False, level=level)
        rows.append(with_test(row, tested, level, rare=True, objection=no_test))
    return rows
