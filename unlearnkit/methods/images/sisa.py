"""SISA: sharded, isolated, sliced and aggregated training (Bourtoule et al. 2021, arXiv 1912.03817).

    divide all samples at random into S shards, each shard into L slices
    member s: fresh weights; for i = 1 .. L: minimise CE on what is retained of slices 1 .. i of shard s
    p(x) = mean over members s of softmax(z_s(x))

Exact unlearning of an ensemble. The samples are divided at random into shards, one per member, and every shard into
slices; a member is trained on its first slice, then on the first two, and so on. To forget, each member is rolled back
to its last checkpoint that has seen no forgotten sample. There is no SISA original here, so all stages are trained,
also those that a deletion would not touch: their weights are the same to the bit as if nothing were forgotten. Cost:
the stages that a deletion repeats, in expectation over the random division, as the paper states it. No seconds are
stated, since they would be those of all stages.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import torch
from pydantic import Field
from torch import Tensor, nn

from unlearnkit.artifacts.weights import State
from unlearnkit.config.methods.search import Integers, Space
from unlearnkit.config.settings import MethodSettings
from unlearnkit.config.training.recipe import Recipe
from unlearnkit.data.images.batches import Samples
from unlearnkit.errors import TrainingError
from unlearnkit.training.images.loop import fit
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import Context

STACKABLE = False
NEEDS = ("recipe",)


class Settings(MethodSettings):
    """Settings of SISA; the rest of the training is the recipe of `training`."""

    shards: int = Field(5, ge=1, description="members, each with a part of the samples (S); Bourtoule et al.: up to 20")
    slices: int = Field(5, ge=1, description="parts of a shard (L); Bourtoule et al.: up to 50")
    slice_epochs: int = Field(
        8,
        ge=1,
        description="epochs on the first i slices, for every i; 2 E / (L + 1) cost as much as E epochs on the whole "
        "shard, Bourtoule et al.",
    )

    def passes(self, retain: int, forget: int, epoch: int) -> float:
        """Return `deletion_passes`."""
        return self.deletion_passes(retain, forget)

    def deletion_passes(self, retain: int, forget: int) -> float:
        """Return the expected passes of the stages that a deletion repeats, over all members.

        A stage on a of n samples sees a R / n retained ones on average, and is repeated unless none of F is among the
        a: sum over stages of a (R / n - C(n - a, F) / C(n, F)).
        """
        samples = retain + forget
        return self.slice_epochs * sum(
            part * (retain / samples - self._clean(samples, forget, part)) for part in self._stages(samples)
        )

    @staticmethod
    def search() -> Mapping[str, Space]:
        """Return numbers of shards and slices; more of them cost less and are less accurate."""
        return {"shards": Integers(2, 20), "slices": Integers(1, 10)}

    def _stages(self, samples: int) -> list[int]:
        """Return how many of the samples every stage of every member is trained on."""
        shards = [samples // self.shards + (member < samples % self.shards) for member in range(self.shards)]
        return [
            number * (shard // self.slices) + min(number, shard % self.slices)
            for shard in shards
            for number in range(1, self.slices + 1)
        ]

    @staticmethod
    def _clean(samples: int, forget: int, part: int) -> float:
        """Return the probability C(n - a, F) / C(n, F) that `part` of the samples has no forgotten one."""
        if samples - part < forget:
            return 0.0
        terms = (samples - part, samples - forget), (samples - part - forget, samples)
        above, below = (sum(math.lgamma(term + 1) for term in pair) for pair in terms)
        return math.exp(above - below)


def unlearn(model: nn.Module, data: Sets[Samples], settings: Settings, context: Context) -> nn.Module:
    """Return the members of an ensemble, each trained slice by slice on what is retained of its shard.

    Neither the division nor the draws of a member depend on the forget set. Raises TrainingError if fewer than two
    samples of a shard are retained.
    """
    everything = torch.cat([data.retain.indices, data.forget.indices]).sort().values
    (generator,) = context.generators
    divided = division(everything, settings, generator)
    seeds = torch.randint(2**62, (settings.shards, settings.slices), generator=generator).tolist()
    members = nn.ModuleList()
    for number, (slices, own_seeds) in enumerate(zip(divided, seeds, strict=True)):
        kept = [rows[torch.isin(rows, data.retain.indices)] for rows in slices]
        member = context.fresh(number)
        for samples in _stages(kept, own_seeds, data.retain):
            fit(member, samples, _recipe(context.recipe, settings, len(samples)), end_epoch=lambda *_: None)
        members.append(member)
    context.count(settings.deletion_passes(len(data.retain), len(data.forget)), made=False)
    return members.eval()


def division(samples: Tensor, settings: Settings, generator: torch.Generator) -> list[Sequence[Tensor]]:
    """Return the slices of every shard, drawn at random: rows of `samples` [n], in sizes that differ by one at most."""
    shuffled = samples[torch.randperm(len(samples), generator=generator)]
    return [shard.tensor_split(settings.slices) for shard in shuffled.tensor_split(settings.shards)]


def assemble(state: State, logits_of: Callable[[State], Tensor]) -> Tensor:
    """Return the logarithm of the members' mean probabilities, float32 [samples, classes], as logits."""
    members: dict[str, State] = {}
    for name, array in state.items():
        number, _, parameter = name.partition(".")
        members.setdefault(number, {})[parameter] = array
    log_probabilities = torch.stack([logits_of(member).log_softmax(-1) for member in members.values()])
    return log_probabilities.logsumexp(0) - math.log(len(members))


def _stages(kept: Sequence[Tensor], seeds: Sequence[int], retain: Samples) -> Iterator[Samples]:
    """Yield the samples of one stage after the other, with a generator and a count of their own.

    Batch norm takes no variance of one sample, so slices that leave fewer than two are first seen in a later stage.
    """
    for number, seed in enumerate(seeds, start=1):
        rows = torch.cat(list(kept[:number]))
        if len(rows) > 1:
            yield Samples(retain.pixels, rows, [torch.Generator().manual_seed(seed)])
        elif number == len(seeds):
            raise TrainingError(
                f"a shard retains too few samples ({len(rows)})",
                expected="at least two, since batch norm needs a variance",
                remedy="lower the setting `shards`",
            )


def _recipe(recipe: Recipe, settings: Settings, samples: int) -> Recipe:
    """Return the recipe of a stage: its own epochs, warm-up in proportion, and no last batch of a single sample.

    A recipe that leaves out short batches keeps that of a stage that has no other.
    """
    changes = {
        "epochs": settings.slice_epochs,
        "warmup_epochs": recipe.warmup_epochs * settings.slice_epochs / recipe.epochs,
        "drop_last": samples >= recipe.batch_size and (recipe.drop_last or samples % recipe.batch_size == 1),
    }
    return recipe.model_copy(update=changes)
