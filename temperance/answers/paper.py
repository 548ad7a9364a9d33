"""Answers `paper`: what is proved and measured of a model, as the sections of a paper.

The paper is made of the answers of the other commands at one truth, so that it has their numbers. A sentence of it is
proved, measured, or says why there is neither; a theorem of the project's own is cited by its number in docs/theory.
"""

from __future__ import annotations

import hashlib
import re
import shlex
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from functools import cached_property, partial
from pathlib import Path
from typing import Annotated, Any, TypeVar, Unpack

import sympy as sp
from cyclopts import Parameter

from temperance.answers.check import Check, check, describe_conditions
from temperance.answers.coefficient import Coefficient, coefficient
from temperance.answers.derive import Derive, derive
from temperance.answers.efficiency import Efficiency, count, efficiency
from temperance.answers.exponents import Exponents, exponents
from temperance.answers.predict import Predict, predict
from temperance.answers.rates import Rates, rates
from temperance.answers.twins import Twins, twins
from temperance.measurements.contact_orders import describe_rate, rates_in_words, true_atoms
from temperance.measurements.literature import ROWS, TITLES
from temperance.measurements.rate_studies import PROFILE_SIZE, tau_profile
from temperance.measurements.true_measures import (
    check_atoms,
    exact,
    measure_values_of,
    read_measure,
    read_truth,
    values_of,
)
from temperance.numerics.estimation.identifiability import INDISTINCT
from temperance.numerics.information.fisher import held_in
from temperance.show import document as writers
from temperance.show.answer import Answer, Refused
from temperance.show.document import (
    Block,
    Document,
    Figure,
    Grid,
    Section,
    Theorem,
    blocks_of,
    formula,
    plain,
    sentence,
    symbol,
    typeset,
    typeset_cell,
)
from temperance.show.inputs import read_json
from temperance.show.notebook import build, execute, require_kernel, text
from temperance.show.options import FileOr, FormulaOptions, Options, Whole, takes_formulas
from temperance.show.output import BadInput, Display, takes_files, to_json
from temperance.show.page import activation_latex, versions
from temperance.show.plots import STYLES, Curve, Curves, Picture, Plot
from temperance.show.table import Aside, Summary, Table
from temperance.theory.contact.any_model_rates import known_beside
from temperance.theory.contact.contact_orders import Orders
from temperance.theory.contact.moment_bounds import Equation, leading_equations
from temperance.theory.contact.order_setting import flat_curves
from temperance.theory.contact.places import moved_along
from temperance.theory.expressions.arguments import checked
from temperance.theory.interactions.interactions import gate_conditions, tex
from temperance.theory.models import experts
from temperance.theory.models.by_name import takes_activation
from temperance.theory.models.form import named
from temperance.theory.models.gates import FITTED, Gauge, gauge_of
from temperance.theory.models.order import Quantity
from temperance.theory.models.spec import BETA0, NU, TAU, Expert, Gate, MoESpec, atom_symbol, kinks
from temperance.theory.models.truth import Setting, Truth
from temperance.theory.symmetries.derivation import Code, Formula, Paragraph, Step, broken
from temperance.theory.symmetries.score_translations import generic_rank
from temperance.theory.symmetries.traits import understood
from temperance.theory.symmetries.vector_fields import SCALE

SEED = "2401.13875"
_TEMPERANCE = (
    "temperance, a toolkit that proves and measures the theory of temperature in mixtures of experts; its theorems are "
    "numbered in docs/theory"
)
_ASSUMPTIONS = {
    "A1": r"$x$ has a density on a compact box that is bounded away from $0$ and from $\infty$ there.",
    "A2": "Parameters lie in a compact set with the true ones in its interior",
    "A3": "The true experts differ from one another.",
    "A4": "In a cell of several atoms the share of each is bounded away from $0$.",
    "A5": "No other parameters in the set of (A2) have the true density than the true ones, their twins, and these "
    "with atoms split.",
}
_DEFINITIONS = (
    r"Each fitted atom belongs to the nearest true atom. The fitted atoms of one true atom are its \emph{cell}; cells "
    r"have the numbers of the true atoms. A cell of one atom is a \emph{singleton}, a cell of several is \emph{split}. "
    r"The weight of an atom over that of its cell is its \emph{share}. The \emph{offset} $\Delta p$ of a parameter $p$ "
    r"is its value in a fitted atom less the true one, and its \emph{mean} in a cell is over the shares.",
    r"Let $\|g - g^*\|$ be the distance in $L_2$ of the fitted density $g$ of $y$ given $x$ from the true one, $g^*$: "
    r"its square is the mean over $x$ of $\int (g - g^*)^2\,dy$. The \emph{contact order} of $p$ is the smallest $r$ "
    r"with $|\Delta p|^r = O(\|g - g^*\|)$ for all fitted mixtures near the truth that obey Assumption \ref{a4}. The "
    r"distance of Hellinger bounds this one, so that under Assumption \ref{a5} the error of the maximum-likelihood "
    r"estimate is of the order $n^{-1/(2r)}$, up to logarithms. An order is \emph{exact} if a curve of mixtures at the "
    r"distance $O(\delta^r)$ has an offset $\delta$: then no estimator has a better rate at the truth and near it. A "
    r"parameter is \emph{flat} "
    r"if it moves along a curve of mixtures with the true density (docs/theory, definitions and 4.2, of "
    r"\cite{temperance}).",
)
_LONGEST = 120  # letters of functions in a sentence
_LARGE = 100  # a denominator above it is not read
_FLAT = 1e-3  # a fall of a log-likelihood below it is where climbs end


@dataclass(frozen=True)
class Materials:
    """The answers that a paper is made of, each at its truth; a text says why there is none.

    orders: with one cell split beside a singleton ("one"), and with every cell split ("all"). sizes: what each function
    that is identifiable needs.
    """

    options: Options
    truth: Truth
    gauge: Gauge
    fitted: int
    derivation: Derive
    twins: Twins | str
    exact: Predict | str
    over: Predict | str
    orders: Mapping[str, Exponents | str]
    coefficient: Coefficient | str
    samples: Sequence[Efficiency] | str
    sizes: Mapping[str, Efficiency | str]
    remedy: Check | None
    experiments: Rates | str | None
    profile: Curves | str | None

    @property
    def spec(self) -> MoESpec:
        """The model of an atom."""
        return self.options.spec

    @cached_property
    def reading(self) -> str:
        """How its formulas are read, as answers say it."""
        return str(understood(self.spec))

    @property
    def values(self) -> dict[str, Any]:
        """The truth as --truth takes one."""
        return _values(self.options, self.truth)

    @property
    def names(self) -> Set[str]:
        """The names of its parameters."""
        return {p.name for p in (*self.spec.parameters, BETA0)}


def document_of(m: Materials, digests: Mapping[str, str], commands: Sequence[str]) -> Document:
    """The paper."""
    sections = [_model(m), _interactions(m), _identifiability(m), _rates(m)]
    sections += [_remedy(m, m.remedy)] if m.remedy is not None else []
    sections += [_experiments(m)] if m.experiments is not None else []
    sections += [_sample_sizes(m), _reproducibility(m, digests, commands), *_appendix(m)]
    references = {"temperance": _TEMPERANCE} | {
        _key(number): plain(f"{TITLES[number]}, arXiv {number}") for number in _papers(m.spec)
    }
    return Document(_title(m), tuple(_abstract(m)), tuple(sections), references)


