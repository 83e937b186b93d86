"""BERTScore: how alike two texts are in the states that an encoder has of their tokens.

Source: Zhang et al. 2020 (arXiv 1904.09675), without weights of tokens and without rescaling by a baseline.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from unlearnkit.errors import DataError
from unlearnkit.models.text_readers.reading import Reader
from unlearnkit.models.text_readers.unit_vectors import unit
from unlearnkit.training.precision import products

Tokens = tuple[NDArray[np.float32], NDArray[np.bool_]]
"""The states of a text's tokens [tokens, width], and which of them count [tokens]: special tokens do not."""


def matched(candidate: Tokens, reference: Tokens) -> tuple[float, float, float]:
    """Return precision, recall and F1 of two texts, each in [-1, 1]; 1: every token has one like it.

        P  = mean over the candidate's tokens of the largest cosine to a token of the reference; R conversely
        F1 = 2 P R / (P + R)

    All 0 where a text has no token that counts. As in the package bert-score, special tokens may be what another one is
    most like, but are in no mean.
    """
    if not candidate[1].any() or not reference[1].any():
        return 0.0, 0.0, 0.0
    cosines = unit(candidate[0]).astype(np.float64) @ unit(reference[0]).T.astype(np.float64)
    precision = float(cosines.max(axis=1)[candidate[1]].mean())
    recall = float(cosines.max(axis=0)[reference[1]].mean())
    both = precision + recall
    return precision, recall, 2 * precision * recall / both if both else 0.0


def scores_by(
    states_of: Callable[[Sequence[str]], list[Tokens]], candidates: Sequence[str], references: Sequence[str]
) -> NDArray[np.float32]:
    """Return what `matched` says of every candidate and the reference in its row, float32 [texts, 3].

    `states_of` turns texts into the states of their tokens; each text is read once.
    """
    read = [*dict.fromkeys((*candidates, *references))]
    states = dict(zip(read, states_of([text.strip() for text in read]), strict=True))
    pairs = zip(candidates, references, strict=True)
    return np.array([matched(states[candidate], states[true]) for candidate, true in pairs], np.float32).reshape(-1, 3)


class TokenEncoder:
    """The states after `layer` layers of an encoder in a folder in the format of transformers.

    Zhang et al. 2020 take layer 9 of bert-base-uncased. Raises DataError as `Reader` does, and if it has fewer layers.
    """

    def __init__(self, folder: Path, layer: int, device: torch.device) -> None:
        self._reader, self._layer = Reader(folder, "AutoModel", device), layer
        layers = self._reader.network.config.get_text_config().num_hidden_layers
        if layer > layers:
            raise DataError(
                f"BERTScore is to read the states after layer {layer} of the encoder in {folder}, which has {layers}",
                expected=f"a layer from 1 to {layers}",
                remedy="set `layer` to one of these",
            )

    def scores(self, candidates: Sequence[str], references: Sequence[str]) -> NDArray[np.float32]:
        """Return precision, recall and F1 of every candidate against the reference in its row, float32 [texts, 3].

        0 of empty texts. Texts are cut where the encoder's positions end.
        """
        return scores_by(self._states, candidates, references)

    @products()
    @torch.inference_mode()
    def _states(self, texts: Sequence[str]) -> list[Tokens]:
        special = [self._reader.tokenizer.cls_token_id, self._reader.tokenizer.sep_token_id]
        found: list[Tokens] = []
        for batch in self._reader.batches(texts):
            made = self._reader.network(**batch, output_hidden_states=True).hidden_states[self._layer]
            for states, mask, tokens in zip(made, batch["attention_mask"].bool(), batch["input_ids"], strict=True):
                counted = ~np.isin(tokens[mask].cpu().numpy(), special)
                found.append((states[mask].float().cpu().numpy(), counted))
        return found
