"""Losses that several methods for language models share, each a mean over the targets of a batch in nats.

Targets are positions whose next token is in the set: no padding and no token of another set ever counts. The divergence
of TOFU, OpenUnlearning and Closer look averages over all positions instead, so its weight there depends on padding.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from torch import Tensor, nn

from unlearnkit.config.methods.language import AscentSettings
from unlearnkit.data.text.sequences import Sequences
from unlearnkit.methods.language.token_steps import Loss, Term, TokenBatch
from unlearnkit.training.language.token_losses import divergence_sum, token_sum
from unlearnkit.training.unlearning import Context


def nll(model: nn.Module, batch: TokenBatch) -> Tensor:
    """Return the mean of -log p(target)."""
    return token_sum(model(batch.inputs), batch.labels) / batch.targets


def ascent(model: nn.Module, batch: TokenBatch) -> Tensor:
    """Return minus the mean of -log p(target), which has no lower bound."""
    return -nll(model, batch)


def ascent_on(forget: Sequences, settings: AscentSettings, weight: float = 1.0) -> Term:
    """Return the term of ascent on the forget set, which stops training where the settings say."""
    return Term(forget, ascent, weight, largest_nll(settings, forget.tokens.text_set.vocabulary_size))


def largest_nll(settings: AscentSettings, vocabulary_size: int) -> float:
    """Return the mean forget loss of a batch, nats, beyond which training stops."""
    return math.log(vocabulary_size) + 2 if settings.max_forget_nll is None else settings.max_forget_nll


def divergence(reference: Callable[[Tensor], Tensor], temperature: float = 1.0) -> Loss:
    """Return the loss that is the mean of KL(reference || model); the reference is a teacher of the context."""

    def loss(model: nn.Module, batch: TokenBatch) -> Tensor:
        total = divergence_sum(model(batch.inputs), reference(batch.inputs), batch.labels, temperature)
        return total / batch.targets

    return loss


def retain_terms(kind: str, retain: Sequences, weight: float, context: Context) -> list[Term]:
    """Return the term of the retain set: none, "nll", or "kl", the divergence from the original."""
    if kind == "none":
        return []
    return [Term(retain, divergence(context.reference()) if kind == "kl" else nll, weight)]
