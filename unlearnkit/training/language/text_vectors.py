"""Vectors of token sequences by an embedder of their texts."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from unlearnkit.config.data.partners import PartnerSettings, StatesEmbedder
from unlearnkit.config.models.text_readers import SentenceEncoder, TfidfEmbedder, WordllamaEmbedder
from unlearnkit.data.text.decoding import read_decoder
from unlearnkit.data.text.text_set import TextSet
from unlearnkit.facts.base_files import base_files
from unlearnkit.facts.reader_names import embedder_name
from unlearnkit.models.text_readers.embedders import embedder_of
from unlearnkit.models.text_readers.sources import folder_of, hashes_of
from unlearnkit.models.text_readers.wordllama_vectors import own_files
from unlearnkit.training.language.partners import Vectors, ends

KEY = "data.partners.embedder.source"


def text_vectors(
    settings: PartnerSettings, text_set: TextSet, tokenizer: str, device: torch.device
) -> tuple[Vectors, dict[str, Any]]:
    """Return the vectors of the texts of token sequences, and what a record states of the embedder.

    tfidf weighs words by all training sequences. Raises DataError if the embedder is not there.
    """
    embedder, decode = settings.embedder, read_decoder(tokenizer)
    assert not isinstance(embedder, StatesEmbedder)
    folder = folder_of(embedder.source, KEY) if isinstance(embedder, SentenceEncoder) else None
    files = base_files(folder) if folder else own_files() if isinstance(embedder, WordllamaEmbedder) else ()
    rows = np.arange(text_set.train_size if isinstance(embedder, TfidfEmbedder) else 0)
    corpus = [decode(sequence) for sequence in ends(text_set, rows, settings.last_tokens)]
    embed = embedder_of(embedder, corpus, folder, device)
    stated = {"embedder": {"name": embedder_name(embedder), "files": hashes_of(files)}}
    return lambda sequences: embed([decode(sequence) for sequence in sequences]), stated
