"""Says in words how many experts there are, and what is not known."""

from __future__ import annotations

from collections.abc import Iterator

from temperance.numerics.selection.sizes import RESOLUTIONS, Sizes

_ENOUGH = 20  # points a parameter
COLUMNS = (
    "k: the number of experts.",
    "AIC, BIC, sBIC: each takes the k at which it is smallest; sBIC has two values where lambda is only bounded.",
    "lambda: where k - 1 experts are enough, sBIC charges lambda log n for k, and not half the number of parameters.",
    "D: the log-likelihood per observation that is lost when the two most alike experts become one.",
    "merges: these two, by their numbers in the largest fit; 0+3 stands for 0 and 3 merged before.",
    "resolution: so many experts are left if two count as one where merging them costs less than this per observation.",
)


def answer(result: Sizes) -> tuple[str, ...]:
    """The answer in a sentence, how alike the experts are, and where more is said."""
    return (
        _sentence(result),
        *_distrust(result),
        _resolutions(result),
        "What this means, and when it is wrong: docs/experts.md.",
    )


def _sentence(result: Sizes) -> str:
    if result.range is None:
        return "No number of experts can be told: no search ended at an estimate."
    low, high = result.range
    doubt = _doubts(result)
    if result.charges is None:
        return f"BIC takes {counted(low)}; there is no singular BIC to hold against it.{doubt}"
    if low == high:
        return f"{counted(low, first=True)}: BIC and the singular BIC agree.{doubt}"
    between = f"{low} or {high}" if high == low + 1 else f"{low} to {high}"
    criteria = f"BIC takes {result.by_bic}, the singular BIC {result.by_sbic}"
    return f"{between} experts: {criteria}; the data do not decide.{doubt}"


def _doubts(result: Sizes) -> str:
    """What makes the number itself doubtful: it is the greatest that was tried, or there are few points for it."""
    high = 0 if result.range is None else result.range[1]
    reasons = ["no more were tried"] * (high == len(result.fits)) + ["the points are few"] * _few(result)
    return f" Doubt it: {' and '.join(reasons)} (see the warnings)." if reasons else ""


def _few(result: Sizes) -> bool:
    return result.range is not None and result.n < _ENOUGH * result.fits[result.range[1] - 1].n_parameters


def _distrust(result: Sizes) -> Iterator[str]:
    if result.misspecified:
        yield (
            "Do not trust these criteria here: the data do not look like a mixture of so few linear Gaussian experts "
            "(see the warnings), and then every rule of likelihoods takes more experts as n grows."
        )


def _resolutions(result: Sizes) -> str:
    what = "where two experts are one if merging them costs no more log-likelihood per observation"
    resolvable = [size for size in RESOLUTIONS if size >= result.noise]
    finer = f" Merges below {result.noise:.2g} cost no more than noise." if len(resolvable) < len(RESOLUTIONS) else ""
    if not resolvable:
        return f"No resolution of .1 or finer can be told from noise, which is {result.noise:.2g} a point."
    counts = [result.at_resolution(size) for size in resolvable]
    sizes = [f"{size:g}" for size in resolvable]
    if len(set(counts)) == 1 and len(resolvable) > 1:
        listed = f"{', '.join(sizes[:-1])} and {sizes[-1]}"
        return f"At resolutions of {listed} a point there {_are(counts[0])}, {what}.{finer}"
    parts = ", ".join(f"at {size} there {_are(count)}" for size, count in zip(sizes, counts, strict=True))
    return f"By resolution, {what}: {parts}.{finer}"


def _are(k: int) -> str:
    return f"is {k}" if k == 1 else f"are {k}"


def counted(k: int, *, first: bool = False) -> str:
    """A number of experts."""
    words = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
    number = (words[k] if k < len(words) else str(k)) if first else str(k)
    return f"{number} expert{'s' * (k != 1)}"


def warnings(result: Sizes) -> tuple[str, ...]:
    """What speaks against the answer."""
    return tuple(_warnings(result))


def _warnings(result: Sizes) -> Iterator[str]:
    yield from (
        f"the fit with {counted(f.fitted)} is no estimate ({f.status}): it has no criteria"
        for f in result.fits
        if not f.fit.is_estimate
    )
    if result.charges is None:
        yield f"no singular BIC: {result.silence}"
    if result.range is None:
        return
    low, high = result.range
    if high == len(result.fits):
        yield f"the greatest number that was tried, {high}, is taken: there may be more; --most raises it"
    if result.misfit is not None:
        least = counted(result.by_bic or 0)
        yield f"with {least} the residuals of expert {result.misfit} are not Gaussian (3rd and 4th moments, at 1%)"
    if result.outlying:
        which = ", ".join(map(str, result.outlying))
        yield (
            f"with {counted(result.by_bic or 0)} expert {which} holds few points and is far broader than the others: "
            "it may stand for outliers"
        )
    if result.grows:
        yield "the number of experts grows each time that the resolution is halved, from .1 to .05 and to .025"
    coarse = result.at_resolution(0.05)
    if low > coarse:
        yield (
            f"at a resolution of .05 there {_are(coarse)}, fewer than by BIC: experts that are close, or one expert "
            "whose noise is not Gaussian. The likelihood cannot tell which; look at the pair that merges: near in its "
            "lines with different nu, or light and broad, means noise"
        )
    parameters = result.fits[high - 1].n_parameters
    if _few(result):
        yield f"{result.n:g} points are few for {parameters} parameters: at such n the criteria are often wrong"
