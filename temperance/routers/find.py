"""Finds the routers of a model by their structure, and the inputs that they get.

A router is a softmax, sigmoid or top-k over a product of hidden states with a parameter; attention, whose scores are a
product of two hidden states, is none. The unit that is examined is the smallest module in which the product, the
weights and the selection are made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._pytree import tree_leaves, tree_map

from temperance.routers.examine import Router
from temperance.routers.watch import ENDS, MOST_NODES, Event, Watch, products_above

Inputs = tuple[tuple[Any, ...], dict[str, Any]]
_MOST_EXPERTS = 4096
_ONE = 1e-5
_NAMES = ("rout", "gate", "gating", "moe")


def routers(model: Any, example: Inputs | None) -> list[Router]:
    """The routers of a model, with inputs: of its own, and random ones like them.

    Args:
        model: a torch.nn.Module; it is not changed. example: args and kwargs of its call; None: random ones are tried.

    Raises:
        ValueError: the model cannot be called with these inputs, or needs some.
    """
    mode, trained = model.training, {p: p.requires_grad for p in model.parameters()}
    inputs = example if example is not None else _random_inputs(model)
    try:
        model.eval()
        for p in trained:
            p.requires_grad_(p.is_floating_point())
        watch = Watch({id(m): n for n, m in model.named_modules()})
        gave = _call(model, inputs, watch)
        units = _units(watch)
        if example is None and len(units) == 1:
            units[0].path = ""  # a router alone, and all that it does
        if not units and (example is None or any(map(_weights, tree_leaves(gave)))):
            units = [_Unit("", list(watch.scores), set(), set())]
    finally:
        for p, was in trained.items():
            p.requires_grad_(was)
        model.train(mode)
    return _with_inputs(model, units, watch, inputs, example is not None)


def _call(model: Any, inputs: Inputs, watch: Watch) -> Any:
    args, kwargs = tree_map(lambda v: v.clone() if isinstance(v, torch.Tensor) else v, inputs)
    buffers = {n: b.clone() for n, b in model.named_buffers()}
    try:
        with torch.random.fork_rng(devices=[]), torch.enable_grad(), watch.following():
            torch.manual_seed(0)
            return model(*args, **kwargs)
    except Exception as error:  # whatever the user's model raises
        reason = (str(error).splitlines() or [""])[0]
        raise ValueError(f"the model does not run on these inputs: {type(error).__name__}: {reason}") from error
    finally:
        with torch.no_grad():
            for name, buffer in model.named_buffers():
                if name in buffers:
                    buffer.copy_(buffers[name])


@dataclass
class _Unit:
    """A router that is being found: its path, scores, the nodes of the graph that make them, and nearest products."""

    path: str
    events: list[Event]
    nodes: set[Any]
    products: set[Any]
    again: bool = False


def _weights(value: Any) -> bool:
    """Whether an output may be weights of experts: rows of numbers from 0 to 1."""
    rows = isinstance(value, torch.Tensor) and value.is_floating_point() and value.dim() > 1
    return rows and bool(((value >= 0) & (value <= 1)).all())


def _units(watch: Watch) -> list[_Unit]:
    """The routers."""
    units: list[_Unit] = []
    for event in watch.scores:
        products, nodes = products_above(event.operand.grad_fn)
        selections = [s for s in watch.selections if _depends(s, event, nodes)]
        others = [u for u in units if u.products & set(products) or any(e.gave.grad_fn in nodes for e in u.events)]
        if others:
            for unit in others:
                if len(others) == 1 and _near(unit.path, event.path):
                    unit.path, unit.nodes = _common([unit.path, event.path]), unit.nodes | nodes
                    unit.events.append(event)
                elif "softmax" in event.name and probabilities(event):
                    unit.again = True
        elif _is_router(event, products, selections):
            path = _common([event.path, *(watch.makers[n] for n in products if n in watch.makers)])
            if _near(path, event.path):
                near = [s.path for s in selections if _near(path, s.path)]
                units.append(_Unit(_common([path, *near]), [event], nodes, set(products)))
    for unit in units:
        unit.path = _called(unit.path, watch)
    return units


def _called(path: str, watch: Watch) -> str:
    """The smallest module that holds a path and is called, as a list of modules is not."""
    while path not in watch.called:
        path = path.rpartition(".")[0]
    return path


def _is_router(event: Event, products: Sequence[Any], selections: Sequence[Event]) -> bool:
    """Whether scores are products with parameters, several to an input, that weigh or select."""
    k = event.operand.shape[event.dim] if event.operand.dim() else 1
    weighs = "softmax" in event.name or selections or not event.path or _is_named(event.path)
    return bool(1 < k <= _MOST_EXPERTS and products and weighs and all(map(_by_parameter, products)))


def _is_named(path: str) -> bool:
    """Whether a module has the name of a router: of two sigmoids one may be an activation."""
    return any(word in path.lower() for word in _NAMES)


def _near(path: str, other: str) -> bool:
    """Whether one module holds the other, or both stand in one module, at most a step away."""
    common = _common([path, other])
    return all((p.count(".") + bool(p)) - (common.count(".") + bool(common)) <= 1 for p in (path, other))


def probabilities(event: Event) -> bool:
    """Whether scores are probabilities already: positive, with the sum 1."""
    scores = event.operand.detach()
    return bool((scores >= 0).all()) and bool(((scores.sum(event.dim) - 1).abs() < _ONE).all()) and scores.shape[-1] > 1


def _ordinals(watch: Watch, unit: str, events: Sequence[Event]) -> tuple[int, ...]:
    """The places of events among the scores of the call of a unit in which the first was made."""
    if not events:
        return (0,)
    call = next((entry for entry in events[0].stack if entry[0] == unit), events[0].stack[0])
    inside = [e for e in watch.scores if call in e.stack]
    return tuple(i for i, e in enumerate(inside) if any(e is other for other in events))


def _by_parameter(product: Any) -> bool:
    """Whether one factor of a product is made of parameters alone."""
    return any(_of_parameters(below) for below, _ in product.next_functions[-2:] if below is not None)


def _of_parameters(node: Any) -> bool:
    products, nodes = products_above(node)
    return not products and not any(n.name().startswith(ENDS) for n in nodes) and len(nodes) < MOST_NODES


def _depends(selection: Event, event: Event, before: set[Any]) -> bool:
    """Whether a selection is made of weights, or weights of a selection."""
    return selection.operand.grad_fn in before - {None} or event.makes(selection)


def _common(paths: Sequence[str]) -> str:
    """The smallest module that holds all."""
    parts = [path.split(".") if path else [] for path in paths]
    same = []
    for names in zip(*parts, strict=False):
        if len(set(names)) > 1:
            break
        same.append(names[0])
    return ".".join(same)


def _with_inputs(model: Any, units: Sequence[_Unit], watch: Watch, inputs: Inputs, has_example: bool) -> list[Router]:
    modules = dict(model.named_modules())
    ordinals = {id(unit): _ordinals(watch, unit.path, unit.events) for unit in units}
    first = {id(u): [e for e in u.events if not any(other.makes(e) for other in u.events)] for u in units}
    firsts = {id(unit): _ordinals(watch, unit.path, first[id(unit)]) for unit in units}
    first_watch, watch = watch, Watch(watch.paths)
    names = {unit.path for unit in units}
    watch.uses.update({id(p): set() for name in names for p in modules[name].parameters()})
    own, gave, trained = _caught(model, {n: modules[n] for n in names}, inputs, watch)
    if trained - {""}:  # a temperature may come as an argument: whoever gives it is part of the router
        for unit in units:
            unit.path = _called(unit.path.rpartition(".")[0], first_watch) if unit.path in trained else unit.path
        return _with_inputs(model, units, first_watch, inputs, has_example)
    result: list[Router] = []
    for unit in units:
        path, module = unit.path, modules[unit.path]
        if any((r.where, r.scores) == (path, ordinals[id(unit)]) for r in result):
            continue  # called again
        used = _find_used_outputs(watch, path, gave[path]) if path else None
        elsewhere = {n for n, p in module.named_parameters() if _outside(watch.uses.get(id(p), set()), path)}
        result.append(
            Router(
                path,
                module,
                own[path],
                own[path] if has_example else None,
                ordinals[id(unit)],
                firsts[id(unit)],
                used,
                frozenset(elsewhere),
                unit.again,
            )
        )
    return result


def _caught(
    model: Any, modules: Mapping[str, Any], inputs: Inputs, watch: Watch
) -> tuple[dict[str, Inputs], dict[Any, Any], set[str]]:
    """The inputs and outputs of the first call of each module, and those that get a trained number or vector.

    The outputs of the model have the key None.
    """
    own: dict[str, Inputs] = {}
    trained: set[str] = set()
    gave: dict[Any, list[Any]] = {}

    def caught(name: str) -> Any:
        def enter(_: Any, args: Any, kwargs: Any) -> None:
            own.setdefault(name, tree_map(_copied, (tuple(args), dict(kwargs))))
            tensors = [v for v in tree_leaves((args, kwargs)) if isinstance(v, torch.Tensor) and v.requires_grad]
            trained.update([name] if any(v.dim() < 2 or v.numel() == 1 for v in tensors) else [])

        return enter

    def leaving(name: str) -> Any:
        def leave(_: Any, __: Any, output: Any) -> None:
            leaves = [v for v in tree_leaves(output) if isinstance(v, torch.Tensor)]
            gave.setdefault(name, leaves)
            watch.uses.update({id(v): watch.uses.get(id(v), set()) for v in leaves})

        return leave

    handles = [m.register_forward_pre_hook(caught(n), with_kwargs=True) for n, m in modules.items()]
    handles += [m.register_forward_hook(leaving(n)) for n, m in modules.items()]
    mode = model.training
    try:
        gave[None] = tree_leaves(_call(model.eval(), inputs, watch))
    finally:
        model.train(mode)
        for handle in handles:
            handle.remove()
    return own, {name: (leaves, {id(v) for v in gave[None]}) for name, leaves in gave.items()}, trained


def _find_used_outputs(watch: Watch, unit: str, gave: tuple[list[Any], set[int]]) -> tuple[int, ...] | None:
    """The outputs that something outside of a unit takes."""
    leaves, last = gave
    used = [i for i, v in enumerate(leaves) if id(v) in last or _outside(watch.uses.get(id(v), set()), unit)]
    return None if len(used) in (0, len(leaves)) else tuple(used)


def _outside(paths: set[str], unit: str) -> bool:
    return any(not (path == unit or path.startswith(f"{unit}.") or not unit) for path in paths)


def _copied(value: Any) -> Any:
    return value.detach().clone() if isinstance(value, torch.Tensor) else value


def _random_inputs(model: Any) -> Inputs:
    """Inputs for a router alone: x of shape (64, d), or (2, 32, d), with a d that fits."""
    generator = torch.Generator().manual_seed(6)
    sizes = dict.fromkeys(n for p in model.parameters() if p.dim() > 1 for n in reversed(p.shape))
    kind = next((p.dtype for p in model.parameters() if p.is_floating_point()), torch.float32)
    for shape in [(64, d) for d in sizes] + [(2, 32, d) for d in sizes]:
        inputs: Inputs = ((torch.randn(shape, generator=generator, dtype=torch.float64).to(kind),), {})
        mode = model.training
        try:
            _call(model.eval(), inputs, Watch())
        except ValueError:
            continue
        finally:
            model.train(mode)
        return inputs
    raise ValueError("no random x of shape (n, d) or (batch, n, d) fits the module; give inputs: audit(model, inputs)")
