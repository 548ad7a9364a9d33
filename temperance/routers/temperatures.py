"""Finds the temperatures of a router: trained numbers that scale its scores, told by derivatives and not by names.

With scores S (rows of inputs, columns of experts) and their derivative T by a parameter, in a random direction, it is a
temperature where T = c S + b (c a number, b a bias for every expert), T = c(x) S (it depends on x), or column by column
T_i = c_i S_i + b_i (several experts have one each). A single number that acts on scores otherwise, as the cap c of c
tanh(W x/c), is asked about too, where there is no other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch.nn.utils.parametrize import ParametrizationList

from temperance.routers.probe import Derivatives, Probe

Kind = Literal["number", "of x", "per expert", "inside"]
_SAME = 1e-9


@dataclass(frozen=True)
class Temperature:
    """A parameter that is or makes a temperature.

    name: of the parameter. kind: how it acts. slope: c of T = c S + b for a "number"; log tau moves by -c times it.
    whole: whether it divides all of the scores, b = 0.
    """

    name: str
    kind: Kind
    slope: float | None = None
    whole: bool = False


def temperatures(probe: Probe, scores: Any, asked: Sequence[str] = ()) -> tuple[Temperature, ...]:
    """The temperatures of a router at its present parameters, from its scores (inputs, experts).

    asked: the parameters that are meant, if all of them move the scores.
    """
    if scores is None or len(scores) < 3:
        return ()
    jacobian = Derivatives(scores.reshape(-1), probe.parameters)
    reached = set(jacobian.reached())
    parametrised = {id(p) for m in probe.module.modules() if isinstance(m, ParametrizationList) for p in m.parameters()}
    if asked:
        named = [_kind(jacobian, n, probe.parameters[n], scores.detach()) for n in asked if n in reached]
        whole = len(named) == len(asked)
        return tuple(t or Temperature(n, "inside") for t, n in zip(named, asked, strict=True)) if whole else ()
    kinds = []
    for name, p in probe.parameters.items():
        if name in reached and not (id(p) in parametrised and p.numel() > 1):
            kind = _kind(jacobian, name, p, scores.detach())
            if kind is not None:
                kinds.append(kind)
    scaling = tuple(t for t in kinds if t.kind != "inside")
    return scaling or tuple(kinds)


def unreached(probe: Probe, scores: Any, _: Sequence[str] = ()) -> tuple[Temperature, ...]:
    """Trained numbers that scale the scores and that no gradient reaches: detached, or at a clamp that is active."""
    if scores is None:
        return ()
    reached, names = set(Derivatives(scores.reshape(-1), probe.parameters).reached()), []
    for name, p in probe.parameters.items():
        if p.numel() == 1 and name not in reached:
            now = p.detach().clone()
            for value in (now * 0.01, now * 100, now - 10, now + 10):
                with probe.at({name: value}):
                    new_scores = probe.run().scores
                if new_scores is not None and not torch.equal(new_scores.detach(), scores.detach()):
                    names.append(name)
                    break
    return tuple(Temperature(name, "inside") for name in names)


def _kind(jacobian: Derivatives, name: str, p: Any, scores: Any) -> Temperature | None:
    direction = torch.ones_like(p) if p.numel() == 1 else _random(p.shape)
    slopes = jacobian.along({name: direction}).reshape(scores.shape)
    size, k = slopes.abs().max(), scores.shape[1]
    if _small(_centred(slopes), size):
        return None  # a bias
    if p.numel() == 1:
        c = _ratio(_centred(slopes), _centred(scores))
        if _small(_centred(slopes) - c * _centred(scores), size):
            return Temperature(name, "number", float(c), _small(slopes - c * scores, size))
    rows = (scores != 0).sum(1) > 1  # where experts are masked, a single score says nothing
    if rows.sum() > 2 and (k > 2 or not _small(scores.sum(1), scores.abs().max())):
        some, own = slopes[rows], scores[rows]
        c = (some * own).sum(1) / (own * own).sum(1)
        if _small(some - c[:, None] * own, size):
            return Temperature(name, "of x")
    if 1 < p.numel() <= k and not (p.dim() == 2 and p.shape[-1] == 1):
        residual = torch.stack([_project_out(_centred(slopes)[:, i], _centred(scores)[:, i]) for i in range(k)])
        if _small(residual, size):
            return Temperature(name, "per expert")
    return Temperature(name, "inside") if p.numel() == 1 else None


def _project_out(vector: Any, other: Any) -> Any:
    return vector - _ratio(vector, other) * other


def _ratio(vector: Any, other: Any) -> Any:
    return (vector * other).sum() / (other * other).sum().clamp_min(1e-300)


def _centred(values: Any) -> Any:
    return values - values.mean(0)


def _small(values: Any, size: Any) -> bool:
    return bool(values.abs().max() <= _SAME * size)


def _random(shape: Sequence[int]) -> Any:
    return torch.randn(shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
