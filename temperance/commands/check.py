"""`temperance check`: decides the independence conditions of activations, and writes their certificates."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Any

from cyclopts import Parameter
from rich.table import Table

from temperance.terminal.errors import BadInput, one_line
from temperance.terminal.options import Json
from temperance.terminal.output import check_writable, console, table, to_json, write_file
from temperance.terminal.progress import display
from temperance.theory.conditions.decision import Decision, decide
from temperance.theory.conditions.verdict import CONDITIONS, Verdict


def check(
    *activations: str,
    json: Json = False,
    certificate: Annotated[
        str | None, Parameter(help="Write a certificate of every decided verdict to this .json file; see certify.")
    ] = None,
    require: Annotated[
        str | None,
        Parameter(help=f"Exit with 1 unless all of these hold: a comma-separated list of {', '.join(CONDITIONS)}."),
    ] = None,
) -> int:
    """Decide the independence conditions of activations.

    Parameters
    ----------
    activations
        Names of the catalogue (gelu) or of libraries (torch.nn.GELU), or expressions in z ("z*tanh(z)"); after -- they
        may start with a dash.
    """
    if not activations:
        raise BadInput("check needs an activation; accepted: names of `temperance catalogue` and expressions in z")
    required = _required(require)
    if certificate is not None:
        check_writable(certificate, endings=(".json",))
    with display() as shown:
        with shown.doing("deciding"):
            decisions, refused = [], []
            for text in activations:
                try:
                    decisions.append(decide(text))
                except ValueError as error:
                    refused.append(str(error))
        with shown.doing("writing certificates"):
            remarks = [] if certificate is None or not decisions else _write_certificates(decisions, certificate)
    for remark in [*remarks, *refused]:
        print(one_line(remark), file=sys.stderr)
    if json:
        print(to_json([decision_record(d) for d in decisions]))
    elif decisions:
        screen = console()
        screen.print(decision_table(decisions))
        for note in [note for d in decisions for note in _notes(d)]:
            screen.print(note)
    if refused:
        return 2
    verdicts = [dict(zip(CONDITIONS, d.verdicts, strict=True)) for d in decisions]
    return int(any(v[name].outcome != "holds" for v in verdicts for name in required))


def _required(text: str | None) -> list[str]:
    names = [] if text is None else [name.strip() for name in text.split(",")]
    for name in names:
        if name not in CONDITIONS:
            raise BadInput(f"--require: unknown condition {name!r}; accepted: {', '.join(CONDITIONS)}")
    return names


def _write_certificates(decisions: Sequence[Decision], path: str) -> list[str]:
    """Write the certificates of all decided verdicts to one JSON file.

    Returns:
        A line for every activation that has verdicts without a certificate: those undecided, and those that the
        checker's rules do not reach.
    """
    from temperance.theory.checker.verdict_checker import CONDITIONS as CERTIFIED
    from temperance.theory.conditions.certificates import certificates

    written: list[dict[str, Any]] = []
    remarks = []
    for decision in decisions:
        found = certificates(decision)
        written += found
        covered = {c["claim"]["condition"] for c in found}
        missing = [name for name in CERTIFIED if name not in covered]
        if missing:
            remarks.append(f"{decision.activation.name}: no certificate for {', '.join(missing)}")
    write_file(path, to_json(written) + "\n")
    return remarks


def decision_record(found: Decision) -> dict[str, Any]:
    """What `check --json` prints of one activation."""
    sharp = ("fails_at_tau", "relation", "scope")
    return {
        "activation": found.activation.name,
        "expression": found.activation.expression,
        "first_order": _verdict_record(found.first_order, "relation", "scope", "reason"),
        "second_order": _verdict_record(found.second_order, "failing_families", *sharp, "reason"),
        "sharp": {name: _verdict_record(getattr(found, name), *sharp) for name in ("tau_beta1", "a", "b_nu")},
        "mirror": found.mirror.kind if found.mirror else None,
        "exceptional_parameters": {name: list(values) for name, values in found.exceptional_parameters},
    }


def _verdict_record(v: Verdict, *fields: str) -> dict[str, Any]:
    """A verdict with some of its fields, tuples as the lists of JSON."""
    values = ((name, getattr(v, name)) for name in fields)
    return {"verdict": v.outcome, **{n: list(value) if isinstance(value, tuple) else value for n, value in values}}


_COLUMNS = ("activation", "first", "second", "tau, beta1", "a", "b, nu", "mirror")


def decision_table(decisions: Sequence[Decision]) -> Table:
    """The table of `check`, one line for every activation."""
    return table(_COLUMNS, [_row(found) for found in decisions])


def _row(found: Decision) -> list[str]:
    mirror = found.mirror
    kind = "-" if mirror is None or mirror.kind is None else mirror.kind
    undecided = mirror is not None and not mirror.proved
    return [found.activation.name, *(_short(v) for v in found.verdicts), "undecided" if undecided else kind]


def _short(v: Verdict) -> str:
    at = f", not at tau = {', '.join(v.fails_at_tau)}" if v.fails_at_tau else ""
    families = f" ({', '.join(v.failing_families)})" if v.failing_families else ""
    return f"{v.outcome}{at}{families}"


def _notes(found: Decision) -> list[str]:
    """Why an activation fails or is undecided, and at which parameters the verdicts are others."""
    reasons: dict[str, str] = {}
    for condition, v in zip(CONDITIONS, found.verdicts, strict=True):
        why = v.reason or v.relation
        if why is not None:
            reasons.setdefault(why, condition)  # a relation is told with the first condition that it breaks
    notes = [f"{condition}: {why}" for why, condition in reasons.items()]
    notes += [f"other verdicts at {name} = {', '.join(values)}" for name, values in found.exceptional_parameters]
    return [one_line(f"{found.activation.name}, {note}") for note in notes]
