"""`temperance certify`: proves again what the certificates of some files state."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from temperance.terminal.errors import BadInput, one_line
from temperance.terminal.progress import display
from temperance.theory.checker.rejected import Rejected
from temperance.theory.checker.verdict_checker import check

_MOST_BYTES = 64 * 2**20


def certify(*files: str) -> int:
    """Prove certificates again, with a checker that uses nothing of what made them; exit with 1 if any is rejected.

    Parameters
    ----------
    files
        Files written by `check` or `exponents` with --certificate.
    """
    if not files:
        raise BadInput("certify needs a file; accepted: files written by `check` or `exponents` with --certificate")
    with display() as shown, shown.doing("proving"):
        results = [(file, certificate, _rejection(certificate)) for file in files for certificate in _read(file)]
    for file, certificate, reason in results:
        statement = certificate.get("statement") if isinstance(certificate, dict) else None
        verdict = "proved" if reason is None else f"rejected ({reason})"
        print(one_line(f"{file}: {verdict}: {statement if isinstance(statement, str) else 'no statement'}"))
    return int(any(reason is not None for *_, reason in results))


def _rejection(certificate: Any) -> str | None:
    """Why the independent checker rejects a certificate; None where it accepts it."""
    try:
        check(certificate)
    except Rejected as error:
        return str(error)
    return None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of a file; of a key that stands twice, two readers could take different values."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in an object")
    return found


def _read(path: str) -> list[Any]:
    try:
        if Path(path).stat().st_size > _MOST_BYTES:
            raise BadInput(f"{path!r} is larger than {_MOST_BYTES} bytes; accepted: a file of `check --certificate`")
        value = json.loads(Path(path).read_text(encoding="utf-8"), object_pairs_hook=_object)
    except OSError as error:
        raise BadInput(f"cannot read {path!r}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path!r} is no JSON ({error}); accepted: a file of `check --certificate`") from error
    found = value if isinstance(value, list) else [value]
    if not found:
        raise BadInput(f"{path!r} holds no certificate; accepted: a file of `check --certificate`")
    return found
