"""Text data sets: Tiny Shakespeare as nanoGPT splits it, your own files, and the shards of fineweb."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

import numpy as np
import pytest

from unlearnkit.data.download import download_file
from unlearnkit.data.text import fineweb, text_files, tiny_shakespeare
from unlearnkit.data.text.corpus import Corpus
from unlearnkit.data.text.token_shards import open_stream, write_shard
from unlearnkit.errors import DataError

ODD = "naïve\r\nline\u2028one 👩‍👩‍👧\x0b\n\n"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder of two splits: text files, and lines of JSON."""
    for split in ("train", "validation"):
        (tmp_path / split).mkdir()
    (tmp_path / "train" / "b.txt").write_bytes(ODD.encode())
    (tmp_path / "train" / "a.txt").write_text("first")
    (tmp_path / "train" / "._a.txt").write_bytes(b"\x00\x05\x16\x07")
    rows = [{"text": ODD, "n": 1}, {"text": ""}, {"text": "last"}]
    lines = "\r\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (tmp_path / "validation" / "v.jsonl").write_bytes(f"{lines}\r\n\n".encode())
    return tmp_path


def test_tiny_shakespeare_is_split_as_nanogpt_does(shared_data: Path) -> None:
    for root in (shared_data, shared_data / "tiny_shakespeare"):
        corpus = tiny_shakespeare.documents(root)
        # the numbers of characters in its data/shakespeare_char/readme.md
        assert [len(text) for text in (*corpus.train, *corpus.validation)] == [1_003_854, 111_540]
        assert corpus.train[0].startswith("First Citizen:\n")
        assert corpus.raw_files == (shared_data / "tiny_shakespeare" / "input.txt",)
        assert corpus.content_hash == tiny_shakespeare.CONTENT_HASH
    assert len(set(corpus.train[0])) == len(set(corpus.train[0] + corpus.validation[0])) == 65


