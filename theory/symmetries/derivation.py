"""Writes out the derivation of a model's interactions as named steps; `temperance.show.document` prints them.

>>> from temperance.theory.interactions.interactions import derive
>>> [step.name for step in derivation(derive("linear", order=1)).steps]
['Definition', 'Derivatives', 'Linear system', 'Relations', 'Verification', 'Symmetries', 'Consequence for the rates']

`consequences` explains what the relations mean for the rates, and `hyperbolic` writes tanh and sech where the field has
exponentials.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from math import comb
from typing import Any

import sympy as sp

from temperance.theory.fields.differential_field import Fraction
from temperance.theory.interactions.derivatives import RESIDUAL, DerivativeFamily, multi_indices, residual_form
from temperance.theory.interactions.independence import SEED
from temperance.theory.interactions.interactions import Interactions, Relation, coefficient_scope, derivative, tex
from temperance.theory.models.spec import Expert, Gate, Jet, MoESpec
from temperance.theory.models.truth import Loss
from temperance.theory.symmetries.flows import Flow, Symmetries, symmetries
from temperance.theory.symmetries.parity import MixtureSymmetry

_T, _S = sp.Dummy("t"), sp.Dummy("s")


def hyperbolic(value: sp.Expr, source: sp.Expr) -> sp.Expr:
    """A rational function of exp(2 u), for every tanh(u) of source, in tanh(u) and sech(u); else as it is.

    exp(2 u) is (1 + tanh u)/(1 - tanh u), and tanh(u)^2 = 1 - sech(u)^2.

    >>> u = sp.Symbol("u")
    >>> hyperbolic(4 * sp.exp(2 * u) / (sp.exp(2 * u) + 1) ** 2, sp.tanh(u))
    sech(u)**2
    """
    for function in sorted(source.atoms(sp.tanh), key=str):
        (u,) = function.args

        def rational(exponential: sp.Expr, u: sp.Expr = u) -> sp.Expr:
            power = sp.cancel(exponential.args[0] / (2 * u))
            return ((1 + _T) / (1 - _T)) ** power if power.is_Integer else exponential

        num, den = sp.fraction(sp.cancel(value.replace(lambda e: isinstance(e, sp.exp), rational)))
        if num.has(_T) and not den.has(_T):
            value = (sp.rem(num, _T**2 + _S**2 - 1, _T) / den).subs({_T: function, _S: sp.sech(u)})
    return value


def trigonometric(value: sp.Expr, source: sp.Expr) -> sp.Expr:
    """A rational function of tan(u/2), for every sin(u) or cos(u) of source, in sin(u) and cos(u); else as it is.

    With half of the angle: t^j/(1 + t^2)^k is sin^j cos^(2k - j), and 2 sin^2 is 1 - cos(u), 2 sin cos is sin(u).

    >>> x = sp.Symbol("x")
    >>> trigonometric(2 * sp.tan(x / 2) / (sp.tan(x / 2) ** 2 + 1), sp.sin(x))
    sin(x)
    """
    for u in sorted({function.args[0] for function in source.atoms(sp.sin, sp.cos)}, key=str):
        num, den = sp.fraction(sp.cancel(value.subs(sp.tan(u / 2), _T)))
        k, rest = 0, sp.Poly(den, _T)
        while rest.rem(sp.Poly(1 + _T**2, _T)).is_zero:
            k, rest = k + 1, rest.quo(sp.Poly(1 + _T**2, _T))
        terms = sp.Poly(num, _T).terms()
        if rest.degree() == 0 and max(j for (j,), _ in terms) <= 2 * k:
            low, high = (1 - sp.cos(u)) / 2, (1 + sp.cos(u)) / 2
            parts = ((sp.sin(u) / 2) ** (j % 2) * low ** (j // 2) * high ** (k - (j + 1) // 2) * c for (j,), c in terms)
            value = sp.expand(sp.Add(*parts)) / rest.as_expr()
    return value


_SEEN: Mapping[Loss, tuple[str, str]] = {
    "likelihood": ("density", "densities"),
    "least-squares": ("regression function", "regression functions"),
}


def consequences(interactions: Interactions, groups: Symmetries, loss: Loss = "likelihood") -> list[str]:
    """Paragraphs, each following from the relations that were found (and only from those)."""
    first = [g for g in interactions.generators if g.order == 1]
    second = [g for g in interactions.generators if g.order == 2]
    paragraphs = [_flow(groups, loss)] if groups.flows else []
    caveat = "" if interactions.complete else " (as far as the rank is proved)"
    if not first:
        paragraphs.append(
            f"There is no relation of order 1{caveat}: the atom and its first derivatives are independent, the "
            "condition for the rate $n^{-1/2}$ in the exact-specified case, where no symmetry of the mixture as a "
            "whole interferes."
        )
    paragraphs += [_second(g, loss) for g in second]
    if interactions.order >= 2 and not first and not second:
        paragraphs.append(
            f"There is no relation of order 2{caveat}: the second-order condition holds, and an over-specified fit "
            "finds every parameter at the rate $n^{-1/4}$."
        )
    return paragraphs


def _flow(groups: Symmetries, loss: Loss) -> str:
    seen, several = _SEEN[loss]
    parameters = list(dict.fromkeys(tex(p) for flow in groups.flows for p in flow.field.moved))
    names = ", ".join(f"${name}$" for name in parameters)
    return (
        f"On an orbit the {seen} does not change while {names} {'do' if parameters[1:] else 'does'}. No number of "
        "observations can distinguish two of its points: no loss that separates them is bounded by a distance of "
        f"{several}, whatever its exponents, and the minimax risk of these parameters stays above a constant. Only "
        "functions of the invariants can have a rate."
    )


def _second(g: Relation, loss: Loss) -> str:
    if loss == "least-squares" and len(g.terms) == 1 and max(g.terms[0][1]) == 2 == sum(g.terms[0][1]):  # u_pp = 0
        name = tex(g.parameters[g.terms[0][1].index(2)])
        return (
            f"${g.latex}$: two atoms that keep the mean of ${name}$, all else equal, have the regression function of "
            f"one. In a cell of $m > 1$ atoms ${name}$ has no rate."
        )
    if _is_heat(g):
        (_, alpha), (_, beta) = g.terms
        mean, variance = (tex(g.parameters[k]) for k in (alpha.index(2), beta.index(1)))
        return (
            f"${g.latex}$ is a heat equation: in a cell of $m > 1$ atoms, offsets of ${mean}$ at the nodes of "
            f"Gauss-Hermite quadrature and a smaller ${variance}$ cancel up to the order $2m - 1$. No estimator finds "
            f"${mean}$ faster than at the rate $n^{{-1/(4m)}}$, or ${variance}$ faster than at $n^{{-1/(2m)}}$."
        )
    names = ", ".join(f"${tex(p)}$" for k, p in enumerate(g.parameters) if any(alpha[k] for _, alpha in g.terms))
    return (
        f"${g.latex}$: in a cell of $m > 1$ atoms, Taylor terms of order at most 2 in the offsets of {names} can "
        f"cancel one another, so that a bound of the squared offsets by the distance of the {_SEEN[loss][1]} does not "
        "follow from order 2 alone. Whether a rate is lost is decided by the order of contact, not by this relation."
    )


def _is_heat(g: Relation) -> bool:
    """u_pp = 2 u_q for two different parameters of the atom."""
    if len(g.terms) != 2:
        return False
    (c, alpha), (e, beta) = g.terms
    pure = max(alpha) == 2 == sum(alpha) and sum(beta) == 1
    return bool(pure and c == 1 and e == -2 and alpha.index(2) != beta.index(1))


MAX_TERMS = 24  # an expression with more terms is counted, not printed


@dataclass(frozen=True)
class Paragraph:
    """A paragraph, formulas between dollars."""

    content: str


@dataclass(frozen=True)
class Formula:
    """A displayed formula in LaTeX, one entry a line."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Code:
    """Python that recomputes what the step states; printed in notebooks only."""

    source: str


