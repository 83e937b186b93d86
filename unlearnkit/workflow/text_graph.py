"""The part of the artifact graph between a text and its sequences: tokens, cuts and forget units."""

from __future__ import annotations

from pathlib import Path

from unlearnkit import layout
from unlearnkit.config.text_experiment import TextExperiment
from unlearnkit.declarations import declarations
from unlearnkit.registry import locate
from unlearnkit.stages import Slice
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.raw_files import raw_files


class TextGraph:
    """Inputs and parameters of the data of an experiment with language models."""

    def __init__(self, graph: Graph) -> None:
        assert isinstance(graph.experiment, TextExperiment)
        self.graph, self.experiment = graph, graph.experiment

    def raw_files(self) -> list[str]:
        """Return the files of the user's that tokens are made of, as far as they are there."""
        data = self.experiment.data
        return raw_files(locate("data set", data.name), Path(data.root) if data.root else None, data.hub)

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

    def dataset_slice(self) -> Slice:
        """How the tokens are cut into sequences and forget units."""
        kept = {"name", "sequence_length", "forget_unit", "train_size", "validation_size"}
        # that of text is compared when it becomes tokens
        kept |= set() if self.token_files() else {"content_hash"}
        return {
            **self.experiment.data.model_dump(mode="json", include=kept),
            "unit_sequences": self.experiment.unit_sequences,
        }
