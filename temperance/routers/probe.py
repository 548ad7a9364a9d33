"""Runs a router in double precision, and takes derivatives of what it gives by the parameters it trains.

All derivatives are by reverse mode: forward mode passes through `torch.no_grad`, and a training does not. A product
J v is the derivative of u -> J' u, which is linear, in the direction v; where torch cannot take that derivative, J is
computed row by row.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._pytree import tree_map

from temperance.routers.watch import Event, Watch, is_convolution, products_above, restored, tensors_in

Tensors = Mapping[str, Any]
_DIFFERENTIABLE = partial(sdpa_kernel, SDPBackend.MATH)
"""Of the ways to compute attention, the one that has second derivatives."""
_CHUNK = 64
_ROUNDING = 1e-13
_AGREES = 1e-9
_FLAT, _SPARE = 1e-11, 8
MEMORY = "2 GB"
MOST_ENTRIES, MOST_PARAMETERS = 2 * 10**9 // 32, 2 * 10**9 // 24
"""In this memory: numbers of a Jacobian, in double precision with three copies, and of a module with two."""


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

    def equals(self, other: Run) -> bool:
        """Whether the outputs that are seen are the same."""
        pairs = list(zip((self.floats, *self.whole), (other.floats, *other.whole), strict=False))
        return len(self.whole) == len(other.whole) and all(torch.equal(v, w) for v, w in pairs)


class Unanswered(ValueError):
    """A router cannot be asked: it fails, or its derivatives cannot be taken. The message is one line."""


class Probe:
    """A router with inputs, while it is `doubled`.

    Args:
        module: parameters of it are set; all else is restored after each call.
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
        self.module, self.training = module, training
        self.inputs = tree_map(_input, inputs)
        self.length = torch.ones((), dtype=torch.float64, requires_grad=True)
        self.score, self.used_outputs, self.virtual = score, outputs, virtual
        self.tau = torch.ones((), dtype=torch.float64, requires_grad=True) if virtual else None
        self.parameters: dict[str, Any] = {n: p for n, p in self.module.named_parameters() if p.requires_grad}
        if self.tau is not None:
            self.parameters["tau"] = self.tau

    def _given(self, value: Any) -> Any:
        """An input; hidden states have a length, by which one can differentiate."""
        if not isinstance(value, torch.Tensor):
            return value
        return value * self.length if value.is_floating_point() and value.dim() > 1 else value.clone()

    def values(self) -> dict[str, Any]:
        """The parameters as they are."""
        return {n: p.detach().clone() for n, p in self.parameters.items()}

    def set(self, values: Tensors) -> None:
        """Change parameters."""
        with torch.no_grad():
            for name, value in values.items():
                self.parameters[name].copy_(value)

    @contextmanager
    def at(self, values: Tensors) -> Iterator[Probe]:
        """The router at other parameters while this lasts."""
        before = {n: self.parameters[n].detach().clone() for n in values}
        try:
            self.set(values)
            yield self
        finally:
            self.set(before)

    def with_held(self, held: Any, value: Any) -> Run:
        """What the router gives with another value of a buffer or of a parameter that is not trained."""
        before = held.data
        try:
            held.data = value
            return self.run()
        finally:
            held.data = before

    def run(self, scaled: Sequence[int] = ()) -> Run:
        """Call the router, with the same random numbers and buffers each time; scaled: weights that are reduced.

        Raises:
            Unanswered: the router raises something.
        """
        watch = Watch(double=True, at=scaled or self.virtual, tau=self.tau, factor=1 - 1e-6 if scaled else 1.0)
        args, kwargs = tree_map(self._given, self.inputs)
        try:
            with restored(self.module), _DIFFERENTIABLE(), torch.random.fork_rng([]), torch.enable_grad(), watch:
                torch.manual_seed(0)
                gave = self.module.train(self.training)(*args, **kwargs)
        except Exception as error:  # whatever the user's module raises
            mode = "training" if self.training else "evaluation"
            raise Unanswered(f"in double precision and {mode} it raises {in_a_line(error)}") from error
        leaves = tuple(tensors_in(gave))
        tensors = [v for i, v in enumerate(leaves) if self.used_outputs is None or i in self.used_outputs]
        floats = [_finite(v) for v in tensors if v.is_floating_point()]
        whole = tuple(v.detach() for v in tensors if not v.is_floating_point())
        event = watch.scores[self.score] if 0 <= self.score < len(watch.scores) else None
        scores = _rows(event) if event is not None else None if watch.scores else _logarithm(tensors)
        vector = torch.cat(floats) if floats else torch.zeros(0, dtype=torch.float64)
        return Run(vector, whole, None if event is None else event.operand, scores, watch, leaves)


