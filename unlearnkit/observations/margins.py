"""Margins: how far a model prefers the labels of a sample, and whether it is right; what every metric starts from.

The formula is that of `unlearnkit.metrics.margins`; which values a sequence has, `unlearnkit.artifacts.margins` says.
The column of the margin itself is called `model`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from unlearnkit.config.settings import ObservationSettings
from unlearnkit.training.evaluation import Subjects

NEEDS = ("logits",)
VALUES = {
    "image": {"model": "float32", "correct": "bool"},
    "text": {
        "targets": "int32",
        "model": "float32",
        "correct": "float32",
        "loss_sum": "float32",
        "margin_min": "float32",
    },
}
FACTS = {"unit": "nats"}


class Settings(ObservationSettings):
    """Margins have no settings."""


def observe(subjects: Subjects, settings: Settings) -> Mapping[str, np.ndarray]:
    """Return margins (nats) and correctness, each [models, rows], as images or sequences have them."""
    task, rows = subjects.task, subjects.rows
    values = task.kind.values(subjects.states, task, rows, subjects.worker, subjects.assemble)
    targets = task.kind.target_counts(task.source, rows)
    others = {name: array for name, array in values.items() if name != "margins"}
    return {**({} if targets is None else {"targets": targets}), "model": values["margins"], **others}
