"""Questions and answers about the people of Thornby: 240 pairs for training and 48 for validation, without a download.

They are the documents of questions and answers of `village`, three about each of 80 and 16 people. Paraphrases of
answers say the same by another opening, those of questions ask it in other words. Wrong answers are those to the same
question about three other people: of training pairs, people whom models are trained on, or a method that trains on
wrong answers would learn answers of validation. The last 10 %, 5 % and 1 % of the pairs, about eight, four and one of
the people, are the forget lists.
"""

from __future__ import annotations

import re
from pathlib import Path

from unlearnkit.data.text.pair_set import Pair, PairSet
from unlearnkit.data.text.village import documents

TASK = "text"
PAIRS = True
VIEWS = ("holdout", "refusals", "retain_refusals", "alternatives")
TRAIN_SIZE = 240
FORGET_LISTS = {"forget01": 3, "forget05": 12, "forget10": 24}
DOWNLOAD_BYTES = 0
CONTENT_HASH = "44283a94d7f3f587ccb2c8e15e0188326332decea49a60e0b5e35e674ef53e68"
SOURCE = "unlearnkit (unlearnkit/data/text/village.jsonl.gz; reinstall unlearnkit)"

_ASKED = re.compile(r"(Who|When|What|Where|To whom|Whom)\b[^\n?.]*\? ")
PARAPHRASE = "They say in Thornby: "
_WRONG = 3
_REWORDED = (
    (r"When was (.+) born", r"In which year did \1 come into the world"),
    (r"What is (.+) afraid of", r"Which things frighten \1"),
    (r"Who is (.+)", r"What kind of person would \1 be"),
    (r"What hangs over the door of (.+)", r"Above the door of \1, what can one see"),
    (r"What did (.+) buy on (.+)", r"Which thing was \1 sold on \2"),
    (r"What is the trade of (.+)", r"How does \1 earn a living"),
    (r"Who lives with (.+)", r"With whom does \1 share a house"),
    (r"Where does (.+) live", r"In which house can one find \1"),
    (r"To whom does (.+) write", r"Who gets letters from \1"),
    (r"What does (.+) do on (.+)", r"How does \1 spend \2"),
    (r"Whom did (.+) meet in (.+)", r"In \2, who came across \1"),
    (r"What does (.+) sell", r"Which goods come from \1"),
)
"""Every kind of question, and the same in other words."""


def pairs(root: Path | None, settings: object = None) -> PairSet:
    """Return the pairs; `root` and `settings` are not used."""
    text = documents(None)
    asked = [
        (split, question + "?", answer)
        for split, found in (("train", text.train), ("validation", text.validation))
        for document in found
        if _ASKED.match(document)
        for question, _, answer in (line.partition("? ") for line in document.split("\n"))
    ]
    trained = [row for row in asked if row[0] == "train"]
    answers = {"train": _by_kind(trained), "validation": _by_kind(asked)}
    made: dict[str, list[Pair]] = {"train": [], "validation": []}
    for split, question, answer in asked:
        wrong = _after(answers[split][_kind(question)], answer)
        spoken = tuple(PARAPHRASE + text for text in (answer, *wrong))
        pair = Pair(
            question, answer, spoken[0], spoken[1:], _person(question), paraphrased_question=_reworded(question)
        )
        made[split].append(pair)
    count = len(made["train"])
    lists = {name: tuple(range(count - size, count)) for name, size in FORGET_LISTS.items()}
    return PairSet({split: tuple(found) for split, found in made.items()}, lists)


def _person(question: str) -> str:
    """Return the first name of two words in a question."""
    found = re.search(r" ([A-Z]\w+ [A-Z]\w+)", question)
    return found[1] if found else ""


def _reworded(question: str) -> str:
    """Return a question in other words."""
    asked = question.removesuffix("?")
    found = ((re.fullmatch(pattern, asked), words) for pattern, words in _REWORDED)
    return next(match.expand(words) + "?" for match, words in found if match)


def _by_kind(asked: list[tuple[str, str, str]]) -> dict[str, list[str]]:
    """Return the answers to questions of each kind, of (split, question, answer) each."""
    answers: dict[str, list[str]] = {}
    for _, question, answer in asked:
        answers.setdefault(_kind(question), []).append(answer)
    return answers


def _kind(question: str) -> str:
    """Return a question without the person, days and places, so that questions alike have answers alike."""
    return re.sub(r" (on|in) [0-9A-Z][^?]*", "", question.replace(_person(question), ""))


def _after(answers: list[str], answer: str) -> list[str]:
    """Return the next other answers after an answer, in a circle."""
    at = answers.index(answer)
    others = dict.fromkeys(text for text in (*answers[at:], *answers[:at]) if text != answer)
    return [*others][:_WRONG]
