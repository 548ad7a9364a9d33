"""Makes the rows of an audit: finds routers, examines each, and asks the theory where a formula is read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch.utils._pytree import tree_leaves, tree_map

from temperance.routers.examine import Examined, Router, examined
from temperance.routers.find import Inputs, routers
from temperance.routers.freedom import Freedom
from temperance.routers.gates import Form, Proof, form_of, proof
from temperance.routers.price import price
from temperance.routers.probe import Derivatives
from temperance.routers.words import RouterAudit, in_words

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
        found = routers(model, example)
        if not found:
            raise ValueError(
                "no router is found; accepted: a model with a softmax, sigmoid or top-k over a product of hidden "
                "states with a parameter, or the module of a router alone"
            )
        tested = [_examined(router) for router in found]
        return tuple(_row(one, _determined(one, tested)) for one in tested)
    finally:
        torch.set_num_threads(threads)


def _examined(router: Router) -> Examined:
    """What is found of a router, with random inputs where its own give fewer equations than there are parameters."""
    tested = examined(router)
    few = next((f for f in (tested.evaluation, tested.training) if f.how == "few"), None)
    if few is None:
        return tested
    each = max(1.0, few.equations / max(few.points, 1) - 1)
    rank = None if few.parameters <= _LARGE else _RANK
    unknown = few.parameters if rank is None else (tested.experts + 1) * (rank + 2)
    try:
        return examined(_with_random(router, math.ceil(_SPARE * unknown / each) + 64, rank))
    except (ValueError, RuntimeError):  # the module wants inputs of its own making
        return tested


def _with_random(router: Router, tokens: int, rank: int | None) -> Router:
    """The router with so many random inputs, normal with the mean and spread of each feature of its own.

    rank: the dimensions that they span, besides their mean; all by default.
    """
    made = torch.Generator().manual_seed(5)
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
        drawn = torch.randn(len(rows), rank or rows.shape[1], generator=made).double()
        if rank is not None:
            drawn = drawn @ torch.randn(rank, rows.shape[1], generator=made).double() / rank**0.5
        return (rows.mean(0) + rows.std() * drawn).reshape(wide.shape)  # in double precision: few dimensions stay few

    return replace(router, inputs=tree_map(random, router.inputs), narrow=rank is not None)


def _hidden(value: Any) -> bool:
    """Whether an input is made of hidden states."""
    return isinstance(value, torch.Tensor) and value.is_floating_point() and value.dim() > 1 and value.shape[-1] > 1


def _determined(one: Examined, all_: Sequence[Examined]) -> str | None:
    """The router that determines a temperature that one shares with it."""

    def shared(of: Examined) -> set[int]:
        named = dict(of.router.module.named_parameters())
        return {id(named[t.name]) for t in of.taus if t.name in named}

    if one.evaluation.outcome != "no":
        return None
    others = (o for o in all_ if o is not one and o.evaluation.how == "none" and not o.virtual)
    return next((o.router.where for o in others if shared(o) & shared(one)), None)


def _row(found: Examined, determined: str | None) -> RouterAudit:
    form, proved = _read(found)
    if proved and found.evaluation.outcome == "undecided":
        said = Freedom(proved.verdict, "proved", {})
        found = replace(found, evaluation=said, training=said)
    row = in_words(found, form, proved, price(found))
    if determined is None:
        return row
    reason = f"tau is learnable: {determined} shares it, and determines it. Alone: {row.reason}"
    return replace(
        row, tau_learnable="yes", evaluation="yes", training="yes", reason=reason, change="Nothing.", symmetry=None
    )


def _read(found: Examined) -> tuple[Form | None, Proof | None]:
    """The formula of a router, and what the theory says of it if tests say the same of all parameters that it has."""
    router = found.router
    try:
        form = form_of(router.module)
    except ValueError:
        return None, None
    named = {t.name for t in found.taus} if not found.virtual else set()
    reached = set(Derivatives(found.run.floats, dict(found.parameters)).reached()) - {"tau"} | named
    said = proof(form)
    same = found.training.outcome == found.evaluation.outcome and found.raw is None
    agrees = same and (
        (said.verdict == found.evaluation.outcome and found.evaluation.how in ("scaled", "curve", "none"))
        or found.evaluation.how in ("few", "large")
    )
    whole = set(form.read.trained) == reached and not router.elsewhere
    return form, said if agrees and whole else None
