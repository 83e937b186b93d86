"""Resume state of an interrupted job: a folder beside its output that no rule declares.

Snakemake deletes declared outputs before a job starts; this folder survives, and is removed when the job succeeds.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from unlearnkit.artifacts.partial import remove_abandoned
from unlearnkit.artifacts.store import TensorFile, sha256_of_arrays, write_tensors
from unlearnkit.errors import ArtifactError

SUFFIX = ".resume"
"""What is appended to the path of an output to name its folder."""


class ResumeFolder:
    """Named sets of arrays of one job, bound to a key (code, settings, inputs): entries of another key are ignored."""

    def __init__(self, output: str, key: str) -> None:
        self.folder = Path(f"{output}{SUFFIX}")
        self.output, self.key = output, key

    def save(self, name: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Store `arrays` under `name`, atomically, in place of what was there."""
        write_tensors(self._path(name), arrays, {"key": self.key, "sha256": sha256_of_arrays(arrays)})

    def load(self, name: str) -> dict[str, np.ndarray] | None:
        """Return the arrays stored under `name`, or None if there are none that this job can use."""
        path = self._path(name)
        if not path.exists():
            return None
        try:
            stored = TensorFile(path)
            if stored.metadata.get("key") != self.key:
                return None
            arrays = {name: stored[name] for name in stored.names}
        except ArtifactError:
            # a damaged sidecar costs the work it held, never the job
            return None
        return arrays if stored.metadata.get("sha256") == sha256_of_arrays(arrays) else None

    def discard(self, name: str | None = None) -> None:
        """Remove one entry, or the whole folder."""
        if name is not None:
            self._path(name).unlink(missing_ok=True)
            return
        remove_abandoned(self.folder)
        # an orphan of a killed run may be saving, or discarding, at this moment: it will discard what it saves
        with contextlib.suppress(OSError):
            for entry in self.folder.glob("*.safetensors"):
                entry.unlink(missing_ok=True)
            self.folder.rmdir()

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.safetensors"
