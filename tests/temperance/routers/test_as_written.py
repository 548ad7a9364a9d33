"""Routers as people write them: hooks, kept tensors, casts, noise; each with what is true, and none ends in errors."""

import threading
from dataclasses import dataclass

import pytest

torch = pytest.importorskip("torch", reason="torch, of the extra [interop], is not installed")


import temperance  # noqa: E402
from tests.temperance.routers.corpus import soft, unit  # noqa: E402

nn = torch.nn
F = nn.functional
D, K = 6, 4
X = torch.randn(64, D, generator=torch.Generator().manual_seed(1))
IMAGES = X[:50].T.reshape(D, 2, 5, 5).transpose(0, 1)
NO, YES, UNSET = ("no", "no"), ("yes", "yes"), ("not trained", "not trained")
UNDECIDED = ("undecided", "undecided")


class Gate(nn.Module):
    """Scores of one linear map `w`; tau is trained unless it is None."""

    def __init__(self, forward, tau=0.8, w=None, **more):
        super().__init__()
        self.w = nn.Linear(D, K, bias=False) if w is None else w
        if tau is not None:
            self.tau = nn.Parameter(torch.tensor(tau))
        for name, value in more.items():
            setattr(self, name, value)
        self.given = forward

    def forward(self, *inputs):
        return self.given(self, *inputs)


class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.w, self.tau = nn.Linear(D, K), nn.Parameter(torch.tensor(0.8))

    def forward(self, x):
        return torch.softmax(self.w(x) / self.tau, -1)


class Around(nn.Module):
    """A gate with four experts; `first` makes the hidden states."""

    def __init__(self, gate, first=None, expert=nn.Linear, named="gate"):
        super().__init__()
        self.first = nn.Linear(D, D) if first is None else first
        self.named = named
        setattr(self, named, gate)
        self.experts = nn.ModuleList(expert(D, D) for _ in range(K))

    def forward(self, x):
        h = self.first(x)
        weights = getattr(self, self.named)(h)
        every = torch.stack([expert(h) for expert in self.experts], -2)
        if isinstance(weights, tuple):
            values, chosen = weights
            every, weights = every.gather(-2, chosen[..., None].expand(*chosen.shape, D)), values
        return (every * weights[..., None]).sum(-2)


def plain(m, x):
    return soft(m.w(x) / m.tau)


def hooked(register, hook):
    gate = Gate(lambda m, x: soft(m.w(x)))
    getattr(gate.w, register)(hook(gate))
    return gate


def keeping():
    def forward(m, x):
        weights = plain(m, x)
        m.l_aux = weights.mean(0).square().sum()
        return weights

    gate = Gate(forward, l_aux=None)
    gate(X)
    return gate


def changed(change):
    gate = Gate(plain)
    change(gate.w)
    gate(X)
    return gate


def patched():
    gate = Gate(lambda m, x: soft(m.w(x)))
    gate.forward = lambda x: soft(gate.w(x) / gate.tau)
    return gate


@dataclass
class Output:
    weights: torch.Tensor
    chosen: torch.Tensor


class Once(torch.autograd.Function):
    """Softmax with a derivative that has none."""

    @staticmethod
    def forward(ctx, scores):
        weights = scores.softmax(-1)
        ctx.save_for_backward(weights)
        return weights

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, slope):
        (weights,) = ctx.saved_tensors
        return weights * (slope - (slope * weights).sum(-1, keepdim=True))


class Bag(nn.Module):
    def __init__(self):
        super().__init__()
        self.bag, self.w, self.tau = nn.EmbeddingBag(10, D), nn.Linear(D, K), nn.Parameter(torch.tensor(0.8))

    def forward(self, ids):
        return soft(self.w(self.bag(ids)) / self.tau)


def gumbel(m, x):
    return F.gumbel_softmax(m.w(x), m.tau) if m.training else F.one_hot(m.w(x).argmax(-1), K).to(x.dtype)


def own_generator(m, x):
    scores = m.w(x)
    if m.training:
        scores = scores + torch.randn(scores.shape, generator=m.generator, dtype=scores.dtype)
    return soft(scores / m.tau)


def fails_in_training(m, x):
    if m.training:
        raise KeyError("labels\nare needed")
    return plain(m, x)


def single(m, x):
    return soft(F.linear(x.type(torch.FloatTensor), m.w.weight.type(torch.float32)) / m.tau)


def quantised():
    return torch.ao.quantization.quantize_dynamic(
        nn.Sequential(nn.Linear(D, K), nn.Softmax(-1)), {nn.Linear}, dtype=torch.qint8
    )


def softplus_selected(m, x):
    scores = F.softplus(m.w(x)).sqrt()
    chosen = torch.topk(scores + m.bias, 2).indices
    weights = scores.gather(-1, chosen)
    return weights / weights.sum(-1, keepdim=True), chosen


