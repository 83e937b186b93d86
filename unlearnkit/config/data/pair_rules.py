"""Rules of the block `data` of question-answer pairs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from unlearnkit.config.blocks import declared
from unlearnkit.config.forget_sets.units import PairListForgetSet
from unlearnkit.errors import ConfigError, suggest

if TYPE_CHECKING:
    from unlearnkit.config.text_experiment import TextExperiment

_UNITS, _TEXT_UNITS = ("sequence", "document", "group"), ("sequence", "document", "step")
_TOKENIZERS, _TEXT_TOKENIZERS = ("bpe", "gpt2", "pretrained"), ("bpe", "gpt2", "characters")


def pair_problems(experiment: TextExperiment) -> Iterator[ConfigError]:
    """Yield settings of pairs beside plain text and of plain text beside pairs, and forget lists that do not exist."""
    data, pairs = experiment.data, experiment.has_pairs
    what = "question-answer pairs" if pairs else "plain text"
    if data.pairs is not None and not pairs:
        yield ConfigError(f"data.pairs is set, but {data.name} is plain text", remedy="remove data.pairs")
    kind = getattr(data.tokenizer, "kind", None)
    for key, value, possible in (
        ("forget_unit", data.forget_unit, _UNITS if pairs else _TEXT_UNITS),
        ("tokenizer.kind", kind, _TOKENIZERS if pairs else _TEXT_TOKENIZERS),
    ):
        if value is not None and value not in possible:
            yield ConfigError(f"data.{key} is {value}, but {data.name} is {what}", expected=" or ".join(possible))
    if kind == "pretrained" and data.tokenizer.folder is None and experiment.model.name != "pretrained":  # pyright: ignore
        yield ConfigError(
            f"data.tokenizer is that of a pretrained model, but the model is {experiment.model.name}",
            expected="data.tokenizer.folder, or the model pretrained, whose tokenizer it then is",
        )
    every = data.pairs is not None and data.pairs.targets == "all"
    for key, used in {"rules": data.pairs and data.pairs.rules, "targets": every}.items():
        if used and data.name != "pair_files":
            yield ConfigError(f"data.pairs.{key} is set, but data.name is {data.name}", expected="pair_files")
    how = data.pairs.documents if data.pairs else None
    if how and (how.length or 0) > data.sequence_length:
        yield ConfigError(
            f"data.pairs.documents.length is {how.length}, but data.sequence_length is {data.sequence_length}",
            expected="stretches that fit into a sequence",
            remedy="shorten the one, or raise the other",
        )
    if data.forget_unit == "document" and pairs and not experiment.divides_documents:
        yield ConfigError(
            "data.forget_unit is document, but no document is divided into several sequences",
            expected="data.pairs.documents: {cut: all}, or data.forget_unit: sequence",
        )
    if every and data.forget_unit != "group":
        yield ConfigError(
            f"data.pairs.targets is all, but data.forget_unit is {data.forget_unit}: the answers of a conversation are "
            "in the prompts of later ones, so only whole conversations can be forgotten",
            expected="data.forget_unit: group",
        )
    lists = getattr(declared("data set", data.name), "FORGET_LISTS", {}) if pairs else {}
    for name, block in experiment.forget_sets.items():
        if isinstance(block, PairListForgetSet) and block.name not in lists:
            yield ConfigError(
                f"forget_sets.{name}.name is '{block.name}', but {data.name} has no such forget list",
                expected=f"one of {', '.join(lists)}" if lists else "a data set of question-answer pairs",
                remedy=suggest(block.name, lists) if lists else "choose another kind of forget set",
            )
