"""Watches a torch module as it runs: its scores, selections and products, in double precision if asked to.

A function mode of torch sees every function that a module calls, with the tensors that it takes and gives. Where
precision is double, casts to less are made casts to double: so `F.linear(x.float(), W)` is as exact as the rest.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves, tree_map

_SOFTMAXES = ("softmax", "log_softmax", "gumbel_softmax")
SCORED = (*_SOFTMAXES, "sigmoid", "special_expit", "logsigmoid", "log_sigmoid", "softplus", "relu")
"""Functions that turn scores into weights."""
SELECTED = ("topk", "argmax", "argsort", "sort", "kthvalue")
_PRODUCTS = ("MmBackward", "AddmmBackward", "BmmBackward", "BaddbmmBackward", "CdistBackward", "MvBackward")
ENDS = ("EmbeddingBackward", "ConvolutionBackward", "NativeBatchNormBackward", "ScaledDotProduct")
MOST_NODES = 400
"""Where a walk through a graph ends: at products, at what makes hidden states, and after so many nodes."""
_FACTORY_TYPES = {torch.FloatTensor, torch.HalfTensor, torch.BFloat16Tensor}
_LESS = (torch.float32, torch.float16, torch.bfloat16)
_CASTS = ("float", "half", "bfloat16")


@dataclass(frozen=True)
class Event:
    """A function that was called.

    name: its own. stack: the modules that were being called, outermost first, with the number of the call. operand,
    gave: tensors. options: its other arguments.
    """

    name: str
    stack: tuple[tuple[str, int], ...]
    operand: Any
    gave: Any
    options: dict[str, Any]

    @property
    def path(self) -> str:
        """The module that called it."""
        return self.stack[-1][0]

    def makes(self, other: Event) -> bool:
        """Whether what this gave is part of the operand of another, with no product between."""
        return self.gave.grad_fn is not None and self.gave.grad_fn in products_above(other.operand.grad_fn)[1]

    @property
    def dim(self) -> int:
        """The dimension of the scores."""
        plain = [v for v in self.options.values() if isinstance(v, int) and not isinstance(v, bool)]
        return self.options.get("dim", plain[0] if plain and "softmax" in self.name else -1)


class Watch(TorchFunctionMode):
    """Notes what happens while it is entered.

    Args:
        paths: of modules, by their id.
        double: whether all floating point numbers are made double.
        caught: modules, by their paths.
        at, tau: the scores of these numbers among `scores` are divided by tau before they become weights.
        factor: what the weights that these make are multiplied by.

    Attributes:
        scores, selections: events, in order. makers: the module that made a tensor, by the node of its graph.
        uses: the modules that use a tensor, by its id, of those that are there as keys.
        outputs: by each module that was called, the nodes of what it gave. inputs, first: what those that are caught
        took and gave first.
    """

    def __init__(
        self,
        paths: dict[int, str] | None = None,
        double: bool = False,
        caught: Collection[str] = (),
        at: Sequence[int] = (),
        tau: Any = None,
        factor: float = 1.0,
    ) -> None:
        super().__init__()
        self.paths, self.double, self.at, self.tau = paths or {}, double, at, tau
        self.factor, self.caught = factor, caught
        self.stack: list[tuple[str, int]] = [("", 0)]
        self.calls = 0
        self.inputs: dict[str, Any] = {}
        self.first: dict[str, list[Any]] = {}
        self.outputs: dict[str, list[Any]] = {"": []}
        self.scores: list[Event] = []
        self.selections: list[Event] = []
        self.makers: dict[Any, str] = {}
        self.uses: dict[int, set[str]] = {}

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call a function, and note it."""
        name, options = getattr(func, "__name__", ""), kwargs or {}
        if self.double:
            args, options = tree_map(_doubled_type, (tuple(args), options))
            in_place = name.endswith("_") or name == "__setitem__"
            args = (*args[:in_place], *tree_map(_doubled, args[in_place:]))
            if name in _CASTS and isinstance(args[0], torch.Tensor):
                return args[0].double()
        is_target = name in SCORED and len(self.scores) in self.at
        if is_target and self.tau is not None:
            args = (_divided(args[0], self.tau), *args[1:]) if args else args
            options = {k: _divided(v, self.tau) if k == "input" else v for k, v in options.items()}
        gave = func(*args, **options)
        if is_target and self.factor != 1.0:
            gave = gave * self.factor
        if self.double and isinstance(gave, torch.Tensor | tuple | list):
            gave = tree_map(_doubled, gave)
        self._note(name, args, options, gave)
        return gave

    def _note(self, name: str, args: Any, options: dict[str, Any], gave: Any) -> None:
        if self.paths and isinstance(gave, torch.Tensor | tuple | list):
            if isinstance(gave, torch.Tensor) and gave.grad_fn is not None:
                self.makers.setdefault(gave.grad_fn, self.stack[-1][0])
            for tensor in tree_leaves((args, options)):
                if id(tensor) in self.uses:
                    self.uses[id(tensor)].add(self.stack[-1][0])
        events = self.scores if name in SCORED else self.selections if name in SELECTED else None
        operand = args[0] if args else options.get("input")
        if events is None or not isinstance(operand, torch.Tensor):
            return
        if operand.is_floating_point() and not torch._C._functorch.is_functorch_wrapped_tensor(operand):
            named = {
                **{str(i): a for i, a in enumerate(args[1:])},
                **{k: v for k, v in options.items() if k != "input"},
            }
            cold = named.get("tau", named.get("0", 1.0)) if name == "gumbel_softmax" else 1.0
            operand = operand if isinstance(cold, float) and cold == 1.0 else operand / cold
            events.append(Event(name, tuple(self.stack), operand, gave, named))

    @contextmanager
    def following(self) -> Iterator[Watch]:
        """The watch, entered, with the modules that are called."""
        call = torch.nn.Module.__call__

        def called(module: Any, *args: Any, **kwargs: Any) -> Any:
            self.calls += 1
            path = self.paths.get(id(module), self.stack[-1][0])
            if path in self.caught and path not in self.inputs:
                self.inputs[path] = tree_map(_copied, (args, kwargs))
            inner, self.stack = self.stack, [*self.stack, (path, self.calls)]
            try:
                gave = call(module, *args, **kwargs)
            finally:
                self.stack = inner
            if path != inner[-1][0] or len(inner) == 1:
                tensors = list(tensors_in(gave))
                self.outputs.setdefault(path, []).extend(v.grad_fn for v in tensors)
                if path in self.caught:
                    self.first.setdefault(path, tensors)
                    self.uses.update({id(v): self.uses.get(id(v), set()) for v in tensors})
            return gave

        try:
            torch.nn.Module.__call__ = called
            with self:
                yield self
        finally:
            torch.nn.Module.__call__ = call


