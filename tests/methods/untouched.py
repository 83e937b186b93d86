"""What a method must leave as it is: the sets it is given, and the global generators."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch


@contextmanager
def samples_untouched(*sets: Any) -> Iterator[None]:
    """Assert that sets hold the same samples in the same order afterwards, and view them in the same way."""
    attributes, orders = [dict(vars(samples)) for samples in sets], [samples.indices.clone() for samples in sets]
    yield
    for samples, before, order in zip(sets, attributes, orders, strict=True):
        assert vars(samples).keys() == before.keys()
        assert [name for name, value in vars(samples).items() if value is not before[name]] == []
        assert torch.equal(samples.indices, order)


@contextmanager
def global_generators(seed: int) -> Iterator[None]:
    """Seed the global generators of torch, NumPy and Python, which must be as they were in the end."""
    torch.manual_seed(seed)
    np.random.seed(seed)
    random.seed(seed)
    before = _states()
    yield
    for name, state in _states().items():
        assert state == before[name], f"the method draws from {name}, or seeds it"


def _states() -> dict[str, Any]:
    return {
        "torch": torch.get_rng_state().tolist(),
        "numpy.random": [part.tolist() if isinstance(part, np.ndarray) else part for part in np.random.get_state()],
        "random": random.getstate(),
    }
