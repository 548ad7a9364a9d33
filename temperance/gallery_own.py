"""Notebook 04: bring your own activation, and your own gate and expert."""

from __future__ import annotations

from temperance.notebook import Cell


def own() -> list[Cell]:
    """An activation from its verdicts to a rate study, and a gate and an expert from their atom to what is learnt."""
    return [
        ("markdown", _INTRODUCTION),
        ("parameters", _PARAMETERS),
        ("code", _READ),
        ("code", _REFUSED),
        ("markdown", _DECIDE_TEXT),
        ("code", _DECIDE),
        ("markdown", _PREDICT_TEXT),
        ("code", _PREDICT),
        ("markdown", _FIT_TEXT),
        ("sized", _FIT),
        ("sized", _FIT_PICTURE),
        ("markdown", _RATES_TEXT),
        ("sized", _RATES),
        ("markdown", _GATE_TEXT),
        ("code", _GATE),
        ("code", _GATE_LEARNT),
        ("code", _GATE_PICTURE),
        ("markdown", _EXPERT_TEXT),
        ("code", _EXPERT),
        ("markdown", _CLOSING),
    ]


_INTRODUCTION = r"""# Bring your own activation and gate

Everything that the library says of tanh or GELU it can say of a function of yours: verdicts with proofs, predicted
rates, fits, and a rate study. This notebook takes an activation that is in no library, a cousin of SiLU with algebraic
tails, through all of it, and then a gate and an expert of one's own.

An activation is written in the variable `z`, with numbers (decimals are exact), `+ - * / **`, the usual functions,
`where(z > 0, e1, e2)`, and the names of the catalogue as functions. To run this notebook with another one: `temperance
notebooks run -p activation "z*tanh(z)" -o FOLDER`."""

_PARAMETERS = """activation = "z*(1/2 + atan(z)/pi)"
quick = False"""

_READ = r"""import matplotlib.pyplot as plt
import numpy as np
import sympy as sp
from IPython.display import Math, display

from numerics.compiled import compile_activation
from theory.activations import activation as read

source = read(activation)
for piece in source.pieces:
    display(Math(rf"s(z) = {sp.latex(piece.expr)}, \quad {sp.latex(piece.lower)} < z < {sp.latex(piece.upper)}"))

gate = compile_activation(source)
z = np.linspace(-4, 4, 401)
figure, axis = plt.subplots(figsize=(6, 3), layout="constrained")
for derivative, label in zip(gate(z, 2), ("$s$", "$s'$", "$s''$"), strict=True):
    axis.plot(z, derivative, label=label)
axis.set(xlabel="$z$", title=activation)
axis.legend()
plt.show()"""

_REFUSED = r"""for text in ("z*swish2(z)", "__import__('os')", "1/0"):
    try:
        read(text)
    except ValueError as refusal:
        print(f"{text!r} is refused: {str(refusal).split(';')[0]}")"""

_DECIDE_TEXT = r"""The text is read by a parser with a fixed list of what it accepts; it is never run as a program.

## What is decided of it

The conditions of notebook 02, each with the proof that the independent checker accepts, and the type of the mirror
point of notebook 05."""

_DECIDE = """from theory.certificates import check
from theory.independence import decide
from theory.issuing import certificates

decision = decide(source)
display(decision)
for proof in certificates(decision):
    check(proof)
    print("proved:", proof["statement"])
print("mirror point:", decision.mirror.kind, "-", decision.mirror.description or decision.mirror.reason)"""

_PREDICT_TEXT = r"""## What follows for the rates

`predict` turns the verdicts into exponents: the error of a parameter is of the order $n^{-p}$, up to logarithms.
*Exact* means that as many atoms are fitted as there are, *over-specified* that there are more, so that some true atom
is shared by a cell of several fitted ones. The anchored gauge holds $\beta_1 = 0$ in the last atom. Where the sharp
exponent and the published one are not the same, the reasons are in `p.reason` and `p.published_reason`."""

