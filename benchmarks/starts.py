"""Compares `temperance.fit` with the best of 30 independent starts, on 60 data sets with fewer experts than are fitted.

    python benchmarks/starts.py                      # as anyone calls fit
    python benchmarks/starts.py --effort 5,8,6,0,0   # with fewer starts
    python benchmarks/starts.py --seed 31337         # other data sets, and other independent starts

Gates: tanh and gelu, anchored, tau fitted; softmax. Fitted k = 1 to 4 (1 is not over-fitted: a regression), d = 1 to 3,
n = 300 to 600. The other climbs are written here: from lines through neighbouring points and random gates, every other
one by 20 steps of EM first, all by L-BFGS-B, the best four of them to their end, in the box and about the centre that
the fit reports. Their best value is computed once more by `likelihood.plain_sums`, and the score there is printed. The
making of machine code is not timed.
flexmix (R) fits twelve of the softmax data sets from 10 starts: no box, and variances with n - d - 1 in place of n.
"""

from __future__ import annotations

import os

os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import argparse
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp, ndtr

from temperance import FitResult, MixingMeasure, fit, sample
from temperance.numerics.fitting.problem import Box
from temperance.numerics.fitting.search import APART, COUNTS, Effort
from temperance.numerics.mixture.activation_numpy import compiled
from temperance.numerics.mixture.likelihood import evaluate
from temperance.numerics.mixture.measures import Layout

SEED, STARTS, EM_STEPS, FIRST, LAST, BEST = 20261201, 30, 20, 120, 2000, 4
EACH = [(1, 1, 1), (2, 2, 2), (2, 2, 2), (2, 2, 1)]  # data sets of k = 1 to 4 (rows), d = 1 to 3, for each gate
CELLS = [(k, d, r) for k, row in enumerate(EACH, 1) for d, count in enumerate(row, 1) for r in range(count)]
Slope = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
GATES: dict[str, Slope] = {
    "tanh": lambda z: ((s := np.tanh(z)), 1 - s * s),
    "gelu": lambda z: (z * (p := ndtr(z)), p + z * np.exp(-z * z / 2) / np.sqrt(2 * np.pi)),
    "softmax": lambda z: (z, np.ones_like(z)),
}
FLEXMIX = """
suppressMessages(library(flexmix)); a <- commandArgs(TRUE); d <- read.csv(a[1]); set.seed(1); t <- proc.time()
x <- paste(setdiff(names(d), "y"), collapse = "+")
m <- stepFlexmix(as.formula(paste("y ~", x)), data = d, k = as.integer(a[2]), nrep = 10, verbose = FALSE,
  concomitant = FLXPmultinom(as.formula(paste("~", x))), control = list(minprior = 0, iter.max = 1000))
cat(as.numeric(logLik(m)), sum((proc.time() - t)[1:2]), m@k, min(parameters(m)["sigma", ])^2)
"""


@dataclass(frozen=True)
class DataSet:
    name: str
    gate: str
    k: int
    x: np.ndarray
    y: np.ndarray


def data_set(gate: str, k: int, d: int, r: int, seed: int = SEED) -> DataSet:
    """Points of random experts, of which there is one for one or two that are fitted, else one or two fewer."""
    rng = np.random.default_rng([seed, list(GATES).index(gate), k, d, r])
    true, n = max(1, k - 1 - r % 2 * (k > 2)), int(rng.integers(300, 601))
    beta1, beta0 = rng.normal(0, 1, (true, d)), rng.normal(0, 0.7, true)
    beta1[-1], beta0[-1] = 0, 0
    tau = 1.0 if gate == "softmax" else float(np.exp(rng.normal(-0.5, 0.5)))
    lines, nu = rng.normal(0, 1, (true, d)), rng.uniform(0.3, 1.5, true)
    truth = MixingMeasure(beta1, beta0, np.array(tau), lines, rng.normal(0, 2, true), nu)
    x, y = sample(truth, "z" if gate == "softmax" else gate, n, seed=int(rng.integers(2**40)))
    return DataSet(f"{gate} k={k} d={d} true={true} n={n} ({r})", gate, k, x, y)


def timed_fit(data: DataSet, effort: Effort | None) -> tuple[FitResult, float]:
    """The fit with its CPU time; effort: of two atoms and more, in place of that of `fit`."""
    names: dict[str, Any] = {"gate": "softmax"}
    if data.gate != "softmax":
        names = {"activation": data.gate, "gauge": "anchored"}
    with ExitStack() as patches:
        if effort is not None and data.k > 1:
            patches.enter_context(patch("temperance.numerics.fitting.fits.effort_of", lambda *_: effort))
        begin = time.process_time()
        result = fit(data.x, data.y, fitted=data.k, **names)
    return result, time.process_time() - begin


