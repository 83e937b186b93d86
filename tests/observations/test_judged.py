"""Judged: both orders are asked, disagreement is a tie, unread replies say nothing, and nothing is asked twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from unlearnkit.artifacts.observations import Observed, read_observation, require_declared, write_observation
from unlearnkit.artifacts.replies import Replies
from unlearnkit.data.text.pair_set import Pair
from unlearnkit.errors import ArtifactError
from unlearnkit.judges import JUDGES, load_judge
from unlearnkit.observations import judged
from unlearnkit.observations.judges.asking import Asked
from unlearnkit.training.derived import Means, Shown, derived

TEXT = np.dtypes.StringDType()
SPLITS = {
    "train": [Pair(f"question {row}?", f"true answer {row}", group="qa" if row < 2 else "choice") for row in range(4)],
    "validation": [Pair("another?", "truth itself", group="qa")],
}
FORGOTTEN = np.array([1, 3])


def written(*answers: list[str]) -> Observed:
    """What models answer to the training pairs, then to the one of validation."""
    rows = len(answers[0])
    split = np.array(["train"] * (rows - 1) + ["validation"])
    return Observed(
        {"text": np.array(answers, TEXT)}, tuple(range(len(answers))), split, np.array([0, 1, 2, 3, 0])[:rows]
    )


def means(tmp_path: Path) -> Means:
    return Means(torch.device("cpu"), Replies(tmp_path / "out"), lambda _: None)


class Scripted:
    """A judge that replies by a table, and notes what it was asked."""

    def __init__(self, table: dict[tuple[str, ...], str]) -> None:
        self.table, self.asked = table, []

    def replies(self, asked: list[Asked], settings: Any, means: Means) -> list[str]:
        self.asked += asked
        return [self.table.get(one.answers, "no idea") for one in asked]


def made(
    judge: Scripted | None, tmp_path: Path, own: Observed, originals: Observed, monkeypatch: Any, **settings: Any
) -> Observed:
    if judge:
        monkeypatch.setattr(judged, "load_judge", lambda kind: judge)
    chosen = judged.Settings.model_validate({"items": None, **settings})

    def derive(shown: Any) -> Any:
        return judged.derive(shown, chosen, means(tmp_path))

    found = derived(derive, {"generations": {3: own}}, {"generations": originals}, chosen.items, [FORGOTTEN], SPLITS)
    require_declared("judged", found)
    return found[3]


ORIGINAL = ["a", "b", "c", "d", "e"]


def test_both_orders_are_asked_and_what_they_say_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = {
        ("a", "A"): "VERDICT: 2",  # better in both orders
        ("A", "a"): "VERDICT: 1",
        ("b", "B"): "VERDICT: 1",  # worse in both
        ("B", "b"): "VERDICT: 2",
        ("c", "C"): "VERDICT: 1",  # the first answer, whichever it is
        ("C", "c"): "VERDICT: 1",
        ("d", "D"): "VERDICT: TIE",
        ("D", "d"): "five reasons, so the second one is better: 9",
    }
    judge = Scripted(table)
    own = written(["A", "B", "C", "D", "e"])
    found = made(judge, tmp_path, own, written(ORIGINAL), monkeypatch, score=False)
    np.testing.assert_array_equal(found.values["verdict"], [[1, -1, 0, np.nan, 0]])
    assert found.values["asked_verdicts"].tolist() == [[2, 2, 2, 2, 0]]  # equal answers are a tie, without asking
    assert found.values["unread_verdicts"].tolist() == [[0, 0, 0, 1, 0]]
    assert not found.values["asked_scores"].any() and not found.values["unread_scores"].any()
    assert json.loads(found.values["replies"][0, 3]) == ["VERDICT: TIE", table["D", "d"]]
    assert np.isnan(found.values["score"]).all()
    assert found.of_samples["group"].tolist() == ["qa", "qa", "choice", "choice", "qa"]
    assert judge.asked[0] == Asked("question 0?", "true answer 0", ("a", "A"))
    write_observation(tmp_path / "0000-0000.judged.parquet", {3: found}, {})
    (read,) = read_observation([tmp_path / "0000-0000.judged.parquet"], "judged").values()
    np.testing.assert_array_equal(read.values["verdict"], found.values["verdict"])


def test_models_are_compared_with_their_own_originals_and_nothing_is_asked_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = Scripted({("x",): "SCORE: 7.5", ("y",): "SCORE: 85", ("z",): ""})
    own = written(["x", "y", "z", "x", "x"], ["x", "y", "z", "x", "x"])
    originals = written(ORIGINAL, ["x", "y", "z", "x", "x"])
    found = made(judge, tmp_path, own, originals, monkeypatch)
    assert len(judge.asked) == len({*judge.asked}) == 5 * 3
    assert found.values["asked_verdicts"].tolist() == [[2] * 5, [0] * 5]
    assert found.values["unread_verdicts"].tolist() == [[2] * 5, [0] * 5]
    assert found.values["asked_scores"].tolist() == [[1] * 5] * 2
    assert found.values["unread_scores"].tolist() == [[0, 1, 1, 0, 0]] * 2
    np.testing.assert_array_equal(found.values["score"], [[7.5, np.nan, np.nan, 7.5, 7.5]] * 2)
    np.testing.assert_array_equal(found.values["verdict"], [[np.nan] * 5, [0] * 5])
    # one original stands for all
    again = made(judge, tmp_path, own, originals.take_models([1]), monkeypatch)
    np.testing.assert_array_equal(again.values["verdict"], [[0] * 5] * 2)


@pytest.mark.parametrize(
    ("items", "rows"),
    [(("forget",), [1, 3]), (("retain", "validation"), [0, 2, 4]), (None, [0, 1, 2, 3, 4])],
)
def test_items_are_those_of_the_forget_set_or_of_splits(
    items: tuple[str, ...] | None, rows: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = Scripted({})
    own = written([letter.upper() for letter in ORIGINAL])
    found = made(judge, tmp_path, own, written(ORIGINAL), monkeypatch, items=items, baseline=None)
    assert [one.answers[0] for one in judge.asked] == [own.values["text"][0, row] for row in rows]
    assert found.sample_index.tolist() == own.sample_index[rows].tolist()


def test_groups_that_are_left_out_are_not_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judge = Scripted({})
    found = made(judge, tmp_path, written(ORIGINAL), written(ORIGINAL), monkeypatch, groups=("choice",))
    assert {one.question for one in judge.asked} == {"question 2?", "question 3?"}
    np.testing.assert_array_equal(found.values["verdict"], [[np.nan, np.nan, 0, 0, np.nan]])


def test_the_judge_sees_the_turns_before_a_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    turns = (("user", "Who is Ada Moor?"), ("assistant", "A writer."))
    pairs = [Pair("Where was she born?", "Lisbon."), Pair("Where was she born?", "Lisbon.", history=turns)]
    judge = Scripted({})
    monkeypatch.setattr(judged, "load_judge", lambda kind: judge)
    shown = Shown({"generations": written(["Oslo.", "Oslo."])}, {"generations": written(["a", "b"])}, pairs)
    judged.derive(shown, judged.Settings.model_validate({"baseline": None}), means(tmp_path))
    assert [one.question for one in judge.asked] == [
        "Where was she born?",
        "user: Who is Ada Moor?\nassistant: A writer.\nuser: Where was she born?",
    ]


def test_answers_are_compared_with_the_true_ones_where_that_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = Scripted({})
    made(judge, tmp_path, written(ORIGINAL), written(ORIGINAL), monkeypatch, baseline="answer", score=False)
    assert [one.answers for one in judge.asked[:2]] == [("true answer 0", "a"), ("a", "true answer 0")]


def test_the_stand_in_prefers_what_gives_less_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = written(["nothing known", "true answer 1", "", "no no no no no", "who knows that"])
    originals = written(["true answer 0", "nothing known", "c", "no idea of it", "truth itself"])
    found = made(None, tmp_path, own, originals, monkeypatch)
    np.testing.assert_array_equal(found.values["verdict"], [[1, -1, -1, -1, 1]])
    assert found.values["score"][0].tolist() == pytest.approx([10, 0, 0, 10 / 3, 10], rel=1e-5)
    assert not found.values["unread_verdicts"].any() and not found.values["unread_scores"].any()


def test_a_sample_that_was_not_observed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    originals = written(ORIGINAL).take_samples(np.array([0, 1, 2, 4]))
    with pytest.raises(ArtifactError, match="generations of 1 samples is missing, such as that of train sample 3"):
        made(Scripted({}), tmp_path, written(ORIGINAL), originals, monkeypatch)


def test_every_judge_keeps_the_contract() -> None:
    for kind in JUDGES:
        module = load_judge(kind)
        assert isinstance(module.LANGUAGE_MODEL, bool) and isinstance(module.HAS_BASE, bool)
        assert module.Settings.model_fields["kind"].annotation.__args__ == (kind,)
        assert callable(module.replies) and module.__doc__
