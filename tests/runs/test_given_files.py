"""Files that no job makes, and what is made of them: a folder with CLIP, a local folder of the library datasets."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from checkout import RESULTS, Checkout
from tiny_clip import save_clip
from tiny_text import text_experiment

from unlearnkit.artifacts.tables import read_table
from unlearnkit.data.images.loading import load_image_set

pytestmark = pytest.mark.workflow


OWN_IMAGES = """
from pathlib import Path
import numpy as np
from unlearnkit.data.images.image_set import ImageSet

NUM_CLASSES = 10
IMAGE_SHAPE = (1, 8, 8)
TRAIN_SIZE = 1437
VALIDATION_SIZE = 360
MEAN = (0.3,)
STD = (0.3,)
CLASS_NAMES = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")
DOWNLOAD_BYTES = 0
CONTENT_HASH = None
CHECKED_BY = "nothing"
SOURCE = "me"

def raw_paths(root):
    return tuple(sorted(root.glob("*.npy")))

def load(root):
    images, labels = map(np.load, raw_paths(root))
    return ImageSet(images, labels, TRAIN_SIZE, VALIDATION_SIZE, CLASS_NAMES, MEAN, STD)
"""


@pytest.mark.slow
def test_own_images_that_change_make_the_data_set_again(fresh: Checkout) -> None:
    (fresh.root / "unlearnkit/data/own.py").write_text(OWN_IMAGES)
    fresh.edit(
        "unlearnkit/registry.py", '"mnist": "unlearnkit', '"own": "unlearnkit.data.own",\n        "mnist": "unlearnkit'
    )
    (fresh.root / "mine").mkdir()
    images, digits = fresh.root / "mine/images.npy", load_image_set("digits", None)
    np.save(images, digits.images)
    np.save(fresh.root / "mine/labels.npy", digits.labels)
    fresh.configure({"data": {"name": "own", "root": "mine"}})
    target = f"{RESULTS}/forget_sets/random_10.npy"
    assert fresh.make(target).counts == {"dataset": 1, "forget_set": 1}
    record = json.loads(fresh.result("data/dataset.safetensors.json").read_text())
    assert list(record["inputs"]) == ["mine/images.npy", "mine/labels.npy"] and not record["raw"]
    rows, _ = read_table(fresh.result("data/rows.parquet"))
    assert rows["label"].to_pylist() == digits.labels.tolist()
    images.touch()
    assert fresh.plan(target).nothing_to_do
    np.save(images, 255 - digits.images)
    assert fresh.plan(target).counts == {"dataset": 1, "forget_set": 1}
    shutil.rmtree(fresh.root / "mine")
    refused = fresh.snakemake(target, "-n")
    assert refused.status and "dataset.safetensors was made of mine/images.npy and 1 more" in refused.output


@pytest.mark.slow
def test_another_embedding_model_in_the_same_folder_makes_embeddings_anew(fresh: Checkout) -> None:
    save_clip(fresh.root / "clip")
    similar = {"kind": "clip_neighbours", "index": 3, "size": 10}
    fresh.configure({"embedding": {"model": "clip"}, "forget_sets.similar": similar})
    target = f"{RESULTS}/forget_sets/similar.npy"
    made = {"embeddings": 1, "forget_set": 1}
    assert fresh.make(target).counts == {"dataset": 1, **made}
    record = json.loads(fresh.result("data/embeddings.npy.json").read_text())
    assert {"clip/config.json", "clip/model.safetensors"} < record["inputs"].keys() and "raw" not in record
    settings = fresh.root / "clip/preprocessor_config.json"
    settings.touch()
    assert fresh.plan(target).nothing_to_do
    settings.write_text(json.dumps({**json.loads(settings.read_text()), "image_mean": [0.0, 0.0, 0.0]}))
    assert fresh.plan(target).counts == made
    fresh.make(target)
    assert fresh.plan(target).nothing_to_do
    shutil.rmtree(fresh.root / "clip")
    for arguments in (["-n"], []):
        refused = fresh.snakemake(target, *arguments)
        assert refused.status and "data/embeddings.npy was made of clip/config.json and " in refused.output
    assert fresh.result("data/embeddings.npy").exists()


@pytest.mark.slow
def test_rows_in_a_local_folder_are_inputs_and_what_hf_notes_beside_them_is_none(fresh: Checkout) -> None:
    text_experiment(fresh)
    folder = fresh.root / "rows"
    (folder / ".cache/huggingface").mkdir(parents=True)
    (fresh.root / "kept").mkdir()
    for split, count, word in (("train", 200, "abcdefgh"), ("validation", 20, "hgfedcba hgfedcba")):
        (folder / f"{split}.jsonl").write_text("".join(f'{{"text": "{word} {n:09d}"}}\n' for n in range(count)))
    fresh.configure({"data.name": "hub_text", "data.hub": {"path": "rows"}, "data.root": str(fresh.root / "kept")})
    target, made = f"{RESULTS}/data/dataset.safetensors", {"tokens": 1, "dataset": 1}
    assert fresh.make(target).counts == made
    record = json.loads(fresh.result("data/train.bin.json").read_text())
    assert list(record["inputs"]) == ["rows/train.jsonl", "rows/validation.jsonl"]
    (folder / ".cache/huggingface/train.jsonl.metadata").write_text("fetched today")
    (folder / "train.jsonl").touch()
    assert fresh.plan(target).nothing_to_do
    (folder / "train.jsonl").write_text((folder / "train.jsonl").read_text().replace("abc", "cba"))
    assert fresh.plan(target).counts == made
    before = fresh.result("data/train.bin").read_bytes()
    fresh.make(target)
    assert fresh.result("data/train.bin").read_bytes() != before
    (folder / "README.md").write_text("---\nlicense: mit\n---\n")
    assert fresh.plan(target).counts == made


@pytest.mark.slow
def test_a_forget_sets_file_that_is_gone_is_told_before_anything_is_removed(fresh: Checkout) -> None:
    indices = fresh.root / "some.txt"
    indices.write_text("3\n5\n8\n")
    fresh.configure({"forget_sets": {"some": {"kind": "file", "file": "some.txt"}}})
    target = f"{RESULTS}/forget_sets/some.npy"
    fresh.make(target)
    indices.rename(fresh.root / "elsewhere.txt")
    refused = fresh.snakemake(target)
    assert refused.status and f"{target} was made of some.txt, and there is no such file now" in refused.output
    assert fresh.result("forget_sets/some.npy").exists()


@pytest.mark.slow
def test_a_forget_set_of_another_experiments_artifact_needs_no_records_of_snakemakes(fresh: Checkout) -> None:
    fresh.make(f"{RESULTS}/forget_sets/random_10.npy")
    (fresh.root / RESULTS).rename(fresh.root / "results/other")
    fresh.configure({"forget_sets": {"some": {"kind": "file", "file": "results/other/forget_sets/random_10.npy"}}})
    target = f"{RESULTS}/forget_sets/some.npy"
    fresh.make(target)
    shutil.rmtree(fresh.root / ".snakemake")
    assert fresh.plan(target).nothing_to_do
