"""A row of JSON lines as pairs: question and answer, a conversation, of which answers are targets, or a document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from unlearnkit.data.text.pair_set import Pair
from unlearnkit.errors import DataError

_TURNS = (("conversations", "from", "value"), ("messages", "role", "content"))
"""Field with the turns -> field of a turn that says who speaks, and the one with the text."""

_ROLES = {"human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant", "system": "system"}
_CALLED = {"user": "question", "assistant": "answer"}
_PARAPHRASES = ("paraphrased_question", "paraphrased_answer")
_FORM = (
    'an object such as {"question": "...", "answer": "..."}, or {"conversations": [{"from": "human", "value": "..."}, '
    '{"from": "gpt", "value": "..."}]}, or of a document {"text": "..."}'
)


def pairs_of(row: Mapping[str, Any], where: str, group: str = "") -> list[Pair]:
    """Return the pairs of a row, one per answer of a conversation, each with the turns before it as its history.

    Further fields are `paraphrased_question`, `paraphrased_answer` and `perturbed_answer(s)` (a list), which belong to
    the last answer, and `group`, which is `group` where the row has none. A row with `text` alone is a document. Raises
    DataError, naming `where` the row is, if it is no pair: a field is missing or empty, no text, or a conversation does
    not go from questions to answers.
    """
    if "text" in row and not {"question", "answer", *(field for field, _, _ in _TURNS)} & row.keys():
        return [_document(row, where, group)]
    turns = _turns(row, where) or [("user", row.get("question")), ("assistant", row.get("answer"))]
    stated = row.get("group", group)
    wrong = row.get("perturbed_answers", row.get("perturbed_answer", []))
    texts = [(_CALLED.get(role, role), text) for role, text in turns] + [("group", stated)]
    reworded = {name: row[name] for name in _PARAPHRASES if row.get(name) is not None}
    texts += reworded.items()
    for name, text in texts:
        if not isinstance(text, str) or (name != "group" and not text.strip()):
            fact = (
                f"has no {name}" if text is None else f"has an empty {name}" if text == "" else f"has no text as {name}"
            )
            raise DataError(f"{where} {fact}", expected=_FORM)
    if not isinstance(wrong, list) or not all(isinstance(text, str) and text.strip() for text in wrong):
        raise DataError(f"{where} has perturbed answers that are no texts", expected="a list of texts")
    answers = [number for number, (role, _) in enumerate(turns) if role == "assistant"]
    pairs = [Pair(turns[at - 1][1], turns[at][1], group=stated, history=tuple(turns[: at - 1])) for at in answers]
    return [*pairs[:-1], replace(pairs[-1], **reworded, perturbed_answers=tuple(wrong))]


def _document(row: Mapping[str, Any], where: str, group: str) -> Pair:
    text, stated = row["text"], row.get("group", group)
    if not isinstance(text, str) or not text.strip() or not isinstance(stated, str):
        raise DataError(f"{where} is a document without text, or its group is no text", expected=_FORM)
    return Pair("", text, group=stated, document=True)


def _turns(row: Mapping[str, Any], where: str) -> list[tuple[str, Any]] | None:
    for field, speaker, said in _TURNS:
        if (turns := row.get(field)) is None:
            continue
        sound = isinstance(turns, list) and all(isinstance(turn, dict) for turn in turns)
        speakers = [turn.get(speaker) for turn in turns] if sound else []
        roles = [_ROLES.get(str(name), "") for name in speakers]
        asked = roles[1:] if roles[:1] == ["system"] else roles
        if not asked or asked != ["user", "assistant"] * (len(asked) // 2):
            raise DataError(
                f"{where} has a conversation of {' and '.join(map(str, speakers)) or 'no turns'}",
                expected="questions and answers in turn, the last an answer, perhaps after a system message: human and "
                "gpt, or user and assistant",
                remedy="correct the row, or leave it out",
            )
        return [(role, turn.get(said)) for role, turn in zip(roles, turns, strict=True)]
    return None
