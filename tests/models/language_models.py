"""Small language models for the tests: every architecture, in variants that use what it has."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

VOCABULARY, LENGTH = 97, 32
SMALL = {"layers": 2, "width": 32, "heads": 4}
TRANSFORMERS = ("gpt2", "gpt_neo", "qwen2", "llama")
NAMES = (*TRANSFORMERS, "nanogpt")

VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("gpt2", {}),
    ("gpt2", {"tied": False, "mlp_width": 50, "pad_vocabulary_to": 64}),
    ("gpt_neo", {"window": 8}),
    ("gpt_neo", {"tied": False, "layers": 3, "attention": ("local",), "window": 5}),
    ("qwen2", {"mlp_width": 50}),
    ("qwen2", {"tied": False, "kv_heads": 4}),
    ("llama", {"kv_heads": 1, "mlp_width": 50, "pad_vocabulary_to": 10}),
    ("llama", {"tied": False, "rope_theta": 500.0}),
    ("nanogpt", {}),
    ("nanogpt", {"tied": True, "layers": 3, "skips": True, "logit_cap": None, "truncated_rotary": False}),
    (
        "nanogpt",
        {
            "layers": 6,
            "value_embeddings": 2,
            "skips": True,
            "without_attention": (2,),
            "attention_window": 7,
            "attention_scale": 0.12,
            "document_mask": True,
            "end_of_text": 0,
            "pad_vocabulary_to": 64,
        },
    ),
]


def module_of(name: str) -> ModuleType:
    return importlib.import_module(f"unlearnkit.models.language.{name}")


def settings_of(name: str, **settings: Any) -> Any:
    own = {"kv_heads": 2, "mlp_width": 64} if name in ("qwen2", "llama") else {}
    return module_of(name).Settings(**{**SMALL, **own, **settings})


def built(
    name: str, seed: int = 0, *, vocabulary: int = VOCABULARY, length: int = LENGTH, **settings: Any
) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return module_of(name).build(vocabulary, (length,), settings_of(name, **settings))


def stirred(model: nn.Module) -> nn.Module:
    """Return the model with noise on every weight, so that none is zero and no two are equal."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.1)
    return model


def some_tokens(batch: int = 3, length: int = LENGTH, vocabulary: int = VOCABULARY) -> Tensor:
    return torch.randint(vocabulary, (batch, length), generator=torch.Generator().manual_seed(2))
