"""Compares measured slopes with predicted exponents, records a study, and puts its slopes in words and rows.

`study_record` is the object of `rates --json` (theory 9); `slope_parts` and `answer` are what its screen says of it.

`KeptSlope` is the slope of an order of the atlas, to n = 10^12. `data/exponent_studies.json` has the rate studies of
settings without published contact orders, each fixed before it ran, with samples on the lattice, at 24 columns of x,
and fits by two searches whose starts do not use the truth; `data/claim_slopes.json` has those of the claims.
`campaigns/remeasure.py` makes both files again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache, lru_cache
from itertools import product
from math import isfinite
from typing import Any

import numpy as np

from temperance.measurements.judgement import (
    LEVEL,
    LegOutcome,
    PlannedTest,
    conditions,
    describe_conditions,
    holds,
    objection,
    planned_slope,
    with_test,
)
from temperance.numerics.fitting.search import FAILED
from temperance.numerics.studies.results import Result, StudyResult, StudySlope, study_slopes
from temperance.numerics.studies.slopes import is_sharp, log_slope, slope_test
from temperance.numerics.studies.study import Study
from temperance.show.inputs import read_stored
from temperance.show.table import Columns, Part, Table
from temperance.theory.models.order import Order, Prediction, weakest
from temperance.theory.rates.predict import predict

_EARLY = 10**4  # sizes below it say nothing of a limit: variances differ from theirs by O(1/n)
_FEW_AT_BOUND = 0.05  # share of fits that end at a bound, which the first sentence leaves out
_RARE = 0.5  # share of the fits up to which cells of some size may be without a slope


def predictions(study: Study) -> tuple[Prediction, ...]:
    """What theory.rates.predict predicts for a study, at its truth and on its support."""
    return predict(study.exact_truth, study.k, None if study.linear else study.activation, gauge=study.gauge)


def predicted(study: Study, wanted: Mapping[str, float | None]) -> LegOutcome:
    """Whether theory.rates.predict predicts these exponents for a study (None: none)."""
    exponents = {p.parameter: None if p.sharp is None else float(p.sharp) for p in predictions(study)}
    return holds({name: exponents[name] for name in wanted if name in exponents} == wanted)


def _of_the_image(study: Study) -> tuple[Prediction, ...] | None:
    """What is predicted of fits whose anchor is in the first cell, where the anchored truth has a mirror image.

    For s odd + const the truth (beta1, 0) has the density of (-beta1, 0) with its two experts swapped: the first cell
    is then that of the anchor. The predictions name the cells in this order.
    """
    if study.symmetry.parity != "odd" or study.linear or study.gauge != "anchored" or study.truth.k != 2:
        return None
    return predictions(replace(study, truth=replace(study.truth, beta1=-study.truth.beta1)))


@lru_cache(maxsize=64)  # several claims share a study
def study_record(result: StudyResult, *, level: float | None = None) -> dict[str, Any]:
    """A study as `temperance rates --json` prints it: setting, experiment, slopes and fits.

    level: of each test; by default the share of the family-wise level that the slopes of this study alone have.
    slope, ci, predicted and published all have the sign of a slope: an error of n^(-1/2) has -0.5. An outcome is null
    where nothing is predicted or there are too few fits.
    """
    study = result.study
    home, image = predictions(study), _of_the_image(study)
    each = LEVEL / max(1, len(planned_slopes((study,), LEVEL))) if level is None else level
    return record_of(result, [(s, _applicable(s, home, image)) for s in study_slopes(result)], each, exact=study.exact)


def record_of(
    result: Result, slopes: Iterable[tuple[StudySlope, Prediction | None]], level: float, *, exact: bool = False
) -> dict[str, Any]:
    """The object of `rates --json`, of slopes with what is predicted of each; exact: as in `_slope_record`."""
    study, beside = result.study, conditions(result)
    no_test = objection(result.dropped, beside["agreement"])
    records = (_slope_record(s, rate, study.sizes, level, exact=exact, no_test=no_test) for s, rate in slopes)
    return {
        "setting": {**study.definition, "digest": study.digest},
        "experiment": study.experiment,
        "slopes": [{**record, **beside} for record in records],
        "fits": fits(result),
        "conditions": beside,
    }


def planned_slopes(
    studies: Sequence[Study], level: float, *, parameters: Sequence[str] | None = None
) -> list[PlannedTest]:
    """The hypotheses of the slopes of some studies: every group of errors with a predicted rate that can occur.

    Which cells the fits will have is not known before a study runs: all numbers of atoms that cells without an empty
    one can have are counted, and both places of the anchor. parameters: a part of the groups; for None all but the
    density, which has a claim of its own.
    """
    return [
        planned_slope(study.name, group, study.replicates, study.sizes, p, level, exact=study.exact)
        for study in studies
        for parameter, group, p in _predicted_groups(study)
        if (parameter in parameters if parameters else parameter != "density")
    ]


@lru_cache(maxsize=64)
def _predicted_groups(study: Study) -> tuple[tuple[str, str, float], ...]:
    """Parameter, group in words, and exponent of every slope that can have a prediction."""
    k, image = study.truth.k, _of_the_image(study)
    sizes = [s for s in product(range(1, study.k - k + 2), repeat=k) if sum(s) == study.k]
    apart = not (study.exact or study.linear) and study.gauge == "anchored"
    homes: list[bool | None] = [True, False] if apart else [None]
    theta = np.zeros((1, 1, study.layout.size))
    shapes = StudyResult(
        study, theta, np.full((1, 1), "converged"), np.ones((1, 1), dtype=int), np.zeros((1, 1))
    ).errors
    named_groups = []
    for name, errors in shapes.items():
        whole = name == "density" or (errors.ndim == 2 and study.exact)
        cells: Sequence[int | None] = range(errors.shape[-1]) if errors.ndim == 3 else [None]
        for cell, home in product(cells, [None] if whole else homes):
            groups = {s[cell] if cell is not None else None if whole else s for s in sizes}
            for group in sorted(groups, key=str):
                met = [s for s in sizes if whole or group == (s if cell is None else s[cell])]
                size = group if isinstance(group, int) else None
                slopes = [StudySlope(name, cell, size, 1.0, (s,), home, None) for s in met]
                proved = [p.proved for s in slopes if (p := _applicable(s, predictions(study), image)) is not None]
                if rates := [p for p in proved if p is not None]:
                    where = "" if cell is None else f" in cell {cell}"
                    words = f"{name}{where}" + ("" if group is None else f", {group}") + (" away" * (home is False))
                    named_groups.append((name, words, float(min(rates))))
    return tuple(named_groups)


def fits(result: Result) -> dict[str, int]:
    """How many fits ended how; failed: spikes and those that ran out of steps."""
    counts = result.counts
    failed, total = counts["spike"] + counts["max_steps"], sum(counts.values())
    return {"total": total, "converged": counts["converged"], "at_bound": counts["at_bound"], "failed": failed}


def _applicable(s: StudySlope, home: Sequence[Prediction], image: Sequence[Prediction] | None) -> Prediction | None:
    """The prediction that is meant for a slope, None if there is none."""
    if s.home is not False:
        return weakest(home, s.parameter, s.cell, s.patterns)
    if image is None:
        return None
    return weakest(image, s.parameter, None if s.cell is None else 1 - s.cell, [p[::-1] for p in s.patterns])


def _slope_record(
    s: StudySlope, rate: Prediction | None, sizes: Sequence[int], level: float, *, exact: bool, no_test: str | None
) -> dict[str, Any]:
    """A slope as JSON, with the test of a prediction: errors fall at least as fast as is proved.

    Fits that at most half of the samples have are rare: without the power they settle nothing, and are not judged.
    level: of the test. exact: whether the rate is n^-p itself, as of as many atoms as there are; else a bound. no_test:
    why the study settles nothing, if it does not.
    """
    stated = (None, None) if rate is None else (rate.proved, rate.published)
    sharp, published = (None if exponent is None else -float(exponent) for exponent in stated)
    row = {
        "parameter": s.parameter,
        "cell": s.cell,
        "cell_size": s.cell_size,
        "share": s.share,
        "cells": [list(pattern) for pattern in s.patterns],
        "anchor_at_home": s.home,
        "slope": None if s.slope is None else s.slope.value,
        "median_slope": None if s.slope is None else s.slope.median,
        "ci": None if s.slope is None else [finite(end) for end in s.slope.interval],
        "predicted": sharp,
        "published": published,
        "outcome": None,
        "sharp": None,
        "reason": _silence(s, rate),
        "points": [asdict(point) for point in s.points],
    }
    rare = s.share <= _RARE
    if sharp is None or s.errors is None or (s.slope is None and rare):
        return row
    early = sizes[0] < _EARLY
    tested = slope_test(s.errors, sizes, -sharp, exact=exact and not early, level=level)
    row = with_test(row, tested, level, rare=rare, objection=no_test)
    if row["outcome"] == "contradicted" and early:
        row |= {"outcome": "inconclusive", "reason": f"{row['reason']}; n below 10^4 says nothing of the limit"}
    is_about = s.slope is not None and is_sharp(s.slope.value, s.slope.interval, -sharp)
    return {**row, "sharp": is_about and row["outcome"] == "confirmed"}


def _silence(s: StudySlope, prediction: Prediction | None) -> str:
    """Why a slope is not judged."""
    if prediction is None and s.home is False:
        return "the fitted anchor is in the cell of another atom: no statement covers it"
    if prediction is None:
        return "nothing is stated of it in this setting"
    if prediction.proved is None:
        return prediction.reason
    return "some sample size has fewer than ten such fits, no error at all, or an error without bound"


def finite(value: float) -> float | None:
    """The number, None for one that JSON has no word for."""
    return value if isfinite(value) else None


_OPEN = ("inconclusive", "contradicted")
_LARGE = 10  # half of an interval over its error; more than that is no number
_SIZES = 5  # of a table of errors, so that it is no wider than a page


def slope_parts(record: Mapping[str, Any]) -> Iterator[Part]:
    """The definition of a study, every slope with its interval and prediction, its errors, and how the fits ended."""
    slopes = record["slopes"]
    open_ = dict.fromkeys(s["reason"] for s in slopes if s["outcome"] != "confirmed")
    marks = {reason: f" [{i}]" for i, reason in enumerate(open_, 1)}
    marked = {**SLOPE_COLUMNS, "outcome": lambda s: _judgement(s) + marks.get(s["reason"], "")}
    yield Table.of("Slopes", marked, slopes)
    yield from (f"{mark.strip()} {reason}" for reason, mark in marks.items())
    if any(s["published"] not in (None, s["predicted"]) for s in slopes):
        yield "in brackets: the published slope, where it differs"
    if any(_median(s) for s in slopes if s["slope"] is not None):
        yield "median: the slope of the median error, where the interval of the RMS errors does not hold it"
    if any(s["anchor_at_home"] is False for s in slopes):
        yield "anchor away: fits whose anchor (the atom with beta1 = 0) is not in the cell of the true anchor"
    yield from _errors(record["setting"]["sizes"], slopes)
    yield describe_fits(record["fits"])
    if beside := describe_conditions(record.get("conditions", {})):
        yield beside


def _errors(sizes: Sequence[int], slopes: Sequence[Mapping[str, Any]]) -> Iterator[Part]:
    """The RMS error at every n with half its 95% interval, where there are fits."""
    yield "RMS errors at the sample sizes n, +- half of their 95% intervals (few: under ten fits; large: no number)"
    for start in range(0, len(sizes), _SIZES):
        part = sizes[start : start + _SIZES]
        rows = []
        for s in slopes:
            points = {point["n"]: point for point in s["points"]}
            rows.append((s["parameter"], _cell(s), *(_error(points[n]) if n in points else "few" for n in part)))
        yield Table("RMS errors", ("group", "cell", *(f"n = {describe_size(n)}" for n in part)), tuple(rows))


def _error(point: Mapping[str, Any]) -> str:
    if point["rms"] is None:
        return "large"
    if point["ci"] is None:
        return f"{point['rms']:.2g}"
    low, high = point["ci"]
    half = (high - low) / 2 / point["rms"]
    return f"{point['rms']:.2g} +-" + (f"{half:.0%}" if half <= _LARGE else "large")


def describe_fits(fits: Mapping[str, int]) -> str:
    """How the fits of a study ended."""
    converged, bound, failed = (f"{fits[name] / fits['total']:.2%}" for name in ("converged", "at_bound", "failed"))
    text = f"{fits['total']} fits: {converged} converged, {bound} ended at a bound of the box"
    if fits["at_bound"]:
        text += " (they count: the slopes are those of estimates in this box)"
    return text + f", {failed} were dropped (degenerate, or not converged)"


def describe_size(n: int) -> str:
    """The size as a power of ten where it is a large one."""
    exponent = len(str(n)) - 1
    return f"1e{exponent}" if n >= 10**6 and n == 10**exponent else str(n)


def answer(record: Mapping[str, Any]) -> str:
    """What the slopes of a study say of the predictions, and how many fits are at a bound of their box, if many are."""
    slopes, fits = record["slopes"], record["fits"]
    by_outcome = {name: [s for s in slopes if s["outcome"] == name] for name in ("confirmed", *_OPEN)}
    judged = sum(map(len, by_outcome.values()))
    silent = [s for s in slopes if s["predicted"] is None]
    text = "Answer: no slope is predicted and measured"
    if judged:
        sharp = sum(bool(s["sharp"]) for s in by_outcome["confirmed"])
        text = f"Answer: errors fall as predicted in {len(by_outcome['confirmed'])} of {judged} slopes, {sharp} sharp"
    text += "".join(f"; {name}: {_groups(by_outcome[name], slopes) or 'none'}" for name in _OPEN if judged)
    text += f"; not predicted, only measured: {', '.join(_names(silent))}" if silent else ""
    share = fits["at_bound"] / max(1, fits["total"])
    return text + (f"; {share:.0%} of the fits end at a bound of their box" if share > _FEW_AT_BOUND else "")


def _groups(some: Sequence[Mapping[str, Any]], slopes: Sequence[Mapping[str, Any]]) -> str:
    """The groups of some slopes, each with how many of its cells are confirmed, where some are."""
    groups = []
    for name in _names(some):
        outcomes = [s["outcome"] for s in slopes if s["parameter"] == name and s["outcome"] is not None]
        confirmed = outcomes.count("confirmed")
        groups.append(f"{name} (confirmed for {confirmed} of {len(outcomes)})" if confirmed else name)
    return ", ".join(groups)


def _names(slopes: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(s["parameter"] for s in slopes))


def _slope(s: Mapping[str, Any]) -> str:
    """The slope with its interval, or why there is none."""
    if s["slope"] is None:
        errors = [p["rms"] for p in s["points"]]
        if errors and not any(errors) and None not in errors:
            return "no error"
        return "overflow" if None in errors else "too few fits"
    low, high = (("?" if end is None else f"{end:.3f}") for end in s["ci"])
    return f"{s['slope']:.3f} [{low}, {high}]" + _median(s)


def _judgement(s: Mapping[str, Any]) -> str:
    outcome = s["outcome"] or ("no prediction" if s["predicted"] is None else "not judged")
    return outcome + (", sharp" if s["sharp"] else "")


def _cell(s: Mapping[str, Any]) -> str:
    """The cell, from 1, and its number of atoms; for what belongs to no cell, those in all if some has several."""
    if s["cell"] is not None:
        cell = f"{s['cell'] + 1} ({s['cell_size']})"
    else:
        sizes = s["cells"][0] if len(s["cells"]) == 1 else []
        cell = f"all ({', '.join(map(str, sizes))})" if max(sizes, default=1) > 1 else "all"
    return cell + (", anchor away" if s["anchor_at_home"] is False else "")


def _median(s: Mapping[str, Any]) -> str:
    """The slope of the median error, where the 95% interval of that of the RMS error does not hold it."""
    median, (low, high) = s.get("median_slope"), s["ci"]
    if median is None or None in (low, high) or low <= median <= high:
        return ""
    return f", median {median:.3f}"


def _predicted(s: Mapping[str, Any]) -> str:
    """The predicted slope, and the published one in brackets where they differ."""
    sharp, published = (None if s[name] is None else f"{s[name]:g}" for name in ("predicted", "published"))
    return (sharp or "none") + ("" if published in (None, sharp) else f" ({published})")


SLOPE_COLUMNS: Columns = {
    "group": "parameter",
    "cell": _cell,
    "share": lambda s: f"{s['share']:.2f}",
    "slope [95% interval]": _slope,
    "predicted": _predicted,
    "outcome": _judgement,
}
"""A cell with its number of atoms; a predicted slope with the published one, where they differ."""


@cache
def stored_studies() -> Mapping[str, Any]:
    """The results that were kept, by the names of their studies."""
    return {entry["definition"]["name"]: entry for entry in read_stored("measurements/data/exponent_studies.json")}


def study_of(setting: Mapping[str, Any], size: int) -> Mapping[str, Any] | None:
    """The kept study of a setting, as its record says it, with so many atoms in its cell; None where there is none."""
    studies = (study for study in stored_studies().values() if study["setting"] == setting)
    return next((study for study in studies if study["definition"]["cell"] == size), None)


def errors_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The errors of a stored result, as arrays (R, N), NaN where a fit was dropped."""
    return {name: np.array(rows, dtype=float) for name, rows in entry["errors"].items()}


