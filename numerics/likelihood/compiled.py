"""Sums up a likelihood in machine code, made from its formulas or found on disk."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import intrinsic

from temperance.numerics.likelihood.atom_formulas import AtomFormulas
from temperance.numerics.likelihood.kernel_rows import sums_of
from temperance.numerics.likelihood.kernel_text import kernel_text
from temperance.numerics.likelihood.scattering import Coordinates, scatter, tables_of
from temperance.numerics.machine.written_code import module_of
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.density import NONE, Sums

_scatter = njit(cache=True, error_model="numpy", nogil=True, no_cfunc_wrapper=True)(scatter)


_BLOCK, _VECTOR = types.float64[:, ::1], types.float64[::1]
_KERNEL = types.float64(_BLOCK, _VECTOR, _BLOCK, _VECTOR, _VECTOR, _VECTOR, _VECTOR)


@intrinsic
def call_kernel(typing_context, address, values, nu, x, y, weights, reference, sums):  # type: ignore[no-untyped-def]
    """What the kernel at an address returns, for machine code alone.

    Numba's own first-class functions call Python whenever one is handed over, where an interrupt is lost.
    """

    def call(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        pointer = builder.inttoptr(arguments[0], context.get_value_type(types.FunctionType(_KERNEL).ftype))
        return builder.call(pointer, arguments[1:])

    return types.float64(types.intp, *_KERNEL.args), call


def address_of(kernel: Any) -> int:
    """The address of a compiled kernel for callers of the C convention."""
    result = kernel.get_compile_result(_KERNEL)
    return int(result.library.get_pointer_to_function(result.fndesc.llvm_cfunc_wrapper_name))


class Compiled:
    """The sums of `plain_sums` for k atoms, `free` of which move their gates, by a kernel.

    stem: how the name of its module begins.
    Raises `NoMachineCode` if a function of the formulas is not translated.
    """

    def __init__(self, stem: str, formulas: AtomFormulas, k: int, free: int) -> None:
        self.where, self.tables = Coordinates(formulas, k), tables_of(formulas, k, free)
        self.count = sum(n for *_, n in sums_of(formulas, k, free))
        self.kernel: Any = module_of(stem, kernel_text(formulas, k, free)).kernel
        self.address = address_of(self.kernel)

    def __call__(
        self, natural: Floats, x: Floats, y: Floats, weights: Floats, reference: Floats, derivatives: bool
    ) -> Sums:
        """Value, score and Hessian at parameters (not logarithms), or the value alone."""
        values, nu = natural.take(self.where.values), natural.take(self.where.nu)
        if not derivatives:
            return Sums(self.kernel(values, nu, x, y, weights, reference, NONE), NONE, NONE)
        sums, score, hessian = np.empty(self.count), np.zeros(len(natural)), np.zeros((len(natural), len(natural)))
        value = self.kernel(values, nu, x, y, weights, reference, sums)
        _scatter(sums, natural, nu, self.tables, score, hessian)
        return Sums(value, score, hessian)
