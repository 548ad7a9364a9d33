"""Compacts the results of a verification to slopes and their points, orders and outcomes.

`data/full_verification.json` holds those of `temperance verify --full`. From a report of your own:

    temperance verify --full --store studies.sqlite -o full.json
    temperance notebooks extract full.json results.json
    temperance notebooks run -p results results.json -o FOLDER

>>> from temperance.measurements.verification_results import stored
>>> stored()["claims"][0]["id"]
'C1'
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

FORMAT = "temperance results 2"
STORED = "data/full_verification.json"

_DIGITS = 6
_LEG = ("outcome", "detail")
_ORDER = ("curve", "activation", "expected", "measured", "outcome", "levels", "distances")
_STUDY = ("activation", "k", "gauge", "sizes", "replicates", "starts", "seed", "tau", "truth", "digest")
_SLOPE = (
    *("parameter", "cell", "cell_size", "share", "anchor_at_home", "slope", "ci", "predicted", "published"),
    *("outcome", "sharp", "reason", "points"),
)


def compact(report: Mapping[str, Any]) -> dict[str, Any]:
    """The outcomes, contact orders and studies of a report of `temperance verify --json`, numbers to six digits.

    Returns:
        format; claims, each with id, statement, outcome and its legs (None: did not run; outcome, detail and contact
        orders); studies by name, each with its definition, counts of fits and slopes (measured, predicted and published
        ones with the sign of a slope), from all claims that it serves; published, the check of the published estimates.
        Groups without a slope of which nothing is judged are left out.

    Raises:
        ValueError: the report has another form.
    """
    try:
        return {
            "format": FORMAT,
            "claims": [_claim(claim) for claim in report["claims"]],
            "studies": _studies(report),
            "published": _rounded(report["published"]),
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"this is no report of `temperance verify -o FILE.json` ({error!r})") from None


def _claim(claim: Mapping[str, Any]) -> dict[str, Any]:
    legs = {name: None if leg is None else _leg(leg) for name, leg in claim["legs"].items()}
    return {**{key: claim[key] for key in ("id", "statement", "outcome")}, "legs": legs}


def _leg(leg: Mapping[str, Any]) -> dict[str, Any]:
    orders = [{key: _rounded(order[key]) for key in _ORDER} for order in leg.get("orders", ())]
    return {**{key: leg[key] for key in _LEG}, **({"orders": orders} if orders else {})}


def _studies(report: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for leg in (leg for claim in report["claims"] for leg in claim["legs"].values() if leg is not None):
        for study in leg.get("studies", ()):
            definition = {key: study["definition"][key] for key in _STUDY}
            found.setdefault(study["name"], {**definition, "fits": study["fits"], "slopes": []})
        for slope in leg.get("slopes", ()):
            record = {key: _rounded(slope[key]) for key in _SLOPE}
            empty = slope["slope"] is None and slope["outcome"] is None
            if not empty and record not in found[slope["study"]]["slopes"]:
                found[slope["study"]]["slopes"].append(record)
    return found


def _rounded(value: Any) -> Any:
    """The value with its floats to six digits."""
    match value:
        case float():
            return float(f"{value:.{_DIGITS}g}")
        case list():
            return [_rounded(item) for item in value]
        case dict():
            return {key: _rounded(item) for key, item in value.items()}
    return value


def read_results(path: str) -> dict[str, Any]:
    """The results in a file: those of `compact`, or a report of `temperance verify -o FILE.json`.

    Raises:
        ValueError: the file cannot be read, or is neither.
    """
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{path!r} cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path!r} is no JSON ({error})") from None
    if not isinstance(found, dict):
        raise ValueError(f"{path!r} is no report of `temperance verify -o FILE.json`")
    return found if found.get("format") == FORMAT else compact(found)


def stored() -> dict[str, Any]:
    """The results of the full verification that come with the package."""
    found: dict[str, Any] = json.loads((files("temperance.measurements") / STORED).read_text(encoding="utf-8"))
    return found
