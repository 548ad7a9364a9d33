"""CPU seconds of decisions, of relations and of sample sizes, each beside what came out, as lines of JSON.

    python benchmarks/answers.py [decisions] [relations] [efficiency] [--gate linear] [--largest 3000] [--ranking]

Decisions: verdicts and certificates of the whole catalogue. Relations: how the cost of deriving them grows with the
dimension of x and the order; "rank" is the rank alone, "derive" is everything (every relation written and verified,
irredundant generators). Efficiency: one information, twelve activations at one truth; --ranking: the whole catalogue.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from math import comb
from typing import Any

import temperance
from temperance.numerics.information.required import tau_variance
from temperance.numerics.mixture.activation_numpy import compile_activation
from temperance.numerics.mixture.measures import Layout, measure_of
from temperance.theory.activations.activation import activation
from temperance.theory.activations.catalogue import CATALOGUE
from temperance.theory.conditions.certificates import certificates
from temperance.theory.conditions.decision import decide
from temperance.theory.contact.default_truth import default_truth
from temperance.theory.interactions.interactions import derive, groebner_basis
from temperance.theory.models.by_name import model
from temperance.theory.models.gates import generic

NAMES = ("tanh", "sigmoid", "erf", "sin", "gaussian", "atan", "exp", "gelu", "silu", "mish", "elu", "softplus")
DIMENSIONS, ORDERS = range(1, 6), range(1, 7)


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What it gives, and its CPU seconds."""
    start = time.process_time()
    return work(), round(time.process_time() - start, 4)


def decisions(_: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Decide every entry, and issue its certificates."""
    each = {name: timed(lambda name=name: decide(name)) for name in CATALOGUE}
    issued, seconds = timed(lambda: sum(len(certificates(name)) for name in CATALOGUE))
    slowest = max(each, key=lambda name: each[name][1])
    outcomes = Counter(f"{found.first_order.outcome}/{found.second_order.outcome}" for found, _ in each.values())
    yield {
        "entries": len(each),
        "cpu_s": round(sum(cpu for _, cpu in each.values()), 3),
        "slowest": [slowest, each[slowest][1]],
        "outcomes": dict(outcomes),
        "certificates": issued,
        "certificates_cpu_s": seconds,
    }


def relations(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Derive the relations of a gate in every dimension and order with few enough derivatives."""
    for d in DIMENSIONS:
        spec = model(options.gate, dim=d)
        for r in (r for r in ORDERS if comb(len(spec.parameters) + r, r) <= options.largest):
            basis, rank_seconds = timed(lambda spec=spec, r=r: groebner_basis(spec, r))
            found, seconds = timed(lambda d=d, r=r: derive(options.gate, dim=d, order=r))
            if len(basis.standard) != found.rank:
                raise ArithmeticError("two runs found different ranks")
            counts = {"relations": len(found.relations), "generators": len(found.generators)}
            row = {"gate": options.gate, "dim": d, "order": r, "derivatives": found.derivatives, "rank": found.rank}
            yield {**row, **counts, "complete": found.complete, "rank_cpu_s": rank_seconds, "derive_cpu_s": seconds}


def efficiency(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """How many observations tau needs: one information, twelve activations, and the ranking."""
    truth = default_truth(model(generic(1)), 2, "anchored")
    gate, m = compile_activation(activation("tanh")), measure_of(truth)
    variance, seconds = timed(lambda: tau_variance(m, Layout(2, 1), gate, -3.0, 3.0))
    yield {"information": {"n_tau": 100 * variance, "cpu_s": seconds}}
    twelve, seconds = timed(lambda: temperance.efficiency(*NAMES, gauge="anchored"))
    yield {"twelve": {"n_tau": [row.n_tau for row in twelve.table], "cpu_s": seconds}}
    if options.ranking:
        ranked, seconds = timed(lambda: temperance.efficiency(gauge="anchored", match=(0.1, 0.9)))
        names = [row.activation for row in ranked.table if row.n_tau is not None]
        yield {"ranking": {"ranked": len(names), "of": len(ranked.table), "first": names[:3], "cpu_s": seconds}}


PARTS = {"decisions": decisions, "relations": relations, "efficiency": efficiency}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all by default")
    parser.add_argument("--gate", default="linear")
    parser.add_argument("--largest", type=int, default=3000, help="most derivatives in a row")
    parser.add_argument("--ranking", action="store_true")
    arguments = parser.parse_args()
    for part in arguments.parts or PARTS:
        for figures in PARTS[part](arguments):
            print(json.dumps({part: figures}), flush=True)
