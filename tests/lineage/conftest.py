"""Fixtures of the lineage tests: calls of commands, and small experiments made by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from by_hand import ByHand

from unlearnkit.__main__ import main


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """A function that runs a command of unlearnkit in a folder and returns status and output."""

    def run(folder: Path, *words: str) -> tuple[int, str]:
        monkeypatch.chdir(folder)
        capsys.readouterr()
        status = main(words)
        output = capsys.readouterr()
        return status, output.out + output.err

    return run


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """A raw file."""
    path = tmp_path / "raw.gz"
    path.write_text("raw data")
    return path


@pytest.fixture
def by_hand(tmp_path: Path, raw: Path) -> ByHand:
    """A sound experiment of four files."""
    return ByHand(tmp_path / "hand").experiment(raw)
