"""What is left of a damaged journal: an incomplete line goes, finished trials stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from unlearnkit.search.mending import keep_copy, mend

LINES = [b'{"op_code": 0}\n', b'{"op_code": 4, "trial_id": 0}\n', b'{"op_code": 6, "trial_id": 0}\n']
WHOLE = b"".join(LINES)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "own.journal"


def mended(path: Path, content: bytes) -> tuple[bytes, list[str]]:
    """Return the journal after it was mended, and what was reported."""
    lines = list[str]()
    path.write_bytes(content)
    mend(path, lines.append)
    return path.read_bytes(), lines


def test_a_sound_journal_is_left_alone_and_an_incomplete_last_line_is_cut_off(path: Path) -> None:
    assert mended(path, WHOLE) == (WHOLE, [])
    assert mended(path, WHOLE + b'{"op_code": 6, "tri') == (WHOLE, [])
    assert mended(path, b"") == (b"", [])


@pytest.mark.parametrize("damaged", [b"\0\0\0\n", b'{"op_co\n', b"17\n", b"\xff\n"])
def test_without_a_copy_what_was_written_before_the_damage_stays(path: Path, damaged: bytes) -> None:
    content = LINES[0] + damaged + LINES[2]
    assert mended(path, content) == (
        LINES[0],
        [
            f"{path} is damaged: trials that ended before line 2 stay, later ones are run again; the damaged file is "
            "kept as own.journal.damaged"
        ],
    )
    assert path.with_name("own.journal.damaged").read_bytes() == content


def test_of_a_finished_study_nothing_is_lost(path: Path) -> None:
    path.write_bytes(WHOLE)
    keep_copy(path)
    # also a changed digit, and the loss of the end or of whole lines, which leave sound lines
    for content in (b"", LINES[0], LINES[0] + LINES[2], WHOLE.replace(b"6", b"7"), LINES[0] + b"\0\n" + LINES[2]):
        kept, lines = mended(path, content)
        assert kept == WHOLE
        assert ["the trials of the last finished run stay" in line for line in lines] == [True]
    longer = WHOLE + LINES[2]
    assert mended(path, longer) == (longer, [])
    assert mended(path, longer + b"\0\n")[0] == longer


def test_a_copy_that_is_damaged_itself_counts_for_nothing(path: Path) -> None:
    path.write_bytes(WHOLE)
    keep_copy(path)
    copy = path.with_name("own.journal.copy")
    copy.write_bytes(copy.read_bytes()[:-5])
    assert mended(path, LINES[0]) == (LINES[0], [])


def test_a_journal_that_was_removed_begins_again_without_its_copy(path: Path) -> None:
    path.write_bytes(WHOLE)
    keep_copy(path)
    path.unlink()
    mend(path, print)
    assert mended(path, LINES[0]) == (LINES[0], [])
