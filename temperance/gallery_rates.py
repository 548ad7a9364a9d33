"""Notebook 03: rates on three legs, proof, contact and Monte Carlo, and what the full verification found."""

from __future__ import annotations

from temperance.gallery_verified import full_verification
from temperance.notebook import Cell


def rates() -> list[Cell]:
    """The three legs at work on a small setting, then the stored results of the full verification."""
    return [
        ("markdown", _INTRODUCTION),
        ("parameters", _PARAMETERS),
        ("code", _CLAIMS),
        ("markdown", _PROOF_TEXT),
        ("code", _PROOF),
        ("markdown", _CONTACT_TEXT),
        ("code", _CONTACT),
        ("code", _CONTACT_STORED),
        ("markdown", _STUDY_TEXT),
        ("sized", _STUDY),
        *full_verification(),
    ]


_INTRODUCTION = r"""# Rates: proof, contact, Monte Carlo

How fast do the parameters of a mixture of experts approach the truth? A statement such as "$\tau$ converges at
$n^{-1/2}$" can be supported in three ways that do not lean on one another:

1. **proof**: the exact verdicts and identities that the statement follows from, with certificates;
2. **contact**: along a curve of parameters $G_t \to G^*$ the density approaches the true one like $t^q$. An estimator
   cannot tell $G_t$ from $G^*$ before $t^q \approx n^{-1/2}$, so that its error is at least of the order
   $n^{-1/(2q)}$. The order $q$ is computed, without sampling, in arithmetic with error bounds;
3. **Monte Carlo**: maximum-likelihood fits to samples of growing size; the slope of the log error on $\log n$.

The verification holds every claim against the legs that it requires. This notebook shows each leg at work on a small
setting, and then the stored results of `temperance verify --full`, as they fell. `-p results FILE` shows those of a
run of your own: `temperance verify --full --store studies.sqlite -o full.json` makes the file (an hour or two; it can
be stopped and goes on)."""

_PARAMETERS = """results = ""  # a report of `temperance verify -o FILE.json`; empty: the stored results
quick = False"""

_CLAIMS = r"""from temperance.notebook_table import Table
from temperance.stored_results import read_results, stored

found = read_results(results) if results else stored()


def plain(words):
    return words.replace("*", r"\*")  # k* is no emphasis


def leg(claim, name):
    return claim["legs"][name]["outcome"] if claim["legs"][name] else None


Table(
    ("claim", "outcome", "proof", "contact", "Monte Carlo", "statement"),
    [
        (c["id"], c["outcome"], leg(c, "proof"), leg(c, "contact"), leg(c, "monte_carlo"), plain(c["statement"]))
        for c in found["claims"]
    ],
)"""

_PROOF_TEXT = r"""## Leg 1: proof

For the linear gate the temperature equation (notebook 01) makes $\tau$ and $\beta_1$ unidentifiable; for an activation
gate the first-order condition (notebook 02) decides. `predict` draws the conclusions, and gives its reasons."""

_PROOF = r"""from theory.rates import predict

rows = []
cells = ("any", "anchor singleton", "some singleton")
for gate, source, fitted in (("linear", None, 2), ("activation", "tanh", 2), ("activation", "tanh", 3)):
    for p in predict(gate, source, true_k=2, fitted_k=fitted, gauge="anchored" if fitted > 2 else "free"):
        if p.parameter in ("tau", "beta1", "beta1/tau", "b") and p.cells in cells:
            rows.append((source or gate, f"{fitted} of 2", f"`{p.parameter}`", p.cell_size, p.sharp, p.reason))
Table(("gate", "atoms", "parameter", "in its cell", "$p$", "reason"), rows)"""

_CONTACT_TEXT = r"""## Leg 2: contact

Four curves through a true point of the tanh gate: two halves of an atom with their $\beta_1$ apart, with their $a$
apart, two atoms at the nodes of Gauss-Hermite quadrature (which ties $b$ to $\nu$), and the scale orbit of the linear
gate, along which the density does not move at all."""

