"""Repositories of the hub: the client's own library against a server on loopback that speaks its protocol."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_server import TOKEN, HubServer, blob_of, used_here

from unlearnkit.errors import ConfigError, HubError
from unlearnkit.hub.repository import Repository, current_commit

NAME = "owner/pool"
ARRAY = "margins/retain/id_0.npy"
LARGE = bytes(range(256)) * 400
FILES = {"README.md": b"a small file", ARRAY: LARGE, "margins/forget/id_0.npy": b"another"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def server(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    with HubServer(page=2) as hub:
        used_here(hub, home, monkeypatch)
        yield hub


@pytest.fixture
def commit(server: HubServer) -> str:
    return server.publish(NAME, FILES)


def silent(line: str) -> None:
    assert line


def repository(commit: str) -> Repository:
    return Repository(NAME, commit, wait=lambda seconds: None)


def refused(commit: str, path: str = ARRAY) -> str:
    with pytest.raises(HubError) as caught:
        repository(commit).fetch(path, silent)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_files_are_listed_and_fetched(server: HubServer, commit: str) -> None:
    found = repository(commit)
    assert {file.path: file.size for file in found.files()} == {path: len(data) for path, data in FILES.items()}
    assert [file.path for file in found.files("margins/retain")] == [ARRAY]
    assert [bool(file.sha256) for file in found.files()] == [False, False, True]
    for path, content in FILES.items():
        assert found.fetch(path, silent).read_bytes() == content
    assert current_commit(NAME) == commit
    assert len(server.asked("GET /api/.*/tree")) == 2, "one list, in pages"


def test_a_second_time_nothing_is_asked(server: HubServer, commit: str) -> None:
    paths = [repository(commit).fetch(path, silent) for path in FILES]
    server.requests.clear()
    assert [repository(commit).fetch(path, silent) for path in FILES] == paths
    assert not server.requests


def test_only_what_is_asked_for_is_fetched(server: HubServer, commit: str) -> None:
    repository(commit).fetch("README.md", silent)
    assert {request.path for request in server.asked("/resolve/")} == {f"/datasets/{NAME}/resolve/{commit}/README.md"}


def test_the_client_itself_finds_the_files(server: HubServer, commit: str) -> None:
    from huggingface_hub import hf_hub_download

    path = repository(commit).fetch(ARRAY, silent)
    asked = len(server.asked("GET /storage"))
    assert hf_hub_download(NAME, ARRAY, repo_type="dataset", revision=commit) == str(path)
    assert len(server.asked("GET /storage")) == asked == 1


def test_an_interrupted_download_goes_on_where_it_ended(server: HubServer, commit: str) -> None:
    lines: list[str] = []
    server.fail("GET /storage", cut=60_000)
    server.fail("GET /storage", times=99, status=500)
    with pytest.raises(HubError, match="busy or down"):
        repository(commit).fetch(ARRAY, lines.append)
    server.faults.clear()
    server.requests.clear()
    assert repository(commit).fetch(ARRAY, lines.append).read_bytes() == LARGE
    rest = server.asked("GET /storage")[-1]  # an answer of before may be written down late
    assert (rest.range, rest.sent) == ("bytes=60000-", len(LARGE) - 60_000)
    assert "0.1 MB are there" in lines[-1]


FETCH = (
    "import sys; from unlearnkit.hub.repository import Repository\n"
    "try: print(Repository(sys.argv[1], sys.argv[2]).fetch(sys.argv[3], lambda line: None))\n"
    "except Exception as error: print(type(error).__name__, error)"
)


def process(server: HubServer, home: Path, commit: str, path: str, **more: str) -> subprocess.Popen[str]:
    """Start a process that fetches a file with the client's environment, and prints its path or the error."""
    environment = {**os.environ, **server.environment(home), **more}
    words = [sys.executable, "-c", FETCH, NAME, commit, path]
    return subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_killed_process_leaves_what_it_has(server: HubServer, commit: str, home: Path) -> None:
    held = threading.Event()
    server.fail("GET /storage", cut=65_536, held=held)
    with process(server, home, commit, ARRAY) as killed:
        while not (partial := [*(home / "hub").rglob("*.partial")]) or partial[0].stat().st_size < 65_536:
            assert killed.poll() is None
            time.sleep(0.01)
        killed.kill()
    held.set()
    server.requests.clear()
    assert repository(commit).fetch(ARRAY, silent).read_bytes() == LARGE
    assert [request.range for request in server.asked("GET /storage")] == ["bytes=65536-"]
    assert not partial[0].exists()


