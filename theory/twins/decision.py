"""Decides which other parameters share a density with a truth (theory 2.3).

>>> tanh = twins("tanh")
>>> tanh.unique, tanh.twins[0].map
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
from temperance.theory.twins.identities import at_zero, values_at_zero
from temperance.theory.twins.listing import below_kinks, listed, of_a_logarithm
from temperance.theory.twins.parts import Halves, NotDecided, Part, parts
from temperance.theory.twins.twin import S0, Gauge, Twin, Twins

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
    results, reason = in_every_region(read, partial(_of_one, atoms, gauge))
    if not reason and len({(result.unique, result.twins) for result in results}) > 1:
        reason = "it depends on the region in which the parameters lie"
    return Twins(read.name, atoms, gauge, None, (), reason) if reason else results[0]


def _of_one(atoms: int, gauge: Gauge, source: Activation, sample: Sample) -> Twins:
    result = Twins(source.name, atoms, gauge, None, ())
    zero = at_zero(source.pieces, sample)
    if gauge == "anchored" and zero is None:
        return replace(result, reason="s(0) is not defined as s is written, and the anchored gauge takes it")
    try:
        even, odd = parts(source, sample)
    except NotDecided as open_question:
        failure = classify(source)
        if failure is None or not failure.symmetry:
            return replace(result, reason=str(open_question))
        if failure.kind == "constant" and failure.level is None:
            return replace(result, reason=LEVEL_OPEN)
        consequence = _of_failure(source, sample, failure)
        if consequence is None:
            return replace(result, reason=str(open_question))
        if not isinstance(consequence[0], Part):
            return replace(result, unique=False, twins=consequence)
        even, odd = consequence
    unique, others, reason = listed(even, odd, atoms, gauge)
    inner, open_inside = below_kinks(source.pieces, sample, (even, odd), atoms, gauge)
    gap = _gap(source, sample) if zero == S0 else sp.S.Zero
    return replace(
        result,
        unique=unique,
        twins=tuple(_with_bias(t, gap) for t in (*others, *inner) if zero is not None or 0 not in (*t.truth, *t.image)),
        reason="; ".join(filter(None, (reason, open_inside))) or None,
        even=even.described,
        odd=odd.described,
        every_dimension=(even.is_free or odd.is_free) and not any(t.signs for t in others),
        kinks=len(source.pieces) > 1,
    )


def _gap(source: Activation, sample: Sample) -> sp.Expr:
    """s(0) less the mean of its limits at 0, for an s that jumps there."""
    values = values_at_zero(source.pieces, sample)
    return S0 - (values[0] + values[-1]) / 2


def _with_bias(twin: Twin, gap: sp.Expr) -> Twin:
    """A twin of an s whose s(0) is the mean of its limits, for s itself: beta0 takes up the rest."""
    before, after = ([gap if v == 0 else sp.S.Zero for v in values] for values in (twin.truth, twin.image))
    shift = tuple(sp.expand(twin.factor * g - h) for g, h in zip(before, after, strict=True))
    return replace(twin, shift=shift) if len(set(shift)) > 1 else twin


def _of_failure(source: Activation, sample: Sample, failure: Failure) -> tuple[Part, Part] | tuple[Twin, ...] | None:
    """What a failure of the first-order condition tells of an s that is not analytic at 0; None where it does not.

    The parts of C |z|^p + const, or the twins of a logarithm. On one side of 0 alone, both parts are that of s there.
    """
    halves = Halves(source, sample)
    if failure.kind == "constant":
        return Part(()), Part(() if failure.level or not halves.pieces else (sp.S.Zero,))
    power = Part((failure.degree,) if failure.kind == "homogeneous" else ())
    even = odd = True  # whether s has such a part
    if halves.pieces:
        try:
            elements = halves.elements()
        except (OutsideTowers, ZeroDivisionError, ValueError):
            return None
        even = not all(halves.tower.d(e).is_zero() for e in elements[0])
        odd = not all(o.is_zero() for o in elements[1])
    if failure.kind == "logarithmic":
        return tuple(of_a_logarithm(failure.coefficient, even=not odd, one_sided=not halves.pieces))
    return power if even else Part(()), power if odd else Part(())
