"""Small routers of the mathematical forms that are in use, each with what is true of its temperature.

The truth is checked by `test_corpus.py` without the code under test: by the symmetry, where there is one, on the
outputs, and by the Jacobian.
"""

import math
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations

D = 3


class Form(nn.Module):
    """A router of which the forward function is the test's; its parameters are those that are given."""

    def __init__(self, forward, parameters, buffers=(), modules=()):
        super().__init__()
        for name, value in parameters.items():
            setattr(self, name, nn.Parameter(value))
        for name, value in dict(buffers).items():
            self.register_buffer(name, value)
        for name, value in dict(modules).items():
            setattr(self, name, value)
        self.given = forward

    def forward(self, x):
        return self.given(self, x)


@dataclass(frozen=True)
class Case:
    """A router and its truth.

    evaluation, training: "yes", "no", "undecided" or "not trained". tau: the parameter that is asked about. scaled: the
    powers of l that parameters are scaled by in a symmetry of all outputs; None where there is none of this kind.
    rounding: of its outputs.
    """

    make: Any
    evaluation: str
    training: str | None = None
    tau: str | tuple[str, ...] | None = "tau"
    scaled: dict[str, float] | None = None
    features: int = D
    rounding: float = 1e-12

    @property
    def in_training(self):
        return self.training or self.evaluation

    @property
    def taus(self):
        return (self.tau,) if isinstance(self.tau, str) else self.tau or ()


def random(*shape, seed=0, scale=1.0):
    return scale * torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape) + 10 * seed + len(shape)))


def soft(scores, dim=-1):
    return F.softmax(scores, dim=dim)


def unit(vectors, dim=-1):
    return F.normalize(vectors, dim=dim)


def top(weights, k=2, renormalised=True):
    values, chosen = torch.topk(weights, k, dim=-1)
    return (values / values.sum(-1, keepdim=True) if renormalised else values), chosen


def wide(weights, k=2):
    values, chosen = top(weights, k)
    return torch.zeros_like(weights).scatter(-1, chosen, values)


def with_capacity(weights, capacity=20):
    """Weights of the first inputs of each expert, as GShard and Switch drop what is too much."""
    mask = F.one_hot(weights.argmax(-1), weights.shape[-1])
    return weights * (mask * (mask.cumsum(0) <= capacity))


def biased(scores, bias, k=2):
    """Weights of the experts that scores + bias choose; the bias is in the choice alone."""
    chosen = torch.topk(scores + bias, k, dim=-1).indices
    return scores.gather(-1, chosen), chosen


