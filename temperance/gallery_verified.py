"""The second half of notebook 03: what the full verification found, as it fell."""

from __future__ import annotations

from temperance.notebook import Cell


def full_verification() -> list[Cell]:
    """The stored studies, their errors and slopes, what is published, and what is open; after `gallery_rates`."""
    return [
        ("markdown", _RULES_TEXT),
        ("code", _FULL),
        ("markdown", _PLOTS_TEXT),
        ("code", _PLOTS),
        ("markdown", _FOREST_TEXT),
        ("code", _FOREST),
        ("markdown", _PUBLISHED_TEXT),
        ("code", _PUBLISHED),
        ("markdown", _OPEN_TEXT),
        ("code", _OPEN),
        ("markdown", _CLOSING),
    ]


_RULES_TEXT = r"""No slope is predicted for $\beta_1$ and $\tau$ by themselves: theirs tells of the starts and the box
alone.

## The outcome of a slope

For a predicted exponent $p$ and the margin $h = \min(0.1, p/3)$ a slope is *confirmed* if its 95% interval lies below
$-p + h$, is narrower than 0.15, and no curvature is found; *sharp* too if it does not miss $-p$ from below. It is
*contradicted* if the interval lies above $-p + h$ and no proof or contact order supports $p$. Everything else is
*inconclusive*. If more than 5% of the fits of a study fail (an atom collapsed, or the search did not end) its slopes
are inconclusive; fits at the edge of the box stay, because the box is part of the estimator.

## The full verification"""

_FULL = r"""def confirmed(study):
    outcomes = [s["outcome"] for s in study["slopes"] if s["outcome"] is not None]
    return f"{outcomes.count('confirmed')} of {len(outcomes)}"


def share(study, key):
    return f"{study['fits'][key] / study['fits']['total']:.2%}"


Table(
    ("study", "activation", "atoms", "$n$", "replicates", "seed", "at the edge", "dropped", "slopes confirmed"),
    [
        (
            plain(name),
            f"`{s['activation']}`",
            f"{s['k']} of {len(s['truth']['beta0'])}",
            f"{s['sizes'][0]} to {s['sizes'][-1]}",
            s["replicates"],
            s["seed"],
            share(s, "at_bound"),
            share(s, "failed"),
            confirmed(s),
        )
        for name, s in found["studies"].items()
    ],
)"""

_PLOTS_TEXT = r"""## Errors over $n$

For every study, the logarithms of the RMS errors over $n$, with 95% bars; the slope is in the key. Solid: the
measured slope, with the band of its interval; dashed: the predicted one; dotted: the published one, where that is
another. All lines go through the mean of the points. A cell is named by its true atom, with the number of fitted atoms
in it. Cells whose sizes vary from sample to sample appear once for each size that a slope could be fitted to."""

_PLOTS = r"""def draw(axis, s, colour):
    points = [p for p in s["points"] if p["rms"]]
    x, y = np.log10([[p["n"] for p in points], [p["rms"] for p in points]])
    bars = [1.96 * (p["se"] or 0.0) / p["rms"] / np.log(10) for p in points]
    label = s["parameter"] if s["cell"] is None else f"cell {s['cell']} ({s['cell_size']})"
    axis.errorbar(x, y, yerr=bars, fmt="o", markersize=3, color=colour, label=f"{label}: {s['slope']:.3f}")

    def through(slope):
        return y.mean() + slope * (x[[0, -1]] - x.mean())

    axis.plot(x[[0, -1]], through(s["slope"]), color=colour, linewidth=1)
    axis.plot(x[[0, -1]], through(-s["predicted"]), color=colour, linewidth=1, linestyle="--")
    if s["published"] not in (None, s["predicted"]):
        axis.plot(x[[0, -1]], through(-s["published"]), color=colour, linewidth=1.2, linestyle=":")
    if None not in s["ci"]:
        axis.fill_between(x[[0, -1]], *map(through, s["ci"]), color=colour, alpha=0.15, linewidth=0)


for name, study in found["studies"].items():
    judged = [s for s in study["slopes"] if s["outcome"] is not None and s["slope"] is not None]
    groups = list(dict.fromkeys(s["parameter"] for s in judged))
    rows = -(-len(groups) // 4)
    height = 2.2 * rows + 0.4
    figure, axes = plt.subplots(rows, 4, figsize=(11, height), dpi=82, squeeze=False)
    for axis in axes.flat[len(groups) :]:
        axis.set_visible(False)
    for axis, group in zip(axes.flat, groups, strict=False):
        shown = [s for s in judged if s["parameter"] == group]
        for i, s in enumerate(shown):
            draw(axis, s, f"C{i}")
        stated = ", ".join(dict.fromkeys(f"{-s['predicted']:g}" for s in shown))
        axis.set_title(f"{group}: predicted {stated}", fontsize=9)
        axis.tick_params(labelsize=7)
        axis.set_xticks(np.log10(study["sizes"]), [f"{n / 1000:g}k" for n in study["sizes"]])
        axis.margins(y=0.13 * len(shown))  # room for the key
        axis.legend(fontsize=6.5, ncols=1 + len(shown) // 3, handlelength=0.8, handletextpad=0.3, columnspacing=0.8)
    title = f"{name}: {share(study, 'failed')} of the fits dropped, {share(study, 'at_bound')} at the edge"
    figure.suptitle(title, y=1 - 0.05 / height, fontsize=11)
    figure.supylabel("$\\log_{10}$ of the RMS error", x=0, fontsize=8)
    figure.subplots_adjust(left=0.055, right=0.99, bottom=0.25 / height, top=1 - 0.6 / height, hspace=0.4)
    plt.show()"""

