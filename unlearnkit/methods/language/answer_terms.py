"""Losses of questions that are answered in two ways, truly and otherwise: each a mean over the questions of a batch.

Batches are of a set whose answers are replaced, by refusals or by plausible wrong answers, with the true answers as
`paired` (`TokenBatch`). S is the sum of -log p over the targets of an answer, never its mean: from logits in float32,
as log probabilities.
"""

from __future__ import annotations

from torch import Tensor, nn

from unlearnkit.methods.language.token_steps import Loss, TokenBatch
from unlearnkit.training.language.sequence_losses import preference, sequence_means
from unlearnkit.training.language.token_losses import sequence_sums
from unlearnkit.training.unlearning import Context


def true_answers(batch: TokenBatch) -> TokenBatch:
    """Return the rows of a batch with their true answers."""
    assert batch.paired is not None, "the set replaces no answers"
    return batch.paired


def replaced_preferred(context: Context, beta: float) -> Loss:
    """Return - (2 / beta) mean log sigmoid(beta (r_replaced - r_true)), r = S_original - S: the loss of DPO."""
    reference = context.reference()

    def loss(model: nn.Module, batch: TokenBatch) -> Tensor:
        true = true_answers(batch)
        context.count(len(true.inputs))  # a second pass of the model over the same rows
        gains = [
            sequence_sums(reference(answers.inputs), answers.labels)
            - sequence_sums(model(answers.inputs), answers.labels)
            for answers in (batch, true)
        ]
        return 2 * preference(gains[0] - gains[1], beta).sum() / batch.sequences

    return loss


def true_preferred(context: Context, beta: float, length_normalised: bool = False) -> Loss:
    """Return - (1 / beta) mean log sigmoid(beta (S_replaced - S_true)): answer preservation, without a reference.

    With `length_normalised`, S is a mean over targets.
    """

    def loss(model: nn.Module, batch: TokenBatch) -> Tensor:
        true = true_answers(batch)
        context.count(len(true.inputs))
        sums = [(sequence_sums(model(answers.inputs), answers.labels), answers.labels) for answers in (batch, true)]
        replaced, kept = (sequence_means(*summed) if length_normalised else summed[0] for summed in sums)
        return preference(replaced - kept, beta).sum() / batch.sequences

    return loss
