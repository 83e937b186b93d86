"""`unlearnkit check` on the base of pretrained models: what its jobs would refuse, and what is not here yet."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from pretrained_bases import base_of
from test_text_data import text_findings

from unlearnkit.config.models.pretrained import BaseSource
from unlearnkit.doctor.case import ERROR, OK, WARNING
from unlearnkit.errors import UnlearnkitError
from unlearnkit.models.base_examining import base_findings


def found(length: int = 64, **source: Any) -> tuple[str, ...]:
    (finding,) = base_findings(BaseSource.model_validate(source), length)
    return finding


@pytest.fixture
def given(tmp_path: Path) -> Path:
    """A folder with a model, in which a test may change files."""
    return Path(shutil.copytree(base_of()[0], tmp_path / "given"))


def test_a_base_that_is_here_is_read_and_another_is_said_not_to_be(given: Path) -> None:
    level, fact = found(folder=str(given))
    assert level == OK and fact.startswith(f"the model {given} is sound: llama, ")
    level, fact, remedy = found(hub="some/model", revision="0" * 40)
    assert level == WARNING and "some/model is downloaded" in fact and "model.source.folder" in remedy
    with pytest.raises(UnlearnkitError, match="'no-such-model', which is not installed"):
        found(package="no-such-model")


def test_what_a_job_would_refuse_is_found_before(given: Path) -> None:
    def refused(fact: str, length: int = 64) -> None:
        with pytest.raises(UnlearnkitError, match=fact):
            found(length, folder=str(given))

    refused("sequence_length is 65, but the base takes sequences of at most 64", length=65)
    config, weights = given / "config.json", given / "model.safetensors"
    kept = config.read_text()
    config.write_text(kept.replace('"model_type": "llama"', '"model_type": "my_llama"'))
    refused("cannot be loaded .*model type `my_llama`")
    config.write_text("{")
    refused("cannot be loaded")
    config.write_text(kept)
    weights.write_bytes(weights.read_bytes()[:-1])
    refused(r"model.safetensors is cut off, or is no file of safetensors; expected weights")
    for content in (b"", b"version https://git-lfs.github.com/spec/v1", (2**63).to_bytes(8, "little"), b"\0" * 99):
        weights.write_bytes(content)
        refused("is cut off")
    shutil.rmtree(given)
    refused("model.source.folder is .*given, which is not a folder")


def test_the_context_of_a_model_that_reads_images_is_that_of_its_text(given: Path) -> None:
    nested = {"model_type": "gemma3", "text_config": {"max_position_embeddings": 32}}
    (given / "config.json").write_text(json.dumps(nested))
    with pytest.raises(UnlearnkitError, match="at most 32 tokens"):
        found(folder=str(given))


def test_check_examines_the_base(given: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (given / "model.safetensors").rename(given / "pytorch_model.bin")
    model = {"name": "pretrained", "source": {"folder": str(given)}}
    facts = text_findings(tmp_path, {"name": "village", "root": None, "tokenizer": {"kind": "characters"}}, model=model)
    (fact,) = (fact for fact, level in facts.items() if level == ERROR)
    assert fact.startswith(f"the model {given} cannot be read: its weights are pickled (pytorch_model.bin)")
