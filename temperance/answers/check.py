"""Answers `check` and `catalogue`: is the temperature learnable with an activation?"""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from temperance.answers.certify import check_names, write_proofs
from temperance.interop.callables import Source, activation
from temperance.pages.answer import Answer, Grid, Part, Refused
from temperance.terminal.errors import BadInput
from temperance.terminal.progress import Display
from temperance.theory.activations.catalogue import ALIASES, CATALOGUE
from temperance.theory.conditions.decision import Decision, decide
from temperance.theory.conditions.verdict import CONDITIONS, Verdict
from temperance.theory.expressions.arguments import checked
from temperance.theory.rates.learnability import MIRRORS, learnability
from temperance.theory.twins.decision import twins

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

_RATES = "how fast: temperance predict --activation {} --true 2 --fitted 3 --gauge anchored"
_COLUMNS = ("activation", "first", "second", "tau, beta1", "a", "b, nu", "mirror")


@dataclass(frozen=True, repr=False, eq=False)
class Check(Answer):
    """The verdicts on activations.

    Of one activation, the attributes of its decision are those of the answer: `check("gelu").first_order.outcome`.

    Attributes:
        decisions: one for every activation that can be read, in the order given.
        refused: why the others cannot be read, or no theorem can be written.
        unwritten: which verdicts have no certificate, where certificates are written.
        required: the conditions that should hold.
        written: what was written where.
    """

    decisions: tuple[Decision, ...]
    refused: tuple[str, ...] = ()
    unwritten: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    written: tuple[str, ...] = ()

    def __getattr__(self, name: str) -> Any:
        """An attribute of the decision, of one activation."""
        if name.startswith("_") or len(self.decisions) != 1:
            raise AttributeError(f"Check has no attribute {name!r}; decisions has one decision an activation")
        return getattr(self.decisions[0], name)

    @property
    def title(self) -> str:
        """What was asked."""
        return f"Is the temperature learnable? {', '.join(self._names)}"

    @property
    def status(self) -> int:
        """2 if something cannot be read or written, 1 if a required condition does not hold, else 0."""
        kept = all(getattr(d, name).outcome == "holds" for d in self.decisions for name in self.required)
        return 2 if self.refused else int(not kept)

    @property
    def remarks(self) -> Sequence[str]:
        """What was written, has no certificate, or cannot be read or written."""
        return (*self.written, *self.unwritten, *self.refused)

    def parts(self) -> Iterator[Part]:
        """The table, the relations that make conditions fail, and the mirror types in words."""
        if not self.decisions:
            return
        rows = ((d.activation.name, *map(_short, d.verdicts), _mirror(d)) for d in self.decisions)
        yield Grid("Conditions", _COLUMNS, tuple(rows))
        for found, twin in zip(self.decisions, self._twins, strict=True):
            yield from _notes(found, twin)
        kinds = {_mirror(d) for d in self.decisions}
        yield from (f"mirror {text}" for kind, text in MIRRORS.items() if kind in kinds)

    @property
    def words(self) -> Sequence[str]:
        """Whether tau is learnable with each activation, and what to do."""
        several, names, found = len(self.decisions) > 1, self._names, list(map(learnability, self.decisions))
        starts = [f"{name}: " if several else "" for name in names]
        lines = [f"{start}tau learnable: {one.answer}" for start, one in zip(starts, found, strict=True)]
        for advice in dict.fromkeys(one.advice for one in found if one.advice):
            of = ", ".join(name for name, one in zip(names, found, strict=True) if one.advice == advice)
            lines.append(f"what to do ({of}): {advice}" if several else f"what to do: {advice}")
        if (first := next((d for d in self.decisions if d.activation.pieces), None)) is not None:
            lines.append(_RATES.format(shlex.quote(first.activation.name)))
        return lines

    @cached_property
    def _twins(self) -> list[str | None]:
        return [twins(d.activation).remark if d.activation.pieces else None for d in self.decisions]

    @property
    def _names(self) -> list[str]:
        return [d.activation.name for d in self.decisions]

    def to_json(self) -> Any:
        """A list with the verdicts on every activation."""
        return [decision_record(d) for d in self.decisions]

    def rows(self) -> Sequence[dict[str, Any]]:
        """The table: the outcome of every condition."""
        return [
            {
                "activation": d.activation.name,
                **{name: getattr(d, name).outcome for name in CONDITIONS},
                "fails_at_tau": ", ".join(d.second_order.fails_at_tau),
                "mirror": _mirror(d),
            }
            for d in self.decisions
        ]

    def values(self, z: ArrayLike, order: int = 0) -> list[NDArray[np.float64]]:
        """Derivatives 0..order (at most 2) of s at every element of z: arrays of its shape, nan where s is not defined.

        Raises:
            AttributeError: there are several activations.
            ValueError: it has free parameters, or is real where no closed form is known.
        """
        from temperance.numerics.mixture.activation_numpy import compile_activation

        return compile_activation(self.activation)(z, order)

    def certificates(self) -> list[dict[str, Any]]:
        """The proofs of the verdicts, as JSON values; `certify` proves them again."""
        from temperance.theory.conditions.certificates import certificates

        return [proof for d in self.decisions for proof in certificates(d)]


