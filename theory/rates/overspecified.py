"""Predicts exponents in Voronoi cells of one and of several atoms, with experts for every gate (theory 3.2, 4.2).

It rests on r_bar(m) = 2m, the solvability order of the polynomial system of a split cell (theory 4.1.1, claim C8).
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from temperance.theory.conditions.families import Outcome
from temperance.theory.models.order import HALF, Cells, Prediction, ReasonKind
from temperance.theory.rates.true_point import Analysis, covers_line, slope_at_zero


def order(m: int) -> int:
    """r_bar(m) = 2m for m >= 2, and r_bar(1) = 1. Raises ValueError unless m >= 1."""
    if isinstance(m, bool) or not isinstance(m, int) or m < 1:
        raise ValueError(f"a cell has m atoms, an integer >= 1, not {m!r}")
    return 2 * m if m > 1 else 1


QUARTER = Fraction(1, 4)
THIRD = Fraction(1, 3)
_ALL = ("(i)", "(ii)", "(iii)")
DISTINCT = "the experts (a, b, nu) are distinct"
_SHARES = "the shares of the atoms of a cell are bounded away from 0"
_LOCAL = "the box holds no other parameter with this density than the truth, its twins, and these with atoms split"
_ELSEWHERE = "orders with every cell split and no anchor: `temperance exponents --split all`"
_FEW = "; two or three atoms need no more (theory 5.3.3)"
EXPERT = ("a", "b", "nu")
_GIVEN = (DISTINCT, "all fitted atoms are near true ones in (a, b, nu)")


def splittings(true_k: int, fitted_k: int) -> list[tuple[Cells, int]]:
    """The cell sizes that can occur, with some other cell or itself a singleton, and with every cell split."""
    largest = fitted_k - true_k + 1
    sizes: list[tuple[Cells, int]] = []
    if true_k > 1 or fitted_k == 1:
        sizes += [("some singleton", m) for m in range(1, largest + 1)]
    if fitted_k >= 2 * true_k:
        smallest = fitted_k if true_k == 1 else 2
        sizes += [("every cell split", m) for m in range(smallest, fitted_k - 2 * (true_k - 1) + 1)]
    return sizes


def softmax_cells(slope: str, true_k: int, fitted_k: int) -> tuple[Prediction, ...]:
    """The softmax gate (slope "beta1") and the linear gate (slope "beta1/tau"), modulo translation.

    A translation can undo one split; with every cell split alike it undoes all of them, and beta1 is lost (2.2.2).
    """
    predictions = []
    for cells, m in splittings(true_k, fitted_k):
        if m == 1:
            predictions += _singleton(slope, true_k)
        else:
            predictions += _softmax_split(slope, m, cells)
    return tuple(predictions)


def _singleton(slope: str, true_k: int) -> list[Prediction]:
    reason = "singleton cell: the first derivatives in beta1 (over tau), a, b and nu are independent"
    published = "published for exact-specified atoms and singleton cells"
    names = [slope, "a", "b", "nu", "weight", *(["beta0/tau"] if slope == "beta1/tau" else [])]
    fixed: list[Prediction] = []
    if true_k == 1:
        pinned = "one atom: its gate is 1 whatever its parameters are"
        names, gate = ["a", "b", "nu"], [n for n in names if n not in ("a", "b", "nu")]
        fixed = [Prediction(n, 1, None, None, pinned, pinned, unproved=ReasonKind.IDENTITY) for n in gate]
    regular = [Prediction(n, 1, HALF, HALF, reason, published, (DISTINCT,), "some singleton") for n in names]
    return fixed + regular


def _softmax_split(slope: str, m: int, cells: Cells) -> list[Prediction]:
    r = order(m)
    moments = f"offsets of a cell of {m} are seen through r_bar({m}) = {r} moments"
    published = f"published through the order r_bar({m}) = {r} of the polynomial system for all offsets"
    if cells == "some singleton":
        beta1, a = QUARTER, QUARTER
        reason = why_a = (
            "second moments: the squares of the offsets in beta1 and a are seen once a singleton fixes the translation"
        )
    else:
        beta1, a = None, Fraction(1, r)
        reason = "k >= 2k*: splitting every cell alike, beta1 +- delta, cancels in the softmax: not identifiable"
        why_a = f"every cell split: the order of a is at most {m}, whatever the offsets of beta1 are (theory 4.2.4)"
    total = "the total weight of a cell is seen to first order"
    rows: list[tuple[str, Fraction | None, Fraction | None, str]] = [
        (slope, beta1, Fraction(1, 2 * r), reason),
        ("a", a, Fraction(1, r), why_a),
        ("b", Fraction(1, 2 * r), Fraction(1, 2 * r), moments),
        ("nu", Fraction(1, r), Fraction(1, r), moments),
        ("weight", HALF, HALF, total),
    ]
    if slope == "beta1/tau":
        rows.append(("beta0/tau", None, None, f"in a split cell only the total weight has a rate; {total}"))
    assumptions: dict[str, tuple[str, ...]] = {name: (DISTINCT,) for name, *_ in rows}
    if cells == "every cell split":
        assumptions["a"] = (DISTINCT, _SHARES)
    lost = {slope: ReasonKind.IDENTITY}
    return [
        Prediction(n, m, sharp, pub, reason, published, assumptions[n], cells, lost.get(n, ReasonKind.NO_BOUND))
        for n, sharp, pub, reason in rows
    ]


def activation_cells(at: Analysis) -> tuple[Prediction, ...]:
    """The over-specified activation gate, k > k* >= 2."""
    sizes = range(1, at.fitted - at.truth.k + 2)
    if obstacle := _obstacle(at):
        rates = _uncovered(sizes, obstacle, "any")
    else:
        reason = f"the anchor cell is split: no statement covers it; {_ELSEWHERE}"
        rates = [*_covered(at, sizes), *_uncovered(sizes, reason, "anchor split")]
    obstacle = at.unpublished("second", at.whole.second_order)
    basis = obstacle or "published under the second-order condition, which holds"
    return tuple(replace(p, published=None if obstacle else _published(p), published_reason=basis) for p in rates)


def bounds(at: Analysis) -> str:
    """The command that bounds the orders of what no statement here covers."""
    if at.source.parameters:
        return ""
    command = f"temperance exponents --activation {shlex.quote(at.source.name)}"
    return f"; contact orders of this gate, by default at tau = 1: `{command}`"


def _obstacle(at: Analysis) -> str | None:
    if at.gauge == "free":
        return f"over-specified in the free gauge: no statement covers it; {_ELSEWHERE}"
    if at.has_constant_gate:
        return "the gate of the truth is constant: no statement covers it"
    if at.failure is not None and at.failure.kind != "homogeneous":
        return f"F1 fails, s is {at.failure.kind} on each half-line: no statement covers it"
    text = at.irregularity(order=2) or at.zero_slope(all_nonzero=True)
    return f"no statement covers this: {text}" if text else None


def _published(p: Prediction) -> Fraction:
    if p.parameter == "tau":
        return QUARTER
    if p.cell_size in (None, 1) or p.parameter == "weight":
        return HALF
    r = order(p.cell_size)
    return {"beta1": QUARTER, "a": QUARTER, "b": Fraction(1, 2 * r), "nu": Fraction(1, r)}[p.parameter]


def _uncovered(sizes: range, reason: str, cells: Cells) -> list[Prediction]:
    places = [("tau", None), *((name, m) for m in sizes for name in ("beta1", *EXPERT, "weight"))]
    return [Prediction(name, m, None, None, reason, "", (), cells) for name, m in places]


def _sharp_conditions(at: Analysis) -> tuple[dict[str, Outcome], tuple[str, ...]]:
    """The outcomes of (i) to (iii) of theory 3.2 at the true point, and what they assume of it."""
    verdicts = dict(zip(_ALL, at.whole.verdicts[2:], strict=True))
    assumptions = [DISTINCT, _LOCAL, *at.conditions(verdicts.values()), *at.support_conditions()]
    if at.beta1 is None:
        assumptions.append("beta1_j != 0 for j < k")
        if at.truth.k > 2 and (at.odd is not False or at.odd_power):
            assumptions.append("the beta1_j are distinct" if at.odd_power else "not all beta1_j with j < k are equal")
    return {name: at.outcome(v) for name, v in verdicts.items()}, tuple(assumptions)


@dataclass(frozen=True)
class _Row:
    """An exponent of a cell size, with the conditions that it needs, and how.

    theorem: one that needs none of them; assumptions: what is assumed of the truth besides.
    """

    parameter: str
    m: int | None
    needs: tuple[str, ...]
    sharp: Fraction | None
    how: str = ""
    theorem: str = ""
    assumptions: tuple[str, ...] = ()


def _rows(at: Analysis, sizes: range, outcomes: dict[str, Outcome]) -> Iterator[_Row]:
    """The sharp conditions (i) to (iii), one by one; with a kink in sight, all three together."""
    first, two, three = (_ALL,) * 3 if at.kinked else (("(i)",), ("(i)", "(ii)"), ("(iii)",))
    slope, how = (THIRD, "; offsets move a kink, contact order 3/2") if at.kinked else (QUARTER, "")
    beside = dict.fromkeys(("tau", "weight", "beta1", "a"), "") | _beside(at, outcomes)
    yield _Row("tau", None, first, HALF, "", beside["tau"])
    for m in sizes:
        yield _Row("weight", m, first, HALF, "", beside["weight"])
        if m == 1:
            yield _Row("beta1", m, first, HALF, "; singleton cell", beside["beta1"])
            yield from (_Row(name, 1, _ALL, HALF, "; singleton cell") for name in EXPERT)
            continue
        r = order(m)
        yield _Row("beta1", m, first, slope, how)
        few = m <= 3 and outcomes["(i)"] == "holds" != outcomes["(ii)"] and not at.kinked
        shares = (_SHARES,) * (m == 3)
        yield _Row("a", m, first, QUARTER, _FEW, "", shares) if few else _Row("a", m, two, QUARTER, "", beside["a"])
        yield _Row("b", m, three, Fraction(1, 2 * r), f"; r_bar({m}) = {r}")
        yield _Row("nu", m, three, Fraction(1, r), f"; r_bar({m}) = {r}")


def _beside(at: Analysis, outcomes: dict[str, Outcome]) -> dict[str, str]:
    """Parameter -> the theorem that covers it where (i) fails: s is homogeneous, or exp(s/tau) is up to a constant."""
    if outcomes["(i)"] != "fails" or at.kinked:
        return {}
    if (p := at.degree) is not None:
        covered = (
            ("weight", "a") if p.is_positive and outcomes["(ii)"] == "holds" else ("weight",) * bool(p.is_positive)
        )
        return dict.fromkeys(
            covered, f"s is homogeneous of degree {p}: a gate in beta1^p/tau, without tau (theory 4.2.5)"
        )
    if at.exponential is None:
        return {}
    text = f"exp(s/tau) = A + B |z|^({at.exponential}) at this tau (theory 3.2.4)"
    return dict.fromkeys(("tau", "weight", "beta1", "a"), text)


def _covered(at: Analysis, sizes: range) -> list[Prediction]:
    """What is proved where the fitted anchor is alone in its cell."""
    outcomes, assumptions = _sharp_conditions(at)
    rates = []
    for row in _rows(at, sizes, outcomes):
        sharp, missing = row.sharp, [f"{n} {outcomes[n]}" for n in row.needs if outcomes[n] != "holds"]
        if missing and row.theorem:
            reason = f"{row.theorem}, anchor cell a singleton"
        elif missing:
            command = "" if row.parameter == "weight" else bounds(at)
            sharp, reason = None, f"sharp condition {', '.join(missing)}: nothing else here covers it{command}"
        else:
            reason = f"sharp conditions {', '.join(row.needs)} hold, anchor cell a singleton{row.how}"
        fails = any(outcomes[n] == "fails" for n in row.needs)
        kind = ReasonKind.NO_BOUND if fails else ReasonKind.UNDECIDED
        conditions = (*assumptions, *row.assumptions)
        rates.append(Prediction(row.parameter, row.m, sharp, None, reason, "", conditions, "anchor singleton", kind))
    return rates


def with_experts(at: Analysis, predictions: Sequence[Prediction]) -> tuple[Prediction, ...]:
    """Predictions, completed for a, b and nu where nothing else covers them.

    In a singleton cell |da| + |db| + |dnu| = O(V), in a cell of m > 1 atoms |db|^(2m) + |dnu|^m = O(V), and both
    exponents are sharp. Of a in such a cell only a bound is known, which the reason names.
    """
    if not _bounded(at):
        return tuple(predictions)
    assumptions = _GIVEN if slope_at_zero(at.source) != "unknown" else (*_GIVEN, "the box keeps beta1_i away from 0")
    return tuple(_completed(p, assumptions) if p.sharp is None and p.parameter in EXPERT else p for p in predictions)


def _bounded(at: Analysis) -> bool:
    """Whether s is real, and finite but at single points, on the line, and finite where a beta1_i is 0."""
    source = at.source
    if not covers_line(source) or source.domain:
        return False
    zero = at.gauge == "anchored" or (at.beta1 is not None and not all(map(any, at.beta1)))
    return not zero or slope_at_zero(source) != "unknown"


def _completed(p: Prediction, assumptions: tuple[str, ...]) -> Prediction:
    m = p.cell_size or 1
    if m == 1:
        sharp, how = HALF, "singleton cell"
    elif p.parameter == "a":
        return replace(p, why=f"{p.why}; a bound is known: at least 1/{2 * order(m)} (theory 4.2.2)")
    else:
        sharp, how = (HALF / order(m) if p.parameter == "b" else 2 * HALF / order(m)), f"r_bar({m}) = {order(m)}"
    reason = f"experts, whatever the gate is (theory 4.2.2): {how}"
    return replace(p, sharp=sharp, why=reason, conditions=tuple(dict.fromkeys((*p.conditions, *assumptions))))
