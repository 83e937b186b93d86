"""Which artifacts of an experiment can be published: finished, sound, and of the configuration that describes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from unlearnkit.artifacts.weights import REFERENCE, WeightFile
from unlearnkit.errors import ArtifactError
from unlearnkit.lineage.age import differences
from unlearnkit.lineage.records import Results, leftover
from unlearnkit.lineage.repair import Repair
from unlearnkit.lineage.verification import verify
from unlearnkit.places import Place
from unlearnkit.workflow.everything import everything
from unlearnkit.workflow.present import Present


@dataclass(frozen=True)
class Selection:
    """What is published of an experiment.

    `places` maps artifacts to what their paths say, in the order in which they are made, weights that are not published
    included; `names` are those whose content is published. `absent` are files that the configuration asks for and that
    were not made, `left_out` those that it does not ask for, `chains` says of every table what it comes from.
    """

    results: Results
    places: Mapping[str, Place]
    names: tuple[str, ...]
    absent: tuple[str, ...]
    left_out: tuple[str, ...]
    chains: tuple[str, ...]


def selected(
    results: Results,
    present: Present,
    repair: Repair,
    *,
    weights: bool,
    partial: bool | None,
    progress: Callable[[int, int], None],
) -> Selection:
    """Return what is published of an experiment: without weights unless `weights`, unfinished only if `partial`.

    None for `partial` refuses what is unfinished, too, where nothing offers to go on with it.

    Raises ArtifactError if a file is damaged, stale or half written, if something is missing, or if weights are the
    paths of files elsewhere.
    """
    _refuse_interrupted(results)
    chains = _sound_chains(results, repair, progress)
    asked_for = {name: place for name, place in results.placed.items() if present.settings(place) is not None}
    _refuse_outdated(results, present, asked_for)
    wanted = (str(Path(path).relative_to(results.recorded_as)) for path in everything(present))
    absent = tuple(dict.fromkeys(name for name in wanted if name not in results.files))
    if absent and not partial:
        raise ArtifactError(
            f"{results.folder} is unfinished: {len(absent)} of the files that the configuration asks for "
            f"{'was' if len(absent) == 1 else 'were'} not made, {absent[0]} first",
            expected="all that `snakemake` makes",
            remedy=f"run `{repair.update()}`{'' if partial is None else ', or publish what is there with --partial'}",
        )
    names = tuple(n for n, place in asked_for.items() if n in results.files and (weights or not place.is_weights))
    _refuse_references(results, [name for name in names if asked_for[name].is_weights])
    left_out = tuple(name for name in results.placed if name in results.files and name not in asked_for)
    return Selection(results, asked_for, names, absent, left_out, chains)


def _refuse_interrupted(results: Results) -> None:
    for name in results.files:
        if left := leftover(name):
            raise ArtifactError(
                f"{results.folder}/{left[1]} was left by {left[0]}, so a job has not ended",
                expected="results that no job is at work on",
                remedy="let the run finish, or remove that folder",
            )


def _sound_chains(results: Results, repair: Repair, progress: Callable[[int, int], None]) -> tuple[str, ...]:
    """Return what the tables come from; raises ArtifactError if `unlearnkit verify` would find something wrong."""
    found = verify(results, repair, {}, quick=False, progress=progress)
    look = f"`unlearnkit verify {results.folder}`"
    if found.problems:
        first = found.problems[0]
        others = f", as are {len(found.problems) - 1} more" if len(found.problems) > 1 else ""
        raise ArtifactError(
            f"{results.folder} cannot be relied upon: {first.name} {first.fact}{others}",
            expected=f"results that {look} finds sound",
            remedy=f"run {look}, which states the repair",
        )
    if found.older:
        name, source = next(iter(found.older.items()))
        raise ArtifactError(
            f"{results.folder} is stale: {name} is older than {source}, which was made again since",
            expected="files that were made from the present ones",
            remedy=f"run `{repair.update()}`",
        )
    return tuple(found.chains)


def _refuse_outdated(results: Results, present: Present, places: Mapping[str, Place]) -> None:
    """Raise ArtifactError if an artifact is not what the published configuration and the present code would make."""
    for name, place in places.items():
        record = results.records.get(name)
        if record and (different := next(iter(differences(present, place, record)), None)):
            raise ArtifactError(
                f"{results.folder} is stale: {name} was {different}",
                expected="artifacts of the present configuration and code",
                remedy="run snakemake again with this configuration, or name the one, and use the version of "
                "unlearnkit, that made them",
            )


def _refuse_references(results: Results, weights: list[str]) -> None:
    for name in weights:
        if WeightFile(results.folder / name).metadata.get("holds") == REFERENCE:
            raise ArtifactError(
                f"{results.folder}/{name} holds no weights, but the paths of files on this machine (store: reference)",
                expected="weights that are stored here",
                remedy="leave out `store: reference` and run snakemake again, or publish with --without-weights",
            )
