"""Routers of torch: what is read, what is refused, and the answer against the router's own derivatives."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import temperance

torch = pytest.importorskip("torch", reason="torch, of the extra [interop], is not installed")
nn = torch.nn
F = nn.functional


class Router(nn.Module):
    """A router with a temperature, two biases and a forward function of the test's."""

    def __init__(self, forward, experts=4, features=3):
        super().__init__()
        torch.manual_seed(experts + 10 * features)
        self.W = nn.Parameter(torch.randn(experts, features))
        self.b, self.c = (nn.Parameter(torch.randn(experts)) for _ in range(2))
        self.scale = nn.Parameter(torch.rand(experts) + 1)
        self.log_tau, self.tau = nn.Parameter(torch.tensor(0.3)), nn.Parameter(torch.tensor([0.8]))
        self.given = forward

    def forward(self, x):
        return self.given(self, x)


def soft(scores):
    return F.softmax(scores, dim=-1)


def unit(vectors):
    return F.normalize(vectors, dim=-1)


LINEAR = {
    "plain": lambda m, x: soft(F.linear(x, m.W, m.b) / m.tau),
    "log": lambda m, x: soft(x @ m.W.t() / m.log_tau.exp()),
    "bias after tau": lambda m, x: soft(torch.matmul(x, m.W.T) / F.softplus(m.log_tau) + m.b),
    "inverse": lambda m, x: F.log_softmax(m.tau * (x @ m.W.T), dim=1),
}
ACTIVATION = {
    "tanh": lambda m, x: soft(torch.tanh(x @ m.W.T) / m.tau),
    "gelu": lambda m, x: soft((F.gelu(x @ m.W.T + m.c) + m.b) / m.tau),
    "softplus": lambda m, x: soft(F.softplus(x @ m.W.T + m.c) / m.log_tau.exp()),
    "relu": lambda m, x: soft(torch.relu(x @ m.W.T + m.c) / m.tau),
    "square": lambda m, x: soft(((x @ m.W.T) ** 2 + m.b) / m.tau),
    "exp": lambda m, x: soft(torch.exp(x @ m.W.T + m.c) / m.tau),
}
COSINE = {
    "normalize": lambda m, x: soft(unit(x) @ unit(m.W).T / m.tau),
    "similarity": lambda m, x: soft(F.cosine_similarity(x.unsqueeze(1), m.W.unsqueeze(0), dim=-1) * m.log_tau.exp()),
    "norms": lambda m, x: soft(F.linear(x / x.norm(dim=-1, keepdim=True), unit(m.W)) / m.tau + m.b),
}
PERTURBED = {
    "perturbed": lambda m, x: soft(
        F.linear(x / (x.norm(dim=-1, keepdim=True) + 1), m.W / (m.W.norm(dim=-1, keepdim=True) + 1)) / m.tau
    )
}


def tau_is_determined(module, temperature):
    """Whether the derivative of the log weights by the temperature is outside the span of the other derivatives.

    An independent witness: derivatives by torch, of the module itself, at its own parameters.
    """
    module = module.double()
    x = torch.tensor(np.random.default_rng(5).uniform(-1, 1, size=(40, module.W.shape[1])))
    names = [name for name, _ in module.named_parameters()]

    def log_weights(*values):
        weights = torch.func.functional_call(module, dict(zip(names, values, strict=True)), (x,))
        logs = weights if (weights < 0).any() else torch.log(weights)
        return (logs - logs[:, -1:])[:, :-1].reshape(-1)

    values = tuple(p.detach() for p in module.parameters())
    blocks = torch.autograd.functional.jacobian(log_weights, values)
    columns = {n: block.reshape(len(block), -1).numpy() for n, block in zip(names, blocks, strict=True)}
    target = columns.pop(temperature)[:, 0]
    others = np.column_stack(list(columns.values()))
    others /= np.maximum(np.linalg.norm(others, axis=0), 1e-300)
    residual = target - others @ np.linalg.lstsq(others, target, rcond=1e-12)[0]
    return np.linalg.norm(residual) > 1e-6 * np.linalg.norm(target)


def settings():
    for sizes in ((4, 3), (2, 3), (5, 1)):
        for kind, routers in (("linear", LINEAR), ("activation", ACTIVATION), ("cosine", COSINE | PERTURBED)):
            for name, forward in routers.items():
                if kind != "cosine" or sizes[1] > 1:
                    yield pytest.param(kind, name, forward, *sizes, id=f"{name}-{sizes[0]}-{sizes[1]}")


