"""Finds the temperatures of a router, and tests whether anything undoes a change of them.

They are trained numbers that scale its scores, told by derivatives and not by names. With scores S (rows of inputs,
columns of experts) and their derivative T by a parameter, in a random direction, it is a temperature where T = c S + b
(c a number, b a bias for every expert), T = c(x) S (it depends on x), or column by column T_i = c_i S_i + b_i (several
experts have one each); or where the numbers of a vector together divide S (heads have one each). A single number that
acts on scores otherwise, as the cap c of c tanh(W x/c), is asked about too, where there is no other.

A group G of parameters undoes a change of tau where the derivative along (theta_G, v tau) vanishes (Euler) and
l theta_G with another tau leaves every output as it is, for several l. Any other way is a null vector of the Jacobian
that moves tau, at random parameters; then a curve along which tau moves and no output does is followed by Newton steps.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, Literal

import torch
from torch.nn.utils.parametrize import ParametrizationList

from temperance.routers.probe import Derivatives, Probe, Run, Tensors, products_above, random_like, rows

Kind = Literal["number", "of x", "per expert", "per part", "inside"]
_SAME = 1e-9


@dataclass(frozen=True)
class Temperature:
    """A parameter that is or makes a temperature.

    name: of the parameter. kind: how it acts. slope: c of T = c S + b for a "number"; log tau moves by -c times it.
    whole: whether it divides all of the scores, b = 0.
    """

    name: str
    kind: Kind
    slope: float | None = None
    whole: bool = False


def temperatures(probe: Probe, scores: Any, asked: Sequence[str] = ()) -> tuple[Temperature, ...]:
    """The temperatures of a router at its present parameters, from its scores (inputs, experts).

    asked: the parameters that are meant, if all of them move the scores.
    """
    if scores is None or len(scores) < 3:
        return ()
    jacobian = Derivatives(scores.reshape(-1), probe.parameters)
    reached = set(jacobian.reached())
    parametrised = {id(p) for m in probe.module.modules() if isinstance(m, ParametrizationList) for p in m.parameters()}
    if asked:
        named = [_kind(jacobian, n, probe.parameters[n], scores.detach()) for n in asked if n in reached]
        whole = len(named) == len(asked)
        return tuple(t or Temperature(n, "inside") for t, n in zip(named, asked, strict=True)) if whole else ()
    kinds = []
    for name, p in probe.parameters.items():
        if name in reached and not (id(p) in parametrised and p.numel() > 1):
            kind = _kind(jacobian, name, p, scores.detach())
            if kind is not None:
                kinds.append(kind)
    scaling = tuple(t for t in kinds if t.kind not in ("per part", "inside"))
    return scaling or tuple(t for t in kinds if t.kind != "inside") or tuple(kinds)


def unreached(probe: Probe, scores: Any, _: Sequence[str] = ()) -> tuple[Temperature, ...]:
    """Trained numbers that scale the scores and that no gradient reaches: detached, or at a clamp that is active."""
    if scores is None:
        return ()

    def moves(name: str, value: Any) -> bool:
        with probe.at({name: value}):
            new_scores = probe.run().scores
        return new_scores is not None and not torch.equal(new_scores.detach(), scores.detach())

    reached = set(Derivatives(scores.reshape(-1), probe.parameters).reached())
    numbers = [(n, p.detach().clone()) for n, p in probe.parameters.items() if p.numel() == 1 and n not in reached]
    moving = [n for n, p in numbers if any(moves(n, v) for v in (p * 0.01, p * 100, p - 10, p + 10))]
    return tuple(Temperature(name, "inside") for name in moving)


def _kind(jacobian: Derivatives, name: str, p: Any, scores: Any) -> Temperature | None:
    direction = torch.ones_like(p) if p.numel() == 1 else random_like(p)
    slopes = jacobian.along({name: direction}).reshape(scores.shape)
    size, k = slopes.abs().max(), scores.shape[1]
    if _small(_centred(slopes), size):
        return None  # a bias
    if p.numel() == 1:
        c = _ratio(_centred(slopes), _centred(scores))
        if _small(_centred(slopes) - c * _centred(scores), size):
            return Temperature(name, "number", float(c), _small(slopes - c * scores, size))
    rows = (scores != 0).sum(1) > 1  # where experts are masked, a single score says nothing
    if rows.sum() > 2 and (k > 2 or not _small(scores.sum(1), scores.abs().max())):
        some, own = slopes[rows], scores[rows]
        c = (some * own).sum(1) / (own * own).sum(1)
        if _small(some - c[:, None] * own, size):
            return Temperature(name, "of x")
    residual = _centred(slopes) - _ratio(_centred(slopes), _centred(scores), 0) * _centred(scores)
    if 1 < p.numel() <= k and not (p.dim() == 2 and p.shape[-1] == 1) and _small(residual, size):
        return Temperature(name, "per expert")
    if 1 < p.numel() == max(p.shape) and _divides(jacobian, name, p, scores):
        return Temperature(name, "per part")
    return Temperature(name, "inside") if p.numel() == 1 else None


def _divides(jacobian: Derivatives, name: str, p: Any, scores: Any) -> bool:
    """Whether numbers divide parts of the scores, as one for each head, by themselves or by their exponentials."""
    centred = _centred(scores)
    for direction, powers in ((p.detach(), (-1.0, -2.0)), (torch.ones_like(p), (-1.0, 1.0))):
        slopes = _centred(jacobian.along({name: direction}).reshape(scores.shape))
        if any(_small(slopes - power * centred, centred.abs().max()) for power in powers):
            return True
    return False


def _ratio(vector: Any, other: Any, dim: int | None = None) -> Any:
    """The coefficient of a vector along another; dim: of the entries of vectors in the columns."""
    return (vector * other).sum(dim) / (other * other).sum(dim).clamp_min(1e-300)


def _centred(values: Any) -> Any:
    return values - values.mean(0)


def _small(values: Any, size: Any) -> bool:
    return bool(values.abs().max() <= _SAME * size)


HELD = 1e-12
"""How far outputs may move, by their size, under a finite change that leaves them as they are."""
SCALES = (0.8, 1.1, 1.3)
_NULL, MOVES = 1e-9, 1e-6
_CONTROL = 1e-3
_MOST_WORK = 2e10
SIZES, FAR, _STEPS = (0.02, -0.02, 0.002, -0.002), 0.2, 15
SMALL = 1e-6
_MANY = 12
_SPARE, _FEWEST, _MOST_RANK = 1.6, 64, 64

Outcome = Literal["no", "yes", "undecided"]


@dataclass(frozen=True)
class Freedom:
    """Whether a change of the temperature can be undone.

    outcome: "no" if it can. how: "constant", "unreached", "scaled", "curve", "none" (nothing undoes it), "jumps" (a
    scaling) and "open" (a curve) to first order only, "few" (equations) or "unclear". group: the parameters that undo
    it, each with the power of l that it is scaled by, or 0 where it is not scaled. degree: tau is scaled by l to this
    power, where that is known. free: the number of directions of the temperatures that can be undone, of how many; None
    where they were not counted.
    points: inputs that were used. equations, parameters: of the Jacobian. each: equations that an input gives.
    detail: why a router could not be asked. by_length: whether another length of its inputs would undo a change of the
    temperature.
    """

    outcome: Outcome
    how: str
    group: Mapping[str, float]
    degree: float | None = None
    free: tuple[int, int] | None = None
    points: int = 0
    equations: int = 0
    parameters: int = 0
    each: float = 1.0
    detail: str = ""
    by_length: bool = False

    def inputs_for(self, unknown: int) -> int:
        """So many inputs give more equations than there are unknown numbers."""
        return math.ceil(_SPARE * unknown / self.each) + _FEWEST


def freedom(probe: Probe, taus: Sequence[Temperature], others: Sequence[str], theory: Outcome | None = None) -> Freedom:
    """Whether a change of the temperatures can be undone by the other parameters, at the present parameters.

    theory: whether the theory says that it is learnable: then no Jacobian is needed. What is not undone at inputs that
    span few dimensions is not undone at more.
    """
    run = probe.run()
    jacobian = Derivatives(run.floats, {n: probe.parameters[n] for n in (*others, *(t.name for t in taus))})
    reached = set(jacobian.reached())
    if not reached:
        return Freedom("no", "constant", {})
    taus = [t for t in taus if t.name in reached]
    names = [t.name for t in taus]
    if not names:
        return Freedom("no", "unreached", {})
    free = [n for n in others if n in reached]
    group, tau_steps = _group(jacobian, names, free, probe)
    if group is None and theory in ("yes", "no"):
        return Freedom(theory, "curve" if theory == "no" else "proved", dict.fromkeys(free, 0.0))
    if group is None:
        nearest = _nearest(probe, run)
        measured = _by_jacobian(probe, run, jacobian, taus, [n for n in free if n in nearest])
        if measured.how == "open":  # parameters were changed since
            run = probe.run()
            jacobian = Derivatives(run.floats, jacobian.parameters)
        if measured.how != "curve" and not nearest.issuperset(free):
            measured = _by_jacobian(probe, run, jacobian, taus, free)
        real = measured.outcome != "yes" or _moves_outputs(probe, run, jacobian, names)
        return measured if real else replace(measured, outcome="undecided", how="surrogate")
    slope = taus[0].slope if len(taus) == 1 else None
    degree, counted = None if slope is None else -slope * float(tau_steps[0]), None
    if sum(jacobian.parameters[n].numel() for n in names) > 1:
        counted = _by_jacobian(probe, run, jacobian, taus, free, follow=False).free
    held = all(_undone(probe, run, names, group, l) for l in SCALES)
    return Freedom("no" if held else "undecided", "scaled" if held else "jumps", group, degree, counted, run.points)


def _nearest(probe: Probe, run: Run) -> set[str]:
    """The parameters between the scores and the products nearest to them, and of those factors that are made of none.

    What they undo is undone; what they do not undo may be by others.
    """
    products, nodes = products_above(None if run.operand is None else run.operand.grad_fn)
    factors = [products_above(below) for product in products for below, _ in product.next_functions]
    ids = {id(getattr(n, "variable", None)) for n in nodes.union(*(more for inner, more in factors if not inner))}
    return {n for n, p in probe.parameters.items() if id(p) in ids}


def _group(
    jacobian: Derivatives, names: Sequence[str], free: Sequence[str], probe: Probe
) -> tuple[dict[str, float] | None, Any]:
    """The least group whose scaling is undone by the temperatures to first order, with the power of l of each.

    And how these move, by log l.
    """
    taus = jacobian.columns(*names)
    euler = {n: jacobian.along({n: probe.parameters[n].detach()}) for n in free}
    least = HELD * float(jacobian.vector.detach().norm())
    euler = {n: e for n, e in euler.items() if float(e.norm()) > least}
    for subset in _subsets([n for n in reversed(free) if n in euler]):
        first, *more = subset
        columns = torch.column_stack([*(euler[n] for n in more), taus])
        residual, solved = project(columns, -euler[first][:, None])
        if float(residual.norm()) <= _NULL * float(euler[first].norm()):
            shift = taus @ solved[len(more) :, 0]
            if float(shift.norm()) > MOVES * float(euler[first].norm()):
                powers = [1.0, *(float(v) for v in solved[: len(more), 0])]
                if all(abs(v) > MOVES for v in powers):
                    exponents = dict(zip(subset, powers, strict=True))
                    return {n: exponents[n] for n in free if n in exponents}, solved[len(more) :, 0]
    return None, None


def _subsets(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Groups of parameters, small ones first; of many parameters neighbours only, few at once, and all of them."""
    for size in range(1, len(names) + 1) if len(names) <= _MANY else (1, 2, 3, len(names)):
        near = size == 1 or len(names) <= 6
        yield from (
            combinations(names, size) if near else (tuple(names[i : i + size]) for i in range(len(names) - size + 1))
        )


