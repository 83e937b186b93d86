"""Seconds of every missing job: from the closest records that there are, else from what is assumed."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any

from unlearnkit.config.blocks import declared
from unlearnkit.planning import assumptions
from unlearnkit.planning.basis import Basis, Estimate
from unlearnkit.planning.disk import Disk
from unlearnkit.planning.dry_run import MissingJob
from unlearnkit.planning.identity import Keys, fixed_keys, model_key, model_of, work_keys
from unlearnkit.planning.records import Record
from unlearnkit.planning.workload import Workload

LEARNING_RULES = ("original", "oracle", "unlearn", "margins", "datamodel", "regression", "gradients", "influence")


class Predictor:
    """Estimates for the jobs of one experiment.

    A job's seconds are those beside its work, those of its models before their first pass, and units x seconds per
    unit of every kind of work. Records of machines like this one come first, unless jobs go elsewhere (`remote`).
    """

    def __init__(self, workload: Workload, disk: Disk, records: Sequence[Record], *, remote: bool) -> None:
        self._workload, self._disk, self._remote = workload, disk, remote
        self._fixed: dict[Hashable, list[Record]] = defaultdict(list)
        self._work: dict[Hashable, list[Record]] = defaultdict(list)
        for record in records:
            for _, key in fixed_keys(record.rule, record.settings):
                self._fixed[key].append(record)
            for kind, (units, _) in record.work.items():
                keys = work_keys(kind, record.settings, record.threads)
                for key in [*(key for _, key in keys), kind] if units else []:
                    self._work[key].append(record)
        self._before_work = _seconds_before_the_first_pass(records)

    def estimates(self, job: MissingJob) -> list[Estimate]:
        """Return the estimates of the parts of a job, whose sum are its seconds."""
        return [self._fixed_part(job), *(self._work_part(job, kind, units) for kind, units in self._units(job).items())]

    def on_gpu(self, job: MissingJob) -> bool | None:
        """Return whether a job runs on a GPU, None if that is for the machine to say."""
        if job.rule not in LEARNING_RULES:
            return False
        device = self._workload.experiment.execution.device
        return True if job.gpus or device.startswith("cuda") else None if device == "auto" else False

    def _units(self, job: MissingJob) -> dict[str, float]:
        return {kind: units for kind, units in self._workload.units(job).items() if units}

    def _fixed_part(self, job: MissingJob) -> Estimate:
        basis, seconds, written, records = self._start(job.rule, fixed_keys(job.rule, job.settings), self.on_gpu(job))
        more = max(0.0, sum(self._disk.bytes_of(job).values()) - written) / assumptions.BYTES_PER_SECOND
        return Estimate(seconds + more, basis, records)

    def _work_part(self, job: MissingJob, kind: str, units: float) -> Estimate:
        keys, model = work_keys(kind, job.settings, job.threads), model_key(job.settings)
        before = self._before_work.get(model, 0.0) if kind == "training" else 0.0
        basis, rate, records = self._rate(kind, keys, before, self.on_gpu(job))
        return Estimate(before * self._workload.models(job) + rate * units, basis, records)

    @functools.cache  # noqa: B019  one predictor lives as long as the command; so does everything that it finds
    def _start(self, rule: str, keys: Keys, gpu: bool | None) -> tuple[Basis, float, float, frozenset[Record]]:
        """Return basis, seconds beside the work, bytes that were written in them, and the records."""
        basis, records = self._closest(self._fixed, keys, gpu)
        if not records:
            seconds = assumptions.LEARNING_START if rule in LEARNING_RULES else assumptions.START
            return basis, seconds, 0.0, frozenset()
        written = _mean(sum(record.outputs.values()) for record in records)
        return basis, _mean(record.fixed_seconds for record in records), written, frozenset(records)

    @functools.cache  # noqa: B019
    def _rate(self, kind: str, keys: Keys, before: float, gpu: bool | None) -> tuple[Basis, float, frozenset[Record]]:
        """Return basis, seconds per unit of a kind of work, and the records."""
        basis, records = self._closest(self._work, keys, gpu, lambda found: _tells(found, kind, before))
        if records:
            return basis, _seconds_per_unit(records, kind, before, lambda _: 1.0), frozenset(records)
        assumed = self._assumed(kind, gpu=bool(gpu))
        _, records = self._closest(self._work, ((Basis.MODELS, kind),), gpu)
        if records:
            error = _seconds_per_unit(records, kind, 0.0, lambda record: _assumed_of(record, kind))
            return Basis.MODELS, assumed * error, frozenset(records)
        return Basis.ASSUMED, assumed, frozenset()

    def _assumed(self, kind: str, *, gpu: bool) -> float:
        stack_size = declared("model", self._workload.experiment.model.name).STACK_SIZE
        return assumptions.seconds_per_unit(kind, self._workload.model_size.multiply_adds, stack_size, gpu=gpu)

    def _closest(
        self,
        index: Mapping[Hashable, list[Record]],
        keys: Keys,
        gpu: bool | None,
        fits: Callable[[list[Record]], bool] = bool,
    ) -> tuple[Basis, list[Record]]:
        for basis, key in keys:
            records = [record for record in index.get(key, ()) if gpu is None or record.gpu == gpu]
            own = records if self._remote else [record for record in records if record.here]
            if (chosen := own or records) and fits(chosen):
                return basis, chosen
        return Basis.ASSUMED, []


def _tells(records: list[Record], kind: str, before: float) -> bool:
    """Return whether at least half of the seconds of the records are work, so that they tell a rate."""
    idle = sum(before * record.facts["models"] for record in records) if before else 0.0
    return sum(record.work[kind][1] for record in records) >= 2 * idle


def _seconds_before_the_first_pass(records: Iterable[Record]) -> dict[str, float]:
    """Return model -> seconds that one takes before its first pass, from methods that make none."""
    found: dict[str, list[float]] = defaultdict(list)
    for record in records:
        units, seconds = record.work.get("training", (1.0, 0.0))
        if not units:
            found[model_key(record.settings)].append(seconds / record.facts["models"])
    return {model: _mean(seconds) for model, seconds in found.items()}


def _seconds_per_unit(records: list[Record], kind: str, before: float, weight: Callable[[Record], float]) -> float:
    """Return the seconds per unit, each unit counting `weight`, without those before the first pass."""
    idle = sum(before * record.facts["models"] for record in records) if before else 0.0
    seconds = sum(record.work[kind][1] for record in records) - idle
    return max(0.0, seconds) / sum(record.work[kind][0] * weight(record) for record in records)


def _assumed_of(record: Record, kind: str) -> float:
    if kind == "scoring":
        return assumptions.SECONDS_PER_MARGIN
    settings: dict[str, Any] = dict(model_of(record.settings))
    model = declared("model", settings.pop("name"))
    shape = record.facts["num_classes"], tuple(record.facts["sample_shape"])
    size = model.Settings.model_validate(settings).size(*shape)
    return assumptions.seconds_per_unit(kind, size.multiply_adds, model.STACK_SIZE, gpu=record.gpu)


def _mean(values: Iterable[float]) -> float:
    values = list(values)
    return sum(values) / len(values)
