"""`unlearnkit check` on text: raw files, token shards, tokenizers and files of forget units."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from unlearnkit.data.text.token_shards import write_shard
from unlearnkit.doctor.case import ERROR, OK, WARNING, Case, examine

TEXT = """
experiment: text
data:
  {name: text_files, root: corpus, tokenizer: {kind: characters}, sequence_length: 16, train_size: 64,
   validation_size: 8}
model: {name: nanogpt, layers: 1, width: 16, heads: 2}
training: {epochs: 1, batch_size: 16}
num_models: 2
held_out_oracles: 2
shard_size: 2
forget_sets: {some: {kind: random_units, size: 4}}
methods: {do_nothing: {method: do_nothing}}
metrics: {klom: {}}
"""


def text_findings(folder: Path, data: dict[str, object], **changes: object) -> dict[str, str]:
    """Return fact -> level of what is found about the data of an experiment with text."""
    found = yaml.safe_load(TEXT) | changes
    found["data"] |= data
    path = folder / "text.yaml"
    path.write_text(yaml.safe_dump(found))
    case = Case([path])
    (finding,) = examine("configuration", case)
    assert finding.level == OK, finding.fact
    return {finding.fact: finding.level for finding in examine("data", case)}


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with three documents, below the current one."""
    words = np.random.RandomState(0)
    for name, length in {"train/a.txt": 800, "train/b.txt": 400, "validation/a.txt": 200}.items():
        path = tmp_path / "corpus" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(words.choice([*"abcdefgh "], length)))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "corpus"


def test_text_is_read_and_what_cannot_be_read_is_named(corpus: Path, tmp_path: Path) -> None:
    assert text_findings(tmp_path, {}) == {"text_files is sound: 3 documents": OK}
    (corpus / "train/b.txt").write_bytes(b"\xff\xfe")
    ((fact, level),) = text_findings(tmp_path, {}).items()
    assert level == ERROR and "train/b.txt' cannot be read as text" in fact


def test_files_of_forget_units_are_read(corpus: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "units.npy", np.arange(4))
    np.save(tmp_path / "scores.npy", np.linspace(0, 1, 64))
    sets = {
        "named": {"kind": "unit_file", "file": "units.npy"},
        "scored": {"kind": "unit_scores", "file": "scores.npy", "top": 4},
        "lost": {"kind": "unit_file", "file": "lost.npy"},
    }
    assert text_findings(tmp_path, {}, forget_sets=sets) == {
        "lost.npy, the file of forget set lost, does not exist": ERROR,
        "text_files is sound: 3 documents": OK,
        "units.npy is sound: 4 entries": OK,
        "scores.npy is sound: 64 entries": OK,
    }


def test_a_tokenizer_that_is_not_there_is_named(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    found = text_findings(tmp_path, {"tokenizer": {"kind": "gpt2", "folder": "tables"}})
    assert found.pop("text_files is sound: 3 documents") == OK
    ((fact, level),) = found.items()
    assert level == ERROR and "tables" in fact


@pytest.mark.slow
def test_token_shards_are_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("fineweb_train_000001.bin", "fineweb_val_000000.bin"):
        write_shard(tmp_path / name, np.random.RandomState(len(name)).randint(0, 50_000, 1100))
    changes = {"name": "fineweb", "root": str(tmp_path), "tokenizer": None}
    assert text_findings(tmp_path, changes) == {"fineweb is sound: 2200 tokens": OK}
    shard = tmp_path / "fineweb_val_000000.bin"
    shard.write_bytes(shard.read_bytes()[:-2])
    ((fact, level),) = text_findings(tmp_path, changes).items()
    assert level == ERROR and "fineweb_val_000000.bin" in fact


@pytest.mark.slow
def test_splits_that_share_documents_and_copies_of_forgotten_ones_are_found(corpus: Path, tmp_path: Path) -> None:
    drawn = np.random.RandomState(1)
    for split, names in {"train": "cdefgh", "validation": "vw"}.items():
        for name in names:
            (corpus / split / f"{name}.txt").write_text("".join(drawn.choice([*"abcdefgh "], 15)))
    (corpus / "train" / "h.txt").write_text((corpus / "train" / "c.txt").read_text())
    (tmp_path / "units.txt").write_text("2\n3\n")
    sets = {"some": {"kind": "unit_file", "file": "units.txt"}}
    cuts = {"forget_unit": "document", "train_size": 51 + 26 + 6, "validation_size": 13 + 2}
    found = text_findings(tmp_path, cuts, forget_sets=sets)
    ((warning, level),) = [item for item in found.items() if item[1] != OK]
    assert level == WARNING
    assert warning.startswith("some of the 2 samples of forget set 'some' have an exact copy outside it (1 in retain)")
    (corpus / "validation" / "v.txt").write_text((corpus / "train" / "e.txt").read_text())
    both = text_findings(tmp_path, cuts, forget_sets=sets)
    assert both.pop(warning) == WARNING
    ((error, level),) = [item for item in both.items() if item[1] != OK]
    assert level == ERROR and error.startswith("1 of the 15 sequences of the validation split are also in the training")


def test_a_data_set_of_the_hub_is_not_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    changes = {"name": "hub_text", "root": None, "hub": {"path": "someone/text"}}
    assert text_findings(tmp_path, changes) == {
        "someone/text is read from huggingface.co by the first job, and was not examined": WARNING
    }
