"""A results folder from elsewhere: its pickles are refused by the jobs that meet them, and nothing in it is run."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from checkout import Checkout

from unlearnkit.artifacts.provenance import read_record
from unlearnkit.artifacts.store import sha256_of, write_json
from unlearnkit.layout import provenance

pytestmark = [pytest.mark.workflow, pytest.mark.slow]


class Payload:
    """Creates a folder when it is unpickled."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.canary),)


def write_pickle(path: Path, payload: object) -> None:
    path.write_bytes(pickle.dumps(payload))


def write_archive(path: Path, payload: object) -> None:
    torch.save({"0.weight": payload}, path)


def write_objects(path: Path, payload: object) -> None:
    with path.open("wb") as stream:
        np.save(stream, np.array([payload], dtype=object), allow_pickle=True)


@pytest.mark.parametrize(
    ("name", "write", "target"),
    [
        ("data/dataset.safetensors", write_pickle, "original/0000-0001.safetensors"),
        ("original/0000-0001.safetensors", write_archive, "unlearned/nines/scrub/0000-0001.safetensors"),
        ("forget_sets/nines.npy", write_objects, "oracle/nines/0000-0001.safetensors"),
        ("oracle/nines/0000-0001.margins.parquet", write_pickle, "scores/klom/nines/scrub.parquet"),
    ],
)
def test_a_job_refuses_a_pickle_with_a_fitting_record(
    finished: Checkout, name: str, write: Callable[[Path, object], None], target: str
) -> None:
    canary, path = finished.root / "canary", finished.result(name)
    write(path, Payload(canary))
    record = {key: value for key, value in read_record(provenance(str(path))).items() if key != "record_sha256"}
    write_json(provenance(str(path)), {**record, "sha256": sha256_of(path)})
    outcome = finished.snakemake(f"results/tiny/{target}", "--force")
    assert outcome.status != 0
    assert "Traceback" not in outcome.output
    assert f"{name} is not a readable" in outcome.output
    assert not canary.exists()


# tests/security has many more, without Snakemake
@pytest.mark.parametrize("name", ["$(touch canary)", "../../canary"])
def test_a_hostile_name_ends_before_any_job(fresh: Checkout, name: str) -> None:
    fresh.configure({"forget_sets": {name: {"kind": "random", "size": 10}}})
    before = _written(fresh)
    outcome = fresh.snakemake("results/tiny/data/dataset.safetensors")
    assert outcome.status != 0
    assert "forget_sets has the name" in outcome.output
    assert _written(fresh) == before


def _written(fresh: Checkout) -> set[Path]:
    """Return all files but what Snakemake and Python keep for themselves."""
    own = {".snakemake", "__pycache__"}
    return {path for path in fresh.root.parent.rglob("*") if own.isdisjoint(path.parts)}


@pytest.mark.parametrize("text", ["$(touch canary)", "'; touch canary; '"])
def test_a_hostile_path_is_a_path(fresh: Checkout, text: str) -> None:
    fresh.configure(
        {"data.name": "fashion_mnist", "data.root": text, "forget_sets": {"a": {"kind": "file", "file": text + ".npy"}}}
    )
    outcome = fresh.snakemake("results/tiny/data/dataset.safetensors")
    assert outcome.status != 0
    assert f"data.root '{text}' does not exist" in outcome.output
    assert not list(fresh.root.rglob("*canary*"))