def _undone(probe: Probe, run: Run, names: Sequence[str], group: Mapping[str, float], l: float) -> bool:
    """Whether a finite scaling of a group is undone by the temperatures.

    These are solved for by Newton steps, from the scores first, which do not jump where a selection changes.
    """
    before = probe.values()
    scaled = {**before, **{n: before[n] * l**q for n, q in group.items()}}
    for by_scores in (True, False):
        with probe.at(scaled):
            if _restored(probe, run, names, by_scores):
                return True
    return False


def _restored(probe: Probe, run: Run, names: Sequence[str], by_scores: bool = False) -> bool:
    """Whether the outputs can be brought back by changing some parameters, which are left as found.

    By Levenberg's method, damped by the error: so what inputs hardly show, as where they lie on a plane up to
    rounding, moves last.
    """
    target = _aim(run, by_scores)
    size, best = float(target.abs().max().clamp_min(1.0)), float("inf")
    for _ in range(_STEPS):
        now = probe.run()
        aim = _aim(now, by_scores)
        if aim.shape != target.shape or now.floats.shape != run.floats.shape:
            return False
        error = (aim - target).detach()
        worst = float(error.abs().max())
        if worst <= HELD * size / 10 or (worst <= HELD * size and worst >= best):
            break
        best = min(best, worst)
        values = [probe.parameters[n].detach() for n in names]
        scale = torch.cat([v.abs().max().clamp_min(1.0).expand(v.numel()) for v in values])
        columns = Derivatives(aim, {n: probe.parameters[n] for n in names}).columns(*names) * scale
        damped = torch.cat([columns, error.norm() * torch.eye(len(scale), dtype=scale.dtype)])
        step = project(damped, -torch.cat([error, torch.zeros_like(scale)])[:, None])[1][:, 0] * scale
        if not bool(torch.isfinite(step).all()):
            return False
        probe.set({n: probe.parameters[n] + v for n, v in _split(probe, names, step).items()})
    difference = float((now.floats - run.floats).detach().abs().max())
    same = difference <= HELD * float(run.floats.detach().abs().max().clamp_min(1.0))
    return same and all(torch.equal(p, q) for p, q in zip(now.whole, run.whole, strict=True))


