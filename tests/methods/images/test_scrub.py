"""SCRUB optimises its student: the published code optimised the teacher, and so did nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from bench import Bench
from torch import Tensor, nn

from unlearnkit.training.images.losses import cross_entropy, distillation
from unlearnkit.training.unlearning import Context

STEADY = {"epochs": 4, "lr": 0.1, "milestones": ()}
"""Settings of a run at a constant rate, long enough for effects of a factor of two."""


class Watching(Context):
    """A context that shows the teachers it made."""

    teachers: tuple[Callable[[Tensor], Tensor], ...] = ()

    def _frozen(self, model: nn.Module) -> Callable[[Tensor], Tensor]:
        made = super()._frozen(model)
        self.teachers = (*self.teachers, made)
        return made


def images_and_labels(bench: Bench, part: str) -> tuple[Tensor, Tensor]:
    indices = getattr(bench.split, part)
    return bench.task.pixels.normalised(indices), bench.task.pixels.labels[indices]


@torch.no_grad()
def divergence(model: nn.Module, student: nn.Module, images: Tensor) -> float:
    return distillation(student.eval()(images), model.eval()(images), 4.0).item()


def test_the_student_moves_and_the_teacher_does_not(bench: Bench) -> None:
    model, context = bench.model(), bench.context(Watching)
    assert isinstance(context, Watching)
    images, _ = images_and_labels(bench, "retain")
    expected = bench.model().eval()(images)
    student = bench.call("scrub", model, context)
    (teacher,) = context.teachers
    assert torch.equal(teacher(images), expected)
    assert (student(images) - expected).abs().max() > 0.1


def test_max_passes_drive_the_student_away_on_the_forget_set(bench: Bench) -> None:
    images, _ = images_and_labels(bench, "forget")
    without, driven = (bench.call("scrub", bench.model(), ascent_epochs=epochs, **STEADY) for epochs in (0, 4))
    assert divergence(bench.model(), driven, images) > 1.5 * divergence(bench.model(), without, images)


def test_distillation_holds_the_student_back_on_the_retain_set(bench: Bench) -> None:
    images, _ = images_and_labels(bench, "retain")
    settings = {**STEADY, "ascent_epochs": 0, "gamma": 1.0}
    free, held = (bench.call("scrub", bench.model(), **{**settings, "alpha": alpha}) for alpha in (0.0, 1.0))
    assert 0 < divergence(bench.model(), held, images) < 0.5 * divergence(bench.model(), free, images)


def test_cross_entropy_falls_on_the_retain_set(bench: Bench) -> None:
    images, labels = images_and_labels(bench, "retain")
    student = bench.call("scrub", bench.model(), **{**STEADY, "alpha": 0.0, "ascent_epochs": 0})
    assert cross_entropy(student(images), labels) < 0.6 * cross_entropy(bench.model().eval()(images), labels)


@pytest.mark.parametrize(("milestones", "rates"), [((1, 2), [1, 0.5, 0.25]), ((2,), [1, 1, 0.5]), ((), [1, 1, 1])])
def test_the_rate_falls_after_each_milestone(
    bench_of: Callable[..., Bench], milestones: tuple[int, ...], rates: list[float]
) -> None:
    # weight decay alone, without momentum: every step multiplies the weights by 1 - lr * weight_decay
    settings = {"gamma": 0.0, "alpha": 0.0, "ascent_epochs": 0, "momentum": 0.0, "lr": 0.1, "weight_decay": 0.1}
    bench = bench_of("mlp")
    batches = {"retain_batch_size": 230, "epochs": 3, "decay": 0.5, "milestones": milestones}
    state, original = bench.last("scrub", **settings, **batches), bench.model().state_dict()
    factor = torch.tensor([1 - 0.01 * rate for rate in rates]).prod()
    for name, tensor in original.items():
        torch.testing.assert_close(torch.from_numpy(state[name]), factor * tensor)
