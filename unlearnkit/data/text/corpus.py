"""Text of a data set: documents in two splits, or files of tokens where it is published as tokens."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from unlearnkit.errors import DataError

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, eq=False)
class Corpus:
    """Documents in the publisher's order; an end-of-text token precedes each.

    train, validation  the documents of each split; empty ones are kept, so that the numbers of the others do not change
    raw_files          what they were read from, for provenance

    Raises DataError if a split has no text.
    """

    train: tuple[str, ...]
    validation: tuple[str, ...]
    raw_files: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        for name, documents in (("training", self.train), ("validation", self.validation)):
            if not any(documents):
                where = f" under '{self.raw_files[0].parent}'" if self.raw_files else ""
                raise DataError(f"the {name} split{where} has no text", expected="at least one document")

    @property
    def content_hash(self) -> str:
        """SHA-256 (hexadecimal) over the numbers of documents and the length and bytes (UTF-8) of each.

        Computed again at every call.
        """
        digest = hashlib.sha256(f"{len(self.train)}+{len(self.validation)}".encode())
        for documents in (self.train, self.validation):
            for document in documents:
                content = document.encode()
                digest.update(f"|{len(content)}|".encode())
                digest.update(content)
        return digest.hexdigest()


@dataclass(frozen=True)
class TokenFiles:
    """Token shards of each split, in the order of the stream."""

    train: tuple[Path, ...]
    validation: tuple[Path, ...]


def checked_text(value: object, where: str) -> str:
    """Return `value` without a byte order mark at its beginning; `where` names its place.

    Raises DataError if it is not text that UTF-8 can encode, or has a NUL, as UTF-16 read as UTF-8 does.
    """
    if not isinstance(value, str):
        raise DataError(f"{where} is of type {type(value).__name__}", expected="text")
    if not value.isascii() and (found := _SURROGATE.search(value)):
        raise DataError(f"{where} has a lone surrogate (U+{ord(found[0]):04X})", expected="text that UTF-8 can encode")
    if (position := value.find("\0")) >= 0:
        raise DataError(
            f"{where} has a NUL at position {position}",
            expected="text in UTF-8",
            remedy="if it is UTF-16, convert it: iconv -f UTF-16LE -t UTF-8",
        )
    return value.removeprefix("\ufeff")


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file, line ends as they are; raises DataError, naming the file, if it is not UTF-8."""
    try:
        text = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"'{path}' cannot be read as text ({error})", expected="a file in UTF-8") from None
    return checked_text(text, f"'{path}'")
