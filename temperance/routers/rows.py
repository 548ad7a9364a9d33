"""Makes the rows of an audit: finds routers, examines each, and asks the theory where a formula is read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch.utils._pytree import tree_leaves, tree_map

from temperance.routers.examine import Findings, Router, examine
from temperance.routers.find import Inputs, routers
from temperance.routers.freedom import Freedom
from temperance.routers.gates import Form, Proof, form_of, proof
from temperance.routers.probe import Derivatives
from temperance.routers.words import RouterAudit, describe, price

_SPARE = 1.6
_LARGE, _RANK = 700, 6


def rows_of(model: Any, example: Inputs | None) -> tuple[RouterAudit, ...]:
    """A row for each router of a model.

    Raises:
        ValueError: the model does not run on these inputs, or holds no router.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # routers are small: more threads wait for one another
    try:
        found_routers = routers(model, example)
        if not found_routers:
            raise ValueError(
                "no router is found; accepted: a model with a softmax, sigmoid or top-k over a product of hidden "
                "states with a parameter, or the module of a router alone"
            )
        tested = [_examined(router) for router in found_routers]
        return tuple(_row(findings, _determined(findings, tested)) for findings in tested)
    finally:
        torch.set_num_threads(threads)


def _examined(router: Router) -> Findings:
    """What is found of a router, with random inputs where its own give fewer equations than there are parameters."""
    tested = examine(router)
    few = next((f for f in (tested.evaluation, tested.training) if f.how == "few"), None)
    if few is None:
        return tested
    each = max(1.0, few.equations / max(few.points, 1) - 1)
    rank = None if few.parameters <= _LARGE else _RANK
    unknown = few.parameters if rank is None else (tested.experts + 1) * (rank + 2)
    try:
        return examine(_with_random(router, math.ceil(_SPARE * unknown / each) + 64, rank))
    except (ValueError, RuntimeError):  # the module wants inputs of its own making
        return tested


def _with_random(router: Router, tokens: int, rank: int | None) -> Router:
    """The router with so many random inputs, normal with the mean and spread of each feature of its own.

    rank: the dimensions that they span, besides their mean; all by default.
    """
    generator = torch.Generator().manual_seed(5)
    batch = next((v.shape[0] for v in tree_leaves(router.inputs) if isinstance(v, torch.Tensor) and v.dim() > 1), 1)
    each = max((v.numel() // v.shape[-1] for v in tree_leaves(router.inputs) if _hidden(v)), default=1)
    times = math.ceil(tokens / each)

    def random(value: Any) -> Any:
        if not isinstance(value, torch.Tensor) or not value.dim() or value.shape[0] != batch:
            return value
        value = value.detach().cpu().repeat(times, *(1,) * (value.dim() - 1))
        if not _hidden(value):
            return value
        wide = value.double()
        rows = wide.reshape(-1, wide.shape[-1])
        drawn = torch.randn(len(rows), rank or rows.shape[1], generator=generator).double()
        if rank is not None:
            drawn = drawn @ torch.randn(rank, rows.shape[1], generator=generator).double() / rank**0.5
        return (rows.mean(0) + rows.std() * drawn).reshape(wide.shape)  # in double precision: few dimensions stay few

    return replace(router, inputs=tree_map(random, router.inputs), narrow=rank is not None)


def _hidden(value: Any) -> bool:
    """Whether an input is made of hidden states."""
    return isinstance(value, torch.Tensor) and value.is_floating_point() and value.dim() > 1 and value.shape[-1] > 1


def _determined(findings: Findings, all_: Sequence[Findings]) -> str | None:
    """The router that determines a temperature that one shares with it."""

    def shared(of: Findings) -> set[int]:
        named = dict(of.router.module.named_parameters())
        return {id(named[t.name]) for t in of.taus if t.name in named}

    if findings.evaluation.outcome != "no":
        return None
    others = (o for o in all_ if o is not findings and o.evaluation.how == "none" and not o.virtual)
    return next((o.router.where for o in others if shared(o) & shared(findings)), None)


def _row(findings: Findings, determined: str | None) -> RouterAudit:
    form, proved = _read(findings)
    if proved and findings.evaluation.outcome == "undecided":
        freedom = Freedom(proved.verdict, "proved", {})
        findings = replace(findings, evaluation=freedom, training=freedom)
    row = describe(findings, form, proved, price(findings))
    if determined is None:
        return row
    reason = f"tau is learnable: {determined} shares it, and determines it. Alone: {row.reason}"
    return replace(
        row, tau_learnable="yes", evaluation="yes", training="yes", reason=reason, change="Nothing.", symmetry=None
    )


def _read(findings: Findings) -> tuple[Form | None, Proof | None]:
    """The formula of a router, and what the theory says of it if tests say the same of all parameters that it has."""
    router = findings.router
    try:
        form = form_of(router.module)
    except ValueError:
        return None, None
    named = {t.name for t in findings.taus} if not findings.virtual else set()
    reached = set(Derivatives(findings.run.floats, dict(findings.parameters)).reached()) - {"tau"} | named
    theorem = proof(form)
    same = findings.training.outcome == findings.evaluation.outcome and findings.raw is None
    agrees = same and (
        (theorem.verdict == findings.evaluation.outcome and findings.evaluation.how in ("scaled", "curve", "none"))
        or findings.evaluation.how in ("few", "large")
    )
    whole = set(form.read.trained) == reached and not router.elsewhere
    return form, theorem if agrees and whole else None
