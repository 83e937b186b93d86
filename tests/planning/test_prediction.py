"""Predictions come from the closest records, and say what they rest on."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from made_records import MODELS, record_of

from unlearnkit.config.experiment import Experiment
from unlearnkit.planning import assumptions
from unlearnkit.planning.basis import Basis, Estimate, farthest
from unlearnkit.planning.missing import MissingJob
from unlearnkit.planning.prediction import Predictor
from unlearnkit.planning.records import Record
from unlearnkit.planning.workload import Workload

JobOf = Callable[..., MissingJob]

ORACLE_PASSES = 12 * (1437 - 50) * MODELS


def predict(experiment: Experiment, job: MissingJob, *records: Record, remote: bool = False) -> list[Estimate]:
    return Predictor(experiment, records, remote=remote).estimates(job)


def seconds(estimates: list[Estimate]) -> float:
    return sum(estimate.seconds for estimate in estimates)


def with_setting(job: MissingJob, **changes: Any) -> MissingJob:
    settings = {**job.settings, "settings": {**job.settings["settings"], **changes}}
    return dataclasses.replace(job, settings=settings)


def test_the_same_job_takes_what_it_took(experiment: Experiment, job_of: JobOf) -> None:
    record = record_of(job_of(), 5.0, {"training": (ORACLE_PASSES, 3.0)}, outputs={"weights": 10**9})
    estimates = predict(experiment, job_of(), record)
    assert [e.basis for e in estimates] == [Basis.MEASURED, Basis.MEASURED]
    assert seconds(estimates) == pytest.approx(5.0)
    assert farthest(estimates) == (Basis.MEASURED, 1)


def test_work_scales_with_its_units_and_the_start_does_not(experiment: Experiment, job_of: JobOf) -> None:
    record = record_of(job_of(), 5.0, {"training": (2 * ORACLE_PASSES, 3.0)}, outputs={"weights": 10**9})
    assert seconds(predict(experiment, job_of(), record)) == pytest.approx(2.0 + 1.5)


def test_other_settings_of_the_method_come_before_other_methods(experiment: Experiment, job_of: JobOf) -> None:
    job = job_of("fine_tune")
    other = record_of(with_setting(job, lr=0.7), 3.0, {"training": (1e6, 2.0)})
    farther = record_of(job_of("scrub"), 9.0, {"training": (1e6, 8.0)})
    work = predict(experiment, job, farther, other)[1]
    assert (work.basis, work.records) == (Basis.SETTINGS, {other})
    assert work.seconds == pytest.approx(2.0 * 5 * (1437 - 50) * MODELS / 1e6)
    assert predict(experiment, job, farther)[1].basis == Basis.KINDS


def test_another_model_scales_by_what_is_assumed_of_both(experiment: Experiment, job_of: JobOf) -> None:
    job = job_of()
    larger = {"name": "mlp", "hidden": [512]}
    other = dataclasses.replace(job, settings={**job.settings, "model": larger})
    assumed = assumptions.seconds_per_unit("training", 64 * 512 + 512 * 10, 100, gpu=False)
    own = assumptions.seconds_per_unit("training", 64 * 64 + 64 * 10, 100, gpu=False)
    work = predict(experiment, job, record_of(other, 7.0, {"training": (1e6, 3 * 1e6 * assumed)}))[1]
    assert work.basis == Basis.MODELS
    assert work.seconds == pytest.approx(3 * own * ORACLE_PASSES)


@pytest.mark.parametrize(("width", "basis"), [(1900, Basis.MODELS), (2000, Basis.ASSUMED)])
def test_a_model_thirty_times_as_large_shows_nothing(
    experiment: Experiment, job_of: JobOf, width: int, basis: Basis
) -> None:
    # the model of the experiment has 64 hidden units
    job = job_of()
    other = dataclasses.replace(job, settings={**job.settings, "model": {"name": "mlp", "hidden": [width]}})
    record = record_of(other, 7.0, {"training": (1e6, 5.0)})
    assert predict(experiment, job, record)[1].basis == basis


def test_without_records_all_is_assumed(experiment: Experiment, job_of: JobOf) -> None:
    start, work = predict(experiment, job_of())
    assert (start.basis, work.basis) == (Basis.ASSUMED, Basis.ASSUMED)
    assert work.seconds == pytest.approx(ORACLE_PASSES * assumptions.seconds_per_unit("training", 4736, 100, gpu=False))
    assert farthest([start, work]) == (Basis.ASSUMED, 0)


def test_models_cost_something_before_their_first_pass(experiment: Experiment, job_of: JobOf) -> None:
    # ascent on 50 samples is little work beside loading a model: its rate comes from the oracle too
    nothing = record_of(job_of("do_nothing"), 2.0, {"training": (0.0, 0.5)})
    ascent = record_of(job_of("ascent_forget"), 2.0, {"training": (50.0 * 5 * MODELS, 0.6)})
    oracle = record_of(job_of(), 5.0, {"training": (ORACLE_PASSES, 2.5)})
    work = predict(experiment, job_of("ascent_forget"), nothing, ascent, oracle)[1]
    pooled = (0.6 - 0.5 + 2.5 - 0.5) / (50.0 * 5 * MODELS + ORACLE_PASSES)
    assert work.seconds == pytest.approx(0.5 + 50 * 5 * MODELS * pooled)


def test_gpu_records_do_not_price_cpu_jobs_nor_the_other_way_round(experiment: Experiment, job_of: JobOf) -> None:
    record = record_of(job_of(), 5.0, {"training": (ORACLE_PASSES, 3.0)})
    on_gpu = dataclasses.replace(record, gpu=True)
    assert predict(experiment, job_of(gpus=1), record)[1].basis == Basis.ASSUMED
    assert predict(experiment, job_of(gpus=1), record, on_gpu)[1].records == {on_gpu}
    # device auto and no GPU asked for: the records say what the machine takes
    assert predict(experiment, job_of(), record, on_gpu)[1].records == {record, on_gpu}


def test_records_of_this_machine_come_first_unless_jobs_go_elsewhere(experiment: Experiment, job_of: JobOf) -> None:
    here = record_of(job_of(), 5.0, {"training": (ORACLE_PASSES, 3.0)})
    elsewhere = record_of(job_of(), 9.0, {"training": (ORACLE_PASSES, 7.0)}, here=False)
    assert predict(experiment, job_of(), here, elsewhere)[1].records == {here}
    assert predict(experiment, job_of(), elsewhere)[1].records == {elsewhere}
    assert predict(experiment, job_of(), here, elsewhere, remote=True)[1].records == {here, elsewhere}


def test_a_tenth_of_the_time_decides_what_a_stage_rests_on() -> None:
    large, small = Estimate(9.5, Basis.MEASURED), Estimate(0.5, Basis.ASSUMED)
    assert farthest([large, small])[0] == Basis.MEASURED
    assert farthest([large, dataclasses.replace(small, seconds=1.5)])[0] == Basis.ASSUMED


def test_sizes_of_forget_sets_come_from_settings_or_from_what_was_made(experiment: Experiment) -> None:
    assert Workload(experiment, []).forget_size("random_50") == 50
    assert Workload(experiment, []).forget_size("nines") == 1437 // 10 // 3
    settings = experiment.forget_sets["nines"].model_dump(mode="json")
    made = Record("forget_set", settings, {}, 1.0, {}, 1, gpu=False, here=True, facts={"samples": 25})
    assert Workload(experiment, [made]).forget_size("nines") == 25
