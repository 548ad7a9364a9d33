"""Runs rate studies of settings without published contact orders, each fixed before it ran, and judges kept slopes.

``python -m temperance.measurements.exponent_results FILE.json`` runs them and writes their errors; the notebook on
exponents shows what `data/exponent_studies.json` holds, with the setting of each. Samples are on the lattice, at 24
columns of x. Every fit is made by two searches whose starts do not use the truth.

`KeptSlope` is the slope of an order of the atlas: log error on log n, to n = 10^12, of one of these studies or of a
claim's. The slopes of those are in `data/claim_slopes.json`: ``python campaigns/remeasure.py --slopes REPORT FILE``
takes them from a report of `temperance verify -o REPORT`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from functools import cache
from math import isfinite
from typing import Any, NamedTuple

import numpy as np

from temperance.measurements.contact_orders import setting_record
from temperance.measurements.judgement import LEVEL, LegOutcome, conditions, objection, with_test
from temperance.numerics.fitting.search import FAILED
from temperance.numerics.fitting.split_mixtures import Family
from temperance.numerics.studies.general_studies import GeneralResult, GeneralStudy, kept_apart
from temperance.numerics.studies.run import run_general
from temperance.numerics.studies.slopes import log_slope, slope_test
from temperance.show.inputs import read_stored
from temperance.show.output import write_file
from temperance.theory.contact.contact_orders import Orders, orders
from temperance.theory.contact.exact_orders import exact_orders
from temperance.theory.contact.order_setting import Arguments
from temperance.theory.models.order import Order

SIZES = (10**6, 10**8, 10**10, 10**12)
LATE = (10**8, 10**9, 10**10, 10**11, 10**12)
STARTS = 20
COLUMNS = 24
_DIGITS = 5


class Plan(NamedTuple):
    """What a study is of, with its seed, replicates, sizes and starts.

    setting: of size 1 where it is exact-specified, the last atom's gate held.
    sizes, d = 1, a cell of two beside a singleton: `LATE` where in a pilot of ten replicates on another seed an error
    of order 1 fell from 10^6 to 10^8 by a slope that is not within 0.2 of -1/2. starts, rounds: of each
    of two searches; those with one round ran before there were more.
    """

    setting: Arguments
    seed: int
    replicates: int = 40
    sizes: tuple[int, ...] = SIZES
    starts: int = STARTS
    rounds: int = 4


STUDIES = {
    "softmax gate": Plan(Arguments("softmax"), 82011, rounds=1),
    "Gaussian gate": Plan(Arguments("gaussian"), 83012),
    "softmax gate, quadratic expert": Plan(Arguments("softmax", expert="polynomial:2"), 82013, rounds=1),
    "sigmoid gate with a bias": Plan(
        Arguments("activation-bias", source="sigmoid", point={"beta1": "2", "c": "log(2)", "tau": "1/8"}),
        82014,
        rounds=1,
    ),
    "linear gate": Plan(Arguments("linear"), 82021, rounds=1),
    "softmax gate, constant expert": Plan(Arguments("softmax", expert="constant"), 82022, 80, rounds=1),
    "tanh": Plan(Arguments("activation", source="tanh"), 82023, rounds=1),
    "GELU": Plan(Arguments("activation", source="gelu"), 82024, rounds=1),
    "exp": Plan(Arguments("activation", source="exp(z)"), 82025, rounds=1),
    "sqrt(1 + z^2)": Plan(Arguments("activation", source="sqrt(1 + z**2)"), 82026, rounds=1),
    "z^2 + z": Plan(Arguments("activation", source="z**2 + z"), 82027),
    "z^2": Plan(Arguments("activation", source="z**2"), 82028),
    "log(1 + z^2) at tau = 1": Plan(Arguments("activation", source="log(1 + z**2)"), 82029),
    "log(1 + z^2) at tau = 2": Plan(
        Arguments("activation", source="log(1 + z**2)", point={"tau": "2"}), 82030, sizes=LATE
    ),
    "tanh, constant expert": Plan(Arguments("activation", source="tanh", expert="constant"), 82031),
    "tanh, quadratic expert": Plan(Arguments("activation", source="tanh", expert="polynomial:2"), 82032, sizes=LATE),
    "sigmoid gate with a bias, tau = 1": Plan(Arguments("activation-bias", source="sigmoid"), 82033, sizes=LATE),
    "quadratic gate": Plan(Arguments("quadratic"), 82034),
    "Gaussian gate, quadratic expert": Plan(Arguments("gaussian", expert="polynomial:2"), 82035),
    "softmax gate, tanh expert": Plan(Arguments("softmax", expert="nonlinear:tanh"), 82036),
    "softmax gate, d = 2": Plan(Arguments("softmax", dim=2), 82041),
    "linear gate, d = 2": Plan(Arguments("linear", dim=2), 82042),
    "tanh, d = 2": Plan(Arguments("activation", source="tanh", dim=2), 82043),
    "cosine router": Plan(Arguments("cosine", dim=2), 82044),
    "perturbed cosine router": Plan(Arguments("cosine-perturbed", dim=2), 82045),
    "cosine router, exact": Plan(Arguments("cosine", dim=2, size=1), 82046),
    "perturbed cosine router, exact": Plan(Arguments("cosine-perturbed", dim=2, size=1), 82047),
}
"""The studies, by their names.