def _papers(spec: MoESpec) -> list[str]:
    """The numbers of the papers on a gate, and of that on the temperature of a dense gate."""
    name = named(spec.gate, spec.dim)
    papers = next((row.papers for row in ROWS if row.gate == name and row.papers), ())
    return list(dict.fromkeys([*papers, *[SEED] * (TAU in spec.gate.shared)]))


def _key(number: str) -> str:
    """The key of a paper on arXiv."""
    return f"arxiv{number.replace('.', '')}"


def _gate(spec: MoESpec) -> str:
    """The log weight of an atom, without its bias."""
    return str(tex(spec.gate.log_weight))


def _title(m: Materials) -> str:
    gate = _gate(m.spec)
    gate = f"the gate ${gate}$" if len(broken(gate)) == 1 else f"the {m.spec.gate.name} gate"
    return f"Mixtures of experts with {gate}: what is identifiable, and how fast"


def _abstract(m: Materials) -> Iterator[str]:
    """The answers in words, one paragraph each."""
    pair = " of the first two alone" if m.truth.k > 2 else ""
    yield _identifiable(m)
    for answer, opening in (
        (m.exact, f"With {m.truth.k} atoms, as many as the truth has."),
        (m.over, f"With {m.fitted} atoms."),
        (m.orders["one"], f"One true atom{pair} fitted by two, beside a singleton{_beside(m.orders['one'])}."),
        (m.orders["all"], f"Every true atom{pair} fitted by two."),
        (m.experiments, "Experiments."),
    ):
        if answer is not None and not isinstance(answer, str):
            proved = answer.found if isinstance(answer, Exponents) else None
            words = rates_in_words(proved) if isinstance(proved, Orders) else answer.words[0]
            yield rf"\emph{{{opening}}} {sentence(words, m.names)}"
    yield from (sentence(answer.words[0], m.names) for answer in (() if isinstance(m.samples, str) else m.samples))


def _identifiable(m: Materials) -> str:
    """What is identifiable; longer functions are in their section."""
    functions = m.derivation.symmetries.identifiable
    if functions is None:
        return sentence(m.derivation.words[0], m.names)
    bias = () if m.spec.gate.offset is None else (BETA0,)
    others = [p for p in (*m.spec.parameters, *bias) if p not in functions]
    here = [f.subs({atom_symbol(p, "i"): p for p in others}) for f in functions]  # those of the atom j are held
    slopes = sp.Matrix(here).jacobian([*m.spec.parameters, *bias])
    units = {p: sp.Matrix([p]).jacobian([*m.spec.parameters, *bias]) for p in others}
    determined = [p for p in others if generic_rank(slopes.col_join(units[p])) == generic_rank(slopes)]
    lost, relative = _listed([p for p in others if p not in determined]), _listed(determined)
    shown = r"the functions of Section \ref{identifiability}" if _are_long(functions) else _listed(functions)
    rest = [f"not identifiable by themselves: {lost}"] if lost else []
    rest += (
        [f"identifiable through these functions, once the gauge holds the last atom: {relative}"] if relative else []
    )
    return f"Identifiable: {shown}; {'; '.join(rest) or 'that is every parameter'}."


def _listed(functions: Sequence[sp.Expr]) -> str:
    """Functions as prose."""
    return ", ".join(f"${tex(f)}$" for f in functions)


def _are_long(functions: Sequence[sp.Expr]) -> bool:
    """Whether functions are too long for a sentence."""
    return sum(len(str(f)) for f in functions) > _LONGEST


def _lines(m: Materials, summary: Summary, label: str) -> tuple[Block, ...]:
    """What an answer prints, as paragraphs and tables: what the paper has elsewhere, and advice, is left out."""
    parts = (
        _table_of(part) if isinstance(part, Table) else part for part in summary.all if not isinstance(part, Aside)
    )
    return blocks_of([part for part in parts if part], label, m.names, {summary.title, m.reading})


def _table_of(table: Table) -> Table | None:
    """A table without columns that say one thing, which its caption then says; None where a sentence says it all."""
    if len(table.rows) == 1 and table.columns == ("parameter", "true value", "n"):
        return None
    columns = dict(zip(table.columns, zip(*table.rows, strict=True), strict=True))
    same = {h: cells[0] for h, cells in list(columns.items())[1:] if len(cells) > 2 and len(set(cells)) == 1}
    varied = {head: cells for head, cells in columns.items() if head not in same}
    caption = "; ".join([table.caption, *(f"{head}: {cell} in all rows" for head, cell in same.items())])
    return Table(caption, tuple(varied), tuple(zip(*varied.values(), strict=True)))


def _open(what: str, reason: str, names: Set[str]) -> tuple[Block, ...]:
    """What is open, and why."""
    return (Paragraph(f"{what} Open: {typeset(reason, names)}."),)


# the model


def _model(m: Materials) -> Section:
    spec = m.spec
    weight = r"\frac{\exp L_i(x)}{\sum_{j=1}^{k}\exp L_j(x)}"
    density = rf"g_G(y \mid x) = \sum_{{i=1}}^{{k}} {weight}\, f_i(y \mid x)"
    bias = "" if spec.gate.offset is None else f" + {tex(spec.gate.offset)}"
    lines = (density, f"L(x) = {_gate(spec)}{bias}", rf"\log f(y \mid x) = {tex(spec.expert.log_density)}")
    own = ", ".join(symbol(p.name) for p in spec.parameters if p not in spec.gate.shared)
    own += f" and {symbol(BETA0.name)}" if bias else ""
    shared = ", ".join(symbol(p.name) for p in spec.gate.shared)
    held = f"All atoms share {shared}." if shared else "No parameter is shared."
    positive = [symbol(p.name) for p in spec.parameters if p.is_positive]
    signs = f" Positive: {', '.join(positive)}." if positive else ""
    text = f"Each atom has {own} of its own. {held}{signs} A mixing measure $G$ has $k$ atoms."
    held_symbols = held_in(m.truth, m.gauge)
    names = ", ".join(symbol(p.name) for p in held_symbols)
    gauge = "A \\emph{gauge} fixes what all scores $L_i$ may have in common, which the density does not show. "
    gauge += f"Here it holds, of the last atom, {names}" if names else "Here nothing is held"
    gauge += _score(moved_along(m.truth, held_symbols)) + "."
    blocks: list[Block] = [
        Paragraph("The density of $y$ given $x$ is"),
        Formula(lines),
        Paragraph(text),
        Paragraph(gauge),
    ]
    if papers := _papers(spec):
        blocks.insert(0, Paragraph(rf"On gates with a temperature see \cite{{{','.join(map(_key, papers))}}}."))
    bounded = "; positive ones are bounded away from $0$" if positive else ""
    for name, statement in _ASSUMPTIONS.items():
        text = f"{statement}{bounded}." if name == "A2" else statement
        blocks.append(Theorem("Assumption", name, name.lower(), (Paragraph(text),)))
    blocks += map(Paragraph, _DEFINITIONS)
    two = " Contact orders are of its first two atoms, as theorems have two." if m.truth.k > 2 else ""
    blocks += [
        Paragraph(rf"Table \ref{{truth}} is the truth of this paper.{two}"),
        _truth_table(m),
    ]
    return Section("model", "Model and assumptions", tuple(blocks))


