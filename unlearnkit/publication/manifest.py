"""manifest.json: path, bytes, SHA-256 and origin of every file of a publication; it is also its listing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unlearnkit import __version__
from unlearnkit.artifacts.store import sha256_of
from unlearnkit.errors import ArtifactError
from unlearnkit.hub.manifests import FORMAT, NAME, read_manifest
from unlearnkit.publication.items import Facts, Item

__all__ = ["NAME", "manifest", "read_manifest", "refuse_other_content"]


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


def refuse_other_content(path: Path, stated: Mapping[str, Any], where: str) -> None:
    """Raise ArtifactError unless a file has the bytes and the hash that the manifest states."""
    found = (path.stat().st_size, sha256_of(path))
    if found != (stated["bytes"], stated["sha256"]):
        raise ArtifactError(
            f"{stated['path']} of {where} is not what its {NAME} states: {found[0]} bytes, SHA-256 {found[1]}",
            expected=f"{stated['bytes']} bytes, SHA-256 {stated['sha256']}",
            remedy="fetch it again; if it stays so, the publication was changed by hand",
        )
