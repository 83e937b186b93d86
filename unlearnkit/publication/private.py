"""What must not be published: tokens and keys, and paths of this machine, wherever they stand in a file."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from urllib.parse import quote

from unlearnkit.errors import ArtifactError

SECRETS = {
    "a token of the Hugging Face hub": re.compile(rb"\bhf_[A-Za-z0-9]{30,}"),
    "a token of GitHub": re.compile(rb"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{40,})"),
    "a key of OpenAI or Anthropic": re.compile(rb"\bsk-[A-Za-z0-9_-]{32,}"),
    "a key of Amazon": re.compile(rb"\bAKIA[0-9A-Z]{16}\b"),
    "a private key": re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
}
WHOLE = (".json", ".yaml", ".html", ".csv", ".md", ".svg", ".txt", ".py")
"""Endings of files that are searched whole; of the others the beginning and the end, where they state what they are."""
_ENDS = 100_000


def refuse_private(files: Mapping[str, Path | bytes], root: Path) -> None:
    """Raise ArtifactError, naming the file, if a file holds a secret or a path of this machine.

    Paths are the working folder `root`, the user's home, and what lies below them, no others: also in the address of a
    file, behind the letter of an option (-I/home/me), and as JSON and addresses escape letters that are not ASCII.
    Compressed columns and tensors are not searched.
    """
    places = _below({root.absolute(), root.resolve(), Path.home(), Path.home().resolve()})
    for name, file in files.items():
        content = _searched(name, file)
        for what, pattern in SECRETS.items():
            if found := pattern.search(content):
                raise ArtifactError(
                    f"{name} holds {what}, which begins with {found[0][:6].decode(errors='replace')}",
                    expected="files that anyone may read",
                    remedy="take it out of the configuration or the data and run snakemake again; if it was ever "
                    "published, revoke it",
                )
        if found := places.search(content):
            raise ArtifactError(
                f"{name} holds a path of this machine, {found['path'].decode(errors='replace')}",
                expected="files that state nothing of this machine",
                remedy="name the file relative to the working folder and run snakemake again",
            )


def _below(folders: Collection[Path]) -> re.Pattern[bytes]:
    """Return what finds the paths of folders and of all below them."""
    texts = {str(path) for path in folders if len(path.parts) > 1}
    written = {form for text in texts for form in (text, json.dumps(text)[1:-1], quote(text))}
    paths = b"|".join(re.escape(text.encode()) for text in sorted(written)) or b"(?!)"
    # not within a longer path: results/tiny/data/ is not below the folder /data, and /database neither
    before = rb"(?:^|[^\w./\x80-\xff-]|//|(?<![\w./-])-[A-Za-z])"
    return re.compile(before + rb"(?P<path>(?:" + paths + rb")(?![\w\x80-\xff-]|\.\w|\\u)[^\s\"'<>,]*)")


def _searched(name: str, file: Path | bytes) -> bytes:
    if isinstance(file, bytes):
        return file
    if name.endswith(WHOLE):
        return file.read_bytes()
    with file.open("rb") as stream:
        start, size = stream.read(_ENDS), file.stat().st_size
        stream.seek(max(size - _ENDS, 0))
        return start + stream.read()
