"""Makes the rows of an audit: what was found, what it rests on, what to change, its price, and what else is wrong.

`_warnings` sees what goes wrong in the values of a call, not in names. `prices` counts how many observations a
temperature needs, of two kinds. Where each output is drawn from one expert, its label is at most seen; then the
information on the parameters is that of the weights w, and the squared length of what the derivative of 2 sqrt(w) by
tau leaves outside of the span of the others is that on tau: no experts allow fewer observations, and real ones need
more. Where the output is the weighted sum of known experts with Gaussian noise, w stands for 2 sqrt(w), over the noise.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from temperance.numerics.information.required import floor
from temperance.routers.examine import DRAWS, Findings, Learnable, findings_of, read
from temperance.routers.find import Inputs, probabilities, routers, trained
from temperance.routers.freedom import HELD, MOVES, SCALES, SIZES, SMALL, Freedom, Temperature, project
from temperance.routers.gates import Form, Proof
from temperance.routers.probe import (
    MEMORY,
    MOST_PARAMETERS,
    Derivatives,
    Event,
    Probe,
    Router,
    Unanswered,
    in_a_line,
    restored,
)
from temperance.show.output import Display

_CURVED = "give the scores an activation whose tau is identifiable, such as softmax(tanh(W x)/tau)"
_UNDONE = ("scaled", "curve")
_AT = f"{DRAWS} random parameters"
_RAW = "Audit the whole model, which shows what is seen; or return the scores divided by it."
_CHANGE = {
    "constant": "Do not renormalise the weight of a single expert: it is 1 whatever the scores.",
    "unreached": "Let a gradient reach it, or hold it.",
    "jumps": "Fix it; or divide by it before the selection and its bias, which see the unit of the scores now.",
    "open": "Fix it: to first order, outputs do not tell its value.",
    "few": "Give more inputs.",
    "large": "Give more inputs, which may show a no; or audit its last layers alone, or with fewer features.",
    "tied": "Audit with the other use of these parameters in the router, or untie them.",
    "unclear": "Give more inputs, or other ones.",
    "unrepeatable": "Draw random numbers from the default generator of torch.",
    "detached": "Let a gradient pass.",
    "surrogate": "Decide whether the surrogate gradient is what you want to train tau by; no output tells its value.",
    "failed": "Audit what runs in double precision on the CPU.",
    "none": "Nothing.",
    "proved": "Nothing.",
}


@dataclass(frozen=True, kw_only=True)
class RouterAudit:
    """What is known of a router.

    where: its name in the model. weights: their formula, where one was read. temperature: its parameters, or None.
    tau_learnable: "yes", "no", "undecided" or "not trained", in training; basis: "proved" or "tested". evaluation,
    training: the answer in each mode. symmetry: what changes no output, or None. change: what to do. warnings: what
    else is wrong. reason: why. rests_on: what was proved or tested. identifiable: functions of the parameters that
    determine the weights, where they are proved. prices: how much data tau needs, where it is learnable.
    """

    where: str
    weights: str | None = None
    temperature: Mapping[str, Any] | None = None
    tau_learnable: Learnable = "undecided"
    basis: str = "tested"
    evaluation: Learnable = "undecided"
    training: Learnable = "undecided"
    symmetry: str | None = None
    change: str
    warnings: tuple[str, ...] = ()
    reason: str
    rests_on: str
    identifiable: tuple[str, ...] | None = None
    prices: tuple[Price, ...] = ()

    @property
    def data(self) -> str | None:
        """How much data a temperature that is learnable needs."""
        if not self.prices:
            return None
        numbers = "; ".join(f"{price.observations} if {price.assumes}" for price in self.prices)
        none = (
            "" if any(_WEIGHTED in p.assumes for p in self.prices) else "; none is proved for a weighted sum of experts"
        )
        return f"a standard error of {100 * PRECISION:g}% of tau takes at least so many observations: {numbers}{none}."

    def to_json(self) -> dict[str, Any]:
        """The row as an object of strict JSON."""
        identifiable = None if self.identifiable is None else list(self.identifiable)
        more = {"prices": [vars(price) for price in self.prices], "data": self.data}
        return {**vars(self), "warnings": list(self.warnings), "identifiable": identifiable, **more}

    @property
    def lines(self) -> tuple[str, ...]:
        """The answer, what it rests on, what to change; then data and warnings."""
        identifiable = () if self.identifiable is None else (f"Identifiable: {', '.join(self.identifiable)}.",)
        data = () if self.data is None else (f"Data: {self.data}",)
        more = (*identifiable, *data, *(f"Warning: {warning}" for warning in self.warnings))
        return (self.reason, self.rests_on, f"Change: {self.change}", *more)


def rows_of(model: Any, example: Inputs | None, temperature: str | None = None) -> tuple[RouterAudit, ...]:
    """A row for each router of a model, or for those of a temperature.

    Raises:
        ValueError: the model does not run on these inputs, or holds no router or no such temperature.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # routers are small: more threads wait for one another
    try:
        with restored(model), trained(model, temperature) as asked, Display() as display:
            with display.doing("finding routers"):
                every = routers(model, example, asked)
            return _rows(every, display)
    finally:
        torch.set_num_threads(threads)