Block = Paragraph | Formula | Code
_A_LINE = 8  # derivatives in a line


@dataclass(frozen=True)
class Step:
    """A named step of a derivation."""

    name: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Derivation:
    """The interactions and symmetries of a model, and the steps that derive them.

    loss: what the atom is of: of the likelihood, or of least squares (theory 8).
    """

    interactions: Interactions
    symmetries: Symmetries
    steps: tuple[Step, ...]
    loss: Loss = "likelihood"

    @property
    def title(self) -> str:
        """One line that says what is derived."""
        spec = self.interactions.spec
        return (
            f"Interactions of the {spec.gate.name} gate with the {spec.expert.name} expert, "
            f"dimension {spec.dim}, order {self.interactions.order}"
            f"{'' if self.loss == 'likelihood' else ', under least squares'}"
        )

    def record(self) -> dict[str, Any]:
        """The result as plain data in a fixed order of keys (`derive --json`)."""
        interactions = self.interactions
        functions = self.symmetries.identifiable
        return {
            "gate": interactions.spec.gate.name,
            "expert": interactions.spec.expert.name,
            "dim": interactions.spec.dim,
            "loss": self.loss,
            "order": interactions.order,
            "derivatives": interactions.derivatives,
            "rank": interactions.rank,
            "relations": [{"order": r.order, "equation": r.equation} for r in interactions.relations],
            "generators": [{"order": g.order, "equation": g.equation} for g in interactions.generators],
            "complete": interactions.complete,
            "missing": [*interactions.missing, *self.symmetries.undecided],
            "symmetries": [
                *(_symmetry("flow", f, "together" if f.together else "each") for f in self.symmetries.flows),
                *(_symmetry(s.name, s, "together") for s in self.symmetries.discrete),
            ],
            "identifiable_functions": None if functions is None else [str(f) for f in functions],
        }


