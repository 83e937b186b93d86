"""Sentence encoders, such as MiniLM: the mean of a network's last states over the tokens of a text.

Source: Reimers and Gurevych 2019 (arXiv 1908.10084), with mean pooling.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from unlearnkit.models.text_readers.reading import Reader
from unlearnkit.models.text_readers.unit_vectors import unit
from unlearnkit.training.precision import products


def sentence_encoder(folder: Path, device: torch.device) -> Callable[[Sequence[str]], NDArray[np.float32]]:
    """Return the embedder of the model in a folder; raises DataError as `Reader` does."""
    reader = Reader(folder, "AutoModel", device)

    @products()
    @torch.inference_mode()
    def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        found = []
        for batch in reader.batches(texts):
            states, mask = reader.network(**batch).last_hidden_state, batch["attention_mask"][..., None]
            found.append(((states * mask).sum(1) / mask.sum(1).clamp(min=1)).cpu().numpy())
        return unit(np.concatenate(found))

    return embed
