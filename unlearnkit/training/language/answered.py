"""How likely a language model finds answers to prompts: the true ones, and those that may stand in their place."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from unlearnkit.data.text.other_answers import KINDS
from unlearnkit.data.text.sequences import IGNORE, Tokens
from unlearnkit.training.language.observed import batches, in_memory
from unlearnkit.training.language.token_losses import sequence_sums
from unlearnkit.training.precision import products


def most_answers(tokens: Tokens, kind: str) -> int:
    """Return the largest number of other answers of a kind that a sequence of the data set has."""
    others = tokens.text_set.others
    if others is None:
        return 0
    return int(others.of(kind, np.arange(len(tokens.text_set.lengths)))[1].max())


@products()
@torch.inference_mode()
def given_answers(model: nn.Module, tokens: Tokens, rows: Tensor) -> np.ndarray:
    """Return the mean of log p over the targets of the sequences `rows` under a model, nats, float32 [rows]."""
    return np.concatenate([_mean_log_p(model, *batch) for batch in batches(tokens, rows)])


@products()
@torch.inference_mode()
def other_answers(model: nn.Module, tokens: Tokens, rows: Tensor, kind: str, width: int) -> np.ndarray:
    """Return the mean of log p over the tokens of other answers to the prompts of `rows`, nats, float32 [rows, width].

    `kind` is one of KINDS. A row has its answers in order, and NaN behind the last one; those beyond `width` are left
    out.
    """
    found = np.full((len(rows), width), np.nan, np.float32)
    others, chosen = tokens.text_set.others, rows.numpy()
    if others is None or width == 0:
        return found
    assert kind in KINDS
    first, counts = others.of(kind, chosen)
    places = np.argwhere(np.arange(width) < counts[:, None])
    answers = first[places[:, 0]] + places[:, 1]
    lengths = tokens.text_set.prompts[chosen[places[:, 0]]] + others.lengths[answers]
    for part in in_memory(tokens, lengths):
        inputs, labels = tokens.answered(rows[places[part, 0]], answers[part])
        found[tuple(places[part].T)] = _mean_log_p(model, inputs, labels)
    return found


def _mean_log_p(model: nn.Module, inputs: Tensor, labels: Tensor) -> np.ndarray:
    counts = (labels != IGNORE).sum(1)
    return (-sequence_sums(model(inputs), labels) / counts).cpu().numpy()
