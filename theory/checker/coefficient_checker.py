"""Independent checker for certificates of learning coefficients of k* true atoms and k* + 1 fitted ones (d = 1).

A certificate states lambda and m in vol{K < eps} ~ c eps^lambda log(1/eps)^(m-1) near mixtures in which two atoms fit a
true one and every other atom is fitted by one, the gate of one of them being held (theory.md 2.13). It holds the model,
the means and the steps of a certificate of contact orders (`order_checker`), and besides

- "coordinate": what the difference of nu is less the variable that stands for it, a polynomial in the other
  differences, so that the change of variables keeps volumes;
- "multipliers": pairs of a monomial alpha with a bound of w.alpha that the steps prove, and y > 0, sum y alpha = 1: the
  volume has at least the exponent sum y v. As the alpha have full rank, one vector of orders alone attains it: m = 1;
- "weights": of the differences. Where each is at most the distance to its weight, the density moves by no more than the
  distance, as no weight is below 1/2 and the density is linear in weighted means alone: the exponent is at most their
  sum;
- "true": k*. lambda is half of the number of parameters of k* atoms and that exponent.

All means and shared offsets must be solved for: the density determines them to first order. That the model with k*
atoms is regular is proved by this for k* = 2, and is part of the statement for others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flint import fmpq, fmpq_mat, fmpq_poly

from temperance.theory.checker.order_checker import Derivation
from temperance.theory.checker.order_equations import Exponents, Terms, in_words
from temperance.theory.checker.rejected import proving, rational, require

FORMAT = "temperance-coefficients/1"
_OF_A_CELL = ("format", "statement", "model", "degree", "reach", "variables", "means", "steps")
_KEYS = (*_OF_A_CELL, "coordinate", "multipliers", "weights", "true", "coefficient", "multiplicity")
_MOST_ATOMS = 1000


def check(certificate: Any) -> str:
    """The statement that a certificate proves. Raises Rejected where it proves none."""
    with proving(certificate, FORMAT, *_KEYS):
        return _Coefficient(certificate).run()


class _Coefficient(Derivation):
    def __init__(self, certificate: Mapping[str, Any]) -> None:
        super().__init__(certificate)
        require(self.variables == self.model.each, "a mean or a shared offset is not determined")
        self.elements = [(self._changed(terms), shifts, own) for terms, shifts, own in self.elements]

    def run(self) -> str:
        self.derive()
        true = self.certificate["true"]
        require(type(true) is int and 2 <= true <= _MOST_ATOMS, "the number of true atoms")
        exponent = self._from_below()
        require(self._from_above() == exponent, "the bounds do not meet")
        coefficient = (parameters(self.certificate["model"], true) + exponent) / 2
        require(rational(self.certificate["coefficient"]) == coefficient, "the coefficient is not that of the bounds")
        multiplicity = self.certificate["multiplicity"]
        require(type(multiplicity) is int and multiplicity == 1, "the multiplicity is not that of the bounds")
        proved = statement(self.certificate)
        require(self.certificate["statement"] == proved, "the statement is not that of the coefficient")
        return proved

    def _changed(self, terms: Terms) -> Terms:
        """An equation in the new variables, up to the degree N."""
        at = len(self.variables) - 1  # nu
        move: Terms = {}
        for m, row in self.certificate["coordinate"]:
            powers = self.exponents(m)
            require(powers not in move and powers[at] == 0 and sum(powers) > 0, "the coordinate")
            move[powers] = fmpq_poly([rational(c) for c in row])
        unit: Exponents = tuple(int(i == at) for i in range(self.size))
        powers_of_nu: list[Terms] = [{(0,) * self.size: fmpq_poly([1])}]
        found: Terms = {}
        for m, c in terms.items():
            while len(powers_of_nu) <= m[at]:
                powers_of_nu.append(self._product(powers_of_nu[-1], {**move, unit: fmpq_poly([1])}))
            rest = {tuple(0 if i == at else n for i, n in enumerate(m)): c}
            for n, d in self._product(powers_of_nu[m[at]], rest).items():
                found[n] = found.get(n, fmpq_poly([0])) + d
        return {m: c for m, c in found.items() if c != 0}

    def _product(self, p: Terms, q: Terms) -> Terms:
        self.work.spend(100 * len(p) * len(q), 0)
        found: Terms = {}
        for m, c in p.items():
            for n, d in q.items():
                if sum(m) + sum(n) <= self.degree:
                    at = tuple(i + j for i, j in zip(m, n, strict=True))
                    found[at] = found.get(at, fmpq_poly([0])) + c * d
        return found

    def _from_below(self) -> fmpq:
        known = {**dict.fromkeys(self.monomials, fmpq(1))}
        for m, v in self.bounds:
            known[m] = max(v, known.get(m, v))
        used = [(self.exponents(m), rational(y)) for m, y in self.certificate["multipliers"]]
        require(all(m in known and y > 0 for m, y in used), "a multiplier of no bound")
        sums = [sum((y * m[i] for m, y in used), fmpq(0)) for i in range(self.size)]
        require(sums == [fmpq(1)] * self.size, "the multipliers do not add up to one of each variable")
        require(fmpq_mat([list(m) for m, _ in used]).rank() == self.size, "several vectors of orders attain the bound")
        return sum((y * known[m] for m, y in used), fmpq(0))

    def _from_above(self) -> fmpq:
        weights = [rational(w) for w in self.certificate["weights"]]
        require(len(weights) == self.size and min(weights) >= fmpq(1, 2), "the weights")
        return sum(weights, fmpq(0))


def parameters(model: Mapping[str, Any], atoms: int) -> int:
    """How many parameters a mixture of so many atoms has, its last gate being held."""
    own, expert, shared = (len(model[name]) for name in ("own", "expert", "shared"))
    return atoms * expert + (atoms - 1) * (own + 1) + shared


def statement(certificate: Mapping[str, Any]) -> str:
    """The statement of a certificate in words."""
    true, model = certificate["true"], certificate["model"]
    return (
        f"learning coefficient {certificate['coefficient']} with multiplicity {certificate['multiplicity']} of "
        f"{true + 1} fitted atoms, {true} true ones, near mixtures in which two atoms fit one, on a compact box with "
        f"beta0 bounded and the truth inside, where the model with {true} atoms is regular "
        f"({parameters(model, true)} parameters); {in_words(model)}"
    )
