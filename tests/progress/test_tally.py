"""What is done, runs, failed and is left, and the time to the end."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from unlearnkit.planning.assumptions import SECONDS_PER_JOB
from unlearnkit.planning.basis import Basis
from unlearnkit.progress.forecast import Forecast
from unlearnkit.progress.tally import LONGER, Tally

ForecastOf = Callable[..., Forecast]
CHAIN = {1: ("data", 10.0, []), 2: ("train", 20.0, [1]), 3: ("score", 30.0, [2]), 4: ("other", 40.0, [])}


def test_jobs_pass_from_left_to_running_to_done(forecast_for: ForecastOf) -> None:
    tally = Tally(forecast_for(CHAIN))
    assert (tally.left, tally.share(0.0)) == ({1, 2, 3, 4}, 0.0)
    tally.begin(1, 100.0)
    assert (tally.left, tally.running) == ({2, 3, 4}, {1: 100.0})
    assert tally.share(105.0) == pytest.approx(0.05)
    assert tally.share(500.0) == pytest.approx(0.10)  # not more than was predicted for it
    tally.finish(1, 10.0)
    assert (tally.done, tally.running, tally.share(500.0)) == ({1}, {}, pytest.approx(0.10))


def test_what_needs_a_failed_job_is_not_left(forecast_for: ForecastOf) -> None:
    tally = Tally(forecast_for(CHAIN))
    tally.begin(1, 0.0)
    tally.fail(1)
    assert (tally.failed, tally.blocked, tally.left) == ({1}, {2, 3}, {4})
    assert tally.time_left(0.0).seconds == pytest.approx(40.0 + SECONDS_PER_JOB)
    tally.begin(1, 5.0)  # Snakemake tries it once more
    assert (tally.failed, tally.blocked) == (set(), set())


def test_a_run_ends_when_its_predicted_seconds_are_over(forecast_for: ForecastOf) -> None:
    tally = Tally(forecast_for(CHAIN))
    assert tally.time_left(0.0).seconds == pytest.approx(100.0 + 4 * SECONDS_PER_JOB)
    assert Tally(forecast_for(CHAIN, cores=2)).time_left(0.0).seconds == pytest.approx(60.0, abs=1.0)
    for number, (_, seconds, _) in CHAIN.items():
        tally.finish(number, seconds)
    left = tally.time_left(0.0)
    assert (left.seconds, left.low, left.high) == (0.0, 0.0, 0.0)


def test_a_job_that_runs_needs_what_remains_of_it(forecast_for: ForecastOf) -> None:
    tally = Tally(forecast_for({1: ("train", 20.0, [])}))
    tally.begin(1, 0.0)
    assert tally.time_left(5.0).seconds == pytest.approx(15.0 + SECONDS_PER_JOB)
    assert tally.time_left(1000.0).seconds == pytest.approx(LONGER * 1000.0 + SECONDS_PER_JOB)


def test_finished_jobs_correct_the_prediction_and_narrow_it(forecast_for: ForecastOf) -> None:
    jobs = {number: ("train", 10.0, []) for number in range(20)}
    tally = Tally(forecast_for(jobs, basis=Basis.ASSUMED))
    before = tally.time_left(0.0)
    for number in range(10):
        tally.finish(number, 20.0)
    after = tally.time_left(0.0)
    assert after.seconds == pytest.approx(10 * 20.0, rel=0.05)
    assert tally.expected()[19] == pytest.approx(20.0, rel=0.05)
    assert before.low < before.seconds < before.high
    assert after.high / after.low < before.high / before.low


@pytest.mark.parametrize(("nearer", "farther"), [(Basis.MEASURED, Basis.SETTINGS), (Basis.SETTINGS, Basis.ASSUMED)])
def test_the_bounds_are_wider_the_less_a_prediction_rests_on(
    forecast_for: ForecastOf, nearer: Basis, farther: Basis
) -> None:
    near, far = (Tally(forecast_for(CHAIN, basis=basis)).time_left(0.0) for basis in (nearer, farther))
    assert near.seconds == far.seconds
    assert far.low < near.low < near.high < far.high


def test_jobs_of_no_forecast_are_left_alone(forecast_for: ForecastOf) -> None:
    tally = Tally(forecast_for(CHAIN))
    tally.begin(9, 0.0)  # a target that runs nothing
    tally.finish(9, 0.0)
    tally.fail(9)
    assert tally.left == {1, 2, 3, 4}
