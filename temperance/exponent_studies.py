"""Rate studies of settings whose contact orders nobody has published, each fixed before it ran.

``python -m temperance.exponent_studies FILE.json`` runs them and writes their errors; the notebook on exponents shows
what `data/exponent_studies.json` holds. A start is a random split of the true atom: starts use the truth.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from importlib.resources import files
from typing import Any

import numpy as np

from numerics.general_studies import GeneralResult, GeneralStudy, run_general
from numerics.offsets import Family
from numerics.slopes import CURVATURE_LEVEL, Judgement, Slope, judge, log_slope
from temperance.contact_orders import family
from temperance.report import write_file
from theory.exponents import Orders, orders, study
from theory.models import NU

SIZES = (500, 2000, 8000, 32000)
REPLICATES = 60
STARTS = 2
_DIGITS = 5


@dataclass(frozen=True)
class Setting:
    """A gate, an expert, an activation and a true point as `theory.exponents.study` takes them, and a seed."""

    gate: str
    expert: str
    seed: int
    activation: str | None = None
    point: Mapping[str, str] | None = None


SETTINGS: dict[str, Setting] = {
    "softmax gate": Setting("softmax", "gaussian", 71001),
    "Gaussian gate": Setting("gaussian", "gaussian", 71002),
    "softmax gate, quadratic expert": Setting("softmax", "polynomial:2", 71003),
    "sigmoid gate with a bias": Setting(
        *("activation-bias", "gaussian", 71004, "sigmoid"), {"beta1": "2", "c": "log(2)", "tau": "1/8"}
    ),
}


def bounds(name: str) -> Orders:
    """The certified contact orders of a setting."""
    of = SETTINGS[name]
    return orders(study(of.gate, of.expert, of.activation, point=of.point))


def definition(name: str) -> GeneralStudy:
    """The study of a setting: slopes 1/2 and -1/2, intercepts 2 and -2, variances 1/4 and 1/2, x uniform on [-2, 2].

    The experts stay apart, so that an error is hardly one of telling the two cells from each other.
    """
    found = bounds(name)
    near = family(found.study).truth
    experts = [{p: sign * (2.0 if p.name == "b" else 0.5) for p in near.expert} for sign in (1, -1)]
    truth = replace(near, expert={**experts[0], NU: 0.25}, other_expert={**experts[1], NU: 0.5})
    q = {o.name: float(o.upper) for o in found.orders if not o.mean and o.upper is not None}
    return GeneralStudy(name, Family(truth, 2), q, SIZES, REPLICATES, STARTS, SETTINGS[name].seed)


@dataclass(frozen=True)
class Outcome:
    """A group of errors: its predicted exponent, its slope, and how the two compare (design section 4)."""

    group: str
    predicted: Fraction
    slope: Slope
    judgement: Judgement


def outcomes(found: Orders, errors: Mapping[str, Any], sizes: tuple[int, ...], dropped: float) -> list[Outcome]:
    """Slopes against 1/(2 r); curvature is tested at one level for all groups together."""
    rows = [(o.parameter, 1 / (2 * o.upper)) for o in found.orders if o.upper is not None and o.parameter in errors]
    level = 1 - (1 - CURVATURE_LEVEL) / len(rows)
    made = []
    for group, p in rows:
        slope = log_slope(errors[group], sizes, seed=0, resamples=10000, curvature_level=level)
        made.append(Outcome(group, p, slope, judge(slope, float(p), dropped, supported=True)))
    return made


def record(result: GeneralResult) -> dict[str, Any]:
    """A result as JSON: definition, errors to five digits, and how many fits ended how."""
    statuses = [s for row in result.status for s in row]
    agree = [a for row in result.agree for a in row]
    return {
        "definition": result.study.definition,
        "errors": {
            name: [[float(f"{e:.{_DIGITS}g}") for e in row] for row in rows] for name, rows in result.errors.items()
        },
        "fits": {s: statuses.count(s) for s in ("converged", "at_bound", "max_steps")},
        "agree": {"two or more climbs": sum(a > 1 for a in agree), "one": sum(a == 1 for a in agree)},
    }


def stored() -> dict[str, Any]:
    """The results that were kept, by setting."""
    text = files("temperance").joinpath("data/exponent_studies.json").read_text(encoding="utf-8")
    return {entry["definition"]["name"]: entry for entry in json.loads(text)}


def errors_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The errors of a stored result, as arrays (R, N)."""
    return {name: np.array(rows) for name, rows in entry["errors"].items()}


def dropped(entry: Mapping[str, Any]) -> float:
    """The share of the fits that ran out of steps."""
    counts = entry["fits"]
    return float(counts["max_steps"] / sum(counts.values()))


def main(path: str) -> None:
    """Run every study and write the results to a file."""
    kept = []
    for name in SETTINGS:
        kept.append(record(run_general(definition(name))))
        print(name, kept[-1]["fits"], kept[-1]["agree"], flush=True)
        write_file(path, json.dumps(kept) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
