"""Notebook 05: mirror points and exceptional temperatures, results past the paper."""

from __future__ import annotations

from temperance.notebook import Cell


def mirror_points() -> list[Cell]:
    """What the mixture adds to the condition on one atom: singular and flat points, and temperatures."""
    return [
        ("markdown", _INTRODUCTION),
        ("parameters", _PARAMETERS),
        ("markdown", _PARTS_TEXT),
        ("code", _PARTS),
        ("markdown", _INFORMATION_TEXT),
        ("sized", _INFORMATION),
        ("markdown", _TYPES_TEXT),
        ("code", _TYPES),
        ("markdown", _CONTACT_TEXT),
        ("code", _CONTACT),
        ("markdown", _ALIAS_TEXT),
        ("code", _ALIAS),
        ("code", _ALIAS_PICTURE),
        ("markdown", _SAMPLES_TEXT),
        ("sized", _SAMPLES),
        ("sized", _SAMPLES_PICTURE),
        ("markdown", _FLAT_TEXT),
        ("code", _FLAT),
        ("markdown", _TEMPERATURE_TEXT),
        ("sized", _TEMPERATURE),
        ("markdown", _ORDER_TEXT),
        ("code", _ORDER),
    ]


_INTRODUCTION = r"""# Mirror points and exceptional temperatures

The first-order condition, $1, s, z s'$ independent, looks at one atom. A mixture can be singular although each of its
atoms is fine, because the softmax sees only *differences* of scores. This notebook shows where that happens with two
atoms in one dimension, what it does to the rates, and at which temperatures an over-specified fit loses them. These
results go past those of arXiv 2401.13875."""

_PARAMETERS = "quick = False"

_PARTS_TEXT = r"""## What the gate sees at a mirror point

With two atoms all the gate depends on is

$$D(x) = \frac{s(\beta_{11}x) - s(\beta_{12}x) + \beta_{01} - \beta_{02}}{\tau}.$$

At a *mirror point* $\beta_{12} = -\beta_{11} = -b$. Write $s = e + o$, even and odd parts. Then $s(bx) - s(-bx) =
2\,o(bx)$: the even part is invisible. Now move $\beta_{11}$ by $\delta_1$ and $\beta_{12}$ by $\delta_2$. Since $e'$
is odd and $o'$ even, to first order the difference moves by

$$x\,o'(bx)\,(\delta_1 - \delta_2) + x\,e'(bx)\,(\delta_1 + \delta_2).$$

The sum $\delta_1 + \delta_2$ is seen through the even part alone. If that is constant, as for tanh, the sum is not
seen to first order at all."""

_PARTS = r"""import matplotlib.pyplot as plt
import numpy as np

from numerics.compiled import compile_activation
from theory.activations import activation

gates = {name: compile_activation(activation(name)) for name in ("tanh", "gelu", "mish")}
z = np.linspace(-4, 4, 401)
figure, axes = plt.subplots(1, 3, figsize=(11, 3), layout="constrained")
for axis, (name, gate) in zip(axes, gates.items(), strict=True):
    (right,), (left,) = gate(z, 0), gate(-z, 0)
    axis.plot(z, right, "k", label="$s$")
    axis.plot(z, (right + left) / 2, label="even part $e$")
    axis.plot(z, (right - left) / 2, "--", label="odd part $o$")
    axis.set(title=name, xlabel="$z$")
axes[0].legend()
plt.show()"""

_INFORMATION_TEXT = r"""## The Fisher information on the way to a mirror point

The smallest eigenvalue of the information (scaled to a unit diagonal) as $\beta_{12}$ goes from $-2\beta_{11}$ to
$2\beta_{11}$. It is the mean of the outer product of the scores of single observations, so that it vanishes exactly
where some combination of scores is identically 0. All three activations pass the first-order condition."""

_INFORMATION = r"""from numerics.density import log_density
from numerics.measures import Layout, MixingMeasure
from numerics.sampling import sample

layout = Layout(k=2, d=1, gauge="free")


def measure(beta1, tau=0.5, beta0=0.25):
    experts = {"a": np.array([[0.5], [-0.5]]), "b": np.array([2.0, -2.0]), "nu": np.array([0.25, 0.5])}
    return MixingMeasure(np.array(beta1)[:, None], np.array([beta0, 0.0]), np.array(tau), **experts)


def smallest_eigenvalue(gate, beta1, n=500 if quick else 4000, step=1e-5):
    truth = measure(beta1)
    x, y = sample(truth, gate, n, seed=11)
    theta = layout.pack(truth)
    moves = step * np.eye(layout.size)
    up, down = (log_density(layout.unpack(theta + sign * moves), gate, x, y) for sign in (1, -1))
    scores = (up - down) / (2 * step)
    scores /= np.linalg.norm(scores, axis=1, keepdims=True)
    return np.linalg.svd(scores, compute_uv=False)[-1] ** 2


ratios = np.linspace(-2, 2, 17 if quick else 81)
figure, axis = plt.subplots(figsize=(7, 3.4), layout="constrained")
for name, gate in gates.items():
    axis.semilogy(ratios, [smallest_eigenvalue(gate, (1.5, 1.5 * r)) for r in ratios], label=name)
axis.set(xlabel=r"$\beta_{12}/\beta_{11}$", ylabel="smallest eigenvalue", ylim=(1e-12, None))
axis.legend()
plt.show()"""

