"""Finds the slopes of kept rate studies for the orders of the atlas: log error on log n, to n = 10^12 on the lattice.

Studies are those of `exponent_results`, and those of the claims, whose slopes are in `data/claim_slopes.json`:
``python campaigns/remeasure.py --slopes REPORT FILE`` takes them from a report of `temperance verify -o REPORT`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from math import isfinite
from typing import Any

from temperance.evidence.conditions import objection
from temperance.evidence.family import LEVEL, with_test
from temperance.evidence.outcomes import LegOutcome
from temperance.measurements import exponent_results
from temperance.numerics.errors.hypotheses import slope_test
from temperance.numerics.errors.slopes import log_slope
from temperance.theory.models.order import Order


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
    """The slope of an order in a result of `exponent_results`; as text, why there is none.

    groups: the group of errors of every order.
    """
    errors, sizes = exponent_results.errors_of(study), study["definition"]["sizes"]
    group = groups.get(order.parameter)
    if order.rate is None or group not in errors:
        return "no rate is proved" if order.rate is None else "the study has no errors of it"
    try:
        slope = log_slope(errors[group], sizes)
    except ValueError as error:
        return str(error)
    level = LEVEL / sum(len(kept["errors"]) for kept in exponent_results.stored().values())
    tested = slope_test(errors[group], sizes, float(order.rate), exact=False, level=level)
    settles_nothing = objection(exponent_results.dropped(study), study["conditions"]["agreement"])
    judged = with_test({}, tested, level, objection=settles_nothing)
    low, high = (end if isfinite(end) else None for end in slope.interval)
    name = study["definition"]["name"]
    return KeptSlope(slope.value, low, high, sizes[0], sizes[-1], judged["outcome"], judged["reason"], name, group)


def of_claims(studies: Sequence[Mapping[str, Any]], order: Order) -> KeptSlope | str:
    """The slowest slope of an order in studies of `claim_studies`; as text, why there is none.

    What the studies call beta1^p/tau is beta1/tau where s is homogeneous of degree p = 1.
    """
    found = [(s, study) for study in studies for s in study["slopes"]]
    found = [pair for pair in found if pair[0]["parameter"].replace("^p", "") == order.parameter]
    if not found:
        return "no rate is proved" if order.rate is None else "the study has no errors of it"
    slope, study = max(found, key=lambda pair: float(pair[0]["slope"]))
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
    text = files("temperance.measurements").joinpath("data/claim_slopes.json").read_text(encoding="utf-8")
    return tuple(json.loads(text))