def _truth_table(m: Materials) -> Grid:
    truth = m.truth
    heads = ("parameter", *(f"atom {i}" for i in range(1, truth.k + 1)))
    rows = [(symbol(p.name), *(f"${_value(atom[p])}$" for atom in truth.atoms)) for p in truth.atoms[0]]
    rows += [(symbol(p.name), f"${_value(v)}$", *("same" for _ in range(truth.k - 1))) for p, v in truth.shared.items()]
    low, high = map(_value, truth.box or (sp.S.Zero, sp.S.One))
    law = f"[{low}, {high}]" + ("" if m.spec.dim == 1 else f"^{m.spec.dim}")
    return Grid(Table(f"The truth; $x$ is uniform on ${law}$.", heads, tuple(rows)), "truth")


def _value(value: sp.Expr) -> str:
    """A true value; a fraction of large numbers as a decimal number of six digits (truth.json has all)."""
    return f"{float(value):.6g}" if value.is_Rational and value.q > _LARGE else tex(value)


# interactions


def _step(derived: Derive, name: str) -> Step:
    return next(step for step in derived.derivation.steps if step.name == name)


def _prose(step: Step) -> tuple[Block, ...]:
    """The blocks of a step without its code."""
    return tuple(b for b in step.blocks if not isinstance(b, Code))


def _interactions(m: Materials) -> Section:
    derived, found = m.derivation, m.derivation.derivation.interactions
    steps = ("Derivatives", "Linear system", *(["Verification"] if found.relations else []))
    if found.relations:
        statement: tuple[Block, ...] = (
            Paragraph(
                f"Among $u = {_atom(m.spec)}$ and its derivatives of order at most {found.order}, {found.derivatives} "
                f"functions of $(x, y)$, there {_exactly(len(found.relations))} with coefficients that do not depend "
                "on $x$ and $y$. All follow from"
            ),
            Formula(tuple(g.latex for g in found.generators)),
        )
    else:
        text = f"The {found.derivatives} derivatives of $u = {_atom(m.spec)}$ of order at most {found.order} are"
        statement = (Paragraph(f"{text} independent."),)
    proof = tuple(block for name in steps for block in _prose(_step(derived, name)))
    opening = (
        "A relation among the derivatives of an atom says which changes of its parameters a density does not show."
    )
    statement += (Paragraph("The derivatives are those off the kinks of the gate."),) * bool(kinks(m.spec))
    theorem = Theorem("Theorem", "interactions", "interactions-theorem", statement, proof)
    missing = _open("The list may be incomplete.", "; ".join(found.missing), m.names) if found.missing else ()
    consequence = _prose(_step(derived, "Consequence for the rates"))
    verdicts = sentence(describe_conditions(gate_conditions(found)))
    conditions = (Paragraph(_CONDITIONS + verdicts),) * (m.options.activation is None)
    return Section("interactions", "Interactions", (Paragraph(opening), theorem, *missing, *consequence, *conditions))


_CONDITIONS = (
    r"\emph{Conditions.} The first-order condition is that no relation of order $1$ has a derivative in a parameter of "
    "the gate; the second-order condition is that none of order $1$ or $2$ has one. "
)


def _atom(spec: MoESpec) -> str:
    """An atom of the interactions: its weight, without what its bias adds, times the density of its expert."""
    bias = "" if spec.gate.offset is None else f" - {tex(spec.gate.offset)}"
    return rf"\exp(L{bias})\, f"


def _exactly(relations: int) -> str:
    many = f"are exactly {relations} independent linear relations"
    return "is exactly one linear relation" if relations == 1 else many


# identifiability


def _identifiability(m: Materials) -> Section:
    groups = m.derivation.symmetries
    scale = sp.Symbol(next(s for s in ("l", "k", "m", "ell") if s not in m.names), positive=True)
    functions = groups.identifiable or ()
    if _are_long(functions):
        lines = [*(tex(f) for f in functions if not f.is_Symbol), r",\ ".join(tex(f) for f in functions if f.is_Symbol)]
        blocks: list[Block] = [Paragraph("These functions are identifiable:"), Formula(tuple(lines))]
    else:
        blocks = [Paragraph(_identifiable(m))]
    blocks.append(Paragraph(sentence(f"What is {groups.proved}", m.names)))
    for number, flow in enumerate(groups.flows, 1):
        before = ", ".join(tex(p) for p, _ in flow.orbit)
        after = ", ".join(tex(e.subs(SCALE, scale)) for _, e in flow.orbit)
        invariants = r",\quad ".join(tex(i) for i in flow.invariants)
        statement = (
            Paragraph(f"For every ${tex(scale)} > 0$ the density does not change on"),
            Formula((rf"({before}) \mapsto ({after})",)),
            Paragraph("and its invariants are"),
            Formula((invariants,)),
        )
        blocks.append(
            Theorem("Proposition", "a flow", f"flow-{number}", statement, tuple(_invariance(m.spec, flow.orbit, scale)))
        )
    if not groups.flows:
        none = "No flow of the parameters keeps the density: no relation of order 1 integrates to one."
        blocks.append(Paragraph(none))
    decided = None if isinstance(m.twins, str) else m.twins
    listed = {symmetry.kind for symmetry in (decided.symmetries if decided else ())}
    for group in groups.discrete:
        if group.name not in listed:
            text = f"{group.name.capitalize()} ({group.gauge} gauge): {group.statement}".replace("gauge gauge", "gauge")
            blocks.append(Paragraph(sentence(text, m.names)))
    if decided is None:
        blocks += _open("Twins, other parameters with the same density, are not decided here.", str(m.twins), m.names)
    else:
        blocks += [
            Paragraph(r"\emph{Twins} are other parameters with the same density."),
            *_lines(m, decided.summary, "twins"),
        ]
        if decided.found.twins:
            blocks.append(Paragraph(_NOTATION_OF_TWINS))
    return Section("identifiability", "Identifiability", tuple(blocks))


_NOTATION_OF_TWINS = (
    r"In these rows the letters $b$, $c$ and numbers before $\beta_0$ are $\beta_1$ of the atoms, one after another; "
    "$b$ is no intercept there."
)


def _invariance(spec: MoESpec, orbit: Sequence[tuple[sp.Symbol, sp.Expr]], scale: sp.Symbol) -> Iterator[Block]:
    """That a flow keeps the score of an atom, or moves it by what all atoms have in common."""
    bias = sp.S.Zero if spec.gate.offset is None else spec.gate.offset
    score = spec.gate.log_weight + bias + spec.expert.log_density
    moved = score.subs(dict(orbit), simultaneous=True).replace(
        lambda e: isinstance(e, sp.core.relational.Relational), _without_scale
    )
    gap = sp.simplify(sp.piecewise_fold(sp.simplify(moved - score)))
    shown = tex(gap.subs(SCALE, scale))
    yield Paragraph("Put the right side for the left in $L + \\log f$. The difference is")
    yield Formula((rf"(L + \log f)(\text{{right}}) - (L + \log f)(\text{{left}}) = {shown}",))
    same = "the same for all atoms, so that the quotient in the density does not change."
    yield Paragraph("so that no atom changes." if gap == 0 else same)


