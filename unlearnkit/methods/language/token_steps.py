"""The loop of methods for language models: AdamW steps along a sum of losses, each of batches of one set."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn, optim

from unlearnkit.config.methods.language import LanguageSettings
from unlearnkit.data.text.sequences import Sequences
from unlearnkit.methods.language.multiplier import Multiplier
from unlearnkit.training.language.step_arithmetic import StepArithmetic
from unlearnkit.training.language.token_losses import targets
from unlearnkit.training.unlearning import Context

FEW_STEPS = 20
"""Below that many steps models are close to the original whatever the method, so tables say little about methods."""


@dataclass(frozen=True)
class TokenBatch:
    """Sequences of one set, and the numbers that losses divide by.

    inputs, labels  int64 [B, n]; labels are IGNORE where there is no target
    targets         targets of the whole batch of the step, a scalar int64
    sequences       sequences of the whole batch of the step
    paired          of a set of pairs whose answers are replaced, the same pairs with their true answers; else None

    Losses are sums over targets or sequences divided by these numbers. So those of the parts of a batch add up to that
    of the batch, whatever the parts.
    """

    inputs: Tensor
    labels: Tensor
    targets: Tensor
    sequences: int
    paired: TokenBatch | None = None

    @classmethod
    def whole(
        cls, inputs: Tensor, labels: Tensor, true_inputs: Tensor | None = None, true_labels: Tensor | None = None
    ) -> TokenBatch:
        """Return a batch that is all of its step, with the pairs' true answers where the set hands them out."""
        paired = None if true_inputs is None or true_labels is None else cls.whole(true_inputs, true_labels)
        return cls(inputs, labels, targets(labels), len(inputs), paired)

    def parts(self, size: int | None) -> Iterator[TokenBatch]:
        """Yield the batch in parts of at most `size` sequences, each with its own of `paired`; None: all of it."""
        size = size or len(self.inputs)
        paired = self.paired.parts(size) if self.paired else itertools.repeat(None)
        for inputs, labels, own in zip(self.inputs.split(size), self.labels.split(size), paired, strict=False):
            yield replace(self, inputs=inputs, labels=labels, paired=own)


Loss = Callable[[nn.Module, TokenBatch], Tensor]
"""(model, batch) -> scalar."""


@dataclass(frozen=True)
class Term:
    """A part of the objective: `weight` times the `loss` of batches of one set, in the steps whose `turn` it is.

    With `max_nll` the loss is minus a mean of -log p, nats, and training stops before a step in which that mean is
    larger, or not a number. `counted` says which labels of a batch count, the others become IGNORE. A `multiplier`
    multiplies the weight and moves once per step, by the loss of the whole batch.
    """

    draws: Sequences
    loss: Loss
    weight: float = 1.0
    max_nll: float | None = None
    turn: Callable[[int], bool] = lambda _: True
    counted: Callable[[Tensor], Tensor] = lambda labels: labels
    multiplier: Multiplier | None = None

    def batch(self, inputs: Tensor, labels: Tensor, *true: Tensor) -> TokenBatch:
        """Return the batch of a step from what its set draws."""
        return TokenBatch.whole(inputs, self.counted(labels), *true)

    def factor(self) -> float:
        """Return what the loss is multiplied by in the next step."""
        return self.weight if self.multiplier is None else self.weight * self.multiplier.value


def descend(model: nn.Module, terms: Sequence[Term], settings: LanguageSettings, context: Context) -> nn.Module:
    """Return a copy of `model`, in eval mode, after `settings.steps` steps that decrease the sum of the `terms`.

    Every step takes one batch of the set of each term; a set is reshuffled in every pass, by the generator of its
    draws alone, so the pairing of retain and forget batches depends only on seed, model and step. Each term is
    differentiated separately, in parts of `context.micro_batch_size` sequences, so only the activations of one part are
    held. Matrices decay, vectors do not.
    """
    model = copy.deepcopy(model)
    matrices = [parameter for parameter in model.parameters() if parameter.ndim > 1]
    vectors = [parameter for parameter in model.parameters() if parameter.ndim <= 1]
    groups = [{"params": matrices}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = optim.AdamW(groups, lr=settings.lr, weight_decay=settings.weight_decay)
    for term in terms:
        context.report(_arithmetic(term, settings, context).line())
    if settings.steps < FEW_STEPS:
        context.note(f"takes {settings.steps} steps; after fewer than {FEW_STEPS}, methods can hardly be told apart")
    batches = [term.draws.endless(settings.batch_size) for term in terms]
    stopped = False
    for step in range(1, settings.steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = rate_of(settings, step)
        model.train()
        optimizer.zero_grad(set_to_none=True)
        for term, drawn in zip(terms, batches, strict=True):
            if stopped or not term.turn(step):
                continue
            loss = _differentiate(model, term, term.batch(*next(drawn)), context.micro_batch_size)
            stopped = term.max_nll is not None and _passed(-loss.item(), term.max_nll, step, context)
            if term.multiplier is not None:
                term.multiplier.move(step, loss.item())
        if not stopped:
            if settings.clip is not None:
                nn.utils.clip_grad_norm_(model.parameters(), settings.clip)
            optimizer.step()
        context.end_epoch(step, model)
    return model.eval()


def _arithmetic(term: Term, settings: LanguageSettings, context: Context) -> StepArithmetic:
    """Return the numbers of the steps whose turn a term is; the rate warms up in the first of all steps."""
    lengths = term.draws.tokens.text_set.lengths[term.draws.indices.numpy().ravel()]
    turns = [step for step in range(1, settings.steps + 1) if term.turn(step)]
    return StepArithmetic.of(
        sequences=len(term.draws),
        mean_length=float(lengths.mean()),
        batch_size=settings.batch_size,
        most=context.micro_batch_size,
        steps=len(turns),
        warmup_steps=sum(step <= settings.warmup_steps for step in turns),
    )


def rate_of(settings: LanguageSettings, step: int) -> float:
    """Return the learning rate of step 1, 2, ..., `settings.steps`."""
    if step <= settings.warmup_steps:
        return settings.lr * step / settings.warmup_steps
    rest = (step - settings.warmup_steps - 1) / max(1, settings.steps - settings.warmup_steps)
    return settings.lr * (1 - rest) if settings.schedule == "linear" else settings.lr


def _differentiate(model: nn.Module, term: Term, batch: TokenBatch, size: int | None) -> Tensor:
    """Add the gradient of a term to those of the model, and return its loss, without its weight."""
    total = torch.zeros((), device=batch.inputs.device)
    for part in batch.parts(size):
        loss = term.loss(model, part)
        (term.factor() * loss).backward()
        total += loss.detach()
    return total


def _passed(nll: float, limit: float, step: int, context: Context) -> bool:
    """Return whether a mean loss is beyond its limit, and say so."""
    if nll <= limit:
        return False
    what = f"{nll:.3f} nats, beyond {limit:.3f}" if math.isfinite(nll) else "not finite"
    context.note(f"stopped before step {step}: the mean loss of its forget batch is {what}")
    return True
