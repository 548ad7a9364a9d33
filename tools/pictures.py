"""The pictures of the README: `python tools/pictures.py report.json`, with the report that `make verify` writes.

One function draws one picture. flow.png: the expected log-likelihood of 1000 points, maximised over all but the
temperature. decades.png: errors of the over-specified studies of claim C7. The others are the gallery.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

import temperance
from temperance.numerics.fitting.problem import Box
from temperance.numerics.mixture.activation_numpy import compile_activation
from temperance.numerics.studies.lattice import cells, experiment

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
POINTS = 1000
SIZE = (6.4, 4.0)  # inches; 100 dots an inch
BOX = Box(beta1=20.0, beta0=20.0, tau=(0.01, 20.0), a=10.0, b=10.0, nu=(0.1, 2.0))
BLUE, ORANGE, PURPLE, GREY, GREEN = "#0a55a8", "#b85c00", "#6a3aa2", "#666666", "#1b7f4b"
SHADES = {"1": "#d7ecdf", "3/2": "#e6efc8", "2": "#fdeebf", "4": "#f9d3c0", "flat": "#d4d4d4", None: "#ffffff"}
LAW = {"law": "uniform", "low": -3.0, "high": 3.0}
GATES = (
    ("softmax", "softmax", "gaussian"),
    ("linear", "linear: (beta1.x)/tau", "gaussian"),
    ("relu", "relu(beta1.x)/tau", "gaussian"),
    ("hardtanh", "hardtanh(beta1.x)/tau", "gaussian"),
    ("tanh", "tanh(beta1.x)/tau", "gaussian"),
    ("quadratic", "quadratic", "gaussian"),
    ("gaussian", "Gaussian", "gaussian"),
    ("laplace", "Laplace", "gaussian"),
    ("softmax", "softmax, tanh experts", "nonlinear:tanh"),
)


def truth(beta1: float = 1.0, other: float = 0.0, tau: float = 0.5, offset: float = -0.5) -> temperance.MixingMeasure:
    """Two experts that stay apart on [-3, 3]; anchored if other is 0."""
    return temperance.MixingMeasure(
        beta1=np.array([[beta1], [other]]),
        beta0=np.array([offset, 0.0]),
        tau=np.array(tau),
        a=np.array([[0.5], [-0.5]]),
        b=np.array([2.0, -2.0]),
        nu=np.array([0.25, 0.5]),
    )


def profile(activation: str, taus: np.ndarray) -> np.ndarray:
    """The expected log-likelihood of POINTS points at each tau, maximised over all else, less its maximum."""
    law = experiment(truth(), compile_activation(temperance.activation(activation)), BOX, n=10**6)
    x, y = cells(law.x, law.y)
    weights = POINTS * law.probability.ravel()
    kept = weights > 0
    fits = [
        temperance.fit(
            x[kept],
            y[kept],
            fitted=2,
            activation=activation,
            gauge="anchored",
            tau=float(tau),
            box=BOX,
            starts=3,
            weights=weights[kept],
        )
        for tau in taus
    ]
    values = np.array([fit.log_likelihood for fit in fits])
    return values - values.max()


def draw_flow(figure: Figure) -> None:
    """One curve an activation: flat where the temperature is not identifiable."""
    axes = figure.add_subplot()
    taus = 0.5 * np.geomspace(0.5, 2, 33)
    curves = (
        ("identity", "no activation", GREY, "-"),
        ("relu", "ReLU", ORANGE, "--"),
        ("silu", "SiLU", PURPLE, "-"),
        ("tanh", "tanh", BLUE, "-"),
    )
    for name, words, colour, dash in curves:
        values = profile(name, taus)
        axes.plot(taus, values, dash, label=words, color=colour, linewidth=3 if name == "identity" else 1.8)
    axes.set_xscale("log")
    axes.set_xticks([0.25, 0.5, 1.0], ["0.25", "0.5 (true)", "1"])
    axes.minorticks_off()
    axes.set_xlabel("temperature tau")
    axes.set_ylabel(f"log-likelihood, best at this tau\n({POINTS} points, less its maximum)")
    figure.legend(loc="outside upper center", ncols=4)


def draw_decades(figure: Figure, slopes: list[dict]) -> None:
    """RMS errors over n in a cell of two atoms, with 95% intervals, the sharp slope and the published one."""
    axes = figure.add_subplot()
    shown = [("tanh", "tau", BLUE), ("softmax", "beta1", PURPLE), ("tanh", "b", ORANGE)]
    for study, parameter, colour in shown:
        slope = next(s for s in slopes if s["study"].startswith(study) and is_of_cell(s, parameter))
        points = [p for p in slope["points"] if p["rms"]]
        n, rms = (np.array([p[key] for p in points], dtype=float) for key in ("n", "rms"))
        bars = np.abs(np.array([p["ci"] for p in points], dtype=float).T - rms)
        middle = np.exp(np.log(n).mean()), np.exp(np.log(rms).mean())
        axes.errorbar(n, rms, bars, fmt="o", color=colour, markersize=4, capsize=3)
        for kind, dash in (("predicted", "-"), ("published", ":")):
            if kind == "predicted" or slope[kind] != slope["predicted"]:
                words = f"{parameter} ({study}), {kind}: n^({slope[kind]:.4g})"
                axes.plot(n, middle[1] * (n / middle[0]) ** slope[kind], dash, color=colour, label=words, linewidth=1.2)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("sample size n")
    axes.set_ylabel("RMS error, with 95% intervals")
    figure.legend(loc="outside lower center", fontsize=8, ncols=2)


def is_of_cell(slope: dict, parameter: str) -> bool:
    """Whether it is the predicted slope of a parameter in a cell of two; tau has no cell."""
    return slope["parameter"] == parameter and slope["predicted"] is not None and slope["cell_size"] in (2, None)


def draw_flows(figure: Figure) -> None:
    """The weight of an atom as beta1, beta0 and tau are scaled together: unchanged, unless tanh is on the scores."""
    x = np.linspace(-3, 3, 301)
    for axes, activation, words in zip(
        figure.subplots(1, 2, sharey=True), ("identity", "tanh"), ("no activation", "tanh on the scores"), strict=True
    ):
        for factor, dash, colour in ((0.5, "-", ORANGE), (1, "--", BLUE), (4, ":", PURPLE)):
            scaled = truth(1.5 * factor, 0.0, 0.5 * factor, 0.25 * factor)
            weights = scaled.gate_probabilities(x[:, None], temperance.activation(activation))
            axes.plot(x, weights[:, 0], dash, color=colour, label=f"times {factor:g}", linewidth=2)
        axes.set_title(words)
        axes.set_xlabel("x")
    figure.axes[0].set_ylabel("weight of the first expert")
    handles, labels = figure.axes[1].get_legend_handles_labels()
    figure.legend(handles, labels, title="beta1, beta0 and tau", loc="outside lower center", ncols=3)


def draw_prices(figure: Figure) -> None:
    """Observations that give tau to 10%, all gates between .1 and .9, with the floor of two atoms."""
    axes = figure.add_subplot()
    found = temperance.efficiency(gauge="anchored", match=(0.1, 0.9)).to_json()
    rows = [row for row in found["rows"] if row["n_tau"]]
    rows = [
        row
        for row in rows
        if row["activation"] in ("tanh", "sigmoid", "erf", "softsign", "gelu", "silu", "softplus", "elu")
    ]
    rows.sort(key=lambda row: -row["n_tau"])
    n = [row["n_tau"] for row in rows]
    axes.barh([row["activation"] for row in rows], n, color=BLUE)
    for place, value in enumerate(n):
        axes.annotate(f"{value:,.0f}", (value, place), (4, 0), textcoords="offset points", va="center", fontsize=9)
    axes.axvline(found["floor"], color=ORANGE, linestyle="--")
    axes.set_title(f"dashed: no gate of two atoms needs fewer than {found['floor']:.0f}", fontsize=10)
    axes.set_xscale("log")
    axes.set_xlim(100, 4 * max(n))
    axes.set_xlabel("observations that give tau to 10%")


def draw_mirrors(figure: Figure) -> None:
    """Observations that give tau to 10% in the free gauge, over beta1_2/beta1_1: no n at the mirror point of GELU."""
    axes = figure.add_subplot()
    ratios = np.linspace(-1.6, 0.6, 45)
    for activation, words, colour in (("gelu", "GELU", PURPLE), ("tanh", "tanh", BLUE)):
        n = []
        for ratio in ratios:
            fields = asdict(truth(1.5, 1.5 * float(ratio), offset=0.25)).items()
            place = {name: np.asarray(value).tolist() for name, value in fields} | {"x": LAW}
            n.append(temperance.efficiency(activation, truth=place).to_json()["rows"][0]["n_tau"] or np.nan)
        axes.semilogy(ratios, n, color=colour, label=words)
    axes.axvline(-1, color=GREY, linestyle=":", linewidth=1)
    axes.set_xlabel("beta1 of the second atom over that of the first")
    axes.set_ylabel("observations that give tau to 10%")
    figure.legend(loc="outside upper center", ncols=2)


def draw_gates(figure: Figure) -> None:
    """The proved rates of the parameters in a cell of two atoms, gate by gate."""
    axes = figure.add_subplot()
    columns = ("gate", "tau", "a", "b", "nu")
    for row, (name, _, expert) in enumerate(GATES):
        orders = orders_of_two(name, expert)
        for column, parameter in enumerate(columns):
            order = orders.get(parameter)
            axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=SHADES[order], edgecolor="white"))
            axes.annotate(rate(order), (column, row), ha="center", va="center", fontsize=9)
    axes.set_xlim(-0.5, len(columns) - 0.5)
    axes.set_ylim(len(GATES) - 0.5, -0.5)
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(GATES)), [words for _, words, _ in GATES])
    axes.tick_params(length=0, labeltop=True, labelbottom=False)


def orders_of_two(name: str, expert: str) -> dict[str, str]:
    """The exact orders in a cell of two for d = 1; of the gate's own parameters the largest that is not flat."""
    entries = temperance.atlas(gate=name, cell="two", dim=1).to_json()["entries"]
    entry = next(e for e in entries if e["expert"] == expert)
    orders = {
        order["parameter"]: "flat" if order["flat"] else order["upper"]
        for order in entry["orders"]
        if not order["mean"]
    }
    own = [orders[p] for p in orders if p not in ("tau", "a", "b", "nu") and orders[p] != "flat"]
    return {**orders, "gate": max(own, key=Fraction)}


