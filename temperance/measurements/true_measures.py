"""Provides true points of rate studies: from a JSON file, or a documented well-conditioned default."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import sympy as sp

from temperance.numerics.mixture.measures import MixingMeasure, measure_of, truth_of
from temperance.show.inputs import read_json, read_value
from temperance.show.options import Options
from temperance.theory.activations.activation import Activation
from temperance.theory.contact.places import truth_of as truth_of_model
from temperance.theory.models.gates import generic
from temperance.theory.models.spec import BETA0, TAU, Gate, MoESpec, covariates
from temperance.theory.models.truth import Truth
from temperance.theory.rates.true_point import constant

_KEYS = ("beta1", "beta0", "tau", "a", "b", "nu", "x")
_LARGEST = 1e50  # of a number, and of 1/tau and 1/nu: so that squares are doubles
_LARGEST_LOGIT = 500.0  # of beta0/tau: so that weights are doubles
_EXAMPLE = '{"beta1":[[..]],"beta0":[..],"tau":t,"a":[[..]],"b":[..],"nu":[..],"x":{"law":"uniform","low":-3,"high":3}}'


def read_truth(source: str | Mapping[str, Any], make: Callable[[int], Gate] = generic) -> Truth:
    """The truth in a JSON file, in the form that the README shows, or in what such a file holds.

    make: its gate in dimension d.

    Raises:
        ValueError: it cannot be read, or is none; or it has another tau than the 1 of a gate without.
    """
    return _parse(*_content(source), make)


def named_gate_at(
    options: Options, source: str | Mapping[str, Any] | None
) -> tuple[str, str | Activation | None] | None:
    """The gate that has theorems, and its activation; None of a formula whose truth goes by the formula's own names.

    The truth of a gate with theorems has rows for beta1. Raises ValueError where it cannot be read.
    """
    if source is not None and options.reading is not None:
        content = _content(source)[0]
        rows = content.get("beta1") if isinstance(content, dict) else None
        if not isinstance(rows, list) or not any(isinstance(row, list) for row in rows):
            return None
    return options.named_gate


def _content(source: str | Mapping[str, Any]) -> tuple[Any, str]:
    """What a file of a truth holds, or would hold, and its name."""
    if isinstance(source, str):
        return read_json(source, _EXAMPLE, float), source
    return read_value(source, _EXAMPLE, float), "the truth"


def _parse(content: Any, path: str, make: Callable[[int], Gate]) -> Truth:
    if not isinstance(content, dict):
        raise ValueError(f"{path!r} must be an object; accepted: {_EXAMPLE}")
    wrong = [f"no {key!r}" for key in _KEYS if key not in content] + [repr(key) for key in content if key not in _KEYS]
    if wrong:
        raise ValueError(f"{path!r} has {', '.join(wrong)[:200]}; accepted: {_EXAMPLE}")
    law = _uniform(content["x"], path)
    arrays = {name: _numbers(content[name], name, path) for name in _KEYS if name != "x"}
    ends = _numbers([law["low"], law["high"]], "x", path)
    if ends.shape != (2,) or not ends[0] < ends[1]:
        raise ValueError(f"{path!r}: x must have numbers low < high, not {law['low']} and {law['high']}")
    try:
        measure = MixingMeasure(**arrays)
    except ValueError as error:
        raise ValueError(f"{path!r}: {error}; accepted: {_EXAMPLE}") from None
    if measure.tau.shape:
        raise ValueError(f"{path!r}: tau must be one number; accepted: {_EXAMPLE}")
    if min(measure.tau, *measure.nu) < 1 / _LARGEST:
        raise ValueError(f"{path!r}: tau and nu must be at least {1 / _LARGEST:g}")
    if abs(measure.beta0).max() > _LARGEST_LOGIT * measure.tau:
        raise ValueError(f"{path!r}: beta0/tau must lie between -{_LARGEST_LOGIT:g} and {_LARGEST_LOGIT:g}")
    low, high = ends.tolist()
    truth = truth_of(measure, low, high, make)
    if TAU not in truth.shared and measure.tau != 1:
        raise ValueError(f"the {truth.spec.gate.name} gate has tau = 1, not {float(measure.tau):g}")
    return truth


def read_values(source: str | Mapping[str, Any], base: Truth) -> Truth:
    """The truth of any model in a JSON file, or in what such a file holds; base: what is left out.

    {NAME: number or [one for each atom], .., "x": {"law": "uniform", "low": -3, "high": 3}}, a number as in
    `theory.rates.true_point.constant`. One number for an atom's own parameter is that of the first atom; the rows of a
    vector are those of its coordinates. A gate without tau has tau = 1.

    Raises:
        ValueError: it cannot be read, or is none.
    """
    spec, path = base.spec, source if isinstance(source, str) else "the truth"
    own = {p.name: p for p in base.atoms[0]}
    shared = {p.name: p for p in base.shared}
    accepted = f"{{NAME: a number, or number for each atom in [..]}}, of {', '.join((*own, *shared))} and x"
    content = read_json(source, accepted, str) if isinstance(source, str) else read_value(source, accepted, str)
    if not isinstance(content, dict):
        raise ValueError(f"{path!r} must be an object; accepted: {accepted}")
    box = base.box
    if "x" in content:
        box = _box(_uniform(content.pop("x"), path), path)
    entries = dict(pair for name, value in content.items() for pair in _by_coordinate(name, value, spec.dim))
    if TAU.name in entries and TAU.name not in (*own, *shared) and constant(TAU.name, entries[TAU.name]) == 1:
        del entries[TAU.name]
    if unknown := [name for name in entries if name not in own and name not in shared]:
        raise ValueError(f"{path!r} has {unknown[0]!r}; accepted: {accepted}")
    counts = {len(value) for value in entries.values() if isinstance(value, list)}
    if len(counts) > 1 or min(counts, default=2) < 2 or any(isinstance(entries.get(name), list) for name in shared):
        raise ValueError(f"{path!r} must have as many values of every parameter, 2 or more, and one of a shared one")
    k = counts.pop() if counts else base.k
    if k > base.k and (missing := [name for name in own if not isinstance(entries.get(name), list)]):
        raise ValueError(f"{path!r} has {k} atoms and no {missing[0]!r} of each; accepted: {accepted}")
    atoms = [dict(base.atoms[min(i, base.k - 1)]) for i in range(k)]
    for name, value in entries.items():
        for values, number in zip(atoms, value if isinstance(value, list) else [value], strict=False):
            if name in own:
                values[own[name]] = _signed(own[name], number)
    common = {p: _signed(p, entries[p.name]) if p.name in entries else v for p, v in base.shared.items()}
    return Truth(spec, tuple(atoms), common, box)


def read_atoms(source: str | Mapping[str, Any] | None, spec: MoESpec, true: int) -> Truth | None:
    """The truth of so many atoms of any model, as `read_values` reads it; None for None.

    Raises:
        ValueError: it cannot be read, has another number of atoms, or equal experts.
    """
    if source is None:
        return None
    truth = read_values(source, truth_of_model(spec, spec.gate, {}, true))
    check_atoms(truth, true)
    return truth


def check_atoms(truth: Truth, true: int | None) -> None:
    """Raise ValueError for another number of atoms, where one is asked for, or equal experts."""
    if true is not None and truth.k != true:
        raise ValueError(f"the truth has {truth.k} atoms, not {true}; accepted: --truth with {true} atoms")
    check_experts(truth)


def _by_coordinate(name: str, value: Any, dim: int) -> list[tuple[str, Any]]:
    """A value as it is, or the rows of a vector by its coordinates; in dimension 1 a row is its one number."""
    if not isinstance(value, list) or not value or not all(isinstance(v, list) and len(v) == dim for v in value):
        return [(name, value)]
    names = [name] if dim == 1 else [f"{name}_{j}" for j in range(1, dim + 1)]
    return [(part, [row[j] for row in value]) for j, part in enumerate(names)]


def _signed(p: sp.Symbol, value: Any) -> sp.Expr:
    number = constant(p.name, value)
    if p.is_positive and not number.is_positive:
        raise ValueError(f"{p.name} must be positive, not {value}")
    return number


def _uniform(law: Any, path: str) -> Mapping[str, Any]:
    """The law of x in a file. Raises ValueError for another form."""
    if not isinstance(law, dict) or set(law) != {"law", "low", "high"} or law["law"] != "uniform":
        raise ValueError(f'{path!r}: x must be {{"law":"uniform","low":-3,"high":3}}, not {law!r}')
    return law


def _box(law: Mapping[str, Any], path: str) -> tuple[sp.Expr, sp.Expr]:
    low, high = (constant("x", law[end]) for end in ("low", "high"))
    if not low < high:
        raise ValueError(f"{path!r}: x must have numbers low < high, not {law['low']} and {law['high']}")
    return low, high


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
    values = {name: getattr(m, name).tolist() for name in _KEYS if name != "x"}
    return {**values, "x": {"law": "uniform", "low": low, "high": high}}


def _numbers(value: Any, name: str, path: str) -> Any:
    """Nested lists of numbers, all of them floats, as an array."""
    try:
        array = np.array(value)
    except ValueError:
        raise ValueError(f"{path!r}: {name} must have rows of one length") from None
    if array.dtype != float:
        raise ValueError(f"{path!r}: {name} must hold numbers, not {value!r:.60}")
    if (abs(array) > _LARGEST).any():
        raise ValueError(f"{path!r}: {name} holds a number that is too large; accepted: up to {_LARGEST:g}")
    return array


def default_truth(true_k: int, dim: int, *, anchored: bool, make: Callable[[int], Gate] = generic) -> Truth:
    """Experts that stay apart, and gates of alternating direction; the last is 0 in the anchored gauge.

    tau = 1/2, or the 1 of a gate without.

    beta1_j = 1, -3/2, 2, -5/2, ... along the axis j mod d, the last 0 (anchored) or 1/2; beta0_j = 0; a_j = +-1/2;
    b_j = 4 apart; nu_j = 1/4, 1/2 in turn; x uniform on [-3, 3]^d.
    """
    j = np.arange(true_k)
    beta1, a = np.zeros((true_k, dim)), np.zeros((true_k, dim))
    beta1[j, j % dim] = (-1.0) ** j * (1 + j / 2)
    beta1[-1] = 0.0
    if not anchored:
        beta1[-1, -1] = 0.5
    a[j, j % dim] = (-1.0) ** j / 2
    nu = np.where(j % 2, 0.5, 0.25).astype(float)
    b = (4.0 * (j - (true_k - 1) / 2)).astype(float)
    tau = np.array(0.5 if TAU in make(dim).shared else 1.0)
    return truth_of(MixingMeasure(beta1, np.zeros(true_k), tau, a, b, nu), -3, 3, make)


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
