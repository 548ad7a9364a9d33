"""Judges all tests of a run of `verify` at one family-wise level, with the power that they need (theory 9.2).

A row of a leg's data with the key "test" is a test. Its outcome is that of Holm's first step, which any leg can take
alone: p against LEVEL over the number of hypotheses of the whole table. `stepped_down` takes the other steps over all
legs of a run, which can only reject more.

Example: ``with_test({"study": "s"}, slope_test(errors, n, 0.5, exact=True, level=level), level)["outcome"]``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from temperance.evidence.outcomes import Leg, LegOutcome
from temperance.numerics.errors.hypotheses import Hypothesis, holm

LEVEL = 0.01  # of all tests together
POWER = 0.9  # that a test has which confirms
_OLD_LEVEL = LEVEL / 600  # in reports that do not name the level of a test
_HALF = 0.5  # of the tests that have the power, for a count that confirms

Row = Mapping[str, Any]


@dataclass(frozen=True)
class PlannedTest:
    """A hypothesis that a claim states, as its study's definition has it: before the study runs.

    group: what is tested, with its cell. hypothesis: with the planned power, and no p-value.
    """

    study: str
    group: str
    hypothesis: Hypothesis

    @property
    def power(self) -> float:
        """The planned power."""
        return self.hypothesis.planned


def with_test(
    row: Row, tested: Hypothesis, level: float, *, rare: bool = False, objection: str | None = None
) -> dict[str, Any]:
    """A row with its test at a level, and the outcome and the reason that it has by it.

    rare: of fits that few samples have; the outcome is then None where the power is too small. objection: why the fits
    of the study settle nothing (`conditions.objection`).
    """
    outcome: LegOutcome | None = "confirmed"
    if objection is not None:
        tested = replace(tested, p=None, power=0.0)
    if tested.p is None:
        reason, outcome = objection or "the errors allow no test", None if rare else "inconclusive"
    else:
        reason = f"p = {tested.p:.2g}, power {tested.power:.3g} against {tested.deviation}"
        if tested.p <= level:
            outcome = "contradicted"
        elif tested.power < POWER:
            outcome = None if rare else "inconclusive"
    return {**row, "outcome": outcome, "reason": reason, "test": {**asdict(tested), "level": level}}


def count(rows: Sequence[Row]) -> tuple[LegOutcome, str]:
    """The outcome of rare tests that are counted, and the count in words.

    One that is rejected contradicts. Else they confirm where at least half of all have the power; a test without it,
    and errors that are not tested, settle nothing.
    """
    kinds: tuple[LegOutcome | None, ...] = ("confirmed", "contradicted", None)
    counts = {kind: sum(r["outcome"] == kind for r in rows) for kind in kinds}
    untested = sum(r["test"]["p"] is None for r in rows)
    words = (
        f"{len(rows)} slopes to n = 10^12: {counts['contradicted']} rejected, {counts['confirmed']} not rejected with "
        f"power {POWER:g}, {counts[None] - untested} not rejected without it, {untested} not tested"
    )
    enough: LegOutcome = "confirmed" if counts["confirmed"] >= _HALF * len(rows) > 0 else "inconclusive"
    return "contradicted" if counts["contradicted"] else enough, words


def tests_of(leg: Leg | None) -> Iterator[Row]:
    """The rows of a leg that are tests with a p-value."""
    for rows in () if leg is None else leg.data.values():
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, Mapping) and (row.get("test") or {}).get("p") is not None:
                yield row


def hypotheses(rows: Sequence[Row]) -> int:
    """How many hypotheses the family of these tests has: LEVEL over the level of each."""
    return round(LEVEL / min((row["test"].get("level", _OLD_LEVEL) for row in rows), default=LEVEL))


def stepped_down(legs: Sequence[Leg | None]) -> list[Leg | None]:
    """The legs of a run with what Holm's method rejects among all their tests."""
    rows = [row for leg in legs for row in tests_of(leg)]
    rejected = holm([row["test"]["p"] for row in rows], LEVEL, hypotheses(rows))
    more = {id(row) for row, no in zip(rows, rejected, strict=True) if no and row["outcome"] != "contradicted"}
    return [leg and _rejected(leg, more) for leg in legs]


def _rejected(leg: Leg, more: set[int]) -> Leg:
    """A leg with these of its tests rejected too."""
    extra = sum(id(row) in more for row in tests_of(leg))
    if not extra:
        return leg
    data = {
        key: [{**row, "outcome": "contradicted"} if id(row) in more else row for row in rows]
        if isinstance(rows, list)
        else rows
        for key, rows in leg.data.items()
    }
    return replace(leg, outcome="contradicted", detail=f"{leg.detail}; Holm's method rejects {extra} more", data=data)


def family(legs: Sequence[Leg | None]) -> dict[str, Any]:
    """What a run tested, as JSON: level, size of the family, tests made, rejected ones, and the least power."""
    rows = [row for leg in legs for row in tests_of(leg)]
    confirmed = [row["test"] for row in rows if row["outcome"] == "confirmed"]
    return {
        "level": LEVEL,
        "tests": hypotheses(rows),
        "made": len(rows),
        "rejected": [name_of(row) for row in rows if row["outcome"] == "contradicted"],
        "power_needed": POWER,
        "powerful": sum(row["test"]["power"] >= POWER for row in rows),
        "least_power": min((test["power"] for test in confirmed), default=None),
        "planned": sum(row["test"]["planned"] >= POWER for row in rows),
        "least_planned": min((row["test"]["planned"] for row in rows), default=None),
    }


def name_of(row: Row) -> str:
    """What a test is about: study or entry, and parameter with its cell."""
    cell = "" if row.get("cell") is None else f" in cell {row['cell']}"
    return f"{row.get('study', row.get('entry'))}: {row.get('parameter', 'tau')}{cell}"


def in_words(tally: Mapping[str, Any]) -> str:
    """The family of a run that made tests, in a line."""
    return (
        f"{tally['made']} tests at one family-wise level of {tally['level']:.0%} (Holm, a family of {tally['tests']}): "
        f"rejected are {'; '.join(tally['rejected']) or 'none'}; power {tally['power_needed']:g} was planned in "
        f"{tally['planned']} (at least {tally['least_planned']:.3g} in all), reached in {tally['powerful']}"
    )
