"""Embeddings of images by CLIP (Radford et al. 2021, arXiv 2103.00020), for forget sets of neighbours.

The model comes through transformers, from a folder or from huggingface.co, with its own image processor. Images of one
channel get three. Cost: one forward pass of CLIP's image tower per image.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from unlearnkit.data.language_packages import missing_package
from unlearnkit.errors import DataError
from unlearnkit.training.precision import products

BATCH_SIZE = 256


@products()
def clip_embeddings(
    images: npt.NDArray[np.uint8], model: str, device: torch.device, report: Callable[[str], None]
) -> npt.NDArray[np.float32]:
    """Return the projected image embeddings of length 1, float32 [images, dimension], by the CLIP model `model`.

    `images` are [images, channels, height, width]; `model` is a folder or a name on huggingface.co. Raises DataError if
    transformers or the model is missing, or if the model is not a CLIP model.
    """
    tower, processor = _loaded(model)
    tower = tower.eval().to(device)
    parts = []
    with torch.inference_mode():
        for first in range(0, len(images), BATCH_SIZE):
            batch = torch.from_numpy(images[first : first + BATCH_SIZE])
            coloured = batch.expand(-1, 3, -1, -1) if batch.shape[1] == 1 else batch
            pixels = processor(list(coloured), return_tensors="pt")["pixel_values"].to(device)
            parts.append(torch.nn.functional.normalize(tower(pixels).image_embeds.float()).cpu().numpy())
            report(f"embeddings of images {first}-{first + len(batch) - 1} of {len(images)}")
    return np.concatenate(parts)


def raw_paths(model: str) -> tuple[Path, ...]:
    """Return the files of a model in a folder; none for a model on huggingface.co."""
    return tuple(sorted(path for path in Path(model).glob("*") if path.suffix in (".safetensors", ".bin", ".json")))


def _loaded(model: str) -> tuple[Any, Any]:
    """Return the image tower with its projection, and the image processor."""
    try:
        from transformers import CLIPImageProcessor, CLIPVisionModelWithProjection
        from transformers.utils import logging
    except ImportError as error:
        raise missing_package("transformers", "runs CLIP", error) from None
    try:
        # the loading report is long, and missing tensors are looked for below
        logging.set_verbosity_error()
        loaded: Any = CLIPVisionModelWithProjection.from_pretrained(model, output_loading_info=True)
        processor = CLIPImageProcessor.from_pretrained(model)
    except (OSError, ValueError, RuntimeError) as error:
        raise DataError(
            f"the CLIP model '{model}' cannot be loaded ({str(error).splitlines()[0]})",
            expected="config.json, preprocessor_config.json and model.safetensors of a CLIP model",
            remedy="where there is a network, fetch them from huggingface.co with `hf download "
            "openai/clip-vit-base-patch32 --local-dir FOLDER`, copy that folder here and set "
            "embedding.model to its path",
        ) from None
    tower, found = loaded
    if found["missing_keys"]:
        raise DataError(
            f"'{model}' lacks {len(found['missing_keys'])} tensors of CLIP's image tower",
            expected="a CLIP model",
            remedy="set embedding.model to one such as openai/clip-vit-base-patch32",
        )
    return tower, processor
