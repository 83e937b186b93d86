"""Greedy answers of a language model to prompts: the likeliest token at every step, until the one that ends answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from unlearnkit.training.precision import products

Answer = tuple[np.ndarray, bool]
"""The tokens of an answer, without the one that ends it, and whether the model ended it."""


@products()
@torch.inference_mode()
def greedy(
    model: nn.Module, prompts: Sequence[np.ndarray], *, end: int, most: int, length: int, device: torch.device
) -> list[Answer]:
    """Return what a model in eval mode answers each of the `prompts` [tokens] with, and whether it ended the answer.

    An answer ends before the token `end`, or is cut off: after `most` tokens, or where prompt and answer fill the
    context: the positions that a pretrained model states, `length` tokens of others. What shares a batch changes
    nothing beyond rounding, which decides where two tokens are equally likely.
    """
    if (network := getattr(model, "network", None)) is not None:
        return _by_room(network, model, prompts, end, most, device)
    return _by_recomputation(model, prompts, end, most, length, device)


def _by_recomputation(
    model: nn.Module, prompts: Sequence[np.ndarray], end: int, most: int, length: int, device: torch.device
) -> list[Answer]:
    """Compute all tokens again at every step: padding is on the right, where causal attention never looks."""
    sizes = torch.tensor([len(prompt) for prompt in prompts], device=device)
    limits = (sizes + most).clamp(max=length)
    tokens = torch.zeros(len(prompts), int(limits.max()), dtype=torch.int64, device=device)
    for row, prompt in enumerate(prompts):
        tokens[row, : len(prompt)] = torch.from_numpy(prompt.astype(np.int64))
    at, rows = sizes.clone(), torch.arange(len(prompts), device=device)
    ended, open_rows = torch.zeros(len(prompts), dtype=torch.bool, device=device), rows[at < limits]
    while len(open_rows):
        logits = model(tokens[open_rows, : int(at[open_rows].max())])
        chosen = logits[torch.arange(len(open_rows), device=device), at[open_rows] - 1].float().argmax(-1)
        tokens[open_rows, at[open_rows]] = chosen
        goes_on = chosen != end
        at[open_rows] += goes_on.long()
        ended[open_rows] = ~goes_on
        open_rows = open_rows[goes_on & (at[open_rows] < limits[open_rows])]
    return [(tokens[row, sizes[row] : at[row]].cpu().numpy(), bool(ended[row])) for row in range(len(prompts))]


def _by_room(
    network: Any, model: Any, prompts: Sequence[np.ndarray], end: int, most: int, device: torch.device
) -> list[Answer]:
    """Answer prompts with less room than others apart: in one batch they would go on past their last position."""
    positions = getattr(network.config.get_text_config(), "max_position_embeddings", None)
    rooms = [most if positions is None else max(0, min(most, positions - len(prompt))) for prompt in prompts]
    found: dict[int, Answer] = {}
    for room in set(rooms):
        rows = [row for row, size in enumerate(rooms) if size == room]
        some = [prompts[row] for row in rows]
        found |= zip(rows, _by_transformers(network, model, some, end, room, device), strict=True)
    return [found[row] for row in range(len(prompts))]


def _by_transformers(
    network: Any, model: Any, prompts: Sequence[np.ndarray], end: int, most: int, device: torch.device
) -> list[Answer]:
    """Let transformers keep keys and values: padding is on the left, and masked by length, not by token."""
    from transformers import GenerationConfig

    if not most:
        return [(np.zeros(0, np.int64), False) for _ in prompts]
    width = max(map(len, prompts))
    padding = max(end, 0)
    tokens = torch.full((len(prompts), width), padding, dtype=torch.int64)
    mask = torch.zeros_like(tokens)
    for row, prompt in enumerate(prompts):
        tokens[row, width - len(prompt) :] = torch.from_numpy(prompt.astype(np.int64))
        mask[row, width - len(prompt) :] = 1
    rows = network.get_input_embeddings().weight.shape[0]
    # stated, since the configuration of a published model may ask for samples or penalties
    settings = GenerationConfig(
        do_sample=False,
        num_beams=1,
        repetition_penalty=1.0,
        no_repeat_ngram_size=0,
        max_new_tokens=most,
        # an id that no token has never ends an answer; None would mean that of the model's own configuration
        eos_token_id=end if end >= 0 else rows,
        pad_token_id=padding,
        suppress_tokens=[*range(model.vocabulary, rows)] or None,
        use_cache=True,
    )
    made: Tensor = network.generate(
        input_ids=tokens.to(device), attention_mask=mask.to(device), generation_config=settings
    )
    return [_until(row.cpu().numpy(), end) for row in made[:, width:]]


def _until(tokens: np.ndarray, end: int) -> Answer:
    ends = np.flatnonzero(tokens == end)
    return (tokens[: ends[0]], True) if len(ends) else (tokens, False)