class Climbs:
    """The mean log-likelihood and its score, EM and L-BFGS-B in the box of a fit, for x, y of unit scale."""

    def __init__(self, data: DataSet, box: Any, centre: Any) -> None:
        self.s, self.activation, d = GATES[data.gate], "z" if data.gate == "softmax" else data.gate, data.x.shape[1]
        self.layout = Layout(data.k, d, "anchored", 1.0 if data.gate == "softmax" else None)
        x, y = data.x - centre["x"], data.y - centre["y"]
        u, v = x.std(axis=0), float(y.std())
        self.x, self.y, self.shift = x / u, y / v, -len(y) * np.log(v)
        beta1, a = (tuple(np.broadcast_to(bound, d) * u) for bound in (box.beta1, box.a))
        a, nu = tuple(np.array(a) / v), (box.nu[0] / v**2, box.nu[1] / v**2)
        self.box = Box(beta1, box.beta0, box.tau, a, box.b / v, nu)
        self.lower, self.upper = self.box.bounds(self.layout)
        self.x1 = np.column_stack([self.x, np.ones(len(y))])
        self.gates = np.array([name in ("tau", "beta1", "beta0") for name, _ in self.layout.names])

    def value_and_score(self, theta: np.ndarray, r: np.ndarray | None = None) -> tuple[float, np.ndarray, np.ndarray]:
        """The negative mean log-likelihood, its score and the responsibilities; or of log pi alone, r being fixed."""
        k, d, n = self.layout.k, self.layout.d, len(self.y)
        full = np.zeros(1 + k * self.layout.atom_size)
        full[self.layout.free] = theta
        atoms, tau = full[1:].reshape(k, -1), np.exp(full[0])
        s, slope = self.s(atoms[:, :d] @ self.x.T)
        t = (s + atoms[:, d : d + 1]) / tau
        log_pi = t - logsumexp(t, axis=0)
        score, e, log_nu = np.zeros_like(full), self.y - atoms[:, d + 1 : -1] @ self.x1.T, atoms[:, -1:]
        rows, q = score[1:].reshape(k, -1), e * e / np.exp(log_nu)
        if r is None:
            joint = log_pi - (q + log_nu + np.log(2 * np.pi)) / 2
            values = logsumexp(joint, axis=0)
            r, value = np.exp(joint - values), float(values.mean())
            rows[:, d + 1 : -1] = (r * e / np.exp(log_nu)) @ self.x1
            rows[:, -1] = (r * (q - 1)).sum(axis=1) / 2
        else:
            value = float((r * log_pi).sum() / n)
        excess = r - np.exp(log_pi)
        score[0] = -(excess * t).sum()
        rows[:, :d], rows[:, d] = (excess * slope) @ self.x / tau, excess.sum(axis=1) / tau
        return -value, -score[self.layout.free] / n, r

    def lbfgs(self, theta: np.ndarray, steps: int, r: np.ndarray | None = None) -> tuple[float, np.ndarray]:
        """Value and place after so many steps; of the gate alone in a step of EM."""
        lower, upper = self.lower.copy(), self.upper.copy()
        if r is not None:
            lower[~self.gates] = upper[~self.gates] = theta[~self.gates]
        options = {"maxiter": steps, "maxfun": 2 * steps, "ftol": 1e-12, "gtol": 1e-8, "maxcor": 20}
        bounds = np.column_stack([lower, upper])
        end = minimize(
            lambda p: self.value_and_score(p, r)[:2], theta, method="L-BFGS-B", jac=True, bounds=bounds, options=options
        )
        return -float(end.fun), end.x

    def em(self, theta: np.ndarray) -> np.ndarray:
        """After `EM_STEPS`: weighted regressions, and five steps of L-BFGS-B for the gate."""
        k, places = self.layout.k, np.flatnonzero(~self.gates)
        for _ in range(EM_STEPS):
            r = self.value_and_score(theta)[2] + 1e-9
            square = [(self.x1.T * w) @ self.x1 + 1e-9 * np.eye(self.x1.shape[1]) for w in r]
            lines = np.array([np.linalg.solve(m, (self.x1.T * w) @ self.y) for m, w in zip(square, r, strict=True)])
            nu = (r * (self.y - lines @ self.x1.T) ** 2).sum(axis=1) / r.sum(axis=1)
            theta = theta.copy()
            theta[places] = np.column_stack([lines, np.log(nu)]).ravel()
            theta = np.clip(theta, self.lower, self.upper)
            theta = self.lbfgs(theta, 5, r)[1] if k > 1 else theta
        return theta

    def start(self, rng: np.random.Generator) -> np.ndarray:
        """Lines through neighbours of random points, random gates."""
        k, d, rows = self.layout.k, self.layout.d, []
        z = np.column_stack([self.x, self.y])
        for _ in range(k):
            near = np.argsort(((z - z[rng.integers(len(z))]) ** 2 * rng.exponential(size=d + 1)).sum(axis=1))
            part = near[: max(3 * (d + 2), int(len(z) * rng.uniform(0.05, 0.7)))]
            line = np.linalg.lstsq(self.x1[part], self.y[part], rcond=None)[0]
            log_nu = np.log(max(((self.y[part] - self.x1[part] @ line) ** 2).mean(), 0.01))
            rows.append([*rng.normal(0, 1.5, d) * np.exp(rng.normal()), rng.normal(0, 1.5), *line, log_nu])
        full = np.concatenate([[rng.normal(-0.5, 1.0)], np.ravel(rows)])
        return np.clip(full[self.layout.free], self.lower, self.upper)

    def best(self, seed: int) -> tuple[float, float, int]:
        """The highest log-likelihood of all starts for the data, its projected gradient, and how many nu are least."""
        rng, ends = np.random.default_rng([seed, 0]), []
        for index in range(STARTS):
            theta = self.start(rng)
            ends.append(self.lbfgs(self.em(theta) if index % 2 else theta, FIRST))
        top = sorted(ends, key=lambda end: -end[0])[:BEST]
        _, theta = max((self.lbfgs(theta, LAST) for _, theta in top), key=lambda end: end[0])
        gate = replace(compiled(self.activation), machine_code=False)
        value, score, _ = evaluate(theta, self.layout, gate, self.x, self.y)
        inside = np.where((theta <= self.lower) & (score < 0) | (theta >= self.upper) & (score > 0), 0.0, score)
        held = sum(name == "nu" and low for (name, _), low in zip(self.layout.names, theta <= self.lower, strict=True))
        return value + self.shift, float(np.abs(inside).max()), held


