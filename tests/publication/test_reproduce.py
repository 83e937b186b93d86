"""`unlearnkit reproduce`: what is computed again from what, equal to the byte, and what a sample proves."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from checkout import RESULTS, Checkout
from hub_server import TOKEN, HubServer, used_here

from unlearnkit.artifacts.provenance import sealed
from unlearnkit.artifacts.store import sha256_of, write_tensors
from unlearnkit.artifacts.tables import write_table
from unlearnkit.commands.reproduce import compare_values
from unlearnkit.errors import ArtifactError
from unlearnkit.publication.configuration import public_configuration
from unlearnkit.publication.contents import SNAKEFILE
from unlearnkit.reproduction.cells import Cell, Value
from unlearnkit.reproduction.comparison import difference
from unlearnkit.reproduction.needs import Needs, needs
from unlearnkit.reproduction.sampling import drawn, most_wrong, proof
from unlearnkit.reproduction.scratch import Scratch
from unlearnkit.reproduction.sources import Publication
from unlearnkit.reproduction.targets import of_sample

Call = Callable[..., tuple[int, str]]
NAME = "owner/tiny"
CELL = "klom/nines/scrub"


def of(published: Path, level: str) -> Needs:
    return needs(Publication.in_folder(published), [Cell.named(CELL).summary], level)


def stages(names: list[str]) -> set[str]:
    return {name.partition("/")[0] for name in names}


@pytest.mark.workflow
def test_levels_take_less_and_less_as_published(published: Path) -> None:
    margins = of(published, "margins")
    assert margins.again == [Cell.named(CELL).summary]
    folders = ("oracle/nines", "unlearned/nines/scrub")
    read = {f"{folder}/{shard}.margins.parquet" for folder in folders for shard in ("0000-0001", "0002-0003")}
    assert {*margins.taken} == {"forget_sets/nines.npy", *read}
    weights = of(published, "weights")
    assert stages(weights.again) == {"summaries", "oracle", "unlearned"} and len(weights.again) == 5
    assert {name for name in weights.taken if name.endswith(".safetensors")} >= {"original/0000-0001.safetensors"}
    data = of(published, "data")
    assert stages(data.taken) == {"data", "forget_sets"}
    assert {"original/0002-0003.safetensors", "oracle/nines/0000-0001.safetensors"} <= {*data.again}


@pytest.mark.workflow
def test_what_was_not_published_is_computed_again(published: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(published, tmp_path / "copy"))
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["files"] = [own for own in manifest["files"] if not own["path"].endswith("-0001.safetensors")]
    (copy / "manifest.json").write_text(json.dumps(manifest))
    assert "original/0000-0001.safetensors" in of(copy, "weights").again
    assert "original/0002-0003.safetensors" in of(copy, "weights").taken


@pytest.mark.workflow
@pytest.mark.slow
def test_a_cell_from_the_hub_is_equal_to_the_byte(
    completed: Checkout, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with HubServer() as hub:
        used_here(hub, tmp_path / "home", monkeypatch, TOKEN)
        assert call(completed.root, "publish", RESULTS, NAME)[0] == 0
        repo = hub.repos["dataset", NAME]
        commit, uploaded = repo.head, repo.commits[repo.head]
        stated = json.loads(uploaded["manifest.json"])["files"]
        assert {own["path"] for own in stated} == {*uploaded} - {"manifest.json", ".gitattributes"}
        assert all(hashlib.sha256(uploaded[own["path"]]).hexdigest() == own["sha256"] for own in stated)
        assert not list((completed.root / "results").glob(".publish-*"))
        hub.requests.clear()
        here, kept = tmp_path / "anywhere", tmp_path / "kept"
        here.mkdir()
        status, output = call(
            here, "reproduce", f"{NAME}@{commit}", "--cell", f"{CELL}/forget/p95", "--keep", str(kept)
        )
        assert status == 0, output
        fetched = {request.path.rpartition("/")[2] for request in hub.requests if request.method == "GET"}
    assert "1 of 1 files equal to the byte" in output and "tiny: missing for" in output
    summary = Cell.named(CELL).summary
    assert (kept / RESULTS / summary).read_bytes() == (completed.root / RESULTS / summary).read_bytes()
    value = next(row for row in Cell.named(CELL).rows(completed.root / RESULTS / summary) if row["split"] == "forget")
    assert f"klom klom forget p95: published {value['p95']}, computed {value['p95']}" in output
    # only what the cell needs, and nothing written elsewhere
    assert not {name for name in fetched if name.endswith(".safetensors")}
    assert not list(here.iterdir())


@pytest.mark.workflow
@pytest.mark.slow
def test_a_cell_is_priced_before_it_is_computed(published: Path, call: Call, tmp_path: Path) -> None:
    status, output = call(published.parent, "reproduce", "copy", "--cell", CELL, "--dry-run", "--keep", str(tmp_path))
    assert status == 0, output
    assert "copy: 1 file computed again from 5 files taken as published" in output
    assert "| score klom |    1 |" in output and "Elapsed:" in output and "equal" not in output
    assert (tmp_path / RESULTS / "oracle/nines/0000-0001.margins.parquet").exists()
    assert not (tmp_path / RESULTS / "summaries").exists()


@pytest.mark.workflow
@pytest.mark.slow
def test_drawn_shards_are_trained_again(published: Path, call: Call) -> None:
    status, output = call(published.parent, "reproduce", "copy", "--cell", CELL, "--sample", "2", "--seed", "1")
    assert status == 0, output
    assert "2 of 2 files equal to the byte" in output
    assert (
        "2 of 6 shards were drawn, none of them differs: at 95 %, at most 4 of the 6 (67 %) differ, since with more"
        in output
    )


@pytest.mark.workflow
def test_a_changed_copy_is_refused(published: Path, call: Call, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(published, tmp_path / "copy"))
    margins = copy / RESULTS / "oracle/nines/0000-0001.margins.parquet"
    margins.write_bytes(margins.read_bytes()[:-1])
    status, output = call(tmp_path, "reproduce", "copy", "--cell", CELL)
    assert status == 1 and output.count("\n") == 1
    assert "oracle/nines/0000-0001.margins.parquet of copy is not what its manifest.json states" in output
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["files"][0]["path"] = "../outside"
    (copy / "manifest.json").write_text(json.dumps(manifest))
    status, output = call(tmp_path, "reproduce", "copy", "--cell", CELL)
    assert status == 1 and "manifest.json of copy names ../outside, which lies outside of it" in output
    (copy / "manifest.json").write_text("{}")
    assert "copy is no publication of unlearnkit" in call(tmp_path, "reproduce", "copy", "--cell", CELL)[1]


@pytest.mark.workflow
def test_other_code_is_refused_with_the_version_that_it_takes(published: Path, call: Call, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(published, tmp_path / "copy"))
    record = copy / RESULTS / "oracle/nines/0000-0001.margins.parquet.json"
    record.write_text(json.dumps(sealed({**json.loads(record.read_text()), "code": "0" * 16})))
    manifest = json.loads((copy / "manifest.json").read_text())
    own = next(own for own in manifest["files"] if own["path"] == record.relative_to(copy).as_posix())
    own.update(bytes=record.stat().st_size, sha256=sha256_of(record))
    (copy / "manifest.json").write_text(json.dumps(manifest))
    status, output = call(tmp_path, "reproduce", "copy", "--cell", CELL)
    assert status == 1, output
    assert (
        "oracle/nines/0000-0001.margins.parquet of copy was made by other code than the present (0000000000000000"
        in output
    )
    assert "Install that version: pip install unlearnkit==" in output


def tampered(published: Path, folder: Path, change: Callable[[Path], None], *names: str) -> Path:
    """Return a copy of a publication whose manifest states what `change` made of some of its results."""
    copy = Path(shutil.copytree(published, folder))
    change(copy / RESULTS)
    restate(copy, *(f"{RESULTS}/{name}" for name in names))
    return copy


def restate(copy: Path, *paths: str) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    for own in manifest["files"]:
        if own["path"] in paths:
            own.update(bytes=(copy / own["path"]).stat().st_size, sha256=sha256_of(copy / own["path"]))
    (copy / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.workflow
def test_a_cell_with_another_published_value_differs(
    published: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, record = "tables/klom.parquet", "tables/klom.parquet.json"

    def change(results: Path) -> None:
        rows = pq.read_table(results / table)
        cells = [
            0.01 if (row["forget_set"], row["candidate"]) == ("nines", "scrub") else row["p95"]
            for row in rows.to_pylist()
        ]
        pq.write_table(rows.set_column(rows.column_names.index("p95"), "p95", pa.array(cells)), results / table)
        stated = json.loads((results / record).read_text())
        (results / record).write_text(json.dumps(sealed({**stated, "sha256": sha256_of(results / table)})))

    copy = Publication.in_folder(tampered(published, tmp_path / "copy", change, table, record))
    computed = Publication.in_folder(published).file(Cell.named(CELL).summary)
    for cell in (f"{CELL}/forget/p95", CELL):
        assert compare_values(Cell.named(cell), copy, computed)
        assert re.search(r"klom klom forget p95: published 0.01, computed \S+: differs by \d", capsys.readouterr().out)
    assert not compare_values(Cell.named(f"{CELL}/forget/mean"), copy, computed)
    assert not compare_values(Cell.named(CELL), Publication.in_folder(published), computed)


def test_undefined_values_are_the_same() -> None:
    assert not Value("x", None, math.nan).differs and not Value("x", 1.0, 1.0).differs
    assert Value("x", 1.0, None).differs and Value("x", math.inf, 1.0).differs
    assert str(Value("x", 1.0, 1.5)) == "x: published 1.0, computed 1.5: differs by 0.5"


@pytest.mark.workflow
def test_published_files_that_their_records_do_not_state_are_refused(
    published: Path, call: Call, tmp_path: Path
) -> None:
    name = "original/0000-0001.safetensors"

    def change(results: Path) -> None:
        content = bytearray((results / name).read_bytes())
        content[-3] ^= 1
        (results / name).write_bytes(content)

    tampered(published, tmp_path / "copy", change, name)
    for words in (("--sample", "9"), ("--cell", CELL, "--from", "weights"), ("--cell", CELL, "--from", "data")):
        status, output = call(tmp_path, "reproduce", "copy", *words)
        assert status == 1 and "taken as published" not in output
        assert f"{name} of copy is not what its own record states; expected SHA-256 " in output


@pytest.mark.workflow
def test_manifests_and_records_of_another_form_are_refused(published: Path, call: Call, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(published, tmp_path / "copy"))
    manifest = json.loads((copy / "manifest.json").read_text())
    path = {"path": 5, "bytes": 1, "sha256": "a"}
    wrong = ({"experiment": None}, {"experiment": "../x"}, {"files": [path]}, {"files": {"path": "a"}})
    for text in ("[]", "[" * 100_000, *(json.dumps({**manifest, **own}) for own in wrong)):
        (copy / "manifest.json").write_text(text)
        status, output = call(tmp_path, "reproduce", "copy", "--cell", CELL)
        assert status == 1 and "copy is no publication of unlearnkit: its manifest.json is not one" in output
    (copy / "manifest.json").write_text(json.dumps(manifest))
    record = f"{RESULTS}/summaries/klom/nines/scrub.parquet.json"
    stated = json.loads((copy / record).read_text())
    for key in ("inputs", "sha256"):
        (copy / record).write_text(json.dumps({own: value for own, value in stated.items() if own != key}))
        restate(copy, record)
        status, output = call(tmp_path, "reproduce", "copy", "--cell", CELL)
        assert status == 1 and f"scrub.parquet.json of copy lacks {key}; expected a record that a job wrote" in output


@pytest.mark.workflow
def test_code_of_a_publisher_runs_with_consent_only(published: Path, call: Call, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(published, tmp_path / "copy"))
    added = ("plug_ins/evil/evil.py", "settings/evil.so")
    for path in added:
        (copy / path).parent.mkdir(parents=True)
        (copy / path).write_text(f"STATISTIC = open({str(tmp_path / 'ran')!r}, 'w').name\n")
    (copy / "Snakefile").write_text("raise RuntimeError\n")
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["files"] += [{"path": path, "bytes": 0, "sha256": "", "made_from": []} for path in added]
    (copy / "manifest.json").write_text(json.dumps(manifest))
    keys = yaml.safe_load((copy / "config.yaml").read_text())
    keys["metrics"]["evil"] = {"metric": "plug_ins/evil/evil.py"}
    (copy / "config.yaml").write_text(yaml.safe_dump(keys))
    restate(copy, "config.yaml", "Snakefile", *added)
    status, output = call(tmp_path, "reproduce", "copy", "--cell", CELL, "--dry-run")
    assert status == 1 and output.count("\n") == 1
    assert "copy brings code of its publisher, which runs as soon as its configuration is read: " in output
    assert ": plug_ins/evil/evil.py, settings/evil.so; expected" in output and "--trust-plug-ins" in output
    assert not (tmp_path / "ran").exists()
    call(tmp_path, "reproduce", "copy", "--cell", CELL, "--dry-run", "--trust-plug-ins")
    assert (tmp_path / "ran").exists()
    # what Snakemake would start from is never theirs
    assert Publication.in_folder(copy).surroundings()["Snakefile"] == SNAKEFILE


@pytest.mark.workflow
def test_a_configuration_that_snakemake_would_evaluate_is_refused(published: Path, call: Call, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(published, tmp_path / "copy"))
    with (copy / "config.yaml").open("a") as stream:
        stream.write(f"__use_yte__: true\nseed: \"?open({str(tmp_path / 'ran')!r}, 'w')\"\n")
    restate(copy, "config.yaml")
    status, output = call(tmp_path, "reproduce", "copy", "--cell", CELL, "--dry-run")
    assert status == 1 and "__use_yte__" in output and not (tmp_path / "ran").exists(), output


@pytest.mark.workflow
def test_files_of_indices_are_brought_along_and_no_others(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = Path(shutil.copytree(published, tmp_path / "copy"))
    monkeypatch.chdir(copy)
    keys = yaml.safe_load((copy / "config.yaml").read_text())
    names = {"a": "lists/a.txt", "b": "profiles/default/config.yaml", "c": "results/c.npy", "d": "lists/absent.npy"}
    names |= {"e": "e.txt", "f": "./f.txt", "g": "setup.py"}
    for name, path in names.items():
        keys["forget_sets"][name] = {"kind": "file", "file": path}
        if name != "d":
            (copy / path).parent.mkdir(parents=True, exist_ok=True)
            (copy / path).write_text("1\n2\n")
    (copy / "config.yaml").write_text(yaml.safe_dump(keys))
    own = public_configuration([copy / "config.yaml"])
    brought = {name: Path(name) for name in ("lists/a.txt", "e.txt", "f.txt")}
    assert own.files == brought and own.keys["forget_sets"]["a"]["file"] == "lists/a.txt"
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["files"] += [
        {"path": Path(path).as_posix(), "bytes": 0, "sha256": ""} for name, path in names.items() if name != "d"
    ]
    (copy / "manifest.json").write_text(json.dumps(manifest))
    restate(copy, "config.yaml", *brought)
    source = Publication.in_folder(copy)
    assert {*source.surroundings()} == {"config.yaml", "Snakefile", *brought}
    scratch = Scratch(tmp_path / "scratch", source, ["forget_sets/nines.npy"])
    # older than what is made of it, or the workflow would make that again
    made = scratch.path("forget_sets/nines.npy").stat().st_mtime
    assert (scratch.folder / "lists/a.txt").stat().st_mtime < made


@pytest.mark.workflow
def test_other_words_are_refused(published: Path, call: Call, tmp_path: Path) -> None:
    def refused(*words: str) -> str:
        status, output = call(published.parent, "reproduce", *words)
        assert status == 1 and output.count("\n") == 1, output
        return output

    assert "nothing was asked for; expected --cell, --sample, or both" in refused("copy")
    assert "copy has no table of klim. Did you mean 'klom'?" in refused("copy", "--cell", "klim/nines/scrub")
    assert "klom.parquet has no forget_set 'nine'. Did you mean 'nines'?" in refused(
        "copy", "--cell", "klom/nine/scrub"
    )
    assert "klom.parquet has no candidate 'scrob'" in refused("copy", "--cell", "klom/nines/scrob")
    assert "names no cell; expected metric/forget_set/candidate" in refused("copy", "--cell", "klom")
    assert "no statistic 'p96'. Did you mean 'p99'?" in refused("copy", "--cell", "klom/nines/scrub/forget/p96")
    assert "--sample is 0; expected a number of at least 1" in refused("copy", "--sample", "0")
    assert "which --from margins takes as published" in refused("copy", "--sample", "1", "--from", "margins")
    assert "owner/none is no folder, and no data set at a commit" in refused("owner/none", "--cell", CELL)
    (tmp_path / "used").write_text("")
    assert "is not empty; expected a new folder" in refused("copy", "--cell", CELL, "--keep", str(tmp_path))


@pytest.mark.workflow
def test_a_repository_of_something_else_is_refused(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with HubServer() as hub:
        used_here(hub, tmp_path / "home", monkeypatch)
        commit = hub.publish("owner/pool", {"README.md": b"of another kind"})
        status, output = call(tmp_path, "reproduce", f"owner/pool@{commit}", "--cell", CELL)
    assert status == 1
    assert "the data set owner/pool is no publication of unlearnkit: it has no manifest.json" in output


def test_a_sample_bounds_the_share_of_wrong_shards() -> None:
    from scipy.stats import hypergeom

    for total, number, found in [(40, 5, 0), (40, 5, 2), (100, 59, 0), (7, 3, 1)]:
        wrong = most_wrong(total, number, found)
        assert hypergeom.cdf(found, total, wrong, number) > 0.05
        assert wrong == total - number + found or hypergeom.cdf(found, total, wrong + 1, number) <= 0.05


def test_the_bound_holds_in_all_draws_of_a_small_pool() -> None:
    # with more than the bound wrong, at most one draw in twenty shows none
    total, number = 8, 4
    wrong = most_wrong(total, number) + 1
    draws = [*itertools.combinations(range(total), number)]
    assert sum(min(draw) >= wrong for draw in draws) <= 0.05 * len(draws)
    assert proof(total, total, 1) == "all 8 shards were computed again, 1 of them differs"


@pytest.mark.workflow
def test_without_a_seed_nobody_knows_what_is_drawn(
    published: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    # stop where the shards are known
    monkeypatch.setattr("unlearnkit.commands.reproduce._computed", lambda *arguments: print(arguments[3].targets) or 0)

    def drawn_by(*words: str) -> tuple[int, list[str]]:
        first, targets = call(published.parent, "reproduce", "copy", "--sample", "2", *words)[1].splitlines()
        return int(first.split()[3].strip(":")), targets.split()

    draws = [drawn_by() for _ in range(5)]
    assert len({seed for seed, _ in draws}) == 5
    assert [drawn_by("--seed", str(seed)) for seed, _ in draws] == draws
    assert "if nobody could know the seed when they were published" in proof(22, 3, 0)


@pytest.mark.workflow
def test_fetched_shards_are_not_drawn(published: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(published, tmp_path / "copy"))
    keys = yaml.safe_load((copy / "config.yaml").read_text())
    (copy / "config.yaml").write_text(yaml.safe_dump({**keys, "originals": {"source": "published"}}))
    records = [path.relative_to(copy).as_posix() for path in (copy / RESULTS).glob("original/*.safetensors.json")]
    before = of_sample(Publication.in_folder(published), None, "data", 99, 0)
    for path in records:
        stated = {**json.loads((copy / path).read_text()), "rule": "published_originals"}
        (copy / path).write_text(json.dumps(sealed(stated)))
    restate(copy, "config.yaml", *records)
    asked = of_sample(Publication.in_folder(copy), None, "data", 99, 0)
    assert (asked.fetched, asked.shards) == (2, before.shards - 2) and before.fetched == 0
    assert not [name for name in asked.targets if name.startswith("original/")]


@pytest.mark.workflow
def test_there_is_no_draw_from_nothing(published: Path, call: Call, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(published, tmp_path / "copy"))
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["files"] = [own for own in manifest["files"] if ".safetensors" not in own["path"]]
    (copy / "manifest.json").write_text(json.dumps(manifest))
    status, output = call(tmp_path, "reproduce", "copy", "--sample", "3")
    assert status == 1 and "copy has no shard of weights that can be drawn; expected models that were" in output


def test_a_draw_depends_on_its_seed_alone() -> None:
    names = [f"shard {k}" for k in range(30)]
    assert drawn(names, 5, 0) == drawn(names, 5, 0) != drawn(names, 5, 1)
    assert drawn(names, 99, 0) == names and len({*drawn(names, 29, 3)}) == 29


def test_differences_are_stated(tmp_path: Path) -> None:
    table = pa.table({"klom": [1.0, None, 3.0], "split": ["forget"] * 3, "n": [4, 4, 4]})
    other = table.set_column(0, "klom", [pa.array([1.0, None, 3.25])])
    for name, own in (("a", table), ("b", other), ("c", table.slice(0, 2))):
        write_table(tmp_path / f"{name}.parquet", own, {})
    a, b, c = (tmp_path / f"{name}.parquet" for name in "abc")
    assert difference("x", a, a, sha256_of(a)) is None
    assert str(difference("x", a, b, sha256_of(b))) == "x: numbers differ by at most 0.25 (klom)"
    assert str(difference("x", a, c, sha256_of(c))) == "x: another SHA-256 (other rows, columns or tensors)"
    assert str(difference("x", a, None, "0" * 64)) == "x: another SHA-256 (its content was not published)"
    for name, value in (("d", 1.0), ("e", 1.5)):
        write_tensors(tmp_path / f"{name}.safetensors", {"w": np.full((2, 2), value, np.float32)})
    d, e = tmp_path / "d.safetensors", tmp_path / "e.safetensors"
    assert str(difference("x", d, e, sha256_of(e))) == "x: numbers differ by at most 0.5 (w)"


def test_cells_have_three_to_five_parts() -> None:
    assert Cell.named("klom/nines/scrub").summary == "summaries/klom/nines/scrub.parquet"
    assert Cell.named("klom/nines/scrub/forget/p95").statistic == "p95"
    for text in ("klom/nines", "klom//scrub", "a/b/c/d/mean/x"):
        with pytest.raises(ArtifactError, match="names no cell"):
            Cell.named(text)