def _symmetry(kind: str, symmetry: Flow | MixtureSymmetry, atoms: str) -> dict[str, Any]:
    return {"kind": kind, "statement": symmetry.statement, "atoms": atoms, "gauge": symmetry.gauge}


def derivation(interactions: Interactions, loss: Loss = "likelihood") -> Derivation:
    """The derivation of what `interactions.derive` found, and of the symmetries that follow, laid out in steps.

    loss: "least-squares" where the model is that of `least_squares.atom`.
    """
    groups = symmetries(interactions)
    steps = (
        _definition(interactions.spec, loss),
        _derivatives(interactions),
        _linear_system(interactions),
        _relations(interactions),
        _verification(interactions),
        _symmetries(groups),
        Step("Consequence for the rates", tuple(Paragraph(text) for text in consequences(interactions, groups, loss))),
    )
    return Derivation(interactions, groups, steps, loss)


_FACTOR: Mapping[Loss, str] = {
    "likelihood": "the density of the expert",
    "least-squares": "the difference of $y$ from the mean of the expert, $y$ the value of the regression function",
}


def _definition(spec: MoESpec, loss: Loss) -> Step:
    names = ", ".join(f"${tex(p)}$" for p in spec.parameters)
    shared = ", ".join(f"${tex(p)}$" for p in spec.gate.shared)
    blocks: list[Block] = [
        Paragraph(f"The atom $u$ is the weight of the gate times {_FACTOR[loss]}, with parameters {names}."),
        Formula((r"\log u = " + tex(spec.gate.log_weight) + " + " + _bracketed(spec.expert.log_density),)),
    ]
    if shared:
        blocks.append(Paragraph(f"All atoms of a mixture share {shared}."))
    if spec.constants:
        blocks.append(Paragraph(f"Held fixed, at generic values: {', '.join(f'${tex(c)}$' for c in spec.constants)}."))
    free = "from temperance.theory.models.spec import Jet\n" if spec.log_atom.has(Jet) else ""
    parts = {"gate": _constructor(spec.gate), "expert": _constructor(spec.expert), "dim": spec.dim}
    blocks.append(Code(_MODEL.format(free=free, **parts)))
    return Step("Definition", tuple(blocks))


def _bracketed(expr: sp.Expr) -> str:
    return rf"\left({tex(expr)}\right)" if expr.is_Add else tex(expr)


