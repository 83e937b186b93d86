"""Answers that models read, as a run: a classifier in a folder, its hashes in the record, nothing generated again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from checkout import CONFIG, Checkout
from made_readers import save_reader

from unlearnkit.artifacts.store import sha256_of
from unlearnkit.artifacts.tables import read_table

EXPERIMENT: dict[str, Any] = {
    "experiment": "tiny",
    "data": {
        "name": "village_pairs",
        "tokenizer": {"kind": "bpe", "vocabulary_size": 400},
        "sequence_length": 96,
        "train_size": 24,
        "validation_size": 6,
        "retain_evaluated": 3,
        "pairs": {"first": 216},
    },
    "model": {"name": "nanogpt", "layers": 1, "width": 16, "heads": 2},
    "training": {"epochs": 2, "batch_size": 8},
    "num_models": 2,
    "held_out_oracles": 2,
    "shard_size": 2,
    "forget_sets": {"last": {"kind": "pair_list", "name": "forget01"}},
    "methods": {"nothing": {"method": "do_nothing"}},
    "observations": {
        "generations": {"most_tokens": 3},
        "similarities": {"embedder": {"kind": "tfidf"}},
        "classified": {"source": {"folder": "detector"}},
    },
    "metrics": {"closer_look": {}, "gibberish": {}},
}


@pytest.mark.slow
@pytest.mark.workflow
def test_a_classifier_reads_what_was_generated(pristine: Checkout, tmp_path: Path) -> None:
    copy = pristine.copy(tmp_path / "copy")
    save_reader(copy.root / "detector", ("clean", "noise"))
    (copy.root / CONFIG).write_text(yaml.safe_dump(EXPERIMENT, sort_keys=False))
    summaries = [f"results/tiny/summaries/{metric}/last/original.parquet" for metric in ("closer_look", "gibberish")]
    copy.make(*summaries)
    rows = {(row["measure"], row["split"]): row for row in read_table(copy.root / summaries[0])[0].to_pylist()}
    assert rows["forget_efficacy", "forget"]["mean"] is None
    assert 0 <= rows["forget_efficacy_without_entailment", "forget"]["mean"] <= 1
    clean = [row["mean"] for row in read_table(copy.root / summaries[1])[0].to_pylist()]
    assert len(clean) == 3 and all(0 < value < 1 for value in clean)
    record = json.loads((copy.root / "results/tiny/original/0000-0001.classified.parquet.json").read_text())
    digest = sha256_of(copy.root / "detector/model.safetensors")
    assert record["classifier"]["files"]["model.safetensors"] == digest
    assert record["inputs"]["detector/model.safetensors"] == digest
    # another classifier generates nothing again
    save_reader(copy.root / "detector", ("clean", "noise"), seed=1)
    assert copy.plan(*summaries).counts == {"classified": 1, "score": 1}
