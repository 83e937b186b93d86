"""A disk that fills up: a paragraph with the file's name, nothing half-written, and the same command completes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from checkout import Checkout
from kills import until
from mounts import fill, free, small_disk
from processes import Run
from refusals import refusal

pytestmark = pytest.mark.workflow

SIZE = 16
"""Megabytes of the small disk; the tiny experiment takes one."""

BLOCK = 4096

STAGES = {
    # stage: (what its job makes, bytes left on the disk, the file that does not fit)
    "data set": (("data/dataset.safetensors",), 2 * BLOCK, "data/dataset.safetensors"),
    "training": (("original/0000-0001.safetensors",), BLOCK, "original/0000-0001.safetensors"),
    "margins": (("oracle/nines/0000-0001.margins.parquet",), BLOCK, "oracle/nines/0000-0001.margins.parquet"),
    "unlearning": (
        ("unlearned/nines/scrub/0000-0001.safetensors", "unlearned/nines/scrub/0000-0001.margins.parquet"),
        BLOCK,
        "unlearned/nines/scrub/0000-0001.safetensors",
    ),
    "scores": (
        ("scores/klom/nines/scrub.parquet", "summaries/klom/nines/scrub.parquet"),
        BLOCK,
        "scores/klom/nines/scrub.parquet",
    ),
    "scores, the summary": (
        ("scores/klom/nines/scrub.parquet", "summaries/klom/nines/scrub.parquet"),
        2 * BLOCK,
        "summaries/klom/nines/scrub.parquet",
    ),
    "tables": (("tables/klom.md", "tables/klom.csv", "tables/klom.parquet"), BLOCK, "tables/klom."),
    "figures": (("figures/nines/margins.svg",), BLOCK, "figures/nines/"),
}
SAMPLED = {"training", "unlearning", "scores, the summary", "tables"}
"""Stages whose disk fills up in `make test-full`; in `make test-faults` it does in all."""


@pytest.fixture(scope="module")
def cramped(completed: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A finished copy whose results lie on a small disk."""
    copy = completed.copy(tmp_path_factory.mktemp("cramped") / "copy")
    with small_disk(copy.root / "results", SIZE):
        yield copy


@pytest.mark.parametrize(
    "stage", [pytest.param(name, marks=pytest.mark.slow if name in SAMPLED else pytest.mark.by_name) for name in STAGES]
)
def test_a_full_disk_is_told_and_the_same_command_goes_on(cramped: Checkout, completed: Checkout, stage: str) -> None:
    outputs, left, named = STAGES[stage]
    made = outputs[0]
    cramped.make(f"results/tiny/{made}")  # up to date: weights that were made again have other costs
    before = cramped.artifacts("**/*.*")
    for name in outputs:
        cramped.result(name).unlink()
        cramped.result(f"{name}.json").unlink(missing_ok=True)
    fill(cramped.root / "results", left)
    try:
        outcome = cramped.snakemake(f"results/tiny/{made}")
    finally:
        free(cramped.root / "results")
    print(refusal(outcome, "cannot write", named, "No space left on device", "the same snakemake command again"))
    half = cramped.artifacts("**/*.*")
    assert {name: content for name, content in half.items() if content != before.get(name)} == {}
    assert list(cramped.leftovers()) == []

    cramped.make(f"results/tiny/{made}")
    assert cramped.result(made).read_bytes() == completed.result(made).read_bytes()
    assert cramped.artifacts("**/*.*").keys() == before.keys()


@pytest.mark.slow
def test_a_full_disk_while_the_state_of_training_is_saved(fresh: Checkout, completed: Checkout) -> None:
    weights = "original/0000-0001.safetensors"
    fresh.configure({"execution": {"checkpoint_seconds": 0}})
    fresh.make("results/tiny/data/dataset.safetensors")
    with small_disk(fresh.root / "results", SIZE):
        fill(fresh.root / "results", BLOCK)
        outcome = fresh.snakemake(f"results/tiny/{weights}")
        free(fresh.root / "results")
        print(refusal(outcome, "cannot write", f"{weights}.resume/", "No space left on device"))
        assert list(fresh.leftovers()) == []
        fresh.make(f"results/tiny/{weights}")
        assert fresh.result(weights).read_bytes() == completed.result(weights).read_bytes()
        assert not fresh.result(f"{weights}.resume").exists()


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["logs", ".snakemake"])
def test_a_full_disk_under_the_records_of_a_run(finished: Checkout, completed: Checkout, folder: str) -> None:
    score = "scores/klom/nines/scrub.parquet"
    finished.result(score).unlink()
    with small_disk(finished.root / folder, SIZE):
        fill(finished.root / folder, 0)
        outcome = finished.snakemake(f"results/tiny/{score}")
        assert outcome.status != 0
        assert f"cannot write the folder {folder}" in outcome.output
        assert "No space left on device" in outcome.output
        free(finished.root / folder)
        finished.make(f"results/tiny/{score}")
        assert finished.result(score).read_bytes() == completed.result(score).read_bytes()


@pytest.mark.slow
def test_a_log_that_takes_no_more_lines_costs_no_work(finished: Checkout, completed: Checkout) -> None:
    weights = "original/0000-0001.safetensors"
    finished.result(weights).unlink()
    finished.configure({"execution": {"checkpoint_seconds": 0}})
    log = finished.root / f"logs/tiny/{weights}.log"
    with small_disk(finished.root / "logs", SIZE):
        log.unlink()
        with Run(finished, f"results/tiny/{weights}") as run:
            assert until(run, lambda: log.exists() and log.stat().st_size)
            fill(finished.root / "logs", 0)
            assert run.process.wait() == 0, run.output
    assert finished.result(weights).read_bytes() == completed.result(weights).read_bytes()


@pytest.mark.slow
def test_a_disk_that_is_full_from_the_start_is_told_before_anything_runs(finished: Checkout) -> None:
    finished.result("tables/klom.md").unlink()
    before = finished.artifacts("**/*.*")
    with small_disk(finished.root / "results", SIZE):
        fill(finished.root / "results", 0)
        outcome = finished.snakemake()
        assert outcome.status != 0
        assert "cannot write the folder results/tiny: No space left on device" in outcome.output
        free(finished.root / "results")
        assert finished.artifacts("**/*.*") == before
