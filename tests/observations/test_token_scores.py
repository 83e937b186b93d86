"""Scores of tokens are those of the logits, written out in double precision, whatever shares a batch."""

from __future__ import annotations

import zlib
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from made_pairs import made_pairs
from pretrained_bases import base_of, pretrained, some_tokens

from unlearnkit import registry
from unlearnkit.artifacts.observations import Observed, read_observation, require_declared, write_observation
from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.config.data.tokenizer import CharacterTokenizer
from unlearnkit.data.text.sequences import IGNORE
from unlearnkit.data.text.text_set import TextSet
from unlearnkit.data.text.tokenizer import write_tokenizer
from unlearnkit.data.text.tokenizer_making import make_tokenizer
from unlearnkit.errors import TrainingError
from unlearnkit.models.building import states_of
from unlearnkit.training.evaluation import observed_of_models
from unlearnkit.training.language import observed as batching
from unlearnkit.training.language import token_scores as scoring
from unlearnkit.training.setup import task_for
from unlearnkit.training.shard import Task, Worker

module = registry.load("observation", "token_scores")
CPU = torch.device("cpu")
LENGTHS, UNITS = np.array([6, 3, 5, 6, 2, 4], np.int32), np.array([0, 0, 1, 2, 3, 4])
VOCABULARY = 11


@pytest.fixture(scope="module")
def task() -> Task:
    """A model of a few sequences, the first of which goes on in the second."""
    text_set = TextSet(
        tokens=np.random.RandomState(0).randint(VOCABULARY, size=LENGTHS.sum()).astype(np.uint16),
        starts=np.cumsum([0, *LENGTHS[:-1]]).astype(np.int64),
        lengths=LENGTHS,
        units=UNITS,
        train_size=4,
        validation_size=2,
        vocabulary_size=VOCABULARY,
        length=6,
    )
    return task_for(text_set, {"name": "nanogpt", "layers": 1, "width": 16, "heads": 2}, 0, CPU)


def observed(
    task: Task, tmp_path: Path, rows: list[int] | None = None, tokenizer: Path | None = None, **changes: Any
) -> Observed:
    states = [states_of(task.architecture.build(seed))[0] for seed in range(2)]
    worker = Worker(CPU, lambda: 0.0, ResumeFolder(str(tmp_path / "out"), "key"), lambda _: None)
    observe = partial(module.observe, settings=module.Settings(), tokenizer=tokenizer)
    chosen = None if rows is None else np.array(rows)
    how = (lambda model, _: states[model], [0, 1], [1], task.source.text_set, task, worker)
    found = observed_of_models(observe, *how, rows=chosen, **changes)
    require_declared("token_scores", found)
    return found[1]


def by_hand(logits: np.ndarray, target: int) -> tuple[float, float, float]:
    """The three scores of one target from its logits, in double precision."""
    z = logits.astype(float)
    log_p = z - z.max() - np.log(np.exp(z - z.max()).sum())
    p = np.exp(log_p)
    mean = (p * log_p).sum()
    spread = np.sqrt(max((p * log_p**2).sum() - mean**2, 1e-6))
    return log_p[target], (log_p[target] - mean) / spread, z[target] - np.delete(z, target).max()


def test_they_are_those_by_hand_and_lie_in_order(task: Task, tmp_path: Path) -> None:
    found = observed(task, tmp_path)
    assert found.of_samples["targets"].tolist() == [6, 2, 4, 5, 1, 3]
    assert not found.of_samples["closed"].any()
    tokens = task.source
    for model in range(2):
        network = task.architecture.build(model).eval()
        for row in range(len(LENGTHS)):
            inputs, labels = tokens.batch(torch.tensor([row]), tokens.within(None))
            with torch.inference_mode():
                logits = network(inputs)[0].numpy()
            own = labels[0][labels[0] != IGNORE].tolist()
            expected = np.array([by_hand(logits[at], target) for at, target in enumerate(own)]).T
            for name, values in zip(("log_p", "standardised", "lead"), expected, strict=True):
                scores = found.values[name][model, row]
                assert scores.shape == (6,) and scores.dtype == np.float32
                np.testing.assert_allclose(scores[: len(own)], values, rtol=2e-4, atol=2e-6)
                assert np.isnan(scores[len(own) :]).all()


