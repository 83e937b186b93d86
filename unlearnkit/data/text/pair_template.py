"""How a question becomes a prompt, and what ends an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from unlearnkit.config.data.pairs import ChatTemplate, PairSettings, PlainTemplate
from unlearnkit.data.text.pair_tokenizer import PairTexts
from unlearnkit.errors import DataError

_ANSWER = "ANSWERANSWERANSWER"
"""A text in the place of an answer, to find what the template writes after one."""


Turns = Sequence[tuple[str, str]]
"""Role (system, user or assistant) and text of each turn."""


class Prompt(Protocol):
    """A question, after the turns before it, to its prompt."""

    def __call__(self, question: str, history: Turns = ()) -> str:
        """Return the prompt; raises DataError for turns that the template has no place for."""
        ...


@dataclass(frozen=True)
class Template:
    """A question to its prompt, the token that ends an answer, and what precedes a document, as text."""

    prompt: Prompt
    end: str
    begin: str = ""


def template_of(settings: PairSettings, texts: PairTexts, special: Sequence[str]) -> Template:
    """Return the template of `settings` with the tokenizer's `texts`; `special` are all its special tokens.

    Raises DataError if the tokenizer lacks the template or the begin-of-text token, or both write the latter.
    """
    begin = _begin(settings, texts)
    if not isinstance(settings.template, ChatTemplate):
        return Template(_plain(settings.template, begin, texts.end), texts.end, begin)
    prompt, end = _chat(settings.template, texts, special)
    if begin and prompt("").startswith(begin):
        raise DataError(
            f"data.pairs.begin_of_text is true, but the chat template writes {begin} itself",
            expected="one of them",
            remedy="set it to false",
        )
    return Template(lambda question, history=(): begin + prompt(question, history), end, begin)


def _begin(settings: PairSettings, texts: PairTexts) -> str:
    if settings.begin_of_text and not texts.begin:
        raise DataError(
            "data.pairs.begin_of_text is true, but the tokenizer has no begin-of-text token",
            expected="false",
            remedy="remove the key, or use another tokenizer",
        )
    return texts.begin if settings.begin_of_text and texts.begin else ""


def _plain(settings: PlainTemplate, begin: str, end: str) -> Prompt:
    around = {"user": (settings.question, settings.answer), "assistant": ("", end)}

    def prompt(question: str, history: Turns = ()) -> str:
        if any(role not in around for role, _ in history):
            raise DataError(
                "a conversation has a system message, but data.pairs.template is plain, which has no place for one",
                expected="a question first",
                remedy="set data.pairs.template to {kind: chat}, or remove the system messages",
            )
        turns = [*history, ("user", question)]
        return begin + "".join(text.join(around[role]) for role, text in turns)

    return prompt


def _chat(settings: ChatTemplate, texts: PairTexts, special: Sequence[str]) -> tuple[Prompt, str]:
    if texts.chat is None:
        raise DataError(
            "data.pairs.template is chat, but the tokenizer has no chat template",
            expected="a tokenizer of a pretrained model that was trained on conversations",
            remedy="set data.pairs.template to {kind: plain}, or choose a model with a chat template",
        )
    chat = texts.chat
    first = [{"role": "system", "content": settings.system}] if settings.system else []

    def prompt(question: str, history: Turns = ()) -> str:
        turns = [{"role": role, "content": text} for role, text in (*history, ("user", question))]
        # a conversation's own system message comes before the configuration's
        begins = [] if turns[0]["role"] == "system" else first
        return chat.chat([*begins, *turns], answering=True, date=settings.date)

    question = {"role": "user", "content": "?"}
    answered = [*first, question, {"role": "assistant", "content": _ANSWER}]
    _, _, after = chat.chat(answered, answering=False, date=settings.date).rpartition(_ANSWER)
    ends = {after.find(token): token for token in special if token in after}
    # what a template writes after the token that ends the turn belongs to the next turn
    return prompt, ends[min(ends)] if ends else texts.end
