"""Notebook 02: which activations make the temperature learnable, and why."""

from __future__ import annotations

from temperance.notebook import Cell


def activations() -> list[Cell]:
    """From the derivative that decides, over the verdicts on the catalogue, to proofs that others can check."""
    return [
        ("markdown", _INTRODUCTION),
        ("parameters", _PARAMETERS),
        ("markdown", _FAMILY_TEXT),
        ("code", _FAMILY),
        ("code", _PICTURE),
        ("markdown", _VERDICT_TEXT),
        ("code", _VERDICT),
        ("markdown", _CATALOGUE_TEXT),
        ("code", _CATALOGUE),
        ("code", _FAILURES),
        ("markdown", _FLOW_TEXT),
        ("code", _FLOW),
        ("markdown", _TEMPERATURE_TEXT),
        ("code", _TEMPERATURE),
        ("sized", _DETERMINANT),
        ("markdown", _PARAMETER_TEXT),
        ("code", _PARAMETER),
        ("markdown", _CERTIFICATE_TEXT),
        ("code", _CERTIFICATE),
    ]


_INTRODUCTION = r"""# Which activations make the temperature learnable, and why

The *activation dense-to-sparse gate* gives atom $i$ the weight

$$\mathrm{softmax}_i\!\left(\frac{s(\beta_{1i}\cdot x) + \beta_{0i}}{\tau}\right),$$

with an activation $s$ between the scores $z = \beta_{1i}\cdot x$ and the temperature $\tau$. For $s(z) = z$ no sample
tells the temperature (notebook 01). Which $s$ cure that? The answer is a question about three functions, and it can be
decided exactly: the verdicts below are proved, both when a condition holds and when it fails.

The next cell holds the parameters of this notebook. `temperance notebooks run -p activation silu -o FOLDER` runs it
with another activation, a name of the catalogue or an expression in `z`."""

_PARAMETERS = """activation = "gelu"
quick = False"""

_FAMILY_TEXT = r"""## The derivative that decides

Move $\beta_1$, $\beta_0$ and $\tau$ of an atom a little, and look at the logarithm of its weight. Moving $\beta_1$
along itself, $\beta_0$, and $\tau$ changes it by"""

_FAMILY = r"""import sympy as sp
from IPython.display import Math, display

z, x, beta1, beta0, tau = sp.symbols("z x beta1 beta0 tau")
s = sp.Function("s")
log_weight = (s(beta1 * x) + beta0) / tau
moved = {
    r"\beta_1\,\partial_{\beta_1}": sp.simplify((beta1 * sp.diff(log_weight, beta1)).doit().subs(x, z / beta1)),
    r"\partial_{\beta_0}": sp.diff(log_weight, beta0),
    r"\partial_{\tau}": sp.diff(log_weight, tau).subs(x, z / beta1),
}
for name, change in moved.items():
    display(Math(rf"{name} \log w = {sp.latex(change.doit())}"))"""

_PICTURE = r"""import matplotlib.pyplot as plt
import numpy as np

from numerics.compiled import compile_activation
from theory.activations import activation as read


def best(name, grid):
    # s, z s', and the combination of 1 and s that comes nearest to z s' on the grid
    s, slope = compile_activation(read(name))(grid, 1)
    known = np.isfinite(s) & np.isfinite(slope)
    columns = np.column_stack([np.ones(known.sum()), s[known]])
    target = (grid * slope)[known]
    return grid[known], s[known], target, columns @ np.linalg.lstsq(columns, target, rcond=None)[0]


names = list(dict.fromkeys(["relu", activation]))
figure, axes = plt.subplots(1, len(names), figsize=(5 * len(names), 3.2), layout="constrained", squeeze=False)
for axis, name in zip(axes[0], names, strict=True):
    grid, value, target, nearest = best(name, np.linspace(-4, 4, 801))
    axis.plot(grid, value, label="$s$")
    axis.plot(grid, target, label="$z s'$")
    axis.plot(grid, nearest, "k--", label="nearest $c_0 + c_1 s$")
    axis.set(title=f"{name}: largest gap {abs(target - nearest).max():.3f}", xlabel="$z$")
    axis.legend()
plt.show()"""

_VERDICT_TEXT = r"""Up to constants these are $z s'$, $1$ and $s$. If constants $c_0, c_1, c_2$, not all 0, make $c_0 +
c_1 s + c_2 z s' = 0$ for all $z$, some direction in $(\beta_1, \beta_0, \tau)$ leaves the gate as it is, and the
temperature cannot be learnt in that direction. So the **first-order condition** is that

$$F_1 = \{1,\; s,\; z s'\} \text{ is linearly independent.}$$

It is enough for the rate $n^{-1/2}$ when as many atoms are fitted as there are (in the anchored gauge; notebook 05
shows what else can happen in the free one). When more are fitted, second derivatives enter, and three larger families
must be independent:

$$A = \{1, s, s^2, z s', z s s', z^2(s'' + s'^2/\tau)\},\quad B = \{1, z, s, z s, z s', z^2 s'\},\quad
C = \{1, z, z^2, s, z s'\}.$$

This **second-order condition** is sufficient, and more than is needed. What the rates of single parameters need at
most are the **sharp conditions**: (i) $\{1, s, z s', z^2(s'' + s'^2/\tau)\}$ independent, for $\tau$ and $\beta_1$;
(ii) $z^2$ not in the span of $\{1, z, z s'\}$, for $a$; (iii) $1$ not in the span of $\{z, z s'\}$, for $b$ and $\nu$.

## The verdict on one activation

A picture proves nothing: a gap may be small and not 0, or 0 on the grid alone. `decide` works in a field of functions
in which zero is decidable, and says `holds` only with a determinant enclosed away from 0, `fails` only with a relation
that it has verified."""

