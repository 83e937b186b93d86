"""Hidden features: what the classifier of a network receives, the layer before the logits.

The adapter of the architecture names the classifier. Its input is noted for every model and sample, in eval mode, on
plain samples: float32 [models, samples, width], no unit. Of 100 models with 512 features on 50,000 images these are
10 GB: the setting `items` restricts the samples.

Features of two models have no common axes, since training from other weights permutes and mixes them; compare what such
a change leaves alone: distances within one model, or kernels (Kornblith et al. 2019, arXiv 1905.00414).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from torch import Tensor, nn

from unlearnkit.artifacts.weights import State
from unlearnkit.config.settings import ObservationSettings
from unlearnkit.training.evaluation import Subjects
from unlearnkit.training.images.predict import logits_on

NEEDS = ("network",)
VALUES = {"image": {"features": "float32 list"}}


class Settings(ObservationSettings):
    """Settings of hidden features."""

    def size(self, features: int) -> int:
        """Return the bytes of as many numbers as there are features."""
        return 4 * features


def observe(subjects: Subjects, settings: Settings) -> Mapping[str, np.ndarray]:
    """Return "features" [models, rows, width]; models run one at a time, since a stack has no layers to look into."""
    return {"features": np.stack([_features(state, subjects) for state in subjects.states])}


def _features(state: State, subjects: Subjects) -> np.ndarray:
    architecture, received = subjects.task.architecture, []
    model = architecture.gather([architecture.load(state)], subjects.worker.device).eval()

    def note(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        received.append(inputs[0].flatten(1).float().cpu().numpy())

    model.get_submodule(architecture.adapter.classifier).register_forward_pre_hook(note)
    logits_on(model, subjects.task.pixels, subjects.rows, 1)
    return np.concatenate(received)
