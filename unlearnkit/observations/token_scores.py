"""Token scores: how likely every target of a sequence is, which memorisation and membership attacks are computed from.

With z the logits at a position, y its target and p = softmax(z), in float32:

    log_p        = log p_y                                     nats, 0 or less
    standardised = (log_p - m) / sqrt(max(s^2, 1e-6))          m, s^2: mean and variance of log p under p itself
    lead         = z_y - max over c != y of z_c                nats, positive where y is the model's first choice

Each is a list with one entry per target, in order, and NaN behind the last one; all files of a data set have lists of
one length. Of the samples themselves: `targets`, how many there are; `closed`, whether the last one ends an answer,
which some scores leave out; and `compressed`, the bytes that zlib needs for the text of the targets in UTF-8, 0 where
the data come as tokens. Source of `standardised`: Min-K%++, Zhang et al. 2024 (arXiv 2404.02936).
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping

import numpy as np
import torch

from unlearnkit.config.settings import ObservationSettings
from unlearnkit.data.text.decoding import read_decoder
from unlearnkit.training.evaluation import Subjects
from unlearnkit.training.language.observed import models_of, target_tokens
from unlearnkit.training.language.sequence_values import target_counts
from unlearnkit.training.language.token_scores import scores_of_sequences

NEEDS = ("network", "tokenizer")
VALUES = {
    "text": {
        "log_p": "float32 list",
        "standardised": "float32 list",
        "lead": "float32 list",
        "targets": "int32",
        "closed": "bool",
        "compressed": "int32",
    },
}


class Settings(ObservationSettings):
    """Settings of token scores."""

    def size(self, features: int) -> int:
        """Return the bytes of three numbers per token of the longest sequence, of which `features` is the length."""
        return 12 * features


def observe(subjects: Subjects, settings: Settings, tokenizer: str | None = None) -> Mapping[str, np.ndarray]:
    """Return the values above: lists [models, rows, width], and of the samples [rows]; `tokenizer` is its path."""
    tokens, rows = subjects.task.source, subjects.rows
    every = torch.arange(len(tokens.text_set.lengths))
    width = int(target_counts(tokens, every).max())
    of_models = [scores_of_sequences(model, tokens, rows, width) for model in models_of(subjects)]
    values = {name: np.stack([of_model[name] for of_model in of_models]) for name in of_models[0]}
    compressed = np.zeros(len(rows), np.int32)
    if tokenizer is not None:
        decode = read_decoder(tokenizer)
        compressed[:] = [len(zlib.compress(decode(targets).encode())) for targets in target_tokens(tokens, rows)]
    closed = tokens.text_set.prompts[rows.numpy()] > 0
    return {**values, "targets": target_counts(tokens, rows), "closed": closed, "compressed": compressed}
