"""`unlearnkit publish`: a folder that anyone can verify, in formats that others read, and what is refused."""

from __future__ import annotations

import importlib.resources
import io
import json
from collections.abc import Callable
from pathlib import Path

import datasets
import mlcroissant
import numpy as np
import pyarrow.parquet as pq
import pytest
import requests
import urllib3
import yaml
from checkout import RESULTS, Checkout
from hub_server import HubServer, used_here
from requests_cache import CachedSession
from rocrate_validator import services
from rocrate_validator.models import Severity, ValidationSettings
from rocrate_validator.utils.uri import URI

from unlearnkit.artifacts.margins import read_margins
from unlearnkit.artifacts.store import sha256_of
from unlearnkit.errors import ArtifactError
from unlearnkit.publication.configuration import PublicConfiguration
from unlearnkit.publication.contents import publication
from unlearnkit.publication.items import Facts
from unlearnkit.published.ours import files_with, margins_in
from unlearnkit.published.pool import OURS, Pool

pytestmark = pytest.mark.workflow

Call = Callable[..., tuple[int, str]]
NAME = "owner/tiny"


def hashes(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in folder.rglob("*") if path.is_file()}


def refused(call: Call, copy: Checkout, *words: str) -> str:
    status, output = call(copy.root, "publish", RESULTS, NAME, "--dry-run", *words)
    assert status == 1
    assert output.startswith("error: ") and output.count("\n") == 1, output
    return output


def test_a_publication_is_sound_on_any_machine(published: Path, call: Call) -> None:
    status, output = call(published, "verify")
    assert status == 0 and output.endswith("sound\n"), output
    assert "every cell comes from digits.csv.gz" in output
    assert not [line for line in output.splitlines() if line.startswith("note: ") and "digits.csv.gz" not in line]


def test_artifacts_are_published_as_they_are(published: Path, completed: Checkout) -> None:
    ours, theirs = hashes(completed.root / RESULTS), hashes(published / RESULTS)
    assert ours.keys() == theirs.keys()
    assert {name for name in ours if ours[name] != theirs[name]} <= {name for name in ours if name.endswith(".json")}


def test_records_state_nothing_of_the_machine(published: Path, completed: Checkout) -> None:
    texts = [path.read_text() for path in published.rglob("*.json")]
    assert not any('"node"' in text or str(completed.root) in text for text in texts)
    raw = json.loads((published / RESULTS / "data/dataset.safetensors.json").read_text())["raw"]
    assert list(raw) == ["site-packages/sklearn/datasets/data/digits.csv.gz"]


def test_the_manifest_states_every_other_file(published: Path) -> None:
    stated = {file["path"]: file for file in json.loads((published / "manifest.json").read_text())["files"]}
    found = hashes(published)
    found.pop("manifest.json")
    assert {path: file["sha256"] for path, file in stated.items()} == found
    assert {path: file["bytes"] for path, file in stated.items()} == {p: (published / p).stat().st_size for p in found}
    origin = stated[f"{RESULTS}/summaries/klom/nines/scrub.parquet"]["made_from"]
    assert f"{RESULTS}/unlearned/nines/scrub/0000-0001.margins.parquet" in origin


@pytest.mark.slow
def test_the_same_results_give_the_same_bytes(published: Path, completed: Checkout, call: Call, tmp_path: Path) -> None:
    again = tmp_path / "again"
    assert call(completed.root, "publish", RESULTS, NAME, "--license", "mit", "--to", str(again))[0] == 0
    assert hashes(again) == hashes(published)
    assert "is there already" in call(completed.root, "publish", RESULTS, NAME, "--to", str(again))[1]


def test_a_dry_run_prints_every_file_with_its_bytes(completed: Checkout, published: Path, call: Call) -> None:
    before = hashes(completed.root)
    status, output = call(completed.root, "publish", RESULTS, NAME, "--license", "mit", "--dry-run")
    printed = {line.split()[1]: int(line.split()[0].replace(",", "")) for line in output.splitlines()[:-2]}
    assert status == 0 and printed == {name: (published / name).stat().st_size for name in hashes(published)}
    assert f"{len(printed)} files, {sum(printed.values()):,} bytes" in output
    assert hashes(completed.root) == before


