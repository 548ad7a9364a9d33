"""What the checkers share: how they refuse, and how they read expressions and rational numbers."""

from __future__ import annotations

import ast
import re
from typing import Any

from flint import fmpq

_RATIONAL = re.compile(r"-?[0-9]{1,2000}(/[0-9]{1,2000})?")


class Rejected(ValueError):
    """A certificate that does not prove its statement; the message says where it fails."""


def require(condition: object, otherwise: str) -> None:
    """Raise Rejected unless the condition holds."""
    if not condition:
        raise Rejected(otherwise)


def require_keys(part: Any, *keys: str, of: str) -> None:
    """Raise Rejected unless a part of a certificate is an object with these keys and no others."""
    require(isinstance(part, dict) and set(part) == set(keys), f"the keys of {of} are not {', '.join(keys)}")


def rational(text: Any) -> fmpq:
    """The rational number that is written p or p/q in decimal digits."""
    require(isinstance(text, str) and _RATIONAL.fullmatch(text), f"{str(text)[:60]!r} is no rational number p/q")
    top, _, bottom = text.partition("/")
    require(bottom == "" or int(bottom) != 0, f"{text[:60]!r} is a division by 0")
    return fmpq(int(top), int(bottom or "1"))


def parsed(text: Any) -> ast.expr:
    """The syntax tree of an expression in one line, without comments."""
    plain = isinstance(text, str) and text.isascii() and text.isprintable() and "#" not in text
    require(plain, f"{str(text)[:60]} is not understood")
    return ast.parse(text, mode="eval").body
