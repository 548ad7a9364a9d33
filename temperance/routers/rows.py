"""Makes the rows of an audit: finds routers, examines each, and asks the theory where a formula is read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch.utils._pytree import tree_leaves, tree_map

from temperance.routers.examine import Findings, examine
from temperance.routers.find import Inputs, routers, trained
from temperance.routers.gates import Form, Proof, form_of, proof
from temperance.routers.probe import MEMORY, MOST_PARAMETERS, Probe, Router, Unanswered, in_a_line, restored
from temperance.routers.words import RouterAudit, describe, unanswered

_SPARE = 1.6
_LARGE, _RANK = 700, 4
_FEWEST, _MOST_ROWS = 3, 2048
_FLAT = 1e-10


def rows_of(model: Any, example: Inputs | None, temperature: str | None = None) -> tuple[RouterAudit, ...]:
    """A row for each router of a model, or for those of a temperature.

    Raises:
        ValueError: the model does not run on these inputs, or holds no router or no such temperature.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # routers are small: more threads wait for one another
    try:
        with restored(model), trained(model, temperature) as asked:
            return _rows(routers(model, example, asked))
    finally:
        torch.set_num_threads(threads)


def _rows(found_routers: Sequence[Router]) -> tuple[RouterAudit, ...]:
    """A row for each of some routers."""
    if not found_routers:
        raise ValueError(
            "no router is found; accepted: a model with a softmax, sigmoid or top-k over a product of hidden "
            "states with a parameter, or the module of a router alone"
        )
    rows: list[tuple[RouterAudit, Findings | None]] = []
    tested: list[Findings] = []
    for router in found_routers:
        size = sum(p.numel() for p in router.module.parameters())
        try:
            if size > MOST_PARAMETERS:
                raise Unanswered(f"{size:,} parameters in double precision, with derivatives, need more than {MEMORY}")
            with restored(router.module, double=True):
                form, theorem = _read(router.module)
                tested.append(_examined(router, form, theorem))
                rows.append((_row(tested[-1], form, theorem), tested[-1]))
        except (Unanswered, RuntimeError) as error:  # of the router, or of torch
            why = str(error) if isinstance(error, Unanswered) else in_a_line(error)
            rows.append((unanswered(router, why), None))
    return tuple(row if findings is None else _with_shared(row, findings, tested) for row, findings in rows)


def _examined(router: Router, form: Form | None, theorem: Proof | None) -> Findings:
    """What is found of a router, with random inputs where its own give fewer equations than there are parameters."""
    rows = _count_rows(router)
    if rows is not None and rows < _FEWEST:
        router = _with_random(router, 64 / rows, None) if rows else router
        if (_count_rows(router) or 0) < _FEWEST:
            raise Unanswered(f"{rows} inputs are too few; give more")
    trained = frozenset(() if form is None else form.read.trained)
    spans = form is not None and (router.drawn or form.read.cosine is None)  # all features, as cosines need it
    tested = examine(router, trained, theorem.verdict if theorem is not None and spans else None)
    few = next((f for f in (tested.evaluation, tested.training) if f.how == "few"), None)
    if few is None:
        return tested
    each = max(1.0, few.equations / max(few.points, 1) - 1)
    rank = None if few.parameters <= _LARGE else _RANK
    unknown = few.parameters if rank is None else (tested.experts + 1) * (rank + 2)
    try:
        return examine(_with_random(router, (_SPARE * unknown / each + 64) / max(few.points, 1), rank), trained)
    except Unanswered:  # the module wants inputs of its own making
        return tested


def _count_rows(router: Router) -> int | None:
    """The number of inputs that have scores; None where none are seen."""
    scores = Probe(router, router.training, router.scores[0]).run().scores
    return None if scores is None else len(scores)


def _with_random(router: Router, times: float, rank: int | None) -> Router:
    """The router with so many times its inputs, random ones with the mean and the spread of its own, in their span.

    rank: the dimensions that they span, besides their mean; all by default.
    """
    generator = torch.Generator().manual_seed(5)
    batch = next((v.shape[0] for v in tree_leaves(router.inputs) if isinstance(v, torch.Tensor) and v.dim() > 1), 1)
    size = math.ceil(times * batch)

    def random(value: Any) -> Any:
        if not isinstance(value, torch.Tensor) or not value.dim() or value.shape[0] != batch:
            return value
        value = value.detach().cpu()
        if not _hidden(value):
            return value.repeat(math.ceil(size / batch), *(1,) * (value.dim() - 1))[:size]
        mean, axes = _span(value.double().reshape(-1, value.shape[-1]))
        if rank is not None and rank < len(axes):
            axes = torch.randn(rank, len(axes), generator=generator).double() @ axes / rank**0.5
        drawn = torch.randn(size, *value.shape[1:-1], len(axes), generator=generator).double()
        return mean + drawn @ axes  # in double precision: few dimensions stay few

    return replace(router, inputs=tree_map(random, router.inputs), drawn=True, narrow=rank is not None)


def _span(rows: Any) -> tuple[Any, Any]:
    """The mean of rows, and axes that they span; all axes where the rows are too few to tell."""
    mean, some = rows.mean(0), (rows - rows.mean(0))[:_MOST_ROWS]
    every = rows.std() * torch.eye(rows.shape[1], dtype=rows.dtype) if rows.shape[1] <= _MOST_ROWS else None
    values, vectors = torch.linalg.eigh(some @ some.T if len(some) < some.shape[1] else some.T @ some)
    large = values > _FLAT * values[-1]
    if every is not None and int(large.sum()) >= len(some) - 1:
        return mean, every
    axes = vectors[:, large].T
    axes = axes @ some if len(some) < some.shape[1] else axes * values[large, None].sqrt()
    return mean, axes / len(some) ** 0.5


def _hidden(value: Any) -> bool:
    """Whether an input is made of hidden states."""
    return isinstance(value, torch.Tensor) and value.is_floating_point() and value.dim() > 1 and value.shape[-1] > 1


def _with_shared(row: RouterAudit, findings: Findings, all_: Sequence[Findings]) -> RouterAudit:
    """The row of a router that does not determine its temperature, where another that shares it does."""

    def shared(of: Findings) -> set[int]:
        named = dict(of.router.module.named_parameters())
        return {id(named[t.name]) for t in of.taus if t.name in named}

    others = (o for o in all_ if o is not findings and o.evaluation.how in ("none", "proved") and not o.virtual)
    determined = next((o.router.where for o in others if shared(o) & shared(findings)), None)
    if findings.evaluation.outcome != "no" or determined is None:
        return row
    reason = f"tau is learnable: {determined} shares it, and determines it. Alone: {row.reason}"
    return replace(
        row, tau_learnable="yes", evaluation="yes", training="yes", reason=reason, change="Nothing.", symmetry=None
    )


def _row(findings: Findings, form: Form | None, theorem: Proof | None) -> RouterAudit:
    """The row of a router; the theory is cited where it says what holds in both modes of all parameters it has."""
    same = findings.training.outcome == findings.evaluation.outcome and findings.raw is None
    tested = findings.evaluation.how in ("scaled", "curve", "none", "proved")
    agrees = theorem is not None and theorem.verdict == findings.evaluation.outcome and findings.is_read
    return describe(findings, form, theorem if agrees and same and tested else None)


def _read(module: Any) -> tuple[Form | None, Proof | None]:
    """The formula of a router, where it is read, and what the theory says of it."""
    try:
        form = form_of(module)
    except Exception:  # whatever the user's module raises where it is copied, traced or run
        return None, None
    return form, proof(form)
