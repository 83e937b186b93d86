"""Two runs at once in one folder: the second is refused and does no harm; without locks both end in the same bytes."""

from __future__ import annotations

import pytest
from checkout import Checkout
from kills import until
from processes import Run, wait_for_orphans

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

SCORE = "results/tiny/scores/klom/nines/scrub.parquet"
ARTIFACTS = (
    "data/*.safetensors",
    "forget_sets/*",
    "original/*.*",
    "oracle/nines/*.*",
    "unlearned/nines/**/*.*",
    "scores/**/*.*",
)


def test_the_second_run_is_refused_and_the_first_goes_on(fresh: Checkout, completed: Checkout) -> None:
    with Run(fresh, SCORE) as first:
        assert until(first, first.scripts)
        second = fresh.snakemake(SCORE)
        assert first.ended() is None
        assert second.status != 0
        assert "Traceback" not in second.output
        assert f"locked by a run that goes on (process {first.process.pid} on " in second.output
        assert "--unlock" not in second.output
        assert first.process.wait() == 0, first.output
    made = fresh.artifacts(*ARTIFACTS)
    assert made == {name: completed.result(name).read_bytes() for name in made}


def test_a_plan_needs_no_lock(fresh: Checkout) -> None:
    with Run(fresh, SCORE) as first:
        assert until(first, first.scripts)
        assert fresh.plan().counts
        assert first.process.wait() == 0, first.output


def test_two_runs_without_locks_end_in_the_same_bytes(fresh: Checkout, completed: Checkout) -> None:
    with Run(fresh, SCORE, "--cores", "1") as first:
        assert until(first, first.scripts)
        second = fresh.snakemake("--nolock", "--cores", "1", SCORE)
        first.process.wait()
    # a run whose file was taken away by the other one ends with an error; the same command completes it
    wait_for_orphans(fresh)
    assert "Traceback" not in second.output
    fresh.make(SCORE)
    assert fresh.plan(SCORE).nothing_to_do
    made = fresh.artifacts(*ARTIFACTS)
    assert made == {name: completed.result(name).read_bytes() for name in made}
    assert list(fresh.leftovers()) == []
