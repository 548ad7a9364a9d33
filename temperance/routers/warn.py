"""Warns of what goes wrong in real routers: seen in the values of a call, not in names."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from temperance.routers.examine import Findings
from temperance.routers.find import probabilities
from temperance.routers.probe import Probe

_SAME = 1e-9
_NUDGE = 1e-6


def warnings_of(findings: Findings) -> tuple[str, ...]:
    """The warnings of a router."""
    return tuple(_all(findings))


def _all(findings: Findings) -> Iterator[str]:
    softmaxes = [e for e in findings.run.watch.scores if "softmax" in e.name]
    if any(map(probabilities, softmaxes)):
        yield "softmax is applied twice: its second one gets probabilities, and its weights are nearly equal."
    if findings.router.again:
        yield "a loss applies softmax to probabilities of this router again; it wants the scores."
    if _is_not_renormalised(findings):
        yield "the weights of the chosen experts are not renormalised after the selection."
    for name in _leaks(findings):
        yield f"the selection bias {name} leaks into the weights; it is meant for the selection alone."
    if findings.unreached:
        yield f"no gradient reaches {_names(findings)}: it is detached, under no_grad, or at a clamp."
    elif not findings.virtual:
        yield f"weight decay pulls {_names(findings)} to 0; put it into a group without."


def _names(findings: Findings) -> str:
    return ", ".join(t.name for t in findings.taus)


def _is_not_renormalised(findings: Findings) -> bool:
    """Whether smaller weights before a selection of several experts make other outputs."""
    router, watch = findings.router, findings.run.watch
    chosen = [s for s in watch.selections if s.name == "topk" and s.options.get("k", s.options.get("0", 1)) > 1]
    before = [i for i, e in enumerate(watch.scores) if "log" not in e.name and any(map(e.makes, chosen))]
    before = [i for i in before if "softmax" in watch.scores[i].name and i in router.scores]
    if not before:
        return False
    probe = Probe(router.module, router.inputs, False, findings.score, router.used_outputs)
    return bool((probe.run().floats - probe.run(before).floats).abs().max() > _SAME)


def _leaks(findings: Findings) -> Iterator[str]:
    """Buffers and held parameters that move the weights of the chosen experts, and not their scores."""
    router, watch = findings.router, findings.run.watch
    if not watch.selections:
        return
    probe = Probe(router.module, router.inputs, False, router.scores[0], router.used_outputs)
    held = {n: p for n, p in probe.module.named_parameters() if not p.requires_grad}
    before = probe.run()
    for name, value in {**dict(probe.module.named_buffers()), **held}.items():
        if value.is_floating_point() and value.numel() == findings.experts:
            nudged = value.detach() + _NUDGE * torch.randn(value.shape, generator=torch.Generator().manual_seed(7))
            now = probe.with_held(name, nudged)
            same = all(torch.equal(p, q) for p, q in zip(now.whole, before.whole, strict=True))
            same_scores = now.scores is not None and torch.equal(now.scores, before.scores)
            if same and same_scores and bool((now.floats - before.floats).abs().max() > _SAME):
                yield name
