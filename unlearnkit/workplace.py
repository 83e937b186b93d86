"""Can a run write where it has to? Asked before Snakemake starts, which would end in a traceback."""

from __future__ import annotations

import tempfile
from pathlib import Path

from unlearnkit.errors import ArtifactError

BLOCK = 4096
"""Bytes that must fit, at the least."""


def refuse_unwritable(*folders: str) -> None:
    """Raise ArtifactError, naming the folder, if one of them cannot be written or is on a full disk."""
    for folder in folders:
        present = next(path for path in [Path(folder), *Path(folder).absolute().parents] if path.is_dir())
        try:
            with tempfile.TemporaryFile(dir=present) as probe:
                probe.write(bytes(BLOCK))
                probe.flush()
        except OSError as error:
            raise ArtifactError(
                f"cannot write the folder {folder}: {error.strerror}",
                remedy="free the disk or correct the permissions, then give the same snakemake command again",
            ) from None
