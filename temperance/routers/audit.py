"""Audits the routers of a torch model: whether their temperatures can be learnt, what undoes them, what to change.

Example: ``print(temperance.audit(torch.nn.Sequential(torch.nn.Linear(8, 4), torch.nn.Softmax(dim=-1))))``.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from temperance.show.answer import Answer
from temperance.show.table import Part, Summary, Table
from temperance.theory.expressions.arguments import checked

if TYPE_CHECKING:
    from temperance.routers.words import RouterAudit

LIMITS = "Limits: docs/engineers.md, What carries over to practice."
_COLUMNS = ("router", "temperature", "evaluation", "training", "basis")


@dataclass(frozen=True, repr=False, eq=False)
class Audit(Answer):
    """What is known of the routers of a model.

    Attributes:
        routers: a row each.
        answer: the whole in a line.
        required: whether every temperature should be learnable.
    """

    routers: tuple[RouterAudit, ...]
    answer: str
    required: bool = False

    @property
    def status(self) -> int:
        """1 if a temperature that should be learnable is not known to be, else 0."""
        return int(self.required and any(row.tau_learnable != "yes" for row in self.routers))

    def to_json(self) -> dict[str, Any]:
        """The answer as an object of strict JSON."""
        return {"routers": [row.to_json() for row in self.routers], "answer": self.answer}

    def rows(self) -> Sequence[Mapping[str, Any]]:
        """A row a router."""
        return [row.to_json() for row in self.routers]


@checked
def audit(
    model: Any, example_inputs: Any = None, *, temperature: str | None = None, require: str | None = None
) -> Audit:
    """Whether the temperatures of a model's routers can be learnt, and what to change.

    Each router is asked itself, in double precision: whether the other parameters that a gradient reaches
    undo a change of its temperature, by derivatives and by finite changes, at random parameters and inputs. Where its
    formula is read, the theory decides too. See docs/engineers.md.

    Args:
        model: a torch.nn.Module, a router alone or a model that holds routers; it is not changed.
        example_inputs: of its call: a tensor, a tuple of arguments, or a dict of arguments by name. Without them a
            router alone gets random x of shape (n, d), or (batch, n, d).
        temperature: the name of a parameter, buffer or number of the model, such as "logit_scale" or "gate.tau": it is
            asked whether this can be learnt, were it trained.
        require: "yes": the status is 1 unless every temperature is learnable.

    Raises:
        ValueError: it is no module, does not run on these inputs, or holds no router or no such temperature.
    """
    if require not in (None, "yes"):
        raise ValueError(f"require takes yes, not {require!r}")
    if not is_module(model):
        raise ValueError(
            f"audit reads a torch.nn.Module, not an object of {type(model).__name__}; accepted: the module alone, and "
            "what it is called with as example_inputs (--inputs)"
        )
    from temperance.routers.words import rows_of  # it loads torch

    if any(hasattr(p, "materialize") for p in model.parameters()):
        raise ValueError("the model has parameters without a shape; call it once, then audit it")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the user's modules
        rows = rows_of(model, _example(example_inputs), temperature)
    answer = _answer(rows)
    return Audit(rows, answer, require is not None, summary=Summary(answer, (*_parts(rows), LIMITS), (answer,)))


def is_module(candidate: Any) -> bool:
    """Whether something is a torch.nn.Module; torch is not loaded to tell."""
    return any(kind.__module__ == "torch.nn.modules.module" for kind in type(candidate).__mro__)


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
    words = {"no": "not learnable", "yes": "learnable", "undecided": "undecided", "not trained": "not trained"}
    counts = {word: [r.where for r in rows if r.tau_learnable == key] for key, word in words.items()}
    return (
        f"{len(rows)} routers; temperature " + ", ".join(f"{word}: {len(w)}" for word, w in counts.items() if w) + "."
    )


def _parts(rows: Sequence[RouterAudit]) -> Iterator[Part]:
    """What is said of one router; of several a table, and what is said of those of which the same is said, once."""
    if len(rows) == 1:
        yield from rows[0].lines[1:]
        return
    cells = [(r.where, _temperature(r), r.evaluation, r.training, r.basis) for r in rows]
    yield Table("Routers", _COLUMNS, tuple(cells))
    alike: dict[tuple[str, ...], list[RouterAudit]] = {}
    for row in rows:
        here = (line.replace(f'"{row.where}.', '"') for line in row.lines)
        alike.setdefault(tuple(here), []).append(row)
    for first, *more in alike.values():
        yield f"{first.where}{f' and {len(more)} more' if more else ''}: {first.lines[0]}"
        yield from first.lines[1:]


def _temperature(row: RouterAudit) -> str:
    return "none" if row.temperature is None else ", ".join(row.temperature["parameters"]) or "held"
