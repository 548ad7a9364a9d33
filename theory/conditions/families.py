"""Lists the families of functions of z that the conditions want independent (theory 3.1, 3.2).

For u = exp(s(beta1.x)/tau) N(y | a.x + b, nu) every derivative is

    D^alpha u = u * g(x, s, s', s'', 1/tau) * H_k(y),    H_k = (d/dmu)^k N / N,

and the H_k are independent functions of y for every x. A relation with constant coefficients therefore splits by the
Hermite degree k and, in coordinates with beta1 along the first axis, by the monomial in the other coordinates. The
part of degree k without those coordinates is a family; the parts with them, multiplied by a power of z, lie in its
span, so that the families of d = 1 decide every d (test_families.py derives all of them from the atom).

Kinks and jumps between pieces turn members of a family into distributions (`kinks_of`). What is decided of a condition
is a `Verdict`: three-valued, with its scope, relation and, if undecided, reason (theory E.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

import sympy as sp

from temperance.theory.activations.piecewise import Algebra, Piece, Pieces, limit
from temperance.theory.expressions import balls
from temperance.theory.expressions.normal_forms import has_branches
from temperance.theory.expressions.sign_changes import Sample

S, S1, S2 = sp.symbols("s s' s''")
VARIABLE = sp.Symbol("z")


@dataclass(frozen=True)
class Family:
    """Functions of z as monomials in z, s, s' and s''.

    Attributes:
        name: what theory calls it.
        members: the monomials.
        at_tau: whether the last two members p, q enter as one, p + q/tau.
        target_last: whether only relations that involve the last member count.
    """

    name: str
    members: tuple[sp.Expr, ...]
    at_tau: bool = False
    target_last: bool = False

    def combined(self, coefficients: Iterable[sp.Expr]) -> sp.Expr:
        """The combination sum c_j f_j of the members."""
        return sp.Add(*(c * m for c, m in zip(coefficients, self.members, strict=True)))


_ONE, _SLOPE, _CURVATURE = sp.S.One, VARIABLE * S1, (VARIABLE**2 * S2, VARIABLE**2 * S1**2)

FIRST_ORDER = Family("F1", (_ONE, S, _SLOPE))
"""The gate's part of u and its first derivatives (the other parts, {1, z} and {1}, are always independent)."""

SECOND_ORDER = (
    Family("A", (_ONE, S, S**2, _SLOPE, S * _SLOPE, *_CURVATURE), at_tau=True),
    Family("B", (_ONE, S, VARIABLE, VARIABLE * S, _SLOPE, VARIABLE * _SLOPE)),
    Family("C", (_ONE, S, VARIABLE, VARIABLE**2, _SLOPE)),
)
"""The parts of Hermite degree 0, 1 and 2 of u and its derivatives of order <= 2."""

SHARP = (
    Family("(i)", (_ONE, S, _SLOPE, *_CURVATURE), at_tau=True),
    Family("(ii)", (_ONE, VARIABLE, _SLOPE, VARIABLE**2), target_last=True),
    Family("(iii)", (VARIABLE, _SLOPE, _ONE), target_last=True),
)
"""The families of the sharp conditions, the member that must stay outside last in (ii) and (iii).

(i): degree 0 of the derivatives of order <= 2 without products with tau; (ii): z^2, from u_aa, against the rest of
degree 2; (iii): 1, from the moments in b and nu at every degree, against single derivatives by a and beta1.
"""

MIRROR = Family("mirror", (_ONE, S, _SLOPE, _CURVATURE[0]), target_last=True)
"""z^2 s'' against what moves a mirror point of type odd (theory 3.3.1)."""

EVERY = (FIRST_ORDER, *SECOND_ORDER, *SHARP)
MEMBERS = tuple(dict.fromkeys(m for family in EVERY for m in family.members))
"""All functions that some family has, once each."""


_BITS = 256


@dataclass(frozen=True)
class Kinks:
    """Points away from 0 where s is continuous and s' is proved to jump, and where s is (at 0, z kills the delta).

    joints: neighbours between which s is not proved to jump.
    sample: of the parameters.
    """

    kinks: tuple[sp.Expr, ...] = ()
    jumps: tuple[sp.Expr, ...] = ()
    joints: tuple[tuple[Piece, Piece], ...] = ()
    sample: Sample = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.kinks or self.jumps)

    @property
    def unclear(self) -> bool:
        """Whether s may jump elsewhere: somewhere its two limits are not shown to be the same number.

        Not beside a pole of one formula without branches: what holds on one side holds on the other.
        """
        suspects = (j for j in self.joints if j[0].expr != j[1].expr or has_branches(j[0].expr))
        return any(not meets(*joint, self.sample) for joint in suspects)

    def unaffected(self, family: Family) -> Family:
        """The members that stay functions: without s'' at a kink, without s' and s'' at a jump."""
        hit = {S1, S2} if self.jumps else {S2} if self.kinks else set()
        return Family(family.name, tuple(m for m in family.members if not m.free_symbols & hit))

    def described(self) -> str:
        """Where they are, as text."""
        parts = [("the jump", self.jumps), ("the kink", self.kinks)]
        return " and ".join(
            f"{name}{'s' if len(points) > 1 else ''} at z = {', '.join(str(p) for p in points)}"
            for name, points in parts
            if points
        )


