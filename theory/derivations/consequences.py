"""Explains what the relations among an atom's derivatives mean for the rates of its parameters."""

from __future__ import annotations

from collections.abc import Mapping

from temperance.theory.interactions.interactions import Interactions, Relation, tex
from temperance.theory.settings.losses import Loss
from temperance.theory.symmetries.flows import Symmetries

_SEEN: Mapping[Loss, tuple[str, str]] = {
    "likelihood": ("density", "densities"),
    "least-squares": ("regression function", "regression functions"),
}


def consequences(interactions: Interactions, groups: Symmetries, loss: Loss = "likelihood") -> list[str]:
    """Paragraphs, each following from the relations that were found (and only from those)."""
    first = [g for g in interactions.generators if g.order == 1]
    second = [g for g in interactions.generators if g.order == 2]
    paragraphs = [_flow(groups, loss)] if groups.flows else []
    caveat = "" if interactions.complete else " (as far as the rank is proved)"
    if not first:
        paragraphs.append(
            f"There is no relation of order 1{caveat}: the atom and its first derivatives are independent, the "
            "condition for the rate $n^{-1/2}$ in the exact-specified case, where no symmetry of the mixture as a "
            "whole interferes."
        )
    paragraphs += [_second(g, loss) for g in second]
    if interactions.order >= 2 and not first and not second:
        paragraphs.append(
            f"There is no relation of order 2{caveat}: the second-order condition holds, and an over-specified fit "
            "finds every parameter at the rate $n^{-1/4}$."
        )
    return paragraphs


def _flow(groups: Symmetries, loss: Loss) -> str:
    observable, several = _SEEN[loss]
    parameters = list(dict.fromkeys(tex(p) for flow in groups.flows for p in flow.field.moved))
    names = ", ".join(f"${name}$" for name in parameters)
    return (
        f"On an orbit the {observable} does not change while {names} do. No number of observations can distinguish two "
        f"of its points: no loss that separates them is bounded by a distance of {several}, whatever its exponents, "
        "and the minimax risk of these parameters stays above a constant. Only functions of the invariants can have "
        "a rate."
    )


def _second(g: Relation, loss: Loss) -> str:
    if loss == "least-squares" and _is_straight(g):
        name = tex(g.parameters[g.terms[0][1].index(2)])
        return (
            f"${g.latex}$: two atoms that keep the mean of ${name}$, all else equal, have the regression function of "
            f"one. In a cell of $m > 1$ atoms ${name}$ has no rate."
        )
    if _is_heat(g):
        (_, alpha), (_, beta) = g.terms
        mean, variance = (tex(g.parameters[k]) for k in (alpha.index(2), beta.index(1)))
        return (
            f"${g.latex}$ is a heat equation: in a cell of $m > 1$ atoms, offsets of ${mean}$ at the nodes of "
            f"Gauss-Hermite quadrature and a smaller ${variance}$ cancel up to the order $2m - 1$. No estimator finds "
            f"${mean}$ faster than at the rate $n^{{-1/(4m)}}$, or ${variance}$ faster than at $n^{{-1/(2m)}}$."
        )
    names = ", ".join(f"${tex(p)}$" for k, p in enumerate(g.parameters) if any(alpha[k] for _, alpha in g.terms))
    return (
        f"${g.latex}$: in a cell of $m > 1$ atoms, Taylor terms of order at most 2 in the offsets of {names} can "
        f"cancel one another, so that a bound of the squared offsets by the distance of the {_SEEN[loss][1]} does not "
        "follow from order 2 alone. Whether a rate is lost is decided by the order of contact, not by this relation."
    )


def _is_heat(g: Relation) -> bool:
    """u_pp = 2 u_q for two different parameters of the atom."""
    if len(g.terms) != 2:
        return False
    (c, alpha), (e, beta) = g.terms
    pure = max(alpha) == 2 == sum(alpha) and sum(beta) == 1
    return bool(pure and c == 1 and e == -2 and alpha.index(2) != beta.index(1))


def _is_straight(g: Relation) -> bool:
    """u_pp = 0."""
    return len(g.terms) == 1 and max(g.terms[0][1]) == 2 == sum(g.terms[0][1])
