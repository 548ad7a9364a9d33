"""Holds the outcomes of checks, and judges all tests of a run at one family-wise level, with the power that they need.

A `Leg` is what one check of a claim found; `combined` and `claim_outcome` put several together (theory 9.1). A row
of a leg's data with the key "test" is a test. Its outcome is that of Holm's first step, which any leg can take alone: p
against LEVEL over the number of hypotheses of the whole table. `stepped_down` takes the other steps over all legs of a
run, which can only reject more. `conditions` are those that slopes were measured under, and `objection` says whether
the fits of a study settle anything.

Example: ``with_test({"study": "s"}, slope_test(errors, n, 0.5, exact=True, level=level), level)["outcome"]``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, get_args

import numpy as np

from temperance.numerics.fitting.search import APART
from temperance.numerics.studies.results import Result
from temperance.numerics.studies.slopes import LARGEST_DROPPED, Hypothesis, holm, slope_test

LegName = Literal["proof", "contact", "monte_carlo"]
LegOutcome = Literal["confirmed", "contradicted", "inconclusive"]
ClaimOutcome = Literal["proved", "confirmed", "contradicted", "inconclusive"]

LEGS: tuple[LegName, ...] = get_args(LegName)
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Leg:
    """What one leg found.

    outcome: confirmed, contradicted or inconclusive; detail: why, in a line; data: the evidence, as JSON values;
    crashed: it raised an exception instead of an answer (the outcome is then inconclusive).
    """

    outcome: LegOutcome
    detail: str
    data: Mapping[str, Any] = field(default_factory=dict)
    crashed: bool = False

    def record(self) -> dict[str, Any]:
        """The leg as JSON values."""
        crash = {"crashed": True} if self.crashed else {}
        return {"outcome": self.outcome, "detail": self.detail, **crash, **self.data}

    def extended(self, rows: Sequence[Row], detail: str, **data: Any) -> Leg:
        """The leg with more rows, of which it depends too, and data after its own."""
        outcome = combined([self.outcome, *(row["outcome"] for row in rows)])
        return Leg(outcome, detail, {**self.data, **data})


def holds(agrees: bool) -> LegOutcome:
    """Confirmed or contradicted, of an exact comparison."""
    return "confirmed" if agrees else "contradicted"


def combined(outcomes: Iterable[LegOutcome]) -> LegOutcome:
    """The outcome of a leg of several measurements; of none at all, inconclusive."""
    distinct = set(outcomes)
    if "contradicted" in distinct:
        return "contradicted"
    return "confirmed" if distinct == {"confirmed"} else "inconclusive"


def count_confirmed(rows: Sequence[Row]) -> str:
    """How many rows are confirmed, and of how many."""
    return f"{sum(row['outcome'] == 'confirmed' for row in rows)} of {len(rows)}"


def describe_open(names: Sequence[str], most: int | None = None, separator: str = ", ") -> str:
    """What is not confirmed, as the end of a detail; most: how many are named."""
    more = "" if most is None or len(names) <= most else f", and {len(names) - most} more"
    return f"; not: {separator.join(names[:most])}{more}" if names else ""


def claim_outcome(required: tuple[LegName, ...], legs: Mapping[LegName, Leg | None]) -> ClaimOutcome:
    """The outcome of a claim from its legs (None: did not run).

    Any leg that contradicts it contradicts it, a leg that was not required too; then every required leg must confirm.
    A claim is proved where the proof alone is required.
    """
    if any(leg is not None and leg.outcome == "contradicted" for leg in legs.values()):
        return "contradicted"
    needed = [legs.get(name) for name in required]
    if not needed or any(leg is None or leg.outcome != "confirmed" for leg in needed):
        return "inconclusive"
    return "proved" if required == ("proof",) else "confirmed"


LEVEL = 0.01  # of all tests together
POWER = 0.9  # that a test has which confirms
_OLD_LEVEL = LEVEL / 600  # in reports that do not name the level of a test
_HALF = 0.5  # of the tests that have the power, for a count that confirms


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


def planned_slope(
    study: str, group: str, replicates: int, sizes: Sequence[int], rate: float, level: float, *, exact: bool = False
) -> PlannedTest:
    """The test of the slope of a group of errors; exact: as `slope_test` has it."""
    none = np.full((replicates, len(sizes)), np.nan)
    return PlannedTest(study, group, slope_test(none, sizes, rate, exact=exact, level=level))


def with_test(
    row: Row, tested: Hypothesis, level: float, *, rare: bool = False, objection: str | None = None
) -> dict[str, Any]:
    """A row with its test at a level, and the outcome and the reason that it has by it.

    rare: of fits that few samples have; the outcome is then None where the power is too small. objection: why the fits
    of the study settle nothing (`objection`).
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


