"""Compiles activations to machine code: s, s', s'' of an array, as a function called by its address.

Each activation gets a small module, written from the SymPy form of s into the user's cache under the digest of its
text; Numba keeps the machine code beside it, and a second process finds both. The text is always made anew and
compared, so that only what this module writes is ever run.
"""

from __future__ import annotations

import hashlib
import importlib.util
import math
import os
import re
import sys
import tempfile
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import sympy as sp
from sympy.printing.pycode import PythonCodePrinter

from temperance.numerics.machine import elementary as vectormath
from temperance.numerics.machine import intrinsics as calls
from temperance.numerics.machine.code_versions import MACHINE, version_of
from temperance.numerics.machine.interrupts import interrupts_noted
from temperance.numerics.mixture.activation_numpy import stable_jets
from temperance.theory.activations.activation import Activation
from temperance.theory.expressions.functions import LANGUAGE

_VECTOR = ("erf", "exp", "log", "logistic", "softplus", "tanh")
_SCALAR = [name for name in LANGUAGE if hasattr(math, name) and name not in (*_VECTOR, "sqrt", "gamma")]
_LARGEST_POWER = 64

_HEADER = f'''"""s, s', s'' of one activation."""
from math import pow, sqrt, {", ".join(_SCALAR)}
from numba import cfunc, types
from {calls.__name__} import use_wide_vectors
from {vectormath.__name__} import {", ".join(_VECTOR)}

NAN = float("nan")


@cfunc(
    types.void(types.CPointer(types.float64), types.CPointer(types.float64), types.int64, types.int64),
    cache=True, fastmath={{"contract"}}, error_model="numpy",
)
def jets(points, out, stride, n):
    use_wide_vectors()
    for j in range(n):
        z = points[j]
        s0 = s1 = s2 = NAN
'''
_FOOTER = """        out[j] = s0
        out[stride + j] = s1
        out[2 * stride + j] = s2
"""


class NoMachineCode(ValueError):
    """The activation holds a function that is not translated."""


class _Printer(PythonCodePrinter):
    """Python code for the functions of `elementary` and `math`; numbers as doubles."""

    def _print(self, expr: Any, **kwargs: Any) -> str:
        if isinstance(expr, sp.Expr) and not expr.free_symbols:
            value = complex(sp.N(expr, 30))
            if value.imag or value.real != value.real:
                raise NoMachineCode(f"{expr} is not a real number")
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
    setattr(_Printer, f"_print_{_name}", _Printer._print_Function)


def _piece_lines(index: int, jets: list[sp.Expr], lower: float, upper: float) -> list[str]:
    """Statements that compute the jets of one piece and take them where z lies in it."""
    printer = _Printer()
    common, reduced = sp.cse(jets, symbols=sp.numbered_symbols(f"u{index}_"))
    lines = [f"{symbol} = {printer.doprint(expr)}" for symbol, expr in common]
    texts = [printer.doprint(expr) for expr in reduced]
    inside = [f"z >= {lower!r}"] * (lower > float("-inf")) + [f"z < {upper!r}"] * (upper < float("inf"))
    if not inside:
        return lines + [f"s{r} = {text}" for r, text in enumerate(texts)]
    lines.append(f"inside = ({') & ('.join(inside)})")
    return lines + [f"s{r} = {text} if inside else s{r}" for r, text in enumerate(texts)]


def source_of(activation: Activation) -> str:
    """The text of the module of an activation.

    Raises `NoMachineCode` if a function in it is not translated, ValueError for numbers beyond the range of doubles.
    """
    lines: list[str] = []
    for index, piece in enumerate(activation.pieces):
        lines += _piece_lines(index, stable_jets(piece), float(piece.lower), float(piece.upper))
    if any(re.search(r"\binf\b", line) for line in lines):
        raise ValueError(f"activation {activation.name!r} has numbers beyond the range of doubles")
    if any("math." in line for line in lines):
        raise NoMachineCode("a function is not translated")
    text = _HEADER + "".join(f"        {line}\n" for line in lines) + _FOOTER
    return f"{text}# {version_of(MACHINE)}\n"


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


@lru_cache(maxsize=64)
def machine_jets(activation: Activation) -> Any:
    """The compiled function `jets` of an activation: its `address` is what kernels take.

    Raises `NoMachineCode` if a function in it is not translated.
    """
    text = source_of(activation)
    path = cache_folder() / f"temperance_jets_{hashlib.sha256(text.encode()).hexdigest()[:32]}.py"
    _write(path, text)
    with interrupts_noted():  # LLVM's callbacks swallow exceptions
        return _import(path).jets
