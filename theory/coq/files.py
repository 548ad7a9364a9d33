"""Writes a file of theorems: a module an activation, and beside it the library that they are proved in.

A module has the theorems that certificates state and their proofs: lemmas on families, then a theorem for each verdict.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from importlib.resources import files
from typing import Any

import sympy as sp

from temperance.theory.activations.activation import Activation, Z
from temperance.theory.conditions.certificates import verdict_of
from temperance.theory.coq.terms import Unstated, function, parsed, term
from temperance.theory.kernel.check import check
from temperance.theory.twins.twin import at_zero

LIBRARY = "Temperance"
FILES = (
    LIBRARY,
    "Mixtures",
    "Twins",
    "Floor",
    "Scores",
    "Anchored",
    "Cells",
    "Experts",
)  # of the library, without the ending; each may need those before it
ROOM = "temperance.theory.coq"
_LEAST_BITS = 64
_LONGEST_NAME = 40
_MOST_BITS = 512  # with more, Coq takes minutes for a minor, or does not end
_LARGEST = {sp.exp: 2e6, sp.sinh: 2e6, sp.cosh: 2e6, sp.tanh: 2e6, sp.erf: 30}  # arguments that were tried

_HEADER = """\
(* Checked by: for f in {library} Mixtures Twins Scores THIS_FILE; do coqc -Q . Temperance $f.v; done
   Written by temperance. What `first_order`, `second_order` and the sharp conditions say: part 1 of {library}.v; what
   tau_learnable, tau_lost and singular say of two atoms, d = 1: part 1 of Scores.v. *)
