"""Writes a file of theorems: a module an activation, and beside it the library that they are proved in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import Any

import sympy as sp

from temperance.theory.activations.activation import Activation, Z
from temperance.theory.conditions.certificates import verdict_of
from temperance.theory.coq.terms import Unstated, function
from temperance.theory.coq.theorems import evidence, fraction, on_scores, theorems
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


def file_of(
    sources: Iterable[tuple[Activation, Sequence[dict[str, Any]]]],
) -> tuple[str, list[tuple[str, str]]]:
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
