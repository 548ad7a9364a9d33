"""Notebook 07: contact orders of arbitrary gates, proved, measured and compared with rates."""

from __future__ import annotations

from temperance.notebook import Cell


def exponents() -> list[Cell]:
    """From the equations of a cell of two atoms to orders, certificates, measurements and rate studies."""
    return [
        ("markdown", _INTRODUCTION),
        ("parameters", _PARAMETERS),
        ("markdown", _EQUATIONS_TEXT),
        ("code", _EQUATIONS),
        ("markdown", _QUARTIC_TEXT),
        ("code", _QUARTIC),
        ("markdown", _CERTIFICATE_TEXT),
        ("code", _CERTIFICATE),
        ("markdown", _MEASURE_TEXT),
        ("sized", _MEASURE),
        ("code", _MEASURE_PICTURE),
        ("markdown", _TABLE_TEXT),
        ("sized", _TABLE),
        ("markdown", _CORRECTIONS_TEXT),
        ("markdown", _KINK_TEXT),
        ("code", _KINK),
        ("markdown", _STUDIES_TEXT),
        ("sized", _STUDIES),
        ("code", _STUDIES_PICTURE),
        ("markdown", _OUTCOMES_TEXT),
    ]


_INTRODUCTION = r"""# The exponents of a gate that nobody has worked out

A mixture with $k^*$ experts is fitted by more than $k^*$. Some true atom is then described by two fitted ones, a
*cell* of two, and its parameters converge slowly: not like $n^{-1/2}$ but like $n^{-1/4}$ or $n^{-1/8}$. Which
power belongs to which parameter depends on the gate, and the literature finds it gate by gate, by hand. Here it is
computed.

The *contact order* of a parameter is the smallest $r$ with

$$|\text{offset}|^r = O(\|g - g^*\|_{L_2}) \quad \text{for all mixtures } g \text{ near the true } g^*.$$

Maximum likelihood finds the density at $n^{-1/2}$ (up to logarithms), so that the offset is $O(n^{-1/(2r)})$. An
order is bounded from above by a proof, and from below by mixtures that are closer to $g^*$ than they should be.
This notebook does both, for one true atom fitted by two with another atom fitted by one, and ends with rate studies
of settings for which no exponents have been published."""

_PARAMETERS = "quick = False"

_EQUATIONS_TEXT = r"""## What a cell of two atoms shows

Let the two atoms have shares $p_1, p_2$ of the cell and offsets $D_1, D_2$ from the true atom. Divide $g - g^*$ by
the true expert's density and expand in derivatives of the normal density, which are independent of each other: for
all $k \ge 1$ the function

$$\Phi_k(x) = \sum_l p_l \, R_l(x) \sum_{i+2j=k} \frac{\delta\mu_l(x)^i \, (\delta\nu_l/2)^j}{i!\, j!}$$

is $O(\|g-g^*\|)$, where $R_l$ is the weight of the atom relative to the true one and $\delta\mu_l, \delta\nu_l$ are
the offsets of its mean and variance; $\Phi_0$ is a constant up to $O(\|g-g^*\|)$. Every coefficient of a power of
$x$ is an equation in the offsets. Write the offsets as $D_1 = e + p_2 h$, $D_2 = e - p_1 h$: $e$ is the weighted
mean, $h$ the difference, and $s = p_2 - p_1$. The means enter linearly and are solved for; what is left, equations
in $h$ and $s$, are the *reduced equations*, each up to $O(\|g-g^*\|)$. For the softmax gate:"""

_EQUATIONS = r"""from theory.exponents import orders, study

softmax = orders(study("softmax"))
print(*softmax.equations, sep="\n")"""

_QUARTIC_TEXT = r"""Read them: $h_{\beta_1}^2$ and $h_a^2$ are $O(\|g-g^*\|)$, so that $\beta_1$ and $a$ have order
2 at most. For $b$ two equations count: solve $h_b h_\nu/4 + s h_b^3/12$ for $h_\nu$ and put it into $h_\nu^2/4 + s
h_b^2 h_\nu/2 + (3s^2-1) h_b^4/24$. What remains is $h_b^4$ with a factor that no share makes 0:"""

