"""Bases for the tests: tiny networks of transformers with random weights, saved as anyone would save them."""

from __future__ import annotations

import functools
import importlib
import tempfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from unlearnkit import registry
from unlearnkit.artifacts.base import MANIFEST, making_base
from unlearnkit.config.models.pretrained import BaseSource
from unlearnkit.models.base_making import fill_base
from unlearnkit.models.building import Architecture

VOCABULARY, LENGTH = 97, 32
_GATED = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
}
FAMILIES: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("Llama", {**_GATED, "tie_word_embeddings": True}),
    "llama untied": ("Llama", {**_GATED, "tie_word_embeddings": False}),
    "qwen2": ("Qwen2", {**_GATED, "tie_word_embeddings": True}),
    "gemma": ("Gemma", {**_GATED, "head_dim": 8, "tie_word_embeddings": True}),
    "gpt2": ("GPT2", {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64, "resid_pdrop": 0.5}),
    "gpt_neo": (
        "GPTNeo",
        {
            "hidden_size": 32,
            "num_layers": 2,
            "num_heads": 4,
            "attention_types": [[["global", "local"], 1]],
            "window_size": 8,
            "max_position_embeddings": 64,
            "embed_dropout": 0.5,
        },
    ),
    "opt": (
        "OPT",
        {
            "hidden_size": 32,
            "ffn_dim": 48,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "max_position_embeddings": 64,
            "word_embed_proj_dim": 32,
            "dropout": 0.5,
        },
    ),
    "phi": (
        "Phi",
        {
            "hidden_size": 32,
            "intermediate_size": 48,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "max_position_embeddings": 64,
            "resid_pdrop": 0.5,
        },
    ),
}
"""Name -> prefix of transformers' classes, and what the configuration states; some have dropout."""
NAMED_OTHERWISE: dict[str, tuple[str, dict[str, Any]]] = {
    "biogpt": (
        "BioGpt",
        {
            "hidden_size": 32,
            "intermediate_size": 48,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "max_position_embeddings": 64,
            "hidden_dropout_prob": 0.5,
        },
    ),
}
"""Families whose dropout has another name than usual."""


def save_network(folder: Path, family: str = "llama", vocabulary: int = VOCABULARY, seed: int = 0) -> Any:
    """Write a network with random weights as transformers does, and return it."""
    transformers: Any = importlib.import_module("transformers")
    transformers.utils.logging.disable_progress_bar()
    prefix, settings = (FAMILIES | NAMED_OTHERWISE)[family]
    config = getattr(transformers, f"{prefix}Config")(vocab_size=vocabulary, **settings)
    kind = "LMHeadModel" if prefix == "GPT2" else "ForCausalLM"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = getattr(transformers, prefix + kind)(config)
        # no weight is zero, and no two are equal
        for parameter in network.parameters():
            parameter.data.add_(0.1 * torch.randn(parameter.shape))
    network.save_pretrained(folder)
    return network.eval()


def make_base(folder: Path, given: Path) -> Path:
    """Make a base of a folder as rule base does, and return its manifest."""
    manifest = folder / MANIFEST
    with making_base(manifest, {"source": {}}) as empty:
        fill_base(BaseSource.model_validate({"folder": str(given)}), empty, lambda _: None)
    return manifest


@functools.cache
def base_of(family: str = "llama", vocabulary: int = VOCABULARY, seed: int = 0) -> tuple[Path, Any]:
    """Return the folder of a base and its network, made once per process."""
    root = Path(tempfile.mkdtemp(prefix="unlearnkit-base-"))
    network = save_network(root / "given", family, vocabulary, seed)
    return make_base(root / "base", root / "given").parent, network


def pretrained(folder: Path, adapter: dict[str, Any] | None = None, **settings: Any) -> Architecture:
    """Return the architecture of models on a base; `adapter` {"none": True} stands for none."""
    own = None if adapter == {"none": True} else {"rank": 4, **(adapter or {})}
    given = {"source": {"folder": str(folder)}, "adapter": own, **settings}
    return Architecture(
        "pretrained", registry.load("model", "pretrained").Settings.model_validate(given), VOCABULARY, (LENGTH,)
    )


def some_tokens(batch: int = 3, length: int = 20, seed: int = 2) -> Tensor:
    """Return token sequences drawn by a seed."""
    return torch.randint(VOCABULARY, (batch, length), generator=torch.Generator().manual_seed(seed))
