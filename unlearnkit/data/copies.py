"""Exact copies of forgotten samples outside the forget set, from which their content is learned all the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

MOST_COPIES = 0.01
"""Largest share of a user's own data that may be copies of what trains: text and pictures from the web have some."""


def copies_outside(
    found: npt.NDArray[np.uint64], split_sizes: Mapping[str, int], forget_indices: npt.NDArray[np.integer]
) -> dict[str, int]:
    """Return how many forgotten samples have an exact copy in "retain", "validation" and, where there is one, "test".

    `found` are the `digests` of the pixels or tokens of every sample, split after split; `split_sizes` are the numbers
    of samples per split, "train" first. Labels are not compared.
    """
    train, *others = np.split(found, np.cumsum([*split_sizes.values()])[:-1])
    splits = {"retain": np.delete(train, forget_indices)} | dict(zip([*split_sizes][1:], others, strict=True))
    return {name: int(np.isin(train[forget_indices], split).sum()) for name, split in splits.items()}


def copies_warning(name: str, size: int, copies: Mapping[str, int]) -> str:
    """Return what the counts of `copies_outside` mean for a forget set of `size` samples, "" if all are 0."""
    counts = ", ".join(f"{count:,} in {split}" for split, count in copies.items() if count)
    return counts and (
        f"some of the {size:,} samples of forget set '{name}' have an exact copy outside it ({counts}): models, "
        "including oracles, know their content from the copies as well"
    )


def questions_warning(name: str, size: int, copies: Mapping[str, int]) -> str:
    """Return what the counts of `copies_outside` mean for the prompts of a forget set of pairs, "" if all are 0."""
    counts = ", ".join(f"{count:,} in {split}" for split, count in copies.items() if count)
    return counts and (
        f"some of the {size:,} questions of forget set '{name}' are asked outside it, too ({counts}): what models "
        "learn to answer there is what they answer here"
    )


def digests(samples: Iterable[np.ndarray]) -> npt.NDArray[np.uint64]:
    """Return 64 bits of the BLAKE2 hash of every sample, uint64 [samples].

    Equal samples have equal digests. Among a million different samples two equal digests have a probability below 1e-7.
    """
    hashes = (hashlib.blake2b(np.ascontiguousarray(sample).data, digest_size=8).digest() for sample in samples)
    return np.frombuffer(b"".join(hashes), "<u8").astype(np.uint64)
