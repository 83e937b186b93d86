"""SSD and its loss-free form: importance by one backward pass per sample, and the weights that are dampened."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from bench import Bench, same
from torch import Tensor, nn

from unlearnkit import registry
from unlearnkit.methods.images import dampening
from unlearnkit.methods.images.dampening import factor, importance
from unlearnkit.methods.images.lfssd import squared_norm
from unlearnkit.models.building import states_of
from unlearnkit.training.images.losses import cross_entropy

KINDS = {"ssd": (cross_entropy, torch.square), "lfssd": (squared_norm, torch.abs)}


def value(method: str, logits: Tensor, labels: Tensor) -> Tensor:
    """Return what importance is about, written out: the mean of -log p_y, or of the squared norm of the logits."""
    if method == "ssd":
        rows = torch.arange(len(labels))
        return (logits.logsumexp(1) - logits[rows, labels]).mean()
    return sum(row @ row for row in logits) / len(logits)  # pyright: ignore[reportReturnType]


def by_hand(method: str, model: nn.Module, images: Tensor, labels: Tensor, group: int) -> dict[str, Tensor]:
    """Return the importance by one backward pass per group of samples, in their order."""
    total = {name: torch.zeros_like(weight) for name, weight in model.named_parameters()}
    starts = range(0, len(labels), group)
    for start in starts:
        model.zero_grad()
        batch = slice(start, start + group)
        value(method, model(images[batch]), labels[batch]).backward()
        for name, weight in model.named_parameters():
            assert weight.grad is not None
            total[name] += weight.grad**2 if method == "ssd" else weight.grad.abs()
    return {name: own / len(starts) for name, own in total.items()}


def drawn(bench: Bench, indices: Tensor) -> tuple[Tensor, Tensor]:
    return bench.task.pixels.normalised(indices), bench.task.pixels.labels[indices]


@pytest.mark.parametrize("method", KINDS)
@pytest.mark.parametrize(("gradients", "batch_size", "group"), [("sample", 3, 1), ("sample", 10, 1), ("batch", 4, 4)])
def test_importance_is_that_of_single_gradients_or_of_batches(
    method: str, gradients: str, batch_size: int, group: int, bench: Bench
) -> None:
    model, settings = bench.model().eval(), bench.settings(method, gradients=gradients, batch_size=batch_size)
    expected = by_hand(method, model, *drawn(bench, bench.split.forget), group)
    context = bench.context()
    found, count = importance(model, bench.samples("forget"), settings, context, *KINDS[method])
    assert (count, context.other_passes) == (-(-10 // group), 10)
    for name, own in expected.items():
        torch.testing.assert_close(found[name], own, rtol=1e-4, atol=1e-7, msg=name)


@pytest.mark.parametrize("method", KINDS)
def test_weights_are_dampened_by_the_importance_of_both_sets(method: str, bench: Bench) -> None:
    selection, dampening = 2.0, 0.5
    original = bench.model().eval()
    both = torch.cat([bench.split.retain, bench.split.forget])
    for_all = by_hand(method, original, *drawn(bench, both), 1)
    for_forget = by_hand(method, original, *drawn(bench, bench.split.forget), 1)
    unlearned = dict(bench.call(method, bench.model(), selection=selection, dampening=dampening).named_parameters())
    dampened = 0
    for name, weight in original.named_parameters():
        ratio = for_forget[name] / for_all[name]
        # gradients of the two ways round differently: those beside the threshold may fall on its other side
        clear = (ratio - selection).abs() > 1e-3
        expected = torch.where(ratio > selection, weight * (dampening / ratio).clamp(max=1.0), weight)
        torch.testing.assert_close(unlearned[name][clear], expected[clear], rtol=1e-3, atol=1e-7, msg=name)
        assert torch.equal(unlearned[name][clear & ~(ratio > selection)], weight[clear & ~(ratio > selection)])
        dampened += int((ratio > selection).sum())
    assert dampened > 10


@pytest.mark.parametrize("method", KINDS)
def test_without_a_selected_weight_nothing_changes(method: str, bench: Bench) -> None:
    # D holds F, which is a 24th of it
    model = bench.model()
    assert same(states_of(bench.call(method, model, selection=24.1))[0], states_of(bench.model())[0])


def test_the_factor_on_weights_that_are_selected_and_on_others() -> None:
    for_all, for_forget = torch.tensor([1.0, 1.0, 1.0, 0.0, 0.0, 4.0]), torch.tensor([2.0, 2.1, 8.0, 3.0, 0.0, 0.0])
    torch.testing.assert_close(factor(for_all, for_forget, 2.0, 1.0), torch.tensor([1, 1 / 2.1, 1 / 8, 0, 1, 1]))
    # never above 1, at which a weight would grow
    assert factor(for_all, for_forget, 2.0, 100.0).tolist() == [1, 1, 1, 0, 1, 1]
    assert factor(for_all, for_forget, 1.0, 0.0).tolist() == [0, 0, 0, 0, 1, 1]


def test_squares_of_batches_are_smaller_than_those_of_their_samples(bench_of: Callable[..., Bench]) -> None:
    # published: a batch's mean gradient is squared
    bench = bench_of("mlp")
    settings = [bench.settings("ssd", gradients=kind, batch_size=10) for kind in ("sample", "batch")]
    model = bench.model().eval()
    found = [importance(model, bench.samples("forget"), own, bench.context(), *KINDS["ssd"])[0] for own in settings]
    of_samples, of_batch = (sum(own.sum().item() for own in one.values()) for one in found)
    assert of_batch < of_samples < 10 * of_batch


def test_no_label_is_read_without_a_loss(bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("mlp")
    bench.task.pixels.labels = (bench.task.pixels.labels + 1) % 10
    relabelled = {method: bench.last(method) for method in KINDS}
    changed = {method: not same(bench_of("mlp").last(method), state) for method, state in relabelled.items()}
    assert changed == {"ssd": True, "lfssd": False}


def test_they_share_one_space() -> None:
    assert registry.load("method", "ssd").Settings.search() == registry.load("method", "lfssd").Settings.search()


def test_how_many_gradients_are_held_at_once_changes_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    model, settings = bench.model().eval(), bench.settings("ssd", gradients="sample", batch_size=4)
    found = []
    for held in (dampening.GRADIENTS_AT_ONCE, 1):
        monkeypatch.setattr(dampening, "GRADIENTS_AT_ONCE", held)
        found.append(importance(model, bench.samples("forget"), settings, bench.context(), *KINDS["ssd"]))
    assert found[0][1] == found[1][1]
    for name, own in found[0][0].items():
        torch.testing.assert_close(found[1][0][name], own, msg=name)