_TYPES_TEXT = r"""At the ratio 1 the two scores are equal and the gate is constant: singular for every $s$. At the
ratio $-1$ tanh and GELU are singular, each in its way, and mish is not. (The dip of tanh near $-0.2$ stays above 0:
badly conditioned, not singular.)

## The types of mirror points

`mirror` decides which case an activation is in, by exact algebra on its even and odd parts:

- *even*: $o = 0$, the gate is constant at the mirror point;
- *homogeneous*: $z o' = p\,o$, the gate is that of $c\,\mathrm{sgn}(z)|z|^p$ there, with its scale symmetry;
- *odd*: $z e'$ is constant; the information is singular along $\beta_{11} + \beta_{12}$."""

_TYPES = r"""from temperance.notebook_table import Table
from theory.mirror import mirror

names = ["tanh", "sigmoid", "sin", "erf", "atan", "gelu", "silu", "softplus", "squareplus", "log_cosh", "mish", "elu"]
found = {name: mirror(name) for name in names}
Table(
    ("activation", "type", "what happens at $\\beta_{12} = -\\beta_{11}$"),
    [(name, m.kind or "none", m.description or "regular, proved") for name, m in found.items()],
)"""

_CONTACT_TEXT = r"""## tanh: second-order contact, rate $n^{-1/4}$

Move along $\beta_{11} + \beta_{12}$ by $t$: how fast does the density leave that of the mirror point? The L2 distance
is computed in ball arithmetic, with many digits, and its order extrapolated to $t \to 0$. Order 1 is regular and gives
the rate $n^{-1/2}$; order 2 means that data must be four times as precise for one more bit: $n^{-1/4}$. That no other
parameter can make up for the move is checked by letting all the others follow."""

_CONTACT = r"""from numerics.contact import contact
from numerics.curves import ExactMeasure, cell_moves, line

mirrored = measure((1.5, -1.5))
exact = ExactMeasure.of(mirrored)
others = [*cell_moves((0, 1), held=("beta1",)), {"beta1": [(1,), (-1,)]}]
levels = tuple(range(3, 8))
orders = {
    "sum": contact(line(exact, {"beta1": [[1], [1]]}), exact, "tanh", levels=levels),
    "sum, the others follow": contact(line(exact, {"beta1": [[1], [1]]}), exact, "tanh", levels=levels, moves=others),
    "difference": contact(line(exact, {"beta1": [[1], [-1]]}), exact, "tanh", levels=levels),
}
figure, axis = plt.subplots(figsize=(6, 3.4), layout="constrained")
for name, order in orders.items():
    axis.loglog([2.0**-j for j in levels], order.distances, "o-", base=2, label=f"{name}: order {order.order:.4f}")
axis.set(xlabel="$t$", ylabel="L2 distance of the densities")
axis.legend()
plt.show()"""

_ALIAS_TEXT = r"""## The mirror point is not globally identifiable

For $s$ odd up to a constant, $s(bx) - s(-bx) = 2\,(s(bx) - s(0))$. So three points have one and the same density:

$$(b, -b, \beta_0, \tau), \qquad (b, 0, \beta_0/2, \tau/2), \qquad (0, -b, \beta_0/2, \tau/2)$$

(the slopes $\beta_{11}$, $\beta_{12}$, the bias of the first atom, and the temperature). No sample can choose between
$\tau$ and $\tau/2$. The rates of the mirror point hold in a parameter box that leaves the other two out, and the
library states that condition with its prediction."""

