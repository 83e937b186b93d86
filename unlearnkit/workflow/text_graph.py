"""The part of the artifact graph between a text and its sequences: tokens, cuts and forget units."""

from __future__ import annotations

from pathlib import Path

from unlearnkit import layout
from unlearnkit.config.data.tokenizer import PretrainedTokenizer
from unlearnkit.config.text_experiment import TextExperiment
from unlearnkit.declarations import declarations
from unlearnkit.registry import locate
from unlearnkit.stages import Slice
from unlearnkit.workflow.base_graph import BaseGraph
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.paths import takable
from unlearnkit.workflow.raw_files import raw_files

TOKENIZER_FILES = (
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
)
"""What is read of a folder with a pretrained tokenizer, as far as it is there."""


class TextGraph:
    """Inputs and parameters of the data of an experiment with language models."""

    def __init__(self, graph: Graph) -> None:
        assert isinstance(graph.experiment, TextExperiment)
        self.graph, self.experiment = graph, graph.experiment

    @property
    def has_pairs(self) -> bool:
        """Whether samples are question-answer pairs."""
        return self.experiment.has_pairs

    def raw_files(self) -> list[str]:
        """Return the files of the user's that tokens, or pairs, are made of, as far as they are there."""
        data = self.experiment.data
        settings = self.experiment.pair_settings if self.has_pairs else data.hub
        return raw_files(locate("data set", data.name), Path(data.root) if data.root else None, settings)

    def tokenizer_files(self) -> list[str]:
        """Return the files of the tokenizer of a pretrained model, as far as they are there; none for other kinds.

        Without a folder it is the tokenizer of the models' base, beside the manifest of which it lies.
        """
        tokenizer = self.experiment.data.tokenizer
        if not isinstance(tokenizer, PretrainedTokenizer):
            return []
        if (folder := tokenizer.folder) is None:
            return BaseGraph(self.graph).manifest()
        return [takable(str(Path(folder, name))) for name in TOKENIZER_FILES if Path(folder, name).is_file()]

    def token_files(self) -> list[str]:
        """Return the token shards and the tokenizer that the data set is made of; none where it comes as tokens."""
        if getattr(declarations(locate("data set", self.experiment.data.name)), "TOKENISED", False):
            return []
        return [
            self.graph.path(pattern) for pattern in (layout.TRAIN_TOKENS, layout.VALIDATION_TOKENS, layout.TOKENIZER)
        ]

    def tokens_slice(self) -> Slice:
        """Which text is made into tokens, and how; not where its files lie: they are inputs, or their hash is known."""
        kept = {"name", "hub", "tokenizer", "content_hash"}
        block = self.experiment.data.model_dump(mode="json", include=kept)
        if block["tokenizer"]:
            block["tokenizer"].pop("folder", None)
        return block

    def dataset_code(self) -> str:
        """Fingerprint of making the data set."""
        return self.graph.code("pair_dataset") if self.has_pairs else self.graph.data_code("text_dataset")

    def pairs_slice(self) -> Slice:
        """Which pairs are made into prompts and answers, and how; not where their files lie."""
        sizes = self.experiment.data.model_dump(mode="json", include={"train_size", "validation_size"})
        # what is made of pairs later does not change them
        settings = self.experiment.pair_settings.model_dump(mode="json", exclude={"alternatives"})
        if settings["targets"] == "last":
            del settings["targets"]
        if settings["documents"] is None:
            del settings["documents"]
        else:
            sizes |= {"sequence_length": self.experiment.data.sequence_length}
        return {**self.tokens_slice(), **sizes, "pairs": settings}

    def template_slice(self) -> Slice:
        """How questions become prompts: the template, and the tokenizer, which may have one."""
        pairs = self.experiment.pair_settings.model_dump(mode="json", include={"template", "begin_of_text"})
        return {**pairs, "tokenizer": self.tokens_slice()["tokenizer"]}

    def alternatives_slice(self) -> Slice:
        """How wrong answers are generated: what the model is asked, in which form, and what is drawn."""
        pairs = self.experiment.pair_settings.model_dump(mode="json", include={"alternatives"})
        return {**pairs, **self.template_slice(), "model": self.graph.model_slice(), **self.graph.seed_slice()}

    def dataset_slice(self) -> Slice:
        """How the tokens are cut into sequences and forget units."""
        if self.has_pairs:
            return self.experiment.data.model_dump(mode="json", include={"name", "sequence_length", "forget_unit"})
        kept = {"name", "sequence_length", "forget_unit", "train_size", "validation_size"}
        # that of text is compared when it becomes tokens
        kept |= set() if self.token_files() else {"content_hash"}
        return {
            **self.experiment.data.model_dump(mode="json", include=kept),
            "unit_sequences": self.experiment.unit_sequences,
        }
