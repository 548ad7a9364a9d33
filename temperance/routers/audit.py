"""Audits the routers of a torch model: whether their temperatures can be learnt, what undoes them, what to change.

Example: ``print(temperance.audit(torch.nn.Sequential(torch.nn.Linear(8, 4), torch.nn.Softmax(dim=-1))))``.

`rows_of` finds routers, examines each, and asks the theory where a formula is read.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from temperance.answer.answer import Answer
from temperance.terminal.parts import Grid, Part, Said
from temperance.theory.expressions.arguments import checked

if TYPE_CHECKING:
    from temperance.routers.words import RouterAudit
import math
from dataclasses import replace

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


LIMITS = "Limits: docs/engineers.md, What carries over to practice."
_COLUMNS = ("router", "temperature", "evaluation", "training", "basis")


@dataclass(frozen=True, repr=False, eq=False)
class Audit(Answer):
    """What is known of the routers of a model.

    Attributes:
        routers: a row each.
        answer: the whole in a line.
    """

    routers: tuple[RouterAudit, ...]
    answer: str

    @property
    def words(self) -> tuple[str, ...]:
        """The answer in a line, which is printed first."""
        return (self.answer,)

    def to_json(self) -> dict[str, Any]:
        """The answer as an object of strict JSON."""
        return {"routers": [row.to_json() for row in self.routers], "answer": self.answer}

    def rows(self) -> Sequence[Mapping[str, Any]]:
        """A row a router."""
        return [row.to_json() for row in self.routers]


@checked
def audit(model: Any, example_inputs: Any = None) -> Audit:
    """Whether the temperatures of a model's routers can be learnt, and what to change.

    Each router is asked itself, in a copy with double precision: whether the other parameters that a gradient reaches
    undo a change of its temperature, by derivatives and by finite changes, at random parameters and inputs. Where its
    formula is read, the theory decides too. See docs/engineers.md.

    Args:
        model: a torch.nn.Module, a router alone or a model that holds routers; it is not changed.
        example_inputs: of its call: a tensor, a tuple of arguments, or a dict of arguments by name. Without them a
            router alone gets random x of shape (n, d), or (batch, n, d).

    Raises:
        ValueError: it is no module, does not run on these inputs, or holds no router.
    """
    if not is_module(model):
        raise ValueError(f"audit reads a torch.nn.Module, not an object of {type(model).__name__}")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the user's modules
        rows = rows_of(model, _example(example_inputs))
    answer = _answer(rows)
    return Audit(rows, answer, said=Said(answer, tuple(_parts(rows)), (LIMITS,)))


def is_module(found: Any) -> bool:
    """Whether something is a torch.nn.Module; torch is not loaded to tell."""
    return any(kind.__module__ == "torch.nn.modules.module" for kind in type(found).__mro__)


def _example(inputs: Any) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
    if inputs is None:
        return None
    if isinstance(inputs, Mapping):
        return (), dict(inputs)
    return (tuple(inputs) if isinstance(inputs, tuple | list) else (inputs,)), {}


def _answer(rows: Sequence[RouterAudit]) -> str:
    """The whole in a line."""
    if len(rows) == 1:
        return f"{rows[0].where}: {rows[0].reason}"
    said = {"no": "not learnable", "yes": "learnable", "undecided": "undecided", "not trained": "not trained"}
    counts = {word: [r.where for r in rows if r.tau_learnable == key] for key, word in said.items()}
    return (
        f"{len(rows)} routers; temperature " + ", ".join(f"{word}: {len(w)}" for word, w in counts.items() if w) + "."
    )


def _parts(rows: Sequence[RouterAudit]) -> Iterator[Part]:
    """The answer; of several routers a table, and what is said of those of which the same is said, once."""
    if len(rows) == 1:
        yield from (_answer(rows), *rows[0].lines[1:])
        return
    yield _answer(rows)
    cells = [(r.where, _temperature(r), r.evaluation, r.training, r.basis) for r in rows]
    yield Grid("Routers", _COLUMNS, tuple(cells))
    alike: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        alike.setdefault(row.lines, []).append(row.where)
    for (first, *more), names in alike.items():
        yield f"{names[0]}{'' if len(names) == 1 else f' and {len(names) - 1} more'}: {first}"
        yield from more


def _temperature(row: RouterAudit) -> str:
    return "none" if row.temperature is None else ", ".join(row.temperature["parameters"]) or "held"
