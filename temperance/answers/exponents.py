"""Answers `exponents`: which contact orders does a gate have, proved and measured?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Unpack

from cyclopts import Parameter

from temperance.measurements.contact_orders import (
    add_measurements,
    describe_bound,
    describe_rate,
    describe_truth,
    record,
    unmeasured,
)
from temperance.measurements.contact_orders import answer as sentence_of
from temperance.measurements.least_squares import ByLeastSquares, by_least_squares
from temperance.measurements.true_measures import exact, read_truth, values_of
from temperance.show.answer import Refused, Typeset
from temperance.show.options import ExpertWithOrders, FileOr, FormulaOptions, Options, Whole, takes_formulas
from temperance.show.output import BadInput, Display, check_writable, doing
from temperance.show.proof_files import write_certificates
from temperance.show.table import Columns, Summary, Table, explain
from temperance.theory.contact.contact_orders import Orders, orders
from temperance.theory.contact.order_setting import accepted, at_truth, order_setting
from temperance.theory.expressions.arguments import checked
from temperance.theory.models.gates import listed
from temperance.theory.models.order import ReasonKind
from temperance.theory.models.spec import Gate
from temperance.theory.models.truth import loss_of, noise_of

_LARGEST_CELL = 4
_LARGEST_DIMENSION = 2  # a grid in x is integrated over
_UNCERTIFIED = (ReasonKind.NO_CERTIFICATE, ReasonKind.NOT_ISSUED)


@dataclass(frozen=True, repr=False, eq=False)
class Exponents(Typeset):
    """The contact order of every parameter of a split atom.

    Attributes:
        found: the bounds and measurements.
        record: setting, orders and reasons.
    """

    found: Orders | ByLeastSquares

    key_of_rows = "orders"

    @property
    def bounds_are_certified(self) -> bool:
        """Whether a certificate holds upper bounds: those of curves alone bound no order from above."""
        orders = self.found
        return orders.proof is not None if isinstance(orders, ByLeastSquares) else bool(orders.certificates)

    @property
    def uncertified(self) -> str:
        """Why no upper bounds are certified, if none are."""
        if isinstance(self.found, ByLeastSquares):
            return self.found.uncertified
        return next((r.text for r in reversed(self.found.reasons) if r.kind in _UNCERTIFIED), "")

    def certificates(self) -> list[dict[str, Any]]:
        """The proofs of the bounds and of the curves that reach orders, as JSON values; `certify` proves them again."""
        if isinstance(self.found, ByLeastSquares):
            return [] if self.found.proof is None else [dict(self.found.proof)]
        return [dict(proof) for proof in (*self.found.certificates, *self.found.curves)]

    def true_values(self) -> Mapping[str, Any]:
        """The true atoms and the law of x, as --truth takes them."""
        return values_of(self.found.setting.truth, exact)


@checked
@takes_formulas
def exponents(
    gate: Annotated[str | Gate | None, Parameter(help=f"{listed(accepted())}, or a formula")] = None,
    expert: ExpertWithOrders = "gaussian",
    activation: str | None = None,
    *,
    cell: Whole = 2,
    split: str = "one",
    dim: Whole | None = None,
    truth: FileOr = None,
    bounds_only: bool = False,
    loss: str = "likelihood",
    noise: str = "each",
    certificate: str | None = None,
    **formulas: Unpack[FormulaOptions],
) -> Exponents:
    """Compute the contact order of every parameter of a split atom: what is proved and what is measured.

    Args:
        gate: A gate of the list in docs/gates.md, or a formula of its log weight; linear is the default, or
            "activation" with an activation; in Python, also a Gate.
        expert: An expert of the list there that has orders, or a formula of its mean; in Python, also an Expert.
        activation: A name of the catalogue or an expression in z; alone it chooses the gate "activation".
        cell: Number of atoms that the true atom is fitted by, 2 to 4.
        split: one: another cell is a singleton; all: every cell is split.
        dim: Dimension of x, 1 or 2; by default 1, or the least that a formula needs.
        truth: A .json file with the true point, {NAME: a number for all atoms, or one for each in [..]}: its first atom
            is the split one. What is left out is as in the answer, beta1 = 1, tau = 1 and the like.
        bounds_only: Prove the upper bounds, in seconds, and measure nothing.
        loss: likelihood, or least-squares: the orders of the regression function, proved and not measured, with --split
            one.
        noise: What is known of nu: each atom has its own (each), it is known, or it is common to all atoms; these two
            with --split one, proved and not measured.
        certificate: Write the certificates of the upper bounds and of curves that reach orders to this .json file; see
            certify. What they take for granted is in their statements.
        **formulas: Of formulas: shared, positive, constants, bias; see docs/gates.md.

    Raises:
        ValueError: what is not accepted; Refused: nothing is certified here (`answer` has the orders).
    """
    if cell > _LARGEST_CELL:
        raise BadInput(f"--cell must be 2, 3 or 4, not {cell}")
    squares, variance = loss_of(loss) == "least-squares", noise_of(noise)
    if squares and variance is not None:
        raise BadInput("--noise is about the likelihood; --loss least-squares has no nu")
    if certificate is not None:
        check_writable(certificate, endings=(".json",))
    options = Options(gate, expert, activation, dim, **formulas)
    spec = options.spec
    if spec.dim > _LARGEST_DIMENSION:
        raise BadInput(f"--dim must be 1 or 2, not {spec.dim}")
    chosen = order_setting(spec.gate, spec.expert, size=cell, split=split, dim=spec.dim)
    chosen = at_truth(chosen, read_truth(truth, spec))
    if squares or variance is not None:
        with doing("bounding the orders"):
            proved = by_least_squares(chosen, variance)
        answer = Exponents(proved, record=proved.record(), summary=proved.summary())
        return _write_certificates(answer, certificate)
    with Display() as display:
        with display.doing("bounding the orders"):
            bounds = orders(chosen)
        obstacle = None if bounds_only else unmeasured(chosen)
        measured = bounds if bounds_only or obstacle else add_measurements(bounds, progress=display.doing)
    contents = record(measured)
    contents["reasons"] += [f"not measured: {obstacle}"] if obstacle else []
    contents["setting"]["gate_formula"] = options.reading_record
    answer = Exponents(measured, record=contents, summary=_summary(measured, contents, options.reading_lines))
    return _write_certificates(answer, certificate)


def _write_certificates(answer: Exponents, path: str | None) -> Exponents:
    """The answer, its certificates written to a file; where there are none, raises Refused with the answer."""
    if path is None:
        return answer
    try:
        proofs = answer.certificates() if answer.bounds_are_certified else []
        return replace(answer, written=write_certificates(proofs, path, answer.uncertified))
    except BadInput as error:
        raise Refused(str(error), replace(answer, refused=(str(error),))) from None


def _summary(measured: Orders, record: Mapping[str, Any], lines: Sequence[str]) -> Summary:
    """The setting; the orders, where they are open; and the rates in words."""
    setting = record["setting"]
    gate = setting["gate"] if setting["activation"] is None else f"{setting['gate']} {setting['activation']}"
    at = ", ".join(f"{name} = {value}" for name, value in setting["point"].items())
    other = "every cell is split" if setting["split"] == "all" else "another is a singleton"
    d = "" if setting["dim"] == 1 else f", d = {setting['dim']}"
    cell = f"a cell of {setting['cell']}, {other}{d}; {at}"
    title = f"Contact orders of the {gate} gate, {setting['expert']} expert, {cell}"
    orders_ = Table.of("Contact orders", _COLUMNS, record["orders"])
    power = "" if setting["dim"] == 1 else f"^{setting['dim']}"
    ends = f"[{setting['x']['low']}, {setting['x']['high']}]{power}"
    law = f"x: uniform on {ends}; bounds: any density that is bounded away from 0 there"
    truth = describe_truth(setting["truth"], every=setting["split"] == "all")
    parts = (title, *explain(title), *lines, truth, law, orders_, *record["reasons"])
    return Summary(title, parts, (sentence_of(measured),))


def _measured(order: Mapping[str, Any]) -> str:
    return "-" if order["measured"] is None else f"{order['measured']:.2f} ± {max(order['error'], 0.01):.2f}"


_COLUMNS: Columns = {
    "parameter": "parameter",
    "upper bound": describe_bound,
    "measured": _measured,
    "rate": describe_rate,
}