_CONTACT = r"""import matplotlib.pyplot as plt
import numpy as np

from numerics import curves
from numerics.contact import contact
from numerics.settings import tanh_cell

truth = tanh_cell()
levels = tuple(range(4, 9))
settings = {
    r"$\beta_1 \pm t$": (curves.split(truth, 0, "beta1"), "tanh"),
    r"$a \pm t$": (curves.split(truth, 0, "a"), "tanh"),
    r"Gauss-Hermite, $b \pm t$, $\nu - t^2$": (curves.gauss_hermite_split(truth, 0, 2), "tanh"),
    "scale orbit, linear gate": (curves.scale_orbit(truth), "linear"),
}
rows = []
figure, axis = plt.subplots(figsize=(6, 3.4), layout="constrained")
for name, (curve, s) in settings.items():
    order = contact(curve, truth, s, levels=levels)
    if order.zero:
        rows.append((name, "identically 0", None, "none: not identifiable"))
        continue
    rows.append((name, f"{order.order:.4f}", order.digits, f"$n^{{-1/{2 * round(order.order)}}}$"))
    axis.loglog([2.0**-j for j in levels], order.distances, "o-", base=2, label=name)
axis.set(xlabel="$t$", ylabel="L2 distance of the densities")
axis.legend()
plt.show()
Table(("curve", "order $q$", "digits", "rate"), rows)"""

_CONTACT_STORED = r"""orders = [
    (claim["id"], order)
    for claim in found["claims"]
    if claim["legs"]["contact"]
    for order in claim["legs"]["contact"].get("orders", ())
]
moving = [order for _, order in orders if not isinstance(order["measured"], str)]
expected = sorted({order["expected"] for order in moving if not isinstance(order["expected"], str)})
colours = {q: f"C{i}" for i, q in enumerate(expected)}
figure, axis = plt.subplots(figsize=(6, 3.6), layout="constrained")
for order in moving:
    t = 2.0 ** -np.arange(order["levels"][0], order["levels"][1] + 1)
    distances = np.array(order["distances"]) / order["distances"][0]
    axis.loglog(t / t[0], distances, color=colours.get(order["expected"], "gray"), linewidth=0.8, base=2)
for q, colour in colours.items():
    axis.plot([], [], color=colour, label=f"order {q}")
axis.set(xlabel="$t$, relative", ylabel="distance, relative", title="all contact orders of the verification")
if expected:
    axis.legend()
plt.show()
print(f"{len(orders)} curves, of which {len(orders) - len(moving)} leave the density where it is")
print("outcomes:", ", ".join(sorted({f"{order['outcome']}" for _, order in orders})))
misses = [abs(o["measured"] - o["expected"]) for o in moving if not isinstance(o["expected"], str)]
print(f"largest difference between measured and expected order: {max(misses, default=0.0):.1e}")"""

_STUDY_TEXT = r"""## Leg 3: Monte Carlo

A small study, run here: the linear gate with as many atoms as there are. Its definition (truth, sizes, replicates,
starts, box, seed) is fixed before it runs. Whole replicates are resampled for the interval of a slope, since samples
at a larger $n$ contain those at a smaller one."""

_STUDY = r"""from dataclasses import replace

from numerics.settings import LINEAR
from numerics.studies import run_study
from temperance.judging import study_record

study = replace(
    LINEAR,
    name="linear gate, small",
    sizes=(500, 1000, 2000) if quick else (1000, 4000, 16000),
    replicates=12 if quick else 100,
    seed=71003,
)
record = study_record(run_study(study))
print(", ".join(f"{record['fits'][key]} {key.replace('_', ' ')}" for key in record["fits"]))


def interval(s):
    low, high = s["ci"]
    return f"{s['slope']:.3f} [{low:.3f}, {high:.3f}]" if low is not None and high is not None else f"{s['slope']:.3f}"


rows = [
    (f"`{s['parameter']}`", s["cell"], interval(s), None if s["predicted"] is None else -s["predicted"], s["outcome"])
    for s in record["slopes"]
    if s["slope"] is not None
]
Table(("parameter", "cell", "slope, 95% interval", "predicted", "outcome"), rows)"""
