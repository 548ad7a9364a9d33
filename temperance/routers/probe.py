"""Runs a copy of a router in double precision, and takes derivatives of what it gives by the parameters it trains.

All derivatives are by reverse mode: forward mode passes through `torch.no_grad`, and a training does not. A product
J v is the derivative of u -> J' u, which is linear, in the direction v.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._pytree import tree_leaves, tree_map

from temperance.routers.watch import Event, Watch

Tensors = Mapping[str, Any]
_CHUNK = 64
_ROUNDING = 1e-13


@dataclass(frozen=True)
class Run:
    """What a router gave.

    floats: one vector, of the outputs that the rest of the network sees. whole: what must stay exactly as it is, such
    as chosen experts. operand: the tensor that became weights, or None; scores: the same as rows of experts, or else
    the logarithm of the outputs. watch: what happened. leaves: the outputs.
    """

    floats: Any
    whole: tuple[Any, ...]
    operand: Any
    scores: Any
    watch: Watch
    leaves: tuple[Any, ...]


class Probe:
    """A copy of a router with inputs.

    Args:
        module: it is not changed.
        inputs: args and kwargs of one call.
        training: the mode.
        score: which of its scores are meant. outputs: which of its outputs are seen, all by default.
        virtual: which scores are divided by a temperature that the router has not, named "tau"; none by default.
    """

    def __init__(
        self,
        module: Any,
        inputs: tuple[Any, Any],
        training: bool = False,
        score: int = 0,
        outputs: Sequence[int] | None = None,
        virtual: Sequence[int] = (),
    ) -> None:
        self.module = copy.deepcopy(module).cpu().double().train(training)
        self.inputs = tree_map(_input, inputs)
        self.score, self.used_outputs, self.virtual = score, outputs, virtual
        self.tau = torch.ones((), dtype=torch.float64, requires_grad=True) if virtual else None
        self.parameters: dict[str, Any] = {n: p for n, p in self.module.named_parameters() if p.requires_grad}
        if self.tau is not None:
            self.parameters["tau"] = self.tau
        self._buffers = {n: b.clone() for n, b in self.module.named_buffers()}

    def values(self) -> dict[str, Any]:
        """The parameters as they are."""
        return {n: p.detach().clone() for n, p in self.parameters.items()}

    def set(self, values: Tensors) -> None:
        """Change parameters."""
        with torch.no_grad():
            for name, value in values.items():
                self.parameters[name].copy_(value)

    def with_held(self, name: str, value: Any) -> Run:
        """What the router gives with another value of a buffer or of a parameter that is not trained."""
        buffers, held = dict(self._buffers), dict(self.module.named_parameters()).get(name)
        before = None if held is None else held.detach().clone()
        self._buffers = {n: value if n == name else b for n, b in buffers.items()}
        try:
            if held is not None:
                held.data.copy_(value)
            return self.run()
        finally:
            self._buffers = buffers
            if held is not None:
                held.data.copy_(before)

    def run(self, scaled: Sequence[int] = ()) -> Run:
        """Call the router, with the same random numbers and buffers each time; scaled: weights that are reduced."""
        with torch.no_grad():
            for name, buffer in self.module.named_buffers():
                buffer.copy_(self._buffers[name])
        watch = Watch(double=True, at=scaled or self.virtual, tau=self.tau, factor=1 - 1e-6 if scaled else 1.0)
        args, kwargs = tree_map(lambda v: v.clone() if isinstance(v, torch.Tensor) else v, self.inputs)
        with torch.random.fork_rng(devices=[]), torch.enable_grad(), watch:
            torch.manual_seed(0)
            gave = self.module(*args, **kwargs)
        leaves = tuple(v for v in tree_leaves(gave) if isinstance(v, torch.Tensor))
        tensors = [v for i, v in enumerate(leaves) if self.used_outputs is None or i in self.used_outputs]
        floats = [_finite(v) for v in tensors if v.is_floating_point()]
        whole = tuple(v.detach() for v in tensors if not v.is_floating_point())
        event = watch.scores[self.score] if self.score < len(watch.scores) else None
        scores = _rows(event) if event is not None else None if watch.scores else _logarithm(tensors)
        vector = torch.cat(floats) if floats else torch.zeros(0, dtype=torch.float64)
        return Run(vector, whole, None if event is None else event.operand, scores, watch, leaves)


class Derivatives:
    """Of a vector by parameters, at the point where it was computed."""

    def __init__(self, vector: Any, parameters: Tensors) -> None:
        self.parameters = dict(parameters)
        self.vector = vector
        self._u = torch.zeros_like(vector, requires_grad=True)
        grads: Sequence[Any] = [None] * len(self.parameters)
        if vector.requires_grad:
            grads = torch.autograd.grad(
                vector, list(self.parameters.values()), self._u, create_graph=True, allow_unused=True
            )
        self._pulled = {n: g for n, g in zip(self.parameters, grads, strict=True) if g is not None and g.requires_grad}

    def along(self, direction: Tensors) -> Any:
        """J v."""
        names = [n for n in direction if n in self._pulled]
        if not names:
            return torch.zeros_like(self.vector)
        (slope,) = torch.autograd.grad(
            [self._pulled[n] for n in names],
            self._u,
            [direction[n].reshape(self._pulled[n].shape) for n in names],
            retain_graph=True,
            allow_unused=True,
        )
        return torch.zeros_like(self.vector) if slope is None else slope.detach()

    def back(self, u: Any) -> dict[str, Any]:
        """J' u."""
        names = list(self._pulled)
        grads = torch.autograd.grad(self.vector, [self.parameters[n] for n in names], u, retain_graph=True)
        return dict(zip(names, grads, strict=True))

    def reached(self) -> list[str]:
        """The parameters that a gradient reaches: one beyond rounding, where a graph alone may give 0."""
        generator = torch.Generator().manual_seed(1)
        u = torch.randn(self.vector.shape, generator=generator, dtype=self.vector.dtype)
        least = _ROUNDING * float(self.vector.detach().abs().max()) if len(self.vector) else 0.0
        return [n for n, g in self.back(u).items() if float(g.abs().max()) > least] if self._pulled else []

    def columns(self, *names: str) -> Any:
        """J of some parameters, (equations, entries): by rows where these are fewer."""
        blocks = [torch.zeros(len(self.vector), self.parameters[n].numel(), dtype=self.vector.dtype) for n in names]
        pulled_blocks = [(n, block) for n, block in zip(names, blocks, strict=True) if n in self._pulled]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of operations without a batched rule, which are slow and right
            if len(self.vector) < sum(block.shape[1] for _, block in pulled_blocks):
                self._by_rows(pulled_blocks)
            else:
                for name, block in pulled_blocks:
                    pulled = self._pulled[name]
                    basis = torch.eye(pulled.numel(), dtype=pulled.dtype).reshape(-1, *pulled.shape)
                    block.copy_(torch.cat([self._batched(pulled, [self._u], c)[0] for c in basis.split(_CHUNK)]).T)
        return torch.cat(blocks, dim=1)

    def _by_rows(self, blocks: Sequence[tuple[str, Any]]) -> None:
        at = 0
        for chunk in torch.eye(len(self.vector), dtype=self.vector.dtype).split(_CHUNK):
            rows = self._batched(self.vector, [self.parameters[n] for n, _ in blocks], chunk)
            for (_, block), row in zip(blocks, rows, strict=True):
                block[at : at + len(chunk)] = row.reshape(len(chunk), -1)
            at += len(chunk)

    @staticmethod
    def _batched(vector: Any, inputs: Sequence[Any], chunk: Any) -> Any:
        grads = torch.autograd.grad(vector, inputs, chunk, retain_graph=True, is_grads_batched=True)
        return [v.detach() for v in grads]


def _input(value: Any) -> Any:
    if not isinstance(value, torch.Tensor):
        return value
    return value.detach().cpu().double() if value.is_floating_point() else value.detach().cpu()


def _finite(value: Any) -> Any:
    """A vector of the entries, with 0 for those that are masked by infinities."""
    return torch.where(torch.isfinite(value), value, torch.zeros_like(value)).reshape(-1)


def _rows(event: Event) -> Any:
    return _finite(event.operand).reshape(-1, event.operand.shape[-1])


def _logarithm(outputs: Sequence[Any]) -> Any:
    """The logarithm of the first output, up to which scores are determined, where it is positive."""
    for value in outputs:
        if value.is_floating_point() and value.dim() > 1:
            rows = value.reshape(-1, value.shape[-1])
            rows = rows.log() if bool((rows > 0).all()) else rows
            return rows - rows.mean(1, keepdim=True)
    return None
