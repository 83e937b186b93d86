"""Two leaderboards compared: rank correlation, who moved, and what is refused."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from made_tables import declared, settings, table

from unlearnkit.__main__ import main
from unlearnkit.ranking.leaderboard import leaderboard

VALUES = {"a": 1.0, "b": 2.0, "c": 4.0, "d": 7.0}


def board(values: dict[str, float]) -> dict[str, Any]:
    rows = table({f"set_{number}": {**values} for number in range(3)})
    return leaderboard(settings(*values), {"gap": declared()}, {"gap": rows}, seed=0)


@pytest.fixture(scope="module")
def boards() -> list[str]:
    """Two leaderboards as JSON: in the second, b and c change places, and d is gone while e is new."""
    return [json.dumps(board(values)) for values in (VALUES, {"a": 1.0, "b": 4.0, "c": 2.0, "e": 1.5})]


@pytest.fixture
def files(tmp_path: Path, boards: list[str]) -> list[str]:
    """The paths of files with both."""
    paths = [tmp_path / "old.json", tmp_path / "new.json"]
    for path, text in zip(paths, boards, strict=True):
        path.write_text(text)
    return [str(path) for path in paths]


def test_common_methods_are_correlated_and_those_that_moved_named(
    files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare-leaderboards", *files, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["common"], found["only_old"], found["only_new"]) == (["a", "b", "c"], ["d"], ["e"])
    overall = found["rankings"][0]
    # of three pairs one is the other way round
    assert (overall["tau"], overall["p"]) == (pytest.approx(1 / 3), pytest.approx(1))
    moved = {row["method"]: (row["old"], row["new"]) for row in overall["moved"]}
    assert moved == {"a": (1, 1), "b": (2, 3), "c": (3, 2)}
    assert main(["compare-leaderboards", *files]) == 0
    said = capsys.readouterr().out
    assert "3 variants are ranked by both" in said and "only in B: e" in said
    assert "overall: Kendall's tau 0.333" in said and "b: rank 2 -> 3" in said


def test_a_leaderboard_agrees_with_itself(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare-leaderboards", files[0], files[0]]) == 0
    said = capsys.readouterr().out
    assert "Kendall's tau 1.000" in said and "->" not in said


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("protocol", "num_models"), 8, "differ in their protocol: protocol.num_models is 4 against 8"),
        (("metrics", "gap", "settings"), {"bins": 9}, "differ in their metrics: metrics.gap.settings.bins is absent"),
        (("rule", "resamples"), 5, "differ in their rule: rule.resamples is 1000 against 5"),
    ],
)
def test_other_protocols_are_refused_with_what_differs(
    files: list[str], capsys: pytest.CaptureFixture[str], path: tuple[str, ...], value: Any, said: str
) -> None:
    document = copy.deepcopy(json.loads(Path(files[1]).read_text()))
    block = document
    for key in path[:-1]:
        block = block[key]
    block[path[-1]] = value
    Path(files[1]).write_text(json.dumps(document))
    assert main(["compare-leaderboards", *files]) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "it is not readable as JSON"),
        ("[]", "it is no mapping"),
        ('{"format": 1}', "it has no rankings, rule, metrics, protocol, variants"),
        (None, "rankings is no list of rankings with entries"),
    ],
)
def test_what_is_no_leaderboard_is_refused_with_what_it_lacks(
    files: list[str],
    boards: list[str],
    capsys: pytest.CaptureFixture[str],
    text: str | None,
    said: str,
    tmp_path: Path,
) -> None:
    damaged = json.dumps({**json.loads(boards[0]), "rankings": [{"of": "overall"}]})
    (tmp_path / "other.json").write_text(damaged if text is None else text)
    assert main(["compare-leaderboards", files[0], str(tmp_path / "other.json")]) == 1
    assert f"other.json is no leaderboard: {said}" in capsys.readouterr().err


@pytest.mark.parametrize("score", [None, "2", True, float("nan")])
def test_a_score_that_is_no_number_is_refused_with_where_it_is(
    files: list[str], capsys: pytest.CaptureFixture[str], score: Any
) -> None:
    document = json.loads(Path(files[1]).read_text())
    next(entry for entry in document["rankings"][1]["entries"] if entry["method"] == "b")["score"] = score
    Path(files[1]).write_text(json.dumps(document))
    assert main(["compare-leaderboards", *files]) == 1
    said = f"{files[1]} is no leaderboard: the score of b in the ranking gap is {json.dumps(score)}, not a number"
    assert said in capsys.readouterr().err


def test_rankings_of_different_variants_are_refused(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(Path(files[0]).read_text())
    document["rankings"][1]["entries"].pop()
    Path(files[0]).write_text(json.dumps(document))
    assert main(["compare-leaderboards", *files]) == 1
    assert "its rankings are not all of the same variants" in capsys.readouterr().err
