"""Routers of transformers, of small configurations: each is answered, and its symmetry is seen in its outputs."""

from importlib import import_module

import pytest

torch = pytest.importorskip("torch", reason="torch, of the extra [interop], is not installed")
transformers = pytest.importorskip("transformers", reason="transformers, of `make test-interop`, is not installed")

import temperance  # noqa: E402

SMALL = {
    **dict.fromkeys(("hidden_size", "d_model"), 16),
    **dict.fromkeys(("intermediate_size", "moe_intermediate_size"), 32),
    **dict.fromkeys(("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts"), 8),
    **dict.fromkeys(("num_experts_per_tok", "n_group", "moe_k", "num_attention_heads", "num_hidden_layers"), 2),
    "topk_group": 1,
    "num_key_value_heads": 2,
    "expert_capacity": 100,
    "vocab_size": 50,
}
ROUTERS = {
    "deepseek_v2": "DeepseekV2TopkRouter",
    "deepseek_v3": "DeepseekV3TopkRouter",
    "dots1": "Dots1TopkRouter",
    "ernie4_5_moe": "Ernie4_5_MoeTopKRouter",
    "flex_olmo": "FlexOlmoTopKRouter",
    "glm4_moe": "Glm4MoeTopkRouter",
    "gpt_oss": "GptOssTopKRouter",
    "granitemoe": "GraniteMoeTopKRouter",
    "hunyuan_v1_moe": "HunYuanMoEV1Gate",
    "jamba": "JambaTopKRouter",
    "llama4": "Llama4Router",
    "minimax": "MiniMaxTopKRouter",
    "mixtral": "MixtralTopKRouter",
    "nllb_moe": "NllbMoeTop2Router",
    "olmoe": "OlmoeTopKRouter",
    "phimoe": "PhimoeTopKRouter",
    "qwen2_moe": "Qwen2MoeTopKRouter",
    "qwen3_moe": "Qwen3MoeTopKRouter",
    "qwen3_next": "Qwen3NextTopKRouter",
    "switch_transformers": "SwitchTransformersTop1Router",
}
NOT_RENORMALISED = {"deepseek_v2", "flex_olmo", "jamba", "olmoe", "qwen2_moe", "qwen3_moe"}


def small(kind):
    """A configuration of small sizes."""
    made = kind()
    for name, value in SMALL.items():
        if hasattr(made, name):
            setattr(made, name, value)
    return made


def made(family, name):
    """A router with random parameters, in double precision but for its own casts."""
    module = import_module(f"transformers.models.{family}.modeling_{family}")
    settings = import_module(f"transformers.models.{family}.configuration_{family}")
    kinds = [k for n, k in vars(settings).items() if n.endswith("Config") and k.__module__ == settings.__name__]
    kind = next((k for k in kinds if k.__name__.endswith("TextConfig")), kinds[0])
    torch.manual_seed(1)
    router = getattr(module, name)(small(kind))
    with torch.no_grad():
        for p in router.parameters():
            p.normal_(0, 0.5)
    return router.eval()


@pytest.mark.parametrize("family", ROUTERS)
def test_a_router_is_answered(family):
    (found,) = temperance.audit(made(family, ROUTERS[family])).routers
    assert (found.tau_learnable, found.evaluation, found.training) == ("not trained",) * 3
    assert found.reason.startswith("No temperature is trained, and one that divided the scores could not be learnt")
    assert any("not renormalised" in warning for warning in found.warnings) == (family in NOT_RENORMALISED)


@pytest.mark.parametrize("family", ROUTERS)
def test_scaled_parameters_and_a_temperature_leave_its_outputs(family, monkeypatch):
    """The symmetry that the audit names, without its code: a temperature of 2 right behind the linear map."""
    router = made(family, ROUTERS[family])
    x = torch.randn(2, 9, 16, generator=torch.Generator().manual_seed(2))
    x = x if family in ("switch_transformers",) else x.reshape(18, 16)
    before = torch.utils._pytree.tree_leaves(router(x.clone()))
    with torch.no_grad():
        for p in router.parameters():
            p.mul_(2 if p.requires_grad else 1)
    linear = torch.nn.functional.linear
    monkeypatch.setattr(torch.nn.functional, "linear", lambda *given: linear(*given) / 2)
    after = torch.utils._pytree.tree_leaves(router(x.clone()))
    assert len(before) > 0
    assert all(torch.equal(p, q) for p, q in zip(before, after, strict=True))


def whole(name, **more):
    config = getattr(transformers, f"{name}Config")
    sizes = {k: v for k, v in SMALL.items() if k in config().to_dict()}
    torch.manual_seed(3)
    return getattr(transformers, f"{name}ForCausalLM")(config(**sizes, **more)).eval()


@pytest.mark.parametrize("name", ["Mixtral", "Qwen3Moe", "Olmoe"])
def test_the_routers_of_a_whole_model_are_found(name):
    ids = torch.arange(12).reshape(2, 6)
    found = temperance.audit(whole(name), {"input_ids": ids}).routers
    assert [row.where for row in found] == ["model.layers.0.mlp.gate", "model.layers.1.mlp.gate"]
    assert {row.tau_learnable for row in found} == {"not trained"}
    assert {row.symmetry for row in found} == {"(weight, tau) -> (l weight, l tau)"}


def test_a_loss_of_the_scores_is_no_router_and_no_second_softmax():
    ids = torch.arange(12).reshape(2, 6)
    inputs = {"input_ids": ids, "output_router_logits": True, "labels": ids}
    found = temperance.audit(whole("Mixtral"), inputs).routers
    assert [row.where for row in found] == ["model.layers.0.mlp.gate", "model.layers.1.mlp.gate"]
    assert not any("loss" in warning for row in found for warning in row.warnings)
