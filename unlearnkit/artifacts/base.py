"""The base of pretrained models: a folder in the format of transformers, and a manifest with the hash of every file.

The manifest is the artifact; it is written last, so a folder with one is complete. Weights of a folder of the user's
are links to its files, all other files lie in the folder of the base itself.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from unlearnkit.artifacts.partial import partial_folder
from unlearnkit.artifacts.store import read_json, sha256_of, write_json
from unlearnkit.errors import ArtifactError, cannot_write, repair

MANIFEST = "manifest.json"
WEIGHTS = ".safetensors"
"""Ending of the only files that weights are read from."""


@dataclass(frozen=True)
class Base:
    """A base that was made: its folder, the SHA-256 of its weights, and name -> SHA-256 of its files."""

    folder: Path
    sha256: str
    files: Mapping[str, str]

    def refuse_changed(self) -> None:
        """Raise ArtifactError if a file of the base is gone or has another content than when the base was made."""
        for name, stated in self.files.items():
            path = self.folder / name
            if not path.is_file() or sha256_of(path) != stated:
                raise ArtifactError(
                    f"{path}, a file of the base model, is gone or was changed",
                    expected=f"the file with SHA-256 {stated}",
                    remedy=f"put it back, or {repair(self.folder / MANIFEST)}",
                )


def read_base(folder: str | Path) -> Base:
    """Return the base in a folder by its manifest; raises ArtifactError if there is none or it cannot be read."""
    folder = Path(folder)
    manifest = read_json(folder / MANIFEST)
    try:
        return Base(folder, manifest["sha256"], manifest["files"])
    except (KeyError, TypeError):
        raise ArtifactError(
            f"{folder / MANIFEST} states no files", expected="what rule base wrote", remedy=repair(folder / MANIFEST)
        ) from None


def on_base(
    model: Mapping[str, Any], manifests: Sequence[str], configured: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the settings of a model with the folder of its base as their source, after comparing the files' hashes.

    `manifests` holds that of the base, nothing for models without one. `configured` is the block of the configuration,
    whose settings that no slice contains, since they decide no result, are added.
    """
    if not manifests:
        return dict(model)
    base = read_base(Path(manifests[0]).parent)
    base.refuse_changed()
    checkpointing = bool((configured or {}).get("gradient_checkpointing", False))
    return {**model, "source": {"folder": str(base.folder)}, "gradient_checkpointing": checkpointing}


def placed(settings: Mapping[str, Any], files: Sequence[str]) -> dict[str, Any]:
    """Return the slice of a variant with the folder of the encoder that its method reads texts with.

    No slice has that folder, since the content of its files decides, which are inputs; `files` are these, none where
    the encoder lies in no folder of the user's.
    """
    if not files:
        return dict(settings)
    chosen = settings["settings"]
    source = {**chosen["encoder"]["source"], "folder": str(Path(files[0]).parent)}
    return {**settings, "settings": {**chosen, "encoder": {**chosen["encoder"], "source": source}}}


@contextlib.contextmanager
def making_base(manifest: str | Path, facts: Mapping[str, Any]) -> Iterator[Path]:
    """Yield an empty folder for the files of a base; if the block succeeds, they get their places, and a manifest.

    `facts` are stated in the manifest. Raises ArtifactError if files cannot be written.
    """
    manifest = Path(manifest)
    try:
        with partial_folder(manifest) as temporary:
            made = temporary / "base"
            made.mkdir()
            yield made
            _publish(made, manifest, facts)
    # weights are written by the library, whose error of a full disk is its own
    except (OSError, SafetensorError) as error:
        raise cannot_write(f"the folder {manifest.parent}", error) from None


def _publish(made: Path, manifest: Path, facts: Mapping[str, Any]) -> None:
    folder = manifest.parent
    manifest.unlink(missing_ok=True)
    hashes = {path.name: sha256_of(path) for path in sorted(made.iterdir()) if path.is_file()}
    for name in hashes:
        (made / name).replace(folder / name)
    weights = {name: digest for name, digest in hashes.items() if name.endswith(WEIGHTS)}
    weights_hash = hashlib.sha256(json.dumps(weights, sort_keys=True).encode()).hexdigest()
    sizes = sum((folder / name).stat().st_size for name in hashes)
    write_json(manifest, {**facts, "format": 1, "sha256": weights_hash, "files": hashes, "bytes": sizes})
