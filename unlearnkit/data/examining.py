"""What `unlearnkit check` finds in raw files and forget sets: it reads and compares them as jobs do, and keeps nothing.

It runs in a process of its own, which may crash without taking the command with it.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from unlearnkit import layout
from unlearnkit.config.data.text import TextDataBlock
from unlearnkit.config.load import load_experiment
from unlearnkit.data.copies import copies_outside, copies_warning, digests
from unlearnkit.data.forget_set_files import file_forget_set, read_names, read_scores
from unlearnkit.data.forget_sets import check_forget_set, make_forget_set
from unlearnkit.data.images.loading import load_published, prepared, refuse_own_copies
from unlearnkit.data.membership import file_membership
from unlearnkit.data.text.unit_forget_sets import make_unit_forget_set
from unlearnkit.declarations import declarations
from unlearnkit.errors import UnlearnkitError
from unlearnkit.facts.given_weights import refuse_unusable
from unlearnkit.published.examining import pool_findings
from unlearnkit.registry import locate
from unlearnkit.workflow.given_models import given_path, given_populations, weight_files
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.text_graph import TextGraph

Finding = tuple[str, ...]
"""Level (ok, warning or error), fact and, where there is one, remedy."""

MOST = 20_000_000
"""Characters or tokens of a text that is small enough to be cut into sequences during a check."""

_MUCH = ("ok", "the text is long, so the jobs that make splits and forget sets compare them")

_LATER = ("principal_component", "clip_neighbours", "memorised", "overlap", "subpopulation")
"""Kinds of forget sets that are made from other artifacts or take a minute to make: their jobs compare them."""


def answer() -> None:
    """Print what is found, as JSON lines, for the experiment whose configuration, as JSON, is the first argument.

    The first line names the parts that are examined; a line follows each one that was examined to its end.
    """
    parts = list(_parts(load_experiment(json.loads(sys.argv[1]))))
    _print(parts=[name for name, _ in parts])
    for _, find in parts:
        for finding in _caught(find):
            _print(finding=finding)
        _print(done=True)


def _parts(experiment: Any) -> Iterator[tuple[str, Callable[[], Iterator[Finding]]]]:
    """Yield what is examined, and how: the data set with the forget sets that can be made, and files of the user's.

    These hold forget sets, the membership of pools, and weights.
    """
    files = {name: file for name, settings in experiment.forget_sets.items() if (file := settings.input_file())}
    lost = {name for name, file in files.items() if not Path(file).is_file()}
    lost |= {name for name, settings in experiment.forget_sets.items() if getattr(settings, "hub", None)}
    possible = {name: settings for name, settings in experiment.forget_sets.items() if name not in lost}
    yield "the data set", partial(_data_findings, experiment, possible)
    if base := getattr(experiment.model_settings, "source", None):
        yield "the base of the models", partial(_base_findings, base, experiment.sample_shape[0])
    for name, file in files.items():
        yield file, partial(_file_findings, name, file, experiment.forget_sets[name])
    for pool in experiment.pools.values():
        if pool.input_file():
            yield pool.file, partial(_pool_findings, pool, experiment.train_size)
    graph = Graph(experiment)
    for population in given_populations(graph):
        yield given_path(graph, population), partial(_weight_findings, graph, population)
    for role, source in experiment.published.items():
        yield source.repository, partial(pool_findings, graph, role)


def _base_findings(source: Any, length: int) -> Iterator[Finding]:
    from unlearnkit.models.base_examining import base_findings

    yield from base_findings(source, length)


def _data_findings(experiment: Any, forget_sets: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield the findings on a data set, unless its first job downloads it; raises what its jobs raise."""
    data = experiment.data
    declared = declarations(locate("data set", data.name))
    size, fetched = declared.DOWNLOAD_BYTES, Path(layout.DOWNLOADS, getattr(declared, "DOWNLOAD_FOLDER", ""))
    if data.root is None and size and not fetched.is_dir():
        fact = f"{data.name} is not here yet: the first job downloads {size / 1e6:.0f} MB into {layout.DOWNLOADS}/"
        yield "warning", fact, f"if jobs have no network, get the files from {declared.SOURCE} and set data.root"
    elif data.name == "hub_text" and not Path(data.hub.path).is_dir():
        fact = f"{data.hub.path} is read from huggingface.co by the first job, and was not examined"
        yield "warning", fact, "if jobs have no network, save it to a folder and name that in data.hub.path"
    else:
        root = data.root or (layout.DOWNLOADS if size else None)
        find = _image_findings if experiment.task == "image" else _text_findings
        yield from find(experiment, Path(root) if root else None, forget_sets)