def _moves_outputs(probe: Probe, run: Run, jacobian: Derivatives, names: Sequence[str]) -> bool:
    """Whether a small change of the temperatures moves outputs as their derivative says, as with no surrogate."""
    step = {n: SMALL * torch.ones_like(probe.parameters[n]) for n in names}
    predicted = jacobian.along(step)
    with probe.at({n: probe.parameters[n].detach() + v for n, v in step.items()}):
        change = (probe.run().floats - run.floats).detach()
    seen = predicted.abs() > _CONTROL * predicted.abs().max()
    return bool(((change - predicted).abs() < predicted.abs() / 2)[seen].double().mean() > 1 / 2)


def _aim(run: Run, by_scores: bool) -> Any:
    return run.scores.reshape(-1) if by_scores and run.scores is not None else run.floats


def _split(probe: Probe, names: Sequence[str], vector: Any) -> dict[str, Any]:
    """The parts of a vector that belong to some parameters, in their shapes."""
    parts = vector.split([probe.parameters[n].numel() for n in names])
    return {n: v.reshape(probe.parameters[n].shape) for n, v in zip(names, parts, strict=True)}


def _by_jacobian(
    probe: Probe,
    run: Run,
    jacobian: Derivatives,
    temperatures: Sequence[Temperature],
    free: Sequence[str],
    follow: bool = True,
) -> Freedom:
    """By the null space of the Jacobian."""
    names = [t.name for t in temperatures]
    taus = jacobian.columns(*names)
    of_x = any(t.kind == "of x" for t in temperatures)  # of a length that its own parameters undo
    basis = _basis(taus, of_x)
    narrow, count = probe.router.narrow, sum(jacobian.parameters[n].numel() for n in free)
    equations, unknown = int((taus.abs().sum(1) > 0).sum()), count + taus.shape[1]
    sizes = Freedom("undecided", "few", {}, None, None, run.points, equations, unknown, _each(run, equations))
    few = min(equations, sizes.each * run.distinct) < unknown
    control = _control(run)
    times = max(1, sizes.inputs_for(unknown) / max(run.points, 1)) if few else 1
    if not narrow and times * len(run.floats) * count**2 > _MOST_WORK:
        return replace(sizes, how="large")
    if not narrow and few:
        return sizes
    columns = jacobian.span(free) if narrow else jacobian.columns(*free)
    residual, coefficients = project(columns, torch.column_stack([taus @ basis, control]))
    if float(residual[:, basis.shape[1] :].norm()) < _CONTROL * float(control.norm()):
        return sizes
    _, values, directions = torch.linalg.svd(residual[:, : basis.shape[1]], full_matrices=False)
    if bool(((values > _NULL) & (values < MOVES)).any()):
        return replace(sizes, how="unclear")
    free_ = (int((values <= _NULL).sum()), len(values))
    if not free_[0]:
        answer = replace(sizes, outcome="yes", how="none", free=free_)
        return replace(answer, by_length=not of_x and _is_undone_by_length(probe, run, columns, taus))
    if narrow:
        return replace(sizes, how="large")
    moves = _split(probe, names, basis @ directions[-1])
    others = _split(probe, free, -(coefficients[:, : basis.shape[1]] @ directions[-1]))
    most = max(float(v.abs().max()) for v in (*moves.values(), *others.values()))
    others = {n: v for n, v in others.items() if float(v.abs().max()) > MOVES * most}
    curve = replace(sizes, outcome="no", how="curve", group=dict.fromkeys(others, 0.0), free=free_)
    same = not follow or _followed(probe, run, moves, others)
    return curve if same else replace(curve, outcome="undecided", how="open")


