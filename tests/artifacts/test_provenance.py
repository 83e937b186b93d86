"""Provenance: the record beside an artifact says what it was made from."""

from __future__ import annotations

import datetime
from importlib.metadata import version
from pathlib import Path

import pytest

from unlearnkit.artifacts.provenance import package_versions, read_provenance, verified_sha256, write_provenance
from unlearnkit.artifacts.store import sha256_of
from unlearnkit.errors import ArtifactError
from unlearnkit.seeds import SCHEME


def test_a_record_holds_everything_that_decides_a_result(tmp_path: Path) -> None:
    artifact = tmp_path / "a.npy"
    artifact.write_text("content")
    write_provenance(
        str(artifact),
        rule="oracle",
        settings={"seed": 3},
        code="0123456789abcdef",
        inputs={"data": "00ff"},
        started=datetime.datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=datetime.UTC),
        wall_seconds=1.23456,
        facts={"device": "CPU", "passes": {12: 100.5}},
    )
    record = read_provenance(str(artifact))
    assert record["artifact"] == str(artifact)
    assert record["sha256"] == sha256_of(artifact)
    assert record["rule"] == "oracle"
    assert record["settings"] == {"seed": 3}
    assert record["code"] == "0123456789abcdef"
    assert record["seed_scheme"] == SCHEME
    assert record["inputs"] == {"data": "00ff"}
    assert record["started"] == "2026-01-02T03:04:05+00:00"
    assert record["wall_seconds"] == 1.235
    assert (record["device"], record["passes"]) == ("CPU", {"12": 100.5})
    assert record["machine"]["cores"] >= 1
    assert record["packages"]["torch"] == version("torch")


def test_versions_of_all_packages_that_results_depend_on() -> None:
    versions = package_versions()
    assert versions["numpy"] == version("numpy")
    assert {"torch", "scipy", "scikit-learn", "pyarrow", "safetensors", "unlearnkit"} <= versions.keys()


def test_a_missing_record_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"a\.npy\.json is not a readable JSON file"):
        read_provenance(str(tmp_path / "a.npy"))


def test_a_file_that_its_job_did_not_write_is_refused(tmp_path: Path) -> None:
    artifact = tmp_path / "a.npy"
    artifact.write_text("content")
    assert verified_sha256(str(artifact)) == sha256_of(artifact)  # no record: nothing to compare with
    write_provenance(
        str(artifact),
        rule="r",
        settings={},
        code="",
        inputs={},
        started=datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC),
        wall_seconds=0.0,
        facts={},
    )
    assert verified_sha256(str(artifact)) == sha256_of(artifact)
    artifact.write_text("c0ntent")
    with pytest.raises(ArtifactError, match=r"a\.npy is damaged or was replaced.*Delete it"):
        verified_sha256(str(artifact))
    artifact.unlink()
    with pytest.raises(ArtifactError, match="does not exist"):
        verified_sha256(str(artifact))
