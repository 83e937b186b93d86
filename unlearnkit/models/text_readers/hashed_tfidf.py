"""Hashed TF-IDF: texts as counts of their words, the last resort where there is no model of sentences.

It knows equal words and nothing of meaning, so a paraphrase in other words has the cosine 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unlearnkit.training.language.words import Words


def hashed_tfidf(corpus: Sequence[str], width: int) -> Callable[[Sequence[str]], NDArray[np.float32]]:
    """Return the embedder that weighs words by their inverse frequency in the texts of `corpus`, hashed to `width`.

    (1 + log count) (1 + log((1 + n) / (1 + texts with the word))), by scikit-learn; words are those of ROUGE, in any
    script.
    """
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer

    how: Any = {"analyzer": Words(stemmer=False).tokenize, "alternate_sign": False, "norm": None, "dtype": np.float64}
    counts = HashingVectorizer(n_features=width, **how)
    weights = TfidfTransformer(norm="l2", sublinear_tf=True).fit(counts.transform(corpus))

    def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        found: Any = weights.transform(counts.transform(texts))
        return found.toarray().astype(np.float32)

    return embed
