"""Counts how many observations a temperature needs: by the Fisher information at the user's inputs, or the floor alone.

The labels of experts are at most seen. Then the information on the parameters is that of the weights w, and the squared
length of what the derivative of 2 sqrt(w) by tau leaves outside of the span of the others is that on tau: no experts
allow fewer observations, and real ones need more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from temperance.numerics.information.floor import floor
from temperance.routers.examine import Findings
from temperance.routers.freedom import without
from temperance.routers.probe import Derivatives, Probe

PRECISION = 0.1
_SUM = 1e-9
_LARGEST = 700


@dataclass(frozen=True)
class Price:
    """Observations for a standard error of 10% of tau.

    n: with the best experts, at the user's inputs and the router's parameters, or None. floor: with any scores at all.
    """

    n: int | None
    floor: int


def price(findings: Findings) -> Price | None:
    """What a temperature costs that divides all scores of the last softmax, over experts; None for any other."""
    (tau, *more), events = findings.taus, findings.run.watch.scores
    if more or not tau.whole or findings.experts < 2 or findings.score != len(events) - 1:
        return None
    event = events[findings.score]
    if event.name not in ("softmax", "log_softmax") or event.dim not in (-1, event.operand.dim() - 1):
        return None
    return Price(_at_inputs(findings), math.ceil(floor(findings.experts) / PRECISION**2))


def _at_inputs(findings: Findings) -> int | None:
    """At the inputs of the user, where all experts have a weight and the inputs are more than enough."""
    router, tau = findings.router, findings.taus[0]
    if router.own is None or tau.slope is None:
        return None
    probe = Probe(router.module, router.own, False, findings.score, router.used_outputs)
    run = probe.run()
    weights = next((v for v in run.leaves if v.requires_grad and v.dim() > 1 and v.shape[-1] == findings.experts), None)
    if weights is None or not bool((weights > 0).all()) or bool(((weights.sum(-1) - 1).abs() > _SUM).any()):
        return None
    jacobian = Derivatives(2 * weights.sqrt().reshape(-1), probe.parameters)
    others = [n for n in jacobian.reached() if n != tau.name]
    inputs, count = weights.numel() // findings.experts, sum(probe.parameters[n].numel() for n in others)
    if count > _LARGEST or inputs * (findings.experts - 1) < 2 * count:
        return None
    tau_column = jacobian.columns(tau.name)
    if others:
        tau_column = without(jacobian.columns(*others), tau_column)
    information = float(tau_column.square().sum()) / inputs / tau.slope**2
    return math.ceil(1 / information / PRECISION**2) if information > 0 else None
