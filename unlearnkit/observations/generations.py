"""Generations: what a model answers the prompts of question-answer pairs, greedily, and how near the true answer it is.

    text           the generated answer, up to where one of `stops` occurs
    tokens         its length in tokens, without the one that ends it
    ended          whether the model ended it; else it was cut off
    entropy        -sum of f log f over the shares f of its distinct tokens, over the log of `tokens`, in [0, 1]; 0 for
                   one token or none
    rouge1_recall, rougeL_recall, rougeL_f1
                   ROUGE of the text against the answer, in [0, 1], by the package rouge-score, over words of
                   any script; NaN where the answer has none
    prompt, answer the texts of the pair itself, the same for all models

Prompt and answer are divided by their tokens, so words that both have are removed from neither. Sources: ROUGE: Lin
2004; recall of ROUGE-L: Maini et al. 2024 (arXiv 2401.06121); entropy: Yuan et al. 2024 (arXiv 2410.08109).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import numpy as np
from pydantic import Field

from unlearnkit.config.settings import ObservationSettings
from unlearnkit.training.evaluation import Subjects
from unlearnkit.training.language.written import Written, written_by_models

NEEDS = ("network", "tokenizer")
ONLY_PAIRS = True
VALUES = {
    "text": {
        "text": "string",
        "tokens": "int32",
        "ended": "bool",
        "entropy": "float32",
        "rouge1_recall": "float32",
        "rougeL_recall": "float32",
        "rougeL_f1": "float32",
        "prompt": "string",
        "answer": "string",
    },
}


class Settings(ObservationSettings):
    """Settings of generations."""

    most_tokens: int = Field(200, ge=1, description="tokens after which an answer is cut off; TOFU: 200")
    batch_size: int = Field(8, ge=1, description="prompts that are answered together")
    stemmer: bool = Field(
        True, description="compare the stems of English words in ROUGE, as TOFU and OpenUnlearning do; MUSE: false"
    )
    stops: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        (),
        # absent unless set: what was generated before there was this key stays what it is
        exclude_if=lambda value: not value,
        description="texts before which an answer ends, wherever the model goes on; MUSE: a blank line, a line end and "
        "Question, and Question:",
    )

    def size(self, features: int) -> int:
        """Return the bytes of an answer of four letters a token, and of six numbers."""
        return 4 * self.most_tokens + 24

    def passes(self, length: int) -> float:
        """Return the pass over a prompt, and a share of the steps of its batch: each reads all weights for one token.

        An answer is taken to be no longer than a sequence.
        """
        return 1 + min(self.most_tokens, length) / self.batch_size


def observe(subjects: Subjects, settings: Settings, tokenizer: str | None = None) -> Mapping[str, np.ndarray]:
    """Return the values above, [models, rows]; `prompt` and `answer` [rows]. `tokenizer` is its path."""
    how = Written(settings.most_tokens, settings.batch_size, settings.stemmer, settings.stops)
    return written_by_models(subjects, how, tokenizer)
