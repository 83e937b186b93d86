"""The one entry point: a registered data set by name, checked, in the requested split, amount and shape."""

from __future__ import annotations

from pathlib import Path

from unlearnkit import registry
from unlearnkit.config.data.images import DataBlock, Image, Split
from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.data.images.own_images import refuse_copies
from unlearnkit.data.images.resizing import shaped
from unlearnkit.data.images.splits import deep_unlearn_split
from unlearnkit.data.published import check_content, check_root


def load_image_set(
    name: str,
    root: Path | None,
    *,
    split: Split = "official",
    train_size: int | None = None,
    validation_size: int | None = None,
    test_size: int | None = None,
    image: Image | None = None,
    content_hash: str | None = None,
) -> ImageSet:
    """Load a data set with `load_published` and return the first rows of each split in the shape of `image`.

    The sizes count samples; None keeps the whole split. Raises what `load_published` and `ImageSet.subset` raise.
    """
    published, _ = load_published(name, root, content_hash, DataBlock.model_validate({"name": name, "image": image}))
    sizes = {"train_size": train_size, "validation_size": validation_size, "test_size": test_size}
    return prepared(published, split, sizes, image)


def prepared(published: ImageSet, split: Split, sizes: dict[str, int | None], image: Image | None) -> ImageSet:
    """Return a published data set split, cut to the first rows of each split, and with images of the shape of `image`.

    `sizes` are the size arguments of `ImageSet.subset`, whose errors this raises.
    """
    chosen = published.subset(**sizes) if split == "official" else deep_unlearn_split(published, **sizes)
    return shaped(chosen, image)


def load_published(
    name: str, root: Path | None, content_hash: str | None = None, data: DataBlock | None = None
) -> tuple[ImageSet, str]:
    """Return the whole data set as published, and its content hash, compared with the published one and `content_hash`.

    `root` is the folder that holds the raw files; None looks for them in `data/` under the current directory and
    downloads them there where that is possible (data sets that ship with a dependency need neither). A data set without
    a published content hash is checked by its own module; `content_hash` makes it the same everywhere. `data` is the
    block of the configuration, which determines how images of the user's own are read.

    Raises ConfigError for an unknown name and DataError for missing, damaged or different files.
    """
    module = registry.load("data set", name)
    if hasattr(module, "facts"):
        published = module.load(root, data or DataBlock.model_validate({"name": name}))
    else:
        check_root(name, root)
        published = module.load(root)
    found = published.content_hash
    check_content(name, root, found, published=module.CONTENT_HASH, stated=content_hash, source=module.SOURCE)
    return published, found


def refuse_own_copies(name: str, image_set: ImageSet) -> str:
    """Return what `refuse_copies` finds in images of the user's own, "" for published data sets, which are as they are.

    Raises DataError as `refuse_copies` does.
    """
    return refuse_copies(image_set) if hasattr(registry.load("data set", name), "facts") else ""
