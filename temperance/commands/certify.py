"""Writes certificates to files (`check --certificate`) and proves them again (`certify`)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from temperance.terminal.errors import BadInput
from temperance.terminal.output import to_json, write_file
from temperance.theory.conditions.decision import Decision

_MOST_BYTES = 64 * 2**20


def write_certificates(decisions: Sequence[Decision], path: str) -> list[str]:
    """Write the certificates of all decided verdicts to one JSON file.

    Returns:
        A line for every activation that has verdicts without a certificate: those undecided, and those that the
        checker's rules do not reach.
    """
    from temperance.theory.checker.verdict_checker import CONDITIONS
    from temperance.theory.conditions.certificates import certificates

    written: list[dict[str, Any]] = []
    remarks = []
    for decision in decisions:
        found = certificates(decision)
        written += found
        covered = {c["claim"]["condition"] for c in found}
        missing = [name for name in CONDITIONS if name not in covered]
        if missing:
            remarks.append(f"{decision.activation.name}: no certificate for {', '.join(missing)}")
    write_file(path, to_json(written) + "\n")
    return remarks


@dataclass(frozen=True)
class Checked:
    """One certificate of a file: its statement, and why it is rejected (None: it is accepted)."""

    file: str
    statement: str
    rejected: str | None


def certify(paths: Iterable[str]) -> list[Checked]:
    """Re-prove every certificate of some files with the independent checker.

    Raises:
        BadInput: a file that cannot be read, or holds no list of certificates.
    """
    from temperance.theory.checker.rejected import Rejected
    from temperance.theory.checker.verdict_checker import check

    results = []
    for path in paths:
        for certificate in _read(path):
            statement = certificate.get("statement") if isinstance(certificate, dict) else None
            try:
                check(certificate)
                reason = None
            except Rejected as error:
                reason = str(error)
            results.append(Checked(path, statement if isinstance(statement, str) else "no statement", reason))
    return results


def _read(path: str) -> list[Any]:
    try:
        if Path(path).stat().st_size > _MOST_BYTES:
            raise BadInput(f"{path!r} is larger than {_MOST_BYTES} bytes; accepted: a file of `check --certificate`")
        value = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"cannot read {path!r}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path!r} is no JSON ({error}); accepted: a file of `check --certificate`") from error
    found = value if isinstance(value, list) else [value]
    if not found:
        raise BadInput(f"{path!r} holds no certificate; accepted: a file of `check --certificate`")
    return found
