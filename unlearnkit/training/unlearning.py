"""Unlearned models: one method applied to the originals of one shard, with generators and cost per model."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from unlearnkit import registry
from unlearnkit.artifacts.attribution import Effects
from unlearnkit.artifacts.weights import DELTA, WeightFile
from unlearnkit.config.training.recipe import Recipe
from unlearnkit.data.images.batches import batch_of_one_explained
from unlearnkit.data.subset import Subset
from unlearnkit.errors import TrainingError
from unlearnkit.facts.passes import FORWARD_PASS
from unlearnkit.models.adapter import Adapter
from unlearnkit.models.parts import sharing
from unlearnkit.models.stochastic_depth import redraw
from unlearnkit.seeds import derive_seed
from unlearnkit.training.precision import products
from unlearnkit.training.processes.group import ALONE, Group
from unlearnkit.training.recorder import Checkpoints, Recorder
from unlearnkit.training.sets import Sets, UnlearningSplit
from unlearnkit.training.shard import Curve, ShardResult, StackResults, Task, Worker, run_shard
from unlearnkit.training.unlearning_recipe import UnlearningRecipe

ROLE = "unlearned"


def role_of(member: int) -> str:
    """Return the role of an unlearned model in the seeds of its fresh weights; only ensembles have members 1, 2, ..."""
    return f"{ROLE}/{member}" if member else ROLE


@dataclass
class Context:
    """What a method may use beside the model and its data.

    `generators` has one generator per model, `fresh()` returns newly initialised models (`fresh(1)`, `fresh(2)` others,
    for methods that train several), and `adapter` says where the parts of a model are. `references` holds what the
    method declares in NEEDS: "held_out_oracles", a model or stack that matches the given one, "oracle_pool", which
    takes an index per model and returns those held-out oracles as a model or stack, "attribution", the `Effects` of
    the forget set, and "tokenizer", the path of that of the data, for functions of `training.language`.

    `note(text)` puts a sentence about these models into the job's log and into the provenance of the weights,
    `report(text)` one into the log alone. Language models run forward passes of at most `micro_batch_size` sequences,
    if it is set, and a `group` of processes may share the batches of one model; the loop of their methods observes
    both, and stops and goes on by `checkpoints`. `set_name` returns the name of the set that draws belong to. A method
    that judges single samples between its epochs puts what it saw into the model's curve by `record`: columns by name,
    to which every call adds rows (`unlearnkit.artifacts.stops`).
    """

    generators: Sequence[torch.Generator]
    training: Recipe | None
    fresh: Callable[..., nn.Module]
    adapter: Adapter
    original: nn.Module
    references: Mapping[str, Any]
    keep: Callable[[int, nn.Module], None]
    note: Callable[[str], None] = field(default=lambda _: None)
    report: Callable[[str], None] = field(default=lambda _: None)
    micro_batch_size: int | None = None
    group: Group = ALONE
    checkpoints: Checkpoints = field(default_factory=Checkpoints)
    set_name: Callable[[Subset], str] = field(default=lambda _: "next")
    record: Callable[[Curve], None] = field(default=lambda _: None)
    other_passes: float = field(default=0.0)
    timed: bool = field(default=True)

    @property
    def recipe(self) -> Recipe:
        """The recipe of the originals; raises TrainingError unless the method declares that it needs it."""
        if self.training is None:
            raise TrainingError("the method asks for the training recipe", remedy="add 'recipe' to its NEEDS")
        return self.training

    def end_epoch(self, epoch: int, model: nn.Module) -> None:
        """State that `epoch` (1, 2, ...) is over: a snapshot, if declared; the last is what `unlearn` returns."""
        self.keep(epoch, model)

    def count(self, passes: float, *, made: bool = True) -> None:
        """Add sample passes of each model that no `Samples` has counted (a forward pass alone counts FORWARD_PASS).

        If they are expected and not `made`, their seconds are unknown, so those of the method are not stated.
        """
        self.other_passes += passes
        self.timed = self.timed and made

    def reference(self) -> Callable[[Tensor], Tensor]:
        """Return the original, frozen and in eval mode: images -> logits, whose calls count as cost.

        It shares the weights of the model that the method was given, so they are there once. Where requests come one
        after another, it is that model or the original, as the configuration says.
        """
        return self._frozen(sharing(self.original).eval())

    def teacher(self, model: nn.Module) -> Callable[[Tensor], Tensor]:
        """Return a frozen copy of another model than the original, as `reference` does."""
        return self._frozen(copy.deepcopy(model).eval().requires_grad_(False))

    def _frozen(self, model: nn.Module) -> Callable[[Tensor], Tensor]:
        def logits(images: Tensor) -> Tensor:
            self.count(FORWARD_PASS * images.shape[1 if len(self.generators) > 1 else 0])
            with torch.no_grad():
                return model(images)

        return logits


def unlearn_shard(
    task: Task,
    recipe: UnlearningRecipe,
    split: UnlearningSplit | Sequence[UnlearningSplit],
    *,
    originals: WeightFile,
    held_out_oracles: WeightFile | None,
    model_indices: Sequence[int],
    worker: Worker,
    oracle_pool: Sequence[WeightFile] = (),
    effects: Effects | None = None,
    reference: WeightFile | None = None,
    tokenizer: str | None = None,
) -> ShardResult:
    """Unlearn the forget set from the originals `model_indices` and keep the models at the recipe's snapshots.

    `split` is that of all models, or one per model, which then run one at a time: so a method never meets samples
    that differ within a stack.

    Where all models start from original 0, `originals` is the file with that one. `held_out_oracles` is the file with
    the same indices, `oracle_pool` are those with the oracles that the method may draw from, and `effects` are what an
    attribution states about the forget set: each if the method needs it. `reference` is a file with the same indices,
    where `context.reference()` is another model than the method starts from. `tokenizer` is the path of that of the
    data, for methods that need it.

    The seeds of a run derive from (base seed, "unlearned", model index): all methods see the same draws of a set for
    the same model.
    """
    module = registry.load("method", recipe.method)
    together = module.STACKABLE and isinstance(split, UnlearningSplit)
    stack_size = (worker.stack_size or task.architecture.stack_size) if together else 1
    position = {index: number for number, index in enumerate(model_indices)}

    def gathered(files: Sequence[WeightFile], indices: Sequence[int]) -> nn.Module:
        models = [task.architecture.load(_file_with(index, files).state(index)) for index in indices]
        return task.architecture.gather(models, worker.device).eval()

    def first_originals(indices: Sequence[int]) -> nn.Module:
        models = [task.architecture.load(originals.state(0)) for _ in indices]
        for index, model in zip(indices, models, strict=True):
            redraw(model, derive_seed(task.base_seed, ROLE, index, "stochastic_depth"))
        return task.architecture.gather(models, worker.device).eval()

    def run_stack(indices: tuple[int, ...], name: str) -> StackResults:
        model = first_originals(indices) if recipe.from_first else gathered([originals], indices)
        references: dict[str, Any] = {"oracle_pool": partial(gathered, oracle_pool), "attribution": effects}
        references["tokenizer"] = tokenizer
        if held_out_oracles:
            references["held_out_oracles"] = gathered([held_out_oracles], indices)
        of_stack = split if isinstance(split, UnlearningSplit) else split[position[indices[0]]]
        original = gathered([reference], indices) if reference else model
        return run_method(task, recipe, of_stack, model, references, indices, worker, name, original)

    result = run_shard(model_indices, stack_size, worker, run_stack)
    if registry.weights_of(module) == DELTA:
        result.base_of = lambda index: originals.state(0 if recipe.from_first else index)
    return result


def _file_with(index: int, files: Sequence[WeightFile]) -> WeightFile:
    """Return the file that holds a model; if none does, the last one, which then reports it."""
    return next((file for file in files if index in file.model_indices), files[-1])


def run_method(
    task: Task,
    recipe: UnlearningRecipe,
    split: UnlearningSplit,
    model: nn.Module,
    references: Mapping[str, Any],
    model_indices: tuple[int, ...],
    worker: Worker,
    name: str = "models",
    original: nn.Module | None = None,
) -> StackResults:
    """Apply a method to one model or stack (the originals `model_indices`); return what it kept, with its cost.

    `name` is the beginning of the names of what the run saves in the resume folder, in case it is interrupted.
    `original` is what `context.reference()` freezes, if that is not `model` itself.

    Raises TrainingError if batch norm meets a batch of one sample, or if the method misses one of its snapshots.
    """
    unit = "step" if hasattr(recipe.settings, "steps") else "epoch"
    module = registry.load("method", recipe.method)
    data = sets_of(task, split, registry.views_of(module), model_indices)
    recorder = Recorder(recipe.snapshots, len(model_indices), worker, unit, name)
    context = Context(
        generators=task.generators(ROLE, model_indices, "method"),
        training=recipe.training,
        fresh=lambda member=0: task.fresh(role_of(member), model_indices, worker.device),
        adapter=task.architecture.adapter,
        original=model if original is None else original,
        references=references,
        keep=recorder.keep,
        note=lambda text: recorder.note(f"{_named(model_indices)}: {text}"),
        report=lambda text: worker.report(f"{_named(model_indices)}: {text}"),
        micro_batch_size=worker.micro_batch_size,
        group=worker.group,
        checkpoints=recorder.checkpoints(),
        set_name=data.name_of,
        record=recorder.record,
    )
    recorder.context, recorder.data = context, data
    sizes = f"{len(split.retain)} retain and {len(split.forget)} forget samples"
    with products(), batch_of_one_explained(f"{recipe.method} with {recipe.settings} divides {sizes}"):
        unlearned = module.unlearn(model, data, recipe.settings, context)
    return recorder.finish(unlearned, recipe.method)


def sets_of(task: Task, split: UnlearningSplit, views: Sequence[str], model_indices: Sequence[int]) -> Sets[Any]:
    """Return the retain set, the forget set and the named `views` of a split, to draw from for every model."""

    if missing := [name for name in views if name not in split.views]:
        raise TrainingError(
            f"the method reads data.{missing[0]}, and the data set has no rows under this name",
            expected=f"one of {', '.join(split.views)}",
            remedy="correct VIEWS of the data set, or those of the method",
        )

    def draws(rows: Tensor, stage: str) -> Any:
        return task.kind.draws(task.source, rows, task.generators(ROLE, model_indices, stage), stage)

    return Sets(
        draws(split.retain, "retain_batches"),
        draws(split.forget, "forget_batches"),
        {name: draws(split.views[name], name) for name in views},
    )


def _named(model_indices: Sequence[int]) -> str:
    first, last = model_indices[0], model_indices[-1]
    return f"model {first}" if first == last else f"models {first}-{last}"