def _image_findings(experiment: Any, root: Path | None, forget_sets: Mapping[str, Any]) -> Iterator[Finding]:
    block = experiment.data
    published, _ = load_published(block.name, root, block.content_hash, block)
    yield "ok", f"{block.name} is sound: {len(published.images)} entries"
    made = Graph(experiment).dataset_slice()
    sizes = {name: made[name] for name in ("train_size", "validation_size", "test_size")}
    images = prepared(published, block.split, sizes, block.image)
    yield from _caught(_own_copies, block.name, images)
    found = digests(images.images)
    for name, settings in forget_sets.items():
        if settings.kind not in _LATER:
            yield from _caught(_copies, name, make_forget_set, settings, images, found)


def _own_copies(name: str, images: Any) -> Iterator[Finding]:
    if copies := refuse_own_copies(name, images):
        yield "warning", copies


def _text_findings(experiment: Any, root: Path | None, forget_sets: Mapping[str, Any]) -> Iterator[Finding]:
    from unlearnkit.data.text.text_making import cut_text

    block = experiment.data
    if experiment.has_pairs:
        yield from _pair_findings(experiment, root, forget_sets)
        return
    with tempfile.TemporaryDirectory() as folder:
        made = yield from (_made_tokens if block.tokenizer else _published_tokens)(block, root, Path(folder))
        if made is None:
            return
        cuts = {"content_hash": None, **TextGraph(Graph(experiment)).dataset_slice()}
        text_set, end_of_text = cut_text(cuts, made, root)
        yield from _caught(_shared, text_set, end_of_text)
        found = digests(text_set.sequences())
        for name, settings in forget_sets.items():
            yield from _caught(_copies, name, make_unit_forget_set, settings, text_set, found)


def _pair_findings(experiment: Any, root: Path | None, forget_sets: Mapping[str, Any]) -> Iterator[Finding]:
    from unlearnkit.data.text.document_cutting import cut_documents
    from unlearnkit.data.text.pair_file import write_pairs
    from unlearnkit.data.text.pair_loading import load_pairs, prepared
    from unlearnkit.data.text.pair_making import text_set_of_pairs
    from unlearnkit.data.text.shared_text import refuse_shared_sequences

    block, settings = experiment.data, experiment.pair_settings
    pairs, _ = load_pairs(block.name, root, settings, block.content_hash)
    counts = {split: len(rows) for split, rows in pairs.splits.items()} | dict(pairs.notes)
    yield "ok", f"{block.name} is sound: {', '.join(f'{count} {name}' for name, count in counts.items())}"
    tokenizer_folder = _tokenizer_folder(experiment)
    if block.tokenizer.kind in ("gpt2", "pretrained") and tokenizer_folder is None:
        yield "warning", "the tokenizer is not here yet, so the first job examines the pairs"
        return
    taken = pairs.part(settings.first, block.train_size, block.validation_size, settings.further_size)
    file, tokenizer = prepared(taken, settings, block.tokenizer, tokenizer_folder)
    if settings.documents:
        length = settings.documents.length or block.sequence_length
        file = cut_documents(file, tokenizer, settings.documents.cut, length)
    text_set = text_set_of_pairs(TextGraph(Graph(experiment)).dataset_slice(), file, tokenizer)
    if shared := refuse_shared_sequences(text_set):
        yield "warning", shared
    found = digests(text_set.sequences())
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder, "pairs.json")
        write_pairs(written, file)
        for name, forget_set in forget_sets.items():
            make = partial(make_unit_forget_set, pairs=written)
            yield from _caught(_copies, name, make, forget_set, text_set, found)


def _tokenizer_folder(experiment: Any) -> Path | None:
    """Return the folder of the tokenizer of pairs: its own, or that of the base, if it is here; else None."""
    tokenizer = experiment.data.tokenizer
    if tokenizer.kind not in ("gpt2", "pretrained"):
        return None
    if tokenizer.folder or tokenizer.kind == "gpt2":
        return Path(tokenizer.folder) if tokenizer.folder else None
    source, made = experiment.model_settings.source, Path(Graph(experiment).path(layout.BASE))
    return made.parent if made.is_file() else Path(source.folder) if source.folder else None