_ALIAS = r"""import sympy as sp

b, x, c, tau = sp.symbols("b x c tau", positive=True)
for s in (sp.tanh, lambda z: 1 / (1 + sp.exp(-z)), sp.atan):
    mirror_point = (s(b * x) - s(-b * x) + c) / tau
    with_zero = (s(b * x) - s(sp.S.Zero) + c / 2) / (tau / 2)
    print(s(x), "difference of the two gates:", sp.simplify(mirror_point - with_zero))

points = {
    r"$(b, -b, \beta_0, \tau)$": measure((1.5, -1.5), tau=0.5, beta0=0.25),
    r"$(b, 0, \beta_0/2, \tau/2)$": measure((1.5, 0.0), tau=0.25, beta0=0.125),
    r"$(0, -b, \beta_0/2, \tau/2)$": measure((0.0, -1.5), tau=0.25, beta0=0.125),
}
x_data, y_data = sample(mirrored, gates["tanh"], 4000, seed=12)
values = [log_density(point, gates["tanh"], x_data, y_data) for point in points.values()]
print("log densities agree to 1e-12:", bool(np.ptp(values, axis=0).max() < 1e-12))

from theory.rates import predict
from theory.truth import TruePoint

stated = predict("activation", "tanh", true_k=2, fitted_k=2, point=TruePoint(((1.5,), (-1.5,)), 0.5, (-3, 3)))
for p in stated:
    if p.parameter in ("beta1_sum", "beta1_difference", "tau"):
        print(f"{p.parameter}: n^(-{p.sharp}), if {p.conditions[1]}")"""

_ALIAS_PICTURE = r"""from numerics.density import gate_probabilities

grid = np.linspace(-3, 3, 301)[:, None]
figure, axes = plt.subplots(1, 2, figsize=(9, 3), layout="constrained")
for (name, point), style in zip(points.items(), ("-", "--", ":"), strict=True):
    axes[0].plot(grid, gates["tanh"](point.beta1[0, 0] * grid[:, 0], 0)[0], style, label=f"atom 1 of {name}")
    axes[1].plot(grid, gate_probabilities(point, gates["tanh"], grid)[:, 0], style, linewidth=2.5, label=name)
axes[0].set(title=r"score $s(\beta_{11}x)$: they differ", xlabel="$x$")
axes[1].set(title="weight of atom 1: they agree", xlabel="$x$")
axes[1].legend()
plt.show()"""

_SAMPLES_TEXT = r"""## What samples show

Maximum-likelihood fits to samples from the mirror point of tanh, in a box with $\tau \ge 0.4$, which leaves $\tau/2 =
0.25$ out. The sum of the two slopes scatters far more than their difference, and shrinks more slowly as $n$ grows. For
about half of the samples the estimated sum is 0, as far as the search can tell: to leading order the likelihood
depends on the square of the sum, and its best value is often the least that a square can have. (Slopes over larger
$n$, with intervals, are in notebook 03.)"""

_SAMPLES = r"""from dataclasses import replace

from numerics.settings import TANH_MIRROR_FULL
from numerics.studies import run_study

study = replace(
    TANH_MIRROR_FULL,
    name="tanh, mirror point, small",
    sizes=(4000, 16000) if quick else (4000, 16000, 64000),
    replicates=10 if quick else 40,
    seed=71005,
)
result = run_study(study)


def rms(name):
    return np.sqrt(np.nanmean(result.errors[name] ** 2, axis=0))


rows = zip(study.sizes, rms("beta1_sum"), rms("beta1_difference"), rms("tau"), strict=True)
Table(("$n$", "RMS error of the sum", "of the difference", r"of $\tau$"), [(n, *map(float, e)) for n, *e in rows])"""

_SAMPLES_PICTURE = r"""figure, axes = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
fitted = result.measures
order = np.argsort(-fitted.b, axis=-1)  # atom 1 is the one with the larger intercept
slopes = np.take_along_axis(fitted.beta1[..., 0], order, axis=-1)
for j, n in enumerate(study.sizes):
    axes[0].plot(slopes[:, j, 0] + slopes[:, j, 1], slopes[:, j, 0] - slopes[:, j, 1], ".", label=f"n = {n}")
axes[0].axvline(0, color="gray", linewidth=0.8)
axes[0].axhline(3, color="gray", linewidth=0.8)
axes[0].set(xlabel=r"$\beta_{11} + \beta_{12}$", ylabel=r"$\beta_{11} - \beta_{12}$", title="estimates")
axes[0].legend()
sizes = np.array(study.sizes)
for name, power, label in (("beta1_sum", -1 / 4, "sum"), ("beta1_difference", -1 / 2, "difference")):
    (drawn,) = axes[1].loglog(sizes, rms(name), "o", label=label)
    law = rms(name)[-1] * (sizes / sizes[-1]) ** power
    axes[1].loglog(sizes, law, "--", color=drawn.get_color(), label=f"$n^{{{power:g}}}$")
axes[1].set(xlabel="$n$", title="RMS errors")
axes[1].legend()
plt.show()"""

_FLAT_TEXT = r"""## GELU: an exact orbit

The odd part of GELU is $z/2$: at a mirror point its gate *is* the linear gate, and the scale symmetry of the linear
gate comes back. Along $(b, -b, \beta_0, \tau) \to (lb, -lb, l\beta_0, l\tau)$ nothing changes, so that neither $\tau$
nor $b$ can be learnt there, although the first-order condition holds."""

