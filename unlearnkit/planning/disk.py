"""Bytes that jobs write: weights and data as declared, margins and scores by what they took before."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean

from unlearnkit import layout
from unlearnkit.config.blocks import declared
from unlearnkit.config.experiment import Experiment
from unlearnkit.planning import assumptions
from unlearnkit.planning.identity import model_of
from unlearnkit.planning.memory import base_bytes, merged_bytes
from unlearnkit.planning.missing import MissingJob
from unlearnkit.planning.records import Record
from unlearnkit.planning.workload import MERGED, Workload
from unlearnkit.registry import ALWAYS_OBSERVED, REGISTRIES, task_of

_LABEL_BYTES = 8
_TOKEN_BYTES = 2
_CUT_BYTES = 20
"""Of a sequence: its start, its length and its forget unit."""


class Disk:
    """Bytes of the outputs of the jobs of one experiment."""

    def __init__(self, workload: Workload, records: Iterable[Record]) -> None:
        self._workload = workload
        margins: list[tuple[float, float]] = []
        others: dict[str, list[float]] = defaultdict(list)
        for record in records:
            if "margins" in record.outputs and "margins" in record.work and self._is_alike(record):
                margins.append((record.outputs["margins"], record.work["margins"][0]))
            rest = sum(size for name, size in record.outputs.items() if name not in ("weights", "margins", "dataset"))
            others[record.rule].append(rest / (record.work.get("scoring", (0.0,))[0] or 1.0))
        written, values = (sum(column) for column in zip(*margins, strict=True)) if margins else (0.0, 0.0)
        self._per_margin = written / values if values else self._assumed_per_margin()
        self._others = {rule: fmean(sizes) for rule, sizes in others.items()}

    def bytes_of(self, job: MissingJob) -> dict[str, float]:
        """Return "weights", "margins" and "other" -> bytes that a job writes."""
        units = self._workload.units(job)
        epochs = len(job.settings["snapshots"]) if "snapshots" in job.settings else 1
        weights = self._workload.models(job) * epochs * self._workload.model_size.state_bytes
        if job.rule == MERGED or "whole" in job.settings:
            # one model, or all of a shard that an attack merges
            weights = max(1, self._workload.models(job)) * merged_bytes(self._workload.experiment)
        recorded = self._others.get(job.rule, 0.0) * units.get("scoring", 1.0)
        other = self._attribution_bytes(job) or self._observed_bytes(job) or recorded
        other = other or assumptions.BYTES_OF_OTHER_FILES
        if job.rule == "base":
            other += base_bytes(self._workload.experiment)[0]
        if job.rule == "dataset":
            other += self._workload.samples * self._bytes_per_sample()
        return {
            "weights": weights if "weights" in job.outputs else 0.0,
            "margins": units.get("margins", 0.0) * self._per_margin if "margins" in job.outputs else 0.0,
            "other": other,
        }

    def _bytes_per_sample(self) -> int:
        experiment = self._workload.experiment
        entries = math.prod(experiment.sample_shape)
        return _TOKEN_BYTES * entries + _CUT_BYTES if experiment.task == "text" else entries + _LABEL_BYTES

    def _assumed_per_margin(self) -> float:
        text = self._workload.experiment.task == "text"
        return assumptions.VALUES_OF_SEQUENCE * assumptions.BYTES_PER_MARGIN if text else assumptions.BYTES_PER_MARGIN

    def _observed_bytes(self, job: MissingJob) -> float:
        """Return the bytes of an observation as it states them, uncompressed; 0 for margins and any other job."""
        if job.rule not in REGISTRIES["observation"] or job.rule == ALWAYS_OBSERVED:
            return 0.0
        experiment = self._workload.experiment
        width = experiment.sample_shape[0] if experiment.task == "text" else self._workload.features
        return self._workload.observed(job) * experiment.observation_settings(job.rule).size(width)

    def _is_alike(self, record: Record) -> bool:
        """Whether the margins of a record are of the same kind: sequences have more values."""
        return task_of(declared("model", model_of(record.settings)["name"])) == self._workload.experiment.task

    def _attribution_bytes(self, job: MissingJob) -> float:
        """Return the bytes of a membership or a part of an attribution, 0 for any other job (docs/attribution.md)."""
        experiment, samples = self._workload.experiment, self._workload.samples
        outputs = experiment.num_classes + 1
        match job.rule:
            case "datamodel":
                return self._workload.models(job) * (2 * outputs * samples + experiment.train_size)
            case "membership" | "part" | "request":
                return 2 * self._workload.models(job) * -(-experiment.train_size // 8)
            case "gradients":
                return 2 * outputs * samples * job.settings["dimension"]
            case "regression" | "influence":
                return 2 * experiment.train_size * samples
            case "effects":
                return 8 * experiment.num_classes * samples
        return 0


def download_bytes(experiment: Experiment, jobs: Sequence[MissingJob]) -> int:
    """Return what will be downloaded: the raw files, if the data set is missing and they are not there, and a base."""
    base = base_bytes(experiment)[1] if any(job.rule == "base" for job in jobs) else 0
    source = declared("data set", experiment.data.name)
    folder = getattr(source, "DOWNLOAD_FOLDER", None)
    if experiment.data.root or not any(job.rule == "dataset" for job in jobs):
        return base
    there = folder and any(Path(layout.DOWNLOADS, folder).glob("*"))
    return base + (0 if there else getattr(source, "DOWNLOAD_BYTES", 0))
