"""Index and score files: what is read, and that every error names the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unlearnkit.data.forget_set_files import file_forget_set, read_scores
from unlearnkit.errors import DataError


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("f.json", "[7, 3, 5]"),
        ("f.json", "\ufeff[7, 3, 5]"),
        ("f.txt", "7\n3\n\n 5 \n"),
        ("f.txt", "\ufeff7\n3\n5"),
        ("f.csv", "7\r\n3\r\n5\r\n"),
    ],
)
def test_text_files_keep_their_order(name: str, content: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    indices = file_forget_set(tmp_path / name)
    assert (indices.dtype, indices.tolist()) == (np.int64, [7, 3, 5])


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8, np.uint64, ">i4"])
def test_any_integer_type_of_npy(dtype: type, tmp_path: Path) -> None:
    np.save(tmp_path / "f.npy", np.array([7, 3, 5], dtype))
    indices = file_forget_set(tmp_path / "f.npy")
    assert (indices.dtype, indices.tolist()) == (np.int64, [7, 3, 5])


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.array([1.0, 2.0]), "float64 values"),
        (np.array([True, False]), "bool values"),
        (np.array([[1, 2]]), r"shape \[1, 2\]"),
        (np.array([2**63], np.uint64), "uint64 values"),
        (np.array([], np.int64), "is empty"),
        (np.array([1, None]), "cannot be read .*allow_pickle"),
    ],
)
def test_npy_that_holds_no_indices(array: np.ndarray, message: str, tmp_path: Path) -> None:
    np.save(tmp_path / "f.npy", array)
    with pytest.raises(DataError, match=rf"'{tmp_path}/f\.npy' .*{message}"):
        file_forget_set(tmp_path / "f.npy")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("f.npy", b"", "cannot be read"),
        ("f.npy", b"\x93NUMPY\x01\x00v\x00{'descr': '<i8', 'fort", "cannot be read"),
        ("f.npy", b"\x93NUMPY\x01\x00\x08\x00{'descr(", "damaged header"),
        ("f.json", b"[1, 2", "cannot be read"),
        ("f.json", b'{"indices": [1]}', "not a list of integers"),
        ("f.json", b"[1, 2.5]", "not a list of integers"),
        ("f.json", b"[1, true]", "not a list of integers"),
        ("f.json", b"[99999999999999999999]", "object values"),
        ("f.txt", b"1\n2\nthree\n", "line 3 is 'three'"),
        ("f.txt", b"1 2\n", "line 1 is '1 2'"),
        ("f.txt", b"\xff\xfe", "cannot be read"),
        ("f.txt", b"\n", "is empty"),
        ("f.txt", b"1_0\n", "line 1 is '1_0', not an integer in the digits 0 to 9"),
        ("f.csv", "1\n\u0663\n".encode(), r"line 2 is '\\u0663'"),
        ("f.txt", "1\n\ufeff2\n".encode(), r"line 2 is '\\ufeff2'"),
        ("f.txt", b"5\x1c3\n", r"line 1 is '5\\x1c3'"),
        ("f.parquet", b"", "unknown suffix '.parquet'; expected indices in .npy, .json, .txt, .csv"),
    ],
)
def test_damaged_index_file(name: str, content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=rf"'{tmp_path}/{name}' .*{message}"):
        file_forget_set(tmp_path / name)


def test_npy_of_two_arrays(tmp_path: Path) -> None:
    with (tmp_path / "f.npy").open("wb") as file:
        np.save(file, np.array([1, 2]))
        np.save(file, np.array([3, 4]))
    for read in (file_forget_set, read_scores):
        with pytest.raises(DataError, match=r"f\.npy' cannot be read \(bytes follow the array"):
            read(tmp_path / "f.npy")


def test_damaged_published_file(shared_data: Path, tmp_path: Path) -> None:
    content = (shared_data / "easydub_forget_sets" / "CIFAR10" / "forget_set_3.npy").read_bytes()
    (tmp_path / "f.npy").write_bytes(content[:-100])
    with pytest.raises(DataError, match=r"f\.npy' cannot be read"):
        file_forget_set(tmp_path / "f.npy")


@pytest.mark.parametrize("read", [file_forget_set, read_scores])
def test_missing_file(read, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=rf"'{tmp_path}/absent\.npy' cannot be read"):
        read(tmp_path / "absent.npy")


def test_scores_follow_the_sample_index(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("\ufeffsample_index,score\r\n2,0.5\r\n0,-1\r\n1,nan\r\n", encoding="utf-8")
    np.testing.assert_array_equal(read_scores(tmp_path / "s.csv"), [-1.0, np.nan, 0.5])
    np.save(tmp_path / "s.npy", np.array([1, 2], np.float32))
    assert read_scores(tmp_path / "s.npy").tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "cannot be read"),
        ("index,score\n0,1\n", r"header is \['index', 'score'\]"),
        ("sample_index,score\n0,1\n2,1\n", r"every index 0\.\.1 exactly once"),
        ("sample_index,score\n0,1\n0,1\n", r"every index 0\.\.1 exactly once"),
        ("sample_index,score\n0,high\n", "high"),
        ("sample_index,score\n0\n", "two columns"),
        ("sample_index,score\n0.5,1\n", "line 2 is '0.5', not an integer"),
        ("sample_index,score\n0,1\n1,1_0\n", "line 3 is '1_0', not a number in the digits 0 to 9"),
    ],
)
def test_damaged_score_table(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text(content)
    with pytest.raises(DataError, match=rf"'{tmp_path}/s\.csv' .*{message}"):
        read_scores(tmp_path / "s.csv")


@pytest.mark.parametrize("array", [np.zeros((2, 2)), np.array(["a"]), np.array([True])])
def test_npy_that_holds_no_scores(array: np.ndarray, tmp_path: Path) -> None:
    np.save(tmp_path / "s.npy", array)
    with pytest.raises(DataError, match=r"s\.npy' holds .*; expected one number per training sample"):
        read_scores(tmp_path / "s.npy")
