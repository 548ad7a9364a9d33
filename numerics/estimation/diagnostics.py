"""What a fit leaves open, in plain words: parameters that the data do not determine, a search cut short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from temperance.numerics.estimation.tau_profile import INDISTINCT, Side
from temperance.numerics.fitting.fits import Fit
from temperance.numerics.mixture.activation_numpy import Floats
from temperance.numerics.mixture.measures import Layout

_ROUNDING = 1e-9  # of a direction


def undetermined(unknown: Sequence[tuple[str, int | None]], *, flat: bool) -> list[str]:
    """What the information is singular in beyond what theory proves; flat: whether the likelihood is flat along it.

    A singular information alone says nothing of the data: the point may be a saddle, or the foot of a higher ridge.
    """
    names = ", ".join(_named(*u) for u in unknown)
    if not unknown:
        return []
    if flat:
        return [f"the likelihood is flat at the maximum that was found: there the data do not determine {names}"]
    return [f"the information is singular where the search ended, in {names}: it may be no maximum, and tells no error"]


def of_covariates(
    layout: Layout, dependent: Floats, fewer: int, x: Floats, unknown: Sequence[tuple[str, int | None]]
) -> list[str]:
    """Columns of x that depend on each other, along directions (m, p); and gates with too many parameters.

    unknown: what these leave open.
    """
    notes = []
    if len(dependent):
        names, sizes = np.array([name for name, _ in layout.names]), np.abs(dependent)
        largest = (sizes / sizes.max(axis=1, keepdims=True)).max(axis=0)
        groups = [name for name in ("beta1", "beta0", "a", "b") if (largest[names == name] > _ROUNDING).any()]
        listed = " and ".join([", ".join(groups[:-1]), groups[-1]]) if groups[1:] else groups[0]
        what = f"no single {listed} {'are' if groups[1:] else 'is'} determined"
        notes.append(
            f"the columns of x are linearly dependent (to four digits): {what}, "
            f"and AIC and BIC count {len(dependent)} parameters less"
        )
    if fewer:
        values = len(np.unique(x, axis=0))
        notes.append(
            f"x has only {values} different values, where a gate has {(layout.k - 1) * values} log odds: "
            f"AIC and BIC count {fewer} of its parameters less"
            + f", so that the data do not determine {', '.join(_named(*u) for u in unknown)}"
            * bool(unknown)
        )
    return notes


def of_separation(atoms: Sequence[int], k: int) -> list[str]:
    """That the likelihood has no maximum; atoms: of k, those that a gate separates."""
    if not atoms:
        return []
    whole = k == 2 or len(atoms) == k
    each = f"atom {atoms[0]}" if len(atoms) == 1 else f"each of the atoms {', '.join(map(str, atoms))}"
    which = "between the atoms" if whole else f"of {each} from the others"
    return [
        "the likelihood has no maximum: with these experts it rises without end as the gate gets steeper and splits "
        f"the points {which} for certain; the numbers of the gate are where the search stopped"
    ]


def of_weights(n: float, size: int) -> list[str]:
    """That the weights sum to fewer points than there are parameters, as shares do; n: their sum."""
    note = (
        f"the weights sum to {n:.3g} points, fewer than the {size} parameters: a weight says how often a row was seen"
    )
    return [f"{note}, and standard errors, AIC and BIC are those of so many points"] * (n < size)


def uncertain(errors: Sequence[tuple[str, int | None, float]], sides: Sequence[Side]) -> list[str]:
    """Relative errors above 1 of positive parameters, (parameter, atom, error), and a profile that does not fall."""
    notes = []
    for parameter, atom, error in errors:
        if error > 1:
            name = _named(parameter, atom)
            notes.append(f"the standard error of {name} is {error:.2g} times {name}: it is hardly determined")
    for side, word in zip(sides, ("lower", "upper"), strict=False):
        if side.fall < INDISTINCT:
            notes.append(
                f"the profile likelihood of tau falls by only {max(side.fall, 0.0):.2g} on the way to the edge of the "
                f"box, tau = {side.tau:.3g}: the data give no {word} bound of tau"
            )
    return notes


def of_search(fit: Fit, hint: str = "") -> list[str]:
    """How the search ended, where that is more than a maximum inside the box; hint: what may have stopped it."""
    notes = []
    if fit.status == "spike":
        notes.append("an atom has collapsed on fewer points than it has parameters: this is not an estimate")
    if fit.status == "max_steps":
        cause = f" ({hint})" if hint else ""
        notes.append(f"the search ended before it reached a maximum{cause}: this is not an estimate")
    for bound in dict.fromkeys(fit.bounds):
        notes.append(f"{_named(*bound)} is at the edge of the box, which is part of the estimator")
    return notes + _lone(fit)


def in_doubt(fit: Fit, *, separated: bool) -> list[str]:
    """Why AIC and BIC of an estimate may not stand beside those of other sizes; separated: there is no maximum."""
    if not fit.is_estimate:
        return []
    notes = []
    if separated:
        notes.append("the likelihood has no maximum (separated): AIC and BIC assume one")
    elif fit.bounds:
        notes.append(f"the maximum is at the edge of the box ({_edge(fit)}): AIC and BIC assume one inside the box")
    return notes + _lone(fit)


def answer(
    fit: Fit,
    verdicts: Mapping[str, bool | None],
    weak: Sequence[tuple[str, int | None]],
    *,
    warned: bool,
    twin: bool,
    separated: bool,
) -> tuple[str, ...]:
    """The answer in words.

    verdicts: whether parameters and functions are identifiable, by their names; weak: (parameter, atom) with a standard
    error above itself; warned: whether there are warnings; twin: whether other parameters have the same density, as a
    warning says; separated: whether the likelihood has no maximum.
    """
    if not fit.is_estimate:
        return ("There is no estimate: the numbers are where the search ended. Distrust all of them.",)
    but = " up to a twin" * twin
    identifiable, open_, untold = ([n for n, v in verdicts.items() if v is which] for which in (True, False, None))
    parts = [f"Not identifiable: {', '.join(open_)}."] * bool(open_) + [f"Not told: {', '.join(untold)}."] * bool(
        untold
    )
    more = "; the warnings say what else is open" if warned else ""
    yes = f"Identifiable{but}: {', '.join(identifiable) or 'nothing'}."
    verdict = " ".join([*parts, yes]) if parts else f"Every parameter is identifiable{but}{more}."
    edge = _edge(fit)
    reached = "a maximum inside the box" if not edge else f"a maximum at the edge of the box ({edge})"
    if untold:
        reached = "a point whose information is singular, which may be no maximum"
    if separated:
        reached = "no maximum, for there is none"
    doubts = [f"the values of {', '.join([*open_, *untold])} by themselves"] * bool(open_ or untold)
    if edge or separated:
        doubts.append(f"standard errors, AIC and BIC, which assume a maximum{'' if separated else ' inside the box'}")
    if weak:
        doubts.append(f"{', '.join(_named(*w) for w in weak)}, with a standard error above the value")
    if _lone(fit):
        doubts.append("the maximum itself, which only one start reached")
    distrust = f"Distrust {'; '.join(doubts)}." if doubts else "Standard errors assume that the model is right."
    return (verdict, f"The search ended at {reached}. {distrust}")


def _lone(fit: Fit) -> list[str]:
    note = f"only 1 of {fit.starts} starts reached this likelihood: more starts may reach a higher one"
    return [note] * (fit.starts > 1 and fit.agree == 1)


def _edge(fit: Fit) -> str:
    """The parameters at the edge of the box."""
    return ", ".join(_named(*bound) for bound in dict.fromkeys(fit.bounds))


def _named(parameter: str, atom: int | None) -> str:
    return parameter if atom is None else f"{parameter} of atom {atom}"
