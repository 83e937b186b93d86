"""Batches: every sample once per epoch, each model in its own order, augmentation as a written-out loop does it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from unlearnkit.data.images.batches import CROP_PADDING, Pixels, Samples, mixed_epoch, retain_set

CPU = torch.device("cpu")


@pytest.fixture
def pixels() -> Pixels:
    """Eleven images of two channels whose first pixel and label are their index."""
    images = torch.randint(0, 256, (11, 2, 5, 4), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    images[:, 0, 0, 0] = torch.arange(11)
    return Pixels(images, torch.arange(11), mean=(0.5, 0.25), std=(0.2, 0.4), device=CPU)


def generators(*seeds: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def test_retain_set_is_the_rest() -> None:
    assert retain_set(6, np.array([4, 1])).tolist() == [0, 2, 3, 5]
    assert retain_set(3, None).tolist() == [0, 1, 2]
    assert retain_set(3, None).dtype == torch.int64


def test_normalisation_is_the_formula(pixels: Pixels) -> None:
    expected = (pixels.images.double() / 255 - torch.tensor([0.5, 0.25]).reshape(2, 1, 1)) / torch.tensor(
        [0.2, 0.4]
    ).reshape(2, 1, 1)
    torch.testing.assert_close(pixels.normalised(torch.arange(11)), expected.float())
    assert pixels.normalised(torch.tensor([[3, 1], [0, 3]])).shape == (2, 2, 2, 5, 4)


def test_an_epoch_has_every_sample_once_and_keeps_the_short_batch(pixels: Pixels) -> None:
    indices = torch.tensor([9, 2, 4, 0, 7])
    samples = Samples(pixels, indices, generators(1))
    for _ in range(3):
        labels = [labels for _, labels in samples.epoch(2)]
        assert [len(part) for part in labels] == [2, 2, 1]
        assert sorted(torch.cat(labels).tolist()) == [0, 2, 4, 7, 9]
    assert samples.batches_per_epoch(2) == 3
    assert samples.passes == 15
    assert len(samples) == 5


def test_the_short_batch_can_be_left_out(pixels: Pixels) -> None:
    samples, whole = (Samples(pixels, torch.arange(10), generators(1)) for _ in range(2))
    for _ in range(2):
        dropped = [labels.tolist() for _, labels in samples.epoch(4, drop_last=True)]
        # the same order, without its end: what is left out changes from epoch to epoch
        assert dropped == [labels.tolist() for _, labels in whole.epoch(4)][:2]
    assert samples.passes == 16
    assert [samples.batches_per_epoch(size, drop_last=True) for size in (4, 5, 11)] == [2, 2, 0]


@pytest.mark.parametrize("models", [1, 2])
@pytest.mark.parametrize("augmentation", ["none", "flip", "crop_flip"])
def test_images_are_scaled_to_the_resolution_of_training(pixels: Pixels, models: int, augmentation: str) -> None:
    samples = Samples(pixels, torch.arange(11), generators(*range(models)), augmentation, resolution=3)
    images, _ = next(iter(samples.epoch(11)))
    assert images.shape[-3:] == (2, 3, 3)
    assert images.shape[0] == (11 if models == 1 else models)


def test_scaling_keeps_every_image_apart_and_a_flat_one_flat() -> None:
    flat = torch.arange(0, 250, 50, dtype=torch.uint8)[:, None, None, None].expand(5, 1, 8, 6).contiguous()
    pixels = Pixels(flat, torch.arange(5), mean=(0.0,), std=(1.0,), device=CPU)
    for resolution in (4, 11):
        ((images, labels),) = Samples(pixels, torch.arange(5), generators(3, 4), resolution=resolution).epoch(5)
        expected = (labels * 50 / 255)[:, :, None, None, None].expand(2, 5, 1, resolution, resolution)
        torch.testing.assert_close(images, expected)


def test_scaling_down_averages() -> None:
    images = torch.randint(0, 256, (1, 1, 8, 8), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    pixels = Pixels(images, torch.zeros(1, dtype=torch.int64), mean=(0.0,), std=(1.0,), device=CPU)
    ((scaled, _),) = Samples(pixels, torch.arange(1), generators(0), resolution=1).epoch(1)
    # a triangle that falls to 0 one new pixel, eight old ones, from the middle
    weights = (1 - (torch.arange(8) + 0.5 - 4).abs() / 8) / 6
    torch.testing.assert_close(scaled[0, 0, 0, 0], weights @ (images[0, 0] / 255) @ weights)


def test_images_belong_to_their_labels(pixels: Pixels) -> None:
    for images, labels in Samples(pixels, torch.arange(11), generators(1)).epoch(4):
        torch.testing.assert_close(images, pixels.normalised(labels))


def test_every_model_has_its_own_order_and_keeps_it_in_any_company(pixels: Pixels) -> None:
    def orders(*seeds: int) -> torch.Tensor:
        samples = Samples(pixels, torch.arange(11), generators(*seeds))
        batches = [labels.reshape(len(seeds), -1) for _ in range(2) for _, labels in samples.epoch(4)]
        return torch.cat(batches, dim=1)

    together = orders(5, 6, 7)
    assert together.shape == (3, 22)
    assert len({tuple(order.tolist()) for order in together}) == 3
    assert together[0, :11].tolist() != together[0, 11:].tolist()
    for position, seed in enumerate((5, 6, 7)):
        assert orders(seed)[0].tolist() == together[position].tolist()


def test_a_stack_gets_one_batch_per_model(pixels: Pixels) -> None:
    samples = Samples(pixels, torch.arange(11), generators(5, 6))
    images, labels = next(iter(samples.epoch(4)))
    assert (images.shape, labels.shape) == ((2, 4, 2, 5, 4), (2, 4))
    torch.testing.assert_close(images, pixels.normalised(labels))
    assert samples.passes == 4


def test_the_global_generator_is_left_alone(pixels: Pixels) -> None:
    before = torch.get_rng_state()
    list(Samples(pixels, torch.arange(11), generators(5, 6), "crop_flip").epoch(4))
    assert torch.equal(torch.get_rng_state(), before)


def crop_flip(image: torch.Tensor, border: torch.Tensor, down: int, right: int, mirrored: bool) -> torch.Tensor:
    """Return the image shifted and mirrored, pixel by pixel, with the colour `border` [channels] around it."""
    channels, height, width = image.shape
    result = torch.zeros_like(image)
    for row in range(height):
        for column in range(width):
            source = (row + down - CROP_PADDING, column + right - CROP_PADDING)
            inside = 0 <= source[0] < height and 0 <= source[1] < width
            for channel in range(channels):
                to = width - 1 - column if mirrored else column
                result[channel, row, to] = image[channel, source[0], source[1]] if inside else border[channel]
    return result


# (0 - mean) / std: torchvision pads with black before it normalises
@pytest.mark.parametrize(
    ("augmentation", "colour"), [("crop_flip", [-0.5 / 0.2, -0.25 / 0.4]), ("crop_flip_mean", [0, 0])]
)
def test_crop_and_flip_are_those_of_a_written_out_loop(pixels: Pixels, augmentation: str, colour: list[float]) -> None:
    samples = Samples(pixels, torch.arange(11), generators(3), augmentation)
    replay = torch.Generator().manual_seed(3)
    order = torch.randperm(11, generator=replay)
    seen = set()
    for number, (images, labels) in enumerate(samples.epoch(4)):
        own = order[4 * number : 4 * number + 4]
        assert labels.tolist() == own.tolist()
        shifts = torch.randint(0, 2 * CROP_PADDING + 1, (2, len(own), 1), generator=replay)[..., 0]
        mirrored = torch.randint(0, 2, (len(own), 1), generator=replay)[:, 0]
        for position, index in enumerate(own.tolist()):
            down, right, mirror = int(shifts[0, position]), int(shifts[1, position]), bool(mirrored[position])
            expected = crop_flip(pixels.normalised(torch.tensor(index)), torch.tensor(colour), down, right, mirror)
            torch.testing.assert_close(images[position], expected)
            seen.add(mirror)
    assert seen == {False, True}


def test_a_flip_is_that_of_a_written_out_loop(pixels: Pixels) -> None:
    samples, replay = Samples(pixels, torch.arange(11), generators(3), "flip"), torch.Generator().manual_seed(3)
    order = torch.randperm(11, generator=replay)
    seen = []
    for images, labels in samples.epoch(4):
        mirrored = torch.randint(0, 2, (len(labels),), generator=replay).bool()
        expected = pixels.normalised(labels)
        expected[mirrored] = expected[mirrored].flip(-1)
        assert torch.equal(images, expected)
        seen.append(labels)
    assert torch.equal(torch.cat(seen), order)
    assert torch.equal(samples.generators[0].get_state(), replay.get_state())


def test_without_augmentation_nothing_but_the_order_is_drawn(pixels: Pixels) -> None:
    samples, replay = Samples(pixels, torch.arange(11), generators(3), "none"), torch.Generator().manual_seed(3)
    for _ in range(2):
        order = torch.randperm(11, generator=replay)
        batches = list(samples.epoch(4))
        assert torch.equal(torch.cat([images for images, _ in batches]), pixels.normalised(order))
    assert torch.equal(samples.generators[0].get_state(), replay.get_state())


@pytest.mark.parametrize(("augmentation", "least"), [("flip", 2), ("crop_flip", 5)])
def test_augmentation_is_drawn_anew_and_repeats_with_its_seed(pixels: Pixels, augmentation: str, least: int) -> None:
    def epochs(*seeds: int) -> list[torch.Tensor]:
        samples = Samples(pixels, torch.tensor([3]), generators(*seeds), augmentation)
        return [images for _ in range(8) for images, _ in samples.epoch(1)]

    first, second = epochs(1), epochs(1)
    assert all(torch.equal(*pair) for pair in zip(first, second, strict=True))
    assert len({image.numpy().tobytes() for image in first}) >= least
    stacked = epochs(1, 2)
    assert all(torch.equal(image, pair[0]) for image, pair in zip(first, stacked, strict=True))


def test_all_shifts_and_both_sides_occur_equally_often() -> None:
    # one bright pixel in the middle of 9 x 9: where it lands tells the shift
    images = torch.zeros(1, 1, 9, 9, dtype=torch.uint8)
    images[0, 0, 4, 4] = 255
    pixels = Pixels(images, torch.zeros(1, dtype=torch.int64), (0.0,), (1.0,), CPU)
    samples = Samples(pixels, torch.zeros(4050, dtype=torch.int64), generators(0), "crop_flip")
    ((batch, _),) = samples.epoch(4050)
    landed = batch.sum((0, 1))
    assert landed.sum() == 4050
    assert (landed - 50).abs().max() < 5 * 50**0.5


def test_half_of_the_images_are_mirrored() -> None:
    images = torch.tensor([[[[0, 0, 255]]]], dtype=torch.uint8)
    pixels = Pixels(images, torch.zeros(1, dtype=torch.int64), (0.0,), (1.0,), CPU)
    ((batch, _),) = Samples(pixels, torch.zeros(4000, dtype=torch.int64), generators(0), "flip").epoch(4000)
    left, middle, right = batch.sum((0, 1, 2)).tolist()
    assert (middle, left + right) == (0, 4000)
    assert abs(left - 2000) < 5 * 1000**0.5


def test_a_part_is_drawn_for_every_model_and_counted_with_the_whole(pixels: Pixels) -> None:
    whole = Samples(pixels, torch.arange(11), generators(0, 1))
    part = whole.part(5, generators(2, 3))
    assert part.indices.shape == (2, 5)
    assert not torch.equal(*part.indices.sort().values)
    batches = torch.cat([labels for _, labels in part.epoch(2)], dim=1)
    assert torch.equal(batches.sort().values, part.indices.sort().values)
    assert whole.passes == part.passes == 5
    alone = Samples(pixels, torch.arange(11), generators(1)).part(5, generators(3))
    assert torch.equal(alone.indices[0], part.indices[1])
    assert alone.labels.tolist() == alone.indices.tolist()


def test_samples_are_repeated_from_the_beginning(pixels: Pixels) -> None:
    samples = Samples(pixels, torch.tensor([4, 2, 9]), generators(0))
    assert samples.repeated(1.67).indices.tolist() == [4, 2, 9, 4, 2]
    assert samples.repeated(2).indices.tolist() == [4, 2, 9] * 2


def test_passes_without_end_have_orders_of_their_own(pixels: Pixels) -> None:
    samples = Samples(pixels, torch.arange(11), generators(0))
    endless = samples.endless(4)
    passes = [torch.cat([next(endless)[1] for _ in range(3)]).tolist() for _ in range(3)]
    assert all(sorted(labels) == list(range(11)) for labels in passes)
    assert passes[0] != passes[1] != passes[2]
    assert samples.passes == 33


@pytest.mark.parametrize("models", [1, 2])
def test_without_shuffling_nothing_is_counted(pixels: Pixels, models: int) -> None:
    samples = Samples(pixels, torch.tensor([4, 2, 9]), generators(*range(models)))
    labels = torch.cat([labels for _, labels in samples.unshuffled(2)], dim=-1)
    assert labels.tolist() == ([4, 2, 9] if models == 1 else [[4, 2, 9]] * models)
    assert samples.passes == 0


@pytest.mark.parametrize("models", [1, 2])
def test_a_mixed_pass_has_both_sets_once(pixels: Pixels, models: int) -> None:
    retain = Samples(pixels, torch.arange(8), generators(*range(models)))
    forget = Samples(pixels, torch.arange(8, 11), generators(*range(5, 5 + models)))
    batches = list(mixed_epoch(retain, forget, 4))
    assert [images.shape[-4] for images, _, _ in batches] == [4, 4, 3]
    labels, origins = (torch.cat([batch[part] for batch in batches], dim=-1).reshape(models, 11) for part in (1, 2))
    assert torch.equal(origins, labels >= 8)
    assert all(sorted(own.tolist()) == list(range(11)) for own in labels)
    assert models == 1 or not torch.equal(*labels)
    assert (retain.passes, forget.passes) == (8, 3)


@pytest.mark.parametrize("models", [1, 2])
def test_targets_take_the_place_of_labels_and_share_the_count(pixels: Pixels, models: int) -> None:
    targets = torch.randn(11, 3, generator=torch.Generator().manual_seed(0))
    samples = Samples(pixels, torch.tensor([9, 2, 4]), generators(*range(models)))
    marked = samples.with_targets(targets)
    for images, rows in marked.epoch(2):
        own = torch.round((images[..., 0, 0, 0] * 0.2 + 0.5) * 255).long()
        assert torch.equal(rows, targets[own])
    assert (samples.passes, marked.passes) == (3, 3)
    assert torch.equal(samples.labels, torch.tensor([9, 2, 4]))


def test_another_view_shares_draws_and_count_and_leaves_the_first_as_it_is(pixels: Pixels) -> None:
    samples = Samples(pixels, torch.arange(11), generators(1))
    view, expected = samples.viewed("crop_flip", 6), Samples(pixels, torch.arange(11), generators(1), "crop_flip", 6)
    (images, labels), (expected_images, expected_labels) = next(view.epoch(11)), next(expected.epoch(11))
    assert torch.equal(images, expected_images)
    assert torch.equal(labels, expected_labels)
    assert (samples.augmentation, samples.resolution, samples.passes) == ("none", None, 11)
    # the orders go on where those of the view ended
    assert torch.equal(next(samples.epoch(11))[1], next(expected.viewed("none", None).epoch(11))[1])