_PREDICT = r"""from temperance.notebook_table import Table
from theory.rates import predict


def exponents(fitted):
    found = predict("activation", source, true_k=2, fitted_k=fitted, gauge="anchored")
    return [p for p in found if p.cells in ("any", "anchor singleton")]


rows = [("exact, 2 of 2", p) for p in exponents(2)] + [("over-specified, 3 of 2", p) for p in exponents(3)]
Table(
    ("fitted", "parameter", "atoms in its cell", "sharp $p$", "published $p$"),
    [(fitted, f"`{p.parameter}`", p.cell_size, p.sharp, p.published) for fitted, p in rows],
)"""

_FIT_TEXT = r"""## A fit

Samples from a mixture of two experts with this gate, and the maximum-likelihood fit of the temperature and all other
parameters. The starts know nothing of the truth."""

_FIT = r"""from numerics.estimate import fit
from numerics.measures import MixingMeasure
from numerics.sampling import sample

truth = MixingMeasure(
    beta1=np.array([[3.0], [0.5]]),
    beta0=np.array([-0.125, 0.0]),
    tau=np.array(0.125),
    a=np.array([[0.5], [-0.5]]),
    b=np.array([2.0, -2.0]),
    nu=np.array([0.25, 0.5]),
)
x, y = sample(truth, gate, 2000 if quick else 20000, seed=4)
found = fit(x, y, fitted=2, activation=activation, starts=5, seed=0)
print(f"status {found.fit.status}; {found.fit.agree} of {found.fit.starts} starts agree")
for warning in found.warnings:
    print("note:", warning)
swapped = found.fit.measure.b[0] < found.fit.measure.b[1]  # atoms may come in any order


def true_value(e):
    if e.parameter not in ("tau", "beta1", "beta0", "a", "b", "nu") or (swapped and e.parameter == "beta0"):
        return None  # the bias is relative to the last atom
    values = np.ravel(getattr(truth, e.parameter))
    return float(values[0] if e.atom is None else values[1 - e.atom if swapped else e.atom])


def estimate(e):
    return f"{e.value:.3f}" if e.identifiable else "-"


def error(e):
    return None if e.se is None else f"{e.se:.3f}"


Table(
    ("parameter", "atom", "truth", "estimate", "standard error", "identifiable"),
    [(f"`{e.parameter}`", e.atom, true_value(e), estimate(e), error(e), e.identifiable) for e in found.estimates],
)"""

_FIT_PICTURE = r"""from numerics.density import gate_probabilities

grid = np.linspace(-3, 3, 301)[:, None]
figure, axes = plt.subplots(1, 2, figsize=(10, 3.4), layout="constrained")
weights = gate_probabilities(found.fit.measure, gate, x)
axes[0].scatter(x[:1500, 0], y[:1500], c=weights[:1500, 0], cmap="coolwarm", s=4)
for i in range(2):
    line = found.fit.measure.a[i, 0] * grid[:, 0] + found.fit.measure.b[i]
    axes[0].plot(grid, line, "k", linewidth=1)
axes[0].set(xlabel="$x$", ylabel="$y$", title="data, coloured by the fitted gate, and experts")
order = [1, 0] if swapped else [0, 1]
axes[1].plot(grid, gate_probabilities(truth, gate, grid)[:, 0], "k", label="true")
axes[1].plot(grid, gate_probabilities(found.fit.measure, gate, grid)[:, order[0]], "--", label="fitted")
axes[1].set(xlabel="$x$", title="weight of the atom above")
axes[1].legend()
plt.show()"""

_RATES_TEXT = r"""## A small rate study

The errors of many fits at growing $n$, held against the prediction: what `temperance rates` does. This one is far too
small to settle anything (the studies of notebook 03 are not); it says *inconclusive* where the interval is wide."""

_RATES = r"""from numerics.studies import run_study
from temperance.judging import study_record
from temperance.measured import slope_row, study_for
from temperance.truths import Truth

sizes, replicates = ((500, 2000), 12) if quick else ((2000, 8000, 32000), 60)
study = study_for(
    gate="activation", source=activation, true=2, fitted=2, truth=Truth(truth), n=sizes, replicates=replicates
)
record = study_record(run_study(study))
slopes = [s for s in record["slopes"] if s["parameter"] in ("tau", "beta1", "a", "density") and s["cell"] in (None, 0)]
figure, axis = plt.subplots(figsize=(6, 3.4), layout="constrained")
for s in slopes:
    rms = [point["rms"] for point in s["points"]]
    axis.loglog([point["n"] for point in s["points"]], rms, "o-", label=s["parameter"])
reference = np.array(sizes, dtype=float)
axis.loglog(reference, 2 * reference**-0.5, "k:", label="$n^{-1/2}$")
axis.set(xlabel="$n$", ylabel="RMS error")
axis.set_xticks(sizes, sizes)
axis.minorticks_off()
axis.legend(loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()
Table(("parameter", "cell", "share", "slope [95% interval]", "predicted", "outcome"), [slope_row(s) for s in slopes])"""

