"""How much of a stream of token shards the requested sequences need: the rest is neither read nor recorded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from unlearnkit.data.text.cutting import Unit, end_of_text_positions, sequences_of
from unlearnkit.data.text.token_shards import open_shard


def tokens_needed(paths: Sequence[Path], sequences: int, length: int, unit: Unit, end_of_text: int) -> int:
    """Return how many tokens at the beginning of the shards hold the first `sequences` sequences, in whole documents.

    Cut alone, these tokens give the same sequences as within all shards. Unless `unit` is document, they are
    `sequences` x `length`, even if there are fewer. Documents are counted shard by shard, each once the next has begun,
    since it may continue in the next shard; if there are too few, all tokens are needed. Memory: the positions of end
    of text in one shard. Raises DataError if a shard that is read is damaged.
    """
    if unit != "document":
        return sequences * length
    found = position = begun = 0
    for path in paths:
        shard = open_shard(path)
        begins = np.concatenate([[begun], position + end_of_text_positions(shard, end_of_text)])
        counts = np.cumsum(sequences_of(np.diff(begins), length))
        if len(counts) and found + counts[-1] >= sequences:
            return int(begins[1 + np.searchsorted(found + counts, sequences)])
        found += int(counts[-1]) if len(counts) else 0
        begun, position = int(begins[-1]), position + len(shard)
    return position
