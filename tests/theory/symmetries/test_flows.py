"""Flows, discrete symmetries and identifiable functions: ground truth, and the density of mixtures they leave alone."""

import pytest
import sympy as sp

from temperance.theory.interactions.interactions import derive
from temperance.theory.models.by_name import model
from temperance.theory.models.spec import BETA0, TAU, Expert, Gate, Y, atom_symbol, covariates
from temperance.theory.symmetries.flows import symmetries
from temperance.theory.symmetries.parity import mixture_symmetries, sign_changes
from temperance.theory.symmetries.score_translations import plain_parameters
from temperance.theory.symmetries.vector_fields import SCALE
from tests.tables import tables
from tests.theory.symmetries.mixtures import distance, numbers

GROUND_TRUTH = tables(__file__)["GROUND_TRUTH"]  # gate, activation, dim, flows, identifiable functions

DISCRETE = tables(__file__)["DISCRETE"]  # activation: what is found beside permutation and translation


@pytest.mark.parametrize(("gate", "activation", "dim", "flows", "identifiable"), GROUND_TRUTH)
def test_flows_and_identifiable_functions_are_the_known_ones(gate, activation, dim, flows, identifiable):
    found = symmetries(derive(gate, activation=activation, dim=dim, order=1))
    assert [flow.statement for flow in found.flows] == flows
    if identifiable is not None:  # else scores can be translated: tests/theory/symmetries/test_score_translations.py
        assert [str(f) for f in found.identifiable] == identifiable.split()
    assert found.unintegrated == ()


def test_a_logarithm_leaves_tau_identifiable_if_there_are_two_covariates():
    """With one, log|beta1 x| is log|beta1| and a function of x that all atoms share: the gate is constant."""
    found = symmetries(derive("activation", activation="2*log(abs(z))", order=1))
    assert [f.statement for f in found.flows] == ["(beta1, beta0) -> (l*beta1, beta0 - 2*log(l))"]
    assert [str(f) for f in found.identifiable] == ["(beta0 + 2*log(Abs(beta1)))/tau", "a", "b", "nu"]
    both = symmetries(derive("activation", activation="2*log(abs(z))", dim=2, order=1))
    assert sp.Symbol("tau", positive=True) in both.identifiable
    assert not found.flows[0].together
    assert found.flows[0].gauge.startswith("free")


def test_a_jump_away_from_zero_is_not_a_symmetry():
    found = symmetries(derive("activation", activation="where(z<1,0,1)", order=1))
    assert found.flows == ()
    assert found.identifiable is None
    assert "moves a kink" in str(found.unintegrated[0])


@pytest.mark.parametrize(("gate", "relative"), [("sigmoid", False), ("linear", True)])
def test_parameters_are_relative_to_one_atom_where_a_constant_is_forgotten(gate, relative):
    assert ("relative to one atom" in symmetries(derive(gate, order=1)).proved) == relative


def test_multinomial_scores_are_identifiable_up_to_a_shift():
    found = symmetries(derive("softmax", "multinomial:2", order=1))
    assert [str(f) for f in found.identifiable] == ["-a_1 + a_2", "-b_1 + b_2", "beta1", "beta0"]


FORMULAS = tables(__file__)["FORMULAS"]  # gate, shared, flows, identifiable functions of the gate


@pytest.mark.parametrize(("gate", "shared", "flows", "identifiable"), FORMULAS, ids=[f[0] for f in FORMULAS])
def test_flows_that_are_not_scalings_are_integrated(gate, shared, flows, identifiable):
    spec = model(gate, shared=shared)
    answer = symmetries(derive(spec.gate, spec.expert, order=1))
    assert [flow.statement for flow in answer.flows] == flows
    assert ", ".join(map(str, answer.identifiable)) == f"{identifiable}, a, b, nu"
    check_flows(spec, answer.flows)


def test_a_flow_that_is_not_integrated_is_said():
    spec = model("x*(p**2 + q**3)/(p - q**2)")
    answer = symmetries(derive(spec.gate, "constant", order=1))
    assert answer.flows == ()
    assert "not integrated in closed form" in str(answer.unintegrated[0])
    assert answer.identifiable is None
    assert any("not integrated" in reason for reason in answer.undecided)


@pytest.mark.parametrize(
    ("gate", "activation", "dim"),
    [(g, a, d) for g, a, d, flows, _ in GROUND_TRUTH if flows and a != "abs(z)**p"] + [("quadratic", None, 2)],
)
def test_flows_leave_the_density_of_a_mixture_unchanged(gate, activation, dim):
    """k = 2 atoms along the orbit at l = 6/5, all together or the first alone, at 30 digits; and off it they do not."""
    found = derive(gate, activation=activation, dim=dim, order=1)
    check_flows(found.spec, symmetries(found).flows)


def check_flows(spec, flows):
    point = numbers(spec, 2)
    last = [*point][-1]
    for flow in flows:
        moved = point | _along(flow, point, [1, 2] if flow.together else [1])
        assert moved != point
        assert distance(spec, 2, point, moved) < 1e-28
        assert distance(spec, 2, point, moved | {last: point[last] + sp.Rational(1, 100)}) > 1e-8


def _along(flow, point, atoms):
    moved = {}
    for i in atoms:
        names = {s for p, e in flow.orbit for s in (p, *e.free_symbols)}
        own = {p: atom_symbol(p, i) for p in names if atom_symbol(p, i) in point}
        for p, e in flow.orbit:
            value = e.subs(own, simultaneous=True).subs(point).subs(SCALE, sp.Rational(6, 5))
            moved[own.get(p, p)] = value
    return moved


