"""Gives compiled code what Python has no words for: a call by address, and the width of vectors."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic


@intrinsic
def call_jets(typing: Any, address: Any, z: Any, out: Any, stride: Any, n: Any) -> Any:
    """Call `jets` (see numerics.mixture.activation_machine_code) at an address; z and out are addresses too."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(ir.VoidType(), [ir.IntType(64)] * 4)
        builder.call(builder.inttoptr(arguments[0], kind.as_pointer()), arguments[1:])
        return context.get_dummy_value()

    return types.none(*[types.int64] * 5), generate


@intrinsic
def use_wide_vectors(typing: Any) -> Any:
    """Let the function around it use vectors of 512 bits where the machine has them; LLVM prefers 256 bits."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')  # not in the list that llvmlite checks
        return context.get_dummy_value()

    return types.none(), generate
