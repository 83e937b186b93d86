"""What is found of this machine in files that are to be published."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

import pytest

from unlearnkit.errors import ArtifactError
from unlearnkit.publication.private import refuse_private

HOME = "/home/jürgen"


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(Path, "home", lambda: Path(HOME))
    return Path("/data")


@pytest.mark.parametrize(
    "text",
    [
        "/data/a",
        "file:///data/b",
        "-I/data/b",
        "gcc -L/data",
        '{"cwd": "/data"}',
        "--root=/data",
        "(/data)",
        "in /data.",
        HOME,
        f"{HOME}/x",
        json.dumps({"home": f"{HOME}/x"}),
        json.dumps(HOME),
        f"file://{quote(HOME)}/x",
    ],
)
def test_paths_of_this_machine_are_found(root: Path, text: str) -> None:
    with pytest.raises(ArtifactError, match=r"a\.json holds a path of this machine, /"):
        refuse_private({"a.json": text.encode()}, root)


@pytest.mark.parametrize(
    "text",
    [
        "results/tiny/data/dataset.safetensors",
        "../data/x",
        "https://data/x",
        "/database",
        "/data-2/x",
        "/data.zip",
        "elsewhere/data",
        "sub-I/data",
        json.dumps(f"{HOME}é/x"),
        f"{HOME}é/x",
        "/scratch/me",
    ],
)
def test_other_paths_are_not(root: Path, text: str) -> None:
    refuse_private({"a.json": text.encode()}, root)