@pytest.fixture
def server(shared_data: Path) -> Iterator[str]:
    """The address of a server of the published file."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(shared_data / "tiny_shakespeare"))
    with HTTPServer(("127.0.0.1", 0), handler) as serving:
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()
        thread.join()


def test_tiny_shakespeare_is_downloaded_once(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tiny_shakespeare, "ADDRESS", f"{server}/input.txt")
    corpus = tiny_shakespeare.documents(None)
    assert corpus.content_hash == tiny_shakespeare.CONTENT_HASH
    assert corpus.raw_files == (Path("data/tiny_shakespeare/input.txt"),)
    assert corpus.raw_files[0].stat().st_size == tiny_shakespeare.DOWNLOAD_BYTES
    monkeypatch.setattr(tiny_shakespeare, "ADDRESS", f"{server}/absent")
    assert tiny_shakespeare.documents(None).content_hash == corpus.content_hash


def test_another_file_is_not_kept(server: str, tmp_path: Path) -> None:
    for name, message in (
        ("README.md", "has changed: its SHA-256 is"),
        ("absent", r"could not be downloaded \(HTTP Error 404"),
    ):
        with pytest.raises(DataError, match=message):
            download_file(f"{server}/{name}", tmp_path / "input.txt", tiny_shakespeare.SHA256)
    assert not list(tmp_path.iterdir())


def test_files_are_documents_exactly_as_they_are(files: Path) -> None:
    corpus = text_files.documents(files)
    assert corpus.train == ("first", ODD)
    assert corpus.validation == (ODD, "", "last")
    assert [path.name for path in corpus.raw_files] == ["a.txt", "b.txt", "v.jsonl"]
    nested = text_files.documents(files.rename(files.parent / "text_files").parent)
    assert nested.content_hash == corpus.content_hash


def test_the_case_of_an_ending_does_not_hide_a_document(files: Path) -> None:
    (files / "train" / "C.TXT").write_text("third")
    (files / "train" / "D.JsonL").write_text('{"text": "fourth"}')
    assert text_files.documents(files).train == ("third", "fourth", "first", ODD)


def test_folders_within_a_split_are_read_in_the_order_of_the_paths(files: Path) -> None:
    for name in ("ab/c/x.txt", "ab/validation/y.txt", ".git/z.txt"):
        (files / "train" / name).parent.mkdir(parents=True)
        (files / "train" / name).write_text(name)
    assert text_files.documents(files).train == ("first", "ab/c/x.txt", "ab/validation/y.txt", ODD)


def test_other_files_are_refused_by_name(files: Path) -> None:
    (files / "elsewhere").mkdir()
    (files / "train" / "linked").symlink_to(files / "elsewhere")
    for name in ("train/b.text", "train/sub/e.jsonl.gz"):
        (files / name).parent.mkdir(exist_ok=True)
        (files / name).write_text("a")
    with pytest.raises(
        DataError, match=r"3 of the 6 files .*train/b\.text, .*train/linked, .*sub/e\.jsonl\.gz; expected"
    ):
        text_files.documents(files)


def test_a_byte_order_mark_is_dropped_and_utf16_refused(files: Path) -> None:
    plain = text_files.documents(files).content_hash
    for path in (files / "train" / "a.txt", files / "validation" / "v.jsonl"):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert text_files.documents(files).content_hash == plain
    (files / "train" / "a.txt").write_bytes("first".encode("utf-16-le"))
    with pytest.raises(DataError, match=r"a\.txt' has a NUL at position 1; expected text in UTF-8\. If it is UTF-16"):
        text_files.documents(files)


def test_where_tiny_shakespeare_was_looked_for_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=rf"neither '{tmp_path}' nor .* holds Tiny Shakespeare.*data\.root"):
        tiny_shakespeare.documents(tmp_path)


def test_the_hash_tells_corpora_apart() -> None:
    corpora = [
        Corpus(("ab", "c"), ("d",)),
        Corpus(("a", "bc"), ("d",)),
        Corpus(("abc",), ("d",)),
        Corpus(("ab", "c", ""), ("d",)),
        Corpus(("ab",), ("c", "d")),
    ]
    assert len({corpus.content_hash for corpus in corpora}) == len(corpora)
    assert Corpus(("ab", "c"), ("d",)).content_hash == corpora[0].content_hash


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", r"line 2 of '.*more\.jsonl' is not JSON"),
        ("[" * 100_000, "line 2 of .* is not JSON"),
        ('["text"]', "line 2 of .* has no field text"),
        ('{"txt": "a"}', "line 2 of .* has no field text"),
        ('{"text": 5}', "the field text in line 2 of .* is of type int"),
        ('{"text": "a\\u0000"}', "the field text in line 2 of .* has a NUL at position 1"),
        ('{"text": "\\ud83d"}', r"has a lone surrogate \(U\+D83D\)"),
    ],
)
def test_bad_lines_are_named(files: Path, line: str, message: str) -> None:
    (files / "train" / "more.jsonl").write_text(f'{{"text": "a"}}\n{line}\n')
    with pytest.raises(DataError, match=message):
        text_files.documents(files)


def test_files_that_are_no_text_are_named(files: Path) -> None:
    (files / "train" / "b.txt").write_bytes(b"caf\xe9")
    with pytest.raises(DataError, match=r"b\.txt' cannot be read as text .*UTF-8"):
        text_files.documents(files)


def test_splits_without_text_are_named(files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = files / "validation" / "v.jsonl"
    lines.write_text('{"text": ""}')
    with pytest.raises(DataError, match="the validation split has no text"):
        Corpus(("a",), ("",))
    with pytest.raises(DataError, match=r"the validation split under .* has no text"):
        text_files.documents(files)
    lines.unlink()
    with pytest.raises(DataError, match=r"validation' has no \.txt or \.jsonl file"):
        text_files.documents(files)
    lines.parent.rmdir()
    with pytest.raises(DataError, match="validation' is not a folder"):
        text_files.documents(files)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="neither 'data' nor 'data/text_files' has the folders train and validation"):
        text_files.documents(None)


def made_shards(folder: Path, train: list[int], validation: list[int]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, numbers in (("train", train), ("val", validation)):
        for number in numbers:
            tokens = np.arange(10 * number, 10 * number + 10)
            write_shard(folder / f"fineweb_{name}_{number:06d}.bin", tokens)
    return folder


def test_fineweb_is_a_stream_of_shards(tmp_path: Path) -> None:
    folder = made_shards(tmp_path / "fineweb10B", list(range(1, 12)), [0])
    for root in (tmp_path, folder):
        files = fineweb.shards(root)
        assert open_stream(files.train)[:].tolist() == list(range(10, 120))
        assert open_stream(files.train, 15)[:].tolist() == list(range(10, 25))
        assert open_stream(files.validation)[:].tolist() == list(range(10))


@pytest.mark.parametrize(
    ("train", "validation", "message"),
    [
        ([1, 3], [0], r"has 2 files fineweb_train_\*\.bin but not fineweb_train_000002\.bin"),
        ([2, 3], [0], r"but not fineweb_train_000001\.bin"),
        ([], [0], r"has 0 files fineweb_train_\*\.bin but not fineweb_train_000001\.bin"),
        ([1], [], r"has 0 files fineweb_val_\*\.bin but not fineweb_val_000000\.bin"),
        ([], [], r"no fineweb_train_000001\.bin or fineweb_val_000000\.bin in .*kjj0/fineweb10B-gpt2"),
    ],
)
def test_missing_shards_are_named(tmp_path: Path, train: list[int], validation: list[int], message: str) -> None:
    made_shards(tmp_path, train, validation)
    with pytest.raises(DataError, match=message):
        fineweb.shards(tmp_path)
