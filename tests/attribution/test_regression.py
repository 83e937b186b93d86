"""Datamodels by LASSO: scikit-learn's solutions, a choice made on held-out models, and no model that diverged."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import Lasso

from unlearnkit.attribution.regression import fit, in_half_precision, largest_curvature, lasso, lasso_path
from unlearnkit.errors import TrainingError


def problem(models: int, samples: int, targets: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Subsets, and outputs that hang on the first five samples and on chance."""
    rng = np.random.default_rng(seed)
    inclusion = rng.random((models, samples)) < 0.5
    weights = np.zeros((samples, targets))
    weights[:5] = rng.normal(0, 2, (5, targets))
    outputs = 3 + inclusion @ weights + rng.normal(0, 0.5, (models, targets))
    return torch.from_numpy(inclusion), torch.from_numpy(outputs).float()


@pytest.mark.parametrize(("models", "samples"), [(40, 60), (80, 20)])
@pytest.mark.parametrize("fractions", [(0.5,), (0.7, 0.3, 0.1)])
def test_solutions_are_those_of_scikit_learn(models: int, samples: int, fractions: tuple[float, ...]) -> None:
    inclusion, outputs = problem(models, samples, 7)
    found = lasso(inclusion.float(), outputs, fractions, tolerance=1e-7)
    design, targets = inclusion.double().numpy(), outputs.double().numpy()
    centred = (design - design.mean(0)).T @ (targets - targets.mean(0)) / models
    for column in range(7):
        alpha = fractions[-1] * np.abs(centred[:, column]).max()
        exact = Lasso(alpha=alpha, tol=1e-12, max_iter=100_000).fit(design, targets[:, column]).coef_
        np.testing.assert_allclose(found[:, column].numpy(), exact, atol=2e-4)
        assert np.array_equal(np.abs(exact) > 1e-3, found[:, column].abs().numpy() > 1e-3)


def test_the_whole_penalty_leaves_nothing() -> None:
    inclusion, outputs = problem(40, 60, 3)
    (_, none), (_, some) = lasso_path(inclusion.float(), outputs, (1.001, 0.9))
    assert not none.any()
    assert some.any(0).all()


def test_regularization_is_chosen_on_held_out_models() -> None:
    inclusion, outputs = problem(120, 60, 30)
    tried = (0.9, 0.3, 0.1, 0.001)
    found = fit(inclusion, outputs, tried, lambda _: None)
    assert list(found.explained) == list(tried)
    assert found.regularization == max(tried, key=found.explained.__getitem__)
    assert found.regularization in (0.3, 0.1)
    assert found.explained[found.regularization] > 0.8
    given = fit(inclusion, outputs, (found.regularization,), lambda _: None)
    assert given.explained == {}
    difference = found.weights.float() * found.scale - given.weights.float() * given.scale
    assert difference.abs().max() < 0.02 * given.scale.max()


def test_a_fit_takes_all_samples_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    inclusion, outputs = problem(60, 40, 30)
    whole = fit(inclusion, outputs, (0.3,), lambda _: None)
    monkeypatch.setattr("unlearnkit.attribution.regression.TARGETS", 7)
    parts = fit(inclusion, outputs, (0.3,), lambda _: None)
    torch.testing.assert_close(
        whole.weights.float() * whole.scale, parts.weights.float() * parts.scale, atol=0.01, rtol=0
    )


def test_the_curvature_is_found_once_for_all_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    inclusion, outputs = problem(60, 40, 30)
    monkeypatch.setattr("unlearnkit.attribution.regression.TARGETS", 7)
    found: list[int] = []

    def counted(given: torch.Tensor) -> torch.Tensor:
        found.append(len(given))
        return largest_curvature(given)

    monkeypatch.setattr("unlearnkit.attribution.regression.largest_curvature", counted)
    fit(inclusion, outputs, (0.3,), lambda _: None)
    assert found == [60]


def test_models_that_diverged_are_left_out() -> None:
    inclusion, outputs = problem(60, 40, 5)
    broken = outputs.clone()
    broken[3, 2], broken[8] = torch.nan, torch.inf
    found, kept = fit(inclusion, broken, (0.3,), lambda _: None), [k for k in range(60) if k not in (3, 8)]
    sound = fit(inclusion[kept], outputs[kept], (0.3,), lambda _: None)
    assert found.failed == 2
    assert torch.equal(found.weights, sound.weights)
    with pytest.raises(TrainingError, match=r"outputs of 60 of 60 models are not finite.*lower training\.lr"):
        fit(inclusion, torch.full_like(outputs, torch.nan), (0.3,), lambda _: None)


@pytest.mark.parametrize("size", [1e-9, 1.0, 1e9])
def test_half_precision_keeps_small_and_large_weights(size: float) -> None:
    beta = torch.randn(50, 4, generator=torch.Generator().manual_seed(0)) * size
    beta[:, 3] = 0
    halves, scale = in_half_precision(beta)
    torch.testing.assert_close(halves.float() * scale, beta, rtol=1e-3, atol=1e-6 * size)
