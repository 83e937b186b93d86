"""Two runs at once in one folder: the second is refused and does no harm; without locks both end in the same bytes."""

from __future__ import annotations

import pytest
from checkout import Checkout
from kills import until
from processes import Run, wait_for_orphans

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

TARGETS = [
    f"results/tiny/{name}/0000-0001.margins.parquet" for name in ("original", "oracle/nines", "unlearned/nines/scrub")
]


def same_bytes(made: Checkout, completed: Checkout) -> bool:
    """Return whether everything that was made is as one undisturbed run makes it."""
    files = made.artifacts("**/*.*")
    assert {*TARGETS} <= {f"results/tiny/{name}" for name in files}
    return files == {name: completed.result(name).read_bytes() for name in files}


def test_the_second_run_is_refused_a_plan_is_not_and_the_first_goes_on(fresh: Checkout, completed: Checkout) -> None:
    with Run(fresh, *TARGETS, "--cores", "1") as first:
        assert until(first, first.scripts)
        second, planned = fresh.snakemake(*TARGETS), fresh.plan()
        assert first.ended() is None
        assert second.status != 0
        assert "Traceback" not in second.output
        assert f"locked by a run that goes on (process {first.process.pid} on " in second.output
        assert "--unlock" not in second.output
        assert planned.counts
        assert first.process.wait() == 0, first.output
    assert same_bytes(fresh, completed)


def test_two_runs_without_locks_end_in_the_same_bytes(fresh: Checkout, completed: Checkout) -> None:
    with Run(fresh, *TARGETS, "--cores", "1") as first:
        assert until(first, first.scripts)
        second = fresh.snakemake("--nolock", "--cores", "1", *TARGETS)
        first.process.wait()
    # a run whose file was taken away by the other one ends with an error; the same command completes it
    wait_for_orphans(fresh)
    assert "Traceback" not in second.output
    fresh.make(*TARGETS)
    assert fresh.plan(*TARGETS).nothing_to_do
    assert same_bytes(fresh, completed)
    assert list(fresh.leftovers()) == []
