"""Seconds of every missing job: from the closest records that there are, else from what is assumed."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from statistics import fmean
from typing import Any

from unlearnkit.config.blocks import declared
from unlearnkit.config.experiment import Experiment
from unlearnkit.errors import UnlearnkitError
from unlearnkit.facts.base_shapes import shape_of
from unlearnkit.planning import assumptions
from unlearnkit.planning.basis import Basis, Estimate
from unlearnkit.planning.disk import Disk
from unlearnkit.planning.identity import Keys, as_key, keys_of, model_of
from unlearnkit.planning.missing import MissingJob
from unlearnkit.planning.records import START, Record
from unlearnkit.planning.workload import Workload
from unlearnkit.registry import REGISTRIES

_LEARNING_RULES = (
    *("original", "oracle", "pool", "unlearn", "unlearn_stopping", "attack", "datamodel", "regression", "gradients"),
    *("influence", "search", "choose", "harness"),
)


class Predictor:
    """Estimates for the jobs of one experiment.

    A job's seconds are those beside its work, those of its models before their first pass, and units x seconds per
    unit of every kind of work. Records of machines like this one come first, unless jobs go elsewhere (`remote`).
    """

    def __init__(self, experiment: Experiment, records: Sequence[Record], *, remote: bool) -> None:
        # what a plug-in of another configuration cost says nothing here
        records = [_in_passes(record) for record in records if _is_known(record)]
        self.workload = Workload(experiment, records)
        self.disk = Disk(self.workload, records)
        self._experiment, self._remote = experiment, remote
        self._records: dict[Hashable, list[Record]] = defaultdict(list)
        for record in records:
            for kind, (units, _) in record.parts.items():
                for _, key in keys_of(kind, record.rule, record.settings, record.threads) if units else ():
                    self._records[key].append(record)
        self._before_work = _seconds_before_the_first_pass(records)

    def seconds(self, job: MissingJob) -> float:
        """Return the seconds of a job."""
        return sum(part.seconds for part in self.estimates(job))

    @functools.cache  # noqa: B019  one predictor lives as long as the command; so does everything that it finds
    def estimates(self, job: MissingJob) -> list[Estimate]:
        """Return the estimates of the parts of a job."""
        units = {START: 1.0, **self.workload.units(job)}
        return [self._part(job, kind, amount) for kind, amount in units.items() if amount]

    def _part(self, job: MissingJob, kind: str, units: float) -> Estimate:
        before = self._before_work.get(as_key(model_of(job.settings)), 0.0) if kind == "training" else 0.0
        keys = keys_of(kind, job.rule, job.settings, job.threads)
        basis, rate, records = self._rate(kind, job.rule, keys, before, self._on_gpu(job))
        seconds = before * self.workload.models(job) + rate * units
        if kind == START:
            more = sum(self.disk.bytes_of(job).values()) - _mean_written(records)
            seconds += max(0.0, more) / assumptions.BYTES_PER_SECOND
        return Estimate(seconds, basis, records)

    def _on_gpu(self, job: MissingJob) -> bool | None:
        """Return whether a job runs on a GPU, None if that depends on the machine."""
        if not _learns(job.rule):
            return False
        device = self._experiment.execution.device
        return True if job.gpus or device.startswith("cuda") else None if device == "auto" else False

    @functools.cache  # noqa: B019
    def _rate(
        self, kind: str, rule: str, keys: Keys, before: float, gpu: bool | None
    ) -> tuple[Basis, float, frozenset[Record]]:
        """Return basis, seconds per unit of a part of a job, and the records."""
        basis, records = self._closest(kind, keys, before, gpu)
        if basis == Basis.ASSUMED:
            return basis, self._assumed(kind, rule, gpu=bool(gpu)), frozenset()
        if basis == Basis.MODELS:
            expected = sum(record.work[kind][0] * _assumed_of(record, kind) for record in records)
            rate = self._assumed(kind, rule, gpu=bool(gpu)) * _seconds(records, kind) / expected
        else:
            working = max(0.0, _seconds(records, kind) - _idle(records, before))
            rate = working / sum(record.parts[kind][0] for record in records)
        return basis, rate, frozenset(records)

    def _assumed(self, kind: str, rule: str, *, gpu: bool) -> float:
        if kind == START:
            return assumptions.LEARNING_START if _learns(rule) else assumptions.OTHER_START
        stack_size = declared("model", self._experiment.model.name).STACK_SIZE
        return assumptions.seconds_per_unit(kind, self.workload.model_size.multiply_adds, stack_size, gpu=gpu)

    def _closest(self, kind: str, keys: Keys, before: float, gpu: bool | None) -> tuple[Basis, list[Record]]:
        """Return the records of the closest key that has any; of the same model, those whose time is mostly work."""
        for basis, key in keys:
            records = [record for record in self._records.get(key, ()) if gpu is None or record.gpu == gpu]
            records = records if basis != Basis.MODELS else [record for record in records if self._is_near(record)]
            local = records if self._remote else [record for record in records if record.here]
            chosen = local or records
            if chosen and (basis == Basis.MODELS or _seconds(chosen, kind) >= 2 * _idle(chosen, before)):
                return basis, chosen
        return Basis.ASSUMED, []

    def _is_near(self, record: Record) -> bool:
        """Return whether the model of a record is of known size, and near enough to scale from."""
        if not _states_a_size(record):
            return False
        size, other = (max(1, size) for size in (self.workload.model_size.multiply_adds, _multiply_adds(record)))
        return max(size, other) <= assumptions.LARGEST_RATIO * min(size, other)


def _learns(rule: str) -> bool:
    """Return whether jobs of a rule run models, on a GPU if there is one."""
    return rule in _LEARNING_RULES or rule in REGISTRIES["observation"]


def _has_model(record: Record) -> bool:
    return "model" in record.settings or record.rule == "margins"


def _is_known(record: Record) -> bool:
    return not _has_model(record) or model_of(record.settings)["name"] in REGISTRIES["model"]


def _in_passes(record: Record) -> Record:
    """Return the record with the forward passes of its observation where it states pairs of model and sample."""
    shape = record.facts.get("sample_shape")
    if shape is None or record.rule not in REGISTRIES["observation"] or record.rule not in record.work:
        return record
    try:
        settings = declared("observation", record.rule).Settings.model_validate(record.settings.get("settings", {}))
    except ValueError:  # the observation had other settings when it was timed
        return record
    passes, (units, seconds) = settings.passes(shape[0]), record.work[record.rule]
    return record if passes == 1 else replace(record, work={**record.work, record.rule: (passes * units, seconds)})


def _seconds_before_the_first_pass(records: Iterable[Record]) -> dict[str, float]:
    """Return model -> seconds that one takes before its first pass, from methods that make none."""
    found: dict[str, list[float]] = defaultdict(list)
    for record in records:
        units, seconds = record.work.get("training", (1.0, 0.0))
        if not units:
            found[as_key(model_of(record.settings))].append(seconds / record.facts["models"])
    return {model: fmean(seconds) for model, seconds in found.items()}


def _seconds(records: Iterable[Record], kind: str) -> float:
    return sum(record.parts[kind][1] for record in records)


def _idle(records: Iterable[Record], before: float) -> float:
    """Return the seconds that the models of the records took before their first pass, `before` each."""
    return sum(before * record.facts["models"] for record in records) if before else 0.0


@functools.cache
def _mean_written(records: frozenset[Record]) -> float:
    return fmean(sum(record.outputs.values()) for record in records) if records else 0.0


def _states_a_size(record: Record) -> bool:
    """Return whether the size of the model of a record is known: not that of a base in a folder, nor of all others."""
    model = model_of(record.settings) if _has_model(record) else {}
    try:
        return "source" not in model or bool(shape_of(**{"folder": None, **model["source"]}))
    except UnlearnkitError:
        return False


def _assumed_of(record: Record, kind: str) -> float:
    if kind == "scoring":
        return assumptions.SECONDS_PER_MARGIN
    model = declared("model", model_of(record.settings)["name"])
    return assumptions.seconds_per_unit(kind, _multiply_adds(record), model.STACK_SIZE, gpu=record.gpu)


def _multiply_adds(record: Record) -> int:
    """Return the multiply-adds of a forward pass of the model of a record."""
    settings: dict[str, Any] = dict(model_of(record.settings))
    model = declared("model", settings.pop("name"))
    shape = record.facts["num_classes"], tuple(record.facts["sample_shape"])
    return model.Settings.model_validate(settings).size(*shape).multiply_adds
