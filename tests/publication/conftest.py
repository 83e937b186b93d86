"""Fixtures of the publication tests: calls of commands, and the tiny experiment published to a folder."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest
from checkout import RESULTS, Checkout

from unlearnkit.__main__ import main

NAME = "owner/tiny"


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


@pytest.fixture(scope="session")
def published(completed: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished tiny experiment as it is published; not to be changed."""
    folder = tmp_path_factory.mktemp("published") / "copy"
    with contextlib.chdir(completed.root):
        assert main(["publish", RESULTS, NAME, "--license", "mit", "--to", str(folder)]) == 0
    return folder