def rate(order: str | None) -> str:
    """The rate of an order r: n^(-1/(2r))."""
    if order is None:
        return "not there"
    return "none" if order == "flat" else f"n^(-{1 / (2 * Fraction(order))})"


def draw_fit(figure: Figure) -> None:
    """A fit of two experts to 400 points: the data, the lines, and the weight of the first below."""
    x, y = temperance.sample(truth(1.5, -0.5, 0.3), temperance.activation("tanh"), 400, seed=3)
    found = temperance.fit(x, y, fitted=2, activation="tanh", gauge="free").fit.measure
    upper, lower = figure.subplots(2, sharex=True, height_ratios=(3, 1))
    upper.plot(x.ravel(), y, ".", color=GREY, markersize=4)
    grid = np.linspace(-3, 3, 201)
    weights = found.gate_probabilities(grid[:, None], temperance.activation("tanh"))
    for atom, colour in ((0, BLUE), (1, ORANGE)):
        mean, deviation = found.a[atom, 0] * grid + found.b[atom], np.sqrt(found.nu[atom])
        upper.plot(grid, mean, color=colour, linewidth=2)
        upper.fill_between(grid, mean - 2 * deviation, mean + 2 * deviation, color=colour, alpha=0.12, linewidth=0)
        lower.plot(grid, weights[:, atom], color=colour, linewidth=2)
    upper.set_ylabel("y")
    lower.set_ylabel("gate")
    lower.set_xlabel("x")


