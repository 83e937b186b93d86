"""Paths that Snakemake can take."""

from __future__ import annotations

import re

from unlearnkit.errors import DataError

_NOT_TAKEN = re.compile(r"[{\x00-\x1f\ud800-\udfff]")
"""What Snakemake takes for a wildcard or cannot write down."""


def takable(path: str) -> str:
    """Return a path that Snakemake can take; raises DataError for one that it cannot."""
    if _NOT_TAKEN.search(path):
        raise DataError(
            f"the path {path!r} contains a brace, a control character or bytes that are not UTF-8",
            expected="a path that Snakemake can handle",
            remedy="rename the file or its folder",
        )
    return path
