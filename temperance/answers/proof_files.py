"""Writes the proofs of verdicts to files: certificates as JSON, theorems for Coq with their library beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from temperance.terminal.errors import BadInput
from temperance.terminal.output import check_writable, to_json, write_file
from temperance.theory.conditions.decision import Decision


def check_names(certificate: str | None, coq: str | None) -> None:
    """Raise BadInput for a file that cannot be written, or a name that Coq does not take for a module."""
    if certificate is not None:
        check_writable(certificate, endings=(".json",))
    if coq is not None:
        from temperance.theory.coq.files import FILES

        stem = check_writable(coq, endings=(".v",)).stem
        if not (stem.isidentifier() and stem.isascii()) or stem in FILES:
            accepted = f"letters, digits and underscores, other than {' and '.join(FILES)}"
            raise BadInput(f"--coq: {stem!r} is no name of a file of theorems; accepted: {accepted}")


def write_certificates(proofs: Sequence[Mapping[str, Any]], path: str, accepted: str) -> tuple[str, ...]:
    """Write certificates to a JSON file, and return the line that says so.

    Raises:
        BadInput: there are none; accepted: where there would be some.
    """
    if not proofs:
        raise BadInput(f"nothing is certified in this setting, and {path!r} is not written; accepted: {accepted}")
    write_file(path, to_json(list(proofs)) + "\n")
    return (_said(proofs, path),)


def _said(proofs: Sequence[Mapping[str, Any]], path: str) -> str:
    return f"{len(proofs)} certificate{'s' * (len(proofs) != 1)} written to {path}"


def write_proofs(
    decisions: Sequence[Decision], certificate: str | None, coq: str | None
) -> tuple[list[str], list[str]]:
    """Write the certificates of all decided verdicts to one JSON file, the theorems that they state to one Coq file.

    Returns:
        A line for every file with what was written; and one for every activation that has verdicts without a
        certificate (those undecided, and those that the checker's rules do not reach) or no theorems.
    """
    if not decisions or (certificate is None and coq is None):
        return [], []
    from temperance.theory.checker.verdict_checker import CONDITIONS as CERTIFIED
    from temperance.theory.conditions.certificates import certificates

    found = [(decision.activation, certificates(decision)) for decision in decisions]
    written, missed = [], []
    for activation, proofs in found:
        covered = {c["claim"]["condition"] for c in proofs}
        missing = [name for name in CERTIFIED if name not in covered]
        if missing:
            missed.append(f"{activation.name}: no certificate for {', '.join(missing)}")
    if certificate is not None:
        proofs = [c for _, proofs in found for c in proofs]
        write_file(certificate, to_json(proofs) + "\n")
        written.append(_said(proofs, certificate))
    if coq is not None:
        from temperance.theory.coq.files import FILES, file_of, library

        text, refused = file_of(found)
        for name in FILES:
            write_file(str(Path(coq).resolve().with_name(f"{name}.v")), library(name))
        write_file(coq, text)
        written.append(f"theorems written to {coq}, and beside it their library, {', '.join(f'{n}.v' for n in FILES)}")
        missed += [f"{name}: no theorems: {reason}" for name, reason in refused]
    return written, missed
