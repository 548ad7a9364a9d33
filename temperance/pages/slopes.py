"""Puts the slopes of a study in words and rows: what was measured, predicted and judged, and the errors at every n."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from temperance.evidence.conditions import describe
from temperance.measurements.rate_study import size_in_words
from temperance.terminal.parts import Grid, Part

SLOPE_COLUMNS = ("group", "cell", "share", "slope [95% interval]", "predicted", "outcome")
"""A cell with its number of atoms; a predicted slope with the published one, where they differ."""
_OPEN = ("inconclusive", "contradicted")
_LARGE = 10  # half of an interval over its error; more than that is no number
_SIZES = 5  # of a table of errors, so that it is no wider than a page


def slope_parts(record: Mapping[str, Any]) -> Iterator[Part]:
    """The definition of a study, every slope with its interval and prediction, its errors, and how the fits ended."""
    slopes = record["slopes"]
    open_ = dict.fromkeys(s["reason"] for s in slopes if s["outcome"] != "confirmed")
    marks = {reason: f" [{i}]" for i, reason in enumerate(open_, 1)}
    yield Grid("Slopes", SLOPE_COLUMNS, tuple(slope_row(s, marks.get(s["reason"], "")) for s in slopes))
    yield from (f"{mark.strip()} {reason}" for reason, mark in marks.items())
    if any(s["published"] not in (None, s["predicted"]) for s in slopes):
        yield "in brackets: the published slope, where it differs"
    if any(_median(s) for s in slopes if s["slope"] is not None):
        yield "median: the slope of the median error, where the interval of the RMS errors does not hold it"
    if any(s["anchor_at_home"] is False for s in slopes):
        yield "anchor away: fits whose anchor (the atom with beta1 = 0) is not in the cell of the true anchor"
    yield from _errors(record["setting"]["sizes"], slopes)
    yield fits_in_words(record["fits"])
    if beside := describe(record.get("conditions", {})):
        yield beside


def _errors(sizes: Sequence[int], slopes: Sequence[Mapping[str, Any]]) -> Iterator[Part]:
    """The RMS error at every n with half its 95% interval, where there are fits."""
    yield "RMS errors at the sample sizes n, +- half of their 95% intervals (few: under ten fits; large: no number)"
    for start in range(0, len(sizes), _SIZES):
        part = sizes[start : start + _SIZES]
        rows = []
        for s in slopes:
            found = {point["n"]: point for point in s["points"]}
            rows.append((s["parameter"], _cell(s), *(_error(found[n]) if n in found else "few" for n in part)))
        yield Grid("RMS errors", ("group", "cell", *(f"n = {size_in_words(n)}" for n in part)), tuple(rows))


def _error(point: Mapping[str, Any]) -> str:
    if point["rms"] is None:
        return "large"
    if point["ci"] is None:
        return f"{point['rms']:.2g}"
    low, high = point["ci"]
    half = (high - low) / 2 / point["rms"]
    return f"{point['rms']:.2g} +-" + (f"{half:.0%}" if half <= _LARGE else "large")


def fits_in_words(fits: Mapping[str, int]) -> str:
    """How the fits of a study ended."""
    converged, bound, failed = (f"{fits[name] / fits['total']:.2%}" for name in ("converged", "at_bound", "failed"))
    text = f"{fits['total']} fits: {converged} converged, {bound} ended at a bound of the box"
    if fits["at_bound"]:
        text += " (they count: the slopes are those of estimates in this box)"
    return text + f", {failed} were dropped (degenerate, or not converged)"


def answer(slopes: Sequence[Mapping[str, Any]]) -> str:
    """What the slopes of a study say of the predictions."""
    by_outcome = {name: [s for s in slopes if s["outcome"] == name] for name in ("confirmed", *_OPEN)}
    judged = sum(map(len, by_outcome.values()))
    silent = [s for s in slopes if s["predicted"] is None]
    text = "Answer: no slope is predicted and measured"
    if judged:
        sharp = sum(bool(s["sharp"]) for s in by_outcome["confirmed"])
        text = f"Answer: errors fall as predicted in {len(by_outcome['confirmed'])} of {judged} slopes, {sharp} sharp"
    text += "".join(f"; {name}: {_groups(by_outcome[name], slopes) or 'none'}" for name in _OPEN if judged)
    return text + (f"; not predicted, only measured: {', '.join(_names(silent))}" if silent else "")


def _groups(some: Sequence[Mapping[str, Any]], slopes: Sequence[Mapping[str, Any]]) -> str:
    """The groups of some slopes, each with how many of its cells are confirmed, where some are."""
    found = []
    for name in _names(some):
        outcomes = [s["outcome"] for s in slopes if s["parameter"] == name and s["outcome"] is not None]
        kept = outcomes.count("confirmed")
        found.append(f"{name} (confirmed for {kept} of {len(outcomes)})" if kept else name)
    return ", ".join(found)


def _names(slopes: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(s["parameter"] for s in slopes))


def slope_row(s: Mapping[str, Any], mark: str = "") -> tuple[str, ...]:
    """A slope as a row of a table; mark: of the note with its reason."""
    slope = _no_slope(s)
    if s["slope"] is not None:
        low, high = (("?" if end is None else f"{end:.3f}") for end in s["ci"])
        slope = f"{s['slope']:.3f} [{low}, {high}]" + _median(s)
    outcome = s["outcome"] or ("no prediction" if s["predicted"] is None else "not judged")
    judged = outcome + (", sharp" if s["sharp"] else "") + mark
    return s["parameter"], _cell(s), f"{s['share']:.2f}", slope, _predicted(s), judged


def _cell(s: Mapping[str, Any]) -> str:
    """The cell with its number of atoms; for what belongs to no cell, the numbers in all cells if some has several."""
    cell = f"{s['cell']} ({s['cell_size']})"
    if s["cell"] is None:
        sizes = s["cells"][0] if len(s["cells"]) == 1 else []
        cell = f"all ({', '.join(map(str, sizes))})" if max(sizes, default=1) > 1 else "all"
    return cell + (", anchor away" if s["anchor_at_home"] is False else "")


def _median(s: Mapping[str, Any]) -> str:
    """The slope of the median error, where the 95% interval of that of the RMS error does not hold it."""
    median, (low, high) = s.get("median_slope"), s["ci"]
    if median is None or None in (low, high) or low <= median <= high:
        return ""
    return f", median {median:.3f}"


def _no_slope(s: Mapping[str, Any]) -> str:
    errors = [p["rms"] for p in s["points"]]
    if errors and not any(errors) and None not in errors:
        return "no error"
    return "overflow" if None in errors else "too few fits"


def _predicted(s: Mapping[str, Any]) -> str:
    """The predicted slope, and the published one in brackets where they differ."""
    sharp, published = (None if s[name] is None else f"{s[name]:g}" for name in ("predicted", "published"))
    return (sharp or "none") + ("" if published in (None, sharp) else f" ({published})")
