"""manifest.json of what `unlearnkit publish` uploaded: which files belong to a publication, and their hashes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unlearnkit import layout
from unlearnkit.errors import ArtifactError

NAME = "manifest.json"
FORMAT = 1
"""Version of the manifest; it changes when a key changes its meaning or goes."""


def read_manifest(path: Path, where: str) -> dict[str, Any]:
    """Return a manifest that `unlearnkit publish` wrote; `where` is the publication, as errors name it.

    Raises ArtifactError if it is something else, or names a file that lies outside of the publication.
    """
    content: Any = None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        content = None
    if not _is_ours(content):
        raise ArtifactError(
            f"{where} is no publication of unlearnkit: its {NAME} is not one of format {FORMAT}",
            expected="what `unlearnkit publish` writes",
            remedy="check the name; or use the version of unlearnkit that published it",
        )
    for name in (file["path"] for file in content["files"]):
        if name.startswith("/") or ".." in name.split("/") or "\\" in name or "\0" in name:
            raise ArtifactError(
                f"{NAME} of {where} names {name}, which lies outside of it",
                expected="paths below its own folder",
                remedy="do not use it: whoever made it may have meant harm",
            )
    return content


def _is_ours(content: Any) -> bool:
    if not isinstance(content, Mapping) or (content.get("format"), content.get("layout")) != (FORMAT, "unlearnkit"):
        return False
    experiment, files = content.get("experiment"), content.get("files")
    named = isinstance(experiment, str) and re.fullmatch(layout.NAME, experiment) is not None
    return named and isinstance(files, list) and all(map(_is_file, files))


def _is_file(stated: Any) -> bool:
    kinds = {"path": str, "bytes": int, "sha256": str}
    return isinstance(stated, Mapping) and all(isinstance(stated.get(key), kind) for key, kind in kinds.items())
