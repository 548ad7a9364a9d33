"""The audit of a router alone: what is proved, what is said, what it costs, and what is refused."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch, of the extra [interop], is not installed")

import temperance  # noqa: E402
from tests.temperance.routers.corpus import CORPUS, plain, random, soft, with_modules  # noqa: E402

nn = torch.nn
F = nn.functional


def audited(name):
    (found,) = temperance.audit(CORPUS[name].make()).routers
    return found


PROVED = {
    "linear": ("softmax((w_i.x + b_i)/tau)", ("(w_i - w_j)/tau", "(b_i - b_j)/tau")),
    "bias after tau": ("softmax(w_i.x/tau + b_i)", ("(w_i - w_j)/tau", "b_i - b_j")),
    "relu": ("softmax(s(w_i.x + c_i)/tau), s(z) = relu(z)", ("w_i/tau", "c_i/tau")),
    "square": ("softmax(s(w_i.x)/tau), s(z) = z**2", ("direction of w_i", "|w_i|^2/tau")),
    "tanh": ("softmax(s(w_i.x)/tau), s(z) = tanh(z)", ("w_i", "tau")),
    "cosines, as many experts as features": ("softmax(cos(w_i, x)/tau)", ("(u_i - u_j)/tau, u_i = w_i/|w_i|",)),
}


@pytest.mark.parametrize("name", PROVED)
def test_what_is_read_is_proved(name):
    found = audited(name)
    assert found.basis == "proved"
    assert (found.weights, found.identifiable) == PROVED[name]


@pytest.mark.parametrize(("features", "answer", "basis"), [(6, "yes", "proved"), (5, "undecided", "tested")])
def test_cosines_with_a_factor_are_read_and_need_inputs_in_all_features(features, answer, basis):
    """Of rows of W that reach out of the span of the inputs no length is seen, but for rounding of the inputs."""

    def forward(m, x):
        return soft(m.v.exp() * F.normalize(x, dim=-1) @ F.normalize(m.W, dim=-1).t())

    x = random(60, features) @ random(features, 6)
    (row,) = temperance.audit(plain(forward, k=9, d=6, v=torch.tensor(1.2))(), x).routers
    assert (row.evaluation, row.basis) == (answer, basis)


@pytest.mark.parametrize(
    "name",
    ["W detached", "W under no_grad", "buffer inside tau", "relu, held bias", "active clamp", "mixtral", "low rank"],
)
def test_what_is_held_or_not_read_is_tested_and_no_more(name):
    assert audited(name).basis == "tested"


def test_noise_in_training_is_no_part_of_a_formula_that_is_proved():
    def forward(m, x):
        return soft(x @ m.W.T / m.tau + (torch.randn(len(x), 4).to(x) if m.training else 0))

    (row,) = temperance.audit(plain(forward)()).routers
    assert (row.evaluation, row.training, row.basis) == ("no", "no", "tested")


def test_the_symmetry_is_named_with_its_powers():
    assert audited("linear").symmetry == "(W, b, tau) -> (l W, l b, l tau)"
    assert audited("square").symmetry == "(W, tau) -> (l W, l^2 tau)"
    assert audited("inverse, log weights").symmetry == "(W, tau) -> (l W, l tau)"
    assert audited("weight norm").symmetry == "(gate.parametrizations.weight.original0, tau) -> " + (
        "(l gate.parametrizations.weight.original0, l tau)"
    )
    assert audited("cosines, as many experts as features").symmetry == "a curve of (W, tau)"
    assert audited("tanh").symmetry is None


def test_free_directions_are_counted():
    assert audited("tau(x) = exp(a.x + a0)").temperature["free"] == [1, 4]
    assert audited("one for each expert").temperature["free"] == [4, 4]
    assert "1 of its 4 directions is free" in audited("tau(x) = exp(a.x + a0)").reason


def test_a_derivative_that_is_0_up_to_rounding_is_not_taken_row_by_row(monkeypatch):
    """The length of the inputs of cosines moves nothing."""

    def refuse(_):
        raise AssertionError("row by row")

    monkeypatch.setattr("temperance.routers.probe.Derivatives._by_each_row", refuse)

    def forward(m, x):
        return soft(F.normalize(x @ m.V, dim=-1) @ F.normalize(m.W, dim=-1).T / m.tau)

    (row,) = temperance.audit(plain(forward, k=6, d=3, V=random(8, 3))(), random(200, 8)).routers
    assert row.evaluation == "yes"


def test_what_moves_no_temperature_of_x_is_no_freedom_of_it():
    """Hidden units of relu(A x) v may be scaled without effect, and softplus(..) + 0.1 has no multiples of its kind."""

    class OfX(nn.Module):
        def __init__(self, least):
            super().__init__()
            torch.manual_seed(0)
            self.gate, self.least = nn.Linear(6, 4), least
            self.hidden = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 1))

        def forward(self, x):
            own = self.hidden(x)
            return soft(self.gate(x) / (own.exp() if self.least is None else F.softplus(own) + self.least))

    x = random(200, 6)
    learnable, free = (temperance.audit(OfX(least), x).routers[0] for least in (0.1, None))
    assert (learnable.evaluation, learnable.warnings, learnable.temperature["free"]) == ("yes", (), [0, 36])
    assert (free.evaluation, free.temperature["free"]) == ("no", [1, 36])


def test_temperatures_that_undo_one_another_are_said_to():
    def forward(m, x):
        return soft(m.v * torch.tanh(x @ m.W.T) / m.tau)

    (row,) = temperance.audit(plain(forward, v=torch.tensor(1.2))()).routers
    assert row.reason.endswith(
        "is not learnable: along a curve they undo one another, and no output changes. 1 of its 2 directions is free."
    )


def test_widths_of_features_undo_a_temperature_and_are_ones_where_there_is_none():
    def forward(m, x):
        return soft(-((x[:, None] - m.W) / m.v).square().sum(-1) / (m.tau if m.tau.requires_grad else 1))

    make = plain(forward, k=9, d=4, v=torch.tensor([0.6, 0.8, 1.0, 1.3]))
    held = make()
    held.tau.requires_grad_(False)
    (both,), (alone,) = (temperance.audit(module, random(100, 4)).routers for module in (make(), held))
    assert (both.evaluation, both.symmetry) == ("no", "(v, tau) -> (l^(-1) v, l^2 tau)")
    assert (alone.evaluation, alone.temperature["parameters"]) == ("yes", ["v"])


def test_a_temperature_for_each_head_is_one():
    def forward(m, x):
        heads = torch.stack([x[:, :3] @ m.W[:4].T, x[:, 3:] @ m.W[4:].T], -1)
        return soft((heads / (m.v.exp() if hasattr(m, "v") else m.t)).sum(-1))

    for more in ({"t": torch.tensor([0.7, 1.2])}, {"v": torch.tensor([0.1, 0.2])}):
        (row,) = temperance.audit(plain(forward, k=8, **more)(), random(60, 6)).routers
        assert (row.evaluation, row.temperature["parameters"]) == ("no", list(more))


def test_the_answer_comes_first_then_what_it_rests_on_then_what_to_change():
    found = temperance.audit(CORPUS["mixtral"].make())
    lines = str(found).splitlines()
    assert repr(found).startswith("<Audit: Form: tau is not learnable: (W, tau)")
    assert lines[0] == "Form: tau is not learnable: (W, tau) -> (l W, l tau) changes no output."
    assert lines[2].startswith("Tested: l = 0.8, 1.1, 1.3 left every output as it was, to 1e-12, at 64 random inputs")
    assert lines[3].startswith("Change: Hold tau at 1 and divide W by its value: no output changes. Or give the scores")
    assert [line for line in lines if "Limits" in line] == [lines[-1]]
    record = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert record["answer"] == found.summary.title == lines[0]


ADVICE = {"divides": "divide", "multiplies": "multiply", "exponential": "multiply", "shifted": None, "from 0": None}


@pytest.mark.parametrize(("acts", "advice"), ADVICE.items())
def test_what_takes_the_place_of_a_number_depends_on_how_it_acts(acts, advice):
    """Weights times a scale of 3 stay what they are where the scale is 1 and the weights are multiplied by 3."""

    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.w, self.scale = nn.Parameter(random(4, 6)), nn.Parameter(torch.tensor(3.0 * (acts != "from 0")))

        def forward(self, x):
            scale = {"divides": 1 / self.scale, "multiplies": self.scale, "exponential": self.scale.exp()}.get(
                acts, self.scale + 1
            )
            return torch.softmax(scale * (x @ self.w.T), -1)

    change = temperance.audit(Scaled(), torch.randn(64, 6)).routers[0].change
    if advice is None:
        assert change.startswith('Hold scale as it is, by model.get_parameter("scale").requires_grad_(False): no')
    elif acts == "exponential":
        assert change.startswith("Hold scale at 0 and multiply w by exp(scale): no output changes.")
    else:
        assert change.startswith(f"Hold scale at 1 and {advice} w by its value: no output changes.")


class Shifted(nn.Module):
    def __init__(self, scale):
        super().__init__()
        if isinstance(scale, nn.Parameter):
            self.scale = scale
        else:
            self.register_buffer("scale", scale)

    def forward(self, scores):
        return (self.scale + 1) * scores


def gate(scale):
    return nn.Sequential(nn.Linear(6, 4), Shifted(scale), nn.Softmax(-1))


def test_the_advice_to_hold_a_number_runs_as_it_is_printed():
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.gate, self.values = gate(nn.Parameter(torch.tensor(3.0))), nn.Parameter(random(4, 6))

        def forward(self, x):
            return x + self.gate(x) @ self.values

    for model, path in ((nn.Sequential(Block(), Block()), "0.gate.1.scale"), (Block().gate, "1.scale")):
        (code,) = re.findall("by (.*?): no output ", str(temperance.audit(model, torch.randn(64, 6))))
        exec(code, {"model": model})
        assert not model.get_parameter(path).requires_grad


def test_a_buffer_that_is_asked_about_is_left_held_and_does_not_decay():
    (row,) = temperance.audit(gate(torch.tensor(3.0)), torch.randn(64, 6), temperature="scale").routers
    assert row.change.startswith("Leave 1.scale held: no output is lost.")
    assert not row.warnings


def test_the_advice_for_several_and_for_scores_without_softmax_says_what_to_hold():
    class Head(nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden, self.last = nn.Linear(6, 5), nn.Parameter(random(4, 5))
            self.tau, self.scale = nn.Parameter(torch.tensor(1.2)), nn.Parameter(torch.ones(4))

        def forward(self, x):
            return torch.relu(self.hidden(x)) @ self.last.T / self.tau * self.scale

    x = torch.randn(40, 6, generator=torch.Generator().manual_seed(1))
    (one,) = temperance.audit(Head(), x, temperature="tau").routers
    assert one.change == "Hold tau at 1 and divide scale by its value: no output changes."
    (weight,) = temperance.audit(Head(), x, temperature="last").routers
    assert "of its 20 directions are free" in weight.reason
    assert not weight.warnings


def test_noise_gives_two_answers():
    found = audited("noisy top-k")
    assert (found.tau_learnable, found.evaluation, found.training) == ("yes", "no", "yes")
    assert found.reason.startswith("In training tau is learnable")


def test_a_temperature_that_is_not_there_is_tested_too():
    found = temperance.audit(nn.Sequential(nn.Linear(8, 4), nn.Softmax(dim=-1))).routers[0]
    assert (found.tau_learnable, found.temperature, found.change) == ("not trained", None, "Nothing.")
    assert found.reason.startswith("No temperature is trained, and one that divided the scores could not be learnt")
    curved = temperance.audit(nn.Sequential(nn.Linear(8, 4), nn.Tanh(), nn.Softmax(dim=-1))).routers[0]
    assert curved.reason.startswith("No temperature is trained. One that divided the scores could be learnt")
    assert curved.basis == "proved"


def test_scores_that_are_returned_may_decide():
    both = plain(lambda m, x: (lambda s: (soft(s / m.tau), s))(x @ m.W.T))
    after = plain(lambda m, x: (lambda s: (soft(s / m.tau), s / m.tau))(x @ m.W.T))
    assert temperance.audit(both()).routers[0].tau_learnable == "undecided"
    assert temperance.audit(after()).routers[0].tau_learnable == "no"


def test_too_few_inputs_are_refused_for_a_yes_and_not_for_a_no():
    x = torch.randn(3, 3, generator=torch.Generator().manual_seed(1))

    def fixed(scores):
        return plain(lambda m, z: soft(scores(z[:3] * 0 + x.to(z.dtype)) @ m.W.T / m.tau), d=3)

    curved = plain(lambda m, z: soft(torch.tanh((z[:3] * 0 + x.to(z.dtype)) @ m.W.T) / m.tau))
    found = temperance.audit(curved(), x).routers[0]
    assert found.tau_learnable == "undecided"
    assert re.search("3 inputs give fewer equations than the 13 parameters; about [0-9]+ are needed", found.reason)
    assert temperance.audit(fixed(lambda z: z)(), x).routers[0].tau_learnable == "no"


class Images(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.c = nn.Sequential(nn.Conv2d(1, channels, 3, 2), nn.ReLU(), nn.Conv2d(channels, channels, 3), nn.Flatten())
        self.rows, self.scale = nn.Parameter(random(4, channels)), nn.Parameter(torch.tensor(2.0))

    def forward(self, x):
        return self.scale.exp() * F.normalize(self.c(x), dim=-1) @ F.normalize(self.rows, dim=-1).T


def test_scores_of_images_are_tested_at_so_many_as_are_needed_or_their_parameters_are_too_many():
    """A gradient of the cosines of 5 x 5 images: 4 equations an image, and 170 parameters; then 4,700."""
    x = torch.randn(20, 1, 7, 7, generator=torch.Generator().manual_seed(1))
    (small,) = temperance.audit(Images(4), x, temperature="scale").routers
    assert (small.tau_learnable, "Softmax(-1)" in " ".join(small.warnings)) == ("yes", True)
    (large,) = temperance.audit(Images(22), x, temperature="scale").routers
    assert (large.tau_learnable, "parameters are too many to follow" in large.reason) == ("undecided", True)


def test_top_k_gives_as_many_equations_as_experts_that_are_chosen():
    """Experts whose outputs are long do not make the inputs enough: the audit draws more."""

    def forward(m, x):
        noise = torch.randn(len(x), 8) * F.softplus(x @ m.V.T) if m.training else 0
        values, chosen = torch.topk((torch.tanh(x @ m.W.T) + noise) / m.tau, 2)
        return torch.zeros(len(x), 8).to(values).scatter(-1, chosen, soft(values)) @ random(8, 30).to(values)

    (row,) = temperance.audit(plain(forward, k=8, d=16, V=0 * random(8, 16))(), random(256, 16)).routers
    assert (row.tau_learnable, row.evaluation) == ("yes", "yes")


def test_renormalised_top_two_gives_one_equation_for_each_distinct_input():
    """Here 20 inputs, each three times, for 49 parameters: 1.6 times as many as these, and 64, are wanted."""
    x = random(20, 6)

    def forward(m, z):
        values, chosen = soft(torch.tanh(x.to(z).repeat(3, 1) @ m.W.T) / m.tau).topk(2)
        weights = torch.zeros(60, 8).to(z).scatter(-1, chosen, values / values.sum(-1, keepdim=True))
        return weights @ random(8, 30).to(z)

    (row,) = temperance.audit(plain(forward, k=8, d=6)(), x).routers
    assert row.reason.endswith(
        "60 inputs give fewer equations than the 49 parameters; about 143 are needed, all different."
    )


def test_the_weight_of_a_single_chosen_expert_is_found_to_be_constant():
    def forward(m, x):
        values, chosen = torch.topk(m.gate(x) / m.tau, 1)
        return torch.zeros(len(x), 4).to(values).scatter(-1, chosen, soft(values)) @ random(4, 3).to(values)

    gate = with_modules(forward, {"gate": lambda: nn.Linear(8, 4)}, tau=torch.tensor(0.8))()
    (row,) = temperance.audit(nn.Sequential(nn.Linear(8, 8), gate), random(40, 8)).routers
    assert (row.tau_learnable, row.evaluation) == ("no", "no")


WARNED = {
    "softmax is applied twice": plain(lambda m, x: soft(soft(x @ m.W.T / m.tau))),
    "are not renormalised after the selection": plain(lambda m, x: torch.topk(soft(x @ m.W.T / m.tau), 2)),
    "the selection bias e leaks into the weights": plain(
        lambda m, x: torch.topk(torch.sigmoid(x @ m.W.T / m.tau) + m.e, 2), held_e=torch.zeros(4)
    ),
    "no gradient reaches tau": CORPUS["active clamp"].make,
    "weight decay pulls tau to 0": CORPUS["linear"].make,
    "mirror point": plain(lambda m, x: soft((F.gelu(x @ m.W.T) + m.b) / m.tau), k=2, b=random(2)),
}


@pytest.mark.parametrize("warning", WARNED)
def test_what_goes_wrong_is_warned_of_and_only_that(warning):
    warned = {name: " ".join(temperance.audit(make()).routers[0].warnings) for name, make in WARNED.items()}
    found = [name for name in warned if warning in warned[name]]
    assert found == [warning] if "decay" not in warning else set(warned) - set(found) == {"no gradient reaches tau"}


@pytest.mark.parametrize("start", [0.0, 0.7])
def test_weight_decay_pulls_an_exponential_to_1_and_a_sum_to_0(start):
    def warning(acts):
        module = plain(lambda m, x: soft(torch.tanh(x @ m.W.T) / acts(m.tau)), tau=start)
        return temperance.audit(module()).routers[0].warnings

    assert warning(torch.exp) == ("weight decay pulls tau to 0, and exp(tau) to 1; put it into a group without.",)
    assert warning(lambda t: 1 + t) == ("weight decay pulls tau to 0; put it into a group without.",)
    assert warning(lambda t: (2 * t).exp()) == ("weight decay pulls tau to 0; put it into a group without.",)


def test_renormalised_weights_and_an_honest_selection_bias_are_not_warned_of():
    for name in ("mixtral", "deepseek-v3", "gpt-oss"):
        assert audited(name).warnings == ("weight decay pulls tau to 0; put it into a group without.",)


def test_the_price_is_the_inverse_information_at_the_users_inputs():
    """One weight in one dimension, by hand: tau of softmax(tanh(w x)/tau) with w free, labels seen."""
    module = plain(lambda m, x: soft(torch.tanh(x @ m.W.T) / m.tau), k=2, d=1)()
    x = torch.randn(400, 1, generator=torch.Generator().manual_seed(2))
    floor, one_expert, weighted = temperance.audit(module, x).to_json()["routers"][0]["prices"]
    assert floor == {
        "observations": 228,
        "assumes": "every output is drawn from one expert, with any scores and inputs",
    }
    n = one_expert["observations"]
    w, t, z = module.W.detach().double().numpy()[:, 0], float(module.tau), x.double().numpy()[:, 0]
    s = np.tanh(z[:, None] * w)
    p = 1 / (1 + np.exp(-(s[:, 0] - s[:, 1]) / t))
    slopes = np.column_stack([(1 - s**2) * z[:, None] * [1, -1] / t, -(s[:, 0] - s[:, 1]) / t])
    information = (slopes * (p * (1 - p))[:, None]).T @ slopes / len(z)
    assert n == pytest.approx(np.linalg.inv(information)[2, 2] / 0.01, rel=1e-3, abs=1)
    assert "none is proved" not in temperance.audit(module, x).routers[0].data
    seen = 2 * (slopes * (p * (1 - p))[:, None] ** 2).T @ slopes / len(z) / 0.1**2  # both weights, with noise of sd .1
    assert weighted["observations"] == pytest.approx(np.linalg.inv(seen)[2, 2] / 0.01, rel=1e-3, abs=1)


def test_the_floor_is_given_where_there_are_no_inputs():
    assert (
        "132 if every output is drawn from one expert, with any scores and inputs"
        in temperance.audit(plain(lambda m, x: soft(torch.tanh(x @ m.W.T) / m.tau), k=3)()).routers[0].data
    )
    assert "none is proved for a weighted sum of experts" in audited("tanh").data
    assert audited("linear").data is None
    assert audited("linear").prices == ()


def test_the_module_stays_as_it_was():
    module = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Softmax(-1)).train()
    module[0].weight.requires_grad_(False)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    temperance.audit(module)
    assert module.training
    assert module[2].training
    assert not module[0].weight.requires_grad
    assert all(
        torch.equal(value, before[name]) and value.dtype == before[name].dtype
        for name, value in module.state_dict().items()
    )
    assert all(p.grad is None for p in module.parameters())


@pytest.mark.parametrize("thing", [3, "gelu", nn.Linear, lambda x: x, (nn.Linear(2, 2), torch.ones(2, 2))])
def test_what_is_no_module_is_refused(thing):
    with pytest.raises(ValueError, match=r"audit reads a torch\.nn\.Module, not .*; accepted: the module alone, and"):
        temperance.audit(thing)


def test_inputs_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="the model does not run on these inputs: RuntimeError"):
        temperance.audit(nn.Sequential(nn.Linear(3, 4), nn.Softmax(-1)), torch.zeros(2, 5))
    with pytest.raises(ValueError, match="give inputs"):
        temperance.audit(nn.Embedding(4, 3))
    with pytest.raises(ValueError, match="no router is found"):
        temperance.audit(nn.Sequential(nn.Linear(3, 4), nn.Tanh()), torch.ones(2, 3))


def test_torch_is_not_loaded_for_what_is_not_of_torch():
    code = (
        "import sys, temperance\n"
        "try:\n    temperance.audit(3)\nexcept ValueError as error:\n    print(error, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"audit reads a torch\.nn\.Module, not an object of int; accepted: .* False\n", done.stdout)


def test_the_examples_of_the_page_print_what_it_says(capsys):
    root = Path(__file__).parents[3]
    page = (root / "docs" / "engineers.md").read_text(encoding="utf-8")
    for source in re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        exec(source, {})
    out = capsys.readouterr().out
    assert re.search(r"^```\n(Router: .*?)^```$", page, re.MULTILINE | re.DOTALL)[1] in out
    assert f"\n    {out.splitlines()[0]}\n" in (root / "README.md").read_text(encoding="utf-8")
