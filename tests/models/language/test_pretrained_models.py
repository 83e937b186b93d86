"""What pretrained models promise: they are their base at first, share it, store factors alone, refuse another."""

from __future__ import annotations

import copy
import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch
from pretrained_bases import FAMILIES, base_of, make_base, pretrained, save_network, some_tokens
from torch import nn

from unlearnkit.errors import ArtifactError, ConfigError, DataError, TrainingError
from unlearnkit.models.building import Architecture, states_of
from unlearnkit.models.language.base_loading import configuration
from unlearnkit.models.language.pretrained_model import BASE
from unlearnkit.models.parts import parameters_of, sharing
from unlearnkit.models.stochastic_depth import redraw

every_family = pytest.mark.parametrize("family", FAMILIES)
FULL = {"none": True}


def trained(model: nn.Module, steps: int = 2) -> nn.Module:
    """Take a few steps in train mode, dropout included."""
    model.train()
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-2)
    for step in range(steps):
        optimizer.zero_grad()
        model(some_tokens(seed=step)).float().square().mean().backward()
        optimizer.step()
    return model.eval()


def on_llama(**settings: Any) -> Architecture:
    return pretrained(base_of()[0], **settings)


@every_family
def test_a_fresh_model_is_its_base_to_the_bit(family: str) -> None:
    folder, network = base_of(family)
    tokens = some_tokens()
    expected = network(tokens).logits
    for adapter in ({}, FULL):
        model = pretrained(folder, adapter).build(seed=3)
        assert torch.equal(model.eval()(tokens), expected)
    # neither the base's dropout nor that of a term which is still zero has an effect
    assert torch.equal(model.train()(tokens), expected)


@pytest.mark.parametrize("adapter", [{}, FULL])
def test_the_base_has_no_dropout_whatever_its_name(adapter: dict[str, Any]) -> None:
    folder, network = base_of("biogpt")
    architecture, tokens = pretrained(folder, adapter), some_tokens()
    fresh = architecture.build(seed=0)
    for model in (fresh, architecture.load(states_of(fresh)[0])):
        assert torch.equal(model.train()(tokens), network(tokens).logits)
        assert torch.equal(model(tokens), model(tokens))


