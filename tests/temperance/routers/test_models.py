"""Whole models: which routers are found, what of them the rest of the network sees, and the command line."""

import json
import re
import subprocess
import sys

import pytest

torch = pytest.importorskip("torch", reason="torch, of the extra [interop], is not installed")

import temperance  # noqa: E402

nn = torch.nn
F = nn.functional
D, K = 6, 4


class Gate(nn.Module):
    """Weights of the best two experts, and the scores beside them."""

    def __init__(self, tau=None, activation=None, weight=None):
        super().__init__()
        self.w = nn.Linear(D, K, bias=False)
        if weight is not None:
            self.w.weight = weight
        self.activation = activation
        if tau is not None:
            self.tau = tau

    def forward(self, x):
        scores = self.w(x) if self.activation is None else self.activation(self.w(x))
        return (*torch.topk(torch.softmax(scores / getattr(self, "tau", 1.0), -1), 2), scores)


class Block(nn.Module):
    """Attention, and a mixture of experts; `linear` has the product in a child and all else here."""

    def __init__(self, gate=None, linear=False):
        super().__init__()
        self.attention = nn.Linear(D, 3 * D)
        self.experts = nn.ModuleList(nn.Sequential(nn.Linear(D, D), nn.SiLU()) for _ in range(K))
        if linear:
            self.gate, self.log_tau = nn.Linear(D, K), nn.Parameter(torch.zeros(()))
        else:
            self.gate = Gate() if gate is None else gate
        self.linear = linear

    def forward(self, x):
        q, k, v = self.attention(x).chunk(3, -1)
        x = x + torch.softmax(q @ k.transpose(-1, -2), -1) @ v
        if self.linear:
            weights = torch.softmax(self.gate(x) * self.log_tau.exp(), -1)
            values, chosen = torch.topk(weights, 2)
            values = values / values.sum(-1, keepdim=True)
        else:
            values, chosen, _ = self.gate(x)
        every = torch.stack([expert(x) for expert in self.experts], -2)
        return x + (every.gather(-2, chosen[..., None].expand(*chosen.shape, D)) * values[..., None]).sum(-2)


class Model(nn.Module):
    def __init__(self, *blocks):
        super().__init__()
        self.embedding, self.blocks, self.head = nn.Embedding(20, D), nn.ModuleList(blocks), nn.Linear(D, 20)

    def forward(self, ids):
        x = self.embedding(ids)
        for block in self.blocks:
            x = block(x)
        return self.head(x)


IDS = torch.arange(40).reshape(4, 10) % 20


def number(value=0.8):
    return nn.Parameter(torch.tensor(value))


def rows(model, *inputs):
    torch.manual_seed(4)
    return temperance.audit(model, *(inputs or (IDS,))).routers


class Cosines(nn.Module):
    """Cosines after a projection, where p is not d; one whose formula is not read unless `is_read`."""

    def __init__(self, d, k, p, is_read=False):
        super().__init__()
        self.projection = nn.Linear(d, p, bias=False) if p != d else None
        self.w, self.log_tau = nn.Parameter(torch.randn(k, p)), nn.Parameter(torch.tensor(-0.5))
        self.unit = F.normalize if is_read else lambda v, dim: v / v.square().sum(dim, keepdim=True).sqrt()

    def forward(self, x):
        h = x if self.projection is None else self.projection(x)
        return torch.softmax(self.unit(h, dim=-1) @ self.unit(self.w, dim=-1).T / self.log_tau.exp(), -1)


