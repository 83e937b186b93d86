"""Grids expand to variants with readable, shell-safe and distinct names."""

from __future__ import annotations

import itertools
import re
import shlex
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from unlearnkit.config.load import load_experiment
from unlearnkit.config.methods.variants import spelled
from unlearnkit.config.names import NAME_PATTERN

LR = st.lists(st.just(0.0) | st.floats(1e-30, 1e30), min_size=1, max_size=3, unique=True)
WHOLE = st.lists(st.integers(1, 10**6), min_size=1, max_size=3, unique=True)
MILESTONES = st.lists(
    st.lists(st.integers(-5, 120), min_size=1, max_size=3).map(tuple), min_size=1, max_size=3, unique=True
)


def base(grid: dict[str, Any]) -> dict[str, Any]:
    """Return a configuration whose only method is SCRUB with `grid`."""
    return {
        "experiment": "grids",
        "data": {"name": "digits"},
        "model": {"name": "mlp"},
        "training": {},
        "num_models": 10,
        "held_out_oracles": 10,
        "shard_size": 10,
        "forget_sets": {"random_50": {"kind": "random", "size": 50}},
        "methods": {"scrub": {"method": "scrub", "grid": grid}},
        "metrics": {"klom": {}},
    }


def test_names_are_readable_and_in_the_methods_order() -> None:
    variants = load_experiment(base({"forget_batch_size": [32, 64], "lr": ["1e-5", 5e-5]})).variants
    assert list(variants) == [
        "scrub.lr1e-05.forget_batch_size32",
        "scrub.lr1e-05.forget_batch_size64",
        "scrub.lr5e-05.forget_batch_size32",
        "scrub.lr5e-05.forget_batch_size64",
    ]
    chosen = variants["scrub.lr5e-05.forget_batch_size32"]
    assert (chosen.method, chosen.snapshots) == ("scrub", (10,))
    assert chosen.settings.model_dump(include={"lr", "forget_batch_size"}) == {"lr": 5e-5, "forget_batch_size": 32}


@settings(max_examples=20)
@given(lr=LR, batch=WHOLE, milestones=MILESTONES)
def test_every_combination_has_a_shell_safe_name_of_its_own(
    lr: list[float], batch: list[int], milestones: list[tuple[int]]
) -> None:
    grid = {"lr": lr, "milestones": [list(item) for item in milestones], "forget_batch_size": batch}
    variants = load_experiment(base(grid)).variants
    assert len(variants) == len(lr) * len(batch) * len(milestones)
    for name in variants:
        assert re.match(NAME_PATTERN, name)
        assert shlex.quote(name) == name
    found = {(v.settings.lr, v.settings.milestones, v.settings.forget_batch_size) for v in variants.values()}  # pyright: ignore[reportAttributeAccessIssue]
    assert found == set(itertools.product(lr, milestones, batch))


@given(first=st.floats(allow_nan=False, allow_infinity=False), second=st.floats(allow_nan=False, allow_infinity=False))
def test_distinct_numbers_are_spelled_differently(first: float, second: float) -> None:
    assert (spelled(first) == spelled(second)) == (repr(first) == repr(second))


@pytest.mark.parametrize(
    ("value", "text"),
    [(1e-5, "1e-05"), (1e16, "1e16"), (0.5, "0.5"), (32, "32"), (True, "true"), (None, "none"), ((3, 5), "3_5")],
)
def test_spelling(value: object, text: str) -> None:
    assert spelled(value) == text
