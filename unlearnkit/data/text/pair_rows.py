"""A row of JSON lines as a pair: fields question and answer, or a conversation of one question and one answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from unlearnkit.data.text.pair_set import Pair
from unlearnkit.errors import DataError

_TURNS = (("conversations", "from", "value"), ("messages", "role", "content"))
"""Field with the turns -> field of a turn that says who speaks, and the one with the text."""

_ASKS, _ANSWERS = ("human", "user"), ("gpt", "assistant")
_FORM = (
    'an object such as {"question": "...", "answer": "..."}, or {"conversations": [{"from": "human", "value": "..."}, '
    '{"from": "gpt", "value": "..."}]}'
)


def pair_of(row: Mapping[str, Any], where: str) -> Pair:
    """Return the pair of a row; further fields are `paraphrased_answer`, `perturbed_answer(s)` (a list), and `group`.

    Raises DataError, naming `where` the row is, if it is no pair: a field is missing or empty, no text, or a
    conversation has another number of turns.
    """
    question, answer = _of_conversation(row, where) or (row.get("question"), row.get("answer"))
    wrong = row.get("perturbed_answers", row.get("perturbed_answer", []))
    texts = {"question": question, "answer": answer, "group": row.get("group", "")}
    if (paraphrase := row.get("paraphrased_answer")) is not None:
        texts["paraphrased_answer"] = paraphrase
    for name, text in texts.items():
        if not isinstance(text, str) or (name != "group" and not text.strip()):
            fact = (
                f"has no {name}" if text is None else f"has an empty {name}" if text == "" else f"has no text as {name}"
            )
            raise DataError(f"{where} {fact}", expected=_FORM)
    if not isinstance(wrong, list) or not all(isinstance(text, str) and text.strip() for text in wrong):
        raise DataError(f"{where} has perturbed answers that are no texts", expected="a list of texts")
    return Pair(texts["question"], texts["answer"], paraphrase, tuple(wrong), texts["group"])


def _of_conversation(row: Mapping[str, Any], where: str) -> tuple[Any, Any] | None:
    for field, speaker, said in _TURNS:
        if (turns := row.get(field)) is None:
            continue
        sound = isinstance(turns, list) and all(isinstance(turn, dict) for turn in turns)
        speakers = [turn.get(speaker) for turn in turns] if sound else []
        if len(speakers) != 2 or speakers[0] not in _ASKS or speakers[1] not in _ANSWERS:
            raise DataError(
                f"{where} has a conversation of {' and '.join(map(str, speakers)) or 'no turns'}",
                expected="one question and one answer: human and gpt, or user and assistant",
                remedy="divide longer conversations into rows; set a system message in data.pairs.template.system",
            )
        return turns[0].get(said), turns[1].get(said)
    return None
