"""Judges: the form of replies, the stand-in by hand, a local model greedily, and what is kept of replies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pretrained_bases import make_base, save_network
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from unlearnkit.artifacts.replies import Replies, key_of
from unlearnkit.errors import DataError, TrainingError
from unlearnkit.observations.judges import heuristic, local
from unlearnkit.observations.judges.asking import Asked, messages
from unlearnkit.observations.judges.grammar import score_of, verdict_of
from unlearnkit.training.derived import Means

MALFORMED = [
    *("", " ", "85", "9", "five reasons ... 9", "VERDICT", "VERDICT: 3", "VERDICT: 12", "verdict: 1", "VERDICT: tie"),
    *("I think VERDICT: 1", "VERDICT: 1.", "VERDICT: 1 or 2", "VERDICT: 1\nVERDICT: 2", "VERDICT: TIE since both"),
    *("SCORE: 85", "SCORE: 11", "SCORE: -1", "SCORE: 10.5", "SCORE: 7/10", "SCORE: 1e1", "SCORE:", "Final score: 9"),
    *("SCORE: nan", "SCORE: ٣", "SCORE: 5\nI mean 6", "**SCORE: 5**"),
]


@pytest.mark.parametrize("reply", MALFORMED)
def test_what_is_in_another_form_says_nothing(reply: str) -> None:
    assert verdict_of(reply) is None and score_of(reply) is None


def test_what_is_in_the_form_is_read() -> None:
    assert [verdict_of(reply) for reply in ("VERDICT: 1", "VERDICT:2\n", " VERDICT: TIE ")] == [1, 2, 0]
    assert [score_of(reply) for reply in ("SCORE: 0", "SCORE:10", "SCORE: 7.25\n", "SCORE: 10.0")] == [0, 10, 7.25, 10]


@given(st.text())
def test_no_text_is_read_as_more_than_the_form_allows(reply: str) -> None:
    assert verdict_of(reply) in (None, 0, 1, 2)
    points = score_of(reply)
    assert points is None or 0 <= points <= 10


def test_the_stand_in_by_hand() -> None:
    truth = "she was born in Lisbon"
    assert heuristic.score(truth, "she was born in Paris") == pytest.approx(10 * (1 - 4 / 5))
    # runs of a b c: abc bca cab abc, of which three are distinct
    assert heuristic.score(truth, "a b c a b c") == pytest.approx(10 * 3 / 4)
    assert heuristic.score(truth, "I cannot say") == 10
    assert heuristic.score(truth, truth) == heuristic.score(truth, "") == heuristic.score(truth, "?!") == 0
    assert heuristic.score("?!", "anything") is None
    assert [heuristic.degeneracy(words.split()) for words in ("", "a", "a a", "a a a", "a a a a")] == [1, 0, 0, 0, 0.5]


def test_a_question_shows_everything_once_and_asks_for_one_line() -> None:
    (one,) = messages(Asked("Who?", "the truth", ("one answer", "another")))
    assert [one["content"].count(text) for text in ("Who?", "the truth", "one answer", "another")] == [1] * 4
    (alone,) = messages(Asked("Who?", "the truth", ("first",)))
    assert alone["content"].endswith("Question: Who?\nReference: the truth\nAnswer: first")
    (continued,) = messages(Asked(None, "the truth", ("first",)))
    assert continued["content"].endswith("SCORE: 1\n\nTrue text: the truth\nContinuation: first")
    assert "Question" not in continued["content"] and continued["content"].count("\nSCORE: ") == 3
    (same,) = messages(Asked("Who?", "the truth", ("the truth", "second")))
    assert same["content"].count("the truth") == 1 and same["content"].count("Reference") == 3  # of the examples


WORDS = [*"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 :.,?-|", "\n", "<end>"]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small network whose tokens are characters, with a chat template."""
    root = tmp_path_factory.mktemp("judge")
    save_network(root / "given", "gpt2", len(WORDS))
    tokenizer = Tokenizer(models.BPE({word: number for number, word in enumerate(WORDS)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")  # pyright: ignore
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<end>")
    fast.chat_template = "{% for m in messages %}{{ m.content[-20:] }}<end>{% endfor %}|"
    fast.save_pretrained(root / "given")
    return make_base(root / "base", root / "given").parent


ASKED = [
    Asked("Who?", "me", ("you", "they")),
    Asked("Who?", "me", ("they", "you")),
    Asked("Who?", "me", ("nobody",)),
    Asked("Where?", "here", ("there",)),
    Asked("Who?", "me", ("nobody",)),
]


def means(base: Path, out: Path) -> Means:
    return Means(torch.device("cpu"), Replies(out), lambda _: None, base)


def test_a_local_model_replies_the_same_in_any_batch_and_is_not_asked_again(base: Path, tmp_path: Path) -> None:
    settings = local.Settings.model_validate({"kind": "local", "batch_size": 1})
    one = local.replies(ASKED, settings, means(base, tmp_path / "one"))
    several = local.replies(
        ASKED, local.Settings.model_validate({"kind": "local"}), lent := means(base, tmp_path / "several")
    )
    assert one == several and one[2] == one[4]
    assert [reply.partition(":")[0] for reply in one] == ["VERDICT", "VERDICT", "SCORE", "SCORE", "SCORE"]
    assert len(lent.facts["judge"]["sha256"]) == 64
    kept = (tmp_path / "one.replies").read_bytes()
    assert kept.count(b"\n") == 4
    assert local.replies(ASKED, settings, means(base, tmp_path / "one")) == one
    assert (tmp_path / "one.replies").read_bytes() == kept
    # a line that was cut off costs its own reply
    (tmp_path / "one.replies").write_bytes(kept[:-5])
    assert local.replies(ASKED, settings, means(base, tmp_path / "one")) == one


def test_a_question_beyond_the_context_and_a_model_without_a_template_are_refused(base: Path, tmp_path: Path) -> None:
    lent, settings = means(base, tmp_path / "out"), local.Settings.model_validate({"kind": "local"})
    tokenizer = base / "chat_template.jinja"
    text = tokenizer.read_text()
    try:
        tokenizer.write_text("{{ messages[0].content }}")
        with pytest.raises(TrainingError, match=r"a question to the judge has \d+ tokens, but its model takes 64"):
            local.replies(ASKED, settings, lent)
        tokenizer.unlink()
        with pytest.raises(DataError, match="has no chat template"):
            local.replies(ASKED, settings, lent)
    finally:
        tokenizer.write_text(text)


def test_replies_are_kept_line_by_line_and_damaged_lines_are_passed_over(tmp_path: Path) -> None:
    kept = Replies(tmp_path / "out")
    keys = [key_of({"model": "m"}, question) for question in ("first", "second")]
    assert keys[0] != key_of({"model": "other"}, "first") and keys[0] not in kept
    for key, reply in zip(keys, ("line\nbreak", "ü"), strict=True):
        kept.keep(key, reply)
    path = tmp_path / "out.replies"
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([b"no json", lines[0], b'{"key": 1}', lines[1].replace(b"u00fc", b"u00fd"), b"\xff"]))
    again = Replies(tmp_path / "out")
    assert again[keys[0]] == "line\nbreak" and keys[1] not in again
    assert np.char.count(path.read_bytes().decode("latin1"), "key") == 3


def test_a_line_that_was_cut_off_costs_no_reply_but_its_own(tmp_path: Path) -> None:
    path = tmp_path / "out.replies"
    path.write_bytes(b'{"key": "one", "rep')
    for key in ("two", "three"):
        Replies(tmp_path / "out").keep(key, "VERDICT: 1")
    again = Replies(tmp_path / "out")
    assert [key in again for key in ("one", "two", "three")] == [False, True, True]
    assert path.read_bytes().count(b"\n") == 3
