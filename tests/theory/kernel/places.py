"""Certificates of one's own, for tests of the kernel: places, curves and claims by their parts."""

from collections.abc import Callable
from typing import Any

from temperance.theory.kernel.reader import Rejected

OWN, HELD = ("beta1",), ()


def place(log_weight: str, mean: str = "a*x + b", **parts: Any) -> dict[str, Any]:
    """A cell of two atoms beside a singleton whose gate is fixed, of a gate with beta1 = 1 and 0; or other parts."""
    own, shared = [*parts.pop("own", OWN)], [*parts.pop("shared", ())]
    expert = parts.pop("expert", [name for name in ("a", "b") if name in mean])
    model = {
        "covariates": [*parts.pop("covariates", ["x"])],
        "log_weight": log_weight,
        "mean": mean,
        "own": own,
        "expert": [*expert, "nu"],
        "shared": shared,
        "held": [*parts.pop("held", HELD)],
        "weighted": parts.pop("weighted", True),
    }
    sizes = [*parts.pop("sizes", [2, 1])]
    default = [
        dict.fromkeys((*own, *shared, *model["held"]), "1"),
        {p: "0" if p in own else "1" for p in (*own, *shared)},
    ]
    points = parts.pop("points", default)
    fixed = [[i, p] for i, n in enumerate(sizes) if n == 1 and i and max(sizes) > 1 for p in (*own, "_weight")]
    return {
        "subject": parts.pop("subject", "densities"),
        "model": model,
        "sizes": sizes,
        "points": points,
        "fixed": parts.pop("fixed", fixed if model["weighted"] else []),
        "nonzero": parts.pop("nonzero", []),
    }


def claims(side: str, **orders: Any) -> list[dict[str, Any]]:
    """Claims of one side; mean_a is the weighted mean of a."""
    titles = {title.replace("mean_", "mean "): value for title, value in orders.items()}
    return [{"title": t, "side": side, "value": None if v is None else str(v)} for t, v in titles.items()]


def certificate(at: dict[str, Any], stated: list[dict[str, Any]], kind: str, **proof: Any) -> dict[str, Any]:
    """A certificate of these claims."""
    return {"format": "temperance-proof/1", "place": at, "claims": stated, "proof": {"kind": kind, **proof}}


def atoms(offsets: dict[str, str], nodes: tuple[str, ...] = ("-1/4", "0", "1"), share: str = "1/2") -> dict[str, Any]:
    """Two atoms at q = -1/2, 1/2 with equal shares, or others."""
    return {"nodes": [*nodes], "share": share, "offsets": offsets}


def alone(offsets: dict[str, str]) -> dict[str, Any]:
    """One atom."""
    return atoms(offsets, ("0", "1"), "1")


def curve(cells: list[list[dict[str, Any]]], degree: int = 2, **parts: Any) -> dict[str, Any]:
    """A proof of a curve, as keywords of `certificate`."""
    return {"number": None, "shared": {}, "cells": cells, "degree": degree, "directions": None, **parts}


def objection(check: Callable[[Any], object], certificate: Any) -> str | None:
    """Why a certificate is rejected, or None."""
    try:
        check(certificate)
    except Rejected as error:
        return str(error)
    return None
