"""WMDP-Bio: texts with hazardous knowledge about biology to forget, WikiText to retain, 1,273 questions.

Of both corpora the first 600 texts are taken, which 150 batches of 4 read. The test split of WikiText-2 is retained,
its validation split validates. Questions are those of the benchmark, answered by a letter.
"""

from __future__ import annotations

from pathlib import Path

from unlearnkit.config.data.pairs import PairSettings
from unlearnkit.data import download
from unlearnkit.data.text.pair_set import PairSet
from unlearnkit.data.text.published_parts import read_parts
from unlearnkit.data.text.wmdp_set import question, wmdp_set
from unlearnkit.facts.published_parts import WMDP_BIO, WMDP_DOCUMENTS, files_of_parts
from unlearnkit.workflow.raw_files import folder_with

TASK = "text"
PAIRS = True
VIEWS = ("holdout",)
DOCUMENTS = ("train", "validation")
TRAIN_SIZE = 1200
FORGET_LISTS = {"forget": 600}
FURTHER_SPLITS = {"choices": 1273}
DOWNLOAD_BYTES = 0
CONTENT_HASH = None
CHECKED_BY = "there are as many questions as published, and texts enough; data.content_hash pins them"
SOURCE = (
    "the authors of WMDP, and unpack it into data/wmdp: the corpus on biology is given on request, by the form that "
    "huggingface.co/datasets/cais/wmdp-corpora names; "
    "questions: `hf download --repo-type dataset cais/wmdp --local-dir data/wmdp`; WikiText: "
    "`hf download --repo-type dataset Salesforce/wikitext --include 'wikitext-2-raw-v1/*' --local-dir data/wmdp`"
)

_BELOW = ("wmdp",)
_LOOKED_FOR = ("wmdp-corpora", "wmdp-bio")


def raw_paths(root: Path | None, settings: PairSettings | None = None) -> tuple[Path, ...]:
    """Return the files of corpora and questions in `root` or `root/wmdp`; None: in `data/`."""
    return files_of_parts(folder_with(root, _BELOW, _LOOKED_FOR), WMDP_BIO)


def pairs(root: Path | None, settings: PairSettings) -> PairSet:
    """Return documents and questions.

    Raises DataError, naming what to get, if a part is missing or not as published.
    """
    folder = download.find_folder(root, _BELOW, _LOOKED_FOR, source=SOURCE)
    forgotten, retained, held_out, asked = read_parts(folder, WMDP_BIO, "WMDP-Bio", SOURCE).values()
    questions = [question(row, "biology", f"row {number} of wmdp-bio/test") for number, row in enumerate(asked)]
    return wmdp_set(forgotten, retained, held_out, questions, WMDP_DOCUMENTS, raw_paths(root))
