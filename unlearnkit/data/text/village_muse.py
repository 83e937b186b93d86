"""MUSE in miniature, without a download: the people of Thornby in the parts that MUSE is published in.

Models are trained on all six documents about each of sixteen people. Eight of these are forgotten in four folds of two:
the first fold is the forget set, scal_k holds the first k folds, sust_k the k-th alone. Documents about four people
whom no model is trained on validate. Questions stand on pages in the form of prompts, so that a small model learns to
answer them; passages are the other documents of the first fold, cut in two.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from unlearnkit.config.data.pairs import ChatTemplate, PairSettings, PlainTemplate
from unlearnkit.data.text import muse_set as muse
from unlearnkit.data.text import village
from unlearnkit.data.text.pair_set import Pair, PairSet
from unlearnkit.data.text.published_parts import Rows
from unlearnkit.data.text.village_pairs import pairs as asked_in_the_village

TASK = "text"
PAIRS = True
VIEWS = ("holdout",)
DOCUMENTS = ("train", "validation", "forget_passages")
TRAIN_SIZE = 96
FORGET_LISTS = {
    "forget": 12,
    "scal_1": 12,
    "scal_2": 24,
    "scal_3": 36,
    "scal_4": 48,
    "sust_1": 12,
    "sust_2": 12,
    "sust_3": 12,
    "sust_4": 12,
}
FURTHER_SPLITS = {"forget_passages": 10, "forget_questions": 6, "retain_questions": 22}
DOWNLOAD_BYTES = 0
CONTENT_HASH = None
CHECKED_BY = "the text has a content hash as `village`"
SOURCE = "unlearnkit (unlearnkit/data/text/village.jsonl.gz; reinstall unlearnkit)"

_FOLDS = 4
_IN_A_FOLD = 2
_RETAINED = 8
_HELD_OUT = 4
_SHOTS = 2


def pairs(root: Path | None, settings: PairSettings) -> PairSet:
    """Return the documents, passages and questions; `root` is not used."""
    return muse.muse_set(parts_of_village(settings), settings)


def parts_of_village(settings: PairSettings) -> dict[str, Rows]:
    """Return the parts of MUSE -> rows."""
    text, asked, people = village.documents(None), _questions(), [*village.subjects()]
    folds = [people[first : first + _IN_A_FOLD] for first in range(0, _FOLDS * _IN_A_FOLD, _IN_A_FOLD)]
    retained = people[_FOLDS * _IN_A_FOLD :][:_RETAINED]
    halves = retained[: _RETAINED // 2], retained[_RETAINED // 2 :]
    about = {name: _rows(_about(name, text.train)) for name in people}
    of_retained = _of_pairs(pair for name in retained for pair in asked[name])

    def documents(names: list[str]) -> Rows:
        pages = _rows(_pages([asked[name] for name in names], settings))
        return [*(row for name in names for row in about[name]), *pages]

    parts = {
        "raw/forget": documents(folds[0]),
        "raw/retain1": documents(halves[0]),
        "raw/retain2": documents(halves[1]),
        "raw/holdout": _rows(text.validation[: _HELD_OUT * 6]),
        "verbmem/forget": [_cut(row["text"]) for name in folds[0] for row in about[name]],
        "knowmem/forget_qa": _of_pairs(pair for name in folds[0] for pair in asked[name]),
        "knowmem/forget_qa_icl": of_retained[-_SHOTS:],
        "knowmem/retain_qa": of_retained[:-_SHOTS],
        "knowmem/retain_qa_icl": of_retained[-_SHOTS:],
    }
    for number, fold in enumerate(folds, 1):
        parts[f"sust/forget_{number}"] = documents(fold)
        parts[f"scal/forget_{number}"] = [row for members in folds[:number] for row in documents(members)]
    return parts


def _questions() -> dict[str, list[Pair]]:
    """Return the three questions about each of the people."""
    found: dict[str, list[Pair]] = {name: [] for name in village.subjects()}
    for pair in asked_in_the_village(None).splits["train"]:
        found[pair.group].append(pair)
    return found


def _about(name: str, documents: tuple[str, ...]) -> list[str]:
    """Return the documents about a person but the page of questions."""
    about = (documents[row] for row in village.subjects()[name])
    return [text for text in about if "? " not in text.partition("\n")[0]]


def _pages(asked: list[list[Pair]], settings: PairSettings) -> list[str]:
    """Return questions with answers in the form of prompts, three on a page, in turn about each of some people."""
    template = settings.template
    if isinstance(template, ChatTemplate):
        template = PlainTemplate.model_validate({})
    told = [
        f"{template.question}{pair.question}{template.answer}{pair.answer}"
        for in_turn in zip(*asked, strict=True)
        for pair in in_turn
    ]
    return [muse.BETWEEN.join(told[first : first + 3]) for first in range(0, len(told), 3)]


def _cut(text: str) -> dict[str, str]:
    words = text.split(" ")[1:]  # passages are no whole documents
    return {"prompt": " ".join(words[: len(words) // 2]), "gt": " ".join(words[len(words) // 2 :])}


def _of_pairs(asked: Iterable[Pair]) -> Rows:
    return [{"question": pair.question, "answer": pair.answer} for pair in asked]


def _rows(texts: Iterable[str]) -> Rows:
    return [{"text": text} for text in texts]
