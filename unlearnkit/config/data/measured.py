"""What a data set of images states before it is read: by constants of its module, or measured from its files."""

from __future__ import annotations

from pathlib import Path

from unlearnkit.config.blocks import declared
from unlearnkit.config.data.images import DataBlock
from unlearnkit.facts.image_facts import ImageFacts


def image_facts(data: DataBlock) -> ImageFacts:
    """Return sizes, classes and shape of the whole data set; raises DataError if its files cannot be measured."""
    module = declared("data set", data.name)
    if hasattr(module, "facts"):
        return module.facts(Path(data.root) if data.root else None, data)
    return ImageFacts(module.TRAIN_SIZE, module.VALIDATION_SIZE, module.CLASS_NAMES, module.IMAGE_SHAPE)