@pytest.mark.parametrize(("kind", "name", "forward", "experts", "features"), list(settings()))
def test_the_answer_is_that_of_the_derivatives_of_the_module(kind, name, forward, experts, features):
    module = Router(forward, experts, features)
    found = temperance.audit(module)
    assert found.form.kind == ("cosine-perturbed" if name == "perturbed" else kind)
    tau = "log_tau" if "log_tau" in found.form.tau else "tau"
    assert found.tau_learnable == ("yes" if tau_is_determined(module, tau) else "no")


def test_the_flow_that_is_named_changes_no_weight():
    module, x = Router(LINEAR["plain"]), torch.randn(20, 3)
    found = temperance.audit(module)
    assert found.tau_learnable == "no"
    assert found.reason == "(w_i, tau, b_i) -> (l*w_i, l*tau, l*b_i) changes no weight, whatever l > 0."
    assert found.identifiable == ("(w_i - w_j)/tau", "(b_i - b_j)/tau")
    before = module(x)
    with torch.no_grad():
        for p in (module.W, module.b, module.tau):
            p *= 1.7
    torch.testing.assert_close(module(x), before)


@pytest.mark.parametrize("experts", [2, 3])
def test_few_cosines_have_the_same_weights_at_another_temperature(experts):
    """u_i + s m with u_i.m = 1 for all i, scaled to length 1, as docs/engineers.md says."""
    module, x = Router(COSINE["normalize"], experts).double(), torch.randn(50, 3, dtype=torch.float64)
    assert temperance.audit(module).tau_learnable == "no"
    before, tau = module(x), module.tau.item()
    with torch.no_grad():
        u = unit(module.W).numpy()
        m = np.linalg.lstsq(u, np.ones(experts), rcond=None)[0]
        moved = u + 0.3 * m
        (length,) = set(np.linalg.norm(moved, axis=1).round(12))
        module.W.copy_(torch.tensor(moved))
        module.tau.copy_(torch.tensor([tau / length]))
    assert abs(module.tau.item() - tau) > 0.05
    torch.testing.assert_close(module(x), before)


def test_sequential_modules_are_read():
    plain = temperance.audit(nn.Sequential(nn.Linear(8, 4), nn.Softmax(dim=-1)))
    assert (plain.form.kind, plain.tau_learnable) == ("softmax", "not trained")
    assert plain.form.formula == "softmax(w_i.x + b_i)"
    assert plain.change == ("Nothing.",)
    curved = temperance.audit(nn.Sequential(nn.Linear(8, 4), nn.Tanh(), nn.Dropout(0.1), nn.Softmax(dim=1)))
    assert curved.form.formula == "softmax(s(w_i.x + c_i)), s(z) = tanh(z)"


def test_a_held_temperature_is_no_parameter():
    module = Router(LINEAR["plain"])
    module.tau.requires_grad_(False)
    found = temperance.audit(module)
    assert (found.tau_learnable, found.form.kind, found.form.value) == ("not trained", "softmax", pytest.approx(0.8))


def test_two_experts_have_a_mirror_point():
    found = temperance.audit(Router(lambda m, x: soft((F.gelu(x @ m.W.T) + m.b) / m.tau), experts=2))
    assert found.tau_learnable == "yes"
    assert "beware of w_2 = -w_1, a mirror point (homogeneous)" in str(found)
    assert "mirror" not in str(temperance.audit(Router(ACTIVATION["gelu"], experts=2)))


def test_two_experts_with_one_more_curve_are_undecided():
    found = temperance.audit(Router(lambda m, x: soft(((x @ m.W.T) ** 2 + x @ m.W.T + m.b) / m.tau), 2, 1))
    assert found.tau_learnable == "undecided"
    assert "for k = 2" in found.reason