def dropped(entry: Mapping[str, Any]) -> float:
    """The share of the fits that are spikes or ran out of steps."""
    counts = entry["fits"]
    return float(sum(counts.get(status, 0) for status in FAILED) / sum(counts.values()))


@dataclass(frozen=True)
class KeptSlope:
    """A slope with its 95% interval (None: an end that is infinite) over n_from to n_to.

    outcome, reason: of the test of the rate (theory 9), in the family of all stored slopes. study: its name;
    group: what it calls the errors.
    """

    value: float
    low: float | None
    high: float | None
    n_from: int
    n_to: int
    outcome: LegOutcome
    reason: str
    study: str
    group: str

    def to_json(self) -> dict[str, Any]:
        """The keys of a slope in `atlas --json`."""
        return asdict(self)


def of_study(study: Mapping[str, Any], groups: Mapping[str, str], order: Order) -> KeptSlope | str:
    """The slope of an order in a stored result; as text, why there is none.

    groups: the group of errors of every order.
    """
    errors, sizes = errors_of(study), study["definition"]["sizes"]
    group = groups.get(order.parameter)
    if order.rate is None or group not in errors:
        return "no rate is proved" if order.rate is None else "the study has no errors of it"
    try:
        slope = log_slope(errors[group], sizes)
    except ValueError as error:
        return str(error)
    level = LEVEL / sum(len(stored_study["errors"]) for stored_study in stored_studies().values())
    tested = slope_test(errors[group], sizes, float(order.rate), exact=False, level=level)
    settles_nothing = objection(dropped(study), study["conditions"]["agreement"])
    judged = with_test({}, tested, level, objection=settles_nothing)
    low, high = map(finite, slope.interval)
    name = study["definition"]["name"]
    return KeptSlope(slope.value, low, high, sizes[0], sizes[-1], judged["outcome"], judged["reason"], name, group)


