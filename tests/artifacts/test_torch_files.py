"""Files of torch.save, read without torch: the same tensors as torch.load, and nothing that executes."""

from __future__ import annotations

import io
import os
import pickle
import re
import struct
import subprocess
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch._utils
from hypothesis import given
from hypothesis import strategies as st

from unlearnkit.artifacts.torch_files import read_torch_file
from unlearnkit.errors import ArtifactError

DTYPES = {
    torch.float16: "float16",
    torch.bfloat16: "bfloat16",
    torch.float32: "float32",
    torch.float64: "float64",
    torch.int8: "int8",
    torch.uint8: "uint8",
    torch.int16: "int16",
    torch.int32: "int32",
    torch.int64: "int64",
    torch.bool: "bool",
}


def saved(path: Path, content: Any, **how: Any) -> Any:
    torch.save(content, path, **how)
    return read_torch_file(path)


def refused(path: Path) -> str:
    with pytest.raises(ArtifactError) as caught:
        read_torch_file(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)
    return str(caught.value)


def pickled(path: Path, content: bytes, **more: bytes) -> str:
    """Write an archive with this pickle, and return how it is refused."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", content)
        for name, data in more.items():
            archive.writestr(f"archive/{name}", data)
    return refused(path)


@pytest.mark.parametrize("dtype", DTYPES, ids=DTYPES.values())
def test_every_type_is_read_to_the_bit(tmp_path: Path, dtype: torch.dtype) -> None:
    tensor = (torch.arange(24).reshape(2, 3, 4) - 5).to(dtype)
    found = saved(tmp_path / "a.pt", tensor)
    assert found.dtype.name == DTYPES[dtype] and found.shape == (2, 3, 4)
    assert found.tobytes() == torch.load(tmp_path / "a.pt").contiguous().view(torch.uint8).numpy().tobytes()


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 3)), min_size=0, max_size=4), st.permutations(range(4)))
def test_views_are_those_of_torch(tmp_path_factory: pytest.TempPathFactory, axes: list, order: list[int]) -> None:
    tensor = torch.arange(6.0**4).reshape([6] * 4)
    view = tensor.permute(order)[tuple(slice(start, None, step) for start, step in axes)]
    assert np.array_equal(saved(tmp_path_factory.getbasetemp() / "view.pt", view), view.numpy())


def test_structures_are_kept(tmp_path: Path) -> None:
    weight = torch.randn(3, 4)
    content = {
        "state": OrderedDict(w=weight, t=weight.t()),
        "epoch": 3,
        "lr": 0.5,
        "names": ["a", None],
        "pair": (1, b"x"),
    }
    found = saved(tmp_path / "a.pt", content)
    assert list(found) == list(content) and list(found["state"]) == ["w", "t"]
    assert np.array_equal(found["state"]["t"], weight.numpy().T)
    assert np.shares_memory(found["state"]["w"], found["state"]["t"]), "one storage, read once"
    rest = ("epoch", "lr", "names", "pair")
    assert {key: found[key] for key in rest} == {key: content[key] for key in rest}
    assert saved(tmp_path / "b.pt", weight.shape) == (3, 4)


def test_state_dicts_and_parameters(tmp_path: Path) -> None:
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    found = saved(tmp_path / "a.pt", model.state_dict())
    assert {name: array.shape for name, array in found.items()} == {
        name: tuple(tensor.shape) for name, tensor in model.state_dict().items()
    }
    assert all(np.array_equal(found[name], tensor.numpy()) for name, tensor in model.state_dict().items())
    parameters = saved(tmp_path / "b.pt", list(model.parameters()))
    assert np.array_equal(parameters[0], next(model.parameters()).detach().numpy())
    assert saved(tmp_path / "c.pt", torch.tensor(3.5)).item() == 3.5
    assert saved(tmp_path / "d.pt", torch.empty(0, 7)).shape == (0, 7)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_every_protocol_of_pickle(tmp_path: Path, protocol: int) -> None:
    tensors = {"a": torch.arange(5), "b": [torch.ones(2)]}
    found = saved(tmp_path / "a.pt", tensors, pickle_protocol=protocol)
    assert np.array_equal(found["a"], np.arange(5)) and np.array_equal(found["b"][0], np.ones(2))


def test_the_other_byte_order(tmp_path: Path) -> None:
    torch.save(torch.arange(4, dtype=torch.int32), tmp_path / "a.pt")
    with zipfile.ZipFile(tmp_path / "a.pt") as little, zipfile.ZipFile(tmp_path / "big.pt", "w") as big:
        for name in little.namelist():
            content = little.read(name)
            content = b"big" if name.endswith("byteorder") else content
            big.writestr(name, struct.pack(">4i", *range(4)) if name.endswith("data/0") else content)
    assert np.array_equal(read_torch_file(tmp_path / "big.pt"), np.arange(4))


class Payload:
    def __init__(self, *call: Any) -> None:
        self.call = call

    def __reduce__(self) -> Any:
        return self.call[0], self.call[1:]


@pytest.mark.parametrize(
    ("payload", "named"),
    [
        (Payload(os.system, "touch executed"), "posix.system,"),
        (Payload(eval, "open('executed', 'w')"), ".eval,"),
        (Payload(subprocess.Popen, ["touch", "executed"]), ".Popen,"),
        (Payload(getattr, "", "upper"), ".getattr,"),
        (Payload(np.lib.stride_tricks.as_strided, 0), "numpy.lib"),
        (torch.nn.Linear(1, 1), "torch.nn.modules.linear.Linear"),
        (np.arange(3), "numpy."),
        (Payload(torch.load, "x"), "torch.serialization.load"),
    ],
)
@pytest.mark.parametrize("protocol", [2, 4])
def test_what_would_execute_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, payload: object, named: str, protocol: int
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"0.weight": torch.ones(2), "more": payload}, tmp_path / "a.pt", pickle_protocol=protocol)
    words = refused(tmp_path / "a.pt")
    assert named in words and "which is no tensor, and reading it would run code" in words
    assert not Path("executed").exists()


HOSTILE = {
    "state of a function": b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n}X\x01\x00\x00\x00aK\x01sb.",
    "slots of a function": b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\nN}X\x07\x00\x00\x00_actionK\x01s\x86b.",
    "state of a storage": b"\x80\x02ctorch\nFloatStorage\n}X\x05\x00\x00\x00dtypeK\x01sb.",
    "new object": b"\x80\x02ccollections\nOrderedDict\n)\x81.",
    "extension": b"\x80\x02\x82\x01.",
    "far memo": b"\x80\x02K\x01r\xff\xff\xff\x7f.",
    "long string": b"\x80\x02X\xff\xff\xff\x7fabc.",
    "empty": b"",
    "persistent id": b"\x80\x02K\x01Q.",
    "persistent id of nested tuples": b"\x80\x02)" + b"q\x00h\x00\x86" * 40 + b"Q.",
    "persistent id of doubled tuples": b"\x80\x02)" + b"2\x86" * 40 + b"Q.",
    "nested tuples as a key": b"\x80\x02})" + b"q\x00h\x00\x86" * 40 + b"K\x01s.",
    "nested tuples as one of the keys": b"\x80\x02}(K\x01K\x01)" + b"q\x00h\x00\x86" * 40 + b"K\x01u.",
    "nested tuples in a set": b"\x80\x04\x8f()" + b"\x94h\x00\x86" * 40 + b"\x90.",
    "nested tuples in a frozen set": b"\x80\x04()" + b"q\x00h\x00\x86" * 40 + b"\x91.",
    "tuples too deep for their hash": b"\x80\x02})" + b"\x85" * 200_000 + b"K\x01s.",
    "keys given to a function": b"\x80\x02ccollections\nOrderedDict\n]](K\x01K\x02ea\x85R.",
    "long number": b"\x80\x02\x8a\xff" + b"\x01" * 255 + b".",
    "long text of bytes": b"\x80\x02c_codecs\nencode\nX\x00\x04\x00\x00"
    + b"a" * 1024
    + b"X\x06\x00\x00\x00latin1\x86R.",
    "shape of many axes": b"\x80\x02ctorch\nSize\n]q\x00(" + b"K\x01" * 65 + b"e\x85R.",
    "mark that is not there": b"\x80\x02K\x01e.",
    "too deep for the stack": b"\x80\x02" + b"]" * 10 + b"a" * 40 + b".",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_hostile_pickles_are_refused(tmp_path: Path, content: bytes) -> None:
    assert "damaged, or holds something else than tensors" in pickled(tmp_path / "a.pt", content)


def test_a_pickle_of_more_than_tensors_need_is_refused(tmp_path: Path) -> None:
    assert "has 4,194,305 bytes, without the tensors" in pickled(tmp_path / "a.pt", b"]" * (1 << 22) + b".")


def test_entries_that_lie_in_each_other_are_refused(tmp_path: Path) -> None:
    torch.save(torch.ones(500), tmp_path / "a.pt")
    content = (tmp_path / "a.pt").read_bytes()
    start, end = content.index(b"PK\x01\x02"), content.index(b"PK\x06\x06")
    again = content[start:end] * 8  # the central directory names every entry eight times
    ending = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 8, 8, len(again), start, 0)
    (tmp_path / "a.pt").write_bytes(content[:start] + again + ending)
    assert "entries that lie in each other" in refused(tmp_path / "a.pt")


def test_damage_of_any_kind_is_one_paragraph(tmp_path: Path) -> None:
    torch.save({"margins": torch.ones(4, 6), "b": torch.arange(3)}, tmp_path / "a.pt")
    good, random = (tmp_path / "a.pt").read_bytes(), np.random.default_rng(0)
    outcomes: set[str] = set()
    for _ in range(150):
        content = bytearray(good)
        for place in len(good) - random.integers(1, 900, 2):  # the directory of the archive, where zipfile is touchy
            content[place] = random.integers(256)
        (tmp_path / "b.pt").write_bytes(content)
        try:
            read_torch_file(tmp_path / "b.pt")
        except ArtifactError as error:
            outcomes |= {*re.findall(r"tensors \((\w+)", str(error))}
    assert outcomes  # causes of several kinds were met, all of them stated


def rebuilt(count: int, offset: int, size: tuple[int, ...], stride: tuple[int, ...]) -> bytes:
    """Return the pickle of one float32 tensor on storage 0."""
    stream = io.BytesIO()

    class Storage:
        pass

    class Pickler(pickle.Pickler):
        def persistent_id(self, obj: Any) -> Any:
            return ("storage", torch.FloatStorage, "0", "cpu", count) if isinstance(obj, Storage) else None

    arguments = (Storage(), offset, size, stride, False, OrderedDict())
    Pickler(stream, 2).dump(Payload(torch._utils._rebuild_tensor_v2, *arguments))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("tensor", "words"),
    [
        ((4, 0, (5,), (1,)), "beyond its storage"),
        ((4, 3, (2,), (1,)), "beyond its storage"),
        ((4, -1, (2,), (1,)), "beyond its storage"),
        ((4, 3, (2,), (-1,)), "beyond its storage"),
        ((4, 0, (2, 2), (2**40, 1)), "beyond its storage"),
        ((4, 0, (10**9,), (0,)), "repeats its storage"),
        ((5, 0, (2,), (1,)), "storage 0 of"),
        ((10**12, 0, (2,), (1,)), "16 bytes"),
        ((4, 0, (2,), (1, 1)), "damaged"),
    ],
)
def test_tensors_stay_within_their_storage(tmp_path: Path, tensor: tuple[Any, ...], words: str) -> None:
    assert words in pickled(tmp_path / "a.pt", rebuilt(*tensor), **{"data/0": bytes(16)})


def test_other_files_are_named(tmp_path: Path) -> None:
    torch.save(torch.ones(3), tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    (tmp_path / "text.pt").write_text("no archive")
    torch.jit.save(torch.jit.script(torch.nn.Linear(1, 1)), tmp_path / "program.pt")
    with zipfile.ZipFile(tmp_path / "packed.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02N.")
    np.savez(tmp_path / "arrays.npz", margins=np.ones(3))
    torch.save(torch.ones(300), tmp_path / "damaged.pt")
    content = (tmp_path / "damaged.pt").read_bytes()
    (tmp_path / "truncated.pt").write_bytes(content[: len(content) // 2])
    ones = np.ones(300, np.float32).tobytes()
    (tmp_path / "damaged.pt").write_bytes(content.replace(ones, ones[:-1] + b"!"))
    for name, words in {
        "old.pt": "since PyTorch 1.6",
        "text.pt": "not an archive",
        "program.pt": "a program of TorchScript",
        "packed.pt": "the compressed entry archive/data.pkl",
        "arrays.npz": "another archive",
        "truncated.pt": "truncated",
        "damaged.pt": "damaged (Bad CRC-32",
        "nothing.pt": "No such file",
    }.items():
        assert words in refused(tmp_path / name), name


def test_no_torch_is_imported(tmp_path: Path) -> None:
    torch.save({"a": torch.ones(2)}, tmp_path / "a.pt")
    code = "import sys; from pathlib import Path; from unlearnkit.artifacts.torch_files import read_torch_file as read"
    code += f"; read(Path({str(tmp_path / 'a.pt')!r})); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