_MODEL = """\
from sympy import *
from sympy.functions.elementary.piecewise import ExprCondPair
from temperance import Expert, Gate, MoESpec, derive
{free}
gate = {gate}
expert = {expert}
spec = MoESpec(gate, expert, {dim})
log(spec.atom)"""


def _constructor(part: Gate | Expert) -> str:
    values = (getattr(part, f.name) for f in fields(part) if f.compare)
    return f"{type(part).__name__}({', '.join(repr(v) if isinstance(v, str) else sp.srepr(v) for v in values)})"


def _derivatives(interactions: Interactions) -> Step:
    family, spec = interactions.basis.family, interactions.spec
    n, r = family.size, interactions.order
    _, mean = residual_form(spec.branches)
    residual = "" if mean is None else rf", in terms of the residual ${tex(RESIDUAL)} = y - {_bracketed(mean)}$"
    lines = []
    for branch in range(family.branches):
        where = "" if family.branches == 1 else rf"\quad\text{{(piece {branch + 1})}}"
        for alpha in multi_indices(family.size, 1):
            value = _fraction(family, family.fraction(alpha, branch))
            lines.append(f"{derivative(spec.parameters, alpha)}/u = {value}{where}")
    count = rf"$\binom{{{n}+{r}}}{{{r}}} = {comb(n + r, r)}$"
    text = (
        f"There are {count} derivatives of order at most {r}, $u$ itself included. Each is $u$ times a "
        r"function $P_\alpha$ of $x$ and $y$, with $P_0 = 1$ and"
    )
    source = (
        f"found = derive(gate, expert, dim={interactions.spec.dim}, order={r})\n"
        "family = found.derivation.interactions.basis.family\n"
        "first = [tuple(int(i == j) for i in range(family.size)) for j in range(family.size)]\n"
        "[family.quotient(alpha, branch) for branch in range(family.branches) for alpha in first]"
    )
    recursion = Formula((r"P_{\alpha+e_i} = \partial_i P_\alpha + (\partial_i \log u)\, P_\alpha .",))
    first = Paragraph(f"Those of order 1{residual}:")
    return Step("Derivatives", (Paragraph(text), recursion, first, Formula(tuple(lines)), Code(source)))


def _fraction(family: DerivativeFamily, f: Fraction) -> str:
    """LaTeX of a field element, or how many terms it has where that is too many to read."""
    if len(f.num) + len(f.den) > MAX_TERMS:
        return rf"\text{{(a fraction with {len(f.num)} terms over {len(f.den)})}}"
    source = family.spec.log_atom
    return tex(trigonometric(hyperbolic(family.expression(f), source), source))


def _linear_system(interactions: Interactions) -> Step:
    family = interactions.basis.family
    observed = [family.field.generators[i] for i in family.observed]
    functions = ", ".join(f"${tex(family.names[g])}$" for g in observed if g in family.names)
    variables = "$x$ and $y$" + (f" and of {functions}" if functions else "")
    text = (
        r"A relation is a vector $(c_\alpha)$, free of $x$ and $y$, with $\sum_\alpha c_\alpha P_\alpha = 0$: compare "
        f"the coefficients of the monomials in {variables}. The {interactions.derivatives} columns have rank "
        f"{interactions.rank}, so that there are ${interactions.derivatives} - {interactions.rank} = "
        f"{len(interactions.relations)}$ independent relations."
    )
    field = coefficient_scope(interactions.basis, lambda kernel: f"${tex(kernel)}$")
    checks = _plain(interactions.scope.removeprefix(coefficient_scope(interactions.basis)))
    scope = Paragraph(f"{field[0].upper()}{field[1:]}{checks}.")
    source = Code('record = found.to_json()\nrecord["derivatives"], record["rank"], len(found.relations)')
    return Step("Linear system", (Paragraph(text), *_rank(interactions), scope, source))


