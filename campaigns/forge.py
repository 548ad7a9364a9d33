"""Forged certificates of every kind, and the truth about those that the proof kernel accepts.

    python campaigns/forge.py [--count 10000] [--seed 1] [--kinds verdict moments ..] [--results FILE.json]

Honest certificates are changed in one to three places: numbers, names, functions and pieces of formulas, roles of
parameters, sizes, true points, what is fixed, parts of proofs, parts of other certificates. Then all that the changed
proof proves is claimed, by the kernel itself, or more than that. What is accepted is held against oracles that use no
module of the project: truth_oracle.py (ranks at 150 digits) and mixture_oracle.py (densities at 60 digits). Exit
status 1 for a false claim that is accepted, an error of the kernel other than Rejected, or a check of over 20 seconds.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import mixture_oracle as oracle
import mpmath as mp
from flint import fmpq
from oracle_jets import Unclear as NoTruth
from oracle_jets import ends, jet
from trials import falsehood
from truth_oracle import fails_across, truth

from temperance.theory.conditions.certificates import certificates
from temperance.theory.contact.contact_orders import orders
from temperance.theory.contact.exact_orders import exact_orders
from temperance.theory.contact.order_setting import order_setting
from temperance.theory.kernel.check import check, prove
from temperance.theory.kernel.reader import Rejected
from temperance.theory.kernel.verdict import CONDITIONS
from temperance.theory.least_squares.orders import certificate as squares
from temperance.theory.least_squares.orders import least_squares_orders, split_atom

SOURCES = ("tanh", "relu", "exp", "gelu", "square", "log(z)", "sqrt(z)", "3*log(1 + z**2)", "hardshrink", "hardtanh")
SOURCES += ("where(z < 1, z, 2*z - 1)", "elu(z, alpha)", "c*log(1 + z**2)", "log_abs")
SETTINGS: tuple[dict[str, Any], ...] = (
    {"gate": "softmax"},
    {"gate": "linear"},
    {"gate": "gaussian"},
    {"gate": "laplace"},
    {"gate": "activation", "source": "tanh"},
    {"gate": "activation", "source": "hardtanh"},
    {"gate": "softmax", "split": "all"},
    {"gate": "softmax", "expert": "nonlinear:tanh"},
    {"gate": "softmax", "dim": 2},
)
EXACT = (("softmax",), ("activation", "gaussian", "tanh"), ("linear",))
SQUARES = (("softmax", "nonlinear:tanh"), ("softmax", "gaussian"), ("beta1*x", "c*tanh(a*x + b)"))
NUMBERS = ("0", "1", "-1", "2", "1/2", "-1/3", "7/5", "3", "4", "12")
SWAPS = (
    ("tanh", "sin"),
    ("exp", "tanh"),
    ("x", "x**2"),
    ("+", "-"),
    ("beta1", "tau"),
    ("*", "+"),
    ("1", "0"),
    ("x", "1/x"),
)
SWAPS += (
    ("x", "log(-1)"),
    ("_t", "_t**2"),
    ("_q", "1"),
    ("_t", "2*_t"),
    ("<", "< -"),
    ("a*x", "a*x + c*x"),
    ("0", "7"),
)
ROLES = ("own", "shared", "held", "expert")
_MOST_SECONDS = 20


def honest() -> list[dict[str, Any]]:
    """The certificates that are forged."""
    found = [c for source in SOURCES for c in certificates(source)]
    for options in SETTINGS:
        shown = orders(order_setting(**options))
        found += [*shown.certificates, *shown.curves]
    for arguments in EXACT:
        one = exact_orders(*arguments)
        found += [*one.certificates, *one.curves]
    for gate, expert in SQUARES:
        proof, why = squares(least_squares_orders(split_atom(order_setting(gate, expert))))
        if proof is None:
            raise SystemExit(f"{gate}, {expert}: {why}")
        found.append(proof)
    return json.loads(json.dumps(found))


def leaves(part: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a JSON value: a container, and the key of what is in it."""
    keys = part.keys() if isinstance(part, dict) else range(len(part)) if isinstance(part, list) else ()
    for key in list(keys):
        yield part, key
        yield from leaves(part[key])