def _copied(value: Any) -> Any:
    return value.detach().clone() if isinstance(value, torch.Tensor) else value


def tensors_in(value: Any) -> Iterator[Any]:
    """The tensors of something that a module took or gave, in order; also those of dataclasses."""
    for leaf in tree_leaves(value):
        if isinstance(leaf, torch.Tensor):
            yield leaf
        elif is_dataclass(leaf) and not isinstance(leaf, type):
            yield from tensors_in([getattr(leaf, field.name) for field in fields(leaf)])


@contextmanager
def restored(module: Any, double: bool = False) -> Iterator[Any]:
    """A module that is used, and is left as it was: its mode, its attributes, and what its lists and tables hold.

    Buffers are copies meanwhile, so that what is written into them is forgotten. double: all of its numbers are copies
    in double precision on the CPU; the module itself is none, so that its hooks and closures see them, and that it may
    hold what cannot be copied.
    """
    before: list[tuple[Any, Any]] = []
    for m in module.modules():
        if not isinstance(m, torch.jit.ScriptModule):
            held = [v for v in m.__dict__.values() if isinstance(v, dict | list | set)]
            before += [(m.__dict__, dict(m.__dict__)), *((v, copy.copy(v)) for v in held)]
    mode, tensors = module.training, [(t, t.data) for t in module.buffers()]
    tensors += [(t, t.data) for t in module.parameters()] if double else []
    try:
        for tensor, data in tensors:
            kind = torch.float64 if double and data.is_floating_point() else data.dtype
            tensor.data = data.to("cpu" if double else data.device, kind, copy=True)
        yield module
    finally:
        module.train(mode)
        for container, contents in before:
            container.clear()
            (container.extend if isinstance(container, list) else container.update)(contents)
        for tensor, data in tensors:
            tensor.data = data


def _divided(scores: Any, tau: Any) -> Any:
    """Scores over tau; infinities, which mask experts, stay as they are."""
    finite = torch.isfinite(scores)
    return torch.where(finite, torch.where(finite, scores, torch.zeros_like(scores)) / tau, scores)


def _doubled_type(value: Any) -> Any:
    """The type of double precision in place of one of less."""
    less = value in _LESS if isinstance(value, torch.dtype) else isinstance(value, type) and value in _FACTORY_TYPES
    return torch.float64 if less else value


def _doubled(value: Any) -> Any:
    return value.double() if isinstance(value, torch.Tensor) and value.dtype in _LESS else value


def is_convolution(node: Any) -> bool:
    """Whether a node is a product of each point of an image with a parameter, a convolution of size 1."""
    return node.name().startswith("ConvolutionBackward") and all(n == 1 for n in node._saved_weight.shape[2:])


def is_product(node: Any) -> bool:
    """Whether a node is a product."""
    return node.name().startswith(_PRODUCTS) or is_convolution(node)


def products_above(node: Any) -> tuple[list[Any], set[Any]]:
    """The products nearest to a node of a graph, and the nodes on the way."""
    nodes: set[Any] = set()
    open_, products = [node], []
    while open_ and len(nodes) < MOST_NODES:
        node = open_.pop()
        if node is None or node in nodes:
            continue
        nodes.add(node)
        if is_product(node):
            products.append(node)
        elif not node.name().startswith(ENDS):
            open_ += [below for below, _ in node.next_functions]
    return products, nodes