REFUSED = {
    "two layers: like the linear gate": nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 4), nn.Softmax(-1)),
    "without a softmax: with nn.Softmax(dim=-1) behind it, it is like the linear gate": nn.Linear(3, 4),
    "sigmoids, which do not sum to 1: like the gate": nn.Sequential(nn.Linear(3, 4), nn.Sigmoid()),
    "'LayerNorm' changes x before the scores: like": nn.Sequential(nn.LayerNorm(3), nn.Linear(3, 4), nn.Softmax(-1)),
    "not over the experts": nn.Sequential(nn.Linear(3, 4), nn.Softmax(dim=0)),
    "PReLU has parameters of its own": nn.Sequential(nn.Linear(3, 4), nn.PReLU(), nn.Softmax(-1)),
    "one expert, whose weight is 1": nn.Sequential(nn.Linear(3, 1), nn.Softmax(-1)),
    "torch.fx cannot trace it": Router(lambda m, x: soft(x @ m.W.T) if x.sum() > 0 else soft(x @ -m.W.T)),
    "the largest scores only (topk): like the dense": Router(lambda m, x: soft(torch.topk(x @ m.W.T, 2).values)),
    "it is random (randn_like)": Router(lambda m, x: soft(x @ m.W.T + torch.randn_like(x @ m.W.T))),
    "divided by their sum": Router(lambda m, x: (lambda p: p / p.sum(-1, keepdim=True))(torch.sigmoid(x @ m.W.T))),
    "several learnable numbers": Router(lambda m, x: soft(m.tau * (x @ m.W.T) / m.log_tau.exp())),
    "a scale or temperature of its own (scale)": Router(lambda m, x: soft(x @ m.W.T / m.scale)),
    "tau acts inside the activation": Router(lambda m, x: soft(torch.tanh(x @ m.W.T / m.tau))),
    "only x is scaled to length 1": Router(lambda m, x: soft(unit(x) @ m.W.T / m.tau)),
    "an activation or a bias acts on its cosines": Router(lambda m, x: soft(torch.relu(unit(x) @ unit(m.W).T) / m.tau)),
    "it returns several things": Router(lambda m, x: (soft(x @ m.W.T), x)),
    "its W is not trained": nn.Sequential(nn.Linear(3, 4).requires_grad_(False), nn.Softmax(-1)),
    "'einsum' has no formula here": Router(lambda m, x: soft(torch.einsum("nd,kd->nk", x, m.W))),
    "cos(w_i, x)/tau) was read, and": Router(lambda m, x: soft(F.normalize(x, p=1) @ unit(m.W).T / m.tau)),
    "like none that is known here": Router(lambda m, x: soft((x @ m.W.T).reshape(-1, 2)).reshape(-1, 4)),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_is_not_read_is_refused_in_one_sentence(message):
    with pytest.raises(ValueError, match="this router is not read: ") as error:
        temperance.audit(REFUSED[message])
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_the_answer_in_every_form():
    found = temperance.audit(Router(LINEAR["plain"]))
    record = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert record["tau_learnable"] == "no"
    assert record["temperature"] == {"expression": "tau", "learned": True, "value": pytest.approx(0.8)}
    assert repr(found).startswith("<Audit: tau learnable: no. (w_i, tau, b_i) -> (l*w_i, l*tau, l*b_i)")
    assert str(found).splitlines() == [found.title, *found.words]
    assert "Cosines of x and the rows of W are a cure with 4 experts and 3 features" in str(found)
    assert found._repr_html_().startswith("<p>softmax((w_i.x + b_i)/tau): the linear dense-to-sparse gate, 4 experts")


def test_the_least_number_of_observations_is_that_of_the_varentropy():
    """1/max Var_w(log w) over weights w of k experts, over the square of 10%; here by a grid."""
    found = temperance.audit(Router(ACTIVATION["tanh"], experts=3))
    first = np.linspace(1e-4, 1 - 1e-4, 400)
    p, q = (axis.ravel() for axis in np.meshgrid(first, first))
    w = np.column_stack([p, q, 1 - p - q])[1 - p - q > 1e-9]
    largest = ((w * np.log(w) ** 2).sum(axis=1) - (w * np.log(w)).sum(axis=1) ** 2).max()
    (least,) = map(int, re.findall(r"at least (\d+) observations with 3 experts", found.data))
    assert least == pytest.approx(100 / largest, rel=0.01)
    assert "`temperance.efficiency('tanh(z)')`" in found.data
    assert temperance.audit(Router(LINEAR["plain"])).data is None
    assert temperance.audit(Router(lambda m, x: soft(torch.tanh(x @ m.W.T) / m.tau + m.b))).data is None


def test_the_module_stays_as_it_was():
    module = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Softmax(-1)).train()
    before = {name: p.clone() for name, p in module.named_parameters()}
    temperance.audit(module)
    assert module[1].training
    assert all(p.dtype == torch.float32 and torch.equal(p, before[name]) for name, p in module.named_parameters())


@pytest.mark.parametrize("thing", [3, "gelu", nn.Linear, lambda x: x])
def test_what_is_no_module_is_refused(thing):
    with pytest.raises(ValueError, match=r"audit reads a torch\.nn\.Module"):
        temperance.audit(thing)


def test_torch_is_not_loaded_for_what_is_not_of_torch():
    code = (
        "import sys, temperance\n"
        "try:\n    temperance.audit(3)\nexcept ValueError as error:\n    print(error, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "audit reads a torch.nn.Module, not an object of int False\n"


def test_the_example_of_the_page_runs(capsys):
    page = (Path(__file__).parents[3] / "docs" / "engineers.md").read_text(encoding="utf-8")
    (source,) = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    exec(source, {})
    assert capsys.readouterr().out.startswith("softmax(w_i.x + b_i): the softmax gate, 4 experts, 8 features")
