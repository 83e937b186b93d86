"""Forget-Contrast-Strengthen: its two losses, its pairs of batches, and a contrast rate that falls in every step."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from bench import Bench
from pydantic import ValidationError

from unlearnkit.data.images.batches import Samples
from unlearnkit.methods.challenge.fcs import Settings, contrast_rate, contrastive, divergence_from_uniform, unlearn
from unlearnkit.models.building import states_of
from unlearnkit.training.sets import Sets

FROZEN = {"lr": 0.0, "uniform_lr": 0.0, "contrast_lr": 0.0, "final_contrast_lr": 0.0}
"""No rate: what moves then is what a test turns on."""


def settings_of(**settings: Any) -> Settings:
    return Settings.model_validate(settings)


class Logged(Samples):
    """Samples that note the size of every batch they hand out under their name."""

    name: str
    log: list[tuple[str, int]]

    def epoch(self, batch_size: int, drop_last: bool = False) -> Iterator[Any]:
        for images, labels in super().epoch(batch_size, drop_last):
            self.log.append((self.name, len(labels)))
            yield images, labels


def batches_of(bench: Bench, **settings: Any) -> list[tuple[str, int]]:
    """Return (set, size) of every batch that the method asks for, in its order."""
    log: list[tuple[str, int]] = []
    parts: dict[str, Samples] = {}
    for name in ("retain", "forget"):
        plain = bench.samples(name)
        logged = Logged(plain.pixels, plain.indices, plain.generators)
        logged.name, logged.log = name, log
        parts[name] = logged
    data = Sets(parts["retain"], parts["forget"], {})
    unlearn(bench.model(), data, settings_of(**settings), bench.context())
    return log


def test_the_divergence_from_uniform_is_zero_for_equal_logits_and_averages_over_the_batch() -> None:
    logits = torch.tensor([[0.0, 0.0], [math.log(3), 0.0]])
    # KL((1/2, 1/2) || (3/4, 1/4)) = log(1/2) - (log 3/4 + log 1/4) / 2
    second = math.log(1 / 2) - (math.log(3 / 4) + math.log(1 / 4)) / 2
    assert divergence_from_uniform(logits[:1]).item() == pytest.approx(0)
    assert divergence_from_uniform(logits).item() == pytest.approx(second / 2)


def test_the_contrast_is_the_mean_over_pairs_and_least_for_equal_similarities() -> None:
    forget, retain = torch.tensor([[1.0, 0.0]]), torch.tensor([[2.0, 5.0], [0.0, -3.0]])
    # similarities 2 and 0 at temperature 2: 1 and 0
    expected = math.log(1 + math.e) - 1 / 2
    assert contrastive(forget, retain, 2.0).item() == pytest.approx(expected)
    assert contrastive(forget, torch.ones(3, 2), 2.0).item() == pytest.approx(math.log(3))


def test_a_stack_has_similarities_within_each_model_only() -> None:
    generator = torch.Generator().manual_seed(0)
    forget, retain = torch.randn(3, 4, 10, generator=generator), torch.randn(3, 5, 10, generator=generator)
    alone = [contrastive(own, others, 1.15) for own, others in zip(forget, retain, strict=True)]
    torch.testing.assert_close(contrastive(forget, retain, 1.15), torch.stack(alone).sum())
    flat = [divergence_from_uniform(own) for own in forget]
    torch.testing.assert_close(divergence_from_uniform(forget), torch.stack(flat).sum())


def test_the_contrast_rate_falls_in_every_step_from_the_first_to_above_the_last() -> None:
    settings = settings_of(contrast_lr=1.0, final_contrast_lr=0.2)
    rates = [contrast_rate(settings, done, 4) for done in range(4)]
    assert rates == pytest.approx([1.0, 0.2 + 0.4 * (1 + math.sqrt(0.5)), 0.6, 0.2 + 0.4 * (1 - math.sqrt(0.5))])


def test_every_contrast_step_takes_its_own_rate(bench_of: Callable[..., Bench]) -> None:
    # weight decay alone, since a high temperature leaves no gradient: a step multiplies the weights by 1 - rate * decay
    bench = bench_of("mlp")
    settings = {**FROZEN, "contrast_lr": 0.1, "final_contrast_lr": 0.02, "contrast_weight_decay": 0.5}
    settings |= {"contrast_momentum": 0.0, "temperature": 1e12, "batch_size": 5, "epochs": 3}
    state = bench.last("fcs", **settings)
    rates = [contrast_rate(settings_of(**settings), done, 6) for done in range(6)]
    factor = math.prod(1 - 0.5 * rate for rate in rates)
    for name, tensor in bench.model().state_dict().items():
        torch.testing.assert_close(torch.from_numpy(state[name]), factor * tensor)


def test_a_contrast_rate_that_would_rise_is_refused() -> None:
    with pytest.raises(ValidationError, match="the rate would rise; lower final_contrast_lr"):
        settings_of(contrast_lr=1e-4, final_contrast_lr=1e-3)
    assert settings_of(contrast_lr=1e-4, final_contrast_lr=1e-4).final_contrast_lr == 1e-4


def test_forget_and_retain_batches_come_in_pairs_until_the_shorter_set_ends(bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("mlp")
    round_of_four = [("forget", 4), ("retain", 4), ("forget", 4), ("retain", 4), ("forget", 2), ("retain", 4)]
    repair = [("retain", 4)] * 57 + [("retain", 2)]
    flattening = [("forget", 4), ("forget", 4), ("forget", 2)]
    assert batches_of(bench, batch_size=4, epochs=2) == flattening + 2 * (round_of_four + repair)


def test_a_forget_set_that_is_the_longer_one_hands_out_no_batch_without_partner(
    bench_of: Callable[..., Bench],
) -> None:
    bench = bench_of("mlp")
    swapped = Bench(bench.dataset, "mlp", np.arange(232), bench.folder)
    log = batches_of(swapped, batch_size=4, epochs=1)
    assert log[58:] == [("forget", 4), ("retain", 4)] * 2 + [("retain", 4)] * 2
    kept = swapped.kept("fcs", epochs=1, batch_size=4)
    assert kept.passes == {1: settings_of(batch_size=4).passes(8, 232, 1)} == {1: 232 + 8 + 8 + 8}


def test_flattening_and_repair_each_do_what_they_are_for(bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("mlp")
    pixels = bench.task.pixels
    images = pixels.normalised(bench.split.forget)
    sharp = bench.model()
    for parameter in list(sharp.parameters())[-2:]:
        parameter.data.mul_(20)
    flat = bench.call("fcs", sharp, **{**FROZEN, "uniform_lr": 0.02, "epochs": 1, "batch_size": 5})
    before = divergence_from_uniform(sharp.eval()(images))
    assert divergence_from_uniform(flat(images)) < 0.9 * before
    images, labels = pixels.normalised(bench.split.retain), pixels.labels[bench.split.retain]
    repaired = bench.call("fcs", bench.model(), **{**FROZEN, "lr": 0.02, "batch_size": 32})
    losses = [torch.nn.functional.cross_entropy(model.eval()(images), labels) for model in (bench.model(), repaired)]
    assert losses[1] < 0.8 * losses[0]


def test_the_returned_model_gives_the_same_logits_in_any_company(bench: Bench) -> None:
    # the reference returns its model in train mode, where a batch decides about batch norm
    model = bench.call("fcs", bench.model(), epochs=1)
    images = bench.task.pixels.normalised(bench.split.retain[:20])
    (before,) = states_of(model)
    torch.testing.assert_close(model(images)[:3], model(images[:3]))
    assert all(np.array_equal(array, before[name]) for name, array in states_of(model)[0].items())
