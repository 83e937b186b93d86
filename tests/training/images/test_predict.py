"""Margins of models: those that one computes by hand from `model(image)`, in order, one model or a stack."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.models.building import states_of
from unlearnkit.training.evaluation import margins_of_models
from unlearnkit.training.images import predict
from unlearnkit.training.shard import Task, Worker

TaskOf = Callable[..., Task]
WorkerOf = Callable[..., Worker]


@pytest.mark.parametrize("batch_size", [500, 64])
@pytest.mark.parametrize("stack_size", [1, 2, None])
@pytest.mark.parametrize("model", ["mlp", "small_cnn"])
def test_margins_are_those_by_hand(
    task_of: TaskOf,
    worker_of: WorkerOf,
    digits: ImageSet,
    monkeypatch: pytest.MonkeyPatch,
    model: str,
    stack_size: int | None,
    batch_size: int,
) -> None:
    monkeypatch.setattr(predict, "BATCH_SIZE", batch_size)
    task, worker = task_of(model), worker_of(stack_size=stack_size)
    models = {(index, epoch): task.architecture.build(100 * index + epoch) for index in (4, 5, 6) for epoch in (1, 3)}
    result = margins_of_models(
        lambda index, epoch: states_of(models[index, epoch])[0], (4, 5, 6), (1, 3), digits, task, worker
    )
    assert list(result) == [1, 3]
    images = (digits.images.astype(np.float64) / 255 - digits.mean[0]) / digits.std[0]
    for epoch, part in result.items():
        assert part.model_indices == (4, 5, 6)
        assert part.margins.dtype == np.float32
        assert part.split.tolist() == ["train"] * 300 + ["validation"] * 40
        assert part.sample_index.tolist() == [*range(300), *range(40)]
        for row, index in enumerate(part.model_indices):
            with torch.no_grad():
                logits = models[index, epoch].double().eval()(torch.from_numpy(images)).numpy()
            own = logits[np.arange(340), digits.labels]
            others = np.exp(logits - own[:, None])
            others[np.arange(340), digits.labels] = 0
            np.testing.assert_allclose(part.margins[row], -np.log(others.sum(1)), atol=1e-4)
            np.testing.assert_array_equal(part.correct[row], logits.argmax(1) == digits.labels)
            models[index, epoch].float()


def test_predicting_moves_no_statistics(task_of: TaskOf, worker_of: WorkerOf, digits: ImageSet) -> None:
    task = task_of("small_cnn")
    (state,) = states_of(task.architecture.build(1))
    first, second = (
        margins_of_models(lambda *_: state, [0], [1], digits, task, worker_of())[1].margins for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)