def _without_scale(condition: sp.Expr) -> sp.Expr:
    """A comparison with 0 without a power of the scale, which is positive."""
    rest, factor = sp.factor(condition.lhs - condition.rhs).as_independent(SCALE, as_Add=False)
    return condition.func(rest, 0) if factor.is_positive else condition


# rates


def _rates(m: Materials) -> Section:
    blocks: list[Block] = []
    for title, answer, label, assumed in (
        (
            rf"\emph{{Exact-specified}}, $k = k^* = {m.truth.k}$.",
            m.exact,
            "exact",
            r"\ref{a1} to \ref{a3} and \ref{a5}",
        ),
        (rf"\emph{{Over-specified}}, $k = {m.fitted}$.", m.over, "over", r"\ref{a1} to \ref{a5}"),
    ):
        meaning = f"An error falls as $n^{{-p}}$, up to logarithms; Assumptions {assumed}."
        blocks.append(Paragraph(f"{title} {meaning}"))
        if isinstance(answer, str):
            blocks += _open("No rate is predicted.", answer, m.names)
        else:
            blocks += _lines(m, answer.summary, label)
    for split, title in (("one", "one cell of two beside a singleton"), ("all", "every cell split in two")):
        orders = m.orders[split]
        if isinstance(orders, str):
            blocks += _open(f"Contact orders with {title}.", orders, m.names)
        else:
            blocks += _orders(m, orders, split, title)
    if isinstance(m.coefficient, str):
        blocks += _open("The learning coefficient.", m.coefficient, m.names)
    elif m.coefficient.found.bic is None and m.coefficient.found.upper is None:
        blocks += _open("The learning coefficient.", m.coefficient.found.reason.text, m.names)
    else:
        blocks += [Paragraph(_PRICE), *_lines(m, m.coefficient.summary, "coefficient")]
    return Section("rates", "Rates", tuple(blocks))


_PRICE = (
    r"\emph{The price of an extra expert.} $\lambda$ stands for half a number of parameters in the evidence, $-\log Z "
    r"= n L_n + \lambda \log n$ up to smaller terms, and BIC charges half of all parameters (docs/theory, chapter 6, "
    r"of \cite{temperance})."
)


def _orders(m: Materials, answer: Exponents, split: str, title: str) -> Iterator[Block]:
    """The theorem on contact orders: the table, the certificates that bound them, the curves that reach them."""
    setting = answer.found.setting
    statement = (
        f"Let Assumptions \\ref{{a1}} to \\ref{{a4}} hold, at {_where(m, setting)}, with {title}{_beside(answer)}. "
        "The contact orders "
        rf"are those of Table \ref{{orders-{split}}}."
    )
    numbers = _bounding(answer)

    def reason(o: Mapping[str, Any]) -> str:
        return (
            numbers[o["parameter"]] if o["parameter"] in numbers and o["certified"] else typeset(o["reason"], m.names)
        )

    rows = tuple(
        (typeset_cell(o["parameter"], m.names), _order(o), typeset(describe_rate(o)), reason(o))
        for o in answer.record["orders"]
    )
    table = _table_of(Table(f"Contact orders, {title}", ("parameter", "order", "rate", "reason"), rows))
    assert table is not None
    proof = tuple(_proof(m, answer, split))
    yield Theorem("Theorem", f"contact orders, {title}", f"orders-{split}-theorem", (Paragraph(statement),), proof)
    yield Grid(table, f"orders-{split}")
    yield from (Paragraph(sentence(reason, m.names)) for reason in answer.record["reasons"])


def _where(m: Materials, setting: Setting) -> str:
    """The true point of contact orders, and what of the last atom a mixture may not move, as prose."""
    place = r"the truth of Table \ref{truth}"
    place = place if m.truth.k == setting.truth.k else f"the first two atoms of {place}"
    if moved := [p for p, v in setting.truth.atoms[1].items() if v != m.truth.atoms[1][p]]:
        values = ", ".join(f"${tex(p)} = {tex(setting.truth.atoms[1][p])}$" for p in moved)
        place += f", written with {values} of the second atom, where a flow of an atom leads,"
    truth = true_atoms(setting)
    held = ", ".join(f"${tex(sp.Symbol(name))}$" for name in truth["held"]) + _score(truth["along_flow"])
    last = "last fitted atom" if setting.every else "last atom"
    return f"{place} with {held} of the {last} held there" if held else place


def _beside(answer: Exponents | str) -> str:
    """That the gate of a singleton is known, where no gauge holds it."""
    is_known = not isinstance(answer, str) and isinstance(answer.found, Orders) and known_beside(answer.found.setting)
    return " whose gate is known" if is_known else ""


def _score(along: Sequence[str]) -> str:
    """That a score is held, and not the parameters in it that a flow moves."""
    return f" (its score, along which a flow moves {', '.join(map(symbol, along))})" if along else ""


def _order(row: Mapping[str, Any]) -> str:
    """An order as prose: exact, bounded on one side, flat, or open."""
    upper, lower = row["upper"], row["lower"]
    if row["flat"]:
        return "none: flat"
    if upper is not None and upper == lower:
        return f"${upper}$, exact"
    bounds = ([f"at least ${lower}$"] if lower else []) + ([f"at most ${upper}$"] if upper else [])
    return ", ".join(bounds) or "open"


def _proof(m: Materials, answer: Exponents, split: str) -> Iterator[Block]:
    """How each side is proved."""
    proofs = answer.certificates()
    if not proofs:
        missing = typeset(answer.uncertified or "there is no certificate", m.names)
        yield Paragraph(rf"By the theorems of \cite{{temperance}} that the table names; {missing}.")
        return
    yield Paragraph(
        rf"The {len(proofs)} certificates are in \texttt{{certificates/orders-{split}.json}}. A kernel that imports "
        r"nothing of what found them proves each again (\texttt{temperance certify}); its rules are theorems of "
        r"\cite{temperance}. Claims that follow from those before, or say that an order is at least 1, are left out."
    )
    labels = _labels(answer.found.setting)
    shown: dict[tuple[str, str], sp.Rational] = {}
    for number, proof in enumerate(proofs, 1):
        kind, claims = proof["proof"]["kind"], [c for c in proof["claims"] if _is_new(c, shown)]
        if not claims:
            continue
        bounds = ", ".join(_claim(c, labels, m.names) for c in claims)
        yield Paragraph(f"Certificate {number}, {_KINDS.get(kind, plain(kind))}: {bounds}.")
        if points := _points(proof):
            yield Paragraph("The determinants are at the points")
            yield Formula(points)
        if kind == "curve":
            yield Formula(tuple(_curve(proof["proof"])))
        if kind == "moments":
            yield Paragraph(
                r"With $\mathrm{E}$ the mean over a cell by shares, its cases use these equations, each without higher "
                "moments:"
            )
            yield Formula(tuple(map(_equation, leading_equations(proof))))
            yield Paragraph(_start(proof))


