"""Notebook 06: a real data set fitted end to end, and what in it is identifiable."""

from __future__ import annotations

from temperance.notebook import Cell


def real_data() -> list[Cell]:
    """Fisher's iris flowers: two experts found without the species, and what of a temperature they tell."""
    return [
        ("markdown", _INTRODUCTION),
        ("parameters", _PARAMETERS),
        ("code", _DATA),
        ("markdown", _FIT_TEXT),
        ("code", _FIT),
        ("code", _FIT_PICTURE),
        ("markdown", _NUMBER_TEXT),
        ("sized", _NUMBER),
        ("markdown", _LINEAR_TEXT),
        ("code", _LINEAR),
        ("markdown", _ACTIVATION_TEXT),
        ("sized", _ACTIVATION),
        ("markdown", _PROFILE_TEXT),
        ("sized", _PROFILE),
        ("sized", _PROFILE_PICTURE),
        ("markdown", _TWIN_TEXT),
        ("code", _TWIN),
        ("markdown", _CLOSING),
    ]


_INTRODUCTION = r"""# Real data: what 150 flowers say of a temperature

The iris data of Anderson and Fisher, which come with scikit-learn (`pip install "temperance[sklearn]"`): 150 flowers
of three species, sepals measured in centimetres. Predict the width $y$ of the sepal from its length. A single straight
line says that longer sepals are *narrower*; within each species they are wider. A mixture of experts should find this
without being told the species.

The length is centred: unlike the linear gate, a gate with an activation, $s(\beta_1 x)$, has a place $x = 0$ where it
bends."""

_PARAMETERS = """activation = "tanh"
quick = False"""

_DATA = r"""import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_iris

iris = load_iris()
length, width = iris.data[:, 0], iris.data[:, 1]
x, y = length - length.mean(), width
slope, intercept = np.polyfit(x, y, 1)
print(f"{len(x)} flowers; one line for all: width = {intercept:.3f} {slope:+.3f} (length - {length.mean():.3f})")
for i, species in enumerate(iris.target_names):
    own = iris.target == i
    print(f"slope within {species:<11}{np.polyfit(x[own], y[own], 1)[0]:.3f}")"""

_FIT_TEXT = r"""## Two experts, softmax gate

The softmax gate is the linear gate with $\tau = 1$ by convention; nothing in it is left undetermined. How a search
numbers the atoms means nothing, so that they are named here by their slopes: $\beta_1$ and $\beta_0$ are those of the
steep expert, with 0 for the flat one. (`print(model.summary())` shows the fit as it was found.)"""

_FIT = r"""from temperance import MoERegressor
from temperance.notebook_table import Table


def shown(found):
    steep = int(np.argmax(found.fit.measure.a[:, 0]))
    rows = []
    for e in found.estimates:
        of_gate = e.parameter == "tau" or e.parameter.startswith("beta")
        value = -e.value if e.parameter.startswith("beta") and steep == 1 else e.value
        of = "gate" if of_gate else "steep" if e.atom == steep else "flat"
        numbers = (f"{v:.3f}" if e.identifiable and v is not None else None for v in (value, e.se))
        rows.append((of, f"`{e.parameter}`", *numbers))
    rows.sort(key=lambda row: ("gate", "steep", "flat").index(row[0]))
    return Table(("of", "parameter", "estimate", "standard error"), rows)


model = MoERegressor(n_experts=2, gate="softmax", starts=10, random_state=0).fit(x[:, None], y)
best = model.result_.fit
print(f"status {best.status}; log-likelihood {best.log_likelihood:.4f}; {best.agree} of {best.starts} starts agree")
shown(model.result_)"""

