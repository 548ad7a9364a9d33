"""The Fisher information of one observation, as a triangular factor (theory 7.1), and nodes of x that it is taken at.

At one x the density depends on theta through the local parameters q = (log odds of the gate, means, log variances), so
that I = E_x J^T K(x) J with K(x) the information on q and J = dq/dtheta, which needs s and s' alone. K(x) is a sum over
y at a sixth of the least standard deviation, where the poles of the score (zeros of g for complex y) cost less than
1e-9. Factors of w K(x) J are stacked and reduced by QR: products that lose half of the digits are never formed.

Example: ``information(truth, layout, gate, quadrature(truth, gate, -3, 3)).variance("tau")`` is [I^-1] of log tau.

Averages over x uniform on [low, high]^d, d = 1 or 2, are taken on Gauss panels, graded where the gate is steep. Panels
end at every kink of s. A panel is halved until no log odds move by more than a few units on it, wherever the gate is
mixed at all. So panels narrow geometrically towards the crossings of the gate, however small tau is.

Example: ``quadrature(truth, gate, -3, 3).weights.sum()`` is 1.

`quadrilaterals` cuts a square along lines into parts on which functions with kinks along these lines are smooth.

Example: ``quadrilaterals(squares, [(np.array([1.0, 2.0]), 0.5)])`` have no point of x_1 + 2 x_2 = 1/2 inside.

`told` says how well one observation tells a function of the parameters of any gate and Gaussian expert. Rules of
integration are doubled until two agree; their difference is the error that is shown.

Example: ``told(truth, held_in(truth, "free"), atom_symbol(c, 1)).variance`` is n times the variance of c of atom 1.

`information_at` is the information of any gate and Gaussian expert, x uniform on a box: log weights, means and their
slopes come from formulas. Panels in x end at the kinks of gate and mean, those that are lines for d = 2. Coordinates
are those of `mixture.likelihood`: logarithms of what is positive.

Example: ``information_at(truth, held_in(truth, "free")).variance("tau")`` is [I^-1] of log tau.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

import numpy as np
import sympy as sp
from numpy.typing import NDArray
from sympy.core.relational import Relational

from temperance.numerics.fitting.fits import Name, held_of
from temperance.numerics.mixture.activation_numpy import CompiledActivation, Floats
from temperance.numerics.mixture.atom_formulas import Coordinates, formulas_of
from temperance.numerics.mixture.likelihood import Mixture
from temperance.numerics.mixture.measures import Layout, MixingMeasure
from temperance.numerics.mixture.points import softmax
from temperance.numerics.mixture.threads import one_blas_thread
from temperance.theory.activations.piecewise import ends_of
from temperance.theory.models.experts import mean_of
from temperance.theory.models.gates import Gauge
from temperance.theory.models.spec import BETA0, MoESpec, atom_symbol, covariates, kinks, weight_parameters
from temperance.theory.models.truth import Truth
from temperance.theory.symmetries.traits import traits

_ON = 1e-12  # distance from a line, relative, at which a corner lies on it


def quadrilaterals(polygons: Iterable[Floats], lines: Sequence[tuple[Floats, float]]) -> Floats:
    """The parts, (m, 4, 2), of convex polygons (corners, 2) that no line normal . x = offset cuts.

    Their corners stand as at (0, 0), (0, 1), (1, 0), (1, 1) of the unit square; of a triangle the last two are one.
    """
    parts = list(polygons)
    for normal, offset in lines:
        parts = [half for part in parts for half in _halves(part, normal, offset)]
    return np.array([quad for part in parts for quad in _quads(part)])


def _halves(polygon: Floats, normal: Floats, offset: float) -> list[Floats]:
    """The two sides of a line in a convex polygon, or the polygon itself."""
    beside = polygon @ normal - offset
    beside[np.abs(beside) <= _ON * (np.abs(polygon) @ np.abs(normal) + abs(offset))] = 0.0
    if not (beside > 0).any() or not (beside < 0).any():
        return [polygon]
    sides: tuple[list[Floats], list[Floats]] = ([], [])
    following = zip(np.roll(polygon, -1, axis=0), np.roll(beside, -1), strict=True)
    for corner, here, (other, there) in zip(polygon, beside, following, strict=True):
        for side, sign in zip(sides, (1.0, -1.0), strict=True):
            if sign * here >= 0:
                side.append(corner)
            if here * there < 0:
                side.append(corner + here / (here - there) * (other - corner))
    return [np.array(side) for side in sides]


def _quads(polygon: Floats) -> Iterable[Floats]:
    """The fan of quadrilaterals, and perhaps a triangle, from the first corner of a convex polygon."""
    for i in range(1, len(polygon) - 1, 2):
        a, b, c = polygon[0], polygon[i], polygon[i + 1]
        yield np.array([a, b, polygon[i + 2] if i + 2 < len(polygon) else c, c])


@dataclass(frozen=True)
class Accuracy:
    """How finely integrals are taken.

    order: Gauss points along an edge of a panel; swing: by how much log odds may move on a panel; panels: along an edge
    at first; per_deviation: steps of y in the least standard deviation.
    """

    order: int
    swing: float
    panels: int
    per_deviation: float


FINE = Accuracy(order=16, swing=3.0, panels=8, per_deviation=6.0)
COARSE = Accuracy(order=12, swing=4.0, panels=6, per_deviation=4.0)  # its distance from FINE is the error that is shown
SCAN = Accuracy(order=8, swing=6.0, panels=6, per_deviation=2.5)  # for searches: three digits

_MIXED = 40.0  # beyond these log odds (more than the least of the range) a gate holds exp(-40) of the information
_NARROWEST = 1e-9  # of the range
_INSIDE = 1e-9  # of a panel, from its corners
_MOST_NODES = 400_000
_MOST_PANELS = 20_000


@dataclass(frozen=True, eq=False)
class Nodes:
    """Points of x (m, d) and their weights (m,), of sum 1: a quadrature rule, or a design; and how finely y is cut."""

    x: Floats
    weights: Floats
    per_deviation: float = FINE.per_deviation


def product_grid(x: Floats, d: int) -> Floats:
    """All points whose d coordinates are among x, shape (len(x)^d, d)."""
    return np.stack(np.meshgrid(*[x] * d, indexing="ij"), axis=-1).reshape(-1, d)


def logits(measure: MixingMeasure, gate: CompiledActivation, x: Floats) -> Floats:
    """(s(beta1_i . x) + beta0_i)/tau, shape (m, k), at x (m, d); raises ValueError where s is not finite."""
    (s,) = gate(x @ measure.beta1.T, 0)
    if not np.isfinite(s).all():
        raise ValueError(f"activation {gate.source.name!r} is not real and finite on all of beta1 . x")
    return (s + measure.beta0) / measure.tau


def quadrature(
    measure: MixingMeasure, gate: CompiledActivation, low: float, high: float, accuracy: Accuracy = FINE
) -> Nodes:
    """A rule for x uniform on [low, high]^d; raises ValueError for d > 2, and for a gate too steep to be resolved."""
    if measure.d > 2:
        raise ValueError(f"the information is computed for x in dimension 1 or 2, not {measure.d}")
    if not (np.isfinite([low, high]).all() and low < high):
        raise ValueError(f"x must range over an interval, not [{low}, {high}]")
    if measure.d == 2:  # a product of shorter rules
        accuracy = replace(accuracy, order=(5 * accuracy.order) // 8, panels=accuracy.panels // 2)
    grid, product = _gauss(accuracy.order, measure.d)
    corners = _panels(measure, gate, low, high, grid, accuracy)
    return Nodes(*_on_panels(corners, grid, product, high - low), accuracy.per_deviation)


def _gauss(order: int, d: int) -> tuple[Floats, Floats]:
    """Points (g, d) of the unit cube, and their weights."""
    nodes, weights = np.polynomial.legendre.leggauss(order)
    product = np.prod(np.meshgrid(*[weights / 2] * d, indexing="ij"), axis=0).ravel()
    return product_grid((nodes + 1) / 2, d), product


def _on_panels(corners: Floats, grid: Floats, product: Floats, width: float) -> tuple[Floats, Floats]:
    """Points (m, d) and weights, of sum 1, of Gauss panels that fill a box of that width."""
    d = grid.shape[1]
    slopes = np.stack([_shares(grid, axis) for axis in range(d)], axis=1)
    volume = np.abs(np.linalg.det(np.einsum("gac,mcb->mgab", slopes, corners)))
    weight = volume * product / width**d
    return (_shares(grid) @ corners).reshape(-1, d), weight.ravel()


def _shares(grid: Floats, axis: int | None = None) -> Floats:
    """What the corners of a panel count, (g, 2^d), at points (g, d) of the unit cube; or the derivatives of that."""
    shares = np.ones((len(grid), 1))
    for a, t in enumerate(grid.T):
        two = np.stack([0 * t - 1, 0 * t + 1] if a == axis else [1 - t, t], axis=1)
        shares = (shares[:, :, None] * two[:, None]).reshape(len(grid), -1)
    return shares


def _panels(
    measure: MixingMeasure, gate: CompiledActivation, low: float, high: float, grid: Floats, accuracy: Accuracy
) -> Floats:
    """Corners of the panels, (panels, 2^d, d): images of the unit cube by what is linear in every coordinate."""
    # Gauss points, and corners: atoms may be equal there alone
    ends = _INSIDE + (1 - 2 * _INSIDE) * product_grid(np.array([0.0, 1.0]), measure.d)
    kinks = [(slope, float(z)) for z in ends_of(gate.source.pieces) for slope in measure.beta1 if slope.any()]
    corners = _cut(np.linspace(low, high, accuracy.panels + 1), kinks, measure.d)
    shares = _shares(np.concatenate([grid, ends]))
    panels: list[Floats] = []
    least, count = np.inf, 0
    while len(corners):
        x = shares @ corners
        t = logits(measure, gate, x.reshape(-1, measure.d)).reshape(len(corners), len(shares), -1)
        behind = t.max(axis=2, keepdims=True) - t  # 0 for the leading atom
        second = np.partition(behind, 1, axis=2)[..., 1].min(axis=1)
        least = min(least, float(second.min()))
        relevant = behind.min(axis=1) <= least + _MIXED  # atoms that count somewhere on the panel
        t = t[:, : len(grid)]
        move = np.where(relevant[:, None], t - t.mean(axis=2, keepdims=True), 0.0)
        steep = np.ptp(move - move.mean(axis=2, keepdims=True), axis=1).max(axis=1) > accuracy.swing
        wide = np.ptp(corners, axis=1).max(axis=1) > _NARROWEST * (high - low)
        halve = steep & (second <= least + _MIXED) & wide
        panels.append(corners[~halve])
        count += int((~halve).sum())
        if count + halve.sum() > _MOST_PANELS or (count + halve.sum()) * len(grid) > _MOST_NODES:
            raise ValueError(
                "the gate is too steep for the information to be computed: tau is too small for s and beta1"
            )
        corners = _halved(corners[halve])
    return np.concatenate(panels)


def _halved(corners: Floats) -> Floats:
    """Every panel cut in two along every axis."""
    d = corners.shape[2]
    units = product_grid(np.array([0.0, 1.0]), d)
    return np.concatenate([_shares((units + start) / 2) @ corners for start in units])


def _cut(edges: Floats, lines: Sequence[tuple[Floats, float]], d: int) -> Floats:
    """The corners of panels between edges, cut along lines normal . x = offset."""
    if d == 1:
        places = [z / slope[0] for slope, z in lines]
        edges = np.unique([*edges, *(p for p in places if edges[0] < p < edges[-1])])
        return np.stack([edges[:-1], edges[1:]], axis=1)[..., None]
    units = product_grid(np.array([0.0, 1.0]), 2)
    steps = product_grid(edges[:-1], 2)[:, None] + (edges[1] - edges[0]) * units
    return quadrilaterals(steps[:, [0, 1, 3, 2]], lines)


REACH = 8.5  # standard deviations beyond the lines: 1e-17 of an atom lies further out
RESOLVED = 1e13  # greatest condition number of the factor whose smallest singular value has digits
_BLOCK = 2**19  # numbers in a block of cells
_MOST_CELLS = 5_000_000
_HUGE = 1e150  # its square is a double
_SHARE = 1e-6  # of a gradient along flat directions that leaves its function open


@dataclass(frozen=True, eq=False)
class Information:
    """I = factor^T factor, in logarithms of what is positive; names: (parameter, atom) of each coordinate."""

    names: tuple[tuple[str, int | None], ...]
    factor: Floats

    @cached_property
    def matrix(self) -> Floats:
        """I, shape (p, p)."""
        return np.asarray(self.factor.T @ self.factor)

    @cached_property
    def _scales(self) -> Floats:
        return _norms(self.factor)

    @cached_property
    def condition(self) -> float:
        """Condition number of I with every coordinate in units of its own information."""
        values = np.linalg.svd(self.factor / self._scales, compute_uv=False)
        ratio = values[-1] / values[0]
        return float("inf") if ratio < 1 / RESOLVED**2 else float(ratio**-2)

    @property
    def resolved(self) -> bool:
        """Whether the inverse has digits in doubles."""
        return bool(self.condition < RESOLVED**2)

    @cached_property
    def inverse_factor(self) -> Floats:
        """A matrix B with B B^T = I^-1."""
        scaled = self.factor / self._scales
        return np.asarray(np.linalg.solve(scaled, np.eye(len(scaled))) / self._scales[:, None])

    def places(self, parameter: str, atom: int | None = None) -> list[int]:
        """Coordinates of a parameter (of one atom, or of all)."""
        return [j for j, (name, i) in enumerate(self.names) if name == parameter and (atom is None or i == atom)]

    def variance(self, parameter: str, atom: int | None = None) -> float:
        """Trace of the block of I^-1 of a parameter: variance of its estimate, times n."""
        return float((self.inverse_factor[self.places(parameter, atom)] ** 2).sum())

    def influence(self, parameter: str) -> Floats:
        """The column of I^-1 of a scalar parameter: its influence is the score times this."""
        (place,) = self.places(parameter)
        return np.asarray(self.inverse_factor @ self.inverse_factor[place])

    @property
    def price(self) -> float:
        """1/(1 - rho^2), rho the multiple correlation of the estimates of log tau and all beta1 (theory 7.3.1).

        By so much an unknown beta1 raises the variance of tau, and an unknown tau the generalised variance of beta1.
        """
        tau, beta1 = self.inverse_factor[self.places("tau")[0]], self.inverse_factor[self.places("beta1")]
        q = np.linalg.qr((beta1 / np.linalg.norm(beta1, axis=1, keepdims=True)).T)[0]
        own = tau / np.linalg.norm(tau)
        residual = own - q @ (q.T @ own)
        return float(1 / (residual @ residual))

    @cached_property
    def _directions(self) -> tuple[Floats, Floats]:
        """Singular values and right vectors of the factor with columns of length 1."""
        _, values, vectors = np.linalg.svd(self.factor / self._scales)
        return values, vectors

    @property
    def flat(self) -> Floats:
        """Directions (m, p) along which the factor has no digits: where parameters are not told from each other."""
        values, vectors = self._directions
        return np.asarray(vectors[values <= values[0] / RESOLVED] / self._scales)

    @property
    def ratios(self) -> Floats:
        """The singular values over the largest, in the same units; the smallest last."""
        values, _ = self._directions
        return np.asarray(values / values[0])

    def variance_along(self, gradient: Floats) -> float | None:
        """gradient . I^-1 gradient, of a function with this gradient (p,); None where a flat direction changes it."""
        values, vectors = self._directions
        parts, clear = vectors @ (gradient / self._scales), values > values[0] / RESOLVED
        if np.abs(parts[~clear]).max(initial=0.0) > _SHARE * np.linalg.norm(gradient / self._scales):
            return None
        return float(((parts[clear] / values[clear]) ** 2).sum())


def _norms(rows: Floats) -> Floats:
    """The lengths of the columns, 1 for those that are 0."""
    norms = np.linalg.norm(rows, axis=0)
    return np.where(norms > 0, norms, 1.0)


def _order(t: Floats) -> tuple[Floats, NDArray[np.intp]]:
    """log softmax of t (m, k), and for every x the atoms with the leading one last."""
    _, largest, total = softmax(t, axis=1)
    log_pi = t - largest[:, None] - np.log(total)[:, None]
    k = t.shape[1]
    lead = t.argmax(axis=1)
    order = np.array([[i for i in range(k) if i != l] + [l] for l in range(k)], dtype=np.intp)
    return log_pi, order[lead]


def _cells(
    log_pi: Floats, order: NDArray[np.intp], mu: Floats, nu: Floats, per_deviation: float
) -> tuple[Floats, Floats]:
    """The score in q (m, c, 3k-1) and sqrt(h g(y|x)) (m, c) at the y of some x; log odds over the leading atom."""
    deviation = np.sqrt(nu)
    step = deviation.min() / per_deviation
    first = (mu - REACH * deviation).min(axis=1)
    last = (mu + REACH * deviation).max(axis=1)
    y = first[:, None] + step * np.arange(int(np.ceil((last - first).max() / step)) + 1)
    k = mu.shape[1]
    e = [y - mu[:, i, None] for i in range(k)]
    c = np.stack([log_pi[:, i, None] - e[i] ** 2 / (2 * nu[i]) - 0.5 * np.log(2 * np.pi * nu[i]) for i in range(k)])
    r, largest, total = softmax(c)
    root = np.exp(0.5 * (largest + np.log(total * step)))
    scores = np.empty((*y.shape, 3 * k - 1))
    excess = r - np.exp(log_pi.T)[:, :, None]
    for place in range(k - 1):
        scores[..., place] = np.take_along_axis(excess, order[None, :, place, None], axis=0)[0]
    for i in range(k):
        scores[..., k - 1 + i] = r[i] * e[i] / nu[i]
        scores[..., 2 * k - 1 + i] = r[i] * (e[i] ** 2 / nu[i] - 1) / 2
    return scores, root


def local_factors(mu: Floats, nu: Floats, t: Floats, per_deviation: float) -> tuple[Floats, NDArray[np.intp]]:
    """F(x) with F^T F = K(x), shape (m, q, q), at means mu and logits t (m, k); and the order of the atoms (m, k)."""
    log_pi, order = _order(t)
    factors = []
    for part in _blocks(nu, mu, per_deviation):
        scores, root = _cells(log_pi[part], order[part], mu[part], nu, per_deviation)
        factors.append(_factor(scores * root[..., None]))
    return np.concatenate(factors), order


def _blocks(nu: Floats, mu: Floats, per_deviation: float) -> list[slice]:
    deviation = np.sqrt(nu)
    width = np.ptp(mu, axis=1).max() + 2 * REACH * deviation.max()
    cells = width / deviation.min() * per_deviation * len(mu)
    if cells > _MOST_CELLS:
        raise ValueError(
            f"the information would need {cells:.0e} cells: the lines of the experts lie too many standard deviations "
            "apart, or their variances differ too much"
        )
    size = max(1, int(_BLOCK * len(mu) / (cells * (3 * len(nu) - 1))))
    return [slice(i, i + size) for i in range(0, len(mu), size)]


def _factor(rows: Floats) -> Floats:
    """Factors of rows^T rows, by QR of scaled columns."""
    scale = np.linalg.norm(rows, axis=1, keepdims=True)
    scale = np.where(scale > 0, scale, 1.0)
    return np.asarray(np.linalg.qr(rows / scale, mode="r") * scale)


def jacobian(
    measure: MixingMeasure, layout: Layout, gate: CompiledActivation, x: Floats, t: Floats, order: NDArray[np.intp]
) -> Floats:
    """dq/dtheta, shape (m, 3k-1, p)."""
    k, d, size = measure.k, measure.d, layout.atom_size
    slope = gate(x @ measure.beta1.T, 1)[1]
    if not np.isfinite(slope).all():
        raise ValueError(f"the derivative of {gate.source.name!r} is not finite on all of beta1 . x")
    x1 = np.concatenate([x, np.ones((len(x), 1))], axis=1)
    scores, lines = np.zeros((2, len(x), k, 1 + k * size))
    scores[:, :, 0] = -t
    for i in range(k):
        first = 1 + i * size
        scores[:, i, first : first + d] = slope[:, i, None] * x / measure.tau
        scores[:, i, first + d] = 1 / measure.tau
        lines[:, i, first + d + 1 : first + size - 1] = x1
    return chained(scores, lines, order, size * np.arange(1, k + 1))[:, :, layout.free]


def chained(gates: Floats, lines: Floats, order: NDArray[np.intp], nu: NDArray[np.int64]) -> Floats:
    """dq/dtheta, (m, 3k-1, p), of slopes of logits and means (m, k, p): log odds over the leading atom, means, log nu.

    nu: the coordinates of the log variances.
    """
    m, k, size = gates.shape
    full, rows = np.zeros((m, 3 * k - 1, size)), np.arange(m)
    for place in range(k - 1):
        full[:, place] = gates[rows, order[:, place]] - gates[rows, order[:, -1]]
    full[:, k - 1 : 2 * k - 1] = lines
    full[:, np.arange(2 * k - 1, 3 * k - 1), nu] = 1.0
    return full


@one_blas_thread()
def information(measure: MixingMeasure, layout: Layout, gate: CompiledActivation, nodes: Nodes) -> Information:
    """The information of one observation (x, y), x by its nodes and weights.

    measure: without leading axes, k >= 2, in the gauge of the layout; layout: coordinates, without tau if that is fixed
    (softmax gate, or linear gate in beta1/tau). Raises ValueError where s or s' is not finite at some beta1 . x, or the
    experts need too many cells.
    """
    x, t = nodes.x, logits(measure, gate, nodes.x)
    local, order = local_factors(x @ measure.a.T + measure.b, measure.nu, t, nodes.per_deviation)
    rows = local @ jacobian(measure, layout, gate, x, t, order)  # (m, 3k-1, p): the information at x is its Gram matrix
    return Information(layout.names, reduced(rows, nodes.weights))


def reduced(rows: Floats, weights: Floats) -> Floats:
    """A triangular factor of the weighted sum of Gram matrices, which are not formed: they lose half of the digits."""
    stacked = (rows * np.sqrt(weights)[:, None, None]).reshape(-1, rows.shape[-1])
    norms = _norms(stacked)
    return np.asarray(np.linalg.qr(stacked / norms, mode="r") * norms)


@one_blas_thread()
def kurtosis(
    measure: MixingMeasure, layout: Layout, gate: CompiledActivation, nodes: Nodes, direction: Floats
) -> float:
    """E psi^4/(E psi^2)^2 of psi = direction . score, direction (p,); infinite where psi^4 is beyond a double."""
    t = logits(measure, gate, nodes.x)
    log_pi, order = _order(t)
    mu = nodes.x @ measure.a.T + measure.b
    local = jacobian(measure, layout, gate, nodes.x, t, order) @ direction
    second = fourth = 0.0
    for part in _blocks(measure.nu, mu, nodes.per_deviation):
        scores, root = _cells(log_pi[part], order[part], mu[part], measure.nu, nodes.per_deviation)
        psi = (scores @ local[part][:, :, None])[..., 0]
        weight = root**2 * nodes.weights[part][:, None]
        with np.errstate(over="ignore"):
            second += float((weight * psi**2).sum())
            fourth += float((weight * psi**4).sum())
    return fourth / second**2 if np.isfinite(fourth) and second < _HUGE else float("inf")


_PER_DEVIATION = 6.0
_ORDER = 16
_PANELS = {1: 24, 2: 2}


@one_blas_thread()
def information_at(truth: Truth, held: Collection[sp.Symbol], finer: int = 1) -> Information:
    """The information of one observation (x, y), x uniform on the box of a truth, d = 1 or 2.

    Args:
        truth: of a gate and a Gaussian expert whose mean is a formula, of two atoms or more, with all values.
        held: gate parameters that are known in the last atom, and shared parameters that are known.
        finer: times as many panels in x, and 1 or 2 times as many steps in y.

    Raises:
        ValueError: another dimension; an expert without a mean; a log weight, a mean or a slope that is not finite.
    """
    spec, k, (low, high) = truth.spec, truth.k, map(float, truth.box or ())
    if spec.dim not in _PANELS:
        raise ValueError(f"the information of a formula is computed for d = 1 or 2, not {spec.dim}")
    formulas, each = formulas_of(spec), (*spec.gate.bias, *spec.gate.own, *spec.expert.parameters)
    where = Coordinates(formulas, k)
    every: list[tuple[sp.Symbol, int | None]] = [(p, i) for i in range(k) for p in each]
    every += [(p, None) for p in spec.gate.shared]
    natural = np.array([float(truth.shared[p] if i is None else truth.atoms[i][p]) for p, i in every])
    free = [i not in (k - 1, None) or p not in held for p, i in every]
    edges = np.linspace(low, high, finer * _PANELS[spec.dim] + 1)
    panels = _cut(edges, _lines(truth, low, high), spec.dim)
    x, weights = _on_panels(panels, *_gauss(_ORDER, spec.dim), high - low)
    jets = Mixture.of(formulas, k, natural).slopes(x)
    if not np.isfinite([part.sum() for part in jets]).all():
        raise ValueError("a log weight, a mean or a slope is not finite at some x of the box")
    local, order = local_factors(jets.means, natural[where.nu], jets.log_weights, min(finer, 2) * _PER_DEVIATION)
    chain = chained(jets.of_weights, jets.of_means, order, where.nu)
    factor = reduced(local @ chain[:, :, free], weights)
    return Information(tuple((p.name, i) for (p, i), f in zip(every, free, strict=True) if f), factor)


def boundaries(spec: MoESpec) -> list[sp.Expr]:
    """What is 0 where the log weight or the mean of an atom is not smooth."""
    mean = mean_of(spec.expert) or sp.S.Zero
    return [*(kink.boundary for kink in kinks(spec)), *(r.lhs - r.rhs for r in mean.atoms(Relational))]


def places(boundary: sp.Expr, x: sp.Symbol, low: float, high: float) -> list[float]:
    """The x inside an interval at which a boundary in x alone is 0; none where its equation is not solved."""
    try:
        roots = [float(z) for z in sp.solve(boundary, x) if z.is_real]
    except NotImplementedError:
        return []
    return [z for z in roots if low < z < high]


def _lines(truth: Truth, low: float, high: float) -> list[tuple[Floats, float]]:
    """The kinks of all atoms as lines normal . x = offset; in dimension 2 those that are no lines are left out."""
    spec, x, surfaces = truth.spec, covariates(truth.spec.dim), []
    atoms = [{p: float(v) for p, v in truth.point(i).items()} for i in range(truth.k)]
    for b in (boundary.subs(values) for boundary in boundaries(spec) for values in atoms):
        if spec.dim == 1:
            surfaces += [(np.ones(1), z) for z in places(b, x[0], low, high)]
        elif b.has(*x) and b.is_polynomial(*x) and sp.total_degree(b, *x) == 1:
            surfaces.append((np.array([float(sp.diff(b, v)) for v in x]), -float(b.subs(dict.fromkeys(x, 0)))))
    return surfaces


_AGREE = 1e-6  # relative difference of two rules after which none is doubled
_FINEST = {1: 16, 2: 2}  # times the panels of the first rule
_LINES = 5  # parallel to an axis, on which a kink is looked at (d = 2)
_BESIDE = 1e-9  # of the range of x, to each side of a kink
_JUMP = 1e-4


@dataclass(frozen=True)
class Told:
    """What the information says of a function of the parameters.

    value: at the truth. variance: of its estimate, times n; None where it is not determined to first order. error:
    relative, of the variance: the difference of two rules. flat: directions along which the information vanishes to
    the digits of a double. ratios: the singular values of its root over the largest, the smallest last.
    """

    value: float
    variance: float | None
    error: float
    flat: int
    ratios: tuple[float, ...]


def held_in(truth: Truth, gauge: Gauge) -> tuple[sp.Symbol, ...]:
    """What is known in the last atom: its bias or weight, and what fixes a translation of the scores, or all."""
    spec = truth.spec
    weight = (BETA0,) if spec.gate.offset is not None else weight_parameters(spec)[:1]
    if gauge == "anchored":
        return tuple(dict.fromkeys((*weight, *spec.gate.own)))
    fixed = traits(spec).held
    return tuple(dict.fromkeys((*weight, *(held_of(spec) if fixed is None else fixed))))


def free_names(truth: Truth, held: Collection[sp.Symbol]) -> list[Name]:
    """The parameters that are not known: names and atoms, None of a shared one."""
    own = [p for p in truth.atoms[0] if p not in truth.shared]
    last = truth.k - 1
    names: list[Name] = [(p.name, i) for i in range(truth.k) for p in own if i < last or p not in held]
    return [*names, *((p.name, None) for p in truth.shared)]


def told(truth: Truth, held: Collection[sp.Symbol], function: sp.Expr) -> Told:
    """What one observation tells of a function.

    Args:
        truth: with a value for every parameter and a box of x.
        held: what is known in the last atom, and shared parameters that are known.
        function: of the shared parameters, and of own ones as `atom_symbol` has them.

    Raises:
        ValueError: as `information_at`; and for a log weight or mean that jumps where a parameter moves the jump, or
            that has a cone in dimension 2; for a function whose derivatives are all 0 at the truth.
    """
    _require_continuous(truth)
    information, level = information_at(truth, held), 1
    gradient = _gradient(truth, function, information)
    if not gradient.any():
        raise ValueError(f"{function} does not change to first order at the truth, so no variance is its price")
    variance, error = information.variance_along(gradient), np.inf
    while variance is not None and error > _AGREE and level < _FINEST[truth.spec.dim]:
        level *= 2
        information, before = information_at(truth, held, level), variance
        variance = information.variance_along(gradient)
        error = np.inf if variance is None else abs(variance / before - 1)
    value = float(function.subs(all_values(truth)))
    return Told(value, variance, float(error), len(information.flat), tuple(information.ratios.tolist()))


def all_values(truth: Truth) -> dict[sp.Symbol, sp.Expr]:
    """The values of all parameters, own ones as `atom_symbol` has them."""
    own = {atom_symbol(p, i): v for i, atom in enumerate(truth.atoms, 1) for p, v in atom.items()}
    return {**own, **truth.shared}


def _gradient(truth: Truth, function: sp.Expr, information: Information) -> Floats:
    """By the coordinates of the information, logarithms of what is positive."""
    symbols = {p.name: p for p in (*truth.atoms[0], *truth.shared)}
    values, slopes = all_values(truth), []
    for name, atom in information.names:
        p = symbols[name] if atom is None else atom_symbol(symbols[name], atom + 1)
        slopes.append(float(sp.diff(function, p).subs(values) * (values[p] if p.is_positive else 1)))
    return np.array(slopes)


def _require_continuous(truth: Truth) -> None:
    spec = truth.spec
    if spec.dim > 1 and any(kink.kind == "cone" for kink in kinks(spec)):
        raise ValueError(
            "the gate has a cone, a point where it is not smooth: in dimension 2 no panel of the integrals ends at one"
        )
    for what, f in (("gate", spec.gate.log_weight), ("mean", mean_of(spec.expert) or sp.S.Zero)):
        for i in range(truth.k):
            if f.has(Relational) and (p := _find_moving_jump(truth, spec, f, i)) is not None:
                raise ValueError(
                    f"the {what} jumps where {p.name} moves the jump: {p.name} has no Fisher information, and is "
                    "learnt faster than n^(-1/2)"
                )


def _find_moving_jump(truth: Truth, spec: MoESpec, f: sp.Expr, atom: int) -> sp.Symbol | None:
    """A parameter that moves a place in the box at which a formula of an atom jumps; None where there is none."""
    x, values = covariates(spec.dim), truth.point(atom)
    low, high = map(float, truth.box or ())
    step, across = _BESIDE * (high - low), np.linspace(low, high, _LINES + 2)[1:-1]
    for gap, axis in product(boundaries(spec), x):
        others = [v for v in x if v != axis]
        for fixed in product(across, repeat=len(others)):
            line = dict(zip(others, fixed, strict=True))
            for z in places(gap.subs(values).subs(line), axis, low, high):
                before, after = (float(f.subs(values).subs(line).subs(axis, z + d)) for d in (-step, step))
                slopes = {p: sp.diff(gap, p).subs(values).subs({**line, axis: z}) for p in spec.parameters}
                moving = [p for p, slope in slopes.items() if abs(float(slope)) > _JUMP * step]
                if moving and abs(after - before) > _JUMP:
                    return moving[0]
    return None
