"""Gives the numbers of `efficiency` alone, and reads what is asked of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from temperance.interop.callables import Source
from temperance.interop.callables import activation as read
from temperance.measurements.sample_sizes import Case, Match, Question, row_of
from temperance.measurements.true_measures import check_experts, check_gauge, default_truth, read_truth
from temperance.numerics.information import required
from temperance.numerics.mixture.exact_values import truth_of
from temperance.numerics.mixture.measures import MixingMeasure
from temperance.terminal.options import FileOr
from temperance.theory.expressions.arguments import checked
from temperance.theory.models.gates import gauge_of
from temperance.theory.settings.truth import Truth

_TAU = 0.5  # of the default truth
_ONE = "the truth must be one measure of at least 2 atoms in dimension 1 or 2"


@checked
def required_n(
    activation: Source,
    truth: FileOr | MixingMeasure = None,
    *,
    gauge: str = "free",
    precision: float = 0.1,
    parameter: Literal["tau", "beta1"] = "tau",
) -> float:
    """n at which a parameter has a relative standard error.

    Args:
        activation: a name, an expression in z, or a function of torch or jax.
        truth: a measure (x uniform on [-3, 3]^d), or a true point as for `efficiency`.
        gauge: free or anchored.
        precision: the relative standard error wanted.
        parameter: tau, or beta1 (of the worst atom).

    Raises:
        ValueError: there is none, with the proof that says so; or what is not accepted.
    """
    chosen = truth_for(truth, gauge)
    row = row_of(read(activation), chosen, question(chosen, [activation], gauge, precision))
    found = row.n_tau if parameter == "tau" else row.n_beta1
    if found is None:
        raise ValueError(f"no n gives {parameter} a standard error: {row.reason}")
    return found


@checked
def standard_errors(
    truth: FileOr | MixingMeasure, n: float, *, activation: Source, gauge: str = "free"
) -> dict[str, float | list[float]]:
    """Asymptotic standard errors from n observations: {"tau": .., "beta1_0": .., "nu_1": ..}, lists for d > 1.

    Args:
        truth: a measure (x uniform on [-3, 3]^d), or a true point as for `efficiency`.
        n: number of observations.
        activation: a name, an expression in z, or a function of torch or jax.
        gauge: free or anchored.

    Raises:
        ValueError: parameters of the gate are proved not to be identifiable; or what is not accepted.
    """
    if not 0 < n < float("inf"):
        raise ValueError(f"n must be a positive number, not {n!r}")
    chosen = truth_for(truth, gauge)
    case = Case.of(read(activation), chosen, question(chosen, [activation], gauge, 0.1))
    if (proved := case.obstacle) is not None:
        raise ValueError(f"there are no standard errors of the gate: {proved.words}")
    found: dict[str, list[float]] = {}
    for name, atom, error in required.standard_errors(*case.where, n):
        found.setdefault(name if atom is None else f"{name}_{atom}", []).append(error)
    return {name: errors[0] if len(errors) == 1 else errors for name, errors in found.items()}


def truth_for(truth: FileOr | MixingMeasure, gauge: str) -> Truth:
    """The true point: a measure, a file or what it holds, or a well-conditioned one."""
    if isinstance(truth, MixingMeasure):
        if truth.tau.shape:
            raise ValueError(f"{_ONE}, not a batch of {truth.tau.shape}")
        return truth_of(truth, -3, 3)
    if truth is None:
        return default_truth(2, 1, tau=_TAU, anchored=gauge == "anchored")
    return read_truth(truth)


def question(
    truth: Truth,
    activations: Sequence[object],
    gauge: str,
    precision: float,
    match: float | Sequence[float] | None = None,
    tau: Sequence[float] | None = None,
    design: bool = False,
) -> Question:
    """The question, if it is one; else raises ValueError."""
    chosen, dim = gauge_of(gauge), truth.spec.dim
    if not activations and match is None:
        raise ValueError("an activation is missing; accepted: names or expressions, or --match LOW,HIGH for all")
    if not 1e-6 <= precision <= 1:
        raise ValueError(f"precision must be a relative error from 1e-6 to 1, not {precision!r}")
    if truth.k < 2 or dim > 2:
        raise ValueError(f"{_ONE}, not k = {truth.k}, d = {dim}")
    check_experts(truth)
    check_gauge(truth, anchored=chosen == "anchored")
    if tau is not None and not all(1e-50 < t < 1e50 for t in tau):
        raise ValueError("tau must hold temperatures T,T,.. between 1e-50 and 1e50")
    if design and (dim != 1 or match is not None):
        raise ValueError("designs are computed for x in dimension 1, and at a truth of its own, without match")
    return Question(chosen, precision, _range(truth, match, tau))


def _range(truth: Truth, match: float | Sequence[float] | None, tau: Sequence[float] | None) -> Match | None:
    if match is None:
        return None
    if isinstance(match, (int, float)) or len(match) != 2 or not 0 < match[0] < match[1] < 1:
        raise ValueError(f"match takes two numbers, 0 < LOW < HIGH < 1, not {match!r}")
    if truth.k != 2 or not any(atom[p] for atom in truth.atoms for p in truth.spec.gate.own):
        raise ValueError("match takes a truth with two atoms and some beta1 that is not 0: its direction is kept")
    if tau is not None:
        raise ValueError("match chooses tau; --tau does not go with it")
    return match[0], match[1]