_FIT_PICTURE = r"""from numerics.compiled import compile_activation
from numerics.density import gate_probabilities, responsibilities
from theory.activations import activation as read

linear = compile_activation(read("z"))
fitted = model.result_.fit.measure
steep = int(np.argmax(fitted.a[:, 0]))
grid = np.linspace(x.min(), x.max(), 201)[:, None]
posterior = responsibilities(fitted, linear, x[:, None], y)[:, steep]
figure, axes = plt.subplots(1, 2, figsize=(11, 3.8), layout="constrained")
for i, (species, marker) in enumerate(zip(iris.target_names, "osD", strict=True)):
    own = iris.target == i
    points = axes[0].scatter(
        length[own], y[own], c=posterior[own], marker=marker, cmap="coolwarm", vmin=0, vmax=1, s=22, label=species
    )
for j in range(2):
    axes[0].plot(grid + length.mean(), fitted.a[j, 0] * grid + fitted.b[j], "k", linewidth=1)
axes[0].plot(grid + length.mean(), slope * grid + intercept, "k:", linewidth=1)
axes[0].set(xlabel="sepal length", ylabel="sepal width", title="two experts, and the single line (dotted)")
axes[0].legend()
figure.colorbar(points, ax=axes[0], label="probability of the steep expert")
axes[1].plot(grid + length.mean(), gate_probabilities(fitted, linear, grid)[:, steep], "k")
axes[1].set(xlabel="sepal length", title="gate: weight of the steep expert")
plt.show()
chosen = posterior > 0.5
for i, species in enumerate(iris.target_names):
    print(f"{species}: {chosen[iris.target == i].sum()} of {(iris.target == i).sum()} flowers with the steep expert")"""

_NUMBER_TEXT = r"""The steep expert is setosa, although no fit saw the species.

## How many experts?

More atoms always fit better. The information criterion BIC weighs the likelihood against the number of parameters (in
over-specified mixtures it is no more than a guide, since the usual theory does not hold there). Look at the status
first: measurements rounded to a millimetre let an atom collapse onto flowers that lie on one line, and the likelihood
of such a fit is set by the least variance that the box allows. That is no estimate, whatever its BIC."""

_NUMBER = r"""from numerics.estimate import fit

starts = 5 if quick else 30
rows = []
for k in (1, 2, 3) if quick else (1, 2, 3, 4):
    result = fit(x, y, fitted=k, gate="softmax", starts=starts, seed=0).fit
    bic = result.layout.size * np.log(len(x)) - 2 * result.log_likelihood
    meant = result.status == "converged"
    values = (f"{result.log_likelihood:.2f}", f"{bic:.1f}") if meant else (None, None)
    rows.append((k, result.layout.size, *values, result.status))
Table(("atoms", "parameters", "log-likelihood", "BIC", "status"), rows)"""

_LINEAR_TEXT = r"""## The linear gate with a temperature: not identifiable

Let $\tau$ be fitted too. The maximum is no point but a line: the fit reports the flat direction, gives no standard
error to what moves along it, and says which functions are left. These have the values of the softmax gate."""

_LINEAR = r"""found = fit(x, y, fitted=2, gate="linear", starts=10, seed=0)
print(f"status {found.fit.status}; flat directions: {len(found.fit.flat_directions)}")
for warning in found.warnings:
    print("note:", warning)
shown(found)"""

_ACTIVATION_TEXT = r"""## A gate with an activation: identifiable in theory

With an activation that satisfies the first-order condition (notebook 02) the temperature is identifiable. In the free
gauge, where both atoms have a $\beta_1$, and in the anchored gauge, where the last has $\beta_1 = 0$. Numbering the
atoms the other way round, and for an odd activation some changes of sign, leave the density as it is; which of these
maxima a search finds means nothing, so that absolute values are shown, the largest first."""

_ACTIVATION = r"""from IPython.display import Markdown, display

for gauge in ("free", "anchored"):
    bent = fit(x, y, fitted=2, activation=activation, gauge=gauge, starts=starts, seed=0)
    display(Markdown(f"**{activation}, {gauge} gauge**: {bent.fit.status}, {bent.fit.log_likelihood:.2f}"))
    for warning in bent.warnings:
        print("note:", warning)
    names = ["tau", "beta1", "beta0", "|beta1|/tau", "beta0/tau"]
    kept = [e for e in bent.estimates if e.parameter in names]
    kept.sort(key=lambda e: (names.index(e.parameter), -abs(e.value)))
    sizes = [(f"`{e.parameter}`", f"{abs(e.value):.3f}" if e.identifiable else None, e.se) for e in kept]
    display(Table(("parameter", "absolute value", "standard error"), sizes))"""

_PROFILE_TEXT = r"""## What the likelihood says of $\tau$

Standard errors describe the top of the likelihood as a parabola. The *profile* shows all of it: hold $\tau$, fit the
rest. A value of $\tau$ is within the 95% likelihood-ratio interval if the profile there is less than 1.92 below its
maximum."""