_GATE_TEXT = r"""## A gate of one's own

For directions, angles or times of the day a natural router is $w(x) = \exp(\kappa\cos(x - c)/\tau)$: it prefers $x$
near $c$, on a circle (the von Mises density). Which of $\kappa$, $c$ and $\tau$ can be learnt? A gate is an expression
and its parameters; `derive` finds every linear relation among the derivatives of its atom, and what follows."""

_GATE = r"""from theory.interactions import derive
from theory.models import BETA0, TAU, Expert, Gate, Y, covariates
from theory.symmetry import symmetries

(angle,) = covariates(1)
kappa, c = sp.Symbol("kappa", positive=True), sp.Symbol("c", real=True)
router = Gate("von Mises", kappa * sp.cos(angle - c) / TAU, (kappa, c, TAU), shared=(TAU,), offset=BETA0 / TAU)
relations = derive(router, "gaussian", order=2)
print(f"{relations.derivatives} derivatives of order <= 2, rank {relations.rank}; all relations follow from")
for generator in relations.generators:
    display(Math(generator.latex))"""

_GATE_LEARNT = r"""groups = symmetries(relations)
for flow in groups.flows:
    print("flow:", flow.statement)
print("identifiable:", ", ".join(map(str, groups.identifiable)))
print(groups.proved)"""

_GATE_PICTURE = r"""def router_weights(scale, centres=(-1.0, 1.5), concentrations=(2.0, 1.0), tau=0.5):
    angles = np.linspace(-np.pi, np.pi, 301)
    scores = [scale * k * np.cos(angles - m) / (scale * tau) for k, m in zip(concentrations, centres, strict=True)]
    weights = np.exp(scores)
    return angles, weights[0] / weights.sum(axis=0)


figure, axis = plt.subplots(figsize=(6, 3), layout="constrained")
for scale, style in ((0.2, "-"), (1.0, "--"), (5.0, ":")):
    axis.plot(*router_weights(scale), style, linewidth=2, label=rf"$\tau = {0.5 * scale:g}$")
axis.set(xlabel="$x$", title=r"weight of atom 1: one gate along $(\kappa, \tau) \to (l\kappa, l\tau)$")
axis.legend()
plt.show()"""

_EXPERT_TEXT = r"""The temperature equation $\tau u_\tau + \kappa u_\kappa = 0$ is back: this router has the fate of
the linear gate, and its temperature is a convention. Fix $\tau = 1$ and learn $\kappa$. The relation of order 2 in
$\kappa$ and $c$ is new; it ties the location to the concentration, as the heat equation ties $b$ to $\nu$.

## An expert of one's own

Counts instead of real responses: a Poisson expert with mean $\exp(ax + b)$. The relation $\tau u_{\beta_1 b} = u_a$
that slows down over-specified Gaussian experts is there as well; the heat equation is gone."""

_EXPERT = r"""a, b = sp.symbols("a b", real=True)
mean = sp.exp(a * angle + b)
counts = Expert("Poisson", Y * (a * angle + b) - mean - sp.loggamma(Y + 1), (a, b))
poisson = derive("linear", counts, order=2)
print(f"{poisson.derivatives} derivatives of order <= 2, rank {poisson.rank}; all relations follow from")
for generator in poisson.generators:
    display(Math(generator.latex))"""

_CLOSING = """## The same from the shell

- `temperance check "z*(1/2 + atan(z)/pi)" --certificate proofs.json`, then `temperance certify proofs.json`;
- `temperance rates --activation "z*(1/2 + atan(z)/pi)" --true 2 --fitted 3 --store study.sqlite`;
- `temperance fit data.csv --fitted 2 --activation "z*(1/2 + atan(z)/pi)"`.

With torch or jax installed, a module or a function is an activation as well: `temperance.check(torch.nn.SiLU())`."""