class Language(nn.Module):
    """Two blocks of attention and experts, after LayerNorms: their hidden states have the mean 0."""

    def __init__(self, d, k, p, best=None, is_read=False):
        super().__init__()
        torch.manual_seed(0)
        self.embedding, self.best = nn.Embedding(50, d), best
        self.attention = nn.ModuleList(nn.MultiheadAttention(d, 2, batch_first=True) for _ in range(2))
        self.norms = nn.ModuleList(nn.LayerNorm(d) for _ in range(2))
        self.routers = nn.ModuleList(Cosines(d, k, p, is_read) for _ in range(2))
        self.experts = nn.ModuleList(nn.Linear(d, k * d) for _ in range(2))

    def forward(self, ids):
        x = self.embedding(ids)
        for attention, norm, router, experts in zip(
            self.attention, self.norms, self.routers, self.experts, strict=True
        ):
            h = norm(x + attention(x, x, x, need_weights=False)[0])
            weights = router(h)
            if self.best is not None:
                values, chosen = weights.topk(self.best, -1)
                weights = torch.zeros_like(weights).scatter(-1, chosen, values / values.sum(-1, keepdim=True))
            x = x + (weights[..., None] * experts(h).unflatten(-1, (weights.shape[-1], -1))).sum(-2)
        return x


COSINES = [
    ({"d": 16, "k": 8, "p": 8}, "no"),
    ({"d": 8, "k": 8, "p": 8}, "no"),
    ({"d": 8, "k": 8, "p": 8, "is_read": True}, "no"),
    ({"d": 8, "k": 6, "p": 8}, "no"),
    ({"d": 16, "k": 8, "p": 8, "best": 2}, "no"),
    ({"d": 8, "k": 8, "p": 8, "best": 2}, "no"),
    ({"d": 8, "k": 12, "p": 8}, "no"),  # the mean of the hidden states is 0: what of w lies along 1 sets its length
    ({"d": 8, "k": 6, "p": 4}, "yes"),
]


@pytest.mark.parametrize(("sizes", "answer"), COSINES)
def test_cosines_in_a_language_model_have_the_answer_that_they_have_alone(sizes, answer):
    """Statement 5 of the page: no for at most p experts. It is proved where the formula is read."""
    ids = torch.randint(0, 50, (8, 16), generator=torch.Generator().manual_seed(1))
    found = temperance.audit(Language(**sizes), ids).routers
    assert [(row.evaluation, row.training) for row in found] == [(answer, answer)] * 2
    assert {row.basis for row in found} == {"proved" if sizes.get("is_read") else "tested"}


def test_hidden_states_of_single_precision_that_lie_on_a_plane_up_to_rounding_do_not_hide_a_curve():
    torch.manual_seed(0)
    hidden, router = nn.LayerNorm(8)(torch.randn(100, 8)).detach(), Cosines(8, 6, 8)
    assert 0 < float(hidden.sum(1).abs().max()) < 1e-5
    assert temperance.audit(router, hidden).routers[0].evaluation == "no"


class Balanced(Cosines):
    """The best two by cosines and a held bias, which do not change as tau changes."""

    def __init__(self, bias):
        super().__init__(8, 6, 8)
        self.register_buffer("bias", bias * torch.randn(6))

    def forward(self, x):
        scores = self.unit(x, dim=-1) @ self.unit(self.w, dim=-1).T
        chosen = (scores + self.bias).topk(2, -1).indices
        weights = torch.softmax(scores.gather(-1, chosen) / self.log_tau.exp(), -1)
        return torch.zeros_like(scores).scatter(-1, chosen, weights)


@pytest.mark.parametrize(("bias", "answer"), [(0.0, "no"), (0.1, "undecided")])
def test_a_curve_is_followed_to_where_a_selection_changes(bias, answer):
    torch.manual_seed(0)
    router, x = Balanced(bias), torch.randn(200, 8)
    (row,) = temperance.audit(router, x).routers
    assert row.evaluation == answer
    assert "l = 0.8" not in row.rests_on
    assert ("steps along it" in row.rests_on) == (answer == "undecided")


def test_routers_are_found_and_attention_is_none():
    torch.manual_seed(0)
    found = rows(Model(Block(Gate(number())), Block(Gate(number(), nn.Tanh())), Block()))
    assert [row.where for row in found] == ["blocks.0.gate", "blocks.1.gate", "blocks.2.gate"]
    assert [row.tau_learnable for row in found] == ["no", "yes", "not trained"]