def _start(proof: Mapping[str, Any]) -> str:
    """What the cases of a certificate by moments begin with."""
    b, size = proof["proof"]["intercept"], proof["place"]["sizes"][0]
    if b is None:
        return f"They begin with at most ${2 * size}$ for every parameter of the mean (docs/theory, 4.2.2)."
    bounds = rf"{symbol(b)} at most ${2 * size}$, {symbol(NU.name)} at most ${size}$"
    return rf"They begin with {bounds}, as the order of an intercept is $\bar r(m) = 2m$ (docs/theory, 4.1.1)."


def _is_new(claim: Mapping[str, Any], shown: dict[tuple[str, str], sp.Rational]) -> bool:
    """Whether a claim says more than those of its parameter and side before it, which it joins."""
    key, value = (claim["title"], claim["side"]), sp.Rational(claim["value"] or 1)
    least = claim["side"] == "at least"
    is_new = value > shown.get(key, sp.S.One) if least else key not in shown or value < shown[key]
    if is_new:
        shown[key] = value
    return bool(is_new)


def _points(proof: Mapping[str, Any]) -> tuple[str, ...]:
    """The points x of the determinants of a proof, a line for each theorem that it takes for granted."""
    x = ", ".join(map(_formula, proof["place"]["model"]["covariates"]))
    lines = []
    for step in (s for s in proof["proof"].get("steps", ()) if isinstance(s, Mapping) and s.get("points")):
        points = [", ".join(tex(sp.Rational(v)) for v in point) for point in step["points"]]
        values = [f"({v})" if "," in x else v for v in points]
        names = "".join(f", {formula(name)}" for name in step["names"])
        lines.append(rf"\text{{{step['theorem']}}}{names}:\quad {f'({x})' if ',' in x else x} = {', '.join(values)}")
    return tuple(lines)


_KINDS = {
    "moments": "by moments: densities are close only if weighted moments of the offsets are small, and a finite tree "
    "of cases, each closed by a combination of inequalities with nonnegative multipliers, leaves no other way",
    "theorems": "by theorems that need the independence of a family of functions, proved by a determinant that is "
    "not 0",
    "derivatives": "by the independence of derivatives, proved by a determinant that is not 0",
    "curve": "a curve of mixtures along which the distance $\\|g - g^*\\|$ is of the stated power of $\\delta$",
    "identity": "a curve of mixtures with one density",
}


def _equation(equation: Equation) -> str:
    """A combination of moments that is of the order of the distance."""
    total = sp.S.Zero
    for powers, factor in equation.terms.items():
        offsets = [sp.Symbol(rf"\Delta {tex(sp.Symbol(name))}") for name in equation.names]
        inside = sp.Mul(*(q**n for q, n in zip(offsets, powers[: equation.own], strict=False)))
        shared = sp.Mul(*(q**n for q, n in zip(offsets[equation.own :], powers[equation.own :], strict=True)))
        mean = sp.S.One if inside == 1 else sp.Symbol(rf"\mathrm{{E}}[{sp.latex(inside)}]")
        total += sp.Rational(int(factor.p), int(factor.q)) * shared * mean
    return rf"{sp.latex(total)} = O(\|g - g^*\|)"


def _labels(setting: Setting) -> dict[str, str]:
    """What certificates call orders -> what orders are called where a parameter stands for an invariant."""
    curves = flat_curves(setting)
    quantities = [Quantity(p.name, is_mean) for p in setting.parameters for is_mean in (False, True)]
    return {str(of): curves.label(*of) for of in quantities}


def _bounding(answer: Exponents) -> dict[str, str]:
    """Orders -> the certificate that bounds them best."""
    labels, bounds = _labels(answer.found.setting), dict[str, tuple[Fraction, str]]()
    for number, proof in enumerate(answer.certificates(), 1):
        for claim in (c for c in proof["claims"] if c["side"] == "at most"):
            label, value = labels.get(claim["title"], claim["title"]), Fraction(claim["value"])
            if label not in bounds or value < bounds[label][0]:
                bounds[label] = value, f"certificate {number}"
    return {label: number for label, (_, number) in bounds.items()}


def _claim(claim: Mapping[str, Any], labels: Mapping[str, str], names: Set[str]) -> str:
    """A claim as prose. What is flat is the parameter itself."""
    title = claim["title"]
    if claim["side"] == "flat":
        return f"{typeset_cell(title, names)} flat"
    return f"{typeset_cell(labels.get(title, title), names)} {claim['side']} ${claim['value']}$"


def _curve(proof: Mapping[str, Any]) -> Iterator[str]:
    """The atoms of a curve: in each split cell their offsets at the roots of a polynomial, and their share."""
    xi = sp.Symbol("xi")
    for place, cell in enumerate(proof["cells"], 1):
        for part in cell:
            node = tex(sum((sp.Rational(c) * xi**n for n, c in enumerate(part["nodes"])), sp.S.Zero))
            share = rf"\text{{share }} {_formula(part['share'])}"
            yield rf"\text{{cell {place}, at each root of }} {node} = 0,\ {share}:"
            yield rf"\qquad {_offsets(part['offsets'])}"
    if proof["shared"]:
        yield _offsets(proof["shared"])


def _offsets(texts: Mapping[str, str]) -> str:
    return r",\ ".join(rf"\Delta {formula(name)} = {_formula(text)}" for name, text in texts.items())


def _formula(text: str) -> str:
    """A formula of a certificate as LaTeX; its _t goes to 0 and _q is a root."""
    return formula(re.sub(r"\b_t\b", "delta", re.sub(r"\b_q\b", "xi", text)))


# remedy, experiments, sample sizes


def _remedy(m: Materials, answer: Check) -> Section:
    decision = answer.decisions[0]
    is_own = m.options.activation is not None
    gate = "The score of this gate is" if is_own else "The remedy is another gate, with the score"
    families = (
        Paragraph(rf"{gate} $s(\beta_1 \cdot x)/\tau$, here with"),
        Formula((f"s(z) = {activation_latex(decision.activation)}",)),
        Paragraph(
            r"With as many atoms as the truth has, $\tau$ is learnt if the functions of the first line are "
            r"independent. In fits of more, (i) is about $\tau$ and $\beta_1$, (ii) about $a$, (iii) about $b$, $\nu$ "
            r"(docs/theory, 3.1 and 3.2, of \cite{temperance}):"
        ),
        Formula(
            (
                r"\text{first order:}\quad 1,\ s,\ z s' \text{ are independent}",
                r"\text{(i):}\quad 1,\ s,\ z s',\ z^2 (s'' + s'^2/\tau) \text{ are independent}",
                r"\text{(ii):}\quad z^2 \notin \mathrm{span}\{1,\ z,\ z s'\}",
                r"\text{(iii):}\quad 1 \notin \mathrm{span}\{z,\ z s'\}",
            )
        ),
    )
    return Section("remedy", "Remedy: an activation", (*families, *_lines(m, answer.summary, "conditions")))