_VERDICT = """from theory.independence import decide

decision = decide(activation)
decision"""

_CATALOGUE_TEXT = r"""## The verdicts on the catalogue

The activations of the deep-learning libraries, and mathematical ones besides. The columns: first order, second order,
and the sharp conditions for $\tau$ and $\beta_1$ (i), for $a$ (ii), for $b$ and $\nu$ (iii)."""

_CATALOGUE = r"""from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch

from temperance.catalogue import entries

found = {entry.name: entry.decision for entry in entries()}
words = ["fails", "undecided", "holds, except at some tau", "holds"]
columns = ["1st", "2nd", "(i)", "(ii)", "(iii)"]


def grade(verdict):
    return 2 if verdict.fails_at_tau else {"fails": 0, "undecided": 1, "holds": 3}[verdict.outcome]


grades = {name: [grade(v) for v in d.verdicts] for name, d in found.items()}
ordered = sorted(grades, key=lambda name: (sum(grades[name]), name))
blocks = np.array_split(ordered, 4)
colours = ["#d1495b", "#9b9b9b", "#edc14a", "#2a7f8e"]
figure, axes = plt.subplots(1, 4, figsize=(12, 7), layout="constrained")
for axis, block in zip(axes, blocks, strict=True):
    shown = np.array([grades[name] for name in block])
    axis.imshow(shown, cmap=ListedColormap(colours), vmin=0, vmax=3, aspect="auto")
    axis.set_yticks(range(len(block)), block)
    axis.set_xticks(range(5), columns, fontsize=8)
    axis.hlines(np.arange(len(block)) + 0.5, -0.5, 4.5, color="white", linewidth=0.8)
    axis.vlines(np.arange(4) + 0.5, -0.5, len(block) - 0.5, color="white", linewidth=0.8)
    axis.tick_params(length=0)
handles = [Patch(color=colour, label=word) for colour, word in zip(colours, words, strict=True)]
figure.legend(handles=handles, loc="outside lower center", ncols=4)
plt.show()
for i, condition in enumerate(["first order", "second order", "(i)", "(ii)", "(iii)"]):
    column = [row[i] for row in grades.values()]
    print(f"{condition:<13}" + ", ".join(f"{word} {column.count(j)}" for j, word in enumerate(words) if j in column))"""

_FAILURES = r"""from temperance.notebook_table import Table
from theory.classification import classify

failing = {name: classify(name) for name, d in found.items() if d.first_order.outcome == "fails"}
Table(
    ("activation", "relation", "what $s$ is on each half-line", "can be learnt"),
    [
        (
            name,
            f"${found[name].first_order.latex}$",
            f"{failure.kind}, degree {failure.degree}" if failure.kind == "homogeneous" else failure.kind,
            ", ".join(f"`{f}`" for f in failure.invariants) or failure.note,
        )
        for name, failure in failing.items()
    ],
)"""

_FLOW_TEXT = r"""The failures are of three kinds, because $z s' = p s + c$ is a differential equation with few
solutions: on each half-line $s = C|z|^p + \text{const}$, or $s = c\log|z| + \text{const}$, or $s$ is constant. (A jump
away from 0, as in hardshrink, spoils the symmetry although the relation holds almost everywhere.)

## What a failure does to the likelihood

A homogeneous $s$ of degree $p$ lets $(\beta_1, \beta_0, \tau) \to (l\beta_1, l^p\beta_0, l^p\tau)$ act without
changing the gate: the likelihood of any data is constant along this curve, and only functions that are constant on it
can be learnt. For other activations the same curve (with $p = 1$) changes the gate, and the likelihood has a maximum
on it."""

