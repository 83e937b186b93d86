"""Tensors in files of `torch.save`, read without torch and without executing any code of them.

A file is a zip archive: `data.pkl`, a pickle in which every tensor names its storage, and one entry per storage. The
unpickler here knows what tensors and state dicts are made of and nothing else; any other name in the pickle is refused
before it is looked up. Format: torch/serialization.py of PyTorch 1.6 and later.
"""

from __future__ import annotations

import io
import math
import pickle
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from unlearnkit.artifacts.pickles import require_data
from unlearnkit.errors import ArtifactError

STORAGES: dict[str, np.dtype[Any]] = {
    "HalfStorage": np.dtype(np.float16),
    "BFloat16Storage": np.dtype(ml_dtypes.bfloat16),
    "FloatStorage": np.dtype(np.float32),
    "DoubleStorage": np.dtype(np.float64),
    "CharStorage": np.dtype(np.int8),
    "ByteStorage": np.dtype(np.uint8),
    "ShortStorage": np.dtype(np.int16),
    "IntStorage": np.dtype(np.int32),
    "LongStorage": np.dtype(np.int64),
    "BoolStorage": np.dtype(np.bool_),
}
"""Class of `torch` that a storage is of -> type of its elements."""
AGAIN = "where torch is installed and the file is trusted, save its tensors alone: torch.save(tensors, 'tensors.pt')"
_MOST_PICKLE = 1 << 22
"""Bytes of the largest pickle that is read: tensors lie outside it, and each takes about 100 bytes of it."""
_MOST_AXES = 64
"""Axes that an array can have."""
_MOST_BYTES = 256
"""Bytes of the longest text of bytes: a pickle of protocol 2 could repeat one as often as it is long."""


