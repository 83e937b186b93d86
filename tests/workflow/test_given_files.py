"""Files that no job makes, and what is made of them: a folder with CLIP, a local folder of the library datasets."""

from __future__ import annotations

import json
import shutil

import pytest
from checkout import RESULTS, Checkout
from tiny_clip import save_clip
from tiny_text import text_experiment

pytestmark = pytest.mark.workflow


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


def test_rows_in_a_local_folder_are_inputs_and_what_hf_notes_beside_them_is_none(fresh: Checkout) -> None:
    text_experiment(fresh)
    folder = fresh.root / "rows"
    (folder / ".cache/huggingface").mkdir(parents=True)
    (fresh.root / "kept").mkdir()
    for split, count in (("train", 200), ("validation", 20)):
        (folder / f"{split}.jsonl").write_text("".join(f'{{"text": "abcdefgh {n:09d}"}}\n' for n in range(count)))
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


def test_a_forget_set_of_another_experiments_artifact_needs_no_records_of_snakemakes(fresh: Checkout) -> None:
    fresh.make(f"{RESULTS}/forget_sets/random_10.npy")
    (fresh.root / RESULTS).rename(fresh.root / "results/other")
    fresh.configure({"forget_sets": {"some": {"kind": "file", "file": "results/other/forget_sets/random_10.npy"}}})
    target = f"{RESULTS}/forget_sets/some.npy"
    fresh.make(target)
    shutil.rmtree(fresh.root / ".snakemake")
    assert fresh.plan(target).nothing_to_do
