"""Whose lock may be released: only that of a process which is certainly dead on this system."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from unlearnkit.workflow.repairs.run_lock import Identity, identity, why_locked


@pytest.fixture
def living() -> Iterator[Identity]:
    """The identity of a process that lives as long as the test."""
    with subprocess.Popen(["sleep", "600"]) as process:
        own = identity(process.pid)
        assert own
        yield own
        process.kill()


@pytest.fixture
def dead() -> Identity:
    """The identity of a process that was killed."""
    with subprocess.Popen(["sleep", "600"]) as process:
        own = identity(process.pid)
        process.kill()
    assert own
    return own


def locked(folder: Path, *holders: dict[str, Any], locks: int) -> str | None:
    for number in range(locks):
        (folder / f"{number}.output.lock").touch()
    for number, holder in enumerate(holders):
        (folder / f"{number}.holder").write_text(json.dumps(holder))
    return why_locked(folder)


def test_a_killed_process_holds_no_lock(dead: Identity, tmp_path: Path) -> None:
    assert locked(tmp_path, dead, locks=1) is None


def test_a_process_that_its_parent_has_not_asked_for_is_dead_too(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "600"]) as process:
        own = identity(process.pid)
        assert own
        process.kill()
        while identity(process.pid):
            pass
        assert locked(tmp_path, own, locks=1) is None


def test_a_living_process_holds_its_lock(living: Identity, dead: Identity, tmp_path: Path) -> None:
    problem = locked(tmp_path, dead, living, locks=2)
    assert problem
    assert f"process {living['pid']} on {living['host']}" in problem
    assert "Wait until it ends" in problem
    assert "--unlock" not in problem


def test_another_process_with_the_number_of_a_dead_one_is_another(living: Identity, tmp_path: Path) -> None:
    assert locked(tmp_path, {**living, "start": 1}, locks=1) is None


@pytest.mark.parametrize("where", [{"system": "another boot pid:[1]"}, {"host": "node7", "system": "another boot"}])
def test_what_cannot_be_seen_is_not_taken_for_dead(where: dict[str, str], dead: Identity, tmp_path: Path) -> None:
    problem = locked(tmp_path, {**dead, **where}, locks=1)
    assert problem
    assert "cannot be seen from here" in problem
    assert "--unlock" in problem


@pytest.mark.parametrize("content", ["", "{"])
def test_a_lock_without_a_name_stays(content: str, dead: Identity, tmp_path: Path) -> None:
    (tmp_path / "half.holder").write_text(content)
    problem = locked(tmp_path, dead, locks=2)
    assert problem
    assert "left no name" in problem
