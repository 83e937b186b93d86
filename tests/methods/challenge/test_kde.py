"""Fresh ends and distillation: what is reset, what the warm-up reads, and the factor T^2."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from bench import Bench, same

from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.errors import TrainingError
from unlearnkit.models.building import states_of
from unlearnkit.models.parts import parameters_of

VALIDATION = {"warmup_set": "validation", "warmup_share": 20 / 230}
"""The reference: warm up on all validation samples."""
RESTING = {"epochs": 1, "warmup_lr": 0.0, "lr": 0.0}


def validation(bench: Bench) -> np.ndarray:
    return bench.split.views["validation"].numpy()


def test_validation_samples_are_read_if_they_are_asked_for_only(bench: Bench) -> None:
    altered = bench.with_other_data(validation(bench))
    # as few samples as there are validation samples, so that it is the default that decides
    assert same(*(one.last("kde", warmup_share=VALIDATION["warmup_share"]) for one in (bench, altered)))
    assert not same(bench.last("kde", **VALIDATION), altered.last("kde", **VALIDATION))


def test_the_warm_up_reads_no_labels(bench: Bench) -> None:
    images = bench.dataset
    labels = images.labels.copy()
    labels[validation(bench)] = (labels[validation(bench)] + 1) % 10
    relabelled = replace(bench, dataset=replace(images, labels=labels))
    assert same(bench.last("kde", **VALIDATION), relabelled.last("kde", **VALIDATION))


def test_validation_samples_count_as_passes(bench: Bench) -> None:
    settings = bench.settings("kde", **VALIDATION)
    kept = bench.kept("kde", (1, 2), **VALIDATION)
    assert kept.passes == pytest.approx({epoch: settings.passes(230, 10, epoch) for epoch in (1, 2)})
    assert kept.passes[1] == pytest.approx(4 / 3 * (3 * 20 + 230))


def test_too_few_validation_samples_are_told(bench: Bench) -> None:
    with pytest.raises(TrainingError, match=r"46 validation samples.*but there are 20.*0\.087 or less"):
        bench.last("kde", warmup_set="validation")


@pytest.mark.parametrize(
    ("architecture", "ends"),
    [
        ("mlp", {"1.weight", "1.bias", "3.weight", "3.bias"}),
        ("resnet9", {"0.0.weight", "9.weight"}),
        ("tiny_vit", {"patch_embed.conv1.conv.weight", "head.fc.weight", "head.fc.bias"}),
    ],
)
def test_the_first_and_the_last_layer_are_fresh_whatever_their_names(
    architecture: str, ends: set[str], small_digits: ImageSet, tmp_path: Path
) -> None:
    few = small_digits.subset(8, 2)
    larger = replace(few, images=few.images.repeat(2, axis=2).repeat(2, axis=3))
    bench = Bench(larger, architecture, np.array([6, 1]), tmp_path)
    original, fresh = bench.model(), bench.context().fresh()
    result = parameters_of(bench.call("kde", original, **RESTING))
    reset = {name for name, weight in parameters_of(original).items() if not torch.equal(result[name], weight)}
    drawn = {
        name for name, weight in parameters_of(fresh).items() if not torch.equal(parameters_of(original)[name], weight)
    }
    assert reset == ends & drawn  # TinyViT draws its classifier's bias as zeros
    assert all(torch.equal(result[name], parameters_of(fresh)[name]) for name in ends)


@pytest.mark.parametrize(("squared", "factor"), [(True, 1.0), (False, 1 / 25)])
def test_distillation_has_the_factor_t_squared_unless_told_otherwise(
    bench_of: Callable[..., Bench], squared: bool, factor: float
) -> None:
    bench = bench_of("mlp")
    # one plain gradient step of the warm-up over all its samples
    settings = {
        "warmup_share": 1.0,
        "batch_size": 230,
        "momentum": 0.0,
        "warmup_weight_decay": 0.0,
        "epochs": 1,
        "lr": 0.0,
    }

    def moved(**changes: Any) -> torch.Tensor:
        resting, stepped = (
            states_of(bench.call("kde", bench.model(), warmup_epochs=e, warmup_lr=1.0, **settings, **changes))[0]
            for e in (0, 1)
        )
        return torch.from_numpy(stepped["3.weight"] - resting["3.weight"])

    torch.testing.assert_close(moved(temperature_squared=squared), factor * moved(), rtol=1e-3, atol=1e-6)
