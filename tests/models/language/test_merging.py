"""Merged models have the logits of their low-rank terms, and a bfloat16 base is merged in float32."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from pretrained_bases import FAMILIES, base_of, pretrained, some_tokens
from transformers import AutoModelForCausalLM

from unlearnkit.artifacts.store import write_tensors
from unlearnkit.errors import TrainingError
from unlearnkit.models.language.merging import merged, merged_state
from unlearnkit.models.language.pretrained_model import PretrainedModel


def stirred(family: str, dtype: str = "float32") -> PretrainedModel:
    """A model with factors that are not zero."""
    model = pretrained(base_of(family)[0], {"dropout": 0.3}, dtype=dtype).build(seed=0)
    assert isinstance(model, PretrainedModel)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(1)
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(0.05 * torch.randn(parameter.shape))
    return model


@pytest.mark.parametrize("family", FAMILIES)
def test_logits_of_merged_models_are_those_of_the_terms(family: str) -> None:
    model, tokens = stirred(family), some_tokens()
    base = base_of(family)[1](tokens).logits
    network, difference = merged(model.train(), tokens)
    logits = network(some_tokens(seed=5)).logits
    assert difference < 1e-4
    torch.testing.assert_close(logits, model.eval()(some_tokens(seed=5)), rtol=0, atol=1e-4)
    assert (network(tokens).logits - base).abs().max() > 0.1
    # a plain network of transformers, and the base is as it was
    assert not any("lora" in name for name, _ in network.named_modules())
    assert torch.equal(base_of(family)[1](tokens).logits, base)
    assert torch.equal(pretrained(base_of(family)[0]).build(seed=0).eval()(tokens), base)


def test_merged_files_are_what_transformers_reads(tmp_path: Path) -> None:
    for family in ("llama", "llama untied"):
        model, (folder, _) = stirred(family), base_of(family)
        state, difference = merged_state(model)
        assert difference < 1e-4
        other = tmp_path / family
        shutil.copytree(folder, other)
        (other / "model.safetensors").unlink()
        write_tensors(other / "model.safetensors", state, {"format": "pt"})
        loaded = AutoModelForCausalLM.from_pretrained(other).eval()
        torch.testing.assert_close(loaded(some_tokens()).logits, model.eval()(some_tokens()), rtol=0, atol=1e-4)
    with pytest.raises(TrainingError, match="a model without an adapter cannot be merged"):
        merged_state(pretrained(base_of()[0], {"none": True}).build(seed=0))


def test_a_merged_weight_is_the_sum_in_float32_and_not_in_bfloat16() -> None:
    model = stirred("llama", dtype="bfloat16")
    layer = model.network.model.layers[0].self_attn.q_proj
    expected = layer.base_layer.weight.double() + layer.scaling["default"] * (
        layer.lora_B["default"].weight.double() @ layer.lora_A["default"].weight.double()
    )
    network, _ = merged(model, some_tokens())
    found = network.model.layers[0].self_attn.q_proj.weight
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), expected, rtol=1e-6, atol=1e-7)
    assert (expected.bfloat16().double() - expected).abs().max() > 1e-4
