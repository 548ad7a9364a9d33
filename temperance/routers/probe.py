"""Runs a router in double precision, watches it as it runs, and takes derivatives of what it gives.

A function mode of torch sees every function that a module calls, with the tensors that it takes and gives. Where
precision is double, casts to less are made casts to double: so `F.linear(x.float(), W)` is as exact as the rest.

All derivatives, by the parameters that a router trains, are by reverse mode: forward mode passes through
`torch.no_grad`, and a training does not. A product J v is the derivative of u -> J' u, which is linear, in the
direction v; where torch cannot take that derivative, J is computed row by row.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, is_dataclass
from functools import partial
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves, tree_map

SOFTMAXES = ("softmax", "log_softmax", "gumbel_softmax")
SCORED = (*SOFTMAXES, "sigmoid", "special_expit", "logsigmoid", "log_sigmoid", "softplus", "relu")
"""Functions that turn scores into weights."""
SELECTED = ("topk", "argmax", "argsort", "sort", "kthvalue")
PRODUCTS = tuple(f"{n}Backward" for n in ("Mm", "Addmm", "Bmm", "Baddbmm", "Cdist", "Mv", "Convolution"))
ENDS = ("EmbeddingBackward", "NativeBatchNormBackward", "ScaledDotProduct")
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
        if not isinstance(operand, torch.Tensor) or torch._C._functorch.is_functorch_wrapped_tensor(operand):
            return
        power = args[1] if name == "pow" and len(args) == 2 else None
        if isinstance(power, torch.Tensor) and power.requires_grad and bool(((operand >= 0) & (operand <= 1)).all()):
            events, operand = self.scores, operand.log() * power  # p^a over its sum is softmax of a log p
        if events is not None and operand.is_floating_point():
            named = {str(i): a for i, a in enumerate(args[1:])} | {k: v for k, v in options.items() if k != "input"}
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


def products_above(node: Any) -> tuple[list[Any], set[Any]]:
    """The products nearest to a node of a graph, and the nodes on the way."""
    nodes: set[Any] = set()
    open_, products = [node], []
    while open_ and len(nodes) < MOST_NODES:
        node = open_.pop()
        if node is None or node in nodes:
            continue
        nodes.add(node)
        if node.name().startswith(PRODUCTS):
            products.append(node)
        elif not node.name().startswith(ENDS):
            open_ += [below for below, _ in node.next_functions]
    return products, nodes


Tensors = Mapping[str, Any]
_DIFFERENTIABLE = partial(sdpa_kernel, SDPBackend.MATH)
"""Of the ways to compute attention, the one that has second derivatives."""
_CHUNK = 64
_ROUNDING = 1e-13
_AGREES = 1e-9
_FLAT, _SPARE = 1e-11, 8
MEMORY = "2 GB"
MOST_ENTRIES, MOST_PARAMETERS = 2 * 10**9 // 32, 2 * 10**9 // 48
"""In this memory: numbers of a Jacobian, in double precision with three copies, and of a module with five."""


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

    @property
    def points(self) -> int:
        """The number of inputs that have scores, or of the first output."""
        whole = next((v for v in self.leaves if v.dim()), None)
        return len(self.scores) if self.scores is not None else 0 if whole is None else len(whole)

    @property
    def distinct(self) -> int:
        """The number of inputs that have scores, equal ones once."""
        return self.points if self.scores is None else len(torch.unique(self.scores.detach().round(decimals=9), dim=0))

    def equals(self, other: Run) -> bool:
        """Whether the outputs that are seen are the same."""
        pairs = list(zip((self.floats, *self.whole), (other.floats, *other.whole), strict=False))
        return len(self.whole) == len(other.whole) and all(torch.equal(v, w) for v, w in pairs)


class Unanswered(ValueError):
    """A router cannot be asked: it fails, or its derivatives cannot be taken. The message is one line."""


@dataclass(frozen=True)
class Router:
    """A router in a model.

    where: its name. module: it. inputs: args and kwargs of a call with enough inputs. own: those of the user, or None.
    scores: which of the scores in its call are meant; first: those that are made of no others of them. used_outputs:
    those that the rest of the network sees, None for all. elsewhere: its parameters that other parts of the model use
    too. again: whether a loss applies softmax to its probabilities. training: whether its scores are made in training
    alone. asked: the parameters that are meant to be its temperature, each with whether the model trains it; all are
    looked at where there are none. drawn: whether the inputs are random; narrow: whether they span few dimensions.
    """

    where: str
    module: Any
    inputs: tuple[Any, Any]
    own: tuple[Any, Any] | None = None
    scores: tuple[int, ...] = (0,)
    first: tuple[int, ...] = (0,)
    used_outputs: tuple[int, ...] | None = None
    elsewhere: frozenset[str] = frozenset()
    again: bool = False
    training: bool = False
    asked: Mapping[str, bool] = field(default_factory=dict)
    drawn: bool = False
    narrow: bool = False


class Probe:
    """A router with its inputs, while it is in double precision; a call changes nothing of it.

    Args:
        training: the mode. score: which of its scores are meant.
        virtual: whether its first scores are divided by a temperature that it has not, named "tau".
    """

    def __init__(self, router: Router, training: bool, score: int, virtual: bool = False) -> None:
        self.router, self.module, self.training, self.score = router, router.module, training, score
        self.length, self.tau = (torch.ones((), dtype=torch.float64, requires_grad=True) for _ in range(2))
        self.parameters: dict[str, Any] = {n: p for n, p in self.module.named_parameters() if p.requires_grad}
        self._divided = router.first if virtual else ()
        if virtual:
            self.parameters["tau"] = self.tau

    def _given(self, value: Any) -> Any:
        """An input in double precision; hidden states have a length, by which one can differentiate."""
        if not isinstance(value, torch.Tensor):
            return value
        value = value.detach().cpu().clone()
        value = value.double() if value.is_floating_point() else value
        return value * self.length if value.is_floating_point() and value.dim() > 1 else value

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
        """Call the router, with the same random numbers and buffers each time; scaled: weights that are reduced."""
        watch = Watch(double=True, at=scaled or self._divided, tau=self.tau, factor=1 - 1e-6 if scaled else 1.0)
        args, kwargs = tree_map(self._given, self.router.inputs)
        try:
            with restored(self.module), _DIFFERENTIABLE(), torch.random.fork_rng([]), torch.enable_grad(), watch:
                torch.manual_seed(0)
                gave = self.module.train(self.training)(*args, **kwargs)
        except Exception as error:  # whatever the user's module raises
            mode = "training" if self.training else "evaluation"
            raise Unanswered(f"in double precision and {mode} it raises {in_a_line(error)}") from error
        leaves = tuple(tensors_in(gave))
        used = self.router.used_outputs
        tensors = [v for i, v in enumerate(leaves) if used is None or i in used]
        floats = [finite(v) for v in tensors if v.is_floating_point()]
        whole = tuple(v.detach() for v in tensors if not v.is_floating_point())
        event = watch.scores[self.score] if 0 <= self.score < len(watch.scores) else None
        scores = (
            rows(event.operand, event.operand)
            if event is not None
            else None
            if watch.scores and self.score >= 0
            else _logarithm(tensors)
        )
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
        u, v = random_like(self.vector), {n: random_like(p) for n, p in self.parameters.items()}
        slope, pulled = self.along(v), self._grads(u, retain_graph=True)
        error = (slope * u).sum() - sum((v[n] * g).sum() for n, g in pulled.items())
        least = _ROUNDING * self.vector.detach().norm()  # as the length of the inputs of cosines moves nothing
        return bool(abs(error) <= _AGREES * slope.norm() * u.norm() + least * u.norm())

    def _by_each_row(self) -> dict[str, Any]:
        """J' u, linear in u, by J."""
        self._require_memory(sum(p.numel() for p in self.parameters.values()))
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

    def reached(self) -> list[str]:
        """The parameters that a gradient reaches: one beyond rounding, where a graph alone may give 0."""
        least = _ROUNDING * float(self.vector.detach().abs().max()) if len(self.vector) else 0.0
        pulled = self._grads(random_like(self.vector), retain_graph=True) if self._pulled else {}
        pulled = {n: g for n, g in pulled.items() if n in self._pulled}
        if not all(bool(torch.isfinite(g).all()) for g in pulled.values()):
            raise Unanswered("a gradient of it is not finite")
        return [n for n, g in pulled.items() if float(g.abs().max()) > least]

    def columns(self, *names: str) -> Any:
        """J of some parameters, (equations, entries)."""
        self._require_memory(sum(self.parameters[n].numel() for n in names))
        blocks = [torch.zeros(len(self.vector), self.parameters[n].numel(), dtype=self.vector.dtype) for n in names]
        for name, block in zip(names, blocks, strict=True):
            if name in self._pulled:
                shape = self._pulled[name].shape
                basis = torch.eye(block.shape[1], dtype=block.dtype).reshape(-1, *shape).split(_CHUNK)
                block.copy_(torch.cat([self._products([self._pulled[name]], [chunk]) for chunk in basis]).T)
        return torch.cat([self.vector.new_zeros(len(self.vector), 0), *blocks], dim=1)

    def span(self, names: Sequence[str]) -> Any:
        """Columns that span those of J of some parameters: J itself, or products with random vectors where it is wide.

        So many products span all of J that more of them are in the span of the others.
        """
        pulled = [self._pulled[n] for n in names if n in self._pulled]
        if sum(g.numel() for g in pulled) <= len(self.vector):
            return self.columns(*names)
        generator, width = torch.Generator().manual_seed(8), _CHUNK
        products = torch.zeros(0, len(self.vector), dtype=self.vector.dtype)
        while True:
            self._require_memory(width)
            while len(products) < width:
                vectors = [torch.randn(_CHUNK, *g.shape, generator=generator, dtype=g.dtype) for g in pulled]
                products = torch.cat([products, self._products(pulled, vectors)])
            values = torch.linalg.svdvals(products / products.norm(dim=1, keepdim=True))
            if width >= len(self.vector) or int((values > _FLAT * values[0]).sum()) < width - _SPARE:
                return products.T
            width *= 2

    def _products(self, pulled: Sequence[Any], vectors: Sequence[Any]) -> Any:
        """J v for a batch of v, (vectors, equations)."""
        try:
            return torch.autograd.grad(pulled, self._u, vectors, retain_graph=True, is_grads_batched=True)[0].detach()
        except RuntimeError:  # of a function of the user's that has no batched rule
            each = [torch.autograd.grad(pulled, self._u, v, retain_graph=True) for v in zip(*vectors, strict=True)]
            return torch.cat([slope.detach()[None] for (slope,) in each])

    def _require_memory(self, width: int) -> None:
        if len(self.vector) * width > MOST_ENTRIES:
            raise Unanswered(f"its Jacobian needs more than {MEMORY}")


def in_a_line(error: Exception) -> str:
    """The kind and the first line of an error of a user's module."""
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"


def random_like(like: Any) -> Any:
    """Normal numbers, the same each time."""
    return torch.randn(like.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def finite(value: Any) -> Any:
    """A vector of the entries, with 0 for those that are masked by infinities."""
    return torch.where(torch.isfinite(value), value, torch.zeros_like(value)).reshape(-1)


def rows(values: Any, scores: Any) -> Any:
    """Values of the shape of scores, a row for each input; convolutions have experts in their second dimension."""
    if scores.dim() > 2 and any(n.name().startswith("Convolution") for n in products_above(scores.grad_fn)[0]):
        values = values.movedim(1, -1)
    return finite(values).reshape(-1, values.shape[-1])


def _logarithm(outputs: Sequence[Any]) -> Any:
    """The logarithm of the first output, up to which scores are determined, where it is positive."""
    for value in outputs:
        if value.is_floating_point() and value.dim() > 1:
            rows = value.reshape(-1, value.shape[-1])
            rows = rows.log() if bool((rows > 0).all()) else rows
            return rows - rows.mean(1, keepdim=True)
    return None
