"""Reads a verification back from its JSON, so that it can be shown without running anything again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args

from temperance.claims.verify import Result, chosen
from temperance.evidence.outcomes import LEGS, Leg, LegName, LegOutcome
from temperance.terminal.json_input import read_json

_ACCEPTED = "a report of `temperance verify -o report.json`"


def read_report(path: str) -> tuple[tuple[Result, ...], dict[str, Any] | None]:
    """The claims in a file, and its check of the published estimates; outcomes follow from the legs again.

    Raises:
        ValueError: the file cannot be read, or holds no report.
    """
    found = read_json(path, _ACCEPTED)
    try:
        published = found["published"]
        if published is not None:
            published["outcome"], published["detail"], published["checks"]
        return tuple(map(_result, found["claims"])), published
    except (KeyError, TypeError, AttributeError) as error:
        why = f"it has no {error}" if isinstance(error, KeyError) else "a part of it has another form"
        raise ValueError(f"{path!r} is no report ({why:.80}); accepted: {_ACCEPTED}") from None


def _result(record: Mapping[str, Any]) -> Result:
    (claim,) = chosen([record["id"]])
    legs: dict[LegName, Leg | None] = {name: _leg(record["legs"][name]) for name in LEGS}
    return Result(replace(claim, statement=str(record["statement"])), legs)


def _leg(record: Mapping[str, Any] | None) -> Leg | None:
    if record is None:
        return None
    data = {key: value for key, value in record.items() if key not in ("outcome", "detail", "crashed")}
    if record["outcome"] not in get_args(LegOutcome):
        raise ValueError(f"unknown outcome {record['outcome']!r:.40}; accepted: {', '.join(get_args(LegOutcome))}")
    return Leg(record["outcome"], str(record["detail"]), data, bool(record.get("crashed")))
