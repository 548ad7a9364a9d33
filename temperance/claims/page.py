"""Writes a verification as an HTML page: claims, and the evidence for each.

The evidence of a leg is prepared first (`evidence`): tables, plots, repeatable studies, certificates.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from temperance.claims.verify import Result
from temperance.measurements.judgement import LEGS, LegName, describe_conditions
from temperance.measurements.slopes import SLOPE_COLUMNS, describe_fits
from temperance.show.page import group, mathml, render
from temperance.show.plots import contact_plot, label, rates_plot
from temperance.show.table import Table, badge

MODEL = (
    r"g_G(y \mid x) = \sum_{i=1}^{k} \frac{\exp\left(\frac{s(\beta_{1i} \cdot x) + \beta_{0i}}{\tau}\right)}"
    r"{\sum_{j=1}^{k} \exp\left(\frac{s(\beta_{1j} \cdot x) + \beta_{0j}}{\tau}\right)}\,"
    r"\mathcal{N}(y \mid a_i \cdot x + b_i, \nu_i)"
)

_CAPTIONS = {
    "checks": "Exact checks",
    "orders": "Contact orders",
    "constants": "RMS errors times sqrt(n), and the limits by exact information",
}

_SPECIAL = ("studies", "slopes", "fits", "certificates")

_PLOTTED = ("distances",)

_TRUTH = ("atom", r"\beta_1", r"\beta_0", "a", "b", r"\nu")


Facts = tuple[tuple[str, str], ...]
"""Names with their values."""

View = dict[str, Any]
"""What a macro of templates/parts.html shows, by name."""


def evidence(data: Mapping[str, Any], name: str) -> View:
    """All that the data of a leg (`judgement.Leg.data`) hold, for the macro of this name.

    Facts, grids, plots, studies, and certificates with the names of their files, which begin with name.
    """
    plain = {key: value for key, value in data.items() if key not in _SPECIAL}
    lists = {key: value for key, value in plain.items() if value and isinstance(value, list)}
    certificates = data.get("certificates", ())
    return {
        "facts": _facts(plain, without=lists),
        "grids": [_grid(_CAPTIONS.get(key, _spaced(key)), rows) for key, rows in lists.items()],
        "plots": [plot for order in data.get("orders", ()) if (plot := contact_plot(order))],
        "studies": [
            _study(study, [s for s in data["slopes"] if s["study"] == study["name"]])
            for study in data.get("studies", ())
        ],
        "certificates": [(f"{name}-{i}-{c['claims'][-1]['title']}.json", c) for i, c in enumerate(certificates, 1)],
    }


def _facts(record: Mapping[str, Any], *, without: Collection[str]) -> Facts:
    return tuple((_spaced(key), shown(value)) for key, value in record.items() if key not in without)


def _spaced(key: str) -> str:
    return key.replace("_", " ")


def shown(value: Any) -> str:
    """A value of a record in a cell."""
    match value:
        case None | dict() if not value:
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


def _grid(caption: str, records: Sequence[Mapping[str, Any]]) -> Table:
    keys = [key for key in dict.fromkeys(key for record in records for key in record) if key not in _PLOTTED]
    rows = tuple(tuple(shown(record.get(key)) for key in keys) for record in records)
    return Table(caption, tuple(map(_spaced, keys)), rows)


def _study(study: Mapping[str, Any], slopes: Sequence[Mapping[str, Any]]) -> View:
    """A study: definition with its digest, how its fits ended, its judged slopes as a table and plots, the others."""
    definition, fits, beside = study["definition"], study["fits"], describe_conditions(study.get("conditions", {}))
    judged = [s for s in slopes if s["outcome"] is not None]
    others = [s for s in slopes if s["outcome"] is None]
    name, dropped = definition["name"], fits["failed"] / fits["total"]
    return {
        "definition": definition,
        "fits": describe_fits(fits) + (f". {beside[0].upper()}{beside[1:]}" if beside else ""),
        "slopes": _slopes(f"Slopes of {name}", judged),
        "unjudged": _slopes(f"Slopes of {name} that are not judged", others),
        "plots": [plot for s in judged if (plot := rates_plot(s, dropped))],
        "truth": _truth(definition),
        "facts": _facts(definition, without=("name", "activation", "truth", "digest")),
    }


def _slopes(caption: str, records: Sequence[Mapping[str, Any]]) -> Table:
    columns = {**SLOPE_COLUMNS, "group": lambda s: group(s["parameter"]), "reason": "reason"}
    return Table.of(caption, columns, records)


def _truth(definition: Mapping[str, Any]) -> Table:
    truth = definition["truth"]
    columns = tuple(escape(c) if c == "atom" else mathml(c) for c in _TRUTH)
    atoms = zip(*(truth[name] for name in ("beta1", "beta0", "a", "b", "nu")), strict=True)
    rows = tuple((str(i), *map(shown, atom)) for i, atom in enumerate(atoms, 1))
    return Table(f"Truth of {definition['name']}, temperature {shown(truth['tau'])}", columns, rows)


_WORDS = {"proof": "proof", "contact": "contact", "monte_carlo": "Monte Carlo"}


def _summary(results: Sequence[Result], legs: Mapping[str, Sequence[View]]) -> Table:
    """The claims with their outcomes, and links to what each leg found."""
    caption = "Claims, their outcomes, and what each leg found; legs in brackets are not required"
    rows = (
        (
            Markup('<a href="#{0}">{0}</a>').format(result.claim.id),
            result.outcome,
            *map(_leg_link, legs[result.claim.id]),
            result.claim.statement,
        )
        for result in results
    )
    return Table(caption, ("claim", "outcome", *(_WORDS[name] for name in LEGS), "statement"), tuple(rows))


def _leg_link(leg: View) -> Markup:
    if not (leg["evidence"] or leg["required"]):
        return Markup('<span class="muted">not required</span>')
    link = Markup('<a href="#{}">{}</a>').format(leg["anchor"], badge(leg["outcome"]))
    return link if leg["required"] else Markup("({})").format(link)


def verification_page(results: Sequence[Result], source: str | None = None, fits: str | None = None) -> str:
    """A verification as an HTML document, which names the command that makes it again.

    source: the file that all was read from, if it was; fits: which fits of studies were made in the run.
    """
    legs = {result.claim.id: [_leg(result, name) for name in result.legs] for result in results}
    outcomes = Counter(result.outcome for result in results)
    ran = [leg for result in results for leg in result.legs.values() if leg is not None]
    return render(
        "verification.html",
        results=results,
        legs=legs,
        summary=_summary(results, legs),
        counts=", ".join(f"{count} {outcome}" for outcome, count in outcomes.items()),
        model=MODEL,
        open=[(result, leg) for result in results for leg in legs[result.claim.id] if leg["open"]],
        command=f"temperance verify {' '.join(legs)}",
        fits=fits,
        source=source,
        certificates=[certificate for leg in ran for certificate in leg.data.get("certificates", ())],
    )


def _leg(result: Result, name: LegName) -> View:
    """A leg of a claim: where it stands on the page, its name, whether it is required, and what it found.

    open: whether it blocks or contradicts the claim.
    """
    leg, required = result.legs[name], name in result.claim.required
    anchor = f"{result.claim.id}-{name.replace('_', '-')}"
    outcome = result.outcome_of(name)
    view: View = {"anchor": anchor, "name": _WORDS[name], "required": required, "outcome": outcome}
    if leg is None:
        return {**view, "detail": "did not run", "evidence": None, "open": required}
    blocks = leg.outcome == "contradicted" or (required and leg.outcome != "confirmed")
    return {**view, "detail": leg.detail, "evidence": evidence(leg.data, anchor), "open": blocks}
