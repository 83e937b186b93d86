"""A folder published as a repository of the hub."""

from __future__ import annotations

import glob
from collections.abc import Callable, Collection
from pathlib import Path

from unlearnkit.errors import HubError
from unlearnkit.hub.addresses import Address, Kind
from unlearnkit.hub.failures import explained
from unlearnkit.hub.repository import Repository, current_commit
from unlearnkit.hub.retries import Report


def upload_folder(
    folder: Path,
    name: str,
    *,
    private: bool,
    message: str,
    report: Report,
    kind: Kind = "dataset",
    outdated: Callable[[Repository], Collection[str]] | None = None,
) -> str:
    """Upload all files of a folder as a commit of the repository `name`, and return the commit, 40 hexadecimal digits.

    The repository is made if there is none; `private` says of what kind, and nothing of one that is there. Files that
    the hub has are not sent again, so an upload that was interrupted goes on if it is repeated. `outdated` is given the
    repository as it is, and returns the paths that the same commit removes; others stay. Raises HubError if the folder
    has no files, there is no token, or the hub refuses, and what `outdated` raises.
    """
    from huggingface_hub import HfApi, constants, get_token

    address = Address(name, kind, "main")
    files = [path for path in folder.rglob("*") if path.is_file()]
    if not files:
        raise HubError(f"{folder} holds no files to upload")
    if constants.HF_HUB_OFFLINE:
        raise HubError(f"HF_HUB_OFFLINE is set, so nothing is uploaded to {address}", remedy="unset it")
    if not get_token():
        raise HubError(
            f"no token was given to write {address}",
            expected="a token that may write",
            remedy="run `hf auth login`, or set HF_TOKEN",
        )
    total = sum(path.stat().st_size for path in files)
    report(f"uploading {len(files):,} files, {total / 1e6:,.1f} MB, to {address.page}")
    client = HfApi(endpoint=constants.ENDPOINT)
    with explained(address, writing=True):
        client.create_repo(name, repo_type=kind, private=private, exist_ok=True)
    there = Repository(name, current_commit(name, kind=kind), kind) if outdated else None
    removed = sorted(outdated(there)) if outdated and there else []
    if removed:
        report(f"removing {len(removed):,} files that are no longer among them, {removed[0]} first")
    with explained(address, writing=True):
        commit = client.upload_folder(
            folder_path=folder,
            repo_id=name,
            repo_type=kind,
            commit_message=message,
            delete_patterns=[glob.escape(path) for path in removed],
        )
    report(f"uploaded: {address.page}, commit {commit.oid}")
    return commit.oid
