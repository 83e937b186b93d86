"""DM-Direct and datamodel matching: logits less the effects of the forget set, predicted or distilled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from bench import Bench, same
from torch import Tensor, nn

from unlearnkit import registry
from unlearnkit.artifacts.attribution import Effects
from unlearnkit.artifacts.weights import State
from unlearnkit.errors import ArtifactError, TrainingError
from unlearnkit.metrics.margins import margins_from_logits
from unlearnkit.models.building import states_of
from unlearnkit.training.evaluation import margins_of_models
from unlearnkit.training.images.predict import logits_on_all
from unlearnkit.training.unlearning import Context


def context_with(bench: Bench, effects: Effects) -> Context:
    """Return the context of original 0 with an attribution's effects."""
    return replace(bench.context(), references={"attribution": effects})


def logits(bench: Bench, model: nn.Module) -> np.ndarray:
    """Return the logits [samples, classes] of a model on all samples."""
    return logits_on_all(model.eval(), bench.task.pixels, 1)[0]


def predicted(bench: Bench, **settings: Any) -> np.ndarray:
    """Return the logits that DM-Direct predicts for original 0."""

    def logits_of(state: State) -> Tensor:
        return torch.from_numpy(logits(bench, bench.task.architecture.load(state)))

    return registry.load("method", "dm_direct").assemble(bench.last("dm_direct", **settings), logits_of).numpy()


def test_exact_effects_of_ridge_regression_give_the_retrained_predictions(bench_of: Callable[..., Bench]) -> None:
    # the change of a ridge regression without F is a sum over i in F, by Woodbury's identity
    bench = bench_of("mlp")
    pixels = bench.task.pixels
    features = pixels.normalised(torch.arange(len(pixels.labels))).flatten(1).double()
    labels = nn.functional.one_hot(pixels.labels, 10).double()
    train, forget, penalty = torch.arange(240), bench.split.forget, 5.0

    def fitted(rows: Tensor) -> Tensor:
        own = features[rows]
        return torch.linalg.solve(own.T @ own + penalty * torch.eye(own.shape[1]), own.T @ labels[rows])

    weights = fitted(train)
    inverse = torch.linalg.inv(features[train].T @ features[train] + penalty * torch.eye(features.shape[1]))
    own = features[forget]
    residual = labels[forget] - own @ weights
    shares = torch.linalg.solve(torch.eye(len(forget)) - own @ inverse @ own.T, residual)  # of every i in F
    effect = (features @ inverse @ own.T @ shares).numpy()
    model = nn.Linear(features.shape[1], 10, bias=False).double()
    model.weight.data = weights.T.clone()
    method = registry.load("method", "dm_direct")
    state = states_of(
        bench.call("dm_direct", model, context_with(bench, Effects(effect, np.zeros_like(effect))), multiplier=1.0)
    )[0]
    result = method.assemble(state, lambda plain: features @ torch.from_numpy(plain["weight"]).T)
    retrained = features @ fitted(bench.split.retain)
    torch.testing.assert_close(result, retrained, rtol=0, atol=1e-9)
    assert float((features @ weights - retrained).abs().max()) > 0.01


def test_the_shift_is_m_times_the_effects_of_all_or_of_the_forget_samples(bench: Bench) -> None:
    original, effects = logits(bench, bench.model()), bench.effects
    np.testing.assert_allclose(predicted(bench), original - effects.effect, atol=1e-5)
    np.testing.assert_allclose(predicted(bench, multiplier=0.5), original - 0.5 * effects.effect, atol=1e-5)
    own = predicted(bench, terms="own")
    np.testing.assert_allclose(own[bench.forget], (original - effects.self_effect)[bench.forget], atol=1e-5)
    others = np.setdiff1d(np.arange(len(original)), bench.forget)
    np.testing.assert_allclose(own[others], original[others], atol=1e-6)


def test_margins_are_those_of_the_shifted_logits(bench: Bench) -> None:
    shard = bench.shard("dm_direct")
    labels = bench.dataset.labels
    margins = margins_of_models(
        lambda index, epoch: shard.states[index, epoch],
        range(3),
        [0],
        bench.dataset,
        bench.task,
        bench.worker(2),
        registry.load("method", "dm_direct").assemble,
    )[0]
    for index in range(3):
        shifted = logits(bench, bench.model(index)) - bench.effects.effect
        np.testing.assert_allclose(margins.margins[index], margins_from_logits(shifted, labels), atol=1e-4)
        assert np.array_equal(margins.correct[index], shifted.argmax(-1) == labels)


def test_its_state_is_not_taken_for_the_weights_of_a_model(bench: Bench) -> None:
    with pytest.raises(ArtifactError, match="do not fit model"):
        bench.task.architecture.load(bench.last("dm_direct"))


@pytest.mark.parametrize("method", ["dm_direct", "datamodel_matching"])
def test_effects_of_other_data_are_refused(bench: Bench, method: str) -> None:
    foreign = Effects(bench.effects.effect[1:], bench.effects.self_effect[1:])
    with pytest.raises(TrainingError, match="are those of 259 samples, the data set has 260"):
        bench.call(method, bench.model(), context_with(bench, foreign))


def test_without_effects_the_student_stays_where_it_is(bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("mlp")
    unmoved = bench.last("datamodel_matching", lr=0.1, multiplier=0.0)
    assert same(unmoved, states_of(bench.model())[0])


def test_the_student_learns_every_samples_own_shift(bench_of: Callable[..., Bench]) -> None:
    # random effects: a target that belonged to another sample could not be met
    bench = bench_of("mlp")
    settings: dict[str, Any] = {"epochs": 150, "lr": 0.01, "batch_size": 16}
    student = bench.task.architecture.load(bench.last("datamodel_matching", **settings))
    target = logits(bench, bench.model()) - bench.effects.effect
    before = np.square(logits(bench, bench.model()) - target)[bench.forget].mean()
    after = np.square(logits(bench, student) - target)[bench.forget].mean()
    assert after < 0.1 * before


@pytest.mark.parametrize("method", ["dm_direct", "datamodel_matching"])
def test_unknown_keys_are_refused(method: str) -> None:
    with pytest.raises(ValueError, match="retain_data_amount"):
        registry.load("method", method).Settings.model_validate({"retain_data_amount": 20})
