"""A hub on loopback: an HTTP server that speaks the protocol of the Hugging Face hub, for the real client.

It serves what the client asks for when it reads (information, listing in pages, metadata, contents with ranges,
redirects of large files to another host) and when it writes (creation, upload modes, LFS objects, commits). Xet storage
is not offered. Faults can be ordered for requests to come.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

LARGE = 1000
"""Bytes from which a file is stored as LFS, and served by the other host."""
TOKEN = "hf_of_the_tests"


@dataclass
class Repo:
    """A repository: commits in the order they were made, each path -> content."""

    private: bool = False
    gated: bool = False
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)

    @property
    def head(self) -> str:
        return [*self.commits][-1]

    def resolved(self, revision: str) -> str | None:
        """Return the commit of a revision; `main` is the branch there is."""
        if revision == "main" and self.commits:
            return self.head
        return revision if revision in self.commits else None

    def add(self, files: Mapping[str, bytes]) -> str:
        """Add a commit of these files alone, and return it."""
        hashes = json.dumps([[path, hashlib.sha1(content).hexdigest()] for path, content in sorted(files.items())])
        commit = hashlib.sha1(f"{len(self.commits)} {hashes}".encode()).hexdigest()
        self.commits[commit] = dict(files)
        return commit


@dataclass
class Fault:
    """What happens to the next `times` requests whose method and path match, in place of the usual answer.

    status    answered with this state and `headers`
    cut       the body ends after so many bytes, as when a connection breaks
    held      after `cut` bytes nothing more comes until this is set
    change    what the body is replaced by; `listed` leaves listing and metadata as they are
    """

    pattern: str
    times: int = 1
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    held: threading.Event | None = None
    change: Callable[[bytes], bytes] | None = None


@dataclass(frozen=True)
class Request:
    """A request as it came, and how many bytes of a body it was answered with."""

    method: str
    path: str
    range: str | None
    token: str | None
    status: int
    sent: int


class HubServer:
    """A hub of this process, as a context manager; `url` is its address.

    `publish` adds a commit, `fail` orders a fault, `requests` is what was asked so far. `page` is how many files a page
    of a listing has.
    """

    def __init__(self, page: int = 1000) -> None:
        self.page = page
        self.repos: dict[tuple[str, str], Repo] = {}
        self.objects: dict[str, bytes] = {}
        self.faults: list[Fault] = []
        self.requests: list[Request] = []
        self.lock = threading.Lock()
        server = self

        class Handler(_Handler):
            hub = server

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    def __enter__(self) -> HubServer:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self, home: Path, token: str | None = None) -> dict[str, str]:
        """Return the variables that make a process use this hub, with its cache below `home`."""
        found = {"HF_ENDPOINT": self.url, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1"}
        return {**found, "HF_HUB_DISABLE_PROGRESS_BARS": "1", **({"HF_TOKEN": token} if token else {})}

    def publish(
        self,
        name: str,
        files: Mapping[str, bytes] | Path,
        kind: str = "dataset",
        *,
        private: bool = False,
        gated: bool = False,
    ) -> str:
        """Add a commit with these files, or those of a folder, and return it: 40 hexadecimal digits."""
        if isinstance(files, Path):
            files = {
                path.relative_to(files).as_posix(): path.read_bytes() for path in files.rglob("*") if path.is_file()
            }
        repo = self.repos.setdefault((kind, name), Repo())
        repo.private, repo.gated = private, gated
        return repo.add(files)

    def fail(self, pattern: str, **fault: Any) -> None:
        """Order a fault: `pattern` is searched in "METHOD path"."""
        self.faults.append(Fault(pattern, **fault))

    def fault_of(self, method: str, path: str) -> Fault | None:
        """Return the fault that a request meets, and count it."""
        with self.lock:
            for fault in self.faults:
                if fault.times and re.search(fault.pattern, f"{method} {path}"):
                    fault.times -= 1
                    return fault
        return None

    def asked(self, pattern: str) -> list[Request]:
        """Return the requests so far that a pattern is found in."""
        return [request for request in self.requests if re.search(pattern, f"{request.method} {request.path}")]


def used_here(server: HubServer, home: Path, patch: pytest.MonkeyPatch, token: str | None = None) -> None:
    """Make the client in this process use a server: it reads its environment once, when it is imported."""
    from huggingface_hub import constants

    for name, value in server.environment(home, token).items():
        patch.setenv(name, value)
    patch.setattr(constants, "ENDPOINT", server.url)
    patch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", server.url + "/{repo_id}/resolve/{revision}/{filename}")
    patch.setattr(constants, "HF_HUB_CACHE", str(home / "hub"))
    patch.setattr(constants, "HF_TOKEN_PATH", str(home / "token"))
    patch.setattr(constants, "HF_HUB_OFFLINE", False)
    patch.setattr(constants, "HF_HUB_DISABLE_XET", True)


def is_large(content: bytes) -> bool:
    """Return whether a file is stored as LFS."""
    return len(content) >= LARGE


def blob_of(content: bytes) -> str:
    """Return the name of a file in git."""
    if is_large(content):
        content = f"oid sha256:{hashlib.sha256(content).hexdigest()} size {len(content)}".encode()
    return hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()


class Answered(Exception):  # noqa: N818
    """The request was answered: nothing more is to be done."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: HubServer

    def log_message(self, format: str, *args: object) -> None:
        return

    def _serve(self) -> None:
        self.parts = urlsplit(self.path)
        self.where = unquote(self.parts.path)
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.fault = self.hub.fault_of(self.command, self.where)
        try:
            if self.fault and self.fault.status:
                self._send(self.fault.status, b"", self.fault.headers)
            self._routed()
            self._refuse(404, None, "no such address")
        except Answered:
            return

    do_GET = do_HEAD = do_POST = do_PUT = _serve  # noqa: N815

    def _routed(self) -> None:
        routes: tuple[tuple[str, str, Callable[..., None]], ...] = (
            ("GET", r"/api/(dataset|model)s/([^/]+/[^/]+)(?:/revision/([^/]+))?", self._information),
            ("GET", r"/api/(dataset|model)s/([^/]+/[^/]+)/tree/([^/]+)(?:/(.+))?", self._tree),
            ("HEAD GET", r"/(datasets/)?([^/]+/[^/]+)/resolve/([^/]+)/(.+)", self._file),
            ("HEAD GET", r"/storage/([0-9a-f]{64})", self._object),
            ("POST", r"/api/repos/create", self._create),
            ("POST", r"/api/validate-yaml", lambda: self._json({"errors": [], "warnings": []})),
            ("POST", r"/api/(dataset|model)s/([^/]+/[^/]+)/preupload/([^/]+)", self._modes),
            ("POST", r"/(datasets/)?([^/]+/[^/]+)\.git/info/lfs/objects/batch", self._batch),
            ("PUT", r"/storage/([0-9a-f]{64})", self._store),
            ("POST", r"/api/(dataset|model)s/([^/]+/[^/]+)/commit/([^/]+)", self._commit),
        )
        for methods, pattern, action in routes:
            if self.command in methods.split() and (match := re.fullmatch(pattern, self.where)):
                action(*match.groups())

    # reading

    def _information(self, kind: str, name: str, revision: str | None) -> None:
        repo, commit = self._found(kind, name, revision or "main")
        names = [{"rfilename": path} for path in repo.commits[commit]]
        self._json({"id": name, "sha": commit, "private": repo.private, "siblings": names})

    def _tree(self, kind: str, name: str, revision: str, under: str | None) -> None:
        repo, commit = self._found(kind, name, revision)
        query = parse_qs(self.parts.query)
        files = [entry for entry in sorted(repo.commits[commit].items()) if entry[0].startswith(f"{under or ''}")]
        start = int(query.get("cursor", ["0"])[0])
        stop = start + self.hub.page
        link = {}
        if stop < len(files):
            link["Link"] = f'<{self.hub.url}{self.parts.path}?recursive=true&cursor={stop}>; rel="next"'
        self._json([_entry(path, content) for path, content in files[start:stop]], headers=link)

    def _file(self, prefix: str | None, name: str, revision: str, path: str) -> None:
        repo, commit = self._found("dataset" if prefix else "model", name, revision)
        stated = {"X-Repo-Commit": commit}
        content = repo.commits[commit].get(path)
        if content is None:
            self._refuse(404, "EntryNotFound", "Entry not found", stated)
            return
        if not is_large(content):
            self._content(content, {**stated, "ETag": f'"{blob_of(content)}"'})
            return
        sha256 = hashlib.sha256(content).hexdigest()
        self.hub.objects[sha256] = content
        large = {"X-Linked-Etag": f'"{sha256}"', "X-Linked-Size": str(len(content))}
        # another host: a token must not be sent there
        self._send(302, b"", {**stated, **large, "Location": f"http://localhost:{self.hub.port}/storage/{sha256}"})

    def _object(self, sha256: str) -> None:
        if "Authorization" in self.headers:
            self._refuse(400, None, "a token was sent to the storage")
        self._content(self.hub.objects[sha256], {"ETag": f'"{sha256}"'})

    def _content(self, content: bytes, headers: Mapping[str, str]) -> None:
        if self.fault and self.fault.change:
            content = self.fault.change(content)
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if match is None:
            self._send(200, content, {**headers, "Accept-Ranges": "bytes"})
            return
        start = int(match[1])
        if start >= len(content):
            self._send(416, b"", {"Content-Range": f"bytes */{len(content)}"})
        stated = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
        self._send(206, content[start:], {**headers, **stated})

    # writing

    def _create(self) -> None:
        asked = json.loads(self.body)
        key = (asked.get("type") or "model", f"{asked['organization']}/{asked['name']}")
        self._require_token()
        url = {"url": f"{self.hub.url}/{'datasets/' if key[0] == 'dataset' else ''}{key[1]}"}
        if key in self.hub.repos:
            self._send(409, json.dumps({**url, "error": "You already created this repo"}).encode(), {})
        self.hub.repos[key] = Repo(private=asked.get("visibility") == "private" or bool(asked.get("private")))
        self.hub.repos[key].add({".gitattributes": b""})
        self._json(url)

    def _modes(self, kind: str, name: str, revision: str) -> None:
        repo = self._writable(kind, name)
        there = repo.commits[repo.head]
        modes = []
        for asked in json.loads(self.body)["files"]:
            large = asked["size"] >= LARGE
            oid = blob_of(there[asked["path"]]) if asked["path"] in there else None
            if large and oid:
                oid = hashlib.sha256(there[asked["path"]]).hexdigest()
            mode = {"uploadMode": "lfs" if large else "regular", "shouldIgnore": False, "oid": oid}
            modes.append({"path": asked["path"], **mode})
        self._json({"files": modes})

    def _batch(self, prefix: str | None, name: str) -> None:
        self._writable("dataset" if prefix else "model", name)
        objects = []
        for asked in json.loads(self.body)["objects"]:
            actions = {"upload": {"href": f"{self.hub.url}/storage/{asked['oid']}"}}
            lacking = {} if asked["oid"] in self.hub.objects else {"actions": actions}
            objects.append({"oid": asked["oid"], "size": asked["size"], **lacking})
        self._json({"transfer": "basic", "objects": objects})

    def _store(self, sha256: str) -> None:
        if hashlib.sha256(self.body).hexdigest() != sha256:
            self._refuse(400, None, "other content than was announced")
        self.hub.objects[sha256] = self.body
        self._send(200, b"", {})

    def _commit(self, kind: str, name: str, revision: str) -> None:
        repo = self._writable(kind, name)
        files = dict(repo.commits[repo.head])
        for line in self.body.splitlines():
            item = json.loads(line)
            value = item["value"]
            if item["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif item["key"] == "lfsFile":
                files[value["path"]] = self.hub.objects[value["oid"]]
            elif item["key"] == "deletedFile":
                del files[value["path"]]
        commit = repo.add(files)
        self._json({"commitUrl": f"{self.hub.url}/datasets/{name}/commit/{commit}", "commitOid": commit})

    # answers

    def _found(self, kind: str, name: str, revision: str) -> tuple[Repo, str]:
        repo = self.hub.repos.get((kind, name))
        known = self._token() == TOKEN
        if self._token() and not known:
            self._refuse(401, None, "Invalid credentials in Authorization header")
        if repo is None or (repo.private and not known):
            self._refuse(404 if known else 401, "RepoNotFound", "Repository not found")
            raise AssertionError
        if repo.gated and not known:
            self._refuse(403, "GatedRepo", "Access is restricted and you are not in the authorized list.")
        commit = repo.resolved(revision)
        if commit is None:
            self._refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
            raise AssertionError
        return repo, commit

    def _writable(self, kind: str, name: str) -> Repo:
        self._require_token()
        return self._found(kind, name, "main")[0]

    def _require_token(self) -> None:
        if self._token() != TOKEN:
            self._refuse(401, None, "Invalid credentials in Authorization header")

    def _token(self) -> str | None:
        return (self.headers.get("Authorization") or "").removeprefix("Bearer ") or None

    def _refuse(self, status: int, code: str | None, message: str, headers: Mapping[str, str] | None = None) -> None:
        stated = {**(headers or {}), **({"X-Error-Code": code} if code else {}), "X-Error-Message": message}
        self._send(status, b"", stated)

    def _json(self, answer: object, headers: Mapping[str, str] | None = None) -> None:
        self._send(200, json.dumps(answer).encode(), {**(headers or {}), "Content-Type": "application/json"})

    def _send(self, status: int, content: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        cut = self.fault.cut if self.fault and self.fault.cut is not None else len(content)
        sent = b"" if self.command == "HEAD" else content[:cut]
        if cut < len(content):
            self.send_header("Connection", "close")
        self.end_headers()
        self.hub.requests.append(
            Request(self.command, self.where, self.headers.get("Range"), self._token(), status, len(sent))
        )
        self.wfile.write(sent)
        self.wfile.flush()
        if self.fault and self.fault.held:
            self.fault.held.wait()
        self.close_connection = cut < len(content)
        raise Answered


def _entry(path: str, content: bytes) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": "file", "path": path, "size": len(content), "oid": blob_of(content)}
    if is_large(content):
        sha256 = hashlib.sha256(content).hexdigest()
        entry["lfs"] = {"oid": sha256, "size": len(content), "pointerSize": 130}
    return entry
