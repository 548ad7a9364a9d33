"""Runs the claims, and reads a report of them back.

>>> from temperance.claims.verify import verify_claims
>>> verify_claims(["C1"])[0].outcome
'proved'

`coq_statement` tells which parts of the claims Coq has checked, from kept results on files with the same content.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from json import dumps
from typing import Any, get_args

from temperance.claims.legs import Runs
from temperance.claims.table import CLAIMS, Claim, level_of_each
from temperance.measurements.judgement import (
    LEGS,
    LEVEL,
    ClaimOutcome,
    Leg,
    LegName,
    LegOutcome,
    claim_outcome,
    family,
    stepped_down,
)
from temperance.numerics.studies.run import StoreError
from temperance.show.inputs import read_json, read_stored
from temperance.theory.activations.activation import activation
from temperance.theory.conditions.certificates import certificates, verdict_of
from temperance.theory.coq.files import FILES, file_of, library

RESULTS = "data/coq_results.json"  # written by tools/coq_results.py


IN_COQ = {claim.id: claim for claim in CLAIMS if claim.coq is not None}
"""The claims of whose proofs a part is a theorem in Coq."""


def coq_files(claim: Claim) -> dict[str, str]:
    """The files that state what Coq has of a claim: the library and, where it needs one, the file of its verdicts."""
    contents = {name: library(name) for name in FILES}
    if claim.verdicts:
        names = dict.fromkeys(name for name, _ in claim.verdicts)
        wanted = {
            name: [c for c in certificates(name) if (name, verdict_of(c)["title"]) in claim.verdicts] for name in names
        }
        contents["Verdicts"], _ = file_of([(activation(name), proofs) for name, proofs in wanted.items()])
    return contents


def digest(contents: Mapping[str, str]) -> str:
    """SHA-256 of files without their comments."""
    stated = {name: re.sub(r"\(\*.*?\*\)", "", text, flags=re.DOTALL) for name, text in contents.items()}
    return sha256(dumps(stated, sort_keys=True).encode()).hexdigest()


def accepted_digests() -> Mapping[str, str]:
    """By claim, the digest of the files that Coq has accepted."""
    return read_stored(f"claims/{RESULTS}")["digests"]


@cache
def coq_statement(claim: str) -> str | None:
    """What of a claim Coq has checked, in words; None where it has checked nothing, or another file than today's."""
    part = IN_COQ.get(claim)
    return part.coq if part is not None and accepted_digests().get(claim) == digest(coq_files(part)) else None


_REPORT = "a report of `temperance verify -o report.json`"

_WORDS = 25  # of a remark
_WITH_FITS = ("studies", "constants_of", "variances", "merged_slopes")  # what of a leg says how fits ended
Progress = Callable[[str], AbstractContextManager[Any]]


@dataclass(frozen=True)
class Result:
    """A claim and what its legs found (None: did not run)."""

    claim: Claim
    legs: dict[LegName, Leg | None]

    @property
    def outcome(self) -> ClaimOutcome:
        """The outcome by theory 9.1."""
        return claim_outcome(self.claim.required, self.legs)

    @property
    def coq(self) -> str | None:
        """What of its proof Coq has checked (see `coq_statement`); None where the proof did not confirm it."""
        proof = self.legs["proof"]
        return coq_statement(self.claim.id) if proof is not None and proof.outcome == "confirmed" else None

    def outcome_of(self, name: LegName) -> str:
        """The outcome of a leg in words: its own, "crashed", "did not run", or "not required"."""
        leg = self.legs[name]
        if leg is None:
            return "did not run" if name in self.claim.required else "not required"
        return "crashed" if leg.crashed else leg.outcome

    @property
    def refuted(self) -> bool:
        """Whether the claim is contradicted or a leg that it requires crashed."""
        return self.outcome == "contradicted" or "crashed" in map(self.outcome_of, self.claim.required)

    @property
    def remarks(self) -> Iterator[str]:
        """A line for every leg that crashed though none requires it, and one with the open legs of an open claim."""
        required = self.claim.required
        for name in self.legs:
            if name not in required and self.outcome_of(name) == "crashed":
                yield f"{self.claim.id}: its check by {name} crashed"
        if self.outcome in ("inconclusive", "contradicted"):
            details = {name: leg.detail if (leg := self.legs[name]) else "did not run" for name in required}
            missed = [f"{name}: {details[name]}" for name in required if self.outcome_of(name) != "confirmed"]
            yield _brief(f"{self.claim.id} is {self.outcome}: {'; '.join(missed)}")

    def record(self) -> dict[str, Any]:
        """The claim as JSON values."""
        legs = {name: None if leg is None else leg.record() for name, leg in self.legs.items()}
        record = {"id": self.claim.id, "statement": self.claim.statement, "legs": legs, "outcome": self.outcome}
        return {**record, "coq": self.coq}


def _brief(text: str) -> str:
    """At most `_WORDS` words of a text; the page and the JSON have all."""
    words = text.split()
    return text if len(words) <= _WORDS else f"{' '.join(words[: _WORDS - 1])} ..."


