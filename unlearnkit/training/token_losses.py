"""Losses of language models: logits [B, n, V] and labels [B, n], where IGNORE marks positions without a target.

All are computed in float32 whatever the precision of the logits, and only over targets, so padding changes nothing.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from unlearnkit.data.sequences import IGNORE


def targets(labels: Tensor) -> Tensor:
    """Return the number of targets in `labels`, a scalar int64."""
    return (labels != IGNORE).sum()


def token_sum(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the sum over all targets of -log p(target), nats."""
    return functional.cross_entropy(
        logits.flatten(0, 1).float(), labels.flatten(), ignore_index=IGNORE, reduction="sum"
    )


def token_mean(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the mean over all targets of the batch of -log p(target), nats (`token_mean` of the specification)."""
    return token_sum(logits, labels) / targets(labels)


def sequence_sums(logits: Tensor, labels: Tensor) -> Tensor:
    """Return for every sequence the sum over its targets of -log p(target), S_i in nats, [B]."""
    losses = functional.cross_entropy(
        logits.flatten(0, 1).float(), labels.flatten(), ignore_index=IGNORE, reduction="none"
    )
    return losses.reshape(labels.shape).sum(1)


def token_divergence(logits: Tensor, reference: Tensor, labels: Tensor, temperature: float = 1.0) -> Tensor:
    """Return the mean over all targets of KL(reference || model) at a temperature T, times T^2, in nats.

    No gradient reaches the reference. T^2 keeps gradients of the same size (Hinton et al. 2015).
    """
    chosen = labels != IGNORE
    own = functional.log_softmax(logits[chosen].float() / temperature, dim=-1)
    other = functional.log_softmax(reference[chosen].detach().float() / temperature, dim=-1)
    return functional.kl_div(own, other, reduction="batchmean", log_target=True) * temperature**2


def token_margins(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Return the margins z_y - log sum_{k != y} exp(z_k) of all targets in nats, float32 [B, n], and which are right.

    Positions without a target have 0 and False. log p_y = log sigmoid(margin), exactly also where p_y rounds to 1.
    A target with a non-finite logit has NaN.
    """
    chosen = labels != IGNORE
    own = logits[chosen].float()
    label = labels[chosen][:, None]
    right = own.argmax(-1, keepdim=True) == label
    true = own.gather(1, label)
    others = own.scatter(1, label, -torch.inf).logsumexp(-1, keepdim=True)
    finite = own.isfinite().all(-1, keepdim=True)
    margins = torch.zeros(labels.shape, device=logits.device)
    margins[chosen] = torch.where(finite, true - others, torch.nan)[:, 0]
    correct = torch.zeros(labels.shape, dtype=torch.bool, device=logits.device)
    correct[chosen] = right[:, 0]
    return margins, correct
