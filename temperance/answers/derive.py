"""Answers `derive`: which relations hold among the derivatives of an atom, and what is identifiable?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Unpack

import sympy as sp

from temperance.show.answer import Answer, Typeset
from temperance.show.options import AnyExpert, AnyGate, FormulaOptions, Options, Whole, takes_formulas
from temperance.show.output import BadInput, doing
from temperance.show.table import Part, Summary
from temperance.theory.expressions.arguments import checked
from temperance.theory.interactions import interactions
from temperance.theory.interactions.interactions import Relation
from temperance.theory.least_squares.orders import least_squares, with_known_noise
from temperance.theory.models.spec import BETA0, written
from temperance.theory.models.truth import loss_of, noise_of
from temperance.theory.symmetries.derivation import Derivation, derivation
from temperance.theory.symmetries.flows import Symmetries
from temperance.theory.symmetries.traits import Understood

if TYPE_CHECKING:
    from temperance.show.document import Document

_SHOWN = 20


@dataclass(frozen=True, repr=False, eq=False)
class Derive(Typeset):
    """The relations among the derivatives of an atom, and what follows.

    Attributes:
        derivation: all that was derived, step by step.
    """

    derivation: Derivation

    key_of_rows = "relations"
    writers = MappingProxyType(
        {form: Typeset.writers[form] for form in (".md", ".tex")}
        | {".ipynb": lambda answer: answer.notebook(), **Answer.writers}
    )

    def page(self) -> str:
        """The steps of the derivation as an HTML document."""
        from temperance.show.page import derivation_page

        return derivation_page(self.derivation)

    @property
    def document(self) -> Document:
        """The steps of the derivation."""
        from temperance.show.document import of_derivation

        return of_derivation(self.derivation)

    def notebook(self) -> str:
        """The steps and code that checks each, executed, as the content of a notebook."""
        from temperance.show.document import cells
        from temperance.show.notebook import build, execute, text

        return text(execute(build(cells(self.document))))

    @property
    def generators(self) -> tuple[Relation, ...]:
        """The relations that follow from no others."""
        return tuple(self.derivation.interactions.generators)

    @property
    def relations(self) -> tuple[Relation, ...]:
        """All relations, linearly independent."""
        return tuple(self.derivation.interactions.relations)

    @property
    def symmetries(self) -> Symmetries:
        """Flows, discrete symmetries, and the identifiable functions of an atom, with what of that is proved."""
        return self.derivation.symmetries


def _parts(derived: Derivation, record: Mapping[str, Any], reading: Understood | None, all: bool) -> Iterator[Part]:
    interactions = derived.interactions
    relations = len(interactions.relations)
    weight, density = written(interactions.spec)
    biased = "" if interactions.spec.gate.offset is None else " without beta0"
    gate = f"gate: an atom has the weight {weight}, divided by the sum over all atoms"
    yield derived.title
    yield gate if reading is None else str(reading)
    if derived.loss != "likelihood":
        yield f"expert: y - h is {sp.exp(interactions.spec.expert.log_density)}, y the value of the regression function"
    elif reading is None:
        yield f"expert: the density {density}"
    factor = "the density" if derived.loss == "likelihood" else "y - h"
    yield f"u is the weight{biased} times {factor}; u_{{p}} its derivative in p"
    yield (
        f"{record['derivatives']} derivatives, rank {record['rank']}, "
        f"{'1 relation' if relations == 1 else f'{relations} relations'}; {interactions.scope}"
    )
    symmetries = [f"{s['kind']} ({s['gauge']}): {s['statement']}" for s in record["symmetries"]]
    for title, lines in (
        ("Relations that follow from no others", [r.equation for r in interactions.generators]),
        ("All relations", [r.equation for r in interactions.relations]),
        ("Symmetries", symmetries),
        ("Identifiable functions of an atom", [", ".join(record["identifiable_functions"] or ())]),
        ("Not decided", record["missing"]),
    ):
        if any(lines):
            yield from ("", title, *(f"  {line}" for line in (lines if all else lines[:_SHOWN])))
            if not all and len(lines) > _SHOWN:
                yield f"  ... and {len(lines) - _SHOWN} more: --all prints them, in Python all=True"


def _identifiable(derived: Derivation) -> str:
    functions, spec = derived.symmetries.identifiable, derived.interactions.spec
    if functions is None:
        return f"What is identifiable is not decided: {'; '.join(derived.symmetries.undecided)}."
    bias = () if spec.gate.offset is None else (BETA0,)
    lost = [p.name for p in (*spec.gate.parameters, *bias, *spec.expert.parameters) if p not in functions]
    names_of_functions = ", ".join(map(str, functions))
    names = f"not identifiable by themselves: {', '.join(lost)}" if lost else "that is every parameter"
    return f"Identifiable: {names_of_functions}; {names}. What is {derived.symmetries.proved}."


@checked
@takes_formulas
def derive(
    gate: AnyGate = None,
    expert: AnyExpert = "gaussian",
    activation: str | None = None,
    *,
    dim: Whole | None = None,
    order: Whole = 2,
    loss: str = "likelihood",
    noise: str = "each",
    all: bool = False,
    **formulas: Unpack[FormulaOptions],
) -> Derive:
    """Derive all linear relations among the partial derivatives of an atom, and what they mean.

    Args:
        gate: A gate of the list in docs/gates.md, or a formula of its log weight; linear is the default, or
            "activation" with an activation; in Python, also a Gate.
        expert: An expert of the list there, or a formula of its mean; in Python, also an Expert.
        activation: A name of the catalogue or an expression in z; alone it chooses the gate "activation".
        dim: Dimension of x; by default 1, or the least that a formula needs.
        order: Largest order of the derivatives, 1 to 8.
        loss: likelihood, or least-squares: the regression function of an expert with a named mean.
        noise: each: nu is a parameter of the atom; known: it is a constant.
        all: Print long lists whole.
        **formulas: Of formulas: shared, positive, constants, bias; see docs/gates.md.

    Raises:
        ValueError: what is not accepted.
    """
    if not 1 <= order <= 8:
        raise BadInput(f"--order must be an integer from 1 to 8, not {order}")
    fit_loss, variance = loss_of(loss), noise_of(noise)
    if variance is not None and fit_loss == "least-squares":
        raise BadInput("--noise is about the likelihood; --loss least-squares has no nu")
    if variance == "common":
        raise BadInput("--noise common is about mixtures (exponents), and derive about one atom; accepted: each, known")
    with doing("deriving"):
        options = Options(gate, expert, activation, dim, **formulas)
        reading, spec = options.reading, options.spec
        spec = spec if fit_loss == "likelihood" else least_squares(spec)
        spec = spec if variance is None else with_known_noise(spec)
        derived = derivation(interactions.derive(spec.gate, spec.expert, None, spec.dim, order), fit_loss)
        record = {**derived.record(), "gate_formula": options.reading_record}
        parts = tuple(_parts(derived, record, reading, all))
        return Derive(derived, record=record, summary=Summary(derived.title, parts, (_identifiable(derived),)))