def convolution(size=1):
    return Gate(lambda m, x: soft(m.w(x) / m.tau, 1), w=nn.Conv2d(D, K, size, padding=size // 2))


def noisy(m, x):
    scores = m.w(x) / m.tau
    return soft(scores + F.softplus(m.spread(x)) * torch.randn_like(scores) if m.training else scores)


def noisy_before(m, x):
    scores = m.w(x)
    noise = m.spread(x).exp() * torch.randn_like(scores) if m.training else 0
    return soft((scores + noise) / m.tau)


def chosen_cosines(m, x):
    values, chosen = soft(unit(m.w(x)) @ unit(m.prototypes).T / m.tau).topk(2, -1)
    return values / values.sum(-1, keepdim=True), chosen


def powers(m, x):
    weights = soft(m.w(x)) ** (1 / m.tau)
    return weights / weights.sum(-1, keepdim=True) if m.over_sum else weights


CASES = {
    # training alone
    "gumbel, hard in evaluation": (lambda: Gate(gumbel), None, ("no", "yes")),
    "hard gumbel": (lambda: Gate(lambda m, x: F.gumbel_softmax(m.w(x), m.tau, hard=True)), None, UNDECIDED),
    "an own generator": (lambda: Gate(own_generator, generator=torch.Generator()), X, ("no", "undecided")),
    "fails in training": (lambda: Gate(fails_in_training), X, ("no", "undecided")),
    "dropout": (lambda: Gate(lambda m, x: soft(m.w(F.dropout(x, 0.1, m.training)) / m.tau)), X, NO),
    "batch norm": (lambda: Gate(lambda m, x: soft(m.w(m.norm(x)) / m.tau), norm=nn.BatchNorm1d(D)), X, NO),
    "noise of softplus beside W x/tau": (lambda: Gate(noisy, spread=nn.Linear(D, K)), X, NO),
    "noise of exp before tau": (lambda: Gate(noisy_before, spread=nn.Linear(D, K)), X, NO),
    # few inputs
    "one input": (lambda: Gate(plain), X[:1], NO),
    "two inputs, tanh": (lambda: Gate(lambda m, x: soft(m.w(x).tanh() / m.tau)), X[:2], YES),
    # what acts from outside
    "hook behind": (lambda: hooked("register_forward_hook", lambda m: lambda a, b, o: o / m.tau), X, NO),
    "patched forward": (patched, X, NO),
    "scripted": (lambda: torch.jit.script(Plain()), X, NO),
    "compiled": (lambda: torch.compile(Plain(), backend="eager"), X, NO),
    "under vmap": (lambda: Gate(lambda m, x: torch.vmap(lambda r: soft(m.w.weight @ r / m.tau))(x)), X, NO),
    # what cannot be copied
    "a loss that is kept": (keeping, X, NO),
    "spectral norm": (lambda: changed(nn.utils.spectral_norm), X, NO),
    "a lock": (lambda: Gate(plain, lock=threading.Lock()), X, NO),
    # what torch cannot differentiate twice, and casts
    "embedding bag": (Bag, torch.arange(40).reshape(20, 2) % 10, NO),
    "one derivative": (lambda: Gate(lambda m, x: Once.apply(m.w(x) / m.tau)), X, NO),
    "single precision": (lambda: Gate(single), X, NO),
    "eight bits": (quantised, X, UNDECIDED),
    # outputs and other scores
    "dataclass": (lambda: Gate(lambda m, x: Output(w := plain(m, x), w.argmax(-1))), X, NO),
    "softplus, selected": (lambda: Around(Gate(softplus_selected, None, bias=torch.zeros(K))), X, UNSET),
    "relu weights": (lambda: Around(Gate(lambda m, x: m.w(x).relu(), None)), X, UNSET),
    "convolution": (convolution, IMAGES, NO),
    "convolution of size 3, in a block": (lambda: nn.Sequential(convolution(3), nn.Conv2d(K, D, 3)), IMAGES, NO),
    "powers of weights over their sum": (lambda: Around(Gate(powers, over_sum=True)), X, NO),
    "powers of weights": (lambda: Around(Gate(powers, over_sum=False)), X, YES),
    "a kept scale outside": (lambda: Around(Gate(lambda m, x: soft(m.w(x)), None), named="router"), X, UNSET),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CASES)
def test_a_router_is_answered_as_it_is_and_left_as_it_was(name):
    make, inputs, truth = CASES[name]
    torch.manual_seed(0)
    module = make()
    before = {n: (v.clone(), v.dtype) for n, v in module.state_dict().items() if isinstance(v, torch.Tensor)}
    (found,) = temperance.audit(module, inputs).routers
    assert (found.evaluation, found.training) == truth
    after = module.state_dict()
    assert all(torch.equal(after[n], v) and after[n].dtype == kind for n, (v, kind) in before.items())


def reason(make, inputs=X, **options):
    torch.manual_seed(0)
    return str(temperance.audit(make(), inputs, **options))


@pytest.mark.filterwarnings("ignore")
def test_why_it_is_undecided_is_said_in_a_line():
    assert "a small change of it leaves as they are" in reason(CASES["hard gumbel"][0])
    assert "two calls with the same seed of torch give different outputs" in reason(CASES["an own generator"][0])
    assert "in double precision and training it raises KeyError: 'labels\\nare needed'" in reason(
        CASES["fails in training"][0]
    )
    assert "No test ran." in reason(quantised)


def test_what_undoes_tau_in_training_alone_is_said_and_nothing_is_advised_that_moves_outputs_there():
    """Evaluation sees W over tau; noise before tau sees W and tau, whether its size makes up for them or not."""
    for make, says in {
        CASES["noise of exp before tau"][0]: "In training: along a curve w.weight, spread.bias undo its change",
        lambda: Gate(lambda m, x: F.gumbel_softmax(m.w(x), m.tau, True) if m.training else plain(m, x)): "In training",
    }.items():
        said = reason(make)
        assert says in said
        assert "no output changes." not in said.split("Change: ")[1]
        assert "(w.weight, tau) -> (l w.weight, l tau) changes no output." in said.replace("gate.", "")


@pytest.mark.parametrize(("features", "hidden", "truth"), [(16, 0, NO), (4, 0, YES), (16, 2000, NO)])
def test_what_prototypes_undo_needs_no_other_parameters(features, hidden, truth):
    """8 cosines of a projection: in 16 dimensions the prototypes alone undo tau, in 4 nothing does.

    With many hidden units below, the Jacobian of all parameters is too large.
    """
    torch.manual_seed(0)
    prototypes = nn.Parameter(torch.randn(8, features) / 100)
    below = (nn.Linear(20, hidden), nn.GELU()) if hidden else ()
    w = nn.Sequential(*below, nn.Linear(hidden or 20, features))
    gate = Gate(chosen_cosines, w=w, prototypes=prototypes)
    (found,) = temperance.audit(gate, torch.randn(400, 20)).routers
    assert (found.evaluation, found.training) == truth
    assert found.symmetry == ("a curve of (prototypes, tau)" if truth == NO else None)


def test_a_gated_unit_and_a_hidden_relu_are_no_routers():
    class Gated(nn.Module):
        def __init__(self):
            super().__init__()
            self.gate, self.up, self.down = nn.Linear(D, 8), nn.Linear(D, 8), nn.Linear(8, D)

        def forward(self, x):
            return self.down(torch.sigmoid(self.gate(x)) * self.up(x))

    class Model(nn.Module):
        def __init__(self, part):
            super().__init__()
            self.gated_part, self.last = part, nn.Linear(D, 2)

        def forward(self, x):
            return self.last(self.gated_part(x))

    for part in (Gated(), nn.Sequential(nn.Linear(D, 8), nn.ReLU(), nn.Linear(8, D))):
        with pytest.raises(ValueError, match="no router is found"):
            temperance.audit(Model(part), X)


@pytest.mark.parametrize(
    ("make", "inputs", "message"),
    [
        (lambda: Gate(lambda m, x: soft(m.w(x) * float("nan"))), X, "outputs are not finite"),
        (lambda: nn.Sequential(nn.LazyLinear(4), nn.Softmax(-1)), X, "parameters without a shape; call it once"),
    ],
)
def test_what_cannot_be_asked_is_refused(make, inputs, message):
    with pytest.raises(ValueError, match=message):
        temperance.audit(make(), inputs)


def test_a_temperature_is_named_as_a_parameter_a_buffer_or_a_number():
    gate = Gate(lambda m, x: soft(m.w(x) / m.t), None)
    gate.register_buffer("t", torch.tensor(0.5))
    number = Gate(lambda m, x: soft(m.w(x).tanh() / m.t), None, t=0.5)
    (found,) = temperance.audit(Around(gate), X, temperature="gate.t").routers
    assert (found.evaluation, found.temperature["parameters"]) == ("no", ["t"])
    assert temperance.audit(number, X, temperature="t").routers[0].evaluation == "yes"
    assert number.t == 0.5
    assert "t" in gate._buffers
    for name, message in {"s": "no parameter, buffer or number 's'", "w": "is of Linear, and no number"}.items():
        with pytest.raises(ValueError, match=message):
            temperance.audit(number, X, temperature=name)


def test_the_scale_of_a_contrastive_model_is_asked_about_by_its_name():
    class Contrastive(nn.Module):
        def __init__(self, features):
            super().__init__()
            self.a, self.b = nn.Linear(D, features, bias=False), nn.Linear(D, features, bias=False)
            self.logit_scale = nn.Parameter(torch.tensor(2.6))

        def forward(self, x, y):
            return self.logit_scale.exp() * unit(self.a(x)) @ unit(self.b(y)).T

    torch.manual_seed(0)
    pair = torch.randn(40, D), torch.randn(30, D)
    (found,) = temperance.audit(Contrastive(5), pair, temperature="logit_scale").routers
    assert found.evaluation == "yes"
    (found,) = temperance.audit(Contrastive(2 * D), pair, temperature="logit_scale").routers
    assert found.evaluation == "no"  # as many features as both sides have: any length of a product can be had


def test_what_is_required_is_the_status():
    curved = Gate(lambda m, x: soft(m.w(x).tanh() / m.tau))
    assert [temperance.audit(m, X, require="yes").status for m in (curved, Gate(plain))] == [0, 1]
    assert temperance.audit(Gate(plain), X).status == 0
    with pytest.raises(ValueError, match="require takes yes, not 'no'"):
        temperance.audit(curved, X, require="no")


def test_hidden_states_of_a_lower_rank_leave_the_length_of_unit_rows_free():
    """Rows of 8 features, of which hidden states have 4: what the rows have outside of these is not seen."""
    torch.manual_seed(0)

    class Cosines(nn.Module):
        def __init__(self):
            super().__init__()
            self.W, self.tau = nn.Parameter(torch.randn(12, 8)), nn.Parameter(torch.tensor(0.8))

        def forward(self, x):
            x = torch.nn.functional.normalize(x, dim=-1)
            return torch.softmax(x @ torch.nn.functional.normalize(self.W, dim=-1).T / self.tau, -1)

    rows = Gate(lambda m, x: soft(x @ unit(m.w).T / m.tau), w=nn.Parameter(torch.randn(12, 8)))
    for router in (rows, Cosines()):
        for count in (14, 40):
            model = nn.Sequential(nn.Embedding(40, 4), nn.Linear(4, 8), Named(router))
            assert temperance.audit(model, torch.arange(count)).routers[0].evaluation != "yes"
        assert temperance.audit(router, torch.randn(60, 8)).routers[0].evaluation == "yes"


def test_routers_of_one_module_that_share_tau_are_asked_together():
    """Each alone is undone by both maps: (w, v, tau) -> (l w, l v, l tau)."""

    def forward(m, x):
        return soft(m.w(x) / m.tau) @ m.first + soft(m.v(x) / m.tau) @ m.second

    experts = {name: nn.Parameter(torch.randn(K, D)) for name in ("first", "second")}
    rows = temperance.audit(Gate(forward, v=nn.Linear(D, K), **experts), X).routers
    assert [(row.evaluation, row.training) for row in rows] == [NO, NO]


def test_an_added_temperature_divides_the_same_scores_in_training():
    """Those with noise of a size, behind the noise: its law in training determines the temperature."""

    def forward(m, x):
        scores = m.w(x)
        scores = scores + (F.softplus(m.spread(x)) + 0.1) * torch.randn_like(scores) if m.training else scores
        values, chosen = torch.topk(scores, 2)
        return soft(values), chosen

    (row,) = temperance.audit(Gate(forward, None, spread=nn.Linear(D, K)), X).routers
    assert "In training: Tested, locally" in row.rests_on


def test_weights_over_their_sum_are_renormalised_beside_all_weights():
    def forward(m, x):
        weights = soft(m.w(x))
        values, chosen = torch.topk(weights, 2)
        return weights, values / (torch.norm(values, p=1, dim=-1, keepdim=True) if m.over_sum else 1), chosen

    for over_sum in (True, False):
        (row,) = temperance.audit(Gate(forward, None, over_sum=over_sum), X).routers
        assert any("not renormalised" in warning for warning in row.warnings) != over_sum


class Named(nn.Module):
    def __init__(self, router):
        super().__init__()
        self.router = router

    def forward(self, x):
        return self.router(x).log()


@pytest.mark.parametrize("chosen", [None, 2])
def test_a_wide_router_takes_little_memory(chosen):
    resource = pytest.importorskip("resource")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    class Wide(nn.Module):
        def __init__(self):
            super().__init__()
            self.w, self.tau = nn.Linear(1024, 64, bias=False), nn.Parameter(torch.tensor(0.8))

        def forward(self, x):
            weights = torch.softmax(torch.tanh(self.w(x)) / self.tau, -1)
            return weights if chosen is None else torch.topk(weights, chosen)

    (found,) = temperance.audit(Wide()).routers
    assert found.evaluation == "yes"
    assert found.basis == ("proved" if chosen is None else "tested")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1_000_000  # kB
