"""Writes the proofs of verdicts to files: certificates as JSON, theorems for Coq with their library beside them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from temperance.terminal.errors import BadInput
from temperance.terminal.output import check_writable, to_json, write_file
from temperance.theory.activations.activation import Activation
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


def write_proofs(decisions: Sequence[Decision], certificate: str | None, coq: str | None) -> list[str]:
    """Write the certificates of all decided verdicts to one JSON file, the theorems that they state to one Coq file.

    Returns:
        A line for every activation that has verdicts without a certificate: those undecided, and those that the
        checker's rules do not reach; and one for every activation without theorems.
    """
    if not decisions or (certificate is None and coq is None):
        return []
    from temperance.theory.checker.verdict_checker import CONDITIONS as CERTIFIED
    from temperance.theory.conditions.certificates import certificates

    found = [(decision.activation, certificates(decision)) for decision in decisions]
    remarks = []
    for activation, proofs in found:
        covered = {c["claim"]["condition"] for c in proofs}
        missing = [name for name in CERTIFIED if name not in covered]
        if missing:
            remarks.append(f"{activation.name}: no certificate for {', '.join(missing)}")
    if certificate is not None:
        write_file(certificate, to_json([c for _, proofs in found for c in proofs]) + "\n")
    return remarks if coq is None else remarks + _write_theorems(found, coq)


def _write_theorems(found: Sequence[tuple[Activation, Sequence[dict[str, Any]]]], path: str) -> list[str]:
    """Write the theorems and their library; returns a line for every activation that has none."""
    from temperance.theory.coq.files import FILES, file_of, library

    text, refused = file_of(found)
    for name in FILES:
        write_file(str(Path(path).resolve().with_name(f"{name}.v")), library(name))
    write_file(path, text)
    return [f"{name}: no theorems: {reason}" for name, reason in refused]