_FLAT = r"""from numerics.curves import scale_orbit
from numerics.profile import flatness, scaled

t = sp.Symbol("t")
s = t * (1 + sp.erf(t / sp.sqrt(2))) / 2
print("gelu(t) - gelu(-t) =", sp.simplify(s - s.subs(t, -t)))
along = contact(scale_orbit(exact), exact, "gelu", levels=levels)
print("contact along the orbit: all distances are 0 to", f"{along.digits} digits:", along.zero)
x_data, y_data = sample(mirrored, gates["gelu"], 4000, seed=13)
flat = flatness(scaled(mirrored, np.geomspace(0.1, 10, 21)), gates["gelu"], x_data, y_data)
print("likelihood flat along the orbit:", flat.flat)

scales = np.geomspace(0.5, 2, 41)
figure, axis = plt.subplots(figsize=(6, 3.2), layout="constrained")
for ratio in (-1.0, -0.8, -0.5):
    point = measure((1.5, 1.5 * ratio))
    x_data, y_data = sample(point, gates["gelu"], 20000, seed=14)
    values = log_density(scaled(point, scales), gates["gelu"], x_data, y_data).sum(axis=-1)
    axis.semilogx(scales, values - values[len(scales) // 2], label=rf"$\beta_{{12}}/\beta_{{11}} = {ratio:g}$")
axis.set(xlabel="scale $l$", ylabel="log-likelihood, less that at 1", title="GELU, along the orbit")
axis.set_xticks([0.5, 1, 2], ["1/2", "1", "2"])
axis.minorticks_off()
axis.legend()
plt.show()"""

_TEMPERATURE_TEXT = r"""## A temperature at which over-specified fits lose their rate

Fit three atoms where there are two: some atom is split. For $s = \log(1+z^2)$ at $\tau = 1$ the weight is
$\exp(s/\tau) = 1 + \beta_1^2x^2$, linear in $\beta_1^2$. Two halves at $\beta_1^2 \pm t$ add up to the atom itself:
$\beta_1$ has no rate there. At any other temperature the halves leave a trace of order $t^2$. The picture shows the
distance for $t = 1/8$ as the temperature goes through 1."""

_TEMPERATURE = r"""from fractions import Fraction

from numerics import curves
from theory.independence import decide

print("decided exactly: (i) fails at tau =", ", ".join(decide("log(1 + z**2)").tau_beta1.fails_at_tau))


def split_distance(source, tau):
    truth = replace(ExactMeasure.of(measure((1.5, 0.0))), tau=curves.exact(tau))
    return contact(curves.split_square(truth, 0), truth, source, levels=(3, 4, 5), nodes=48)


temperatures = sorted({Fraction(j, 8) for j in range(4, 17, 4 if quick else 1)} | {Fraction(15, 16), Fraction(17, 16)})
figure, axis = plt.subplots(figsize=(6, 3.2), layout="constrained")
for source in ("log(1 + z**2)", "sqrt(1 + z**2)"):
    distances = [split_distance(source, tau) for tau in temperatures]
    axis.semilogy(temperatures, [d.distances[0] if not d.zero else 1e-10 for d in distances], "o-", label=source)
    for tau, d in zip(temperatures, distances, strict=True):
        if d.zero:
            print(f"{source}: the distance is 0 at tau = {tau}")
axis.set(xlabel=r"$\tau$", ylabel="L2 distance at $t = 1/8$ (0 drawn at $10^{-10}$)")
axis.legend()
plt.show()"""

_ORDER_TEXT = r"""## How far apart are the experts of a split atom?

The biases and variances of the atoms in a cell of $m$ are tied by the heat equation $u_{bb} = 2u_\nu$, and the rates
of $b$ and $\nu$ are set by the *solvability order* $\bar r(m)$ of a system of polynomial equations. The literature had
$\bar r(2) = 4$, $\bar r(3) = 6$ and bounds beyond. Placing the atoms at the nodes of Gauss-Hermite quadrature solves
the first $2m - 1$ equations, and no placement solves $2m$: $\bar r(m) = 2m$ for every $m \ge 2$. The contact orders of
these splittings are $2m$; both are checked here."""

_ORDER = r"""from theory.solvability import solvability

rows = []
for m in (2, 3, 4):
    order = contact(curves.gauss_hermite_split(exact, 0, m), exact, "tanh", levels=levels).order
    found = solvability(m)
    proved = found.order if found.proved else None
    rows.append((m, proved, f"{order:.3f}", f"$n^{{-1/{4 * m}}}$", f"$n^{{-1/{2 * m}}}$"))
Table((r"$m$", r"$\bar r(m)$, proved", "contact order", r"rate of $b$", r"rate of $\nu$"), rows)"""
