"""Truncated files and flipped bytes in every kind of artifact are refused by name; the quoted command repairs them."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from checkout import Checkout
from refusals import refusal, repair

from unlearnkit.artifacts.provenance import read_record, verified_sha256
from unlearnkit.errors import ArtifactError
from unlearnkit.layout import provenance

pytestmark = pytest.mark.workflow

Damage = Callable[[bytes, random.Random], bytes]


def flipped(content: bytes, rng: random.Random) -> bytes:
    position = rng.randrange(len(content))
    return content[:position] + bytes([content[position] ^ 1 << rng.randrange(8)]) + content[position + 1 :]


DAMAGES: dict[str, Damage] = {
    "empty": lambda content, rng: b"",
    "cut in the header": lambda content, rng: content[: rng.randrange(1, 12)],
    "cut in the middle": lambda content, rng: content[: len(content) // 2],
    "cut by one byte": lambda content, rng: content[:-1],
    "one byte more": lambda content, rng: content + b"\n",
    "one bit flipped": flipped,
}

KINDS = {
    # kind: (the file that is damaged, a file whose job reads it)
    "data set": ("data/dataset.safetensors", "original/0000-0001.margins.parquet"),
    "forget set": ("forget_sets/nines.npy", "scores/klom/nines/scrub.parquet"),
    "weights": ("original/0000-0001.safetensors", "original/0000-0001.margins.parquet"),
    "weights that a method reads": (
        "held_out_oracle/nines/0000-0001.safetensors",
        "unlearned/nines/load_oracle/0000-0001.margins.parquet",
    ),
    "margins": ("oracle/nines/0000-0001.margins.parquet", "scores/klom/nines/scrub.parquet"),
    "unlearned margins": ("unlearned/nines/scrub/0000-0001.margins.parquet", "scores/mia/nines/scrub.parquet"),
    "scores": ("scores/klom/nines/scrub.parquet", "figures/nines/margins.svg"),
    "summary": ("summaries/klom/nines/scrub.parquet", "tables/klom.md"),
    "table": ("tables/klom.parquet", "report/index.html"),
    "cost table": ("tables/cost.parquet", "tables/mia.csv"),
    "record of weights": ("oracle/nines/0000-0001.safetensors.json", "tables/cost.csv"),
    "record of margins": ("oracle/nines/0000-0001.margins.parquet.json", "scores/klom/nines/do_nothing.parquet"),
}


SAMPLED = {"data set", "weights that a method reads", "unlearned margins", "summary", "table", "record of margins"}
"""Kinds whose repair is tried in `make test-full`; `make test-faults` tries it for all."""


def artifact_and_record(name: str) -> tuple[str, str]:
    artifact = name.removesuffix(".json")
    return artifact, provenance(artifact)


@pytest.mark.parametrize("kind", KINDS)
def test_no_damage_passes_as_content(
    completed: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    # what every job does with every input, before it reads it
    monkeypatch.chdir(tmp_path)
    rng = random.Random(kind)
    name = f"results/tiny/{KINDS[kind][0]}"
    for part in artifact_and_record(name):
        Path(part).parent.mkdir(parents=True, exist_ok=True)
        Path(part).write_bytes((completed.root / part).read_bytes())
    artifact, record = artifact_and_record(name)
    whole, content, expected = Path(name).read_bytes(), read_record(record), verified_sha256(artifact)
    for damage in [*DAMAGES.values(), *[flipped] * 60]:
        Path(name).write_bytes(damage(whole, rng))
        try:
            verified_sha256(artifact)
            verified_sha256(record)
        except ArtifactError as error:
            assert name in str(error)
            assert "`rm -f results/" in str(error)
        else:
            # white space in a record, or the name of its checksum
            assert name == record
            assert {**content, **read_record(record)} == {**read_record(record), **content}
    Path(name).write_bytes(whole)
    assert verified_sha256(artifact) == expected


@pytest.fixture(scope="module")
def damaged(completed: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A finished copy, in which each test damages a file and repairs it."""
    return completed.copy(tmp_path_factory.mktemp("damaged") / "copy")


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=pytest.mark.slow if kind in SAMPLED else pytest.mark.by_name) for kind in KINDS]
)
def test_a_damaged_file_is_named_and_the_quoted_command_repairs_it(
    damaged: Checkout, completed: Checkout, kind: str
) -> None:
    name, reader = KINDS[kind]
    path = damaged.result(name)
    choice = random.Random(f"damage of {kind}")
    damage = DAMAGES["one bit flipped" if name.endswith(".json") else choice.choice(list(DAMAGES))]
    path.write_bytes(damage(path.read_bytes(), choice))
    damaged.result(reader).unlink()
    before = damaged.artifacts("**/*.*")
    outcome = damaged.snakemake(f"results/tiny/{reader}")
    paragraph = refusal(outcome, f"results/tiny/{name}", "`rm -f results/tiny/")
    print(paragraph)
    if not name.endswith(".json"):
        # what stands in the way is told before Snakemake clears away anything
        assert damaged.artifacts("**/*.*") == before
    repair(damaged, paragraph)
    damaged.make(f"results/tiny/{reader}")
    assert list(damaged.leftovers()) == []
    compared = [part for part in (name, reader) if not part.endswith((".json", ".html")) and "cost" not in part]
    assert [damaged.result(part).read_bytes() for part in compared] == [
        completed.result(part).read_bytes() for part in compared
    ]
    verified_sha256_in(damaged, name)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["weights", "margins"])
def test_damage_that_left_no_time_stamp_is_found_by_the_job(damaged: Checkout, completed: Checkout, kind: str) -> None:
    name, reader = KINDS[kind]
    path = damaged.result(name)
    times = path.stat()
    path.write_bytes(flipped(path.read_bytes(), random.Random(kind)))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    damaged.result(reader).unlink()
    paragraph = refusal(damaged.snakemake(f"results/tiny/{reader}"), f"results/tiny/{name}", "`rm -f results/tiny/")
    print(paragraph)
    repair(damaged, paragraph)
    damaged.make(f"results/tiny/{reader}")
    for part in (name, reader):
        assert damaged.result(part).read_bytes() == completed.result(part).read_bytes()


def verified_sha256_in(copy: Checkout, name: str) -> None:
    artifact, record = artifact_and_record(name)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(copy.root)
        verified_sha256(f"results/tiny/{artifact}")
        verified_sha256(f"results/tiny/{record}")


@pytest.mark.slow
def test_an_artifact_without_its_record_is_refused_and_made_again(damaged: Checkout, completed: Checkout) -> None:
    name, reader = KINDS["margins"]
    damaged.result(f"{name}.json").unlink()
    damaged.result(reader).unlink()
    paragraph = refusal(damaged.snakemake(f"results/tiny/{reader}"), name, "has no provenance record")
    repair(damaged, paragraph)
    damaged.make(f"results/tiny/{reader}")
    assert damaged.result(f"{name}.json").exists()
    assert damaged.result(name).read_bytes() == completed.result(name).read_bytes()


@pytest.mark.slow
def test_damaged_files_that_nothing_reads_again_change_no_table(damaged: Checkout) -> None:
    # told by `unlearnkit verify` only, unless its time stamp tells
    damaged.make()
    before = damaged.artifacts("tables/*.csv", "tables/*.md")
    path = damaged.result("unlearned/nines/scrub/0000-0001.safetensors")
    times = path.stat()
    path.write_bytes(path.read_bytes()[:-1])
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    damaged.result("tables/klom.csv").unlink()
    damaged.make()
    assert damaged.artifacts("tables/*.csv", "tables/*.md") == before
