"""Finds the routers of a model by their structure, and the inputs that they get.

A router is a softmax, sigmoid or top-k over a product of hidden states with a parameter; attention, whose scores are a
product of two hidden states, is none. The unit that is examined is the smallest module in which the product, the
weights and the selection are made.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

import torch
from torch.utils._pytree import tree_map

from temperance.routers.probe import (
    ENDS,
    MOST_NODES,
    MOST_PARAMETERS,
    PRODUCTS,
    Event,
    Router,
    Watch,
    in_a_line,
    products_above,
    restored,
    tensors_in,
)

Inputs = tuple[tuple[Any, ...], dict[str, Any]]
_MOST_EXPERTS, _MOST_NODES = 4096, 4000
_ONE = 1e-5
_NAMES = ("rout", "gate", "gating", "moe")


def routers(model: Any, example: Inputs | None, asked: Mapping[Any, bool]) -> list[Router]:
    """The routers of a model, with inputs: of its own, and random ones like them.

    Args:
        model: a torch.nn.Module; it is not changed. example: args and kwargs of its call; None: random ones are tried.
        asked: parameters of the temperatures that are meant, each with whether the model trains it; all by default.

    Raises:
        ValueError: the model cannot be called with these inputs, or needs some.
    """
    were_trained = {p: p.requires_grad for p in model.parameters()}
    ids = {id(p) for p in asked}
    inputs = example if example is not None else _random_inputs(model)
    owners: dict[int, list[str]] = {}
    for name, p in model.named_parameters(remove_duplicate=False):
        owners.setdefault(id(p), []).append(name.rpartition(".")[0])
    try:
        for p in were_trained:
            p.requires_grad_(p.is_floating_point())
        watch = Watch({id(m): n for n, m in model.named_modules()})
        gave = _call(model, inputs, watch)
        units = _units(watch, owners)
        units += [u for u in _trained_units(model, inputs, owners) if not any(_near(u.path, v.path) for v in units)]
        if example is None and len(units) == 1:
            units[0].path = ""  # a router alone, and all that it does
        if not units and (example is None or any(map(_weights, tensors_in(gave)))):
            units = [_Unit("", list(watch.scores), set(), set(), watch)]
        if asked:
            within = [u for u in units if any(id(p) in ids for p in model.get_submodule(u.path).parameters())]
            homes = [owners[id(p)][0] for p in asked] + _makers(gave, ids, watch)
            units = within or [_Unit(_called(_common(homes), watch), [], set(), set(), watch)]
    finally:
        for p, was in were_trained.items():
            p.requires_grad_(was)
    every = _with_inputs(model, units, inputs, example is not None)
    named = [{n: asked[p] for n, p in r.module.named_parameters() if id(p) in ids} for r in every]
    return [replace(r, asked=names) for r, names in zip(every, named, strict=True) if names or not asked]


@contextmanager
def trained(model: Any, temperature: str | None) -> Iterator[dict[Any, bool]]:
    """The parameters of a name, as if all were trained, each with whether it is.

    A buffer or a number becomes a parameter while this lasts.
    """
    if temperature is None:
        yield {}
        return
    path, _, name = temperature.rpartition(".")
    owners = [m for at, m in model.named_modules() if not path or f".{at}".endswith(f".{path}")]
    values = [(m, getattr(m, name)) for m in owners if name in {**vars(m), **m._parameters, **m._buffers, **m._modules}]
    for owner, value in values:
        if isinstance(value, bool) or not isinstance(value, torch.Tensor | float | int):
            raise ValueError(f"temperature {temperature!r} is of {type(value).__name__}, and no number")
        if not isinstance(value, torch.nn.Parameter):
            delattr(owner, name)
            owner.register_parameter(name, torch.nn.Parameter(torch.as_tensor(value).detach().clone().float()))
    asked = {getattr(owner, name): getattr(value, "requires_grad", False) for owner, value in values}
    if not asked:
        raise ValueError(f"the model has no parameter, buffer or number {temperature!r}")
    held = [p for p in asked if not p.requires_grad]
    try:
        for p in held:
            p.requires_grad_(True)
        yield asked
    finally:
        for p in held:
            p.requires_grad_(False)


def _trained_units(model: Any, inputs: Inputs, owners: Mapping[int, Sequence[str]]) -> list[_Unit]:
    """The routers of training, such as those that only choose in evaluation; none of a model that cannot train so."""
    watch = Watch({id(m): n for n, m in model.named_modules()})
    try:
        _call(model, inputs, watch, training=True)
    except ValueError:
        return []
    return [replace(unit, training=True) for unit in _units(watch, owners)]


def _call(model: Any, inputs: Inputs, watch: Watch, training: bool = False) -> Any:
    args, kwargs = tree_map(lambda v: v.clone() if isinstance(v, torch.Tensor) else v, inputs)
    try:
        with restored(model), torch.random.fork_rng(devices=[]), torch.enable_grad(), watch.following():
            torch.manual_seed(0)
            gave = model.train(training)(*args, **kwargs)
    except Exception as error:  # whatever the user's model raises
        raise ValueError(f"the model does not run on these inputs: {in_a_line(error)}") from error
    for value in tensors_in(gave):
        if value.is_floating_point() and bool((torch.isnan(value) | (value == float("inf"))).any()):
            raise ValueError("the model's outputs are not finite on these inputs; give inputs that it can take")
    return gave


@dataclass
class _Unit:
    """A router that is being found: its path, scores, the nodes of the graph that make them, and nearest products.

    watch: of the call in which it was seen. again: whether a loss applies softmax again. training: whether it is seen
    in training alone.
    """

    path: str
    events: list[Event]
    nodes: set[Any]
    products: set[Any]
    watch: Watch
    again: bool = False
    training: bool = False


def _weights(value: Any) -> bool:
    """Whether an output may be weights of experts: rows of numbers from 0 to 1."""
    inside = value.is_floating_point() and value.dim() > 1 and bool(((value >= 0) & (value <= 1)).all())
    return inside and bool(((value > 0) & (value < 1)).any())


def _units(watch: Watch, owners: Mapping[int, Sequence[str]]) -> list[_Unit]:
    """The routers; owners: the modules of each parameter, by its id."""
    units: list[_Unit] = []
    for event in watch.scores:
        products, nodes = products_above(event.operand.grad_fn)
        selections = [s for s in watch.selections if s.operand.grad_fn in nodes - {None} or event.makes(s)]
        others = [u for u in units if u.products & set(products) or any(e.gave.grad_fn in nodes for e in u.events)]
        if others:
            for unit in others:
                if len(others) == 1 and _near(unit.path, event.path):
                    unit.path, unit.nodes = _common([unit.path, event.path]), unit.nodes | nodes
                    unit.events.append(event)
                elif "softmax" in event.name and probabilities(event):
                    unit.again = True
        elif _is_router(event, products, selections, watch):
            path = _common([event.path, *(watch.makers[n] for n in products if n in watch.makers)])
            if _near(path, event.path):
                near = [s.path for s in selections if _near(path, s.path)]
                units.append(_Unit(_common([path, *near]), [event], nodes, set(products), watch))
    for unit in units:
        for homes in [owners.get(id(n.variable), ()) for n in unit.nodes if hasattr(n, "variable")]:
            if homes and not any(f"{home}.".startswith(f"{unit.path}.") for home in homes):
                unit.path = _common([unit.path, homes[0]])  # of a temperature that comes as an argument
        unit.path = _called(unit.path, watch)
    return units


def _makers(gave: Any, ids: Collection[int], watch: Watch) -> list[str]:
    """The modules that make the products nearest to where parameters are used first."""
    users: dict[Any, list[Any]] = {}
    open_, seen = [v.grad_fn for v in tensors_in(gave) if v.grad_fn is not None], set()
    while open_:
        node = open_.pop()
        if node not in seen:
            seen.add(node)
            for below in [n for n, _ in node.next_functions if n is not None]:
                users.setdefault(below, []).append(node)
                open_.append(below)
    level = [n for n in seen if id(getattr(n, "variable", None)) in ids]
    for _ in range(MOST_NODES):
        products = [p for n in level for p in products_above(n)[0] if p in watch.makers]
        if products:
            return [watch.makers[p] for p in products]
        level = list(dict.fromkeys(user for n in level for user in users.get(n, ())))
    return []


def _called(path: str, watch: Watch) -> str:
    """The smallest module that holds a path and is called, as a list of modules is not."""
    while path not in watch.outputs:
        path = path.rpartition(".")[0]
    return path


def _is_router(event: Event, products: Sequence[Any], selections: Sequence[Event], watch: Watch) -> bool:
    """Whether scores are products with parameters, several to an input, that weigh or select."""
    k = event.operand.shape[event.dim] if event.operand.dim() else 1
    is_softmax = "softmax" in event.name
    several = k > 1 or (is_softmax and selections)  # of a single chosen expert the weight is 1
    if not (several and k <= _MOST_EXPERTS and products and all(map(_by_parameter, products))):
        return False
    return is_softmax or bool(selections) or _weighs_outputs(event, watch)


def _weighs_outputs(event: Event, watch: Watch) -> bool:
    """Whether what a function gave is in the outputs of a module with the name of a router, or of the whole model.

    It is not where another product with a parameter comes after it, or where it multiplies as many hidden states: then
    it is an activation, or the gate of a linear unit.
    """
    named = [path for path, _ in event.stack if any(word in path.rpartition(".")[2].lower() for word in _NAMES)]
    if not (named and _near(named[-1], event.path)) and event.path:
        return False
    open_, target = list(watch.outputs.get(named[-1] if named else "", [])), event.gave.grad_fn
    seen: set[Any] = set()
    while open_ and len(seen) < _MOST_NODES:
        node = open_.pop()
        if node is target:
            return True
        if node is None or node in seen or _is_map(node):
            continue
        seen.add(node)
        below = [n for n, _ in node.next_functions]
        open_ += [n for n in below if not (n is target and _is_gated(node))]
    return False


def _is_map(node: Any) -> bool:
    """Whether a node is a product of which one factor is made of parameters, or has no gradient."""
    return node.name().startswith(PRODUCTS) and (_by_parameter(node) or None in dict(node.next_functions[-2:]))


def _is_gated(node: Any) -> bool:
    """Whether a node multiplies tensors of one shape that both are made of parameters."""
    both = node.name().startswith("MulBackward") and all(n is not None for n, _ in node.next_functions)
    return both and node._saved_self.shape == node._saved_other.shape


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


def _common(paths: Sequence[str]) -> str:
    """The smallest module that holds all."""
    names = zip(*(path.split(".") if path else [] for path in paths), strict=False)
    return ".".join(first for first, *_ in takewhile(lambda same: len(set(same)) == 1, names))


def _with_inputs(model: Any, units: Sequence[_Unit], inputs: Inputs, has_example: bool) -> list[Router]:
    modules = dict(model.named_modules())
    watch, gave = _watched(model, inputs, {unit.path: modules[unit.path] for unit in units})
    last = {id(v) for v in tensors_in(gave)}
    result: list[Router] = []
    for unit in units:
        path, module = unit.path, modules[unit.path]
        ordinals = _ordinals(unit.watch, path, unit.events)
        first = [e for e in unit.events if not any(other.makes(e) for other in unit.events)]
        if path not in watch.inputs or any((r.where, r.scores) == (path, ordinals) for r in result):
            continue  # it runs in training alone, or is called again
        gave = watch.first[path]
        used = [i for i, v in enumerate(gave) if id(v) in last or _outside(watch.uses[id(v)], path)]
        elsewhere = {n for n, p in module.named_parameters() if _outside(watch.uses.get(id(p), set()), path)}
        result.append(
            Router(
                path,
                module,
                watch.inputs[path],
                watch.inputs[path] if has_example else None,
                ordinals,
                _ordinals(unit.watch, path, first),
                None if not path or len(used) in (0, len(gave)) else tuple(used),
                frozenset(elsewhere),
                unit.again,
                unit.training,
                drawn=not has_example,
            )
        )
    return result


def _watched(model: Any, inputs: Inputs, modules: Mapping[str, Any]) -> tuple[Watch, Any]:
    """A call in which modules are caught, and what it gave.

    It is in double precision where that fits and runs: else hidden states that a norm puts on a plane are off it by
    rounding.
    """

    def watch(double: bool) -> Watch:
        result = Watch({id(m): n for n, m in model.named_modules()}, double, modules)
        result.uses.update({id(p): set() for m in modules.values() for p in m.parameters()})
        return result

    if sum(p.numel() for p in model.parameters()) <= MOST_PARAMETERS:
        on_cpu = tree_map(lambda v: v.cpu() if isinstance(v, torch.Tensor) else v, inputs)
        with suppress(ValueError), restored(model, double=True):
            return (double := watch(True)), _call(model, on_cpu, double)
    return (single := watch(False)), _call(model, inputs, single)


def _outside(paths: set[str], unit: str) -> bool:
    return any(not (path == unit or path.startswith(f"{unit}.") or not unit) for path in paths)


def _random_inputs(model: Any) -> Inputs:
    """Inputs for a router alone: x of shape (64, d), or (2, 32, d), with a d that fits."""
    generator = torch.Generator().manual_seed(6)
    sizes = dict.fromkeys(n for p in model.parameters() if p.dim() > 1 for n in reversed(p.shape))
    kind = next((p.dtype for p in model.parameters() if p.is_floating_point()), torch.float32)
    for shape in [(64, d) for d in sizes] + [(2, 32, d) for d in sizes]:
        inputs: Inputs = ((torch.randn(shape, generator=generator, dtype=torch.float64).to(kind),), {})
        try:
            _call(model, inputs, Watch())
        except ValueError:
            continue
        return inputs
    raise ValueError("no random x of shape (n, d) or (batch, n, d) fits the module; give inputs: audit(model, inputs)")
