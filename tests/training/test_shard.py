"""What a stack has produced survives the resume folder; stacks cover a shard; resume points keep their distance."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from unlearnkit.training.shard import StackResults, Worker, in_stacks, rounds, run_shard


def kept(models: int) -> StackResults:
    states = {
        epoch: [{"0.weight": np.full((2, 1), 100.0 * epoch + k), "1.count": np.array(k)} for k in range(models)]
        for epoch in (3, 12)
    }
    return StackResults(states, {3: 10.5, 12: 42.0}, {3: 0.25, 12: 1.0})


def test_stacks_cover_the_shard_in_order() -> None:
    assert in_stacks(range(5, 10), 2) == [(5, 6), (7, 8), (9,)]
    assert in_stacks(range(3), 100) == [(0, 1, 2)]


def test_kept_states_go_round() -> None:
    # more than ten models: positions must not be sorted as text
    original = kept(12)
    read = StackResults.from_arrays(original.to_arrays())
    assert (read.passes, read.seconds) == (original.passes, original.seconds)
    assert list(read.states) == [12, 3] or list(read.states) == [3, 12]
    for epoch, states in original.states.items():
        assert len(read.states[epoch]) == 12
        for mine, theirs in zip(read.states[epoch], states, strict=True):
            assert mine.keys() == theirs.keys()
            assert all(np.array_equal(mine[name], theirs[name]) for name in theirs)


def test_a_shard_is_the_sum_of_its_stacks(worker_of: Callable[..., Worker]) -> None:
    result = run_shard(range(10, 13), 2, worker_of(), lambda indices, _: kept(len(indices)))
    assert sorted(result.states) == [(index, epoch) for index in (10, 11, 12) for epoch in (3, 12)]
    assert result.states[12, 3]["1.count"] == 0
    assert result.passes == {3: 10.5, 12: 42.0}
    assert {epoch: round(seconds, 12) for epoch, seconds in result.seconds.items()} == {3: 0.25, 12: 1.0}


def test_resume_points_keep_their_distance(worker_of: Callable[..., Worker]) -> None:
    now = iter([0.0, 0.0, 30.0, 60.0, 60.0, 100.0, 120.0, 120.0])
    due = rounds(worker_of(clock=lambda: next(now), checkpoint_seconds=60))
    assert [next(due) for _ in range(5)] == [False, False, True, False, True]
