"""Warns in plain words of what a fit leaves open: parameters that are not determined, a search that was cut short."""

from __future__ import annotations

from collections.abc import Sequence

from numerics.mle import Fit
from theory.activations import Activation
from theory.classification import Failure, classify


def symmetry_of(fit: Fit, source: Activation) -> Failure | None:
    """The symmetry of the gate that leaves parameters of this fit open, if there is one; None for the linear gate.

    A homogeneous s scales tau, so that a fixed tau leaves nothing open.
    """
    if source.is_linear or fit.layout.k == 1 or not len(fit.flat_directions):
        return None
    failure = classify(source)
    if failure is None or not failure.symmetry or (failure.kind == "homogeneous" and fit.layout.tau is not None):
        return None
    return failure


def warnings_of(
    fit: Fit, source: Activation, symmetry: Failure | None, unknown: Sequence[tuple[str, int | None]], dependent: bool
) -> tuple[str, ...]:
    """The warnings of a fit.

    unknown: (parameter, atom) of the estimates that are not identifiable; dependent: whether the columns of x are
    linearly dependent (with the constant).
    """
    notes = _of_gate(fit, source, symmetry)
    if dependent:
        notes.append("the columns of x are linearly dependent: no single beta1 and a are determined")
    if unknown and len(fit.flat_directions) > len(notes):
        notes.append("the likelihood is flat: the data do not determine " + ", ".join(_named(*u) for u in unknown))
    return (*notes, *_of_search(fit, len(source.pieces) > 1))


def _of_gate(fit: Fit, source: Activation, symmetry: Failure | None) -> list[str]:
    """What the gate leaves open whatever the data."""
    gate_is_fitted = fit.layout.tau is None or any(name == "beta1" for name, _ in fit.layout.names)
    if fit.layout.k == 1:
        return ["one atom has the weight 1 whatever its gate: nothing is learnt of the gate"] * gate_is_fitted
    if source.is_linear:
        text = "tau is not identifiable with the linear gate: only beta1/tau and beta0/tau are"
        return [text] * (fit.layout.tau is None)
    if symmetry is not None:
        return [f"the gate is not identifiable, only functions of it are: {', '.join(symmetry.invariants)}"]
    return []


def _of_search(fit: Fit, pieces: bool) -> list[str]:
    notes = []
    if fit.status == "spike":
        notes.append("an atom has collapsed on fewer points than it has parameters: this is not an estimate")
    if fit.status == "max_steps":
        why = " (s has switching points, where the likelihood is not smooth)" if pieces else ""
        notes.append(f"the search ended before it reached a maximum{why}: this is not an estimate")
    for bound in dict.fromkeys(fit.bounds):
        notes.append(f"{_named(*bound)} is at the edge of the box, which is part of the estimator")
    if fit.starts > 1 and fit.agree == 1:
        notes.append(f"only 1 of {fit.starts} starts reached this likelihood: more starts may reach a higher one")
    return notes


def _named(parameter: str, atom: int | None) -> str:
    return parameter if atom is None else f"{parameter} of atom {atom}"
