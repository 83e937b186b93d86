"""`unlearnkit diff`: what differs between two result folders, and the few causes of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from by_hand import ByHand
from checkout import RESULTS, Checkout, MadeOnce

Call = Callable[..., tuple[int, str]]
ALL = 4


@pytest.fixture(scope="module")
def changed(completed: Checkout, made_once: MadeOnce) -> Checkout:
    """The tiny experiment with another learning rate of scrub."""

    def make(copy: Checkout) -> None:
        copy.configure({"methods.scrub.lr": 0.03})
        copy.make()

    return made_once("changed", completed, make)


def compared(call: Call, old: Path, new: Path, status: int = 1) -> dict[str, Any]:
    ended, output = call(old, "diff", str(old), str(new), "--json")
    assert ended == status, output
    return json.loads(output)


def causes(told: dict[str, Any]) -> dict[tuple[str, str, str, str], int]:
    return {(c["kind"], c["subject"], c["old"], c["new"]): len(c["explains"]) for c in told["causes"]}


@pytest.mark.slow
@pytest.mark.workflow
def test_one_changed_setting_explains_everything(completed: Checkout, changed: Checkout, call: Call) -> None:
    told = compared(call, completed.root / RESULTS, changed.root / RESULTS)
    (cause,) = told["causes"]
    assert (cause["kind"], cause["subject"]) == ("settings", "methods.scrub.lr")
    assert (cause["old"], cause["new"]) == ("0.01", "0.03")
    assert len(cause["explains"]) >= 20
    assert not [name for name in cause["explains"] if "do_nothing" in name or "oracle" in name]
    assert {"tables/klom.parquet", "figures/nines/margins.svg"} <= {*cause["explains"]}
    assert told["times_only"] == [f"tables/cost.{kind}" for kind in ("csv", "md", "parquet")]
    assert "report/index.html" in told["not_compared"] and "report/methods/scrub.html" in told["not_compared"]
    assert all(name.startswith("report/") for name in told["not_compared"])
    assert told["only_in_a"] == told["only_in_b"] == {}


@pytest.mark.slow
@pytest.mark.workflow
def test_headline_values_come_largest_first(completed: Checkout, changed: Checkout, call: Call) -> None:
    values = compared(call, completed.root / RESULTS, changed.root / RESULTS)["values"]
    sizes = [abs(row["difference"]) for row in values]
    assert values
    assert sizes == sorted(sizes, reverse=True)
    assert {row["candidate"] for row in values} == {"scrub"}
    output = call(completed.root, "diff", str(completed.root / RESULTS), str(changed.root / RESULTS))[1]
    assert "settings methods.scrub.lr 0.01 -> 0.03: explains " in output
    assert "no difference but in times: tables/cost.csv" in output
    assert "UNEXPLAINED" not in output


@pytest.mark.workflow
def test_a_folder_is_the_same_as_its_copy(completed: Checkout, tmp_path: Path, call: Call) -> None:
    shutil.copytree(completed.root / RESULTS, tmp_path / "moved")
    told = compared(call, completed.root / RESULTS, tmp_path / "moved", status=0)
    assert told["same"] and not told["causes"] and not told["values"]


@pytest.mark.workflow
def test_damage_is_loud_and_no_cause_is_made_up(completed: Checkout, tmp_path: Path, call: Call) -> None:
    shutil.copytree(completed.root / RESULTS, tmp_path / "moved")
    weights = tmp_path / "moved/original/0000-0001.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    status, output = call(tmp_path, "diff", str(completed.root / RESULTS), "moved")
    assert status == 1
    assert "UNEXPLAINED: moved/original/0000-0001.safetensors was damaged or replaced: explains 1 artifact (" in output
    assert "causes" not in output


@pytest.mark.slow
@pytest.mark.workflow
def test_damage_explains_nothing_that_was_made_before_it(
    completed: Checkout, changed: Checkout, tmp_path: Path, call: Call
) -> None:
    shutil.copytree(changed.root / RESULTS, tmp_path / "moved")
    weights = tmp_path / "moved/original/0000-0001.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    told = compared(call, completed.root / RESULTS, tmp_path / "moved")
    assert {cause["kind"]: len(cause["explains"]) for cause in told["causes"]}["damaged"] == 1
    assert {cause["kind"] for cause in told["causes"]} == {"damaged", "settings"}


@pytest.mark.workflow
def test_what_is_on_one_side_is_counted(completed: Checkout, tmp_path: Path, call: Call) -> None:
    shutil.copytree(completed.root / RESULTS, tmp_path / "moved")
    shutil.rmtree(tmp_path / "moved/unlearned/nines/scrub")
    told = compared(call, completed.root / RESULTS, tmp_path / "moved")
    assert told["only_in_a"] == {"unlearned scrub": 2, "margins unlearned scrub": 2}
    assert told["only_in_b"] == {}


# causes, tried on files made by hand


@pytest.fixture
def other(tmp_path: Path, raw: Path) -> Callable[..., Path]:
    """A function that makes the experiment once more, with changes, and returns its results."""

    def make(raw_text: str = "raw data", **changes: dict[str, Any]) -> Path:
        again = tmp_path / "other" / raw.name
        again.parent.mkdir()
        again.write_text(raw_text)
        ByHand(tmp_path / "again").experiment(again, **changes)
        return tmp_path / "again/results/hand"

    return make


MARGINS = "original/0000-0001.margins.parquet"
SCORE = "scores/mia/nines/original.parquet"
CASES: dict[str, tuple[dict[str, Any], dict[tuple[str, str, str, str], int]]] = {
    "a setting": (
        {MARGINS: {"settings": {"hidden": [8]}}},
        {("settings", "model.hidden", "null", "[8]"): 3},
    ),
    "a setting of a metric": (
        {SCORE: {"settings": {"settings": {"folds": 5}}}},
        {("settings", "metrics.mia.folds", "null", "5"): 2},
    ),
    "code": (
        {SCORE: {"code": "1" * 16}},
        {("code", "rule score mia", "0" * 16, "1" * 16): 2},
    ),
    "a device": (
        {MARGINS: {"device": "NVIDIA H100"}},
        {("machine", "device", "None", "NVIDIA H100"): 3},
    ),
    "nothing on record": (
        {MARGINS: {"content": "drawn anew"}},
        {("unexplained", MARGINS, "", ""): 3},
    ),
    "two causes": (
        {MARGINS: {"code": "2" * 16}, SCORE: {"code": "1" * 16}},
        {
            ("code", "rule score", "0" * 16, "2" * 16): 3,
            ("code", "rule score mia", "0" * 16, "1" * 16): 2,
        },
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_first_cause_is_found(by_hand: ByHand, other: Callable[..., Path], call: Call, name: str) -> None:
    changes, expected = CASES[name]
    told = compared(call, by_hand.root / "results/hand", other(**changes))
    assert causes(told) == expected


def test_raw_data_is_a_cause_and_its_place_is_none(
    by_hand: ByHand, other: Callable[..., Path], call: Call, raw: Path, tmp_path: Path
) -> None:
    told = compared(call, by_hand.root / "results/hand", other("other raw data"))
    ((cause, explained),) = causes(told).items()
    assert cause[:2] == ("raw data", raw.name)
    assert explained == ALL
    ByHand(tmp_path / "third").experiment(raw)
    compared(call, by_hand.root / "results/hand", tmp_path / "third/results/hand", status=0)


@pytest.mark.parametrize("words", [("nowhere", "nowhere"), (".", ".")])
def test_trouble_is_two(tmp_path: Path, call: Call, words: tuple[str, str]) -> None:
    status, output = call(tmp_path, "diff", *words)
    assert status == 2
    assert output.startswith("error: ")


def test_several_experiments_are_trouble(by_hand: ByHand, call: Call) -> None:
    shutil.copytree(by_hand.root / "results/hand", by_hand.root / "results/hand2")
    assert call(by_hand.root, "diff", "results", "results")[0] == 2


def test_raw_files_of_one_name_are_told_apart_by_their_folders(tmp_path: Path, call: Call) -> None:
    for side, content in (("a", "one text"), ("b", "another")):
        folder, files = tmp_path / f"texts of {side}", {"train/a.txt": content, "validation/a.txt": "the same"}
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True)
            (folder / name).write_text(text)
        inputs = tuple(str(folder / name) for name in files)
        by_hand = ByHand(tmp_path / side)
        by_hand.write("data/train.bin", f"tokens of {content}", inputs)
        by_hand.write("data/dataset.safetensors", f"cuts of {content}", ("data/train.bin",), raw={})
        by_hand.write("tables/cost.parquet", "costs", ("data/dataset.safetensors",))
        status, output = call(by_hand.root, "verify", "results/hand")
        assert status == 0 and "tables/cost.parquet: every cell comes from train/a.txt" in output
    (cause,) = causes(compared(call, tmp_path / "a/results/hand", tmp_path / "b/results/hand"))
    assert cause[:2] == ("raw data", "train/a.txt")
