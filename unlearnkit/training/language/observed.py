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

    Targets are those within the forget unit. No batch has more than MOST_LOGITS logits, unless a sequence has.
    """
    longest = int(tokens.text_set.lengths[rows.numpy()].max())
    most = MOST_LOGITS.get(tokens.device.type, 2**24)
    for chosen in rows.split(max(1, most // (longest * tokens.text_set.vocabulary_size))):
        yield tokens.batch(chosen, tokens.within(None))