def _basis(taus: Any, of_x: bool) -> Any:
    """Directions of the temperatures, each with an effect of the length 1; of a function of x only those that move it.

    taus: their columns of the Jacobian.
    """
    size = taus.norm(dim=0).clamp_min(1e-300)
    if not of_x:
        return torch.diag(1 / size)
    _, values, directions = torch.linalg.svd(taus / size, full_matrices=False)
    effective = values > MOVES * values[0]
    return directions[effective].T / values[effective] / size[:, None]


def _each(run: Run, equations: int) -> float:
    """How many equations an input gives: the rank of the derivative of the outputs by its scores."""
    generator, slopes = torch.Generator().manual_seed(9), []
    if run.operand is not None and run.operand.requires_grad:
        for _ in range(min(run.scores.shape[1], _MOST_RANK)):
            vector = torch.randn(len(run.floats), generator=generator, dtype=torch.float64)
            (slope,) = torch.autograd.grad(run.floats, run.operand, vector, retain_graph=True, allow_unused=True)
            slopes += [] if slope is None else [rows(slope, run.operand)[:: math.ceil(run.points / _MOST_RANK)]]
    if not slopes:
        return max(1.0, equations / max(run.points, 1) - 1)
    values = torch.linalg.svdvals(torch.stack(slopes, 1))
    return max(1.0, float((values > _NULL * values.max()).sum(1).double().mean()))


