"""Says in words what a certificate proves: the claims, the place, and what is taken for granted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from temperance.theory.kernel.place import WEIGHT, Checked, Claim, Place
from temperance.theory.kernel.verdict import CONDITIONS


def statement(checked: Checked) -> str:
    """The statement of a certificate."""
    place, model = checked.place, checked.place.model
    if place.subject == "activation":
        near = ", ".join(f"{p} = {v}" for p, v in place.points[0])
        ends = f"almost everywhere: nothing is said of z = {', '.join(checked.left_out)}" if checked.left_out else ""
        parts = [
            "; ".join(_verdict(claim, checked.claims) for claim in checked.claims if claim.title in CONDITIONS),
            f"s(z) = {model.log_weight}, where all parts of it are real and analytic",
            f"generic parameters near {near}" if near else "",
            ends,
        ]
        return "; ".join(filter(None, parts))
    premises = f"given the theorems {', '.join(checked.assumed)}" if checked.assumed else "given no theorem"
    roles = [
        f"each atom with its own {', '.join((*model.own, *model.expert))}",
        f"all with one {', '.join(model.shared)}" if model.shared else "",
        f"{', '.join(model.held)} held" if model.held else "",
        "" if model.weighted else "without weights of their own",
    ]
    formulas = f"log weight {model.log_weight}, mean {model.mean}, {', '.join(filter(None, roles))}"
    distance = "distance of regression functions" if place.subject == "regressions" else "distance of densities"
    return f"contact orders ({distance}) {in_groups(checked.claims)}; {where(place)}; {formulas}; {premises}"


def _verdict(claim: Claim, claims: Sequence[Claim]) -> str:
    failing = [c.title for c in claims if c.title in CONDITIONS[claim.title] and c.side == "fails"]
    families = f" (families {', '.join(failing)})" if failing and len(CONDITIONS[claim.title]) > 1 else ""
    tau = "" if claim.value is None else f" except {claim.value} where positive"
    return f"{claim.title} {claim.side}{families}, all tau > 0{tau}"


def in_groups(claims: Iterable[Claim]) -> str:
    """Claims by what they say: at most 2: beta1, a; at most 4: b."""
    return grouped({claim.title: f"{claim.side} {claim.value or ''}".strip() for claim in claims})


def grouped(words: Mapping[str, str]) -> str:
    """Titles by what is said of them."""
    titles: dict[str, list[str]] = {}
    for title, text in words.items():
        titles.setdefault(text, []).append(title)
    return "; ".join(f"{text}: {', '.join(of)}" for text, of in titles.items())


def where(place: Place) -> str:
    """The cells of a place, its dimension, its true point, and what is held there."""
    model, sizes = place.model, place.sizes
    split = [n for n in sizes if n > 1]
    if not split:
        cells = f"as many atoms as the truth has, {len(sizes)}"
    elif len(split) == len(sizes):
        cells = f"every cell of {', '.join(map(str, dict.fromkeys(sizes)))}"
    else:
        cells = f"a cell of {', '.join(map(str, split))} beside a singleton"
    points = [", ".join(f"{p} = {v}" for p, v in point if p != WEIGHT) for point in place.points]
    at = " and ".join(f"({point})" if point else "(any true values)" for point in points)
    held = f", {', '.join(model.held)} held" if model.held else ""
    nonzero = f", {', '.join(place.nonzero)} not 0" if place.nonzero else ""
    fixed = [f"{p.removeprefix('_')} of atom {i + 1}" for i, p in place.fixed]
    still = f", {', '.join(fixed)} fixed" if fixed else ", all gates free"
    return f"{cells}, d = {len(model.covariates)}, at {at}{held}{nonzero}{still}"