From Coquelicot Require Import Coquelicot.
From Coq Require Import Reals List Lra.
From Temperance Require Import {library}.
From Temperance Require Scores.
Import ListNotations.
Open Scope R_scope.
"""


def library(name: str = LIBRARY) -> str:
    """The text of a file of the library."""
    return files(ROOM).joinpath(f"{name}.v").read_text(encoding="utf-8")


def file_of(sources: Iterable[tuple[Activation, Sequence[dict[str, Any]]]]) -> tuple[str, list[tuple[str, str]]]:
    """The file of the theorems on some activations, each with its certificates.

    Returns:
        The text, and for every activation without a module its name and the reason.
    """
    modules: dict[str, str] = {}
    refused = []
    for activation, certificates in sources:
        name = _module_name(activation.name, used=modules)
        try:
            modules[name] = module(name, activation, certificates)
        except Unstated as error:
            refused.append((activation.name, str(error)))
    stated = ", ".join(f"{name}.everything" for name in modules) or "tt"
    footer = f"Definition everything := ({stated}).\nPrint Assumptions everything.\n"
    return "\n".join([_HEADER.format(library=LIBRARY), *modules.values(), footer]), refused


def module(name: str, activation: Activation, certificates: Sequence[dict[str, Any]]) -> str:
    """The module of one activation.

    Raises Unstated: there is no certificate, or the library cannot state what one says.
    """
    if not certificates:
        raise Unstated("no verdict has a certificate")
    if any(certificate["place"]["points"][0] for certificate in certificates):
        raise Unstated(f"{next(iter(certificates[0]['place']['points'][0]))} is a parameter: give it a value")
    s = function(activation)
    lines = [
        f"Module {name}.",
        f"(* s(z) = {certificates[0]['place']['model']['log_weight']} *)",
        f"Definition s (z : R) : R := {s.text}.",
        f"Definition D (z : R) : Prop := {s.domain}.",
        "",
        f"Definition code : pieces := {s.code}.",
        "Lemma code_is_s : peval code = s. Proof. reflexivity. Qed.",
        "Lemma code_defined : forall z, D z -> pdefined code z. Proof. solve_defined. Qed.",
        "Lemma s_smooth : smooth D s.",
        f"Proof. apply (smooth_pieces D code (rational ({fraction(certificates[0]['proof']['point'])})));",
        "  [solve_point|exact code_defined]. Qed.",
        "",
    ]
    points, families, places = evidence(certificates)
    if families:
        minors = [entry["minor"] for c in certificates for entry in c["proof"]["families"].values() if entry["minor"]]
        bits = max([_LEAST_BITS, *(minor["bits"] for minor in minors)])
        _require_in_reach(activation, points, bits)
        if bits > _LEAST_BITS:  # elimination loses more of them than the determinant of a certificate
            bits = min(2 * bits, _MOST_BITS)
        terms = _terms_of_erf(_largest(activation, points, sp.erf), bits)
        lines += [
            f"Definition points := [{'; '.join(map(fraction, points))}].",
            f"Definition families : list evidence := [{'; '.join(families)}].",
            "Lemma families_independent : Forall (family_independent D code) families.",
            f"Proof. apply (check_ok {bits} {terms} D code points);",
            "  [solve_points|solve_check]. Qed.",
            "",
        ]
    names: list[str] = []
    anchored = at_zero(activation.pieces, dict(activation.sample)) is not None
    for certificate in certificates:
        stated, theorem_names = theorems(certificate, places)
        claim = verdict_of(certificate)
        lines += [f"(* {claim['title']} {claim['side']} *)", *stated]
        names += theorem_names
        if anchored and claim["title"] == "first_order":
            stated, theorem_names = on_scores(certificate)
            lines += stated
            names += theorem_names
    lines += [f"Definition everything := ({', '.join(names)}).", f"End {name}.", ""]
    return "\n".join(lines)


def _module_name(name: str, used: Iterable[str]) -> str:
    """A name of letters, digits and underscores that is not taken, like that of an activation."""
    base = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")[:_LONGEST_NAME] or "s"
    base = base if base[0].isalpha() else f"s_{base}"
    candidate, count = base, 2
    while candidate in used:
        candidate, count = f"{base}_{count}", count + 1
    return candidate


def _largest(activation: Activation, points: Sequence[str], called: type[sp.Function]) -> float:
    """The largest |argument| of a function at the points, each on its own piece; 0 without it."""
    inside = [
        abs(sp.N(call.args[0].xreplace({Z: sp.Rational(point)})))
        for point in points
        for piece in activation.pieces
        if piece.lower <= sp.Rational(point) <= piece.upper
        for call in piece.expr.atoms(called)
    ]
    return float(max(inside, default=0))


def _require_in_reach(activation: Activation, points: Sequence[str], bits: int) -> None:
    """Raise Unstated where the intervals of Coq, at the points of a certificate, would not end or not tell a sign."""
    if bits > _MOST_BITS:
        raise Unstated(f"its certificate takes {bits} bits, too many for Coq; accepted: up to {_MOST_BITS}")
    for called, most in _LARGEST.items():
        if (x := _largest(activation, points, called)) > most:
            raise Unstated(f"{called.__name__} at {x:.3g} is out of Coq's reach; accepted: up to {most:g}")


def _terms_of_erf(x: float, bits: int) -> int:
    """How many terms of the series of erf leave a remainder below 2^-bits up to x; 0 without erf."""
    remainder, count = x, 0
    while remainder > 2.0 ** -(bits + 8):
        count += 1
        remainder *= 2 * x * x / (2 * count + 1)
    return count


@dataclass(frozen=True)
class _Family:
    """A family of the conditions in Temperance.v.

    Attributes:
        name: of the family there.
        monomials: the list of monomials of its members.
        last: the list of those of its last member, where that depends on tau or is the target.
        target: the function that must not be in the span of the family; empty where there is none.
    """

    name: str
    monomials: str
    last: str = ""
    target: str = ""

    @property
    def at_tau(self) -> bool:
        """Whether the last member depends on tau."""
        return self.last == "parts"

    @property
    def every(self) -> str:
        """All monomials."""
        return f"({self.monomials} ++ {self.last})" if self.last else self.monomials

    @property
    def same(self) -> str:
        """The lemma that its members are these monomials."""
        return f"(target_{self.name} _)" if self.target else f"(members_{self.name} _)"

    def lemma(self, verdict: str) -> str:
        """The name of the lemma on it that a verdict rests on."""
        words = ("outside", "inside") if self.target else ("independent", "dependent")
        return f"{self.name}_{words[verdict == 'fails']}"

    def statement(self, verdict: str, taus: Sequence[str] = ()) -> str:
        """What that lemma says, all tau but these."""
        sign, word = ("", "dependent") if verdict == "fails" else ("~ ", "independent")
        if self.target:
            return f"{sign}in_span D ({self.target}) ({self.name} s)"
        except_at = "".join(f"tau <> {tau} -> " for tau in taus)
        return (
            f"forall tau, 0 < tau -> {except_at}{word} D ({self.name} s tau)"
            if self.at_tau
            else f"{word} D ({self.name} s)"
        )

    def coefficients(self, row: Sequence[str]) -> tuple[str, str]:
        """A relation as a list, and as the arguments of lemmas, which take the last coefficients apart."""
        count = len(row) - (2 if self.at_tau else 1 if self.target else 0)
        first, last = f"[{'; '.join(row[:count])}]", row[count:]
        whole = f"({first} ++ [{'; '.join(last)}])" if last else first
        return whole, " ".join([first, *map(_argument, last)])


_FAMILIES = {
    "F1": _Family("F1", "mF1"),
    "A": _Family("A", "mA", "parts"),
    "B": _Family("B", "mB"),
    "C": _Family("C", "mC"),
    "(i)": _Family("P", "mP", "parts"),
    "(ii)": _Family("Q", "mQ", "square", "fun z => z ^ 2"),
    "(iii)": _Family("W", "mW", "one", "fun z => 1"),
}
_NAMES = {"tau_beta1": "sharp_i", "a": "sharp_ii", "b_nu": "sharp_iii"}  # the others keep theirs
_SIDES = {"A": "(or_introl {})", "B": "(or_intror (or_introl {}))", "C": "(or_intror (or_intror {}))"}
_GIVEN = "D code code_defined"


def fraction(text: str) -> str:
    """A rational number as a point of Temperance.v."""
    value = Fraction(text)
    return f"frac {_argument(str(value.numerator))} {value.denominator}"


def _argument(text: str) -> str:
    return f"({text})" if " " in text or text[0] == "-" else text


def evidence(certificates: Sequence[dict[str, Any]]) -> tuple[list[str], list[str], dict[tuple[str, str], int]]:
    """What one computation checks: points; families with the indices of theirs; where each family is, by condition."""
    points: list[str] = []
    entries: list[str] = []
    places = {}
    for certificate in certificates:
        for name, entry in certificate["proof"]["families"].items():
            if entry["minor"] is None:
                continue
            family, chosen = _FAMILIES[name], entry["minor"]["points"]
            points += [point for point in chosen if point not in points]
            monomials = family.every if not entry["relations"] else f"omit {_omitted_column(entry)} {family.every}"
            places[verdict_of(certificate)["title"], name] = len(entries)
            entries.append(f"({monomials}, [{'; '.join(str(points.index(p)) for p in chosen)}]%nat)")
    return points, entries, places


def theorems(certificate: dict[str, Any], places: Mapping[tuple[str, str], int]) -> tuple[list[str], list[str]]:
    """The lines that state and prove the verdict of a certificate, and the names of what is stated.

    Args:
        certificate: of one condition.
        places: see `evidence`.

    Raises:
        Unstated: a coefficient of a relation cannot be written, or there are two exceptional temperatures.
    """
    claim, lines, names = verdict_of(certificate), [], []
    taus = [term(parsed(tau)).text for tau in (claim["value"],) if tau is not None]
    for name, entry in certificate["proof"]["families"].items():
        family = _FAMILIES[name]
        rows = [[term(parsed(c)).text for c in row] for row in entry["relations"]]
        for index, row in enumerate(rows):
            lines += [
                f"Lemma {family.name}_relation_{index} : forall z, D z ->",
                f"  dot {family.coefficients(row)[0]} (map (rmono (z, pjet code z)) {family.every}) = 0.",
                "Proof. solve_relation. Qed.",
            ]
        if claim["side"] == "holds":
            lines += _holds(
                family, rows, f"(pick {places[claim['title'], name]} families_independent _ eq_refl)", taus, entry
            )
        else:
            lines += _fails(family, rows)
            names.append(family.lemma("fails"))
    found_lines, found_names = _verdict(certificate, taus)
    return [*lines, *found_lines, ""], [*names, *found_names]


def on_scores(certificate: dict[str, Any]) -> tuple[list[str], list[str]]:
    """What the first-order condition says of the scores of two atoms, one of them anchored, as `theorems` does.

    Nothing of a failure almost everywhere, where a kink or a jump tells more.
    """
    claim, (entry,) = verdict_of(certificate), certificate["proof"]["families"].values()
    if check(certificate).left_out:
        return [], []
    rows = [[term(parsed(c)).text for c in row] for row in entry["relations"]]
    name, proof = "singular", "exact (Scores.first_order_is_needed D s first_order_fails_for_s)"
    if claim["side"] == "holds":
        name, proof = "tau_learnable", "apply Scores.learnable_by; [Scores.solve_open | exact first_order_for_s]"
    for index, row in enumerate(rows):
        if row[1] != "0":  # s is in the relation
            arguments = f"D code {' '.join(map(_argument, row))} code_defined F1_relation_{index}"
            name, proof = "tau_lost", f"apply (Scores.lost_by {arguments}); solve_numbers"
    return [f"Theorem {name}_for_s : Scores.{name} D s.", f"Proof. {proof}. Qed.", ""], [f"{name}_for_s"]


def _omitted_column(entry: dict[str, Any]) -> int:
    """The member that the minor of a family with one relation leaves out."""
    columns = entry["minor"]["columns"]
    return next(j for j in range(len(columns) + 1) if j not in columns)


def _holds(
    family: _Family, rows: Sequence[Sequence[str]], checked: str, taus: Sequence[str], entry: dict[str, Any]
) -> Iterator[str]:
    """That a family is independent, or its target outside; with one relation, by what the relation leaves."""
    yield f"Lemma {family.lemma('holds')} : {family.statement('holds', taus)}."
    if not rows:
        by = f"independent_ext D _ _ {family.same} {checked}"
        if family.last:
            lemma, targets = ("independent_at_all", "_") if family.at_tau else ("outside", "_ _ _")
            by = f"{lemma} D code {family.monomials} {targets} {family.same} {checked}"
        yield f"Proof. exact ({by}). Qed."
        return
    (row,) = rows
    relation = f"{family.same} {family.name}_relation_0"
    if family.target:
        first = family.coefficients(row)[1].removesuffix(" 0")
        by = f"outside_with_relation {_GIVEN} {family.monomials} _ _ _ {first} {_omitted_column(entry)} {relation}"
        yield f"Proof. apply ({by}); [reflexivity|solve_numbers|exact {checked}]. Qed."
        return
    arguments = f"{_GIVEN} {family.monomials} _ {family.coefficients(row)[1]}"
    yield f"Proof. intros tau Ht{' Hne' * bool(taus)}."
    yield f"apply (independent_at_others {arguments} {_omitted_column(entry)} {relation});"
    yield f"  [reflexivity|solve_numbers|exact {checked}|exact Ht|solve_numbers]. Qed."
    for tau in taus:
        yield f"Lemma {family.name}_dependent_there : dependent D ({family.name} s {_argument(tau)})."
        yield f"Proof. apply (dependent_at_one {arguments} {relation});"
        yield "  [reflexivity|solve_nonzero|solve_numbers|solve_numbers]. Qed."


def _fails(family: _Family, rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """That a family is dependent, at every tau, or its target inside."""
    relations = " ".join([family.same, *(f"{family.name}_relation_{index}" for index in range(len(rows)))])
    arguments = " ".join(family.coefficients(row)[1] for row in rows)
    lemma, goals, targets = "dependent_jets", "reflexivity|solve_nonzero", "_"
    if family.target:
        lemma, goals, targets = "inside", "reflexivity|solve_numbers", "_ _ _"
    elif family.at_tau and len(rows) == 2:
        lemma, goals = "dependent_at_all", "reflexivity|reflexivity|solve_numbers|exact Ht"
    elif family.at_tau:
        lemma, goals = "dependent_at_one", "reflexivity|solve_nonzero|exact Ht|solve_numbers"
    yield f"Lemma {family.lemma('fails')} : {family.statement('fails')}."
    yield f"Proof. {'intros tau Ht; ' * family.at_tau}apply"
    yield f"  ({lemma} {_GIVEN} {family.monomials} {targets} {arguments} {relations}); [{goals}]. Qed."


def _verdict(certificate: dict[str, Any], taus: Sequence[str]) -> tuple[list[str], list[str]]:
    """The theorems of a condition, from the lemmas on its families; and their names."""
    claim, families = verdict_of(certificate), [_FAMILIES[name] for name in certificate["proof"]["families"]]
    verdict, condition = claim["side"], _NAMES.get(claim["title"], claim["title"])
    ends = check(certificate).left_out
    lemmas = [f.lemma(verdict) + " tau Ht" * f.at_tau + " Hne" * (f.at_tau and bool(taus)) for f in families]
    *others, proof = map(_argument, lemmas)
    name, statement = f"{condition}_for_s", f"{condition} D s"
    if verdict == "fails":
        name, statement = f"{condition}_fails_for_s", f"{condition}_fails D s"
        first, others = [*others, proof][0], []
        proof = _SIDES[families[0].name].format(first) if condition == "second_order" else first
    for other in reversed(others):
        proof = f"(conj {other} {proof})"
    if not taus:
        for_all = "fun tau Ht => " if claim["title"] in ("second_order", "tau_beta1") else ""
        return _stated(ends, name, statement, f"{for_all}conj s_smooth {proof}"), [name]
    if len(taus) > 1:
        raise Unstated("more than one exceptional temperature")
    there, fails = f"{families[0].name}_dependent_there", f"{condition}_fails_at {_argument(taus[0])} D s"
    side = _SIDES["A"].format(there) if condition == "second_order" else there
    lines = [
        f"Theorem {name} : forall tau, 0 < tau -> tau <> {taus[0]} -> {condition}_at tau D s.",
        f"Proof. exact (fun tau Ht Hne => conj s_smooth {proof}). Qed.",
        *_stated(ends, f"{condition}_fails_there", fails, f"conj s_smooth {side}"),
    ]
    return lines, [name, f"{condition}_fails_there"]


def _stated(ends: Sequence[str], name: str, statement: str, proof: str) -> list[str]:
    """A theorem; a failure that leaves out ends of pieces says so."""
    if not ends:
        return [f"Theorem {name} : {statement}.", f"Proof. exact ({proof}). Qed."]
    points = "; ".join(term(parsed(end)).text for end in ends)
    return [
        f"Theorem {name} : almost_everywhere [{points}] D ({statement}).",
        f"Proof. split; [solve_left_out | exact ({proof})]. Qed.",
    ]