def _experiments(m: Materials) -> Section:
    answer, drawn = m.experiments, m.profile
    assert answer is not None  # without experiments there is no such section
    blocks: list[Block] = []
    if isinstance(drawn, Curves):
        blocks += [Paragraph(_fall(drawn)), Figure(drawn, _caption(drawn, m.names), "profile")]
    elif drawn is not None:
        blocks += _open("The likelihood over $\\tau$ is not drawn.", drawn, m.names)
    if isinstance(answer, str):
        blocks += _open("No slope was measured.", answer, m.names)
        return Section("experiments", "Experiments", tuple(blocks))
    meaning = r"The truth is that of Table \ref{truth}; a slope of $-p$ is an error of order $n^{-p}$."
    text = Paragraph(f"{sentence(answer.summary.title, m.names)} {meaning}")
    plots = answer.plots
    figures = [Figure(p, _caption(p, m.names), f"errors-{i}") for i, p in enumerate(plots, 1)]
    blocks += [text, *_lines(m, answer.summary, "slopes"), *figures]
    return Section("experiments", "Experiments", tuple(blocks))


def _profile(truth: Truth) -> Curves:
    """The picture of the likelihood over tau. Raises ValueError as `tau_profile`."""
    values, heights = tau_profile(truth)
    level = Curve("predicted", (-INDISTINCT,) * len(values), f"a fall of {INDISTINCT}, which excludes at 95%")
    return Curves(
        title="Log-likelihood over tau, the other parameters at their best values, less its maximum",
        axes=("tau", "log-likelihood"),
        x=tuple(values.tolist()),
        lines=(Curve("measured", tuple(heights.tolist()), f"one sample of {PROFILE_SIZE}"), level),
    )


def _fall(drawn: Curves) -> str:
    """What a picture of the likelihood over tau shows, in words."""
    heights, (low, high) = drawn.lines[0].y, (drawn.x[0], drawn.x[-1])
    inside = [tau for tau, height in zip(drawn.x, heights, strict=True) if height > -INDISTINCT]
    sample = f"In one sample of {PROFILE_SIZE} points from the truth, with as many atoms, the likelihood over $\\tau$ "
    if min(heights) > -_FLAT:
        return f"{sample}is flat: from ${low:.3g}$ to ${high:.3g}$ it falls by less than $10^{{-3}}$."
    return (
        f"{sample}falls by {-min(heights):.3g} between ${low:.3g}$ and ${high:.3g}$; it does not exclude values from "
        f"${inside[0]:.3g}$ to ${inside[-1]:.3g}$ at $95\\%$."
    )


def _caption(picture: Picture, names: Set[str]) -> str:
    """The title of a picture, and what its lines are."""
    lines = getattr(picture, "lines", ())
    legend = "; ".join(f"{STYLES[line.kind]}: {typeset(line.words, names)}" for line in lines)
    points = "Points: measured; " if isinstance(picture, Plot) else "Lines: "
    return sentence(picture.title, names) + (f" {points}{legend}." if legend else "")


def _sample_sizes(m: Materials) -> Section:
    if isinstance(m.samples, str):
        return Section("samples", "Sample sizes", _open("No sample size is given.", m.samples, m.names))
    blocks: list[Block] = []
    for number, answer in enumerate(m.samples, 1):
        blocks += _lines(m, answer.summary, f"sizes-{number}")
        blocks += [Figure(p, _caption(p, m.names), f"figure-{number}-{i}") for i, p in enumerate(answer.plots, 1)]
    if m.sizes:
        columns = ("parameter", "true value", "observations")
        rows = tuple((typeset_cell(name, m.names), *_size(answer, m.names)) for name, answer in m.sizes.items())
        blocks += [Paragraph(_SIZES), Grid(Table("Sample sizes", columns, rows), "sizes")]
    return Section("samples", "Sample sizes", tuple(blocks))


_SIZES = (
    r"Table \ref{sizes} has the observations for a relative standard error of $10\%$, or one of $0.1$ where the value "
    "is $0$, of what is identifiable in the first atom, with the score of the last atom held."
)


def _size(answer: Efficiency | str, names: Set[str]) -> tuple[str, str]:
    """A true value, and how many observations a parameter needs, or why there is no number."""
    row = None if isinstance(answer, str) else answer.parameter
    if row is None:
        return "-", typeset(str(answer), names)
    return f"{row.value:.4g}", typeset(f"none: {row.reason}", names) if row.n is None else typeset(count(row.n))


def _reproducibility(m: Materials, digests: Mapping[str, str], commands: Sequence[str]) -> Section:
    packages = tuple((plain(name), plain(version)) for name, version in versions().items())
    blocks: list[Block] = [Grid(Table("Versions.", ("package", "version"), packages), "versions")]
    if commands:
        text = r"These commands, in the folder of this paper, give its numbers (\texttt{reproduce.sh} runs them):"
        blocks += [Paragraph(text), *(Paragraph(rf"\texttt{{{plain(line)}}}") for line in commands)]
    else:
        text = r"The model was given as an object of Python; \texttt{temperance.paper} makes this paper again."
        blocks.append(Paragraph(text))
    if digests:
        rows = tuple((rf"\texttt{{{plain(name)}}}", rf"\texttt{{{value[:16]}}}") for name, value in digests.items())
        blocks.append(
            Grid(Table("Certificates, with the first digits of their SHA-256.", ("file", "SHA-256"), rows), "digests")
        )
        blocks.append(Code(_CODE))
    return Section("reproducibility", "Reproducibility", tuple(blocks))


_CODE = """\
import json
from pathlib import Path

import temperance

paper = json.loads(Path("paper.json").read_text())
[temperance.certify(f"certificates/{name}").accepted for name in paper["certificates"]]"""


def _appendix(m: Materials) -> list[Section]:
    """All relations, where the theorem has not listed them."""
    found = m.derivation.derivation.interactions
    lines = tuple(r.latex for r in found.relations)
    if set(lines) <= {g.latex for g in found.generators}:
        return []
    return [Section("relations", "All relations", (Formula(lines),), appendix=True)]


_MANIFEST, _KINDS_OF_FIGURES = "paper.json", ("pdf", "png")
_FILES = (".tex", ".html", ".md", ".json", ".ipynb", ".pdf", ".csv")
_MOST_TRUE = 5
A = TypeVar("A")


