"""Folders and files that cannot be written: told before or by the job, with nothing lost."""

from __future__ import annotations

import pytest
from checkout import Checkout, Outcome
from mounts import read_only

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

SCORE = "scores/klom/nines/scrub.parquet"


def paragraph(outcome: Outcome, *named: str) -> str:
    assert outcome.status != 0
    assert "Traceback" not in outcome.output, outcome.output
    found = [line for line in outcome.output.splitlines() if named[0] in line]
    assert found, outcome.output
    assert all(text in found[0] for text in named), found[0]
    print(found[0])
    return found[0]


def test_a_finished_experiment_can_be_planned_on_a_read_only_disk(finished: Checkout) -> None:
    with read_only(finished.root / "results"), read_only(finished.root / "logs"):
        assert finished.plan().nothing_to_do
        assert finished.snakemake().nothing_to_do


@pytest.mark.parametrize(
    ("folder", "named"), [("results", "results/tiny"), ("logs", "logs/tiny"), (".snakemake", ".snakemake")]
)
def test_a_folder_that_cannot_be_written_is_named(
    fresh: Checkout, completed: Checkout, folder: str, named: str
) -> None:
    fresh.make("results/tiny/data/dataset.safetensors")
    target = "results/tiny/forget_sets/nines.npy"
    with read_only(fresh.root / folder):
        paragraph(
            fresh.snakemake(target),
            f"cannot write the folder {named}: ",
            "Read-only file system",
            "the same snakemake command",
        )
    assert list(fresh.leftovers()) == []
    fresh.make(target)
    assert fresh.result("forget_sets/nines.npy").read_bytes() == completed.result("forget_sets/nines.npy").read_bytes()


def test_files_that_cannot_be_replaced_are_named_and_stay(finished: Checkout) -> None:
    finished.result(SCORE).unlink()
    before = finished.artifacts("**/*.*")
    with read_only(finished.root / "results"):
        outcome = finished.snakemake(f"results/tiny/{SCORE}")
        assert outcome.status != 0
        assert "Traceback" not in outcome.output
        assert "Write-protected output files for rule score" in outcome.output
        assert "results/tiny/summaries/klom/nines/scrub.parquet" in outcome.output
    assert finished.artifacts("**/*.*") == before
    finished.make(f"results/tiny/{SCORE}")


def test_one_folder_that_cannot_be_written_stops_the_run_and_loses_nothing(
    finished: Checkout, completed: Checkout
) -> None:
    finished.result(SCORE).unlink()
    for suffix in ("", ".json"):
        finished.result(f"summaries/klom/nines/scrub.parquet{suffix}").unlink()
    with read_only(finished.result("summaries/klom/nines")):
        outcome = finished.snakemake(f"results/tiny/{SCORE}")
    # Snakemake fails to clear the way for the job, with a traceback of its own that ends in the file's name
    assert outcome.status != 0
    assert "Read-only file system: 'results/tiny/summaries/klom/nines/scrub.parquet'" in outcome.output
    assert list(finished.leftovers()) == []
    finished.make(f"results/tiny/{SCORE}")
    assert finished.result(SCORE).read_bytes() == completed.result(SCORE).read_bytes()
