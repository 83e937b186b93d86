"""Unfinished files of killed writers are removed by the next one; those of living writers stay."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from unlearnkit.artifacts.partial import partial_folder, remove_abandoned
from unlearnkit.artifacts.store import write_array, write_tensors

KILLED = """
import os, signal, sys
from pathlib import Path
from unlearnkit.artifacts.partial import partial_folder
with partial_folder(Path(sys.argv[1])) as folder:
    (folder / "half").write_text("half of it")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def abandoned(tmp_path: Path) -> Path:
    """A target whose writer was killed in the middle."""
    target = tmp_path / "a.npy"
    assert subprocess.run([sys.executable, "-c", KILLED, str(target)], check=False).returncode == -9
    (leftover,) = tmp_path.iterdir()
    assert (leftover / "half").exists()
    return target


def test_the_next_writer_removes_what_a_killed_one_left(abandoned: Path) -> None:
    write_array(abandoned, np.arange(3))
    assert list(abandoned.parent.iterdir()) == [abandoned]


def test_writers_of_other_files_leave_it_alone(abandoned: Path) -> None:
    write_array(abandoned.with_name("b.npy"), np.arange(3))
    remove_abandoned(abandoned.parent, "a")
    assert len(list(abandoned.parent.glob(".a.npy.*.partial"))) == 1


def test_a_living_writer_keeps_its_folder(tmp_path: Path) -> None:
    target = tmp_path / "a.npy"
    with partial_folder(target) as first, partial_folder(target) as second:
        remove_abandoned(target.parent)
        assert first.exists()
        assert second.exists()
        assert first != second
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_was_never_locked_is_removed_only_while_it_is_empty(tmp_path: Path) -> None:
    empty, filled = tmp_path / ".a.npy.1.partial", tmp_path / ".a.npy.2.partial"
    empty.mkdir()
    filled.mkdir()
    (filled / "a.npy").touch()
    remove_abandoned(tmp_path, "a.npy")
    assert list(tmp_path.iterdir()) == [filled]


def test_libraries_leave_their_own_temporary_files_in_the_folder(tmp_path: Path) -> None:
    # safetensors writes to .tmpXXXXXX and renames; a kill must not leave that beside the artifacts
    seen: set[str] = set()
    sys.addaudithook(lambda event, arguments: seen.add(str(arguments[0])) if event == "os.rename" else None)
    write_tensors(tmp_path / "a.safetensors", {"a": np.arange(3)})
    assert list(tmp_path.iterdir()) == [tmp_path / "a.safetensors"]
    assert any(".partial/" in name for name in seen)
