"""The proof kernel: one format of certificates (docs/certificates.md), one table of rules.

`check` proves every claim from the expressions of the place and returns them as data, with the theorems that are taken
for granted; it raises `Rejected` where one is not proved. A rule computes what a proof proves; the claims are compared
with that. Words are made from the data afterwards, and are never compared. Every key is checked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from temperance.theory.kernel import curve, derivatives, moments, theorems, verdict
from temperance.theory.kernel.place import SIDES, Checked, Claim, Place, case_of, place_of
from temperance.theory.kernel.reader import proving, rational, require, require_keys

FORMAT = "temperance-proof/1"
Issued = tuple[dict[str, Any], Checked]
"""A certificate, and what it proves as data."""
Rule = Callable[[Any, Mapping[str, Any]], tuple[Any, ...]]
RULES: Mapping[str, tuple[tuple[str, ...], Rule]] = {
    "moments": (moments.KEYS, moments.claims),
    "theorems": (theorems.KEYS, theorems.claims),
    "derivatives": (derivatives.DERIVATIVES_KEYS, derivatives.derivatives),
    "curve": (curve.CURVE_KEYS, curve.orders),
    "identity": (curve.IDENTITY_KEYS, curve.flat),
    "squares": (derivatives.SQUARES_KEYS, derivatives.squares),
    "verdict": (verdict.KEYS, verdict.claims),
}
"""Kind -> the keys of a proof, and the rule: of a case, or of a place, the claims, what they assume and leave out."""
_MOST_CLAIMS = 200


def check(certificate: Any) -> Checked:
    """What a certificate proves. Raises Rejected where it does not prove every claim that it makes."""
    with proving():
        require(isinstance(certificate, Mapping) and "format" in certificate, "it is no object with the key 'format'")
        written = certificate["format"]
        old = isinstance(written, str) and written.startswith("temperance-") and written != FORMAT
        require(not old, f"the format {str(written)[:40]} is no longer read: write the certificate again")
        require(written == FORMAT, "the format is unknown")
        require_keys(certificate, "format", "place", "claims", "proof", of="the certificate")
        place = place_of(certificate["place"])
        stated = _claims_of(certificate["claims"])
        checked = _proved(place, certificate["proof"])
        require(stated, "nothing is claimed")
        for claim in stated:
            require(any(_implies(premise, claim) for premise in checked.claims), f"{describe(claim)} is not proved")
        return Checked(place, stated, checked.assumed, checked.left_out)


def prove(place: Any, proof: Any) -> Issued:
    """The certificate of all that a proof proves at a place, JSON values, and this as data. Raises Rejected."""
    with proving():
        checked = _proved(place_of(place), proof)
        require(checked.claims, "the proof proves nothing")
    claims = [vars(claim) for claim in checked.claims]
    return {"format": FORMAT, "place": place, "claims": claims, "proof": proof}, checked


def _proved(place: Place, proof: Any) -> Checked:
    require(isinstance(proof, dict) and isinstance(proof.get("kind"), str), "the proof has no kind")
    kind = proof["kind"]
    require(kind in RULES, "a proof of a kind that is not known")
    keys, rule = RULES[kind]
    require_keys(proof, "kind", *keys, of="the proof")
    claims, *rest = rule(place if kind == "verdict" else case_of(place), proof)
    return Checked(place, tuple(claims), *rest)


def _claims_of(part: Any) -> tuple[Claim, ...]:
    require(isinstance(part, list) and len(part) <= _MOST_CLAIMS, "the claims")
    claims = []
    for claim in part:
        require_keys(claim, "title", "side", "value", of="a claim")
        title, side, value = claim["title"], claim["side"], claim["value"]
        require(isinstance(title, str) and side in SIDES, "a claim")
        if side in ("at most", "at least"):
            value = str(rational(value))
            require(Fraction(value) > 0, "an order is positive")
        else:
            require(value is None or (side == "holds" and isinstance(value, str)), "the value of a claim")
        claims.append(Claim(title, side, value))
    require(len({(c.title, c.side) for c in claims}) == len(claims), "two claims of one title")
    return tuple(claims)


def _implies(premise: Claim, claim: Claim) -> bool:
    """Whether a claim follows from one that is proved: orders that are at most 2 are at most 3."""
    if (premise.title, premise.side) != (claim.title, claim.side):
        return False
    if premise.side == "at most":
        return Fraction(premise.value or 0) <= Fraction(claim.value or 0)
    if premise.side == "at least":
        return Fraction(premise.value or 0) >= Fraction(claim.value or 0)
    return premise.value == claim.value


def describe(claim: Claim) -> str:
    """A claim in words."""
    return " ".join(filter(None, [claim.title, claim.side, claim.value]))
