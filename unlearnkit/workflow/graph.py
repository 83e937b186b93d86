"""The artifact graph as the rules see it: shards, inputs, configuration slices and code fingerprints.

Everything here is a function of the experiment alone. A slice holds exactly the configuration that a job consumes, so
that Snakemake reruns a job when that changes and not otherwise (docs/architecture.md, What makes something stale).
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

from unlearnkit import layout
from unlearnkit.config.experiment import Experiment
from unlearnkit.declarations import declarations
from unlearnkit.fingerprint import computing_imports, fingerprint
from unlearnkit.registry import ALWAYS_OBSERVED, FORGET_SETS, TASKS, locate
from unlearnkit.seeds import SCHEME
from unlearnkit.shipped import PROJECT
from unlearnkit.stages import Slice
from unlearnkit.workflow.alternatives import alternatives_slice
from unlearnkit.workflow.paths import takable
from unlearnkit.workflow.raw_files import raw_files

SCRIPTS = PROJECT / "workflow_scripts"


class Graph:
    """Paths, inputs and parameters of one experiment's artifacts."""

    def __init__(self, experiment: Experiment, scripts: Path = SCRIPTS) -> None:
        self._scripts = scripts
        self.experiment = experiment
        self.variants = experiment.variants
        self.forget_sets = list(experiment.forget_sets)
        self.metrics = experiment.metrics_on(FORGET_SETS)
        references = [name for name in layout.REFERENCE_CANDIDATES if name != "oracle" or experiment.has_oracles]
        self.candidates = [*references, *self.variants]

    # paths

    def path(self, pattern: str, **wildcards: str) -> str:
        """Return `pattern` with the experiment's name and the given wildcards filled in; other wildcards stay."""
        for name, value in {"experiment": self.experiment.experiment, **wildcards}.items():
            pattern = pattern.replace("{" + name + "}", value)
        return pattern

    def shards(self, count: int | None = None) -> list[str]:
        """Return the shards that hold the first `count` models (all of num_models if None)."""
        return layout.shard_names(count or self.experiment.num_models, self.experiment.shard_size)

    def weights(self, population: str, count: int | None = None, **wildcards: str) -> list[str]:
        """Return the weight files of a population's first `count` models."""
        pattern = layout.weights_of(population)
        return [self.path(pattern, shard=shard, **wildcards) for shard in self.shards(count)]

    def oracles(self) -> list[str]:
        """Return the weight files of the oracles of all forget sets."""
        names = self.forget_sets if self.experiment.has_oracles else []
        return [path for name in names for path in self.weights(layout.ORACLE, forget_set=name)]

    def margins(self, population: str, models: range, forget_set: str, variant: str = "") -> list[str]:
        """Return the margin files that hold the given models of a population."""
        return self.observed(ALWAYS_OBSERVED, population, models, forget_set=forget_set, variant=variant)

    def observed(self, observation: str, population: str, models: range, **wildcards: str) -> list[str]:
        """Return the files of an observation that hold the given models of a population."""
        pattern = layout.observation(observation).replace("{population}", population)
        return [self.path(pattern, shard=shard, **wildcards) for shard in self.shards_with(models)]

    def shards_with(self, models: range) -> list[str]:
        """Return the shards that hold some models."""
        size = self.experiment.shard_size
        return layout.shard_names(models.stop, size)[models.start // size :]

    def start(self, shard: str) -> str:
        """Return the weight file with the originals that the unlearned models of a shard start from."""
        first = self.experiment.unlearned_from == "first"
        return self.path(layout.weights_of(layout.ORIGINAL), shard=self.shards(1)[0] if first else shard)

    def oracle_pool(self, variant: str, forget_set: str) -> list[str]:
        """Return the weight files of the held-out oracles that a variant draws teachers from, if it does.

        The pool is part of its settings, so growing `held_out_oracles` changes no model.
        """
        if "oracle_pool" not in self.needs(variant):
            return []
        settings: Any = self.variants[variant].settings
        pattern, shards = layout.weights_of(layout.HELD_OUT_ORACLE), self.shards_with(settings.oracle_pool)
        return [self.path(pattern, shard=shard, forget_set=forget_set) for shard in shards]

    def dataset(self, variant: str, forget_set: str) -> str:
        """Return the data set that a variant reads: the experiment's, or the one with generated alternatives."""
        generated = alternatives_slice(self.experiment, variant)
        return self.path(layout.ALTERNATIVE_DATA if generated else layout.DATASET, forget_set=forget_set)

    def settings_file(self, variant: str) -> list[str]:
        """Return the file with the settings of a variant if a rule makes it; others are part of the configuration."""
        return list(filter(None, [self.variants[variant].made_file]))

    def effects(self, variant: str, forget_set: str) -> list[str]:
        """Return the file with the effects of a forget set that a variant reads, if it does."""
        if "attribution" not in self.needs(variant):
            return []
        settings: Any = self.variants[variant].settings
        return [self.path(layout.EFFECTS, attribution=settings.attribution, forget_set=forget_set)]

    # models on both sides of a score

    def selection(self, metric: str, side: str, forget_set: str, candidate: str) -> list[tuple[str, range]]:
        """Return (population folder, model indices) of a side of a score: "candidate", "oracle" or "original".

        The reference sides are oracles and originals 0..n-1. The candidate "oracle" is the n oracles after those, from
        the rest of the pool and then from the held-out ones: disjoint halves of one law, which show the noise floor.
        """
        n = self.experiment.models_compared(metric)
        fill = {"forget_set": forget_set, "variant": candidate}
        oracle, held_out = self.path(layout.ORACLE, **fill), self.path(layout.HELD_OUT_ORACLE, **fill)
        if side != "candidate":
            return [(oracle if side == "oracle" else layout.ORIGINAL, range(n))] if self._needs(side, metric) else []
        if candidate == "original":
            return [(layout.ORIGINAL, range(n))]
        if candidate != "oracle":
            return [(self.path(layout.UNLEARNED, **fill), range(n))]
        if not self._needs("oracle", metric):
            return [(oracle, range(n))]
        rest = min(2 * n, self.experiment.num_models)
        pools = [(oracle, range(n, rest)), (held_out, range(2 * n - rest))]
        return [(population, models) for population, models in pools if len(models)]

    def sides(self, metric: str) -> tuple[str, ...]:
        """Return the sides of a score; originals are one for metrics that compare with them only."""
        return ("candidate", "oracle", "original") if self._needs("original", metric) else ("candidate", "oracle")

    def score_margins(self, metric: str, side: str, forget_set: str, candidate: str) -> list[str]:
        """Return the margin files that one side of a score reads."""
        return self.score_observed(ALWAYS_OBSERVED, metric, side, forget_set, candidate)

    def score_observed(self, observation: str, metric: str, side: str, forget_set: str, candidate: str) -> list[str]:
        """Return the files of an observation that one side of a score reads."""
        fill = {"forget_set": forget_set, "variant": candidate}
        chosen = self.selection(metric, side, forget_set, candidate)
        return [path for name, models in chosen for path in self.observed(observation, name, models, **fill)]

    def _needs(self, side: str, metric: str) -> bool:
        return getattr(declarations(locate("metric", metric)), f"NEEDS_{side.upper()}", False)

    # configuration slices

    def model_slice(self) -> Slice:
        """The architecture and what decides it of its settings."""
        return self.experiment.described_model

    def margins_slice(self) -> Slice:
        """What determines margins beside weights and data: the model, and which samples it is evaluated on."""
        if evaluated := self.evaluated_slice():
            return {"model": self.model_slice(), **evaluated, **self.seed_slice()}
        return self.model_slice()

    def raw_files(self) -> list[str]:
        """Return the files of the user's that a data set of images is made of, as far as they are there."""
        data = self.experiment.data
        return raw_files(locate("data set", data.name), Path(data.root) if data.root else None)

    def dataset_slice(self) -> Slice:
        """The data set, its split, sizes and shape; not where its files lie, since their content is checked."""
        experiment = self.experiment
        sizes = {"train_size": experiment.train_size, "validation_size": experiment.validation_size}
        block = experiment.data.model_dump(mode="json", exclude={"root"})
        if block["holdout"] is None:
            del block["holdout"]
        return {**block, **sizes, "test_size": experiment.test_size or None}

    def forget_set_slice(self, forget_set: str) -> Slice:
        """How the forget set is chosen."""
        return self.experiment.forget_sets[forget_set].model_dump(mode="json")

    def forget_set_file(self, forget_set: str) -> list[str]:
        """Return the index or score file of a forget set, if it has one and it is there; of a list of pairs, the pairs.

        The job that needs a missing one says so. Raises DataError for a path that Snakemake cannot take.
        """
        if (block := self.experiment.forget_sets[forget_set]).kind == "pair_list":
            return [self.path(layout.PAIRS)]
        return [takable(file)] if (file := block.input_file()) and Path(file).exists() else []

    def forget_set_rows(self, forget_set: str) -> list[str]:
        """Return the table of rows if a forget set of images is a file that names pictures."""
        named = getattr(self.experiment.forget_sets[forget_set], "indices", "") == "names"
        return [self.path(layout.ROWS)] if named else []

    def training_slice(self, role: str) -> Slice:
        """What determines originals or oracles beside their data and forget set.

        Of given ones neither recipe nor seed are known, and where their files lie decides nothing: they are inputs.
        """
        if given := self.experiment.given.get(role):
            return {"role": role, "model": self.model_slice(), **given.model_dump(mode="json", exclude={"path"})}
        return {"role": role, "model": self.model_slice(), "training": self._recipe_slice(role), **self.seed_slice()}

    def unlearning_slice(self, variant: str) -> Slice:
        """What determines a variant's models beside their originals, data and forget set."""
        # the run may have made a file of settings: Snakemake asks again before it starts a job
        stated = {**self.experiment.settled(variant).described(), "model": self.model_slice()}
        if "recipe" in self.needs(variant):
            stated["training"] = self._recipe_slice("unlearned")
        if self.experiment.unlearned_from != "each":
            stated["unlearned_from"] = self.experiment.unlearned_from
        return {**stated, **alternatives_slice(self.experiment, variant), **self.evaluated_slice(), **self.seed_slice()}

    def score_slice(self, metric: str, forget_set: str, candidate: str) -> Slice:
        """The metric's settings and which models it compares."""
        chosen = {side: self.selection(metric, side, forget_set, candidate) for side in self.sides(metric)}
        sides = {side: [[name, models.start, models.stop] for name, models in pools] for side, pools in chosen.items()}
        settings = self.experiment.settings_of(metric).model_dump(mode="json")
        stated = {"metric": metric, "settings": settings, **self.experiment.stated(metric)}
        stated |= {**sides, **self.value_slice()}
        if read := self.experiment.read_settings(metric):
            stated["reads"] = read
        return {**stated, **self.evaluated_slice(), **self.seed_slice()}

    def value_slice(self) -> Slice:
        """Which value of a sample is compared, where there are several."""
        value = self.experiment.compared_value
        return {} if value is None else {"value": value}

    def needs(self, variant: str) -> tuple[str, ...]:
        """Return what the variant's method declares in NEEDS."""
        return declarations(locate("method", self.variants[variant].method)).NEEDS

    def _recipe_slice(self, role: str) -> Slice:
        # only oracles may start from weights that are not their own
        others = set() if role == "oracle" else {"same_initial_weights"}
        return self.experiment.training.model_dump(mode="json", exclude=others)

    def evaluated_slice(self) -> Slice:
        """Return how many retained samples models are evaluated on, nothing if on all."""
        retain = self.experiment.retain_evaluated
        return {} if retain is None else {"evaluated": {"retain": retain, "train_size": self.experiment.train_size}}

    def seed_slice(self) -> Slice:
        """What determines random draws beside role, model index and stage."""
        return {"seed": self.experiment.seed, "seed_scheme": SCHEME}

    # code fingerprints

    def code(self, script: str, *modules: str) -> str:
        """Fingerprint of what a workflow script runs: what it imports, and `modules`, reached through a registry."""
        return fingerprint(*computing_imports(self._scripts / f"{script}.py"), *modules)

    def data_code(self, script: str) -> str:
        """Fingerprint of a workflow script that makes the data set, or tokens, of raw data."""
        return self.code(script, locate("data set", self.experiment.data.name))

    def unlearning_code(self, variant: str) -> str:
        """Fingerprint of running the variant's method."""
        modules = locate("method", self.variants[variant].method), locate("observation", ALWAYS_OBSERVED)
        return self.code("unlearn", *modules, *self._learning_modules())

    def model_code(self, script: str, *modules: str) -> str:
        """Fingerprint of a workflow script that runs models of the experiment's architecture, and `modules`."""
        return self.code(script, *modules, *self._learning_modules())

    def score_code(self, metric: str) -> str:
        """Fingerprint of computing and summarising a metric."""
        return self.code("score", locate("metric", metric))

    def _learning_modules(self) -> tuple[str, str]:
        return locate("model", self.experiment.model.name), TASKS[self.experiment.task]

    # targets

    def score_files(self, metric: str, pattern: str = layout.SUMMARY) -> list[str]:
        """Return the score (or summary) files of a metric over all forget sets and candidates."""
        pairs = itertools.product(self.forget_sets, self.candidates)
        return [self.path(pattern, metric=metric, forget_set=name, candidate=candidate) for name, candidate in pairs]

    def results(self, *metrics: str) -> list[str]:
        """Return the margins, scores and summaries of some metrics, their tables and the costs, each file once.

        So is the table of samples: the forget units of text, the rows of images. Targets list them all, since Snakemake
        misses a lost file only where it is asked for by name. Weights are left out: they may be removed to save space,
        and are trained again when something needs them.
        """
        sides = [(metric, side) for metric in metrics for side in self.sides(metric)]
        scored = ((*side, name, who) for side in sides for name in self.forget_sets for who in self.candidates)
        margins = itertools.chain.from_iterable(itertools.starmap(self.score_margins, scored))
        kinds = (layout.SCORES, layout.SUMMARY)
        scores = [path for metric in metrics for kind in kinds for path in self.score_files(metric, kind)]
        tables = [path for table in (*metrics, "cost") for path in self.tables(table)]
        samples = self.path(layout.UNITS if self.experiment.task == "text" else layout.ROWS)
        return [samples, *dict.fromkeys(margins), *scores, *tables]

    def unlearned_models(self) -> int:
        """Return how many models per variant are needed: as many as the most demanding metric compares."""
        return max(map(self.experiment.models_compared, self.metrics), default=self.experiment.num_models)

    def tables(self, table: str) -> list[str]:
        """Return the three files of a table."""
        return [self.path(layout.TABLE, table=f"{table}.{suffix}") for suffix in ("parquet", "csv", "md")]