def test_many_files_are_fetched_at_once(server: HubServer) -> None:
    files = {f"margins/id_{number}.npy": bytes([number]) * (900 + 20 * number) for number in range(20)}
    commit = server.publish(NAME, files)
    lines: list[str] = []
    found = repository(commit).fetch_all([*files], lines.append)
    assert [path.read_bytes() for path in found] == [*files.values()]
    assert len(lines) == 10 and lines[-1].startswith(f"20 of 20 files of the data set {NAME} at {commit[:12]}")
    other = server.publish(NAME, {path: content + b"." for path, content in files.items()})
    server.fail("GET /storage", times=99, status=403)
    with pytest.raises(HubError, match="403"):
        repository(other).fetch_all([*files], silent)


def test_several_that_want_one_file_fetch_it_once(server: HubServer, commit: str) -> None:
    found = repository(commit)
    assert {path.read_bytes() for path in found.fetch_all([ARRAY] * 6, silent)} == {LARGE}
    assert len(server.asked("GET /storage")) == 1


def test_a_corrupted_body_is_refused_by_its_hash(server: HubServer, commit: str, home: Path) -> None:
    server.fail("GET .*/README.md", times=1, change=lambda content: content.replace(b"s", b"z"))
    server.fail("GET /storage", times=1, change=lambda content: content[::-1])
    for path in ("README.md", ARRAY):
        words = refused(commit, path)
        assert f"{path} of the data set {NAME} at {commit[:12]} came with other bytes than the commit lists" in words
    assert f"expected the git blob {blob_of(FILES['README.md'])}, 12 bytes" in refused_message(server, commit)
    assert not list((home / "hub").rglob("*.partial"))
    assert repository(commit).fetch(ARRAY, silent).read_bytes() == LARGE


def refused_message(server: HubServer, commit: str) -> str:
    server.fail("GET .*/README.md", times=1, change=lambda content: content[::-1])
    return refused(commit, "README.md")


def test_a_body_of_another_length_is_incomplete(server: HubServer, commit: str) -> None:
    server.fail("GET .*/README.md", times=99, change=lambda content: content[:5])
    assert "README.md of the data set owner/pool at" in (words := refused(commit, "README.md"))
    assert "came incomplete at each try" in words and "what was fetched is kept" in words


def test_a_body_that_does_not_end_is_left_and_refused(server: HubServer, commit: str, home: Path) -> None:
    held = threading.Event()  # the rest never comes: who waits for it does so in vain
    server.fail("GET .*/README.md", change=lambda content: content + bytes(10**6), cut=5 * 10**5, held=held)
    assert "came with other bytes than the commit lists: another hash or length" in refused(commit, "README.md")
    held.set()
    assert not list((home / "hub").rglob("*.partial"))
    assert repository(commit).fetch("README.md", silent).read_bytes() == FILES["README.md"]


@pytest.mark.parametrize(
    "content",
    [
        '[{"path": 1, "size": 5, "sha256": null, "blob": "x"}]',
        '[{"path": "x", "size": 5, "sha256": null, "blob": null}]',
        '[{"path": "x", "size": "5", "sha256": null, "blob": "%s"}]' % ("0" * 40),
        '{"a": 1}',
        "[" * 100_000,
    ],
)
def test_a_damaged_list_is_requested_again(server: HubServer, commit: str, home: Path, content: str) -> None:
    known = repository(commit).files()
    (kept,) = (home / "hub").rglob(f"unlearnkit/{commit}.json")
    kept.write_text(content)
    assert repository(commit).files() == known


