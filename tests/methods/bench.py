"""A bench on digits or on made text: originals, held-out oracles and a forget set, on which a method can be run."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from unlearnkit import registry
from unlearnkit.artifacts.attribution import Effects
from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.artifacts.weights import DELTA, State, WeightFile, write_weights
from unlearnkit.config.blocks import declared
from unlearnkit.config.training.recipe import Recipe
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.data.text.text_set import TextSet
from unlearnkit.models.building import states_of
from unlearnkit.models.low_rank import composed
from unlearnkit.training.sets import Sets, UnlearningSplit
from unlearnkit.training.setup import task_for
from unlearnkit.training.shard import ShardResult, StackResults, Task, Worker
from unlearnkit.training.unlearning import ROLE, Context, role_of, run_method, sets_of, unlearn_shard
from unlearnkit.training.unlearning_recipe import UnlearningRecipe

RECIPE = Recipe.model_validate({"epochs": 3, "batch_size": 64, "lr": 0.05, "warmup_epochs": 1})
CPU = torch.device("cpu")
HELD_OUT = 50
"""Seed of the first held-out oracle; originals have the seeds 0, 1, 2."""

SHORT = {
    "epochs": 2,
    "steps": 5,
    "oracles": 2,
    "pool": 3,
    "shards": 2,
    "slices": 2,
    "slice_epochs": 2,
    "classes": 2,
    # at the published 10 no weight of a fresh perceptron is selected
    "selection": 2.0,
    # the published 7 is beyond the models of a bench
    "layer": 0,
    # fresh models know nothing, so a run may not stop for that, and sequences have 9 tokens at most
    "max_likelihood": 0.0,
    "n": 2,
    "first_prefix": 1,
    # two tokens of each, and none of them unlike the text
    "prefix": 1,
    "suffix": 1,
    "min_bleu": 0.0,
    "min_bert_score": -1.0,
}
"""Settings of a bench unless told otherwise, of the methods that have them: little work, few references."""

OWN = {"llmu": {"batch_size": 8}}
"""Further ones of a method, whose published batches are too small for five steps to pass over the forget set."""

ONE_BY_ONE = {"ga", "graddiff", "ga_kl", "npo", "token_scrub", "token_fine_tune"}
BRIEFLY = {name for name in registry.METHODS if registry.tasks_of(declared("method", name)) == ("text",)} - ONE_BY_ONE
"""Methods that add a loss to a loop that others share: `make test` tries all promises of one at once, on one model, and
`make test-full` each promise by itself."""

SMALL = {"layers": 1, "width": 16, "heads": 2}
"""Settings of the language models of a bench."""

SMALL_IMAGES = {
    "vit_b": {"patch_size": 4, "layers": 2, "width": 12, "heads": 2, "mlp_width": 16},
    "swin_t": {"patch_size": 2, "window": 2, "width": 6, "depths": [1, 2], "heads": [1, 2]},
}
"""Settings of models for images; others have their defaults."""

_numbers = itertools.count()


ROUNDING = 3e-5
"""How far a weight of a perceptron may differ between stacks of other sizes. Measured for every method of the bench on
seven choices of instruction sets: 4e-6 where single models had another product than stacks, and 0 with the same."""


def same(first: State, second: State) -> bool:
    """Return whether two states are equal to the bit."""
    return first.keys() == second.keys() and all(np.array_equal(first[name], second[name]) for name in first)


def close(first: State, second: State) -> bool:
    """Return whether two states of a perceptron are equal to rounding."""
    return first.keys() == second.keys() and all(
        np.allclose(first[name], second[name], rtol=0, atol=ROUNDING) for name in first
    )


@dataclass(frozen=True)
class Bench:
    """One architecture with originals 0, 1, 2 and matching held-out oracles, ready for any method.

    The data set is an `ImageSet` or a `TextSet`, as the architecture wants it.
    """

    dataset: Any
    architecture: str
    forget: np.ndarray
    folder: Path
    base_seed: int = 0
    device: torch.device = CPU

    @cached_property
    def task(self) -> Task:
        """Data, architecture and base seed."""
        small = SMALL if isinstance(self.dataset, TextSet) else SMALL_IMAGES.get(self.architecture, {})
        return task_for(self.dataset, {"name": self.architecture, **small}, self.base_seed, self.device)

    @property
    def split(self) -> UnlearningSplit:
        """Retain set and forget set; of text every forget sequence has a partner."""
        split = UnlearningSplit.of(self.dataset, self.forget)
        if not isinstance(self.dataset, TextSet):
            return split
        partners = split.retain[7 : 7 + len(split.forget)]
        return replace(split, views={**split.views, "partners": partners})

    def model(self, seed: int = 0) -> nn.Module:
        """Return a freshly drawn model, laid out as the engine does it, but in train mode: methods must switch."""
        return self.task.architecture.gather([self.task.architecture.build(seed)], self.device).train()

    def settings(self, method: str, **settings: Any) -> Any:
        """Return settings of a method, short unless told otherwise."""
        kind = registry.load("method", method).Settings
        return kind.model_validate(
            {key: SHORT[key] for key in SHORT.keys() & kind.model_fields} | OWN.get(method, {}) | settings
        )

    @property
    def effects(self) -> Effects:
        """Random effects on every sample, and on the forget samples by themselves."""
        effect = (
            np.random.default_rng(0).standard_normal((sum(self.dataset.split_sizes.values()), 10)).astype(np.float32)
        )
        own = np.zeros_like(effect)
        own[self.forget] = effect[self.forget] / 2
        return Effects(effect, own)

    @property
    def references(self) -> dict[str, Any]:
        """What original 0 may be compared with, under the names of NEEDS."""
        return {
            "held_out_oracles": self.model(HELD_OUT),
            "attribution": self.effects,
            "oracle_pool": lambda indices: self.model(HELD_OUT + indices[0]).eval(),
            "tokenizer": self.tokenizer,
        }

    @property
    def tokenizer(self) -> str | None:
        """The file of a tokenizer whose tokens are words, for text."""
        return word_tokenizer(self.dataset.vocabulary_size, self.folder) if isinstance(self.dataset, TextSet) else None

    def recipe(self, method: str, snapshots: Sequence[int] | None = None, **settings: Any) -> UnlearningRecipe:
        """Return a recipe that keeps the model after its last epoch, unless `snapshots` says otherwise."""
        chosen = self.settings(method, **settings)
        by_recipe = hasattr(registry.load("method", method), "LAST_EPOCH")
        last = RECIPE.epochs if by_recipe else getattr(chosen, "epochs", getattr(chosen, "steps", 0))
        return UnlearningRecipe(method, chosen, tuple(snapshots or (last,)), RECIPE)

    def worker(self, stack_size: int | None = None) -> Worker:
        """Return a worker with a resume folder of its own."""
        resume = ResumeFolder(str(self.folder / f"out_{next(_numbers)}"), "key")
        return Worker(self.device, lambda: 0.0, resume, lambda _: None, stack_size)

    def context(self, kind: type[Context] = Context) -> Context:
        """Return a context for original 0."""
        return kind(
            generators=self.task.generators(ROLE, [0], "method"),
            training=RECIPE,
            fresh=lambda member=0: self.task.fresh(role_of(member), [0], self.device),
            adapter=self.task.architecture.adapter,
            original=self.model(),
            references=self.references,
            keep=lambda *_: None,
        )

    def samples(self, part: str) -> Any:
        """Return the "retain", "forget" or "validation" samples of original 0."""
        return sets_of(self.task, self.split, tuple(self.split.views), [0]).by_name[part]

    def sets(self, method: str) -> Sets[Any]:
        """Return the sets of original 0 that a method declares."""
        return sets_of(self.task, self.split, registry.views_of(registry.load("method", method)), [0])

    def call(
        self,
        method: str,
        model: nn.Module,
        context: Context | None = None,
        sets: Sets[Any] | None = None,
        /,
        **settings: Any,
    ) -> nn.Module:
        """Return what the method's own `unlearn` returns for one model."""
        unlearn: Callable[..., nn.Module] = registry.load("method", method).unlearn
        chosen = self.settings(method, **settings)
        own = context or self.context()
        own.original = model
        return unlearn(model, sets or self.sets(method), chosen, own)

    def kept(self, method: str, snapshots: Sequence[int] | None = None, **settings: Any) -> StackResults:
        """Return what the engine keeps of original 0."""
        recipe = self.recipe(method, snapshots, **settings)
        return run_method(self.task, recipe, self.split, self.model(), self.references, (0,), self.worker())

    def last(self, method: str, **settings: Any) -> State:
        """Return the state of original 0 after the method's last epoch, merged if the method stores a delta."""
        ((state,),) = self.kept(method, **settings).states.values()
        return self.whole(method, state)

    def whole(self, method: str, state: State) -> State:
        """Return the state of a plain model from what a method stores of original 0."""
        is_delta = registry.weights_of(registry.load("method", method)) == DELTA
        return composed(states_of(self.model())[0], state) if is_delta else state

    def weight_file(self, first_seed: int) -> WeightFile:
        """Return a file with three models, drawn from `first_seed` and the two after it."""
        path = self.folder / f"{first_seed}.safetensors"
        write_weights(path, {(k, 4): states_of(self.model(first_seed + k))[0] for k in range(3)}, {})
        return WeightFile(path)

    def shard(self, method: str, stack_size: int | None = None, **settings: Any) -> ShardResult:
        """Return the unlearned models of a shard of three."""
        return self.shard_of(self.split, method, stack_size, **settings)

    def shard_of(
        self,
        split: UnlearningSplit | Sequence[UnlearningSplit],
        method: str,
        stack_size: int | None = None,
        **settings: Any,
    ) -> ShardResult:
        """Return the unlearned models of a shard of three, by a split of all or by one of each."""
        return unlearn_shard(
            self.task,
            self.recipe(method, **settings),
            split,
            originals=self.weight_file(0),
            held_out_oracles=self.weight_file(HELD_OUT),
            model_indices=range(3),
            worker=self.worker(stack_size),
            oracle_pool=[self.weight_file(HELD_OUT)],
            effects=self.effects,
            tokenizer=self.tokenizer,
        )

    def with_other_data(self, rows: np.ndarray) -> Bench:
        """Return the bench with other pixels and labels, or other tokens, at `rows`."""
        other = _other_tokens if isinstance(self.dataset, TextSet) else _other_images
        return replace(self, dataset=other(self.dataset, rows))


def word_tokenizer(vocabulary: int, folder: Path) -> str:
    """Return the path of a tokenizer.json, written into a folder, whose tokens are the words w0, w1, ..."""
    words = {f"w{number}": number for number in range(vocabulary)}
    model = {"type": "WordLevel", "vocab": words, "unk_token": "w0"}
    (path := folder / "tokenizer.json").write_text(
        json.dumps({"version": "1.0", "added_tokens": [], "pre_tokenizer": {"type": "Whitespace"}, "model": model})
    )
    return str(path)


def _other_images(dataset: Any, rows: np.ndarray) -> ImageSet:
    images, labels = dataset.images.copy(), dataset.labels.copy()
    images[rows], labels[rows] = 255 - images[rows], (labels[rows] + 1) % 10
    return replace(dataset, images=images, labels=labels)


def _other_tokens(dataset: Any, rows: np.ndarray) -> TextSet:
    tokens = dataset.tokens.copy()
    for row in rows:
        own = slice(dataset.starts[row], dataset.starts[row] + dataset.lengths[row])
        tokens[own] = (tokens[own] + 1) % dataset.vocabulary_size
    return replace(dataset, tokens=tokens)
