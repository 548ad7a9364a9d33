"""Writes formulas as code, and keeps modules that were written so, with their machine code, between processes.

A module goes into the user's cache under the digest of its text; Numba keeps the machine code beside it, and a second
process finds both. The text is always made anew and compared, so that only what this program writes is ever run, and
none is found that was made from other sources.
"""

from __future__ import annotations

import hashlib
import importlib.util
import math
import os
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

import sympy as sp
from sympy.printing.pycode import PythonCodePrinter

from temperance.numerics.mixture.threads import interrupts_noted
from temperance.theory.expressions.language import LANGUAGE

_VECTOR = ("erf", "exp", "log", "logistic", "softplus", "tanh")
_SCALAR = [name for name in LANGUAGE if hasattr(math, name) and name not in (*_VECTOR, "sqrt", "gamma")]
_LARGEST_POWER = 64

FUNCTIONS = f"""from math import nan, pow, sqrt, {", ".join(_SCALAR)}
from {__package__}.vector_code import choose, {", ".join(_VECTOR)}
"""
"""What a module imports whose formulas `Printer` writes."""


class NoMachineCode(ValueError):
    """A formula holds a function that is not translated."""


class Printer(PythonCodePrinter):
    """Python code for the functions of `elementary` and `math`; numbers as doubles."""

    def _print(self, expr: Any, **kwargs: Any) -> str:
        if expr is sp.nan:
            return "nan"
        if isinstance(expr, sp.Expr) and not expr.free_symbols:
            value = complex(sp.N(expr, 30))
            if value.imag or value.real != value.real:
                raise NoMachineCode(f"{expr} is not a real number")
            if math.isinf(value.real):
                raise ValueError("a formula has numbers beyond the range of doubles")
            return repr(value.real) if value.real >= 0 else f"({value.real!r})"
        return str(super()._print(expr, **kwargs))

    def _print_Function(self, expr: sp.Expr) -> str:
        name = expr.func.__name__.lower()
        if name not in (*_VECTOR, *_SCALAR):
            raise NoMachineCode(f"no machine code for {expr.func.__name__}")
        return f"{name}({', '.join(self._print(arg) for arg in expr.args)})"

    def _print_Mul(self, expr: sp.Expr) -> str:
        return "(" + "*".join(self._print(factor) for factor in expr.args) + ")"

    def _print_Add(self, expr: sp.Expr) -> str:
        return "(" + " + ".join(self._print(term) for term in expr.args) + ")"

    def _print_sign(self, expr: sp.Expr) -> str:
        value = self._print(expr.args[0])
        return f"(1.0 if {value} > 0.0 else (-1.0 if {value} < 0.0 else 0.0))"

    def _print_Piecewise(self, expr: sp.Expr) -> str:
        text = "nan"
        for value, condition in reversed(expr.args):
            here = self._print(value)
            text = here if condition == sp.true else f"choose({self._print(condition)}, {here}, {text})"
        return text

    def _print_Relational(self, expr: sp.Expr) -> str:
        return f"({self._print(expr.lhs)} {expr.rel_op} {self._print(expr.rhs)})"

    def _print_Pow(self, expr: sp.Expr, rational: bool = False, sqrt: str = "") -> str:
        base, exponent = expr.as_base_exp()
        if exponent.is_Rational and abs(exponent) <= _LARGEST_POWER:
            # one root and one division for all powers of a base
            text, whole = self._print(base), int(sp.floor(exponent))
            factor = text if whole >= 0 else f"1.0/({text})"
            part = exponent - whole
            root = "" if part == 0 else f"sqrt({text})*" if part == sp.S.Half else f"pow({text}, {float(part)!r})*"
            return f"({root}({factor})**{abs(whole)})" if whole else f"({root}1.0)"
        if base.is_positive and base.is_number:
            return f"exp({self._print(sp.log(base))}*({self._print(exponent)}))"
        return f"pow({self._print(base)}, {self._print(exponent)})"


for _name in (*LANGUAGE, "polygamma"):  # SymPy's own printers of these stand before that of any function
    setattr(Printer, f"_print_{_name}", Printer._print_Function)


def module_of(stem: str, text: str) -> ModuleType:
    """The module of a text, written to the user's cache unless it is there, and imported; stem: how its name begins."""
    path = path_of(stem, text)
    _write(path, text)
    with interrupts_noted():  # LLVM's callbacks swallow exceptions
        return _import(path)


def path_of(stem: str, text: str) -> Path:
    """Where the module of a text is, if it was written."""
    return cache_folder() / f"{stem}_{hashlib.sha256(text.encode()).hexdigest()[:32]}.py"


def cache_folder() -> Path:
    """Where modules are written: temperance/ in $TEMPERANCE_CACHE, $XDG_CACHE_HOME or ~/.cache, or a temporary one."""
    root = os.environ.get("TEMPERANCE_CACHE") or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(root) / "temperance"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return Path(tempfile.mkdtemp(prefix="temperance-"))
    return folder if os.access(folder, os.W_OK) else Path(tempfile.mkdtemp(prefix="temperance-"))


def _write(path: Path, text: str) -> None:
    """Write the text unless it is there; whole or not at all, also beside another process that does the same."""
    if path.exists() and path.read_text() == text:
        return
    with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".tmp", delete=False) as file:
        file.write(text)
    os.replace(file.name, path)


def _import(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # cached machine code is found by the name of its module
    spec.loader.exec_module(module)
    return module


def version_of(*folders: Path) -> str:
    """The SHA-256 digest of all sources in some folders: machine code of other ones is not found on disk."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.glob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()
