"""Losses that several methods for language models share, each a mean over the targets of a batch in nats.

Targets are positions whose next token is in the set: no padding and no token of another set ever counts. The divergence
of TOFU, OpenUnlearning and Closer look averages over all positions instead, so its weight there depends on padding.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional

from unlearnkit.config.methods.language import AscentSettings
from unlearnkit.data.text.sequences import Sequences
from unlearnkit.methods.language.token_steps import Loss, Term, TokenBatch
from unlearnkit.training.language.forget_losses import weighted_sum
from unlearnkit.training.language.token_losses import divergence_sum, sequence_sums, token_sum
from unlearnkit.training.unlearning import Context


def nll(model: nn.Module, batch: TokenBatch) -> Tensor:
    """Return the mean of -log p(target)."""
    return token_sum(model(batch.inputs), batch.labels) / batch.targets


def ascent(model: nn.Module, batch: TokenBatch) -> Tensor:
    """Return minus the mean of -log p(target), which has no lower bound."""
    return -nll(model, batch)


def mean_of(total: Callable[[Tensor, Tensor], Tensor]) -> Loss:
    """Return the mean over targets of a loss that sums over the targets of logits and labels."""

    def loss(model: nn.Module, batch: TokenBatch) -> Tensor:
        return total(model(batch.inputs), batch.labels) / batch.targets

    return loss


def ascent_on(forget: Sequences, settings: AscentSettings, weight: float = 1.0) -> Term:
    """Return the term of ascent on the forget set, which stops training where the settings say."""
    return Term(forget, ascent, weight, largest_nll(settings, forget.tokens.text_set.vocabulary_size))


def preference(reference: Callable[[Tensor], Tensor], beta: float) -> Loss:
    """Return the loss (2 / beta) mean log(1 + (pi_model / pi_reference)^beta) over the sequences of a batch."""

    def loss(model: nn.Module, batch: TokenBatch) -> Tensor:
        losses = sequence_sums(model(batch.inputs), batch.labels)
        other = sequence_sums(reference(batch.inputs), batch.labels).detach()
        return 2 / beta * functional.softplus(beta * (other - losses)).sum() / batch.sequences

    return loss


def weighted_ascent(saturation: float, importance: float = 0.0) -> Loss:
    """Return the mean over targets of p^saturation (1 - p)^importance log p, the weight without gradient."""

    def loss(model: nn.Module, batch: TokenBatch) -> Tensor:
        return -weighted_sum(model(batch.inputs), batch.labels, saturation, importance) / batch.targets

    return loss


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
