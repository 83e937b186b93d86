"""How much a job has to do: sample passes, evaluations, margins to read, and bytes to write.

All of it follows from the configuration and from what plug-ins declare: settings, sizes and costs.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence

from unlearnkit.config.blocks import declared
from unlearnkit.config.experiment import Experiment
from unlearnkit.config.forget_sets.images import ClassForgetSet, SubpopulationForgetSet
from unlearnkit.config.methods.costs import ModelSize
from unlearnkit.config.methods.variants import last_epoch
from unlearnkit.config.pools.sizes import forgotten_of, part_of
from unlearnkit.errors import UnlearnkitError
from unlearnkit.facts.passes import FORWARD_PASS
from unlearnkit.layout import attack_of, shard_indices, subject_of, variant_of
from unlearnkit.planning.identity import as_key
from unlearnkit.planning.memory import sized
from unlearnkit.planning.missing import MissingJob
from unlearnkit.planning.records import Record
from unlearnkit.planning.requests import rows_so_far
from unlearnkit.planning.searches import mean_passes, trials_of, trials_of_choice
from unlearnkit.registry import REGISTRIES

MERGED = "merged"
"""The rule whose jobs merge one model of a shard into its base."""


class Workload:
    """Units of work of the jobs of one experiment; records give the sizes of forget sets that settings leave open."""

    def __init__(self, experiment: Experiment, records: Iterable[Record]) -> None:
        self.experiment = experiment
        further = sum(experiment.further_splits.values())
        self.samples = experiment.train_size + experiment.validation_size + experiment.test_size + further
        self._found = {
            as_key(record.settings): record.facts["samples"]
            for record in records
            if record.rule in ("forget_set", "request_rows")
        }

    def models(self, job: MissingJob) -> int:
        """Return how many models a job trains, unlearns or evaluates: those of its shard; none if it merges one."""
        of_shard = "shard" in job.wildcards and job.rule != MERGED
        return len(shard_indices(job.wildcards["shard"])) if of_shard else 0

    def units(self, job: MissingJob) -> dict[str, float]:
        """Return kind of work -> units, as timing records count them (`unlearnkit.artifacts.timing.Work`)."""
        if job.rule in ("original", "oracle"):
            return {"training": self.models(job) * self._training_passes(job)}
        if job.rule == "pool":
            return {"training": self.models(job) * job.settings["training"]["epochs"] * self.part_size(job)}
        if job.rule == "datamodel":
            passes = job.settings["training"]["epochs"] * self.part_size(job)
            return {"training": self.models(job) * passes, "margins": self.models(job) * self.samples}
        if job.rule in REGISTRIES["observation"]:
            passes = self.experiment.observation_settings(job.rule).passes(self.experiment.sample_shape[0])
            return {job.rule: passes * self.observed(job)}
        if job.rule in ("unlearn", "unlearn_stopping"):
            evaluated = self._evaluated(job.wildcards["forget_set"])
            evaluations = self.models(job) * evaluated * len(job.settings["snapshots"])
            return {"training": self.models(job) * self._unlearning_passes(job), "margins": evaluations}
        if job.rule == "attack":
            evaluations = self.models(job) * self._evaluated(job.wildcards["forget_set"])
            return {"training": self.models(job) * self._attack_passes(job), "margins": evaluations}
        if job.rule in ("search", "choose"):
            return self._searched(job)
        if job.rule in ("score", "score_pool", "attacked_score"):
            return {"scoring": self._margins_read(job)}
        return {}

    def passes(self, job: MissingJob) -> float:
        """Return the sample passes of a job; an evaluation is a forward pass and counts a third."""
        units = self.units(job)
        observed = sum(units.get(name, 0.0) for name in REGISTRIES["observation"])
        return units.get("training", 0.0) + FORWARD_PASS * observed

    @functools.cached_property
    def model_size(self) -> ModelSize:
        """The size of one model of the experiment."""
        return sized(self.experiment).size(self.experiment.num_classes, self.experiment.sample_shape)

    @functools.cached_property
    def features(self) -> int:
        """The width of what the classifier of a model receives: the multiply-adds of one more class."""
        classes, shape = self.experiment.num_classes, self.experiment.sample_shape
        wider = sized(self.experiment).size(classes + 1, shape)
        return wider.multiply_adds - self.model_size.multiply_adds

    @functools.cache  # noqa: B019  one workload lives as long as the command
    def forget_size(self, name: str) -> int:
        """Return the size of a forget set: as stated, as it was when it was last made, or the mean of its kind.

        Of a pool, it is how many samples each of its models forgets; of a request after others, what it asks for.
        """
        if name in self.experiment.pools:
            train_size = self.experiment.train_size
            return forgotten_of(self.experiment.pools, name, train_size) or max(1, train_size // 100)
        forget_set = self.experiment.forget_sets[name]
        planned = self.experiment.planned_size(name) or self._found.get(as_key(forget_set.model_dump(mode="json")))
        if planned:
            return planned
        if units := forget_set.planned_size():
            return units  # documents have at least one sequence each
        per_class = self.experiment.train_size // self.experiment.num_classes
        if isinstance(forget_set, SubpopulationForgetSet):
            return max(1, per_class // forget_set.clusters)
        # the size of a list in a file is not known before it is read; a hundredth is as good a guess as any
        return per_class if isinstance(forget_set, ClassForgetSet) else max(1, self.experiment.train_size // 100)

    def forgotten_size(self, name: str) -> int:
        """Return how many samples have been forgotten with a forget set: its own, and those of the sets before it."""
        if name in self.experiment.pools:
            return self.forget_size(name)
        chain = [(self.experiment.forget_sets[each], self.forget_size(each)) for each in self.experiment.chain(name)]
        return min(rows_so_far(chain), self.experiment.train_size)

    def new_size(self, name: str) -> int:
        """Return how many samples a forget set adds to those before it, at least 1: what methods are to forget."""
        before = () if name in self.experiment.pools else self.experiment.chain(name)[:-1]
        return max(1, self.forgotten_size(name) - (self.forgotten_size(before[-1]) if before else 0))

    def part_size(self, job: MissingJob) -> int:
        """Return how many samples each model of a pool, or of an attribution on subsets, is trained on."""
        if attribution := self.experiment.attributions.get(job.wildcards.get("attribution", "")):
            return int(getattr(attribution, "fraction", 1) * self.experiment.train_size)
        return self._part_of(job.wildcards["pool"])

    def _part_of(self, pool: str) -> int:
        # what a file states is not known before it is read; a half is as good a guess as any
        train_size = self.experiment.train_size
        return part_of(self.experiment.pools, pool, train_size) or train_size // 2

    def _retain_size(self, job: MissingJob) -> int:
        name = job.wildcards.get("forget_set")
        if name in self.experiment.pools:
            return self._part_of(name) - self.forget_size(name)
        return self.experiment.train_size - (self.forgotten_size(name) if name else 0)

    def observed(self, job: MissingJob) -> int:
        """Return the pairs of model (at an epoch) and sample that an observation is made of."""
        population = job.wildcards["population"]
        variant = "" if attack_of(population) else variant_of(population)
        snapshots = len(self.experiment.variants[variant].snapshots) if variant else 1
        return self.models(job) * snapshots * self._items(subject_of(population), job.settings.get("items"))

    def _items(self, forget_set: str, items: Sequence[str] | None) -> int:
        """Return the samples that an observation is made on for a forget set, for all of them if it is ""."""
        if items is None:
            return self._evaluated(forget_set)
        experiment = self.experiment
        forgotten = self._forgotten(forget_set)
        kept = experiment.train_size - (forgotten if forget_set or len(experiment.forget_sets) == 1 else 0)
        sizes = {"forget": forgotten, "retain": kept, "validation": experiment.validation_size}
        sizes |= {"test": experiment.test_size, **experiment.further_splits}
        return min(sum(sizes[name] for name in items), self._evaluated(forget_set))

    def _evaluated(self, forget_set: str) -> int:
        """Return the samples that models are evaluated on for a forget set, for all of them if it is ""."""
        retain = self.experiment.retain_evaluated
        if retain is None:
            return self.samples
        training = min(retain + self._forgotten(forget_set), self.experiment.train_size)
        return training + self.samples - self.experiment.train_size

    def _forgotten(self, forget_set: str) -> int:
        """Return the training samples that are forgotten with a forget set, with all of them if it is ""."""
        if forget_set:
            return self.forgotten_size(forget_set)
        return min(sum(map(self.new_size, self.experiment.forget_sets)), self.experiment.train_size)

    def _training_passes(self, job: MissingJob) -> float:
        if job.settings["training"].get("forgotten") == "refill":
            return job.settings["training"]["epochs"] * self.experiment.train_size
        return job.settings["training"]["epochs"] * self._retain_size(job)

    def _unlearning_passes(self, job: MissingJob) -> float:
        method = job.settings["method"]
        settings = declared("method", method).Settings.model_validate(job.settings["settings"])
        if not hasattr(settings, "passes"):
            raise UnlearnkitError(
                f"method '{method}' states no cost",
                expected="settings that derive from unlearnkit.config.settings.MethodSettings",
                remedy=f"correct `Settings` of {method}",
            )
        epoch = last_epoch(method, settings, self.experiment.training.epochs) or 0
        return settings.passes(self._retain_size(job), self.new_size(job.wildcards["forget_set"]), epoch)

    def _attack_passes(self, job: MissingJob) -> float:
        settings = declared("attack", job.settings["attack"]).Settings.model_validate(job.settings["settings"])
        last = getattr(settings, "epochs", getattr(settings, "steps", 0))
        return settings.passes(self._retain_size(job), self.forgotten_size(job.wildcards["forget_set"]), last)

    def _searched(self, job: MissingJob) -> dict[str, float]:
        search = self.experiment.searches[job.settings["search"]]
        sizes = [(self.experiment.train_size - size, size) for size in map(self.forget_size, search.forget_sets)]
        trials = trials_of(search, job.kept) if job.rule == "search" else trials_of_choice(search)
        passes = mean_passes(search, sizes, self.experiment.training.epochs)
        evaluated = len(sizes) * self.samples
        return {name: trials * search.models * units for name, units in (("training", passes), ("margins", evaluated))}

    def _margins_read(self, job: MissingJob) -> float:
        # attacked models have no snapshots
        variant = None if "attack" in job.wildcards else self.experiment.variants.get(job.wildcards["candidate"])
        epochs = {"candidate": len(variant.snapshots) if variant else 1, "oracle": 1}
        samples = self._evaluated(job.wildcards["forget_set"])
        return sum((stop - first) * samples * epochs[side] for side in epochs for _, first, stop in job.settings[side])
