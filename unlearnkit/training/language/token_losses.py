"""Losses of language models: logits [B, n, V] and labels [B, n], where IGNORE marks positions without a target.

All are computed in float32, whatever the precision of the logits, and only over targets, so padding changes nothing.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from unlearnkit.data.text.sequences import IGNORE

MOST_LOGITS = {"cpu": 2**22, "cuda": 2**26}
"""Logits per call when margins are computed: as many as stay in a CPU's cache, a quarter of a gigabyte on a GPU."""


def targets(labels: Tensor) -> Tensor:
    """Return the number of targets in `labels`, a scalar int64."""
    return (labels != IGNORE).sum()


def token_sum(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the sum over all targets of -log p(target), nats."""
    return functional.cross_entropy(
        logits.flatten(0, 1).float(), labels.flatten(), ignore_index=IGNORE, reduction="sum"
    )


def sequence_sums(logits: Tensor, labels: Tensor) -> Tensor:
    """Return for every sequence the sum over its targets of -log p(target), S_i in nats, [B]."""
    losses = functional.cross_entropy(
        logits.flatten(0, 1).float(), labels.flatten(), ignore_index=IGNORE, reduction="none"
    )
    return losses.reshape(labels.shape).sum(1)


def divergence_sum(logits: Tensor, reference: Tensor, labels: Tensor, temperature: float = 1.0) -> Tensor:
    """Return the sum over all targets of KL(reference || model) at a temperature T, times T^2, in nats.

    No gradient reaches the reference. T^2 keeps the size of the gradients independent of T (Hinton et al. 2015).
    """
    chosen = labels != IGNORE
    log_p = functional.log_softmax(logits[chosen].float() / temperature, dim=-1)
    other = functional.log_softmax(reference[chosen].detach().float() / temperature, dim=-1)
    return functional.kl_div(log_p, other, reduction="sum", log_target=True) * temperature**2


def token_margins(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Return the margins z_y - log sum_{k != y} exp(z_k) of all targets in nats, float32 [B, n], and which are right.

    A target is right if its logit is above all others. Positions without a target have 0 and False. log p_y =
    log sigmoid(margin), exact even where p_y rounds to 1. A target with a non-finite logit has NaN.
    """
    flat, flat_labels = logits.flatten(0, 1), labels.flatten()
    margins = torch.zeros(flat_labels.shape, device=logits.device)
    correct = torch.zeros(flat_labels.shape, dtype=torch.bool, device=logits.device)
    # copy some logits at a time: with long contexts a copy of all would not fit on a device
    at_a_time = max(1, MOST_LOGITS.get(logits.device.type, 2**22) // logits.shape[-1])
    for chosen in (flat_labels != IGNORE).nonzero()[:, 0].split(at_a_time):
        z, label = flat[chosen].float(), flat_labels[chosen][:, None]
        finite = z.sum(-1, keepdim=True).isfinite()
        true = z.gather(1, label)
        # overwriting our copy of the logits is three times as fast as logsumexp and argmax
        highest = z.scatter_(1, label, -torch.inf).amax(-1, keepdim=True)
        others = z.sub_(highest).exp_().sum(-1, keepdim=True).log_().add_(highest)
        correct[chosen] = (true > highest)[:, 0]
        margins[chosen] = torch.where(finite, true - others, torch.nan)[:, 0]
    return margins.reshape(labels.shape), correct.reshape(labels.shape)
