"""Files of an attribution: outputs of models on subsets, projected gradients, matrices, effects of a forget set.

A linear datamodel predicts the logit z_c(x) of a model trained on S as b_c(x) + sum over i in S of beta_{i,c}(x). So
the logits of a model without the forget set F are those of the original less the sum over F (Georgiev et al. 2024).
Large arrays are float16; those that have no natural unit come with a float32 `scale` per sample.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from unlearnkit.artifacts.store import TensorFile, write_tensors
from unlearnkit.errors import ArtifactError, repair

Floats = npt.NDArray[np.float32]


def write_outputs(
    path: str | os.PathLike[str],
    outputs: Mapping[str, Floats],
    included: npt.NDArray[np.bool_],
    metadata: Mapping[str, str],
) -> None:
    """Write outputs (logits, the margin) float16 [models, samples] by name, nats.

    `included` bool [models, training samples] says which of these each model was trained on.
    """
    with np.errstate(over="ignore"):  # a logit beyond 65,504 is of a model that diverged, and stays one as infinity
        halves = {name: np.asarray(values, np.float16) for name, values in outputs.items()}
    write_tensors(path, {**halves, "included": included}, metadata)


class GradientFile:
    """Projected gradients of the outputs of one model on all samples."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._file = TensorFile(path)

    def gradients(self, output: str) -> Floats:
        """Return the projected gradients of one output, float32 [samples, dimension]."""
        return self._file[output].astype(np.float32) * self._file[f"{output}.scale"][:, None]

    def probability(self) -> Floats:
        """Return the probability of the label of every sample, float32 [samples]."""
        return self._file["probability"]


def write_gradients(
    path: str | os.PathLike[str],
    gradients: Mapping[str, tuple[npt.NDArray[np.float16], Floats]],
    probability: Floats,
    metadata: Mapping[str, str],
) -> None:
    """Write (gradients [samples, dimension] in units of scale, scale [samples]) by output, and probabilities."""
    halves = {name: values for name, (values, _) in gradients.items()}
    scales = {f"{name}.scale": scale for name, (_, scale) in gradients.items()}
    write_tensors(path, {**halves, **scales, "probability": np.asarray(probability, np.float32)}, metadata)


class MatrixFile:
    """An attribution of one output: row i is what training sample i adds to it on every sample, in nats."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._file = TensorFile(path)
        self._scale = self._file["scale"]

    def rows(self, training_samples: Iterable[int]) -> Floats:
        """Return the rows of some training samples, float32 [len(training_samples), samples]; reads no others."""
        return self._file.rows("weights", training_samples).astype(np.float32) * self._scale

    def square(self) -> Floats:
        """Return the part on the training samples themselves, float32 [training samples, training samples]."""
        weights = self._file["weights"]
        return weights[:, : len(weights)].astype(np.float32) * self._scale[: len(weights)]


def write_matrix(
    path: str | os.PathLike[str], weights: npt.NDArray[np.float16], scale: Floats, metadata: Mapping[str, str]
) -> None:
    """Write an attribution [training samples, samples] in units of `scale` [samples], nats."""
    write_tensors(path, {"weights": weights, "scale": np.asarray(scale, np.float32)}, metadata)


@dataclass(frozen=True)
class Effects:
    """What a forget set F adds to the logits, float32 [samples, classes], in nats; rows as in the data set.

    Rows are the training samples, then validation, then test if any. `effect[x, c]` is the sum over i in F of
    beta_{i,c}(x). `self_effect[x, c]` is beta_{x,c}(x) for x in F, the diagonal, and 0 in every other row.
    """

    effect: Floats
    self_effect: Floats


def write_effects(
    path: str | os.PathLike[str], effect: Floats, self_effect: Floats, metadata: Mapping[str, str]
) -> None:
    """Write the effects of a forget set; `metadata` holds the name and the kind of the attribution."""
    write_tensors(
        path, {"effect": np.asarray(effect, np.float32), "own": np.asarray(self_effect, np.float32)}, metadata
    )


def read_effects(path: str | os.PathLike[str]) -> Effects:
    """Read the effects of a forget set; raises ArtifactError if the file is missing, damaged or of another kind."""
    file = TensorFile(path)
    effect, self_effect = file["effect"], file["own"]
    if effect.ndim != 2 or self_effect.shape != effect.shape:
        raise ArtifactError(
            f"{path} holds tensors of the shapes {list(effect.shape)} and {list(self_effect.shape)}",
            expected="two of the shape [samples, classes]",
            remedy=repair(path),
        )
    return Effects(effect, self_effect)
