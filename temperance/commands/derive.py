"""`temperance derive`: derives relations among derivatives, prints them, and writes the derivation to a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console

from temperance.terminal.errors import BadInput, one_line, refusing
from temperance.terminal.options import Json, Whole, gate_of
from temperance.terminal.output import check_writable, console, to_json, write_file
from temperance.terminal.progress import display
from temperance.theory.derivations import printing as rendering
from temperance.theory.derivations.derivation import Derivation, derivation
from temperance.theory.interactions.pdes import Relation
from temperance.theory.models.by_name import model
from temperance.theory.models.spec import BETA0


def _notebook(found: Derivation) -> str:
    from temperance.notebooks.execution import build, execute, text

    return text(execute(build(rendering.cells(found))))


def _page(found: Derivation) -> str:
    from temperance.pages.pages import derivation_page

    return derivation_page(found)


_WRITERS: dict[str, Callable[[Derivation], str]] = {
    ".md": rendering.markdown,
    ".tex": rendering.latex,
    ".ipynb": _notebook,
    ".html": _page,
}


def derive(
    *,
    gate: str = "linear",
    expert: str = "gaussian",
    activation: str | None = None,
    dim: Whole = 1,
    order: Whole = 2,
    json: Json = False,
    output: Annotated[str | None, Parameter(name=["--output", "-o"])] = None,
) -> int:
    """Derive all linear relations among the partial derivatives of an atom, and what they mean.

    Parameters
    ----------
    gate
        linear, activation (with --activation), generic, softmax, quadratic, gaussian, gaussian-full, sigmoid, cosine,
        cosine-perturbed, laplace.
    expert
        gaussian, constant, polynomial:M, nonlinear, multinomial:K.
    activation
        A name of the catalogue or an expression in z; chooses the gate "activation".
    dim
        Dimension of x.
    order
        Largest order of the derivatives, 1 to 8.
    output
        Write the derivation, step by step, to this .md, .tex, .ipynb or .html file.
    """
    if output is not None:
        check_writable(output, endings=_WRITERS)
    if not 1 <= order <= 8:
        raise BadInput(f"--order must be an integer from 1 to 8, not {order}")
    with display() as shown:
        with shown.doing("deriving"):
            with refusing():
                spec = model(gate_of(gate, activation), expert, activation, dim)
            found = derivation(spec.gate, spec.expert, None, spec.dim, order)
        if output is not None:
            with shown.doing(f"writing {output}"):
                write_file(output, _WRITERS[PurePath(output).suffix](found))
    if json:
        print(to_json(found.record()))
    else:
        _show(found, console())
    return 0


def _show(found: Derivation, screen: Console) -> None:
    """Print the relations, generators and symmetries."""
    record, interactions = found.record(), found.interactions
    relations = len(record["relations"])
    screen.print(found.title)
    screen.print(
        f"{record['derivatives']} derivatives, rank {record['rank']}, "
        f"{'1 relation' if relations == 1 else f'{relations} relations'}; {interactions.scope}"
    )
    _list("Relations that follow from no others", _equations(interactions.generators), screen)
    _list("All relations", _equations(interactions.relations), screen)
    _list("Symmetries", [f"{s['kind']} ({s['gauge']}): {s['statement']}" for s in record["symmetries"]], screen)
    _list("Identifiable functions of an atom", [", ".join(record["identifiable_functions"])], screen)
    _list("Not decided", record["missing"], screen)
    screen.print(f"\n{one_line(_answer(found))}")


def _answer(found: Derivation) -> str:
    """What is identifiable, in words."""
    functions, spec = found.symmetries.identifiable, found.interactions.spec
    if functions is None:
        return "What is identifiable is not decided: a flow was not integrated."
    bias = () if spec.gate.offset is None else (BETA0,)
    lost = [p.name for p in (*spec.gate.parameters, *bias, *spec.expert.parameters) if p not in functions]
    kept = ", ".join(map(str, functions))
    names = f"not identifiable by themselves: {', '.join(lost)}" if lost else "that is every parameter"
    return f"Identifiable: {kept}; {names}. What is {found.symmetries.proved}."


def _equations(relations: Sequence[Relation]) -> list[str]:
    return [r.equation for r in relations]


def _list(title: str, lines: Sequence[str], screen: Console) -> None:
    """A titled list, left out where it is empty."""
    if any(lines):
        screen.print(f"\n{title}")
        for line in lines:
            screen.print(f"  {one_line(line)}")