@checked
def check(
    *activations: Source, certificate: str | None = None, coq: str | None = None, require: str | None = None
) -> Check:
    """Decide the independence conditions of activations, and with them whether the temperature is learnable.

    Args:
        activations: Names of the catalogue (gelu) or of libraries (torch.nn.GELU), or expressions in z ("z*tanh(z)");
            in a shell, after -- they may start with a dash; in Python, also functions and modules of torch or jax.
        certificate: Write a certificate of every decided verdict to this .json file; see certify.
        coq: Write the decided verdicts as theorems for Coq to this .v file, and their library beside it.
        require: Exit with 1 (in Python, have the status 1) unless all of these hold: a comma-separated list of
            first_order, second_order, tau_beta1, a, b_nu.

    Raises:
        Refused: an activation cannot be read, or none has theorems for `coq` (a ValueError; `answer` has the answer).
        ValueError: a file cannot be written.
    """
    if not activations:
        raise BadInput("check needs an activation; accepted: names of `temperance catalogue` and expressions in z")
    required = _required(require)
    check_names(certificate, coq)
    decisions, refused = [], []
    with Display() as shown, shown.doing("deciding"):
        for source in activations:
            try:
                decisions.append(decide(source if isinstance(source, str) else activation(source)))
            except ValueError as error:
                refused.append(str(error))
    with Display() as shown, shown.doing("writing proofs"):
        written, unwritten, refusals = write_proofs(decisions, certificate, coq)
    refused += refusals
    found = Check(tuple(decisions), tuple(refused), tuple(unwritten), required, tuple(written))
    if refused:
        raise Refused("; ".join(refused), found)
    return found


def _required(text: str | Sequence[str] | None) -> tuple[str, ...]:
    parts = text.split(",") if isinstance(text, str) else text or ()
    names = tuple(name.strip() for name in parts)
    for name in names:
        if name not in CONDITIONS:
            raise BadInput(f"--require: unknown condition {name!r}; accepted: {', '.join(CONDITIONS)}")
    return names


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
        "mirror_points": {"type": _mirror(found), "reason": found.mirror.reason if found.mirror else None},
    }


def _verdict_record(v: Verdict, *fields: str) -> dict[str, Any]:
    """A verdict with some of its fields, tuples as the lists of JSON."""
    values = ((name, getattr(v, name)) for name in fields)
    return {"verdict": v.outcome, **{n: list(value) if isinstance(value, tuple) else value for n, value in values}}


def _mirror(found: Decision) -> str:
    mirror = found.mirror
    return "undecided" if mirror is None or not mirror.proved else mirror.kind or "none"


def _short(v: Verdict) -> str:
    at = f", not at tau = {', '.join(v.fails_at_tau)}" if v.fails_at_tau else ""
    families = f" ({', '.join(v.failing_families)})" if v.failing_families else ""
    return f"{v.outcome}{at}{families}"


def _notes(found: Decision, twin: str | None) -> Iterator[str]:
    """Why an activation fails or is undecided, at which parameters the verdicts are others, and its first twin."""
    reasons: dict[str, str] = {}
    for condition, v in zip(CONDITIONS, found.verdicts, strict=True):
        why = v.reason or v.relation
        if why is not None:
            reasons.setdefault(why, condition)  # a relation is told with the first condition that it breaks
    notes = [f"{condition}: {why}" for why, condition in reasons.items()]
    if found.mirror is not None and not found.mirror.proved:
        notes.append(f"mirror: {found.mirror.reason}")
    notes += [f"other verdicts at {name} = {', '.join(values)}" for name, values in found.exceptional_parameters]
    notes += [] if twin is None else [f"twins of two atoms, free gauge: {twin}"]
    return (f"{found.activation.name}, {note}" for note in notes)


@dataclass(frozen=True, repr=False, eq=False)
class Catalogue(Check):
    """The verdicts on every activation of the catalogue.

    Attributes:
        decisions: one for every activation.
        refused, unwritten, required, written: empty.
        seconds: the time that each decision took.
    """

    seconds: tuple[float, ...] = ()

    @property
    def words(self) -> Sequence[str]:
        """How many activations make tau learnable, and which do not."""
        lost = [d.activation.name for d in self.decisions if d.first_order.outcome == "fails"]
        rest = [d.activation.name for d in self.decisions if d.first_order.outcome == "undecided"]
        kept = len(self.decisions) - len(lost) - len(rest)
        open_ = f"; undecided: {', '.join(rest)}" if rest else ""
        return [
            f"tau learnable: with {kept} of {len(self.decisions)}; not, or in part only, with {', '.join(lost)}{open_}",
            "temperance check NAME says where there are exceptions, and what to do",
        ]

    def to_json(self) -> Any:
        """The objects of `check`, with the name, the aliases and the seconds of each."""
        return [
            {"name": d.activation.name, "aliases": list(ALIASES[d.activation.name]), **decision_record(d), "seconds": s}
            for d, s in zip(self.decisions, self.seconds, strict=True)
        ]


def catalogue() -> Catalogue:
    """Decide the independence conditions of every activation of the catalogue."""
    decisions, seconds = [], []
    with Display() as shown, shown.doing("deciding"):
        for name in CATALOGUE:
            start = time.perf_counter()
            decisions.append(decide(name))
            seconds.append(round(time.perf_counter() - start, 3))
    return Catalogue(tuple(decisions), seconds=tuple(seconds))
