"""Holds what a fit of any gate and Gaussian expert to a user's data gives, in words and numbers.

Example: ``print(fit(x, y, fitted=2, gate="beta1*x**3", expert="tanh(a*x + b)"))`` prints what `temperance fit` prints.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy as sp

from temperance.numerics.estimation.delta_method import Caveat, interval
from temperance.numerics.estimation.diagnostics import of_search, of_weights, uncertain, undetermined
from temperance.numerics.estimation.fitted import Estimate, Fitted, Value, by_names, relative_errors
from temperance.numerics.general.fit_general import held_of
from temperance.numerics.general.general_result import GeneralEstimate, GeneralFitResult
from temperance.numerics.likelihood.atom_formulas import formulas_of
from temperance.numerics.likelihood.scattering import Coordinates
from temperance.numerics.merging.merge import Refits
from temperance.numerics.merging.mixture import Held, Mixture
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.points import Points
from temperance.numerics.mixture.softmax import softmax
from temperance.theory.expressions.arguments import checked
from temperance.theory.interactions.interactions import derive
from temperance.theory.models.density import atom_symbol
from temperance.theory.models.experts import mean_of
from temperance.theory.models.kinks import kinks
from temperance.theory.models.spec import BETA0, NU, MoESpec, covariates
from temperance.theory.models.weights import weight_parameters
from temperance.theory.settings.truth import require_mean
from temperance.theory.symmetries.flows import symmetries
from temperance.theory.traits.traits import flows_of_gate, translations
from temperance.theory.traits.understood import Understood, understood

_APART = 1e4  # scales of columns that one search can take
_ALONG = 1e-6  # of a gradient, along flat directions


@checked
@dataclass(frozen=True, eq=False, repr=False)
class FormulaFit(Fitted):
    """What a fit of any gate and Gaussian expert gives, in the units of the data, which are not scaled.

    estimates: of every parameter, and of identifiable functions of one atom where some parameter is not; warnings: in
    plain words, what the data, the model or the search leave open. found: what they come from. meant: what was
    understood of the model. noise: what is known of nu. columns: names of the columns of x. points: their number (the
    sum of the weights); dropped: rows left out for missing values. n_parameters: the free coordinates less the
    directions along which the information is singular. twin and separated are False: of other gates neither is decided.
    again: for merging, what fits it again.
    """

    found: GeneralFitResult
    meant: Understood
    noise: str = "each"

    @property
    def search(self) -> GeneralFitResult:
        """How the search ended."""
        return self.found

    @property
    def gate(self) -> str:
        """What was understood of gate and expert, and what the columns of x are called."""
        named = zip(covariates(self.found.spec.dim), self.columns, strict=True)
        pairs = [f"{x} is column {c}" for j, (x, c) in enumerate(named, 1) if c not in (str(x), f"x{j}", str(j))]
        held = replace(self.meant, held=tuple(p.name for p in held_of(self.found.spec)))
        noise = {"known": ["nu is known"], "common": ["nu is common to all atoms"]}.get(self.noise, [])
        return "; ".join([str(held), *noise, *([", ".join(pairs)] if pairs else [])])

    @property
    def title(self) -> str:
        """What was fitted."""
        spec = self.found.spec
        return f"Mixture of {self.fitted} expert{'s' * (self.fitted > 1)} {spec.expert.name}, gate {spec.gate.name}"

    @property
    def understood_as(self) -> tuple[str, ...]:
        """Gate and expert."""
        return (self.gate,)

    @property
    def flat_directions(self) -> list[dict[str, Value]]:
        """The directions along which the information vanishes; positive parameters stand for their logarithms."""
        names = [e.parameter if e.atom is None else f"{e.parameter}_{e.atom}" for e in self.found.estimates]
        return [by_names(names, v) for v in self.found.flat]

    @property
    def box_record(self) -> dict[str, Any]:
        """The bounds of every parameter."""
        return {name: list(ends) for name, ends in self.found.box.items()}

    @property
    def refits(self) -> Refits | None:
        """What merging needs: the mixture, what the gate holds, the points; None where atoms share their nu."""
        spec, again = self.found.spec, self.again
        if again is None or self.noise != "each":
            return None
        formulas, held = formulas_of(spec), held_of(spec)
        own = [p.name for p in (spec.gate.own if spec.gate.offset is None else (BETA0, *spec.gate.own))]
        own_mixture = Mixture.of(formulas, self.fitted, np.array([e.value for e in self.found.estimates]))
        places = tuple(own.index(p.name) for p in held)
        line = tuple(p.name for p in spec.expert.parameters if p != NU)
        names = (tuple(own), tuple(p.name for p in spec.gate.shared), line)

        def refit(k: int, mixture: Mixture | None = None, starts: int = 0, least: float = 0.0) -> FormulaFit:
            low, high = self.found.box["nu"]
            theta = None
            if mixture is not None:
                theta, logs = mixture.natural, Coordinates(formulas, k).logs
                theta[logs] = np.log(theta[logs])
            return again.refitted(k, theta, starts, (max(low, least), high))

        return Refits(own_mixture, Held(places, tuple(held.values()), False, False), again.points, spec, names, refit)

    def curves(self, x: Floats) -> tuple[Floats, Floats]:
        """The probabilities of the gate and the means of the experts at x (n, d): arrays (n, k)."""
        spec, columns = self.found.spec, covariates(self.found.spec.dim)
        weight = spec.gate.log_weight + (sp.S.Zero if spec.gate.offset is None else spec.gate.offset)
        logs, means = np.empty((2, len(x), self.fitted))
        for atom in range(self.fitted):
            values = {e.parameter: e.value for e in self.found.estimates if e.atom in (None, atom)}
            at = {p: values[p.name] for p in weight.free_symbols | {*spec.parameters} if p.name in values}
            for into, f in ((logs, weight), (means, require_mean(spec))):
                into[:, atom] = sp.lambdify(columns, f.subs(at), "numpy")(*x.T)
        return (softmax(logs, axis=1).shares if self.fitted > 1 else np.ones_like(means)), means

    def to_json(self) -> dict[str, Any]:
        """As of any fit, and what was understood."""
        meant = {"gate_formula": self.meant.record(), "expert_density": self.meant.density}
        return {**super().to_json(), **meant, "noise": self.noise}


def in_words(found: GeneralFitResult, points: Points, columns: tuple[str, ...]) -> FormulaFit:
    """What a fit to these points says; columns: names of the columns of x."""
    spec, k = found.spec, found.k
    moved, dimensions = _proved(spec, k) if k > 1 else (frozenset[str](), _of_mean(spec))
    explained = len(found.flat) <= dimensions
    gate = {p.name for p in (*spec.gate.parameters, *held_of(spec))} if k == 1 else set[str]()
    estimates = tuple(
        _estimate(e, found, moved, explained=explained) for e in found.estimates if e.parameter not in gate
    )
    open_ = tuple(dict.fromkeys(e.parameter for e in estimates if e.identifiable is False))
    kept = _kept(spec, open_)
    estimates += tuple(row for f in kept for row in _of_function(f, found))
    unknown = [(e.parameter, e.atom) for e in estimates if e.caveat == "singular" and e.identifiable is None]
    notes = [*_scales(points, columns), *_of_theory(open_, kept), *undetermined(unknown, flat=False)]
    rough = "a formula has kinks that x reaches, where the likelihood is not smooth"
    crossed = _kinks_reached(found, points)
    if crossed and found.is_estimate:
        notes.append(f"{rough}: standard errors are those of the stretch between kinks where the search ended")
    notes += of_weights(points.n, found.n_parameters) + uncertain(relative_errors(estimates), ())
    warnings = (*notes, *of_search(found, f"{rough}, and a maximum at one has no standard error" if crossed else ""))
    return FormulaFit(estimates, warnings, columns, points.n, found.n_parameters, found, understood(spec))


def _estimate(e: GeneralEstimate, found: GeneralFitResult, moved: frozenset[str], *, explained: bool) -> Estimate:
    """The estimate with its interval, or why there is none."""
    known: bool | None = True
    caveat: Caveat | None = None
    if e.held:
        known, caveat = None, "held"
    elif e.parameter in moved or (e.left_open and explained and found.is_estimate):
        known = False
    elif not found.is_estimate:
        known, caveat = None, "no estimate"
    elif (e.parameter, e.atom) in found.bounds:
        caveat = "edge"
    elif e.left_open:
        known, caveat = None, "singular"
    elif e.se is None:
        caveat = "near edge"
    if e.se is None or not known:
        return Estimate(e.parameter, e.atom, e.value, None, known, caveat=caveat)
    positive = any(p.name == e.parameter and p.is_positive for p in found.spec.parameters)
    ends = interval(e.value, e.se, "log" if positive else "real")
    return Estimate(e.parameter, e.atom, e.value, e.se, known, ends)


def _proved(spec: MoESpec, k: int) -> tuple[frozenset[str], int]:
    """The parameters that identities move while the density stays, and how many directions these have in k > 1 atoms.

    Flows of each atom or of what is shared, and translations of scores that are not taken away by what is held.
    """
    flows, held = flows_of_gate(spec), {*held_of(spec)}
    own = {*spec.gate.own}
    left = [f for f in translations(spec) if not any(p in held and not (f / p).free_symbols & own for p in own)]
    names = {p.name for flow in flows for p, _ in flow.orbit} | {p.name for f in left for p in f.free_symbols & own}
    if left:
        names |= {p.name for p in weight_parameters(spec)}
    common = sum(bool({*flow.field.moved} & {*spec.gate.shared}) for flow in flows)
    return frozenset(names), k * (len(flows) - common) + common + len(left)


def _of_mean(spec: MoESpec) -> int:
    """How many flows move the mean alone."""
    return sum({*flow.field.moved} <= {*spec.expert.parameters} for flow in flows_of_gate(spec))


def _kept(spec: MoESpec, names: tuple[str, ...]) -> list[sp.Expr]:
    """The identifiable functions of parameters of these names, of one atom or of the atoms i and j."""
    if not names:
        return []
    functions = symmetries(derive(spec.gate, spec.expert, dim=spec.dim, order=1)).identifiable or ()
    wanted = {q for p in spec.parameters if p.name in names for q in (p, atom_symbol(p, "i"), atom_symbol(p, "j"))}
    return [f for f in functions if not f.is_Symbol and f.free_symbols & wanted]


def _of_theory(names: tuple[str, ...], kept: Sequence[sp.Expr]) -> list[str]:
    """That parameters are not identifiable, and which functions of them are."""
    if not names:
        return []
    instead = f"; {', '.join(map(str, kept))} {'is' if len(kept) == 1 else 'are'}" * bool(kept)
    verb = "is" if len(names) == 1 else "are"
    return [f"by an identity of this model {', '.join(names)} {verb} not identifiable{instead}"]


def _of_function(f: sp.Expr, found: GeneralFitResult) -> Iterator[Estimate]:
    """A function of one atom's parameters, for every atom, with a standard error by the delta method.

    None of it where the maximum is at an edge of the box, where the function has more than one atom's parameters, and
    where it is held.
    """
    symbols = sorted(f.free_symbols, key=str)
    slopes = sp.lambdify(symbols, [f, *(sp.diff(f, p) for p in symbols)], "numpy")
    for atom in range(found.k) if found.is_estimate and not found.bounds else ():
        places = [j for p in symbols for j, e in enumerate(found.estimates) if _is_of(e, p, atom)]
        at = [found.estimates[j] for j in places]
        if len(at) < len(symbols) or all(e.held for e in at if e.atom is not None):
            continue
        value, *gradient = slopes(*(e.value for e in at))
        along = np.zeros(len(found.theta))
        along[places] = [g * (e.value if p.is_positive else 1.0) for g, p, e in zip(gradient, symbols, at, strict=True)]
        if np.abs(found.flat @ along).max(initial=0.0) <= _ALONG * np.linalg.norm(along):
            se = float(np.sqrt(along @ found.covariance @ along))
            ends = interval(value, se, "log" if f.is_positive else "real")
            yield Estimate(str(f), atom, float(value), se, True, ends)


def _kinks_reached(found: GeneralFitResult, points: Points) -> bool:
    """Whether points lie on both sides of a kink that parameters move."""
    spec, x = found.spec, covariates(found.spec.dim)
    mean = mean_of(spec.expert)
    gaps = [kink.boundary for kink in kinks(spec) if kink.moved_by and kink.kind == "boundary"]
    gaps += [r.lhs - r.rhs for r in mean.atoms(sp.core.relational.Relational)] if mean is not None else []
    values: Floats
    for gap in gaps:
        for atom in range(found.k):
            at = {p: e.value for e in found.estimates for p in gap.free_symbols if _is_of(e, p, atom)}
            values = sp.lambdify(x, gap.subs(at), "numpy")(*points.x.T) * np.ones(len(points.y))
            if values.min() <= 0 <= values.max():
                return True
    return False


def _is_of(e: GeneralEstimate, p: sp.Symbol, atom: int) -> bool:
    return e.parameter == p.name and e.atom in (None, atom)


def _scales(points: Points, columns: tuple[str, ...]) -> list[str]:
    """That columns differ much in scale, which no formula lets us change."""
    named = dict(zip((*(f"column {c} of x" for c in columns), "y"), (*points.x.T, points.y), strict=True))
    sizes = {name: float(np.abs(column).max()) for name, column in named.items()}
    least, most = min(sizes, key=lambda name: sizes[name]), max(sizes, key=lambda name: sizes[name])
    if sizes[most] <= _APART * sizes[least]:
        return []
    told = f"{least} is at most {sizes[least]:.3g} and {most} {sizes[most]:.3g} in size"
    return [f"{told}: formulas keep the units of the data, and a search is better in units of like size"]
