"""Answers are as likely as the model's logits say, one by one: the true ones, paraphrases, and wrong ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from made_pairs import made_pairs
from text_models import observed, task_of

from unlearnkit.artifacts.observations import read_observation, write_observation
from unlearnkit.data.text.other_answers import KINDS, PARAPHRASE, WRONG, OtherAnswers
from unlearnkit.data.text.text_set import TextSet
from unlearnkit.training.language import observed as batching


def mean_log_p(network: torch.nn.Module, prompt: np.ndarray, answer: np.ndarray) -> float:
    """The mean of log p over the tokens of one answer after one prompt, in double precision."""
    whole = torch.from_numpy(np.concatenate([prompt, answer]).astype(np.int64))
    with torch.inference_mode():
        log_p = network(whole[None])[0].double().log_softmax(-1)
    return float(np.mean([log_p[at - 1, whole[at]].item() for at in range(len(prompt), len(whole))]))


def parts(pairs: TextSet, row: int) -> tuple[np.ndarray, np.ndarray]:
    """The tokens of a prompt and of its answer."""
    whole = pairs.tokens[pairs.starts[row] : pairs.starts[row] + pairs.lengths[row]]
    return whole[: pairs.prompts[row]], whole[pairs.prompts[row] :]


def test_they_are_those_one_by_one(tmp_path: Path) -> None:
    pairs = made_pairs(4, 2, further={"authors": 2})
    task = task_of(pairs)
    found = observed("answers", task, tmp_path)
    assert found.values["wrong"].shape == (2, 8, 3) and found.split.tolist()[-2:] == ["authors"] * 2
    others = pairs.others
    assert others is not None
    answers = list(others.answers())
    for model in range(2):
        network = task.architecture.build(model).eval()
        for row in range(8):
            prompt, answer = parts(pairs, row)
            assert found.values["given"][model, row] == pytest.approx(mean_log_p(network, prompt, answer), rel=1e-5)
            for name, kind in (("paraphrase", PARAPHRASE), ("wrong", WRONG)):
                own = [answers[at] for at in np.flatnonzero((others.rows == row) & (others.kinds == KINDS.index(kind)))]
                expected = [mean_log_p(network, prompt, tokens) for tokens in own]
                np.testing.assert_allclose(np.atleast_1d(found.values[name][model, row]), expected, rtol=1e-5)


def without(pairs: TextSet, row: int) -> TextSet:
    """The pairs without the paraphrase of one row, and without its wrong answers but the first."""
    others = pairs.others
    assert others is not None
    own = others.rows == row
    dropped = own & (others.kinds == KINDS.index(PARAPHRASE))
    dropped[np.flatnonzero(own & (others.kinds == KINDS.index(WRONG)))[1:]] = True
    answers = [tokens for tokens, drop in zip(others.answers(), dropped, strict=True) if not drop]
    starts = np.cumsum([0, *map(len, answers)])
    kept = OtherAnswers(
        np.concatenate(answers).astype(np.uint16), starts, others.rows[~dropped], others.kinds[~dropped]
    )
    return replace(pairs, others=kept)


def test_a_question_with_fewer_answers_leaves_the_others_where_they_are(tmp_path: Path) -> None:
    pairs = made_pairs(4, 2)
    whole, fewer = (observed("answers", task_of(own), tmp_path).values for own in (pairs, without(pairs, 1)))
    assert np.isnan(fewer["paraphrase"][:, 1]).all()
    assert np.isnan(fewer["wrong"][:, 1]).tolist() == [[False, True, True]] * 2
    rest = [0, 2, 3, 4, 5]
    for name in ("given", "paraphrase", "wrong"):
        np.testing.assert_allclose(fewer[name][:, rest], whole[name][:, rest], rtol=1e-5)


def test_what_shares_a_batch_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = task_of(made_pairs(4, 2))
    whole = observed("answers", task, tmp_path).values
    monkeypatch.setattr(batching, "MOST_LOGITS", {"cpu": 1})
    for name, values in observed("answers", task, tmp_path, [1, 5]).values.items():
        np.testing.assert_allclose(values, whole[name][:, [1, 5]], rtol=1e-5)


def test_plain_text_has_one_answer_and_no_other(tmp_path: Path) -> None:
    pairs = made_pairs(3, 2)
    plain = replace(pairs, prompts=np.zeros(5, np.int32), others=None)
    found = observed("answers", task_of(plain), tmp_path)
    assert np.isfinite(found.values["given"]).all() and found.values["wrong"].shape == (2, 5, 1)
    assert np.isnan(found.values["wrong"]).all() and np.isnan(found.values["paraphrase"]).all()


def test_files_make_a_round_trip(tmp_path: Path) -> None:
    found = observed("answers", task_of(without(made_pairs(4, 2), 1)), tmp_path)
    write_observation(tmp_path / "0000-0001.answers.parquet", {1: found}, {})
    (read,) = read_observation([tmp_path / "0000-0001.answers.parquet"], "answers").values()
    for name, values in found.values.items():
        np.testing.assert_array_equal(read.values[name], values)
