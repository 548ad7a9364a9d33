"""Answers `verify`: which claims of the theory stand?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from temperance.claims.legs import Runs
from temperance.claims.verify import (
    Result,
    claims_of,
    fits_of_studies,
    read_report,
    tests_made,
    verify_claims,
)
from temperance.measurements.judgement import Leg, describe_conditions, describe_family, least_agreement
from temperance.measurements.slopes import SLOPE_COLUMNS, describe_fits
from temperance.numerics.studies.workers import processes
from temperance.show.answer import Answer
from temperance.show.options import Whole
from temperance.show.output import BadInput, Display, resumable
from temperance.show.table import Part, Summary, Table
from temperance.theory.expressions.arguments import checked

COLUMNS = ("claim", "what it says", "proof", "contact", "Monte Carlo", "outcome")
_MARKS = {"confirmed": "yes", "contradicted": "no", "inconclusive": "?", "not required": "-", "did not run": "not run"}
_LEGEND = (
    "yes: confirms the claim; ?: inconclusive; no: contradicts it; Coq: it has checked a part of the proof; agree: of "
    "the fits of each study, the share at least on which two searches reach one maximum"
)
_RUNNING = "--store, --workers and --scheduler are about running claims, and --from runs nothing"


@dataclass(frozen=True, repr=False, eq=False)
class Verify(Answer):
    """The outcome of every claim that was run, with the evidence.

    Attributes:
        results: the claims and what their legs found.
        source: the file that all this was read from, where nothing was run.
        record: claims, legs and outcomes, and the family of all tests; published and kept_fits are always null.
    """

    results: tuple[Result, ...]
    source: str | None = None

    @property
    def status(self) -> int:
        """1 if a claim is contradicted or a check that it requires crashed."""
        return int(any(result.refuted for result in self.results))

    @property
    def remarks(self) -> Sequence[str]:
        """One line for every claim that is not settled."""
        return [line for result in self.results for line in result.remarks]

    def page(self) -> str:
        """The evidence for every claim as an HTML document."""
        from temperance.claims.page import verification_page

        return verification_page(self.results, self.source, describe_fits_made(self.results))

    def rows(self) -> Sequence[Mapping[str, Any]]:
        """The table: a claim with the outcomes of its legs and its own."""
        return [
            {
                "claim": r.claim.id,
                "statement": r.claim.statement,
                **{name: None if leg is None else leg.outcome for name, leg in r.legs.items()},
                "coq": r.coq,
                "outcome": r.outcome,
            }
            for r in self.results
        ]


def _answer(results: Sequence[Result], source: str | None = None) -> Verify:
    summary = Summary("Which claims stand?", tuple(_parts(results)), tuple(_words(results, source)))
    claims = [result.record() for result in results]
    record = {"claims": claims, "published": None, "tests": tests_made(results), "kept_fits": None}
    return Verify(tuple(results), source, record=record, summary=summary)


def _parts(results: Sequence[Result]) -> Iterator[Part]:
    """The claims, what each leg found, the slopes, and the table of outcomes."""
    for result in results:
        yield f"{result.claim.id}  {result.claim.statement}"
        for name, leg in result.legs.items():
            if leg is not None:
                yield f"    {name}: {leg.detail}"
                yield from _slopes(leg)
        if result.coq is not None:
            yield f"    checked by Coq: {result.coq}"
    yield Table("Outcomes", COLUMNS, tuple(map(_row, results)))
    yield _LEGEND


def _words(results: Sequence[Result], source: str | None) -> Iterator[str]:
    """How many claims stand, which do not, and what was tested."""
    by_outcome: dict[str, list[str]] = {}
    for result in results:
        by_outcome.setdefault(result.outcome, []).append(result.claim.id)
    yield "; ".join(f"{outcome}: {', '.join(ids)}" for outcome, ids in by_outcome.items())
    if (fits := describe_fits_made(results)) is not None:
        yield fits
    if (family := tests_made(results))["made"]:
        yield describe_family(family)
    if source is not None:
        yield f"read from {source!r}: nothing was run"


def describe_fits_made(results: Sequence[Result]) -> str | None:
    """How many fits of studies were made in the run; None where no study was run."""
    total = sum(fits["total"] for fits in fits_of_studies(results).values())
    return f"All {total} fits of studies were made in this run, each by two searches" if total else None


def _row(result: Result) -> tuple[str, ...]:
    claim = result.claim
    proof, *others = (_MARKS.get(word := result.outcome_of(name), word) for name in result.legs)
    measured = result.legs["monte_carlo"]
    agreement = None if measured is None else least_agreement(measured.data)
    if agreement is not None:
        others[-1] += f", {agreement:.1%} agree"
    legs = (proof + ("" if result.coq is None else ", Coq"), *others)
    return claim.id, claim.about or claim.statement, *legs, result.outcome


def _slopes(leg: Leg) -> Iterator[Part]:
    """The judged slopes of a leg, study by study, and the shares of its fits at the box and left out."""
    for study in leg.data.get("studies", ()):
        yield f"    {study['name']}: {describe_fits(study['fits'])}"
        if beside := describe_conditions(study.get("conditions", {})):
            yield f"    {beside}"
        slopes = [s for s in leg.data["slopes"] if s["study"] == study["name"] and s["outcome"] is not None]
        if slopes:
            yield Table.of(study["name"], SLOPE_COLUMNS, slopes)


@checked
def verify(
    *claims: str,
    store: str | None = None,
    workers: Whole | None = None,
    scheduler: str | None = None,
    from_: str | None = None,
) -> Verify:
    """Run claims of the theory, each by its proof and by measurement, and say which stand.

    Exit status 1 if a claim is contradicted or a check that it requires crashed.

    Args:
        claims: C1, C2, ...; all for none.
        store: An SQLite file that keeps every finished replicate, so that a verification that was stopped goes on.
        workers: Processes for the studies; as many as there are cores by default.
        scheduler: Address of a Dask cluster, in place of local processes.
        from_: A report.json of this command, shown (with -o page.html, as a page) without running anything.

    Raises:
        ValueError: what is not accepted.
    """
    claims_of(claims)
    count = processes(workers)
    if from_ is not None:
        if not (store is workers is scheduler is None):
            raise BadInput(_RUNNING)
        return _answer(_only(read_report(from_), claims), source=from_)
    with (
        resumable(store),
        Display() as display,
        Runs(workers=count, scheduler=scheduler, store=store, report=display.report) as runs,
    ):
        return _answer(verify_claims(claims, runs=runs, progress=display.doing, step=display.step))


def _only(results: tuple[Result, ...], claims: Sequence[str]) -> tuple[Result, ...]:
    """The part of a report that is about some claims; all of it for none."""
    there = {r.claim.id for r in results}
    missing = [name for name in claims if there.isdisjoint(claim.id for claim in claims_of([name]))]
    if missing:
        raise ValueError(f"the report has no claim {missing[0]}; accepted: those that were run")
    wanted = {claim.id for claim in claims_of(claims)}
    return tuple(r for r in results if not claims or r.claim.id in wanted)
