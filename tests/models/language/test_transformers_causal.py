"""Models of transformers' blocks are transformers' models: same names, same logits; and what happens without it."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import pytest
import torch
from language_models import LENGTH, TRANSFORMERS, built, module_of, settings_of, some_tokens, stirred
from torch import nn

from unlearnkit.errors import TrainingError
from unlearnkit.models.language.transformers_causal import CausalTransformer, to_transformers

CAUSAL = {
    "gpt2": "GPT2LMHeadModel",
    "gpt_neo": "GPTNeoForCausalLM",
    "qwen2": "Qwen2ForCausalLM",
    "llama": "LlamaForCausalLM",
}


def reference(name: str, model: nn.Module, *, tied: bool) -> nn.Module:
    """Return transformers' causal language model of the same configuration, with its own attention, freshly drawn."""
    assert isinstance(model, CausalTransformer)
    transformers: Any = import_module("transformers")
    config = type(model.body.config)(**{**model.body.config.to_dict(), "tie_word_embeddings": tied})
    config._attn_implementation = "eager"
    return getattr(transformers, CAUSAL[name])(config).eval()


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("name", TRANSFORMERS)
def test_transformers_gives_the_same_logits(name: str, tied: bool) -> None:
    # a window within the sequences, and no multiple of anything
    own = {"window": 5} if name == "gpt_neo" else {}
    model = stirred(built(name, tied=tied, **own))
    theirs = reference(name, model, tied=tied)
    state = to_transformers(model.state_dict())
    assert state.keys() == theirs.state_dict().keys()
    theirs.load_state_dict(state)
    tokens = some_tokens()
    with torch.no_grad():
        torch.testing.assert_close(model(tokens), theirs(tokens).logits, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_initial_weights_are_spread_as_those_of_transformers(name: str) -> None:
    wide = {"width": 64, "tied": False, "vocabulary": 500}
    model = built(name, **wide)
    theirs = reference(name, model, tied=False).state_dict()
    for key, tensor in to_transformers(model.state_dict()).items():
        assert tensor.std().item() == pytest.approx(theirs[key].std().item(), rel=0.1), key


def test_rotary_positions_follow_the_base() -> None:
    for theta in (50.0, 5000.0):
        model = built("llama", rope_theta=theta)
        assert isinstance(model, CausalTransformer)
        turned = theta ** -(torch.arange(0, 8, 2) / 8)
        torch.testing.assert_close(model.body.rotary_emb.inv_freq, turned)


def test_local_attention_sees_the_window_only() -> None:
    model = stirred(built("gpt_neo", layers=1, attention=("local",), window=5))
    tokens = some_tokens()
    changed = tokens.clone()
    changed[:, 10] = (changed[:, 10] + 1) % 97
    reached = (model(changed) - model(tokens)).abs().amax((0, 2)) > 1e-5
    assert reached.nonzero().flatten().tolist() == [10, 11, 12, 13, 14]


def test_without_transformers_the_error_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(TrainingError, match="Install the packages again"):
        module_of("gpt2").build(97, (LENGTH,), settings_of("gpt2"))
    # the one that is written here needs nothing
    assert built("nanogpt")(some_tokens()).shape == (3, LENGTH, 97)
