"""Reads true points: from a JSON file, or what it would hold, beside the default."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from temperance.numerics.mixture.measures import measure_of
from temperance.show.inputs import read_json, read_value
from temperance.show.options import File, FileOr, Options
from temperance.theory.activations.activation import Activation
from temperance.theory.contact.default_truth import (
    accepted_values,
    default_truth,
    in_rationals,
    truth_of_values,
    width_of,
)
from temperance.theory.models.by_name import model
from temperance.theory.models.gates import Gauge, generic
from temperance.theory.models.spec import BETA0, Gate, MoESpec, covariates
from temperance.theory.models.truth import Truth


def named_gate_at(options: Options, source: FileOr) -> tuple[str, str | Activation | None] | None:
    """The gate that has theorems, and its activation; None of a formula whose truth goes by the formula's own names.

    The truth of a gate with theorems has rows for beta1. Raises ValueError where it cannot be read.
    """
    values = None if source is None or options.reading is None else _content(source, options.spec)
    return None if values is not None and width_of(values) is None else options.named_gate


def _content(source: File, spec: MoESpec) -> Any:
    accepted = accepted_values(spec)
    return read_json(source, accepted, str) if isinstance(source, str) else read_value(source, accepted, str)


def read_measure(
    source: FileOr, make: Callable[[int], Gate] = generic, gauge: Gauge = "free", atoms: int | None = None, dim: int = 1
) -> Truth:
    """The truth of a gate that has theorems, in rational numbers, as `read_truth` reads it.

    make: the gate in dimension d, which is that of the rows for beta1, or dim without a truth.
    """
    width = dim if source is None else width_of(_content(source, model(make(dim), dim=dim))) or dim
    return in_rationals(read_truth(source, model(make(width), dim=width), gauge, atoms))


def read_truth(source: FileOr, spec: MoESpec, gauge: Gauge = "free", atoms: int | None = None) -> Truth:
    """The truth of a model in a JSON file, or in what such a file holds, as `truth_of_values` has it.

    Args:
        source: None for the default truth. gauge, atoms: of the default, of as many atoms as the file has.

    Raises:
        ValueError: it cannot be read, or is none.
    """
    if source is None:
        return default_truth(spec, atoms, gauge)
    path = source if isinstance(source, str) else "the truth"
    return truth_of_values(_content(source, spec), spec, gauge, atoms, path)


def read_atoms(source: FileOr, spec: MoESpec, true: int | None, gauge: Gauge = "free") -> Truth:
    """The truth of so many atoms of any model, or of any number for None, as `read_truth` reads it.

    Raises:
        ValueError: it cannot be read, has another number of atoms, or equal experts.
    """
    truth = read_truth(source, spec, gauge, true)
    check_atoms(truth, true)
    return truth


def check_atoms(truth: Truth, true: int | None) -> None:
    """Raise ValueError for another number of atoms, where one is asked for, or equal experts."""
    if true is not None and truth.k != true:
        raise ValueError(f"the truth has {truth.k} atoms, not {true}; accepted: --truth with {true} atoms")
    check_experts(truth)


def values_of(truth: Truth, number: Callable[[sp.Expr], Any] = float) -> dict[str, Any]:
    """A truth as JSON values that `read_values` reads; number: how each is written, by default in double precision."""
    low, high = map(number, truth.box or ())
    own = {p.name: [number(atom[p]) for atom in truth.atoms] for p in truth.atoms[0]}
    shared = {p.name: number(v) for p, v in truth.shared.items()}
    return {**own, **shared, "x": {"law": "uniform", "low": low, "high": high}}


def exact(value: sp.Expr) -> int | str:
    """A number of `values_of` as it is: an integer, or else the text of it."""
    return int(value) if value.is_Integer else str(value)


def measure_values_of(truth: Truth) -> dict[str, Any]:
    """The truth of an activation gate as JSON values that `read_truth` reads."""
    m, (low, high) = measure_of(truth), map(float, truth.box or ())
    values = {name: getattr(m, name).tolist() for name in ("beta1", "beta0", "tau", "a", "b", "nu")}
    return {**values, "x": {"law": "uniform", "low": low, "high": high}}


def check_gauge(truth: Truth, anchored: bool) -> None:
    """Raise ValueError unless beta0 of the last atom is 0, and in the anchored gauge its beta1."""
    last, own = truth.atoms[-1], truth.spec.gate.own
    if last[BETA0] != 0 or (anchored and any(last[p] for p in own)):
        what = "beta0 and beta1 of the last atom" if anchored else "beta0 of the last atom"
        raise ValueError(f"the truth must obey the gauge: {what} must be 0")


def check_anchored(truth: Truth) -> None:
    """Raise ValueError unless the score of the last atom is one number."""
    score = sp.piecewise_fold(truth.spec.gate.log_weight.subs(truth.point(truth.k - 1)))
    if score.has(*covariates(truth.spec.dim)):
        raise ValueError("in the anchored gauge the score of the last atom must be one number; accepted: such a truth")


def check_experts(truth: Truth) -> None:
    """Raise ValueError where two experts (a, b, nu) are the same: statements on gates suppose distinct ones."""
    experts = {tuple(atom[p] for p in truth.spec.expert.parameters) for atom in truth.atoms}
    if len(experts) < truth.k:
        raise ValueError("the experts (a, b, nu) of the truth must be distinct: no data tell equal ones apart")


def check_truth(truth: Truth, true: int, dim: int, anchored: bool) -> None:
    """Raise ValueError for another shape or gauge, or equal experts."""
    if (truth.k, truth.spec.dim) != (true, dim):
        raise ValueError(f"the truth has k* = {truth.k}, d = {truth.spec.dim}, not k* = {true}, d = {dim}")
    check_experts(truth)
    check_gauge(truth, anchored)
