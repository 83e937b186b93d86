"""Names that become folder and file names, and paths of the user's own files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from typing import Annotated

from pydantic import AfterValidator, Field

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$"
"""Shell-safe and without "..", so that no name leaves the results folder or needs quotes."""

LONGEST_NAME = 200
"""Characters; file systems allow 255 and the files of a shard add an ending."""

VALUE_PATTERN = r"[A-Za-z0-9_-]+|-?[0-9][0-9.e-]*"
"""What a grid's value may look like inside a variant's name: a word without dots, or a number."""

Slug = Annotated[
    str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=LONGEST_NAME, examples=["digits", "cifar10_run-2"])
]
"""Name of an experiment: small letters, digits, "_" and "-"."""

Name = Annotated[str, Field(pattern=NAME_PATTERN, max_length=LONGEST_NAME, examples=["random_100", "scrub.gentle"])]
"""Name of a forget set or a variant: letters, digits, "_", "-" and single dots inside."""

# not Path.expanduser, which rewrites what need not be a path: a name on huggingface.co
UserPath = Annotated[str, AfterValidator(lambda path: os.path.expanduser(os.path.expandvars(path)))]  # noqa: PTH111
"""A file or folder of the user's; `~` and variables of the environment such as `$HOME` are replaced by their values."""

_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE | re.ASCII)

_PERIODIC = re.compile(r"(.+)\1{19}$")
"""Snakemake takes a name that ends so for a rule that calls itself without end."""


def unportable(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield (name, why) for names that are fine here but would be another file, or none, on another file system.

    Names that Snakemake does not take are among them.
    """
    seen: dict[str, str] = {}
    for name in names:
        if _DEVICES.fullmatch(name):
            yield name, "which Windows reserves for a device"
        if found := _PERIODIC.search(name):
            yield name, f"which ends in 20 times '{found[1]}', and Snakemake takes that for an endless recursion"
        if (other := seen.setdefault(name.lower(), name)) != name:
            yield name, f"which is the same file as '{other}' where small and capital letters are not distinguished"
