"""Effects of a forget set: what an attribution says that a model's logits owe to it, for every sample and class.

A linear datamodel predicts the logit z_c(x) of a model trained on S as b_c(x) + sum over i in S of beta_{i,c}(x). So
the logits of a model without the forget set F are those of the original less the sum over F (Georgiev et al. 2024).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from unlearnkit.artifacts.store import TensorFile, write_tensors
from unlearnkit.errors import ArtifactError, repair

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Effects:
    """What a forget set F adds to the logits, float32 [samples, classes], in nats; rows as in the data set.

    Rows are the training samples, then validation, then test if any. `effect[x, c]` is the sum over i in F of
    beta_{i,c}(x). `own[x, c]` is beta_{x,c}(x) for x in F, the diagonal, and 0 in every other row.
    """

    effect: Floats
    own: Floats


def write_effects(path: str | os.PathLike[str], effect: Floats, own: Floats, metadata: Mapping[str, str]) -> None:
    """Write the effects of a forget set; `metadata` holds the name and the kind of the attribution."""
    write_tensors(path, {"effect": np.asarray(effect, np.float32), "own": np.asarray(own, np.float32)}, metadata)


def read_effects(path: str | os.PathLike[str]) -> Effects:
    """Read the effects of a forget set; raises ArtifactError if the file is missing, damaged or of another kind."""
    file = TensorFile(path)
    effect, own = file["effect"], file["own"]
    if effect.ndim != 2 or own.shape != effect.shape:
        raise ArtifactError(
            f"{path} holds tensors of the shapes {list(effect.shape)} and {list(own.shape)}",
            expected="two of the shape [samples, classes]",
            remedy=repair(path),
        )
    return Effects(effect, own)
