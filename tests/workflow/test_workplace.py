"""Before a run: folders that cannot be written and files that were changed since they were made."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from unlearnkit.errors import ArtifactError
from unlearnkit.workflow.guards.workplace import refuse_changed, refuse_unwritable

ARTIFACT = "results/x/oracle/nines/0000-0001.safetensors"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A results folder with one artifact and its record, in the order in which a job writes them."""
    monkeypatch.chdir(tmp_path)
    Path(ARTIFACT).parent.mkdir(parents=True)
    Path(ARTIFACT).write_text("weights")
    Path(f"{ARTIFACT}.json").write_text(json.dumps({"sha256": hashlib.sha256(b"weights").hexdigest()}))
    set_time(ARTIFACT, 1_000)
    set_time(f"{ARTIFACT}.json", 1_000)
    return tmp_path


def set_time(name: str, seconds: int) -> None:
    os.utime(name, (seconds, seconds))


def test_folders_that_can_be_written_stay_as_they_are(tmp_path: Path) -> None:
    refuse_unwritable(str(tmp_path), str(tmp_path / "not/yet/there"))
    assert list(tmp_path.iterdir()) == []


def test_the_folder_that_cannot_be_written_is_named() -> None:
    with pytest.raises(ArtifactError, match=r"cannot write the folder /proc/nowhere: .*Free the disk"):
        refuse_unwritable("/proc/nowhere")


def test_whole_and_touched_files_pass(folder: Path) -> None:
    refuse_changed("results/x")
    set_time(ARTIFACT, 2_000)
    refuse_changed("results/x")
    refuse_changed("results/none")


def test_a_file_that_was_changed_later_is_named_with_its_repair(folder: Path) -> None:
    Path(ARTIFACT).write_text("weightz")
    with pytest.raises(ArtifactError, match=rf"{ARTIFACT} was damaged or replaced.*Run `rm -f {ARTIFACT}`"):
        refuse_changed("results/x")


def test_files_behind_a_link_are_looked_at_too(folder: Path) -> None:
    Path("results/x/oracle").rename("elsewhere")
    Path("results/x/oracle").symlink_to(folder / "elsewhere")
    Path("elsewhere/again").symlink_to(folder / "elsewhere")
    refuse_changed("results/x")
    Path(ARTIFACT).write_text("weightz")
    with pytest.raises(ArtifactError, match=f"{ARTIFACT} was damaged"):
        refuse_changed("results/x")


def test_every_file_of_a_shared_record_is_looked_at(folder: Path) -> None:
    table, csv = "results/x/tables/klom.parquet", "results/x/tables/klom.csv"
    Path(table).parent.mkdir()
    for name in (table, csv):
        Path(name).write_text("numbers")
        set_time(name, 1_000)
    digest = hashlib.sha256(b"numbers").hexdigest()
    Path(f"{table}.json").write_text(json.dumps({"sha256": digest, "also": {csv: digest}}))
    set_time(f"{table}.json", 1_000)
    refuse_changed("results/x")
    Path(csv).write_text("better numbers")
    with pytest.raises(ArtifactError, match=f"{csv} was damaged.*rm -f {csv}"):
        refuse_changed("results/x")


def test_what_has_no_readable_record_is_left_to_the_job_that_reads_it(folder: Path) -> None:
    Path(ARTIFACT).write_text("weightz")
    Path(f"{ARTIFACT}.json").write_text("{")
    set_time(f"{ARTIFACT}.json", 1_000)
    refuse_changed("results/x")
    Path(f"{ARTIFACT}.json").unlink()
    refuse_changed("results/x")
