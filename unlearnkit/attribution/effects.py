"""Effects of a forget set: sums of rows of the attributions of all logits."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from unlearnkit.artifacts.attribution import Effects


def effects_of(rows: Iterable[npt.NDArray[np.floating]], forget_set: npt.NDArray[np.integer]) -> Effects:
    """Return effect[x, c] = sum over i in F of beta_{i,c}(x) and self_effect[x, c] = beta_{x,c}(x) for x in F, else 0.

    `rows` yields for every class beta [len(F), samples] of the forget set's training samples, in its order. Sums are
    in float64.
    """
    effect, self_effect = [], []
    for beta in rows:
        effect.append(beta.sum(axis=0, dtype=np.float64))
        diagonal = np.zeros(beta.shape[1])
        diagonal[forget_set] = beta[np.arange(len(forget_set)), forget_set]
        self_effect.append(diagonal)
    return Effects(np.stack(effect, axis=1).astype(np.float32), np.stack(self_effect, axis=1).astype(np.float32))