def test_a_sequence_has_the_same_scores_alone(task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = observed(task, tmp_path)
    monkeypatch.setattr(batching, "MOST_LOGITS", {"cpu": 1})
    monkeypatch.setattr(scoring, "MOST_LOGITS", {"cpu": 1})
    alone = observed(task, tmp_path, [1, 4])
    for name, values in alone.values.items():
        assert values.shape == (2, 2, 6)
        np.testing.assert_allclose(values, whole.values[name][:, [1, 4]], rtol=1e-4, atol=1e-5)


def test_the_text_of_the_targets_is_compressed(task: Task, tmp_path: Path) -> None:
    settings = CharacterTokenizer.model_validate({"kind": "characters"})
    tokenizer = make_tokenizer(settings, ["abcdefghij"])  # a token each, and the end of text
    write_tokenizer(tmp_path / "tokenizer.json", tokenizer)
    found = observed(task, tmp_path, tokenizer=tmp_path / "tokenizer.json").of_samples["compressed"]
    stream, starts = task.source.text_set.tokens, task.source.text_set.starts
    for row, count in enumerate([6, 2, 4, 5, 1, 3]):
        text = tokenizer.decode(stream[starts[row] + 1 : starts[row] + 1 + count])
        assert found[row] == len(zlib.compress(text.encode()))
    assert not observed(task, tmp_path).of_samples["compressed"].any()


def test_of_pairs_the_answer_is_scored_and_its_end_is_told_apart(tmp_path: Path) -> None:
    pairs = made_pairs(3, 2, further={"facts": 2})
    task = task_for(pairs, {"name": "nanogpt", "layers": 1, "width": 16, "heads": 2}, 0, CPU)
    found = observed(task, tmp_path)
    assert found.of_samples["closed"].all() and found.split.tolist()[-2:] == ["facts"] * 2
    np.testing.assert_array_equal(found.of_samples["targets"], pairs.lengths - pairs.prompts)
    tokens, network = task.source, task.architecture.build(1).eval()
    for row, (prompt, length) in enumerate(zip(pairs.prompts, pairs.lengths, strict=True)):
        whole = torch.from_numpy(pairs.tokens[pairs.starts[row] :][:length].astype(np.int64))[None]
        with torch.inference_mode():
            log_p = network(whole)[0].double().log_softmax(-1)
        expected = [log_p[at - 1, whole[0, at]].item() for at in range(prompt, length)]
        np.testing.assert_allclose(found.values["log_p"][1, row][: length - prompt], expected, rtol=1e-4)
    assert tokens.text_set.targets.max() == found.values["log_p"].shape[-1]


def test_scores_are_float32_and_distinct_where_a_model_is_sure() -> None:
    logits, labels = torch.zeros(1, 200, 5), torch.zeros(1, 200, dtype=torch.int64)
    logits[0, :, 0] = torch.linspace(8, 60, 200)
    scores = scoring.token_scores(logits, labels)
    assert len(scores[0].unique()) == 200
    np.testing.assert_allclose(scores[0], -np.log1p(4 * np.exp(-np.linspace(8, 60, 200))), rtol=1e-5)
    assert scoring.token_scores(logits.bfloat16(), labels).dtype == torch.float32


def test_a_model_in_bfloat16_has_scores_without_ties() -> None:
    model = pretrained(base_of()[0], dtype="bfloat16").build(seed=0).eval()
    tokens = some_tokens(10, 21)
    with torch.inference_mode():
        logits = model(tokens[:, :-1])
    scores = scoring.token_scores(logits, tokens[:, 1:])
    assert logits.dtype == torch.bfloat16 and scores.dtype == torch.float32
    # logits have eight bits, and some of them twins
    assert len(logits.gather(2, tokens[:, 1:, None]).unique()) < 190
    # two of the two hundred are the first target after the same token
    assert all(len(own.unique()) >= 199 for own in scores[:2])


def test_a_failed_model_has_no_scores() -> None:
    logits = torch.zeros(1, 3, 4)
    logits[0, 0, 1], logits[0, 1, 0] = torch.nan, torch.inf
    scores = scoring.token_scores(logits, torch.zeros(1, 3, dtype=torch.int64))
    assert scores[0].isnan().tolist() == [True, True, False]


def test_text_of_several_networks_is_refused(task: Task, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="not defined for ensembles"):
        observed(task, tmp_path, assemble=lambda state, logits_of: logits_of(state))


def test_files_make_a_round_trip(task: Task, tmp_path: Path) -> None:
    found = observed(task, tmp_path, [0, 5])
    write_observation(tmp_path / "0000-0001.token_scores.parquet", {1: found}, {})
    (read,) = read_observation([tmp_path / "0000-0001.token_scores.parquet"], "token_scores").values()
    np.testing.assert_array_equal(read.values["log_p"], found.values["log_p"])
    assert read.of_samples["targets"].tolist() == [6, 3]
    assert module.Settings().size(6) == 3 * found.values["lead"][0, 0].nbytes