def describe_family(tally: Mapping[str, Any]) -> str:
    """The family of a run that made tests, in a line."""
    return (
        f"{tally['made']} tests at one family-wise level of {tally['level']:.0%} (Holm, a family of {tally['tests']}): "
        f"rejected are {'; '.join(tally['rejected']) or 'none'}; power {tally['power_needed']:g} was planned in "
        f"{tally['planned']} (at least {tally['least_planned']:.3g} in all), reached in {tally['powerful']}"
    )


LEAST_AGREEMENT = 0.98


def conditions(result: Result) -> dict[str, Any]:
    """What the rows of a study carry beside every slope.

    agreement: the share of fits on which two searches agree; starts: how many climbs they make in a first round;
    rounds: at most, while they differ. at_edge: the share of fits with a coordinate at an edge. smallest_share: the
    median of the least share of an atom at the largest n.
    """
    return {
        "agreement": float((np.abs(result.gaps) <= APART).mean()),
        "starts": result.starts,
        "rounds": result.study.effort.rounds,
        "at_edge": dict(result.at_edge),
        "smallest_share": float(np.nanmedian(result.smallest_share[:, -1])),
    }


def objection(dropped: float, agreement: float) -> str | None:
    """Why the fits of a study settle nothing; None where they may.

    dropped: the share of fits that are left out: what is left out could have any error. agreement: as in `conditions`;
    fits on which two searches differ are not known to be maxima.
    """
    if dropped > LARGEST_DROPPED:
        return f"{dropped:.1%} of the fits were dropped, more than {LARGEST_DROPPED:.0%}"
    if agreement < LEAST_AGREEMENT:
        return (
            f"two searches differ by more than {APART:g} in {1 - agreement:.1%} of the fits, more than "
            f"{1 - LEAST_AGREEMENT:.0%}"
        )
    return None


def least_agreement(data: Mapping[str, Any]) -> float | None:
    """The least agreement of the studies and rows of a leg's data; None where two searches were made of none."""
    rows = [row for rows in data.values() if isinstance(rows, list) for row in rows if isinstance(row, Mapping)]
    agreements = [row.get("conditions", row).get("agreement") for row in rows]
    return min((a for a in agreements if a is not None), default=None)


def describe_conditions(beside: Mapping[str, Any]) -> str | None:
    """The conditions of a study in a line; None where none was measured."""
    parts = []
    if beside.get("agreement") is not None:
        starts = beside["starts"] // 2
        each = f"{starts} starts" if starts > 1 else "one start"
        each += f" and up to {beside['rounds'] - 1} rounds more" if beside.get("rounds", 1) > 1 else ""
        parts.append(f"two searches, each from {each}, agree on {beside['agreement']:.1%} of the fits")
    if edges := {name: share for name, share in beside.get("at_edge", {}).items() if share > 0}:
        shares = ", ".join(f"{name} in {share:.0%}" for name, share in edges.items())
        parts.append(f"parameters at an edge of the box: {shares} of the fits")
    if beside.get("smallest_share") is not None:
        parts.append(f"median share of the lightest atom at the largest n: {beside['smallest_share']:.2g}")
    return "; ".join(parts) or None
