"""How a question becomes a prompt, and what ends an answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from unlearnkit.config.data.pairs import ChatTemplate, PairSettings
from unlearnkit.data.text.pair_tokenizer import PairTexts
from unlearnkit.errors import DataError

_ANSWER = "ANSWERANSWERANSWER"
"""A text in the place of an answer, to find what the template writes after one."""


@dataclass(frozen=True)
class Template:
    """A question to its prompt, and the token that ends an answer, as text."""

    prompt: Callable[[str], str]
    end: str


def template_of(settings: PairSettings, texts: PairTexts, special: Sequence[str]) -> Template:
    """Return the template of `settings` with the tokenizer's `texts`; `special` are all its special tokens.

    Raises DataError if the tokenizer lacks the template or the begin-of-text token, or both write the latter.
    """
    begin = _begin(settings, texts)
    if not isinstance(settings.template, ChatTemplate):
        before, between = settings.template.question, settings.template.answer
        return Template(lambda question: f"{begin}{before}{question}{between}", texts.end)
    prompt, end = _chat(settings.template, texts, special)
    if begin and prompt("").startswith(begin):
        raise DataError(
            f"data.pairs.begin_of_text is true, but the chat template writes {begin} itself",
            expected="one of them",
            remedy="set it to false",
        )
    return Template(lambda question: begin + prompt(question), end)


def _begin(settings: PairSettings, texts: PairTexts) -> str:
    if settings.begin_of_text and not texts.begin:
        raise DataError(
            "data.pairs.begin_of_text is true, but the tokenizer has no begin-of-text token",
            expected="false",
            remedy="remove the key, or use another tokenizer",
        )
    return texts.begin if settings.begin_of_text and texts.begin else ""


def _chat(settings: ChatTemplate, texts: PairTexts, special: Sequence[str]) -> tuple[Callable[[str], str], str]:
    if texts.chat is None:
        raise DataError(
            "data.pairs.template is chat, but the tokenizer has no chat template",
            expected="a tokenizer of a pretrained model that was trained on conversations",
            remedy="set data.pairs.template to {kind: plain}, or choose a model with a chat template",
        )
    chat = texts.chat
    first = [{"role": "system", "content": settings.system}] if settings.system else []

    def prompt(question: str) -> str:
        return chat.chat([*first, {"role": "user", "content": question}], answering=True, date=settings.date)

    question = {"role": "user", "content": "?"}
    answered = [*first, question, {"role": "assistant", "content": _ANSWER}]
    _, _, after = chat.chat(answered, answering=False, date=settings.date).rpartition(_ANSWER)
    ends = {after.find(token): token for token in special if token in after}
    # what a template writes after the token that ends the turn belongs to the next turn
    return prompt, ends[min(ends)] if ends else texts.end
