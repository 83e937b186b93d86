"""A canary: a file that appears if, and only if, an attack gets its code executed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


class Payload:
    """Creates the canary when it is unpickled."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.canary),)


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """A path at which nothing may appear."""
    return tmp_path / "canary"


@pytest.fixture
def payload(canary: Path) -> Payload:
    """An object that creates the canary when it is unpickled."""
    return Payload(canary)
