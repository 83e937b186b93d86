"""Files are complete or absent, the same bytes every time, and refused when damaged."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from unlearnkit.artifacts.store import (
    TensorFile,
    read_array,
    read_json,
    remove_others,
    replacing,
    sha256_of,
    write_array,
    write_json,
    write_tensors,
    write_text,
)
from unlearnkit.errors import ArtifactError

WRITERS: dict[str, Callable[[Path], None]] = {
    "text": lambda path: write_text(path, "new"),
    "json": lambda path: write_json(path, {"a": 1}),
    "array": lambda path: write_array(path, np.arange(3)),
    "tensors": lambda path: write_tensors(path, {"a": np.arange(3)}),
}

FULL_DISK = """
import resource, sys
import numpy as np, pyarrow as pa
from unlearnkit.artifacts.store import write_array, write_tensors, write_text
from unlearnkit.artifacts.tables import write_table
from unlearnkit.errors import ArtifactError
values = np.random.default_rng(0).normal(size=10_000)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
writers = {
    "text": lambda path: write_text(path, "x" * 5000),
    "array": lambda path: write_array(path, values),
    "tensors": lambda path: write_tensors(path, {"a": values}),
    "table": lambda path: write_table(path, pa.table({"a": values}), {}),
}
try:
    writers[sys.argv[1]](sys.argv[2])
except ArtifactError as error:
    print(error)
