"""Compares rules for the number of experts on data with a known number, and shows two real data sets.

    python benchmarks/experts.py                    # one data set in each cell
    python benchmarks/experts.py --replicates 20 --sizes 300,1000,10000

Rules: AIC; BIC; ICL (BIC and twice the entropy of the labels); sBIC; DSC, the criterion of the dendrogram (arXiv
2510.12744) as its authors' public code has it (the largest sum, from two experts on, of the height of the next merge
and of log n times the mean log-likelihood of the merged mixture; weights exp(beta0), a height (db^2 + (da^2 +
dnu^2)^(1/2)) over the sum of inverse weights, in raw units; merged are weighted means of all parameters); ours,
whether the range of `temperance.experts` holds the true number, and in how many data sets it is one number; its lines,
and whether their range holds the true number and has at most two; silent: wrong, and no warning. flexmix by BIC and ICL
where R and flexmix are installed. --noise and --seed choose rows and data sets; --only-ours leaves other programs out.

D is measured on the scale of each expert's noise since the second run of docs/experts.md, whose options were fixed
before it: --only-ours --sizes 500,2000 --replicates 10 --seed 73000.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from temperance import MixingMeasure, sample
from temperance.answers.experts import answer_of
from temperance.numerics.estimation.sizes import Sizes, sizes

MOST = 5
RULES = ("AIC", "BIC", "ICL", "sBIC", "DSC", "flexmix BIC", "flexmix ICL", "ours", "one number")
RULES += ("lines", "lines: in the range", "lines: silent", "warned")
CELLS = [("clean", 1, "well"), *(("clean", k, apart) for k in (2, 3) for apart in ("well", "close"))]
CELLS += [(noise, k, "well") for noise in ("outliers", "t4", "growing", "skew", "gate") for k in (1, 2, 3)]
FLEXMIX = """
suppressMessages(library(flexmix)); d <- read.csv(commandArgs(TRUE)[1])
s <- stepFlexmix(y ~ x, data = d, k = 1:%d, nrep = 3, concomitant = FLXPmultinom(~x), verbose = FALSE)
cat(getModel(s, "BIC")@k, getModel(s, "ICL")@k)
"""


def truth(k: int, apart: str) -> MixingMeasure:
    """The true mixtures: lines that stay apart, or that are close."""
    a, beta1 = [0.5, -0.5, 0.0][:k], [1.5 if k > 1 else 0.0, -1.5 if k == 3 else 0.0, 0.0][:k]
    far = {(1, "well"): 0.0, (2, "well"): 2.0, (2, "close"): 0.7, (3, "well"): 3.0, (3, "close"): 1.3}[k, apart]
    b = [far, -far, 0.0][:k]
    return MixingMeasure(np.array(beta1)[:, None], np.zeros(k), np.array(1.0), np.array(a)[:, None], b, np.full(k, 0.5))


def data(noise: str, k: int, apart: str, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """x, y of the model (clean), or with other noise of the same variance, or another gate.

    outliers: 2% of y uniform on [-10, 10]; t4: t of 4 degrees of freedom; growing: a standard deviation that grows with
    x; skew: a Gamma law of shape 2; gate: scores that are no lines in x.
    """
    g = truth(k, apart)
    x, y = sample(g, "z", n, seed=seed)
    rng = np.random.default_rng([seed, n])
    if noise == "outliers":
        return x, np.where(rng.random(n) < 0.02, rng.uniform(-10, 10, n), y)
    if noise == "clean":
        return x, y
    shares = g.gate_probabilities(x)
    if noise == "gate":
        scores = np.abs(x) / 2 * x * g.beta1[:, 0] + 0.8 * np.sin(1.5 * x + np.arange(k))
        shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    atom = (rng.random(n)[:, None] > shares.cumsum(axis=1)[:, :-1]).sum(axis=1)
    e = rng.standard_normal(n)
    if noise == "t4":
        e = rng.standard_t(4, n) / np.sqrt(2)
    if noise == "skew":
        e = (rng.gamma(2.0, 1.0, n) - 2) / np.sqrt(2)
    if noise == "growing":
        spread = np.exp(0.35 * x[:, 0])
        e = e * spread / np.sqrt((spread**2).mean())
    return x, x[:, 0] * g.a[atom, 0] + g.b[atom] + np.sqrt(0.5) * e


def icl(found: Sizes) -> int:
    """The number of experts by BIC and twice the entropy of the labels."""
    costs = []
    for fit in found.fits:
        r = fit.mixture.values.responsibilities(fit.mixture.points)
        entropy = -float((r * np.log(np.maximum(r, 1e-300))).sum())
        costs.append(np.inf if fit.bic is None else fit.bic + 2 * entropy)
    return int(np.argmin(costs)) + 1


def dsc(found: Sizes) -> int:
    """The number of experts by the criterion of the dendrogram, as the public code of its authors computes it."""
    fitted = found.fits[-1].mixture
    m, x, y = fitted.values, fitted.points.x[:, 0], fitted.points.y
    atoms = [np.array([*m.own[i], *m.lines[i], m.nu[i]]) for i in range(m.k)]  # beta0, beta1, a, b, nu
    scores, n = {}, len(y)
    while len(atoms) > 1:
        pairs = [(i, j) for i in range(len(atoms)) for j in range(i)]
        heights = [_height(atoms[i], atoms[j]) for i, j in pairs]
        best = int(np.argmin(heights))
        scores[len(atoms)] = heights[best] + np.log(n) / n * _log_likelihood(np.array(atoms), x, y)
        i, j = pairs[best]
        both = _together(atoms[i], atoms[j])
        atoms = [atom for l, atom in enumerate(atoms) if l not in (i, j)] + [both]
    return max(scores, key=lambda k: scores[k])


def _height(one: np.ndarray, other: np.ndarray) -> float:
    _, _, a, b, nu = one - other
    return float((b**2 + np.hypot(a, nu)) / (np.exp(-one[0]) + np.exp(-other[0])))


def _together(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The sum of the weights exp(beta0), and the weighted means of all else."""
    beta0 = np.logaddexp(one[0], other[0])
    mean = np.exp(one[0] - beta0) * one + np.exp(other[0] - beta0) * other
    return np.array([beta0, *mean[1:]])


