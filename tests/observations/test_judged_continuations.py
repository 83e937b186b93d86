"""Continuations as a judge sees them: scored beside the true text, and paid for once though a quota ends in between."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from test_endpoint_judge import completion, refused, serving

from unlearnkit.artifacts.observations import Observed, require_declared
from unlearnkit.artifacts.replies import Replies
from unlearnkit.errors import UnlearnkitError
from unlearnkit.observations import judged_continuations
from unlearnkit.training.derived import Means, derived

TEXT = np.dtypes.StringDType()
SUFFIXES = ["was born in Lisbon", "and so it goes on", "unseen before"]
WRITTEN = [["was born in Lisbon", "and so it ends", "a b c a b c"], ["was born in Lisbon", "and so it ends", ""]]
Make = Callable[..., tuple[Observed, dict[str, Any]]]


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """A function that judges the continuations of two models on two forgotten documents and one of validation."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    splits = np.array(["train", "train", "validation"])
    own = Observed(
        {"text": np.array(WRITTEN, TEXT)}, (0, 1), splits, np.array([4, 7, 0]), {"suffix": np.array(SUFFIXES, TEXT)}
    )

    def make(items: list[str] | None = None, **judge: Any) -> tuple[Observed, dict[str, Any]]:
        given = {"items": items, **({"judge": judge} if judge else {})}
        settings = judged_continuations.Settings.model_validate(given)
        means = Means(torch.device("cpu"), Replies(tmp_path / "out"), lambda _: None)
        found = derived(
            lambda shown: judged_continuations.derive(shown, settings, means),
            {"continuations": {2: own}},
            {},
            settings.items,
            [np.array([4, 7])],
            {},
        )
        require_declared("judged_continuations", found)
        return found[2], means.facts

    return make


def test_the_stand_in_compares_with_the_true_text_and_is_marked(made: Make) -> None:
    found, facts = made()
    # the true text itself; three of five words of it, in order; none of it, and one of four runs repeated; nothing
    np.testing.assert_allclose(found.values["score"], [[0, 4, 7.5], [0, 4, 0]])
    assert facts["judge"]["kind"] == "heuristic" and "not comparable with judges" in facts["judge"]["note"]
    assert (found.values["asked_scores"] == 1).all() and not found.values["unread_scores"].any()
    assert found.values["reply"][0, 2] == "SCORE: 7.500000"
    assert made(["forget"])[0].sample_index.tolist() == [4, 7]


def test_a_quota_that_ends_in_the_middle_is_paid_for_once(made: Make, tmp_path: Path) -> None:
    ended = refused(429, "You exceeded your quota", "insufficient_quota")
    scores = {1: "SCORE: 3", 2: "SCORE: 9.5"}
    with serving(lambda number: ended if number == 3 else completion(scores.get(number, "Final score: 9"))) as server:
        endpoint = {"kind": "endpoint", "url": server.url, "model": "big", "parallel": 1}
        with pytest.raises(UnlearnkitError, match=r"insufficient_quota .* 2 of 4 replies are kept in"):
            made(**endpoint)
        found, facts = made(**endpoint)
        assert len(server.received) == 5  # four questions, since two continuations are equal, and the refused one again
        np.testing.assert_array_equal(made(**endpoint)[0].values["score"], found.values["score"])
        assert len(server.received) == 5
    np.testing.assert_array_equal(found.values["score"], [[3, 9.5, np.nan], [3, 9.5, np.nan]])
    np.testing.assert_array_equal(found.values["unread_scores"], [[0, 0, 1], [0, 0, 1]])
    assert facts["judge"]["model"] == "big" and found.values["reply"][1, 2] == "Final score: 9"
    asked = server.received[0]["messages"][0]["content"]
    assert asked.endswith("True text: was born in Lisbon\nContinuation: was born in Lisbon")


def test_errors_name_the_block_of_this_observation(made: Make) -> None:
    with serving(lambda _: refused(404)) as server, pytest.raises(UnlearnkitError) as error:
        made(kind="endpoint", url=server.url, model="big")
    assert "Correct url and model of observations.judged_continuations.judge" in str(error.value)
    with pytest.raises(UnlearnkitError, match=r"observations\.judged_continuations\.judge\.key_variable"):
        made(kind="endpoint", url="http://127.0.0.1:1/v1", model="big", key_variable="NO_SUCH_KEY")
