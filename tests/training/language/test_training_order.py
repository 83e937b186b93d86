"""Which sequences originals and oracles see: no token of a forget set, the same order, nothing twice, all of it."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from small_text import CPU, order_of, positions_text, recipe

from unlearnkit.data.text.cutting import Unit
from unlearnkit.data.text.sequences import IGNORE, Tokens
from unlearnkit.data.text.text_set import TextSet
from unlearnkit.training.language.training_order import TrainingOrder

UNITS: list[Unit] = ["sequence", "step", "document"]


def retained(text_set: TextSet, units: set[int]) -> torch.Tensor:
    kept = [row for row in range(text_set.train_size) if int(text_set.units[row]) not in units]
    return torch.tensor(kept)


def positions_of(text_set: TextSet, rows: list[int]) -> set[int]:
    spans = ((int(text_set.starts[row]), int(text_set.lengths[row])) for row in rows)
    return {position for start, length in spans for position in range(start, start + length)}


def steps_of(training_order: TrainingOrder) -> list[list[int]]:
    return [training_order.of_step(step).tolist() for step in range(training_order.steps)]


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("order", ["stream", "shuffled"])
@pytest.mark.parametrize("forgotten", ["delete", "refill"])
def test_no_batch_of_an_oracle_has_a_forgotten_token(unit: Unit, order: str, forgotten: str) -> None:
    text_set = positions_text(unit)
    tokens = Tokens(text_set, CPU)
    own = recipe(epochs=3, batch_size=4, order=order, forgotten=forgotten)
    train_units = sorted(set(text_set.train_units.tolist()))
    assert len(train_units) >= 3
    for units in [{unit} for unit in train_units] + [{train_units[0], train_units[-1]}]:
        rows = retained(text_set, units)
        kept = set(rows.tolist())
        forgotten_positions = positions_of(text_set, [row for row in range(text_set.train_size) if row not in kept])
        allowed = positions_of(text_set, rows.tolist())
        assert forgotten_positions and not forgotten_positions & allowed
        training_order, goes_on = order_of(own, rows, text_set), tokens.within(rows)
        for step in range(training_order.steps):
            chosen = training_order.of_step(step)
            inputs, labels = tokens.batch(chosen, goes_on)
            real = torch.arange(inputs.shape[1]) < torch.from_numpy(text_set.lengths[chosen.numpy()])[:, None]
            # a token is its own position; padded inputs are 0 and no position
            assert set(inputs[real].tolist()) <= allowed
            assert set(labels[labels != IGNORE].tolist()) <= allowed
            assert (labels[~real] == IGNORE).all()


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("order", ["stream", "shuffled"])
def test_an_oracle_sees_what_its_original_sees_without_the_forgotten(unit: Unit, order: str) -> None:
    text_set = positions_text(unit)
    rows = retained(text_set, {1, 2})
    kept = set(rows.tolist())
    whole = recipe(epochs=3, batch_size=4, order=order)
    everything = torch.arange(text_set.train_size)
    original = steps_of(order_of(whole, everything, text_set))
    oracle = steps_of(order_of(whole, rows, text_set))
    assert [row for step in oracle for row in step] == [row for step in original for row in step if row in kept]
    if unit == "step" and order == "stream":
        assert oracle == [step for step in original if step[0] in kept]
    if order == "shuffled":
        per_pass = len(original) // 3
        assert original[:per_pass] != original[per_pass : 2 * per_pass]
    refilled = steps_of(order_of(whole.model_copy(update={"forgotten": "refill"}), rows, text_set))
    assert [len(step) for step in refilled] == [len(step) for step in original]
    for ours, theirs in zip(refilled, original, strict=True):
        assert all(a == b if b in kept else a in kept for a, b in zip(ours, theirs, strict=True))


def test_refilling_leaves_an_original_alone() -> None:
    text_set = positions_text("sequence")
    everything = torch.arange(text_set.train_size)
    for order in ("stream", "shuffled"):
        whole, refill = (recipe(order=order, forgotten=kind) for kind in ("delete", "refill"))
        assert steps_of(order_of(whole, everything, text_set)) == steps_of(order_of(refill, everything, text_set))


@pytest.mark.parametrize("unit", UNITS)
def test_a_pass_reads_every_token_once_and_the_last_step_is_used(unit: Unit) -> None:
    """Of a stream of exactly so many steps the reference re-reads the first instead of the last (D-29)."""
    text_set = positions_text(unit)
    tokens = Tokens(text_set, CPU)
    everything = torch.arange(text_set.train_size)
    training_order, goes_on = order_of(recipe(epochs=1, batch_size=4), everything, text_set), tokens.within(everything)
    inputs: Counter[int] = Counter()
    labels: Counter[int] = Counter()
    for step in range(training_order.steps):
        chosen = training_order.of_step(step)
        own_inputs, own_labels = tokens.batch(chosen, goes_on)
        real = torch.arange(own_inputs.shape[1]) < torch.from_numpy(text_set.lengths[chosen.numpy()])[:, None]
        inputs.update(own_inputs[real].tolist())
        labels.update(own_labels[own_labels != IGNORE].tolist())
    end = int(text_set.starts[text_set.train_size])
    if unit == "step":
        assert end % (4 * text_set.length) == 0
        assert training_order.steps == end // (4 * text_set.length)
    assert inputs == Counter(range(end))
    assert labels == Counter(range(1, end))


def test_seeds_differ_between_models_and_not_between_shards() -> None:
    text_set = positions_text("sequence")
    everything = torch.arange(text_set.train_size)
    own = recipe(order="shuffled")
    one, other = (steps_of(order_of(own, everything, text_set, seed)) for seed in (1, 2))
    assert one != other
    # the passes of a model are asked for in any order: a step is a function of its number
    training_order = order_of(own, everything, text_set, 1)
    assert [training_order.of_step(step).tolist() for step in reversed(range(training_order.steps))] == one[::-1]
