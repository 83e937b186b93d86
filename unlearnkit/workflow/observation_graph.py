"""The part of the artifact graph that notes what models show: which observations of which models, on which samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from unlearnkit import layout
from unlearnkit.config.blocks import assembles, declared, names_for, reads_of
from unlearnkit.config.models.text_readers import source_in
from unlearnkit.declarations import declarations
from unlearnkit.facts.base_files import base_files
from unlearnkit.judges import JUDGES
from unlearnkit.registry import ALWAYS_OBSERVED, locate, weights_of
from unlearnkit.workflow.attack_graph import AttackGraph
from unlearnkit.workflow.base_graph import JudgeBase
from unlearnkit.workflow.continual_graph import ContinualGraph
from unlearnkit.workflow.graph import Graph, Slice
from unlearnkit.workflow.paths import takable
from unlearnkit.workflow.pool_graph import PoolGraph

Population = tuple[str, range, Mapping[str, str]]
"""Pattern of a population's folder, model indices, and what the pattern leaves open."""


class ObservationGraph:
    """Inputs and parameters of the observations of an experiment.

    Margins of unlearned models are made by the job that unlearns, so their parameters are those of that job.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph, self._pools, self._continual = graph, PoolGraph(graph), ContinualGraph(graph)
        self._attacks = AttackGraph(graph)
        self.judge_base = JudgeBase(graph)
        self.names = names_for("observation", graph.experiment.task)
        self.derived = [name for name in self.names if reads_of(name)]
        self.made_of_weights = [name for name in self.names if name not in self.derived]

    def population(self, observation: str) -> str:
        """Return which populations have a job of their own for an observation, as a regular expression."""
        asked = rf"attacked/(?:{self._attacks.named(self._attacks.on_prompts)})/{layout.NAME}/{layout.NAME}"
        return f"{layout.TRAINED}|{asked}" if observation == ALWAYS_OBSERVED else layout.POPULATION

    def weights(self, population: str, shard: str) -> str:
        """Return the weight file with the models of a shard."""
        return self._attacks.observed_weights(population, shard)

    def dataset(self, population: str) -> str:
        """Return the data set that a population is observed on."""
        return self._attacks.observed_dataset(population)

    def forget_sets(self, observation: str, population: str) -> list[str]:
        """Return the forget sets that the samples of an observation depend on, if it is not made on all of them.

        Oracles are observed on what they were trained without, originals on what any unlearned model is to forget.
        """
        items = self.graph.experiment.observation_settings(observation).items or ()
        if self.graph.experiment.retain_evaluated is None and not {"forget", "retain"} & {*items}:
            return []
        subjects = [*filter(None, [layout.subject_of(population)])] or self.graph.forget_sets
        return [self.graph.path(layout.FORGET_SET, forget_set=name) for name in subjects]

    def bases(self, observation: str, population: str, shard: str) -> list[str]:
        """Return the file with the originals that unlearned models are kept as deltas of, if they are."""
        attack = layout.attack_of(population)
        asked = attack in self._attacks.on_prompts
        made_with_weights = observation == ALWAYS_OBSERVED and not asked
        if made_with_weights or (attack and not asked) or not self._is_delta(layout.variant_of(population)):
            return []
        return self._pools.start(layout.subject_of(population), shard)

    def tokenizer(self, observation: str) -> list[str]:
        """Return the tokenizer if an observation turns tokens into text; none where the data come as tokens."""
        if "tokenizer" not in declared("observation", observation).NEEDS or self.tokenised:
            return []
        return [self.graph.path(layout.TOKENIZER)]

    def sources(self, observation: str) -> list[str]:
        """Return the patterns of the files that an observation of the same models is made of, none if of weights."""
        return [self.graph.path(layout.observation(name)) for name in reads_of(observation)]

    def originals(self, observation: str, population: str, shard: str) -> list[str]:
        """Return what a derived observation reads of the originals beside the models of a shard, if it does.

        These are the originals of the same indices, or those that unlearned models start from; further held-out
        oracles, of which there may be more, stand beside the first originals again.
        """
        if "originals" not in declared("observation", observation).NEEDS:
            return []
        shards = self.graph.shards()
        position = layout.shard_indices(shard).start // self.graph.experiment.shard_size
        of_original = shards[0 if self._of_one_original(layout.variant_of(population)) else position % len(shards)]
        fill = {"population": layout.ORIGINAL, "shard": of_original}
        return [self.graph.path(pattern, **fill) for pattern in self.sources(observation)]

    def pairs(self, observation: str) -> list[str]:
        """Return the file with questions and answers if an observation needs it."""
        return [self.graph.path(layout.PAIRS)] if "pairs" in declared("observation", observation).NEEDS else []

    def judge(self, observation: str) -> list[str]:
        """Return the manifest of the model of a judge, if an observation has a judge that is a model with files."""
        judge = self.graph.experiment.judges.get(observation)
        return self.judge_base.manifest() if judge and declarations(JUDGES[judge.kind]).HAS_BASE else []

    def reader_files(self, observation: str) -> list[str]:
        """Return the files of the user's folder with a model that reads texts, if an observation has one.

        Raises DataError for a name that Snakemake cannot take.
        """
        source = source_in(self.graph.experiment.observation_settings(observation))
        return [takable(str(path)) for path in base_files(Path(source.folder))] if source and source.folder else []

    @property
    def tokenised(self) -> bool:
        """Whether the data come as tokens, of which the text is not known."""
        return getattr(declared("data set", self.graph.experiment.data.name), "TOKENISED", False)

    def read_by(self, metric: str, forget_set: str, candidate: str) -> list[str]:
        """Return the files of other observations than margins that a score reads, each once."""
        files = (
            path
            for observation in self.graph.experiment.reads(metric)[1:]
            for side in self.graph.sides(metric)
            for path in self.graph.score_observed(observation, metric, side, forget_set, candidate)
        )
        return list(dict.fromkeys(files))

    def read_by_all(self, *metrics: str) -> list[str]:
        """Return what `read_by` returns for all scores of some metrics, each file once."""
        pairs = [(name, candidate) for name in self.graph.forget_sets for candidate in self.graph.candidates]
        files = (path for metric in metrics for pair in pairs for path in self.read_by(metric, *pair))
        return list(dict.fromkeys(files))

    def files(self, *observations: str) -> list[str]:
        """Return the files of some observations of all models of the experiment."""
        return [
            path
            for observation in observations
            for population, models, wildcards in self._populations()
            for path in self.graph.observed(observation, population, models, **wildcards)
        ]

    def _populations(self) -> Iterator[Population]:
        graph, experiment = self.graph, self.graph.experiment
        models, held_out = range(experiment.num_models), range(experiment.held_out_oracles)
        yield layout.ORIGINAL, models, {}
        for name in graph.forget_sets:
            if experiment.has_oracles:
                yield layout.ORACLE, models, {"forget_set": name}
            if held_out:
                yield layout.HELD_OUT_ORACLE, held_out, {"forget_set": name}
            for variant in graph.variants:
                wildcards = {"forget_set": name, "variant": variant}
                yield layout.UNLEARNED, range(graph.unlearned_models()), wildcards
        for name in self._pools.names():
            yield layout.POOL, range(self._pools.models(name)), {"pool": name}
        for name in self._pools.forgetting():
            for variant in self._pools.variants():
                yield layout.UNLEARNED, range(self._pools.models(name)), {"forget_set": name, "variant": variant}

    # configuration slice and code fingerprint

    def slice_of(self, observation: str, variant: str = "", forget_set: str = "", attack: str = "") -> Slice:
        """What determines an observation beside weights and data: model, settings, and which samples it is made on.

        `variant` is that of unlearned models, "" for others, and `forget_set` or pool what they are to forget. After an
        `attack` on weights models are stored whole, whatever their variant is; one on prompts asks them as they are, at
        their last snapshot.
        """
        graph, asked = self.graph, attack in self._attacks.on_prompts
        if observation == ALWAYS_OBSERVED and not asked:
            return self._continual.unlearning_slice(forget_set, variant) if variant else graph.margins_slice()
        settings = graph.experiment.observation_settings(observation)
        stated = graph.experiment.described_observation(observation)
        described: Slice = {"observation": observation, "settings": {k: v for k, v in stated.items() if k != "items"}}
        if settings.items:
            described["items"] = sorted({*settings.items})
        if observation in self.derived:
            return {**described, **({"unlearned_from": "first"} if self._of_one_original(variant) else {})}
        described |= self.models_slice(variant, forget_set, attack)
        described |= {"epochs": "last"} if asked else {}
        evaluated = graph.evaluated_slice()
        return {**described, **evaluated, **(graph.seed_slice() if evaluated else {})}

    def models_slice(self, variant: str, forget_set: str, attack: str = "") -> Slice:
        """What turns a weight file into models: how they are assembled, what they are deltas of, their architecture.

        After an attack on weights they are whole.
        """
        if attack and attack not in self._attacks.on_prompts:
            return {"model": {**self.graph.model_slice(), **self._attacks.whole(attack)}}
        settings: Slice = {}
        if method := self._assembling(variant):
            settings["assembled_by"] = method
        if self._is_delta(variant):
            settings["unlearned_from"] = self.graph.experiment.unlearned_from
            settings |= self._pools.draws_slice(forget_set)
        return {**settings, "model": self.graph.model_slice()}

    def code(self, observation: str, variant: str = "", attack: str = "") -> str:
        """Fingerprint of making an observation, of unlearned models if there is a `variant`."""
        if observation == ALWAYS_OBSERVED and variant and not attack:
            return self.graph.unlearning_code(variant)
        if observation in self.derived:
            judge = getattr(self.graph.experiment.observation_settings(observation), "judge", None)
            more = [JUDGES[judge.kind]] if judge else []
            return self.graph.code("derive", locate("observation", observation), *more)
        method = "" if attack else self._assembling(variant)
        more = [locate("method", method)] if method else []
        return self.graph.model_code("observe", locate("observation", observation), *more)

    def _of_one_original(self, variant: str) -> bool:
        return bool(variant) and self.graph.experiment.unlearned_from == "first"

    def _is_delta(self, variant: str) -> bool:
        return bool(variant) and weights_of(declared("method", self.graph.variants[variant].method)) == "delta"

    def _assembling(self, variant: str) -> str:
        """Return the method of a variant whose models are more than one network, "" if they are not."""
        method = self.graph.variants[variant].method if variant else ""
        return method if method and assembles(method) else ""
