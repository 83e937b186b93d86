"""The tokenizer of a pretrained model, from the folder of its base: text to tokens with offsets, and chat templates."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from unlearnkit.data.language_packages import missing_package
from unlearnkit.errors import DataError

DATE = "26 Jul 2024"
"""What a chat template that states the date of today is given, since prompts would change every day."""

_FILES = "a tokenizer.json, beside it what transformers saves"


class BaseTokenizer:
    """Text to tokens and back as the base model has learned them; no special token is added that a text does not name.

    `vocabulary_size` are the rows of the base's embedding, which may be more than there are tokens. `end_of_text` ends
    a document or an answer, `begin_of_text` begins a prompt where the model has learned one. Raises DataError if the
    folder has no tokenizer that transformers reads without code of its own, or one that cannot say where a token lies.
    """

    def __init__(self, folder: str | Path) -> None:
        try:
            from transformers import AutoTokenizer
        except ImportError as error:
            raise missing_package("transformers", "reads tokenizers of pretrained models", error) from None
        self.folder = Path(folder)
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(
                str(folder), local_files_only=True, trust_remote_code=False
            )
        # readers of many formats, each with errors of its own
        except Exception as error:
            raise self._unusable(f"cannot be read ({' '.join(str(error).split())[:200]})") from None
        if not self._tokenizer.is_fast:
            raise self._unusable("cannot say which characters a token stands for")
        if self._tokenizer.eos_token_id is None:
            raise self._unusable("has no token that ends a text")
        rows = json.loads((self.folder / "config.json").read_text(encoding="utf-8")).get("vocab_size")
        self.vocabulary_size: int = max(int(rows or 0), len(self._tokenizer))
        self.end_of_text: int = int(self._tokenizer.eos_token_id)
        self.begin_of_text: int | None = self._tokenizer.bos_token_id

    @property
    def begin_text(self) -> str | None:
        """The text of the token that begins a prompt, None where the model has learned none."""
        return self._tokenizer.bos_token

    @property
    def end_text(self) -> str:
        """The text of the token that ends a document or an answer."""
        return self._tokenizer.eos_token

    @property
    def definition(self) -> str:
        """The tokenizer in the format of `tokenizer.json`."""
        return self._tokenizer.backend_tokenizer.to_str()

    @property
    def has_template(self) -> bool:
        """Whether the tokenizer comes with a chat template."""
        return bool(self._tokenizer.chat_template)

    def encode(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """Return the tokens of a text, and of each the first character and the one after its last."""
        found = self._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        return list(found["input_ids"]), [(int(first), int(end)) for first, end in found["offset_mapping"]]

    def decode(self, tokens: Sequence[int]) -> str:
        """Return the text of tokens without special ones."""
        return self._tokenizer.decode(list(tokens), skip_special_tokens=True)

    def chat(self, messages: Sequence[Mapping[str, str]], *, answering: bool, date: str = DATE) -> str:
        """Return a conversation, {"role", "content"} each, in the form of the chat template.

        With `answering`, it ends where an answer begins. Templates are given `date` as date_string, and in place of the
        clock, which strftime_now reads. Raises DataError if there is no template, or if it refuses the conversation.
        """
        if not self.has_template:
            raise self._unusable("has no chat template", remedy="use the template plain")
        try:
            return self._tokenizer.apply_chat_template(
                [dict(message) for message in messages],
                chat_template=_without_clock(self._tokenizer.get_chat_template(), date),
                tokenize=False,
                add_generation_prompt=answering,
                date_string=date,
            )
        # a template raises whatever it likes
        except Exception as error:
            roles = ", ".join(str(message["role"]) for message in messages)
            raise self._unusable(
                f"refuses a conversation ({' '.join(str(error).split())[:200]})",
                expected=f"a chat template that takes the roles {roles}",
                remedy="use the template plain, or leave out what it refuses, such as a system message",
            ) from None

    def _unusable(self, fact: str, remedy: str | None = None, expected: str = _FILES) -> DataError:
        return DataError(f"the tokenizer in {self.folder} {fact}", expected=expected, remedy=remedy)


def _without_clock(template: str, date: str) -> str:
    """Return a template with a date, such as "26 Jul 2024", where strftime_now reads the clock, in the form asked for.

    Any other text than such a date is written as it is. Raises ValueError if the template still reads the clock.
    """

    def written(call: re.Match[str]) -> str:
        try:
            return json.dumps(datetime.strptime(date, "%d %b %Y").strftime(call[2]))
        except ValueError:
            return json.dumps(date)

    found = re.sub(r"""\bstrftime_now\(\s*(["'])(.*?)\1\s*\)""", written, template)
    if "strftime_now(" in found:
        raise ValueError("it would read the clock, in a form that is no text")
    return found