_FLOW = r"""from numerics.density import log_density
from numerics.measures import MixingMeasure
from numerics.profile import scaled
from numerics.sampling import sample

truth = MixingMeasure(
    beta1=np.array([[1.0], [0.0]]),
    beta0=np.array([0.5, 0.0]),
    tau=np.array(0.5),
    a=np.array([[0.5], [-0.5]]),
    b=np.array([2.0, -2.0]),
    nu=np.array([0.25, 0.5]),
)
scales = np.geomspace(1 / 3, 3, 41)


def along_the_flow(name, n=4000):
    # log-likelihood of a sample from the truth along the flow, relative to that at the truth
    gate, failure = compile_activation(read(name)), classify(name)
    degree = float(failure.degree) if failure and failure.kind == "homogeneous" and failure.symmetry else 1.0
    x, y = sample(truth, gate, n, seed=2)
    values = log_density(scaled(truth, scales, degree), gate, x, y).sum(axis=-1)
    return values - log_density(truth, gate, x, y).sum()


profiles = {name: along_the_flow(name) for name in names}
figure, axis = plt.subplots(figsize=(6, 3.2), layout="constrained")
for name, profile in profiles.items():
    axis.semilogx(scales, profile, label=name)
axis.set(xlabel="scale $l$ (the truth is at 1)", ylabel="log-likelihood, less that of the truth")
axis.set_xticks([1 / 3, 1, 3], ["1/3", "1", "3"])
axis.minorticks_off()
axis.legend()
plt.show()
for name, profile in profiles.items():
    size = np.ptp(profile)
    print(f"{name}: range of the log-likelihood {'below 1e-6' if size < 1e-6 else format(size, '.4g')}")"""

_TEMPERATURE_TEXT = r"""## Temperatures at which a condition fails

The temperature enters $A$ and (i) through one member, $z^2 s'' + z^2 s'^2/\tau$. So a condition can fail at one
temperature and hold at all others: take the relations among the members with $z^2 s''$ and $z^2 s'^2$ kept apart; if
one has the coefficients $p$ and $q$ there, the family fails at $\tau = p/q$. The catalogue has these cases:"""

_TEMPERATURE = r"""exceptional = {name: d for name, d in found.items() if d.tau_beta1.fails_at_tau}
Table(
    ("activation", "expression", "(i) fails at", "relation"),
    [
        (name, f"`{d.activation.expression}`", rf"$\tau = {d.tau_beta1.fails_at_tau[0]}$", f"${d.tau_beta1.latex}$")
        for name, d in exceptional.items()
    ],
)"""

_DETERMINANT = r"""def distance_from_dependence(name, temperatures, points):
    # smallest singular value of the normalised members of (i) on a grid, as the temperature moves
    grid = np.linspace(0.05, 4, points)
    s, first, second = compile_activation(read(name))(grid, 2)
    found = []
    for tau in temperatures:
        members = np.column_stack([np.ones_like(grid), s, grid * first, grid**2 * (second + first**2 / tau)])
        members /= np.linalg.norm(members, axis=0)
        found.append(np.linalg.svd(members, compute_uv=False)[-1])
    return np.array(found)


temperatures = np.geomspace(0.25, 4, 33 if quick else 257)
figure, axis = plt.subplots(figsize=(6, 3.2), layout="constrained")
for name in dict.fromkeys(["log(1 + z**2)", "tanh", activation]):
    axis.loglog(temperatures, distance_from_dependence(name, temperatures, 200 if quick else 2000), label=name)
axis.set(xlabel=r"temperature $\tau$", ylabel="smallest singular value of (i)", ylim=(1e-7, None))
axis.set_xticks([0.25, 0.5, 1, 2, 4], ["1/4", "1/2", "1", "2", "4"])
axis.minorticks_off()
axis.legend()
plt.show()"""

_PARAMETER_TEXT = r"""At $\tau = 1$ the gate of $\log(1+z^2)$ has the weights $\exp(s/\tau) = 1 + z^2$: linear in
$\beta_1^2$, so that an atom can be split along $\beta_1^2$ without a trace. Notebook 05 shows it.

## Activations with parameters

Names other than `z` in an expression are real parameters, taken as generic; the values at which some verdict is
another are found exactly."""

_PARAMETER = r"""families = ["elu(z, alpha)", "leaky_relu(z, slope)", "z**2 + c*z", "1/(1 + alpha*z + z**2)"]
decided = {text: decide(text) for text in families}
Table(
    ("family", "first order, generic", "second order, generic", "other verdicts at"),
    [
        (
            f"`{text}`",
            d.first_order.outcome,
            d.second_order.outcome,
            ", ".join(f"{name} = {value}" for name, values in d.exceptional_parameters for value in values) or "-",
        )
        for text, d in decided.items()
    ],
)"""

_CERTIFICATE_TEXT = """## Proofs to take away

A verdict comes with a certificate that states its claim. The checker `theory/certificates.py` recomputes the evidence
from the expression in the certificate, and imports nothing of what found it. It refuses a certificate that says
something else than what it proves."""

_CERTIFICATE = """from theory.certificates import Rejected, check, digest, statement
from theory.issuing import certificates

proofs = certificates(decision)
for proof in proofs:
    check(proof)
    print("proved:", proof["statement"])

turned = {"holds": "fails", "fails": "holds"}
for proof in proofs[:1]:
    forged = {**proof, "claim": {**proof["claim"], "verdict": turned[proof["claim"]["verdict"]]}}
    forged["statement"] = statement(forged)
    forged["digest"] = digest(forged)
    try:
        check(forged)
    except Rejected as refusal:
        print("rejected, with the verdict turned round:", refusal)"""
