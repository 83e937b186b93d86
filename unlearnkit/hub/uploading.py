"""A folder published as a repository of the hub."""

from __future__ import annotations

from pathlib import Path

from unlearnkit.errors import HubError
from unlearnkit.hub.addresses import Address, Kind
from unlearnkit.hub.failures import explained
from unlearnkit.hub.retries import Report


def upload_folder(
    folder: Path, name: str, *, private: bool, message: str, report: Report, kind: Kind = "dataset"
) -> str:
    """Upload all files of a folder as a commit of the repository `name`, and return the commit, 40 hexadecimal digits.

    The repository is made if there is none; `private` says of what kind, and nothing of one that is there. Files that
    the hub has are not sent again, so an upload that was interrupted goes on if it is repeated. Raises HubError if the
    folder has no files, there is no token, or the hub refuses.
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
        commit = client.upload_folder(folder_path=folder, repo_id=name, repo_type=kind, commit_message=message)
    report(f"uploaded: {address.page}, commit {commit.oid}")
    return commit.oid
