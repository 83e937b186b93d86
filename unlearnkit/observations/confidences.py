"""Confidences: what membership attacks read of a classifier's prediction, from its logits z for a sample with label y.

    p = softmax(z)
    confidence  = log p_y - log(1 - p_y)        nats, any real number: the logit-scaled confidence of LiRA
    probability = p_y                           in [0, 1]; -log of it is the loss
    largest     = max over c of p_c             in [1 / classes, 1], whatever the label
    entropy     = -sum over c of p_c log p_c    nats, in [0, log classes]
    brier       = sum over c of (p_c - [y = c])^2, in [0, 2]: the Brier score of one sample
    correct     whether the label is the model's first choice

`confidence` is the margin itself, z_y - log sum_{c != y} exp(z_c), computed by the same function: on the same samples
both columns have the same bits. It says most where p_y is close to 1, and float32 rounds `probability` to 1 beyond 17
nats. Higher is more confident, except for `entropy` and `brier`. A sample with a non-finite logit has NaN.

Sources: confidence: Carlini et al. 2022 (arXiv 2112.03570), section 4; probability and loss: Yeom et al. 2018 (arXiv
1709.01604); largest and entropy: Salem et al. 2019 (arXiv 1806.01246); correct: Yeom et al. 2018; brier: Brier 1950
(doi 10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from unlearnkit.config.settings import ObservationSettings
from unlearnkit.metrics.margins import margins_from_logits
from unlearnkit.training.evaluation import Subjects
from unlearnkit.training.images.predict import logits_of

NEEDS = ("logits",)
VALUES = {
    "image": {
        "confidence": "float32",
        "probability": "float32",
        "largest": "float32",
        "entropy": "float32",
        "brier": "float32",
        "correct": "bool",
    },
}


class Settings(ObservationSettings):
    """Settings of confidences."""

    def size(self, features: int) -> int:
        """Return the bytes of five numbers and a bit."""
        return 21


def observe(subjects: Subjects, settings: Settings) -> Mapping[str, np.ndarray]:
    """Return the values above, each [models, rows]."""
    labels = subjects.task.pixels.labels.cpu()[subjects.rows].numpy()
    logits = logits_of(subjects)
    per_model = [confidences(of_model, labels) for of_model in logits]
    return {name: np.stack([values[name] for values in per_model]) for name in VALUES["image"]}


def confidences(logits: NDArray[np.floating], labels: NDArray[np.integer]) -> dict[str, np.ndarray]:
    """Return the values above of one model, float32 and bool [samples], from `logits` [samples, classes] and `labels`.

    Raises MetricError as `margins_from_logits` does.
    """
    exact = logits.astype(np.float64)
    with np.errstate(invalid="ignore"):  # non-finite logits end as NaN
        shifted = exact - exact.max(-1, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
        p = np.exp(log_p)
        entropy = np.maximum(-(p * log_p).sum(-1), 0)
        brier = ((p - np.eye(p.shape[-1])[labels]) ** 2).sum(-1)
    found = {
        "probability": np.take_along_axis(p, labels[:, None], -1)[:, 0],
        "largest": p.max(-1),
        "entropy": entropy,
        "brier": brier,
    }
    return {
        "confidence": margins_from_logits(logits, labels),
        **{name: values.astype(np.float32) for name, values in found.items()},
        "correct": logits.argmax(-1) == labels,
    }
