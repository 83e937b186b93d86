"""The plan as a table for people (also valid Markdown) and as JSON for programs. docs/planning.md has the shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from unlearnkit.planning.assumptions import DOWNLOAD_BYTES_PER_SECOND
from unlearnkit.planning.memory import DeviceMemory
from unlearnkit.planning.plan import HOUR, Plan, Stage
from unlearnkit.planning.published import Published

FORMAT = 2
"""Version of the JSON; it changes when a key changes its meaning or goes."""


def as_json(plan: Plan) -> dict[str, Any]:
    """Return the plan in plain dictionaries: times in hours or seconds, sizes in bytes, as the keys say."""
    return {
        "format": FORMAT,
        "experiment": plan.experiment,
        "targets": list(plan.found.targets),
        "stages": [_stage(stage) for stage in plan.stages],
        "total": _stage(plan.total),
        "elapsed_seconds": round(plan.elapsed_seconds, 1),
        "cores": None if plan.found.slots.remote else plan.found.slots.cores,
        "jobs_at_once": plan.found.slots.jobs,
        "gpus": plan.found.slots.gpus,
        "replaced": plan.found.replaced,
        "extended": plan.found.extended,
        "download_bytes": plan.download_bytes,
        **({"published": asdict(plan.published)} if plan.published else {}),
        **({"device_memory_bytes": round(plan.memory.total), "card_gb": plan.memory.card()} if plan.memory else {}),
        "records": plan.records,
        "machine": plan.machine,
    }


def as_text(plan: Plan) -> str:
    """Return the plan as an aligned table with what it adds up to."""
    if not plan.stages:
        return f"{plan.experiment}: nothing is missing for {', '.join(plan.found.targets)}"
    gpu = plan.total.gpu_seconds > 0
    rows = [_row(stage, gpu) for stage in [*plan.stages, plan.total]]
    rows[-1][-1] = ""
    header = ["stage", "jobs", "models", f"{plan.samples} passes", "core time", *(["GPU time"] if gpu else [])]
    header += ["per job", "disk", "rests on"]
    where = (
        f"{plan.found.slots.jobs} jobs at once, without waiting in the queue"
        if plan.found.slots.remote
        else _here(plan)
    )
    kinds = ", ".join(f"{kind} {size(amount)}" for kind, amount in plan.total.files.items())
    download = size(plan.download_bytes) if plan.download_bytes else "nothing"
    lines = [
        f"{plan.experiment}: missing for {', '.join(plan.found.targets)}",
        "",
        *aligned(header, rows),
        "",
        f"Elapsed:   {duration(plan.elapsed_seconds)} with {where}",
        f"Disk:      {kinds}",
        f"Download:  {download}",
        *([f"Published: {published_words(plan.published)}"] if plan.published else []),
        f"Records:   {plan.records} jobs were measured",
        *([f"Memory:    {memory_words(plan.memory)}"] if plan.memory else []),
        *filter(None, (plan.found.replaced, plan.found.extended)),
    ]
    return "\n".join(lines)


def duration(seconds: float) -> str:
    """Return a duration with the precision that a prediction has: "0.4 s", "2 min 05 s", "3.2 h", "1,290 h"."""
    if seconds < 59.95:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    if seconds < HOUR:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes} min {rest:02d} s"
    hours = seconds / HOUR
    return f"{hours:.1f} h" if hours < 100 else f"{hours:,.0f} h"


def memory_words(memory: DeviceMemory) -> str:
    """Return what a training job of a pretrained model takes on its device, and the card that this fits."""
    card = memory.card()
    fits = f"fits a card of {card} GB" if card else "more than a card has: use gradient_checkpointing, or several GPUs"
    parts = f"base {size(memory.base)}, trained {size(memory.trained)}, activations {size(memory.activations)}"
    return f"{size(memory.total)} on the device of a training job ({parts}): {fits}"


def published_words(fetched: Published) -> str:
    """Return what is fetched from the hub beside what training it here would take, and which of the two is cheaper.

    The download is priced at an assumed rate; the rate at which both take as long is stated, too.
    """
    rate, trained = DOWNLOAD_BYTES_PER_SECOND, fetched.training_seconds
    cheaper = "fetching" if fetched.bytes / rate < trained else "training"
    return (
        f"{size(fetched.bytes)} for {fetched.models:,} models, {duration(fetched.bytes / rate)} at {size(rate)} per "
        f"second; training them here would take {duration(trained)}: {cheaper} is cheaper (equal at "
        f"{size(fetched.bytes / max(trained, 1e-3))} per second)"
    )


def size(number: float) -> str:
    """Return a number of bytes in decimal units: "120 kB", "3.4 GB"."""
    return _scaled(number, ("B", "kB", "MB", "GB", "TB"), 10)


def _here(plan: Plan) -> str:
    cores = f"{plan.found.slots.cores} core" + ("s" if plan.found.slots.cores != 1 else "")
    gpus = plan.found.slots.gpus
    return cores if gpus is None else f"{cores} and {gpus} GPU slot" + ("s" if gpus != 1 else "")


def _scaled(number: float, units: Sequence[str], whole: float) -> str:
    """Return a number in the unit that leaves it below 1000, with a decimal if it is less than `whole` of them."""
    power = next((power for power in range(len(units)) if number / 1000**power < 999.5), len(units) - 1)
    scaled = number / 1000**power
    return f"{scaled:,.{int(power > 0 and scaled < whole)}f} {units[power]}".rstrip()


def _row(stage: Stage, gpu: bool) -> list[str]:
    records = f", {stage.records} record" + "s" * (stage.records != 1) if stage.records else ""
    times = [duration(stage.core_seconds), *([duration(stage.gpu_seconds) if stage.gpu_seconds else ""] if gpu else [])]
    return [
        stage.name,
        f"{stage.jobs:,}",
        f"{stage.models:,}" if stage.models else "",
        _scaled(stage.sample_passes, ("", "k", "M", "G", "T"), 100) if stage.sample_passes else "",
        *times,
        duration(stage.seconds / stage.jobs),
        size(sum(stage.files.values())),
        stage.basis.words + records,
    ]


def aligned(header: list[str], rows: list[list[str]], *, text_last: bool = True) -> list[str]:
    """Return a Markdown table: text columns (the first and perhaps the last) to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    sides = ["<", *">" * (len(header) - 2), "<" if text_last else ">"]
    rule = ["-" * width if side == "<" else "-" * (width - 1) + ":" for side, width in zip(sides, widths, strict=True)]
    cells = (
        [f"{cell:{form}}" for cell, form in zip(row, map("{}{}".format, sides, widths), strict=True)]
        for row in [header, rule, *rows]
    )
    return [f"| {' | '.join(row)} |" for row in cells]


def _stage(stage: Stage) -> dict[str, Any]:
    return {
        "stage": stage.name,
        "jobs": stage.jobs,
        "models": stage.models,
        "sample_passes": round(stage.sample_passes),
        "seconds_per_job": round(stage.seconds / stage.jobs, 3) if stage.jobs else 0.0,
        "core_hours": round(stage.core_seconds / HOUR, 6),
        "gpu_hours": round(stage.gpu_seconds / HOUR, 6),
        "disk_bytes": {kind: round(amount) for kind, amount in stage.files.items()},
        "basis": stage.basis.words,
        "records": stage.records,
    }
