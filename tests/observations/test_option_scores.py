"""Option scores are sums of log p over the texts of options, one by one, without what ends them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from made_pairs import made_pairs
from text_models import observed, task_of

from unlearnkit.data.text.other_answers import KINDS, WRONG
from unlearnkit.errors import TrainingError
from unlearnkit.training.language import observed as batching


def log_p(network: torch.nn.Module, prompt: np.ndarray, answer: np.ndarray) -> float:
    """The sum of log p over the tokens of one answer but its end, after one prompt, in double precision."""
    whole = torch.from_numpy(np.concatenate([prompt, answer]).astype(np.int64))
    with torch.inference_mode():
        values = network(whole[None])[0].double().log_softmax(-1)
    return sum(values[at - 1, whole[at]].item() for at in range(len(prompt), len(whole) - 1))


def test_they_are_those_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = made_pairs(4, 2, further={"choices": 3})
    task, rows = task_of(pairs), [6, 7, 8]
    found = observed("option_scores", task, tmp_path, rows)
    assert found.values["wrong"].shape == (2, 3, 3) and {*found.split} == {"choices"}
    others = pairs.others
    assert others is not None
    answers = list(others.answers())
    for model in range(2):
        network = task.architecture.build(model).eval()
        for item, row in enumerate(rows):
            whole = pairs.tokens[pairs.starts[row] : pairs.starts[row] + pairs.lengths[row]]
            prompt, answer = whole[: pairs.prompts[row]], whole[pairs.prompts[row] :]
            assert found.values["right"][model, item] == pytest.approx(log_p(network, prompt, answer), rel=1e-5)
            own = np.flatnonzero((others.rows == row) & (others.kinds == KINDS.index(WRONG)))
            expected = [log_p(network, prompt, answers[at]) for at in own]
            np.testing.assert_allclose(found.values["wrong"][model, item], expected, rtol=1e-5)
    monkeypatch.setattr(batching, "MOST_LOGITS", {})
    monkeypatch.setitem(batching.MOST_LOGITS, "cpu", 1)
    alone = observed("option_scores", task, tmp_path, rows)
    np.testing.assert_allclose(alone.values["wrong"], found.values["wrong"], rtol=1e-5)


def test_a_document_has_no_options(tmp_path: Path) -> None:
    pairs = made_pairs(4, 2)
    plain = replace(pairs, prompts=np.where(np.arange(6) == 1, 0, pairs.prompts).astype(np.int32))
    with pytest.raises(
        TrainingError, match="sequence 1 is a document, which has none; expected items that are splits of"
    ):
        observed("option_scores", task_of(plain), tmp_path, [0, 1])
