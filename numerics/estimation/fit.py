"""Fits a mixture of experts with any gate and Gaussian expert, by names, formulas or objects, to a user's data.

Softmax, linear and activation gates with linear experts go to `estimation.estimate`, all others to `fit_general`.

Example: ``print(fit(x, y, fitted=2, gate="beta1*x1 + beta2*x1*x2", expert="a1*x1 + a2*x2 + b"))``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal, TypedDict, Unpack, overload

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike

from temperance.numerics.estimation.data import checked_points, sizes_of, whole
from temperance.numerics.estimation.estimate import Data, announced, refit_of, result_of, true_mixture
from temperance.numerics.estimation.result import FitComparison, FitResult
from temperance.numerics.fitting.fits import fit_general
from temperance.numerics.fitting.problem import Box
from temperance.numerics.mixture.atom_formulas import AtomFormulas, formulas_of
from temperance.numerics.mixture.likelihood import Mixture, log_weight_and_mean, needs_machine_code
from temperance.numerics.mixture.points import Points
from temperance.theory.activations.activation import Activation
from temperance.theory.expressions.arguments import checked
from temperance.theory.models import by_name
from temperance.theory.models.formula_reader import Number, least_dimension
from temperance.theory.models.gates import FITTED, gate_of, gauge_of
from temperance.theory.models.spec import Expert, Gate, MoESpec, covariates
from temperance.theory.models.truth import Truth, noise_of

_DRAWS = 20  # of parameters, at all of which a formula must not be finite to be refused
Bounds = Mapping[str, tuple[float, float]]


class Options(TypedDict, total=False):
    """What `fit` takes besides the data and the number of experts."""

    gate: str | Gate | None
    expert: str | Expert
    activation: str | sp.Expr | Activation | None
    gauge: str
    tau: float | None
    starts: int
    seed: int
    box: Box | Bounds | None
    weights: ArrayLike | None
    drop_missing: bool
    columns: Sequence[str | int] | None
    progress: Callable[[int, int], None] | None
    keep: bool
    shared: Sequence[str]
    positive: Sequence[str]
    constants: Mapping[str, Number] | None
    bias: bool
    noise: str
    nu: float | None
    truth: Mapping[str, Any] | None


@overload
def fit(x: ArrayLike, y: ArrayLike, *, fitted: int, **options: Unpack[Options]) -> FitResult: ...


@overload
def fit(x: ArrayLike, y: ArrayLike, *, fitted: Sequence[int], **options: Unpack[Options]) -> FitComparison: ...


@overload
def fit(
    x: ArrayLike, y: ArrayLike, *, fitted: int | Sequence[int], **options: Unpack[Options]
) -> FitResult | FitComparison: ...


@checked
def fit(
    x: ArrayLike,
    y: ArrayLike,
    *,
    fitted: int | Sequence[int],
    gate: str | Gate | None = None,
    expert: str | Expert = "gaussian",
    activation: str | sp.Expr | Activation | None = None,
    gauge: str = "free",
    tau: float | None = None,
    starts: int = 10,
    seed: int = 0,
    box: Box | Bounds | None = None,
    weights: ArrayLike | None = None,
    drop_missing: bool = False,
    columns: Sequence[str | int] | None = None,
    progress: Callable[[int, int], None] | None = None,
    keep: bool = False,
    shared: Sequence[str] = (),
    positive: Sequence[str] = (),
    constants: Mapping[str, Number] | None = None,
    bias: bool = True,
    noise: str = "each",
    nu: float | None = None,
    truth: Mapping[str, Any] | None = None,
) -> FitResult | FitComparison:
    """Maximum-likelihood fit of a mixture of `fitted` Gaussian experts to x (n, d) or (n,), y (n,).

    Args:
        fitted: number of experts; several numbers compare the fits of all these sizes.
        gate: a name of the table in docs/gates.md, by default linear, or activation where one is given; a formula of
            the log weight in x, or x1 .. xd; or a Gate.
        expert: a name there, a formula of the mean, or an Expert whose density is normal.
        activation: of the gate, a name or an expression in z; alone it chooses the gate "activation".
        gauge: "free" or "anchored", of that gate; the others hold their last atom.
        tau: of softmax, linear and activation gates with linear experts: None to estimate it, else its fixed value.
        starts: how many starting points. seed: equal seeds make equal ones.
        box: the compact parameter set: a `Box` for softmax, linear and activation gates with linear experts; else
            bounds (low, high) by names of parameters, for every atom. By default wide, from the scale of the data.
        weights (n,): how often each point was seen, not necessarily whole; standard errors are those of so many points.
        drop_missing: leave out rows in which x, y or the weight is nan, and say how many.
        columns: names of the columns of x; by default those of a DataFrame, else 1, 2, ...
        progress: called with the starts done and their number.
        keep: Ctrl-C returns the best fit so far, which says so, and raises KeyboardInterrupt only where there is none.
        shared: names in the formulas; this and positive, constants and bias are as `models.by_name.model` takes them.
            Formulas see the data in their own units: nothing is scaled.
        noise: each: every atom has its own nu; common: all have one; known: it is the number `nu`. With the last two,
            named gates are fitted as formulas are.
        truth: what a file of a truth holds, {NAME: number or [one for each atom]}; what is left out is that of the
            default truth. One more start, and what the estimates are compared with (`FitResult.truth`).

    Raises:
        ValueError: data, formulas or options that make no fit.
    """
    gate = gate if isinstance(gate, Gate) else gate_of(gate, activation is not None)
    read = partial(by_name.model, shared=shared, positive=positive, constants=constants, bias=bias)
    sizes, variance = sizes_of(fitted), _noise(noise, nu)
    points, names, dropped = checked_points(x, y, weights, drop_missing, columns)
    true_of = partial(_true_point, truth, gauge, sizes)
    starts, seed = whole(starts, "starts", 1), whole(seed, "seed", 0)
    if isinstance(gate, str) and gate in FITTED and expert == "gaussian" and variance is None:
        if shared or positive or constants or not bias:
            read()  # refuses what is of formulas
        if box is not None and not isinstance(box, Box):
            raise ValueError(f"box must be a Box for the gate {gate!r} with linear experts, not bounds by names")
        data = Data(points, names, dropped, box)
        refit = refit_of(data, sizes, gate, activation, gauge, tau, seed)
        true = None if truth is None else true_of(by_name.model(FITTED[gate](len(names)), dim=len(names)))
    else:
        bounds = _bounds(gauge, tau, box)
        _require_columns(by_name.formulas_of(gate, expert), names)
        spec = read(gate, expert, activation, len(names), sign_at=partial(_sign_at, points))
        _require_used(spec, names)
        _require_finite(formulas_of(spec), points)
        data = Data(points, names, dropped, bounds)
        true = true_of(spec)
        refit = partial(_fit_formulas, spec, data, noise, nu, seed)
    fits: list[FitResult] = []
    try:
        for k in sizes:
            fits.append(refit(k, starts=starts, progress=progress, keep=keep, truth=true))
            if fits[-1].is_stopped:
                break
    except KeyboardInterrupt:
        if not keep or not fits:
            raise
    if isinstance(fitted, (list, tuple, range)):
        return FitComparison(tuple(fits), sizes[len(fits) :])
    return fits[0]


def _fit_formulas(
    spec: MoESpec,
    data: Data,
    noise: str,
    nu: float | None,
    seed: int,
    k: int,
    mixture: Mixture | None = None,
    starts: int = 0,
    least: float = 0.0,
    fewer: Sequence[Mixture] = (),
    truth: Truth | None = None,
    progress: Callable[[int, int], None] | None = None,
    keep: bool = False,
) -> FitResult:
    """The fit of k atoms, as `Refit` has it; noise, nu, progress, keep: as of `fit`; truth: another start."""
    known, below = ([m.theta for m in part] for part in ([] if mixture is None else [mixture], fewer))
    variance, points = _noise(noise, nu), data.points
    true = None if truth is None else true_mixture(truth, points.x)
    searched: dict[str, Any] = {"starts": starts, "seed": seed, "noise": variance, "box": data.box, "least": least}
    searched |= {"progress": progress, "keep": keep}
    with announced(compiled=needs_machine_code(k, points.x)):
        end = fit_general(points, spec, k, known_starts=known, fewer=below, true=true, **searched)
    return result_of(end, data, noise=noise, refit=partial(_fit_formulas, spec, data, noise, nu, seed), true=true)


def _true_point(values: Mapping[str, Any] | None, gauge: str, sizes: Sequence[int], spec: MoESpec) -> Truth | None:
    """The truth of a model that these values make; None without any. Raises ValueError for one of another dimension."""
    if values is None:
        return None
    from temperance.theory.contact.default_truth import in_rationals, truth_of_values, width_of  # no other fit needs it

    if (width := width_of(values)) not in (None, spec.dim):
        raise ValueError(f"a row of beta1 in the truth has {width} numbers; accepted: {spec.dim}, the columns of x")
    return in_rationals(truth_of_values(values, spec, gauge_of(gauge), sizes[0] if len(sizes) == 1 else None))


def _noise(noise: str, nu: float | None) -> float | Literal["common"] | None:
    """What `fit_general` takes. Raises ValueError for another noise, and a known one without its number."""
    kind = noise_of(noise)
    if (kind == "known") != (nu is not None):
        raise ValueError("noise known goes with its variance nu, no other does; accepted: --noise known --nu V")
    if nu is not None and not 0 < nu < float("inf"):
        raise ValueError(f"nu must be a positive number, not {nu!r}")
    return float(nu) if nu is not None else "common" if kind == "common" else None


def _bounds(gauge: str, tau: float | None, box: Box | Bounds | None) -> Bounds | None:
    """The bounds of a box. Raises ValueError for options of the gates that `estimation.estimate` fits."""
    if gauge != "free":
        raise ValueError("gauge is of the gate 'activation' with linear Gaussian experts; accepted: none with others")
    if tau is not None:
        raise ValueError("tau is held for softmax, linear and activation gates; in a formula it is a constant, tau=1/2")
    if isinstance(box, Box):
        raise ValueError("box must have bounds (low, high) by names of parameters for this model, not be a Box")
    return box


def _require_columns(texts: Sequence[str], names: Sequence[str]) -> None:
    """Raise ValueError for formulas that need more columns than there are."""
    least = max([1, *map(least_dimension, texts)])
    if least > len(names):
        columns = f"{len(names)} column{'s' * (len(names) > 1)}, {', '.join(names)}"
        raise ValueError(f"the formulas need x1 .. x{least}, and x has {columns}")


def _sign_at(points: Points, expr: sp.Expr) -> int:
    """1 or -1 where an expression in x has this sign at all points, else 0."""
    with np.errstate(all="ignore"):
        values = sp.lambdify(covariates(points.x.shape[1]), expr, "scipy")(*points.x.T)
    return int((values > 0).all()) - int((values < 0).all())


def _require_used(spec: MoESpec, names: Sequence[str]) -> None:
    """Raise ValueError for a column that is in neither formula."""
    for symbol, name in zip(covariates(spec.dim), names, strict=True):
        if not spec.log_atom.has(symbol):
            raise ValueError(
                f"neither the gate nor the expert has x{str(symbol)[2:]}, column {name} of {len(names)}; "
                "accepted: data without it, or formulas with all of x1 .. xd"
            )


def _require_finite(formulas: AtomFormulas, points: Points) -> None:
    """Raise ValueError for a point at which the formulas are not finite, whatever the parameters are."""
    rng, function = np.random.default_rng(0), log_weight_and_mean(formulas)
    worst = None
    for _ in range(_DRAWS):
        draw = rng.normal(size=len(formulas.positive))
        with np.errstate(all="ignore"):
            values = function(points.x, np.where(formulas.positive, np.exp(draw), draw))
        bad = np.argwhere(~np.isfinite(values.T))
        if not len(bad):
            return
        worst = bad[0]
    assert worst is not None
    row, which = worst
    what = "the log weight of the gate" if which == 0 else "the mean of the expert"
    at = ", ".join(f"x{l + 1} = {value:g}" for l, value in enumerate(points.x[row].tolist()))
    raise ValueError(f"{what} is not finite at point {row + 1} of {len(points.y)} ({at}); accepted: formulas that are")
