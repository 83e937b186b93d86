"""File systems for one test: small ones, and folders that cannot be written even by root."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

FILLER = "filler"


def mount(*arguments: str) -> None:
    """Call mount; skip the test where that is not permitted."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("needs root and mount, to make a small or read-only file system")
    ended = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        pytest.skip(f"this machine permits no mounts: {ended.stderr.strip()}")


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    """Within the block `folder` is a file system of its own, with the same content."""
    content = folder.with_name(f"{folder.name}.content")
    shutil.copytree(folder, content, symlinks=True)
    mount("-t", "tmpfs", "-o", f"size={megabytes}m", "unlearnkit-test", str(folder))
    try:
        shutil.copytree(content, folder, symlinks=True, dirs_exist_ok=True)
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)
        shutil.rmtree(content)


def fill(folder: Path, leave: int) -> None:
    """Fill the disk of `folder` up to `leave` bytes."""
    free(folder)
    usage = os.statvfs(folder)
    with (folder / FILLER).open("wb") as stream:
        stream.write(bytes(max(usage.f_bavail * usage.f_frsize - leave, 0)))


def free(folder: Path) -> None:
    """Take away what `fill` wrote."""
    (folder / FILLER).unlink(missing_ok=True)


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Within the block `folder` cannot be written."""
    mount("--bind", str(folder), str(folder))
    try:
        mount("-o", "remount,bind,ro", str(folder))
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)
