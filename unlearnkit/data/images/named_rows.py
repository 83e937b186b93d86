"""Training rows that a file names: by their numbers, by published positions, or by the names of picture files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from unlearnkit.config.forget_sets.images import ImageFileForgetSet
from unlearnkit.data.forget_set_files import file_forget_set, read_names
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.errors import DataError, suggest

Indices = npt.NDArray[np.int64]


def rows_in_file(settings: ImageFileForgetSet, image_set: ImageSet) -> Indices:
    """Return the training rows that the file of a forget set names, in its order.

    Raises DataError if the file is missing or damaged, or names what the training split lacks.
    """
    file = Path(settings.file)
    if settings.indices == "names":
        return rows_of_names(read_names(file, settings.sha256), image_set)
    indices = file_forget_set(file, settings.sha256)
    return rows_of_published(indices, image_set) if settings.indices == "published" else indices


def rows_of_published(positions: Indices, image_set: ImageSet) -> Indices:
    """Return the training rows of images named by their published positions, in the order of `positions`.

    Raises DataError for positions outside the training split: of another split, beyond `train_size`, or not published.
    """
    row_of = {position: row for row, position in enumerate(image_set.positions[: image_set.train_size].tolist())}
    absent = np.setdiff1d(positions, list(row_of))
    if len(absent):
        first = ", ".join(map(str, absent[:5]))
        raise DataError(
            f"the forget set names published {'index' if len(absent) == 1 else 'indices'} {first}"
            + (f" and {len(absent) - 5} more" if len(absent) > 5 else "")
            + ", which the training split lacks",
            expected="published positions of training samples, as data/rows.parquet lists them",
            remedy="correct the file, or train on these samples",
        )
    return np.array([row_of[position] for position in positions.tolist()], np.int64)


def rows_of_names(names: Sequence[str], image_set: ImageSet) -> Indices:
    """Return the training rows of pictures named by their files, in the order of `names`.

    Raises DataError for names that no training row has, and for data sets whose rows have no files.
    """
    files = image_set.file_names
    if not files:
        raise DataError(
            "the forget set names files, but images of this data set have none of their own",
            expected="rows or published positions",
            remedy="set `indices` of the forget set to rows or published",
        )
    row_of = {name: row for row, name in enumerate(files[: image_set.train_size])}
    if absent := [name for name in names if name not in row_of]:
        held_out = absent[0] in files
        more = f" and {len(absent) - 1} more" if len(absent) > 1 else ""
        raise DataError(
            f"the forget set names '{absent[0]}'{more}, which "
            + ("does not train: it is held out" if held_out else "is no picture of the training split"),
            expected="names as in the column `file` of data/rows.parquet, of the split train",
            remedy="correct the file, or train on these pictures" if held_out else suggest(absent[0], row_of),
        )
    return np.array([row_of[name] for name in names], np.int64)
