"""The audit of small routers against their truth, which is told by their outputs and Jacobians alone."""

import pytest

torch = pytest.importorskip("torch", reason="torch, of the extra [interop], is not installed")

import temperance  # noqa: E402
from tests.temperance.routers.corpus import CORPUS  # noqa: E402

SEED = 8


def outputs(module, x, training):
    """All outputs as one vector, with the same random numbers each time."""
    module.train(training)
    torch.manual_seed(SEED)
    gave = module(x)
    found = list(gave.values()) if isinstance(gave, dict) else list(gave) if isinstance(gave, tuple) else [gave]
    return torch.cat([v.reshape(-1).double() for v in found])


def drawn(case):
    """A router in double precision at random parameters near its own, and inputs."""
    module = case.make().double()
    made = torch.Generator().manual_seed(SEED)
    with torch.no_grad():
        for p in module.parameters():
            if p.numel() > 1:
                p += 0.3 * torch.randn(p.shape, generator=made, dtype=torch.float64)
    return module, torch.randn(60, case.features, generator=made, dtype=torch.float64)


def free_directions(case, training):
    """How many directions of the temperatures are in the span of the other derivatives, and which derivatives are 0."""
    module, x = drawn(case)
    y = outputs(module, x, training)
    named = dict(module.named_parameters())
    columns = {n: [] for n in named}
    for i in range(len(y)):
        rows = (
            torch.autograd.grad(y[i], list(named.values()), retain_graph=True, allow_unused=True)
            if y.requires_grad
            else ()
        )
        for (n, p), row in zip(named.items(), rows or [None] * len(named), strict=True):
            columns[n].append(torch.zeros(p.numel()) if row is None else row.reshape(-1))
    blocks = {n: torch.stack(rows).double() for n, rows in columns.items()}
    taus = torch.cat([blocks[n] for n in case.taus], dim=1)
    others = torch.cat([b for n, b in blocks.items() if n not in case.taus] or [torch.zeros(len(y), 1)], dim=1)
    both = torch.cat([taus, others], dim=1)
    rank = torch.linalg.matrix_rank
    return taus.shape[1] - int(rank(both, rtol=100 * case.rounding) - rank(others, rtol=100 * case.rounding))


ASKED = {name: case for name, case in CORPUS.items() if case.tau is not None}


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", ASKED)
def test_the_truth_is_that_of_the_jacobian(name, training):
    case = ASKED[name]
    truth = case.in_training if training else case.evaluation
    assert (free_directions(case, training) == 0) == (truth == "yes")


@pytest.mark.parametrize("l", [0.5, 1.7])
@pytest.mark.parametrize("name", [name for name, case in CORPUS.items() if case.scaled])
def test_a_symmetry_leaves_every_output_as_it_is(name, l):
    case = CORPUS[name]
    for training in (False, True):
        module, x = drawn(case)
        before = outputs(module, x, training).detach()
        with torch.no_grad():
            for parameter, power in case.scaled.items():
                module.get_parameter(parameter).mul_(l**power)
        assert float((outputs(module, x, training).detach() - before).abs().max()) < case.rounding


def test_a_selection_by_raw_scores_and_a_bias_moves_with_the_unit_of_the_scores():
    """To first order (W, tau) -> (l W, l tau) changes nothing; a finite change moves the selection."""
    case = CORPUS["loss-free balancing of raw scores"]
    module, x = drawn(case)
    before = outputs(module, x, False).detach()
    with torch.no_grad():
        module.W.mul_(1.7)
        module.tau.mul_(1.7)
    assert float((outputs(module, x, False).detach() - before).abs().max()) > 0.1


@pytest.mark.parametrize("name", CORPUS)
def test_the_audit_says_what_is_true(name):
    case = CORPUS[name]
    (found,) = temperance.audit(case.make()).routers
    assert (found.evaluation, found.training) == (case.evaluation, case.in_training)
    assert case.tau is None or set(found.temperature["parameters"]) == set(case.taus)
