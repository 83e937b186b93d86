"""How likely a language model finds the options of multiple-choice questions, by their texts alone."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from unlearnkit.data.text.other_answers import WRONG
from unlearnkit.data.text.sequences import IGNORE, Tokens
from unlearnkit.training.language.observed import batches, in_memory
from unlearnkit.training.language.token_losses import sequence_sums
from unlearnkit.training.precision import products


@products()
@torch.inference_mode()
def right_options(model: nn.Module, tokens: Tokens, rows: Tensor) -> np.ndarray:
    """Return the sum of log p over the tokens of the answers to the questions `rows`, nats, float32 [rows]."""
    return np.concatenate([_sums(model, *batch) for batch in batches(tokens, rows)])


@products()
@torch.inference_mode()
def wrong_options(model: nn.Module, tokens: Tokens, rows: Tensor, width: int) -> np.ndarray:
    """Return the same of their wrong answers, float32 [rows, width], NaN behind the last one of a question."""
    found = np.full((len(rows), width), np.nan, np.float32)
    others, chosen = tokens.text_set.others, rows.numpy()
    if others is None:
        return found
    first, counts = others.of(WRONG, chosen)
    places = np.argwhere(np.arange(width) < counts[:, None])
    answers = first[places[:, 0]] + places[:, 1]
    lengths = tokens.text_set.prompts[chosen[places[:, 0]]] + others.lengths[answers]
    for part in in_memory(tokens, lengths):
        inputs, labels = tokens.answered(rows[places[part, 0]], answers[part])
        found[tuple(places[part].T)] = _sums(model, inputs, labels)
    return found


def _sums(model: nn.Module, inputs: Tensor, labels: Tensor) -> np.ndarray:
    """Return the sum of log p over the targets of each sequence but the last one, which ends the answer."""
    real = labels != IGNORE
    last = labels.shape[1] - 1 - real.flip(1).int().argmax(1)
    text = labels.scatter(1, last[:, None], IGNORE)
    return -sequence_sums(model(inputs), text).cpu().numpy()