def draw_experts(figure: Figure) -> None:
    """Which of five fitted experts merge, for 1000 points of three, and the three over the data."""
    measure = temperance.MixingMeasure(
        beta1=np.array([[1.5], [-1.5], [0.0]]),
        beta0=np.zeros(3),
        tau=np.array(1.0),
        a=np.array([[0.5], [-0.5], [0.0]]),
        b=np.array([3.0, -3.0, 0.0]),
        nu=np.array([0.5, 0.5, 0.5]),
    )
    x, y = temperance.sample(measure, temperance.activation("z"), POINTS, seed=3)
    found = temperance.experts(x, y, most=5)
    for axes, picture in zip(figure.subplots(1, 2), found.plots, strict=True):
        picture.draw(axes)
        axes.set_title(picture.title, fontsize=9)


def save(name: str, draw: Callable[..., None], *arguments: object) -> None:
    """Draw one picture into the folder."""
    figure = Figure(figsize=SIZE, layout="constrained")
    draw(figure, *arguments)
    figure.savefig(FOLDER / name, dpi=100)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, draw in (
        ("flows", draw_flows),
        ("mirrors", draw_mirrors),
        ("gates", draw_gates),
        ("fit", draw_fit),
        ("experts", draw_experts),
    ):
        save(f"{name}.png", draw)
    save("prices.png", draw_prices)
    save("flow.png", draw_flow)
    if len(sys.argv) > 1:
        report = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
        (c7,) = (claim for claim in report["claims"] if claim["id"] == "C7")
        save("decades.png", draw_decades, c7["legs"]["monte_carlo"]["slopes"])