def grouped(scores, bias):
    """The same, within the better one of two groups of experts."""
    pairs = (scores + bias).view(*scores.shape[:-1], 2, -1)
    best = pairs.topk(2, dim=-1).values.sum(-1).argmax(-1)
    mask = F.one_hot(best, 2).bool().repeat_interleave(scores.shape[-1] // 2, -1)
    chosen = torch.topk((scores + bias).masked_fill(~mask, -math.inf), 2, dim=-1).indices
    weights = scores.gather(-1, chosen)
    return 2.5 * weights / (weights.sum(-1, keepdim=True) + 1e-20), chosen


def plain(forward, k=4, d=D, tau=0.8, **more):
    """W (k, d), tau, and further parameters; a held one is given as `held_NAME`."""

    def make():
        held = {name[5:]: value for name, value in more.items() if name.startswith("held_")}
        other = {name: value for name, value in more.items() if not name.startswith("held_")}
        return Form(forward, {"W": random(k, d), "tau": torch.tensor(tau), **other}, held)

    return make


def with_modules(forward, modules, **more):
    def make():
        torch.manual_seed(3)
        return Form(forward, more, (), {n: m() for n, m in modules.items()})

    return make


def nothing_for_w(m, x):
    with torch.no_grad():
        scores = x @ m.W.T
    return soft(scores / m.tau)


def normalised_sigmoid(m, x):
    weights = torch.sigmoid(x @ m.W.T / m.tau)
    return weights / weights.sum(-1, keepdim=True)


def noisy(m, x):
    scores = x @ m.W.T
    if m.training:
        scores = scores + torch.randn_like(scores) * F.softplus(x @ m.N.T)
    return wide(soft(scores / m.tau))


W, WT = {"W": 1.0, "tau": 1.0}, {"W": 1.0, "b": 1.0, "tau": 1.0}
EACH = torch.tensor([0.6, 0.9, 1.1, 1.4])

CORPUS = {
    # selections
    "mixtral": Case(plain(lambda m, x: top(soft(x @ m.W.T / m.tau))), "no", scaled=W),
    "gpt-oss": Case(
        plain(lambda m, x: (lambda v, i: (soft(v / m.tau), i))(*torch.topk(x @ m.W.T + m.b, 2)), b=random(4)),
        "no",
        scaled=WT,
    ),
    "deepseek-v3": Case(
        plain(lambda m, x: grouped(torch.sigmoid(x @ m.W.T / m.tau), m.e), held_e=random(8, scale=0.1), k=8),
        "no",
        scaled=W,
    ),
    "loss-free balancing of raw scores": Case(
        plain(lambda m, x: (lambda v, i: (soft(v / m.tau), i))(*biased(x @ m.W.T, m.e)), held_e=random(4)), "undecided"
    ),
    "gshard, with capacity": Case(plain(lambda m, x: with_capacity(soft(x @ m.W.T / m.tau))), "no", scaled=W),
    "top-1, renormalised": Case(plain(lambda m, x: top(soft(x @ m.W.T / m.tau), 1)), "no", scaled=W),
    "top-2 of tanh": Case(plain(lambda m, x: top(soft(torch.tanh(x @ m.W.T) / m.tau))), "yes"),
    "without a temperature": Case(
        with_modules(lambda m, x: wide(soft(m.gate(x))), {"gate": lambda: nn.Linear(D, 4)}), "not trained", tau=None
    ),
    # the last map is linear
    "linear": Case(plain(lambda m, x: soft((x @ m.W.T + m.b) / m.tau), b=random(4)), "no", scaled=WT),
    "bias after tau": Case(plain(lambda m, x: soft(x @ m.W.T / m.tau + m.b), b=random(4)), "no", scaled=W),
    "inverse, log weights": Case(
        plain(lambda m, x: F.log_softmax(m.tau * (x @ m.W.T), dim=1)), "no", scaled={"W": 1.0, "tau": -1.0}
    ),
    "layer norm first": Case(plain(lambda m, x: soft(F.layer_norm(x, (D,)) @ m.W.T / m.tau)), "no", scaled=W),
    "low rank": Case(plain(lambda m, x: soft(x @ m.A.T @ m.W.T / m.tau), d=2, A=random(2, D)), "no", scaled=W),
    "x in single precision": Case(
        plain(lambda m, x: soft(F.linear(x.float(), m.W.float()) / m.tau)), "no", scaled=W, rounding=1e-5
    ),
    "weight norm": Case(
        with_modules(
            lambda m, x: soft(m.gate(x) / m.tau),
            {"gate": lambda: parametrizations.weight_norm(nn.Linear(D, 4, bias=False))},
            tau=torch.tensor(0.8),
        ),
        "no",
        scaled={"gate.parametrizations.weight.original0": 1.0, "tau": 1.0},
    ),
    "batch of sequences, in a dict": Case(
        plain(lambda m, x: {"weights": soft(torch.stack([x, 2 * x]) @ m.W.T / m.tau)}), "no", scaled=W
    ),
    "experts choose inputs": Case(plain(lambda m, x: torch.topk(soft(x @ m.W.T / m.tau), 5, dim=0)), "no", scaled=W),
    "straight through": Case(
        plain(lambda m, x: (lambda p: F.one_hot(p.argmax(-1), 4) - p.detach() + p)(soft(x @ m.W.T / m.tau))),
        "no",
        scaled=W,
    ),
    "a loss of the scores beside the weights": Case(
        plain(lambda m, x: (lambda s: (soft(s / m.tau), torch.logsumexp(s, -1).square().mean()))(x @ m.W.T)), "no"
    ),
    # activations on the scores
    "tanh": Case(plain(lambda m, x: soft(torch.tanh(x @ m.W.T) / m.tau)), "yes"),
    "gelu": Case(
        plain(lambda m, x: soft((F.gelu(x @ m.W.T + m.c) + m.b) / m.tau), c=random(4), b=random(4, seed=1)), "yes"
    ),
    "relu": Case(
        plain(lambda m, x: soft(torch.relu(x @ m.W.T + m.c) / m.tau), c=random(4)),
        "no",
        scaled={"W": 1.0, "c": 1.0, "tau": 1.0},
    ),
    "relu, held bias": Case(plain(lambda m, x: soft(torch.relu(x @ m.W.T + m.c) / m.tau), held_c=random(4)), "yes"),
    "square": Case(plain(lambda m, x: soft((x @ m.W.T) ** 2 / m.tau)), "no", scaled={"W": 1.0, "tau": 2.0}),
    "soft cap": Case(plain(lambda m, x: soft(m.tau * torch.tanh(x @ m.W.T / m.tau)), tau=2.0), "yes"),
    "scores of length 1, two features": Case(
        plain(lambda m, x: soft(unit(x @ m.W.T) / m.tau), k=3, d=2), "yes", features=2
    ),
    "softmax of softmax": Case(plain(lambda m, x: soft(soft(x @ m.W.T) / m.tau)), "yes"),
    "tau inside tanh": Case(plain(lambda m, x: soft(torch.tanh(x @ m.W.T / m.tau))), "no", scaled=W),
    "standardised scores": Case(
        plain(
            lambda m, x: (lambda s: soft((s - s.mean(-1, keepdim=True)) / s.std(-1, keepdim=True) / m.tau))(x @ m.W.T)
        ),
        "yes",
    ),
    "last map held, relu below": Case(
        plain(lambda m, x: soft(torch.relu(x @ m.W.T) @ m.V.T / m.tau), k=5, held_V=random(4, 5)), "no", scaled=W
    ),
    # what no gradient reaches
    "W detached": Case(plain(lambda m, x: soft(x @ m.W.detach().T / m.tau)), "yes"),
    "W under no_grad": Case(plain(nothing_for_w), "yes"),
    "buffer inside tau": Case(plain(lambda m, x: soft((x @ m.W.T + m.c) / m.tau), held_c=random(4)), "yes"),
    "active clamp": Case(plain(lambda m, x: soft(x @ m.W.T / m.tau.clamp(min=2.0))), "no"),
    "inactive clamp": Case(plain(lambda m, x: soft(x @ m.W.T / m.tau.clamp(min=0.1))), "no", scaled=W),
    "tau detached": Case(plain(lambda m, x: soft(x @ m.W.T / m.tau.detach())), "no"),
    "orthonormal rows": Case(
        with_modules(
            lambda m, x: soft(m.gate(x) / m.tau),
            {"gate": lambda: parametrizations.orthogonal(nn.Linear(5, 3, bias=False))},
            tau=torch.tensor(0.8),
        ),
        "yes",
        features=5,
    ),
    # cosines and distances
    "tutel, more experts than features": Case(
        plain(lambda m, x: top(soft(unit(x @ m.P.T) @ unit(m.W).T / m.tau.clamp(min=0.01))), k=6, P=random(D, D)), "yes"
    ),
    "cosines, as many experts as features": Case(plain(lambda m, x: soft(unit(x) @ unit(m.W).T / m.tau), k=3), "no"),
    "clip head": Case(
        plain(lambda m, x: soft(m.s.exp() * unit(x) @ unit(m.W).T), s=torch.tensor(1.0), tau=0.0), "yes", tau="s"
    ),
    "rows only, few experts": Case(plain(lambda m, x: soft(x @ unit(m.W).T / m.tau), k=3), "no"),
    "rows only, more experts": Case(plain(lambda m, x: soft(x @ unit(m.W).T / m.tau), k=5), "yes"),
    "distances, more experts": Case(plain(lambda m, x: soft(-((x[:, None] - m.W) ** 2).sum(-1) / m.tau), k=6), "yes"),
    # sigmoids
    "sigmoid over its sum": Case(plain(normalised_sigmoid), "no", scaled=W),
    # noise
    "noisy top-k": Case(plain(noisy, N=random(4, D, seed=2)), "no", "yes"),
    "gumbel": Case(plain(lambda m, x: F.gumbel_softmax(x @ m.W.T, tau=m.tau)), "yes"),
    # several temperatures
    "one for each expert": Case(plain(lambda m, x: soft(x @ m.W.T / m.t), t=EACH, tau=0.0), "no", tau="t"),
    "two levels": Case(
        plain(lambda m, x: soft(x @ m.W.T / m.tau / m.s.exp()), s=torch.tensor(0.3)), "no", tau=("tau", "s"), scaled=W
    ),
    "tau(x) = exp(a.x + a0)": Case(
        with_modules(lambda m, x: soft(x @ m.W.T / m.a(x).exp()), {"a": lambda: nn.Linear(D, 1)}, W=random(4, D)),
        "no",
        tau=("a.weight", "a.bias"),
    ),
    "tau(x) = softplus(a.x + a0)": Case(
        with_modules(lambda m, x: soft(x @ m.W.T / F.softplus(m.a(x))), {"a": lambda: nn.Linear(D, 1)}, W=random(4, D)),
        "yes",
        tau=("a.weight", "a.bias"),
    ),
    # softmax over inputs
    "soft-moe": Case(plain(lambda m, x: soft(m.tau * unit(x) @ unit(m.W).T, dim=0)), "yes"),
    "perturbed cosines": Case(
        plain(lambda m, x: soft(unit(x) @ (m.W / (m.W.norm(dim=-1, keepdim=True) + 1)).T / m.tau), k=5), "no"
    ),
    "factor of the output": Case(
        plain(lambda m, x: m.g * torch.sigmoid(x @ m.W.T / m.tau), g=torch.tensor(2.0)), "no", scaled=W
    ),
}
