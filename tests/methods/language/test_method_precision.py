"""Methods for language models compute in the precision that their settings state, and store float32."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from bench import Bench, same


@pytest.mark.parametrize("method", ["npo_kl", "rmu", "idk_ap"])
def test_bfloat16_rounds_products_and_nothing_else(method: str, bench_of: Callable[..., Bench]) -> None:
    bench = bench_of("gpt2", method=method)
    settings = {"steps": 3, "lr": 1e-3, "schedule": "constant", "weight_decay": 0.0}
    exact, rounded = (bench.last(method, **settings, precision=own) for own in ("float32", "bfloat16"))
    start = bench.task.architecture.build(0).state_dict()
    assert not same(exact, rounded)
    moved = {name: array - start[name].numpy() for name, array in exact.items() if array.dtype == np.float32}
    also = {name: array - start[name].numpy() for name, array in rounded.items() if array.dtype == np.float32}
    assert moved.keys() == also.keys() and all(exact[name].dtype == rounded[name].dtype for name in exact)
    one, other = (np.concatenate([own[name].ravel() for name in moved]) for own in (moved, also))
    # every weight that learns learns alike: three steps of Adam, whose signs rounding seldom turns
    assert np.corrcoef(one, other)[0, 1] > 0.9
    assert np.count_nonzero(other) >= 0.99 * np.count_nonzero(one)
