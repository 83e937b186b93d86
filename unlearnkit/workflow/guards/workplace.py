"""Checks before a run starts: can it write where it has to, and were files changed since they were made?

Jobs ask the same. But Snakemake itself ends in a traceback where it cannot write, and it deletes the outputs of a job
before the job can refuse a damaged input.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from unlearnkit.errors import ArtifactError, cannot_write, repair
from unlearnkit.places import files_below, record_of
from unlearnkit.workflow.guards.changes import recorded_beside

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
            raise cannot_write(f"the folder {folder}", error) from None


def refuse_changed(folder: str) -> None:
    """Raise ArtifactError, naming the file, if an artifact in `folder` was changed after its record was written.

    Only files that are newer than their records are read, so an undisturbed folder costs no more than its listing.
    """
    for path in files_below(folder):
        if (record := record_of(path)) is None or not _is_newer(path, record):
            continue
        owner = record.removesuffix(".json")
        content = recorded_beside(owner)
        also = content.get("also")
        recorded = content.get("sha256") if path == owner else also.get(path) if isinstance(also, dict) else None
        if recorded and (found := content_sha256(path)) not in (None, recorded):
            raise ArtifactError(
                f"{path} was damaged or replaced after its job wrote it",
                expected=f"SHA-256 {recorded}, as {record} says, not {found}",
                remedy=repair(path),
            )


def _is_newer(path: str, record: str) -> bool:
    try:
        return Path(path).stat().st_mtime_ns > Path(record).stat().st_mtime_ns
    except FileNotFoundError:
        return False


def content_sha256(path: str) -> str | None:
    """Return the SHA-256 of a file, None if it cannot be read: the job that needs it will say so."""
    try:
        with Path(path).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return None
