"""Versions of machine code: none is found on disk that was made from other sources."""

from __future__ import annotations

import hashlib
from pathlib import Path

MACHINE = Path(__file__).parent
"""The folder of what all machine code calls."""


def version_of(*folders: Path) -> str:
    """The SHA-256 digest of all sources in some folders."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.glob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()