def test_a_cache_that_cannot_be_read_is_named(server: HubServer, home: Path) -> None:
    commit = server.publish(NAME, {"empty": b""})
    path = repository(commit).fetch("empty", silent)
    path.unlink()
    path.symlink_to("/proc/self/mem")  # of no bytes, and an error to read: permissions do not bind root
    words = refused(commit, "empty")
    assert f"empty of the data set {NAME} at {commit[:12]} cannot be read in the cache {home / 'hub'}/" in words


def test_offline_content_without_its_link_is_found(
    server: HubServer, commit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = repository(commit).fetch(ARRAY, silent)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    blob = path.resolve()
    path.unlink()  # as if killed between the two
    assert repository(commit).fetch(ARRAY, silent) == path and path.read_bytes() == LARGE
    path.unlink()
    blob.write_bytes(LARGE[:-1] + b"!")
    assert "is not in the cache" in refused(commit)


def test_a_partial_file_of_other_bytes_is_refused_once(server: HubServer, commit: str) -> None:
    from unlearnkit.hub.listing import folder_of

    found = repository(commit)
    blob = folder_of(found.address) / "blobs" / found._listed(ARRAY).etag
    blob.parent.mkdir(parents=True)
    blob.with_name(f"{blob.name}.unlearnkit.partial").write_bytes(b"x" * 100)
    assert "came with other bytes" in refused(commit)
    assert found.fetch(ARRAY, silent).read_bytes() == LARGE


def test_a_damaged_file_of_the_cache_is_fetched_again(server: HubServer, commit: str) -> None:
    lines: list[str] = []
    path = repository(commit).fetch(ARRAY, silent)
    path.resolve().write_bytes(LARGE[:-1] + b"!")
    assert repository(commit).fetch(ARRAY, lines.append).read_bytes() == LARGE
    assert "is damaged" in lines[0] and "fetching it again" in lines[0]


def test_limits_and_busy_servers_are_waited_for(server: HubServer, commit: str) -> None:
    waits: list[float] = []
    lines: list[str] = []
    found = Repository(NAME, commit, wait=waits.append)
    found.files()
    server.fail("GET /storage", status=503)
    server.fail("GET /storage", status=503, headers={"Retry-After": "7"})
    assert found.fetch(ARRAY, lines.append).read_bytes() == LARGE
    assert waits == [1, 7]
    assert "the hub answers with 503: trying again in 7 s" in lines


def test_a_limit_that_is_not_over_says_how_long_it_is(server: HubServer, commit: str) -> None:
    server.fail("GET /api", times=99, status=429, headers={"RateLimit": '"api";r=0;t=901'})
    words = refused(commit)
    assert "the hub limits how often it is asked" in words and "Wait 901 s" in words
    assert "with a token the limit is higher" in words


def test_private_gated_and_absent_repositories(server: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = server.publish(NAME, FILES, private=True)
    page = f"{server.url}/datasets/{NAME}"
    absent = f"there is no data set {NAME} at {page}, or it is private and no token was given"
    assert refused(commit).startswith(absent) and "HF_TOKEN" in refused(commit)
    server.publish(NAME, FILES, gated=True)
    assert f"ask for access on {page}" in refused(commit).replace("Ask", "ask")
    monkeypatch.setenv("HF_TOKEN", "hf_of_another")
    assert f"the hub does not accept the token for the data set {NAME} (401)" in refused(commit)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert repository(commit).fetch(ARRAY, silent).read_bytes() == LARGE
    assert {request.token for request in server.asked("GET /storage")} == {None}, "storage must not see the token"
    server.repos.clear()
    assert "the token may not read it" in refused("0" * 40)


def test_a_forbidden_request_names_what_the_token_lacks(server: HubServer, commit: str) -> None:
    server.fail("GET /api", times=9, status=403, headers={"X-Error-Message": "needs read rights"})
    assert f"the token may not read the data set {NAME} (403: " in refused(commit)


def test_another_commit_and_an_absent_file(server: HubServer, commit: str) -> None:
    assert f"the data set {NAME} has no commit {'0' * 40}. Choose one of {server.url}" in refused("0" * 40)
    assert f"has no file margins/retain/id_1.npy. Did you mean {ARRAY}?" in refused(commit, "margins/retain/id_1.npy")
    with pytest.raises(HubError, match="has no file nothing"):
        repository(commit).fetch("nothing", silent)
    with pytest.raises(HubError, match="has no commit v9"):
        current_commit(NAME, "v9")


def test_a_mirror_that_answers_with_another_commit_is_refused(server: HubServer, commit: str) -> None:
    other = server.publish(NAME, {"README.md": b"later"})
    server.repos["dataset", NAME].resolved = lambda revision: other  # what a mirror of the newest commit does
    assert f"asked for commit {commit} of the data set {NAME}, {server.url} answers with {other}" in refused(commit)


def test_a_file_of_another_revision_is_refused(server: HubServer, commit: str) -> None:
    stated = {"ETag": '"0123"', "X-Linked-Size": "12"}
    server.fail("HEAD .*/README.md", status=200, headers={**stated, "X-Repo-Commit": "f" * 40})
    assert f"asked for commit {commit} of the data set {NAME}, {server.url} answers with {'f' * 40}" in refused(
        commit, "README.md"
    )
    other = server.publish("owner/other", FILES)
    server.fail("HEAD .*/README.md", status=200, headers={**stated, "X-Repo-Commit": other})
    server.fail("GET .*/README.md", change=lambda content: content)
    server.fail("GET .*/README.md", change=lambda content: content[::-1])
    with pytest.raises(HubError, match="came with other bytes"):
        Repository("owner/other", other).fetch("README.md", silent)
    assert Repository("owner/other", other).fetch("README.md", silent).read_bytes() == FILES["README.md"]


@pytest.mark.parametrize("path", ["../beside", "/etc/passwd", "a/../../b"])
def test_a_path_that_leaves_the_folder_is_refused(server: HubServer, path: str) -> None:
    commit = server.publish(NAME, {path: b"content"})
    assert f"lists the file '{path}', which leaves its folder" in refused(commit, path)


@pytest.mark.parametrize("revision", ["main", "0" * 39, "A" * 40, ""])
def test_only_commits_are_taken(server: HubServer, revision: str) -> None:
    with pytest.raises(ConfigError, match=r"40 hexadecimal digits.*commits/main"):
        Repository(NAME, revision)


@pytest.mark.parametrize("name", ["pool", "owner/", "../pool", "owner/po ol", "owner/po..ol", "a/b/c"])
def test_only_names_of_repositories_are_taken(name: str) -> None:
    with pytest.raises(ConfigError, match="no name of a repository"):
        Repository(name, "0" * 40)


def test_offline_the_cache_serves_and_the_missing_file_is_named(
    server: HubServer, commit: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = repository(commit).fetch(ARRAY, silent)
    server.requests.clear()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert repository(commit).fetch(ARRAY, silent) == path
    words = refused(commit, "README.md")
    assert f"the file README.md of the data set {NAME} at {commit[:12]} is not in the cache {home / 'hub'}" in words
    assert "the list of files of the data set owner/pool at 000000000000 is not in the cache" in refused("0" * 40)
    path.resolve().write_bytes(b"other")
    assert "is damaged" in refused(commit) and "HF_HUB_OFFLINE" in refused(commit)
    assert not server.requests


def test_a_cache_that_cannot_be_written_is_named(server: HubServer, commit: str, home: Path) -> None:
    home.mkdir()
    (home / "hub").write_text("a file in the place of the folder: permissions do not bind root")
    words = refused(commit)
    assert f"into the cache {home / 'hub'}: " in words and "set HF_HOME to such a folder" in words.replace("Set", "set")


def test_no_connection(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with HubServer() as server:
        used_here(server, home, monkeypatch)
    words = refused("0" * 40)
    assert f"no answer from {server.url}" in words and "HF_ENDPOINT" in words


def test_the_environment_is_that_of_the_client(server: HubServer, commit: str, tmp_path: Path) -> None:
    def printed(path: str, **more: str) -> str:
        return process(server, tmp_path / "other", commit, path, **more).communicate()[0].strip()

    assert Path(found := printed(ARRAY)).read_bytes() == LARGE
    assert found.startswith(str(tmp_path / "other" / "hub"))
    assert "HubError the file README.md of the data set" in printed("README.md", HF_HUB_OFFLINE="1")