class Derivatives:
    """Of a vector by parameters, at the point where it was computed."""

    def __init__(self, vector: Any, parameters: Tensors) -> None:
        self.parameters = dict(parameters)
        self.vector = vector
        self._u = torch.zeros_like(vector, requires_grad=True)
        self._pulled: dict[str, Any] = {}
        if vector.requires_grad:
            try:
                grads = self._grads(self._u, create_graph=True)
                self._pulled = {n: g for n, g in grads.items() if g.requires_grad}
                if not self._are_twice_differentiable():
                    self._pulled = self._by_each_row()
            except (RuntimeError, Unanswered):  # of what torch cannot differentiate twice
                self._pulled = self._by_each_row()

    def _grads(self, u: Any, **options: Any) -> dict[str, Any]:
        try:
            grads = torch.autograd.grad(self.vector, list(self.parameters.values()), u, allow_unused=True, **options)
        except RuntimeError as error:
            raise Unanswered(f"torch cannot differentiate it: {in_a_line(error)}") from error
        return {n: g for n, g in zip(self.parameters, grads, strict=True) if g is not None}

    def _are_twice_differentiable(self) -> bool:
        """Whether u.(J v) is (J' u).v, where the former is by two derivatives."""
        u, v = _random(self.vector), {n: _random(p) for n, p in self.parameters.items()}
        slope, pulled = self.along(v), self._grads(u, retain_graph=True)
        error = (slope * u).sum() - sum((v[n] * g).sum() for n, g in pulled.items())
        return bool(abs(error) <= _AGREES * (slope.norm() * u.norm() + 1e-300))

    def _by_each_row(self) -> dict[str, Any]:
        """J' u, linear in u, by J."""
        if len(self.vector) * sum(p.numel() for p in self.parameters.values()) > MOST_ENTRIES:
            raise Unanswered(f"torch cannot differentiate it twice, and its Jacobian needs more than {MEMORY}")
        rows = [self._grads(e, retain_graph=True) for e in torch.eye(len(self.vector), dtype=self.vector.dtype)]
        return {
            n: (self._u @ torch.stack([row[n].reshape(-1) for row in rows])).reshape(p.shape)
            for n, p in self.parameters.items()
            if all(n in row for row in rows)
        }

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
        return {n: g for n, g in self._grads(u, retain_graph=True).items() if n in self._pulled}

    def reached(self) -> list[str]:
        """The parameters that a gradient reaches: one beyond rounding, where a graph alone may give 0."""
        least = _ROUNDING * float(self.vector.detach().abs().max()) if len(self.vector) else 0.0
        pulled = self.back(_random(self.vector)) if self._pulled else {}
        if not all(bool(torch.isfinite(g).all()) for g in pulled.values()):
            raise Unanswered("a gradient of it is not finite")
        return [n for n, g in pulled.items() if float(g.abs().max()) > least]

    def columns(self, *names: str) -> Any:
        """J of some parameters, (equations, entries): by rows where these are fewer."""
        if len(self.vector) * sum(self.parameters[n].numel() for n in names) > MOST_ENTRIES:
            raise Unanswered(f"its Jacobian needs more than {MEMORY}")
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

    def span(self, names: Sequence[str]) -> Any:
        """Columns that span those of J of some parameters: J itself, or products with random vectors where it is wide.

        So many products span all of J that more of them are in the span of the others.

        Raises:
            Unanswered: they need too much memory.
        """
        pulled = [self._pulled[n] for n in names if n in self._pulled]
        count, products = sum(g.numel() for g in pulled), torch.zeros(0, len(self.vector), dtype=self.vector.dtype)
        generator, width = torch.Generator().manual_seed(8), _CHUNK
        while width < min(count, len(self.vector)):
            if len(self.vector) * width > MOST_ENTRIES:
                raise Unanswered(f"its Jacobian needs more than {MEMORY}")
            while len(products) < width:
                vectors = [torch.randn(_CHUNK, *g.shape, generator=generator, dtype=g.dtype) for g in pulled]
                products = torch.cat([products, self._batched(pulled, [self._u], vectors)[0]])
            values = torch.linalg.svdvals(products / products.norm(dim=1, keepdim=True))
            if int((values > _FLAT * values[0]).sum()) < width - _SPARE:
                return products.T
            width *= 2
        return self.columns(*names)

    def _by_rows(self, blocks: Sequence[tuple[str, Any]]) -> None:
        at = 0
        for chunk in torch.eye(len(self.vector), dtype=self.vector.dtype).split(_CHUNK):
            rows = self._batched(self.vector, [self.parameters[n] for n, _ in blocks], chunk)
            for (_, block), row in zip(blocks, rows, strict=True):
                block[at : at + len(chunk)] = row.reshape(len(chunk), -1)
            at += len(chunk)

    @staticmethod
    def _batched(vector: Any, inputs: Sequence[Any], chunk: Any) -> Any:
        try:
            grads = torch.autograd.grad(vector, inputs, chunk, retain_graph=True, is_grads_batched=True)
        except RuntimeError:  # of a function of the user's that has no batched rule
            rows = zip(*chunk, strict=True) if isinstance(chunk, list) else chunk
            each = [torch.autograd.grad(vector, inputs, row, retain_graph=True) for row in rows]
            grads = [torch.stack(rows) for rows in zip(*each, strict=True)]
        return [v.detach() for v in grads]


def in_a_line(error: Exception) -> str:
    """The kind and the first line of an error of a user's module."""
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"


def _random(like: Any) -> Any:
    return torch.randn(like.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def _input(value: Any) -> Any:
    if not isinstance(value, torch.Tensor):
        return value
    return value.detach().cpu().double() if value.is_floating_point() else value.detach().cpu()


def _finite(value: Any) -> Any:
    """A vector of the entries, with 0 for those that are masked by infinities."""
    return torch.where(torch.isfinite(value), value, torch.zeros_like(value)).reshape(-1)


def _rows(event: Event) -> Any:
    """The scores, a row for each input; convolutions have experts in their second dimension."""
    operand = event.operand
    if operand.dim() > 2 and any(map(is_convolution, products_above(operand.grad_fn)[0])):
        operand = operand.movedim(1, -1)
    return _finite(operand).reshape(-1, operand.shape[-1])


def _logarithm(outputs: Sequence[Any]) -> Any:
    """The logarithm of the first output, up to which scores are determined, where it is positive."""
    for value in outputs:
        if value.is_floating_point() and value.dim() > 1:
            rows = value.reshape(-1, value.shape[-1])
            rows = rows.log() if bool((rows > 0).all()) else rows
            return rows - rows.mean(1, keepdim=True)
    return None
