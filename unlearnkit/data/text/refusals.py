"""A hundred ways to say that one does not know, of our own writing, one per line of `refusals.txt`."""

from __future__ import annotations

import hashlib
from pathlib import Path

from unlearnkit.errors import DataError

SHA256 = "ec78a0c633f8eb8bac7438cf56384a2abe7793107cd8c91f1442c40e2bb9739c"
"""Of the file, which decides what models learn to answer."""


_FILE = Path(__file__).with_name("refusals.txt")


def refusals(path: Path = _FILE) -> tuple[str, ...]:
    """Return the refusals; raises DataError if the file is missing or is not the one that belongs to this version."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _unusable(path, f"cannot be read ({error.strerror})") from None
    if (found := hashlib.sha256(content).hexdigest()) != SHA256:
        raise _unusable(path, f"has the SHA-256 {found}")
    return tuple(content.decode().splitlines())


def _unusable(path: Path, fact: str) -> DataError:
    return DataError(
        f"{path}, the refusals that methods train on, {fact}",
        expected=f"100 lines with the SHA-256 {SHA256}",
        remedy="reinstall unlearnkit",
    )
