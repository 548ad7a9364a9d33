"""Compares measured slopes with predicted exponents, and records a study (theory.md 4)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

from temperance.evidence.family import EACH, with_test
from temperance.evidence.outcomes import LegOutcome
from temperance.evidence.proof import holds
from temperance.numerics.errors.hypotheses import slope_test
from temperance.numerics.errors.slopes import LARGEST_DROPPED, is_sharp, judge
from temperance.numerics.studies.results import StudyResult, StudySlope, study_slopes
from temperance.numerics.studies.study import Study
from temperance.theory.rates.predict import predict
from temperance.theory.rates.prediction import Prediction, weakest

_BOOTSTRAP_SEED = 0
_RARE = 0.5  # share of the fits up to which cells of some size may be without a slope


def predictions(study: Study) -> tuple[Prediction, ...]:
    """What theory.rates.predict predicts for a study, at its truth and on its support."""
    return predict(study.exact_truth, study.k, None if study.linear else study.activation, gauge=study.gauge)


def predicted(study: Study, wanted: Mapping[str, float | None]) -> LegOutcome:
    """Whether theory.rates.predict predicts these exponents for a study (None: none)."""
    found = {p.parameter: None if p.sharp is None else float(p.sharp) for p in predictions(study)}
    return holds({name: found[name] for name in wanted if name in found} == wanted)


def _of_the_image(study: Study) -> tuple[Prediction, ...] | None:
    """What is predicted of fits whose anchor is in the first cell, where the anchored truth has a mirror image.

    For s odd + const the truth (beta1, 0) has the density of (-beta1, 0) with its two experts swapped: the first cell
    is then that of the anchor. The predictions name the cells in this order.
    """
    if study.symmetry.parity != "odd" or study.linear or study.gauge != "anchored" or study.truth.k != 2:
        return None
    return predictions(replace(study, truth=replace(study.truth, beta1=-study.truth.beta1)))


@lru_cache(maxsize=64)  # several claims share a study
def study_record(result: StudyResult, *, tests: bool = False) -> dict[str, Any]:
    """A study as `temperance rates --json` prints it: setting, experiment, slopes and fits.

    tests: whether slopes are judged by tests of the family of `verify` (`family`), in place of the rule of `rates`.

    slope, ci, predicted and published all have the sign of a slope: an error of n^(-1/2) has -0.5. An outcome is null
    where nothing is predicted or there are too few fits. A number is predicted only where it is proved, so that no
    slope alone contradicts it (`slopes.judge`, supported); alone is the outcome if nothing supported it.
    """
    home, image = predictions(result.study), _of_the_image(result.study)
    found = study_slopes(result, seed=_BOOTSTRAP_SEED)
    slopes = [slope_record(s, result.dropped, _applicable(s, home, image)) for s in found]
    if tests:
        slopes = [_tested(result, s, record) for s, record in zip(found, slopes, strict=True)]
    return {
        "setting": {**result.study.definition, "digest": result.study.digest},
        "experiment": result.study.experiment,
        "slopes": slopes,
        "fits": fits(result),
    }


def _tested(result: StudyResult, s: StudySlope, record: dict[str, Any]) -> dict[str, Any]:
    """A slope with its test, where a rate is predicted: n^-p itself of as many atoms as there are, else a bound.

    Fits that at most half of the samples have are rare: without the power they settle nothing, and are not judged.
    """
    if record["outcome"] is None or s.errors is None:
        return record
    study, p = result.study, -record["predicted"]
    tested = slope_test(s.errors, study.sizes, p, exact=study.exact, level=EACH)
    if result.dropped > LARGEST_DROPPED:
        tested = tested.without_test()
    found = with_test(record, tested, rare=s.share <= _RARE)
    sharp = s.slope is not None and is_sharp(s.slope.value, s.slope.interval, p)
    return {**found, "sharp": sharp and found["outcome"] == "confirmed", "alone_reason": record["reason"]}


def fits(result: StudyResult) -> dict[str, int]:
    """How many fits ended how; failed: spikes and those that ran out of steps.

    checked: of kept fits, how many were held against the likelihood of here (`kept_check`). Where one did not stand
    all were fitted now, and kept_differ is 1.
    """
    counts = result.counts
    failed = counts["spike"] + counts["max_steps"]
    total = sum(counts.values())
    found = {"total": total, "converged": counts["converged"], "at_bound": counts["at_bound"], "failed": failed}
    if result.check is None:
        return found
    if not result.check.stand:
        return {**found, "kept_differ": 1}
    return {**found, "checked": result.check.samples * len(result.study.sizes)}


def _applicable(s: StudySlope, home: Sequence[Prediction], image: Sequence[Prediction] | None) -> Prediction | None:
    """The prediction that is meant for a slope, None if there is none."""
    if s.home is not False:
        return weakest(home, s.parameter, s.cell, s.patterns)
    if image is None:
        return None
    return weakest(image, s.parameter, None if s.cell is None else 1 - s.cell, [p[::-1] for p in s.patterns])


def slope_record(s: StudySlope, dropped: float, found: Prediction | None) -> dict[str, Any]:
    """A slope as JSON, judged by a prediction: errors fall at least as fast as is proved."""
    sharp, published = (None, None) if found is None else (_slope_of(found.proved), _slope_of(found.published))
    # without a slope: nothing for what is not predicted or seldom occurs, else the prediction is left open
    unjudged = None if sharp is None or s.share <= _RARE else "inconclusive"
    judgement = alone = None
    if s.slope is not None and sharp is not None:
        judgement, alone = (judge(s.slope, -sharp, dropped, supported=known) for known in (True, False))
    return {
        "parameter": s.parameter,
        "cell": s.cell,
        "cell_size": s.cell_size,
        "share": s.share,
        "cells": [list(pattern) for pattern in s.patterns],
        "anchor_at_home": s.home,
        "slope": None if s.slope is None else s.slope.value,
        "ci": None if s.slope is None else [finite(end) for end in s.slope.interval],
        "predicted": sharp,
        "published": published,
        "outcome": unjudged if judgement is None else judgement.outcome,
        "alone": None if alone is None else alone.outcome,
        "sharp": None if judgement is None else judgement.sharp,
        "reason": judgement.reason if judgement is not None else _silence(s, found),
        "points": [asdict(point) for point in s.points],
    }


def _slope_of(exponent: Fraction | None) -> float | None:
    """-p of an error n^(-p)."""
    return None if exponent is None else -float(exponent)


def _silence(s: StudySlope, found: Prediction | None) -> str:
    """Why a slope is not judged."""
    if found is None and s.home is False:
        return "the fitted anchor is in the cell of another atom: no statement covers it"
    if found is None:
        return "nothing is stated of it in this setting"
    if found.proved is None:
        return found.reason
    return "some sample size has fewer than ten such fits, no error at all, or an error without bound"


def finite(value: float) -> float | None:
    """The number, None for one that JSON has no word for."""
    return value if math.isfinite(value) else None
