"""Gradient norms are those of autograd, one sequence at a time: of all tensors, or of the factors of an adapter."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from made_pairs import made_pairs
from pretrained_bases import VOCABULARY, base_of, pretrained
from text_models import CPU, observed, task_of
from torch import nn
from torch.func import functional_call, grad

from unlearnkit.data.text.sequences import IGNORE, Tokens
from unlearnkit.models.building import states_of
from unlearnkit.training.language.gradient_norms import gradient_norms


def by_hand(model: nn.Module, tokens: Tokens, row: int, p: float) -> float:
    """The mean over trained tensors of the p-norm of a gradient, in double precision by a functional derivative."""
    inputs, labels = tokens.batch(torch.tensor([row]), tokens.within(None))
    own = {name: value.detach().double() for name, value in model.named_parameters()}
    trained = {name: own[name] for name, value in model.named_parameters() if value.requires_grad}

    def loss(changed: dict[str, torch.Tensor]) -> torch.Tensor:
        logits = functional_call(model, own | changed, (inputs,))
        return nn.functional.cross_entropy(logits[0].double(), labels[0], ignore_index=IGNORE)

    return float(np.mean([(value.abs() ** p).sum() ** (1 / p) for value in grad(loss)(trained).values()]))


@pytest.mark.parametrize("p", [2.0, 1.0])
def test_they_are_those_of_autograd(tmp_path: Path, p: float) -> None:
    pairs = made_pairs(4, 2)
    task = task_of(pairs)
    found = observed("gradient_norms", task, tmp_path, p=p).values["norm"]
    for model in range(2):
        network = task.architecture.build(model).eval()
        expected = [by_hand(network, task.source, row, p) for row in range(6)]
        np.testing.assert_allclose(found[model], expected, rtol=1e-4)


@pytest.mark.parametrize("adapter", [None, {"none": True}])
def test_of_a_pretrained_model_they_are_those_of_its_factors_or_of_all_weights(adapter: dict[str, bool] | None) -> None:
    pairs = made_pairs(2, 1, vocabulary=VOCABULARY)
    architecture = pretrained(base_of()[0], adapter)
    model = architecture.build(seed=0)
    torch.manual_seed(1)
    with torch.no_grad():
        for value in model.parameters():
            if value.requires_grad:  # fresh factors give each other no gradient
                value.add_(0.1 * torch.randn_like(value))
    loaded = architecture.gather([architecture.load(states_of(model)[0])], CPU).eval()
    tokens = Tokens(pairs, CPU)
    expected = [by_hand(loaded, tokens, row, 2.0) for row in range(3)]
    np.testing.assert_allclose(gradient_norms(loaded, tokens, torch.arange(3), 2.0), expected, rtol=1e-3)
    assert len({*map(float, expected)}) == 3 and min(expected) > 0
    factors = [name for name, value in loaded.named_parameters() if value.requires_grad]
    assert all("lora_" in name for name in factors) == (adapter is None)


def test_a_model_stays_as_it_is() -> None:
    task = task_of(made_pairs(3, 2))
    model = task.architecture.build(0).eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    gradient_norms(model, task.source, torch.arange(3), 2.0)
    assert all(value.grad is None for value in model.parameters())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
