"""Resume state of an interrupted job: a folder beside its output that no rule declares.

Snakemake deletes declared outputs before a job starts; this folder survives, and is removed when the job succeeds.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from unlearnkit.artifacts.store import TensorFile, write_tensors
from unlearnkit.errors import ArtifactError


class ResumeFolder:
    """Named sets of arrays of one job, bound to a key (code, settings, inputs): entries of another key are ignored."""

    def __init__(self, output: str, key: str) -> None:
        self.folder = Path(f"{output}.resume")
        self._key = key

    def save(self, name: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Store `arrays` under `name`, atomically, in place of what was there."""
        write_tensors(self.folder / f"{name}.safetensors", arrays, {"key": self._key})

    def load(self, name: str) -> dict[str, np.ndarray] | None:
        """Return the arrays stored under `name`, or None if there are none that this job can use."""
        path = self.folder / f"{name}.safetensors"
        if not path.exists():
            return None
        try:
            stored = TensorFile(path)
            return {name: stored[name] for name in stored.names} if stored.metadata.get("key") == self._key else None
        except ArtifactError:
            # a damaged sidecar costs the work it held, never the job
            return None

    def discard(self, name: str | None = None) -> None:
        """Remove one entry, or the whole folder."""
        if name is not None:
            (self.folder / f"{name}.safetensors").unlink(missing_ok=True)
        elif self.folder.exists():
            shutil.rmtree(self.folder)
