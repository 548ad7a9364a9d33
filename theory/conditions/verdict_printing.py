"""Prints verdicts as Markdown and LaTeX for notebooks."""

from __future__ import annotations

from collections.abc import Sequence

from temperance.theory.conditions.verdict import CONDITIONS, Verdict


def outcome(verdict: Verdict) -> str:
    """The outcome in words, with the temperatures or families at which it fails."""
    if verdict.fails_at_tau:
        return f"{verdict.outcome}, except at tau = {', '.join(verdict.fails_at_tau)}"
    if verdict.failing_families:
        return f"{verdict.outcome} ({', '.join(verdict.failing_families)})"
    return verdict.outcome


def markdown(expression: str, verdicts: Sequence[Verdict]) -> str:
    """A table of the verdicts on s(z) = expression: condition, outcome, relation, scope or reason."""
    lines = [f"`s(z) = {expression}`", "", "| condition | verdict | relation | scope |", "|---|---|---|---|"]
    for name, verdict in zip(CONDITIONS.values(), verdicts, strict=True):
        relation = f"${verdict.latex}$".replace("|", r"\vert ") if verdict.latex else ""
        lines.append(f"| {name} | {outcome(verdict)} | {relation} | {verdict.reason or verdict.scope} |")
    return "\n".join(lines)


def latex(expression: str, verdicts: Sequence[Verdict]) -> str:
    """The verdicts on s(z) = expression (LaTeX) as one display."""
    rows = [rf"s(z) &= {expression}"]
    for name, verdict in zip(CONDITIONS.values(), verdicts, strict=True):
        relation = rf":\quad {verdict.latex}" if verdict.latex else ""
        rows.append(rf"\text{{{name}}} &\quad \text{{{outcome(verdict)}}}{relation}")
    return "$$\\begin{aligned}" + r" \\ ".join(rows) + r"\end{aligned}$$"
