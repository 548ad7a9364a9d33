"""Random activations with pieces that a look at a few points misses: narrow, far, or of a domain without closed form.

The oracle cannot miss them, as each case tells it intervals in which they lie. The decision may leave such a case
undecided; what it says must be true.
"""

from __future__ import annotations

import dataclasses
import random
import re

import disguises
from disguises import BUILT, Case
from flint import fmpq

SEARCHED = ["sin({w}*z) - {t}", "cos({w}*z) - {t}", "{t} - sin({w}*z)**2", "z*sin({w}*z) - {t}", "sin({w}*z) + z/9"]
PARTIAL = [
    "sqrt(z**2 - {t})",
    "log(z**2 + z)",
    "(z**2 - {t})**(3/2)",
    "acosh(z**2)",
    "{t}*sqrt(z**2 - 1)/sqrt(z**2 - 1)",
]
DOMAINS = [
    "({text})*sqrt(q)/sqrt(q)",
    "{text} + 0*sqrt(q)",
    "{text} + log(q) - log(q)",
]


def case(rng: random.Random) -> Case:
    """One random case; every sixth has a hidden piece."""
    return hidden_case(rng) if rng.random() < 1 / 6 else disguises.case(rng)


def hidden_case(rng: random.Random) -> Case:
    """One random case with a hidden piece."""
    hide = rng.choice([_beyond, _beyond, _narrow, _narrow, _within, _gap])
    return hide(disguises.case(rng), rng)


def _named(template: str, rng: random.Random) -> str:
    """A template with a condition q, and with its numbers, written out."""
    template = re.sub(r"\bq\b", f"({rng.choice(SEARCHED)})", template)
    return template.replace("{w}", rng.choice(["1", "2", "(3/2)", "pi"])).replace(
        "{t}", rng.choice(["1/3", "9/10", "1/10"])
    )


def _other(rng: random.Random) -> str:
    _, templates = BUILT[rng.choice([*BUILT])]
    text = disguises.filled(rng.choice(templates), rng, {}).replace("theta", "(5/7)")
    return disguises.moved(text, rng)


def _beyond(one: Case, rng: random.Random) -> Case:
    """Another function from some z on, which is real here and there."""
    start = rng.choice([1, 4, 30, 1000, 10**6])
    part = _named(rng.choice(PARTIAL), rng)
    text = rng.choice(
        ["where(z > {c}, {p}, {text})", "where(z < -{c}, {p}, {text})", "where(z < {c}, {text}, {p} + {text})"]
    )
    sign = -1 if "-{c}" in text else 1
    ends = sorted([fmpq(sign * start), fmpq(sign * (start + 14))])
    return _hidden(one, "far piece", text.format(c=start, p=part, text=one.text), ends)


def _narrow(one: Case, rng: random.Random) -> Case:
    """Another function in a short interval."""
    center, radius = rng.choice([0, 1, -3, 50, -2000]), rng.choice(["1/3", "1/1000", "1/10**6"])
    inside = rng.choice(["abs(z - ({c})) < {r}", "(z - ({c}))**2 < ({r})**2", "z**2 + ({c})**2 < ({r})**2 + 2*({c})*z"])
    text = f"where({inside.format(c=center, r=radius)}, {_other(rng)}, {one.text})"
    half = {"1/3": fmpq(1, 3), "1/1000": fmpq(1, 1000), "1/10**6": fmpq(1, 10**6)}[radius]
    return _hidden(one, "narrow piece", text, [center - half, center + half])


def _within(one: Case, rng: random.Random) -> Case:
    """The same function where a condition without closed form is true."""
    text = _named(rng.choice(DOMAINS), rng).replace("{text}", one.text)
    return dataclasses.replace(one, kind="searched domain", text=text)


def _gap(one: Case, rng: random.Random) -> Case:
    """Another function outside an interval, which is not real in all of it."""
    end = rng.choice([1, 3, 7])
    ends = [fmpq(end), fmpq(end + 4)]
    return _hidden(one, "gap", f"where(abs(z) > {end}, sqrt(z**2 - {end}**2 - {end}), {one.text})", ends)


def _hidden(one: Case, kind: str, text: str, *intervals: list[fmpq]) -> Case:
    hidden = tuple((lower, upper) for lower, upper in intervals)
    return Case(kind, text, frozenset(), one.parameters, one.intervals + hidden)
