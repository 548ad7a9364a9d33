"""Decides which other parameters share a density with a truth (theory.md 2.9).

>>> found = twins("tanh")
>>> found.unique, found.twins[0].map
(False, '(b, c, beta0, tau) -> (-c, -b, beta0, tau)')
>>> twins("gelu").unique
True
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import sympy as sp

from temperance.theory.activations.activation import Activation, activation, in_every_region
from temperance.theory.conditions.first_order_failures import LEVEL_OPEN, Failure, classify
from temperance.theory.expressions.sign_changes import NO_CLOSED_FORM, NoClosedForm, Sample
from temperance.theory.fields.differential_field import OutsideTowers
from temperance.theory.twins.identities import at_zero
from temperance.theory.twins.listing import listed
from temperance.theory.twins.parts import Halves, NotDecided, Part, parts
from temperance.theory.twins.twin import B, C, Gauge, L, M, Twin, Twins

GAUGES: tuple[Gauge, ...] = ("free", "anchored")


def twins(source: str | sp.Expr | Activation, *, atoms: int = 2, gauge: Gauge = "free") -> Twins:
    """The other parameters of an activation gate that have the density of a truth.

    Two parameters have one density iff, up to the numbering of the atoms, their experts are the same and
    (s(b_i x) - s(b_j x))/tau - (s(b_i' x) - s(b_j' x))/tau' is constant in x for all i, j.

    Args:
        source: as theory.activations.activation.activation takes it; parameters are taken as generic.
        atoms: their number, 2 or more, all with distinct experts.
        gauge: free (only beta0 of the last atom is 0) or anchored (its beta1 too).

    Raises:
        ValueError: the activation cannot be read, or the number of atoms or the gauge is none of those accepted.
    """
    if isinstance(atoms, bool) or not isinstance(atoms, int) or atoms < 2:
        raise ValueError(
            f"the number of atoms must be 2 or more, not {atoms!r}: one atom has the weight 1 for any gate"
        )
    if gauge not in GAUGES:
        raise ValueError(f"unknown gauge {gauge!r}; accepted: {', '.join(GAUGES)}")
    try:
        read = activation(source)
    except NoClosedForm:
        return Twins(str(source).strip(), atoms, gauge, None, (), NO_CLOSED_FORM)
    found, reason = in_every_region(read, partial(_of_one, atoms, gauge))
    if not reason and len({(one.unique, one.twins) for one in found}) > 1:
        reason = "it depends on the region in which the parameters lie"
    return Twins(read.name, atoms, gauge, None, (), reason) if reason else found[0]


def _of_one(atoms: int, gauge: Gauge, source: Activation, sample: Sample) -> Twins:
    result = Twins(source.name, atoms, gauge, None, ())
    has_zero = at_zero(source.pieces, sample) is not None
    if gauge == "anchored" and not has_zero:
        return replace(result, reason="s(0) is not defined as s is written, and the anchored gauge takes it")
    try:
        even, odd = parts(source, sample)
    except NotDecided as open_question:
        failure = classify(source)
        if failure is None or not failure.symmetry:
            return replace(result, reason=str(open_question))
        if failure.kind == "constant" and failure.level is None:
            return replace(result, reason=LEVEL_OPEN)
        if failure.kind == "logarithmic":
            return replace(result, unique=False, twins=_logarithmic(failure))
        even, odd = _of_failure(source, sample, failure)
    unique, found, reason = listed(even, odd, atoms, gauge)
    return replace(
        result,
        unique=unique,
        twins=tuple(t for t in found if has_zero or 0 not in (*t.truth, *t.image)),
        reason=reason,
        even=even.described,
        odd=odd.described,
        every_dimension=even.is_free or odd.is_free,
        kinks=len(source.pieces) > 1,
    )


def _of_failure(source: Activation, sample: Sample, failure: Failure) -> tuple[Part, Part]:
    """The parts of C |z|^p + const that is not analytic at 0; both, where s is defined on one side of 0 alone."""
    if failure.kind == "constant":
        return Part(()), Part(() if failure.level else (sp.S.Zero,))
    power = Part((failure.degree,))
    halves = Halves(source, sample)
    if not halves.pieces:
        return power, power
    try:
        even, odd = halves.elements()
    except (OutsideTowers, ZeroDivisionError, ValueError):
        return power, power
    constant = all(halves.tower.d(e).is_zero() for e in even)
    return Part(()) if constant else power, Part(()) if all(o.is_zero() for o in odd) else power


def _logarithmic(failure: Failure) -> tuple[Twin, ...]:
    """s = c log|z| + const."""
    shift = (-failure.coefficient * sp.log(L), -failure.coefficient * sp.log(M))
    return (Twin((B, C), (L * B, M * C), sp.S.One, "every truth, atom by atom", True, shift),)
