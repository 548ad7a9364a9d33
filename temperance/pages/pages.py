"""Writes reports of verifications and derivations as HTML pages, one file each that loads nothing."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import version
from textwrap import shorten
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from temperance.claims.verify import Result
from temperance.evidence.outcomes import LEGS, LegName
from temperance.pages.formulas import FORMULAS, MODEL
from temperance.pages.leg_views import View, badge_class, data_address, evidence, width_class
from temperance.pages.mathml import activation as activation_mathml
from temperance.pages.mathml import mathml, prose
from temperance.pages.plots import Picture
from temperance.terminal.output import to_json
from temperance.terminal.parts import Said
from temperance.theory.activations.activation import activation, reread
from temperance.theory.derivations.derivation import Derivation, Formula, Paragraph
from temperance.theory.derivations.printing import broken

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
