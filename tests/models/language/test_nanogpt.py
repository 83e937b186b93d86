"""The model after modded-nanogpt: every part against what it is said to compute, written out."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from language_models import LENGTH, VOCABULARY, built, module_of, settings_of, some_tokens, stirred
from torch import Tensor

from unlearnkit.models.language import nanogpt
from unlearnkit.models.language.causal_masks import within_document, within_window
from unlearnkit.models.language.nanogpt_block import turned

FULL: dict[str, Any] = {
    "layers": 12,
    "width": 768,
    "heads": 6,
    "pad_vocabulary_to": 128,
    "attention_scale": 0.12,
    "value_embeddings": 3,
    "skips": True,
    "without_attention": (7,),
    "document_mask": True,
    "end_of_text": 50_256,
    "attention_window": 1792,
}
"""Section 6.1 of the specification."""


def test_the_published_size_is_one_of_settings() -> None:
    settings = module_of("nanogpt").Settings(**FULL)
    with torch.device("meta"):
        model: Any = nanogpt.build(50_257, (2048,), settings)
    assert model.get_parameter("embedding.weight").shape == (50_304, 768)
    assert [number for number, block in enumerate(model.blocks) if block.attention is None] == [7]
    assert [settings.value_table(layer) for layer in range(12)] == [0, 1, 2, *[None] * 6, 0, 1, 2]
    matrices = 12 * 8 * 768**2 + 11 * 4 * 768**2
    scalars = 12 * 2 + 6 + 11 + 6
    assert sum(parameter.numel() for parameter in model.parameters()) == 5 * 50_304 * 768 + matrices + scalars
    assert settings.size(50_257, (2048,)).parameters == 5 * 50_304 * 768 + matrices + scalars


def norm(vector: Tensor) -> Tensor:
    return vector / (vector.square().mean() + torch.finfo(torch.float32).eps).sqrt()


def turn(vector: Tensor, position: int, settings: Any) -> Tensor:
    """Return a query or key of one head, its halves taken as complex numbers, turned back by its position."""
    pairs = len(vector) // 2
    turning = pairs // 2 if settings.truncated_rotary else pairs
    angles = torch.zeros(pairs, dtype=torch.float64)
    for pair in range(turning):
        angles[pair] = position * settings.rope_theta ** (-pair / (turning - 1))
    numbers = torch.view_as_complex(torch.stack([vector[:pairs], vector[pairs:]], dim=-1)) * torch.exp(-1j * angles)
    return torch.cat([numbers.real, numbers.imag])


def attended(weights: dict[str, Tensor], stream: Tensor, embedded: Tensor | None, settings: Any) -> Tensor:
    """Return what attention adds to every position: position by position and head by head."""
    size = settings.width // settings.heads
    scale = settings.attention_scale or 1 / math.sqrt(size)
    seen = [norm(vector) for vector in stream]
    values = [weights["mix"][0] * (weights["values.weight"] @ vector) for vector in seen]
    if embedded is not None:
        values = [value + weights["mix"][1] * own for value, own in zip(values, embedded, strict=True)]
    gathered = []
    for reader, vector in enumerate(seen):
        parts = []
        for head in range(settings.heads):
            own = slice(head * size, (head + 1) * size)
            query = turn(norm((weights["queries.weight"] @ vector)[own]), reader, settings)
            keys = [norm((weights["keys.weight"] @ seen[place])[own]) for place in range(reader + 1)]
            scores = [query @ turn(key, place, settings) * scale for place, key in enumerate(keys)]
            shares = torch.stack(scores).softmax(0)
            parts.append(torch.stack([share * values[place][own] for place, share in enumerate(shares)]).sum(0))
        gathered.append(weights["outer.weight"] @ torch.cat(parts))
    return torch.stack(gathered)


def written_out(model: Any, tokens: Tensor) -> Tensor:
    """Return the logits of one sequence [n, V] in double precision."""
    settings, state = model.settings, {key: tensor.double() for key, tensor in model.state_dict().items()}
    layers, tables = settings.layers, settings.value_embeddings
    stream = first = torch.stack([norm(state["embedding.weight"][token]) for token in tokens])
    behind: list[Tensor] = []
    for layer in range(layers):
        of = f"blocks.{layer}."
        if settings.skips and layer >= layers - layers // 2:
            stream = stream + state[of + "skip"] * behind[layers - 1 - layer]
        stream = state[of + "mix"][0] * stream + state[of + "mix"][1] * first
        if layer not in settings.without_attention:
            weights = {
                key.removeprefix(of + "attention."): tensor for key, tensor in state.items() if key.startswith(of)
            }
            table = layer if layer < tables else layer - (layers - tables)
            own = state[f"value_embeddings.{table}.weight"][tokens] if 0 <= table < tables else None
            stream = stream + attended(weights, stream, own, settings)
        hidden = [(state[of + "inner.weight"] @ norm(vector)).clamp(min=0) ** 2 for vector in stream]
        stream = stream + torch.stack([state[of + "outer.weight"] @ vector for vector in hidden])
        behind.append(stream)
    head = state["embedding.weight" if settings.tied else "head.weight"]
    logits = torch.stack([head @ norm(vector) for vector in stream])
    cap = settings.logit_cap
    return logits if cap is None else cap * torch.tanh(logits / cap)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"logit_cap": None, "truncated_rotary": False, "tied": True},
        {"layers": 3, "skips": True, "attention_scale": 0.5, "rope_theta": 30.0},
        {"layers": 6, "skips": True, "value_embeddings": 2, "without_attention": (3,), "logit_cap": 2.0},
    ],
    ids=["plain", "whole rotary", "odd number of layers", "everything"],
)
def test_logits_are_those_of_the_formulas(settings: dict[str, Any]) -> None:
    model = stirred(built("nanogpt", width=32, heads=2, length=8, **settings))
    tokens = some_tokens(1, 8)
    with torch.no_grad():
        torch.testing.assert_close(model(tokens)[0].double(), written_out(model, tokens[0]), rtol=2e-4, atol=2e-4)


def test_rotary_positions_keep_lengths_and_depend_on_distances() -> None:
    generator = torch.Generator().manual_seed(0)
    query, key = torch.randn(2, 1, 1, 1, 16, generator=generator)
    model: Any = built("nanogpt", width=64)
    places = torch.arange(LENGTH)
    turns = model.cosines, model.sines
    queries, keys = (turned(vector.expand(1, 1, LENGTH, 16), turns)[0, 0] for vector in (query, key))
    torch.testing.assert_close(queries.norm(dim=-1), query.flatten().norm().expand(LENGTH))
    products = queries @ keys.T
    for distance in range(LENGTH):
        torch.testing.assert_close(products.diagonal(distance), products[0, distance].expand(LENGTH - distance))
    assert products[0].std() > 0.1
    assert torch.equal(model.sines[:, 4:], torch.zeros(LENGTH, 4))
    torch.testing.assert_close(model.sines[:, 3], torch.sin(places / 1024))


OPTIONS = {
    "skips": True,
    "value_embeddings": 1,
    "without_attention": (1,),
    "attention_window": 3,
    "document_mask": True,
}


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_changes_the_outputs(option: str) -> None:
    with_it = stirred(built("nanogpt", end_of_text=5, **{option: OPTIONS[option]}))
    without = stirred(built("nanogpt", end_of_text=5))
    state = with_it.state_dict()
    # the weights that both have are the same
    own = {key: state.get(key, tensor)[: len(tensor)] for key, tensor in without.state_dict().items()}
    without.load_state_dict(own)
    tokens = some_tokens()
    tokens[:, 10] = 5
    assert not torch.allclose(with_it(tokens), without(tokens), atol=1e-2)


def test_logits_stay_below_the_cap() -> None:
    tokens = some_tokens()
    models = {cap: built("nanogpt", logit_cap=cap) for cap in (None, 15.0, 30.0)}
    for model in models.values():
        torch.nn.init.normal_(model.get_parameter("head.weight"), std=20, generator=torch.Generator().manual_seed(3))
    free = models[None](tokens)
    assert free.abs().max() > 100
    for cap in (15.0, 30.0):
        torch.testing.assert_close(models[cap](tokens), cap * torch.tanh(free / cap), rtol=1e-4, atol=1e-3)


def test_a_fresh_model_passes_its_tokens_through() -> None:
    model: Any = built("nanogpt", layers=4, skips=True, value_embeddings=2)
    assert not model.head.weight.any()
    seen: list[Tensor] = []
    model.blocks[1].register_forward_hook(lambda *event: seen.append(event[-1]))
    model(some_tokens())
    torch.testing.assert_close(seen[0], torch.nn.functional.rms_norm(model.embedding(some_tokens()), (32,)))


def test_a_window_is_of_the_last_tokens() -> None:
    mask = within_window(6, 3, torch.device("cpu"))
    assert mask is not None
    for reader in range(6):
        assert mask[reader].nonzero().flatten().tolist() == list(range(max(0, reader - 2), reader + 1))
    for window in (6, 7, None):
        assert within_window(6, window, torch.device("cpu")) is None


@pytest.mark.parametrize("window", [None, 2])
def test_a_document_begins_with_its_end_of_text(window: int | None) -> None:
    tokens = torch.tensor([[4, 9, 1, 2, 9, 9, 3, 3], [9, 1, 2, 3, 4, 5, 6, 7]])
    mask = within_document(tokens, 9, window)
    assert mask.shape == (2, 1, 8, 8)
    documents = [[0, 1, 1, 1, 2, 3, 3, 3], [1] * 8]
    for row, document in enumerate(documents):
        for reader in range(8):
            own = [t for t in range(reader + 1) if document[t] == document[reader] and reader - t < (window or 8)]
            assert mask[row, 0, reader].nonzero().flatten().tolist() == own


def test_documents_do_not_see_each_other() -> None:
    model = stirred(built("nanogpt", document_mask=True, end_of_text=0))
    tokens = some_tokens(2).clamp(min=1)
    tokens[:, 12] = 0
    changed = tokens.clone()
    changed[:, 3] = (changed[:, 3] + 1) % (VOCABULARY - 1) + 1
    reached = (model(changed) - model(tokens)).abs().amax((0, 2)) > 1e-5
    assert reached.nonzero().flatten().tolist() == list(range(3, 12))
    # so a document has the logits that it has alone, turned by its positions: attention depends on distances
    alone = model(tokens[:, 12:])
    torch.testing.assert_close(model(tokens)[:, 12:], alone, rtol=1e-4, atol=1e-4)


def test_no_value_table_is_for_layers_without_attention() -> None:
    settings = settings_of("nanogpt", layers=6, value_embeddings=3, without_attention=(1,))
    assert [settings.value_table(layer) for layer in range(6)] == [0, None, 2, 0, 1, 2]
