"""Versions of machine code: none is found on disk that was made from other sources."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

_OURS = __name__.partition(".")[0]
_COMPILERS = ("numba", "llvmlite")


def version_of(text: str) -> str:
    """The SHA-256 digest of a module's text and of all sources that machine code in it can be made from.

    They are the modules of ours that it imports and that use a compiler, and whatever those import, directly or not.
    """
    digest, seen = hashlib.sha256(text.encode()), set()
    pending = [name for name in _imports(text, _OURS) if any(_imports(_source(name), *_COMPILERS))]
    while pending:
        name = pending.pop()
        if name not in seen:
            seen.add(name)
            digest.update(_source(name).encode())
            pending += _imports(_source(name), _OURS)
    return digest.hexdigest()


def _source(name: str) -> str:
    return Path(str(import_module(name).__file__)).read_text(encoding="utf-8")


def _imports(text: str, *packages: str) -> Iterator[str]:
    """The modules that a text imports from some packages, in order."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
            if node.module.partition(".")[0] == _OURS and hasattr(import_module(node.module), "__path__"):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name for name in names if name.partition(".")[0] in packages)
