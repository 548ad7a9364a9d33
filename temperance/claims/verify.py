"""Runs the claims, and the check of the published estimates.

>>> from temperance.claims.verify import verify_claims
>>> verify_claims(["C1"]).record()["claims"][0]["outcome"]
'proved'
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from temperance.claims.coq_checked import checked
from temperance.claims.table import CLAIMS, Claim
from temperance.evidence.outcomes import LEGS, ClaimOutcome, Leg, LegName, claim_outcome
from temperance.evidence.study_runner import Runs
from temperance.numerics.studies.published_estimates import TOLERANCE, check_published
from temperance.numerics.studies.store import StoreError

Progress = Callable[[str], AbstractContextManager[Any]]


@dataclass(frozen=True)
class Result:
    """A claim and what its legs found (None: did not run)."""

    claim: Claim
    legs: dict[LegName, Leg | None]

    @property
    def outcome(self) -> ClaimOutcome:
        """The outcome by theory.md 4."""
        return claim_outcome(self.claim.required, self.legs)

    @property
    def coq(self) -> str | None:
        """What of its proof Coq has checked (see `coq_checked.checked`); None where the proof did not confirm it."""
        proof = self.legs["proof"]
        return checked(self.claim.id) if proof is not None and proof.outcome == "confirmed" else None

    @property
    def crashed(self) -> list[LegName]:
        """The legs that crashed."""
        return [name for name, leg in self.legs.items() if leg is not None and leg.crashed]

    def outcome_of(self, name: LegName) -> str:
        """The outcome of a leg in words: its own, "crashed", "did not run", or "not required"."""
        leg = self.legs[name]
        if leg is None:
            return "did not run" if name in self.claim.required else "not required"
        return "crashed" if leg.crashed else leg.outcome

    @property
    def refuted(self) -> bool:
        """Whether the claim is contradicted or a leg that it requires crashed."""
        return self.outcome == "contradicted" or any(name in self.claim.required for name in self.crashed)

    @property
    def open_legs(self) -> list[str]:
        """For each required leg that does not confirm the claim, why."""
        found = [(name, self.legs[name]) for name in self.claim.required]
        missing = [f"{name}: did not run" for name, leg in found if leg is None]
        return missing + [f"{name}: {leg.detail}" for name, leg in found if leg and leg.outcome != "confirmed"]

    def record(self) -> dict[str, Any]:
        """The claim as JSON values."""
        legs = {name: None if leg is None else leg.record() for name, leg in self.legs.items()}
        known = {"id": self.claim.id, "statement": self.claim.statement, "legs": legs, "outcome": self.outcome}
        return {**known, "coq": self.coq}


@dataclass(frozen=True)
class Verification:
    """The claims that were run, and the check of the published estimates (None: did not run)."""

    results: tuple[Result, ...]
    published: dict[str, Any] | None

    @property
    def remarks(self) -> Iterator[str]:
        """One line for every claim that is not settled and every leg that crashed."""
        for result in self.results:
            for name in result.crashed:
                if name not in result.claim.required:
                    yield f"{result.claim.id}: the leg {name} crashed"
            if result.outcome in ("inconclusive", "contradicted"):
                yield f"{result.claim.id} is {result.outcome}: {'; '.join(result.open_legs)}"
        if self.published is not None and self.published["outcome"] != "confirmed":
            yield f"published: {self.published['detail']}"

    @property
    def refuted(self) -> bool:
        """Whether the exit status of `temperance verify` is 1."""
        return any(result.refuted for result in self.results)

    def record(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {"claims": [result.record() for result in self.results], "published": self.published}


def chosen(ids: Sequence[str]) -> tuple[Claim, ...]:
    """The claims with these ids, in the order of the table; all for none. Raises ValueError for another id."""
    known = [claim.id for claim in CLAIMS]
    for claim_id in ids:
        if claim_id not in known:
            raise ValueError(f"unknown claim {claim_id!r}; accepted: {', '.join(known)}")
    return tuple(claim for claim in CLAIMS if not ids or claim.id in ids)


def _silent(_: str) -> AbstractContextManager[Any]:
    return nullcontext()


def verify_claims(
    ids: Sequence[str] = (),
    published: str | Path | None = None,
    progress: Progress = _silent,
    *,
    runs: Runs | None = None,
) -> Verification:
    """Run the claims with these ids (all for none), and check the published estimates in a folder, if one is given.

    A leg that raises an exception is reported as crashed. progress: called with what is being done, gives a context.
    runs: how studies are run (`study_runner.Runs`); by default in one worker process. Raises ValueError for another id,
    or a folder without the published estimates.
    """
    claims = chosen(ids)
    with progress("published estimates"):
        estimates = None if published is None else check_estimates(published)
    with Runs() if runs is None else nullcontext(runs) as used:
        used.start([study for claim in claims for study in claim.studies])
        return Verification(tuple(run_claim(claim, used, progress) for claim in claims), estimates)


def run_claim(claim: Claim, runs: Runs, progress: Progress = _silent) -> Result:
    """Run every leg that the claim has; raises ValueError for a store that cannot be used."""
    legs: dict[LegName, Leg | None] = dict.fromkeys(LEGS)
    for name, run in claim.legs:
        with progress(f"{claim.id}: {name}"):
            try:
                legs[name] = run(runs)
            except StoreError:
                raise
            except Exception as error:
                legs[name] = Leg("inconclusive", f"crashed: {type(error).__name__}: {error}", crashed=True)
    return Result(claim, legs)


def check_estimates(folder: str | Path) -> dict[str, Any]:
    """Whether the stored losses of the published estimates are reproduced, and their slopes.

    Raises ValueError if the folder holds none.
    """
    checks = check_published(folder)
    missed = [f"k = {check.k}" for check in checks if not check.reproduced]
    detail = f"losses of {sum(check.fits for check in checks)} published fits recomputed to {TOLERANCE:.0e}"
    if missed:
        detail = f"the losses of {', '.join(missed)} are not reproduced to {TOLERANCE:.0e}"
    return {
        "outcome": "contradicted" if missed else "confirmed",
        "detail": detail,
        "checks": [check.record() for check in checks],
    }