@dataclass(frozen=True, repr=False, eq=False)
class Paper(Answer):
    """A paper on a model: its sections, and the certificates and figures that go with them.

    Attributes:
        document: the sections.
        certificates: by the names of their files, lists of JSON values that `certify` proves again.
        truth: its true point, as --truth takes one.
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
    @checked
    def check_output(cls, path: str) -> None:
        """Raise BadInput unless a paper can be written to this folder: a new one, or one that holds a paper."""
        folder = Path(path)
        if folder.suffix in _FILES:
            raise BadInput(f"cannot write a paper to {path!r}, which is a file by its name; accepted: a folder")
        is_new = not folder.exists()
        fits = is_new or (folder.is_dir() and ((folder / _MANIFEST).is_file() or not any(folder.iterdir())))
        places = [folder.resolve().parent, *([] if is_new else [folder])]
        if not fits or not all(map(takes_files, places)):
            accepted = "a new folder in one of yours, or the folder of an earlier paper"
            raise BadInput(f"cannot write a paper to {path!r}; accepted: {accepted}")

    def true_values(self) -> Mapping[str, Any]:
        """Its true point."""
        return self.truth

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
        """Write paper.tex with its sections and figures, paper.html, paper.ipynb, ..; a new folder whole or not at all.

        In the folder of an earlier paper its files are replaced, each whole, and files of others are left alone.

        Raises:
            ValueError: the folder cannot be written.
        """
        self.check_output(path)
        target = Path(path).resolve()
        part = target.with_name(f".{target.name}.new")
        shutil.rmtree(part, ignore_errors=True)
        try:
            self._fill(part)
            if target.exists():
                _move_into(part, target)
            else:
                part.rename(target)
        except OSError as error:
            raise BadInput(f"cannot write {path!r}: {error.strerror}") from error
        finally:
            shutil.rmtree(part, ignore_errors=True)

    @classmethod
    @checked
    def where(cls, path: str) -> tuple[str, ...]:
        """The folder, the main file, and how to compile it."""
        return (f"paper written to {path}: paper.tex (twice pdflatex paper.tex, there), paper.html and paper.ipynb",)

    def _fill(self, folder: Path) -> None:
        for name in ("sections", "certificates", *["figures"] * any(self.document.figures())):
            (folder / name).mkdir(parents=True, exist_ok=True)
        head = ("#!/bin/sh", "# the numbers of the paper, one by one, and the paper", "set -e")
        files = {**writers.latex_files(self.document), "paper.html": writers.html(self.document)}
        files |= {f"certificates/{name}": to_json(proofs) + "\n" for name, proofs in self.certificates.items()}
        files["truth.json"] = to_json(self.truth) + "\n"
        files["references.bib"] = _bibliography(self.document.references)
        files["reproduce.sh"] = "\n".join([*head, *self.commands, ""])
        figures = {
            f"figures/{f.stem}.{kind}": f.bytes_in(kind) for f in self.document.figures() for kind in _KINDS_OF_FIGURES
        }
        names = sorted((*files, *figures, _MANIFEST, "paper.ipynb"))
        files[_MANIFEST] = to_json({**self.to_json(), "files": names}) + "\n"
        for name, picture in figures.items():
            (folder / name).write_bytes(picture)
        for name, content in files.items():
            (folder / name).write_text(content, encoding="utf-8")
        (folder / "reproduce.sh").chmod(0o755)
        notebook = execute(build(writers.cells(self.document)), folder)  # it reads the files
        (folder / "paper.ipynb").write_text(text(notebook), encoding="utf-8")


def _move_into(part: Path, target: Path) -> None:
    """Put the files of a paper into the folder of an earlier one, whose files go."""
    new = {p.relative_to(part) for p in part.rglob("*") if p.is_file()}
    for name in read_json(str(target / _MANIFEST), "the manifest of a paper").get("files", ()):
        if Path(name) not in new and (target / name).resolve().is_relative_to(target):
            (target / name).unlink(missing_ok=True)
    for name in new:
        (target / name).parent.mkdir(exist_ok=True)
        (part / name).replace(target / name)


def digest(proofs: Sequence[Mapping[str, Any]]) -> str:
    """The SHA-256 of certificates, as they stand in a file."""
    return hashlib.sha256((to_json(list(proofs)) + "\n").encode()).hexdigest()


def _bibliography(references: Mapping[str, str]) -> str:
    """The references for BibTeX."""
    entries = [f"@misc{{temperance,\n  note = {{{references['temperance']}}}\n}}\n"]
    for number in (number for number in TITLES if _key(number) in references):
        fields_ = f"title = {{{{{plain(TITLES[number])}}}}},\n  eprint = {{{number}}},\n  archiveprefix = {{arXiv}}"
        entries.append(f"@misc{{{_key(number)},\n  {fields_}\n}}\n")
    return "\n".join(entries)


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

    All numbers are those of the other commands at one truth.

    Args:
        gate: A gate of the list in docs/gates.md, or a formula of its log weight; linear is the default, or
            "activation" with an activation alone; in Python, also a Gate.
        expert: An expert of the list there, or a formula of its mean; in Python, also an Expert.
        activation: A name of the catalogue or an expression in z: of the gate "activation", or, with another gate, the
            remedy whose conditions a section decides.
        gauge: free or anchored, of the gate "activation".
        true: Number of true atoms, k*; by default 2, or as many as the truth has or the gate needs.
        fitted: Number of fitted atoms, k, of the over-specified fits; one more than k* by default.
        truth: A .json file with the true point, {NAME: a number for all atoms, or one for each in [..]}; a regular one
            by default, which the folder has as truth.json.
        dim: Dimension of x; by default 1, or the least that a gate or a formula needs.
        without_experiments: Leave the Monte Carlo out.
        **formulas: Of formulas: shared, positive, constants, bias; see docs/gates.md.

    Raises:
        ValueError: what is not accepted.
    """
    chosen = gauge_of(gauge)
    remedy = None if takes_activation(gate) else activation
    options = Options(gate, expert, None if remedy else activation, dim, **formulas).with_least_dimension
    if chosen == "anchored" and options.activation is None:
        raise BadInput("--gauge anchored is for the gate activation; the others hold what their gauge holds")
    if true is not None:
        _require_atoms(true, fitted)
    require_kernel()  # now, and not after minutes
    point = _truth(options, truth, true, chosen)
    k = _require_atoms(point.k, fitted)
    materials = _materials(options, point, chosen, k, remedy, without_experiments)
    proofs = _certificates(materials)
    commands = _commands(materials, remedy)
    document = document_of(materials, {name: digest(its) for name, its in proofs.items()}, commands)
    rows = tuple((section.title, f"sections/{section.name}.tex") for section in document.sections)
    parts = (Table("Sections", ("section", "file"), rows),)
    words = (f"A paper of {len(rows)} sections on the {options.spec.gate.name} gate; -o FOLDER writes it.",)
    return Paper(document, proofs, materials.values, commands, summary=Summary(document.title, parts, words))


def _require_atoms(true: int, fitted: int | None) -> int:
    """The number of fitted atoms, by default one more than the true ones. Raises BadInput unless it is more."""
    if not 2 <= true <= _MOST_TRUE or (fitted is not None and fitted <= true):
        numbers = true if fitted is None else f"{true}, {fitted}"
        raise BadInput(f"a paper needs 2 to {_MOST_TRUE} true atoms and more fitted ones, not {numbers}")
    return true + 1 if fitted is None else fitted