def read_torch_file(path: Path) -> Any:
    """Return what `torch.save` wrote: tensors as arrays, in the dicts, lists and tuples that they lie in.

    Arrays have the shape and the type of the tensors, bfloat16 as `ml_dtypes.bfloat16`; they are not writable, and
    those of one storage share their memory. Raises ArtifactError, naming the file and what is wrong with it, if it is
    of another kind, is damaged, or holds anything else than tensors, numbers, strings and None.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            try:
                return _read(path, archive)
            except zipfile.BadZipFile as error:
                raise ArtifactError(f"{path} is damaged ({error})", remedy="fetch it again") from None
    except ArtifactError:
        raise
    except zipfile.BadZipFile:
        raise ArtifactError(
            f"{path} is not an archive as torch.save writes it since PyTorch 1.6, or it is truncated",
            expected="a zip archive that holds data.pkl",
            remedy="fetch it again; if it is of an older PyTorch, " + AGAIN,
        ) from None
    except OSError as error:
        raise ArtifactError(f"cannot read {path}: {error.strerror or error}") from None
    # a damaged archive, or an unpickler that meets what no pickle of tensors has, may raise nearly anything
    except Exception as error:
        raise ArtifactError(
            f"{path} is damaged, or holds something else than tensors ({type(error).__name__}: {str(error)[:120]})",
            remedy=AGAIN,
        ) from None


def _read(path: Path, archive: zipfile.ZipFile) -> Any:
    entries = {entry.filename: entry for entry in archive.infolist()}
    pickles = [name for name in entries if name.rpartition("/")[2] == "data.pkl"]
    folder = pickles[0].rpartition("/")[0] if len(pickles) == 1 else ""
    inside = f"{folder}/" if folder else ""
    if len(pickles) != 1 or f"{inside}constants.pkl" in entries:
        kind = "a program of TorchScript" if any("constants.pkl" in name for name in entries) else "another archive"
        raise ArtifactError(f"{path} is {kind}", expected="one that torch.save wrote", remedy=AGAIN)
    if packed := [name for name, entry in entries.items() if entry.compress_type != zipfile.ZIP_STORED]:
        raise ArtifactError(f"{path} has the compressed entry {packed[0]}", expected="an archive that torch.save wrote")
    if sum(entry.file_size for entry in archive.infolist()) > path.stat().st_size:
        raise ArtifactError(f"{path} has entries that lie in each other", remedy="fetch it again")
    if (size := entries[pickles[0]].file_size) > _MOST_PICKLE:
        raise ArtifactError(f"the pickle in {path} has {size:,} bytes, without the tensors", remedy=AGAIN)
    order = archive.read(f"{inside}byteorder") if f"{inside}byteorder" in entries else b"little"
    storages = _Storages(path, archive, f"{inside}data/", ">" if order == b"big" else "<")
    content = archive.read(pickles[0])
    require_data(content)
    return _Unpickler(path, content, storages).load()


class _Storage(NamedTuple):
    elements: NDArray[Any]


class _Storages:
    """The storages of an archive, each read once: bytes whose CRC is right."""

    def __init__(self, path: Path, archive: zipfile.ZipFile, folder: str, order: Literal["<", ">"]) -> None:
        self._path, self._archive, self._folder = path, archive, folder
        self._order: Literal["<", ">"] = order
        self._read: dict[str, NDArray[Any]] = {}

    def named(self, identity: Any) -> _Storage:
        """Return the storage of a persistent id of the pickle: ("storage", class, key, device, elements)."""
        if not (isinstance(identity, tuple) and len(identity) == 5 and identity[0] == "storage"):
            raise ValueError(f"a persistent id of type {type(identity).__name__}")
        _, kind, key, _, count = identity
        dtype = kind.dtype.newbyteorder(self._order) if isinstance(kind, _StorageKind) else None
        if dtype is None or not isinstance(key, str) or not isinstance(count, int):
            raise ValueError(f"a storage of {type(kind).__name__}")
        if key not in self._read:
            self._read[key] = np.frombuffer(self._archive.read(self._folder + key), np.uint8)
        content = self._read[key]
        if len(content) != count * dtype.itemsize:
            raise ArtifactError(
                f"storage {key} of {self._path} has {len(content):,} bytes",
                expected=f"{count:,} elements of {dtype.itemsize} bytes",
                remedy="fetch the file again",
            )
        return _Storage(content.view(dtype))


class _StorageKind:
    """What the name of a class of storages stands for; it cannot be called, and nothing can be set on it."""

    __slots__ = ("dtype",)

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype

    def __setstate__(self, _: object) -> None:
        raise ValueError("a state for a class of storages")


class _Function:
    """What the name of a function or a class stands for: called by the unpickler, and closed to anything else."""

    __slots__ = ("_action",)

    def __init__(self, action: Callable[..., Any]) -> None:
        self._action = action

    def __call__(self, *arguments: Any) -> Any:
        return self._action(*arguments)

    def __setstate__(self, _: object) -> None:
        raise ValueError("a state for a function")


class _Ordered(dict[Any, Any]):
    """A dict that takes no attributes: modules give that of their state a `_metadata`, which is of no use here."""

    __slots__ = ()

    def __setstate__(self, _: object) -> None:
        return


def _tensor(storage: _Storage, offset: int, size: Sequence[int], stride: Sequence[int], *_: Any) -> NDArray[Any]:
    """Return the view of a storage that a tensor is: element i at offset + sum of i_d stride_d."""
    elements = storage.elements
    if max(len(size), len(stride)) > _MOST_AXES:
        raise ValueError(f"a tensor of {len(size)} axes")
    shape, steps = tuple(map(int, size)), tuple(map(int, stride))
    last = offset + sum((length - 1) * step for length, step in zip(shape, steps, strict=True))
    count = math.prod(shape)
    if offset < 0 or min(shape, default=0) < 0 or min(steps, default=0) < 0 or (count and last >= len(elements)):
        raise ValueError("a tensor beyond its storage")
    if count > len(elements):
        raise ValueError("a tensor that repeats its storage: save tensor.contiguous()")
    if not count:
        return np.empty(shape, elements.dtype)
    bytes_of_steps = [step * elements.itemsize for step in steps]
    return np.lib.stride_tricks.as_strided(elements[offset:], shape, bytes_of_steps, writeable=False)


def _parameter(tensor: NDArray[Any], *_: Any) -> NDArray[Any]:
    return tensor


def _ordered() -> _Ordered:
    return _Ordered()


def _bytes(text: str, *_: Any) -> bytes:
    """Return bytes as pickles of protocol 2 write them."""
    if len(text) > _MOST_BYTES:
        raise ValueError(f"a text of {len(text):,} bytes")
    return text.encode("latin-1")


def _shape(size: Sequence[int]) -> tuple[int, ...]:
    if len(size) > _MOST_AXES:
        raise ValueError(f"a shape of {len(size)} axes")
    return tuple(size)


_KNOWN: dict[tuple[str, str], _Function | _StorageKind] = {
    ("collections", "OrderedDict"): _Function(_ordered),
    ("_codecs", "encode"): _Function(_bytes),
    ("torch", "Size"): _Function(_shape),
    ("torch._utils", "_rebuild_tensor_v2"): _Function(_tensor),
    ("torch._utils", "_rebuild_parameter"): _Function(_parameter),
    **{("torch", name): _StorageKind(dtype) for name, dtype in STORAGES.items()},
}
"""All that a pickle may name."""


class _Unpickler(pickle.Unpickler):
    def __init__(self, path: Path, content: bytes, storages: _Storages) -> None:
        super().__init__(io.BytesIO(content), encoding="utf-8")
        self._path, self._storages = path, storages

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        if (module_name, global_name) not in _KNOWN:
            raise ArtifactError(
                f"{self._path} holds {module_name}.{global_name}, which is no tensor, and reading it would run code",
                expected="tensors, alone or in dicts, lists and tuples, with numbers and strings",
                remedy=AGAIN,
            )
        return _KNOWN[module_name, global_name]

    def persistent_load(self, pid: Any, /) -> Any:
        return self._storages.named(pid)
