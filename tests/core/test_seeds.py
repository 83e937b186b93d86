"""Seeds are frozen: a change of one golden value would silently make every published artifact irreproducible."""

from __future__ import annotations

import itertools

import pytest

from unlearnkit.seeds import SCHEME, derive_seed


def test_the_scheme_is_the_one_of_the_golden_values() -> None:
    assert SCHEME == 1


@pytest.mark.parametrize(
    ("base", "role", "index", "stage", "seed"),
    [
        # printf 'unlearnkit seeds 1|0|original|0|initial_weights' | sha256sum: first 16 digits, halved
        (0, "original", 0, "initial_weights", 874965741855486936),
        (0, "oracle", 0, "initial_weights", 3502719478338514948),
        (0, "original", 1, "batches", 421142713142338941),
        (7, "unlearned", 99, "retain_batches", 5040210915677418890),
    ],
)
def test_golden_values(base: int, role: str, index: int, stage: str, seed: int) -> None:
    assert derive_seed(base, role, index, stage) == seed


def test_every_part_makes_a_difference() -> None:
    roles = ["original", "oracle", "held_out_oracle", "unlearned"]
    stages = ["initial_weights", "batches", "retain_batches", "forget_batches", "method"]
    parts = list(itertools.product([0, 1], roles, range(100), stages))
    seeds = {derive_seed(*part) for part in parts}
    assert len(seeds) == len(parts)
    assert all(0 <= seed < 2**63 for seed in seeds)
