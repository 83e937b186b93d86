"""Language models whose blocks are those of the package transformers: a base model from a configuration, and a head.

The base model keeps its name in transformers' causal language model (`transformer` or `model`), the head is `lm_head`.
So the weights have transformers' own names; of a tied head there is no second copy. Padding needs no mask: it is on the
right, where causal attention never looks. Without a mask PyTorch's attention runs with `is_causal`, which its fused
kernels take.

transformers is imported where a model is built, since that takes seconds.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from unlearnkit.config.models.text_models import RotarySettings
from unlearnkit.errors import TrainingError
from unlearnkit.extras import install
from unlearnkit.facts.language_models import embedding_rows, mlp_features
from unlearnkit.models.adapter import Adapter, Block

SHARED: Mapping[str, Any] = {
    "attn_implementation": "sdpa",
    "use_cache": False,
    # no token of a data set is special to the model, and none is left out of an embedding's gradient
    "bos_token_id": None,
    "eos_token_id": None,
    "pad_token_id": None,
}
"""What the configuration of every base model says."""


class CausalTransformer(nn.Module):
    """A base model of transformers and a head: tokens [B, n] -> logits [B, n, V]."""

    def __init__(self, body: Any, vocabulary: int, *, tied: bool) -> None:
        super().__init__()
        self.prefix: str = body.base_model_prefix
        self.vocabulary = vocabulary
        self.add_module(self.prefix, body)
        embedding = body.get_input_embeddings()
        self.lm_head = None if tied else nn.Linear(embedding.embedding_dim, embedding.num_embeddings, bias=False)
        if self.lm_head is not None:
            nn.init.normal_(self.lm_head.weight, std=body.config.initializer_range)

    @property
    def body(self) -> Any:
        """The base model, which ends with the last normalisation."""
        return self.get_submodule(self.prefix)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the logits of the vocabulary [B, n, V]; rows that only pad it are computed and cut off."""
        features = self.body(input_ids=tokens).last_hidden_state
        if self.lm_head is None:
            logits = functional.linear(features, self.body.get_input_embeddings().weight)
        else:
            logits = self.lm_head(features)
        return logits[..., : self.vocabulary]


def causal(base: str, vocabulary: int, *, tied: bool, **configuration: Any) -> CausalTransformer:
    """Return a language model around the base model `<base>Model` of transformers, of a `<base>Config`.

    Weights are those of transformers' initialisation, drawn from torch's generator. Raises TrainingError if
    transformers cannot be imported.
    """
    try:
        transformers = importlib.import_module("transformers")
        config = getattr(transformers, f"{base}Config")(**{**SHARED, **configuration})
        body = getattr(transformers, f"{base}Model")(config)
    except ImportError as error:
        raise TrainingError(
            f"the language model {base} cannot be built: the package transformers cannot be imported ({error})",
            expected="transformers, whose layers this model has",
            remedy=f"install the packages again: {install('language')}",
        ) from None
    return CausalTransformer(body, vocabulary, tied=tied)


def rotary_configuration(settings: RotarySettings, vocabulary: int, length: int) -> dict[str, Any]:
    """Return what the configurations of Llama and Qwen2 have in common, for sequences of at most `length` tokens."""
    return {
        "vocab_size": embedding_rows(vocabulary, settings.pad_vocabulary_to),
        "max_position_embeddings": length,
        "hidden_size": settings.width,
        "intermediate_size": mlp_features(settings.mlp_width, settings.width),
        "num_hidden_layers": settings.layers,
        "num_attention_heads": settings.heads,
        "num_key_value_heads": settings.kv_heads,
        "rope_theta": settings.rope_theta,
    }


def causal_adapter(model: nn.Module) -> Adapter:
    """Return the parts: embeddings, every transformer block, and the last normalisation with the head, if it has one.

    The classifier of a tied model is its token embedding, which is in the first block.
    """
    assert isinstance(model, CausalTransformer)
    parts = {name: part for name, part in model.body.named_children() if any(True for _ in part.parameters())}
    embeddings = tuple(f"{model.prefix}.{name}" for name, part in parts.items() if isinstance(part, nn.Embedding))
    layers: list[Block] = []
    norms: list[str] = []
    for name, part in parts.items():
        if isinstance(part, nn.ModuleList):
            layers += [(f"{model.prefix}.{name}.{number}",) for number in range(len(part))]
        elif not isinstance(part, nn.Embedding):
            norms.append(f"{model.prefix}.{name}")
    head = () if model.lm_head is None else ("lm_head",)
    blocks: tuple[Block, ...] = (embeddings, *layers, (*norms, *head))
    return Adapter(classifier=(*head, embeddings[0])[0], first_layer=embeddings[0], blocks=blocks, stages=blocks)


def to_transformers(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the state as transformers' causal language model takes it: the same names, and a head if it is tied.

    The vocabulary of that model's configuration is the number of rows of the embedding.
    """
    (embedding,) = (name for name in state if name.endswith(("wte.weight", "embed_tokens.weight")))
    return {"lm_head.weight": state[embedding], **state}
