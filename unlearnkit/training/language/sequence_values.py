"""The values of every sequence under a language model: mean and smallest margin, loss, share of right tokens."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from unlearnkit.artifacts.weights import State
from unlearnkit.data.text.sequences import IGNORE, Tokens
from unlearnkit.errors import TrainingError
from unlearnkit.training.evaluation import Assemble
from unlearnkit.training.language.token_losses import token_margins
from unlearnkit.training.precision import products
from unlearnkit.training.shard import Task, Worker

MOST_LOGITS = {"cpu": 2**24, "cuda": 2**28}
"""Logits of one forward pass: a gigabyte in float32 on a GPU, less where memory of that size is slow to get."""


def values(
    states: Sequence[State], task: Task, rows: Tensor, worker: Worker, assemble: Assemble | None
) -> dict[str, np.ndarray]:
    """Return "margins" (mean over targets), "correct" (share), "loss_sum" and "margin_min", each [models, rows].

    Margins and losses are in nats, all float32. The targets of a sequence are those within its forget unit, whatever
    the model was trained on. Raises TrainingError for a method whose models are more than one network.
    """
    if assemble is not None:
        raise TrainingError("sequence scores are not defined for ensembles of networks")
    models = (task.architecture.gather([task.architecture.load(state)], worker.device).eval() for state in states)
    parts = [values_of_sequences(model, task.source, rows) for model in models]
    return {name: np.stack([part[name] for part in parts]) for name in parts[0]}


def target_counts(tokens: Tokens, rows: Tensor) -> np.ndarray:
    """Return the number of targets of the sequences `rows` within their forget units, int32 [rows]."""
    chosen = rows.numpy()
    # the last token has a target only where its unit continues
    return (tokens.text_set.targets[chosen] + tokens.within(None)[chosen]).astype(np.int32)


@products()
@torch.inference_mode()
def values_of_sequences(model: nn.Module, tokens: Tokens, rows: Tensor) -> dict[str, np.ndarray]:
    """Return the values of the sequences `rows` under one model in eval mode: name -> float32 [rows]."""
    goes_on = tokens.within(None)
    of_sequence = tokens.text_set.length * tokens.text_set.vocabulary_size
    size = max(1, MOST_LOGITS.get(tokens.device.type, 2**24) // of_sequence)
    parts = []
    for chosen in rows.split(size):
        inputs, labels = tokens.batch(chosen, goes_on)
        margins, correct = token_margins(model(inputs), labels)
        counts = (labels != IGNORE).sum(1)
        lowest = margins.masked_fill(labels == IGNORE, torch.inf).amin(1)
        losses = functional.softplus(-margins.double()).masked_fill(labels == IGNORE, 0.0).sum(1)
        mean = margins.double().sum(1) / counts
        share = correct.sum(1) / counts
        parts.append(torch.stack([mean.float(), share.float(), losses.float(), lowest]).cpu().numpy())
    return dict(zip(("margins", "correct", "loss_sum", "margin_min"), np.concatenate(parts, axis=1), strict=True))
