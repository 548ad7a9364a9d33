"""Writes reports of verifications and derivations as HTML pages, one file each that loads nothing.

The evidence of a leg is prepared first (`evidence`): tables, plots, repeatable studies, certificates.
"""

from __future__ import annotations

import base64
import platform
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from importlib.metadata import version
from textwrap import shorten
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from temperance.claims.verify import Result
from temperance.evidence.conditions import describe
from temperance.evidence.outcomes import LEGS, LegName
from temperance.pages.formulas import FORMULAS, MODEL
from temperance.pages.mathml import activation as activation_mathml
from temperance.pages.mathml import group, mathml, prose
from temperance.pages.plots import Picture, contact_plot, label, rates_plot
from temperance.pages.slopes import SLOPE_COLUMNS, fits_in_words, slope_row
from temperance.terminal.output import COLOURS, to_json
from temperance.terminal.parts import Grid, Said
from temperance.theory.activations.activation import activation, reread
from temperance.theory.derivations.derivation import Derivation, Formula, Paragraph, broken

_CAPTIONS = {
    "checks": "Exact checks",
    "orders": "Contact orders",
    "losses": "Order of the loss along the orbit",
    "profiles": "Likelihood along orbits",
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
    """All that the data of a leg (`outcomes.Leg.data`) hold, for the macro of this name.

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


def _grid(caption: str, records: Sequence[Mapping[str, Any]]) -> Grid:
    keys = [key for key in dict.fromkeys(key for record in records for key in record) if key not in _PLOTTED]
    rows = tuple(tuple(shown(record.get(key)) for key in keys) for record in records)
    return Grid(caption, tuple(map(_spaced, keys)), rows)


def data_address(value: Any) -> str:
    """A value as JSON, as an address that needs no network."""
    return "data:application/json;base64," + base64.b64encode(to_json(value).encode()).decode()


def _study(study: Mapping[str, Any], slopes: Sequence[Mapping[str, Any]]) -> View:
    """A study: definition with its digest, how its fits ended, its judged slopes as a table and plots, the others."""
    definition, fits, beside = study["definition"], study["fits"], describe(study.get("conditions", {}))
    judged = [s for s in slopes if s["outcome"] is not None]
    others = [s for s in slopes if s["outcome"] is None]
    name, dropped = definition["name"], fits["failed"] / fits["total"]
    return {
        "definition": definition,
        "fits": fits_in_words(fits) + (f". {beside[0].upper()}{beside[1:]}" if beside else ""),
        "slopes": _slopes(f"Slopes of {name}", judged),
        "unjudged": _slopes(f"Slopes of {name} that are not judged", others),
        "plots": [plot for s in judged if (plot := rates_plot(s, dropped))],
        "truth": _truth(definition),
        "facts": _facts(definition, without=("name", "activation", "truth", "digest")),
    }


def _slopes(caption: str, records: Sequence[Mapping[str, Any]]) -> Grid:
    rows = tuple((group(s["parameter"]), *slope_row(s)[1:], s["reason"]) for s in records)
    return Grid(caption, (*SLOPE_COLUMNS, "reason"), rows)


def _truth(definition: Mapping[str, Any]) -> Grid:
    truth = definition["truth"]
    columns = tuple(escape(c) if c == "atom" else mathml(c) for c in _TRUTH)
    atoms = zip(*(truth[name] for name in ("beta1", "beta0", "a", "b", "nu")), strict=True)
    rows = tuple((str(i), *map(shown, atom)) for i, atom in enumerate(atoms, 1))
    return Grid(f"Truth of {definition['name']}, temperature {shown(truth['tau'])}", columns, rows)


def badge_class(text: str) -> str:
    """The class that the colour of an outcome comes from; empty for other words."""
    word = text.split(",")[0].split(" (")[0] if not isinstance(text, Markup) else ""
    return word.replace(" ", "-") if word in (*COLOURS, "did not run") else ""


def width_class(text: str) -> str:
    """The class that keeps a cell from being squeezed, by how much stands in it."""
    if isinstance(text, Markup) or len(text) <= 12:
        return "short"
    if not any(c.isalpha() for c in text):
        return "number"
    return "medium" if len(text) <= 40 else "wide"


PACKAGES = ("numpy", "numba", "sympy", "python-flint", "mpmath", "scipy", "temperance")
_WORDS = {"proof": "proof", "contact": "contact", "monte_carlo": "Monte Carlo"}


def _page(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(versions=versions(), **values)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("temperance.pages", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        mathml=mathml,
        prose=prose,
        activation=lambda text: activation_mathml(activation(text)),
        certified=lambda expression: activation_mathml(reread(expression)),
        json=to_json,
        address=data_address,
        badge=badge_class,
        width=width_class,
        sentence=lambda text: f"{text[:1].upper()}{text[1:]}.",
        shorten=lambda text: shorten(text, 160, placeholder=" …"),
    )
    return made


def verification_page(results: Sequence[Result], source: str | None = None, fits: str | None = None) -> str:
    """A verification as an HTML document, which names the command that makes it again.

    source: the file that all was read from, if it was; fits: which fits of studies were made in the run.
    """
    legs = {result.claim.id: [_leg(result, name) for name in result.legs] for result in results}
    outcomes = Counter(result.outcome for result in results)
    found = [leg for result in results for leg in result.legs.values() if leg is not None]
    return _page(
        "verification.html",
        results=results,
        formulas=FORMULAS,
        legs=legs,
        names=[_WORDS[name] for name in LEGS],
        counts=", ".join(f"{count} {outcome}" for outcome, count in outcomes.items()),
        model=MODEL,
        open=[(result, leg) for result in results for leg in legs[result.claim.id] if leg["open"]],
        command=f"temperance verify {' '.join(legs)}",
        fits=fits,
        source=source,
        certificates=[certificate for leg in found for certificate in leg.data.get("certificates", ())],
    )


def versions() -> dict[str, str]:
    """Of Python and of the packages that results depend on."""
    return {"Python": platform.python_version(), **{name: version(name) for name in PACKAGES}}


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


def derivation_page(found: Derivation) -> str:
    """A derivation as an HTML document, step by step, without the code that recomputes it."""
    return _page(
        "derivation.html",
        title=found.title,
        record=found.record(),
        scope=found.interactions.scope,
        steps=[
            (step.name, [_block(b) for b in step.blocks if isinstance(b, Paragraph | Formula)]) for step in found.steps
        ],
        relations=[(r.order, r.latex) for r in found.interactions.relations],
    )


def answer_page(said: Said, record: Any, plots: Sequence[Picture] = ()) -> str:
    """The answer of a command as an HTML document: what it prints, its plots, and its JSON (record)."""
    return _page(
        "answer.html",
        title=said.title,
        parts_=[part for part in said.parts if part not in ("", said.title)],
        words=said.words,
        plots=plots,
        record=record,
    )


def _block(block: Paragraph | Formula) -> tuple[str, list[str]]:
    """The name of a block's macro and what it prints."""
    if isinstance(block, Paragraph):
        return "text", [block.content]
    return "formula", [row for line in block.lines for row in broken(line)]
