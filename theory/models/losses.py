"""Names the losses: of the likelihood, and least squares of the regression function."""

from __future__ import annotations

from typing import Literal

Loss = Literal["likelihood", "least-squares"]


def loss_of(name: str) -> Loss:
    """The loss of that name. Raises ValueError for another."""
    if name not in ("likelihood", "least-squares"):
        raise ValueError(f"unknown loss {name!r}; accepted: likelihood, least-squares")
    return "likelihood" if name == "likelihood" else "least-squares"
