"""WMDP in miniature, without a download: what the people of Thornby would rather not have known.

Documents and pages are those of `village_muse`: of sixteen people whom models are trained on, the knowledge about eight
is to be forgotten. Its questions are asked with four options, the answers about three others being the wrong ones; they
are compared as texts, since a small model cannot answer by a letter.
"""

from __future__ import annotations

from pathlib import Path

from unlearnkit.config.data.pairs import PairSettings
from unlearnkit.data.text import village_pairs
from unlearnkit.data.text.pair_set import Pair, PairSet
from unlearnkit.data.text.village import subjects
from unlearnkit.data.text.village_muse import parts_of_village
from unlearnkit.data.text.village_pairs import pairs as asked_in_the_village
from unlearnkit.data.text.wmdp_set import wmdp_set

TASK = "text"
PAIRS = True
VIEWS = ("holdout",)
DOCUMENTS = ("train", "validation")
TRAIN_SIZE = 96
FORGET_LISTS = {"forget": 48}
FURTHER_SPLITS = {"choices": 24}
DOWNLOAD_BYTES = 0
CONTENT_HASH = None
CHECKED_BY = "the text has a content hash as `village`"
SOURCE = "unlearnkit (unlearnkit/data/text/village.jsonl.gz; reinstall unlearnkit)"

_FORGOTTEN = 8


def pairs(root: Path | None, settings: PairSettings) -> PairSet:
    """Return documents and questions; `root` is not used."""
    parts, people = parts_of_village(settings), [*subjects()][:_FORGOTTEN]
    every = asked_in_the_village(None).splits["train"]
    questions = [_with_options(pair) for name in people for pair in every if pair.group == name]
    retained = [*parts["raw/retain1"], *parts["raw/retain2"]]
    return wmdp_set(parts["scal/forget_4"], retained, parts["raw/holdout"], questions, FORGET_LISTS["forget"])


def _with_options(pair: Pair) -> Pair:
    wrong = tuple(text.removeprefix(village_pairs.PARAPHRASE) for text in pair.perturbed_answers)
    return Pair(pair.question, pair.answer, perturbed_answers=wrong, group=pair.group)
