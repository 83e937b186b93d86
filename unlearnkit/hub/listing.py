"""Which files a commit has, with sizes and hashes; the list is kept beside the files in the client's cache.

The client keeps a list of its own, but its public functions leave out the SHA-256 of large files.
"""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from unlearnkit.errors import HubError
from unlearnkit.hub.addresses import COMMIT, Address
from unlearnkit.hub.failures import other_commit


@dataclass(frozen=True)
class RemoteFile:
    """A file as a commit lists it.

    path    within the repository
    size    bytes
    sha256  of the content, None for a small file, of which the hub states `blob` alone
    blob    its name in git: the SHA-1 of the content and its size, of a large file that of the pointer to it
    """

    path: str
    size: int
    sha256: str | None
    blob: str

    @property
    def etag(self) -> str:
        """Its name among the blobs of the client's cache."""
        return self.sha256 or self.blob


def folder_of(address: Address) -> Path:
    """Return the folder of a repository in the client's cache."""
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    return Path(constants.HF_HUB_CACHE).absolute() / repo_folder_name(repo_id=address.name, repo_type=address.kind)


def _place(address: Address) -> Path:
    return folder_of(address) / "unlearnkit" / f"{address.revision}.json"


def kept_listing(address: Address) -> list[RemoteFile] | None:
    """Return the list of an earlier request, None if there is none that can be read; raises HubError for a path."""
    try:
        entries = json.loads(_place(address).read_text(encoding="utf-8"))
        return _checked([_typed(RemoteFile(**entry)) for entry in entries], address)
    except (OSError, ValueError, TypeError, RecursionError):
        return None


def _typed(file: RemoteFile) -> RemoteFile:
    """Return a file; raises TypeError if its attributes are of other types than `RemoteFile` states."""
    texts = (file.path, file.blob, file.sha256 or "")
    if not all(isinstance(text, str) for text in texts) or type(file.size) is not int:
        raise TypeError("a damaged list of files")
    return file


def requested_listing(address: Address) -> list[RemoteFile]:
    """Return the list that the hub has of a commit, and keep it if the cache can be written.

    Raises what the client raises, and HubError if the answer is of another commit or lists a path outside its folder.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import RepoFile

    client = HfApi()
    commit = client.repo_info(address.name, revision=address.revision, repo_type=address.kind).sha
    if commit != address.revision:
        raise other_commit(address, str(commit))
    entries = client.list_repo_tree(address.name, recursive=True, revision=address.revision, repo_type=address.kind)
    found = [_remote_file(entry) for entry in entries if isinstance(entry, RepoFile)]
    files = _checked(sorted(found, key=lambda file: file.path), address)
    _keep(address, files)
    return files


def _remote_file(entry: Any) -> RemoteFile:
    return RemoteFile(entry.path, entry.size, entry.lfs.sha256 if entry.lfs else None, entry.blob_id)


def _keep(address: Address, files: Sequence[RemoteFile]) -> None:
    place = _place(address)
    partial = place.with_name(f"{place.name}.{uuid.uuid4().hex[:8]}.partial")
    # a cache that cannot be written still serves what it holds; who needs to write into it says so
    with contextlib.suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps([asdict(file) for file in files]), encoding="utf-8")
        partial.replace(place)


def _checked(files: list[RemoteFile], address: Address) -> list[RemoteFile]:
    for file in files:
        parts = PurePosixPath(file.path).parts
        if not parts or parts[0] == "/" or ".." in parts or "\\" in file.path or "\0" in file.path:
            raise HubError(
                f"{address.version} lists the file '{file.path}', which leaves its folder",
                expected="paths within the repository",
                remedy="do not use this repository",
            )
        if not COMMIT.fullmatch(file.blob) or len(file.sha256 or "0" * 64) != 64:
            raise HubError(f"{address.version} states no hash of {file.path}", remedy="check HF_ENDPOINT")
    return files
