"""Extraction targets: 15,000 documents of 200 tokens that GPT-Neo 1.3B is known to have memorised, and what ICU asks.

The documents are those of the training data extraction challenge (SaTML 2023), stored as GPT-2 tokens: their text is
what these stand for, of which a tokenizer of the experiment makes tokens again. The five lists of 128 documents that
iterative contrastive unlearning (Tang et al. 2024) forgets name rows of them.

    training     the documents that a list names, list after list, each list in the order of its rows and without what
                 an earlier one has; then the others in their order. So few documents are documents of the first list
    validation   the last 1,000 documents that no list names and whose last 50 tokens end no other document, as those of
                 4,195 do: of models trained here nobody has seen their endings, but a published GPT-Neo has
    further      wikitext, documents; lambada, passages and their last word; dialogue, of Wizard of Wikipedia, turns
                 after "User 1:" and "User 2:" and the last of them

Forget lists beside the five: targets_N, the first N training documents.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from unlearnkit.artifacts.store import sha256_of
from unlearnkit.data import download
from unlearnkit.data.language_packages import missing_package
from unlearnkit.data.text.gpt2_tables import folder_tables, hub_tables
from unlearnkit.data.text.pair_set import Pair, PairSet
from unlearnkit.errors import DataError

TASK = "text"
PAIRS = True
DOCUMENTS = ("train", "validation", "wikitext")
VIEWS = ("holdout",)
TRAIN_SIZE = 14_000
FORGET_LISTS = {
    "lm_extraction_128_0": 128,
    "lm_extraction_128_1": 128,
    "lm_extraction_128_2": 128,
    "lm_extraction_128_3": 128,
    "lm_extraction_128_4": 128,
    "targets_1": 1,
    "targets_4": 4,
    "targets_8": 8,
    "targets_16": 16,
    "targets_32": 32,
}
FURTHER_SPLITS = {"dialogue": 967, "lambada": 4992, "wikitext": 500}
DOWNLOAD_BYTES = 0
CONTENT_HASH = "408284cad034c39fd10de900e236b8aed94a90cac56428121e46787e1ed8043f"
SOURCE = (
    "github.com/ethz-spylab/lm-extraction-benchmark-data (train_dataset.npy), github.com/himalalps/ICU at bb776e39 "
    "(lm_extraction_128_0.csv to _4.csv, lambada.csv, wikitext.csv, wizard_of_wikipedia.json) and "
    "huggingface.co/openai-community/gpt2 (vocab.json, merges.txt)"
)

TARGETS = "train_dataset.npy"
SHA256: Mapping[str, str] = {
    TARGETS: "6551edc9438b282ddba317a4796499f979adebc28468184b584d12f3fb328843",
    "lm_extraction_128_0.csv": "a91cf063212d4975e2b3ddca0bc0a6026f26a4de024307586e763e69f5a6516a",
    "lm_extraction_128_1.csv": "18f5fde224c22609437cc55f0fd4aa0b027f1913e56c28459c1acaf47d956eee",
    "lm_extraction_128_2.csv": "d567e3573f0af623ede30d0d17ee61096f66bda27048e80b06cec92ce6dcfb8b",
    "lm_extraction_128_3.csv": "859fd14bd2bd93aca88efb6e9a6b29bde6cbf65756a1ad877f592284bf809318",
    "lm_extraction_128_4.csv": "2a15e52168f0ed6bed23653eadda0685a07f36154974403274dae6679216dc97",
    "lambada.csv": "4059051c8cddaef9577f37dc0fb7399ecfdeac19712e831f09b9e75ca534ff27",
    "wikitext.csv": "cb85284acc5ce7e23706d69fc75da183c591da5a207c25c66490659dd88fcb0f",
    "wizard_of_wikipedia.json": "e8d2d3332fe6abf59a567fa4a6cc9d7d8bfbebf0d38291519ef7a3df0df2e978",
}
"""The files that are read, with the SHA-256 of the published ones."""

SHAPE = (15_000, 200)
VALIDATION_SIZE = 1000
SUFFIX = 50
"""Tokens of a document that models are asked to continue it with."""
_BELOW = ("lm_extraction", "icu", "gpt2_tokenizer")
_LISTS = tuple(name for name in SHA256 if name.startswith("lm_extraction_"))


def pairs(root: Path | None, settings: object = None) -> PairSet:
    """Return the documents and questions; files lie in `root` or folders of it that are named as in the publications.

    These are `lm_extraction`, `icu` and `gpt2_tokenizer`; without the last, GPT-2's tokens come from huggingface.co.
    `settings` are not used. Raises DataError, naming the file, if one is missing or is not the published one.
    """
    files = {name: download.find_folder(root, _BELOW, (name,), source=SOURCE) / name for name in SHA256}
    tokens = _targets(files[TARGETS])
    for path in files.values():
        _refuse_other(path)
    texts = _decoded(tokens, root)
    lists = {Path(name).stem: _listed(files[name]) for name in _LISTS}
    rows, position = ordered(list(lists.values()), tokens, VALIDATION_SIZE)
    documents = [Pair("", texts[row], document=True) for row in rows]
    splits = {
        "train": tuple(documents[:-VALIDATION_SIZE]),
        "validation": tuple(documents[-VALIDATION_SIZE:]),
        "wikitext": tuple(Pair("", row["text"], document=True) for row in _rows(files["wikitext.csv"])),
        "lambada": tuple(_last_word(row["text"]) for row in _rows(files["lambada.csv"])),
        "dialogue": tuple(map(_last_turn, _dialogues(files["wizard_of_wikipedia.json"]))),
    }
    forget = {name: tuple(position[row] for row in chosen) for name, chosen in lists.items()}
    sizes = {name: size for name, size in FORGET_LISTS.items() if name not in forget}
    return PairSet(splits, forget | {name: tuple(range(size)) for name, size in sizes.items()}, tuple(files.values()))


def ordered(
    lists: Sequence[Sequence[int]], tokens: npt.NDArray[np.integer], validation: int
) -> tuple[list[int], dict[int, int]]:
    """Return the rows of all documents and the position of each among them: those of lists, others, validation.

    `tokens` [documents, tokens] are those of all documents. The last `validation` that no list names and that end as no
    other does come last: a suffix that training documents have as well would not be unseen.
    """
    endings = [row[-SUFFIX:].tobytes() for row in tokens]
    times = Counter(endings)
    named = dict.fromkeys(row for chosen in lists for row in chosen)
    alone = [row for row, ending in enumerate(endings) if row not in named and times[ending] == 1]
    last = dict.fromkeys(alone[-validation:])
    rows = [*named, *(row for row in range(len(tokens)) if row not in named and row not in last), *last]
    return rows, {row: at for at, row in enumerate(rows)}


def _targets(path: Path) -> npt.NDArray[np.uint16]:
    """Return the tokens of all documents; raises DataError if the file holds anything else."""
    try:
        tokens = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"'{path}' is not a NumPy array ({error})", remedy=f"get it from {SOURCE}") from None
    if tokens.dtype != np.uint16 or tokens.shape != SHAPE:
        raise DataError(
            f"'{path}' holds {tokens.dtype} {list(tokens.shape)}",
            expected=f"uint16 {list(SHAPE)}, documents of 200 GPT-2 tokens",
            remedy=f"get it from {SOURCE}",
        )
    return tokens


def _refuse_other(path: Path) -> None:
    if (found := sha256_of(path)) != SHA256[path.name]:
        raise DataError(
            f"'{path}' is not the published file: its SHA-256 is {found}",
            expected=SHA256[path.name],
            remedy=f"get it from {SOURCE}",
        )


def _decoded(tokens: npt.NDArray[np.uint16], root: Path | None) -> list[str]:
    """Return the texts of rows of GPT-2 tokens; bytes that are no character, as at a cut, become U+FFFD."""
    try:
        from tokenizers import Tokenizer, decoders
    except ImportError as error:
        raise missing_package("tokenizers", "turns tokens into text", error) from None
    start = root or download.DOWNLOAD_FOLDER
    folders = [folder for folder in (start, start / "gpt2_tokenizer") if _has_tables(folder)]
    tokenizer = Tokenizer(folder_tables(folders[0]) if folders else hub_tables("openai-community/gpt2"))
    tokenizer.decoder = decoders.ByteLevel()  # pyright: ignore[reportAttributeAccessIssue]
    return tokenizer.decode_batch(tokens.astype(int).tolist(), skip_special_tokens=False)


def _has_tables(folder: Path) -> bool:
    return any((folder / name).is_file() for name in ("encoder.json", "vocab.json", "tokenizer.json"))


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream)


def _listed(path: Path) -> list[int]:
    """Return the rows that a list names, rising: the order in which published code takes them."""
    return sorted(int(row["doc_id"]) for row in _rows(path))


def _last_word(text: str) -> Pair:
    passage, word = text.rstrip().rsplit(maxsplit=1)
    return Pair(passage, word)


def _dialogues(path: Path) -> list[list[str]]:
    return list(json.loads(path.read_text(encoding="utf-8"))["text"].values())


def _last_turn(turns: Sequence[str]) -> Pair:
    """Return the turns before the last one, each after who speaks, and the last one, after who is about to."""
    speakers = [f"User {1 + number % 2}:" for number in range(len(turns))]
    before = [f"{speaker} {text.strip()}" for speaker, text in zip(speakers, turns[:-1], strict=False)]
    return Pair("\n".join([*before, speakers[-1]]), turns[-1].strip())
