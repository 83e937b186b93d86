"""Undefined values, wrong raw data and forget sets: one paragraph that names file and remedy, nothing half-written."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
from checkout import Checkout, Outcome

from unlearnkit.artifacts.margins import read_margins, write_margins
from unlearnkit.artifacts.provenance import read_record, sealed
from unlearnkit.artifacts.store import sha256_of, write_json
from unlearnkit.artifacts.tables import read_table
from unlearnkit.layout import provenance

pytestmark = pytest.mark.workflow

ORACLE = "oracle/nines/0000-0001.margins.parquet"
SCORE = "scores/klom/nines/scrub.parquet"


def target(name: str) -> str:
    return f"results/tiny/{name}"


def refuse(outcome: Outcome, copy: Checkout, *named: str) -> None:
    """Assert that Snakemake failed with an error that names all of `named`, and left nothing half-written."""
    assert outcome.status != 0
    assert "Traceback" not in outcome.output
    paragraph = next(line for line in outcome.output.splitlines() if "Error: " in line and named[0] in line)
    assert all(text in paragraph for text in named), paragraph
    assert list(copy.leftovers()) == []


def test_undefined_margins_of_an_oracle_are_refused(finished: Checkout) -> None:
    path = finished.result(ORACLE)
    margins = read_margins([path])
    spoiled = {epoch: dataclasses.replace(part, margins=part.margins.copy()) for epoch, part in margins.items()}
    for part in spoiled.values():
        part.margins[0, 7] = np.nan
    write_margins(path, spoiled, {"unit": "nats"})
    write_json(provenance(str(path)), sealed({**read_record(provenance(str(path))), "sha256": sha256_of(path)}))
    outcome = finished.snakemake(target(SCORE))
    refuse(outcome, finished, "results/tiny/oracle/nines", "non-finite", "positions 0")
    assert not finished.result(SCORE).exists()


@pytest.mark.slow
def test_a_method_that_diverges_is_reported_and_not_hidden(finished: Checkout) -> None:
    finished.configure({"methods.diverging": {"method": "ascent_forget", "lr": 1e6, "epochs": 5, "batch_size": 2}})
    finished.make(target("summaries/klom/nines/diverging.parquet"))
    rows = read_table(finished.result("summaries/klom/nines/diverging.parquet"))[0].to_pylist()
    assert rows
    assert all(row["n_failed"] > 0 and row["mean"] is None for row in rows)


@pytest.mark.slow
def test_a_disk_that_takes_no_more_is_told(fresh: Checkout) -> None:
    command = " ".join(fresh.command(target("data/dataset.safetensors")))
    # 8 KiB per file; bytecode that is cut short Python would take for whole
    limited = f"ulimit -f 8; PYTHONDONTWRITEBYTECODE=1 exec {command}"
    refuse(fresh.run("bash", "-c", limited), fresh, "cannot write", "data/dataset.safetensors", "Free the disk")
    assert not fresh.result("data/dataset.safetensors").exists()


# raw data


@pytest.mark.slow
def test_a_missing_data_folder_is_told(fresh: Checkout) -> None:
    fresh.configure({"data.name": "fashion_mnist", "data.root": "no/such/folder"})
    outcome = fresh.snakemake(target("data/dataset.safetensors"))
    refuse(outcome, fresh, "data.root 'no/such/folder' does not exist", "Correct data.root")


@pytest.mark.slow
def test_a_corrupt_image_file_is_named(fresh: Checkout, shared_data: Path) -> None:
    shutil.copytree(shared_data / "fashion_mnist", fresh.root / "raw")
    images = fresh.root / "raw/train-images-idx3-ubyte.gz"
    images.chmod(0o644)
    with images.open("r+b") as stream:
        stream.seek(100_000)
        stream.write(bytes(64))
    fresh.configure({"data.name": "fashion_mnist", "data.root": "raw"})
    outcome = fresh.snakemake(target("data/dataset.safetensors"))
    refuse(outcome, fresh, "raw/train-images-idx3-ubyte.gz", "cannot be read", "Get the file again")


# forget sets

WRONG_SETS: dict[str, tuple[dict[str, object], np.ndarray | None, str]] = {
    "outside": ({}, np.array([0, 200]), "200"),
    "negative": ({}, np.array([-1, 5]), "-1"),
    "repeated": ({}, np.array([3, 5, 3]), "3"),
    "fractional": ({}, np.array([0.5, 1.5]), "integer"),
    "pickled": ({}, np.array([{"a": 1}], dtype=object), "pickle"),
    "empty": ({}, np.array([], dtype=np.int64), "empty"),
    "resized": ({"size": 3}, np.array([1, 2]), "3"),
    "missing": ({}, None, "missing"),
    "overlapping": ({"disjoint_from": ["whole"]}, np.array([0, 1]), "whole"),
}


@pytest.fixture(scope="module")
def wrong_sets(completed: Checkout, tmp_path_factory: pytest.TempPathFactory) -> tuple[Checkout, Outcome]:
    """All wrong forget sets asked for in one call of Snakemake, which must go on after each failure."""
    copy = completed.copy(tmp_path_factory.mktemp("wrong_sets") / "copy")
    np.save(copy.root / "whole.npy", np.arange(10))
    copy.configure({"forget_sets.whole": {"kind": "file", "file": "whole.npy"}})
    for name, (settings, indices, _) in WRONG_SETS.items():
        copy.configure({f"forget_sets.{name}": {"kind": "file", "file": f"{name}.npy", **settings}})
        if indices is not None:
            np.save(copy.root / f"{name}.npy", indices, allow_pickle=True)
    return copy, copy.snakemake("--keep-going", *(target(f"forget_sets/{name}.npy") for name in WRONG_SETS))


@pytest.mark.slow
@pytest.mark.parametrize("name", WRONG_SETS)
def test_a_wrong_forget_set_is_named_and_not_written(wrong_sets: tuple[Checkout, Outcome], name: str) -> None:
    copy, outcome = wrong_sets
    log = (copy.root / f"logs/tiny/forget_sets/{name}.npy.log").read_text()
    [paragraph] = [line for line in log.splitlines() if "Error: " in line]
    assert paragraph in outcome.output
    assert name in paragraph
    assert WRONG_SETS[name][2] in paragraph
    assert not copy.result(f"forget_sets/{name}.npy").exists()


def test_wrong_forget_sets_fail_the_call_without_a_traceback(wrong_sets: tuple[Checkout, Outcome]) -> None:
    copy, outcome = wrong_sets
    assert outcome.status != 0
    assert "Traceback" not in outcome.output
    assert copy.result("forget_sets/whole.npy").exists()
    assert list(copy.leftovers()) == []