def _is_undone_by_length(probe: Probe, run: Run, columns: Any, taus: Any) -> bool:
    """Whether another length of the inputs does what the temperatures do, and not what others do alone."""
    change = Derivatives(run.floats, {"length": probe.length}).along({"length": probe.length.detach()})[:, None]
    least = float(change.norm())
    left, more = project(torch.column_stack([columns, taus]), change)[0], project(columns, change)[0]
    return float(left.norm()) <= _NULL * least and float(more.norm()) > MOVES * least


def _control(run: Run) -> Any:
    """What another function of the inputs, added to the scores, does to the outputs.

    Parameters that undo even that are too many to test at these inputs.
    """
    if run.operand is None or not run.operand.requires_grad:
        return torch.zeros(len(run.floats), 0, dtype=torch.float64)
    scores = run.operand.detach()
    mixed = torch.randn(scores.shape[-1], scores.shape[-1], generator=torch.Generator().manual_seed(3)).double()
    change = torch.cos(torch.nan_to_num(scores / scores[torch.isfinite(scores)].std(), posinf=0, neginf=0) @ mixed)
    return Derivatives(run.floats, {"scores": run.operand}).along({"scores": change})[:, None]


def _followed(probe: Probe, run: Run, taus: Tensors, others: Tensors) -> bool:
    """Whether tau moves by a finite amount, one way or the other, along a curve that keeps every output as it is.

    Where something is selected the curve is followed further, as outputs may jump.
    """
    before, direction = probe.values(), {**taus, **others}
    length = max(float(v.abs().max()) / (float(before[n].abs().max()) or 1.0) for n, v in direction.items())
    for size in SIZES:
        count = round(FAR / abs(size)) if run.watch.selections else 2
        with probe.at(before):
            closes = _walked(probe, run, {n: size / length * v for n, v in direction.items()}, count)
            shift = sum(float(((probe.parameters[n] - before[n]) * v).sum()) for n, v in taus.items())
        if closes and abs(shift) > abs(size) / length * sum(float(v.square().sum()) for v in taus.values()):
            return True
    return False


def _walked(probe: Probe, run: Run, step: Tensors, count: int) -> bool:
    """Whether some steps can be made along a curve that keeps the outputs, the first of a direction that is given.

    Each is led back to the curve by all of these parameters, as it may turn in the temperatures.
    """
    for _ in range(count):
        last = {n: probe.parameters[n].detach().clone() for n in step}
        probe.set({n: last[n] + v for n, v in step.items()})
        if not _restored(probe, run, list(step)):
            return False
        step = {n: probe.parameters[n].detach() - v for n, v in last.items()}
    return True


def project(columns: Any, targets: Any) -> tuple[Any, Any]:
    """What is left of targets without the span of columns, and the least coefficients; columns are scaled."""
    scaled, size = _scaled(columns)
    coefficients = torch.linalg.lstsq(scaled, targets, rcond=1e-12, driver="gelsd").solution
    return targets - scaled @ coefficients, coefficients / size[:, None]


def _scaled(columns: Any) -> tuple[Any, Any]:
    size = columns.norm(dim=0)
    size = torch.where(size > 0, size, torch.ones_like(size))
    return columns / size, size