def _log_likelihood(atoms: np.ndarray, x: np.ndarray, y: np.ndarray) -> float:
    """Of one mixture, with their floor of 1e-9 under every density."""
    beta0, beta1, a, b, nu = atoms.T
    scores = beta0 + x[:, None] * beta1
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    normal = np.exp(-((y[:, None] - x[:, None] * a - b) ** 2) / (2 * nu)) / np.sqrt(2 * np.pi * nu)
    return float(np.log((weights * normal).sum(axis=1) / weights.sum(axis=1) + 1e-9).sum())


def flexmix(x: np.ndarray, y: np.ndarray) -> tuple[int, int] | None:
    """The numbers of experts that flexmix takes by BIC and by ICL; None without R or flexmix, or where it fails."""
    if shutil.which("Rscript") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "d.csv"
        np.savetxt(file, np.column_stack([x, y]), delimiter=",", header="x,y", comments="")
        command = ["Rscript", "-e", FLEXMIX % MOST, str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    numbers = done.stdout.split()
    return (int(numbers[0]), int(numbers[1])) if done.returncode == 0 and len(numbers) == 2 else None


def judged(x: np.ndarray, y: np.ndarray, k: int, *, others: bool) -> dict[str, bool | None]:
    """Which rules take k; others: those of other programs too."""
    found = sizes(x, y, MOST, gate="softmax")
    aic = min((f.aic, f.fitted) for f in found.fits if f.aic is not None)[1]
    numbers = flexmix(x, y) if others else None
    low, high = found.range or (0, 0)
    lines = found.lines
    in_range = lines is not None and lines.low <= k <= lines.high <= lines.low + 1
    return {
        "AIC": aic == k,
        "BIC": found.by_bic == k,
        "ICL": icl(found) == k,
        "sBIC": found.by_sbic == k,
        "DSC": dsc(found) == k,
        "flexmix BIC": None if numbers is None else numbers[0] == k,
        "flexmix ICL": None if numbers is None else numbers[1] == k,
        "ours": low <= k <= high,
        "one number": low == high,
        "lines": lines is not None and lines.count == k,
        "lines: in the range": in_range,
        "lines: silent": not in_range and not found.misspecified,
        "warned": found.misspecified,
    }


def shares(options: argparse.Namespace) -> Iterator[dict[str, object]]:
    """A row for each cell and n: the share of data sets in which a rule is right; None where it did not run."""
    wanted, replicates = options.noise.split(","), options.replicates
    for noise, k, apart in (cell for cell in CELLS if cell[0] in wanted):
        for n in map(int, options.sizes.split(",")):
            samples = (data(noise, k, apart, n, options.seed + r) for r in range(replicates))
            runs = [judged(x, y, k, others=not options.only_ours) for x, y in samples]
            row: dict[str, object] = {"noise": noise, "true": k, "apart": apart, "n": n, "data_sets": replicates}
            for rule in RULES:
                seen = [run[rule] for run in runs if run[rule] is not None]
                row[rule] = sum(map(bool, seen)) / len(seen) if seen else None
            yield row


def real() -> Iterator[tuple[str, str]]:
    """Two data sets that scikit-learn ships, and what is said of them."""
    try:
        from sklearn.datasets import load_diabetes, load_iris
    except ImportError:
        return
    iris, diabetes = load_iris().data, load_diabetes(scaled=False)
    yield "iris: sepal width over sepal length, 150 flowers of three species", _said(iris[:, 0], iris[:, 1])
    yield "diabetes: progression over body mass index, 442 patients", _said(diabetes.data[:, 2], diabetes.target)


def _said(x: np.ndarray, y: np.ndarray) -> str:
    return str(answer_of(sizes(x, y, 4, gate="softmax")))


def main() -> None:
    """Print the table, row by row, and the real data sets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replicates", type=int, default=1)
    parser.add_argument("--sizes", default="300,1000", help="numbers of points; about 15 CPU s for each data set")
    parser.add_argument("--noise", default=",".join(dict.fromkeys(cell[0] for cell in CELLS)))
    parser.add_argument("--seed", type=int, default=90_000, help="of the first data set of a row")
    parser.add_argument("--only-ours", action="store_true", help="neither flexmix nor the two real data sets")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = []
    columns = ("noise", "k*", "experts", "n", *RULES)
    if not options.json:
        print(f"share of right numbers, {options.replicates} data sets a row; - : R or flexmix is not installed")
        print(" | ".join(columns))
    for row in shares(options):
        rows.append(row)
        if not options.json:
            values = ["-" if row[rule] is None else f"{row[rule]:.2f}" for rule in RULES]
            print(" | ".join([*(str(row[name]) for name in ("noise", "true", "apart", "n")), *values]), flush=True)
    sets = {} if options.only_ours else dict(real())
    if options.json:
        print(json.dumps({"rows": rows, "real": sets}))
    for name, text in () if options.json else sets.items():
        print(f"\n{name}\n{text}")


if __name__ == "__main__":
    main()
