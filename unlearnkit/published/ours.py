"""Pools that `unlearnkit publish` uploaded: the folder of an experiment, whose files are already in our form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from unlearnkit import layout
from unlearnkit.artifacts.margins import Margins, read_margins
from unlearnkit.errors import ArtifactError, DataError
from unlearnkit.published.pool import Pool


def files_with(pool: Pool, population: str, models: range, ending: str) -> dict[str, Path]:
    """Return path -> fetched file of the shards of a population that hold some of `models`.

    `population` is "original" or "oracle/<forget set>", `ending` that of the files (".safetensors"). Shards may be of
    another size than ours, and the folder may lie anywhere in the repository. Raises DataError if none is there, or if
    a model is there twice.
    """
    found = shards_in(pool.paths, population, ending)
    refuse_twice(found, pool.place)
    chosen = [path for path, shard in found.items() if set(shard) & set(models)]
    missing = set(models) - {model for path in chosen for model in found[path]}
    if missing:
        raise DataError(
            f"{pool.place} has no {population}/<shard>{ending} with model {min(missing)}",
            expected=f"models {models[0]} to {models[-1]} of an experiment that `unlearnkit publish` uploaded",
            remedy="lower `models` of the source, or train these models here",
        )
    return pool.fetch_all({path: f"{found[path][0]} to {found[path][-1]}" for path in chosen})


def shards_in(paths: Iterable[str], population: str, ending: str) -> dict[str, range]:
    """Return path -> models in it, of the files of a population among `paths`; arguments are those of `files_with`."""
    return {path: shard for path in paths if (shard := _shard(path, population, ending))}


def refuse_twice(found: Mapping[str, range], place: str) -> None:
    """Raise DataError if two of some files, path -> models in it, hold the same model, as of two experiments."""
    first: dict[int, str] = {}
    for path, shard in found.items():
        for model in shard:
            if first.setdefault(model, path) != path:
                raise DataError(
                    f"{place} has model {model} twice, in {first[model]} and {path}",
                    expected="the models of one experiment",
                    remedy="name a commit that has one publication, or publish each experiment on its own",
                )


def margins_in(
    pool: Pool, files: Mapping[str, Path], models: range, split: np.ndarray, sample_index: np.ndarray
) -> dict[int, Margins]:
    """Return epoch -> margins of `models` in files that unlearnkit wrote, path in the pool -> file.

    `split` and `sample_index` [samples] are those of our data set. Raises DataError if a file is none of ours, or has
    other samples.
    """
    try:
        margins = read_margins(list(files.values()))
    except ArtifactError as error:
        raise DataError(f"{pool.named(', '.join(files))}: {error.fact}", expected=error.expected) from None
    for part in margins.values():
        if not (np.array_equal(part.split, split) and np.array_equal(part.sample_index, sample_index)):
            counts = (_counts(part.split), _counts(split))
            raise DataError(
                f"{pool.named(next(iter(files)))} has margins of {counts[0]} samples, and the data set here has "
                f"{counts[1]}",
                expected="margins of the same samples in the same order",
                remedy="set data as the published experiment has it",
            )
    return {epoch: part.take_models(models) for epoch, part in margins.items()}


def _shard(path: str, population: str, ending: str) -> range | None:
    """Return the models in a file of a population by its path, None if it is another file."""
    file = PurePosixPath(path)
    shard = file.name.removesuffix(ending)
    in_folder = f"/{file.parent}".endswith(f"/{population}") and file.name.endswith(ending)
    # results/x/attacked/a/original/... is no folder of originals
    if not in_folder or "attacked" in file.parts or not shard.replace("-", "").isdigit():
        return None
    return layout.shard_indices(shard)


def _counts(split: Sequence[str] | np.ndarray) -> str:
    names, counts = np.unique(np.asarray(split), return_counts=True)
    return ", ".join(f"{count} {name}" for name, count in zip(names, counts, strict=True))
