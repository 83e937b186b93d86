"""manifest.json: path, bytes, SHA-256 and origin of every file of a publication; it is also its listing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unlearnkit import __version__
from unlearnkit.artifacts.store import sha256_of
from unlearnkit.errors import ArtifactError
from unlearnkit.publication.items import Facts, Item

NAME = "manifest.json"
FORMAT = 1
"""Version of the manifest; it changes when a key changes its meaning or goes."""


def manifest(facts: Facts, items: Mapping[str, Item]) -> bytes:
    """Return the manifest of all other files."""
    files = [
        {"path": path, "bytes": item.bytes, "sha256": item.sha256, "made_from": list(item.made_from)}
        for path, item in sorted(items.items())
    ]
    content = {
        "format": FORMAT,
        "layout": "unlearnkit",
        "experiment": facts.experiment,
        "published_with": f"unlearnkit {__version__}",
        "made_with": f"unlearnkit {facts.versions('unlearnkit')}",
        "files": files,
    }
    return (json.dumps(content, indent=1) + "\n").encode()


def read_manifest(path: Path, where: str) -> dict[str, Any]:
    """Return a manifest that `unlearnkit publish` wrote; `where` is the publication, as errors name it.

    Raises ArtifactError if it is something else, or names a file that lies outside of the publication.
    """
    content: Any = None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        known = content["format"] == FORMAT and content["layout"] == "unlearnkit"
        paths = [(file["path"], int(file["bytes"]), str(file["sha256"])) for file in content["files"]]
    except (OSError, ValueError, KeyError, TypeError):
        known, paths = False, []
    if not known:
        raise ArtifactError(
            f"{where} is no publication of unlearnkit: its {NAME} is not one of format {FORMAT}",
            expected="what `unlearnkit publish` writes",
            remedy="check the name; or use the version of unlearnkit that published it",
        )
    for name, _, _ in paths:
        if name.startswith("/") or ".." in name.split("/") or "\\" in name:
            raise ArtifactError(
                f"{NAME} of {where} names {name}, which lies outside of it",
                expected="paths below its own folder",
                remedy="do not use it: whoever made it may have meant harm",
            )
    return content


def refuse_other_content(path: Path, stated: Mapping[str, Any], where: str) -> None:
    """Raise ArtifactError unless a file has the bytes and the hash that the manifest states."""
    found = (path.stat().st_size, sha256_of(path))
    if found != (stated["bytes"], stated["sha256"]):
        raise ArtifactError(
            f"{stated['path']} of {where} is not what its {NAME} states: {found[0]} bytes, SHA-256 {found[1]}",
            expected=f"{stated['bytes']} bytes, SHA-256 {stated['sha256']}",
            remedy="fetch it again; if it stays so, the publication was changed by hand",
        )