@pytest.mark.parametrize(("activation", "names"), DISCRETE.items())
def test_discrete_symmetries_of_activations(activation, names):
    found = mixture_symmetries(derive("activation", activation=activation, order=1).spec)
    of_one = [s.name for s in found if s.name not in ("score translation", "pair")]
    assert of_one == ["permutation", "translation", *names]


X = covariates(1)[0]
W, C, V = sp.symbols("w c v", real=True)
PI = sp.Symbol("pi", positive=True)
TWO_KINKS = sp.Piecewise((-1, X * W < -1), (X * W, X * W < 1), (1, True))


@pytest.mark.parametrize(
    ("gate", "parities"),
    [  # each is known from the formula; none has a parameter called beta1
        (Gate("other name", sp.tanh(W * X) / TAU, (W, TAU), (TAU,), BETA0 / TAU), ["odd"]),
        (Gate("own tau, bias over tau", sp.tanh(W * X) / TAU, (W, TAU), (), BETA0 / TAU), ["odd"]),
        (Gate("bias inside", sp.tanh(W * X + C), (W, C)), ["odd"]),
        (Gate("two even parameters", W**2 * X + C**2 * X**3, (W, C)), ["even", "even"]),
        (Gate("product", V * sp.tanh(W * X), (V, W)), ["even", "odd"]),
        (Gate("weight", sp.log(PI) + sp.tanh(W * X), (PI, W)), ["odd"]),
        (Gate("no bias", sp.log(PI) + sp.tanh(W * X), (PI, W), offset=None), []),
        (Gate("kinks", TWO_KINKS, (W,)), ["odd"]),
    ],
    ids=lambda value: value.name if isinstance(value, Gate) else "",
)
def test_a_sign_change_follows_from_the_formula_and_leaves_the_density(gate, parities):
    spec = model(gate, "constant")
    found = sign_changes(gate, 1)
    assert [change.kind for change in found] == parities
    names = [s.name for s in mixture_symmetries(spec) if s.name in ("odd", "even")]
    assert names == parities
    point = numbers(spec, 2)
    own = [p for p in gate.parameters if p not in gate.shared]
    for change in found:
        sign = {p: -1 if p in change.parameters else 1 for p in own}
        atoms = {1: 2, 2: 1} if change.kind == "odd" else {1: 1}
        moved = {atom_symbol(p, i): sign[p] * point[atom_symbol(p, j)] for i, j in atoms.items() for p in own}
        image = point | moved
        for i in (1, 2) if gate.offset is not None else ():
            before, after = (
                {p: at.get(atom_symbol(p, i), at.get(p)) for p in (*own, *gate.shared)} for at in (point, image)
            )
            gain = (change.rest if change.kind == "odd" else -change.rest * (i in atoms)).subs(before)
            bias = gate.offset.subs(before).subs(BETA0, point[atom_symbol(BETA0, i)]) + gain
            image[atom_symbol(BETA0, i)] = sp.solve(gate.offset.subs(after) - bias, BETA0)[0]
        assert image != point
        assert distance(spec, 2, point, image) < 1e-28


@pytest.mark.parametrize("gate", ["linear", "quadratic"])
def test_translation_and_splitting_leave_the_density_unchanged(gate):
    spec = derive(gate, order=1).spec
    shifted = plain_parameters(spec)
    assert BETA0 in shifted
    point = numbers(spec, 4)
    by = {atom_symbol(p, i): point[atom_symbol(p, i)] + j + 1 for j, p in enumerate(shifted) for i in range(1, 5)}
    assert distance(spec, 4, point, point | by) < 1e-28
    # atoms 3, 4 are copies of 1, 2; splitting both pairs alike cancels, splitting one pair does not
    own = [p for p in (*spec.parameters, BETA0) if p not in spec.gate.shared]
    pairs = point | {atom_symbol(p, i + 2): point[atom_symbol(p, i)] for p in own for i in (1, 2)}
    beta = next(p for p in own if p.name == "beta1")
    split = {atom_symbol(beta, i): pairs[atom_symbol(beta, i)] + (1 if i < 3 else -1) for i in range(1, 5)}
    assert distance(spec, 4, pairs, pairs | split) < 1e-28
    half = {s: v for s, v in split.items() if s.name.endswith(("[1]", "[3]"))}
    assert distance(spec, 4, pairs, pairs | half) > 1e-8


def test_the_rank_that_is_assumed_is_said():
    assert (
        "assuming that there are no further" in symmetries(derive("activation", activation="gamma(z)", order=1)).proved
    )
    assert "assuming" not in symmetries(derive(order=1)).proved


def test_beta0_takes_up_a_factor_that_changes_along_the_flow():
    x = covariates(1)[0]
    beta, w = sp.symbols("beta w", real=True)
    answer = symmetries(derive(Gate("biased", beta * x + w**2, (beta, w)), "constant", order=1))
    assert [flow.statement for flow in answer.flows] == ["(w, beta0) -> (w + log(l), beta0 - 2*w*log(l) - log(l)**2)"]
    assert answer.identifiable[:2] == (BETA0 + w**2, beta)


def test_an_expert_can_carry_a_flow():
    m, t = sp.symbols("m t", real=True)
    expert = Expert("sum", -((Y - m - t) ** 2), (m, t))
    found = symmetries(derive("softmax", expert, order=1))
    assert [f.statement for f in found.flows] == ["(m, t) -> (m + log(l), t - log(l))"]
    assert m + t in found.identifiable
