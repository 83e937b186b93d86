"""Token shards: what is written is read, byte for byte in modded-nanogpt's layout, and damaged files are refused."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unlearnkit.data.text.token_shards import Stream, first_shards, open_shard, open_stream, write_shard
from unlearnkit.errors import DataError

TOKENS = np.array([50256, 15496, 995, 0, 65535])


@pytest.fixture
def shard(tmp_path: Path) -> Path:
    path = tmp_path / "train.bin"
    write_shard(path, TOKENS)
    return path


def changed(path: Path, position: int, number: int) -> None:
    """Write another int32 into the header."""
    content = bytearray(path.read_bytes())
    struct.pack_into("<i", content, 4 * position, number)
    path.write_bytes(content)


def test_the_file_has_the_published_layout(shard: Path) -> None:
    tokens = struct.pack("<5H", *TOKENS.tolist())
    assert shard.read_bytes() == struct.pack("<3i", 20240520, 1, 5) + bytes(1012) + tokens
    assert [path.name for path in shard.parent.iterdir()] == ["train.bin"]


@given(st.lists(st.integers(0, 65535), min_size=1, max_size=200))
def test_every_stream_survives(tmp_path_factory: pytest.TempPathFactory, tokens: list[int]) -> None:
    path = tmp_path_factory.getbasetemp() / "survives.bin"
    write_shard(path, np.array(tokens))
    assert open_shard(path).tolist() == tokens


def test_the_tokens_are_a_map_that_cannot_be_written_to(shard: Path) -> None:
    tokens = open_shard(shard)
    assert tokens.dtype == np.uint16
    assert isinstance(tokens.base, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        tokens[0] = 1


@pytest.mark.parametrize(
    ("position", "number", "message"),
    [
        (0, 20240521, "begins with 20240521; expected 20240520"),
        (1, 2, "version 2; expected version 1"),
        (2, 4, "states 4 tokens in its header, but 10 bytes follow it; expected 8 bytes"),
        (2, 6, "states 6 tokens in its header, but 10 bytes follow it; expected 12 bytes"),
        (2, 0, "states 0 tokens"),
        (2, -5, "states -5 tokens"),
    ],
)
def test_a_wrong_header_is_refused(shard: Path, position: int, number: int, message: str) -> None:
    changed(shard, position, number)
    with pytest.raises(DataError, match=message) as error:
        open_shard(shard)
    assert str(shard) in str(error.value)


@pytest.mark.parametrize("size", [0, 3, 1023])
def test_a_file_shorter_than_its_header_is_refused(shard: Path, size: int) -> None:
    shard.write_bytes(shard.read_bytes()[:size])
    with pytest.raises(DataError, match=rf"train\.bin has {size} bytes"):
        open_shard(shard)


@pytest.mark.parametrize("change", [-1, -2, 1, 2])
def test_a_short_or_long_file_is_refused(shard: Path, change: int) -> None:
    content = shard.read_bytes()
    shard.write_bytes(content[:change] if change < 0 else content + bytes(change))
    with pytest.raises(DataError, match=rf"but {10 + change} bytes follow it; expected 10 bytes"):
        open_shard(shard)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"absent\.bin cannot be read \(No such file"):
        open_shard(tmp_path / "absent.bin")


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (np.array([], np.int64), "cannot hold 0 tokens"),
        (np.array([1, 65536]), "tokens from 1 to 65536"),
        (np.array([-1, 3]), "tokens from -1 to 3"),
        (np.array([1.0]), "float64"),
        (np.array([[1]]), r"shape \[1, 1\]"),
    ],
)
def test_what_is_no_stream_of_tokens_is_not_written(tmp_path: Path, tokens: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        write_shard(tmp_path / "out.bin", tokens)
    assert not list(tmp_path.iterdir())


def test_shards_follow_each_other_in_a_stream(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.bin" for number in range(3)]
    for number, path in enumerate(paths):
        write_shard(path, np.arange(10 * number, 10 * number + 10))
    assert open_stream(paths)[:].tolist() == list(range(30))
    assert open_stream(paths, 25)[:].tolist() == list(range(25))
    assert open_stream(paths, 20)[:].tolist() == list(range(20))
    assert [len(first_shards(paths, count)) for count in (1, 10, 11, 30, 31)] == [1, 1, 2, 3, 3]
    # one shard suffices: no copy, and the others are not looked at
    paths[1].write_bytes(b"damaged")
    first = open_stream(paths, 10)[:]
    assert first.tolist() == list(range(10))
    assert not first.flags.owndata and not first.flags.writeable
    with pytest.raises(DataError, match=r"1\.bin has 7 bytes"):
        open_stream(paths, 11)


@given(st.lists(st.integers(0, 4), max_size=5), st.integers(0, 12), st.integers(0, 12))
def test_a_span_of_a_stream_is_that_of_the_tokens_in_one_array(sizes: list[int], start: int, stop: int) -> None:
    whole = np.arange(sum(sizes), dtype=np.uint16)
    parts = np.split(whole, np.cumsum(sizes)[:-1]) if sizes else []
    stream = Stream(parts)
    assert len(stream) == len(whole)
    for span in (slice(start, stop), slice(stop), slice(start, None)):
        assert stream[span].tolist() == whole[span].tolist()
        assert stream[span].dtype == np.uint16
        # whatever the span, nothing is copied before it is put together
        assert all(np.shares_memory(piece, whole) for piece in stream.pieces(span))


def test_a_stream_with_too_few_tokens_is_refused(shard: Path) -> None:
    with pytest.raises(DataError, match="have 5 tokens; expected at least 6"):
        open_stream([shard], 6)
    with pytest.raises(DataError, match="0 token shards have 0 tokens"):
        open_stream([])