def claims_of(ids: Sequence[str]) -> tuple[Claim, ...]:
    """The claims with these ids, in the order of the table; all for none. C14 stands for its parts C14a, C14b, C14c.

    Raises ValueError for another id.
    """
    names = list(dict.fromkeys(name for claim in CLAIMS for name in (claim.group, claim.id)))
    for claim_id in ids:
        if claim_id not in names:
            raise ValueError(f"unknown claim {claim_id!r}; accepted: {', '.join(names)}")
    return tuple(claim for claim in CLAIMS if not ids or {claim.id, claim.group} & {*ids})


def _silent(_: str) -> AbstractContextManager[Any]:
    return nullcontext()


def verify_claims(
    ids: Sequence[str] = (),
    *,
    runs: Runs | None = None,
    progress: Progress = _silent,
    step: Callable[[str], None] = lambda line: None,
) -> tuple[Result, ...]:
    """Run the claims with these ids; all for none.

    All tests of the run are judged at one level (`judgement.family`). A leg that raises an exception is reported as
    crashed. progress: called with what is being done, gives a context. step: told which claim is done.
    runs: how studies are run (`legs.Runs`); by default in one worker process. Raises ValueError for another id.
    """
    claims = claims_of(ids)
    with Runs() if runs is None else nullcontext(runs) as used:
        for claim in claims:
            if claim.spread is not None:
                used.begin(*claim.spread)
        used.start([study for claim in claims for study in claim.studies])
        # what waits for no worker first, then what waits for the first work of the workers
        beside = sorted(claims, key=lambda claim: 2 if claim.studies else int(claim.spread is not None))
        level = level_of_each() if any(claim.tests for claim in claims) else LEVEL
        results = {}
        for i, claim in enumerate(beside, 1):
            place = f"claim {i} of {len(beside)}: "
            results[claim.id] = run_claim(claim, used, progress, place, level=level)
            step(f"{place}{claim.id} done")
        ordered = [results[claim.id] for claim in claims]
        legs = iter(stepped_down([leg for result in ordered for leg in result.legs.values()]))
        return tuple(replace(result, legs={name: next(legs) for name in result.legs}) for result in ordered)


def tests_made(results: Sequence[Result]) -> dict[str, Any]:
    """What these claims tested: see `judgement.family`."""
    return family([leg for result in results for leg in result.legs.values()])


def fits_of_studies(results: Sequence[Result]) -> dict[str, Mapping[str, int]]:
    """How the fits of every study of these claims ended (`slopes.fits`), by its name."""
    fits = {}
    for leg in (leg for result in results for leg in result.legs.values() if leg is not None):
        for study in (study for key in _WITH_FITS for study in leg.data.get(key, ())):
            if "fits" in study:  # which older reports have not everywhere
                fits[study.get("study") or study.get("name") or study["definition"]["name"]] = study["fits"]
    return fits


def run_claim(
    claim: Claim, runs: Runs, progress: Progress = _silent, place: str = "", *, level: float = LEVEL
) -> Result:
    """Run every leg that the claim has; raises ValueError for a store that cannot be used.

    place: among others. level: of each test.
    """
    legs: dict[LegName, Leg | None] = dict.fromkeys(LEGS)
    for name, run in claim.legs.items():
        with progress(f"{place}{claim.id}, {name}"):
            try:
                legs[name] = run(runs, level) if name == "monte_carlo" else run(runs)
            except StoreError:
                raise
            except Exception as error:
                legs[name] = Leg("inconclusive", f"crashed: {type(error).__name__}: {error}", crashed=True)
    return Result(claim, legs)


def read_report(path: str) -> tuple[Result, ...]:
    """The claims in a file; outcomes follow from the legs again.

    Raises:
        ValueError: the file cannot be read, or holds no report.
    """
    report = read_json(path, _REPORT)
    try:
        return tuple(map(_stored_result, report["claims"]))
    except (KeyError, TypeError, AttributeError) as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else "a part of it has another form"
        raise ValueError(f"{path!r} is no report ({reason:.80}); accepted: {_REPORT}") from None


def _stored_result(record: Mapping[str, Any]) -> Result:
    claim = next((claim for claim in claims_of([record["id"]]) if claim.id == record["id"]), None)
    if claim is None:
        raise ValueError(f"the claim {record['id']!r} of an earlier report is of several parts now; run it again")
    legs: dict[LegName, Leg | None] = {name: _stored_leg(record["legs"][name]) for name in LEGS}
    return Result(replace(claim, statement=str(record["statement"])), legs)


def _stored_leg(record: Mapping[str, Any] | None) -> Leg | None:
    if record is None:
        return None
    data = {key: value for key, value in record.items() if key not in ("outcome", "detail", "crashed")}
    if record["outcome"] not in get_args(LegOutcome):
        raise ValueError(f"unknown outcome {record['outcome']!r:.40}; accepted: {', '.join(get_args(LegOutcome))}")
    return Leg(record["outcome"], str(record["detail"]), data, bool(record.get("crashed")))
