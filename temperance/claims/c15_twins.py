"""Runs the legs of claim C15: global identifiability of tanh, GELU and softplus gates, up to the twins listed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from temperance.claims.legs import Check, Runs, proof_leg
from temperance.measurements.judgement import Leg, LegOutcome, combined, holds
from temperance.theory.activations.activation import activation
from temperance.theory.twins.decision import twins
from temperance.theory.twins.twin import Gauge
from temperance.theory.twins.twin import holds as is_identity

if TYPE_CHECKING:
    from temperance.numerics.mixture.activation_numpy import CompiledActivation

Floats = NDArray[np.float64]

_SWAP, _ANCHOR = "(b, c, beta0, tau) -> (-c, -b, beta0, tau)", "(b, 0, beta0, tau) -> (0, -b, beta0, tau)"
_HALF = ("(b, -b, beta0, tau) -> (b, 0, beta0/2, tau/2)", "(b, -b, beta0, tau) -> (0, -b, beta0/2, tau/2)")
_TWICE = "(b, 0, beta0, tau) -> (b, -b, 2*beta0, 2*tau)"
_ORBIT = "(b, -b, beta0, tau) -> (b*l, -b*l, l*beta0, l*tau)"

CLAIMED: tuple[tuple[str, int, Gauge, bool, frozenset[str]], ...] = (
    ("tanh", 2, "free", False, frozenset((_SWAP, *_HALF, _TWICE))),
    ("tanh", 3, "free", True, frozenset((_SWAP, *_HALF, _TWICE))),
    ("tanh", 2, "anchored", False, frozenset((_ANCHOR,))),
    ("tanh", 3, "anchored", True, frozenset((_ANCHOR,))),
    *((s, k, "free", True, frozenset((_ORBIT,))) for s in ("gelu", "softplus") for k in (2, 3)),
    *((s, k, "anchored", True, frozenset()) for s in ("gelu", "softplus") for k in (2, 3)),
)
"""Activation, atoms, gauge, whether almost every truth is unique, and the twins beside those of a constant gate."""

SEED = 15
STARTS = 40
_GRID = 61
_WIDEST = 3.0  # |x|
_SAME = 1e-10  # relative distance of the log odds below which they are one function
_OTHER = 1e-6  # and from which on they are two
_NEAR = 1e-4  # relative distance of parameters that are one
_RATIO = (0.01, 100.0)  # of the two temperatures, in a search


def twins_proof(_: Runs) -> Leg:
    """The decision for every setting, and the identity of every twin, exact."""
    checks: list[Check] = []
    for name, atoms, gauge, unique, maps in CLAIMED:
        setting = f"{name}, {atoms} atoms, {gauge} gauge"
        checks.append(
            (f"{setting}: the twins listed, and no others", partial(decided, name, atoms, gauge, unique, maps))
        )
        checks.append((f"{setting}: identities", partial(identical, name, atoms, gauge)))
    return proof_leg(checks)


def decided(name: str, atoms: int, gauge: Gauge, unique: bool, maps: frozenset[str]) -> LegOutcome:
    """Whether the twins of an activation are those claimed."""
    result = twins(name, atoms=atoms, gauge=gauge)
    if result.unique is None or result.reason is not None:
        return "inconclusive"
    return holds((result.unique, {t.map for t in result.twins if len(set(t.truth)) > 1}) == (unique, maps))


def identical(name: str, atoms: int, gauge: Gauge) -> LegOutcome:
    """Whether all identities are proved."""
    source = activation(name)
    every = all(is_identity(source, twin) for twin in twins(name, atoms=atoms, gauge=gauge).twins)
    return "confirmed" if every else "inconclusive"


@dataclass(frozen=True)
class Search:
    """A search for gates with the log odds of a truth of two atoms: free gauge, d = 1, tau = 1.

    family: how far (beta1_1, beta1_2, tau) is from the truth and its twins.
    """

    activation: str
    beta1: tuple[float, float]
    family: tuple[tuple[float, float, float], ...]
    orbit: bool = False

    def nearest(self, end: Floats) -> tuple[int, float]:
        """Which twin is the nearest to (beta1_1, beta1_2, tau), and its relative distance."""
        if self.orbit:  # (l b, -l b, l)
            end = end / end[2]
        gaps = [float(np.abs(end - twin).max() / np.abs(twin).max()) for twin in self.family]
        return int(np.argmin(gaps)), min(gaps)


def searches() -> tuple[Search, ...]:
    """Truths of every kind, with all that has their density."""
    b, c = 1.5, -0.6
    mirror = ((b, -b, 1.0), (b, 0.0, 0.5), (0.0, -b, 0.5))
    return (
        Search("tanh", (b, c), ((b, c, 1.0), (-c, -b, 1.0))),
        Search("tanh", (b, -b), mirror),
        Search("tanh", (b, 0.0), ((b, 0.0, 1.0), (0.0, -b, 1.0), (b, -b, 2.0))),
        Search("gelu", (b, c), ((b, c, 1.0),)),
        Search("gelu", (b, -b), ((b, -b, 1.0),), orbit=True),
        Search("softplus", (b, c), ((b, c, 1.0),)),
        Search("softplus", (b, 0.0), ((b, 0.0, 1.0),)),
    )


def twins_contact(_: Runs) -> Leg:
    """From random starts, every gate with the log odds of the truth is the truth or a twin, and all of them are met."""
    records = [record_of(search, number) for number, search in enumerate(searches())]
    met = sum(r["same_density"] for r in records)
    farthest = max((r["farthest_from_a_twin"] for r in records if r["same_density"]), default=0.0)
    detail = (
        f"{len(records)} truths, {STARTS} random starts each: {met} ended at the density of the truth, at most "
        f"{farthest:.0e} from the truth or a twin, {sum(r['twins_met'] for r in records)} of "
        f"{sum(r['twins'] for r in records)} of which are met; {sum(r['unresolved'] for r in records)} unresolved; all "
        "others ended at another density"
    )
    return Leg(combined(r["outcome"] for r in records), detail, {"searches": records})


def record_of(search: Search, number: int) -> dict[str, Any]:
    """One search: contradicted by a gate of the same density far from all twins, confirmed if all twins are met."""
    from temperance.numerics.mixture.activation_numpy import compile_activation

    gate, rng = compile_activation(activation(search.activation)), np.random.default_rng((SEED, number))
    ends = [_end(search, gate, rng) for _ in range(STARTS)]
    same = [search.nearest(end) for end, gap in ends if gap <= _SAME]
    unresolved = sum(_SAME < gap < _OTHER for _, gap in ends)
    farthest, met = max((gap for _, gap in same), default=0.0), len({twin for twin, _ in same})
    outcome: LegOutcome = "confirmed" if met == len(search.family) and not unresolved else "inconclusive"
    return {
        "activation": search.activation,
        "beta1": list(search.beta1),
        "same_density": len(same),
        "unresolved": unresolved,
        "twins": len(search.family),
        "twins_met": met,
        "farthest_from_a_twin": farthest,
        "outcome": "contradicted" if farthest > _NEAR else outcome,
    }


def _end(search: Search, gate: CompiledActivation, rng: np.random.Generator) -> tuple[Floats, float]:
    """(beta1_1, beta1_2, tau) at the end of one search, and the relative distance of its log odds."""
    from scipy.optimize import least_squares

    x = np.linspace(-_WIDEST, _WIDEST, _GRID)

    def shape(first: float, other: float) -> Floats:
        odds: Floats = gate(first * x, 0)[0] - gate(other * x, 0)[0]
        return odds - odds.mean()

    truth = shape(*search.beta1)
    size = float(np.linalg.norm(truth))

    def gap(p: Floats) -> Floats:
        return (shape(p[0], p[1]) * np.exp(-p[2]) - truth) / size

    def slopes(p: Floats) -> Floats:
        first, other = (x * gate(b * x, 1)[1] for b in p[:2])
        columns = np.column_stack([first - first.mean(), other.mean() - other, -shape(p[0], p[1])])
        return np.asarray(columns * np.exp(-p[2]) / size)

    bounds = ([-6.0, -6.0, np.log(_RATIO[0])], [6.0, 6.0, np.log(_RATIO[1])])
    start = np.array([*rng.uniform(-3, 3, 2), rng.uniform(-1.5, 1.5)])
    end = least_squares(gap, start, slopes, bounds=bounds, xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=300)
    return np.array([end.x[0], end.x[1], np.exp(end.x[2])]), float(np.linalg.norm(end.fun))
