"""`unlearnkit verify` where the user's files are others than artifacts were made of: new, renamed or gone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from by_hand import ByHand
from made_pictures import save_classes

Call = Callable[..., tuple[int, str]]
CONFIGURATION = {
    "experiment": "hand",
    "model": {"name": "small_cnn"},
    "training": {"epochs": 1, "batch_size": 4, "warmup_epochs": 1},
    "num_models": 1,
    "shard_size": 1,
    "oracles": "none",
    "forget_sets": {"some": {"kind": "class", "label": "waves", "size": 2}},
    "methods": {"do_nothing": {"method": "do_nothing"}},
    "metrics": {"margin": {}},
}
FACT = "problem: results/hand/data/dataset.safetensors was made of other files than are there now: "


def configure(root: Path) -> None:
    Path("config.yaml").write_text(
        yaml.safe_dump({**CONFIGURATION, "data": {"name": "image_folder", "root": str(root)}})
    )


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Pictures of which a data set was made and a table of it, and the configuration of both."""
    monkeypatch.chdir(tmp_path)
    save_classes(Path("pictures"), 10)
    inputs = tuple(map(str, sorted((tmp_path / "pictures").rglob("*.png"))))
    by_hand = ByHand(tmp_path)
    for name in ("data/dataset.safetensors", "data/rows.parquet"):
        by_hand.write(name, "pictures", inputs)
    by_hand.write("tables/cost.parquet", "costs", ("data/dataset.safetensors",))
    configure(tmp_path / "pictures")
    return tmp_path


def test_pictures_that_were_added_renamed_and_removed_are_a_problem(pictures: Path, call: Call) -> None:
    status, output = call(pictures, "verify")
    assert status == 0 and "compared" not in output
    first = Path("pictures/waves/00001.png")
    (pictures / first).rename(pictures / first.with_name("other.png"))
    (pictures / "pictures/stripes/00002.png").unlink()
    status, output = call(pictures, "verify")
    said = "1 is new (waves/other.png), 2 are gone (stripes/00002.png, waves/00001.png). Repair: rm -f "
    assert status == 1 and FACT + said in output
    assert (
        "the chain to raw data is broken at data/dataset.safetensors" in output and "not on this machine" not in output
    )
    Path("config.yaml").unlink()
    status, output = call(pictures, "verify")
    assert status == 1 and f"{FACT}2 are gone (" in output


def test_another_picture_alone_is_a_problem(pictures: Path, call: Call) -> None:
    first = pictures / "pictures/waves/00001.png"
    first.with_name("new.png").write_bytes(first.read_bytes())
    status, output = call(pictures, "verify")
    assert status == 1 and f"{FACT}1 is new (waves/new.png). Repair" in output


def test_results_whose_pictures_are_elsewhere_are_sound(pictures: Path, call: Call) -> None:
    (pictures / "pictures").rename(pictures / "moved")
    configure(pictures / "moved")
    status, output = call(pictures, "verify")
    assert status == 0 and f"note: {pictures}/pictures/stripes/00000.png is not on this machine" in output


def test_the_chain_names_pictures_below_their_folder(pictures: Path, call: Call) -> None:
    assert "every cell comes from stripes/00000.png " in call(pictures, "verify")[1]
