"""One random activation through the decision, the certificates and the proof kernel, held against the truth.

The truth is that of campaigns/truth_oracle.py (numerical rank at 150 digits and more), itself held against what the
construction of each case in campaigns/disguises.py makes certain.
"""

from __future__ import annotations

import json
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from disguises import Case
from flint import arb, ctx, fmpq
from oracle_jets import Unclear, jet
from truth_oracle import Truth, mirror_truth, truth

from temperance.theory.conditions.certificates import certificates, verdict_of
from temperance.theory.conditions.decision import Decision, decide
from temperance.theory.kernel.check import check
from temperance.theory.kernel.reader import Rejected
from temperance.theory.kernel.verdict import CONDITIONS

_MOST_SECONDS = 10
_GIVEN_UP_SECONDS = 30


class GivenUp(BaseException):
    """A case that takes too long; no error that the code under test could catch."""


@contextmanager
def _limited() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise GivenUp

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, _GIVEN_UP_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@dataclass
class Row:
    """What has become of the cases of one kind.

    Attributes:
        cases: with a truth.
        refused: expressions that the language refuses.
        verdicts: five of a case.
        undecided: how many of them are.
        certificates: accepted by the kernel.
        rejected: not accepted by it.
        bare: verdicts without a certificate.
        mirror: mirror types with a truth.
        mirror_unproved: how many of them are.
        exceptional: exceptional values of parameters with a truth.
        wrong: verdicts, mirror types and exceptional values that are not the truth.
        crashed: errors other than a refusal.
        slow: cases of over 10 CPU seconds; at 30 a case is given up.
        cpu_s: of the decisions and certificates.
    """

    cases: int = 0
    refused: int = 0
    verdicts: int = 0
    undecided: int = 0
    certificates: int = 0
    rejected: int = 0
    bare: int = 0
    mirror: int = 0
    mirror_unproved: int = 0
    exceptional: int = 0
    wrong: int = 0
    crashed: int = 0
    slow: int = 0
    cpu_s: float = 0.0

    def add(self, other: Row) -> None:
        """Count the cases of another row too."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


@dataclass
class Tally:
    """What a run has seen; `issued` are the certificates of its cases."""

    rows: defaultdict[str, Row] = field(default_factory=lambda: defaultdict(Row))
    reasons: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    without_truth: int = 0
    slowest: tuple[float, str] = (0.0, "")
    issued: list[dict[str, Any]] = field(default_factory=list)

    def wrong(self, one: Case, what: str) -> None:
        """Note an answer that is not the truth."""
        self.rows[one.kind].wrong += 1
        self.fault(one, what)

    def fault(self, one: Case, what: str) -> None:
        """Note anything that must not be."""
        self.faults.append(f"{one.text} ({one.kind}): {what}")


def trial(one: Case, tally: Tally) -> None:
    """Decide, certify and check one case, and compare with the truth."""
    try:
        known = truth(one.text, dict(one.parameters), one.intervals)
    except Unclear:
        tally.without_truth += 1
        return
    row, start = tally.rows[one.kind], time.process_time()
    row.cases += 1
    if not one.failing <= known.failing:
        tally.wrong(one, f"built to fail {set(one.failing)}, but the oracle says {set(known.failing)}")
    try:
        with _limited():
            decision = decide(one.text)
            issued = json.loads(json.dumps(certificates(decision)))
    except GivenUp:
        _time(one, time.process_time() - start, tally)
        return
    except ValueError as refusal:
        row.refused += 1
        tally.reasons[f"refused: {str(refusal)[:60]}"] += 1
        return
    except Exception as error:
        row.crashed += 1
        tally.fault(one, f"{type(error).__name__}: {error}")
        return
    _check(one, issued, tally)
    _time(one, time.process_time() - start, tally)
    _compare(one, decision, known, tally)
    row.bare += sum(v.outcome != "undecided" for v in decision.verdicts) - len(issued)


def _time(one: Case, seconds: float, tally: Tally) -> None:
    tally.rows[one.kind].cpu_s += seconds
    tally.slowest = max(tally.slowest, (seconds, one.text))
    if seconds > _MOST_SECONDS:
        tally.rows[one.kind].slow += 1
        tally.fault(one, f"{seconds:.1f} CPU seconds")


def _check(one: Case, issued: list[dict[str, Any]], tally: Tally) -> None:
    row = tally.rows[one.kind]
    for certificate in issued:
        try:
            check(certificate)
        except Rejected as reason:
            row.rejected += 1
            tally.fault(one, f"rejected: {verdict_of(certificate)['title']}: {reason}")
            continue
        row.certificates += 1
        if not one.intervals:  # the oracle would not know of the piece in the mutants
            tally.issued.append(certificate)


def _compare(one: Case, decision: Decision, known: Truth, tally: Tally) -> None:
    row = tally.rows[one.kind]
    for condition, verdict in zip(CONDITIONS, decision.verdicts, strict=True):
        row.verdicts += 1
        if verdict.outcome == "undecided":
            row.undecided += 1
            tally.reasons[str(verdict.reason)[:60]] += 1
            continue
        wrong = falsehood(condition, verdict.outcome, verdict.fails_at_tau, known, dict(one.parameters))
        wrong = wrong or extra(condition, verdict.failing_families, known)
        failing = {name for name in CONDITIONS[condition] if name in known.failing}
        if wrong is None and verdict.failing_families and failing != set(verdict.failing_families):
            wrong = None if "is undecided" in verdict.scope else f"{failing} fail, named are {verdict.failing_families}"
        if wrong:
            tally.wrong(one, f"{condition}: {wrong}")
    _compare_mirror(one, decision, tally)
    _compare_exceptional(one, decision, known, tally)


def falsehood(
    condition: str, outcome: str, taus: Sequence[str], known: Truth, parameters: Mapping[str, fmpq]
) -> str | None:
    """What is wrong with the outcome `holds` or `fails` of a condition and its temperatures, if anything is."""
    names = CONDITIONS[condition]
    failing = [name for name in names if name in known.failing]
    if outcome != ("fails" if failing else "holds"):
        return f"{outcome}, in truth {failing} fail"
    if outcome == "fails":
        return None
    positive = [tau for text in taus if (tau := _positive(text, parameters)) is not None]
    true = [known.taus[name] for name in names if name in known.taus]
    with ctx.workprec(500):
        same = len(positive) == len(true)
        same = same and all(abs(p / q - 1) < arb("1e-60") for p, q in zip(positive, true, strict=True))
    return None if same else f"fails at {[*taus]}, in truth at {[t.str(8) for t in true]}"


def extra(condition: str, families: Sequence[str], known: Truth) -> str | None:
    """Which families are said to fail that do not, if any are."""
    failing = [name for name in CONDITIONS[condition] if name in known.failing]
    return f"{families} named, in truth {failing} fail" if {*families} - {*failing} else None


def _positive(text: str, parameters: Mapping[str, fmpq]) -> arb | None:
    """The value of a temperature, if it is positive."""
    with ctx.workprec(500):
        value = jet(text, dict(parameters))[0]
    return value if value > 0 else None


def _compare_mirror(one: Case, decision: Decision, tally: Tally) -> None:
    if not decision.activation.pieces:  # a switch without closed form
        return
    try:
        kind, degree = mirror_truth(one.text, dict(decision.activation.sample), one.intervals)
    except Unclear:
        return
    row, said = tally.rows[one.kind], decision.mirror
    row.mirror += 1
    if said is None or not said.proved:
        row.mirror_unproved += 1
        return
    with ctx.workprec(500):
        same = kind == said.kind
        if same and degree is not None:
            same = abs(jet(str(said.degree), dict(decision.activation.sample))[0] - degree) < arb("1e-60")
    if not same:
        tally.wrong(one, f"mirror {said.kind} {said.degree}, in truth {kind} {degree}")


def _compare_exceptional(one: Case, decision: Decision, known: Truth, tally: Tally) -> None:
    """At every exceptional value that is rational the truth is another than the generic one."""
    for name, values in decision.exceptional_parameters:
        for value in values:
            try:
                there = truth(
                    one.text, {**dict(one.parameters), name: fmpq(*map(int, value.split("/")))}, one.intervals
                )
            except (Unclear, ValueError):
                continue
            tally.rows[one.kind].exceptional += 1
            if there.failing == known.failing and there.taus.keys() == known.taus.keys():
                tally.wrong(one, f"{name} = {value} is no exception")
