"""Tells which parts of the claims Coq has checked, from kept results on files with the same content."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from json import dumps, loads

from temperance.theory.activations.activation import activation
from temperance.theory.conditions.certificates import certificates, verdict_of
from temperance.theory.coq.files import FILES, file_of, library

RESULTS = "data/coq_results.json"  # written by tools/coq_results.py


@dataclass(frozen=True)
class Part:
    """What of the proof of a claim is a theorem in Coq.

    Attributes:
        statement: in words.
        verdicts: activations and the conditions that are decided in a file of their own; the library holds the rest.
    """

    statement: str
    verdicts: tuple[tuple[str, str], ...] = ()


_SHARP = ("tau_beta1", "a", "b_nu")
PARTS = {
    "C1": Part(
        "the relations tau u_tau + beta1 u_beta1 = 0, u_bb = 2 u_nu, tau u_(beta1 b) = u_a, 2 tau u_(beta1 nu) = u_ab, "
        "for d = 1"
    ),
    "C2": Part("the scale and the split of every atom leave the density, for d = 1 and any k"),
    "C3": Part("the density is one along the orbit, for d = 1"),
    "C4": Part("every density of two atoms is one of every temperature"),
    "C5": Part(
        "the first-order condition for tanh, sigmoid, GELU; for d = 1 and all x near 0 independent scores: with an "
        "anchored atom, and for k = 2 in the free gauge where beta1_1 and beta1_2 differ in size",
        tuple((s, "first_order") for s in ("tanh", "sigmoid", "gelu")),
    ),
    "C6": Part(
        "ReLU fails F1, which hides tau from the scores; every density of two atoms is one of every temperature",
        (("relu", "first_order"),),
    ),
    "C7": Part(
        "the conditions (i) to (iii) for tanh; in cells of two atoms a and b have at most the order 4 and nu 2, "
        "from two x, whatever the gate is, for d = 1",
        tuple(("tanh", condition) for condition in _SHARP),
    ),
    "C8": Part("r_bar(2) = 4 and r_bar(3) = 6; for m = 2 moment sums bound offsets, uniformly in the weights"),
    "C10": Part(
        "tanh has the twin (beta, 0, beta0/2, tau/2), and the scores along (1, 1) in beta1 cancel; on the line of the "
        "mirror point GELU keeps the density"
    ),
    "C11": Part(
        "at tau = 1 the curve keeps the density; the second-order condition fails at no other tau",
        (("log1p_square", "second_order"),),
    ),
    "C12": Part("the varentropy of two weights is at most 0.4393, of three 0.7619, of eight 1.7766"),
    "C15": Part(
        "atoms of tanh, GELU and softplus gates with one density near x = 0 and distinct experts have the same experts "
        "and, every two of them, the gates claimed, for d = 1 and any k; these have one density, for k = 2"
    ),
    "C16": Part(
        "cells of two atoms, merged: mean and variance at one x, and a and b of the line through the means at two x, "
        "have errors O(distance), whatever the gate is, for d = 1; a weighted mean of nu has not"
    ),
}


def texts(part: Part) -> dict[str, str]:
    """The files that state a part: the library and, where it needs one, the file of its verdicts."""
    contents = {name: library(name) for name in FILES}
    if part.verdicts:
        names = dict.fromkeys(name for name, _ in part.verdicts)
        chosen = {
            name: [c for c in certificates(name) if (name, verdict_of(c)["title"]) in part.verdicts] for name in names
        }
        contents["Verdicts"], _ = file_of([(activation(name), proofs) for name, proofs in chosen.items()])
    return contents


def digest(contents: Mapping[str, str]) -> str:
    """SHA-256 of files without their comments."""
    stated = {name: re.sub(r"\(\*.*?\*\)", "", text, flags=re.DOTALL) for name, text in contents.items()}
    return sha256(dumps(stated, sort_keys=True).encode()).hexdigest()


def stored_digests() -> Mapping[str, str]:
    """By claim, the digest of the files that Coq has accepted."""
    return loads(files("temperance.claims").joinpath(RESULTS).read_text(encoding="utf-8"))["digests"]


@cache
def checked(claim: str) -> str | None:
    """What of a claim Coq has checked, in words; None where it has checked nothing, or another file than today's."""
    part = PARTS.get(claim)
    return part.statement if part is not None and stored_digests().get(claim) == digest(texts(part)) else None
