"""Prepares the evidence of a leg for a report: tables, plots, repeatable studies, certificates."""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from temperance.pages.answer import Grid
from temperance.pages.mathml import group, mathml
from temperance.pages.plots import Plot, contact_plot, label, rates_plot
from temperance.terminal.output import to_json

_CAPTIONS = {
    "checks": "Exact checks",
    "identities": "Exact identities",
    "settings": "Settings",
    "orders": "Contact orders",
    "losses": "Order of the loss along the orbit",
    "profiles": "Likelihood along orbits",
    "twins": "The same setting by samples and on the lattice",
}
_SPECIAL = ("studies", "slopes", "fits", "certificates")
_PLOTTED = ("distances",)
_SLOPES = ("group", "cell (atoms)", "share", "slope [95% interval]", "predicted", "published", "outcome", "reason")
_UNJUDGED = ("group", "cell (atoms)", "share", "slope [95% interval]", "why it is not judged")
_TRUTH = ("atom", r"\beta_1", r"\beta_0", "a", "b", r"\nu")


Facts = tuple[tuple[str, str], ...]
"""Names with their values."""


@dataclass(frozen=True)
class StudyView:
    """A study: its definition, how its fits ended, its judged slopes as a table and plots, and the others."""

    definition: Mapping[str, Any]
    fits: str
    slopes: Grid
    unjudged: Grid
    plots: tuple[Plot, ...]
    truth: Grid
    facts: Facts


@dataclass(frozen=True)
class EvidenceView:
    """Everything that the data of a leg hold; certificates: with the names of their files."""

    facts: Facts
    grids: tuple[Grid, ...]
    plots: tuple[Plot, ...]
    studies: tuple[StudyView, ...]
    certificates: tuple[tuple[str, Mapping[str, Any]], ...]


def evidence(data: Mapping[str, Any], name: str) -> EvidenceView:
    """The data of a leg (`outcomes.Leg.data`) for a report; name: begins the names of its files."""
    plain = {key: value for key, value in data.items() if key not in _SPECIAL}
    lists = {key: value for key, value in plain.items() if value and isinstance(value, list)}
    studies = [
        study_view(study["definition"], study["fits"], [s for s in data["slopes"] if s["study"] == study["name"]])
        for study in data.get("studies", ())
    ]
    return EvidenceView(
        facts=_facts(plain, without=lists),
        grids=tuple(_grid(_CAPTIONS.get(key, _spaced(key)), rows) for key, rows in lists.items()),
        plots=tuple(plot for order in data.get("orders", ()) if (plot := contact_plot(order))),
        studies=tuple(studies),
        certificates=tuple(
            (f"{name}-{i}-{c['claim']['condition']}.json", c) for i, c in enumerate(data.get("certificates", ()), 1)
        ),
    )


def _facts(record: Mapping[str, Any], *, without: Collection[str]) -> Facts:
    return tuple((_spaced(key), shown(value)) for key, value in record.items() if key not in without)


def _spaced(key: str) -> str:
    return key.replace("_", " ")


def shown(value: Any) -> str:
    """A value of a record in a cell."""
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case float():
            return label(value, 6)
        case list() | tuple():
            return ", ".join(map(shown, value))
        case dict():
            return ", ".join(f"{_spaced(key)} {shown(item)}" for key, item in value.items())
    return str(value)


def _grid(caption: str, records: Sequence[Mapping[str, Any]]) -> Grid:
    keys = [key for key in dict.fromkeys(key for record in records for key in record) if key not in _PLOTTED]
    rows = tuple(tuple(shown(record.get(key)) for key in keys) for record in records)
    return Grid(caption, tuple(map(_spaced, keys)), rows)


def data_address(value: Any) -> str:
    """A value as JSON, as an address that needs no network."""
    return "data:application/json;base64," + base64.b64encode(to_json(value).encode()).decode()


def study_view(
    definition: Mapping[str, Any], fits: Mapping[str, int], slopes: Iterable[Mapping[str, Any]]
) -> StudyView:
    """A study: definition with its digest (`judging.study_record`, setting), counts of fits, records of slopes."""
    judged = [s for s in slopes if s["outcome"] is not None]
    others = [s for s in slopes if s["outcome"] is None]
    name = definition["name"]
    dropped = fits["failed"] / fits["total"]
    return StudyView(
        definition=definition,
        fits=f"{fits['total']} fits: "
        + ", ".join(f"{fits[k] / fits['total']:.2%} {_spaced(k)}" for k in ("converged", "at_bound", "failed")),
        slopes=Grid(f"Slopes of {name}", _SLOPES, tuple(map(_judged, judged))),
        unjudged=Grid(f"Slopes of {name} that are not judged", _UNJUDGED, tuple(map(_unjudged, others))),
        plots=tuple(plot for s in judged if (plot := rates_plot(s, dropped))),
        truth=_truth(definition),
        facts=_facts(definition, without=("name", "activation", "truth", "digest")),
    )


def _judged(s: Mapping[str, Any]) -> tuple[str, ...]:
    outcome = f"{s['outcome']}, sharp" if s["sharp"] else s["outcome"]
    stated = (shown(s[name]) for name in ("predicted", "published"))
    return (*_measured(s), *stated, outcome, s["reason"])


def _unjudged(s: Mapping[str, Any]) -> tuple[str, ...]:
    return (*_measured(s), s["reason"])


def _measured(s: Mapping[str, Any]) -> tuple[str, ...]:
    cell = "–" if s["cell"] is None else f"{s['cell']} ({s['cell_size']})"
    slope = "–"
    if s["slope"] is not None:
        low, high = ("?" if end is None else f"{end:.3f}" for end in s["ci"])
        slope = f"{s['slope']:.3f} [{low}, {high}]"
    return (group(s["parameter"]), cell, f"{s['share']:.2f}", slope)


def _truth(definition: Mapping[str, Any]) -> Grid:
    truth = definition["truth"]
    columns = tuple(escape(c) if c == "atom" else mathml(c) for c in _TRUTH)
    atoms = zip(*(truth[name] for name in ("beta1", "beta0", "a", "b", "nu")), strict=True)
    rows = tuple((str(i), *map(shown, atom)) for i, atom in enumerate(atoms, 1))
    return Grid(f"Truth of {definition['name']}, temperature {shown(truth['tau'])}", columns, rows)


def badge_class(text: str) -> str:
    """The class that the colour of an outcome comes from; empty for other words."""
    word = text.split(",")[0] if not isinstance(text, Markup) else ""
    return word.replace(" ", "-") if word in _BADGES else ""


def width_class(text: str) -> str:
    """The class that keeps a cell from being squeezed, by how much stands in it."""
    if isinstance(text, Markup) or len(text) <= 12:
        return "short"
    if not any(c.isalpha() for c in text):
        return "number"
    return "medium" if len(text) <= 40 else "wide"


_BADGES = ("proved", "confirmed", "contradicted", "inconclusive", "crashed", "did not run")
