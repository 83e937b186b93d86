"""Resume folders: exact entries for the same job, nothing for another one, no harm from a damaged one."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np

from unlearnkit.artifacts.resume import ResumeFolder

ARRAYS = {"weights": np.arange(6.0).reshape(2, 3), "epoch": np.array(4)}


def test_entries_come_back_as_they_were(tmp_path: Path) -> None:
    folder = ResumeFolder(str(tmp_path / "out.safetensors"), "key")
    assert folder.load("moment") is None
    folder.save("moment", ARRAYS)
    stored = ResumeFolder(str(tmp_path / "out.safetensors"), "key").load("moment")
    assert stored is not None
    assert stored.keys() == ARRAYS.keys()
    np.testing.assert_array_equal(stored["weights"], ARRAYS["weights"])
    assert int(stored["epoch"]) == 4
    assert [path.name for path in tmp_path.iterdir()] == ["out.safetensors.resume"]


def test_another_job_finds_nothing(tmp_path: Path) -> None:
    ResumeFolder(str(tmp_path / "out"), "key").save("moment", ARRAYS)
    assert ResumeFolder(str(tmp_path / "out"), "other").load("moment") is None
    assert ResumeFolder(str(tmp_path / "other"), "key").load("moment") is None


def test_a_damaged_entry_counts_as_none(tmp_path: Path) -> None:
    folder = ResumeFolder(str(tmp_path / "out"), "key")
    folder.save("moment", ARRAYS)
    path = folder.folder / "moment.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    assert folder.load("moment") is None
    folder.save("moment", ARRAYS)
    assert folder.load("moment") is not None


def test_a_flipped_byte_anywhere_counts_as_none_or_changes_nothing(tmp_path: Path) -> None:
    folder = ResumeFolder(str(tmp_path / "out"), "key")
    folder.save("moment", ARRAYS)
    path = folder.folder / "moment.safetensors"
    whole, refused = path.read_bytes(), 0
    for position in range(len(whole)):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0x10]) + whole[position + 1 :])
        stored = folder.load("moment")
        refused += stored is None
        if stored is not None:
            assert stored.keys() == ARRAYS.keys()
            assert all(np.array_equal(stored[name], ARRAYS[name]) for name in ARRAYS)
    assert refused > 0.9 * len(whole)


def test_saving_goes_on_while_another_job_discards(tmp_path: Path) -> None:
    ours, theirs = (ResumeFolder(str(tmp_path / "out"), "key") for _ in range(2))
    stop = threading.Event()

    def discard() -> None:
        while not stop.wait(0.0005):
            theirs.discard()

    other = threading.Thread(target=discard)
    other.start()
    try:
        for _ in range(300):
            ours.save("moment", ARRAYS)
    finally:
        stop.set()
        other.join()
    ours.save("moment", ARRAYS)
    assert ours.load("moment") is not None


def test_entries_are_discarded_one_by_one_or_together(tmp_path: Path) -> None:
    folder = ResumeFolder(str(tmp_path / "out"), "key")
    folder.discard("never_saved")
    folder.discard()
    for name in ("first", "second"):
        folder.save(name, ARRAYS)
    folder.discard("first")
    assert folder.load("first") is None
    assert folder.load("second") is not None
    folder.discard()
    assert not folder.folder.exists()