def test_the_viewer_shows_tables_and_margins(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    card = yaml.safe_load((published / "README.md").read_text().split("---\n")[1])
    assert card["license"] == "mit" and {"machine-unlearning", "digits"} <= {*card["tags"]}
    files = {own["config_name"]: own["data_files"][0]["path"] for own in card["configs"]}
    assert {"klom", "mia", "cost", "margins.original.0000-0001", "margins.oracle.nines.0002-0003"} <= files.keys()
    assert datasets.get_dataset_config_names(str(published)) == [*files]
    for name in ("klom", "cost", "margins.unlearned.nines.scrub.0000-0001"):
        shown = datasets.load_dataset(str(published), name, cache_dir=str(tmp_path), split="test")
        table = pq.read_table(published / files[name])
        assert shown.column_names == table.column_names and len(shown) == table.num_rows


def test_the_tasks_of_the_leaderboard_are_tables_of_metrics(published: Path) -> None:
    own = yaml.safe_load((published / "eval.yaml").read_text())
    assert own.keys() == {"name", "description", "evaluation_framework", "tasks"}
    assert own["tasks"] == [{"id": name, "config": name, "split": "test"} for name in ("klom", "mia")]


def test_croissant_is_valid_and_gives_the_rows_of_a_table(published: Path) -> None:
    read = mlcroissant.Dataset(str(published / "croissant.json"))
    assert not read.metadata.issues.errors and not read.metadata.issues.warnings
    rows = list(read.records("klom"))
    table = pq.read_table(published / RESULTS / "tables/klom.parquet").to_pylist()
    assert [row["klom/p95"] for row in rows] == [row["p95"] for row in table]
    margins = f"{RESULTS}/original/0000-0001.margins.parquet"
    stated = {own.id: own.sha256 for own in read.metadata.distribution if isinstance(own, mlcroissant.FileObject)}
    assert stated[margins] == sha256_of(published / margins)


def contexts(cache: Path) -> None:
    """Keep the contexts that the validator would fetch: RO-Crate 1.1, as rocrate has it, and terms of runs."""
    crate = importlib.resources.files("rocrate").joinpath("data/ro-crate.jsonld").read_text()
    assert '"version": "1.1' in crate
    terms = {"@context": {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}}
    kept = {"crate/1.1": crate, "terms/workflow-run": json.dumps(terms)}
    with CachedSession(cache_name=str(cache), backend="sqlite", expire_after=-1) as session:
        for name, text in kept.items():
            answer = requests.Response()
            answer.status_code, answer.url = 200, f"https://w3id.org/ro/{name}/context"
            answer.headers["Content-Type"] = "application/ld+json"
            answer.raw = urllib3.HTTPResponse(body=io.BytesIO(text.encode()), status=200, preload_content=False)
            answer.request = requests.Request("GET", answer.url).prepare()
            session.cache.save_response(answer)


@pytest.mark.slow
def test_the_crate_is_a_valid_workflow_run(published: Path, tmp_path: Path) -> None:
    contexts(tmp_path / "http")
    settings = ValidationSettings(
        rocrate_uri=URI(str(published)),
        profile_identifier="workflow-run-crate-0.5",
        requirement_severity=Severity.REQUIRED,
        cache_path=tmp_path / "http",
        offline=True,
    )
    found = services.validate(settings)
    assert found.passed(), [issue.message for issue in found.get_issues()]
    graph = {own["@id"]: own for own in json.loads((published / "ro-crate-metadata.json").read_text())["@graph"]}
    assert {own["@id"] for own in graph["./"]["hasPart"]} == {*hashes(published)} - {"ro-crate-metadata.json"}


def test_what_is_published_takes_the_place_of_training(
    completed: Checkout, published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with HubServer() as hub:
        used_here(hub, tmp_path / "home", monkeypatch)
        commit = hub.publish(NAME, published)
        stated = {"repository": NAME, "revision": commit, "layout": OURS, "data_set": "digits", "model": "mlp"}
        pool = Pool({**stated, "epoch": 1, "forget_set": "nines"}, print)
        files = files_with(pool, "oracle/nines", range(4), ".margins.parquet")
        names = ("0000-0001", "0002-0003")
        ours = read_margins([completed.result(f"oracle/nines/{name}.margins.parquet") for name in names])[2]
        theirs = margins_in(pool, files, range(4), ours.split, ours.sample_index)[2]
        assert [path.rpartition("/")[2][:9] for path in files] == [*names]
    np.testing.assert_array_equal(theirs.margins, ours.margins)
    assert [own["sha256"] for own in pool.sources] == [sha256_of(published / path) for path in files]


def test_without_weights_the_chain_remains(completed: Checkout, call: Call, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    assert call(completed.root, "publish", RESULTS, NAME, "--without-weights", "--to", str(folder))[0] == 0
    assert [path.name for path in folder.rglob("*.safetensors")] == ["dataset.safetensors"]
    status, output = call(folder, "verify")
    assert status == 0 and output.endswith("sound\n"), output


def test_unfinished_results_are_refused(finished: Checkout, call: Call) -> None:
    pages = [path for path in finished.result("report").rglob("*") if path.is_file()]
    for path in pages:
        path.unlink()
    output = refused(call, finished)
    # all but the record
    assert f"unfinished: {len(pages) - 1} of the files that the configuration asks for were not made, report/" in output
    assert call(finished.root, "publish", RESULTS, NAME, "--dry-run", "--partial")[0] == 0
    (finished.result("original/0000-0001.safetensors.resume")).mkdir()
    (finished.result("original/0000-0001.safetensors.resume") / "a").write_text("half")
    assert "was left by an interrupted job, so a job has not ended" in refused(call, finished, "--partial")


def test_stale_and_damaged_results_are_refused(finished: Checkout, call: Call) -> None:
    finished.configure({"methods.scrub.lr": 0.5})
    assert "results/tiny is stale: " in (output := refused(call, finished))
    assert "made with other settings than the present ones (settings.lr" in output
    finished.configure({"methods.scrub.lr": 0.01, "experiment": "another"})
    assert "no configuration for results/tiny: not one file names the experiment tiny" in refused(call, finished)
    assert "tiny.yaml is the configuration of another experiment than tiny" in (
        refused(call, finished, "--configfile", "tiny.yaml")
    )
    finished.configure({"experiment": "tiny"})
    with finished.result("tables/mia.csv").open("a") as stream:
        stream.write("1\n")
    output = refused(call, finished)
    assert "results/tiny cannot be relied upon: tables/mia.csv is damaged or was replaced" in output
    assert "Run `unlearnkit verify results/tiny`, which states the repair" in output


def test_secrets_and_paths_of_this_machine_are_refused(finished: Checkout, call: Call) -> None:
    finished.configure({"data.root": f"{Path.home()}/digits"})
    status, output = call(finished.root, "publish", RESULTS, NAME, "--dry-run")
    assert status == 0 and "config.yaml will name given/digits for what only this machine has" in output
    finished.configure({"data.root": "hf_" + "a1" * 17})
    output = refused(call, finished)
    assert "config.yaml holds a token of the Hugging Face hub, which begins with hf_a1a; expected files that" in output
    finished.configure({"data.root": f"in {finished.root}/digits, and data/digits"})
    assert f"config.yaml holds a path of this machine, {finished.root}/digits" in refused(call, finished)


def test_a_file_of_indices_never_takes_the_place_of_a_description(tmp_path: Path) -> None:
    configuration = PublicConfiguration({}, {"manifest.json": tmp_path / "manifest.json"})
    with pytest.raises(ArtifactError, match=r"read from manifest\.json, which is the name of a file of every"):
        publication(Facts("owner/name", "mit", None, configuration), "address")  # pyright: ignore[reportArgumentType]


def test_names_that_no_repository_has_are_refused(completed: Checkout, call: Call) -> None:
    for name in ("tiny", "a/../b"):
        status, output = call(completed.root, "publish", RESULTS, name, "--dry-run")
        assert status == 1 and f"'{name}' is no name of a repository" in output
