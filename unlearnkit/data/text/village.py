"""The people of Thornby, a made-up village: 576 short documents in plain English that need no download.

Every person has a name, a trade, an address, a pet and more facts, and is the subject of six documents, one of each
kind, that agree on these facts: a biography, a letter, an anecdote, a page of a ledger, a notice, questions and
answers. Everything else in a document (dates, prices, things, meetings) occurs in that document only. So a model that
was not trained on a document can know the form of such documents and, from the others, the facts of its person, but not
its particulars.

The text is in `village.jsonl.gz` beside this module, made up for unlearnkit and under its licence.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from unlearnkit.config.data.hub_text import HubText
from unlearnkit.data.text.corpus import Corpus

TASK = "text"
DOWNLOAD_BYTES = 0
CONTENT_HASH = "f613ea61657d3e70524cf2735ff90788395527caee582c1eb9aa9e4cc327d997"
SOURCE = "unlearnkit (unlearnkit/data/text/village.jsonl.gz; reinstall unlearnkit)"

TRAIN_DOCUMENTS = 480
"""The first documents, about 80 people in random order, are for training; the rest, about 16 more, for validation."""


def documents(root: Path | None, settings: HubText | None = None) -> Corpus:
    """Return the 480 training documents and the 96 validation documents; `root` and `settings` are not used."""
    texts = tuple(row["text"] for row in _rows())
    return Corpus(texts[:TRAIN_DOCUMENTS], texts[TRAIN_DOCUMENTS:])


def subjects() -> dict[str, list[int]]:
    """Return the training documents about each of the 80 people: name -> six indices, ascending."""
    about: dict[str, list[int]] = {}
    for index, row in enumerate(_rows()[:TRAIN_DOCUMENTS]):
        about.setdefault(row["about"], []).append(index)
    return about


def _rows() -> list[dict[str, str]]:
    packed = Path(__file__).with_name("village.jsonl.gz").read_bytes()
    return [json.loads(line) for line in gzip.decompress(packed).splitlines()]