def _rows(found_routers: Sequence[Router], display: Display) -> tuple[RouterAudit, ...]:
    """A row for each of some routers."""
    if not found_routers:
        raise ValueError(
            "no router is found; accepted: a model with a softmax, sigmoid or top-k over a product of hidden "
            "states with a parameter, or the module of a router alone; of others name the temperature: "
            "temperature='tau', --temperature tau"
        )
    rows: list[tuple[RouterAudit, Findings | None]] = []
    tested: list[Findings] = []
    for i, router in enumerate(found_routers, 1):
        size = sum(p.numel() for p in router.module.parameters())
        try:
            if size > MOST_PARAMETERS:
                raise Unanswered(f"{size:,} parameters in double precision, with derivatives, need more than {MEMORY}")
            what = f"auditing {_place(router)}, router {i} of {len(found_routers)}"
            with restored(router.module, double=True), display.doing(what):
                form, theorem = read(router.module)
                tested.append(findings_of(router, form, theorem))
                rows.append((_row(tested[-1], form, theorem), tested[-1]))
        except (Unanswered, RuntimeError) as error:  # of the router, or of torch
            why = str(error) if isinstance(error, Unanswered) else in_a_line(error)
            rows.append((unanswered(router, why), None))
    return tuple(row if findings is None else _with_shared(row, findings, tested) for row, findings in rows)


def _row(findings: Findings, form: Form | None, theorem: Proof | None) -> RouterAudit:
    """The row of a router; the theory is cited where it says what holds in both modes of all parameters it has."""
    same = findings.training is findings.evaluation and findings.raw is None
    tested = findings.evaluation.how in ("scaled", "curve", "none", "proved")
    agrees = theorem is not None and theorem.verdict == findings.evaluation.outcome and findings.is_read
    return describe(findings, form, theorem if agrees and same and tested else None)


def _with_shared(row: RouterAudit, findings: Findings, all_: Sequence[Findings]) -> RouterAudit:
    """The row of a router that does not determine its temperature, where another that shares it does."""

    def shared(of: Findings) -> set[int]:
        named = dict(of.router.module.named_parameters())
        return {id(named[t.name]) for t in of.taus if t.name in named}

    others = (o for o in all_ if o is not findings and o.evaluation.how in ("none", "proved") and not o.virtual)
    determined = next((o.router.where for o in others if shared(o) & shared(findings)), None)
    if findings.evaluation.outcome != "no" or determined is None:
        return row
    reason = f"tau is learnable: {determined} shares it, and determines it. Alone: {row.reason}"
    return replace(
        row, tau_learnable="yes", evaluation="yes", training="yes", reason=reason, change="Nothing.", symmetry=None
    )


def describe(findings: Findings, form: Form | None, proved: Proof | None) -> RouterAudit:
    """The row of a router. proved: what the theory says of its form, where tests agree."""
    first = findings.evaluation
    outcomes: tuple[Learnable, Learnable] = (first.outcome, findings.training.outcome)
    if findings.virtual:
        outcomes = ("not trained", "not trained")
    elif findings.raw is not None:
        outcomes = ("undecided", "undecided")
    change = _RAW if findings.raw is not None else _change(findings)
    if findings.virtual and first.how != "constant":
        change = "Nothing."
    elif findings.training.how == "none" and first.how == "scaled":
        change = "Nothing for training, where the noise sets its unit; fix it if that is not meant."
    return RouterAudit(
        where=_place(findings.router),
        weights=None if form is None else form.formula,
        temperature=_temperature(findings, form),
        tau_learnable=outcomes[1],
        basis="proved" if proved else "tested",
        evaluation=outcomes[0],
        training=outcomes[1],
        symmetry=_symmetry(findings, _undone(findings)),
        change=change,
        warnings=(*_warnings(findings), *((proved.caution,) if proved and proved.caution else ())),
        reason=_answer(findings, proved),
        rests_on=f"Proved: the weights are {form.formula}." if proved and form else _tested(findings),
        identifiable=proved.identifiable if proved and not findings.virtual else None,
        prices=prices(findings),
    )


