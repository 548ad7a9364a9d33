"""Certificates of curves: mpmath confirms what they state from the densities alone, and forgeries are rejected."""

import json
from fractions import Fraction

import mpmath
import pytest
import sympy as sp

from temperance.theory.checker.curve_checker import check
from temperance.theory.contact.contact_orders import orders
from temperance.theory.contact.order_setting import order_setting

SETTINGS = [
    ("softmax", "gaussian", None, 3, "one", 1),
    ("softmax", "polynomial:2", None, 3, "one", 1),
    ("softmax", "gaussian", None, 3, "all", 1),
    ("softmax", "polynomial:2", None, 2, "all", 1),
    ("softmax", "nonlinear:tanh", None, 2, "all", 1),
    ("quadratic", "gaussian", None, 3, "one", 1),
    ("quadratic", "gaussian", None, 2, "one", 2),
    ("quadratic", "polynomial:2", None, 2, "all", 1),
    ("gaussian", "gaussian", None, 3, "one", 1),
    ("gaussian", "gaussian", None, 2, "all", 1),
    ("gaussian", "gaussian", None, 3, "one", 2),
    ("activation", "gaussian", "gelu", 2, "one", 2),
    ("activation", "polynomial:2", "tanh", 3, "one", 1),
    ("activation", "gaussian", "hardtanh", 2, "one", 1),
    ("activation", "gaussian", "z**2+z", 2, "all", 2),
    ("activation", "gaussian", "log(1+z**2)", 2, "one", 1),
    ("linear", "gaussian", None, 2, "all", 1),
    ("sigmoid", "gaussian", None, 2, "all", 1),
    ("cosine", "gaussian", None, 2, "all", 2),
    ("cosine-perturbed", "gaussian", None, 2, "one", 2),
    ("laplace", "gaussian", None, 2, "one", 1),
]
FREE = mpmath.mpf(1) / 3  # a true value that may be any, in the first cell; in the second one it is 2/3
EXPERTS = ({"b": 0, "nu": 1}, {"b": 3, "nu": mpmath.mpf(3) / 2})  # slopes 1 and -1


def found(gate, expert, source, size, split, dim):
    return orders(order_setting(gate, expert, source, size=size, split=split, dim=dim)).curves


def cases():
    return [
        pytest.param(certificate, id=f"{'-'.join(map(str, chosen))}-{n}")
        for chosen in SETTINGS
        for n, certificate in enumerate(found(*chosen))
    ]


# -- the densities, from the text of a certificate and nothing else of ours


