"""The commands of docs/own-images.md, as they stand there, on 300 pictures that the test makes."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from checkout import Checkout, Outcome
from made_pictures import CLASSES, save_classes
from PIL import Image

from unlearnkit.artifacts.store import read_array
from unlearnkit.artifacts.tables import read_table
from unlearnkit.config.load import load_experiment
from unlearnkit.data.images.dataset_file import read_image_set
from unlearnkit.workflow.graph import Graph

PAGE = (Path(__file__).resolve().parents[2] / "docs/own-images.md").read_text()
COMMANDS = re.findall(r"^```bash\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
DESCRIBE, CHECK, COMPUTE, READ, VERIFY = COMMANDS
CONFIGURATION = DESCRIBE.split("END'\n")[1].removesuffix("END\n")
RESULTS = Path("results/my_pictures")


def graph() -> Graph:
    return Graph(load_experiment(yaml.safe_load(CONFIGURATION)))


def test_the_page_needs_at_most_five_commands() -> None:
    assert len(COMMANDS) <= 5


def test_the_configuration_of_the_page_measures_the_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save_classes(Path("my_pictures"), 20, 24)
    first = graph()
    assert first.experiment.split_sizes == (32, 8, 0) and first.experiment.sample_shape == (3, 16, 16)
    assert first.experiment.num_classes == 2
    assert first.raw_files() == sorted(map(str, Path("my_pictures").rglob("*.png")))
    Image.new("RGB", (24, 24)).save("my_pictures/waves/new.png")
    second = graph()
    assert len(second.raw_files()) == 41 and second.dataset_slice() != first.dataset_slice()


def in_shell(checkout: Checkout, command: str) -> Outcome:
    """Run a command of the page in a shell whose first Python is that of the tests."""
    return checkout.run("bash", "-ec", f"export PATH={Path(sys.executable).parent}:$PATH\n{command}")


@pytest.mark.slow
@pytest.mark.workflow
def test_from_a_folder_to_a_table_and_again_after_a_picture_was_replaced(fresh: Checkout) -> None:
    pictures = save_classes(fresh.root / "my_pictures", 150, 16)
    described, checked, computed, table, verified = (in_shell(fresh, command) for command in COMMANDS)
    assert described.status == 0 and verified.status == 0, verified.output
    assert "image_folder is sound: 300 entries" in checked.output and "0 errors" in checked.output
    assert computed.status == 0, computed.output
    assert "| fine_tune | 2 | 4/4 |" in table.output
    assert in_shell(fresh, COMPUTE).nothing_to_do

    image_set = read_image_set(fresh.root / RESULTS / "data/dataset.safetensors")
    rows, _ = read_table(fresh.root / RESULTS / "data/rows.parquet")
    assert image_set.split_sizes == {"train": 240, "validation": 60} and image_set.class_names == CLASSES
    trained = rows["file"].to_pylist()[:240]
    five = [trained[row] for row in (200, 3, 77, 150, 12)]
    (fresh.root / "five.txt").write_text("\n".join(five))
    named = "--config 'forget_sets={five: {kind: file, file: five.txt, indices: names, size: 5}}'"
    alone = COMPUTE.replace("margin_distance_all", f"{RESULTS}/forget_sets/five.npy")[:-1]
    chosen = in_shell(fresh, f"{alone} {named}")
    assert chosen.status == 0 and chosen.counts == {"forget_set": 1}, chosen.output
    assert read_array(fresh.root / RESULTS / "forget_sets/five.npy").tolist() == [200, 3, 77, 150, 12]

    replaced = pictures / trained[0]
    Image.fromarray(255 - np.asarray(Image.open(replaced))).save(replaced)
    verified = in_shell(fresh, VERIFY)
    assert verified.status == 1 and f"problem: my_pictures/{trained[0]} was changed since" in verified.output
    again = in_shell(fresh, f"{COMPUTE[:-1]} -n")
    assert again.status == 0 and again.counts == computed.counts