_QUARTIC = r"""import sympy as sp

h_b, h_nu, s = sp.symbols("h_b h_nu s", real=True)
quartic = h_nu**2 / 4 + s * h_b**2 * h_nu / 2 + (3 * s**2 - 1) * h_b**4 / 24
print(sp.factor(quartic.subs(h_nu, -s * h_b**2 / 3)))"""

_CERTIFICATE_TEXT = r"""So $h_b$ has order 4, the rate $n^{-1/8}$, and $h_\nu \sim -s h_b^2/3$ has order 2. The
weighted *means* have orders of their own. That of $a$ is $-(1-s^2)/4 \cdot h_{\beta_1} h_b$ up to $O(\|g-g^*\|)$: a
product of an offset of order 2 and one of order 4, hence $O(\|g-g^*\|^{1/2+1/4})$, order $4/3$, rate $n^{-3/8}$: a
rate between those that theory usually meets.

The library does this for any number of equations: it looks for the powers $w_i$ with which $h_i =
O(\|g-g^*\|^{w_i})$ can go to 0, where in each equation the lowest terms must cancel or be small; that is a tree of
cases, each a linear program, which is solved exactly over the rationals. Multipliers of the inequalities (Farkas'
lemma) close the leaves, and are the certificate. A checker that shares no code with the search derives the
equations again, from the formula of the gate on:"""

_CERTIFICATE = r"""import copy

from theory.order_certificates import check, objection

print(check(softmax.certificate))
false = copy.deepcopy(softmax.certificate)
false["orders"]["difference b"] = "3"
print("with order 3 for b:", objection(false))"""

_MEASURE_TEXT = r"""## Measured orders

A proof that $r$ is enough says nothing of whether less would do. So the distance $\|g-g^*\|$ is minimised over all
mixtures whose two atoms differ by $t$ in one parameter, for $t = 2^{-j}$, starting at random and continuing from
$t$ to $t/2$. If the least distance is of the order of $t^q$, no order below $q$ is possible. A minimum that was
missed makes $q$ too small, never too large."""

_MEASURE = r"""from numerics.orders import measure
from temperance.contact_orders import family

found = measure(family(study("softmax")), "a", levels=(2, 3) if quick else (2, 3, 4, 5, 6))
for level, distance in zip(found.levels, found.distances, strict=True):
    print(f"t = 2^-{level}  least distance {distance:.3e}")
print("local exponents:", *(f"{e:.3f}" for e in found.exponents))"""

_MEASURE_PICTURE = r"""import matplotlib.pyplot as plt
import numpy as np

from temperance.exponent_table import stored

kept = stored()
figure, axis = plt.subplots(figsize=(6.5, 3.8), layout="constrained")
for name, row in kept["softmax gate"].items():
    t = 2.0 ** -np.array(row["levels"])
    axis.loglog(t, np.array(row["distances"], float), "o-", base=2, label=f"{name}: order {row['order']:.2f}")
axis.set(xlabel="offset $t$", ylabel="least L2 distance", title="softmax gate, a cell of two")
axis.legend()
plt.show()"""

_TABLE_TEXT = r"""## The table

Upper bounds are computed here; the measured orders are those that `python -m temperance.exponent_table` found and
`temperance/data/exponent_table.json` keeps, with the distances behind them. *certified*: the checker accepted the
certificate. *theorem*: bounded by a condition on the activation (i to iii of `temperance check`) or by the
solvability order of the normal moments, without a certificate of this kind. *flat*: an exact curve of mixtures with
one and the same density, so that there is no order at all. A dash: no measurement is kept (the tests at full size
measure them). True point: $\beta_1 = 1$, $\tau = 1$ (Laplace: a kink at 0)."""

