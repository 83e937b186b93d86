"""From two streams of tokens, training and validation, to a text set of the configured sizes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unlearnkit import registry
from unlearnkit.config.data.text import Unit
from unlearnkit.data.published import check_content
from unlearnkit.data.text.cutting import Cut, cut
from unlearnkit.data.text.shared_text import refuse_shared
from unlearnkit.data.text.text_loading import load_token_files
from unlearnkit.data.text.text_set import TextSet
from unlearnkit.data.text.token_shards import Stream, first_shards, open_stream
from unlearnkit.data.text.tokenizer import read_tokenizer
from unlearnkit.data.text.tokens_needed import tokens_needed
from unlearnkit.errors import DataError

SPLITS = ("train", "validation")


def text_set_of(
    settings: Mapping[str, Any], made: Sequence[str], root: Path | None, report: Callable[[str], object]
) -> TextSet:
    """Return the text set of `cut_text`, and `report` text that its splits share; raises DataError if it is much."""
    text_set, end_of_text = cut_text(settings, made, root)
    if shared := refuse_shared(text_set, end_of_text):
        report(f"WARNING: {shared}")
    return text_set


def cut_text(settings: Mapping[str, Any], made: Sequence[str], root: Path | None) -> tuple[TextSet, int]:
    """Return the text set of a rule's configuration slice, and the token before every document.

    `made` are the training shard, the validation shard and the tokenizer that rule tokens wrote; it is empty for a data
    set that comes as tokens below `root`, whose hash is compared with "content_hash". Raises DataError as
    `make_text_set` does, and if the content has another hash.
    """
    cuts: dict[str, Any] = {name: settings[name] for name in ("train_size", "validation_size", "unit_sequences")}
    cuts |= {"length": settings["sequence_length"], "unit": settings["forget_unit"]}
    if made:
        tokenizer = read_tokenizer(made[2])
        cuts |= {"vocabulary_size": tokenizer.vocabulary_size, "end_of_text": tokenizer.end_of_text}
        return make_text_set(open_stream([Path(made[0])]), open_stream([Path(made[1])]), **cuts), tokenizer.end_of_text
    files = load_token_files(settings["name"], root)
    module = registry.load("data set", settings["name"])
    cuts |= {"vocabulary_size": module.VOCABULARY_SIZE, "end_of_text": module.END_OF_TEXT}
    shards = (files.train, files.validation)
    how = (settings["sequence_length"], settings["forget_unit"], module.END_OF_TEXT)
    wanted = [
        tokens_needed(paths, settings[f"{split}_size"], *how) for split, paths in zip(SPLITS, shards, strict=True)
    ]
    # shards that are not needed are neither read nor recorded
    used = [first_shards(paths, tokens) for paths, tokens in zip(shards, wanted, strict=True)]
    text_set = make_text_set(*map(open_stream, used, wanted), **cuts, raw_files=(*used[0], *used[1]))
    # the hash of what was cut; none is known of everything that is published
    hashes = {"published": None, "stated": settings["content_hash"]}
    check_content(settings["name"], root, text_set.content_hash, **hashes, source=module.SOURCE)
    return text_set, module.END_OF_TEXT


def make_text_set(
    train: Stream,
    validation: Stream,
    *,
    length: int,
    unit: Unit,
    unit_sequences: int | None,
    train_size: int,
    validation_size: int,
    vocabulary_size: int,
    end_of_text: int,
    raw_files: tuple[Path, ...] = (),
) -> TextSet:
    """Return the first `train_size` and `validation_size` sequences of two streams, cut as `cutting.cut` says.

    In validation steps are not forget units; each of their sequences is one. Raises DataError if a stream is too short,
    the training size cuts a unit in two, or a token is not in the vocabulary.
    """
    named = [{"end_of_text": end_of_text, "name": f"the {split} split"} for split in SPLITS]
    trained = cut(train, length, unit, unit_sequences=unit_sequences or 1, **named[0])
    held_out = cut(validation, length, "document" if unit == "document" else "sequence", **named[1])
    first, second = _first("train", trained, train_size), _first("validation", held_out, validation_size)
    if train_size < len(trained.units) and trained.units[train_size] == trained.units[train_size - 1]:
        inside = np.flatnonzero(trained.units == trained.units[train_size])
        raise DataError(
            f"data.train_size is {train_size}, which cuts forget unit {trained.units[train_size]} in two",
            expected=" or ".join(str(size) for size in (inside[0], inside[-1] + 1) if size) + " sequences",
            remedy="correct data.train_size",
        )
    # the only copy: the streams are maps of files, which may have gigabytes
    tokens = np.concatenate([*train.pieces(slice(_end(first))), *validation.pieces(slice(_end(second)))])
    highest = int(tokens.max())
    if highest >= vocabulary_size:
        raise DataError(
            f"the data contain token {highest}", expected=f"tokens below the size of the vocabulary, {vocabulary_size}"
        )
    return TextSet(
        tokens=tokens,
        starts=np.concatenate([first.starts, second.starts + _end(first)]),
        lengths=np.concatenate([first.lengths, second.lengths]),
        units=np.concatenate([first.units, second.units + first.units[-1] + 1]),
        train_size=train_size,
        validation_size=validation_size,
        vocabulary_size=vocabulary_size,
        length=length,
        raw_files=raw_files,
    )


def _first(split: str, found: Cut, size: int) -> Cut:
    if size > len(found.starts):
        raise DataError(
            f"data.{split}_size is {size}, but there are {len(found.starts)} {split} sequences",
            expected=f"at most {len(found.starts)}",
            remedy=f"correct data.{split}_size, or shorten data.sequence_length",
        )
    return Cut(found.starts[:size], found.lengths[:size], found.units[:size])


def _end(found: Cut) -> int:
    return int(found.starts[-1] + found.lengths[-1])
