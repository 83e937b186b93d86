"""Margins in folders: those of unlearnkit, and those of EasyDUB in both editions."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unlearnkit.artifacts.margins import read_margins
from unlearnkit.errors import ArtifactError
from unlearnkit.score.arrays import TENSORS, array_in
from unlearnkit.score.margin_table import FORMS, MarginTable, checked

FOLDERS = {"forget": "forget", "retain": "retain", "val": "validation", "validation": "validation", "test": "test"}
"""Folder of an array per model -> split of its samples."""
_ALL = {"train": "train", "val": "validation", "validation": "validation", "test": "test"}
"""What `<name>_margins_all` is called -> split of its samples; such a file has the margins of all models."""
_ENDINGS = (".npy", *TENSORS)
_EPOCH = re.compile(r"_epoch_(\d+)")
_FORGET_SET = re.compile(r"forget_\d+")
ORIGINALS = "pretrain"
"""Folder of originals in the second edition: its `retain` has all training samples."""


def table_in(folder: Path) -> MarginTable:
    """Return the margins in a folder, of the last epoch; raises ArtifactError, naming it, if it is of no known kind."""
    if ours := sorted(folder.glob("*.margins.parquet")):
        return ours_in(folder, ours)
    # os.walk, unlike rglob, passes over what vanishes meanwhile
    inside = (Path(root, name) for root, _, names in os.walk(folder) for name in names)
    arrays = [path for path in inside if path.suffix in _ENDINGS and path.is_file()]
    if of_all := _of_all(folder, arrays):
        return of_splits(folder, {split: array_in(path) for split, path in sorted(of_all.items())})
    if not arrays:
        raise ArtifactError(f"the folder {folder} holds no margins", expected=FORMS)
    return _of_models(folder, _last_epoch(arrays))


def ours_in(path: Path, files: Sequence[Path]) -> MarginTable:
    """Return the margins in margin files of unlearnkit."""
    last = [*read_margins(files).values()][-1]
    return checked(MarginTable(path, last.margins, last.split, last.sample_index.astype(np.int64)))


def _of_all(folder: Path, arrays: Sequence[Path]) -> dict[str, Path]:
    """Return split -> file with the margins of all models; raises ArtifactError if there are two of one split."""
    found: dict[str, Path] = {}
    for path in sorted(arrays):
        if (name := _named(path)) in _ALL and (other := found.setdefault(_ALL[name], path)) != path:
            raise _several(folder, other, path)
    return found


def _several(folder: Path, one: Path, other: Path) -> ArtifactError:
    return ArtifactError(
        f"the folder {folder} holds margins of more than one population: {one.relative_to(folder)} and "
        f"{other.relative_to(folder)}",
        expected="the margins of one forget set, of one kind of model",
        remedy="name the folder of one of them",
    )


def _named(path: Path) -> str:
    return path.stem.removesuffix("_margins_all") if path.stem.endswith("_margins_all") else ""


def _last_epoch(arrays: Sequence[Path]) -> list[Path]:
    """Return those of the last epoch, if names state it, in the order of the numbers in their names."""
    epochs = {path: int(match[1]) for path in arrays if (match := _EPOCH.search(path.name))}
    last = max(epochs.values(), default=None)
    kept = [path for path in arrays if epochs.get(path) == last]
    return sorted(kept, key=lambda path: ([int(part) for part in re.findall(r"\d+", path.name)], path))


def _of_models(folder: Path, arrays: Sequence[Path]) -> MarginTable:
    inside = [(path, path.relative_to(folder).parts[:-1]) for path in arrays]
    _refuse_forget_sets(folder, [parts for _, parts in inside])
    whole = folder.name == ORIGINALS or any(_FORGET_SET.fullmatch(part) for _, parts in inside for part in parts)
    splits = {**FOLDERS, "retain": "train"} if whole else FOLDERS
    by_split: dict[str, list[Path]] = {}
    for path, parts in inside:
        named = [splits[part] for part in parts if part in splits]
        # the samples of a forget set that originals have a folder of are among all training samples as well
        if not whole or (named and named[0] != "forget"):
            by_split.setdefault(named[0] if named else "", []).append(path)
    for files in by_split.values():
        by_name: dict[str, Path] = {}
        for path in files:
            if (other := by_name.setdefault(path.name, path)) != path:
                raise _several(folder, other, path)
    _refuse_uneven(folder, by_split)
    parts = {split: stacked([array_in(path) for path in files], files) for split, files in by_split.items()}
    if "" in parts:
        return checked(MarginTable(folder, parts[""]))
    return of_splits(folder, parts)


def _refuse_forget_sets(folder: Path, inside: Sequence[Sequence[str]]) -> None:
    """Raise ArtifactError for a folder that holds folders of forget sets with splits of their own."""
    found = {
        str(Path(*parts[: place + 1]))
        for parts in inside
        for place, part in enumerate(parts)
        if _FORGET_SET.fullmatch(part) and any(later in FOLDERS for later in parts[place + 1 :])
    }
    if found:
        raise ArtifactError(
            f"the folder {folder} holds folders of forget sets: {', '.join(sorted(found))}",
            expected="the margins of one forget set",
            remedy=f"name one of them, as in {folder / min(found)}",
        )


def _refuse_uneven(folder: Path, by_split: Mapping[str, Sequence[Path]]) -> None:
    names = {split: [path.name for path in files] for split, files in by_split.items()}
    first, *others = names.values()
    if any(models != first for models in others) or ("" in names and len(names) > 1):
        counts = ", ".join(f"{len(models)} in {split or 'no split'}" for split, models in names.items())
        raise ArtifactError(
            f"the folder {folder} does not hold the same models in every split ({counts})",
            expected="one array per model in each, of the same names",
            remedy="complete the download, or remove what is of further models",
        )


def of_splits(folder: Path, parts: Mapping[str, NDArray]) -> MarginTable:
    """Return split -> [models, samples] as one table; raises ArtifactError if the models are not as many in each."""
    rows = {part.shape[:1] for part in parts.values()}
    if any(part.ndim != 2 for part in parts.values()) or len(rows) > 1:
        shapes = ", ".join(f"{split} {list(part.shape)}" for split, part in parts.items())
        raise ArtifactError(
            f"the folder {folder} holds arrays that do not fit together ({shapes})",
            expected="[models, samples] of the same models",
        )
    sizes = {name: part.shape[1] for name, part in parts.items()}
    numbers = np.concatenate([np.arange(size, dtype=np.int64) for size in sizes.values()])
    split = np.repeat([*sizes], [*sizes.values()])
    margins = np.concatenate([*parts.values()], axis=1)
    return checked(MarginTable(folder, margins, split, numbers, positional="forget" in parts or "retain" in parts))


def stacked(arrays: Sequence[NDArray], files: Sequence[Path]) -> NDArray:
    """Return [samples] per model as [models, samples]; raises ArtifactError, naming the file, if one is of others."""
    for array, file in zip(arrays, files, strict=True):
        if array.ndim != 1 or len(array) != len(arrays[0]):
            raise ArtifactError(
                f"{file} has shape {array.shape}, but {files[0]} has {arrays[0].shape}",
                expected="one array [samples] per model, of the same samples",
            )
    return np.stack(arrays)
