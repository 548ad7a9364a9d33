"""Answers `paper`: what is proved and measured of a model, as the sections of a paper.

The paper is made of the answers of the other commands at one truth, so that it has their numbers; `sections` writes it.
"""

from __future__ import annotations

import hashlib
import shlex
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar, Unpack

from cyclopts import Parameter

from temperance.answers.check import Check, check
from temperance.answers.coefficient import coefficient
from temperance.answers.derive import derive
from temperance.answers.efficiency import Efficiency, efficiency
from temperance.answers.exponents import Exponents, exponents
from temperance.answers.paper_sections import Materials, document_of
from temperance.answers.predict import predict
from temperance.answers.rates import rates
from temperance.answers.twins import Twins, twins
from temperance.measurements.true_measures import default_truth, read_truth, read_values, values_of
from temperance.numerics.mixture.measures import measure_of
from temperance.show import document as writers
from temperance.show.answer import Answer
from temperance.show.document import Document
from temperance.show.errors import BadInput
from temperance.show.model_options import FormulaOptions, Options, takes_formulas
from temperance.show.options import FileOr, Whole
from temperance.show.output import Display, to_json
from temperance.show.page import versions
from temperance.show.table import Summary, Table
from temperance.theory.contact.places import regular_truth
from temperance.theory.expressions.arguments import checked
from temperance.theory.models import experts
from temperance.theory.models.gates import FITTED, gauge_of
from temperance.theory.models.spec import TAU, Expert, Gate
from temperance.theory.models.truth import Truth

_MANIFEST = "paper.json"
_MOST_TRUE = 5
A = TypeVar("A")


