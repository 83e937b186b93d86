"""Token shards: the `.bin` files of modded-nanogpt, in which fineweb is published and our own tokens are kept.

A shard is a header of 256 int32 (magic 20240520, version 1, number of tokens, zeros), then the tokens as uint16, all
little-endian.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from unlearnkit.artifacts.store import write_parts
from unlearnkit.errors import DataError

MAGIC = 20240520
VERSION = 1
HEADER_BYTES = 1024
MAX_VOCABULARY = 1 << 16
"""The number of tokens that uint16 can represent."""
MAX_TOKENS = (1 << 31) - 1
"""The largest number of tokens that the header can state."""

TOKEN = np.dtype("<u2")


def write_shard(path: str | os.PathLike[str], tokens: npt.NDArray[np.integer]) -> None:
    """Write tokens, integers [tokens] of 0..65,535, as a shard, atomically.

    Raises DataError, naming the file, if there is no token, one is out of range, or there are more than the header can
    count.
    """
    if tokens.ndim != 1 or tokens.dtype.kind not in "iu":
        raise DataError(
            f"{path} cannot be written from {tokens.dtype} values of shape {list(tokens.shape)}",
            expected="a one-dimensional array of integers",
        )
    if not 0 < len(tokens) <= MAX_TOKENS:
        raise DataError(f"{path} cannot hold {len(tokens):,} tokens", expected=f"1 to {MAX_TOKENS:,}")
    if tokens.dtype != TOKEN and (tokens.min() < 0 or tokens.max() >= MAX_VOCABULARY):
        raise DataError(
            f"{path} cannot hold tokens from {tokens.min()} to {tokens.max()}",
            expected=f"0 to {MAX_VOCABULARY - 1}, since a token takes two bytes",
            remedy="use a tokenizer with a smaller vocabulary",
        )
    header = np.zeros(HEADER_BYTES // 4, "<i4")
    header[:3] = MAGIC, VERSION, len(tokens)
    write_parts(path, (header.data, np.ascontiguousarray(tokens, TOKEN).data))


def open_shard(path: str | os.PathLike[str]) -> npt.NDArray[np.uint16]:
    """Return the tokens of a shard, uint16 [tokens], as a read-only map of the file.

    Raises DataError, naming the file, if it cannot be read, is not a shard, has another version, or does not have
    exactly as many tokens as its header states.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            header = stream.read(HEADER_BYTES)
    except OSError as error:
        raise _error(path, f"cannot be read ({error.strerror})", "a token shard") from None
    if len(header) < HEADER_BYTES:
        raise _error(path, f"has {len(header)} bytes", f"a header of {HEADER_BYTES} bytes, then tokens")
    magic, version, count = (int(number) for number in np.frombuffer(header, "<i4", 3))
    if magic != MAGIC:
        raise _error(path, f"begins with {magic}", f"{MAGIC}, the number that token shards begin with")
    if version != VERSION:
        raise _error(path, f"is a token shard of version {version}", f"version {VERSION}, tokens of two bytes")
    if count <= 0:
        raise _error(path, f"states {count} tokens in its header", "at least one")
    if size != HEADER_BYTES + TOKEN.itemsize * count:
        raise _error(
            path,
            f"states {count:,} tokens in its header, but {size - HEADER_BYTES:,} bytes follow it",
            f"{TOKEN.itemsize * count:,} bytes",
        )
    return np.asarray(np.memmap(path, TOKEN, "r", HEADER_BYTES, (count,)))


def first_shards(paths: Sequence[Path], tokens: int) -> Sequence[Path]:
    """Return the first of the shards, as many as hold `tokens` tokens; all of them if there are too few tokens.

    Raises DataError if one of them is damaged.
    """
    found = 0
    for number, path in enumerate(paths):
        if found >= tokens:
            return paths[:number]
        found += len(open_shard(path))
    return paths


class Stream:
    """The tokens of several arrays, one after the other, without a copy: maps of shards take no memory."""

    def __init__(self, parts: Sequence[npt.NDArray[np.uint16]]) -> None:
        self._parts = tuple(parts)

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    def __getitem__(self, span: slice) -> npt.NDArray[np.uint16]:
        """Return the tokens of a span of consecutive positions: a view if one array holds them, else a copy."""
        pieces = self.pieces(span)
        return pieces[0] if len(pieces) == 1 else np.concatenate([np.empty(0, np.uint16), *pieces])

    def pieces(self, span: slice) -> list[npt.NDArray[np.uint16]]:
        """Return the tokens of a span as views of the arrays that hold them."""
        start, stop, _ = span.indices(len(self))
        found, before = [], 0
        for part in self._parts:
            piece = part[max(0, start - before) : max(0, stop - before)]
            found += [piece] if len(piece) else []
            before += len(part)
        return found


def open_stream(paths: Sequence[Path], tokens: int | None = None) -> Stream:
    """Return the first `tokens` tokens of the shards in order; None: all of them.

    They are maps of the files and take no memory. Only the shards that are needed are checked. Raises DataError if one
    is damaged or there are too few tokens.
    """
    parts: list[npt.NDArray[np.uint16]] = []
    found = 0
    for path in paths:
        if tokens is not None and found >= tokens:
            break
        shard = open_shard(path)
        parts.append(shard if tokens is None else shard[: tokens - found])
        found += len(parts[-1])
    if not parts or (tokens is not None and found < tokens):
        raise DataError(
            f"{len(paths)} token shards{f' from {paths[0]} on' if paths else ''} have {found:,} tokens",
            expected="at least one" if tokens is None else f"at least {tokens:,}",
            remedy="get the missing shards, or use fewer tokens",
        )
    return Stream(parts)


def _error(path: Path, problem: str, expected: str) -> DataError:
    return DataError(
        f"{path} {problem}",
        expected=expected,
        remedy="fetch the file again from its publisher, or remake it if the workflow made it",
    )