def of_claims(studies: Sequence[Mapping[str, Any]], order: Order) -> KeptSlope | str:
    """The slowest slope of an order in studies of `claim_studies`; as text, why there is none.

    What the studies call beta1^p/tau is beta1/tau where s is homogeneous of degree p = 1.
    """
    every = ((s, study) for study in studies for s in study["slopes"])
    pairs = [pair for pair in every if pair[0]["parameter"].replace("^p", "") == order.parameter]
    if not pairs:
        return "no rate is proved" if order.rate is None else "the study has no errors of it"
    slope, study = max(pairs, key=lambda pair: float(pair[0]["slope"]))
    outcome, reason = slope["outcome"], slope["reason"]
    if order.rate is None or -slope["predicted"] != float(order.rate):
        outcome, reason = "inconclusive", "the study is about another rate"
    (low, high), (first, last) = slope["ci"], study["sizes"]
    return KeptSlope(slope["slope"], low, high, first, last, outcome, reason, study["study"], slope["parameter"])


def claim_studies(activation: str, tau: float | None, cell: int, d: int) -> list[dict[str, Any]]:
    """The claims' studies of a gate with their slopes.

    activation, tau: as in the studies ("linear" with tau 1 is the softmax gate). cell: atoms in the split cell, 1 for
    exact-specified fits.
    """
    wanted = {"activation": activation, "tau": tau, "cell": cell, "d": d}
    return [study for study in kept_claims() if wanted.items() <= study.items()]


@cache
def kept_claims() -> tuple[dict[str, Any], ...]:
    """All studies of the claims that are kept."""
    return tuple(read_stored("measurements/data/claim_slopes.json"))
