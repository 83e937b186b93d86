"""Continuations: how a model goes on with the text of a document, and how near that is to how the document goes on.

A document is cut into a prefix and the suffix after it; the model sees the prefix alone and writes as many tokens as
the suffix has.

    text        the continuation, up to the first special token, such as the end of a text
    tokens      its length
    bleu        BLEU-4 against the suffix, lower-cased words, without smoothing, in [0, 1]
    rouge1_recall, rougeL_recall, rougeL_f1
                ROUGE against the suffix, as of `generations`; NaN where the suffix has no words
    distinct    distinct tokens over tokens, in [0, 1]
    entropy     -sum of f log2 f over the shares f of distinct tokens, bits
    suffix      the true text, the same for all models

Sources: Carlini et al. 2021 (arXiv 2012.07805), of prefix and suffix; Tang et al. 2024 (arXiv 2407.20271), of 50 tokens
each, BLEU and diversity; Shi et al. 2024 (arXiv 2407.06460), MUSE, of ROUGE-L F1.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from pydantic import Field

from unlearnkit.config.settings import ObservationSettings
from unlearnkit.data.text.pair_tokenizer import read_pair_tokenizer
from unlearnkit.errors import TrainingError
from unlearnkit.training.evaluation import Subjects
from unlearnkit.training.language.observed import models_of
from unlearnkit.training.language.stretches import Continued, Stretch, continuations, stretches, texts_of

NEEDS = ("network", "tokenizer")
FACTS = {"observation": "continuations", "bleu_tokenizer": "13a"}
VALUES = {
    "text": {
        "text": "string",
        "tokens": "int32",
        "bleu": "float32",
        "rouge1_recall": "float32",
        "rougeL_recall": "float32",
        "rougeL_f1": "float32",
        "distinct": "float32",
        "entropy": "float32",
        "suffix": "string",
    },
}


class Settings(ObservationSettings):
    """Settings of continuations."""

    first: int | None = Field(
        None,
        ge=0,
        description="first token of the prefix; null: the suffix ends where the document does, as in the extraction "
        "challenge, whose documents have 200 tokens and whose prefix begins at token 100; MUSE: 0",
    )
    prefix: int = Field(50, ge=1, description="tokens that the model sees; the extraction challenge: 50")
    suffix: int = Field(50, ge=1, description="tokens that it writes; the extraction challenge: 50, MUSE: 128")
    beams: int = Field(1, ge=1, le=64, description="beams; 1 takes the likeliest token at every step; ICU: 2")
    batch_size: int = Field(8, ge=1, description="documents that are continued together")
    stemmer: bool = Field(
        True, description="compare the stems of English words in ROUGE, as OpenUnlearning does; MUSE: false"
    )

    @property
    def tokens_needed(self) -> int:
        """Tokens that every document must have."""
        return (self.first or 0) + self.prefix + self.suffix

    def size(self, features: int) -> int:
        """Return the bytes of two texts of four letters a token, and of seven numbers."""
        return 8 * self.suffix + 28

    def passes(self, length: int) -> float:
        """Return the pass over a prefix, and a share of the steps of its batch: each reads all weights for one token.

        With several beams every step passes over all tokens so far.
        """
        if self.beams > 1:
            return self.beams * self.suffix * (self.prefix + self.suffix / 2) / length
        return self.prefix / length + self.suffix / self.batch_size


def observe(subjects: Subjects, settings: Settings, tokenizer: str | None = None) -> Mapping[str, np.ndarray]:
    """Return the values above, [models, rows]; `suffix` [rows]. `tokenizer` is its path.

    Raises TrainingError, before a model is loaded, for rows that are too short or have a prompt, and for data that come
    as tokens.
    """
    tokens, rows = subjects.task.source, subjects.rows
    if tokenizer is None:
        raise TrainingError("continuations are texts, but the data come as tokens", expected="data with a tokenizer")
    how = Continued(
        Stretch(settings.prefix, settings.suffix, settings.first),
        settings.beams,
        settings.batch_size,
        settings.stemmer,
    )
    read = read_pair_tokenizer(tokenizer)
    suffixes = texts_of(stretches(tokens.text_set, rows, how.stretch)[1], read)
    of_models = [continuations(model, tokens, rows, how, read) for model in models_of(subjects)]
    values = {name: np.stack([of_model[name] for of_model in of_models]) for name in of_models[0]}
    return {**values, "suffix": np.array(suffixes, np.dtypes.StringDType())}
