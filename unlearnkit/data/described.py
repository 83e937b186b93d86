"""A data set as a file, whatever its samples are: arrays in one safetensors file, facts and a hash in its header."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

from unlearnkit.artifacts.store import TensorFile, write_tensors
from unlearnkit.errors import ArtifactError, repair


def write_described(
    path: str | os.PathLike[str], kind: str, arrays: dict[str, np.ndarray], facts: dict[str, Any], content_hash: str
) -> None:
    """Write the arrays of a data set of some kind, with facts and content hash in the header."""
    write_tensors(path, arrays, {kind: json.dumps({**facts, "content_hash": content_hash})})


def read_described(path: str | os.PathLike[str], kind: str) -> tuple[TensorFile, dict[str, Any]]:
    """Open what `write_described` wrote; raises ArtifactError if it is anything else."""
    stored = TensorFile(path)
    if kind not in stored.metadata:
        raise ArtifactError(
            f"{path} is not a data set of the kind {kind}",
            expected="a file written by rule dataset",
            remedy=repair(path),
        )
    return stored, json.loads(stored.metadata[kind])


def require_hash(path: str | os.PathLike[str], found: str, facts: dict[str, Any]) -> None:
    """Raise ArtifactError if the hash of the content that was read is not the one in the header."""
    if found != facts["content_hash"]:
        raise ArtifactError(f"{path} is damaged: its arrays do not have the hash in its header", remedy=repair(path))
