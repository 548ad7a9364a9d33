"""Answers `check` and `catalogue`: is the temperature learnable with an activation?

`describe` says what verdicts mean, in a table and in lines; a page has their relations typeset.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Annotated, Any, Unpack

from cyclopts import Parameter

from temperance.interop.callables import Source, activation
from temperance.show.answer import Answer, Refused
from temperance.show.options import FormulaOptions, Options, Whole, takes_formulas
from temperance.show.output import BadInput, doing
from temperance.show.proof_files import check_names, write_proofs
from temperance.show.table import Aside, Part, Summary, Table, explain
from temperance.theory.activations.catalogue import ALIASES, CATALOGUE
from temperance.theory.conditions.decision import Decision, decide
from temperance.theory.conditions.families import CONDITIONS, outcome_in_words
from temperance.theory.expressions.arguments import checked
from temperance.theory.models.spec import Gate
from temperance.theory.models.truth import loss_of
from temperance.theory.rates.learnability import MIRRORS, WHY, learnability
from temperance.theory.twins.decision import twins

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

_SAID = {"undecided": "is undecided"}
_INDEPENDENT = (
    "A condition holds if the functions of each of its lines are independent: no sum of them with coefficients without "
    "x is 0."
)
_OF_ONE = {*(field.name for field in fields(Decision)), "verdicts"}
"""The attributes of a decision that an answer about one activation has, too."""


def _record(decision: Decision) -> dict[str, Any]:
    """The verdicts, and the theorem in Coq that the answer on tau rests on."""
    return {**decision.record(), "coq": learnability(decision).theorem}


@dataclass(frozen=True, repr=False, eq=False)
class Check(Answer):
    """The verdicts on activations.

    Of one activation, the attributes of its decision are those of the answer: `check("gelu").first_order.outcome`.

    Attributes:
        decisions: one for every activation that can be read, in the order given; none of a gate, or by least squares.
        record: a list with the verdicts on every activation, or the orders by least squares; of a gate its conditions.
        unwritten: which verdicts have no certificate, where certificates are written.
        required: the conditions that should hold.
    """

    decisions: tuple[Decision, ...]
    unwritten: tuple[str, ...] = ()
    required: tuple[str, ...] = ()

    def __getattr__(self, name: str) -> Any:
        """An attribute of the decision on one activation, or its verdicts: `first_order`, `tau_beta1`, `mirror`, ..."""
        if name not in _OF_ONE:
            raise AttributeError(f"an answer of check has no attribute {name!r}")
        if len(self.decisions) != 1:
            number = f"the answer is about {len(self.decisions)} activations"
            raise AttributeError(f"{number}; decisions has one decision an activation")
        return getattr(self.decisions[0], name)

    @property
    def status(self) -> int:
        """2 if something cannot be read or written, 1 if a required condition does not hold, else 0."""
        holds = all(getattr(d, name).outcome == "holds" for d in self.decisions for name in self.required)
        return super().status or int(not holds)

    @property
    def remarks(self) -> Sequence[str]:
        """What was written, has no certificate, or cannot be read or written."""
        return (*self.written, *self.unwritten, *self.refused)

    def rows(self) -> Sequence[dict[str, Any]]:
        """The table: the outcome of every condition; under least squares the orders."""
        if isinstance(self.record, Mapping):
            return self.record["conditions"]
        if not self.decisions:
            return [{"activation": of["activation"], **order} for of in self.record for order in of["orders"]]
        return [
            {
                "activation": d.activation.name,
                **{name: getattr(d, name).outcome for name in CONDITIONS},
                "fails_at_tau": ", ".join(d.second_order.fails_at_tau),
                "mirror": d.mirror_type,
            }
            for d in self.decisions
        ]

    @property
    def on_page(self) -> Summary:
        """What its page says: with a table for each activation in place of the lines on why conditions fail."""
        lines = {line for d in self.decisions for line in reasons(d)}
        tables = (part for d in self.decisions for part in _tables(d))
        return replace(self.summary, parts=(*(part for part in self.summary.parts if part not in lines), *tables))

    def values(self, z: ArrayLike, order: int = 0) -> list[NDArray[np.float64]]:
        """Derivatives 0..order (at most 2) of s at every element of z: arrays of its shape, nan where s is not defined.

        Raises:
            AttributeError: there are several activations.
            ValueError: it has free parameters, or is real where no closed form is known.
        """
        from temperance.numerics.mixture.activation_numpy import compile_activation

        return compile_activation(self.activation)(z, order)

    def certificates(self) -> list[dict[str, Any]]:
        """The proofs of the verdicts, as JSON values; `certify` proves them again."""
        from temperance.theory.conditions.certificates import certificates

        return [proof for d in self.decisions for proof in certificates(d)]


@checked
@takes_formulas
def check(
    *activations: Source,
    gate: Annotated[str | Gate | None, Parameter(help="A gate, a name or a formula, in place of activations")] = None,
    certificate: str | None = None,
    coq: str | None = None,
    require: str | None = None,
    loss: str = "likelihood",
    expert: str | None = None,
    dim: Whole | None = None,
    **formulas: Unpack[FormulaOptions],
) -> Check:
    """Decide the independence conditions of activations, or of a gate, and with them what is learnable.

    Args:
        activations: Names of the catalogue (gelu) or of libraries (torch.nn.GELU), or expressions in z ("z*tanh(z)");
            in a shell, after -- they may start with a dash; in Python, also functions and modules of torch or jax.
        gate: A gate of the list in docs/gates.md, or a formula of its log weight; in Python, also a Gate. Its
            conditions are families of functions of x.
        certificate: Write a certificate of every decided verdict to this .json file; see certify.
        coq: Write the decided verdicts as theorems for Coq to this .v file, and their library beside it.
        require: Exit with 1 (in Python, have the status 1) unless all of these hold: a comma-separated list of
            first_order, second_order, tau_beta1, a, b_nu.
        loss: likelihood, or least-squares: what the regression function tells of a gate with the activation.
        expert: An expert of docs/gates.md with a named mean, with --loss least-squares or a gate; gaussian by default.
        dim: Dimension of x of a gate.
        **formulas: Of a gate: shared, positive, constants, bias; see docs/gates.md.

    Raises:
        Refused: an activation cannot be read, or none has theorems for `coq` (a ValueError; `answer` has the answer).
        ValueError: a file cannot be written.
    """
    others = {"certificate": certificate, "coq": coq, "require": require}
    if gate is not None:
        return _of_gate(activations, Options(gate, expert or "gaussian", dim=dim, **formulas), loss, others)
    if dim is not None or formulas:
        raise BadInput("a dimension and names in formulas go with --gate FORMULA")
    if not activations:
        raise BadInput("check needs an activation; accepted: names of `temperance catalogue` and expressions in z")
    required = _conditions_in(require)
    check_names(certificate, coq)
    if loss_of(loss) == "least-squares":
        return _by_least_squares(activations, expert or "gaussian", others)
    if expert is not None:
        raise BadInput(
            "--expert goes with --loss least-squares: the conditions of the likelihood hold for every expert"
        )
    decisions, refused = [], []
    with doing("deciding"):
        for source in activations:
            try:
                decisions.append(decide(source if isinstance(source, str) else activation(source)))
            except ValueError as error:
                refused.append(str(error))
        summary = describe(decisions)
    with doing("writing proofs"):
        written, unwritten, refusals = write_proofs(decisions, certificate, coq)
    refused += refusals
    answer = Check(
        tuple(decisions),
        tuple(unwritten),
        required,
        record=[*map(_record, decisions)],
        summary=summary,
        written=tuple(written),
        refused=tuple(refused),
    )
    if refused:
        raise Refused("; ".join(refused), answer)
    return answer


def _of_gate(activations: Sequence[Source], options: Options, loss: str, others: Mapping[str, str | None]) -> Check:
    """The conditions of a gate: its families of functions, and whether they are independent, by `derive`."""
    from temperance.theory.interactions.interactions import derive, gate_conditions  # activations do without

    if activations:
        raise BadInput("check takes activations or --gate, not both; accepted: for a gate with one, derive, exponents")
    name = next((n for n, value in others.items() if value is not None), None)
    if name is not None or loss_of(loss) == "least-squares":
        what = f"--{name}" if name else "--loss least-squares"
        accepted = "temperance exponents with the --gate, which takes --certificate and --loss least-squares"
        raise BadInput(f"{what} is about activations; accepted: {accepted}")
    with doing("deciding"):
        spec = options.spec
        record = gate_conditions(derive(spec.gate, spec.expert, None, spec.dim, 2))
    record["gate_formula"] = options.reading_record
    title = f"Independence conditions of the {spec.gate.name} gate, {spec.expert.name} expert, d = {spec.dim}"
    answer = f"{spec.gate.name}: {describe_conditions(record)}"
    relations = [f"{c['name']}: {'; '.join((c['verdict'], *c['relations']))}" for c in record["conditions"]]
    families = [
        f"{c['name']}, degree {n} in y: {', '.join(family)}"
        for c in record["conditions"]
        for n, family in enumerate(c["families"])
    ]
    parts = (*relations, "", *options.reading_lines, "", _INDEPENDENT, *families, *record["missing"])
    return Check((), record=record, summary=Summary(title, parts, (answer,)))


def describe_conditions(record: Mapping[str, Any]) -> str:
    """The verdicts of `gate_conditions` in a sentence."""
    first, second = (_SAID.get(c["verdict"], c["verdict"]) for c in record["conditions"])
    exact = f"the first-order condition, for fits of as many atoms as the truth has, {first}"
    return f"{exact}; the second-order condition, for fits of more, {second}."


def _by_least_squares(activations: Sequence[Source], expert: str, options: Mapping[str, str | None]) -> Check:
    from temperance.measurements.least_squares import check_by_least_squares  # it loads what measures

    for name, value in options.items():
        if value is not None:
            raise BadInput(f"--{name} is about the likelihood; --loss least-squares has none")
    names = [a if isinstance(a, str) else activation(a).expression for a in activations]
    with doing("deciding"):
        records, summary = check_by_least_squares(names, expert)
    return Check((), record=records, summary=summary)


def _conditions_in(text: str | Sequence[str] | None) -> tuple[str, ...]:
    parts = text.split(",") if isinstance(text, str) else text or ()
    names = tuple(name.strip() for name in parts)
    for name in names:
        if name not in CONDITIONS:
            raise BadInput(f"--require: unknown condition {name!r}; accepted: {', '.join(CONDITIONS)}")
    return names


@dataclass(frozen=True, repr=False, eq=False)
class Catalogue(Check):
    """The verdicts on every activation of the catalogue; record: also its name, its aliases and the time it took."""


def catalogue() -> Catalogue:
    """Decide the independence conditions of every activation of the catalogue."""
    decisions, records = [], []
    with doing("deciding"):
        for name in CATALOGUE:
            start = time.perf_counter()
            decisions.append(decide(name))
            seconds = round(time.perf_counter() - start, 3)
            named = {"name": name, "aliases": list(ALIASES[name])}
            records.append({**named, **_record(decisions[-1]), "seconds": seconds})
        summary = describe(decisions, counted=True)
    return Catalogue(tuple(decisions), record=records, summary=summary)


_RATES = "how fast: temperance predict --activation {} --true 2 --fitted 3 --gauge anchored"
_MORE_TWINS = Aside("twins: the first of each activation; all, with those of special truths: temperance twins NAME")
_COLUMNS = ("activation", "first", "second", "tau, beta1", "a", "b, nu", "mirror")
_MEANING = (
    "first: fits of as many atoms as the truth has; second: of more; tau, beta1, a and b, nu: "
    "their sharp rates in fits of more; mirror: the symmetry of s (docs/activations.md)"
)


def describe(decisions: Sequence[Decision], *, counted: bool = False) -> Summary:
    """The verdicts, and whether tau is learnable; counted: how often it is, and with which activations it is not."""
    title = f"Is the temperature learnable? {', '.join(d.activation.name for d in decisions)}"
    words = _counts(decisions) if counted else tuple(_words(decisions))
    return Summary(title, (*explain(*words), *_parts(decisions)), words)


def _parts(decisions: Sequence[Decision]) -> Iterator[Part]:
    """The table, what its columns mean, why conditions fail, twins, and the mirror types in words."""
    if not decisions:
        return
    rows = ((d.activation.name, *(outcome_in_words(v, "not") for v in d.verdicts), d.mirror_type) for d in decisions)
    yield Table("Conditions", _COLUMNS, tuple(rows))
    yield _MEANING
    remarks = [twins(d.activation).remark if d.activation.pieces else None for d in decisions]
    for decision, twin in zip(decisions, remarks, strict=True):
        yield from reasons(decision)
        yield from _notes(decision, twin)
    if any(remarks):
        yield _MORE_TWINS
    kinds = {d.mirror_type for d in decisions}
    yield from (f"mirror {text}" for kind, text in MIRRORS.items() if kind in kinds)


def _words(decisions: Sequence[Decision]) -> Iterator[str]:
    """Whether tau is learnable with each activation, why, and what to do."""
    answers = [(d.activation.name, learnability(d)) for d in decisions]
    several = len(answers) > 1
    for name, verdict in answers:
        yield f"{name}: tau learnable: {verdict.answer}" if several else f"tau learnable: {verdict.answer}"
    names_of: dict[tuple[str, str], list[str]] = {}
    for name, verdict in answers:
        if verdict.theorem:
            reason = f"{WHY[verdict.theorem]} (Coq, two atoms, one anchored, d = 1: {verdict.theorem})"
            names_of.setdefault(("why", reason), []).append(name)
        if verdict.advice:
            names_of.setdefault(("what to do", verdict.advice), []).append(name)
    for (what, text), names in sorted(names_of.items(), key=lambda item: item[0][0] != "why"):
        line = f"{what} ({', '.join(names)}): {text}" if several else f"{what}: {text}"
        yield Aside(line) if what == "what to do" else line
    if (first := next((d for d in decisions if d.activation.pieces), None)) is not None:
        yield Aside(_RATES.format(shlex.quote(first.activation.name)))


def reasons(decision: Decision) -> Iterator[str]:
    """Why conditions fail or are undecided; a relation is told with the first condition that it breaks."""
    first: dict[str, str] = {}
    for condition, v in zip(CONDITIONS, decision.verdicts, strict=True):
        if (reason := v.reason or v.relation) is not None:
            first.setdefault(reason, condition)
    return (f"{decision.activation.name}, {condition}: {reason}" for reason, condition in first.items())


def _notes(decision: Decision, twin: str | None) -> Iterator[str]:
    """What is open of mirror points, at which parameters the verdicts are others, and the first twin."""
    notes: list[str] = []
    if decision.mirror is not None and not decision.mirror.proved:
        notes.append(f"mirror: {decision.mirror.reason}")
    notes += [f"other verdicts at {name} = {', '.join(values)}" for name, values in decision.exceptional_parameters]
    notes += [] if twin is None else [f"twins of two atoms, free gauge: {twin}"]
    return (f"{decision.activation.name}, {note}" for note in notes)


def _counts(decisions: Sequence[Decision]) -> tuple[str, str]:
    """How many activations make tau learnable, and which do not."""
    lost = [d.activation.name for d in decisions if d.first_order.outcome == "fails"]
    rest = [d.activation.name for d in decisions if d.first_order.outcome == "undecided"]
    learnable = len(decisions) - len(lost) - len(rest)
    open_ = f"; undecided: {', '.join(rest)}" if rest else ""
    return (
        f"tau learnable: with {learnable} of {len(decisions)}; not, or in part only, with {', '.join(lost)}{open_}",
        "temperance check NAME says where there are exceptions, and what to do",
    )


_TYPESET_COLUMNS = ("condition", "verdict", "relation", "reason, or for what it is meant")


def _tables(decision: Decision) -> Iterator[Part]:
    """s(z), and the conditions with their relations."""
    from temperance.show.page import activation_mathml, mathml  # a screen has no use for it

    if decision.activation.pieces:
        yield activation_mathml(decision.activation)
    rows = (
        (name, outcome_in_words(v), mathml(v.latex) if v.latex else "–", v.reason or v.scope)
        for name, v in zip(CONDITIONS.values(), decision.verdicts, strict=True)
    )
    yield Table(f"The conditions of {decision.activation.name}", _TYPESET_COLUMNS, tuple(rows))
