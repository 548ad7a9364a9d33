"""Compares measured slopes with predicted exponents, and records a study (theory 9)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np

from temperance.evidence.conditions import conditions, objection
from temperance.evidence.family import LEVEL, PlannedTest, with_test
from temperance.evidence.outcomes import LegOutcome
from temperance.evidence.proof import holds
from temperance.numerics.errors.hypotheses import slope_test
from temperance.numerics.errors.slopes import is_sharp
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.studies.results import StudyResult, StudySlope, study_slopes
from temperance.numerics.studies.study import Study
from temperance.theory.rates.predict import predict
from temperance.theory.rates.prediction import Prediction, weakest

_EARLY = 10**4  # sizes below it say nothing of a limit: variances differ from theirs by O(1/n)
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
    beside = conditions(result)
    judged = SlopeTests(study.sizes, each, study.exact, objection(result.dropped, beside["agreement"]))
    slopes = [{**judged.record(s, _applicable(s, home, image)), **beside} for s in study_slopes(result)]
    return {
        "setting": {**study.definition, "digest": study.digest},
        "experiment": study.experiment,
        "slopes": slopes,
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
        PlannedTest(study.name, group, slope_test(_unmade(study), study.sizes, p, exact=study.exact, level=level))
        for study in studies
        for parameter, group, p in _predicted_groups(study)
        if (parameter in parameters if parameters else parameter != "density")
    ]


def _unmade(study: Study) -> Floats:
    return np.full((study.replicates, len(study.sizes)), np.nan)


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


def fits(result: StudyResult) -> dict[str, int]:
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


@dataclass(frozen=True)
class SlopeTests:
    """How the slopes of a study are judged.

    sizes: of the samples. level: of each test. exact: whether the rate is n^-p itself, as of as many atoms as there
    are; else a bound. objection: why the study settles nothing, if it does not.
    """

    sizes: tuple[int, ...]
    level: float
    exact: bool
    objection: str | None

    def record(self, s: StudySlope, rate: Prediction | None) -> dict[str, Any]:
        """A slope as JSON, with the test of a prediction: errors fall at least as fast as is proved.

        Fits that at most half of the samples have are rare: without the power they settle nothing, and are not judged.
        """
        sharp, published = (None, None) if rate is None else (_slope_of(rate.proved), _slope_of(rate.published))
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
        early = self.sizes[0] < _EARLY
        tested = slope_test(s.errors, self.sizes, -sharp, exact=self.exact and not early, level=self.level)
        row = with_test(row, tested, self.level, rare=rare, objection=self.objection)
        if row["outcome"] == "contradicted" and early:
            row |= {"outcome": "inconclusive", "reason": f"{row['reason']}; n below 10^4 says nothing of the limit"}
        is_about = s.slope is not None and is_sharp(s.slope.value, s.slope.interval, -sharp)
        return {**row, "sharp": is_about and row["outcome"] == "confirmed"}


def _slope_of(exponent: Fraction | None) -> float | None:
    """-p of an error n^(-p)."""
    return None if exponent is None else -float(exponent)


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
    return value if math.isfinite(value) else None
