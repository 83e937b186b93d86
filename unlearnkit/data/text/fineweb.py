"""FineWeb's sample of 10 billion tokens of web text (Penedo et al. 2024), encoded as GPT-2 tokens by Keller Jordan.

The shards are those that modded-nanogpt trains on: 103 of 100 million tokens (the last is shorter), and one for
validation. The end-of-text token precedes every document.
"""

from __future__ import annotations

from pathlib import Path

from unlearnkit.data.download import find_folder
from unlearnkit.data.text.corpus import TokenFiles
from unlearnkit.errors import DataError

TASK = "text"
TOKENISED = True
VOCABULARY_SIZE = 50_257
END_OF_TEXT = 50_256
DOWNLOAD_BYTES = 0
CONTENT_HASH = None
CHECKED_BY = "names without a gap, and header and size of every shard that is read; no checksum is published"
SOURCE = (
    "huggingface.co/datasets/kjj0/fineweb10B-gpt2 (`hf download --repo-type dataset kjj0/fineweb10B-gpt2 "
    "fineweb_val_000000.bin fineweb_train_000001.bin ... --local-dir data/fineweb10B`, 200 MB per shard)"
)

_FOLDERS = ("fineweb10B", "fineweb")
_TRAIN = "fineweb_train_{:06d}.bin"
_VALIDATION = "fineweb_val_{:06d}.bin"


def shards(root: Path | None) -> TokenFiles:
    """Return those of the shards `fineweb_train_000001.bin`, ... and `fineweb_val_000000.bin`, ... that are there.

    They lie in `root` or `root/fineweb10B`; None: in `data/`. Raises DataError, naming the file, if a split has none or
    a shard is missing between others.
    """
    folder = find_folder(root, _FOLDERS, (_TRAIN.format(1), _VALIDATION.format(0)), source=SOURCE)
    return TokenFiles(_without_gap(folder, _TRAIN, 1), _without_gap(folder, _VALIDATION, 0))


def _without_gap(folder: Path, name: str, first: int) -> tuple[Path, ...]:
    pattern = name.replace("{:06d}", "[0-9]" * 6)
    found = sorted(folder.glob(pattern))
    expected = [folder / name.format(number) for number in range(first, first + max(len(found), 1))]
    missing = [path.name for path in expected if path not in found]
    if missing:
        raise DataError(
            f"'{folder}' has {len(found)} files {pattern.replace('[0-9]' * 6, '*')} but not {missing[0]}",
            expected=f"all from {name.format(first)} on, since the order of the tokens is that of the files",
            remedy=f"get it from {SOURCE}",
        )
    return tuple(found)
