"""Answers `certify`: does a checker that shares no code with the decision prove the certificates?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from temperance.pages.answer import Answer, Part
from temperance.terminal.errors import BadInput, refusing
from temperance.terminal.json_input import plain_number, read_json
from temperance.terminal.options import FileOr
from temperance.terminal.progress import display
from temperance.theory.checker.rejected import Rejected
from temperance.theory.checker.verdict_checker import check

_MOST_BYTES = 64 * 2**20
_ACCEPTED = "files written by `check`, `exponents` or `efficiency` with --certificate"


@dataclass(frozen=True)
class Proof:
    """A certificate that was checked: its file, its statement, and why it is rejected (None: it is proved)."""

    file: str
    statement: str
    rejection: str | None


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

    title = "Are the certificates proved?"

    @property
    def status(self) -> int:
        """1 if any certificate is rejected."""
        return int(not self.accepted)

    def parts(self) -> Iterator[Part]:
        """A line for every certificate."""
        for proof in self.proofs:
            verdict = "proved" if proof.rejection is None else f"rejected ({proof.rejection})"
            yield f"{proof.file}: {verdict}: {proof.statement}"

    @property
    def words(self) -> Sequence[str]:
        """How many are proved."""
        proved = sum(proof.rejection is None for proof in self.proofs)
        return [f"{proved} of {len(self.proofs)} certificates are proved"]

    def to_json(self) -> Any:
        """A list: file, statement, and why it is rejected, null where it is proved."""
        return list(map(asdict, self.proofs))


def certify(*files: FileOr) -> Certified:
    """Prove certificates again, with a checker that uses nothing of what made them; exit with 1 if any is rejected.

    Args:
        files: Files written by `check`, `exponents` or `efficiency` with --certificate; in Python, also certificates.

    Raises:
        ValueError: a file cannot be read, or holds no certificate.
    """
    if not files:
        raise BadInput(f"certify needs a file; accepted: {_ACCEPTED}")
    with display() as shown, shown.doing("proving"):
        found = [(file, proof) for file in files for proof in (_read(file) if isinstance(file, str) else [file])]
        return Certified(tuple(_checked("certificate" if file is proof else str(file), proof) for file, proof in found))


def _checked(file: str, certificate: Any) -> Proof:
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
    with refusing():
        value = read_json(path, _ACCEPTED, plain_number, largest=_MOST_BYTES)
    found = value if isinstance(value, list) else [value]
    if not found:
        raise BadInput(f"{path!r} holds no certificate; accepted: {_ACCEPTED}")
    return found