def test_rates_of_dropout_in_nested_configurations_are_zero(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    transformers.DbrxConfig(resid_pdrop=0.25, attn_config={"attn_pdrop": 0.5}).save_pretrained(tmp_path)
    found = configuration(str(tmp_path))
    assert (found.resid_pdrop, found.attn_config.attn_pdrop) == (0, 0)


@every_family
def test_only_factors_are_trained_and_stored_and_come_back(family: str) -> None:
    folder, network = base_of(family)
    architecture, tokens = pretrained(folder), some_tokens()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    model = trained(architecture.build(seed=0))
    assert not torch.equal(model(tokens), network(tokens).logits)
    (state,) = states_of(model)
    assert all("lora_" in name or name in (BASE, "draws.draws") for name in state)
    assert torch.equal(architecture.load(state).eval()(tokens), model(tokens))
    assert torch.equal(architecture.build(seed=0).eval()(tokens), network(tokens).logits)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


@every_family
def test_without_an_adapter_every_weight_is_trained_and_stored_once(family: str) -> None:
    folder, network = base_of(family)
    architecture, tokens = pretrained(folder, FULL), some_tokens()
    model = trained(architecture.build(seed=0))
    (state,) = states_of(model)
    assert sum(array.size for array in state.values()) == sum(p.numel() for p in network.parameters())
    assert torch.equal(architecture.load(state).eval()(tokens), model(tokens))
    assert torch.equal(architecture.build(seed=0).eval()(tokens), network(tokens).logits)


@every_family
@pytest.mark.parametrize("adapter", [{}, {"rank": 3, "layers": (1,)}, FULL])
def test_the_stated_size_is_the_built_one(family: str, adapter: dict[str, Any]) -> None:
    folder, _ = base_of(family)
    architecture = pretrained(folder, {**adapter, "dropout": 0.0} if adapter != FULL else FULL)
    model = architecture.build(seed=0)
    size = architecture.settings.size(architecture.num_classes, architecture.sample_shape)
    assert size.parameters == sum(parameter.numel() for parameter in model.parameters())
    assert size.state_bytes == 4 * sum(p.numel() for p in model.parameters() if p.requires_grad)


@every_family
def test_blocks_cover_all_parameters_once_in_forward_order(family: str) -> None:
    folder, _ = base_of(family)
    architecture = pretrained(folder, FULL)
    model, adapter = architecture.build(seed=0), architecture.adapter
    held = [name for block in adapter.blocks for name in parameters_of(model, block)]
    assert sorted(held) == sorted(dict(model.named_parameters()))
    called: list[str] = []
    for block in adapter.blocks[1:-1]:
        model.get_submodule(block[0]).register_forward_hook(lambda *_, part=block[0]: called.append(part))
    model(some_tokens())
    assert called == [block[0] for block in adapter.blocks[1:-1]]
    assert isinstance(model.get_submodule(adapter.first_layer), nn.Embedding)
    assert pretrained(folder).adapter == adapter


def test_padding_on_the_right_changes_no_real_logit() -> None:
    model, tokens = trained(on_llama().build(seed=0)), some_tokens()
    padded = torch.cat([tokens, torch.zeros(3, 9, dtype=torch.int64)], 1)
    torch.testing.assert_close(model(padded)[:, :20], model(tokens), rtol=1e-5, atol=1e-5)


def test_the_seed_decides_the_factors() -> None:
    first, again, other = (states_of(on_llama().build(seed))[0] for seed in (0, 0, 1))
    assert all((first[name] == again[name]).all() for name in first)
    differing = {name for name in first if (first[name] != other[name]).any()}
    assert differing == {name for name in first if "lora_A" in name or name == "draws.draws"}


def test_no_global_generator_is_touched() -> None:
    before = torch.get_rng_state()
    trained(on_llama(adapter={"dropout": 0.3}).build(seed=0))
    assert torch.equal(torch.get_rng_state(), before)


def test_copies_and_references_share_the_base_and_nothing_else() -> None:
    model = on_llama().build(seed=0)
    other = on_llama().build(seed=1)
    own = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
    base = {name: parameter for name, parameter in model.named_parameters() if not parameter.requires_grad}
    for twin in (copy.deepcopy(model), copy.deepcopy(copy.deepcopy(model)), other):
        parameters = dict(twin.named_parameters())
        assert all(parameters[name] is parameter for name, parameter in base.items())
        assert not any(parameters[name] is parameter for name, parameter in own.items())
    assert all(p is dict(model.named_parameters())[name] for name, p in sharing(model).named_parameters())


def test_the_reference_is_the_original_whatever_the_model_becomes() -> None:
    model, tokens = trained(on_llama().build(seed=0)), some_tokens()
    reference, before = sharing(model).eval(), model(tokens)
    unlearned = copy.deepcopy(model)
    assert torch.equal(unlearned.eval()(tokens), reference(tokens))  # the divergence at step 0 is exactly 0
    trained(unlearned, steps=10)
    assert torch.equal(reference(tokens), before)
    assert not torch.equal(unlearned(tokens), before)


def test_dropout_is_drawn_from_the_state_and_in_training_only() -> None:
    architecture, tokens = on_llama(adapter={"dropout": 0.5}), some_tokens()
    model = trained(architecture.build(seed=0))
    state = states_of(model)[0]
    twins = [architecture.load(state).train() for _ in range(2)]
    first, second = ([twin(tokens) for _ in range(3)] for twin in twins)
    assert all(torch.equal(one, other) for one, other in zip(first, second, strict=True))
    assert not torch.equal(first[0], first[1])
    assert torch.equal(model(tokens), model(tokens))
    redraw(twins[0], seed=9)
    twins[1].load_state_dict(architecture.load(state).state_dict())
    assert not torch.equal(twins[0](tokens), twins[1](tokens))


def test_checkpoints_of_blocks_change_no_gradient_to_the_bit() -> None:
    architecture = on_llama(adapter={"dropout": 0.3})
    other = dataclasses.replace(
        architecture, settings=architecture.settings.model_copy(update={"gradient_checkpointing": True})
    )
    state = states_of(trained(architecture.build(seed=0)))[0]
    models = [own.load(state).train() for own in (architecture, other)]
    for model in models:
        # two forward passes before the backward pass, as methods with two batches make them
        (model(some_tokens()).square().sum() - 3 * model(some_tokens(seed=7)).sum()).backward()
    pairs = list(zip(*(model.parameters() for model in models), strict=True))
    assert sum(one.requires_grad for one, _ in pairs) == 28
    assert all(torch.equal(one.grad, other.grad) for one, other in pairs if one.requires_grad)  # pyright: ignore


def test_bfloat16_bases_have_factors_in_float32() -> None:
    architecture, tokens = on_llama(dtype="bfloat16"), some_tokens()
    model = trained(architecture.build(seed=0))
    kinds = {parameter.dtype for parameter in model.parameters() if parameter.requires_grad}
    assert kinds == {torch.float32}
    assert {parameter.dtype for parameter in model.parameters() if not parameter.requires_grad} == {torch.bfloat16}
    assert torch.equal(architecture.load(states_of(model)[0]).eval()(tokens), model(tokens))
    exact = on_llama().load(states_of(model)[0]).eval()(tokens)
    assert (model(tokens).float() - exact).std() < 0.05 * exact.std()


def test_factors_of_another_base_are_refused() -> None:
    (state,) = states_of(on_llama().build(seed=0))
    with pytest.raises(ArtifactError, match="low-rank terms belong to another base than the one that they are used"):
        pretrained(base_of(seed=1)[0]).load(state)


def test_targets_that_the_model_lacks_are_named_with_those_that_it_has() -> None:
    with pytest.raises(ConfigError) as error:
        on_llama(adapter={"targets": ("q_proj", "c_attn")}).build(seed=0)
    assert str(error.value) == (
        "model.adapter.targets names 'c_attn', and the model has no linear layer of this name; expected null or some "
        "of down_proj, gate_proj, k_proj, o_proj, q_proj, up_proj, v_proj."
    )
    with pytest.raises(ConfigError, match=r"model.adapter.layers names block 2.*expected null or some of 0 to 1"):
        on_llama(adapter={"layers": (0, 2)}).build(seed=0)
    with pytest.raises(ConfigError, match="has no linear layer of this name"):
        on_llama(adapter={"targets": ("lm_head",)}).build(seed=0)


@pytest.mark.parametrize(
    ("family", "targets", "layers", "modules"),
    [
        ("llama", ("q_proj", "v_proj"), None, 4),
        ("llama", None, (1,), 7),
        ("llama untied", None, None, 14),
        # of GPT-2 all linear layers are Conv1D; c_proj is two layers of a block
        ("gpt2", None, None, 8),
        ("gpt2", ("c_proj",), None, 4),
    ],
)
def test_terms_are_where_they_are_asked_for(
    family: str, targets: tuple[str, ...] | None, layers: tuple[int, ...] | None, modules: int
) -> None:
    folder, _ = base_of(family)
    model = pretrained(folder, {"targets": targets, "layers": layers}).build(seed=0)
    own = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    assert len(own) == 2 * modules
    assert not any("lm_head" in name for name in own)
    model(some_tokens()).square().sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters() if parameter.requires_grad)


