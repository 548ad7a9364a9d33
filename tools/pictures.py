"""The pictures of the README: `python tools/pictures.py report.json`, with the report that `make verify` writes.

flow.png: the expected log-likelihood of 1000 points, maximised over all but the temperature. decades.png: errors of the
over-specified studies of claim C7. 01.png, 02.png, ..: the first picture of every notebook, small.
"""

from __future__ import annotations

import base64
import io
import json
import sys
from pathlib import Path

import nbformat
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

import temperance
from temperance.numerics.fitting.mle import Box
from temperance.numerics.lattice.experiment import cells, experiment
from temperance.numerics.mixture.activation_numpy import compile_activation

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
POINTS = 1000
THUMBNAIL = 160  # pixels
BOX = Box(beta1=20.0, beta0=20.0, tau=(0.01, 20.0), a=10.0, b=10.0, nu=(0.1, 2.0))
COLOURS = {"relu": "#9c4a00", "silu": "#6a3aa2", "tanh": "#0a55a8"}


def truth() -> temperance.MixingMeasure:
    """Two experts that stay apart on [-3, 3], in the anchored gauge, at tau = 1/2."""
    return temperance.MixingMeasure(
        beta1=np.array([[1.0], [0.0]]),
        beta0=np.array([-0.5, 0.0]),
        tau=np.array(0.5),
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


def draw_flow(axes: Axes) -> None:
    """One curve an activation: flat where the temperature is not identifiable."""
    taus = 0.5 * np.geomspace(0.5, 2, 33)
    for name, colour in COLOURS.items():
        axes.plot(taus, profile(name, taus), label=name, color=colour)
    axes.set_xscale("log")
    axes.set_xticks([0.25, 0.5, 1.0], ["0.25", "0.5 (true)", "1"])
    axes.minorticks_off()
    axes.set_xlabel("temperature tau")
    axes.set_ylabel(f"log-likelihood, best at this tau\n({POINTS} points, relative)")
    axes.legend()


def draw_decades(axes: Axes, slopes: list[dict]) -> None:
    """RMS errors over n in a cell of two atoms, with the sharp slope and the published one where they differ."""
    shown = [("tanh", "tau", "#0a55a8"), ("softmax", "beta1", "#6a3aa2"), ("tanh", "b", "#9c4a00")]
    for study, parameter, colour in shown:
        slope = next(s for s in slopes if s["study"].startswith(study) and is_of_cell(s, parameter))
        points = [p for p in slope["points"] if p["rms"]]
        n, rms = (np.array([p[key] for p in points], dtype=float) for key in ("n", "rms"))
        middle = np.exp(np.log(n).mean()), np.exp(np.log(rms).mean())
        axes.plot(n, rms, "o", color=colour, markersize=4)
        for kind, dash in (("predicted", "-"), ("published", ":")):
            if kind == "predicted" or slope[kind] != slope["predicted"]:
                words = f"{parameter} ({study}), {kind}: n^({slope[kind]:.4g})"
                axes.plot(n, middle[1] * (n / middle[0]) ** slope[kind], dash, color=colour, label=words, linewidth=1.2)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("sample size n")
    axes.set_ylabel("RMS error")
    axes.legend(fontsize=8)


def is_of_cell(slope: dict, parameter: str) -> bool:
    """Whether it is the predicted slope of a parameter in a cell of two; tau has no cell."""
    return slope["parameter"] == parameter and slope["predicted"] is not None and slope["cell_size"] in (2, None)


def save(name: str, draw: object, *arguments: object) -> None:
    """Draw one picture into the folder."""
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    draw(figure.add_subplot(), *arguments)
    figure.savefig(FOLDER / name, dpi=120)


def thumbnail(notebook: Path) -> None:
    """Save the first picture of a notebook, small, under its number."""
    cells = nbformat.read(notebook, as_version=4).cells
    outputs = [output.get("data", {}) for cell in cells for output in cell.get("outputs", ())]
    first = next(data["image/png"] for data in outputs if "image/png" in data)
    with Image.open(io.BytesIO(base64.b64decode(first))) as picture:
        picture.thumbnail((THUMBNAIL, THUMBNAIL))
        picture.convert("RGB").quantize(64).save(FOLDER / f"{notebook.stem[:2]}.png", optimize=True)


if __name__ == "__main__":
    report = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    (c7,) = (claim for claim in report["claims"] if claim["id"] == "C7")
    FOLDER.mkdir(exist_ok=True)
    for path in sorted((FOLDER.parents[1] / "notebooks").glob("*.ipynb")):
        thumbnail(path)
    save("flow.png", draw_flow)
    save("decades.png", draw_decades, c7["legs"]["monte_carlo"]["slopes"])