def changed(certificate: dict[str, Any], pool: Sequence[dict[str, Any]], rng: random.Random) -> dict[str, Any]:
    """A certificate with one to three changes, which claims all that it proves, or what was claimed before, or more."""
    made = copy.deepcopy(certificate)
    for _ in range(rng.randint(1, 3)):
        with suppress(IndexError, KeyError, TypeError, AttributeError, ValueError):  # it is broken already
            rng.choice((_leaf, _leaf, _leaf, _roles, _foreign, _list))(made, pool, rng)
    if rng.random() < 0.8:
        with contextlib.suppress(Rejected):
            made["claims"] = [dict(vars(claim)) for claim in prove(made["place"], made["proof"])[1].claims]
        if rng.random() < 0.3 and made["claims"]:
            claim = rng.choice(made["claims"])
            claim[rng.choice(("title", "side", "value"))] = rng.choice(
                (*NUMBERS, "flat", "at most", "a", "mean a", "holds")
            )
    return made


def _leaf(made: dict[str, Any], _: Sequence[dict[str, Any]], rng: random.Random) -> None:
    """Another number, name or formula."""
    places = [
        (part, key) for part, key in leaves([made["place"], made["proof"]]) if not isinstance(part[key], list | dict)
    ]
    part, key = rng.choice(places)
    old = part[key]
    if isinstance(old, bool):
        part[key] = not old
    elif isinstance(old, int):
        part[key] = old + rng.choice((-1, 1, 2))
    elif isinstance(old, str) and not old.lstrip("-").replace("/", "").isdigit():
        first, second = rng.choice([swap for swap in SWAPS if swap[0] in old] or [(old, rng.choice(NUMBERS))])
        part[key] = old.replace(first, second, 1)
    else:
        part[key] = rng.choice(NUMBERS)


def _roles(made: dict[str, Any], _: Sequence[dict[str, Any]], rng: random.Random) -> None:
    """A parameter in another role, other sizes, or something fixed or free."""
    place = made["place"]
    model, way = place["model"], rng.randrange(4)
    if way == 0:
        origin, target = rng.sample(ROLES, 2)
        if model[origin]:
            name = model[origin].pop(rng.randrange(len(model[origin])))
            model[target].insert(0, name)
    elif way == 1:
        i = rng.randrange(len(place["sizes"]))
        place["sizes"][i] = rng.choice((1, 2, 3))
    elif way == 2 and place["fixed"]:
        place["fixed"].pop(rng.randrange(len(place["fixed"])))
    else:
        point = rng.choice(place["points"])
        if point:
            point.pop(rng.choice(list(point)))


def _foreign(made: dict[str, Any], pool: Sequence[dict[str, Any]], rng: random.Random) -> None:
    """A part of another certificate."""
    other = copy.deepcopy(rng.choice(pool))
    part, key = rng.choice([*leaves({"place": made["place"], "proof": made["proof"]})])
    places = [(p, k) for p, k in leaves({"place": other["place"], "proof": other["proof"]}) if k == key]
    if places:
        theirs, k = rng.choice(places)
        part[key] = theirs[k]


def _list(made: dict[str, Any], _: Sequence[dict[str, Any]], rng: random.Random) -> None:
    """An entry of a list left out, twice, or in another place; or an empty list."""
    lists = [
        part[key] for part, key in leaves([made["place"], made["proof"]]) if isinstance(part[key], list) and part[key]
    ]
    chosen = rng.choice(lists)
    way, i = rng.randrange(4), rng.randrange(len(chosen))
    if way == 0:
        chosen.pop(i)
    elif way == 1:
        chosen.append(copy.deepcopy(chosen[i]))
    elif way == 2:
        rng.shuffle(chosen)
    else:
        chosen.clear()


