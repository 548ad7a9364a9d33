"""Examines one router: its temperatures, and what undoes a change of them in evaluation and in training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch.utils._pytree import tree_leaves, tree_map

from temperance.routers.freedom import Freedom, Outcome, Temperature, freedom, temperatures, unreached
from temperance.routers.gates import Form, Proof, form_of, proof
from temperance.routers.probe import SOFTMAXES, Derivatives, Probe, Router, Run, Unanswered, finite, products_above

Learnable = Literal["yes", "no", "undecided", "not trained"]
DRAWS = 2
"""Random parameters at which a router is tested."""
_SPREAD = 0.3
_LARGE, _RANK = 1100, 4
_FEWEST, _MOST_ROWS = 3, 2048
_FLAT, _PLANE = 1e-10, 1e-5


@dataclass(frozen=True)
class Findings:
    """What was found of a router.

    score: which scores these divide. taus: its temperatures; virtual: it has none, and one that divides its scores was
    put there. evaluation, training: what was found in each mode. unreached: whether no gradient reaches its
    temperatures. raw: what is found if the outputs that are scores without their temperature are seen too, where that
    is something else. run: at its own parameters. is_read: whether its formula has all parameters that are trained.
    """

    router: Router
    score: int
    taus: tuple[Temperature, ...]
    virtual: bool
    evaluation: Freedom
    training: Freedom
    unreached: bool
    raw: Freedom | None
    run: Run
    is_read: bool

    @property
    def experts(self) -> int:
        """The number of scores of an input."""
        return 0 if self.run.scores is None else int(self.run.scores.shape[1])


def examine(router: Router, read: frozenset[str] = frozenset(), known: Outcome | None = None) -> Findings:
    """What undoes a change of a router's temperatures, while its module is in double precision.

    read: the parameters of its formula. known: whether the theory of that says that tau is learnable; it is not tested
    again if training is like evaluation and gradients reach these parameters and no others.

    Raises:
        Unanswered: it fails, or its derivatives cannot be taken.
    """
    score, taus, lost = _temperatures(router)
    virtual = not taus
    if virtual:
        taus = (Temperature("tau", "number", -1.0),)
    probe = Probe(router, False, score, virtual)
    run = probe.run()
    trained = frozenset(Derivatives(run.floats, probe.parameters).reached())
    outputs = _tempered_outputs(run, [probe.parameters[t.name] for t in taus], router.used_outputs)
    is_read = read == (trained - {"tau"} | ({t.name for t in taus} if not virtual else set())) and not router.elsewhere
    seen = replace(router, used_outputs=outputs)
    evaluation = _tested(Probe(seen, False, score, virtual), taus, known if is_read else None)
    try:
        same = _same(run, trained, Probe(router, True, score, virtual))
        training = evaluation if same else _tested(_in_training(seen, score, virtual), taus)
    except Unanswered as refusal:
        training = Freedom("undecided", "failed", {}, detail=str(refusal))
    raw = None
    if not virtual and not lost and outputs != router.used_outputs:
        every = _tested(probe, taus)
        if every.outcome == evaluation.outcome:
            training, evaluation = every if training is evaluation else training, every
        else:
            raw = every
    return Findings(router, score, taus, virtual, evaluation, training, lost, raw, run, is_read)


def _temperatures(router: Router) -> tuple[int, tuple[Temperature, ...], bool]:
    """The scores that have temperatures, these, and whether no gradient reaches them."""
    asked = tuple(Temperature(name, "inside") for name in router.asked)
    for seek in (temperatures, unreached)[: 1 if asked else 2]:
        for training in (False, True):
            for score in (*_places(router, training), *((-1,) if asked else ())):
                probe = Probe(router, training, score)
                with probe.at(_draws(probe, ())[0]):
                    taus = seek(probe, probe.run().scores, tuple(router.asked))
                if taus:
                    return score, taus, seek is unreached
    return (-1 if asked else router.scores[0]), asked, False


def _places(router: Router, training: bool) -> list[int]:
    """The scores of a router in a mode, by their places among those of its call; in training also those with noise."""
    if training == router.training:
        return list(router.scores)
    try:
        events = Probe(router, training, 0).run().watch.scores
    except Unanswered:
        return []
    return [i for i, e in enumerate(events) if i in router.scores or e.name == "gumbel_softmax"]


def _tested(probe: Probe, taus: Sequence[Temperature], known: Outcome | None = None) -> Freedom:
    """What is found at several random parameters, if it is the same at all."""
    names = [t.name for t in taus]
    freedoms, runs = [], []
    for values in _draws(probe, names):
        with probe.at(values):
            run = probe.run()
            runs.append(run)
            if not run.equals(probe.run()):
                return Freedom("undecided", "unrepeatable", {})
            others = [n for n in _others(probe, run, names) if n not in names]
            alone = [n for n in others if n not in probe.router.elsewhere]
            held, free = freedom(probe, taus, alone, known), None
            if len(alone) < len(others):
                free = freedom(probe, taus, others)
        tied = free is not None and free.outcome != held.outcome
        freedoms.append(Freedom("undecided", "tied", {n: 1.0 for n in others if n not in alone}) if tied else held)
        if freedoms[-1].how == "large":
            return freedoms[-1]
    first = freedoms[0]
    if first.how == "constant" and not runs[0].equals(runs[1]):
        return Freedom(first.outcome, "detached", {})
    if all(f.outcome == first.outcome for f in freedoms):
        return first
    return next((f for f in freedoms if f.outcome == "undecided"), Freedom("undecided", "unclear", {}))


def _others(probe: Probe, run: Run, taus: Sequence[str]) -> list[str]:
    """The parameters of the router: those that make scores with its temperatures, and its own numbers and vectors.

    Matrices that make no scores are those of experts, or come after them.
    """
    own = {n for n, p in probe.parameters.items() if "." not in n and p.dim() < 2}
    ids = {id(probe.parameters[n]) for n in taus}
    if run.operand is None or not run.operand.requires_grad:
        return list(probe.parameters)
    operands = [(v := e.operand, products_above(v.grad_fn)[1]) for e in run.watch.scores]
    tempered = [finite(v) for v, nodes in operands if ids & {id(getattr(n, "variable", None)) for n in nodes}]
    scored = set(Derivatives(torch.cat([run.scores.reshape(-1), *tempered]), probe.parameters).reached())
    return [n for n in probe.parameters if n in scored or n in own]


def _draws(probe: Probe, held: Sequence[str]) -> list[dict[str, Any]]:
    """Random parameters around those of the router; numbers keep their signs, temperatures their values."""
    generator = torch.Generator().manual_seed(4)

    def near(p: Any) -> Any:
        noise = torch.randn((2, *p.shape), generator=generator, dtype=torch.float64)
        size = float(p.square().mean().sqrt()) or p.shape[-1] ** -0.5
        return p * torch.exp(_SPREAD * noise[0]) + _SPREAD * size * noise[1]

    values = probe.values()
    return [{n: p if n in held or p.numel() == 1 else near(p) for n, p in values.items()} for _ in range(DRAWS)]


def _same(run: Run, reached: frozenset[str], training: Probe) -> bool:
    """Whether training gives what evaluation gives, by the same parameters, as where nothing is random."""
    now = training.run()
    pairs = list(zip(run.leaves, now.leaves, strict=False))
    if len(run.leaves) != len(now.leaves) or not all(torch.equal(v.detach(), w.detach()) for v, w in pairs):
        return False
    return reached == frozenset(Derivatives(now.floats, training.parameters).reached())


def _in_training(router: Router, score: int, virtual: bool) -> Probe:
    """The probe of a router in training, with its scores by their places there: of one kind, and its parameters."""

    def keys(training: bool) -> list[tuple[bool, set[str]]]:
        probe = Probe(router, training, 0)
        scores = [(e.name in SOFTMAXES, finite(e.operand)) for e in probe.run().watch.scores]
        return [(soft, set(Derivatives(v, probe.parameters).reached())) for soft, v in scores]

    def place(i: int) -> int:
        soft, names = before[i] if 0 <= i < len(before) else (None, set())
        alike = [j for j, (other, more) in enumerate(now) if other is soft and more >= names]
        return i if i in alike or not alike else alike[min(before[:i].count(before[i]), len(alike) - 1)]

    before, now = keys(router.training), keys(True)
    return Probe(replace(router, first=tuple(map(place, router.first))), True, place(score), virtual)


def _tempered_outputs(run: Run, taus: Sequence[Any], used: tuple[int, ...] | None) -> tuple[int, ...] | None:
    """The outputs but for those without a temperature in them, such as scores that are returned beside the weights."""
    named = {str(i): p for i, p in enumerate(taus)}
    seen = [(i, v) for i, v in enumerate(run.leaves) if used is None or i in used]
    tempered = [i for i, v in seen if not v.requires_grad or Derivatives(v.reshape(-1), named).reached()]
    floats = [i for i in tempered if run.leaves[i].requires_grad]
    return used if not floats or len(tempered) == len(seen) else tuple(tempered)


def read(module: Any) -> tuple[Form | None, Proof | None]:
    """The formula of a router, where it is read, and what the theory says of it."""
    try:
        form = form_of(module)
    except Exception:  # whatever the user's module raises where it is copied, traced or run
        return None, None
    return form, proof(form)


def findings_of(router: Router, form: Form | None, theorem: Proof | None) -> Findings:
    """What is found of a router, with random inputs where its own give fewer equations than there are parameters."""
    rows = _count_rows(router)
    if rows is not None and rows < _FEWEST:
        router = _with_random(router, 64 / rows, None) if rows else router
        if (_count_rows(router) or 0) < _FEWEST:
            raise Unanswered(f"{rows} inputs are too few; give more")
    trained = frozenset(() if form is None else form.read.trained)
    verdict = None if theorem is None else theorem.verdict
    cosines = form is not None and form.read.cosine is not None
    if verdict == "yes" and cosines and not router.drawn and not _has_all_features(router):
        verdict = None
    tested = examine(router, trained, verdict)
    weak = [f for f in (tested.evaluation, tested.training) if f.how in ("few", "large")]
    if not weak:
        return tested
    few = max(weak, key=lambda f: f.parameters)
    rank = None if few.how == "few" and few.parameters <= _LARGE else _RANK
    if rank is not None and any(isinstance(v, torch.Tensor) and v.dim() > 3 for v in tree_leaves(router.inputs)):
        return tested  # images in few dimensions have features in many
    needed = few.inputs_for(few.parameters if rank is None else (tested.experts + 1) * (rank + 2))
    try:
        again = examine(_with_random(router, needed / max(few.points, 1), rank), trained)
    except Unanswered:  # the module wants inputs of its own making
        return tested
    return tested if "few" in (again.evaluation.how, again.training.how) else again


def _count_rows(router: Router) -> int | None:
    """The number of inputs that have scores; None where none are seen."""
    scores = Probe(router, router.training, router.scores[0]).run().scores
    return None if scores is None else len(scores)


def _has_all_features(router: Router) -> bool:
    """Whether the directions of the inputs lie on no plane: then their cosines determine what those of all do."""
    x = next(v for v in tree_leaves(router.inputs) if isinstance(v, torch.Tensor)).detach().cpu().double()
    units = torch.nn.functional.normalize(x.reshape(-1, x.shape[-1])[:_MOST_ROWS], dim=-1)
    augmented = torch.cat([units, torch.ones(len(units), 1, dtype=units.dtype)], dim=1)
    return int(torch.linalg.matrix_rank(augmented, rtol=_PLANE)) == augmented.shape[1]


def _with_random(router: Router, times: float, rank: int | None) -> Router:
    """The router with so many times its inputs, random ones with the mean and the spread of its own, in their span.

    rank: the dimensions that they span, besides their mean; all by default.
    """
    generator = torch.Generator().manual_seed(5)
    batch = next((v.shape[0] for v in tree_leaves(router.inputs) if isinstance(v, torch.Tensor) and v.dim() > 1), 1)
    size = math.ceil(times * batch)

    def random(value: Any) -> Any:
        if not isinstance(value, torch.Tensor) or not value.dim() or value.shape[0] != batch:
            return value
        value = value.detach().cpu()
        if not (value.is_floating_point() and value.dim() > 1 and value.shape[-1] > 1):  # no hidden states
            return value.repeat(math.ceil(size / batch), *(1,) * (value.dim() - 1))[:size]
        mean, axes = _span(value.double().reshape(-1, value.shape[-1]))
        if rank is not None and rank < len(axes):
            axes = torch.randn(rank, len(axes), generator=generator).double() @ axes / rank**0.5
        drawn = torch.randn(size, *value.shape[1:-1], len(axes), generator=generator).double()
        return mean + drawn @ axes  # in double precision: few dimensions stay few

    return replace(router, inputs=tree_map(random, router.inputs), drawn=True, narrow=rank is not None)


def _span(rows: Any) -> tuple[Any, Any]:
    """The mean of rows, and axes that they span; all axes where the rows are too few to tell."""
    mean, some = rows.mean(0), (rows - rows.mean(0))[:_MOST_ROWS]
    every = rows.std() * torch.eye(rows.shape[1], dtype=rows.dtype) if rows.shape[1] <= _MOST_ROWS else None
    values, vectors = torch.linalg.eigh(some @ some.T if len(some) < some.shape[1] else some.T @ some)
    large = values > _FLAT * values[-1]
    if every is not None and int(large.sum()) >= len(some) - 1:
        return mean, every
    axes = vectors[:, large].T
    axes = axes @ some if len(some) < some.shape[1] else axes * values[large, None].sqrt()
    return mean, axes / len(some) ** 0.5
