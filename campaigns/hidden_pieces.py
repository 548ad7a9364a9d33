"""Random activations with a further piece that a look at a few points misses: short, or from some point on.

The oracle cannot miss it, as each case tells it an interval in which it lies.
"""

from __future__ import annotations

import random

import disguises
from disguises import BUILT, Case
from flint import fmpq

PARTIAL = ["sqrt(z**2 - 1/3)", "log(z**2 + z)", "(z**2 - 1/10)**(3/2)", "acosh(z**2)"]


def case(rng: random.Random) -> Case:
    """One random case; every sixth has a hidden piece."""
    return hidden_case(rng) if rng.random() < 1 / 6 else disguises.case(rng)


def hidden_case(rng: random.Random) -> Case:
    """One random case with a hidden piece."""
    return rng.choice([_beyond, _narrow, _gap])(disguises.case(rng), rng)


def _beyond(one: Case, rng: random.Random) -> Case:
    """Another function from some z on, which is real here and there."""
    start, sign, part = rng.choice([1, 4, 30]), rng.choice([1, -1]), rng.choice(PARTIAL)
    condition = f"z > {start}" if sign == 1 else f"z < -{start}"
    ends = sorted([fmpq(sign * start), fmpq(sign * (start + 14))])
    return _hidden(one, "far piece", f"where({condition}, {part}, {one.text})", ends)


def _narrow(one: Case, rng: random.Random) -> Case:
    """Another function in a short interval."""
    center, radius = rng.choice([0, 1, -3, 6]), fmpq(1, rng.choice([1, 3, 10]))
    _, templates = BUILT[rng.choice([*BUILT])]
    other = disguises.moved(disguises.filled(rng.choice(templates), rng, {}).replace("theta", "(5/7)"), rng)
    text = f"where(abs(z - ({center})) < {radius}, {other}, {one.text})"
    return _hidden(one, "narrow piece", text, [center - radius, center + radius])


def _gap(one: Case, rng: random.Random) -> Case:
    """Another function outside an interval, which is not real in all of it."""
    end = rng.choice([1, 3, 7])
    ends = [fmpq(end), fmpq(end + 4)]
    return _hidden(one, "gap", f"where(abs(z) > {end}, sqrt(z**2 - {end}**2 - {end}), {one.text})", ends)


def _hidden(one: Case, kind: str, text: str, interval: list[fmpq]) -> Case:
    lower, upper = interval
    return Case(kind, text, frozenset(), one.parameters, (*one.intervals, (lower, upper)))
