"""Counts the hypotheses that the table of claims states, before any study runs, with their planned power (theory.md 4).

``python -m temperance.claims.planned_tests`` prints them, claim by claim.
"""

from __future__ import annotations

from collections.abc import Sequence

from temperance.claims.table import CLAIMS, Claim
from temperance.evidence.family import LEVEL, POWER, PlannedTest


def planned_tests(claims: Sequence[Claim] = CLAIMS) -> dict[str, list[PlannedTest]]:
    """The hypotheses of each claim, planned at the level of `level_of_each`."""
    level = level_of_each(claims)
    return {claim.id: [test for tests in claim.tests for test in tests(level)] for claim in claims}


def level_of_each(claims: Sequence[Claim] = CLAIMS) -> float:
    """The level of one test: `LEVEL` over the number of hypotheses of a table of claims."""
    return LEVEL / max(1, sum(len(tests(LEVEL)) for claim in claims for tests in claim.tests))


def main() -> None:
    """Print how many hypotheses each claim states, and the power that is planned for them."""
    planned = planned_tests()
    every = [test for tests in planned.values() for test in tests]
    print(f"{len(every)} hypotheses, one family-wise level of {LEVEL:.0%}: {LEVEL / len(every):.3g} for each")
    for claim, tests in {**planned, "all": every}.items():
        if tests:
            powers = sorted(test.power for test in tests)
            strong = sum(power >= POWER for power in powers)
            print(f"{claim:5} {len(tests):4} hypotheses, {strong:4} of planned power {POWER:g}; least {powers[0]:.3g}")


if __name__ == "__main__":
    main()
