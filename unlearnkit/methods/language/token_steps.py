"""The loop of methods for language models: AdamW steps along a sum of losses, each of batches of one set."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn, optim

from unlearnkit.config.methods.language import LanguageSettings
from unlearnkit.data.text.sequences import Sequences
from unlearnkit.methods.language.multiplier import Multiplier
from unlearnkit.methods.language.token_guard import Guard
from unlearnkit.methods.language.token_state import captured, restored
from unlearnkit.methods.language.watch import Watch
from unlearnkit.training.language.step_arithmetic import StepArithmetic
from unlearnkit.training.language.token_losses import targets
from unlearnkit.training.precision import autocast, products
from unlearnkit.training.processes.distributed import decided, total
from unlearnkit.training.processes.gradients import added
from unlearnkit.training.processes.group import Group
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

    def share(self, group: Group) -> TokenBatch:
        """Return the sequences of this process, rank, rank + size, ... of the batch; there may be none."""
        share, paired = slice(group.rank, None, group.size), self.paired and self.paired.share(group)
        return replace(self, inputs=self.inputs[share], labels=self.labels[share], paired=paired)

    def parts(self, size: int | None) -> Iterator[TokenBatch]:
        """Yield the batch in parts of at most `size` sequences, each with its own of `paired`; None: all of it."""
        if not len(self.inputs):
            return
        size = size or len(self.inputs)
        paired = self.paired.parts(size) if self.paired else itertools.repeat(None)
        for inputs, labels, partners in zip(self.inputs.split(size), self.labels.split(size), paired, strict=False):
            yield replace(self, inputs=inputs, labels=labels, paired=partners)


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


def descend(
    model: nn.Module,
    terms: Sequence[Term],
    settings: LanguageSettings,
    context: Context,
    *,
    beta2: float = 0.999,
    watch: Watch | None = None,
) -> nn.Module:
    """Return a copy of `model`, in eval mode, after `settings.steps` steps that decrease the sum of the `terms`.

    Every step takes one batch of the set of each term; a set is reshuffled in every pass, by the generator of its
    draws alone, so the pairing of retain and forget batches depends only on seed, model and step. Each term is
    differentiated separately, in parts of `context.micro_batch_size` sequences, so only the activations of one part are
    held. Matrices decay, vectors do not. Each process of `context.group` takes its share of every batch.

    The run stops, and says so, before a step that would spoil the model (`Guard`), or where a `watch` stops it. It goes
    on where an interrupted one was saved (`context.checkpoints`), on a CPU to the same bits. A step whose batches are
    all empty is none. `beta2` is that of AdamW.
    """
    return _Descent(copy.deepcopy(model), terms, settings, context, beta2, watch).run()


class _Descent:
    """One run of the loop, from the original's weights or from where an interrupted one was saved."""

    def __init__(
        self,
        model: nn.Module,
        terms: Sequence[Term],
        settings: LanguageSettings,
        context: Context,
        beta2: float,
        watch: Watch | None,
    ) -> None:
        self.model, self.terms, self.settings, self.context, self.watch = model, terms, settings, context, watch
        matrices = [parameter for parameter in model.parameters() if parameter.ndim > 1]
        vectors = [parameter for parameter in model.parameters() if parameter.ndim <= 1]
        groups = [{"params": matrices}, {"params": vectors, "weight_decay": 0.0}]
        decay = settings.weight_decay
        self.optimizer = optim.AdamW(groups, lr=settings.lr, betas=(0.9, beta2), weight_decay=decay)
        self.batches = [term.draws.endless(settings.batch_size) for term in terms]
        self.drawn = [0] * len(terms)
        self.guard = Guard(context.note, settings.max_retain_loss)

    def run(self) -> nn.Module:
        settings, context = self.settings, self.context
        for term in self.terms:
            context.report(_arithmetic(term, settings, context).line())
        if settings.steps < FEW_STEPS:
            context.note(
                f"takes {settings.steps} steps; after fewer than {FEW_STEPS}, methods can hardly be told apart"
            )
        stored = context.checkpoints.load()
        first = self._restore(stored) if stored else self._begin()
        with products(settings.precision):
            for step in range(first + 1, settings.steps + 1):
                self._step(step)
                self._end(step)
                if step < settings.steps and decided(context.group, context.checkpoints.due()):
                    context.checkpoints.save(self._captured(step))
        self.guard.weights(self.model)
        return self.model.eval()

    def _begin(self) -> int:
        """Let the watch see the model before the first step, and return how many steps were taken."""
        if self.watch is not None:
            self.guard.stopped = decided(self.context.group, self.watch.begin(self.model))
        return 0

    def _end(self, step: int) -> None:
        """State that a step is over."""
        if self.watch is None:
            self.context.end_epoch(step, self.model)
        elif decided(self.context.group, self.watch.end(step, self.model, self.guard.stopped)):
            self.guard.stopped = True

    def _step(self, step: int) -> None:
        """Take a step, unless the guard has stopped the run or stops it now."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate_of(self.settings, step)
        self.model.train()
        self.optimizer.zero_grad(set_to_none=True)
        some = False
        for number, term in enumerate(self.terms):
            if self.guard.stopped or not term.turn(step):
                continue
            batch = term.batch(*self._next(number))
            if not batch.sequences:
                continue
            loss, some = self._differentiate(term, batch), True
            self.guard.loss(step, self.context.set_name(term.draws), loss, term.max_nll)
            if term.multiplier is not None and not self.guard.stopped:
                term.multiplier.move(step, loss)
        if self.guard.stopped or not some:
            return
        added(self.context.group, self.model.parameters())
        if self.guard.gradient(step, self._clipped()):
            self.optimizer.step()

    def _next(self, number: int) -> Any:
        """Return the next batch of the set of a term."""
        self.drawn[number] += 1
        return next(self.batches[number])

    def _differentiate(self, term: Term, batch: TokenBatch) -> float:
        """Add the gradient of a term to those of the model, and return its loss, without its weight.

        Of several processes each adds the gradient of its share; the loss is that of the whole batch.
        """
        context, device, before = self.context, batch.inputs.device, self.context.other_passes
        summed = torch.zeros((), device=device)
        for part in batch.share(context.group).parts(context.micro_batch_size):
            with autocast(self.settings.precision, device):
                loss = term.loss(self.model, part)
            (term.factor() * loss).backward()
            summed += loss.detach()
        if context.group.size > 1:
            context.other_passes = before + total(
                context.group, torch.tensor(context.other_passes - before, dtype=torch.float64)
            )
        return total(context.group, summed)

    def _clipped(self) -> float:
        """Return the norm of the gradient of all parameters together, after limiting it."""
        if self.settings.clip is not None:
            return float(nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip))
        gradients = [parameter.grad for parameter in self.model.parameters() if parameter.grad is not None]
        return float(nn.utils.get_total_norm(gradients))

    def _captured(self, step: int) -> dict[str, Tensor]:
        """Return what the rest of the run depends on, after a step."""
        dual = [term.multiplier.value for term in self.terms if term.multiplier is not None]
        counts = {"step": step, "stopped": self.guard.stopped, "drawn": self.drawn}
        return {
            **captured(self.model, self.optimizer, self.context.generators),
            **{name: torch.tensor(value) for name, value in counts.items()},
            **(self.watch.captured() if self.watch is not None else {}),
            "multipliers": torch.tensor(dual, dtype=torch.float64),
        }

    def _restore(self, stored: Mapping[str, Tensor]) -> int:
        """Return to the state that was captured after a step, and return that step.

        The sets draw again what they had drawn, in the same order, so no state of theirs is stored.
        """
        restored(stored, self.model, self.optimizer, self.context.generators)
        self.guard.stopped = bool(stored["stopped"])
        multipliers = (term.multiplier for term in self.terms if term.multiplier is not None)
        for multiplier, value in zip(multipliers, stored["multipliers"].tolist(), strict=True):
            multiplier.value = value
        step, drawn = int(stored["step"]), stored["drawn"].tolist()
        for earlier in range(1, step + 1):
            for number, term in enumerate(self.terms):
                if term.turn(earlier) and self.drawn[number] < drawn[number]:
                    self._next(number)
        if self.watch is not None:
            self.watch.restored(stored)
        return step


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
        processes=context.group.size,
    )


def rate_of(settings: LanguageSettings, step: int) -> float:
    """Return the learning rate of step 1, 2, ..., `settings.steps`."""
    if step <= settings.warmup_steps:
        return settings.lr * step / settings.warmup_steps
    rest = (step - settings.warmup_steps - 1) / max(1, settings.steps - settings.warmup_steps)
    return settings.lr * (1 - rest) if settings.schedule == "linear" else settings.lr
