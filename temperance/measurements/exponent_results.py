"""Reads the slopes of errors that are kept for orders of the atlas: log error on log n, to n = 10^12.

They are of rate studies of settings without published contact orders, in `data/exponent_studies.json`, each fixed
before it ran, with samples on the lattice, at 24 columns of x, and fits by two searches whose starts do not use the
truth; and of the studies of the claims, in `data/claim_slopes.json`. `campaigns/remeasure.py` makes both files again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from math import isfinite
from typing import Any

import numpy as np

from temperance.measurements.contact_orders import setting_record
from temperance.measurements.judgement import LEVEL, LegOutcome, objection, with_test
from temperance.numerics.fitting.search import FAILED
from temperance.numerics.studies.slopes import log_slope, slope_test
from temperance.show.inputs import read_stored
from temperance.theory.models.order import Order
from temperance.theory.models.truth import Setting


@cache
def stored() -> Mapping[str, Any]:
    """The results that were kept, by the names of their studies."""
    return {entry["definition"]["name"]: entry for entry in read_stored("measurements/data/exponent_studies.json")}


def study_of(chosen: Setting, size: int) -> Mapping[str, Any] | None:
    """The kept study of a setting with so many atoms in its cell; None where there is none."""
    asked = {**setting_record(chosen), "dim": chosen.spec.dim}
    same = (study for study in stored().values() if (study["setting"], study["definition"]["cell"]) == (asked, size))
    return next(same, None)


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
    level = LEVEL / sum(len(stored_study["errors"]) for stored_study in stored().values())
    tested = slope_test(errors[group], sizes, float(order.rate), exact=False, level=level)
    settles_nothing = objection(dropped(study), study["conditions"]["agreement"])
    judged = with_test({}, tested, level, objection=settles_nothing)
    low, high = (end if isfinite(end) else None for end in slope.interval)
    name = study["definition"]["name"]
    return KeptSlope(slope.value, low, high, sizes[0], sizes[-1], judged["outcome"], judged["reason"], name, group)


def of_claims(studies: Sequence[Mapping[str, Any]], order: Order) -> KeptSlope | str:
    """The slowest slope of an order in studies of `claim_studies`; as text, why there is none.

    What the studies call beta1^p/tau is beta1/tau where s is homogeneous of degree p = 1.
    """
    pairs = [(s, study) for study in studies for s in study["slopes"]]
    pairs = [pair for pair in pairs if pair[0]["parameter"].replace("^p", "") == order.parameter]
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
