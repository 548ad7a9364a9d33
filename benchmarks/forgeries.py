"""Certificates with something changed, and all that can be computed computed anew; and the truth about them."""

from __future__ import annotations

import copy
import json
import random
from dataclasses import dataclass, field
from typing import Any

from flint import arb, arb_mat, ctx, fmpq
from oracle_jets import Unclear, jet
from truth_oracle import Truth, monomials, truth

from theory.checker.rejected import Rejected
from theory.checker.verdict_checker import CONDITIONS, check, digest, statement, tower_of

_DERIVED = ("statement", "tower", "digest", "format")


@dataclass
class Attack:
    """What has become of the mutants.

    Attributes:
        mutants: how many there were.
        accepted: how many the checker accepted.
        unclear: how many of these the oracle does not tell the truth about.
        false: the accepted ones whose statement is false, or whose determinant is another.
        crashes: errors of the checker other than Rejected.
    """

    mutants: int = 0
    accepted: int = 0
    unclear: int = 0
    false: list[str] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)

    def add(self, other: Attack) -> None:
        """Count the mutants of another attack too."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


def attack(pool: list[dict[str, Any]], count: int, rng: random.Random) -> Attack:
    """Offer mutants of the certificates of a pool to the checker."""
    found = Attack()
    for _ in range(count if pool else 0):
        changed = mutated(rng.choice(pool), pool, rng)
        found.mutants += 1
        try:
            check(changed)
        except Rejected:
            continue
        except Exception as error:
            found.crashes.append(f"{type(error).__name__}: {json.dumps(changed)}")
            continue
        found.accepted += 1
        try:
            if not is_true(changed):
                found.false.append(json.dumps(changed))
        except Unclear:
            found.unclear += 1
        except (KeyError, ValueError) as error:  # of no function that the oracle can read, but accepted
            found.false.append(f"{error!r}: {json.dumps(changed)}")
    return found


def mutated(certificate: dict[str, Any], pool: list[dict[str, Any]], rng: random.Random) -> dict[str, Any]:
    """A certificate with one or two values changed, or with a part of another."""
    changed = copy.deepcopy(certificate)
    if rng.random() < 0.2:
        part = rng.choice([key for key in changed if key not in _DERIVED])
        changed[part] = copy.deepcopy(rng.choice(pool)[part])
    else:
        for _ in range(rng.choice([1, 1, 1, 2])):
            _change(changed, rng)
    for key, compute in (("statement", statement), ("tower", tower_of), ("digest", digest)):
        try:
            changed[key] = compute(changed)
        except Exception:  # a claim too broken to be put in words: the checker must say Rejected
            changed[key] = ""
    return changed


def _change(certificate: dict[str, Any], rng: random.Random) -> None:
    leaves = [way for way in _leaves(certificate) if way[0] not in _DERIVED]
    part = rng.choice(sorted({way[0] for way in leaves}))  # claim and expression as often as the many numbers
    *way, last = rng.choice([leaf for leaf in leaves if leaf[0] == part])
    inner: Any = certificate
    for key in way:
        inner = inner[key]
    inner[last] = _another(inner[last], rng)


def _leaves(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict | list) and value:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return [leaf for key, inner in items for leaf in _leaves(inner, (*way, key))]
    return [way]


def _another(value: Any, rng: random.Random) -> Any:
    if isinstance(value, int):
        return value + rng.choice([-1, 1, 7])
    if isinstance(value, str):
        words = ["0", "1", "-1", "holds", "fails", *CONDITIONS, f"({value}) + 1", f"2*({value})", f"({value})*z"]
        return rng.choice([*words, f"({value}) + z/10**12", f"({value}) + tanh(z)", value.replace("1", "2")])
    return rng.choice([["A"], ["B"], ["1"], ["2"], None, 0, []])


def is_true(certificate: dict[str, Any]) -> bool:
    """Whether the statement of a certificate is true and its determinants are those of its points, by the oracle.

    Raises:
        Unclear: the oracle does not tell.
    """
    claim, text = certificate["claim"], certificate["expression"]
    try:
        parameters = {name: fmpq(*map(int, value.split("/"))) for name, value in certificate["parameters"].items()}
    except ValueError as error:  # a sum, which the checker reads
        raise Unclear(str(error)) from None
    if falsehood(claim["condition"], claim["verdict"], claim, truth(text, parameters), parameters):
        return False
    return all(
        _encloses(name, evidence["minor"], text, parameters)
        for name, evidence in certificate["families"].items()
        if claim["verdict"] == "holds"
    )


def falsehood(
    condition: str, outcome: str, claim: dict[str, Any], known: Truth, parameters: dict[str, fmpq]
) -> str | None:
    """What is wrong with the outcome `holds` or `fails` and with the rest of its claim, if anything is."""
    names = CONDITIONS[condition]
    failing = [name for name in names if name in known.failing]
    if outcome != ("fails" if failing else "holds"):
        return f"{outcome}, in truth {failing} fail"
    if set(claim["failing_families"]) - set(failing):
        return f"{claim['failing_families']} named, in truth {failing} fail"
    if outcome == "fails":
        return None
    said = [tau for text in claim["fails_at_tau"] if (tau := _positive(text, parameters)) is not None]
    true = [known.taus[name] for name in names if name in known.taus]
    with ctx.workprec(500):
        same = len(said) == len(true) and all(abs(p / q - 1) < arb("1e-60") for p, q in zip(said, true, strict=True))
    return None if same else f"fails at {claim['fails_at_tau']}, in truth at {[t.str(8) for t in true]}"


def _positive(text: str, parameters: dict[str, fmpq]) -> arb | None:
    """The value of a temperature, if it is positive."""
    with ctx.workprec(500):
        value = jet(text, parameters)[0]
    return value if value > 0 else None


def _encloses(family: str, minor: dict[str, Any], text: str, parameters: dict[str, fmpq]) -> bool:
    """Whether a stored determinant is that of the family at the stored points."""
    with ctx.workprec(8192):  # the most that the checker allows
        rows = []
        for point in minor["points"]:
            z = jet(point, parameters)[0]
            rows.append(monomials(jet(text, {**parameters, "z": z}), z, family))
        determinant = arb_mat([[row[j] for j in minor["columns"]] for row in rows]).det() if rows else arb(1)
        return bool(arb(minor["determinant"]).contains(determinant))
