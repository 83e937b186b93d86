"""Tiny Shakespeare: 40,000 lines of Shakespeare's plays in one text (Karpathy 2015); the last tenth for validation."""

from __future__ import annotations

from pathlib import Path

from unlearnkit.config.data.hub_text import HubText
from unlearnkit.data import download
from unlearnkit.data.text.corpus import Corpus, read_text
from unlearnkit.errors import DataError

TASK = "text"
DOWNLOAD_BYTES = 1_115_394
DOWNLOAD_FOLDER = "tiny_shakespeare"
CONTENT_HASH = "8b1b4e2d10ae347f1dc661177414538968bb6af3f52f5228d777126b66993021"
SOURCE = "Andrej Karpathy's char-rnn (github.com/karpathy/char-rnn, data/tinyshakespeare/input.txt)"

ADDRESS = "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"
SHA256 = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"

_FILE = "input.txt"


def documents(root: Path | None, settings: HubText | None = None) -> Corpus:
    """Return one training document, the first 90 % of the characters, and one for validation, split as in nanoGPT.

    `input.txt` lies in `root` or `root/tiny_shakespeare`; None downloads it. `settings` are not used. Raises DataError
    if the file is missing or cannot be read.
    """
    if root is None:
        file = download.download_file(ADDRESS, download.DOWNLOAD_FOLDER / DOWNLOAD_FOLDER / _FILE, SHA256)
    else:
        file = _found(root)
    text = read_text(file)
    border = int(0.9 * len(text))
    return Corpus((text[:border],), (text[border:],), (file,))


def _found(root: Path) -> Path:
    for folder in (root, root / DOWNLOAD_FOLDER):
        if (folder / _FILE).is_file():
            return folder / _FILE
    raise DataError(
        f"neither '{root}' nor '{root / DOWNLOAD_FOLDER}' holds Tiny Shakespeare",
        expected=f"the file {_FILE}",
        remedy=f"get it from {SOURCE} and set data.root to its folder, or leave data.root out to download it",
    )
