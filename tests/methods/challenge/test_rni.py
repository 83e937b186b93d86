"""Repeated noise injection: which tensors get noise and are trained, and when."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from bench import Bench
from pydantic import ValidationError

from unlearnkit.data.images.image_set import ImageSet
from unlearnkit.methods.challenge.rni import Settings
from unlearnkit.models.adapter import normalisation_parts
from unlearnkit.models.parts import parameters_of

STILL = {"lr": 0.0, "fine_lr": 0.0, "last_lr": 0.0}
"""Nothing is trained, so that what moves got noise."""


@pytest.fixture
def cnn(bench_of: Callable[..., Bench]) -> Bench:
    return bench_of("small_cnn")


def large(architecture: str, images: ImageSet, folder: Path) -> Bench:
    few = images.subset(8, 2)
    return Bench(
        replace(few, images=few.images.repeat(2, axis=2).repeat(2, axis=3)), architecture, np.array([6, 1]), folder
    )


def moved(bench: Bench, snapshots: tuple[int, ...], **settings: object) -> list[set[str]]:
    """Return the parameters that change from one snapshot to the next."""
    kept = bench.kept("rni", snapshots, **settings)
    states = [kept.states[epoch][0] for epoch in snapshots]
    names = parameters_of(bench.model()).keys()
    pairs = itertools.pairwise(states)
    return [{name for name in names if not np.array_equal(old[name], new[name])} for old, new in pairs]


# which the reference tells by the letters "bn" in a name: "downsample.1" of ResNet-18 and all layer norm have none
@pytest.mark.parametrize("architecture", ["resnet18", "tiny_vit"])
def test_normalisation_never_gets_noise_whatever_its_name(
    architecture: str, small_digits: ImageSet, tmp_path: Path
) -> None:
    bench = large(architecture, small_digits, tmp_path)
    normalisation = parameters_of(bench.model(), normalisation_parts(bench.model())).keys()
    everything = {"tensors": 1000, "noised": 1.0, "epochs": 2, "quiet_share": 0.5, "fine_share": 0.0}
    (noised,) = moved(bench, (1, 2), **everything, **STILL)
    assert any("bn" not in name for name in normalisation)
    assert noised == parameters_of(bench.model()).keys() - normalisation


def test_a_tensor_gets_noise_once_at_most_and_of_the_stated_size(cnn: Bench) -> None:
    settings = {"tensors": 9, "noised": 1.0, "epochs": 4, "fine_share": 0.0, "quiet_share": 0.25, "noise": 0.5, **STILL}
    first, second, third = moved(cnn, (1, 2, 3, 4), **settings)
    assert len(first) == 5  # three kernels, weight and bias of the classifier
    assert second == third == set()
    kept = cnn.kept("rni", (1, 2), **{**settings, "epochs": 2, "quiet_share": 0.5})
    noise = kept.states[2][0]["4.0.weight"] - kept.states[1][0]["4.0.weight"]
    assert noise.std() == pytest.approx(0.5, rel=0.05)
    assert abs(noise.mean()) < 0.05


def test_a_part_of_the_drawn_tensors_gets_noise_and_only_the_drawn_ones_are_trained(cnn: Bench) -> None:
    normalisation = parameters_of(cnn.model(), normalisation_parts(cnn.model())).keys()
    settings = {"tensors": 2, "noised": 0.5, "epochs": 4, "fine_share": 0.25, "quiet_share": 0.0}
    noised = moved(cnn, (1, 2, 3, 4), **settings, **STILL)
    assert [len(names) <= 1 for names in noised] == [True, True, True]
    assert noised[-1] == set()
    *coarse, fine = moved(cnn, (1, 2, 3, 4), **settings, lr=0.01, fine_lr=0.01)
    assert all(len(names - normalisation) == 2 for names in coarse)
    assert all(normalisation <= names for names in coarse)
    assert fine == parameters_of(cnn.model()).keys()
    assert len({frozenset(names) for names in coarse}) > 1


@pytest.mark.parametrize(("noised", "count"), [(0.0, 0), (0.5, 2), (0.7, 2), (1.0, 4)])
def test_the_part_that_gets_noise_is_rounded_down(cnn: Bench, noised: float, count: int) -> None:
    settings = {"tensors": 4, "noised": noised, "epochs": 2, "fine_share": 0.0, "quiet_share": 0.5, **STILL}
    assert [len(names) for names in moved(cnn, (1, 2), **settings)] == [count]


def test_only_the_classifier_is_fresh(cnn: Bench) -> None:
    original, fresh = (parameters_of(model) for model in (cnn.model(), cnn.context().fresh()))
    result = parameters_of(cnn.call("rni", cnn.model(), None, noise=0.0, **STILL))
    classifier = parameters_of(cnn.model(), [cnn.context().adapter.classifier]).keys()
    for name, weight in result.items():
        assert torch.equal(weight, (fresh if name in classifier else original)[name])
    assert any(not torch.equal(fresh[name], original[name]) for name in classifier)


def test_nothing_gets_noise_in_the_quiet_epochs(cnn: Bench) -> None:
    settings = {"tensors": 9, "noised": 1.0, "epochs": 4, "fine_share": 0.0, "quiet_share": 0.5, **STILL}
    quiet, noisy, after = moved(cnn, (1, 2, 3, 4), **settings)
    assert (quiet, len(noisy), after) == (set(), 5, set())


def test_momentum_starts_from_rest_in_every_epoch(bench_of: Callable[..., Bench]) -> None:
    # weight decay is the only force in the first epoch's tensors when the rate is 0 afterwards: nothing coasts on
    settings = {"epochs": 2, "fine_share": 0.5, "lr": 0.1, "fine_lr": 0.0, "last_lr": 0.0, "momentum": 0.9}
    assert moved(bench_of("mlp"), (1, 2), **settings) == [set()]
    # one step per epoch: from rest, the step does not depend on what the epoch before did
    once = {"batch_size": 230, "fine_share": 0.0, "noise": 0.0, "tensors": 9, "weight_decay": 0.0, "epochs": 2}
    without, having = (bench_of("mlp").kept("rni", (1, 2), **once, lr=0.1, momentum=m) for m in (0.0, 0.9))
    for name, weight in without.states[2][0].items():
        np.testing.assert_array_equal(having.states[2][0][name], weight)


@pytest.mark.parametrize("share", ["fine_share", "quiet_share"])
def test_an_epoch_with_noise_is_left_whatever_the_settings(share: str) -> None:
    with pytest.raises(ValidationError, match=share):
        Settings.model_validate({share: 1.0})
    for epochs in range(1, 20):
        settings = Settings.model_validate({"epochs": epochs, share: 0.999})
        assert 0 <= settings.quiet_epochs < settings.coarse_epochs <= epochs


def test_the_defaults_are_the_published_epochs_and_rates() -> None:
    settings = Settings.model_validate({})
    assert (settings.epochs, settings.quiet_epochs, settings.epochs - settings.coarse_epochs) == (9, 1, 4)
    assert [settings.rates(epoch)[0] for epoch in range(1, 10)] == [2e-4] * 8 + [1e-3]
