"""The files of a repository of the hub at one commit: listed, fetched into the client's cache, and verified."""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path

from unlearnkit.errors import HubError
from unlearnkit.hub.addresses import Address, Kind, refuse_branch
from unlearnkit.hub.downloads import cached_file, downloaded, partial_of, size_of, unlinked_file
from unlearnkit.hub.failures import explained, offline
from unlearnkit.hub.listing import RemoteFile, folder_of, kept_listing, requested_listing
from unlearnkit.hub.retries import Report, persistently

__all__ = ["RemoteFile", "Report", "Repository", "current_commit", "kept_commits"]

AT_ONCE = 8
"""Files that are fetched at the same time, as the client does it."""


class Repository:
    """A repository of the hub at one commit.

    `name` is "owner/name", `revision` a commit of 40 hexadecimal digits. `wait` pauses for some seconds between tries.
    Raises ConfigError for another name or revision. Nothing is asked of the hub before `files` or `fetch`.
    """

    def __init__(
        self, name: str, revision: str, kind: Kind = "dataset", *, wait: Callable[[float], object] = time.sleep
    ) -> None:
        self.address = Address(name, kind, revision)
        self._wait = wait
        refuse_branch(self.address)

    def files(self, under: str = "") -> list[RemoteFile]:
        """Return the files of the commit, or those below the folder `under`, by path.

        The list is requested once and kept in the client's cache, so that it is there offline. Raises HubError if it
        can be had from neither, or names a file outside its folder.
        """
        folder = under.strip("/")
        return [file for file in self._listing.values() if not folder or file.path.startswith(f"{folder}/")]

    def fetch(self, path: str, report: Report) -> Path:
        """Return a file of the commit, in the client's cache: fetched if it is not there, and verified in any case.

        A download that was interrupted, in this process or another, goes on where it ended; one that fails is tried
        again after a pause. The file enters the cache only with the size and the hash that the commit lists. `report`
        is given lines of progress. Raises HubError.
        """
        return self._verified(self._listed(path), report, report)

    def fetch_all(self, paths: Sequence[str], report: Report) -> list[Path]:
        """Return files of the commit as `fetch` does, eight at a time; `report` is given a line for every tenth."""
        files = {path: self._listed(path) for path in paths}  # once each, however often it is named
        total = sum(file.size for file in files.values()) / 1e6
        with ThreadPoolExecutor(AT_ONCE) as pool:
            coming = {path: pool.submit(self._verified, file, lambda _: None, report) for path, file in files.items()}
            try:
                for done, one in enumerate(coming.values(), 1):
                    one.result()
                    if len(files) >= 10 and done * 10 // len(files) > (done - 1) * 10 // len(files):
                        report(f"{done:,} of {len(files):,} files of {self.address.version}, {total:,.1f} MB in all")
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return [coming[path].result() for path in paths]

    def _verified(self, file: RemoteFile, progress: Report, report: Report) -> Path:
        try:
            found = cached_file(self.address, file, report)
            found = found or (unlinked_file(self.address, file) if _is_offline() else None)
        except OSError as error:
            raise HubError(
                f"{file.path} of {self.address.version} cannot be read in the cache {folder_of(self.address)}: "
                f"{error.strerror or error}",
                remedy="correct the permissions of that folder, or set HF_HOME to another",
            ) from None
        if found is None:
            if _is_offline():
                raise offline(self.address, file.path)
            with explained(self.address, file.path):
                found = persistently(
                    lambda: downloaded(self.address, file, progress),
                    report,
                    self._wait,
                    lambda: size_of(partial_of(self.address, file)),
                )
        return found

    @cached_property
    def _listing(self) -> dict[str, RemoteFile]:
        files = kept_listing(self.address)
        if files is None:
            if _is_offline():
                raise offline(self.address, None)
            with explained(self.address):
                files = requested_listing(self.address)
        return {file.path: file for file in files}

    def _listed(self, path: str) -> RemoteFile:
        if path not in self._listing:
            near = difflib.get_close_matches(path, self._listing, n=1)
            raise HubError(
                f"{self.address.version} has no file {path}",
                remedy=f"did you mean {near[0]}?" if near else f"look at {self.address.page}",
            )
        return self._listing[path]


def current_commit(name: str, revision: str = "main", kind: Kind = "dataset") -> str:
    """Return the commit, 40 hexadecimal digits, that a branch or a tag names now; raises HubError."""
    from huggingface_hub import HfApi

    address = Address(name, kind, revision)
    if _is_offline():
        raise HubError(
            f"which commit '{revision}' of {address} names cannot be asked, since HF_HUB_OFFLINE is set",
            expected="a commit of 40 hexadecimal digits",
        )
    with explained(address):
        return str(HfApi().repo_info(name, revision=revision, repo_type=kind).sha)


def kept_commits(name: str, kind: Kind = "dataset") -> list[str]:
    """Return the commits whose lists of files are in the client's cache, the newest list first."""
    lists = folder_of(Address(name, kind, "main")).glob("unlearnkit/*.json")
    return [path.stem for path in sorted(lists, key=lambda path: path.stat().st_mtime, reverse=True)]


def _is_offline() -> bool:
    from huggingface_hub import constants

    return constants.HF_HUB_OFFLINE
