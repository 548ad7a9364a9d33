"""Says under which conditions the slopes of a study were measured, and whether its fits settle anything (theory 9).

Example: ``conditions(result)["agreement"]`` is the share of fits on which two searches agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from temperance.numerics.errors.slopes import LARGEST_DROPPED
from temperance.numerics.fitting.search import APART

LEAST_AGREEMENT = 0.98


class Searched(Protocol):
    """Fits (R, N) of a study, with what `numerics.studies.results.StudyResult` says of their search."""

    @property
    def gaps(self) -> NDArray[np.float64]:
        """Differences between the log-likelihoods that two searches reach."""

    @property
    def study(self) -> Any:
        """With the rounds that a search has at most."""

    @property
    def starts(self) -> int:
        """Climbs of a fit in the first round, of both searches."""

    @property
    def at_edge(self) -> Mapping[str, float]:
        """The share of fits with a coordinate at an edge of the box, by its name."""

    @property
    def smallest_share(self) -> NDArray[np.float64]:
        """The least share of an atom."""


def conditions(result: Searched) -> dict[str, Any]:
    """What the rows of a study carry beside every slope.

    agreement: the share of fits on which two searches agree; starts: how many climbs they make in a first round;
    rounds: at most, while they differ. at_edge: the share of fits with a coordinate at an edge. smallest_share: the
    median of the least share of an atom at the largest n.
    """
    return {
        "agreement": float((np.abs(result.gaps) <= APART).mean()),
        "starts": result.starts,
        "rounds": result.study.rounds,
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


def describe(beside: Mapping[str, Any]) -> str | None:
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
