"""How well a language model knows sequences, one number each: loss, memorisation accuracy, extraction likelihood."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from unlearnkit.data.text.sequences import IGNORE, Tokens
from unlearnkit.training.language.extraction import extraction_likelihoods
from unlearnkit.training.language.observed import in_memory
from unlearnkit.training.language.token_losses import sequence_sums
from unlearnkit.training.precision import products


def memorised(
    model: nn.Module, tokens: Tokens, rows: Tensor, *, n: int, first_prefix: int, batch_size: int
) -> dict[str, Tensor]:
    """Return "nll", "accuracy" and "likelihood" of the sequences `rows` under a model in eval mode, float32 [rows].

        nll       mean of -log p over the targets of a sequence, nats
        accuracy  memorisation accuracy: the share of its targets that are the model's first choice, in [0, 1]

    The likelihood is EL_n (`extraction_likelihoods`), NaN where no prefix leaves n tokens. Targets are those within a
    sequence: all tokens but the first, of a question-answer pair the answer. One pass over a sequence gives the
    accuracy that one-step decoding from every prefix does. Source: Jang et al. 2023 (arXiv 2210.01504).
    """
    nll, accuracy = known_targets(model, tokens, rows)
    how = {"n": n, "first_prefix": first_prefix, "batch_size": batch_size}
    likelihood = torch.from_numpy(extraction_likelihoods(model, tokens, rows, **how))
    return {"nll": nll, "accuracy": accuracy, "likelihood": likelihood}


@products()
@torch.inference_mode()
def known_targets(model: nn.Module, tokens: Tokens, rows: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean of -log p over the targets of each of the sequences `rows`, and the share of first choices."""
    losses: list[Tensor] = []
    shares: list[Tensor] = []
    for inputs, labels in within_sequences(tokens, rows):
        logits, counts = model(inputs), (labels != IGNORE).sum(1)
        losses.append(sequence_sums(logits, labels) / counts)
        shares.append(((logits.argmax(-1) == labels) & (labels != IGNORE)).sum(1) / counts)
    return torch.cat(losses).cpu(), torch.cat(shares).cpu()


@products()
@torch.inference_mode()
def divergences(model: nn.Module, original: nn.Module, tokens: Tokens, rows: Tensor) -> Tensor:
    """Return KL(original || model) of each of the sequences `rows`, the mean over its targets, nats, float32 [rows].

    Exactly 0 where both are the same model. Both are in eval mode.
    """
    found: list[Tensor] = []
    for inputs, labels in within_sequences(tokens, rows):
        log_p, other = (each(inputs).float().log_softmax(-1) for each in (model, original))
        kl = (other.exp() * (other - log_p)).sum(-1)
        chosen = labels != IGNORE
        found.append((kl * chosen).sum(1) / chosen.sum(1))
    return torch.cat(found).cpu()


def within_sequences(tokens: Tokens, rows: Tensor) -> Sequence[tuple[Tensor, Tensor]]:
    """Return inputs and labels [B, n] of the sequences `rows`, in order, in parts that fit into memory.

    No sequence has the first token of the next one as a target.
    """
    alone = np.zeros(len(tokens.text_set.lengths), bool)
    parts = in_memory(tokens, tokens.text_set.lengths[rows.numpy()])
    return [tokens.batch(rows[part], alone) for part in parts]
