"""UNSIR: the noise by plain torch, what the impair step sees, and forget sets of one class and of several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
import torch
from bench import Bench, same
from pydantic import ValidationError
from torch.nn import functional

from unlearnkit.methods.images.unsir import Settings, noise_loss, with_noise, worst_noise
from unlearnkit.models.building import states_of


def test_the_noise_is_that_of_plain_torch(bench: Bench) -> None:
    settings, context = bench.settings("unsir", noise_images=6, noise_steps=5, penalty=0.2), bench.context()
    model = bench.model()
    (before,) = states_of(model)
    noise, labels = worst_noise(model, bench.samples("forget"), settings, context)
    assert same(states_of(model)[0], before) and model.training
    assert context.other_passes == 5 * 6

    (generator,) = bench.context().generators
    drawn = bench.split.forget[torch.randperm(10, generator=generator)[:6]]
    assert labels.tolist() == bench.task.pixels.labels[drawn].tolist()
    pixels = torch.randn(6, 1, 8, 8, generator=generator).requires_grad_()
    optimizer = torch.optim.Adam([pixels], lr=0.1)
    for _ in range(5):
        optimizer.zero_grad()
        squares = pixels.square().sum(dim=[1, 2, 3]).mean()
        (-functional.cross_entropy(model.eval()(pixels), labels) + 0.2 * squares).backward()
        optimizer.step()
    torch.testing.assert_close(noise, pixels.detach(), rtol=0, atol=1e-4)


def test_the_model_is_worse_at_the_noise_than_at_drawn_pixels(bench: Bench) -> None:
    settings = bench.settings("unsir", penalty=0.0)
    noise, labels = worst_noise(bench.model(), bench.samples("forget"), settings, bench.context())
    start = torch.randn(noise.shape, generator=torch.Generator().manual_seed(0))
    model = bench.model().eval()
    assert noise_loss(model, noise, labels, 0.0) < noise_loss(model, start, labels, 0.0)


@pytest.mark.parametrize("batch_size", [7, 500])
def test_the_impair_step_sees_every_copy_and_every_sample_once(bench_of: Callable[..., Bench], batch_size: int) -> None:
    bench = bench_of("mlp")
    few, context = bench.samples("forget"), bench.context()
    noise = torch.full((3, 1, 8, 8), 50.0) + torch.arange(3)[:, None, None, None]
    labels = torch.tensor([4, 5, 6])
    batches = list(with_noise(few, noise, labels, 5, batch_size, context))
    images, targets = (torch.cat(parts) for parts in zip(*batches, strict=True))
    assert len(images) == 10 + 3 * 5 == context.other_passes
    is_noise = images[:, 0, 0, 0] >= 50
    seen = zip(images[is_noise][:, 0, 0, 0].tolist(), targets[is_noise].tolist(), strict=True)
    assert Counter(seen) == {(50.0, 4): 5, (51.0, 5): 5, (52.0, 6): 5}
    rows = bench.split.forget
    own = {(image.numpy().tobytes(), int(y)) for image, y in zip(images[~is_noise], targets[~is_noise], strict=True)}
    pairs = zip(bench.task.pixels.normalised(rows), bench.task.pixels.labels[rows], strict=True)
    assert own == {(image.numpy().tobytes(), int(y)) for image, y in pairs}
    # shuffled together
    assert 0 < is_noise[:12].sum() < 12


def test_noise_has_the_labels_of_the_forget_set_in_its_proportions(bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("mlp")
    _, labels = worst_noise(bench.model(), bench.samples("forget"), bench.settings("unsir"), bench.context())
    assert sorted(labels.tolist()) == sorted(bench.dataset.labels[bench.forget].tolist())
    whole = Bench(bench.dataset, "mlp", np.flatnonzero(bench.dataset.labels[:240] == 3), bench.folder)
    _, labels = worst_noise(whole.model(), whole.samples("forget"), whole.settings("unsir"), whole.context())
    assert set(labels.tolist()) == {3}


def test_an_impair_step_that_outlasts_the_run_is_refused() -> None:
    with pytest.raises(ValidationError, match="impair_epochs is 3, above epochs 2, which counts the repair as well"):
        Settings.model_validate({"impair_epochs": 3})


def test_without_impair_epochs_the_noise_changes_nothing(bench: Bench) -> None:
    without = [bench.last("unsir", impair_epochs=0, epochs=1, copies=copies, impair_lr=1.0) for copies in (1, 9)]
    assert same(*without)