These are the studies of 1 December 2026; that of the Gaussian gate is the second of that day, as the searches of the
first differed in 3.7% of its fits. Those of before made three to six climbs from the truth, by one search, and
their fits were not always the maxima (docs/rates.md has their outcomes). Eight of those, of a cell of three and of
every cell split, were not made again: a fit of four atoms by two searches takes seconds.
"""


def definition(name: str) -> GeneralStudy:
    """The study of a setting, with experts that are kept apart."""
    proved = bounds(name)
    cells = (STUDIES[name].setting.size, *proved.setting.cells[1:])
    mixtures = Family(replace(kept_apart(proved.setting), cells=cells))
    q = {o.name: float(o.upper) for o in proved.orders if not o.is_mean and o.upper is not None}
    plan = STUDIES[name]
    return GeneralStudy(name, mixtures, q, plan.sizes, plan.replicates, plan.starts, plan.seed, COLUMNS, plan.rounds)


@cache
def bounds(name: str) -> Orders:
    """What is proved of the setting of a study; an exact-specified one has the orders 1 where `exact_orders` does.

    Those are for three cosine atoms. Of two with u = beta1/|beta1|, (u_1 - u_2)/tau is identified; as u_2 is held here
    and is not u_1, it determines u_1 and tau.
    """
    arguments = STUDIES[name].setting
    contact = orders(arguments.setting())
    if arguments.size > 1:
        return contact
    proved = all(o.flat or o.upper == 1 for o in exact_orders(arguments.gate, d=arguments.dim).orders)
    least = Fraction(1) if proved else None
    return replace(
        contact, orders=tuple(replace(o, upper=None if o.flat else least) for o in contact.orders if not o.is_mean)
    )


def record(result: GeneralResult) -> dict[str, Any]:
    """A result as JSON: definition, errors to five digits (null where a fit is dropped), and how fits ended."""
    groups = {name: e.reshape(result.status.shape) for name, e in result.errors.items()}
    return {
        "definition": result.study.definition,
        "errors": {name: [[_rounded(e) for e in row] for row in rows] for name, rows in groups.items()},
        "fits": result.counts,
        "conditions": conditions(result),
    }


def _rounded(error: float) -> float | None:
    return None if np.isnan(error) else float(f"{error:.{_DIGITS}g}")


@cache
def stored() -> Mapping[str, Any]:
    """The results that were kept, by setting."""
    return {entry["definition"]["name"]: entry for entry in read_stored("measurements/data/exponent_studies.json")}


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


def main(path: str, *names: str) -> None:
    """Run the studies of these names, or all, and write the results to a file."""
    results = []
    for name in names or STUDIES:
        chosen, study = bounds(name).setting, definition(name)
        results.append({"setting": {**setting_record(chosen), "dim": chosen.spec.dim}, **record(run_general(study))})
        print(name, results[-1]["fits"], results[-1]["conditions"], flush=True)
        write_file(path, json.dumps(results) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
