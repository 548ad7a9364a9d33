"""Forged certificates, one kind for each part of the format, and the truth about those that the checker accepts.

    python campaigns/forgeries.py [--count 10000] [--seed 1] [--parts powers truths roles ends]

Honest certificates are changed as forged_parts.py says, and all that anybody can compute is computed anew. The truth
comes from truth_oracle.py (numerical rank at 150 digits) and order_oracle.py (distances of densities), which use no
module of the project. Exit status 1 for a false certificate that is accepted.
"""

from __future__ import annotations

import copy
import json
import random
import sys
from fractions import Fraction
from functools import cache
from typing import Any

import sympy as sp
from attacks import Attack, asked, told
from flint import arb, arb_mat, ctx, fmpq
from forged_parts import DERIVED, ORDER_PARTS, PARTS, VERDICT_PARTS, parts
from oracle_jets import Unclear, ends, jet
from order_oracle import orders
from truth_oracle import Truth, fails_across, monomials, truth

from temperance.theory.checker import moment_checker, order_checker
from temperance.theory.checker.moment_checker import FORMAT as MOMENTS
from temperance.theory.checker.order_checker import FORMAT as ORDERS
from temperance.theory.checker.verdict_checker import CONDITIONS, FORMAT, check, digest, statement, tower_of
from temperance.theory.conditions.certificates import certificates
from temperance.theory.models.by_name import model
from temperance.theory.orders.moment_bounds import certified
from temperance.theory.orders.upper_bounds import certificate as certificate_of_orders
from temperance.theory.orders.upper_bounds import upper_orders
from temperance.theory.settings import truth as mixtures

SOURCES = ("tanh", "relu", "hypot1", "exp", "gelu", "square", "LambertW", "log(z)", "sqrt(z)", "3*log(1 + z**2)")
SOURCES += ("hardshrink", "hardtanh", "where(z < 1, z, 2*z - 1)")
SOURCES += ("elu(z, alpha)", "c*log(1 + z**2)", "z**alpha", "where(z > 1, tanh(z), z)", "log_abs")
GATES = (("softmax", None), ("activation", "tanh"), ("activation", "exp(z)"))
STATED = {ORDERS: order_checker.statement, MOMENTS: moment_checker.statement}
_SLACK = 0.3  # of an order that the oracle finds


def honest() -> list[dict[str, Any]]:
    """The certificates that are forged."""
    found = [certificate for source in SOURCES for certificate in certificates(source)]
    for gate, s in GATES:
        spec = model(gate, activation=s)
        at = mixtures.Setting(mixtures.Truth(spec, (dict.fromkeys(spec.parameters, sp.S.One),) * 2), (2, 1))
        found += [certificate_of_orders(upper_orders(at)), certified(at)[1]]
    return json.loads(json.dumps(found))


def attack(pool: list[dict[str, Any]], count: int, rng: random.Random, part: str | None = None) -> Attack:
    """Offer mutants of the certificates of a pool, changed in one part or in any, to the checker."""
    found, said = Attack(), dict[str, str]()
    pool = [c for c in pool if part is None or part in parts(c)]
    for _ in range(count if pool else 0):
        found.offer(mutated(rng.choice(pool), pool, rng, part), check, lambda changed: _false(changed, said))
    return found


def _false(certificate: dict[str, Any], said: dict[str, str]) -> str | None:
    """Why a certificate is false; said: what other statements are about, as one statement is about one thing."""
    try:
        content = _content(certificate)
        right = is_true(certificate) and said.setdefault(certificate["statement"], content) == content
        return None if right else "not true"
    except (KeyError, ValueError) as error:  # of no function that the oracle can read, but accepted
        return repr(error)


def mutated(
    certificate: dict[str, Any], pool: list[dict[str, Any]], rng: random.Random, part: str | None = None
) -> dict[str, Any]:
    """A certificate changed in a part, by default any, with all that can be computed computed anew."""
    changed, known = copy.deepcopy(certificate), parts(certificate)
    known[part or rng.choice(sorted(known))](changed, pool, rng)
    computed = {"statement": statement, "tower": tower_of, "digest": digest}
    if certificate["format"] in STATED:
        computed = {"statement": STATED[certificate["format"]]}
    for key, compute in computed.items():
        try:
            changed[key] = compute(changed)
        except Exception:  # a claim too broken to be put in words: the checker must say Rejected
            changed[key] = ""
    return changed


