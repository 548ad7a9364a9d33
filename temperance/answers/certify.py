"""Answers `certify`: does a checker that imports nothing else of the project prove the certificates?

It writes the files of proofs too: certificates as JSON, theorems for Coq with their library beside them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from temperance.answer.answer import Answer
from temperance.terminal.errors import BadInput
from temperance.terminal.json_input import read_json
from temperance.terminal.options import File
from temperance.terminal.output import check_writable, to_json, write_file
from temperance.terminal.parts import Said
from temperance.terminal.progress import Display
from temperance.theory.conditions.verdict import CONDITIONS
from temperance.theory.expressions.arguments import checked

if TYPE_CHECKING:
    from temperance.theory.bounds.together import Way
    from temperance.theory.conditions.decision import Decision

_ACCEPTED = "files written by `check`, `exponents`, `coefficient` or `efficiency` with --certificate"
_TITLE = "Are the certificates proved?"


@dataclass(frozen=True)
class Proof:
    """A certificate that was checked: its file, its statement, and why it is rejected (None: it is proved).

    orders: what it says of contact orders, by title: "exactly 4/3" where a bound from above and a curve from below in
    the file meet, else "at most 4/3", "at least 4/3" or "flat"; None for certificates of something else.
    """

    file: str
    statement: str
    rejection: str | None
    orders: dict[str, Way] | None = None


@dataclass(frozen=True, repr=False, eq=False)
class Certified(Answer):
    """What the checker says of certificates.

    Attributes:
        proofs: one for every certificate, in order.
    """

    proofs: tuple[Proof, ...]

    @property
    def accepted(self) -> bool:
        """Whether every certificate is proved."""
        return all(proof.rejection is None for proof in self.proofs)

    @property
    def status(self) -> int:
        """1 if any certificate is rejected."""
        return int(not self.accepted)

    def to_json(self) -> Any:
        """A list: file, statement, why it is rejected, null where it is proved, and what it says of orders."""

        def told(proof: Proof) -> dict[str, str] | None:
            return None if proof.orders is None else {title: str(way) for title, way in proof.orders.items()}

        return [{**vars(proof), "orders": told(proof)} for proof in self.proofs]


@checked
def certify(*files: File) -> Certified:
    """Prove certificates again, with a checker that imports nothing of what made them; exit with 1 if any is rejected.

    Args:
        files: Files written by `check`, `exponents`, `coefficient` or `efficiency` with --certificate; in Python, also
            certificates.

    Raises:
        ValueError: a file cannot be read, or holds no certificate, or there is none.
    """
    if not files:
        raise BadInput(f"certify needs a file; accepted: {_ACCEPTED}")
    with Display() as shown, shown.doing("proving"):
        found = [(file, proof) for file in files for proof in (_read(file) if isinstance(file, str) else [file])]
        proofs = [_checked("certificate" if file is proof else str(file), proof) for file, proof in found]
        proofs, lines = _with_orders(proofs, [proof for _, proof in found])
    return Certified(tuple(proofs), said=_answer(proofs, lines))


def _with_orders(proofs: Sequence[Proof], certificates: Sequence[Any]) -> tuple[list[Proof], list[str]]:
    """With what accepted certificates of one file say of orders, and in a line for each setting; of values, together.

    Titles are those of the certificates: parameters of the model, at their true point.
    """
    from temperance.theory.bounds.together import together

    made, lines = list(proofs), []
    for file in dict.fromkeys(proof.file for proof in proofs):
        places = [i for i, proof in enumerate(proofs) if proof.file == file and proof.rejection is None]
        found = together([certificates[i] for i in places])
        for i, orders in zip(places, found.orders, strict=True):
            made[i] = replace(made[i], orders=orders)
        lines += [f"{file}: {line}" for line in found.lines]
    return made, lines


def _answer(proofs: Sequence[Proof], orders: Sequence[str]) -> Said:
    """A line for every certificate, what they say of orders, and how many are proved."""
    verdicts = ["proved" if proof.rejection is None else f"rejected ({proof.rejection})" for proof in proofs]
    lines = [f"{proof.file}: {verdict}: {proof.statement}" for proof, verdict in zip(proofs, verdicts, strict=True)]
    proved = sum(proof.rejection is None for proof in proofs)
    return Said(_TITLE, (*lines, *orders), (f"{proved} of {len(proofs)} certificates are proved",))


def _checked(file: str, certificate: Any) -> Proof:
    from temperance.theory.checker.rejected import Rejected  # `check` loads this module to write proofs
    from temperance.theory.checker.verdict_checker import check

    if not isinstance(certificate, Mapping) or "format" not in certificate:
        return Proof(file, "no statement", "no certificate: it is no object with the key 'format'")
    statement = certificate.get("statement")
    rejection = None
    try:
        check(certificate)
    except Rejected as error:
        rejection = str(error)
    return Proof(file, statement if isinstance(statement, str) else "no statement", rejection)


def _read(path: str) -> list[Any]:
    value = read_json(path, _ACCEPTED)
    found = value if isinstance(value, list) else [value]
    if not found:
        raise BadInput(f"{path!r} holds no certificate; accepted: {_ACCEPTED}")
    return found


def check_names(certificate: str | None, coq: str | None) -> None:
    """Raise BadInput for a file that cannot be written or would be lost, or a name that Coq does not take."""
    if certificate is not None:
        check_writable(certificate, endings=(".json",))
    if coq is not None:
        from temperance.theory.coq.files import FILES, library

        stem = check_writable(coq, endings=(".v",)).stem
        if not (stem.isidentifier() and stem.isascii()) or stem in FILES:
            accepted = f"letters, digits and underscores, other than {' and '.join(FILES)}"
            raise BadInput(f"--coq: {stem!r} is no name of a file of theorems; accepted: {accepted}")
        for name in FILES:
            place = check_writable(_beside(coq, name))
            if place.exists() and place.read_bytes() != library(name).encode():
                accepted = "a folder without it, or with the library as it is"
                raise BadInput(f"--coq writes {name}.v too, and another {str(place)!r} exists; accepted: {accepted}")


def _beside(coq: str, name: str) -> str:
    return str(Path(coq).resolve().with_name(f"{name}.v"))


def write_certificates(proofs: Sequence[Mapping[str, Any]], path: str, why: str) -> tuple[str, ...]:
    """Write certificates to a JSON file, and return the line that says so.

    Raises:
        BadInput: there are none, and why.
    """
    if not proofs:
        raise BadInput(f"nothing is certified in this setting: {why}; {path!r} is not written")
    write_file(path, to_json(list(proofs)) + "\n")
    return (_said(proofs, path),)


def _said(proofs: Sequence[Mapping[str, Any]], path: str) -> str:
    return f"{len(proofs)} certificate{'s' * (len(proofs) != 1)} written to {path}"


def write_proofs(
    decisions: Sequence[Decision], certificate: str | None, coq: str | None
) -> tuple[list[str], list[str], list[str]]:
    """Write the certificates of all decided verdicts to one JSON file, the theorems that they state to one Coq file.

    Returns:
        A line for every file with what was written; one for every activation that has verdicts without a certificate
        (those undecided, and those that the checker's rules do not reach) or no theorems; and one if none has theorems.
    """
    if not decisions or (certificate is None and coq is None):
        return [], [], []
    from temperance.theory.conditions.certificates import certificates

    found = [(decision.activation, certificates(decision)) for decision in decisions]
    written, missed, refusals = [], [], []
    for activation, proofs in found:
        covered = {c["claim"]["condition"] for c in proofs}
        missing = [name for name in CONDITIONS if name not in covered]
        if missing:
            missed.append(f"{activation.name}: no certificate for {', '.join(missing)}")
    if certificate is not None:
        proofs = [c for _, proofs in found for c in proofs]
        write_file(certificate, to_json(proofs) + "\n")
        written.append(_said(proofs, certificate))
    if coq is not None:
        from temperance.theory.coq.files import FILES, file_of, library

        text, refused = file_of(found)
        if len(refused) < len(found):
            for name in FILES:
                write_file(_beside(coq, name), library(name))
            write_file(coq, text)
            beside = ", ".join(f"{name}.v" for name in FILES)
            written.append(f"theorems written to {coq}, and beside it their library, {beside}")
        else:
            accepted = "at least one activation with a certificate that the library can state"
            refusals.append(f"there are no theorems, and {coq!r} is not written; accepted: {accepted}")
        missed += [f"{name}: no theorems: {reason}" for name, reason in refused]
    return written, missed, refusals
