"""Is a forget set here the one that published oracles were trained without? Its published indices are compared."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unlearnkit.published.integrity import require_indices
from unlearnkit.published.pieces import read_values
from unlearnkit.published.pool import OURS, Pool


def published_order(pool: Pool, train_size: int, forget: NDArray[np.int64], name: str) -> NDArray[np.int64]:
    """Return the published indices of a forget set, in their order; raises DataError if they are not `forget`."""
    if pool.stated["layout"] == OURS:
        found = [path for path in pool.paths if f"/{path}".endswith(f"/forget_sets/{pool.number}.npy")]
        path = pool.matching(found[0] if len(found) == 1 else f"*forget_sets/{pool.number}.npy")
    else:
        path = pool.layout.forget_set(pool.names, pool.number)
    indices = read_values(pool, path, pool.fetch(path, "forget set"))
    require_indices(indices, pool.named(path), train_size, forget, name)
    return indices.astype(np.int64)
