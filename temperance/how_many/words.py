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


def answer(found: Sizes) -> tuple[str, ...]:
    """The answer in a sentence, how alike the experts are, and where more is said."""
    return (
        _sentence(found),
        *_distrust(found),
        _resolutions(found),
        "What this means, and when it is wrong: docs/experts.md.",
    )


def _sentence(found: Sizes) -> str:
    if found.range is None:
        return "No number of experts can be told: no search ended at an estimate."
    low, high = found.range
    doubt = _doubts(found)
    if found.charges is None:
        return f"BIC takes {counted(low)}; there is no singular BIC to hold against it.{doubt}"
    if low == high:
        return f"{counted(low, first=True)}: BIC and the singular BIC agree.{doubt}"
    between = f"{low} or {high}" if high == low + 1 else f"{low} to {high}"
    return (
        f"{between} experts: BIC takes {found.by_bic}, the singular BIC {found.by_sbic}; the data do not decide.{doubt}"
    )


def _doubts(found: Sizes) -> str:
    """What makes the number itself doubtful: it is the greatest that was tried, or there are few points for it."""
    high = 0 if found.range is None else found.range[1]
    reasons = ["no more were tried"] * (high == len(found.fits)) + ["the points are few"] * _few(found)
    return f" Doubt it: {' and '.join(reasons)} (see the warnings)." if reasons else ""


def _few(found: Sizes) -> bool:
    return found.range is not None and found.n < _ENOUGH * found.fits[found.range[1] - 1].n_parameters


def _distrust(found: Sizes) -> Iterator[str]:
    if found.misspecified:
        yield (
            "Do not trust these criteria here: the data do not look like a mixture of so few linear Gaussian experts "
            "(see the warnings), and then every rule of likelihoods takes more experts as n grows."
        )


def _resolutions(found: Sizes) -> str:
    what = "where two experts are one if merging them costs no more log-likelihood per observation"
    seen = [size for size in RESOLUTIONS if size >= found.noise]
    finer = f" Merges below {found.noise:.2g} cost no more than noise." if len(seen) < len(RESOLUTIONS) else ""
    if not seen:
        return f"No resolution of .1 or finer can be told from noise, which is {found.noise:.2g} a point."
    counts = [found.at_resolution(size) for size in seen]
    sizes = [f"{size:g}" for size in seen]
    if len(set(counts)) == 1 and len(seen) > 1:
        listed = f"{', '.join(sizes[:-1])} and {sizes[-1]}"
        return f"At resolutions of {listed} a point there {_are(counts[0])}, {what}.{finer}"
    told = ", ".join(f"at {size} there {_are(count)}" for size, count in zip(sizes, counts, strict=True))
    return f"By resolution, {what}: {told}.{finer}"


def _are(k: int) -> str:
    return f"is {k}" if k == 1 else f"are {k}"


def counted(k: int, *, first: bool = False) -> str:
    """A number of experts."""
    words = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
    number = (words[k] if k < len(words) else str(k)) if first else str(k)
    return f"{number} expert{'s' * (k != 1)}"


def warnings(found: Sizes) -> tuple[str, ...]:
    """What speaks against the answer."""
    return tuple(_warnings(found))


def _warnings(found: Sizes) -> Iterator[str]:
    yield from (
        f"the fit with {counted(f.fitted)} is no estimate ({f.status}): it has no criteria"
        for f in found.fits
        if not f.fit.is_estimate
    )
    if found.charges is None:
        yield f"no singular BIC: {found.silence}"
    if found.range is None:
        return
    low, high = found.range
    if high == len(found.fits):
        yield f"the greatest number that was tried, {high}, is taken: there may be more; --most raises it"
    if found.misfit is not None:
        least = counted(found.by_bic or 0)
        yield f"with {least} the residuals of expert {found.misfit} are not Gaussian (3rd and 4th moments, at 1%)"
    if found.outlying:
        which = ", ".join(map(str, found.outlying))
        yield (
            f"with {counted(found.by_bic or 0)} expert {which} holds few points and is far broader than the others: it "
            "may stand for outliers"
        )
    if found.grows:
        yield "the number of experts grows each time that the resolution is halved, from .1 to .05 and to .025"
    coarse = found.at_resolution(0.05)
    if low > coarse:
        yield (
            f"at a resolution of .05 there {_are(coarse)}, fewer than by BIC: experts that are close, or one expert "
            "whose noise is not Gaussian. The likelihood cannot tell which; look at the pair that merges: near in its "
            "lines with different nu, or light and broad, means noise"
        )
    parameters = found.fits[high - 1].n_parameters
    if _few(found):
        yield f"{found.n:g} points are few for {parameters} parameters: at such n the criteria are often wrong"