def unanswered(router: Router, why: str) -> RouterAudit:
    """The row of a router that could not be asked."""
    return RouterAudit(
        where=_place(router),
        change=f"Audit what runs in double precision on the CPU in {MEMORY}, and gradients pass: the router alone, or "
        "a smaller copy of the model.",
        reason=f"whether a temperature of it is learnable is undecided: {why}",
        rests_on="No test ran.",
    )


def _place(router: Router) -> str:
    """The name of a router in its model, or that of its class where it is the model."""
    return router.where or type(router.module).__name__


def _undone(findings: Findings) -> Freedom:
    """What was found of the mode in which the temperature is undone: of training, where it is undone there."""
    return findings.training if findings.training.how in _UNDONE else findings.evaluation


def _change(findings: Findings) -> str:
    """What to change: hold tau, and what takes its place in both modes; or an activation of linear scores."""
    of = _undone(findings)
    powers = (*of.group.values(), of.degree or 0.0)
    unit = of.how == "scaled" and of is findings.training and all(abs(v - 1) < MOVES for v in powers)
    takes = _takes_its_place(findings) if unit else None
    instead = None if takes is None else f"{takes.format(', '.join(of.group))}: no output changes."
    hold = _CHANGE.get(of.how) or instead or _hold(findings, of)
    return f"{hold} Or {_CURVED}." if of.how == "scaled" and _softmaxes(findings) else hold


def _takes_its_place(findings: Findings) -> str | None:
    """What other parameters do for a number, or its exponential, that divides or multiplies the scores; else None."""
    tau = findings.taus[0]
    parameter = dict(findings.router.module.named_parameters()).get(tau.name)
    if tau.slope is None or parameter is None or parameter.numel() != 1:
        return None
    value, acts = float(parameter), "divide" if tau.slope < 0 else "multiply"
    if value > 0 and abs(abs(tau.slope * value) - 1) <= MOVES:
        return f"Hold {tau.name} at 1 and {acts} {{}} by its value"
    if value and _is_exponent(findings, tau):
        return f"Hold {tau.name} at 0 and {acts} {{}} by exp({tau.name})"
    return None


def _is_exponent(findings: Findings, tau: Temperature) -> bool:
    """Whether a number acts on the scores by its exponential."""
    probe = Probe(findings.router, findings.router.training, findings.score)
    if tau.slope is None or abs(abs(tau.slope) - 1) > MOVES or tau.name not in probe.parameters:
        return False
    before = probe.run().scores
    with probe.at({tau.name: probe.parameters[tau.name] + 1}):
        change = probe.run().scores * math.exp(-tau.slope) - before
    return bool((change - change.mean(0)).abs().max() <= MOVES * before.abs().max())


def _hold(findings: Findings, of: Freedom) -> str:
    """What to hold where nothing has to take its place: a number, if that is enough, or as much as is free."""
    end = "no output is lost." if of.how == "scaled" else "no output near the present ones is lost."
    numbers, (free, every) = [t.name for t in findings.taus if t.kind == "number"], of.free or (1, 1)
    if free < every and not (free == 1 and numbers):
        return f"Hold {free} of its {every} numbers: {end}"
    names = numbers[:1] if free < every else [t.name for t in findings.taus]
    router = findings.router
    if not all(router.asked.get(name, True) for name in names):
        return f"Leave {', '.join(names)} held: {end}"
    paths = [f"{router.where}.{name}" if router.where else name for name in names]
    code = "; ".join(f'model.get_parameter("{path}").requires_grad_(False)' for path in paths)
    return f"Hold {', '.join(names)} as it is, by {code}: {end}"


def _softmaxes(findings: Findings) -> list[Event]:
    return [e for e in findings.run.watch.scores if "softmax" in e.name]


