"""Requests to forget: independent draws of what each model is trained on, whatever the layout of jobs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unlearnkit.artifacts.membership import Membership, read_memberships, write_membership
from unlearnkit.data.membership import random_membership
from unlearnkit.data.requests import drawn_requests
from unlearnkit.errors import DataError

PARTS = random_membership(0, "pool/halves", range(6), 200, 0.5).member


def drawn(requests: range, draws: int = 4) -> Membership:
    first, last = requests[0] // draws, requests[-1] // draws
    own = PARTS[first : last + 1]
    return drawn_requests(0, "pool/requests", requests, own, draws=draws, fraction=0.1)


def test_every_model_forgets_several_parts_of_its_own() -> None:
    own = drawn(range(24))
    assert own.problem() is None
    assert np.array_equal(own.member, np.repeat(PARTS, 4, axis=0))
    assert own.forgotten.sum(axis=1).tolist() == [10] * 24


def test_the_draws_of_a_request_do_not_depend_on_its_shard() -> None:
    whole, some = drawn(range(24)), drawn(range(6, 11))
    assert np.array_equal(whole.forgotten[6:11], some.forgotten)


def test_the_draws_of_two_models_are_independent() -> None:
    # published draws reuse the seeds 0, 1, ... for every model, so that all forget the same positions of their parts
    own = drawn(range(24))
    rows = zip(own.member, own.forgotten, strict=True)
    positions = {tuple(np.flatnonzero(forgotten[member])) for member, forgotten in rows}
    assert len(positions) == 24


def test_a_model_with_too_few_samples_is_refused() -> None:
    parts = np.zeros((1, 20), dtype=bool)
    parts[0, :5] = True
    with pytest.raises(DataError, match=r"model 3 is trained on 5 samples, of which a fraction of 0\.1 is less than"):
        drawn_requests(0, "pool/a", range(6, 8), parts, draws=2, fraction=0.1)


def test_models_are_read_from_the_shards_that_hold_them(tmp_path: Path) -> None:
    for first in (2, 4):
        part = PARTS[first : first + 2]
        write_membership(tmp_path / f"000{first}-000{first + 1}.safetensors", Membership(part, np.zeros_like(part)), {})
    paths = [tmp_path / "0002-0003.safetensors", tmp_path / "0004-0005.safetensors"]
    assert np.array_equal(read_memberships(paths, range(3, 5), 200).member, PARTS[3:5])
