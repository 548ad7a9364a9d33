"""Predicts the experts whatever the gate is: the theorem on experts of theory.md 2.7."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from temperance.theory.rates.prediction import HALF, Prediction
from temperance.theory.rates.setting import Setting
from temperance.theory.rates.true_point import covers_line, irregularity, slope_at_zero
from temperance.theory.solvability.solvability import order

EXPERT = ("a", "b", "nu")
_GIVEN = ("the experts (a, b, nu) are distinct", "all fitted atoms are near true ones in (a, b, nu)")


def with_experts(setting: Setting, found: Sequence[Prediction]) -> tuple[Prediction, ...]:
    """Predictions, completed for a, b and nu where nothing else covers them.

    In a singleton cell |da| + |db| + |dnu| = O(V), in a cell of m > 1 atoms |db|^(2m) + |dnu|^m = O(V), and both
    exponents are sharp. Of a in such a cell only a bound is known, which the reason names.
    """
    if not _bounded(setting):
        return tuple(found)
    return tuple(_completed(p) if p.sharp is None and p.parameter in EXPERT else p for p in found)


def _bounded(setting: Setting) -> bool:
    """Whether s is proved continuous on the line, so that the gate's probabilities at different x are comparable."""
    source = setting.source
    whole = covers_line(source) and slope_at_zero(source) != "unknown"
    return whole and irregularity(source, setting.dim, 1) is None


def _completed(p: Prediction) -> Prediction:
    m = p.cell_size or 1
    if m == 1:
        sharp, how = HALF, "singleton cell"
    elif p.parameter == "a":
        return replace(p, reason=f"{p.reason}; a bound is known: at least 1/{2 * order(m)} (theory.md 2.7)")
    else:
        sharp, how = (HALF / order(m) if p.parameter == "b" else 2 * HALF / order(m)), f"r_bar({m}) = {order(m)}"
    reason = f"experts, whatever the gate is (theory.md 2.7): {how}"
    return replace(p, sharp=sharp, reason=reason, conditions=tuple(dict.fromkeys((*p.conditions, *_GIVEN))))