def test_scores_that_nothing_sees_are_left_out():
    """The gate returns its scores, which would determine tau; no block takes them."""
    torch.manual_seed(0)
    assert rows(Model(Block(Gate(number()))))[0].evaluation == "no"
    assert rows(Gate(number()), torch.randn(30, D))[0].evaluation == "undecided"


def test_a_router_that_is_spread_over_a_block_is_the_block():
    torch.manual_seed(0)
    (found,) = rows(Model(Block(linear=True)))
    assert found.where == "blocks.0"
    assert (found.evaluation, found.temperature["parameters"]) == ("no", ["log_tau"])
    assert found.symmetry == "(gate.weight, gate.bias, tau) -> (l gate.weight, l gate.bias, l tau)"


def test_a_router_whose_maps_stand_in_a_list_is_what_calls_them():
    class Ensemble(nn.Module):
        def __init__(self):
            super().__init__()
            self.maps, self.tau = nn.ModuleList(nn.Linear(D, K) for _ in range(2)), number()

        def forward(self, x):
            return torch.softmax((self.maps[0](x) + self.maps[1](x)) / self.tau, -1)

    class Around(nn.Module):
        def __init__(self):
            super().__init__()
            self.router = Ensemble()

        def forward(self, x):
            return self.router(x).log()

    torch.manual_seed(0)
    (found,) = rows(Around(), torch.randn(60, D))
    assert (found.where, found.evaluation) == ("router", "no")


def test_a_temperature_that_comes_as_an_argument_is_not_overlooked():
    class Soft(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Linear(D, K)

        def forward(self, x, tau):
            return torch.softmax(self.w(x) / tau, -1)

    class Around(nn.Module):
        def __init__(self):
            super().__init__()
            self.router, self.log_tau, self.last = Soft(), number(0.1), nn.Linear(K, 3)

        def forward(self, x):
            return self.last(self.router(x, self.log_tau.exp()))

    torch.manual_seed(0)
    (found,) = rows(nn.Sequential(Around(), nn.Linear(3, 2)), torch.randn(60, D))
    assert (found.where, found.evaluation, found.temperature["parameters"]) == ("0", "no", ["log_tau"])


@pytest.mark.parametrize("softmax", [True, False])
def test_a_temperature_in_a_module_of_its_own_is_asked_about_with_the_weights_before_it(softmax):
    class Scale(nn.Module):
        def __init__(self):
            super().__init__()
            self.s = number()

        def forward(self, scores):
            return torch.softmax(scores * self.s, -1) if softmax else scores * self.s

    class Far(nn.Module):
        def __init__(self):
            super().__init__()
            self.maps = nn.ModuleDict({"w": nn.Sequential(nn.Sequential(nn.Linear(D, K)))})
            self.scale = nn.Sequential(nn.Sequential(Scale()))

        def forward(self, x):
            return self.scale(self.maps.w(x))

    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(D, D), Far(), nn.Linear(K, 3))
    (found,) = temperance.audit(model, torch.randn(60, D), temperature="scale.0.0.s").routers
    assert (found.where, found.evaluation) == ("1", "no")
    assert found.temperature["parameters"] == ["scale.0.0.s"]


def test_a_shared_temperature_is_learnable_if_one_router_determines_it():
    torch.manual_seed(0)
    tau = number()
    found = rows(Model(Block(Gate(tau)), Block(Gate(tau, nn.Tanh()))))
    assert [row.tau_learnable for row in found] == ["yes", "yes"]
    assert "blocks.1.gate shares it, and determines it" in found[0].reason
    assert [row.tau_learnable for row in rows(Model(Block(Gate(tau)), Block(Gate(tau))))] == ["no", "no"]


