"""Answers `certify`: does a kernel that imports nothing else of the project prove the certificates?

It writes the files of proofs too: certificates as JSON, theorems for Coq with their library beside them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from temperance.answer.answer import Answer
from temperance.terminal.errors import BadInput
from temperance.terminal.json_input import read_json
from temperance.terminal.options import File
from temperance.terminal.output import check_writable, to_json, write_file
from temperance.terminal.parts import Said
from temperance.terminal.progress import Display
from temperance.theory.conditions.families import CONDITIONS
from temperance.theory.expressions.arguments import checked

if TYPE_CHECKING:
    from temperance.theory.conditions.decision import Decision
    from temperance.theory.kernel.place import Checked

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
    """

    proofs: tuple[Proof, ...]
    contradictions: tuple[str, ...] = field(default=(), kw_only=True)

    @property
    def accepted(self) -> bool:
        """Whether every certificate is proved."""
        return all(proof.rejection is None for proof in self.proofs)

    @property
    def status(self) -> int:
        """1 if any certificate is rejected, or if two contradict each other."""
        return int(not self.accepted or bool(self.contradictions))

    def to_json(self) -> Any:
        """A list: file, statement, why it is rejected, null where it is proved, and what is proved of orders."""
        return [vars(proof) for proof in self.proofs]


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
    with Display() as shown, shown.doing("proving"):
        found = [(file, proof) for file in files for proof in (_read(file) if isinstance(file, str) else [file])]
        pairs = [_checked("certificate" if file is proof else str(file), proof) for file, proof in found]
        proofs, lines, contradictions = _with_orders(pairs)
    return Certified(tuple(proofs), contradictions=contradictions, said=_answer(proofs, lines, contradictions))


def _with_orders(pairs: Sequence[tuple[Proof, Checked | None]]) -> tuple[list[Proof], list[str], tuple[str, ...]]:
    """The certificates with what those of one file prove at their place; a line for each place, and contradictions."""
    from temperance.answer.statements import grouped, where
    from temperance.theory.kernel.check import together

    proofs, lines, contradictions = [proof for proof, _ in pairs], [], []
    for file in dict.fromkeys(proof.file for proof in proofs):
        places = together(proved for proof, proved in pairs if proof.file == file and proved is not None)
        several = len({(at.place.model.log_weight, at.place.model.mean) for at in places}) > 1
        for at in places:
            words = {title: str(found) for title, found in at.orders.items()}
            for i, (proof, proved) in enumerate(pairs):
                if proof.file == file and proved is not None and proved.place == at.place:
                    titles = dict.fromkeys(claim.title for claim in proved.claims)
                    proofs[i] = replace(proof, orders={title: words[title] for title in titles})
            model = at.place.model
            formulas = f", log weight {model.log_weight}, mean {model.mean}" if several else ""
            given = f" (given the theorems {', '.join(at.assumed)})" if at.assumed else ""
            lines.append(f"{file}: {where(at.place)}{formulas}: {grouped(words)}{given}")
            contradictions += [f"{file}: {title} is {words[title]}" for title in at.contradictions]
    return proofs, lines, tuple(contradictions)


def _answer(proofs: Sequence[Proof], orders: Sequence[str], contradictions: Sequence[str]) -> Said:
    """A line for every certificate, what they say of orders, and how many are proved."""
    verdicts = ["proved" if proof.rejection is None else f"rejected ({proof.rejection})" for proof in proofs]
    lines = [f"{proof.file}: {verdict}: {proof.statement}" for proof, verdict in zip(proofs, verdicts, strict=True)]
    proved = sum(proof.rejection is None for proof in proofs)
    wrong = [f"an error of the kernel, or of a theorem that it takes for granted: {text}" for text in contradictions]
    return Said(_TITLE, (*lines, *orders, *wrong), (f"{proved} of {len(proofs)} certificates are proved",))


def _checked(file: str, certificate: Any) -> tuple[Proof, Checked | None]:
    from temperance.answer.statements import statement
    from temperance.theory.kernel.check import check
    from temperance.theory.kernel.reader import Rejected

    try:
        proved = check(certificate)
    except Rejected as error:
        return Proof(file, "no statement", str(error)), None
    return Proof(file, statement(proved), None), proved


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
        (those undecided, and those that the kernel's rules do not reach) or no theorems; and one if none has theorems.
    """
    if not decisions or (certificate is None and coq is None):
        return [], [], []
    from temperance.theory.conditions.certificates import certificates, verdict_of

    found = [(decision.activation, certificates(decision)) for decision in decisions]
    written, missed, refusals = [], [], []
    for activation, proofs in found:
        covered = {verdict_of(c)["title"] for c in proofs}
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