def _shared(text_set: Any, end_of_text: int) -> Iterator[Finding]:
    from unlearnkit.data.text.shared_text import refuse_shared

    if shared := refuse_shared(text_set, end_of_text):
        yield "warning", shared


def _published_tokens(block: TextDataBlock, root: Path | None, _: Path) -> Generator[Finding, None, list[str] | None]:
    from unlearnkit.data.text.text_loading import load_token_files
    from unlearnkit.data.text.token_shards import open_shard

    files = load_token_files(block.name, root)
    size = sum(len(open_shard(path)) for path in (*files.train, *files.validation))
    yield "ok", f"{block.name} is sound: {size} tokens"
    if block.train_size * block.sequence_length > MOST:
        yield _MUCH
        return None
    return []


def _made_tokens(block: TextDataBlock, root: Path | None, folder: Path) -> Generator[Finding, None, list[str] | None]:
    """Write the shards and the tokenizer of a text to `folder` and return their paths; None if a job must make them."""
    from unlearnkit.data.text.text_loading import load_corpus
    from unlearnkit.data.text.tokenizer_making import write_tokens

    corpus, _ = load_corpus(block.name, root, block.hub, block.content_hash)
    yield "ok", f"{block.name} is sound: {len(corpus.train) + len(corpus.validation)} documents"
    settings = block.tokenizer
    # that of a pretrained model belongs to pairs
    assert settings is not None and settings.kind != "pretrained"
    if settings.kind == "gpt2" and settings.folder is None:
        yield "warning", f"the tokenizer is read from huggingface.co, {settings.hub}, by the first job"
        return None
    if sum(map(len, corpus.train)) > MOST:
        yield _MUCH
        return None
    made = [str(folder / name) for name in ("train.bin", "validation.bin", "tokenizer.json")]
    write_tokens(settings, corpus, *made)
    return made


def _file_findings(name: str, file: str, settings: Any) -> Iterator[Finding]:
    """Yield the finding on the file of a forget set; raises DataError if it is damaged."""
    if not Path(file).is_file():
        fact = f"{file}, the file of forget set {name}, does not exist"
        yield "error", fact, f"put it there, or correct forget_sets.{name}.file"
        return
    yield "ok", f"{file} is sound: {_entries(Path(file), settings)} entries"


def _entries(file: Path, settings: Any) -> int:
    if settings.kind not in ("file", "unit_file"):
        return len(read_scores(file))
    read = read_names if getattr(settings, "indices", "") == "names" else file_forget_set
    return len(read(file, getattr(settings, "sha256", None)))


def _pool_findings(pool: Any, train_size: int) -> Iterator[Finding]:
    file_membership(Path(pool.file), pool.models, train_size)
    yield "ok", f"{pool.file} is sound: {pool.models} models"


def _weight_findings(graph: Graph, population: str) -> Iterator[Finding]:
    """Yield the finding on files of given models, of which the first is read; raises DataError as their job does."""
    from unlearnkit.models.building import Architecture
    from unlearnkit.training.given import given_models

    experiment, place = graph.experiment, given_path(graph, population)
    source = graph.training_slice(population.partition("/")[0])
    files, models = weight_files(place)[: experiment.num_models], range(experiment.num_models)
    refuse_unusable(files, models, source, place)
    if getattr(experiment.data, "tokenizer", None):
        yield (
            "ok",
            f"{place} has a file for each model; how many tokens a model knows is known to the job that reads it",
        )
        return
    sizes = experiment.num_classes, experiment.sample_shape
    architecture = Architecture(experiment.model.name, experiment.model_settings, *sizes)
    given_models(architecture, files[:1], models[:1], source, place=place, report=lambda _: None)
    yield "ok", f"{files[0]} fits the model; {place} has one for each model"


def _copies(
    name: str, make: Callable[..., np.ndarray], settings: Any, data_set: Any, found: np.ndarray
) -> Iterator[Finding]:
    indices, sizes = make(settings, data_set), data_set.split_sizes
    check_forget_set(indices, name=name, train_size=sizes["train"])
    if warning := copies_warning(name, len(indices), copies_outside(found, sizes, indices)):
        yield "warning", warning


def _caught(find: Callable[..., Iterable[Finding] | None], *arguments: Any) -> Iterator[Finding]:
    """Yield what `find` yields, up to an error, which is a finding as well."""
    try:
        yield from find(*arguments) or ()
    except UnlearnkitError as error:
        yield "error", str(error).rstrip(".")


def _print(**line: Any) -> None:
    print("\n@" + json.dumps(line), flush=True)
