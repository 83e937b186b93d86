"""Where methods search their settings: the vocabulary of Deep Unlearn (arXiv 2410.01276)."""

from __future__ import annotations

from collections.abc import Mapping

from unlearnkit.facts.search_space import Choice, Integers, Known, LogUniform, Space, Uniform

__all__ = ["Choice", "Integers", "LogUniform", "Space", "Uniform", "most_epochs"]


def most_epochs(known: Known) -> int:
    """Return ceil(E / 5), the most epochs that a search gives to a method, for originals of E epochs; Deep Unlearn."""
    return -(-known["training_epochs"] // 5)


LR = LogUniform(1e-5, 1e-1)
WEIGHT_DECAY = LogUniform(1e-5, 1e-1)
MOMENTUM = Choice((0.9,))
BATCH_SIZE = Choice((64, 128, 256))
EPOCHS = Integers(1, most_epochs)
UNIT = Uniform(0.0, 1.0)
# theirs begins at 0, by which a temperature cannot divide
TEMPERATURE = Uniform(0.25, 5.0)

GENERIC: Mapping[str, Space] = {"lr": LR, "weight_decay": WEIGHT_DECAY, "batch_size": BATCH_SIZE, "epochs": EPOCHS}
"""What Deep Unlearn searches for every method, beside MOMENTUM where the default is another."""
