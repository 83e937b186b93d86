"""The rows of a data set of images: which published image each one is."""

from __future__ import annotations

import numpy as np

from unlearnkit.data.images.image_set import ImageSet


def row_columns(image_set: ImageSet) -> dict[str, np.ndarray]:
    """Return one entry per row, by column [samples].

    split               "train", "validation" or "test"
    sample_index        row within the split; those of "train" are what forget sets hold
    published_position  position in the publisher's training set, test set, or undivided whole
    file                name of the file, None where images are not published as single files
    label               class, int64
    """
    sizes = image_set.split_sizes
    return {
        "split": np.repeat(np.array(list(sizes)), list(sizes.values())),
        "sample_index": image_set.sample_index,
        "published_position": image_set.positions,
        "file": np.array(image_set.file_names or [None] * len(image_set.labels), object),
        "label": image_set.labels,
    }
