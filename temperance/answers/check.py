"""Answers `check` and `catalogue`: is the temperature learnable with an activation?"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from temperance.answer.answer import Answer, Refused
from temperance.answer.verdicts import reasons
from temperance.answer.verdicts import said as verdicts_in_words
from temperance.answers.certify import check_names, write_proofs
from temperance.interop.callables import Source, activation
from temperance.terminal.errors import BadInput
from temperance.terminal.progress import Display
from temperance.theory.activations.catalogue import ALIASES, CATALOGUE
from temperance.theory.conditions.decision import Decision, decide
from temperance.theory.conditions.families import CONDITIONS
from temperance.theory.expressions.arguments import checked
from temperance.theory.models.truth import loss_of
from temperance.theory.rates.learnability import learnability

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

Found = TypeVar("Found")


def _of_one(part: Callable[[Decision], Found], text: str) -> Found:
    """A property of an answer about one activation: a part of its decision."""
    return cast(Found, property(lambda answer: part(answer._only), doc=text))


def _record(found: Decision) -> dict[str, Any]:
    """The verdicts, and the theorem in Coq that the answer on tau rests on."""
    return {**found.record(), "coq": learnability(found).theorem}


@dataclass(frozen=True, repr=False, eq=False)
class Check(Answer):
    """The verdicts on activations.

    Of one activation, the attributes of its decision are those of the answer: `check("gelu").first_order.outcome`.

    Attributes:
        decisions: one for every activation that can be read, in the order given.
        refused: why the others cannot be read, or no theorem can be written.
        unwritten: which verdicts have no certificate, where certificates are written.
        required: the conditions that should hold.
        least_squares: what is found under least squares, of every activation; there are no decisions then.
    """

    decisions: tuple[Decision, ...]
    refused: tuple[str, ...] = ()
    unwritten: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    least_squares: tuple[Mapping[str, Any], ...] = ()

    @property
    def _only(self) -> Decision:
        """The decision of one activation."""
        if len(self.decisions) != 1:
            found = f"the answer is about {len(self.decisions)} activations"
            raise AttributeError(f"{found}; decisions has one decision an activation")
        return self.decisions[0]

    activation = _of_one(lambda found: found.activation, "The activation.")
    verdicts = _of_one(
        lambda found: found.verdicts, "First order, second order, the sharp conditions (i), (ii), (iii)."
    )
    first_order = _of_one(lambda found: found.first_order, "The first-order condition.")
    second_order = _of_one(lambda found: found.second_order, "The second-order condition.")
    tau_beta1 = _of_one(lambda found: found.tau_beta1, "The sharp condition (i).")
    a = _of_one(lambda found: found.a, "The sharp condition (ii).")
    b_nu = _of_one(lambda found: found.b_nu, "The sharp condition (iii).")
    exceptional_parameters = _of_one(
        lambda found: found.exceptional_parameters,
        "For every parameter that has any, the values at which some verdict differs.",
    )
    mirror = _of_one(lambda found: found.mirror, "The mirror type.")

    @property
    def status(self) -> int:
        """2 if something cannot be read or written, 1 if a required condition does not hold, else 0."""
        kept = all(getattr(d, name).outcome == "holds" for d in self.decisions for name in self.required)
        return 2 if self.refused else int(not kept)

    @property
    def remarks(self) -> Sequence[str]:
        """What was written, has no certificate, or cannot be read or written."""
        return (*self.written, *self.unwritten, *self.refused)

    def to_json(self) -> Any:
        """A list with the verdicts on every activation."""
        return [dict(found) for found in self.least_squares] or [_record(d) for d in self.decisions]

    def rows(self) -> Sequence[dict[str, Any]]:
        """The table: the outcome of every condition; under least squares the orders."""
        if self.least_squares:
            return [{"activation": one["activation"], **order} for one in self.least_squares for order in one["orders"]]
        return [
            {
                "activation": d.activation.name,
                **{name: getattr(d, name).outcome for name in CONDITIONS},
                "fails_at_tau": ", ".join(d.second_order.fails_at_tau),
                "mirror": d.mirror_type,
            }
            for d in self.decisions
        ]

    def page(self) -> str:
        """The answer as an HTML document, with the relations of every activation typeset."""
        if self.least_squares:
            return super().page()
        from temperance.pages.pages import answer_page  # it loads templates and the claims
        from temperance.pages.verdicts import typeset

        lines = {line for found in self.decisions for line in reasons(found)}
        return answer_page(typeset(self.said, self.decisions, lines), self.to_json())

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
    *activations: Source,
    certificate: str | None = None,
    coq: str | None = None,
    require: str | None = None,
    loss: str = "likelihood",
    expert: str | None = None,
) -> Check:
    """Decide the independence conditions of activations, and with them whether the temperature is learnable.

    Args:
        activations: Names of the catalogue (gelu) or of libraries (torch.nn.GELU), or expressions in z ("z*tanh(z)");
            in a shell, after -- they may start with a dash; in Python, also functions and modules of torch or jax.
        certificate: Write a certificate of every decided verdict to this .json file; see certify.
        coq: Write the decided verdicts as theorems for Coq to this .v file, and their library beside it.
        require: Exit with 1 (in Python, have the status 1) unless all of these hold: a comma-separated list of
            first_order, second_order, tau_beta1, a, b_nu.
        loss: likelihood, or least-squares: what the regression function tells of a gate with the activation.
        expert: An expert of docs/gates.md with a named mean, with --loss least-squares; gaussian by default.

    Raises:
        Refused: an activation cannot be read, or none has theorems for `coq` (a ValueError; `answer` has the answer).
        ValueError: a file cannot be written.
    """
    if not activations:
        raise BadInput("check needs an activation; accepted: names of `temperance catalogue` and expressions in z")
    required = _required(require)
    check_names(certificate, coq)
    if loss_of(loss) == "least-squares":
        return _by_least_squares(
            activations, expert or "gaussian", {"certificate": certificate, "coq": coq, "require": require}
        )
    if expert is not None:
        raise BadInput(
            "--expert goes with --loss least-squares: the conditions of the likelihood hold for every expert"
        )
    decisions, refused = [], []
    with Display() as shown, shown.doing("deciding"):
        for source in activations:
            try:
                decisions.append(decide(source if isinstance(source, str) else activation(source)))
            except ValueError as error:
                refused.append(str(error))
        said = verdicts_in_words(decisions)
    with Display() as shown, shown.doing("writing proofs"):
        written, unwritten, refusals = write_proofs(decisions, certificate, coq)
    refused += refusals
    found = Check(tuple(decisions), tuple(refused), tuple(unwritten), required, said=said, written=tuple(written))
    if refused:
        raise Refused("; ".join(refused), found)
    return found


def _by_least_squares(activations: Sequence[Source], expert: str, options: Mapping[str, str | None]) -> Check:
    from temperance.measurements.least_squares import checked_by_least_squares  # it loads what measures

    for name, value in options.items():
        if value is not None:
            raise BadInput(f"--{name} is about the likelihood; --loss least-squares has none")
    names = [a if isinstance(a, str) else activation(a).expression for a in activations]
    with Display() as shown, shown.doing("deciding"):
        found, said = checked_by_least_squares(names, expert)
    return Check((), least_squares=tuple(found), said=said)


def _required(text: str | Sequence[str] | None) -> tuple[str, ...]:
    parts = text.split(",") if isinstance(text, str) else text or ()
    names = tuple(name.strip() for name in parts)
    for name in names:
        if name not in CONDITIONS:
            raise BadInput(f"--require: unknown condition {name!r}; accepted: {', '.join(CONDITIONS)}")
    return names


@dataclass(frozen=True, repr=False, eq=False)
class Catalogue(Check):
    """The verdicts on every activation of the catalogue.

    Attributes:
        decisions: one for every activation.
        refused, unwritten, required: empty.
        seconds: the time that each decision took.
    """

    seconds: tuple[float, ...] = ()

    def to_json(self) -> Any:
        """The objects of `check`, with the name, the aliases and the seconds of each."""
        return [
            {"name": d.activation.name, "aliases": list(ALIASES[d.activation.name]), **_record(d), "seconds": s}
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
        said = verdicts_in_words(decisions, counted=True)
    return Catalogue(tuple(decisions), seconds=tuple(seconds), said=said)
