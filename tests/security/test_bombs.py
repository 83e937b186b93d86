"""Archives are read in memory, never unpacked, and within bounds; absurd sizes are refused."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unlearnkit.artifacts.store import TensorFile, read_array, read_json
from unlearnkit.data.forget_set_files import file_forget_set
from unlearnkit.data.images.cifar10 import load
from unlearnkit.data.images.idx import read_idx
from unlearnkit.data.images.sheets import read_sheets
from unlearnkit.errors import ArtifactError, DataError

ESCAPES = ("../canary", "/{folder}/canary", "a/../../canary", "..\\canary", "sheet_00000.webp/../../canary")
MIB = 2**20


@pytest.fixture
def allocated() -> Iterator[Callable[[], int]]:
    """A function that returns the largest number of bytes allocated by Python and NumPy since the test began."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def npy_header(shape: str, dtype: str = "<i8") -> bytes:
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def files_in(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file() or path.is_symlink()}


@pytest.mark.parametrize("name", ESCAPES)
def test_members_of_a_zip_are_never_written(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    link = zipfile.ZipInfo("sheet_00001.webp")
    link.external_attr = 0o120777 << 16  # a symbolic link
    with zipfile.ZipFile(folder / "train_00000.zip", "w") as archive:
        archive.writestr(name.format(folder=tmp_path), b"x")
        archive.writestr(link, "/etc/passwd")
        archive.writestr("labels.npy", npy(np.zeros(250, np.uint8)))
    before = files_in(tmp_path)
    with pytest.raises(DataError, match="train_00000"):
        load(folder)
    assert files_in(tmp_path) == before


@pytest.mark.parametrize("name", ESCAPES)
def test_a_replaced_download_is_never_unpacked(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "work" / "data"
    root.mkdir(parents=True)
    with tarfile.open(root / "cifar-10-python.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo(name.format(folder=tmp_path))
        member.size = 1
        archive.addfile(member, io.BytesIO(b"x"))
        link = tarfile.TarInfo("cifar-10-batches-py")
        link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path)
        archive.addfile(link)
    monkeypatch.chdir(root.parent)
    monkeypatch.setattr("urllib.request.urlopen", _no_network)
    before = files_in(tmp_path)
    with pytest.raises(DataError, match="CIFAR10 could not be downloaded"):
        load(None)
    assert files_in(tmp_path) - before == set()


def _no_network(*_: object, **__: object) -> None:
    raise OSError("no network in this test")


def test_the_rest_of_a_packed_file_is_not_unpacked(tmp_path: Path, allocated: Callable[[], int]) -> None:
    bomb = gzip.compress(b"\0\0\x08\x01" + struct.pack(">I", 3) + bytes(200 * MIB))
    (tmp_path / "a.gz").write_bytes(bomb)
    assert len(bomb) < MIB
    floor = allocated()
    tracemalloc.reset_peak()
    with pytest.raises(DataError, match=r"12 bytes or more after decompression; expected .* and 11 bytes"):
        read_idx(tmp_path / "a.gz", (3,))
    assert allocated() - floor < 10 * MIB


@pytest.mark.parametrize("name", ["labels.npy", "sheet_00000.webp"])
def test_a_member_that_grows_is_not_unpacked(name: str, tmp_path: Path, allocated: Callable[[], int]) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        if name != "labels.npy":
            archive.writestr("labels.npy", npy(np.zeros(250, np.uint8)))
        archive.writestr(name, bytes(100 * MIB))
    tracemalloc.reset_peak()
    with pytest.raises(DataError, match=f"{name} has more than"):
        read_sheets(tmp_path / "a.zip")
    assert allocated() < 50 * MIB + tracemalloc.get_traced_memory()[0]


def test_an_image_of_absurd_size_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.BytesIO()
    Image.new("RGB", (320, 800)).save(stream, "WEBP", lossless=True)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("labels.npy", npy(np.zeros(250, np.uint8)))
        archive.writestr("sheet_00000.webp", stream.getvalue())
    assert read_sheets(tmp_path / "a.zip")[0].shape == (250, 3, 32, 32)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)  # of Pillow, which has 89 million
    with pytest.raises(DataError, match=r"Image size \(256000 pixels\) exceeds limit"):
        read_sheets(tmp_path / "a.zip")


def test_sheets_are_counted_before_they_are_decoded(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("labels.npy", npy(np.zeros(250, np.uint8)))
        for number in range(3):
            archive.writestr(f"sheet_{number:05d}.webp", b"not decoded")
    with pytest.raises(DataError, match="3 sheets of 250 images"):
        read_sheets(tmp_path / "a.zip")


@pytest.mark.parametrize("shape", ["(10**18,)", "(1000000000000000,)", "(-1,)", "(2, 3, 4)", "()", "x", "(" * 200])
def test_an_array_of_absurd_shape_is_refused(shape: str, tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_bytes(npy_header(shape))
    with pytest.raises(ArtifactError, match=r"a\.npy is not a readable"):
        read_array(tmp_path / "a.npy")
    with pytest.raises(DataError, match=r"a\.npy"):
        file_forget_set(tmp_path / "a.npy")


@pytest.mark.parametrize(
    "header",
    [
        b'{"a":{"dtype":"F32","shape":[1000000000,1000000000],"data_offsets":[0,4]}}',
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4000000000000]}}',
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}',
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}',
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
    ],
    ids=["shape", "past the end", "before the beginning", "backwards", "overlapping"],
)
def test_tensors_outside_the_file_are_refused(header: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))
    with pytest.raises(ArtifactError, match=r"a\.safetensors is not a readable"):
        TensorFile(tmp_path / "a.safetensors")


def test_a_header_larger_than_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(struct.pack("<Q", 2**62) + b"{}")
    with pytest.raises(ArtifactError, match=r"a\.safetensors is not a readable"):
        TensorFile(tmp_path / "a.safetensors")


def test_deep_nesting_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[" * 100_000)
    with pytest.raises(ArtifactError, match="nested too deeply"):
        read_json(tmp_path / "a.json")
    with pytest.raises(DataError, match="nested too deeply"):
        file_forget_set(tmp_path / "a.json")
