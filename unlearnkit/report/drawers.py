"""What is behind a number: the settings, code, seeds and files that it came from, and the command that makes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import ModuleType
from typing import Any

from unlearnkit.layout import REFERENCE_CANDIDATES, shard_indices
from unlearnkit.report.numbers import between, shown
from unlearnkit.report.tables import STATISTICS, failure, interval_of, is_single

Row = Mapping[str, Any]
Record = Mapping[str, Any]


@dataclass(frozen=True)
class Value:
    """A headline: metric, epoch, split, value with its interval, that of the oracles, N of both sides, samples."""

    metric: str
    epoch: int
    split: str
    value: str
    interval: str
    floor: str
    compared: str
    samples: str


@dataclass(frozen=True)
class File:
    """An artifact: its path from the results' root and from the page, SHA-256, code, when it was made and on what."""

    path: str
    link: str
    sha256: str
    code: str
    started: str
    seconds: str
    device: str


@dataclass(frozen=True)
class Drawer:
    """All that explains the numbers of a candidate on a forget set."""

    id: str
    candidate: str
    forget_set: str
    settings: Mapping[str, Any]
    seeds: str
    values: Sequence[Value]
    over: str
    models: Sequence[File]
    scores: Sequence[File]
    configuration: str = ""

    @property
    def commands(self) -> list[str]:
        """What makes the scores again, which Snakemake must be forced to where they are there, and what traces them."""
        paths = [file.path for file in self.scores]
        if not paths:
            return []
        return [f"snakemake --force {' '.join(paths)}{self.configuration}", f"unlearnkit trace {paths[0]}"]


def drawers_of(
    rows: Mapping[str, Sequence[Row]],
    metrics: Mapping[str, ModuleType],
    variants: Mapping[str, Any],
    records: Iterable[Record],
    seed: Any,
    configuration: str = "",
) -> dict[tuple[str, str], Drawer]:
    """Return (forget set, candidate) -> its drawer, of all that tables have rows about.

    `rows` metric -> rows of its table, `records` the provenance records of weights and scores, `seed` the base seed,
    `configuration` the option by which a command names the configuration.
    """
    by_folder: dict[str, list[Record]] = {}
    for record in records:
        by_folder.setdefault(_folder(record), []).append(record)
    keys = dict.fromkeys((row["forget_set"], row["candidate"]) for table in rows.values() for row in table)
    oracles = {name: [row for row in table if row["candidate"] == "oracle"] for name, table in rows.items()}
    found = {}
    for order, (forget_set, candidate) in enumerate(keys):
        models = by_folder.get(_population(forget_set, candidate), [])
        scores = [record for name in rows for record in by_folder.get(f"scores/{name}/{forget_set}/{candidate}", [])]
        selected = {name: _of(table, forget_set, candidate) for name, table in rows.items()}
        found[forget_set, candidate] = Drawer(
            f"drawer-{order}",
            candidate,
            forget_set,
            _settings(models, variants.get(candidate)),
            _seeds(models, candidate, seed),
            [
                _value(name, row, metrics[name], oracles[name])
                for name, table in selected.items()
                for row in _headline(table, metrics[name])
            ],
            "samples" if is_single([row for table in selected.values() for row in table]) else "models",
            [*map(_file, models)],
            [*map(_file, scores)],
            configuration,
        )
    return found


def _folder(record: Record) -> str:
    """What a record is about: the folder of a population of models, or what a file of scores is of; "" for others."""
    _, _, *parts = PurePosixPath(record.get("artifact", "")).parts or ("", "")
    if parts[:1] == ["scores"]:
        return "/".join([*parts[:-1], PurePosixPath(parts[-1]).stem])
    return "/".join(parts[:-1])


def _population(forget_set: str, candidate: str) -> str:
    if candidate in REFERENCE_CANDIDATES:
        return "original" if candidate == "original" else f"oracle/{forget_set}"
    return f"unlearned/{forget_set}/{candidate}"


def _of(rows: Sequence[Row], forget_set: str, candidate: str) -> list[Row]:
    return [row for row in rows if (row["forget_set"], row["candidate"]) == (forget_set, candidate)]


def _headline(rows: Sequence[Row], metric: ModuleType) -> list[Row]:
    return [row for row in rows if row["measure"] == metric.HEADLINE]


def _settings(models: Sequence[Record], variant: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The settings of the record, or of the configuration where no record is at hand."""
    stated = models[0]["settings"] if models else variant or {}
    return {name: value for name, value in stated.items() if name not in ("seed", "seed_scheme")}


def _seeds(models: Sequence[Record], candidate: str, seed: Any) -> str:
    role = candidate if candidate in REFERENCE_CANDIDATES else "unlearned"
    shards = [shard_indices(PurePosixPath(record["artifact"]).stem) for record in models]
    span = f"models {min(s.start for s in shards)} to {max(s.stop for s in shards) - 1}" if shards else "every model"
    scheme = f", scheme {models[0]['seed_scheme']}" if models and "seed_scheme" in models[0] else ""
    return f"base seed {seed}{scheme}, role {role}, {span}: each draws from (base seed, role, its index, stage)"


def _value(name: str, row: Row, metric: ModuleType, oracles: Sequence[Row]) -> Value:
    statistic = metric.STATISTIC
    low, high = interval_of(row, statistic)
    compared = "" if row["n_oracles"] is None else f" / {row['n_oracles']}"
    return Value(
        f"{name}: {STATISTICS[statistic]} of {metric.MEASURES[metric.HEADLINE]['label']}",
        row["epoch"],
        row["split"],
        failure(row) or shown(row[statistic]),
        between(low, high, 3),
        shown(next((oracle[statistic] for oracle in oracles if _alike(oracle, row)), None)),
        f"{row['n_models']}{compared}",
        "" if row["n_samples"] is None else f"{row['n_samples']:,}",
    )


def _alike(row: Row, other: Row) -> bool:
    """Whether two rows are of the same measure on the same samples."""
    return all(row[name] == other[name] for name in ("forget_set", "split", "measure"))


def _file(record: Record) -> File:
    path = record["artifact"]
    return File(
        path,
        "../" + "/".join(PurePosixPath(path).parts[2:]),
        record["sha256"],
        record["code"],
        record["started"][:19].replace("T", " "),
        shown(record["wall_seconds"], ".1f"),
        record.get("device", "CPU"),
    )
