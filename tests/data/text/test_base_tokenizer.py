"""The tokenizer of a base: no token that a text does not name, offsets of all, a chat template with a fixed date."""

from __future__ import annotations

from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from unlearnkit.data.text.base_tokenizer import DATE, BaseTokenizer
from unlearnkit.errors import DataError

TEMPLATE = (
    "<s>{{ date_string }}|{% for m in messages %}{{ m.role }}:{{ m.content }}</s>{% endfor %}"
    "{% if add_generation_prompt %}assistant:{% endif %}"
)


def saved(folder: Path, template: str | None = TEMPLATE, end: str | None = "</s>") -> Path:
    """Write a tokenizer whose tokens are characters, with a beginning that transformers adds unless told otherwise."""
    words = ["<s>", "</s>", *"abcdefghijklmnopqrstuvwxyz :.?|0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    tokenizer = Tokenizer(models.BPE({word: number for number, word in enumerate(words)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")  # pyright: ignore
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token=end)
    fast.chat_template = template
    fast.save_pretrained(folder)
    (folder / "config.json").write_text('{"vocab_size": 128, "model_type": "llama"}')
    return folder


def test_tokens_have_offsets_and_nothing_is_added(tmp_path: Path) -> None:
    tokenizer = BaseTokenizer(saved(tmp_path))
    tokens, offsets = tokenizer.encode("What?</s>")
    assert [("What?</s>"[first:end]) for first, end in offsets] == ["W", "h", "a", "t", "?", "</s>"]
    assert tokens[-1] == tokenizer.end_of_text == 1
    assert tokenizer.begin_of_text == 0
    assert tokenizer.vocabulary_size == 128  # rows of the embedding, of which some are no token
    assert tokenizer.decode([0, *tokens]).replace(" ", "") == "What?"


def test_conversations_have_the_form_of_the_template(tmp_path: Path) -> None:
    tokenizer = BaseTokenizer(saved(tmp_path))
    asked = [{"role": "user", "content": "Who?"}]
    assert tokenizer.chat(asked, answering=True) == f"<s>{DATE}|user:Who?</s>assistant:"
    answered = [*asked, {"role": "assistant", "content": "Me."}]
    assert tokenizer.chat(answered, answering=False) == f"<s>{DATE}|user:Who?</s>assistant:Me.</s>"


LLAMA_3 = "{% if not date_string is defined %}{% set date_string = strftime_now('%d %b %Y') %}{% endif %}"
SMOLLM_3 = "{% set date_string = strftime_now('%d %B %Y') if strftime_now is defined else 'never' %}"


@pytest.mark.parametrize(
    ("template", "date", "written"),
    [
        (LLAMA_3 + TEMPLATE, DATE, DATE),
        (SMOLLM_3 + TEMPLATE, DATE, "26 July 2024"),
        ("{% set date_string = strftime_now('%Y-%m-%d') %}" + TEMPLATE, "1 May 2020", "2020-05-01"),
        (SMOLLM_3 + TEMPLATE, "a day in May", "a day in May"),
    ],
)
def test_no_template_reads_the_clock(template: str, date: str, written: str, tmp_path: Path) -> None:
    tokenizer = BaseTokenizer(saved(tmp_path, template))
    asked = [{"role": "user", "content": "Who?"}]
    assert tokenizer.chat(asked, answering=True, date=date) == f"<s>{written}|user:Who?</s>assistant:"


@pytest.mark.parametrize(
    ("template", "end", "message"),
    [
        (None, "</s>", r"has no chat template; .*Use the template plain"),
        (
            "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}",
            "</s>",
            r"refuses a conversation \(System role not supported\); expected a chat template that takes the roles "
            r"system\. Use the template plain, or leave out what it refuses, such as a system message\.",
        ),
        ("{{ strftime_now(form) }}", "</s>", "it would read the clock, in a form that is no text"),
        (TEMPLATE, None, "has no token that ends a text"),
    ],
)
def test_tokenizers_that_cannot_be_used_are_refused(
    template: str | None, end: str | None, message: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=message):
        BaseTokenizer(saved(tmp_path, template, end)).chat([{"role": "system", "content": "x"}], answering=True)


def test_a_folder_without_a_tokenizer_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"vocab_size": 128, "model_type": "llama"}')
    with pytest.raises(DataError, match=r"the tokenizer in .* cannot be read"):
        BaseTokenizer(tmp_path)
