"""SimNPO: negative preference optimisation without a reference (Fan et al. 2024, arXiv 2410.07163; OpenUnlearning).

    minimise - gamma * (2 / beta) * mean over forget sequences of log sigmoid(beta (L - delta)) + alpha * R(retain)

L is the mean of -log p over the targets of a sequence. Where L = delta the loss is (2 / beta) log 2; it fades out as L
grows. The paper writes the margin outside of beta, beta L - m, so delta = m / beta. A sequence without targets counts
as nothing, where published code divides by zero. Cost: the forget sequences of `steps` batches; with a retain loss 1
(nll) or 4/3 (kl) for each retain sequence.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field
from torch import Tensor, nn

from unlearnkit.config.methods.language import Gamma
from unlearnkit.config.methods.search import LogUniform, Space
from unlearnkit.config.methods.two_losses import AnyRetainLoss, Beta
from unlearnkit.data.text import sequences
from unlearnkit.data.text.sequences import Sequences
from unlearnkit.methods.language.token_steps import Loss, Term, TokenBatch, descend
from unlearnkit.methods.language.token_terms import retain_terms
from unlearnkit.training.language.sequence_losses import preference, sequence_means
from unlearnkit.training.language.token_losses import sequence_sums
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

TASKS = ("text",)
STACKABLE = False
NEEDS = ()


class Settings(AnyRetainLoss):
    """Settings of SimNPO; defaults of OpenUnlearning."""

    gamma: Gamma = 0.125
    beta: Beta = 4.5
    delta: float = Field(0.0, description="mean loss per target that counts as forgotten, nats; OpenUnlearning")

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return the space of both losses, and beta."""
        return {**AnyRetainLoss.search(), "beta": LogUniform(1.0, 10.0)}


def unlearn(model: nn.Module, data: Sets[Sequences], settings: Settings, context: Context) -> nn.Module:
    """Raise the mean loss of every forget sequence above delta, and hold the retain set."""
    terms = [Term(data.forget, lengthwise_preference(settings.beta, settings.delta), settings.gamma)]
    terms += retain_terms(settings.retain, data.retain, settings.alpha, context)
    return descend(model, terms, settings, context)


def lengthwise_preference(beta: float, delta: float) -> Loss:
    """Return the loss - (2 / beta) mean log sigmoid(beta (L - delta)) over the sequences of a batch."""

    def loss(model: nn.Module, batch: TokenBatch) -> Tensor:
        means = sequence_means(sequence_sums(model(batch.inputs), batch.labels), batch.labels)
        counts = (batch.labels != sequences.IGNORE).any(1)
        return 2 * (preference(means - delta, beta) * counts).sum() / batch.sequences

    return loss
