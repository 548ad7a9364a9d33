"""Writes the theorems that certificates state, with their proofs: lemmas on families first, then a theorem a verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from temperance.theory.coq.terms import Unstated, parsed, term


@dataclass(frozen=True)
class _Family:
    """A family of the conditions in Temperance.v.

    Attributes:
        name: of the family there.
        monomials: the list of monomials of its members.
        last: the list of the monomials of its last member, where that depends on tau or is the target.
        target: the function that must not be in the span of the family; empty where there is none.
    """

    name: str
    monomials: str
    last: str = ""
    target: str = ""

    @property
    def every(self) -> str:
        """All monomials."""
        return f"({self.monomials} ++ {self.last})" if self.last else self.monomials

    @property
    def same(self) -> str:
        """The lemma that its members are these monomials."""
        return f"(target_{self.name} _)" if self.target else f"(members_{self.name} _)"

    @property
    def at_tau(self) -> bool:
        """Whether the last member depends on tau."""
        return self.last == "parts"


_FAMILIES = {
    "F1": _Family("F1", "mF1"),
    "A": _Family("A", "mA", "parts"),
    "B": _Family("B", "mB"),
    "C": _Family("C", "mC"),
    "(i)": _Family("P", "mP", "parts"),
    "(ii)": _Family("Q", "mQ", "square", "fun z => z ^ 2"),
    "(iii)": _Family("W", "mW", "one", "fun z => 1"),
}
_NAMES = {
    "first_order": "first_order",
    "second_order": "second_order",
    "tau_beta1": "sharp_i",
    "a": "sharp_ii",
    "b_nu": "sharp_iii",
}
_SIDES = {"A": "(or_introl {})", "B": "(or_intror (or_introl {}))", "C": "(or_intror (or_intror {}))"}


def fraction(text: str) -> str:
    """A rational number as a point of Temperance.v."""
    value = Fraction(text)
    numerator = f"({value.numerator})" if value < 0 else str(value.numerator)
    return f"frac {numerator} {value.denominator}"


def evidence(certificates: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[str], dict[tuple[str, str], int]]:
    """What one computation checks: points; families with the indices of theirs; where each family is, by condition."""
    points: list[str] = []
    entries, places = [], {}
    for certificate in certificates:
        for name, found in certificate["families"].items():
            if found["minor"] is None:
                continue
            family, chosen = _FAMILIES[name], found["minor"]["points"]
            points += [point for point in chosen if point not in points]
            monomials = family.every if not found["relations"] else f"omit {_left_out(found)} {family.every}"
            places[certificate["claim"]["condition"], name] = len(entries)
            entries.append(f"({monomials}, [{'; '.join(str(points.index(p)) for p in chosen)}]%nat)")
    return points, entries, places


def theorems(certificate: Mapping[str, Any], places: Mapping[tuple[str, str], int]) -> tuple[list[str], list[str]]:
    """The lines that state and prove the verdict of a certificate, and the names of what is stated.

    Args:
        certificate: of one condition.
        places: see `evidence`.

    Raises:
        Unstated: a coefficient of a relation cannot be written.
    """
    condition, claim = certificate["claim"]["condition"], certificate["claim"]
    lines, names = [], []
    taus = [term(parsed(tau)).text for tau in claim["fails_at_tau"]]
    for name, found in certificate["families"].items():
        family, rows = _FAMILIES[name], [_Row.of(row) for row in found["relations"]]
        used = rows if claim["verdict"] == "holds" or family.at_tau else rows[:1]
        lines += [line for i, row in enumerate(used) for line in _relation(family, row, i)]
        if claim["verdict"] == "holds":
            lines += _holds(family, rows, places[condition, name], taus, found)
        else:
            lines += _fails(family, rows)
            names.append(_lemma(family, "fails"))
    found_lines, found_names = _verdict(certificate, taus)
    return [*lines, *found_lines, ""], [*names, *found_names]


@dataclass(frozen=True)
class _Row:
    """A relation: its coefficients as Coq terms, the last two apart where the last member depends on tau."""

    terms: tuple[str, ...]

    @classmethod
    def of(cls, row: Sequence[str]) -> _Row:
        return cls(tuple(term(parsed(c)).text for c in row))

    def first(self, count: int) -> str:
        """All but the last `count` coefficients, as a list."""
        return f"[{'; '.join(self.terms[: len(self.terms) - count])}]"

    def last(self, count: int) -> str:
        return f"[{'; '.join(self.terms[len(self.terms) - count :])}]"

    def arguments(self, count: int) -> str:
        return " ".join([self.first(count), *(_argument(t) for t in self.terms[len(self.terms) - count :])])


def _argument(text: str) -> str:
    return f"({text})" if " " in text else text


def _count(family: _Family) -> int:
    """How many coefficients the lemmas take apart."""
    return 2 if family.at_tau else 1 if family.target else 0


def _written(family: _Family, row: _Row) -> str:
    count = _count(family)
    return f"({row.first(count)} ++ {row.last(count)})" if count else row.first(0)


def _relation(family: _Family, row: _Row, index: int) -> Iterator[str]:
    yield f"Lemma {family.name}_relation_{index} : forall z, D z ->"
    yield f"  dot {_written(family, row)} (map (rmono (z, pjet code z)) {family.every}) = 0."
    yield "Proof. solve_relation. Qed."


def _left_out(found: Mapping[str, Any]) -> int:
    """The member that the minor of a family with one relation leaves out."""
    columns = found["minor"]["columns"]
    return next(j for j in range(len(columns) + 1) if j not in columns)


def _lemma(family: _Family, verdict: str) -> str:
    words = ("outside", "inside") if family.target else ("independent", "dependent")
    return f"{family.name}_{words[verdict == 'fails']}"


def _holds(
    family: _Family, rows: Sequence[_Row], place: int, taus: Sequence[str], found: Mapping[str, Any]
) -> Iterator[str]:
    """That a family is independent, or its target outside; with one relation, by what the relation leaves."""
    checked = f"(pick {place} families_independent _ eq_refl)"
    statement, except_at = f"independent D ({family.name} s)", ""
    if family.target:
        statement = f"~ in_span D ({family.target}) ({family.name} s)"
    if family.at_tau:
        except_at = "".join(f"tau <> {tau} -> " for tau in taus)
        statement = f"forall tau, 0 < tau -> {except_at}independent D ({family.name} s tau)"
    yield f"Lemma {_lemma(family, 'holds')} : {statement}."
    if not rows:
        by = f"(independent_ext D _ _ {family.same} {checked})"
        if family.at_tau:
            by = f"(independent_at_all D code {family.monomials} _ {family.same} {checked})"
        elif family.target:
            by = f"(outside D code {family.monomials} _ _ _ {family.same} {checked})"
        yield f"Proof. exact {by}. Qed."
        return
    (row,) = rows
    relation = f"{family.name}_relation_0"
    lemma, rest = "outside_with_relation", ""
    arguments = f"{family.monomials} _ _ _ {row.first(1)}"
    if family.at_tau:
        lemma, rest = "independent_at_others", "|exact Ht|solve_numbers"
        arguments = f"{family.monomials} _ {row.arguments(2)}"
        yield f"Proof. intros tau Ht{' Hne' * bool(except_at)}."
    else:
        yield "Proof."
    yield f"apply ({lemma} D code code_defined {arguments} {_left_out(found)} {family.same} {relation});"
    yield f"  [reflexivity|solve_numbers|exact {checked}{rest}]."
    yield "Qed."
    for tau in taus if family.at_tau else ():
        yield f"Lemma {family.name}_dependent_there : dependent D ({family.name} s ({tau}))."
        yield f"Proof. apply (dependent_at_one D code code_defined {arguments} {family.same} {relation});"
        yield "  [reflexivity|solve_nonzero|solve_numbers|solve_numbers]. Qed."


def _fails(family: _Family, rows: Sequence[_Row]) -> Iterator[str]:
    """That a family is dependent, at every tau, or its target inside."""
    relation = f"{family.name}_relation_0"
    statement = f"dependent D ({family.name} s)"
    by = f"dependent_jets D code code_defined {family.monomials} _ {rows[0].first(0)} {family.same} {relation}"
    goals = "reflexivity|solve_nonzero"
    if family.target:
        statement = f"in_span D ({family.target}) ({family.name} s)"
        by = f"inside D code code_defined {family.monomials} _ _ _ {rows[0].arguments(1)} {family.same} {relation}"
        goals = "reflexivity|solve_numbers"
    elif family.at_tau:
        statement = f"forall tau, 0 < tau -> dependent D ({family.name} s tau)"
        lemma, goals = "dependent_at_one", "reflexivity|solve_nonzero|exact Ht|solve_numbers"
        arguments, relations = rows[0].arguments(2), relation
        if len(rows) == 2:
            lemma, goals = "dependent_at_all", "reflexivity|reflexivity|solve_numbers|exact Ht"
            arguments, relations = f"{arguments} {rows[1].arguments(2)}", f"{relation} {family.name}_relation_1"
        by = f"{lemma} D code code_defined {family.monomials} _ {arguments} {family.same} {relations}"
    yield f"Lemma {_lemma(family, 'fails')} : {statement}."
    yield f"Proof. {'intros tau Ht; ' * family.at_tau}apply ({by}); [{goals}]. Qed."


def _verdict(certificate: Mapping[str, Any], taus: Sequence[str]) -> tuple[list[str], list[str]]:
    """The theorems of a condition, from the lemmas on its families; and their names."""
    claim, families = certificate["claim"], [_FAMILIES[name] for name in certificate["families"]]
    condition, verdict = _NAMES[claim["condition"]], claim["verdict"]
    at_tau = claim["condition"] in ("second_order", "tau_beta1")
    known = [_lemma(f, verdict) + " tau Ht" * f.at_tau + " Hne" * (f.at_tau and bool(taus)) for f in families]
    arguments = [f"({k})" if " " in k else k for k in known]
    if verdict == "fails":
        name, statement = f"{condition}_fails_for_s", f"{condition}_fails D s"
        proof = arguments[0] if condition != "second_order" else _SIDES[families[0].name].format(arguments[0])
    else:
        name, statement = f"{condition}_for_s", f"{condition} D s"
        proof = arguments[-1]
        for argument in reversed(arguments[:-1]):
            proof = f"(conj {argument} {proof})"
    whole = f"conj s_smooth {proof}"
    if not taus:
        return [f"Theorem {name} : {statement}.", f"Proof. exact ({'fun tau Ht => ' * at_tau}{whole}). Qed."], [name]
    if len(taus) > 1:
        raise Unstated("more than one exceptional temperature")
    there = f"{families[0].name}_dependent_there"
    side = _SIDES["A"].format(there) if condition == "second_order" else there
    lines = [
        f"Theorem {name} : forall tau, 0 < tau -> tau <> {taus[0]} -> {condition}_at tau D s.",
        f"Proof. exact (fun tau Ht Hne => {whole}). Qed.",
        f"Theorem {condition}_fails_there : {condition}_fails_at {_argument(taus[0])} D s.",
        f"Proof. exact (conj s_smooth {side}). Qed.",
    ]
    return lines, [name, f"{condition}_fails_there"]