def flexmix(data: DataSet) -> tuple[float, float, str] | None:
    """Log-likelihood, CPU time, and experts with the least variance; None where it fails."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "d.csv"
        header = ",".join([*(f"x{l}" for l in range(data.x.shape[1])), "y"])
        np.savetxt(file, np.column_stack([data.x, data.y]), delimiter=",", header=header, comments="")
        command = ["Rscript", "-e", FLEXMIX, str(file), str(data.k)]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
    words = run.stdout.split()
    if run.returncode or len(words) != 4:
        return None
    return float(words[0]), float(words[1]), f"{words[2]} experts, nu >= {float(words[3]):.2g}"


def rows(gates: list[str], effort: Effort | None, seed: int, only: str) -> Iterator[dict[str, Any]]:
    """One for each data set: log-likelihoods less the best of the independent starts, and CPU seconds."""
    for gate, (k, d, r) in product(gates, CELLS):
        data = data_set(gate, k, d, r, seed)
        if only not in data.name:
            continue
        if k > 1 and not r:
            timed_fit(data, Effort(1, 1, 1))  # makes the machine code, or loads it
        result, cpu = timed_fit(data, effort)
        begin = time.process_time()
        value, gradient, held = Climbs(data, result.fit.box, result.model.box["centre"]).best(seed)
        own = {"best": value, "score": gradient, "held": held, "best_cpu": time.process_time() - begin}
        row = {"data": data.name, "above": result.fit.log_likelihood - value, "cpu": cpu, "status": result.fit.status}
        row |= {"gap": result.fit.gap, **own}
        compared = gate == "softmax" and (k == 3 or (k > 1 and not r)) and shutil.which("Rscript")
        if compared and (end := flexmix(data)) is not None:
            row["flexmix"] = {"above": end[0] - value, "cpu": end[1], "end": end[2]}
        yield row


def counts(name: str, gaps: list[float], cpu: list[float]) -> str:
    level, above = sum(gap >= -APART for gap in gaps), sum(gap > APART for gap in gaps)
    text = f"{name}: within {APART} or above in {level} of {len(gaps)}, above in {above}, lowest {min(gaps):.2f}"
    return f"{text}, median {np.median(gaps):.2f}, {sum(cpu):.1f} CPU s"


def summary(table: list[dict[str, Any]]) -> Iterator[str]:
    yield counts("fit", [row["above"] for row in table], [row["cpu"] for row in table])
    yield f"{STARTS} independent starts: {sum(row['best_cpu'] for row in table):.1f} CPU s"
    others = [row["flexmix"] for row in table if "flexmix" in row]
    if others:
        yield counts("flexmix", [other["above"] for other in others], [other["cpu"] for other in others])
    elif shutil.which("Rscript") is None:
        yield "flexmix: skipped, there is no Rscript (Debian: apt-get install r-base-core r-cran-flexmix)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gates", default=",".join(GATES))
    parser.add_argument("--only", default="", help="data sets whose name holds this")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--effort", help="ROUGH,PEAKS,SPLITS,HOPS,UNIFORM of a search for two atoms and more")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    effort = Effort(**dict(zip(COUNTS, map(int, options.effort.split(",")), strict=True))) if options.effort else None
    table = []
    for row in rows(options.gates.split(","), effort, options.seed, options.only):
        table.append(row)
        if not options.json:
            text = f"{row['data']}: best {row['best']:.3f} (score {row['score']:.1g}, {row['best_cpu']:.1f} s, least "
            text += f"variances {row['held']}), fit {row['above']:+.3f} {row['status']} {row['cpu']:.2f} s"
            if end := row.get("flexmix"):
                text += f", flexmix {end['above']:+.3f} {end['cpu']:.2f} s, {end['end']}"
            print(text, flush=True)
    print(json.dumps(table) if options.json else "\n".join(summary(table)))


if __name__ == "__main__":
    main()
