"""Folders uploaded to a hub on loopback by the client's own library."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_server import TOKEN, HubServer, used_here

from unlearnkit.errors import ArtifactError, HubError
from unlearnkit.hub.repository import Repository, current_commit
from unlearnkit.hub.uploading import upload_folder
from unlearnkit.publication.earlier import outdated

NAME = "owner/results"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    with HubServer() as hub:
        used_here(hub, tmp_path / "home", monkeypatch, TOKEN)
        yield hub


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "results"
    (found / "tables").mkdir(parents=True)
    (found / "README.md").write_text("---\nlicense: mit\n---\n# Results\n")
    (found / "tables" / "klom.parquet").write_bytes(b"large" * 1000)
    (found / "margins.parquet").write_bytes(b"larger" * 1000)
    return found


def uploaded(folder: Path) -> str:
    return upload_folder(folder, NAME, private=True, message="Results", report=lambda line: None)


def refused(folder: Path) -> str:
    with pytest.raises(HubError) as caught:
        uploaded(folder)
    return str(caught.value)


def test_what_is_uploaded_can_be_fetched(server: HubServer, folder: Path) -> None:
    commit = uploaded(folder)
    assert current_commit(NAME) == commit and server.repos["dataset", NAME].private
    repository = Repository(NAME, commit)
    for path in folder.rglob("*.*"):
        name = path.relative_to(folder).as_posix()
        assert repository.fetch(name, lambda line: None).read_bytes() == path.read_bytes()


def test_an_upload_again_sends_only_what_changed(server: HubServer, folder: Path) -> None:
    first = uploaded(folder)
    server.requests.clear()
    assert uploaded(folder) == first, "nothing to commit"
    (folder / "margins.parquet").write_bytes(b"others" * 1000)
    assert uploaded(folder) != first
    assert len(server.asked("PUT")) == 1


def published(folder: Path, experiment: str, *files: str) -> set[str]:
    """Upload files as a publication of an experiment, and return all paths of the commit."""
    shutil.rmtree(folder)
    for path in files:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(b"some")
    listed = [{"path": path, "bytes": 4, "sha256": ""} for path in files]
    content = {"format": 1, "layout": "unlearnkit", "experiment": experiment, "files": listed}
    (folder / "manifest.json").write_text(json.dumps(content))

    def removed(there: Repository) -> list[str]:
        return outdated(there, experiment, files, lambda line: None)

    commit = upload_folder(folder, NAME, private=True, message="x", report=lambda line: None, outdated=removed)
    return {file.path for file in Repository(NAME, commit).files()} - {".gitattributes"}


def test_what_was_published_before_is_replaced(server: HubServer, folder: Path) -> None:
    own, others = {"manifest.json", "b[0].txt"}, {"README.md", "tables/klom.parquet", "margins.parquet"}
    uploaded(folder)
    assert published(folder, "tiny", "a.txt", "b[0].txt") == own | {"a.txt"} | others
    assert published(folder, "tiny", "b[0].txt", "c.txt") == own | {"c.txt"} | others
    head = current_commit(NAME)
    with pytest.raises(ArtifactError, match="is the publication of the experiment tiny, and this is other"):
        published(folder, "other", "a.txt")
    assert current_commit(NAME) == head


def test_an_interrupted_upload_goes_on(server: HubServer, folder: Path) -> None:
    server.fail("POST .*/commit/", status=500)
    assert "busy or down" in refused(folder)
    assert len(server.asked("PUT")) == 2
    uploaded(folder)
    assert len(server.asked("PUT")) == 2, "the objects are there"


def test_uploads_that_cannot_be(
    server: HubServer, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    assert "holds no files to upload" in refused(tmp_path / "empty")
    server.fail("POST /api/repos/create", status=403, headers={"X-Error-Message": "read-only token"})
    assert f"the token may not write the data set {NAME} (403: " in refused(folder)
    monkeypatch.setenv("HF_TOKEN", "hf_of_another")
    assert f"does not accept the token for the data set {NAME} (401)" in refused(folder)
    monkeypatch.delenv("HF_TOKEN")
    assert f"no token was given to write the data set {NAME}" in refused(folder)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE is set, so nothing is uploaded" in refused(folder)
    assert not server.asked("PUT")


def test_a_file_that_may_not_be_stored_is_refused(server: HubServer, folder: Path) -> None:
    server.fail("PUT", times=9, status=403)
    assert f"the token may not write the data set {NAME} (403: " in refused(folder)