_FOREST_TEXT = r"""## All slopes beside their predictions

Intervals of 95%, cut off at -1; green is confirmed, grey inconclusive, red contradicted. A diamond is the predicted
slope, a cross the published one where that is another."""

_FOREST = r"""def group(s):
    return s["parameter"] if s["cell"] is None else f"{s['parameter']}, cell {s['cell']} ({s['cell_size']})"


lines, open_slopes = [], []
for name, study in found["studies"].items():
    judged = [s for s in study["slopes"] if s["outcome"] is not None]
    lines += [(name, None), *((group(s), s) for s in judged if s["slope"] is not None)]
    open_slopes += [f"{name}: {group(s)}" for s in judged if s["slope"] is None]
heads = [i for i, (_, s) in enumerate(lines) if s is None]
cut = min(heads, key=lambda i: abs(2 * i - len(lines)), default=0)
shades = {"confirmed": "#2a7f4f", "inconclusive": "#888888", "contradicted": "#c0392b"}
longest = max(cut, len(lines) - cut)
figure, axes = plt.subplots(1, 2, figsize=(12, 0.17 * longest + 0.8), dpi=90, layout="constrained")
for axis, part in zip(axes, (lines[:cut], lines[cut:]), strict=True):
    for y, (_, s) in enumerate(part):
        if s is not None:
            low, high = (s["slope"] if end is None else end for end in s["ci"])
            axis.plot([low, high], [y, y], color=shades[s["outcome"]], linewidth=2)
            axis.plot(s["slope"], y, ".", color=shades[s["outcome"]])
            axis.plot(-s["predicted"], y, "D", color="C1", markersize=4, markerfacecolor="none")
            if s["published"] not in (None, s["predicted"]):
                axis.plot(-s["published"], y, "x", color="C4", markersize=5)
    axis.set_yticks(range(len(part)), [label for label, _ in part], fontsize=8)
    for label, (_, s) in zip(axis.get_yticklabels(), part, strict=True):
        label.set_fontweight("bold" if s is None else "normal")
    axis.set(xlim=(-1.0, 0.1), ylim=(longest, -1), xlabel="slope of the log RMS error")
    axis.grid(axis="x", linewidth=0.4)
plt.show()
slopes = [s for _, s in lines if s is not None]
for outcome in shades:
    print(f"{outcome}: {sum(s['outcome'] == outcome for s in slopes)} of {len(slopes)} slopes")
if open_slopes:
    print("predicted, and without a slope:", "; ".join(open_slopes))"""

_PUBLISHED_TEXT = r"""## Where the sharp exponent is not the published one

A published exponent that is below the sharp one is right as an upper bound of the error: an error of the order
$n^{-1/4}$ is also at most of the order $n^{-1/8}$. The sharp one says more. At a mirror point it is the other way
round: the published $1/2$ asks for the condition on one atom, and what the mixture adds slows the estimators down
(notebook 05). The last column is what the samples say of the sharp exponent; *sharp* there means that the slope does
not miss it."""

_PUBLISHED = r"""different = [
    (name, s)
    for name, study in found["studies"].items()
    for s in study["slopes"]
    if s["outcome"] is not None and s["slope"] is not None and s["published"] not in (None, s["predicted"])
]
Table(
    ("study", "parameter", "cell (atoms)", "share", "slope, 95% interval", "sharp", "published", "outcome"),
    [
        (
            plain(name),
            f"`{s['parameter']}`",
            None if s["cell"] is None else f"{s['cell']} ({s['cell_size']})",
            f"{s['share']:.2f}",
            interval(s),
            -s["predicted"],
            -s["published"],
            s["outcome"] + (", sharp" if s["sharp"] else ""),
        )
        for name, s in different
    ],
)"""

_OPEN_TEXT = """## What is open

For every claim that does not stand: the leg that keeps it from standing, in its own words."""

_OPEN = r"""from IPython.display import Markdown, display

unsettled = [c for c in found["claims"] if c["outcome"] in ("inconclusive", "contradicted")]
for claim in unsettled:
    for name, reason in claim["legs"].items():
        if reason is not None and reason["outcome"] != "confirmed":
            what = f"{name.replace('_', ' ')}, {reason['outcome']}: {plain(reason['detail'])}"
            display(Markdown(f"**{claim['id']}**, {what}"))
if not unsettled:
    print("Every claim stands.")"""

_CLOSING = r"""## To repeat it

`temperance verify --full --store studies.sqlite -o report.html` runs all of this, and writes a page with every study's
definition and every certificate. `temperance verify` alone runs smaller studies in a few minutes. For a gate of your
own: `temperance rates` (notebook 04)."""
