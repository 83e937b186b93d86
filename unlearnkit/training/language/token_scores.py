"""Scores of single tokens under a language model, from its logits (`unlearnkit.observations.token_scores`)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from unlearnkit.data.text.sequences import IGNORE, Tokens
from unlearnkit.training.language.observed import batches
from unlearnkit.training.precision import products

LEAST_VARIANCE = 1e-6  # as published
MOST_LOGITS = {"cpu": 2**22, "cuda": 2**26}
"""Logits per call, of which there are a few copies."""


@products()
@torch.inference_mode()
def scores_of_sequences(model: nn.Module, tokens: Tokens, rows: Tensor, width: int) -> dict[str, np.ndarray]:
    """Return the scores of the targets of the sequences `rows` under one model: name -> float32 [rows, width]."""
    parts = []
    for inputs, labels in batches(tokens, rows):
        scores = token_scores(model(inputs), labels).cpu().numpy()
        counts = (labels != IGNORE).sum(1).cpu().numpy()
        lists = np.full((3, len(counts), width), np.nan, np.float32)
        lists[:, np.arange(width) < counts[:, None]] = scores
        parts.append(lists)
    return dict(zip(("log_p", "standardised", "lead"), np.concatenate(parts, axis=1), strict=True))


def token_scores(logits: Tensor, labels: Tensor) -> Tensor:
    """Return log_p, standardised and lead of all targets, sequence after sequence: float32 [3, targets].

    `logits` are [B, n, V], `labels` [B, n] with IGNORE where there is no target. A target with a non-finite logit has
    NaN.
    """
    flat, flat_labels = logits.flatten(0, 1), labels.flatten()
    at_a_time = max(1, MOST_LOGITS.get(logits.device.type, 2**22) // logits.shape[-1])
    chosen = (flat_labels != IGNORE).nonzero()[:, 0]
    return torch.cat(
        [_scores(flat[part].float(), flat_labels[part][:, None]) for part in chosen.split(at_a_time)], dim=1
    )


def _scores(logits: Tensor, labels: Tensor) -> Tensor:
    log_p = logits.log_softmax(-1)
    p = log_p.exp()
    mean = (p * log_p).sum(-1)
    # not E[x^2] - E[x]^2, whose digits cancel where a model is sure
    variance = (p * (log_p - mean[:, None]) ** 2).sum(-1)
    true, others = logits.gather(1, labels)[:, 0], logits.scatter(1, labels, -torch.inf)
    # exact where p_y is so near to 1 that log_softmax has few digits
    log_odds = functional.logsigmoid(true - others.logsumexp(-1))
    scores = torch.stack(
        [log_odds, (log_odds - mean) / variance.clamp(min=LEAST_VARIANCE).sqrt(), true - others.amax(-1)]
    )
    return scores.where(logits.sum(-1).isfinite(), torch.nan)
