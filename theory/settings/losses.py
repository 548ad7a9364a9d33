"""Names what is fitted: by the likelihood or by least squares, and what is known of the variance nu."""

from __future__ import annotations

from typing import Literal

Loss = Literal["likelihood", "least-squares"]
Noise = Literal["known", "common"]


def loss_of(name: str) -> Loss:
    """The loss of that name. Raises ValueError for another."""
    if name not in ("likelihood", "least-squares"):
        raise ValueError(f"unknown loss {name!r}; accepted: likelihood, least-squares")
    return "likelihood" if name == "likelihood" else "least-squares"


def noise_of(name: str) -> Noise | None:
    """What is known of nu; None where each atom has its own. Raises ValueError for another name."""
    if name not in ("each", "known", "common"):
        raise ValueError(f"unknown noise {name!r}; accepted: each, known, common")
    return None if name == "each" else "known" if name == "known" else "common"
