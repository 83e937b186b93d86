"""NegGrad+: the distance to the original acts, forget batches are drawn anew, and a cap that leaves a gradient."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from bench import Bench, same
from torch import Tensor, nn
from torch.nn import functional

from unlearnkit.artifacts.weights import State
from unlearnkit.data.images.batches import Samples
from unlearnkit.methods.images import neg_grad_plus
from unlearnkit.training.images.losses import cross_entropy
from unlearnkit.training.sets import Sets
from unlearnkit.training.unlearning import ROLE

ASCENT = {"alpha": 0.0, "epochs": 2, "batch_size": 10, "lr": 0.02}
"""Settings under which the retain set has no weight, at 23 steps on the whole forget set per epoch."""


class Recording(Samples):
    """Samples that keep the rows they hand out."""

    seen: tuple[Tensor, ...] = ()

    def batch(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        self.seen = (*self.seen, rows[0])
        return super().batch(rows)


def forget_loss(bench: Bench, model: nn.Module) -> float:
    indices = bench.split.forget
    with torch.no_grad():
        return cross_entropy(model(bench.task.pixels.normalised(indices)), bench.task.pixels.labels[indices]).item()


def distance(bench: Bench, state: State) -> float:
    original = bench.model().state_dict()
    return sum(float(np.square(array - original[name].numpy()).sum()) for name, array in state.items()) ** 0.5


def test_without_ascent_it_is_fine_tuning(bench_of: Callable[..., Bench]) -> None:
    bench, settings = bench_of("mlp"), {"lr": 0.05, "batch_size": 64}
    fine_tuned = bench.last("fine_tune", schedule="constant", weight_decay=0.0, **settings)
    assert same(bench.last("neg_grad_plus", alpha=1.0, **settings), fine_tuned)


def test_ascent_raises_the_forget_loss(bench: Bench) -> None:
    with_ascent, without = (bench.call("neg_grad_plus", bench.model(), alpha=alpha) for alpha in (0.8, 1.0))
    assert forget_loss(bench, with_ascent) > forget_loss(bench, without)


def test_the_distance_to_the_original_holds_the_weights_there(bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("mlp")
    settings = {"epochs": 4, "lr": 0.05, "batch_size": 64}
    far, near = (distance(bench, bench.last("neg_grad_plus", proximity=weight, **settings)) for weight in (0.0, 5.0))
    assert 0 < near < 0.5 * far


def test_every_pass_over_the_forget_set_has_an_order_of_its_own(bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("mlp")
    generators = bench.task.generators(ROLE, [0], "forget_batches")
    forget = Recording(bench.task.pixels, bench.split.forget, generators)
    settings = bench.settings("neg_grad_plus", epochs=1, batch_size=5)
    data = Sets(bench.samples("retain"), forget, {})
    neg_grad_plus.unlearn(bench.model(), data, settings, bench.context())
    passes = torch.cat(forget.seen).reshape(-1, len(forget))
    assert (passes.sort().values == bench.split.forget.sort().values).all()
    assert len(passes.unique(dim=0)) == len(passes) == 23


@pytest.mark.parametrize("mode", ["eval", "train"])
def test_statistics_of_batch_norm_stay_in_eval_mode_only(bench_of: Callable[..., Bench], mode: str) -> None:
    bench = bench_of("small_cnn")
    after, before = bench.last("neg_grad_plus", mode=mode), bench.model().state_dict()
    kept = {name: np.array_equal(array, before[name]) for name, array in after.items() if "running" in name}
    assert set(kept.values()) == {mode == "eval"}


def test_losses_bounded_by_a_probability_have_no_gradient_and_the_cap_at_chance_has(bench: Bench) -> None:
    # Deep Unlearn's negative gradient bounds every sample's signed loss by 0 and 1 / C
    indices, model = bench.split.forget, bench.model().eval()
    labels = bench.task.pixels.labels[indices]
    losses = functional.cross_entropy(model(bench.task.pixels.normalised(indices)), labels, reduction="none")
    for signed in (-losses, losses):
        gradients = torch.autograd.grad(signed.clamp(0, 0.1).mean(), list(model.parameters()), retain_graph=True)
        assert not any(gradient.any() for gradient in gradients)
    capped = bench.call("neg_grad_plus", bench.model(), forget_cap="chance", **ASCENT)
    assert forget_loss(bench, capped) > forget_loss(bench, model)


def test_the_cap_at_chance_stops_the_ascent_there(bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("mlp")
    capped, free = (bench.call("neg_grad_plus", bench.model(), forget_cap=cap, **ASCENT) for cap in ("chance", "none"))
    assert forget_loss(bench, free) > 100 * math.log(10)
    assert forget_loss(bench, capped) < 3 * math.log(10)
