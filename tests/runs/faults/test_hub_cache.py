"""Caches of the hub that cannot be written, or that are full."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_server import HubServer, used_here
from mounts import read_only, small_disk

from unlearnkit.errors import HubError
from unlearnkit.hub.repository import Repository

NAME = "owner/pool"
FILES = {"a.npy": b"a" * 5000, "b.npy": b"b" * 3_000_000}


@pytest.fixture
def server() -> Iterator[HubServer]:
    with HubServer() as hub:
        yield hub


def test_a_read_only_cache_serves_what_it_holds(
    server: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = server.publish(NAME, FILES)
    used_here(server, tmp_path, monkeypatch)
    path = Repository(NAME, commit).fetch("a.npy", print)
    server.requests.clear()
    with read_only(tmp_path):
        assert Repository(NAME, commit).fetch("a.npy", print) == path
        assert not server.requests
        with pytest.raises(HubError, match=r"cannot write b.npy into the cache .*Read-only file system.*HF_HOME"):
            Repository(NAME, commit).fetch("b.npy", print)


def test_a_full_disk_is_stated_before_anything_is_fetched(
    server: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = server.publish(NAME, FILES)
    (disk := tmp_path / "disk").mkdir()
    used_here(server, disk, monkeypatch)
    with small_disk(disk, 2):
        with pytest.raises(HubError, match=r"no space is left for b.npy in .*HF_HOME"):
            Repository(NAME, commit).fetch("b.npy", print)
        assert not server.asked("GET /datasets/.*/resolve/")
        assert Repository(NAME, commit).fetch("a.npy", print).read_bytes() == FILES["a.npy"]
