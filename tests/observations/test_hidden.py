"""Hidden features are what the classifier receives: it makes the logits of them, for every architecture."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from unlearnkit import registry
from unlearnkit.artifacts.observations import Observed
from unlearnkit.training.shard import Task

TaskOf = Callable[[str], Task]
Observe = Callable[..., Observed]
LogitsOf = Callable[[Task, int], np.ndarray]
SCALES = {"resnet9": 0.2}
"""Factor on the logits behind the classifier."""
MODELS = [name for name in registry.MODELS if registry.task_of(registry.load("model", name)) == "image"]


@pytest.mark.parametrize("model", MODELS)
def test_the_classifier_makes_the_logits_of_them(
    model: str, task_of: TaskOf, observed: Observe, logits_of: LogitsOf
) -> None:
    task = task_of(model)
    (features,) = observed("hidden", task, models=1).values["features"]
    classifier = task.architecture.build(0).get_submodule(task.architecture.adapter.classifier)
    assert isinstance(classifier, nn.Linear)
    assert features.shape == (50, classifier.in_features) and features.dtype == np.float32
    with torch.inference_mode():
        logits = SCALES.get(model, 1.0) * classifier(torch.from_numpy(features)).numpy()
    np.testing.assert_allclose(logits, logits_of(task, 0), rtol=1e-4, atol=1e-4)


def test_stack_and_rows_change_nothing(task_of: TaskOf, observed: Observe) -> None:
    task = task_of("mlp")
    whole = observed("hidden", task).values["features"]
    np.testing.assert_array_equal(observed("hidden", task, stack_size=1).values["features"], whole)
    rows = np.array([3, 41, 44])
    some = observed("hidden", task, rows=rows)
    np.testing.assert_allclose(some.values["features"], whole[:, rows], rtol=1e-5, atol=1e-6)
    assert (some.split.tolist(), some.sample_index.tolist()) == (["train", "validation", "validation"], [3, 1, 4])


def test_the_size_that_is_planned_is_that_of_the_features(task_of: TaskOf, observed: Observe) -> None:
    (features,) = observed("hidden", task_of("small_cnn"), models=1).values["features"]
    assert registry.load("observation", "hidden").Settings().size(features.shape[1]) == features[0].nbytes
