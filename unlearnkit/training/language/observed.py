"""Language models that are observed: one model after the other, on batches of sequences that fit into memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from torch import Tensor, nn

from unlearnkit.data.text.sequences import IGNORE, Tokens
from unlearnkit.errors import TrainingError
from unlearnkit.training.evaluation import Subjects
from unlearnkit.training.language.sequence_values import MOST_LOGITS


def models_of(subjects: Subjects) -> Iterator[nn.Module]:
    """Yield the models in eval mode on the device, one at a time.

    Raises TrainingError for a method whose models are more than one network.
    """
    if subjects.assemble is not None:
        raise TrainingError("observations of text are not defined for ensembles of networks")
    architecture, device = subjects.task.architecture, subjects.worker.device
    for state in subjects.states:
        yield architecture.gather([architecture.load(state)], device).eval()


def target_tokens(tokens: Tokens, rows: Tensor) -> Iterator[np.ndarray]:
    """Yield the targets of each of the sequences `rows` in order, [targets]: of pairs, the answer and its end."""
    for row in rows.split(1):
        _, labels = tokens.batch(row, tokens.within(None))
        yield labels[labels != IGNORE].cpu().numpy()


def batches(tokens: Tokens, rows: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield inputs and labels [B, n] of the sequences `rows`, in order, as models are evaluated on them.

    Targets are those within the forget unit.
    """
    for part in in_memory(tokens, tokens.text_set.lengths[rows.numpy()]):
        yield tokens.batch(rows[part], tokens.within(None))


def in_memory(tokens: Tokens, lengths: np.ndarray) -> Iterator[slice]:
    """Yield slices of sequences of `lengths` tokens, in order: each of at most MOST_LOGITS logits, or one sequence."""
    most = MOST_LOGITS.get(tokens.device.type, 2**24) // tokens.text_set.vocabulary_size
    size = max(1, most // max(1, int(max(lengths, default=1))))
    yield from (slice(first, first + size) for first in range(0, len(lengths), size))