def test_of_a_model_that_reads_images_the_parts_for_text_have_terms(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    text = {"vocab_size": 97, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 1, "head_dim": 8}
    text |= {"num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64}
    images = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    images |= {"image_size": 28, "patch_size": 14}
    config = transformers.Gemma3Config(text_config=text, vision_config=images, mm_tokens_per_image=4)
    transformers.Gemma3ForConditionalGeneration(config).save_pretrained(tmp_path / "given")
    architecture = pretrained(make_base(tmp_path / "base", tmp_path / "given").parent)
    own = [name for name, p in architecture.build(seed=0).named_parameters() if p.requires_grad]
    assert len(own) == 14 and all(".language_model." in name for name in own)
    with pytest.raises(TrainingError, match="sequence_length is 65, but the base takes sequences of at most 64"):
        dataclasses.replace(architecture, sample_shape=(65,)).build(seed=0)


def test_a_data_set_that_the_base_cannot_take_is_refused() -> None:
    architecture = on_llama()
    with pytest.raises(TrainingError, match="the data set has 98 tokens, but the base has embeddings of 97"):
        dataclasses.replace(architecture, num_classes=98).build(seed=0)
    with pytest.raises(TrainingError, match="sequence_length is 65, but the base takes sequences of at most 64"):
        dataclasses.replace(architecture, sample_shape=(65,)).build(seed=0)
    fewer = dataclasses.replace(architecture, num_classes=90)
    assert fewer.build(seed=0)(some_tokens() % 90).shape == (3, 20, 90)


def test_weights_that_lack_a_tensor_are_refused(tmp_path: Path) -> None:
    network = save_network(tmp_path / "given")
    state = network.state_dict()
    network.save_pretrained(tmp_path / "given", state_dict={k: v for k, v in state.items() if "layers.1.mlp" not in k})
    folder = make_base(tmp_path / "base", tmp_path / "given").parent
    with pytest.raises(DataError, match=r"lack 3 tensors that its config.json asks for, such as model.layers.1.mlp"):
        pretrained(folder).build(seed=0)


def test_a_model_with_code_of_its_own_is_refused(tmp_path: Path) -> None:
    save_network(tmp_path / "given")
    config = tmp_path / "given" / "config.json"
    own = '"auto_map": {"AutoConfig": "own.Config", "AutoModelForCausalLM": "own.Model"}, "model_type": "own"'
    config.write_text(config.read_text().replace('"model_type": "llama"', own))
    (tmp_path / "given" / "own.py").write_text("raise SystemExit('this was executed')")
    folder = make_base(tmp_path / "base", tmp_path / "given").parent
    with pytest.raises(DataError, match="code that comes with a model is never run"):
        pretrained(folder).build(seed=0)
