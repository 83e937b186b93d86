"""Paths and shards: names that can be read back, and shards that do not depend on how many models are wanted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unlearnkit import layout
from unlearnkit.errors import ConfigError


@given(st.integers(0, 20_000), st.integers(0, 500))
def test_a_shard_is_read_back_from_its_name(first: int, more: int) -> None:
    assert layout.shard_indices(layout.shard_name(first, first + more)) == range(first, first + more + 1)


@pytest.mark.parametrize("name", ["", "0000", "0000-", "0005-0004", "a-b", "0000_0004", "-1-4", "0000-0001-0002"])
def test_other_names_are_no_shards(name: str) -> None:
    with pytest.raises(ConfigError, match="is not a shard; expected"):
        layout.shard_indices(name)


@given(st.integers(1, 400), st.integers(1, 100), st.integers(0, 400))
def test_more_models_append_shards(count: int, size: int, more: int) -> None:
    few, many = layout.shard_names(count, size), layout.shard_names(count + more, size)
    assert many[: len(few)] == few
    held = [index for name in many for index in layout.shard_indices(name)]
    assert held == list(range(len(held)))
    assert count + more <= len(held) < count + more + size


def test_shard_names() -> None:
    assert layout.shard_names(30, 25) == ["0000-0024", "0025-0049"]
    assert layout.shard_names(25, 25) == ["0000-0024"]


def test_weights_and_margins_of_a_population_lie_side_by_side() -> None:
    weights, margins = layout.weights_of(layout.UNLEARNED), layout.margins_of(layout.UNLEARNED)
    assert weights == "results/{experiment}/unlearned/{forget_set}/{variant}/{shard}.safetensors"
    assert margins == "results/{experiment}/unlearned/{forget_set}/{variant}/{shard}.margins.parquet"
    assert layout.provenance(weights) == f"{weights}.json"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("results/digits/unlearned/nines/scrub/0000-0024.safetensors", ("nines", "scrub")),
        ("results/digits/oracle/nines/0000-0024.safetensors.json", ("nines", "oracle")),
    ],
)
def test_forget_set_and_candidate_of_a_path(path: str, expected: tuple[str, str]) -> None:
    assert layout.forget_set_and_candidate(path) == expected