def _content(certificate: dict[str, Any]) -> str:
    """All that a statement is about: two of these with one statement would say that it leaves something out."""
    known = ("claim", "expression", "parameters", "model", "covariates", "atoms", "gate", "orders")
    return json.dumps({key: certificate[key] for key in known if key in certificate}, sort_keys=True)


# -- the truth

_KEYS = {FORMAT: {*DERIVED, "claim", "expression", "parameters", "point", "families"}}
_KEYS[ORDERS] = {"format", "statement", "model", "degree", "reach", "variables", "means", "steps", "orders"}
_KEYS[MOMENTS] = _KEYS[ORDERS] - {"variables", "means"} | {"covariates", "atoms", "weights", "intercept", "gate"}


def is_true(certificate: dict[str, Any]) -> bool:
    """Whether a certificate says nothing that is false and nothing besides, by the oracles.

    Raises:
        Unclear: the oracle does not tell.
    """
    if set(certificate) != _KEYS[certificate["format"]]:
        return False
    if certificate["format"] in STATED:
        return _orders_are_true(certificate)
    claim, text = certificate["claim"], certificate["expression"]
    parameters = {name: fmpq(*map(int, value.split("/"))) for name, value in certificate["parameters"].items()}
    if falsehood(claim["condition"], claim["verdict"], claim, _truth(text, tuple(parameters.items())), parameters):
        return False
    if claim["verdict"] == "fails" and not _holds_across(claim, list(certificate["families"]), text, parameters):
        return False
    with ctx.workprec(500):
        jet(text, {**parameters, "z": fmpq(*map(int, certificate["point"].split("/")))})  # or ValueError
    return all(
        _encloses(name, evidence["minor"], text, parameters)
        for name, evidence in certificate["families"].items()
        if claim["verdict"] == "holds"
    )


def _holds_across(claim: dict[str, Any], families: list[str], text: str, parameters: dict[str, fmpq]) -> bool:
    """Whether the ends of pieces that are not left out change no failure, and only ends of pieces are left out."""
    if "where" not in text:
        return claim["left_out"] == []
    passed = ends(text, parameters, claim["left_out"])
    jumps, kinks = (any(hit[i] for hit in passed) for i in range(2))
    return not kinks or all(fails_across(text, parameters, name, jumps=jumps) for name in families)


@cache
def _truth(text: str, parameters: tuple[tuple[str, fmpq], ...]) -> Truth:
    return truth(text, dict(parameters))


def _orders_are_true(certificate: dict[str, Any]) -> bool:
    """Whether no order is below the one that the oracle finds; titles are those of the model (KeyError).

    The offset of a parameter (in moments) has the larger order of the difference of the two atoms and of their mean.
    """
    claimed, part = certificate["orders"], certificate["model"]
    each, shared = [*part["own"], *part["expert"]], part["shared"]
    seen = {f"{kind} {p}": [f"{kind} {p}"] for kind in ("difference", "mean") for p in each} | {p: [p] for p in shared}
    if certificate["format"] == MOMENTS:
        seen = {title: [title] for title in seen if not title.startswith("difference ")}
        seen |= {p: [f"difference {p}", f"mean {p}"] for p in each}
        if certificate["covariates"] != ["x"]:
            raise Unclear("the oracle knows one x")
    if not set(claimed) <= set(seen):
        return False
    most = {t: float(Fraction(r)) + _SLACK for title, r in claimed.items() for t in seen[title]}
    return all(found <= most[t] for t, found in orders(part, most))


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
        error = abs(determinant) * arb(2) ** (8 - minor["bits"])  # it is computed, and stored, to these bits
        return bool((arb(minor["determinant"]) + arb(0, error.upper())).contains(determinant))


def campaign(count: int, seed: int, only: list[str] | None = None) -> dict[str, Attack]:
    """Forge so many certificates, an equal share in each part; or the shares of some parts alone."""
    pool, names = honest(), [*PARTS, *VERDICT_PARTS, *ORDER_PARTS]
    shares = {part: count * (i + 1) // len(names) - count * i // len(names) for i, part in enumerate(names)}
    return {part: attack(pool, shares[part], random.Random(f"{seed}:{part}"), part) for part in only or names}


def main() -> int:
    names = [*PARTS, *VERDICT_PARTS, *ORDER_PARTS]
    options = asked(__doc__, 10_000, names)
    return told(campaign(options.count * len(names) // len(options.parts), options.seed, options.parts))


if __name__ == "__main__":
    sys.exit(main())
