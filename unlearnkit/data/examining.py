"""What `unlearnkit check` finds in raw files and forget sets: it reads and compares them as jobs do, and keeps nothing.

It runs in a process of its own, which may crash without taking the command with it.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from unlearnkit.config.data import DataBlock
from unlearnkit.config.forget_set import ForgetSet
from unlearnkit.config.text_data import TextDataBlock
from unlearnkit.config.units import TextForgetSet
from unlearnkit.data.copies import copies_outside, copies_warning, digests
from unlearnkit.data.forget_set_files import file_forget_set, read_scores
from unlearnkit.data.forget_sets import check_forget_set, make_forget_set
from unlearnkit.data.loading import load_published, prepared
from unlearnkit.data.unit_forget_sets import make_unit_forget_set
from unlearnkit.errors import UnlearnkitError

Finding = tuple[str, str]
"""Level (ok, warning or error) and fact."""

MOST = 20_000_000
"""Characters or tokens of a text that is small enough to be cut into sequences during a check."""

_MUCH = ("ok", "the text is long, so the jobs that make splits and forget sets compare them")

_LATER = ("principal_component", "clip_neighbours", "subpopulation")
"""Kinds of forget sets that are made from other artifacts or take a minute to make: their jobs compare them."""


def image_findings(data: Mapping[str, Any], root: Path | None, forget_sets: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield the findings on an image data set with the configuration `data`; raises what its job raises."""
    block = DataBlock.model_validate(data)
    published, _ = load_published(block.name, root, block.content_hash)
    yield "ok", f"{block.name} is sound: {len(published.images)} entries"
    sizes = {name: getattr(block, name) for name in ("train_size", "validation_size", "test_size")}
    images = prepared(published, block.split, sizes, block.image)
    chosen, found = TypeAdapter(dict[str, ForgetSet]).validate_python(forget_sets), digests(images.images)
    for name, settings in chosen.items():
        if settings.kind not in _LATER:
            yield from _caught(_copies, name, make_forget_set, settings, images, found)


def text_findings(
    data: Mapping[str, Any], root: Path | None, cuts: Mapping[str, Any], forget_sets: Mapping[str, Any]
) -> Iterator[Finding]:
    """Yield the findings on text with the configuration `data`, cut by `cuts`; raises what its jobs raise."""
    from unlearnkit.data.shared_text import refuse_shared
    from unlearnkit.data.text_making import cut_text

    block = TextDataBlock.model_validate(data)
    with tempfile.TemporaryDirectory() as folder:
        made = yield from (_made_tokens if block.tokenizer else _published_tokens)(block, root, Path(folder))
        if made is None:
            return
        text_set, end_of_text = cut_text(cuts, made, root)
        yield from _caught(refuse_shared, text_set, end_of_text)
        chosen, found = (
            TypeAdapter(dict[str, TextForgetSet]).validate_python(forget_sets),
            digests(text_set.sequences()),
        )
        for name, settings in chosen.items():
            yield from _caught(_copies, name, make_unit_forget_set, settings, text_set, found)


def _published_tokens(block: TextDataBlock, root: Path | None, _: Path) -> Generator[Finding, None, list[str] | None]:
    from unlearnkit.data.text_loading import load_token_files
    from unlearnkit.data.token_shards import open_shard

    files = load_token_files(block.name, root)
    size = sum(len(open_shard(path)) for path in (*files.train, *files.validation))
    yield "ok", f"{block.name} is sound: {size} tokens"
    if block.train_size * block.sequence_length > MOST:
        yield _MUCH
        return None
    return []


def _made_tokens(block: TextDataBlock, root: Path | None, folder: Path) -> Generator[Finding, None, list[str] | None]:
    """Write the shards and the tokenizer of a text to `folder` and return their paths; None if a job must make them."""
    from unlearnkit.data.text_loading import load_corpus
    from unlearnkit.data.tokenizer_making import write_tokens

    corpus, _ = load_corpus(block.name, root, block.hub, block.content_hash)
    yield "ok", f"{block.name} is sound: {len(corpus.train) + len(corpus.validation)} documents"
    settings = block.tokenizer
    assert settings is not None
    if settings.kind == "gpt2" and settings.folder is None:
        yield "warning", f"the tokenizer is read from huggingface.co, {settings.hub}, by the first job"
        return None
    if sum(map(len, corpus.train)) > MOST:
        yield _MUCH
        return None
    made = [str(folder / name) for name in ("train.bin", "validation.bin", "tokenizer.json")]
    write_tokens(settings, corpus, *made)
    return made


def file_findings(file: str, kind: str, sha256: str | None) -> Iterator[Finding]:
    """Yield the finding on the file of a forget set of a `kind`; raises DataError if it is damaged."""
    is_list = kind in ("file", "unit_file")
    size = len(file_forget_set(Path(file), sha256) if is_list else read_scores(Path(file)))
    yield "ok", f"{file} is sound: {size} entries"


def answer() -> None:
    """Print the findings on the questions in the first argument, a JSON list, each as an object on its own line."""
    answers = {"images": image_findings, "text": text_findings, "file": file_findings}
    for asked in json.loads(sys.argv[1]):
        if "root" in asked:
            asked["root"] = Path(asked["root"]) if asked["root"] else None
        find = answers[asked.pop("about")]
        for level, fact in _caught(find, **asked):
            print("\n@" + json.dumps({"level": level, "fact": fact}))
        print("\n@" + json.dumps({"done": True}), flush=True)


def _copies(
    name: str, make: Callable[..., np.ndarray], settings: Any, data_set: Any, found: np.ndarray
) -> Iterator[Finding]:
    indices, sizes = make(settings, data_set), data_set.split_sizes
    check_forget_set(indices, name=name, train_size=sizes["train"])
    if warning := copies_warning(name, len(indices), copies_outside(found, sizes, indices)):
        yield "warning", warning


def _caught(find: Callable[..., Iterable[Finding] | None], *arguments: Any, **named: Any) -> Iterator[Finding]:
    """Yield what `find` yields, up to an error, which is a finding as well."""
    try:
        yield from find(*arguments, **named) or ()
    except UnlearnkitError as error:
        yield "error", str(error).rstrip(".")