def test_a_matrix_that_is_used_elsewhere_may_determine_it():
    torch.manual_seed(0)
    weight = nn.Parameter(torch.randn(K, D))
    found = rows(Model(Block(Gate(number(), weight=weight)), Block(Gate(weight=weight))))
    assert found[0].tau_learnable == "undecided"
    assert "uses this elsewhere" in found[0].reason


def test_a_router_that_stands_twice_counts_once():
    torch.manual_seed(0)
    block = Block(Gate(number()))
    (found,) = rows(Model(block, block))
    assert found.where == "blocks.0.gate"


def test_a_loss_that_softmaxes_probabilities_is_warned_of():
    class WithLoss(nn.Module):
        def __init__(self):
            super().__init__()
            self.outer = Wrapped(nn.Linear(D, K))

        def forward(self, x):
            weights = self.outer(x)
            return weights.max(-1).values, torch.softmax(weights, -1).mean()

    class Wrapped(nn.Module):
        def __init__(self, gate):
            super().__init__()
            self.router = Softmaxed(gate)

        def forward(self, x):
            return self.router(x)

    class Softmaxed(nn.Module):
        def __init__(self, gate):
            super().__init__()
            self.gate = gate

        def forward(self, x):
            return torch.softmax(self.gate(x), -1)

    torch.manual_seed(0)
    (found,) = rows(WithLoss(), torch.randn(30, D))
    assert found.where == "outer.router"
    assert any("a loss applies softmax to probabilities" in warning for warning in found.warnings)


MODULE = """
import torch

def make():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Softmax(-1))

def inputs():
    return torch.ones(20, 3)

def broken():
    raise KeyError("no such file")
"""


def shell(folder, *arguments):
    (folder / "mine.py").write_text(MODULE, encoding="utf-8")
    command = [sys.executable, "-m", "temperance", "audit", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)


def test_a_long_audit_names_the_router_in_work_on_stderr():
    program = (
        "import torch, temperance\nfrom temperance.show import output\noutput._PATIENCE = {}\n"
        "from tests.temperance.routers.test_models import Block, Model, rows\nrows(Model(Block(), Block()))"
    )
    lines = []
    for patience in (0.0, 600.0):
        command = [sys.executable, "-c", program.format(patience)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        lines.append((done.stdout, done.stderr.splitlines()))
    assert lines[0][1][-2:] == [f"auditing blocks.{i}.gate, router {i + 1} of 2 .." for i in range(2)]
    assert (lines[0][0], lines[1]) == ("", ("", []))


def test_experts_that_a_block_holds_in_one_tensor_are_held_as_others_are():
    class Stacked(nn.Module):
        def __init__(self):
            super().__init__()
            self.gate, self.tau = nn.Linear(D, K), number()
            self.experts = nn.Parameter(torch.randn(K, D, 60))

        def forward(self, x):
            values, chosen = torch.topk(torch.softmax(torch.tanh(self.gate(x)) / self.tau, -1), 2)
            weights = torch.zeros(len(x), K).to(values).scatter(-1, chosen, values / values.sum(-1, keepdim=True))
            return torch.einsum("nk,nd,kde->ne", weights, x, self.experts.relu())

    torch.manual_seed(0)
    (found,) = rows(nn.Sequential(Stacked(), nn.Linear(60, 2)), torch.randn(100, D))
    assert found.evaluation == "yes"
    assert f"{K * D + K + 1} parameters" in found.rests_on


@pytest.mark.slow
def test_the_command_audits_what_a_factory_makes(tmp_path):
    done = shell(tmp_path, "mine:make", "--inputs", "mine:inputs", "--json", "-o", "page.html")
    assert done.returncode == 0
    assert json.loads(done.stdout)["routers"][0]["tau_learnable"] == "not trained"
    assert "importing mine, as python -m would: its code runs" in done.stderr
    assert "No temperature is trained" in (tmp_path / "page.html").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mine", "mine:broken", "absent:make"])
def test_the_command_refuses_in_one_line(tmp_path, name):
    done = shell(tmp_path, name)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.search(r"names no model|cannot be made", done.stderr.splitlines()[-1])