def kinks_of(pieces: Pieces, sample: Sample) -> Kinks:
    """The kinks and jumps of a piece structure, at one sample of the parameters."""
    kinks, jumps, joints, algebra = [], [], [], Algebra(sample)
    for left, right in pairwise(pieces):
        if algebra.compare(left.upper, right.lower) or not algebra.compare(right.lower, sp.S.Zero):
            continue
        at = {**sample, "z": balls.value(right.lower, sample, _BITS)}
        below, above = (balls.jet(piece.expr, at, 1, _BITS) for piece in (left, right))
        gap = above[0] - below[0]
        if balls.is_nonzero(gap) or meets(left, right, sample) is False:  # a jump may be smaller than a ball
            jumps.append(right.lower)
            continue
        joints.append((left, right))
        if balls.is_nonzero(above[1] - below[1]):
            kinks.append(right.lower)
    return Kinks(tuple(kinks), tuple(jumps), tuple(joints), sample)


def meets(left: Piece, right: Piece, sample: Sample) -> bool | None:
    """Whether s has one finite limit from both sides of the point between neighbours; None where neither is proved."""
    below, above = limit(left, left.upper, sample), limit(right, right.lower, sample)
    if {below, above} & {sp.oo, -sp.oo, sp.nan}:
        return None
    gap = sp.expand(above - below)
    return True if gap == 0 else False if balls.sign(gap, sample) else None


Outcome = Literal["holds", "fails", "undecided"]

CONDITIONS = {
    "first_order": "first order: F1",
    "second_order": "second order: A, B, C",
    "tau_beta1": "sharp (i): tau, beta1",
    "a": "sharp (ii): a",
    "b_nu": "sharp (iii): b, nu",
}
"""The conditions that are decided, in order, and what each is called where it stands alone."""


@dataclass(frozen=True)
class Verdict:
    """The answer to one condition.

    Attributes:
        relation: for a failure (or a failure at some tau) the linear relation, in s, s', s'' and z.
        scopes: for which tau, parameters and derivatives the outcome is meant, and what else goes with it.
        reason: why it is undecided; None otherwise.
        fails_at_tau: the temperatures at which a condition that holds otherwise fails.
        failing_families: names of the families that fail for all tau.
        latex: the relation as LaTeX.
    """

    outcome: Outcome
    relation: str | None = None
    scopes: tuple[str, ...] = ()
    reason: str | None = None
    fails_at_tau: tuple[str, ...] = ()
    failing_families: tuple[str, ...] = ()
    latex: str | None = None

    @property
    def scope(self) -> str:
        """The scopes as a text."""
        return "; ".join(self.scopes)

    def record(self, *names: str) -> dict[str, Any]:
        """The outcome with some of these, tuples as the lists of JSON."""
        values = ((name, getattr(self, name)) for name in names)
        return {"verdict": self.outcome, **{n: list(v) if isinstance(v, tuple) else v for n, v in values}}


def outcome_in_words(verdict: Verdict, but: str = "except") -> str:
    """The outcome in words, with the temperatures (after this word) or families at which it fails."""
    if verdict.fails_at_tau:
        return f"{verdict.outcome}, {but} at tau = {', '.join(verdict.fails_at_tau)}"
    if verdict.failing_families:
        return f"{verdict.outcome} ({', '.join(verdict.failing_families)})"
    return verdict.outcome


def markdown_table(expression: str, verdicts: Sequence[Verdict]) -> str:
    """A table of the verdicts on s(z) = expression: condition, outcome, relation, scope or reason."""
    lines = [f"`s(z) = {expression}`", "", "| condition | verdict | relation | scope |", "|---|---|---|---|"]
    for name, verdict in zip(CONDITIONS.values(), verdicts, strict=True):
        relation = f"${verdict.latex}$".replace("|", r"\vert ") if verdict.latex else ""
        lines.append(f"| {name} | {outcome_in_words(verdict)} | {relation} | {verdict.reason or verdict.scope} |")
    return "\n".join(lines)
