"""Compiles activations to machine code: s, s', s'' of an array, as a function called by its address.

Each activation gets a small module, written from the SymPy form of s (`machine.written_code`).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import sympy as sp

from temperance.numerics.machine import intrinsics as calls
from temperance.numerics.machine.code_versions import MACHINE, version_of
from temperance.numerics.machine.written_code import FUNCTIONS, NoMachineCode, Printer, module_of
from temperance.numerics.mixture.activation_numpy import stable_jets
from temperance.theory.activations.activation import Activation

_HEADER = f'''"""s, s', s'' of one activation."""
from numba import cfunc, types
from {calls.__name__} import use_wide_vectors
{FUNCTIONS}
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


def _piece_lines(index: int, jets: list[sp.Expr], lower: float, upper: float) -> list[str]:
    """Statements that compute the jets of one piece and take them where z lies in it."""
    printer = Printer()
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


@lru_cache(maxsize=64)
def machine_jets(activation: Activation) -> Any:
    """The compiled function `jets` of an activation: its `address` is what kernels take.

    Raises `NoMachineCode` if a function in it is not translated.
    """
    return module_of("temperance_jets", source_of(activation)).jets
