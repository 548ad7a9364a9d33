"""Lays out sample sizes as a table, and says in words what they mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil

from temperance.answers.required import ParameterRow
from temperance.measurements.sample_sizes import Match, Row, power
from temperance.numerics.information.fisher import RESOLVED
from temperance.terminal.parts import Grid

_ROUGH = 1e-3  # relative error of n that is said
_SHOWN = 4  # names in a sentence
MOST_CHECKED = 12  # rows whose laws are held against n: each takes half a second
_COLUMNS = ("activation", "tau", "n (tau)", "n (beta1)", "price", "best tau (window)", "crossings", "tau -> 0")
_MATCHED_COLUMNS = ("activation", "n (tau)", "n (beta1)", "n (both)", "at beta1", "tau", "price")
_COLUMNS_IN_WORDS = (
    "price: the factor by which an unknown beta1 raises n (tau); best tau: of the least n, in the window n is at most "
    "twice that; crossings: x at which the two largest scores are equal; tau -> 0: the law of n."
)


def table(rows: Sequence[Row], match: Match | None) -> Grid:
    """The sample sizes, a row an activation and temperature."""
    columns, cells = (_COLUMNS, _cells) if match is None else (_MATCHED_COLUMNS, _matched_cells)
    return Grid("Sample sizes", columns, tuple(map(cells, rows)))


def _cells(row: Row) -> tuple[str, ...]:
    window, law = "-", row.laws.tau_to_0
    if row.best_tau is not None:
        ends = " to ".join("?" if end is None else f"{end:.2g}" for end in row.best_tau[1:])
        window = f"{row.best_tau[0]:.3g} ({ends})"
    law_words = law or "-" if law is None or isinstance(law, str) else power(law)
    return (
        row.activation,
        f"{row.tau:.4g}",
        _tau_cell(row),
        count(row.n_beta1),
        _short(row.price),
        window,
        "-" if row.crossings is None else str(row.crossings),
        law_words,
    )


def _matched_cells(row: Row) -> tuple[str, ...]:
    at = "-" if row.beta1 is None else ", ".join(f"{v:.3g}" for beta in row.beta1 for v in beta if v) or "0"
    at += " (end)" if row.at_edge else ""
    tau = "-" if row.n_tau is None else _short(row.tau)
    numbers = (_tau_cell(row), count(row.n_beta1), count(row.n_both))
    return row.activation, *numbers, at, tau, _short(row.price)


def _reach(rows: Sequence[Row]) -> Iterator[str]:
    """From where the laws of tau -> 0 hold, by n at smaller temperatures."""
    starts = {row.activation: row.law_holds_from for row in rows}
    reached = [f"{start:.2g} ({name})" for name, start in starts.items() if start is not None]
    left = [name for name, start in starts.items() if start is None]
    if reached:
        more = f" and {len(reached) - _SHOWN} more" if len(reached) > _SHOWN else ""
        yield f"n is within 10% of its law of tau -> 0 from tau = {', '.join(reached[:_SHOWN])}{more} downwards."
    if left:
        yield f"n does not settle on its law of tau -> 0 at the temperatures that are resolved: {_listed(left)}."


def _tau_cell(row: Row) -> str:
    return count(row.n_tau) + (" *" if row.asymptotic is False else "")


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def notes(rows: Sequence[Row], match: Match | None, floor: float, title: str) -> Iterator[str]:
    """What stands between the table and the answer."""
    yield f"n: observations for {title}; by theory none is below {ceil(floor)}."
    if match is None and any(row.n_tau is not None for row in rows):
        yield _COLUMNS_IN_WORDS
    errors = [row.relative_error for row in rows if row.relative_error is not None]
    if errors:
        yield f"Numerical error of n: about {max(1e-9, *errors):.0e} of it, by comparison with a coarser rule."
    if len(rows) <= MOST_CHECKED:
        yield from _reach([row for row in rows if isinstance(row.laws.tau_to_0, int | float)])
    if any(row.asymptotic is False for row in rows):
        yield "* not in the asymptotic regime (kurtosis of the influence above n/10): errors at n may be larger."
    if match is None and len({row.activation for row in rows}) > 1:
        yield (
            "Activations in other units are other parametrisations (sigmoid and tanh are one model): rows at equal "
            "beta1 and tau do not rank them; --match .1,.9 does."
        )
    if match is not None:
        yield (
            f"The gate ranges from {match[0]:g} to {match[1]:g} over x. beta1 is the length, in its direction, at "
            "which tau needs the fewest observations; n (both): at the length that serves tau and beta1 together."
        )
        if any(row.at_edge for row in rows):
            yield (
                "(end): n still falls slowly as beta1 grows, and the search ended. Where it ends depends on the units "
                "of s, so that rows with (end) are bounds, and do not rank one another."
            )
    yield from (f"{row.activation}: {_why(row)}" for row in rows if row.n_tau is None)


def _why(row: Row) -> str:
    """Why there is no n of tau."""
    if row.not_identifiable is None:
        return f"no n: {row.reason}."
    power = "" if row.not_identifiable == "linear" else "^(1/p)"
    invariant = "" if row.n_invariant is None else f" What is left, beta1/tau{power}, needs n = {row.n_invariant:.0f}."
    return f"not identifiable ({row.not_identifiable}): {row.reason}.{invariant}"


def sizes(row: ParameterRow) -> Grid:
    """The sample size of a parameter of any gate."""
    return Grid("Sample size", ("parameter", "true value", "n"), ((row.parameter, f"{row.value:.4g}", count(row.n)),))


def remarks(row: ParameterRow) -> Iterator[str]:
    """What goes with the sample size of a parameter."""
    if row.relative_error is not None and row.relative_error > _ROUGH:
        yield f"Numerical error of n: about {row.relative_error:.0e} of it, by comparison with a coarser rule."
    if row.score_held and row.n is not None:
        yield "Held is the score of the last atom: its parameters move along the flow (theory.md 2.2)."
    if row.singular_values is not None:
        shown = ", ".join(f"{v:.1e}" if v > 1 / RESOLVED else f"below {1 / RESOLVED:.0e}" for v in row.singular_values)
        yield f"Smallest singular values of the root of the information, over the largest: {shown}."


def in_a_sentence(row: ParameterRow, precision: float) -> str:
    """What is found of a parameter."""
    if row.n is not None:
        to = f"{precision:g} (absolute, as its true value is 0)" if row.absolute else f"{100 * precision:g}%"
        return f"{row.parameter} is learnt to {to} from {count(row.n)} observations."
    if row.not_identifiable is None:
        return f"No number of observations is given for {row.parameter}: {row.reason}."
    left = "" if row.n_invariant is None else f" What is left, {row.invariant}, needs n = {count(row.n_invariant)}."
    return f"{row.parameter} is not identifiable ({row.not_identifiable}): {row.reason}.{left}"


def count(value: float | None, decimals: int = 0) -> str:
    """A number of observations, or a ratio of two, in at most five digits; "-" for none."""
    if value is None:
        return "-"
    return f"{value:.{decimals}f}" if value < 1e5 else f"{value:.3g}"


def answer(rows: Sequence[Row], match: Match | None, floor: float, precision: float) -> str:
    """What the table says, in a sentence or two."""
    percent = f"{100 * precision:g}%"
    known = [(row.n_tau, row) for row in rows if row.n_tau is not None]
    without = list(dict.fromkeys(row.activation for row in rows if row.not_identifiable is not None))
    lost = "" if not without else f" Not identifiable by a proof: {_listed(without)}."
    if not known:
        open_ = list(dict.fromkeys(row.activation for row in rows if row.not_identifiable is None))
        silent = f" The Fisher information gives none for {_listed(open_)}; other methods may." if open_ else ""
        return f"No number of observations that gives tau to {percent} is found here.{silent}{lost}"
    (least, best), (most, worst) = (f(known, key=lambda pair: pair[0]) for f in (min, max))
    times = f"{count(least / floor, 1)} times the floor"
    if match is not None:
        rest = f", and takes {most:.3g} with {worst.activation}" if worst is not best else ""
        at_most = "at most " if best.at_edge else ""
        first = (
            f"On equal terms tau is learnt to {percent} from {at_most}{count(least)} observations by {best.activation}"
        )
        return f"{first}, {times}{rest}.{lost}"
    if len(known) == 1:
        found = f"{best.activation} learns tau to {percent} from {count(least)} observations"
        return f"{found}, {times}{_at_best(best)}.{lost}"
    several = len({row.tau for row in rows}) > 1
    names = [f"{row.activation} at tau = {row.tau:g}" if several else row.activation for row in (best, worst)]
    ends = f"from {count(least)} ({names[0]}) to {most:.3g} ({names[1]})"
    return f"tau to {percent} takes {ends} observations; the floor is {ceil(floor)}.{lost}"


def _at_best(row: Row) -> str:
    if row.best_tau is None or row.tau is None:
        return ""
    tau, low, high = row.best_tau
    inside = (low is None or row.tau >= low) and (high is None or row.tau <= high)
    return f"; tau = {row.tau:g} is {'inside' if inside else 'outside'} the window of its best temperature, {tau:.3g}"


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"
