"""Checks of every data set, images and text: the folder of raw files exists, and its content is the expected one."""

from __future__ import annotations

from pathlib import Path

from unlearnkit.errors import DataError


def check_root(name: str, root: Path | None) -> None:
    """Raise DataError if `root`, the folder that holds the raw files of data set `name`, is given but not a folder."""
    if root is not None and not root.is_dir():
        raise DataError(
            f"data.root '{root}' {'is not a folder' if root.exists() else 'does not exist'}",
            expected=f"the folder that holds the raw files of {name}",
            remedy="correct data.root, or leave it out; docs/data.md says where files are then looked for",
        )


def check_content(
    name: str, root: Path | None, found: str, *, published: str | None, stated: str | None, source: str
) -> None:
    """Raise DataError unless the content hash `found` is both the `published` and the `stated` one; None: not known.

    `root` and `source`, where the raw files were and who publishes them, are for the error message.
    """
    if published not in (None, found):
        raise DataError(
            f"the files under '{root or 'data'}' are readable but not the published {name}: content hash {found}",
            expected=published,
            remedy=f"replace them with those of {source}",
        )
    if stated not in (None, found):
        raise DataError(
            f"the files under '{root or 'data'}' are a readable {name} with the content hash {found}",
            expected=f"{stated}, the value of data.content_hash",
            remedy="use the files that were used before, or correct data.content_hash",
        )
