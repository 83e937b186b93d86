"""The training loop of one language model, from fresh weights to the last step, resumable between any two steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from unlearnkit.config.training.text_recipe import TextRecipe
from unlearnkit.data.text.sequences import IGNORE, Tokens
from unlearnkit.errors import TrainingError
from unlearnkit.models.adapter import Adapter
from unlearnkit.training.language.text_optimisation import TextOptimizer
from unlearnkit.training.language.token_losses import token_sum
from unlearnkit.training.language.training_order import TrainingOrder
from unlearnkit.training.precision import autocast
from unlearnkit.training.processes.distributed import join, meeting, micro_batches, part_like, total, whole
from unlearnkit.training.shard import Worker

TrainingState = Mapping[str, np.ndarray]
"""Everything that the rest of a run depends on, between two steps: weights, optimiser state and step."""


@dataclass(frozen=True)
class Step:
    """A completed step: its number (1, 2, ...), input tokens and rate, and two functions that take time.

    `loss()` and `capture()` wait for the device and for the other processes, so all processes must call them.
    """

    number: int
    tokens: int
    lr: float
    loss: Callable[[], float]
    capture: Callable[[], dict[str, np.ndarray]]


def fit_text(
    model: nn.Module,
    adapter: Adapter,
    tokens: Tokens,
    training_order: TrainingOrder,
    recipe: TextRecipe,
    worker: Worker,
    *,
    end_step: Callable[[Step], None],
    resume: TrainingState | None = None,
) -> nn.Module:
    """Train `model` in place by `recipe` on the sequences of `training_order`, and return it in eval mode.

    A step descends the mean cross entropy over all targets of its sequences, however they are divided among processes
    and forward passes. `end_step` is called after each; `resume` is the state of training that it captured, from which
    training continues, on a CPU to the same bits. Raises TrainingError if the model is to be compiled and cannot be.
    """
    joined = join(worker.group, model, adapter)
    losses = _compiled(joined, tokens.device) if worker.compiled else _losses(joined)
    optimizer = TextOptimizer(model, adapter, recipe, training_order.steps)
    first = _restore(model, optimizer, resume) if resume else 0
    goes_on = tokens.within(training_order.rows)
    model.train()
    for step in range(first, training_order.steps):
        rows = training_order.of_step(step)
        lengths = tokens.text_set.lengths[rows.numpy()]
        targets = int(tokens.text_set.targets[rows.numpy()].sum() + goes_on[rows.numpy()].sum())
        shares = micro_batches(worker.group, rows, worker.micro_batch_size)
        loss = torch.zeros((), device=tokens.device)
        for number, share in enumerate(shares):
            inputs, labels = _batch(tokens, share, rows, goes_on)
            with meeting(worker.group, joined, last=number == len(shares) - 1):
                with autocast(recipe.precision, tokens.device):
                    part = losses(inputs, labels) / targets
                # the gradients of the processes are averaged, but should be added
                (part * worker.group.size).backward()
            loss += part.detach()
        if recipe.clip is not None:
            nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
        lr = optimizer.step(step)
        end_step(
            Step(
                step + 1,
                int(lengths.sum(dtype=np.int64)),
                lr,
                lambda loss=loss: total(worker.group, loss),
                lambda step=step: _capture(model, optimizer, step + 1),
            )
        )
    return model.eval()


def _batch(tokens: Tokens, share: Tensor, rows: Tensor, goes_on: np.ndarray) -> tuple[Tensor, Tensor]:
    """Return the batch of `share`; for an empty share, a sequence without targets, since all processes must meet."""
    if len(share):
        return tokens.batch(share, goes_on)
    inputs, labels = tokens.batch(rows[:1], goes_on)
    return inputs, torch.full_like(labels, IGNORE)


def _losses(model: nn.Module) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda inputs, labels: token_sum(model(inputs), labels)


def _compiled(model: nn.Module, device: torch.device) -> Callable[[Tensor, Tensor], Tensor]:
    """Return `_losses` with model and loss compiled separately, since processes meet inside the model."""
    forward, loss = torch.compile(model), torch.compile(token_sum)

    def losses(inputs: Tensor, labels: Tensor) -> Tensor:
        try:
            return loss(forward(inputs), labels)
        except Exception as error:
            # the compiler's errors have no common class
            if not type(error).__module__.startswith(("torch._dynamo", "torch._inductor")):
                raise
            raise TrainingError(
                f"the model cannot be compiled for {device}: {str(error).strip().splitlines()[0]}",
                expected="a compiler for this device: g++ for a CPU, Triton for a GPU",
                remedy="install it, or set execution.compile to false",
            ) from None

    return losses


def whole_state(model: nn.Module) -> dict[str, np.ndarray]:
    """Return the state of a model on the host; all processes that hold parts of it must call this."""
    return {name: _array(tensor) for name, tensor in model.state_dict().items()}


def _array(tensor: Tensor) -> np.ndarray:
    return whole(tensor.detach()).cpu().contiguous().numpy().copy()


def _capture(model: nn.Module, optimizer: TextOptimizer, step: int) -> dict[str, np.ndarray]:
    state = {f"model/{name}": array for name, array in whole_state(model).items()}
    state |= {f"optimizer/{name}": _array(tensor) for name, tensor in optimizer.state().items()}
    return {**state, "step": np.array(step)}


def _restore(model: nn.Module, optimizer: TextOptimizer, stored: TrainingState) -> int:
    parameters = dict(model.named_parameters())
    tensors = {name: torch.from_numpy(np.array(array)) for name, array in stored.items() if "/" in name}
    with torch.no_grad():
        for name, held in model.state_dict().items():
            held.copy_(part_like(tensors[f"model/{name}"], held))
    state = {}
    for key, tensor in tensors.items():
        if key.startswith("optimizer/"):
            name = key.removeprefix("optimizer/")
            parameter = parameters[name.rpartition("/")[0]]
            # counts of steps are whole in every process
            state[name] = part_like(tensor, parameter) if tensor.ndim else tensor.to(parameter.device)
    optimizer.load(state)
    return int(stored["step"])