_PROFILE = r"""temperatures = np.geomspace(0.03, 3, 7 if quick else 33)
gates = {
    "linear": {"gate": "linear"},
    "relu, anchored": {"activation": "relu", "gauge": "anchored"},
    f"{activation}, anchored": {"activation": activation, "gauge": "anchored"},
    f"{activation}, free": {"activation": activation, "gauge": "free"},
}


def profile(options):
    fits = [fit(x, y, fitted=2, tau=float(tau), starts=starts, seed=0, **options).fit for tau in temperatures]
    return np.array([f.log_likelihood if f.status in ("converged", "at_bound") else np.nan for f in fits])


profiles = {name: profile(options) for name, options in gates.items()}
for name, values in profiles.items():
    inside = temperatures[values > np.nanmax(values) - 1.92]
    low = "" if inside[0] == temperatures[0] else f", from {inside[0]:.2g}"
    high = "" if inside[-1] == temperatures[-1] else f", up to {inside[-1]:.2g}"
    span = np.nanmax(values) - np.nanmin(values)
    print(f"{name}: " + ("flat" if span < 1e-6 else f"within 1.92 of the maximum{low}{high}"))"""

_PROFILE_PICTURE = r"""figure, axis = plt.subplots(figsize=(7, 3.6), layout="constrained")
for (name, values), style in zip(profiles.items(), ("-", "--", "-.", "-"), strict=False):
    axis.semilogx(temperatures, values, style, label=name)
best = max(np.nanmax(values) for values in profiles.values())
axis.axhline(best - 1.92, color="gray", linestyle=":", linewidth=1)
axis.set(xlabel=r"temperature $\tau$", ylabel="profile log-likelihood", ylim=(best - 8, best + 0.7))
axis.set_xticks([0.03, 0.1, 0.3, 1, 3], ["0.03", "0.1", "0.3", "1", "3"])
axis.minorticks_off()
axis.legend()
plt.show()"""

_TWIN_TEXT = r"""Three answers to one question. For the linear gate and for ReLU the profile is flat: exactly, for any
data, because the parameters are not identifiable. For tanh in the anchored gauge it has one maximum and falls off on
both sides. For tanh in the free gauge there is a plateau: the fitted atoms have $\beta_{11} \approx 0$ or $\beta_{12}
\approx 0$, and such a point has a twin at twice the temperature with *the same density* (notebook 05: $(b, 0,
\beta_0/2, \tau/2)$ and $(b, -b, \beta_0, \tau)$). The model is locally identifiable, and still these flowers do not
choose between $\tau$ and $2\tau$, nor exclude smaller values.

The twin, by hand, from the anchored fit of tanh:"""

_TWIN = r"""from numerics.density import log_density
from numerics.measures import MixingMeasure

tanh = compile_activation(read("tanh"))
anchored = fit(x, y, fitted=2, activation="tanh", gauge="anchored", starts=10, seed=0).fit.measure
if anchored.beta1[0, 0] < 0:  # the same mixture with its atoms numbered the other way round
    experts = anchored.a[::-1], anchored.b[::-1], anchored.nu[::-1]
    anchored = MixingMeasure(-anchored.beta1, -anchored.beta0, anchored.tau, *experts)
b, tau = float(anchored.beta1[0, 0]), float(anchored.tau)
twin = MixingMeasure(
    np.array([[b], [-b]]), 2 * anchored.beta0, 2 * anchored.tau, anchored.a, anchored.b, anchored.nu
)
print(f"anchored: beta1 = ({b:.3f}, 0), tau = {tau:.3f}; twin: beta1 = ({b:.3f}, {-b:.3f}), tau = {2 * tau:.3f}")
for name, measure in (("anchored", anchored), ("twin", twin)):
    print(f"log-likelihood of {name}: {log_density(measure, tanh, x[:, None], y).sum():.6f}")"""

_CLOSING = r"""## What to take home

- What the two experts are ($a$, $b$, $\nu$) does not depend on the gate, and is determined.
- With the linear gate report $\beta_1/\tau$ and $\beta_0/\tau$, or fix $\tau = 1$. A fitted $\tau$ is where the search
  happened to stop.
- With an activation, look at the profile before you believe a standard error of $\tau$; in the free gauge look for the
  twin; fix the gauge if the temperature is to mean something.

From the shell: `temperance fit iris.csv --fitted 2 --activation tanh --gauge anchored`."""