"""


@pytest.fixture
def tensors() -> dict[str, np.ndarray]:
    """Arrays of several types and shapes, one of them a scalar and one not contiguous."""
    grid = np.arange(6, dtype=np.float32).reshape(2, 3)
    return {"grid": grid, "turned": grid.T, "count": np.array(7), "bytes": np.arange(4, dtype=np.uint8)}


@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
def test_folders_are_made_and_nothing_else_is_left(writer: Callable[[Path], None], tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    writer(path)
    writer(path)
    assert list(path.parent.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_failing_writer_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), replacing(path) as temporary:
        temporary.write_text("half of the n")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_nobody_sees_the_file_before_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert not path.exists()
        assert temporary.parent.parent == path.parent
    assert path.read_text() == "new"


@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
def test_a_folder_that_cannot_be_made_is_told(writer: Callable[[Path], None], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ArtifactError, match=r"^cannot write .*/file/below/artifact: .+ Free the disk"):
        writer(tmp_path / "file" / "below" / "artifact")


@pytest.mark.parametrize("writer", ["text", "array", "tensors", "table"])
def test_a_disk_that_fills_up_is_told_and_leaves_the_old_file(writer: str, tmp_path: Path) -> None:
    path = tmp_path / "artifact"
    path.write_text("old")
    command = [sys.executable, "-c", FULL_DISK, writer, str(path)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout.startswith(f"cannot write {path}: ")
    assert "None" not in run.stdout
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_kept_and_what_another_pattern_names_stays(tmp_path: Path) -> None:
    names = ("methods/kept.html", "methods/gone.html", "metrics/gone.html", "index.html", "methods/gone.json")
    for name in names:
        write_text(tmp_path / name, name)
    remove_others(tmp_path, "*/*.html", [str(tmp_path / "methods/kept.html")])
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")}
    assert left == {"methods/kept.html", "index.html", "methods/gone.json"}


def test_json_round_trip(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"b": [1, 2.5, None], "a": "ä"})
    assert read_json(tmp_path / "a.json") == {"a": "ä", "b": [1, 2.5, None]}
    assert (tmp_path / "a.json").read_text().index('"a"') < (tmp_path / "a.json").read_text().index('"b"')


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe"])
def test_broken_json_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(ArtifactError, match=r"a\.json is not a readable JSON file"):
        read_json(tmp_path / "a.json")


def test_array_round_trip(tmp_path: Path) -> None:
    write_array(tmp_path / "a.npy", np.arange(5)[::2])
    np.testing.assert_array_equal(read_array(tmp_path / "a.npy"), [0, 2, 4])


def test_pickled_and_broken_arrays_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "pickled.npy", np.array([{"code": "anything"}]), allow_pickle=True)
    write_array(tmp_path / "whole.npy", np.arange(100))
    (tmp_path / "cut.npy").write_bytes((tmp_path / "whole.npy").read_bytes()[:-8])
    (tmp_path / "empty.npy").touch()
    (tmp_path / "text.npy").write_text("1 2 3")
    for name in ("pickled", "cut", "empty", "text", "missing"):
        with pytest.raises(ArtifactError, match=rf"{name}\.npy is not a readable \.npy array"):
            read_array(tmp_path / f"{name}.npy")


def test_tensor_round_trip(tensors: dict[str, np.ndarray], tmp_path: Path) -> None:
    write_tensors(tmp_path / "a.safetensors", tensors, {"role": "original", "note": "x"})
    stored = TensorFile(tmp_path / "a.safetensors")
    assert stored.names == sorted(tensors)
    assert stored.metadata == {"role": "original", "note": "x"}
    for name, array in tensors.items():
        assert stored[name].shape == array.shape
        assert stored[name].dtype == array.dtype
        np.testing.assert_array_equal(stored[name], array)


def test_tensor_bytes_are_reproducible(tensors: dict[str, np.ndarray], tmp_path: Path) -> None:
    metadata = {f"key_{number}": "value" for number in range(8)}
    hashes = set()
    for number in range(10):
        turned = dict(reversed(tensors.items())) if number % 2 else tensors
        write_tensors(tmp_path / "a.safetensors", turned, metadata)
        hashes.add(sha256_of(tmp_path / "a.safetensors"))
    assert len(hashes) == 1


def test_truncated_tensors_are_refused(tensors: dict[str, np.ndarray], tmp_path: Path) -> None:
    write_tensors(tmp_path / "a.safetensors", tensors)
    content = (tmp_path / "a.safetensors").read_bytes()
    for length in range(0, len(content), 3):
        (tmp_path / "cut.safetensors").write_bytes(content[:length])
        with pytest.raises(ArtifactError, match=r"cut\.safetensors is not a readable safetensors file"):
            TensorFile(tmp_path / "cut.safetensors")


@pytest.mark.parametrize("content", [b"", b"garbage", b"\x00" * 100, b"\xff" * 100])
def test_garbage_is_no_tensor_file(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(content)
    with pytest.raises(
        ArtifactError, match=r"a\.safetensors .* Run `rm -f .*/a.safetensors`, then the same snakemake command"
    ):
        TensorFile(tmp_path / "a.safetensors")


def test_missing_tensors_and_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"none\.safetensors is not a readable safetensors file"):
        TensorFile(tmp_path / "none.safetensors")
    write_tensors(tmp_path / "a.safetensors", {"a": np.arange(2)})
    with pytest.raises(ArtifactError, match=r"a\.safetensors has no tensor 'b'"):
        TensorFile(tmp_path / "a.safetensors")["b"]


def test_sha256(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    # FIPS 180-2, appendix B.1
    assert sha256_of(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_json_is_readable_by_anyone(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"a": 1})
    assert json.loads((tmp_path / "a.json").read_text()) == {"a": 1}


def test_mapped_tensor_is_the_tensor_and_never_changes_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    write_tensors(path, {"images": pixels, "labels": np.arange(2), "z": np.zeros(3, np.float32)})
    before = path.read_bytes()
    mapped = TensorFile(path).mapped("images")
    np.testing.assert_array_equal(mapped, pixels)
    mapped[0] = 7
    assert path.read_bytes() == before
    for name in ("labels", "absent"):
        with pytest.raises(ArtifactError, match=rf"a\.safetensors has no tensor '{name}' of type U8"):
            TensorFile(path).mapped(name)
