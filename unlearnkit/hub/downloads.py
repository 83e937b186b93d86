"""One file of a commit: found in the client's cache, or fetched, verified, and put into it.

The client begins a download again in each process. Here the bytes that are there stay in a file of their own, and the
next process asks for the rest; only what has the listed hash becomes a blob, to which the client then adds its links.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from pathlib import Path
from typing import BinaryIO

from unlearnkit.errors import HubError
from unlearnkit.hub.addresses import Address
from unlearnkit.hub.failures import other_commit
from unlearnkit.hub.listing import RemoteFile, folder_of
from unlearnkit.hub.retries import IncompleteError, Report

_PIECE = 1 << 20
_STEPS = 10
"""Lines of progress of one file."""
_TOLD = 50_000_000
"""Bytes from which a file has lines of progress."""


def cached_file(address: Address, file: RemoteFile, report: Report) -> Path | None:
    """Return a file of the client's cache whose content is the listed one, None if it is not there.

    A damaged one is removed. Raises HubError if it cannot be, or must not since the hub may not be asked.
    """
    from huggingface_hub import constants, try_to_load_from_cache

    found = try_to_load_from_cache(
        address.name, file.path, cache_dir=constants.HF_HUB_CACHE, revision=address.revision, repo_type=address.kind
    )
    if not isinstance(found, str):
        return None
    if _is_intact(Path(found), file):
        return Path(found)
    damaged = f"{found} is damaged: it does not have the hash that {address.version} lists"
    if constants.HF_HUB_OFFLINE:
        raise HubError(damaged, remedy="remove it, and run once where there is a network and HF_HUB_OFFLINE is not set")
    report(f"{damaged}; fetching it again")
    try:
        Path(os.path.realpath(found)).unlink(missing_ok=True)
        Path(found).unlink(missing_ok=True)
    except OSError as error:
        raise HubError(f"{damaged}, and cannot be removed: {error.strerror}", remedy="remove it") from None
    return None


def unlinked_file(address: Address, file: RemoteFile) -> Path | None:
    """Return a file whose content is in the cache without its link, as a killed process leaves it, after adding that.

    None if it is not there, or the cache cannot be written.
    """
    folder = folder_of(address)
    blob = folder / "blobs" / file.etag
    link = folder / "snapshots" / address.revision / file.path
    try:
        if not (blob.is_file() and _is_intact(blob, file)):
            return None
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(os.path.relpath(blob, link.parent))
    except OSError:
        return None
    return link


def partial_of(address: Address, file: RemoteFile) -> Path:
    """Return where the bytes of a file lie that were fetched so far."""
    return folder_of(address) / "blobs" / f"{file.etag}.unlearnkit.partial"


def downloaded(address: Address, file: RemoteFile, report: Report) -> Path:
    """Fetch what is lacking of a file, and return it as the client has it in its cache.

    Raises what the client raises, OSError if the cache cannot be written, and HubError if the content is another one.
    """
    from huggingface_hub import constants, hf_hub_download

    blob = _blob(address, file, report)
    found = Path(
        hf_hub_download(
            address.name,
            file.path,
            repo_type=address.kind,
            revision=address.revision,
            cache_dir=constants.HF_HUB_CACHE,
            endpoint=constants.ENDPOINT,
        )
    )
    if address.revision not in found.parts:
        raise other_commit(address, found.relative_to(folder_of(address).resolve()).parts[1])
    if not found.samefile(blob):  # a copy, or what came under another name
        _refuse_other(address, file, found)
    return found


def _blob(address: Address, file: RemoteFile, report: Report) -> Path:
    """Return where the content of a file lies, fetched and verified if it is not there; others wait for it."""
    from huggingface_hub.utils import WeakFileLock

    folder, partial = folder_of(address), partial_of(address, file)
    blob = folder / "blobs" / file.etag
    lock = folder.parent / ".locks" / folder.name / f"{file.etag}.lock"
    for parent in (blob.parent, lock.parent):
        parent.mkdir(parents=True, exist_ok=True)
    with WeakFileLock(lock):
        if not (blob.is_file() and _is_intact(blob, file)):
            _complete(address, file, partial, report)
            _refuse_other(address, file, partial)
            try:
                partial.replace(blob)
            except FileNotFoundError:  # on file systems whose locks do not hold, another was here and put it in place
                if not (blob.is_file() and _is_intact(blob, file)):
                    raise
    return blob


def _complete(address: Address, file: RemoteFile, partial: Path, report: Report) -> None:
    """Append to a partial file what it lacks."""
    there = size_of(partial)
    if there > file.size:
        partial.unlink()
        there = 0
    if shutil.disk_usage(partial.parent).free < file.size - there:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(partial))
    report(
        f"fetching {file.path} of {address.version}, {_megabytes(file.size)}"
        + (f", of which {_megabytes(there)} are there" if there else "")
    )
    with partial.open("ab") as stream:
        if there < file.size:
            _append(address, file, stream, report)
    if size_of(partial) < file.size:
        raise IncompleteError(f"{size_of(partial):,} of {file.size:,} bytes")


def _append(address: Address, file: RemoteFile, stream: BinaryIO, report: Report) -> None:
    from huggingface_hub import constants, hf_hub_url
    from huggingface_hub.utils import build_hf_headers, hf_raise_for_status, http_stream_backoff

    place = {"repo_type": address.kind, "revision": address.revision, "endpoint": constants.ENDPOINT}
    wanted = {"Range": f"bytes={stream.tell()}-"} if stream.tell() else {}
    with http_stream_backoff(
        "GET",
        hf_hub_url(address.name, file.path, **place),
        headers={**build_hf_headers(), "Accept-Encoding": "identity", **wanted},
        timeout=constants.HF_HUB_DOWNLOAD_TIMEOUT,
        retry_on_exceptions=(),
        retry_on_status_codes=(),
    ) as answer:
        if answer.status_code == 416:  # the hub has no more of it
            return
        hf_raise_for_status(answer)
        if answer.status_code != 206:  # the whole file, whatever was asked for
            stream.truncate(0)
        done = stream.tell()
        # pieces as they come: the client's own function loses what it has of the last 10 MB when a connection breaks
        for piece in answer.iter_bytes():
            stream.write(piece)
            before, done = done, done + len(piece)
            if done > file.size:  # not the listed file, whatever else comes: it is refused by its size
                return
            if file.size >= _TOLD and before * _STEPS // file.size < done * _STEPS // file.size:
                report(f"{file.path}: {_megabytes(done)} of {_megabytes(file.size)}")


def size_of(path: Path) -> int:
    """Return the bytes of a file, 0 if there is none."""
    return path.stat().st_size if path.exists() else 0


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"


def _refuse_other(address: Address, file: RemoteFile, partial: Path) -> None:
    if _is_intact(partial, file):
        return
    partial.unlink()
    raise HubError(
        f"{file.path} of {address.version} came with other bytes than the commit lists: another hash or length",
        expected=f"{'SHA-256' if file.sha256 else 'the git blob'} {file.etag}, {file.size:,} bytes",
        remedy="give the same command again; if it happens twice, the file is damaged on the hub, or of another "
        "revision, or something on the way changes it (HF_ENDPOINT, a proxy)",
    )


def _is_intact(path: Path, file: RemoteFile) -> bool:
    """Return whether a file has the listed size and hash."""
    if path.stat().st_size != file.size:
        return False
    digest = hashlib.sha256() if file.sha256 else hashlib.sha1(f"blob {file.size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as stream:
        while piece := stream.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest() == file.etag
