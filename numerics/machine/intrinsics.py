"""Gives compiled code what Python has no words for: the width of vectors."""

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import intrinsic


@intrinsic
def use_wide_vectors(typing: Any) -> Any:
    """Let the function around it use vectors of 512 bits where the machine has them; LLVM prefers 256 bits."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')  # not in the list that llvmlite checks
        return context.get_dummy_value()

    return types.none(), generate
