"""How near the continuations of a model are to the true text: BLEU, and BERTScore by a reader of tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from unlearnkit.config.models.text_readers import SentenceEncoder, TokenReader, WordllamaEmbedder
from unlearnkit.data.text.pair_tokenizer import PairTokenizer, read_pair_tokenizer
from unlearnkit.data.text.sequences import Tokens
from unlearnkit.facts.base_files import base_files
from unlearnkit.facts.reader_names import embedder_name
from unlearnkit.models.adapter import Adapter
from unlearnkit.models.text_readers.bert_score import TokenEncoder, matched
from unlearnkit.models.text_readers.sources import folder_of, hashes_of
from unlearnkit.models.text_readers.wordllama_tokens import WordllamaTokens
from unlearnkit.models.text_readers.wordllama_vectors import own_files
from unlearnkit.training.language.bleu import sentence_bleu
from unlearnkit.training.language.continuing import continued
from unlearnkit.training.language.partners import token_states
from unlearnkit.training.language.stretches import Stretch, stretches, until_special

Written = Sequence[NDArray[np.integer]]
"""Token sequences of any length, none among them."""


@dataclass(frozen=True)
class Likeness:
    """How documents are continued, `together` at once by `beams` beams, and what compares the result with the text.

    `f1` maps continuations and true suffixes, as tokens, to the F1 of BERTScore, [sequences]; `name` says by what.
    """

    stretch: Stretch
    beams: int
    together: int
    tokenizer: PairTokenizer
    f1: Callable[[Written, Written], NDArray[np.float32]]
    name: str

    def of(self, model: nn.Module, tokens: Tokens, rows: Tensor) -> dict[str, Tensor]:
        """Return "bleu" and "bert_score" of what a model in eval mode writes after the prefixes of `rows`, [rows].

        The continuation ends before the first special token. Raises TrainingError as `stretches` does.
        """
        prefixes, suffixes = stretches(tokens.text_set, rows, self.stretch)
        special = [self.tokenizer.token(text) for text in self.tokenizer.special]
        made = [
            until_special(written, special)
            for some in np.split(prefixes, range(self.together, len(prefixes), self.together))
            for written in continued(model, some, self.stretch.suffix, beams=self.beams, device=tokens.device)
        ]
        true = list(suffixes)
        bleu = [
            sentence_bleu(self._text(written), self._text(other)) for written, other in zip(made, true, strict=True)
        ]
        return {
            "bleu": torch.tensor(bleu, dtype=torch.float32),
            "bert_score": torch.from_numpy(np.asarray(self.f1(made, true), np.float32)),
        }

    def _text(self, tokens: NDArray[np.integer]) -> str:
        return self.tokenizer.decode(tokens.tolist())


def by_states(original: nn.Module, adapter: Adapter, tokens: Tokens) -> Callable[[Written, Written], NDArray]:
    """Return F1 by the states of the original in eval mode, after its last block, of each text read alone."""

    def f1(made: Written, true: Written) -> NDArray[np.float32]:
        states = [token_states(original, adapter, tokens, some) for some in (made, true)]
        pairs = zip(*states, strict=True)
        return np.array([matched((a, _all(a)), (b, _all(b)))[2] for a, b in pairs], np.float32)

    return f1


def likeness_of(
    stretch: Stretch,
    *,
    beams: int,
    together: int,
    tokenizer: str,
    reader: TokenReader | None,
    layer: int,
    states: Callable[[Written, Written], NDArray],
    device: torch.device,
) -> Likeness:
    """Return how texts are compared: by a reader of tokens, or, if that is None, by `states` of the reference.

    `tokenizer` is the path of that of the data. Raises DataError if the reader is not there.
    """
    read = read_pair_tokenizer(tokenizer)
    if reader is None:
        return Likeness(stretch, beams, together, read, states, "states of the reference after its last block")
    scores, files = _read(reader, layer, device)

    def f1(made: Written, true: Written) -> NDArray[np.float32]:
        return scores(*([read.decode(row.tolist()) for row in some] for some in (made, true)))[:, 2]

    at = f", layer {layer}" if isinstance(reader, SentenceEncoder) else ""
    hashes = ", ".join(f"{name} {digest}" for name, digest in hashes_of(files).items())
    return Likeness(stretch, beams, together, read, f1, f"{embedder_name(reader)}{at}; SHA-256 of its files: {hashes}")


def _read(
    reader: TokenReader, layer: int, device: torch.device
) -> tuple[Callable[..., NDArray[np.float32]], Sequence[Path]]:
    """Return what compares texts, and the files that it comes from."""
    if isinstance(reader, WordllamaEmbedder):
        return WordllamaTokens().scores, own_files()
    folder = folder_of(reader.source, "encoder.source of the method")
    return TokenEncoder(folder, layer, device).scores, base_files(folder)


def _all(states: NDArray[np.float32]) -> NDArray[np.bool_]:
    return np.ones(len(states), bool)
