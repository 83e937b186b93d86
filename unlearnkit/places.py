"""What the path of a file below an experiment's folder says about it: the inverse of `unlearnkit.layout`."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from unlearnkit import layout
from unlearnkit.registry import ALWAYS_OBSERVED
from unlearnkit.stages import POPULATIONS, STAGES, Stage, is_observation, stage_of

_WILDCARDS = {
    "shard": r"\d+-\d+",
    "model": r"\d+",
    "population": layout.POPULATION,
    "metric": r"[a-z0-9_]+",
    "observation": r"[a-z0-9_]+",
    "output": rf"{layout.MARGIN}|{layout.logit(0)[:-1]}\d+",
    "seed": r"\d+",
    "presentation": r"trials\.csv|curve\.svg",
    "table": r"[a-z0-9_]+\.(?:parquet|csv|md|svg)",
    "page": rf"{layout.FRONT_PAGE}|{layout.PROVENANCE_PAGE}|(?:{'|'.join(layout.PAGE_KINDS)})/{layout.NAME}",
    "leaderboard": "|".join(map(re.escape, layout.LEADERBOARD_FILES.values())),
}


_FOLDERS = {"pool": ("pool",), "attacked": ("attack", "forget_set", "candidate")}
"""Population -> what its folders are named after, where that is not a forget set and perhaps a variant."""

_RESULT = re.compile(rf"({layout.RESULTS}/[^/]+/)(.+)")


@dataclass(frozen=True)
class Place:
    """What a path says: the stage, and the wildcards of its pattern (forget_set, variant, shard, ...)."""

    stage: str
    wildcards: Mapping[str, str] = field(default_factory=dict)

    @property
    def about(self) -> Stage:
        """The stage of the models that the file is about: of what is made of weights, that of these."""
        of_weights = self.is_observation or self.stage in ("curves", "merged", "harness")
        population = self.wildcards.get("population", "") if of_weights else ""
        return stage_of(POPULATIONS.get(population, self.stage))

    @property
    def is_observation(self) -> bool:
        """Whether the file notes what models show on samples; the stage has the name of the observation."""
        return is_observation(self.stage)

    @property
    def task(self) -> str:
        """The only task that has such a file, "" if both have."""
        return stage_of(self.stage).task

    @property
    def is_weights(self) -> bool:
        """Whether the file holds weights, which may be removed to save space."""
        return self.stage in POPULATIONS.values()

    @property
    def order(self) -> int:
        """Position of the stage in the order in which artifacts are made."""
        return [*STAGES].index(ALWAYS_OBSERVED if self.is_observation else self.stage)

    @property
    def models(self) -> range | None:
        """The model indices that the file holds, None if it is not a shard."""
        return layout.shard_indices(self.wildcards["shard"]) if "shard" in self.wildcards else None

    @property
    def kind(self) -> str:
        """The stage with what distinguishes its artifacts beside forget set and shard: variant, metric, candidate."""
        shared = ("forget_set", "pool", "shard", "figure", "page")
        distinct = [value for name, value in self.wildcards.items() if name not in shared]
        return " ".join([self.stage, *distinct])


@functools.cache
def place_of(name: str) -> Place | None:
    """Return what the name of an artifact, relative to its experiment's folder, says; None if it is none."""
    for stage, pattern in _EXPRESSIONS.items():
        if match := pattern.fullmatch(name):
            return Place(stage, _divided(match.groupdict()))
    if (match := _OBSERVATION.fullmatch(name)) and is_observation(match["observation"]):
        wildcards = match.groupdict()
        return Place(wildcards.pop("observation"), _divided(wildcards))
    return None


def place_of_path(path: str) -> Place | None:
    """Return what the path of an artifact from the workflow's root says; None if it is none."""
    match = _RESULT.fullmatch(path)
    return place_of(match[2]) if match else None


def owner_of(name: str) -> str:
    """Return the artifact beside whose path the record of an artifact lies: files that one job wrote may share one."""
    place = place_of(name)
    if place and place.stage == "tables":
        return f"{name.rpartition('.')[0]}.parquet"
    if place and place.stage == "figures":
        return f"{name.rpartition('/')[0]}/margins.svg"
    if place and place.stage == "leaderboard":
        return f"{name.rpartition('/')[0]}/{layout.LEADERBOARD_FILES['json']}"
    if place and place.stage == "report":
        return layout.REPORT.removeprefix(f"{layout.ROOT}/")
    return name


def record_of(path: str) -> str | None:
    """Return the path of the record that states the hash of an artifact, None if no job of the workflow makes it."""
    match = _RESULT.fullmatch(path)
    return layout.provenance(match[1] + owner_of(match[2])) if match and place_of(match[2]) else None


def recorded_artifact(path: str) -> str | None:
    """Return the artifact that `path` is the provenance record of, or None if it is something else."""
    artifact = path.removesuffix(".json")
    return artifact if record_of(artifact) == path else None


def is_given(path: str) -> bool:
    """Return whether no job of the workflow makes a file: it is neither an artifact nor a record of one."""
    return record_of(path) is None and recorded_artifact(path) is None


def files_below(folder: str) -> Iterator[str]:
    """Yield the paths of all files below `folder`, also behind links: results may be spread over disks."""
    seen = set()
    for parent, folders, names in os.walk(folder, followlinks=True):
        if (real := os.path.realpath(parent)) in seen:
            folders.clear()
            continue
        seen.add(real)
        yield from (f"{parent}/{name}" for name in names)


def _divided(wildcards: dict[str, str]) -> dict[str, str]:
    """Replace the folder of a population by what it consists of: population, forget_set or pool, variant."""
    population, *names = wildcards.pop("population", "").split("/")
    named = dict(zip(_FOLDERS.get(population, ("forget_set", "variant")), names, strict=False))
    return {**({"population": population} if population else {}), **named, **wildcards}


def _expression(pattern: str) -> re.Pattern[str]:
    pattern = re.escape(pattern.removeprefix(f"{layout.ROOT}/"))
    return re.compile(re.sub(r"\\{(\w+)\\}", lambda m: f"(?P<{m[1]}>{_WILDCARDS.get(m[1], layout.NAME)})", pattern))


_EXPRESSIONS = {name: _expression(stage.pattern) for name, stage in STAGES.items()}
_OBSERVATION = _expression(layout.OBSERVATION)
