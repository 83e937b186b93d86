"""The part of the artifact graph in which models are attacked: variants, originals and oracles alike."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from unlearnkit import layout
from unlearnkit.config.blocks import asks_otherwise, assembles, attack_settings, declared
from unlearnkit.registry import ALWAYS_OBSERVED, FORGET_SETS, WHOLE, locate, weights_of
from unlearnkit.stages import Slice
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.text_graph import TextGraph

TABLE = "durability"
FORMS = ("parquet", "csv", "md", "svg")


class AttackGraph:
    """Inputs and parameters of attacked models, of their scores, and of the table of both.

    Oracles are attacked like variants, and scores of attacked models compare with oracles under the same attack. An
    attack on prompts leaves weights as they are: its models are those before, observed on a data set of its own.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.attacks = graph.experiment.attacks
        self.on_prompts = [name for name, block in self.attacks.items() if asks_otherwise(block.attack)]
        self.on_weights = [name for name in self.attacks if name not in self.on_prompts]

    def candidates(self) -> list[str]:
        """Return what is attacked and scored: originals, oracles, and the variants that durability asks for."""
        chosen = self.graph.experiment.durability.variants
        whole = [name for name, variant in self.graph.variants.items() if not assembles(variant.method)]
        variants = [name for name in whole if chosen is None or name in chosen]
        return [name for name in self.graph.candidates if name in (*layout.REFERENCE_CANDIDATES, *variants)]

    def folders(self) -> list[str]:
        """Return the names of the folders of attacked models: candidates, and held-out oracles for the noise floor."""
        return [*self.candidates(), *([layout.HELD_OUT] if self.graph.experiment.held_out_oracles else [])]

    def metrics(self) -> list[str]:
        """Return the metrics that are computed after the attacks."""
        chosen = self.graph.experiment.durability.metrics
        return [name for name in self.graph.experiment.metrics_on(FORGET_SETS) if chosen is None or name in chosen]

    def named(self, attacks: Sequence[str]) -> str:
        """Return a regular expression of the names of some attacks, which matches nothing without any."""
        return "|".join(map(re.escape, attacks)) or "(?!)"

    def with_files(self, stage: str) -> list[str]:
        """Return the attacks that have artifacts of a stage: some change weights, others prompts."""
        return {"attacked": self.on_weights, "prompted": self.on_prompts}.get(stage, [*self.attacks])

    # models before they are attacked

    def weights(self, candidate: str, forget_set: str, shard: str) -> str:
        """Return the weight file with the models of a shard as they were before."""
        references = {"original": layout.ORIGINAL, "oracle": layout.ORACLE, layout.HELD_OUT: layout.HELD_OUT_ORACLE}
        pattern = layout.weights_of(references.get(candidate, layout.UNLEARNED))
        return self.graph.path(pattern, forget_set=forget_set, variant=candidate, shard=shard)

    def observed_weights(self, population: str, shard: str) -> str:
        """Return the weight file of a population that is observed: after an attack on prompts, the one before."""
        if layout.attack_of(population) in self.on_prompts:
            return self.weights(population.rpartition("/")[2], layout.subject_of(population), shard)
        return self.graph.path(layout.WEIGHTS, population=population, shard=shard)

    def observed_dataset(self, population: str) -> str:
        """Return the data set that a population is observed on: after an attack on prompts, one with these."""
        if (attack := layout.attack_of(population)) in self.on_prompts:
            return self.graph.path(layout.PROMPTED, attack=attack, forget_set=layout.subject_of(population))
        return self.graph.path(layout.DATASET)

    def bases(self, candidate: str, shard: str) -> list[str]:
        """Return the file with the originals that the models of a variant are kept as deltas of, if they are."""
        return [self.graph.start(shard)] if self._is_delta(candidate) else []

    def _is_delta(self, candidate: str) -> bool:
        variant = self.graph.variants.get(candidate)
        return variant is not None and weights_of(declared("method", variant.method)) == "delta"

    # models on both sides of a score

    def selection(
        self, attack: str, metric: str, side: str, forget_set: str, candidate: str
    ) -> list[tuple[str, range]]:
        """Return what `Graph.selection` does, with the folders of the same models after the attack."""
        chosen = self.graph.selection(metric, side, forget_set, candidate)
        return [(self._attacked(attack, forget_set, population), models) for population, models in chosen]

    def _attacked(self, attack: str, forget_set: str, population: str) -> str:
        candidate = layout.variant_of(population) or population.partition("/")[0]
        return self.graph.path(layout.ATTACKED, attack=attack, forget_set=forget_set, candidate=candidate)

    def observed(
        self, observation: str, attack: str, metric: str, side: str, forget_set: str, candidate: str
    ) -> list[str]:
        """Return the files of an observation of attacked models that one side of a score reads."""
        chosen = self.selection(attack, metric, side, forget_set, candidate)
        return [path for population, models in chosen for path in self.graph.observed(observation, population, models)]

    def margins(self, attack: str, metric: str, side: str, forget_set: str, candidate: str) -> list[str]:
        """Return the margin files of attacked models that one side of a score reads."""
        return self.observed(ALWAYS_OBSERVED, attack, metric, side, forget_set, candidate)

    def read_by(self, attack: str, metric: str, forget_set: str, candidate: str) -> list[str]:
        """Return the files of other observations of attacked models that a score reads, each once."""
        files = (
            path
            for name in self.graph.experiment.reads(metric)[1:]
            for side in self.graph.sides(metric)
            for path in self.observed(name, attack, metric, side, forget_set, candidate)
        )
        return list(dict.fromkeys(files))

    # the table of what comes back

    def scores(self, pattern: str) -> list[str]:
        """Return the files of a pattern of scores or summaries, before or after attacks, that the table reads."""
        attacks = self.attacks if "{attack}" in pattern else [""]
        return [
            self.graph.path(pattern, attack=attack, metric=metric, forget_set=name, candidate=candidate)
            for attack in attacks
            for metric in self.metrics()
            for name in self.graph.forget_sets
            for candidate in self.candidates()
        ]

    def cost_records(self) -> list[str]:
        """Return the records of the attacked models that the metrics compare first, and of the oracles as trained."""
        shard = self.graph.shards(1)[0]
        fills = [
            {"attack": attack, "forget_set": name, "candidate": candidate, "shard": shard}
            for attack in self.on_weights
            for name in self.graph.forget_sets
            for candidate in self.candidates()
        ]
        attacked = [self.graph.path(layout.weights_of(layout.ATTACKED), **fill) for fill in fills]
        trained = self.graph.experiment.oracles.source == "train"
        oracles = [self.weights("oracle", name, shard) for name in self.graph.forget_sets if trained]
        return [*map(layout.provenance, [*attacked, *oracles])]

    def prompt_records(self) -> list[str]:
        """Return the records of the data sets with other prompts, which state how long these are."""
        fills = [(attack, name) for attack in self.on_prompts for name in self.graph.forget_sets]
        made = [self.graph.path(layout.PROMPTED, attack=attack, forget_set=name) for attack, name in fills]
        return [*map(layout.provenance, made)]

    def forms(self) -> list[str]:
        """Return the forms of the table; nothing without attacks."""
        return [self.graph.path(layout.TABLE, table=f"{TABLE}.{form}") for form in FORMS] if self.attacks else []

    def results(self) -> list[str]:
        """Return the table, and the scores of attacked models that it is made of."""
        patterns = (layout.ATTACKED_SCORES, layout.ATTACKED_SUMMARY) if self.attacks else ()
        return [*self.forms(), *(path for pattern in patterns for path in self.scores(pattern))]

    def whole(self, attack: str) -> Slice:
        """Return the settings of a model that differ after an attack: low-rank terms are merged by some, in float32."""
        if attack not in self.on_weights or not getattr(self.graph.experiment.model_settings, "adapter", None):
            return {}
        merges = getattr(declared("attack", self.attacks[attack].attack), "CHANGES", "") == "all weights"
        return {"adapter": None, "dtype": "float32"} if merges else {}

    # configuration slices and code fingerprints

    def attacked_slice(self, attack: str, candidate: str) -> Slice:
        """What determines attacked models beside the models before, the data and the forget set."""
        graph, block = self.graph, self.attacks[attack]
        settings = attack_settings(block).model_dump(mode="json")
        stated: dict[str, Any] = {"attack": block.attack, "settings": settings, "model": graph.model_slice()}
        if self._is_delta(candidate):
            stated["unlearned_from"] = graph.experiment.unlearned_from
        if whole := self.whole(attack):
            stated["whole"] = whole
        return {**stated, **graph.evaluated_slice(), **graph.seed_slice()}

    def attacked_code(self, attack: str) -> str:
        """Fingerprint of making an attack."""
        modules = locate("attack", self.attacks[attack].attack), locate("observation", ALWAYS_OBSERVED)
        return self.graph.model_code("attack", *modules, *([WHOLE] if self.whole(attack) else []))

    def prompted_slice(self, attack: str) -> Slice:
        """What determines a data set with other prompts beside its pairs, tokenizer and forget set."""
        block, text = self.attacks[attack], TextGraph(self.graph)
        settings = {"attack": block.attack, "settings": attack_settings(block).model_dump(mode="json")}
        return {**settings, **text.template_slice(), **text.dataset_slice(), **self.graph.seed_slice()}

    def prompted_code(self, attack: str) -> str:
        """Fingerprint of asking questions as an attack asks them."""
        return self.graph.code("prompts", locate("attack", self.attacks[attack].attack))

    def score_slice(self, attack: str, metric: str, forget_set: str, candidate: str) -> Slice:
        """The slice of a score, with attacked models on all of its sides."""
        chosen = {
            side: self.selection(attack, metric, side, forget_set, candidate) for side in self.graph.sides(metric)
        }
        sides = {side: [[name, models.start, models.stop] for name, models in pools] for side, pools in chosen.items()}
        return {**self.graph.score_slice(metric, forget_set, candidate), **sides}

    def table_slice(self) -> Slice:
        """What the table states beside values: which attack each entry is, with its settings, and what was left out."""
        attacks = {
            name: {"attack": block.attack, **attack_settings(block).model_dump(mode="json")}
            for name, block in self.attacks.items()
        }
        left_out = [name for name in self.graph.variants if name not in self.candidates()]
        held_out = [name for name in self.candidates() if self._is_held_out(name)]
        return {"table": TABLE, "attacks": attacks, "left_out": left_out, "held_out": next(iter(held_out), None)}

    def _is_held_out(self, candidate: str) -> bool:
        variant = self.graph.variants.get(candidate)
        return variant is not None and variant.method == "load_oracle"
