"""Random activations of known truth through the decision, the certificates and the independent checker.

python benchmarks/fire.py [--cases 5000] [--seed 1] [--mutants 1000] [--json]

The truth is that of benchmarks/truth_oracle.py (numerical rank at 150 digits), held against what the construction of
each case in benchmarks/disguises.py makes certain. Exit status 1 for any wrong verdict, crash, rejected certificate, or
false certificate accepted.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from disguises import Case, case
from flint import arb, arb_mat, ctx, fmpq
from truth_oracle import Truth, Unclear, jet, monomials, truth

from theory.certificates import CONDITIONS, Rejected, check, digest, statement, tower_of
from theory.independence import decide
from theory.issuing import certificates
from theory.verdicts import Verdict

_POOL = 400


@dataclass
class Tally:
    """What a run has seen."""

    cases: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    undecided: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    without_truth: int = 0
    issued: int = 0
    accepted: int = 0
    pool: list[dict[str, Any]] = field(default_factory=list)


def _positive(text: str, parameters: dict[str, fmpq]) -> arb | None:
    """The value of a temperature, if it is positive."""
    with ctx.workprec(500):
        value = jet(text, parameters)[0]
    return value if value > 0 else None


def _false(condition: str, verdict: Verdict, known: Truth, parameters: dict[str, fmpq]) -> str | None:
    """What is wrong with a verdict, if anything is."""
    if verdict.outcome == "undecided":
        return None
    names = CONDITIONS[condition]
    failing = [name for name in names if name in known.failing]
    if verdict.outcome != ("fails" if failing else "holds"):
        return f"{verdict.outcome}, in truth {failing} fail"
    listed = list(verdict.failing_families)
    if listed and (set(listed) - set(failing) or (listed != failing and "undecided" not in verdict.scope)):
        return f"{listed} named, in truth {failing} fail"
    if verdict.outcome == "fails":
        return None
    said = [tau for text in verdict.fails_at_tau if (tau := _positive(text, parameters)) is not None]
    true = [known.taus[name] for name in names if name in known.taus]
    with ctx.workprec(500):
        same = len(said) == len(true) and all(abs(p / q - 1) < arb("1e-60") for p, q in zip(said, true, strict=True))
    return None if same else f"fails at {verdict.fails_at_tau}, in truth at {[t.str(8) for t in true]}"


def _try(one: Case, tally: Tally) -> None:
    parameters = dict(one.parameters)
    try:
        known = truth(one.text, parameters)
    except Unclear:
        tally.without_truth += 1
        return
    if not one.failing <= known.failing:
        raise AssertionError(f"{one.kind}: {one.text} was built to fail {set(one.failing)}, not {set(known.failing)}")
    tally.cases[one.kind] += 1
    try:
        decision = decide(one.text)
    except ValueError as refusal:
        tally.refused[one.kind] += 1
        tally.reasons[f"refused: {str(refusal)[:60]}"] += 1
        return
    except Exception as error:
        tally.wrong.append(f"{type(error).__name__} for {one.text} ({one.kind}): {error}")
        return
    for condition, verdict in zip(CONDITIONS, decision.verdicts, strict=True):
        tally.verdicts[one.kind] += 1
        if verdict.outcome == "undecided":
            tally.undecided[one.kind] += 1
            tally.reasons[str(verdict.reason)[:60]] += 1
        wrong = _false(condition, verdict, known, parameters)
        if wrong:
            tally.wrong.append(f"{condition} of {one.text} ({one.kind}): {wrong}")
    _certify(certificates(decision), tally)


def _certify(found: list[dict[str, Any]], tally: Tally) -> None:
    for certificate in json.loads(json.dumps(found)):
        tally.issued += 1
        try:
            check(certificate)
        except Rejected as reason:
            tally.wrong.append(f"rejected: {certificate['statement']}: {reason}")
            continue
        tally.accepted += 1
        tally.pool.append(certificate)


def _leaves(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict | list) and value:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return [leaf for key, inner in items for leaf in _leaves(inner, (*way, key))]
    return [way]


def mutated(certificate: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """A certificate with one value changed, and all that anybody can compute computed anew."""
    changed = copy.deepcopy(certificate)
    leaves = [way for way in _leaves(changed) if way[0] not in ("statement", "tower", "digest", "format")]
    part = rng.choice(sorted({way[0] for way in leaves}))  # claim and expression as often as the many numbers
    *way, last = rng.choice([leaf for leaf in leaves if leaf[0] == part])
    inner: Any = changed
    for key in way:
        inner = inner[key]
    inner[last] = _another(inner[last], rng)
    for key, compute in (("statement", statement), ("tower", tower_of), ("digest", digest)):
        try:
            changed[key] = compute(changed)
        except Exception:  # a claim too broken to be put in words: the checker must say Rejected
            changed[key] = ""
    return changed


def _another(value: Any, rng: random.Random) -> Any:
    if isinstance(value, int):
        return value + rng.choice([-1, 1, 7])
    if isinstance(value, str):
        words = ["0", "1", "-1", "holds", "fails", *CONDITIONS, f"({value}) + 1", f"2*({value})", f"({value})*z"]
        return rng.choice([*words, f"({value}) + z/10**12", f"({value}) + tanh(z)", value.replace("1", "2")])
    return rng.choice([["A"], ["B"], ["1"], ["2"], None, 0, []])


def is_true(certificate: dict[str, Any]) -> bool:
    """Whether the statement of a certificate is true and its determinants are those of its points, by the oracle."""
    claim, text = certificate["claim"], certificate["expression"]
    parameters = {name: fmpq(*map(int, value.split("/"))) for name, value in certificate["parameters"].items()}
    verdict = Verdict(
        claim["verdict"], "", "undecided", None, tuple(claim["fails_at_tau"]), tuple(claim["failing_families"])
    )
    if _false(claim["condition"], verdict, truth(text, parameters), parameters):
        return False
    return all(
        _encloses(name, evidence["minor"], text, parameters)
        for name, evidence in certificate["families"].items()
        if claim["verdict"] == "holds"
    )


def _encloses(family: str, minor: dict[str, Any], text: str, parameters: dict[str, fmpq]) -> bool:
    """Whether a stored determinant is that of the family at the stored points."""
    with ctx.workprec(500):
        rows = []
        for point in minor["points"]:
            z = jet(point, parameters)[0]
            rows.append(monomials(jet(text, {**parameters, "z": z}), z, family))
        determinant = arb_mat([[row[j] for j in minor["columns"]] for row in rows]).det() if rows else arb(1)
        return bool(arb(minor["determinant"]).overlaps(determinant))


def _attack(tally: Tally, mutants: int, rng: random.Random) -> dict[str, Any]:
    """Mutate certificates of the run; none may be accepted that is false."""
    accepted = 0
    for _ in range(mutants if tally.pool else 0):
        changed = mutated(rng.choice(tally.pool), rng)
        try:
            check(changed)
        except Rejected:
            continue
        accepted += 1
        if not is_true(changed):
            tally.wrong.append(f"a false certificate is accepted: {json.dumps(changed)}")
    return {"mutants": mutants, "accepted": accepted}


def run(cases: int, seed: int, mutants: int) -> dict[str, Any]:
    """Run a number of random cases and mutants.

    Args:
        cases: how many activations.
        seed: of the random numbers.
        mutants: how many mutated certificates.

    Returns:
        Counts, and a line for everything wrong.
    """
    rng, tally, start = random.Random(seed), Tally(), time.process_time()
    for _ in range(cases):
        _try(case(rng), tally)
        del tally.pool[:-_POOL]
    attack = _attack(tally, mutants, rng)
    kinds: dict[str, dict[str, Any]] = defaultdict(dict)
    for kind in sorted(tally.cases):
        share = tally.undecided[kind] / max(tally.verdicts[kind], 1)
        kinds[kind] = {"cases": tally.cases[kind], "refused": tally.refused[kind], "undecided": round(share, 4)}
    return {
        "cases": sum(tally.cases.values()),
        "without_truth": tally.without_truth,
        "refused": sum(tally.refused.values()),
        "verdicts": sum(tally.verdicts.values()),
        "undecided": sum(tally.undecided.values()),
        "wrong": tally.wrong,
        "kinds": kinds,
        "reasons": dict(tally.reasons.most_common(12)),
        "certificates": {"issued": tally.issued, "accepted": tally.accepted},
        "attack": attack,
        "cpu_s": round(time.process_time() - start, 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mutants", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = run(options.cases, options.seed, options.mutants)
    if options.json:
        print(json.dumps(found))
    else:
        for key, value in found.items():
            lines = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
            print(key, *([value] if lines is None else [f"\n  {k}: {v}" for k, v in lines]))
    return int(bool(found["wrong"]))


if __name__ == "__main__":
    sys.exit(main())
