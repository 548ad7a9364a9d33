"""Random activations of known truth through the decision, the certificates and the independent checker.

python benchmarks/fire.py [--cases 5000] [--seed 1] [--mutants 1000] [--json]

The truth is that of benchmarks/truth_oracle.py (numerical rank at 150 digits and more), held against what the
construction of each case in benchmarks/disguises.py makes certain. Exit status 1 for any wrong verdict, crash, case of
over 10 CPU seconds, rejected certificate, or false certificate accepted.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field
from typing import Any

from disguises import Case, case
from flint import arb, ctx, fmpq
from forgeries import attack, falsehood
from truth_oracle import Truth, Unclear, jet, mirror_truth, truth

from theory.certificates import CONDITIONS, Rejected, check
from theory.independence import Decision, decide
from theory.issuing import certificates

_POOL = 400
_MOST_SECONDS = 10


@dataclass
class Row:
    """What has become of the cases of one kind.

    Attributes:
        cases: with a truth.
        refused: expressions that the language refuses.
        verdicts: five of a case.
        undecided: how many of them are.
        certificates: accepted by the checker.
        rejected: not accepted by it.
        bare: verdicts without a certificate.
        mirror: mirror types with a truth.
        mirror_unproved: how many of them are.
        exceptional: exceptional values of parameters with a truth.
        wrong: verdicts, mirror types and exceptional values that are not the truth.
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
    cpu_s: float = 0.0


@dataclass
class Tally:
    """What a run has seen."""

    rows: defaultdict[str, Row] = field(default_factory=lambda: defaultdict(Row))
    reasons: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    without_truth: int = 0
    slowest: tuple[float, str] = (0.0, "")
    pool: list[dict[str, Any]] = field(default_factory=list)

    def fault(self, one: Case, what: str) -> None:
        self.rows[one.kind].wrong += 1
        self.faults.append(f"{one.text} ({one.kind}): {what}")


def _try(one: Case, tally: Tally) -> None:
    try:
        known = truth(one.text, dict(one.parameters))
    except Unclear:
        tally.without_truth += 1
        return
    row, start = tally.rows[one.kind], time.process_time()
    row.cases += 1
    if not one.failing <= known.failing:
        tally.fault(one, f"built to fail {set(one.failing)}, but the oracle says {set(known.failing)}")
    try:
        decision = decide(one.text)
        issued = json.loads(json.dumps(certificates(decision)))
    except ValueError as refusal:
        row.refused += 1
        tally.reasons[f"refused: {str(refusal)[:60]}"] += 1
        return
    except Exception as error:
        tally.fault(one, f"{type(error).__name__}: {error}")
        return
    _check(one, issued, tally)
    seconds = time.process_time() - start
    row.cpu_s += seconds
    tally.slowest = max(tally.slowest, (seconds, one.text))
    if seconds > _MOST_SECONDS:
        tally.fault(one, f"{seconds:.1f} CPU seconds")
    _compare(one, decision, known, tally)
    row.bare += sum(v.outcome != "undecided" for v in decision.verdicts) - len(issued)


def _check(one: Case, issued: list[dict[str, Any]], tally: Tally) -> None:
    row = tally.rows[one.kind]
    for certificate in issued:
        try:
            check(certificate)
        except Rejected as reason:
            row.rejected += 1
            tally.faults.append(f"rejected: {certificate['statement']}: {reason}")
            continue
        row.certificates += 1
        tally.pool.append(certificate)


def _compare(one: Case, decision: Decision, known: Truth, tally: Tally) -> None:
    row = tally.rows[one.kind]
    for condition, verdict in zip(CONDITIONS, decision.verdicts, strict=True):
        row.verdicts += 1
        if verdict.outcome == "undecided":
            row.undecided += 1
            tally.reasons[str(verdict.reason)[:60]] += 1
            continue
        claim = {"fails_at_tau": verdict.fails_at_tau, "failing_families": verdict.failing_families}
        wrong = falsehood(condition, verdict.outcome, claim, known, dict(one.parameters))
        failing = {name for name in CONDITIONS[condition] if name in known.failing}
        if wrong is None and claim["failing_families"] and failing != set(verdict.failing_families):
            wrong = None if "is undecided" in verdict.scope else f"{failing} fail, named are {verdict.failing_families}"
        if wrong:
            tally.fault(one, f"{condition}: {wrong}")
    _compare_mirror(one, decision, tally)
    _compare_exceptional(one, decision, known, tally)


def _compare_mirror(one: Case, decision: Decision, tally: Tally) -> None:
    try:
        kind, degree = mirror_truth(one.text, dict(decision.activation.sample))
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
        tally.fault(one, f"mirror {said.kind} {said.degree}, in truth {kind} {degree}")


def _compare_exceptional(one: Case, decision: Decision, known: Truth, tally: Tally) -> None:
    """At every exceptional value that is rational the truth is another than the generic one."""
    for name, values in decision.exceptional_parameters:
        for value in values:
            try:
                there = truth(one.text, {**dict(one.parameters), name: fmpq(*map(int, value.split("/")))})
            except (Unclear, ValueError):
                continue
            tally.rows[one.kind].exceptional += 1
            if there.failing == known.failing and there.taus.keys() == known.taus.keys():
                tally.fault(one, f"{name} = {value} is no exception")


def run(cases: int, seed: int, mutants: int) -> dict[str, Any]:
    """Run a number of random cases and mutants.

    Args:
        cases: how many activations of known truth.
        seed: of the random numbers.
        mutants: how many mutated certificates.

    Returns:
        Counts, and a line for everything wrong.
    """
    rng, tally, start = random.Random(seed), Tally(), time.process_time()
    while sum(row.cases for row in tally.rows.values()) < cases:
        _try(case(rng), tally)
        del tally.pool[:-_POOL]
    attacked = attack(tally.pool, mutants, rng)
    total = Row(*(sum(values) for values in zip(*(vars(r).values() for r in tally.rows.values()), strict=True)))
    return {
        "total": _shown(total),
        "kinds": {kind: _shown(tally.rows[kind]) for kind in sorted(tally.rows)},
        "without_truth": tally.without_truth,
        "reasons": dict(tally.reasons.most_common(12)),
        "slowest": tally.slowest,
        "attack": asdict(attacked),
        "faults": [*tally.faults, *attacked.false, *attacked.crashes],
        "cpu_s": round(time.process_time() - start, 1),
    }


def _shown(row: Row) -> dict[str, Any]:
    return {
        **asdict(row),
        "cpu_s": round(row.cpu_s, 1),
        "undecided_share": round(row.undecided / max(row.verdicts, 1), 4),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mutants", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = run(options.cases, options.seed, options.mutants)
    if options.json:
        print(json.dumps(found))
    else:
        _print(found)
    return int(bool(found["faults"]))


def _print(found: dict[str, Any]) -> None:
    columns = ["cases", "verdicts", "wrong", "undecided", "certificates", "rejected", "bare", "cpu_s"]
    print(f"{'kind':32}", *(f"{c:>12}" for c in columns))
    for kind, row in [*found["kinds"].items(), ("total", found["total"])]:
        print(f"{kind:32}", *(f"{row[c]:>12}" for c in columns))
    for key in ("without_truth", "total", "reasons", "slowest", "attack", "cpu_s"):
        print(f"{key}: {found[key]}")
    print(*found["faults"], sep="\n")


if __name__ == "__main__":
    sys.exit(main())