_TABLE = r"""from IPython.display import display

from temperance.exponent_table import SETTINGS, bounds
from temperance.notebook_table import Table


def proved(order):
    return f"{order.parameter} {'flat' if order.flat else order.upper or '?'}"


def row(name):
    found, seen = bounds(name), kept.get(name, {})
    shown = [o for o in found.orders if not o.mean or o.parameter in seen]
    how = "certified" if found.certificate else "theorem" if any(o.upper for o in shown) else "-"
    numbers = (f"{p} {'flat' if r['flat'] else format(r['order'], '.2f')}" for p, r in seen.items())
    return name, ", ".join(map(proved, shown)), how, ", ".join(numbers) or None


Table(("setting", "upper bounds", "by", "measured"), [row(name) for name in list(SETTINGS)[: 1 if quick else None]])"""

_CORRECTIONS_TEXT = r"""What a prototype had, and what of it did not hold:

- *Gaussian gate*: "nearly certified". It is certified, at every rational $c$ and $\Gamma$ that was tried. Of its
  weighted means not only that of $a$ has an order of its own (2, as the prototype said): $\Gamma$ has 2, $b$ has $4/3$.
- *"The means have twice the order of the differences"*: wrong where a mean is not determined by the equations to
  first order. For $z^2$ only $\beta_1^2/\tau$ is seen: with $\tau$ moved by $\delta$, the mean of $\beta_1$ begins with
  $\delta/2$, a term of degree one. Equations that were cut off by that rule missed terms.
- *$\log(1 + z^2)$ at $\tau = 1$*: "certified". Along the exact curve of one density the equations bound no difference
  at all; the orders of $a$, $b$ and $\nu$ follow from theorems.
- *Measured orders of 1.91 to 1.98*: not settled yet. With smaller offsets they reach 2.00.

The quadratic gate was not in the prototype. Its $\beta_1/\tau$ has order 4 and its $A/\tau$ order 2, as $c$ and
$\Gamma$ of the Gaussian gate, whose log weight is quadratic as well."""

_KINK_TEXT = r"""## A kink that moves

The log weight of the Laplace gate, $-|x - \beta_1|$, has its kink inside the support, and the kink moves with the
parameter: no Taylor series at $x=0$ sees it, and nothing is certified. Two atoms with kinks at $\pm t/2$ and half
the weight each differ from one with the kink at 0 by $|x - t/2|/2 + |x + t/2|/2 - |x|$, a bump of height $t/2$ and
width $t$, whose L2 norm is of the order $t \cdot t^{1/2}$. Everything that the other parameters could do about it
is smooth. So $3/2$ is to be expected, and the rate $n^{-1/3}$; the measurement approaches it from below:"""

_KINK = r"""laplace = kept["Laplace gate"]["beta1"]
t = 2.0 ** -np.array(laplace["levels"])
print("local exponents:", *(f"{e:.3f}" for e in -np.diff(np.log2(laplace["distances"])) / np.diff(laplace["levels"])))
figure, axis = plt.subplots(figsize=(6, 3.4), layout="constrained")
axis.loglog(t, laplace["distances"], "o-", base=2, label=f"measured, limit {laplace['order']:.2f}")
axis.loglog(t, laplace["distances"][-1] * (t / t[-1]) ** 1.5, "k--", base=2, label="$t^{3/2}$")
axis.set(xlabel="difference $t$ of the two kinks", ylabel="least L2 distance", title="Laplace gate")
axis.legend()
plt.show()"""

