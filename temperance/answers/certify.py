"""Answers `certify`: does a kernel that imports nothing else of the project prove the certificates?

What those of one place say together, an interval for every order, is made from their claims as data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from temperance.show.answer import Answer
from temperance.show.inputs import read_json
from temperance.show.options import File
from temperance.show.output import BadInput, doing
from temperance.show.table import Summary
from temperance.theory.expressions.arguments import checked
from temperance.theory.kernel.check import check
from temperance.theory.kernel.place import WEIGHT, Checked, Claim, Place
from temperance.theory.kernel.reader import Rejected
from temperance.theory.kernel.verdict import CONDITIONS

_ACCEPTED = "files written by `check`, `exponents` or `atlas` with --certificate"
_TITLE = "Are the certificates proved?"


@dataclass(frozen=True)
class Proof:
    """A certificate that was checked: its file, its statement, and why it is rejected (None: it is proved).

    orders: what is proved of contact orders at its place by the certificates of its file, by title: "exactly 4/3" where
    a bound and a curve meet, else "at most 4/3", "at least 4/3" or "flat"; None for certificates of something else.
    """

    file: str
    statement: str
    rejection: str | None
    orders: dict[str, str] | None = None


@dataclass(frozen=True, repr=False, eq=False)
class Certified(Answer):
    """What the kernel says of certificates.

    Attributes:
        proofs: one for every certificate, in order.
        contradictions: where two of them contradict each other.
        record: a list of the proofs.
    """

    proofs: tuple[Proof, ...]
    contradictions: tuple[str, ...]

    @property
    def accepted(self) -> bool:
        """Whether every certificate is proved."""
        return all(proof.rejection is None for proof in self.proofs)

    @property
    def status(self) -> int:
        """1 if any certificate is rejected, or if two contradict each other."""
        return int(not self.accepted or bool(self.contradictions))


@checked
def certify(*files: File) -> Certified:
    """Prove certificates again, with a kernel that imports nothing of what made them; exit with 1 if any is rejected.

    Args:
        files: Files written by `check`, `exponents` or `atlas` with --certificate; in Python, also certificates.

    Raises:
        ValueError: a file cannot be read, or holds no certificate, or there is none.
    """
    if not files:
        raise BadInput(f"certify needs a file; accepted: {_ACCEPTED}")
    with doing("proving"):
        certificates = [(file, proof) for file in files for proof in (_read(file) if isinstance(file, str) else [file])]
        pairs = [_check("certificate" if file is proof else str(file), proof) for file, proof in certificates]
        proofs, lines, contradictions = _add_orders(pairs)
    summary = _summarise(proofs, lines, contradictions)
    return Certified(tuple(proofs), contradictions, record=[vars(proof) for proof in proofs], summary=summary)


def _add_orders(pairs: Sequence[tuple[Proof, Checked | None]]) -> tuple[list[Proof], list[str], tuple[str, ...]]:
    """The certificates with what those of one file prove at their place; a line for each place, and contradictions."""
    proofs, lines, contradictions = [proof for proof, _ in pairs], [], []
    for file in dict.fromkeys(proof.file for proof in proofs):
        proved_here = [(i, at) for i, (proof, at) in enumerate(pairs) if proof.file == file and at is not None]
        places = together(proved for _, proved in proved_here)
        several = len({(place.model.log_weight, place.model.mean) for place in places}) > 1
        for place, orders in places.items():
            words = {title: str(order) for title, order in orders.items()}
            at_place = [(i, proved) for i, proved in proved_here if proved.place == place]
            for i, proved in at_place:
                proofs[i] = replace(proofs[i], orders={claim.title: words[claim.title] for claim in proved.claims})
            assumed = dict.fromkeys(text for _, proved in at_place for text in proved.assumed)
            formulas = f", log weight {place.model.log_weight}, mean {place.model.mean}" if several else ""
            premises = f" (given the theorems {', '.join(assumed)})" if assumed else ""
            lines.append(f"{file}: {where(place)}{formulas}: {grouped(words)}{premises}")
            contradictions += [f"{file}: {title} is {words[title]}" for title in orders if orders[title].contradicts]
    return proofs, lines, tuple(contradictions)


def _summarise(proofs: Sequence[Proof], orders: Sequence[str], contradictions: Sequence[str]) -> Summary:
    """A line for every certificate, what they say of orders, and how many are proved."""
    verdicts = ["proved" if proof.rejection is None else f"rejected ({proof.rejection})" for proof in proofs]
    lines = [f"{proof.file}: {verdict}: {proof.statement}" for proof, verdict in zip(proofs, verdicts, strict=True)]
    proved = sum(proof.rejection is None for proof in proofs)
    wrong = [f"an error of the kernel, or of a theorem that it takes for granted: {text}" for text in contradictions]
    return Summary(_TITLE, (*lines, *orders, *wrong), (f"{proved} of {len(proofs)} certificates are proved",))


def _check(file: str, certificate: Any) -> tuple[Proof, Checked | None]:
    try:
        proved = check(certificate)
    except Rejected as error:
        return Proof(file, "no statement", str(error)), None
    return Proof(file, statement(proved), None), proved


def _read(path: str) -> list[Any]:
    value = read_json(path, _ACCEPTED)
    certificates = value if isinstance(value, list) else [value]
    if not certificates:
        raise BadInput(f"{path!r} holds no certificate; accepted: {_ACCEPTED}")
    return certificates


def statement(checked: Checked) -> str:
    """The statement of a certificate."""
    place, model = checked.place, checked.place.model
    if place.subject == "activation":
        near = ", ".join(f"{p} = {v}" for p, v in place.points[0])
        ends = f"almost everywhere: nothing is said of z = {', '.join(checked.left_out)}" if checked.left_out else ""
        parts = [
            "; ".join(_verdict(claim, checked.claims) for claim in checked.claims if claim.title in CONDITIONS),
            f"s(z) = {model.log_weight}, where all parts of it are real and analytic",
            f"generic parameters near {near}" if near else "",
            ends,
        ]
        return "; ".join(filter(None, parts))
    premises = f"given the theorems {', '.join(checked.assumed)}" if checked.assumed else "given no theorem"
    roles = [
        f"each atom with its own {', '.join((*model.own, *model.expert))}",
        f"all with one {', '.join(model.shared)}" if model.shared else "",
        f"{', '.join(model.held)} held" if model.held else "",
        "" if model.weighted else "without weights of their own",
    ]
    formulas = f"log weight {model.log_weight}, mean {model.mean}, {', '.join(filter(None, roles))}"
    words = {claim.title: f"{claim.side} {claim.value or ''}".strip() for claim in checked.claims}
    distance = "distance of regression functions" if place.subject == "regressions" else "L2 distance of densities"
    return f"contact orders ({distance}) {grouped(words)}; {where(place)}; {formulas}; {premises}"


def _verdict(claim: Claim, claims: Sequence[Claim]) -> str:
    failing = [c.title for c in claims if c.title in CONDITIONS[claim.title] and c.side == "fails"]
    families = f" (families {', '.join(failing)})" if failing and len(CONDITIONS[claim.title]) > 1 else ""
    tau = "" if claim.value is None else f" except {claim.value} where positive"
    return f"{claim.title} {claim.side}{families}, all tau > 0{tau}"


def grouped(words: Mapping[str, str]) -> str:
    """Titles by what is said of them."""
    titles: dict[str, list[str]] = {}
    for title, text in words.items():
        titles.setdefault(text, []).append(title)
    return "; ".join(f"{text}: {', '.join(of)}" for text, of in titles.items())


def where(place: Place) -> str:
    """The cells of a place, its dimension, its true point, and what is held there."""
    model, sizes = place.model, place.sizes
    split = [n for n in sizes if n > 1]
    if not split:
        cells = f"as many atoms as the truth has, {len(sizes)}"
    elif len(split) == len(sizes):
        cells = f"every cell of {', '.join(map(str, dict.fromkeys(sizes)))}"
    else:
        cells = f"a cell of {', '.join(map(str, split))} beside a singleton"
    points = [", ".join(f"{p} = {v}" for p, v in point if p != WEIGHT) for point in place.points]
    at = " and ".join(f"({point})" if point else "(any true values)" for point in points)
    held = f", {', '.join(model.held)} held" if model.held else ""
    nonzero = f", {', '.join(place.nonzero)} not 0" if place.nonzero else ""
    fixed = [f"{p.removeprefix('_')} of atom {i + 1}" for i, p in place.fixed]
    still = f", {', '.join(fixed)} fixed" if fixed else ", all gates free"
    return f"{cells}, d = {len(model.covariates)}, at {at}{held}{nonzero}{still}"


@dataclass(frozen=True)
class Interval:
    """What is proved of an order: bounds, or that there is none as the parameter is flat."""

    at_least: Fraction | None = None
    at_most: Fraction | None = None
    flat: bool = False

    @property
    def contradicts(self) -> bool:
        """Whether the bounds contradict each other."""
        if self.at_most is None:
            return False
        return self.flat or (self.at_least is not None and self.at_least > self.at_most)

    def __str__(self) -> str:
        """In words."""
        bounds = (("at least", self.at_least), ("at most", self.at_most))
        sides = [f"{side} {r}" for side, r in bounds if r is not None]
        if self.contradicts:
            return "contradicted: " + ", ".join(["flat"] * self.flat + sides)
        if self.flat:
            return "flat"
        return f"exactly {self.at_most}" if sides and self.at_least == self.at_most else ", ".join(sides)


def interval(claims: Iterable[Claim]) -> Interval:
    """What claims of one title at one place say of its order."""
    values: dict[str, list[Fraction]] = {"at least": [], "at most": [], "flat": []}
    for claim in claims:
        if claim.side in values:
            values[claim.side].append(Fraction(claim.value or 0))
    low, high = max(values["at least"], default=None), min(values["at most"], default=None)
    return Interval(low, high, bool(values["flat"]))


def together(proofs: Iterable[Checked]) -> dict[Place, dict[str, Interval]]:
    """What accepted certificates prove of orders at each place, by title."""
    claims: dict[Place, dict[str, list[Claim]]] = {}
    for proof in proofs:
        if proof.place.subject != "activation":
            for claim in proof.claims:
                claims.setdefault(proof.place, {}).setdefault(claim.title, []).append(claim)
    return {place: {title: interval(its) for title, its in titles.items()} for place, titles in claims.items()}
