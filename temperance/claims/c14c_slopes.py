"""Runs the leg of claim C14c: errors of estimators fall as fast as the proved bounds of the atlas say."""

from __future__ import annotations

from temperance.claims.c14_entries import compared, counted, record, still_open
from temperance.evidence.outcomes import Leg, combined
from temperance.evidence.study_runner import Runs
from temperance.measurements.kept_slopes import KeptSlope


def atlas_slopes(_: Runs) -> Leg:
    """Hold every kept slope against the rate that is proved; a slope above it contradicts the proof."""
    found = [
        {**record(e, o, o.slope.outcome), **o.slope.to_json(), "rate": o.rate}
        for e in compared()
        for o in e.orders
        if isinstance(o.slope, KeptSlope)
    ]
    detail = f"{counted(found)} slopes to n = 10^12 confirm the rate"
    return Leg(combined(r["outcome"] for r in found), detail + still_open(found), {"kept_slopes": found})
