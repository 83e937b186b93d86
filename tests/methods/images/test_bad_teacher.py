"""Bad teacher: a random teacher of the model's own architecture, and a divergence that is the mean over the batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from bench import CPU, Bench, same
from test_scrub import Watching
from torch.nn import functional

from unlearnkit.training.unlearning import ROLE


def test_the_teachers_are_the_original_and_a_fresh_model_of_its_architecture(bench: Bench) -> None:
    context = bench.context(Watching)
    assert isinstance(context, Watching)
    bench.call("bad_teacher", bench.model(), context)
    images = bench.task.pixels.normalised(bench.split.forget)
    fresh = bench.task.fresh(ROLE, [0], CPU)
    for teacher, model in zip(context.teachers, (bench.model(), fresh), strict=True):
        assert torch.equal(teacher(images), model.eval()(images))


@pytest.mark.parametrize("squared", [False, True])
def test_a_step_is_along_the_mean_divergence_of_the_batch(bench_of: Callable[..., Bench], squared: bool) -> None:
    # Adam's first step is lr along the sign of the gradient with its weight decay, hence the scale shows in the signs
    bench, temperature, weight_decay, lr = bench_of("mlp"), 3.0, 0.03, 0.01
    model, random = bench.model(), bench.task.fresh(ROLE, [0], CPU)
    rows = torch.cat([bench.split.retain, bench.split.forget])
    images, is_forget = bench.task.pixels.normalised(rows), torch.arange(len(rows)) >= len(bench.split.retain)
    with torch.no_grad():
        target = torch.where(is_forget[:, None], random(images), model(images)).div(temperature).softmax(-1)
    student = model(images).div(temperature).log_softmax(-1)
    loss = functional.kl_div(student, target, reduction="batchmean") * (temperature**2 if squared else 1)
    gradients = torch.autograd.grad(loss, list(model.parameters()))
    settings = {"epochs": 1, "batch_size": 240, "lr": lr, "weight_decay": weight_decay}
    after = bench.last("bad_teacher", temperature=temperature, temperature_squared=squared, **settings)
    agree = []
    for (name, parameter), gradient in zip(model.named_parameters(), gradients, strict=True):
        decayed = (gradient + weight_decay * parameter.detach()).numpy()
        step = after[name] - parameter.detach().numpy()
        agree.append((np.sign(step) == -np.sign(decayed))[np.abs(decayed) > 1e-6].ravel())
    assert np.concatenate(agree).mean() > 0.9999


def test_no_label_is_read(bench: Bench) -> None:
    relabelled = replace(bench.dataset, labels=(bench.dataset.labels + 1) % 10)
    assert same(bench.last("bad_teacher"), replace(bench, dataset=relabelled).last("bad_teacher"))


def test_a_part_of_the_retain_set_is_drawn_for_every_run(bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("mlp")
    kept = bench.kept("bad_teacher", (1, 3), epochs=3, retain_fraction=0.3)
    assert kept.passes == pytest.approx({1: 5 / 3 * (69 + 10), 3: 5 / 3 * 3 * (69 + 10)})
    assert bench.settings("bad_teacher", retain_fraction=0.3).passes(230, 10, 3) == pytest.approx(kept.passes[3])
    drawn = bench.last("bad_teacher", retain_fraction=0.1)
    others = [bench.with_other_data(np.array([row])) for row in bench.split.retain[:20]]
    # 23 of 230 are drawn, the same ones in both epochs
    assert 14 <= sum(same(other.last("bad_teacher", retain_fraction=0.1), drawn) for other in others) < 20