def _temperature(findings: Findings, form: Form | None) -> dict[str, Any] | None:
    if findings.virtual and (form is None or form.tau is None):
        return None
    return {
        "parameters": [] if findings.virtual else [t.name for t in findings.taus],
        "expression": None if form is None else form.tau,
        "learned": not findings.virtual,
        "value": None if form is None or form.tau is None else form.value,
        "free": None if findings.evaluation.free is None or findings.virtual else list(findings.evaluation.free),
    }


def _answer(findings: Findings, proved: Proof | None) -> str:
    """The first line."""
    first, second, name = findings.evaluation, findings.training, _name(findings)
    if findings.virtual and first.how == "constant":
        return f"No temperature is trained: {_reason(findings, first)}"
    if findings.virtual and first.how == "unreached":
        return "No temperature is trained, and no scores become weights in it that one could divide."
    if findings.virtual:
        reason = _reason(findings, first, proved)
        if first.outcome == second.outcome == "no":
            return f"No temperature is trained, and one that divided the scores could not be learnt: {reason}"
        could = "could be learnt" if first.outcome == second.outcome == "yes" else "was tested too"
        return f"No temperature is trained. One that divided the scores {could}: {reason}"
    if findings.raw is not None:
        does = {"yes": "determine", "no": "do not determine", "undecided": "may or may not determine"}
        return (
            f"Whether {name} is learnable is undecided: the weights alone {does[first.outcome]} it; with the other "
            f"outputs, if something sees them, they {does[findings.raw.outcome]} it."
        )
    verdicts = {"yes": "learnable", "no": "not learnable", "undecided": "undecided"}
    if first.outcome != second.outcome:
        return (
            f"In training {name} is {verdicts[second.outcome]}: {_reason(findings, second, proved)} "
            f"In evaluation it is {verdicts[first.outcome]}: {_reason(findings, first, proved)}"
        )
    verb = "is" if first.free is not None and first.free[0] == 1 else "are"
    some = first.free is not None and first.free[1] > 1 and 0 < first.free[0] < first.free[1]
    counted = f" {first.free[0]} of its {first.free[1]} directions {verb} free." if some and first.free else ""
    same = first.how == second.how and first.group.keys() == second.group.keys()
    trained = "" if same else f" In training: {_reason(findings, second, proved)}"
    return f"{name} is {verdicts[first.outcome]}: {_reason(findings, first, proved)}{counted}{trained}"


def _name(findings: Findings) -> str:
    """tau, and the parameters that make it."""
    names = ", ".join(t.name for t in findings.taus)
    if all(t.kind == "inside" for t in findings.taus):
        return names
    of_x = any(t.kind == "of x" for t in findings.taus)
    return "tau" if names == "tau" else f"tau(x) ({names})" if of_x else f"tau ({names})"


def _reason(findings: Findings, of: Freedom, proved: Proof | None = None) -> str:
    group = ", ".join(of.group)
    undo = f"{group} undo{'es' * (len(of.group) == 1)} its change" if group else "they undo one another"
    first_order = f"to first order a change of {group} undoes a change of it; the finite ones that were tried do not."
    return {
        "scaled": f"{_symmetry(findings, of)} changes no output.",
        "curve": f"along a curve {undo}, and no output changes.",
        "constant": "the outputs are the same at all parameters that were tried.",
        "unreached": "no gradient reaches it.",
        "none": "no other parameter that is trained undoes a change of it.",
        "jumps": first_order,
        "open": first_order,
        "few": f"{of.points} inputs give fewer equations than the {of.parameters} parameters; "
        f"about {max(of.inputs_for(of.parameters), of.points + 1)} are needed, all different.",
        "large": f"{of.parameters} parameters are too many to follow what may undo a change of it.",
        "proved": "" if proved is None else proved.reason,
        "tied": f"{group} would undo a change of it, and the model uses this elsewhere, which may determine it.",
        "unclear": "derivatives are too near to 0 to tell, or the tests at several random parameters do not agree.",
        "unrepeatable": "two calls with the same seed of torch give different outputs, so nothing can be tested.",
        "detached": "no gradient reaches an output.",
        "surrogate": "its gradient is not that of the outputs, which a small change of it leaves as they are.",
        "failed": f"{of.detail}.",
    }[of.how]


