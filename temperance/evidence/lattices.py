"""Proves that the lattices of studies carry laws, and have no relations of their own (theory.md 5.2, 5.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from temperance.evidence.outcomes import Leg, combined

if TYPE_CHECKING:
    from temperance.numerics.studies.study import Study

_ENOUGH = 1e-15  # times n = 10^12: far below one unit of log-likelihood
_EXACT, _OVER_SPECIFIED = 2, 4  # orders of the derivatives: twice and four times the order of a cell of m = 1, 2 atoms


def with_lattices(leg: Leg, studies: Sequence[Study]) -> Leg:
    """A leg of slopes with the proofs by balls for those of its studies that are on a lattice."""
    records = [record for study in studies if study.experiment == "lattice" for record in lattice_records(study)]
    if not records:
        return leg
    outcome = combined(record["outcome"] for record in records)
    detail = leg.detail
    if outcome != "confirmed":
        missed = sorted({r["study"] for r in records if r["outcome"] != "confirmed"})
        detail += f"; not proved to be the right experiment: the lattice of {', '.join(missed)}"
    return Leg(combined([leg.outcome, outcome]), detail, {**leg.data, "lattices": records})


@lru_cache(maxsize=64)  # several claims share a study
def lattice_records(study: Study) -> tuple[dict[str, Any], ...]:
    """For every true atom: the bounds of `normalisation`, and the rank on the lattice, to the order that rates take.

    gates: why the derivatives of the gates have no relations with each other on the design.
    """
    from temperance.numerics.lattice.independence import (
        atoms,
        gate_functions,
        independent_on_design,
        same_relations,
    )
    from temperance.numerics.lattice.normalisation import normalisation
    from temperance.theory.models.gates import activated

    lattice, truth = study.lattice, study.exact_truth
    spec = truth.spec if study.linear else replace(truth.spec, gate=activated(truth.spec.dim, study.gate.source))
    bound, order = normalisation(lattice), _EXACT if study.exact else _OVER_SPECIFIED
    points, records = atoms(study.truth, spec), []
    between, independent = "polynomials, fewer than points" if study.linear else "related, at a mirror point", True
    if not study.linear and study.position == "generic":
        moving = points[: study.layout.gates - (study.k - len(points))]
        independent = independent_on_design(gate_functions(spec, moving, order), {}, lattice)
        between = "independent" if independent else "not proved"
    for atom, point in enumerate(points):
        held = study.gauge == "anchored" and atom == len(points) - 1
        rank = same_relations(spec, point, lattice, order, held=held)
        good = rank.proved and independent and max(bound.box, bound.outside) <= _ENOUGH
        records.append(
            {
                "study": study.name,
                "atom": atom,
                "not_normalised": bound.box,
                "left_out": bound.outside,
                "order": order,
                "derivatives": rank.derivatives,
                "rank": rank.rank,
                "gates": between,
                "outcome": "confirmed" if good else "inconclusive",
            }
        )
    return tuple(records)