def _rank(interactions: Interactions) -> tuple[Block, ...]:
    """The derivatives that are independent, and where a determinant says so."""
    family, proof = interactions.basis.family, interactions.proof
    if proof is None:
        return ()
    columns = [derivative(family.spec.parameters, alpha) for alpha in interactions.basis.standard]
    lines = [r",\quad ".join(columns[i : i + _A_LINE]) for i in range(0, len(columns), _A_LINE)]
    at = ", ".join(f"${tex(p)} = {proof.point[p.name]}$" for p in family.spec.parameters)
    mantissa, _, exponent = proof.determinant.partition("e")
    size = rf"${mantissa} \cdot 10^{{{int(exponent)}}}$" if exponent else f"${mantissa}$"
    where = (
        f"At {at} and random observations (seed {SEED}) a square combination of them has a determinant that is "
        f"enclosed in a ball around {size}, which does not contain 0."
    )
    text = f"These {interactions.rank} derivatives are independent:"
    return Paragraph(text), Formula(tuple(lines)), Paragraph(where)


def _sentence(text: str) -> str:
    return _plain(text[0].upper() + text[1:] + ".")


def _plain(text: str) -> str:
    """The text with the characters escaped that TeX reads."""
    return text.translate({ord(mark): rf"\{mark}" for mark in "_&%#"} | {ord("^"): r"\^{}"})


def _relations(interactions: Interactions) -> Step:
    if not interactions.generators:
        text = "There is no relation: all derivatives are independent."
        return Step("Relations", (Paragraph(text), Code("assert not found.relations")))
    text = (
        f"Derivatives of relations are relations. All {len(interactions.relations)} follow from these "
        f"{len(interactions.generators)}, none is implied by the others, up to order {interactions.order + 1}:"
    )
    if not interactions.complete:
        text += " (not decided: " + _plain("; ".join(interactions.missing)) + ")"
    lines = tuple(g.latex for g in interactions.generators)
    return Step("Relations", (Paragraph(text), Formula(lines), Code("[g.equation for g in found.generators]")))


def _verification(interactions: Interactions) -> Step:
    blocks: list[Block] = [Paragraph("Substitute $u$: in every relation the terms, divided by $u$, cancel.")]
    for g in interactions.generators:
        for branch in range(interactions.basis.family.branches):
            blocks.append(Formula(_substituted(interactions, g, branch)))
    blocks.append(Code(_VERIFY))
    return Step("Verification", tuple(blocks))


_VERIFY = """\
residues = [
    sum(c * family.quotient(alpha, branch) for c, alpha in g.terms)
    for g in found.generators
    for branch in range(family.branches)
]
assert all(simplify(e) == 0 for e in residues)
residues"""


def _substituted(interactions: Interactions, g: Relation, branch: int) -> tuple[str, ...]:
    """The relation, each term with its derivative replaced by what it is, and the sum."""
    family = interactions.basis.family
    title = rf"\text{{piece {branch + 1}:}}\quad " if family.branches > 1 else ""
    lines = [title + g.latex]
    back = {kernel: s for s, kernel in family.names.items()}
    total = family.field.zero
    for c, alpha in g.terms:
        factor = {1: "", -1: "- "}.get(c, rf"{_bracketed(c)}\cdot ")
        value = family.field.fraction_of(c.xreplace(back)) * family.fraction(alpha, branch)
        total += value
        lines.append(rf"{factor}{derivative(g.parameters, alpha)}/u = {_fraction(family, value)}")
    return (*lines, rf"\text{{sum}} = {_fraction(family, total)}")


_GROUPS = """\
groups = found.symmetries
[flow.statement for flow in groups.flows], groups.identifiable"""


def _symmetries(groups: Symmetries) -> Step:
    blocks: list[Block] = []
    for flow in groups.flows:
        atoms = "all atoms together" if flow.together else "each atom by itself"
        blocks.append(Paragraph(f"The first-order relation integrates to a flow ({atoms}; gauge: {flow.gauge}):"))
        before = ", ".join(tex(p) for p, _ in flow.orbit)
        blocks.append(Formula((rf"({before}) \mapsto ({', '.join(tex(e) for _, e in flow.orbit)})",)))
    blocks += [Paragraph(f"Not a flow: {_plain(str(text))}.") for text in groups.unintegrated]
    blocks += [Paragraph(f"Not explained, {_plain(str(text))}.") for text in groups.unexplained]
    blocks += [Paragraph(f"{s.name.capitalize()} (gauge: {s.gauge}): {_plain(s.statement)}.") for s in groups.discrete]
    if groups.identifiable is not None:
        blocks.append(Paragraph("Identifiable functions of an atom:"))
        blocks.append(Formula((r",\quad ".join(tex(f) for f in groups.identifiable),)))
    blocks += [Paragraph(_sentence(groups.proved)), Code(_GROUPS)]
    return Step("Symmetries", tuple(blocks))


