"""What a fit leaves open, in plain words: parameters that the data do not determine, a search cut short."""

from __future__ import annotations

from collections.abc import Sequence

from temperance.numerics.estimation.tau_profile import INDISTINCT, Side
from temperance.numerics.fitting.mle import Fit
from temperance.theory.activations.activation import Activation


def undetermined(unknown: Sequence[tuple[str, int | None]], dependent: bool) -> list[str]:
    """What the likelihood is flat in beyond what theory proves; dependent: whether the columns of x (and 1) are."""
    notes = ["the columns of x are linearly dependent: no single beta1 and a are determined"] * dependent
    if unknown and not dependent:
        notes.append("the likelihood is flat: the data do not determine " + ", ".join(_named(*u) for u in unknown))
    return notes


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


def of_search(fit: Fit, source: Activation) -> list[str]:
    """How the search ended, where that is more than a maximum inside the box."""
    notes = []
    if fit.status == "spike":
        notes.append("an atom has collapsed on fewer points than it has parameters: this is not an estimate")
    if fit.status == "max_steps":
        why = " (s has switching points, where the likelihood is not smooth)" if len(source.pieces) > 1 else ""
        notes.append(f"the search ended before it reached a maximum{why}: this is not an estimate")
    for bound in dict.fromkeys(fit.bounds):
        notes.append(f"{_named(*bound)} is at the edge of the box, which is part of the estimator")
    return notes + _lone(fit)


def in_doubt(fit: Fit) -> list[str]:
    """Why AIC and BIC of an estimate may not stand beside those of other sizes."""
    if not fit.is_estimate:
        return []
    notes = []
    if fit.bounds:
        notes.append(f"the maximum is at the edge of the box ({_edge(fit)}): AIC and BIC assume one inside the box")
    return notes + _lone(fit)


def answer(
    fit: Fit,
    identifiable: Sequence[str],
    open_: Sequence[str],
    weak: Sequence[tuple[str, int | None]],
    *,
    warned: bool,
    twin: bool,
) -> tuple[str, ...]:
    """The answer in words.

    identifiable, open_: names of parameters and functions; weak: (parameter, atom) with a standard error above itself;
    warned: whether there are warnings; twin: whether other parameters have the same density, as a warning says.
    """
    if not fit.is_estimate:
        return ("There is no estimate: the numbers are where the search ended. Distrust all of them.",)
    but = " up to a twin" * twin
    yes = f"Identifiable{but}: {', '.join(identifiable) or 'nothing'}."
    more = "; the warnings say what else is open" if warned else ""
    known = f"Not identifiable: {', '.join(open_)}. {yes}" if open_ else f"Every parameter is identifiable{but}{more}."
    edge = _edge(fit)
    reached = "a maximum inside the box" if not edge else f"a maximum at the edge of the box ({edge})"
    doubts = [f"the values of {', '.join(open_)} by themselves"] * bool(open_)
    if edge:
        doubts.append("standard errors, AIC and BIC, which assume a maximum inside the box")
    if weak:
        doubts.append(f"{', '.join(_named(*w) for w in weak)}, with a standard error above the value")
    if _lone(fit):
        doubts.append("the maximum itself, which only one start reached")
    distrust = f"Distrust {'; '.join(doubts)}." if doubts else "Standard errors assume that the model is right."
    return (known, f"The search ended at {reached}. {distrust}")


def _lone(fit: Fit) -> list[str]:
    told = f"only 1 of {fit.starts} starts reached this likelihood: more starts may reach a higher one"
    return [told] * (fit.starts > 1 and fit.agree == 1)


def _edge(fit: Fit) -> str:
    """The parameters at the edge of the box."""
    return ", ".join(_named(*bound) for bound in dict.fromkeys(fit.bounds))


def _named(parameter: str, atom: int | None) -> str:
    return parameter if atom is None else f"{parameter} of atom {atom}"
