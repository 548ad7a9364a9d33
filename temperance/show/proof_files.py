"""Writes the files of proofs: certificates as JSON, theorems for Coq with their library beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from temperance.show.output import BadInput, check_writable, to_json, write_file
from temperance.theory.conditions.families import CONDITIONS

if TYPE_CHECKING:
    from temperance.theory.conditions.decision import Decision


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


def write_certificates(proofs: Sequence[Mapping[str, Any]], path: str, reason: str) -> tuple[str, ...]:
    """Write certificates to a JSON file, and return the line that says so.

    Raises:
        BadInput: there are none, and why.
    """
    if not proofs:
        raise BadInput(f"nothing is certified in this setting: {reason}; {path!r} is not written")
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

    proofs_of = [(decision.activation, certificates(decision)) for decision in decisions]
    written, missed, refusals = [], [], []
    for activation, proofs in proofs_of:
        covered = {verdict_of(c)["title"] for c in proofs}
        missing = [name for name in CONDITIONS if name not in covered]
        if missing:
            missed.append(f"{activation.name}: no certificate for {', '.join(missing)}")
    if certificate is not None:
        proofs = [c for _, proofs in proofs_of for c in proofs]
        write_file(certificate, to_json(proofs) + "\n")
        written.append(_said(proofs, certificate))
    if coq is not None:
        from temperance.theory.coq.files import FILES, file_of, library

        text, refused = file_of(proofs_of)
        if len(refused) < len(proofs_of):
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