_STUDIES_TEXT = r"""## Settings without published exponents, and what samples say

Each setting has all three legs. *Proof*: the certified bound. *Contact*: the measured order is within 0.1
of it (a bound of 1 needs no measurement: 1 is the least that an order can be). *Monte Carlo*: samples of a true
mixture of two, fitted by three atoms by maximum likelihood, with the slope of the log RMS error on $\log n$ and its
95% interval. The error of a parameter is $(\sum_l p_l |D_l|^r)^{1/r}$ over the two atoms of the cell, that of a
mean $|\sum_l p_l D_l|$. With the predicted exponent $p = 1/(2r)$ and $h = \min(0.1, p/3)$ the leg is *confirmed* if
the interval lies below $-p+h$, is narrower than 0.15, and no curvature is found (*sharp* if the slope does not miss
$-p$ either), else *inconclusive*: a slope alone contradicts no proof.

The studies were fixed, seeds and all, before they ran: `temperance/exponent_studies.py` has the definitions and
runs them. Starts are random splits of the true atom, so they use the truth, and the estimate is the best maximum in
a box around it, in which the two shares differ by a factor of $e^2$ at most: the bounds hold for shares that are
bounded away from 0."""

_STUDIES = r"""from temperance import exponent_studies as studies

results = studies.stored()
for name, entry in list(results.items())[: 1 if quick else None]:
    measured = {p: r["order"] for p, r in kept[name].items()}
    rows = [
        (
            o.group,
            str(o.order),
            o.measured,
            str(o.predicted),
            f"{o.slope.value:.3f} [{o.slope.interval[0]:.3f}, {o.slope.interval[1]:.3f}]",
            o.judgement.outcome + (", sharp" if o.judgement.sharp else ""),
            "curved in log n" if o.slope.curved else None,
            o.outcome,
        )
        for o in studies.outcomes(bounds(name), entry, measured)
    ]
    counts, definition, alone = entry["fits"], entry["definition"], entry["agree"]["one"]
    print(f"{name}: {definition['replicates']} replicates at n = {', '.join(map(str, definition['sizes']))};", end=" ")
    print(f"{sum(counts.values())} fits, {counts['at_bound']} at the box;", end=" ")
    print(f"{studies.dropped(entry):.2%} dropped; {alone} maxima found by one climb only")
    columns = ("error of", "proved", "measured", "exponent", "slope [95% interval]", "Monte Carlo", "", "all legs")
    display(Table(columns, rows))"""

_STUDIES_PICTURE = r"""size = (4 * len(results), 4)
figure, axes = plt.subplots(1, len(results), figsize=size, sharey=True, layout="constrained")
for axis, (name, entry) in zip(axes, results.items(), strict=True):
    n = np.array(entry["definition"]["sizes"])
    for group, errors in studies.errors_of(entry).items():
        style = "o--" if group.startswith("mean") else "o-"
        axis.loglog(n, np.sqrt(np.nanmean(errors**2, axis=0)), style, markersize=3, label=group)
    axis.set(title=name, xlabel="$n$")
    axis.legend(fontsize="x-small", ncols=2)
axes[0].set_ylabel("RMS error")
plt.show()"""

_OUTCOMES_TEXT = r"""Nothing contradicts a proof. For the softmax gate all eight rates are confirmed by all three
legs, the exponent $3/8$ of the mean of $a$ among them, which no published theory has. With the
quadratic expert the rates of all five parameters are confirmed; the interval of the mean of
$a_1$ holds $-3/8$, and is too wide by two hundredths. For the Gaussian gate $a$, $b$ and $\nu$ and
the means of $a$ and $\nu$ are confirmed. Those of the gate itself are not: the errors of
$c$ and $\Gamma$ are 0.3 to 0.4 even at $n = 32000$, and 60 replicates leave their slopes open.
Nor is the mean of $b$, whose measured order is still rising from 1.14 at $t = 2^{-8}$: on the
way to $4/3$ the differences go down with $t^{1/3}$ only.

Some slopes are steeper than the bounds promise (the mean of $\nu$ with the quadratic expert, $a$ in the Gaussian
gate). A bound is what holds for all mixtures near the true one; a sample of this size need not be where it is
attained. Fits that ran out of steps are dropped.

The fourth study, of the sigmoid gate with a bias, decides nothing: all its intervals are too wide or too high, and
most of its fits end at the edge of the box. What these results do not say: shares that go to 0, cells of more than
two atoms with a certificate, kinks with any proof, and $d > 1$."""
