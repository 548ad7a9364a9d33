"""Reads what stands for an array of real numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def reals(values: ArrayLike | None, name: str) -> NDArray[np.float64]:
    """The values as doubles, of any shape; an array of doubles as it is.

    Raises:
        ValueError: they are no real numbers, or rows of different lengths; the message names them.
    """
    try:
        array = np.asarray(values)
        if values is None or np.iscomplexobj(array):
            raise ValueError("None" if values is None else "complex numbers")
        return np.asarray(array, dtype=float)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{name} must hold real numbers: {' '.join(str(error).split())}") from None