def _materials(
    options: Options, truth: Truth, gauge: Gauge, k: int, remedy: str | None, without_experiments: bool
) -> Materials:
    """Ask the other commands; what one refuses is a reason of the paper."""
    values, drawn = _values(options, truth), replace(truth, spec=options.spec)
    asked: dict[str, Any] = {f.name: getattr(options, f.name) for f in fields(options)} | {"dim": options.spec.dim}
    decided = remedy or options.activation
    with Display() as display:

        def step(what: str, function: Callable[[], A]) -> A | str:
            with display.doing(what):
                try:
                    return function()
                except ValueError as error:
                    return str(error)
                except KeyboardInterrupt:
                    raise KeyboardInterrupt("interrupted; no paper is written") from None

        def ordered(split: str) -> Exponents:
            return exponents(**asked, truth=values, split=split, bounds_only=True)

        def rates_of(function: Callable[..., A], atoms: int) -> A:
            return function(**asked, true=truth.k, fitted=atoms, gauge=gauge, truth=values)

        def needed(parameter: str) -> Efficiency:
            return _needed(options, parameter, values, gauge)

        with display.doing("interactions"):
            derivation = derive(**asked)
        return Materials(
            options,
            truth,
            gauge,
            k,
            derivation=derivation,
            twins=step("twins", lambda: _twins(options, values, gauge)),
            exact=step("rates", lambda: rates_of(predict, truth.k)),
            over=step("rates", lambda: rates_of(predict, k)),
            orders={split: step("orders", partial(ordered, split)) for split in ("one", "all")},
            coefficient=step("coefficient", lambda: coefficient(**asked, fitted=k, gauge=gauge, truth=values)),
            samples=step("sample sizes", lambda: _samples(options, values, gauge)),
            sizes={name: step("sample sizes", partial(needed, name)) for name in _functions(options, derivation)},
            remedy=None if decided is None else _conditions(decided),
            experiments=None if without_experiments else step("experiments", lambda: rates_of(rates, k)),
            profile=None if without_experiments else step("likelihood over tau", lambda: _profile(drawn)),
        )


def _certificates(m: Materials) -> dict[str, list[dict[str, Any]]]:
    """The certificates of orders and conditions, by the files that have some."""
    answers: dict[str, Exponents | Check | str | None] = {f"orders-{split}.json": o for split, o in m.orders.items()}
    answers["conditions.json"] = m.remedy
    listed = {name: a.certificates() for name, a in answers.items() if a is not None and not isinstance(a, str)}
    return {name: certificates for name, certificates in listed.items() if certificates}


def _conditions(activation: str) -> Check:
    """The conditions of an activation. Raises BadInput for one that cannot be read."""
    try:
        return check(activation)
    except Refused as refusal:  # which has an answer of its own, and no paper
        raise BadInput(str(refusal)) from None


def _has_theorems(options: Options) -> bool:
    """Whether the gate is one of those by name whose truths are mixing measures."""
    return options.named_gate is not None and options.in_shell is None and isinstance(options.chosen_gate, str)


def _truth(options: Options, source: FileOr, true: int | None, gauge: Gauge) -> Truth:
    """The truth that is given, or the default one."""
    if _has_theorems(options):
        point = read_measure(source, FITTED[str(options.chosen_gate)], gauge, true, options.dimension)
    else:
        point = read_truth(source, options.spec, gauge, true)
    check_atoms(point, true)
    return point


def _values(options: Options, truth: Truth) -> dict[str, Any]:
    """A truth as --truth takes one for the gate."""
    return measure_values_of(truth) if _has_theorems(options) else values_of(truth, exact)


def _twins(options: Options, truth: Mapping[str, Any], gauge: Gauge) -> Twins:
    if options.activation is not None and _has_theorems(options):
        return twins(options.activation, truth=truth, gauge=gauge)
    spec = options.spec
    return twins(gate=spec.gate, expert=spec.expert, truth=truth, gauge=gauge, dim=spec.dim)


def _samples(options: Options, truth: Mapping[str, Any], gauge: Gauge) -> tuple[Efficiency, ...]:
    """What the shared parameters of the gate need, or where there are none its first parameter."""
    if options.activation is not None and _has_theorems(options):
        return (efficiency(options.activation, truth=truth, gauge=gauge),)
    return tuple(_needed(options, name, truth, gauge) for name in _wanted(options))


def _needed(options: Options, parameter: str, truth: Mapping[str, Any], gauge: Gauge) -> Efficiency:
    spec = options.spec
    return efficiency(gate=spec.gate, expert=spec.expert, dim=spec.dim, parameter=parameter, truth=truth, gauge=gauge)


def _functions(options: Options, derivation: Derive) -> list[str]:
    """The identifiable functions of one atom's parameters, but for those that are asked anyway."""
    if options.activation is not None and _has_theorems(options):
        return []
    parameters = {*options.spec.parameters, BETA0}
    functions = derivation.symmetries.identifiable or ()
    return [str(f) for f in functions if f.free_symbols <= parameters and str(f) not in _wanted(options)]


def _wanted(options: Options) -> list[str]:
    """The parameters of a gate whose sample sizes are given."""
    gate = options.spec.gate
    return [p.name for p in gate.shared or gate.own[:1]]


def _commands(m: Materials, remedy: str | None) -> tuple[str, ...]:
    """The command lines of the numbers, without those that answer nothing; none where the model is no text."""
    options, at_truth = m.options, " --truth truth.json"
    if options.shell is None:
        return ()
    model, counts = options.shell, f"--true {m.truth.k} --fitted"
    held = f" --gauge {m.gauge}" if options.activation is not None else ""
    bounds = f"exponents {model}{at_truth} --bounds-only --split"
    lines: list[tuple[object, str]] = [
        (m.derivation, f"derive {model}"),
        (m.exact, f"predict {model}{held} {counts} {m.truth.k}{at_truth}"),
        (m.over, f"predict {model}{held} {counts} {m.fitted}{at_truth}"),
        *((o, f"{bounds} {split}{_file_of(split, o)}") for split, o in m.orders.items()),
        (m.coefficient, f"coefficient {model} --gauge {m.gauge} {counts} {m.fitted}{at_truth}"),
    ]
    if options.activation is not None and _has_theorems(options):
        name = shlex.quote(str(options.activation))
        lines.append((m.twins, f"twins {name}{at_truth}{held}"))
        lines.append((m.samples, f"efficiency {name}{at_truth}{held}"))
    else:
        wanted = model or "--gate linear"
        lines.append((m.twins, f"twins {wanted}{at_truth}"))
        asked = ((m.samples, _wanted(options)), *((answer, [name]) for name, answer in m.sizes.items()))
        lines += [
            (a, f"efficiency {wanted} --parameter {shlex.quote(p)}{at_truth}") for a, names in asked for p in names
        ]
    if options.activation is None:
        lines.append((m.derivation, f"check {model or '--gate linear'}"))
    if decided := remedy or options.activation:
        lines.append((m.remedy, f"check {shlex.quote(decided)}"))
    if m.experiments is not None:
        lines.append((m.experiments, f"rates {model}{held} {counts} {m.fitted}{at_truth}"))
    given = f" --activation {shlex.quote(remedy)}" if remedy else ""
    end = " --without-experiments" if m.experiments is None else ""
    lines.append(("paper", f"paper {model}{given}{held} {counts} {m.fitted}{at_truth}{end} -o again"))
    runs = [line for answer, line in lines if answer == "paper" or not isinstance(answer, str)]
    return tuple(f"temperance {' '.join(line.split())}" for line in runs)


def _file_of(split: str, orders: Exponents | str) -> str:
    """The option that writes the certificates of orders, where they bound any."""
    certified = not isinstance(orders, str) and orders.bounds_are_certified
    return f" --certificate orders-{split}.json" if certified else ""
