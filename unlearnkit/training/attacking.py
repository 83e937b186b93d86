"""Attacked models: one attack applied to the models of one shard, whatever they were before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from unlearnkit import registry
from unlearnkit.artifacts.weights import State
from unlearnkit.data.images.batches import batch_of_one_explained
from unlearnkit.errors import TrainingError
from unlearnkit.training.precision import products
from unlearnkit.training.recorder import Recorder
from unlearnkit.training.sets import Sets, UnlearningSplit
from unlearnkit.training.shard import ShardResult, StackResults, Task, Worker, run_shard
from unlearnkit.training.unlearning import Context

ROLE = "attacked"
"""Role in the seeds: that of all attacked models, so that a model and the oracle of its index meet the same draws."""


@dataclass(frozen=True)
class Attack:
    """A registered attack with its settings."""

    name: str
    settings: Any

    @classmethod
    def of(cls, name: str, settings: Any) -> Attack:
        """Return an attack with the settings that a slice states."""
        return cls(name, registry.load("attack", name).Settings.model_validate(settings))

    @property
    def last(self) -> int:
        """The last epoch or step, 0 without any."""
        return getattr(self.settings, "epochs", getattr(self.settings, "steps", 0))


def attack_shard(
    task: Task,
    attack: Attack,
    split: UnlearningSplit,
    *,
    state_of: Callable[[int], State],
    model_indices: Sequence[int],
    worker: Worker,
) -> ShardResult:
    """Attack the models `model_indices`, whose whole states `state_of` gives; keep what comes of them.

    `split` says what they were to forget. The seeds of a run derive from (base seed, "attacked", model index): all
    attacks see the same draws of a set for the same index, whatever the model is. Raises TrainingError for more `items`
    than the forget set has.
    """
    module = registry.load("attack", attack.name)
    items = getattr(attack.settings, "items", None)
    if isinstance(items, int) and items > len(split.forget):
        raise TrainingError(
            f"{attack.name} asks for {items} items of a forget set of {len(split.forget)}",
            expected=f"items of at most {len(split.forget)}",
            remedy="lower `items` of the attack, or leave this forget set out",
        )
    stack_size = (worker.stack_size or task.architecture.stack_size) if module.STACKABLE else 1

    def run_stack(indices: tuple[int, ...], name: str) -> StackResults:
        models = [task.architecture.load(state_of(index)) for index in indices]
        model = task.architecture.gather(models, worker.device).eval()
        return run_attack(task, attack, split, model, indices, worker, name)

    return run_shard(model_indices, stack_size, worker, run_stack)


def run_attack(
    task: Task,
    attack: Attack,
    split: UnlearningSplit,
    model: nn.Module,
    model_indices: tuple[int, ...],
    worker: Worker,
    name: str = "models",
) -> StackResults:
    """Apply an attack to one model or stack; return what comes of it, with its cost.

    `name` is the beginning of the names of what the run saves in the resume folder. Raises TrainingError if batch norm
    meets a batch of one sample.
    """
    module = registry.load("attack", attack.name)
    data = _sets(task, split, registry.views_of(module), model_indices)
    unit = "step" if hasattr(attack.settings, "steps") else "epoch"
    recorder = Recorder((attack.last,), len(model_indices), worker, unit, name)
    context = Context(
        generators=task.generators(ROLE, model_indices, "attack"),
        training=None,
        fresh=lambda member=0: task.fresh(f"{ROLE}/{member}", model_indices, worker.device),
        adapter=task.architecture.adapter,
        original=model,
        references={},
        keep=recorder.keep,
        note=recorder.note,
        report=worker.report,
        micro_batch_size=worker.micro_batch_size,
        checkpoints=recorder.checkpoints(),
        set_name=data.name_of,
    )
    recorder.context, recorder.data = context, data
    with products(), batch_of_one_explained(f"{attack.name} with {attack.settings} draws from the sets"):
        attacked = module.attack(model, data, attack.settings, context)
    return recorder.finish(attacked, attack.name)


def _sets(task: Task, split: UnlearningSplit, views: Sequence[str], model_indices: Sequence[int]) -> Sets[Any]:
    """Return the sets of a split, to draw from by the seeds of attacked models."""

    def draws(rows: Tensor, stage: str) -> Any:
        return task.kind.draws(task.source, rows, task.generators(ROLE, model_indices, stage), stage)

    return Sets(
        draws(split.retain, "retain_batches"),
        draws(split.forget, "forget_batches"),
        {name: draws(split.views[name], name) for name in views},
    )
