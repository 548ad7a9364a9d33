"""Bounds of models that no paper has are not contradicted by distances that SciPy minimises over densities by hand.

A true atom is fitted by two beside a singleton. One parameter of the first fitted atom is held at a distance t from the
truth, and all else is free. The least distance of densities goes down as t^r, and r is not above what is proved, nor
below what a curve proves.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.optimize import least_squares

from temperance.theory.contact.contact_orders import orders
from temperance.theory.contact.order_setting import order_setting

CLOSE = 0.3


@dataclass(frozen=True)
class Model:
    """The score without bias at tau = 1 and the mean, of the parameters of an atom and x; names in their order."""

    gate: str
    expert: str
    score: Callable
    mean: Callable
    own: tuple[str, ...]
    of_mean: tuple[str, ...]
    parameters: tuple[str, ...]


CUBE = Model(
    "beta1*x**3/tau + beta2*x",
    "a*x + b",
    lambda v, x: v[0] * x**3 + v[1] * x,
    lambda v, x: v[0] * x + v[1],
    ("beta1", "beta2"),
    ("a", "b"),
    ("beta1", "b"),
)
ROUND = Model(
    "kappa*cos(x - c)/tau",
    "tanh(a*x + b)",
    lambda v, x: v[0] * np.cos(x - v[1]),
    lambda v, x: np.tanh(v[0] * x + v[1]),
    ("kappa", "c"),
    ("a", "b"),
    ("kappa", "c", "b"),
)
LOG = Model(
    "w*log(1 + (x - c)**2)/tau",
    "a*x + b",
    lambda v, x: v[0] * np.log(1 + (x - v[1]) ** 2),
    lambda v, x: v[0] * x + v[1],
    ("w", "c"),
    ("a", "b"),
    ("w", "a"),
)
RAMP = Model(
    "w*max(x - c, 0)/tau",
    "a1*x + a2*x**2 + b",
    lambda v, x: v[0] * np.maximum(x - v[1], 0),
    lambda v, x: v[0] * x + v[1] * x**2 + v[2],
    ("w", "c"),
    ("a1", "a2", "b"),
    ("w", "c", "a1"),
)


class Distance:
    """Of a fitted mixture, two atoms and one, from the truth of a setting, on a grid of x in [-2, 2] and y."""

    def __init__(self, model):
        self.model, truth = model, order_setting(model.gate, model.expert).truth
        self.names = (*model.own, *model.of_mean, "nu")
        at = [{p.name: float(v) for p, v in truth.point(i).items()} for i in range(2)]
        self.true = [np.array([v[n] for n in self.names]) for v in at]
        nodes, weights = np.polynomial.legendre.leggauss(120 if "max" in model.gate else 32)
        self.x, self.y = 2 * nodes, np.linspace(-8.0, 9.0, 50)
        self.root = np.sqrt(weights / 2 * (self.y[1] - self.y[0]))[:, None]
        self.target = self.density([0.0], [self.true[0], self.true[1]])

    def parts(self, logs, atoms):
        """Shares (k, x, 1), densities (k, x, y), gaps of y, variances; logs: of all shares but the last."""
        d = len(self.model.own)
        scores = np.stack([self.model.score(v[:d], self.x) for v in atoms])
        scores += np.array([*logs, 0.0])[:, None]
        weights = np.exp(scores - scores.max(axis=0))
        weights /= weights.sum(axis=0)
        gaps = self.y - np.stack([self.model.mean(v[d:-1], self.x) for v in atoms])[:, :, None]
        nu = np.array([v[-1] for v in atoms])[:, None, None]
        return weights[:, :, None], np.exp(-(gaps**2) / (2 * nu)) / np.sqrt(2 * np.pi * nu), gaps, nu

    def density(self, logs, atoms):
        """g at the grid."""
        weights, densities, *_ = self.parts(logs, atoms)
        return (weights * densities).sum(axis=0)

    def mixture(self, free, place, t):
        """Of the vector (total, share, atom, atom, expert of the singleton), the entry at the place being t."""
        count, d = len(self.names), len(self.model.own)
        offsets = np.insert(free[2:], place, t)
        last = self.true[1] + np.concatenate([np.zeros(d), offsets[2 * count :]])
        share = 0.5 + 0.3 * np.tanh(free[1])  # shares stay away from 0
        pair = [self.true[0] + offsets[:count], self.true[0] + offsets[count : 2 * count]]
        return free[0] + np.log([share, 1 - share]), [*pair, last]

    def residual(self, free, place, t):
        """Its density less the true one, times the roots of the weights of the grid."""
        return (self.root * (self.density(*self.mixture(free, place, t)) - self.target)).ravel()

    def slopes(self, free, place, t):
        """Of the residual, by the chain rule; those of scores and means by complex steps."""
        (logs, atoms), d = self.mixture(free, place, t), len(self.model.own)
        weights, densities, gaps, nu = self.parts(logs, atoms)
        by_score = weights * (densities - (weights * densities).sum(axis=0))
        by_mean = weights * densities * gaps / nu
        by_nu = weights * densities * (gaps**2 / nu - 1) / (2 * nu)
        share, step = np.exp(logs - free[0]), 1e-20
        columns = [by_score[0] + by_score[1]]
        columns.append(0.3 / np.cosh(free[1]) ** 2 * (by_score[0] / share[0] - by_score[1] / share[1]))
        for i, v in enumerate(atoms):
            for f, part, by in ((self.model.score, v[:d], by_score[i]), (self.model.mean, v[d:-1], by_mean[i])):
                if i == 2 and f is self.model.score:
                    continue  # the gate of the singleton stays
                moved = part + step * 1j * np.eye(len(part))
                columns += [f(one, self.x).imag[:, None] / step * by for one in moved]
            columns.append(by_nu[i])
        del columns[2 + place]
        return np.stack([(self.root * column).ravel() for column in columns], axis=1)

    def least(self, parameter, t, starts=6):
        """The least distance with an offset t of a parameter."""
        place, count, rng = self.names.index(parameter), len(self.names), np.random.default_rng(4)
        size = 2 + 2 * count - 1 + count - len(self.model.own)
        best = np.inf
        for k in range(starts):
            start = rng.normal(size=size) * (t if k else 0.0)
            start[2 + count - 1 + place] = -t  # the second atom goes to the other side
            bounds = [np.r_[-1.0, -4.0, np.full(size - 2, -0.5)], np.r_[1.0, 4.0, np.full(size - 2, 0.5)]]
            start = np.clip(start, bounds[0] + 0.01, bounds[1] - 0.01)
            how = {"xtol": 1e-14, "ftol": 1e-14, "gtol": 1e-14, "x_scale": "jac", "jac": self.slopes, "max_nfev": 60}
            found = least_squares(self.residual, start, args=(place, t), bounds=bounds, **how)
            best = min(best, float(np.sqrt(2 * found.cost)))
        return best


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "parameter"),
    [(m, p) for m in (CUBE, ROUND, LOG, RAMP) for p in m.parameters],
    ids=lambda v: v if isinstance(v, str) else v.gate,
)
def test_the_least_distance_goes_down_between_what_is_proved(model, parameter):
    found = {o.name: o for o in orders(order_setting(model.gate, model.expert)).orders if not (o.is_mean or o.flat)}
    o, distance = found[parameter], Distance(model)
    assert np.abs(distance.residual(np.zeros(1 + 3 * len(distance.names) - len(model.own)), 0, 0.0)).max() < 1e-12
    levels = (0.4, 0.2) if o.lower == 4 else (0.1, 0.05)  # t^4 soon is below the rounding of what is minimised
    if (model, parameter) == (RAMP, "w"):  # at kinks some minima are missed: three halvings, of slopes from 1.4 to 2.4
        levels = (0.1, 0.0125)
    least = [distance.least(parameter, t) for t in levels]
    slope = np.log(least[0] / least[1]) / np.log(levels[0] / levels[1])
    assert o.upper is None or slope < float(o.upper) + CLOSE, (o.upper, least)
    assert o.lower is None or slope > float(o.lower) - CLOSE, (o.lower, least)
