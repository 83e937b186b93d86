"""Provenance: what an artifact was made from, by which code and settings, where, and at what cost."""

from __future__ import annotations

import datetime
import functools
import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unlearnkit.artifacts.machine import machine
from unlearnkit.artifacts.store import read_json, sha256_of, write_json
from unlearnkit.artifacts.timing import peak_memory_mb
from unlearnkit.errors import ArtifactError, repair
from unlearnkit.layout import provenance
from unlearnkit.places import record_of, recorded_artifact
from unlearnkit.seeds import SCHEME
from unlearnkit.sources import is_file
from unlearnkit.user_plug_ins import loaded_from_outside

SEAL = "record_sha256"

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
    "transformers",
    "tokenizers",
    "datasets",
    "huggingface_hub",
    "optuna",
    "peft",
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
        "packages": dict(package_versions()),
        "python": platform.python_version(),
        "machine": machine(),
        "started": started.isoformat(timespec="seconds"),
        "wall_seconds": round(wall_seconds, 3),
        "peak_memory_mb": peak_memory_mb(),
        **facts,
    }
    write_json(provenance(artifact), sealed(record))


def sealed(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record with the SHA-256 of its own content, which shows whether a value in it was changed."""
    content = {name: value for name, value in json.loads(json.dumps(record)).items() if name != SEAL}
    return {**content, SEAL: hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()}


def read_record(path: str) -> dict[str, Any]:
    """Read a provenance record by its own path; raises ArtifactError if there is none or it is damaged."""
    record = read_json(path)
    if not isinstance(record, dict) or record.get(SEAL) not in (None, sealed(record)[SEAL]):
        raise ArtifactError(
            f"{path} is damaged or was edited: it is not what its job wrote",
            expected="a provenance record with the checksum that it carries",
            remedy=repair(path),
        )
    return record


def verified_sha256(path: str) -> str:
    """Return the SHA-256 of a file; raises ArtifactError unless it can be read and is what its provenance record says.

    Files that the workflow did not make (raw text, index files of forget sets) have no record; files that one job wrote
    may share one. A record is checked against its own checksum.
    """
    if not Path(path).exists():
        raise ArtifactError(f"{path} does not exist", remedy="run the same snakemake command again")
    try:
        found = sha256_of(path)
    except OSError as error:
        raise ArtifactError(f"{path} cannot be read ({error.strerror})", expected="a file that may be read") from None
    if recorded_artifact(path):
        read_record(path)
        return found
    record = record_of(path)
    if record is None:
        return found
    if Path(record).exists():
        recorded = _recorded_sha256(path, record)
        if recorded != found:
            raise ArtifactError(
                f"{path} is damaged or was replaced: its content is not what its job wrote",
                expected=f"SHA-256 {recorded}, as {record} says, not {found}",
                remedy=repair(path),
            )
    else:
        raise ArtifactError(
            f"{path} has no provenance record, so nothing says that it is complete",
            expected=f"{record} beside it, as its job writes it",
            remedy=repair(path),
        )
    return found


def _recorded_sha256(path: str, record: str) -> str | None:
    content = read_record(record)
    return content.get("sha256") if record == provenance(path) else content.get("also", {}).get(path)


def plug_ins_used() -> dict[str, dict[str, str]]:
    """Return where the plug-ins from outside lie that this process has imported: file, or module, package and version.

    They are named by kind and name, such as "method shrink".
    """
    found: dict[str, dict[str, str]] = {}
    for kind, name, module in loaded_from_outside():
        owners = [] if is_file(module) else _packages_of_modules().get(module.partition(".")[0], [])
        versions = {"package": owners[0], "version": importlib.metadata.version(owners[0])} if owners else {}
        found[f"{kind} {name}"] = {"file" if is_file(module) else "module": module, **versions}
    return found


@functools.cache
def _packages_of_modules() -> Mapping[str, list[str]]:
    return importlib.metadata.packages_distributions()


@functools.cache
def package_versions() -> Mapping[str, str]:
    """Return the installed versions of the packages that results can depend on, without importing any of them.

    They are read once per process: each costs a millisecond or two, and a job writes several records.
    """
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return versions
