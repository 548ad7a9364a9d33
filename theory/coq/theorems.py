"""Writes the theorems that certificates state and their proofs: lemmas on families, then a theorem for each verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from temperance.theory.conditions.certificates import ends_left_out, verdict_of
from temperance.theory.coq.terms import Unstated, parsed, term


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
    if ends_left_out(certificate):
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
    ends = ends_left_out(certificate)
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
