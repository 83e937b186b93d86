"""Text of a data set: documents in two splits."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, eq=False)
class Corpus:
    """Documents in the publisher's order; a document is what end-of-text tokens stand before.

    train, validation  the documents of each split
    raw_files          what they were read from, for provenance
    """

    train: tuple[str, ...]
    validation: tuple[str, ...]
    raw_files: tuple[Path, ...] = ()

    @property
    def content_hash(self) -> str:
        """SHA-256 (hexadecimal) over the numbers of documents and the length and bytes (UTF-8) of each.

        Computed anew at every call.
        """
        digest = hashlib.sha256(f"{len(self.train)}+{len(self.validation)}".encode())
        for documents in (self.train, self.validation):
            for document in documents:
                content = document.encode()
                digest.update(f"|{len(content)}|".encode())
                digest.update(content)
        return digest.hexdigest()
