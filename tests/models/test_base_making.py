"""Bases from folders, packages and the hub: files with hashes, nothing executed, and a paragraph where it cannot be."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from pretrained_bases import base_of, make_base, pretrained, save_network
from transformers import AutoConfig, AutoModelForCausalLM

from unlearnkit.artifacts.base import MANIFEST, Base, making_base, on_base, read_base
from unlearnkit.artifacts.store import sha256_of
from unlearnkit.config.models.pretrained import BaseSource
from unlearnkit.errors import ArtifactError, DataError
from unlearnkit.facts.base_shapes import shape_of
from unlearnkit.models.base_making import fill_base

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def given(tmp_path: Path) -> Path:
    """A folder with a model, in which a test may change files."""
    folder = tmp_path / "given"
    folder.mkdir()
    made, _ = base_of()
    for path in made.iterdir():
        if path.name != MANIFEST:
            (folder / path.name).write_bytes(path.read_bytes())
    return folder


def test_a_folder_is_linked_and_every_file_is_hashed(given: Path, tmp_path: Path) -> None:
    (given / "README.md").write_text("not a part of the model")
    manifest = make_base(tmp_path / "base", given)
    base = read_base(manifest.parent)
    assert base.files == {path.name: sha256_of(path) for path in sorted(given.iterdir()) if path.suffix != ".md"}
    assert (base.folder / "model.safetensors").resolve() == given / "model.safetensors"
    stated = json.loads(manifest.read_text())
    assert stated["bytes"] == sum((given / name).stat().st_size for name in base.files)
    # the hash of a base is that of its weights, wherever they lie
    assert base.sha256 == read_base(base_of()[0]).sha256


def test_jobs_get_the_folder_and_refuse_changed_files(given: Path, tmp_path: Path) -> None:
    manifest = make_base(tmp_path / "base", given)
    model = {"name": "pretrained", "source": {"package": None}}
    found = on_base(model, [str(manifest)], {"gradient_checkpointing": True})
    assert found == {**model, "source": {"folder": str(manifest.parent)}, "gradient_checkpointing": True}
    assert on_base(model, []) == model
    with (given / "model.safetensors").open("r+b") as stream:
        stream.seek(-1, 2)
        stream.write(b"\1")
    with pytest.raises(ArtifactError, match=r"model.safetensors, a file of the base model, is gone or was changed"):
        on_base(model, [str(manifest)])


def test_what_fails_leaves_no_manifest(given: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "base" / MANIFEST
    with pytest.raises(DataError), making_base(manifest, {}) as folder:
        fill_base(BaseSource.model_validate({"folder": str(tmp_path / "nowhere")}), folder, print)
    assert list(manifest.parent.iterdir()) == []
    with pytest.raises(ArtifactError, match="cannot write the folder"), making_base(manifest, {}):
        raise OSError(28, "No space left on device")


def test_a_full_disk_is_one_paragraph_and_leaves_nothing(tmp_path: Path) -> None:
    manifest = tmp_path / "base" / MANIFEST
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with pytest.raises(ArtifactError) as full, making_base(manifest, {}) as folder:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
        try:
            save_network(folder)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert str(full.value).startswith(f"cannot write the folder {manifest.parent}: ") and "too large" in str(full.value)
    assert list(manifest.parent.iterdir()) == []


def test_folders_that_are_no_models_are_refused(given: Path, tmp_path: Path) -> None:
    def refused(fact: str) -> None:
        with pytest.raises(DataError, match=fact):
            make_base(tmp_path / "base", given)

    (given / "model.safetensors").rename(given / "pytorch_model.bin")
    refused(r"its weights are pickled \(pytorch_model.bin\), and reading them would execute code")
    (given / "pytorch_model.bin").rename(given / "notes.txt")
    refused("holds no weights")
    (given / "notes.txt").rename(given / "model-00001-of-00002.safetensors")
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}
    (given / "model.safetensors.index.json").write_text(json.dumps(index))
    refused(r"lacks model-00002-of-00002.safetensors, which its index of weights names")
    (given / "config.json").unlink()
    refused("has no config.json")


UNTRAINED = {
    "model_type": "llama",
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 97,
}


def made_untrained(folder: Path, **changes: object) -> Base:
    with making_base(folder / MANIFEST, {}) as empty:
        fill_base(BaseSource.model_validate({"untrained": {**UNTRAINED, **changes}}), empty, print)
    return read_base(folder)


def test_an_untrained_base_follows_from_what_its_config_states(tmp_path: Path) -> None:
    first, second = (made_untrained(tmp_path / name) for name in "ab")
    assert first.sha256 == second.sha256 != made_untrained(tmp_path / "c", hidden_size=40).sha256
    assert pretrained(first.folder).build(0)
    assert AutoConfig.from_pretrained(first.folder).hidden_size == 32
    # as long as it is not asked for, slices of other bases do not state it
    assert BaseSource.model_validate({"package": "a"}).model_dump().keys() == {"package", "folder", "hub", "revision"}
    size = shape_of(package=None, folder=None, hub=None, untrained=UNTRAINED).parameters
    assert size == AutoModelForCausalLM.from_pretrained(first.folder).num_parameters()


def test_an_untrained_base_that_cannot_be_built_is_one_paragraph(tmp_path: Path) -> None:
    for changes, fact in (
        ({"num_hidden_layer": 2}, "model.source.untrained has no key 'num_hidden_layer'.*'num_hidden_layers'"),
        ({"model_type": "rnn"}, "model.source.untrained is no model that transformers can build"),
        ({"num_attention_heads": 0}, "model.source.untrained is no model that transformers can build"),
    ):
        with pytest.raises(DataError, match=fact):
            made_untrained(tmp_path / "d", **changes)
    assert not (tmp_path / "d" / MANIFEST).exists()


def test_a_package_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"'no-such-model', which is not installed.*--no-deps no-such-model"):
        fill_base(BaseSource.model_validate({"package": "no-such-model"}), tmp_path, print)
    with pytest.raises(DataError, match="the package numpy holds 0 GGUF files"):
        fill_base(BaseSource.model_validate({"package": "numpy"}), tmp_path, print)


class _Gate(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        gated = "gated" in self.path
        self.send_response(403 if gated else 404)
        self.send_header("X-Error-Code", "GatedRepo" if gated else "RepoNotFound")
        self.send_header("X-Error-Message", "Access to model is restricted")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def hub() -> Iterator[str]:
    """A hub on this machine that gives nothing away."""
    with HTTPServer(("127.0.0.1", 0), _Gate) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()


PROGRAM = """
import sys
from pathlib import Path
from unlearnkit.config.models.pretrained import BaseSource
from unlearnkit.errors import DataError
from unlearnkit.models.base_making import fill_base
for name in ("some/gated", "some/absent"):
    try:
        fill_base(BaseSource(hub=name, revision=sys.argv[1]), Path(sys.argv[2]), lambda text: None)
    except DataError as error:
        print(error)
"""


def test_a_gated_model_without_a_token_is_one_paragraph(hub: str, tmp_path: Path) -> None:
    # the library reads the address of the hub when it is imported
    environment = {
        "HF_ENDPOINT": hub,
        "HF_HOME": str(tmp_path / "home"),
        "PYTHONPATH": ":".join(filter(None, sys.path)),
    }
    command = [sys.executable, "-c", PROGRAM, COMMIT, str(tmp_path / "base")]
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    gated, absent = ran.stdout.splitlines()
    assert gated == (
        "the model some/gated on huggingface.co may be read only by those who were granted access; expected a token of "
        "an account that has access. Ask for access on the page of some/gated, make a token, and run `hf auth login`, "
        "or set HF_TOKEN."
    )
    assert absent.startswith("there is no model some/absent at 01234567 on huggingface.co, or it is private")