_OPENING, _CLOSING = re.compile(r"\\begin|\\left\W?|[{(]"), re.compile(r"\\end|\\right\W?|[})]")
_COMMAND = re.compile(r"\\(operatorname|left|right)|\\([a-z]+)|\\.", re.IGNORECASE)
LONG = 76  # letters of a line, after which a formula is broken at its plus and minus signs


def aligned(lines: Sequence[str]) -> str:
    """Formulas below one another, in Markdown."""
    rows = " \\\\\n".join("& " + row for line in lines for row in broken(line))
    return f"$$\n\\begin{{aligned}}\n{rows}\n\\end{{aligned}}\n$$"


def displayed(lines: Sequence[str]) -> str:
    """Formulas below one another, in a LaTeX document that defines \\fit."""
    rows = (rf"& \fit{{{row}}}" for line in lines for row in broken(line))
    return "\\begin{align*}\n" + " \\\\\n".join(rows) + "\n\\end{align*}"


def broken(line: str) -> list[str]:
    """The line cut at plus and minus signs outside of all brackets, and in the numerators of long fractions."""
    if _width(line) <= LONG:
        return [line]
    rows, current = [], ""
    for term in (part for whole in _terms(line) for part in _parts_of_fraction(whole)):
        if current and _width(f"{current} {term}") > LONG:
            rows.append(current)
            current = r"\qquad"
        current = f"{current} {term}".lstrip()
    return [*rows, current]


def _terms(line: str) -> list[str]:
    """The parts of a line that begin with its plus and minus signs outside of all brackets."""
    terms, depth = [""], 0
    for word in line.split(" "):
        if depth == 0 and word in ("+", "-") and terms[-1]:
            terms.append("")
        terms[-1] += (" " if terms[-1] else "") + word
        depth += len(_OPENING.findall(word)) - len(_CLOSING.findall(word))
    return terms


def _parts_of_fraction(term: str) -> list[str]:
    """A term as it is, or, with a fraction too long for a line, as 1 over its denominator times parts of a sum."""
    start = term.find(r"\frac{")
    if _width(term) <= LONG or start < 0:
        return [term]
    middle = _end_of_group(term, start + 5)
    numerator, end = _terms(term[start + 6 : middle - 1]), _end_of_group(term, middle)
    if len(numerator) == 1:
        return [term]
    first = rf"{term[:start]}\frac{{1}}{term[middle:end]} \bigl({numerator[0]}"
    return [first, *numerator[1:-1], rf"{numerator[-1]}\bigr){term[end:]}"]


def _end_of_group(text: str, start: int) -> int:
    """The place after the group in braces that starts there."""
    depth, end = 1, start + 1
    while depth:
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        end += 1
    return end


def _width(formula: str) -> int:
    """About how many letters wide a formula is; a fraction is as wide as the wider of its parts."""
    start = formula.find(r"\frac{")
    if start >= 0:
        middle = _end_of_group(formula, start + 5)
        end = _end_of_group(formula, middle)
        parts = formula[start + 6 : middle - 1], formula[middle + 1 : end - 1]
        return _width(formula[:start]) + max(map(_width, parts)) + _width(formula[end:])
    letters = _COMMAND.sub(lambda c: "" if c[1] else (c[2] if c[2] in _FUNCTIONS else "x"), formula)
    return len(re.sub(r"(?<![-+=]) (?![-+=])|[{}_^&]", "", letters))


_FUNCTIONS = ("tanh", "cos", "sin", "log", "exp", "text")