@dataclass(frozen=True, repr=False, eq=False)
class Paper(Answer):
    """A paper on a model: its sections, and the certificates and figures that go with them.

    Attributes:
        document: the sections.
        certificates: by the names of their files, lists of JSON values that `certify` proves again.
        truth: the true point of all its numbers, as --truth takes one.
        commands: the command lines that give its numbers, one by one.
    """

    document: Document
    certificates: Mapping[str, list[dict[str, Any]]]
    truth: Mapping[str, Any]
    commands: tuple[str, ...]

    @classmethod
    def output(cls) -> str:
        """A folder."""
        return "folder"

    @classmethod
    def check_output(cls, path: str) -> None:
        """Raise BadInput unless a paper can be written to this folder: a new one, or one that holds a paper."""
        folder = Path(path)
        fits = folder.is_dir() and ((folder / _MANIFEST).is_file() or not any(folder.iterdir()))
        if not fits and (folder.exists() or not folder.resolve().parent.is_dir()):
            accepted = "a new folder in one that exists, or the folder of an earlier paper"
            raise BadInput(f"cannot write a paper to {path!r}; accepted: {accepted}")

    def to_json(self) -> Any:
        """Title, sections, truth, commands, and the digest of every certificate."""
        return {
            "title": self.document.title,
            "sections": [section.name for section in self.document.sections],
            "truth": dict(self.truth),
            "commands": list(self.commands),
            "certificates": {name: digest(proofs) for name, proofs in self.certificates.items()},
            "versions": versions(),
        }

    def write(self, path: str) -> None:
        """Write the folder whole or not at all: paper.tex with its sections and figures, paper.html, paper.ipynb, ...

        Raises:
            ValueError: the folder cannot be written.
        """
        self.check_output(path)
        target = Path(path).resolve()
        part, old = (target.with_name(f".{target.name}.{kind}") for kind in ("new", "old"))
        shutil.rmtree(part, ignore_errors=True)
        try:
            self._fill(part)
            if target.exists():
                target.rename(old)
            part.rename(target)
        except OSError as error:
            raise BadInput(f"cannot write {path!r}: {error.strerror}") from error
        finally:
            shutil.rmtree(part, ignore_errors=True)
            shutil.rmtree(old, ignore_errors=True)

    def _fill(self, folder: Path) -> None:
        from temperance.show.notebook import build, execute, text

        for name in ("sections", "figures", "certificates"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        files = {**writers.latex_files(self.document), "paper.html": writers.html(self.document)}
        files["truth.json"], files[_MANIFEST] = to_json(self.truth) + "\n", to_json(self.to_json()) + "\n"
        files |= {f"certificates/{name}": to_json(proofs) + "\n" for name, proofs in self.certificates.items()}
        files["references.bib"] = _bibliography(self.document.references)
        head = ("#!/bin/sh", "# the numbers of the paper, one by one, and the paper", "set -e")
        files["reproduce.sh"] = "\n".join([*head, *self.commands, ""])
        for figure in self.document.figures():
            for kind in ("pdf", "png"):
                (folder / "figures" / f"{figure.stem}.{kind}").write_bytes(figure.bytes_in(kind))
        for name, content in files.items():
            (folder / name).write_text(content, encoding="utf-8")
        (folder / "reproduce.sh").chmod(0o755)
        (folder / "paper.ipynb").write_text(
            text(execute(build(writers.cells(self.document)), folder)), encoding="utf-8"
        )


def digest(proofs: Sequence[Mapping[str, Any]]) -> str:
    """The SHA-256 of certificates, as they stand in a file."""
    return hashlib.sha256((to_json(list(proofs)) + "\n").encode()).hexdigest()


def _bibliography(references: Mapping[str, str]) -> str:
    """The references for BibTeX: what is known of each is its line."""
    entries = (f"@misc{{{key},\n  note = {{{text}}}\n}}\n" for key, text in references.items())
    return "\n".join(entries)


def _attempt(function: Callable[[], A]) -> A | str:
    """The answer, or why there is none."""
    try:
        return function()
    except ValueError as error:
        return str(error)


@checked
@takes_formulas
def paper(
    gate: Annotated[
        str | Gate | None, Parameter(help="A gate of docs/gates.md, or a formula of its log weight")
    ] = None,
    expert: Annotated[str | Expert, Parameter(help=f"{experts.accepted()}, or a formula")] = "gaussian",
    activation: str | None = None,
    *,
    gauge: str = "free",
    true: Whole | None = None,
    fitted: Whole | None = None,
    truth: FileOr = None,
    dim: Whole | None = None,
    without_experiments: bool = False,
    **formulas: Unpack[FormulaOptions],
) -> Paper:
    """Write what is proved and measured of a model as a paper: LaTeX, HTML, a notebook, figures and certificates.

    All numbers are those of the other commands, at one truth.

    Args:
        gate: A gate of the list in docs/gates.md, or a formula of its log weight; linear is the default, or
            "activation" with an activation alone; in Python, also a Gate.
        expert: An expert of the list there, or a formula of its mean; in Python, also an Expert.
        activation: A name of the catalogue or an expression in z: of the gate "activation", or, with another gate, the
            remedy whose conditions a section decides.
        gauge: free or anchored, of the gate "activation".
        true: Number of true atoms, k*; by default 2, or as many as the truth has or the gate needs.
        fitted: Number of fitted atoms, k, of the over-specified fits; one more than k* by default.
        truth: A .json file with the true point, {NAME: a number, or one for each atom in [..]}; a regular one by
            default, which the folder has as truth.json.
        dim: Dimension of x; by default 1, or the least that a gate or a formula needs.
        without_experiments: Leave the Monte Carlo out.
        **formulas: Of formulas: shared, positive, constants, bias; see docs/gates.md.

    Raises:
        ValueError: what is not accepted.
    """
    chosen = gauge_of(gauge)
    remedy = activation if gate is not None and gate != "activation" else None
    options = Options(gate, expert, None if remedy else activation, dim, **formulas).with_least_dimension
    asked: dict[str, Any] = {"gate": gate, "expert": expert, "activation": options.activation}
    asked |= {"dim": options.spec.dim, **formulas}
    point, content = _truth(options, truth, true, chosen == "anchored")
    k = point.k + 1 if fitted is None else fitted
    if not (2 <= point.k <= _MOST_TRUE and point.k < k):
        raise BadInput(f"a paper needs 2 to {_MOST_TRUE} true atoms and more fitted ones, not {point.k}, {k}")
    named = _has_theorems(options)
    at = {"truth": content} if named else {}
    with Display() as display:

        def step(what: str, function: Callable[[], A]) -> A | str:
            with display.doing(what):
                return _attempt(function)

        def ordered(split: str) -> Exponents:
            return exponents(**asked, truth=content, split=split, bounds_only=True)

        def rates_of(function: Callable[..., A], atoms: int) -> A:
            return function(**asked, true=point.k, fitted=atoms, gauge=gauge, **at)

        with display.doing("interactions"):
            derivation = derive(**asked)
        decided = remedy or options.activation
        materials = Materials(
            options,
            point,
            chosen,
            k,
            derivation=derivation,
            twins=step("twins", lambda: _twins(options, point.k, gauge)),
            exact=step("rates", lambda: rates_of(predict, point.k)),
            over=step("rates", lambda: rates_of(predict, k)),
            orders={split: step("orders", partial(ordered, split)) for split in ("one", "all")},
            coefficient=step("coefficient", lambda: coefficient(**asked, true=point.k, fitted=k)),
            samples=step("sample sizes", lambda: _samples(options, content, gauge)),
            remedy=None if decided is None else check(decided),
            experiments=None if without_experiments else step("experiments", lambda: rates_of(rates, k)),
            experiments_at_truth=named,
        )
    answers: dict[str, Exponents | Check | str] = {f"orders-{name}.json": o for name, o in materials.orders.items()}
    answers |= {"conditions.json": materials.remedy} if materials.remedy is not None else {}
    listed = {name: answer.certificates() for name, answer in answers.items() if not isinstance(answer, str)}
    proofs = {name: certificates for name, certificates in listed.items() if certificates}
    commands = _commands(options, gauge, (point.k, k), remedy, without_experiments)
    document = document_of(materials, {name: digest(its) for name, its in proofs.items()}, commands)
    rows = tuple((section.title, f"sections/{section.name}.tex") for section in document.sections)
    parts = (Table("Sections", ("section", "file"), rows),)
    words = (f"A paper of {len(rows)} sections on the {options.spec.gate.name} gate; -o FOLDER writes it.",)
    return Paper(document, proofs, content, commands, summary=Summary(document.title, parts, words))


def _has_theorems(options: Options) -> bool:
    """Whether the gate is one of those by name whose truths are mixing measures."""
    return options.named_gate is not None and options.in_shell is None and isinstance(options.chosen_gate, str)


def _truth(options: Options, source: FileOr, true: int | None, anchored: bool) -> tuple[Truth, dict[str, Any]]:
    """The truth, and what a file of it holds."""
    if _has_theorems(options):
        make = FITTED[str(options.chosen_gate)]
        tau = 0.5 if TAU in make(options.dimension).shared else 1.0
        held = anchored or options.activation is None
        if source is None:
            point = default_truth(true or 2, options.dimension, tau=tau, anchored=held, make=make)
        else:
            point = read_truth(source, make)
        m, (low, high) = measure_of(point), map(float, point.box or ())
        content = {name: getattr(m, name).tolist() for name in ("beta1", "beta0", "tau", "a", "b", "nu")}
        content["x"] = {"law": "uniform", "low": low, "high": high}
    else:
        point = regular_truth(options.spec, anchored)
        point = point if source is None else read_values(source, point)
        content = values_of(point)
    if true is not None and point.k != true:
        raise BadInput(f"the truth has {point.k} atoms, not {true}; accepted: --truth with {true} atoms")
    return point, content


def _twins(options: Options, true: int, gauge: str) -> Twins:
    if options.activation is not None and options.chosen_gate == "activation":
        return twins(options.activation, atoms=true, gauge=gauge)
    spec = options.spec
    return twins(gate=spec.gate, expert=spec.expert, atoms=true, gauge=gauge, dim=spec.dim)


def _samples(options: Options, truth: Mapping[str, Any], gauge: str) -> tuple[Efficiency, ...]:
    """What the shared parameters of the gate need, or where there are none its first parameter."""
    if options.activation is not None and options.chosen_gate == "activation":
        return (efficiency(options.activation, truth=truth, gauge=gauge),)
    spec = options.spec

    def needed(parameter: str) -> Efficiency:
        model: dict[str, Any] = {"gate": spec.gate, "expert": spec.expert, "dim": spec.dim}
        return efficiency(**model, parameter=parameter, truth=truth, gauge=gauge)

    return tuple(needed(name) for name in _wanted(options))


def _wanted(options: Options) -> list[str]:
    """The parameters of a gate whose sample sizes are given."""
    gate = options.spec.gate
    return [p.name for p in gate.shared or gate.own[:1]]


def _commands(
    options: Options, gauge: str, atoms: tuple[int, int], remedy: str | None, without_experiments: bool
) -> tuple[str, ...]:
    """The command lines of the numbers, or none where the model is no text; atoms: k* and k."""
    if options.shell is None:
        return ()
    model, (true, fitted), at_truth = options.shell, atoms, " --truth truth.json"
    held = f" --gauge {gauge}" if options.activation is not None else ""
    at = at_truth if _has_theorems(options) else ""
    counts = f"--true {true} --fitted"
    lines = [f"derive {model}"]
    lines += [f"predict {model}{held} {counts} {k}{at}" for k in atoms]
    bounds = f"exponents {model}{at_truth} --bounds-only --split"
    lines += [f"{bounds} {split} --certificate orders-{split}.json" for split in ("one", "all")]
    lines.append(f"coefficient {model} {counts} {fitted}")
    if options.chosen_gate == "activation":
        name = shlex.quote(str(options.activation))
        lines += [f"twins {name} --atoms {true}{held}", f"efficiency {name}{at_truth}{held}"]
    else:
        lines.append(f"twins {model or '--gate linear'} --atoms {true}")
        lines += [f"efficiency {model or '--gate linear'} --parameter {p}{at_truth}" for p in _wanted(options)]
    if decided := remedy or options.activation:
        lines.append(f"check {shlex.quote(decided)}")
    lines += [] if without_experiments else [f"rates {model}{held} {counts} {fitted}{at}"]
    given = f" --activation {shlex.quote(remedy)}" if remedy else ""
    end = " --without-experiments" if without_experiments else ""
    lines.append(f"paper {model}{given}{held} {counts} {fitted}{at_truth}{end} -o again")
    return tuple(f"temperance {' '.join(line.split())}" for line in lines)
