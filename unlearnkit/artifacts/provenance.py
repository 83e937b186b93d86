"""Provenance: what an artifact was made from, by which code and settings, where, and at what cost."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unlearnkit.artifacts.store import REMEDY, read_json, sha256_of, write_json
from unlearnkit.errors import ArtifactError
from unlearnkit.layout import provenance
from unlearnkit.seeds import SCHEME

PACKAGES = (
    "unlearnkit",
    "torch",
    "torchvision",
    "numpy",
    "scipy",
    "scikit-learn",
    "pyarrow",
    "safetensors",
    "snakemake",
)


def write_provenance(
    artifact: str,
    *,
    rule: str,
    settings: Mapping[str, Any],
    code: str,
    inputs: Mapping[str, str],
    started: datetime.datetime,
    wall_seconds: float,
    facts: Mapping[str, Any],
) -> None:
    """Write the provenance record of a finished artifact beside it.

    `settings` is the configuration slice that the rule consumes, `code` the fingerprint of what it runs, `inputs` path
    -> SHA-256; `facts` holds what the job itself has to say: device, sample passes.
    """
    record = {
        "artifact": artifact,
        "sha256": sha256_of(artifact),
        "rule": rule,
        "settings": settings,
        "code": code,
        "seed_scheme": SCHEME,
        "inputs": dict(inputs),
        "packages": package_versions(),
        "python": platform.python_version(),
        "machine": {"system": platform.system(), "processor": platform.machine(), "cores": os.cpu_count()},
        "started": started.isoformat(timespec="seconds"),
        "wall_seconds": round(wall_seconds, 3),
        **facts,
    }
    write_json(provenance(artifact), record)


def read_provenance(artifact: str) -> dict[str, Any]:
    """Read the provenance record beside `artifact`; raises ArtifactError if there is none."""
    return read_json(provenance(artifact))


def verified_sha256(path: str) -> str:
    """Return the SHA-256 of a file; raises ArtifactError if a provenance record lies beside it and says another."""
    if not Path(path).exists():
        raise ArtifactError(f"{path} does not exist", remedy="run the same snakemake command again")
    found = sha256_of(path)
    if Path(provenance(path)).exists() and (recorded := read_provenance(path).get("sha256")) != found:
        raise ArtifactError(
            f"{path} is damaged or was replaced: its content is not what its job wrote",
            expected=f"SHA-256 {recorded}, as {provenance(path)} says, not {found}",
            remedy=REMEDY,
        )
    return found


def package_versions() -> dict[str, str]:
    """Return the installed versions of the packages that results can depend on."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return versions
