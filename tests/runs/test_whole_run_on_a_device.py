"""Every job that computes runs on another device: an experiment of each kind from raw data to margins and matrices."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from checkout import RESULTS, Checkout
from tiny_clip import save_clip
from tiny_text import text_experiment

from unlearnkit.artifacts.attribution import MatrixFile
from unlearnkit.artifacts.margins import read_margins

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

IMAGES = {
    "num_models": 12,
    "held_out_oracles": 12,
    "data": {"name": "digits", "train_size": 60, "validation_size": 20},
    "training.batch_size": 20,
    "shard_size": 12,
    "attributions": {
        "subsets": {"kind": "datamodels", "models": 12, "regularization": [0.5, 0.3]},
        "slopes": {"kind": "trak", "checkpoints": 1, "dimension": 16},
    },
    "embedding": {"model": "clip"},
    "forget_sets": {"near": {"kind": "clip_neighbours", "index": 3, "size": 6}},
    "methods": {"scrub": {"method": "scrub", "epochs": 2, "ascent_epochs": 1}},
}


def on_another_device(copy: Checkout) -> None:
    """Edit a copy so that all its jobs compute on the pretended device."""
    shutil.copy(Path(__file__).parent.parent / "device/pretend_device.py", copy.root / "unlearnkit")
    copy.edit("unlearnkit/training/setup.py", "device=torch.device(wanted)", "device=DEVICE")
    with (copy.root / "unlearnkit/training/setup.py").open("a") as module:
        module.write(
            "\nfrom unlearnkit.pretend_device import pretending\nBLOCK = pretending()\nDEVICE = BLOCK.__enter__()\n"
        )


def same_margins(first: Checkout, second: Checkout, names: Iterable[str]) -> None:
    """Assert that the margins of two runs are equal but for rounding."""
    for name in names:
        one, other = (read_margins([copy.result(name)]) for copy in (first, second))
        for epoch, margins in one.items():
            np.testing.assert_allclose(other[epoch].margins, margins.margins, rtol=1e-3, atol=1e-3, err_msg=name)


def test_images_and_attributions(fresh: Checkout, tmp_path: Path) -> None:
    save_clip(fresh.root / "clip")
    fresh.configure(IMAGES)
    other = fresh.copy(tmp_path / "elsewhere")
    on_another_device(other)
    margins = [f"{folder}/0000-0011.margins.parquet" for folder in ("oracle/near", "unlearned/near/scrub")]
    matrices = [f"attribution/{name}/matrices/margin.safetensors" for name in IMAGES["attributions"]]
    for copy in (fresh, other):
        copy.make(*(f"{RESULTS}/{name}" for name in margins + matrices))
    same_margins(fresh, other, margins)
    for name in matrices:
        one, two = (MatrixFile(copy.result(name)).rows(range(60)) for copy in (fresh, other))
        np.testing.assert_allclose(two, one, rtol=0.02, atol=0.02 * np.abs(one).max(), err_msg=name)


def test_text(fresh: Checkout, tmp_path: Path) -> None:
    text_experiment(fresh)
    fresh.configure({"methods.npo": {"method": "npo", "steps": 3, "batch_size": 4, "lr": 1e-4}, "training.epochs": 1})
    other = fresh.copy(tmp_path / "elsewhere")
    on_another_device(other)
    margins = [f"{folder}/0000-0000.margins.parquet" for folder in ("oracle/some", "unlearned/some/npo")]
    for copy in (fresh, other):
        copy.make(*(f"{RESULTS}/{name}" for name in margins))
    same_margins(fresh, other, margins)
