"""The whole evaluation of an experiment as one target, such as `vision_all`, `tofu_all` and `icu_all`."""

from __future__ import annotations

from unlearnkit import layout
from unlearnkit.config.blocks import declared, names_for
from unlearnkit.config.experiment import Experiment
from unlearnkit.errors import ConfigError
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.present import Present
from unlearnkit.workflow.stops_graph import StopsGraph

OF_SPLITS = {"muse_all": "forget_questions", "wmdp_all": "choices"}
"""Target -> split of pairs without which an experiment cannot give it."""


class Evaluation:
    """Everything that the metrics of an experiment give, and models that other programs can read."""

    def __init__(self, present: Present) -> None:
        self.present, self.graph = present, present.graph

    def everything(self) -> list[str]:
        """Return scores and tables of all metrics, what they read, answers to tasks, the leaderboard and the page."""
        graph, present = self.graph, self.present
        return [
            *present.site.files(),
            *graph.results(*graph.metrics),
            *present.pool_scores.results(*present.pool_scores.metrics),
            *present.observations.read_by_all(*graph.metrics),
            *present.harness.results(),
            *present.leaderboard.files().values(),
            *present.stops.results(),
        ]

    def merged(self) -> list[str]:
        """Return the first unlearned model of every forget set and variant, merged; none where nothing is to merge.

        Each is as large as the base, so all models would take N times as much; any other can be asked for by its path.
        """
        if not has_adapter(self.graph.experiment):
            return []
        return [
            self.graph.path(layout.MERGED, population=population, shard=self.graph.shards(1)[0], model=f"{0:04d}")
            for name in self.graph.forget_sets
            for variant in self.graph.variants
            for population in [layout.UNLEARNED.format(forget_set=name, variant=variant)]
        ]


def has_adapter(experiment: Experiment) -> bool:
    """Return whether the models of an experiment are a base with low-rank terms."""
    return getattr(experiment.model_settings, "adapter", None) is not None


def refuse_unfit(target: str, experiment: Experiment, files: str) -> None:
    """Raise ConfigError if an experiment, which `files` describe, cannot give a target that not every one can give."""
    if target == "sustainability_all" and not any(block.after for block in experiment.forget_sets.values()):
        raise ConfigError(
            f"sustainability_all compares consecutive requests, but no forget set in {files} has `after`",
            expected="a forget set that names the one before it in `after` (docs/requests.md)",
            remedy="name another target: `report` gives tables and page of any experiment",
        )
    if target == "stops_all" and not StopsGraph(Graph(experiment)).variants:
        raise ConfigError(
            f"stops_all shows when runs stopped that judge single sequences, but no method in {files} does",
            expected="a method such as icu or kumpr",
            remedy="name another target: `report` gives tables and page of any experiment",
        )
    if target == "harness_all" and experiment.harness is None:
        raise ConfigError(
            f"harness_all asks models the tasks of the block `harness`, but {files} has none",
            expected="a block such as harness: {tasks: [icu_nine], begin_of_text: false} (docs/harness.md)",
            remedy="name another target: `report` gives tables and page of any experiment",
        )
    if target == "icu_all" and not _forgets_documents(experiment.data.name):
        able = [name for name in names_for("data set", "text") if _forgets_documents(name)]
        raise ConfigError(
            f"icu_all evaluates how documents are continued, but data.name in {files} is {experiment.data.name}, which "
            "has no document to forget",
            expected=f"one of {', '.join(able)}",
            remedy="name another target: `report` gives tables and page of any experiment",
        )
    if target == "durability_all" and not experiment.attacks:
        raise ConfigError(
            f"durability_all compares models before and after attacks, but {files} has no block `attacks`",
            expected="attacks: {NAME: {attack: quantise}}, for example (docs/durability.md)",
            remedy="name another target: `report` gives tables and page of any experiment",
        )
    if split := OF_SPLITS.get(target):
        _refuse_without(split, target, experiment, files)
    if target not in ("tofu_all", "lora_all"):
        return
    if not getattr(experiment, "has_pairs", False):
        pairs = [name for name in names_for("data set", "text") if getattr(declared("data set", name), "PAIRS", False)]
        raise ConfigError(
            f"{target} evaluates answers to questions, but data.name in {files} is {experiment.data.name}, which has "
            "no question-answer pairs",
            expected=f"one of {', '.join(pairs)}",
            remedy="name another target: `report` gives tables and page of any experiment",
        )
    if target == "lora_all" and not has_adapter(experiment):
        has = "model.adapter" if experiment.model.name == "pretrained" else "model.name"
        value = "null" if has == "model.adapter" else experiment.model.name
        raise ConfigError(
            f"lora_all merges low-rank terms into their base, but {has} in {files} is {value}, so there are none",
            expected="the model pretrained, with model.adapter, such as {rank: 8}",
            remedy="ask for tofu_all, which is the same without merged models",
        )


def _forgets_documents(data_set: str) -> bool:
    """Return whether what models are trained on, and are to forget, is plain text, of which documents consist."""
    declares = declared("data set", data_set)
    pairs, text = getattr(declares, "PAIRS", False), getattr(declares, "TASK", "image") == "text"
    return text and (not pairs or "train" in getattr(declares, "DOCUMENTS", ()))


def _refuse_without(split: str, target: str, experiment: Experiment, files: str) -> None:
    """Raise ConfigError if the data of an experiment have no samples of a split that a target evaluates."""
    if split in experiment.further_splits:
        return
    data_sets = names_for("data set", "text")
    able = [name for name in data_sets if split in getattr(declared("data set", name), "FURTHER_SPLITS", {})]
    raise ConfigError(
        f"{target} evaluates {split.replace('_', ' ')}, but data.name in {files} is {experiment.data.name}, which has "
        "none",
        expected=f"one of {', '.join(able)}",
        remedy="name another target: `report` gives tables and page of any experiment",
    )
