"""No artifact and no raw file executes code: pickles are refused under every name, and never opened.

Every file is shown to be live first: the naive reader of its kind runs the payload.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from unlearnkit.artifacts.margins import read_margins
from unlearnkit.artifacts.resume import ResumeFolder
from unlearnkit.artifacts.store import TensorFile, read_array, read_json
from unlearnkit.artifacts.tables import read_table
from unlearnkit.artifacts.torch_files import read_torch_file
from unlearnkit.artifacts.weights import WeightFile
from unlearnkit.data.forget_set_files import file_forget_set, read_scores
from unlearnkit.data.images.cifar_batches import read_batch
from unlearnkit.data.images.dataset_file import read_image_set
from unlearnkit.data.images.idx import read_idx
from unlearnkit.data.images.sheets import read_sheets
from unlearnkit.errors import UnlearnkitError

Reader = Callable[[Path], Any]


def _array(payload: object) -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.array([payload], dtype=object), allow_pickle=True)
    return stream.getvalue()


def _npz(payload: object) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, np.array([payload], dtype=object), allow_pickle=True)
    return stream.getvalue()


def _archive(payload: object) -> bytes:
    stream = io.BytesIO()
    torch.save({"0.weight": payload}, stream)
    return stream.getvalue()


def _sheets(payload: object) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("labels.npy", _array(payload))
        archive.writestr("sheet_00000.webp", b"")
    return stream.getvalue()


def _open_npz(path: Path) -> None:
    with np.load(path, allow_pickle=True) as archive:
        list(archive.values())


def _open_sheets(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        np.load(io.BytesIO(archive.read("labels.npy")), allow_pickle=True)


# what the file is -> (its bytes, the reader that falls for it)
HOSTILE: dict[str, tuple[Callable[[object], bytes], Reader]] = {
    "pickle": (pickle.dumps, lambda path: pickle.loads(path.read_bytes())),
    "object array": (_array, lambda path: np.load(path, allow_pickle=True)),
    "npz": (_npz, _open_npz),
    "torch.save": (_archive, lambda path: torch.load(path, weights_only=False)),
    "sheets": (_sheets, _open_sheets),
}
# every reader of the package, with the name of a file that it takes
READERS: dict[str, tuple[str, Reader]] = {
    "weights": ("0000-0001.safetensors", WeightFile),
    "tensors": ("a.safetensors", TensorFile),
    "data set": ("dataset.safetensors", read_image_set),
    "array": ("a.npy", read_array),
    "index file": ("a.npy", file_forget_set),
    "scores file": ("a.npy", read_scores),
    "index list": ("a.json", file_forget_set),
    "record": ("a.json", read_json),
    "table": ("a.parquet", read_table),
    "margins": ("a.margins.parquet", lambda path: read_margins([path])),
    "idx": ("a-idx1-ubyte", lambda path: read_idx(path, (3,))),
    "packed idx": ("a-idx1-ubyte.gz", lambda path: read_idx(path, (3,))),
    "sheets": ("train_00000.zip", read_sheets),
    "tensors of torch.save": ("a.pt", read_torch_file),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_the_naive_reader_runs_the_payload(kind: str, payload: object, canary: Path, tmp_path: Path) -> None:
    content, naive = HOSTILE[kind]
    (tmp_path / "file").write_bytes(content(payload))
    naive(tmp_path / "file")
    assert canary.exists()


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("kind", HOSTILE)
def test_no_reader_runs_it(kind: str, reader: str, payload: object, canary: Path, tmp_path: Path) -> None:
    name, read = READERS[reader]
    (tmp_path / name).write_bytes(HOSTILE[kind][0](payload))
    with pytest.raises(UnlearnkitError, match=name.split("-")[0]):
        read(tmp_path / name)
    assert not canary.exists()


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_resume_state_is_ignored(kind: str, payload: object, canary: Path, tmp_path: Path) -> None:
    resume = ResumeFolder(str(tmp_path / "weights"), "key")
    resume.folder.mkdir()
    (resume.folder / "last.safetensors").write_bytes(HOSTILE[kind][0](payload))
    assert resume.load("last") is None
    assert not canary.exists()


def test_no_type_of_a_parquet_file_is_unpickled(payload: object, canary: Path, tmp_path: Path) -> None:
    # pyarrow before 14.0.1 unpickled the metadata of this extension type (CVE-2023-47248)
    metadata = {
        b"ARROW:extension:name": b"arrow.py_extension_type",
        b"ARROW:extension:metadata": pickle.dumps(payload),
    }
    schema = pa.schema([pa.field("epoch", pa.int32(), metadata=metadata)])
    pq.write_table(pa.table({"epoch": pa.array([1], pa.int32())}, schema=schema), tmp_path / "a.parquet")
    assert b"arrow.py_extension_type" in (pq.read_schema(tmp_path / "a.parquet").field(0).metadata or {}).values()
    read_table(tmp_path / "a.parquet")
    assert not canary.exists()


# CIFAR-10's raw files are pickles

GLOBALS = {
    "system": b"cos\nsystem\n(U\x05touchtR.",
    "eval": b"cbuiltins\neval\n(U\x011tR.",
    "python 2": b"c__builtin__\neval\n(U\x011tR.",
    "import": b"cbuiltins\n__import__\n(U\x02ostR.",
    "instance": b"(ios\nsystem\n.",
    "attribute": b"\x80\x04\x8c\x05numpy\x8c\x0fload.__globals__\x93.",
    "numpy's own": b"cnumpy\nload\n(U\x01xtR.",
    "extension": b"\x80\x02\x82\x01.",
    "persistent": b"U\x01xQ.",
    "array of objects": b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\0tU\x01btR(K\1(K\1tcnumpy\ndtype\n"
    b"(U\x02O8tR\x89(lp0\ntb.",
    "not a batch": b"}.",
    "cut": b"}(U\x04da",
    "empty": b"",
}


def test_a_batch_with_a_payload_is_refused(payload: object, canary: Path) -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(ValueError, match=r"it asks for \w+\.mkdir"):
            read_batch(pickle.dumps({"data": payload, "labels": []}, protocol))
    assert not canary.exists()


@pytest.mark.parametrize("content", GLOBALS.values(), ids=GLOBALS)
def test_a_batch_can_name_nothing_that_runs(content: bytes) -> None:
    with pytest.raises(ValueError, match="not a batch"):
        read_batch(content)
