"""`temperance experts`, `temperance.experts`: how many experts do these data come from?

Example: ``print(experts(x, y, most=4))``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Unpack

from numpy.typing import ArrayLike
from sympy import Expr

from temperance.numerics.estimation.data import repeats, whole
from temperance.numerics.estimation.merge import Lines
from temperance.numerics.estimation.residuals import outliers
from temperance.numerics.estimation.result import FitResult, count_experts
from temperance.numerics.estimation.sizes import RESOLUTIONS, LikelihoodRatio, Sizes, likelihood_ratio, sizes
from temperance.show.answer import Answer
from temperance.show.options import FormulaOptions, takes_formulas
from temperance.show.plots import COLOURS, Curve, Picture, pictures_of
from temperance.show.table import Columns, Part, Summary, Table, explain
from temperance.theory.activations.activation import Activation
from temperance.theory.expressions.arguments import checked
from temperance.theory.models.spec import Expert, Gate

_LEAST = 1e-5  # dissimilarity that is drawn at the foot


@dataclass(frozen=True, kw_only=True)
class Merges(Picture):
    """The merges of the fit of the most experts, as a tree whose leaves are experts; levels: kind and height of lines.

    A merge that costs less than one below it is drawn as high as that one: a part of a cell costs more than all of it.

    trees: atoms and height of both sides of each merge. order: of the atoms, in which no merges cross.
    """

    steps: tuple[tuple[tuple[int, ...], tuple[int, ...], float], ...]
    order: tuple[int, ...]

    @property
    def description(self) -> str:
        """The tree in words."""
        merges = (f"{'+'.join(map(str, a))} with {'+'.join(map(str, b))} at {h:.3g}" for a, b, h in self.steps)
        return f"Merges of {len(self.order)} experts: {', '.join(merges)}."

    def draw(self, axes: Any) -> None:
        """Draw the tree, and the levels."""
        axes.set_yscale("log")
        place: dict[tuple[int, ...], tuple[float, float]] = {(i,): (float(n), _LEAST) for n, i in enumerate(self.order)}
        for cell, other, height in self.steps:
            (x0, y0), (x1, y1) = place[cell], place[other]
            top = max(height, y0, y1, 2 * _LEAST)
            axes.plot([x0, x0, x1, x1], [y0, top, top, y1], color=COLOURS["text"])
            place[tuple(sorted(cell + other))] = ((x0 + x1) / 2, top)
        for line in self.lines:
            if isinstance(line, Curve):
                axes.axhline(line.y[0], color=COLOURS[line.kind], linestyle=":", linewidth=1)
        axes.set_ylim(bottom=_LEAST)
        axes.set_xticks(range(len(self.order)), map(str, self.order))
        self.frame(axes)


def merges_of(comparison: Sizes) -> Merges:
    """The picture of the merges of the fit of the most experts."""
    steps = tuple((m.cells[m.pair[0]], m.cells[m.pair[1]], m.height) for m in comparison.mergers)
    trees: dict[tuple[int, ...], tuple[int, ...]] = {(i,): (i,) for i in range(len(comparison.fits))}
    for cell, other, _ in steps:
        trees[tuple(sorted(cell + other))] = trees[cell] + trees[other]
    lines = [Curve("predicted", (size,), f"resolution {size:g}") for size in RESOLUTIONS]
    return Merges(
        title="At which dissimilarity experts merge",
        axes=("expert", "log-likelihood per observation"),
        lines=(*lines, Curve("published", (comparison.noise,), f"noise, {comparison.noise:.2g}")),
        steps=steps,
        order=trees[tuple(range(len(comparison.fits)))],
    )


_ENOUGH = 20  # points a parameter
COLUMNS = (
    "k: the number of experts.",
    "AIC, BIC, ICL, sBIC: each takes the k at which it is smallest; sBIC has two values where lambda is only bounded.",
    "ICL: BIC plus twice the entropy of the experts given the points: it resists heavy tails and misses close experts.",
    "lambda: where k - 1 experts are enough, sBIC charges lambda log n for k, and not half the number of parameters.",
    "D: the log-likelihood per observation that is lost when the two most alike experts become one.",
    "merges: these two, by their numbers in the largest fit; 0+3 stands for 0 and 3 merged before.",
    "resolution: so many experts are left if two count as one where merging them costs less than this per observation.",
)


def _stop(comparison: Sizes, ratio: LikelihoodRatio | None) -> tuple[str, ...]:
    """What there was before Ctrl-C, if it came."""
    if comparison.planned is not None:
        fitted, missing = (", ".join(map(str, ks)) for ks in (range(1, len(comparison.fits) + 1), comparison.missing))
        apart = f", {missing} were not" * bool(missing)
        more = "not every fit was made again from merges of larger ones, which may reach a higher maximum"
        return (f"Stopped by Ctrl-C: {fitted} experts were fitted{apart}; {more}.",)
    if ratio is not None and ratio.planned is not None:
        return (f"Stopped by Ctrl-C after {ratio.draws} of {ratio.planned} draws of the bootstrap.",)
    return ()


def _words(comparison: Sizes, ratio: LikelihoodRatio | None, *, repeated: bool) -> Iterator[str]:
    """The answer in a sentence, how alike the experts are, and where more is said; repeated: whether data are."""
    lines = [] if comparison.lines is None else [_lines(comparison.lines)]
    doubtful = comparison.misspecified or (comparison.lines is not None and comparison.lines.count != comparison.by_bic)
    sentence = _sentence(comparison, repeated=repeated)
    yield from (*lines, sentence) if doubtful else (sentence, *lines)
    if comparison.misspecified:
        yield from _far(comparison)
    if ratio is not None:
        suffice = f"{count_experts(ratio.experts)} {'is' if ratio.experts == 1 else 'are'} enough"
        test = f"by a bootstrap of the likelihood ratio ({ratio.draws} draws)"
        yield f"That {suffice}, against one more, has p = {ratio.p:.2g} {test}."
    yield _resolutions(comparison)
    yield "What this means, and when it is wrong: docs/experts.md."


_NUMBERS = dict(enumerate(("One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine"), 1))


def _sentence(comparison: Sizes, *, repeated: bool) -> str:
    """What the criteria take, and what makes that doubtful: no more were tried, few points, or data that repeat."""
    if comparison.range is None:
        return "No number of experts can be told: no search ended at an estimate."
    (low, high), singular = comparison.range, comparison.charges is not None
    taken = f"BIC takes {comparison.by_bic}" + f", the singular BIC {comparison.by_sbic}" * singular
    if comparison.misspecified:
        return (
            f"Do not trust the criteria ({taken}): the data do not look like a mixture of so few linear Gaussian "
            "experts (see the warnings), and then every rule of likelihoods takes more experts as n grows."
        )
    if not singular:
        answer = f"BIC takes {count_experts(low)}; there is no singular BIC to hold against it."
    elif low == high:
        answer = f"{_NUMBERS.get(low, low)} expert{'s' * (low > 1)}: BIC and the singular BIC agree."
    else:
        answer = f"{low} {'or' if high == low + 1 else 'to'} {high} experts: {taken}; the data do not decide."
    reasons = ["no more were tried"] * (high == len(comparison.fits)) + ["the points are few"] * _few(comparison, high)
    reasons += ["the data repeat themselves"] * repeated
    return answer + f" Doubt it: {' and '.join(reasons)} (see the warnings)." * bool(reasons)


def _few(comparison: Sizes, k: int) -> bool:
    return comparison.n < _ENOUGH * comparison.fits[k - 1].n_parameters


_LISTED = 3  # points


def _far(comparison: Sizes) -> Iterator[str]:
    """The points that lie far off every expert of the fit that BIC takes, the farthest first, if there are any."""
    mixture = comparison.fits[(comparison.by_bic or 1) - 1].mixture
    y, far = mixture.points.y, outliers(mixture.values, mixture.points)
    listed = [
        f"point {i + 1} of {len(y)} (y = {y[i]:.4g}, {far[i]:.3g} standard deviations off)" for i in [*far][:_LISTED]
    ]
    more = f" and {len(far) - _LISTED} more" * (len(far) > _LISTED)
    if far:
        yield f"Far from every line: {', '.join(listed)}{more}. Mistakes among them move lines too: leave those out."


def _lines(lines: Lines) -> str:
    """How many lines there are, and which experts are one."""
    between = f" ({lines.low} to {lines.high})" if lines.low < lines.high else ""
    joined = " and ".join("+".join(map(str, cell)) for cell in lines.cells if len(cell) > 1)
    shapes = f": experts {joined} of the fit that BIC takes are one, whose noise is not Gaussian" if joined else ""
    return (
        f"{lines.count} line{'s' * (lines.count != 1)}{between}, where experts with nearly one mean count as one, "
        f"whatever the shape of its noise{shapes}."
    )


def _resolutions(comparison: Sizes) -> str:
    what = "where two experts are one if merging them costs no more log-likelihood per observation"
    resolved = [size for size in RESOLUTIONS if size >= comparison.noise]
    finer = f" Merges below {comparison.noise:.2g} cost no more than noise." if len(resolved) < len(RESOLUTIONS) else ""
    if not resolved:
        return f"No resolution of .1 or finer can be told from noise, which is {comparison.noise:.2g} a point."
    counts = [comparison.at_resolution(size) for size in resolved]
    sizes = [f"{size:g}" for size in resolved]
    if len(set(counts)) == 1 and len(resolved) > 1:
        listed = f"{', '.join(sizes[:-1])} and {sizes[-1]}"
        return f"At resolutions of {listed} a point there {_are(counts[0])}, {what}.{finer}"
    numbers = ", ".join(f"at {size} there {_are(count)}" for size, count in zip(sizes, counts, strict=True))
    return f"By resolution, {what}: {numbers}.{finer}"


def _are(k: int) -> str:
    return f"is {k}" if k == 1 else f"are {k}"


def _warnings(comparison: Sizes) -> Iterator[str]:
    """What speaks against the answer, beside data that repeat themselves."""
    yield from (
        f"the fit with {count_experts(f.fitted)} is no estimate ({f.status}): it has no criteria"
        for f in comparison.fits
        if not f.fit.is_estimate
    )
    if comparison.charges is None:
        yield f"no singular BIC: {comparison.silence}"
    if comparison.range is None:
        return
    low, high = comparison.range
    if high == len(comparison.fits):
        yield f"the greatest number that was tried, {high}, is taken: there may be more; --most raises it"
    least = count_experts(comparison.by_bic or 0)
    if comparison.misfit is not None:
        yield f"with {least} the residuals of expert {comparison.misfit} are not Gaussian (3rd and 4th moments, at 1%)"
    if comparison.outlying:
        which = f"expert {', '.join(map(str, comparison.outlying))} holds few points and is far broader than the others"
        yield f"with {least} {which}: it may stand for outliers"
    if comparison.grows:
        yield "the number of experts grows each time that the resolution is halved, from .1 to .05 and to .025"
    coarse = comparison.at_resolution(0.05)
    if low > coarse:
        yield (
            f"at a resolution of .05 there {_are(coarse)}, fewer than by BIC: experts that are close, or one expert "
            "whose noise is not Gaussian. The likelihood cannot tell which; look at the pair that merges: near in its "
            "lines with different nu, or light and broad, means noise"
        )
    if _few(comparison, high):
        parameters = comparison.fits[high - 1].n_parameters
        yield f"{comparison.n:g} points are few for {parameters} parameters: at such n the criteria are often wrong"


TITLE = "How many experts do these data come from?"


@checked
@dataclass(frozen=True, repr=False, eq=False)
class Experts(Answer):
    """How many experts there are: fits of one to K, with what every criterion takes.

    Attributes:
        found: the fits and all that follows from them.
        warnings: what speaks against the answer.
        columns: the names of the columns of x; target: of y.
    """

    found: Sizes
    warnings: tuple[str, ...]
    columns: tuple[str, ...]
    target: str

    key_of_rows = "sizes"

    @property
    def status(self) -> int:
        """The exit status of the command: 130 if Ctrl-C came before all was fitted."""
        return 130 if self.record["stopped"] else 0

    @property
    def range(self) -> tuple[int, int] | None:
        """From the least number of experts that a criterion takes to the greatest; None where no fit is an estimate."""
        return self.found.range

    @property
    def fits(self) -> tuple[FitResult, ...]:
        """The fits of one, two, .. experts."""
        return self.found.fits

    @property
    def plots(self) -> Sequence[Picture]:
        """The merges on a logarithmic scale, and the experts over the data where x has one column."""
        comparison = self.found
        chosen = comparison.fits[(len(comparison.fits) if comparison.range is None else comparison.range[1]) - 1]
        points = chosen.mixture.points
        return (merges_of(comparison), *pictures_of(chosen, points.x, points.y, (self.columns[0], self.target))[:1])


def _row(comparison: Sizes, k: int) -> dict[str, Any]:
    fit, sbic = comparison.fits[k - 1], comparison.sbic[k - 1]
    merger = comparison.mergers[len(comparison.fits) - k] if k > 1 else None
    charge = comparison.charges[k - 1][k - 2] if comparison.charges is not None and k > 1 else None
    resolution = comparison.resolution(k)
    return {
        "k": k,
        "loglik": fit.log_likelihood,
        "aic": fit.aic,
        "bic": fit.bic,
        "icl": fit.icl,
        "sbic": None if sbic is None else list(sbic),
        "coefficient": charge and [None if end is None else str(end) for end in (charge.lower, charge.upper)],
        "dissimilarity": None if merger is None else merger.height,
        "merges": None if merger is None else [list(merger.cells[i]) for i in merger.pair],
        "resolution": None if resolution is None else list(resolution),
    }


def _between(low: float, high: float | None) -> str:
    return f"> {low:.2g}" if high is None else f"{low:.2g} - {high:.2g}"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.1f}"


def _ends(pair: Sequence[float | str | None] | None) -> str:
    """An interval, of numbers or of fractions."""
    if pair is None:
        return "-"
    low, high = (f"{value:.1f}" if isinstance(value, float) else value for value in pair)
    return str(high) if low == high else f"at most {high}" if low is None else f"{low} to {high}"


_COLUMNS: Columns = {
    "k": lambda row: str(row["k"]),
    "log-lik": lambda row: _number(row["loglik"]),
    "AIC": lambda row: _number(row["aic"]),
    "BIC": lambda row: _number(row["bic"]),
    "ICL": lambda row: _number(row["icl"]),
    "sBIC": lambda row: _ends(row["sbic"]),
    "lambda": lambda row: _ends(row["coefficient"]),
}
_MERGES: Columns = {
    "k": lambda row: str(row["k"]),
    "D": lambda row: "-" if row["dissimilarity"] is None else f"{row['dissimilarity']:.3g}",
    "merges": lambda row: ", ".join("+".join(map(str, cell)) for cell in row["merges"] or ()) or "-",
    "resolution": lambda row: "-" if row["resolution"] is None else _between(*row["resolution"]),
}


@checked
@takes_formulas
def experts(
    x: ArrayLike,
    y: ArrayLike,
    *,
    most: int = 5,
    gate: str | Gate | None = None,
    activation: str | Expr | Activation | None = None,
    expert: str | Expert = "gaussian",
    gauge: str = "free",
    seed: int = 0,
    starts: int = 3,
    weights: ArrayLike | None = None,
    columns: Sequence[str | int] | None = None,
    drop_missing: bool = False,
    bootstrap: int = 0,
    progress: Callable[[int, int], None] | None = None,
    keep: bool = False,
    **formulas: Unpack[FormulaOptions],
) -> Experts:
    """Say how many experts the data x (n, d) or (n,), y (n,) come from.

    Fits 1, .., `most` experts and holds them against each other, by BIC, by the singular BIC with exact learning
    coefficients, and by how unlike the experts are (theory 4.4.2). Where the criteria differ, the answer is a range.

    Args:
        x: the data, (n, d) or (n,).
        y: the data, (n,).
        most: the greatest number of experts that is tried, at least 2.
        gate: as `fit` takes it; by default softmax, or activation where an activation is given.
        activation: as `fit` takes it; so are expert, gauge, weights, columns and drop_missing.
        seed: of the starts.
        starts: fresh starts at each number, besides splits and merges of other fits.
        bootstrap: draws of a bootstrap of the likelihood ratio, of the number that BIC takes against one more; 0: none.
        progress: called with the numbers of steps done and all, then of draws; without it a long run is silent.
        keep: Ctrl-C returns what was fitted, which says so, and raises KeyboardInterrupt where that is one expert.
        **formulas: Of formulas: shared, positive, constants, bias; see docs/gates.md.

    Raises:
        ValueError: data or options that make no fit; a constant y; most below 2, or more than the points carry.
    """
    options: dict[str, Any] = {"gate": gate, "activation": activation, "expert": expert, "gauge": gauge}
    options |= {"columns": columns, "seed": seed, "starts": starts, "progress": progress, "keep": keep, **formulas}
    data = {"weights": weights, "drop_missing": drop_missing}
    return answer_of(*fit_sizes(x, y, data, most=most, bootstrap=bootstrap, **options))


def fit_sizes(
    x: ArrayLike, y: ArrayLike, data: dict[str, Any], *, most: int, bootstrap: int, **options: Any
) -> tuple[Sizes, LikelihoodRatio | None]:
    """The fits that `experts` answers from, and the bootstrap where there are draws; data: weights and drop_missing."""
    if options["gate"] is None and options["activation"] is None:
        options["gate"] = "softmax"
    draws = whole(bootstrap, "bootstrap", 0)
    comparison = sizes(x, y, whole(most, "most", 2), **data, **options)
    return comparison, likelihood_ratio(comparison, draws, **options) if draws and not comparison.planned else None


def answer_of(
    comparison: Sizes, ratio: LikelihoodRatio | None = None, doubts: Sequence[str] = (), target: str = "y"
) -> Experts:
    """The answer of some fits; ratio: the bootstrap; doubts: of where the data come from; target: the name of y."""
    last, lines = comparison.fits[-1], comparison.lines
    repeated = repeats(last.mixture.points)
    stop = _stop(comparison, ratio)
    words = (*stop, *_words(comparison, ratio, repeated=bool(repeated)))
    warned = (*doubts, *repeated, *_warnings(comparison))
    head = f"{last.gate[0].upper()}{last.gate[1:]}; {comparison.n:g} points"
    rows = [_row(comparison, k) for k in range(1, len(comparison.fits) + 1)]
    table, merges = Table.of("Fits of one expert and more", _COLUMNS, rows), Table.of("Merges", _MERGES, rows)
    notes = [*COLUMNS, *([] if comparison.charges is None else comparison.charges[-1][-2].assumed)]
    parts: tuple[Part, ...] = (TITLE, *explain(head), head, table, merges, *notes, *(f"warning: {w}" for w in warned))
    record = {
        "answer": " ".join(words),
        "range": None if comparison.range is None else list(comparison.range),
        "sizes": rows,
        "misspecified": comparison.misspecified,
        "warnings": list(warned),
        "lines": None if lines is None else lines.count,
        "lines_range": None if lines is None else [lines.low, lines.high],
        "bootstrap": None if ratio is None else asdict(ratio),
        "stopped": {"not_fitted": comparison.missing} if stop else None,
    }
    return Experts(comparison, warned, last.columns, target, record=record, summary=Summary(TITLE, parts, words))