def _symmetry(findings: Findings, of: Freedom) -> str | None:
    """What changes no output, or would change none."""
    if of.how not in _UNDONE:
        return None
    names = list(of.group)
    if of.how == "curve":
        return f"a curve of ({', '.join((*names, *(t.name for t in findings.taus)))})"
    scale = 1.0 if not of.degree or of.degree > 0 else -1.0
    after = [f"{_power(scale * of.group[n])} {n}" for n in names]
    if of.degree is None:
        return f"({', '.join(names)}) -> ({', '.join(after)}) with another {', '.join(t.name for t in findings.taus)}"
    return f"({', '.join((*names, 'tau'))}) -> ({', '.join((*after, f'{_power(scale * of.degree)} tau'))})"


def _power(exponent: float) -> str:
    near = round(exponent, 4)
    return "l" if near == 1 else f"l^{near:g}" if near >= 0 else f"l^({near:g})"


def _tested(findings: Findings) -> str:
    """What was tested, in both modes where they differ."""
    first, second = findings.evaluation, findings.training
    in_training = "" if second is first else f" In training: {_evidence(second, findings)}"
    return f"{_evidence(first, findings)}{in_training}"


def _evidence(of: Freedom, findings: Findings) -> str:
    inputs = "random inputs" if findings.router.drawn else "inputs"
    at = f"{of.points} {inputs} and {_AT}" if of.points else _AT
    scales = ", ".join(map(str, SCALES))
    sizes, steps = f"{of.equations} equations, {of.parameters} parameters", " or ".join(f"{v:.1%}" for v in SIZES)
    few = ", which span few dimensions" * findings.router.narrow
    return {
        "scaled": f"Tested: l = {scales} left every output as it was, to {HELD:g}, at {at}; the derivative is 0.",
        "curve": f"Tested: the Jacobian ({sizes}) has such a null vector at {at}; along the curve every output "
        f"stayed as it was, to {HELD:g}.",
        "none": f"Tested: its derivative is not 0, and a gradient reaches nothing else, at {at}."
        if of.free is not None and of.parameters == of.free[1]
        else f"Tested, locally: the Jacobian ({sizes}) has no null vector that moves it, at {at}{few}.",
        "constant": f"Tested: the outputs are the same at {at}.",
        "detached": f"Tested: every derivative is 0, at {at}.",
        "surrogate": f"Tested: it has a derivative, and a change of {SMALL:g} moves no output as this says, at {at}.",
        "jumps": f"Tested: the derivative is 0 at {at}, and l = {scales} moved outputs.",
        "open": f"Tested: the Jacobian ({sizes}) has such a null vector at {at}; steps along it, of {steps} of a "
        f"parameter, led to no other tau with every output as it was, to {HELD:g}.",
    }.get(of.how, "No test decides it.")


_EQUAL = 1e-9
_NUDGE = 1e-6


def _warnings(findings: Findings) -> Iterator[str]:
    names, named = ", ".join(t.name for t in findings.taus), dict(findings.router.module.named_parameters())
    decaying = [named[t.name] for t in findings.taus if t.name in named and findings.router.asked.get(t.name, True)]
    if any(map(probabilities, _softmaxes(findings))):
        yield "softmax is applied twice: its second one gets probabilities, and its weights are nearly equal."
    if findings.router.again:
        yield "a loss applies softmax to probabilities of this router again; it wants the scores."
    if _is_not_renormalised(findings):
        yield "the weights of the chosen experts are not renormalised after the selection (by design in OLMoE)."
    for name in _leaks(findings):
        yield f"the selection bias {name} leaks into the weights; it is meant for the selection alone."
    if findings.evaluation.by_length:
        yield "another length of its inputs undoes a change of tau, as a trained norm may; divide them by it."
    if findings.unreached:
        yield f"no gradient reaches {names}: it is detached, under no_grad, or at a clamp."
    elif decaying and not any(v.dim() > 1 and v.numel() > 1 for v in decaying):
        to = f" to 0, and exp({names}) to 1" if _is_exponent(findings, findings.taus[0]) else " to 0"
        yield f"weight decay pulls {names}{to}; put it into a group without."
    if not findings.virtual and findings.score < 0 and findings.evaluation.outcome == "yes":
        yield "its outputs are no weights; for a loss with softmax audit Sequential(model, Softmax(-1))."


