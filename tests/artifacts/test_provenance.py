"""Provenance: the record beside an artifact says what it was made from."""

from __future__ import annotations

import datetime
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from unlearnkit.artifacts.machine import machine
from unlearnkit.artifacts.provenance import (
    package_versions,
    read_record,
    sealed,
    verified_sha256,
    write_provenance,
)
from unlearnkit.artifacts.store import sha256_of, write_json
from unlearnkit.errors import ArtifactError
from unlearnkit.layout import provenance
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
    record = read_record(provenance(str(artifact)))
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
    assert record["packages"]["transformers"] == version("transformers")


def test_a_slurm_job_says_where_it_ran(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    monkeypatch.delenv("SLURMD_NODENAME", raising=False)
    assert machine()["node"] == platform.node()
    assert "slurm_job" not in machine()
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    monkeypatch.setenv("SLURMD_NODENAME", "n2")
    assert (machine()["node"], machine()["slurm_job"]) == ("n2", "17")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,3")
    assert machine()["visible_gpus"] == "2,3"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert "visible_gpus" not in machine()


LANGUAGE = ("transformers", "tokenizers", "datasets", "huggingface_hub")


def test_versions_of_all_packages_that_results_depend_on() -> None:
    versions = package_versions()
    assert versions["numpy"] == version("numpy")
    assert {"torch", "scipy", "scikit-learn", "pyarrow", "safetensors", "unlearnkit"} <= versions.keys()
    assert {name: versions[name] for name in LANGUAGE} == {name: version(name) for name in LANGUAGE}


def test_versions_are_read_without_importing_what_they_are_of() -> None:
    code = (
        "import sys\n"
        "from unlearnkit.artifacts.provenance import PACKAGES, package_versions\n"
        "package_versions()\n"
        "print(sorted({'torch', *PACKAGES[PACKAGES.index('transformers'):]} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_package_that_is_missing_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unlearnkit.artifacts.provenance.PACKAGES", ("numpy", "no-such-package"))
    # beneath the cache, which the other tests of this process share
    assert package_versions.__wrapped__() == {"numpy": version("numpy"), "no-such-package": "not installed"}


def test_a_missing_record_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"a\.npy\.json is not a readable JSON file"):
        read_record(provenance(str(tmp_path / "a.npy")))


def test_a_file_that_its_job_did_not_write_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    artifact = Path("results/x/forget_sets/a.npy")
    artifact.parent.mkdir(parents=True)
    artifact.write_text("content")
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
    with pytest.raises(ArtifactError, match=r"a\.npy is damaged or was replaced.*Run `rm -f"):
        verified_sha256(str(artifact))
    artifact.unlink()
    with pytest.raises(ArtifactError, match="does not exist"):
        verified_sha256(str(artifact))


def test_what_lies_beside_a_given_file_is_no_record_of_it(tmp_path: Path) -> None:
    given = tmp_path / "rows.jsonl"
    given.write_text("content")
    for beside in ("[]", "{", '{"sha256": "00ff"}'):
        (tmp_path / "rows.jsonl.json").write_text(beside)
        assert verified_sha256(str(given)) == sha256_of(given)


RECORD = {"artifact": "a", "sha256": "00ff", "passes": {12: 100.5, 3: 0.1}, "settings": {"lr": 1e-3, "name": None}}


def test_no_changed_figure_in_a_record_goes_unseen(tmp_path: Path) -> None:
    artifact = str(tmp_path / "a.npy")
    write_json(provenance(artifact), sealed(RECORD))
    content = read_record(provenance(artifact))
    path = Path(provenance(artifact))
    whole = path.read_bytes()
    for position in range(len(whole)):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0x01]) + whole[position + 1 :])
        try:
            found = read_record(provenance(artifact))
        except ArtifactError as error:
            assert f"`rm -f {artifact} {path}`" in str(error)
        else:
            # the seal's own name, or white space
            assert {name: found[name] for name in RECORD} == {name: content[name] for name in RECORD}


@pytest.mark.parametrize("content", ["[]", "1", '"text"', "null"])
def test_a_record_is_a_json_object(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.npy.json").write_text(content)
    with pytest.raises(ArtifactError, match=r"a\.npy\.json is damaged"):
        read_record(provenance(str(tmp_path / "a.npy")))


def test_an_artifact_without_its_record_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = ["results/x/oracle/nines/0000-0001.safetensors", "results/x/mine.npy", "forget.json"]
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("{}")
    with pytest.raises(ArtifactError, match=r"0000-0001\.safetensors has no provenance record.*Run `rm -f results/x/"):
        verified_sha256(names[0])
    # files of the user's own have none
    assert verified_sha256(names[1]) == verified_sha256(names[2])


def test_an_input_that_is_itself_a_record_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    record = provenance("results/x/oracle/nines/0000-0001.safetensors")
    write_json(record, sealed(RECORD))
    assert verified_sha256(record) == sha256_of(record)
    write_json(record, {**sealed(RECORD), "passes": {"12": 100.6, "3": 0.1}})
    with pytest.raises(ArtifactError, match=r"0000-0001\.safetensors\.json is damaged or was edited"):
        verified_sha256(record)