# -- the truth


def false(certificate: dict[str, Any], probes: Sequence[dict[str, Any]]) -> str | None:
    """Why a claim of an accepted certificate is false; raises Unclear or NoTruth where that cannot be told."""
    kind = certificate["proof"]["kind"]
    if kind == "verdict":
        return _false_verdict(certificate)
    with mp.workdps(oracle.DIGITS):
        if kind in ("curve", "identity"):
            return oracle.false_curve(certificate)
        if kind == "derivatives":
            return oracle.false_derivatives(certificate)
        return oracle.false_squares(certificate) if kind == "squares" else oracle.false_bound(certificate, probes)


def _false_verdict(certificate: dict[str, Any]) -> str | None:
    text = certificate["place"]["model"]["log_weight"]
    parameters = {name: fmpq(*map(int, v.split("/"))) for name, v in certificate["place"]["points"][0].items()}
    known = truth(text, parameters)
    for claim in certificate["claims"]:
        title, side = claim["title"], claim["side"]
        if title in CONDITIONS:
            taus = [] if claim["value"] is None else [claim["value"]]
            if why := falsehood(title, side, taus, known, parameters):
                return f"{title}: {why}"
        elif (side == "fails") is not (title in known.failing):
            return f"{title} {side}"
        if side == "fails" and "where" in text and title not in CONDITIONS:
            passed = ends(text, parameters, list(check(certificate).left_out))
            jumps, kinks = (any(hit[i] for hit in passed) for i in range(2))
            if kinks and not fails_across(text, parameters, title, jumps=jumps):
                return f"{title} does not fail across an end"
    jet(
        text,
        {
            **parameters,
            "z": fmpq(
                Fraction(certificate["proof"]["point"]).numerator, Fraction(certificate["proof"]["point"]).denominator
            ),
        },
    )
    return None


def campaign(count: int, seed: int, kinds: Sequence[str] = ()) -> tuple[Counter[str], list[str]]:
    """Forge so many certificates, in turn of every kind; the counts, and all faults."""
    pool, counts, faults = honest(), Counter[str](), list[str]()
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for one in pool:
        by_kind.setdefault(one["proof"]["kind"], []).append(one)
    probes = [one["proof"] for one in by_kind["curve"] + by_kind["identity"]]
    names = [*kinds] or sorted(by_kind)
    for n in range(count):
        kind, rng = names[n % len(names)], random.Random(f"{seed}:{n}")
        made, start = changed(rng.choice(by_kind[kind]), pool, rng), time.monotonic()
        counts[f"{kind} mutants"] += 1
        try:
            check(made)
        except Rejected:
            continue
        except Exception as error:
            faults.append(f"{type(error).__name__} {error}: {json.dumps(made)}")
            continue
        finally:
            if time.monotonic() - start > _MOST_SECONDS:
                faults.append(f"{time.monotonic() - start:.0f} seconds: {json.dumps(made)}")
        counts[f"{kind} accepted"] += 1
        try:
            if why := false(made, rng.sample(probes, min(12, len(probes)))):
                faults.append(f"{why}: {json.dumps(made)}")
        except (oracle.Unclear, NoTruth, KeyError, ValueError, ZeroDivisionError, TypeError, OverflowError):
            counts[f"{kind} unclear"] += 1
    return counts, faults


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", nargs="+", default=())
    parser.add_argument("--results", type=Path)
    options = parser.parse_args()
    counts, faults = campaign(options.count, options.seed, options.kinds)
    for name, number in sorted(counts.items()):
        print(f"{name:24} {number:6}")
    print(*faults, sep="\n")
    if options.results:
        options.results.write_text(json.dumps({"seed": options.seed, "counts": counts, "faults": faults}))
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
