"""Turns a fit of any gate and Gaussian expert to a user's data into estimates and words.

Example: ``print(fit(x, y, fitted=2, gate="beta1*x**3", expert="tanh(a*x + b)"))`` prints what `temperance fit` prints.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import sympy as sp

from temperance.numerics.estimation.delta_method import Errors, Optimum, Row, estimate_of, parameters
from temperance.numerics.estimation.diagnostics import of_search, of_weights, uncertain, undetermined
from temperance.numerics.estimation.identifiability import DESIGN, generic_flows
from temperance.numerics.estimation.result import Estimate, FitResult, FittedModel, relative_errors
from temperance.numerics.general.fit_general import GeneralFitResult, held_of
from temperance.numerics.likelihood.atom_formulas import formulas_of
from temperance.numerics.merging.merge import FittedMixture, Refit
from temperance.numerics.merging.mixture import Held, Mixture
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.points import Points
from temperance.theory.interactions.interactions import derive
from temperance.theory.models.experts import mean_of
from temperance.theory.models.spec import BETA0, NU, MoESpec, atom_symbol, covariates
from temperance.theory.models.weights import kinks, weight_parameters
from temperance.theory.symmetries.flows import symmetries
from temperance.theory.symmetries.traits import flows_of_gate, translations, understood

_APART = 1e4  # scales of columns that one search can take


def result_of(
    fit: GeneralFitResult, points: Points, columns: tuple[str, ...], *, noise: str, dropped: int, refit: Refit
) -> FitResult:
    """What a fit to these points says.

    columns: names of the columns of x; noise: each, common or known; dropped: rows left out for missing values.
    """
    spec, k = fit.spec, fit.k
    free = fit.moves.argmax(axis=0)
    optimum = Optimum(fit.theta[free], fit.logs[free], fit.edge[free], fit.information, fit.is_estimate)
    errors = Errors(optimum, _flows(fit, points))
    gate = {p.name for p in (*spec.gate.parameters, *held_of(spec))} if k == 1 else set[str]()
    rows = [r for r in parameters(fit.names, fit.theta, fit.logs, fit.moves) if r.name not in gate]
    estimates = [estimate_of(row, errors) for row in rows]
    open_ = tuple(dict.fromkeys(e.parameter for e in estimates if e.identifiable is False))
    functions = _identifiable(spec, open_)
    estimates += [e for f in functions for e in _of_function(f, fit, errors)]
    singular = [(e.parameter, e.atom) for e in estimates if e.caveat == "singular" and e.identifiable is None]
    notes = [*_scales(points, columns), *_of_theory(open_, functions), *undetermined(singular, flat=False)]
    rough = "a formula has kinks that x reaches, where the likelihood is not smooth"
    crossed = _kinks_reached(fit, points)
    if crossed and fit.is_estimate:
        notes.append(f"{rough}: standard errors are those of the stretch between kinks where the search ended")
    notes += of_weights(points.n, fit.n_parameters) + uncertain(relative_errors(estimates), ())
    notes += of_search(fit, f"{rough}, and a maximum at one has no standard error" if crossed else "")
    return FitResult(
        tuple(estimates),
        warnings=tuple(notes),
        columns=columns,
        points=points.n,
        n_parameters=fit.n_parameters,
        fit=fit,
        model=_model(fit, columns, noise),
        mixture=_mixture(fit, points, refit if noise == "each" else None),
        dropped=dropped,
    )


def _model(fit: GeneralFitResult, columns: tuple[str, ...], noise: str) -> FittedModel:
    """What was understood of gate and expert, and what the columns of x are called."""
    spec, reading = fit.spec, understood(fit.spec)
    named = zip(covariates(spec.dim), columns, strict=True)
    pairs = [f"{x} is column {c}" for j, (x, c) in enumerate(named, 1) if c not in (str(x), f"x{j}", str(j))]
    held = replace(reading, held=tuple(p.name for p in held_of(spec)))
    variance = {"known": ["nu is known"], "common": ["nu is common to all atoms"]}.get(noise, [])
    gate = "; ".join([str(held), *variance, *([", ".join(pairs)] if pairs else [])])
    title = f"Mixture of {fit.k} expert{'s' * (fit.k > 1)} {spec.expert.name}, gate {spec.gate.name}"
    box = {name: list(ends) for name, ends in fit.box.items()}
    record = {"gate_formula": reading.record(), "expert_density": reading.density, "noise": noise}
    return FittedModel(title, gate, box, fit.names, (gate,), record)


def _mixture(fit: GeneralFitResult, points: Points, refit: Refit | None) -> FittedMixture:
    """The mixture, and what its gate holds."""
    spec, formulas, held = fit.spec, formulas_of(fit.spec), held_of(fit.spec)
    own = [p.name for p in (spec.gate.own if spec.gate.offset is None else (BETA0, *spec.gate.own))]
    places = Held(tuple(own.index(p.name) for p in held), tuple(held.values()), False, False)
    line = tuple(p.name for p in spec.expert.parameters if p != NU)
    names = (tuple(own), tuple(p.name for p in spec.gate.shared), line)
    return FittedMixture(Mixture.of(formulas, fit.k, fit.natural), places, points, lambda: spec, names, refit)


def _flows(fit: GeneralFitResult, points: Points) -> Floats:
    """The flows (m, q) of the parameters that identities move while the density stays.

    Those of each atom or of what is shared, and translations of scores that are not taken away by what is held.
    """
    spec, own = fit.spec, {*fit.spec.gate.own}
    translated = [f for f in translations(spec) if f.free_symbols & own]
    movable = {p.name for flow in flows_of_gate(spec) for p, _ in flow.orbit}
    movable |= {p.name for f in translated for p in (*f.free_symbols & own, *weight_parameters(spec))}
    free = np.array([name in movable for name, _ in fit.names]) @ fit.moves > 0
    low, high = points.x.min(axis=0), points.x.max(axis=0)
    x = np.random.default_rng(0).uniform(low, high, (max(DESIGN, 2 * len(fit.theta)), spec.dim))
    mixture = Mixture.of(formulas_of(spec), fit.k, fit.natural)
    part = generic_flows(mixture, fit.moves[:, free], x) if free.any() else np.zeros((0, 0))
    flows = np.zeros((len(part), len(free)))
    flows[:, free] = part
    return flows


def _identifiable(spec: MoESpec, names: tuple[str, ...]) -> list[sp.Expr]:
    """The identifiable functions of parameters of these names, of one atom or of the atoms i and j."""
    if not names:
        return []
    functions = symmetries(derive(spec.gate, spec.expert, dim=spec.dim, order=1)).identifiable or ()
    wanted = {q for p in spec.parameters if p.name in names for q in (p, atom_symbol(p, "i"), atom_symbol(p, "j"))}
    return [f for f in functions if not f.is_Symbol and f.free_symbols & wanted]


def _of_theory(names: tuple[str, ...], functions: Sequence[sp.Expr]) -> list[str]:
    """That parameters are not identifiable, and which functions of them are."""
    if not names:
        return []
    instead = f"; {', '.join(map(str, functions))} {'is' if len(functions) == 1 else 'are'}" * bool(functions)
    verb = "is" if len(names) == 1 else "are"
    return [f"by an identity of this model {', '.join(names)} {verb} not identifiable{instead}"]


def _of_function(f: sp.Expr, fit: GeneralFitResult, errors: Errors) -> Iterator[Estimate]:
    """A function of one atom's parameters, for every atom in which it has a standard error.

    None of it where it has more than one atom's parameters, and where it is held.
    """
    symbols = sorted(f.free_symbols, key=str)
    slopes = sp.lambdify(symbols, [f, *(sp.diff(f, p) for p in symbols)], "numpy")
    for atom in range(fit.k):
        places = [j for p in symbols for j, name in enumerate(fit.names) if name in ((p.name, None), (p.name, atom))]
        own = [j for j in places if fit.names[j][1] is not None]
        if len(places) < len(symbols) or not fit.moves[own].any():
            continue
        values = fit.natural[places]
        value, *gradient = slopes(*values)
        along = np.array(gradient) * np.where(fit.logs[places], values, 1.0) @ fit.moves[places]
        row = Row(str(f), atom, np.array([float(value)]), along[None], "log" if f.is_positive else "real")
        estimate = estimate_of(row, errors)
        if estimate.se is not None:
            yield estimate


def _kinks_reached(fit: GeneralFitResult, points: Points) -> bool:
    """Whether points lie on both sides of a kink that parameters move."""
    spec, x = fit.spec, covariates(fit.spec.dim)
    mean = mean_of(spec.expert)
    gaps = [kink.boundary for kink in kinks(spec) if kink.moved_by and kink.kind == "boundary"]
    gaps += [r.lhs - r.rhs for r in mean.atoms(sp.core.relational.Relational)] if mean is not None else []
    values: Floats
    for gap in gaps:
        for atom in range(fit.k):
            at = {name: value for (name, i), value in fit.values.items() if i in (None, atom)}
            numbers = {p: at[p.name] for p in gap.free_symbols if p.name in at}
            values = sp.lambdify(x, gap.subs(numbers), "numpy")(*points.x.T) * np.ones(len(points.y))
            if values.min() <= 0 <= values.max():
                return True
    return False


def _scales(points: Points, columns: tuple[str, ...]) -> list[str]:
    """That columns differ much in scale, which no formula lets us change."""
    named = dict(zip((*(f"column {c} of x" for c in columns), "y"), (*points.x.T, points.y), strict=True))
    sizes = {name: float(np.abs(column).max()) for name, column in named.items()}
    least, most = min(sizes, key=lambda name: sizes[name]), max(sizes, key=lambda name: sizes[name])
    if sizes[most] <= _APART * sizes[least]:
        return []
    sizes_ = f"{least} is at most {sizes[least]:.3g} and {most} {sizes[most]:.3g} in size"
    return [f"{sizes_}: formulas keep the units of the data, and a search is better in units of like size"]
