"""The one way in: a registered data set by name, checked by content hash."""

from __future__ import annotations

from pathlib import Path

from unlearnkit import registry
from unlearnkit.data.image_set import ImageSet
from unlearnkit.errors import DataError


def load_image_set(
    name: str, root: Path | None, *, train_size: int | None = None, validation_size: int | None = None
) -> ImageSet:
    """Load a data set, compare its whole content with the published one, and return the first rows of each split.

    `root` is the folder that holds the raw files; None downloads into `data/` under the current directory (data sets
    that ship with a dependency need neither). `train_size` and `validation_size` count samples; None keeps the whole
    split.

    Raises ConfigError for an unknown name and DataError for missing, damaged or different files.
    """
    module = registry.load("data set", name)
    if root is not None and not root.is_dir():
        raise DataError(
            f"data.root '{root}' {'is not a folder' if root.exists() else 'does not exist'}",
            expected=f"the folder that holds the raw files of {name}",
            remedy="correct data.root in the configuration, or leave it out to download the data set",
        )
    image_set = module.load(root)
    found = image_set.content_hash
    if found != module.CONTENT_HASH:
        raise DataError(
            f"the files under '{root or 'data'}' are readable but not the published {name}: content hash {found}",
            expected=module.CONTENT_HASH,
            remedy=f"replace them by those of {module.SOURCE}",
        )
    return image_set.subset(train_size, validation_size)