def _is_not_renormalised(findings: Findings) -> bool:
    """Whether smaller weights before a selection of several experts make other outputs."""
    router, watch = findings.router, findings.run.watch
    chosen = [s for s in watch.selections if s.name == "topk" and s.options.get("k", s.options.get("0", 1)) > 1]
    before = [i for i, e in enumerate(watch.scores) if "log" not in e.name and any(map(e.makes, chosen))]
    before = [i for i in before if "softmax" in watch.scores[i].name and i in router.scores]
    if not before:
        return False
    probe = Probe(router, False, findings.score)
    whole = [watch.scores[i].gave.reshape(-1) for i in before]
    pairs = [p for p in zip(probe.run().leaves, probe.run(before).leaves, strict=True) if p[0].is_floating_point()]
    pairs = [(v, w) for v, w in pairs if not any(torch.equal(v.reshape(-1), p) for p in whole)]
    return any(bool((v - w).abs().max() > _EQUAL) for v, w in pairs)


def _leaks(findings: Findings) -> Iterator[str]:
    """Buffers and held parameters that move the weights of the chosen experts, and not their scores."""
    router, watch = findings.router, findings.run.watch
    if not watch.selections:
        return
    probe = Probe(router, False, router.scores[0])
    held = {n: p for n, p in router.module.named_parameters() if not p.requires_grad}
    before = probe.run()
    for name, value in {**dict(router.module.named_buffers()), **held}.items():
        if value.is_floating_point() and value.numel() == findings.experts:
            nudged = value.detach() + _NUDGE * torch.randn(value.shape, generator=torch.Generator().manual_seed(7))
            now = probe.with_held(value, nudged)
            same = all(torch.equal(p, q) for p, q in zip(now.whole, before.whole, strict=True))
            same_scores = now.scores is not None and torch.equal(now.scores, before.scores)
            if same and same_scores and bool((now.floats - before.floats).abs().max() > _EQUAL):
                yield name


PRECISION, NOISE = 0.1, 0.1
_SUM = 1e-9
_LARGEST = 700
_ONE_EXPERT = "every output is drawn from one expert"
_WEIGHTED = f"it is the weighted sum of experts, known vectors of length 1 at right angles, with noise of sd {NOISE:g}"


@dataclass(frozen=True)
class Price:
    """Observations for a standard error of 10% of tau.

    assumes: how outputs are made, and whether it is at the user's inputs and the router's parameters or at any.
    """

    observations: int
    assumes: str


def prices(findings: Findings) -> tuple[Price, ...]:
    """What a temperature costs that divides all scores of the last softmax, over experts, in evaluation; or nothing."""
    (tau, *more), events = findings.taus, findings.run.watch.scores
    asked = findings.evaluation.outcome == "yes" and findings.raw is None and not findings.virtual
    if not asked or more or not tau.whole or findings.experts < 2 or findings.score != len(events) - 1:
        return ()
    event = events[findings.score]
    if event.name not in ("softmax", "log_softmax") or event.dim not in (-1, event.operand.dim() - 1):
        return ()
    least = Price(math.ceil(floor(findings.experts) / PRECISION**2), f"{_ONE_EXPERT}, with any scores and inputs")
    return (least, *_at_inputs(findings))


def _at_inputs(findings: Findings) -> Iterator[Price]:
    """At the inputs of the user, where all experts have a weight and the inputs are more than enough."""
    router, tau = findings.router, findings.taus[0]
    if router.own is None or tau.slope is None:
        return
    probe = Probe(replace(router, inputs=router.own), False, findings.score)
    run = probe.run()
    weights = next((v for v in run.leaves if v.requires_grad and v.dim() > 1 and v.shape[-1] == findings.experts), None)
    if weights is None or not bool((weights > 0).all()) or bool(((weights.sum(-1) - 1).abs() > _SUM).any()):
        return
    inputs = weights.numel() // findings.experts
    for vector, noise, made in ((2 * weights.sqrt(), 1.0, _ONE_EXPERT), (weights, NOISE, _WEIGHTED)):
        jacobian = Derivatives(vector.reshape(-1), probe.parameters)
        others = [n for n in jacobian.reached() if n != tau.name]
        count = sum(probe.parameters[n].numel() for n in others)
        if count > _LARGEST or inputs * (findings.experts - 1) < 2 * count:
            return
        column = jacobian.columns(tau.name)
        left = project(jacobian.columns(*others), column)[0] if others else column
        if float(left.norm()) > MOVES * float(column.norm()):
            information = float(left.square().sum()) / inputs / tau.slope**2
            yield Price(math.ceil(noise**2 / information / PRECISION**2), f"{made}, at these inputs")