class Mixture:
    """The atoms along the curve and the true ones."""

    def __init__(self, certificate, t):
        self.model, self.t = certificate["model"], t
        model, cells = self.model, certificate["cells"]
        number = certificate["number"]
        self.r = mpmath.mpf(0)
        if number is not None:
            roots = mpmath.polyroots(
                [mpmath.mpf(Fraction(c).numerator) / Fraction(c).denominator for c in reversed(number["polynomial"])],
                maxsteps=500,
                extraprec=400,
            )
            low, high = (float(Fraction(end)) for end in number["between"])
            (self.r,) = [z.real for z in roots if abs(z.imag) < 1e-40 and low < z.real < high]
        gate = (*model["own"], *model["shared"])
        self.true, self.near = [], []
        alike = certificate["split"] == "every"
        for i in range(max(2, len(cells))):
            cell = cells[i] if i < len(cells) else cells[0]
            point = {p: self.number(cell["point"][p]) if p in cell["point"] else FREE * (i + 1) for p in gate}
            for p in model["shared"]:  # one value for all
                point[p] = self.number(cells[0]["point"][p]) if p in cells[0]["point"] else FREE
            expert = EXPERTS[i]
            place = point | {p: mpmath.mpf(expert.get(p, (1, -1)[i])) for p in model["expert"]}
            self.true.append((mpmath.mpf(1), place))
            split = i < len(cells) or alike
            atoms = self.atoms(cell, place) if split else [(mpmath.mpf(1), {})]
            drift = {p: self.value(e, place, 0) for p, e in certificate["shared"].items()}
            self.near.append([(w, {p: v + {**d, **drift}.get(p, 0) for p, v in place.items()}) for w, d in atoms])

    def number(self, text):
        return mpmath.mpf(Fraction(text).numerator) / Fraction(text).denominator

    def value(self, text, place, q):
        return evaluated(text, {**place, "t": self.t, "q": q, "r": self.r})

    def atoms(self, cell, place):
        for part in cell["atoms"]:
            nodes = [self.number(c) for c in reversed(part["nodes"])]
            for q in mpmath.polyroots(nodes, maxsteps=500, extraprec=400):
                offsets = {p: self.value(e, place, q) for p, e in part["offsets"].items()}
                yield self.value(part["share"], place, q), offsets

    def distance(self, points):
        """The L2 distance over y in closed form at some x; weights take up what the cells have at the first of them."""
        total = mpmath.mpf(0)
        inner = self.weights(points[0])
        for x in points[1:]:
            true, cells = self.at(x)
            factors = [w / sum(v for v, *_ in cell) for w, cell in zip(*inner, strict=True)]
            if not self.model["weighted"]:
                factors = [1] * len(cells)
            near = [(w * f, m, v) for f, cell in zip(factors, cells, strict=True) for w, m, v in cell]
            norms = [sum(w for w, *_ in some) for some in (true, near)]
            terms = [(w / norms[1], m, v) for w, m, v in near] + [(-w / norms[0], m, v) for w, m, v in true]
            total += square(terms)
        return mpmath.sqrt(abs(total))

    def weights(self, x):
        true, cells = self.at(x)
        return [w for w, *_ in true], cells

    def at(self, x):
        return [self.atom(x, *a) for a in self.true], [[self.atom(x, *a) for a in cell] for cell in self.near]

    def atom(self, x, share, place):
        d = sum(name[0] == "x" for name in self.model["covariates"])
        names = dict(zip(self.model["covariates"], x[:d], strict=False))
        norm = mpmath.sqrt(sum(v**2 for v in x[:d]))
        names |= {f"u_{j}": v / norm for j, v in enumerate(x[:d], 1)}
        values = {**place, **names}
        return (
            share * mpmath.exp(evaluated(self.model["log_weight"], values)),
            evaluated(self.model["mean"], values),
            place["nu"],
        )


def evaluated(text, values):
    functions = {name: getattr(mpmath, name) for name in ("exp", "log", "tanh", "erf", "sqrt", "sin", "cos")}
    functions["where"] = lambda condition, first, other: first if condition else other
    exact = sp.sstr(sp.sympify("0")) and text
    # rationals in the text must not become floats: p/q is read as mpf(p)/q
    tree = compile(_exact(exact), "<certificate>", "eval")
    return eval(tree, {"__builtins__": {}}, {**functions, **values, "mpf": mpmath.mpf})


def _exact(text):
    import ast

    class Numbers(ast.NodeTransformer):
        def visit_Constant(self, node):
            return ast.Call(ast.Name("mpf", ast.Load()), [node], [])

    return ast.fix_missing_locations(Numbers().visit(ast.parse(text, mode="eval")))


def square(terms):
    def overlap(m, v):
        return mpmath.exp(-(m**2) / (2 * v)) / mpmath.sqrt(2 * mpmath.pi * v)

    return sum(c * k * overlap(m - n, v + w) for c, m, v in terms for k, n, w in terms)


def exponent(certificate):
    """The power of t of the distance at points of x off the kinks; infinity where it is 0."""
    points = [[mpmath.mpf(j * (2 * i - 7)) / 5 + mpmath.mpf(1) / 7 for j in (1, 2)] for i in range(7)]
    with mpmath.workdps(60):
        far, near = (Mixture(certificate, mpmath.mpf(2) ** -k).distance(points) for k in (8, 9))
        return mpmath.inf if far < mpmath.mpf(10) ** -25 else mpmath.log(far / near, 2)


@pytest.mark.parametrize("certificate", cases())
def test_the_density_is_as_near_as_is_stated(certificate):
    assert check(json.loads(json.dumps(certificate))) == certificate["statement"]
    power = exponent(certificate)
    assert power == mpmath.inf if certificate["degree"] is None else power > certificate["degree"] - 0.15
