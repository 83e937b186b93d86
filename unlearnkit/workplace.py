"""What is asked before a run starts: can it write where it has to, and were files changed since they were made?

Jobs ask the same. But Snakemake itself ends in a traceback where it cannot write, and it deletes the outputs of a job
before the job can refuse a damaged input.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path

from unlearnkit.errors import ArtifactError, cannot_write, repair
from unlearnkit.layout import provenance
from unlearnkit.places import record_of

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
    for parent, _, names in os.walk(folder):
        for name in names:
            artifact = f"{parent}/{name}"
            record = record_of(artifact)
            if record and _is_newer(artifact, record) and (recorded := _recorded_sha256(artifact, record)):
                with Path(artifact).open("rb") as stream:
                    found = hashlib.file_digest(stream, "sha256").hexdigest()
                if found != recorded:
                    raise ArtifactError(
                        f"{artifact} was damaged or replaced after its job wrote it",
                        expected=f"SHA-256 {recorded}, as {record} says, not {found}",
                        remedy=repair(artifact),
                    )


def _is_newer(artifact: str, record: str) -> bool:
    try:
        return Path(artifact).stat().st_mtime_ns > Path(record).stat().st_mtime_ns
    except FileNotFoundError:
        return False


def _recorded_sha256(artifact: str, record: str) -> str | None:
    """Return what the record says, or None if it cannot be read: the job that needs it will refuse it."""
    try:
        content = json.loads(Path(record).read_text("utf-8"))
        return content["sha256"] if record == provenance(artifact) else content["also"][artifact]
    except (OSError, ValueError, KeyError, TypeError):
        return None
