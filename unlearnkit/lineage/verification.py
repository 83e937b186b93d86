"""Verification: is every file of an experiment what its job wrote, made from what lies beside it?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from unlearnkit.artifacts import resume
from unlearnkit.config.wording import shown
from unlearnkit.layout import provenance
from unlearnkit.lineage.causes import stated
from unlearnkit.lineage.chain import ancestry, below_their_folder, outside, source_of
from unlearnkit.lineage.records import Record, Results, leftover, of_a_judge, of_a_study
from unlearnkit.lineage.repair import Repair
from unlearnkit.places import Place, owner_of, place_of

MADE_AGAIN, WRITTEN_AGAIN = AGAIN = ("was made again since, with another content", "was written again since")
"""States of an input that is sound and not the one that was read."""

_LISTED = 10
"""Raw files that are named of a chain; a folder of pictures has tens of thousands."""


@dataclass(frozen=True)
class Problem:
    """A file that cannot be relied upon, what is wrong with it, and what repairs it.

    `remake` are the files to remove and make again; `touch` are files whose consumers have to be made again. `given`
    files belong to the user, and their names are not from the folder of the results.
    """

    name: str
    fact: str
    remake: tuple[str, ...] = ()
    touch: tuple[str, ...] = ()
    given: bool = False


@dataclass
class Count:
    """How the artifacts of a stage were found; `absent` are weights that were removed."""

    artifacts: int = 0
    bytes: int = 0
    ok: int = 0
    damaged: int = 0
    absent: int = 0


@dataclass
class Verification:
    """What was found: counts by stage, problems, notes that cast no doubt on a value, and the chain of every table.

    `older` maps artifacts to an input that was made again since: they are what their jobs wrote, and out of date.
    """

    stages: dict[str, Count] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    older: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    chains: list[str] = field(default_factory=list)

    @property
    def unsound(self) -> set[str]:
        """Names of the files that have a problem."""
        return {problem.name for problem in self.problems}


def verify(
    results: Results,
    repair: Repair,
    named: Mapping[str, list[str]],
    *,
    quick: bool,
    progress: Callable[[int, int], None],
) -> Verification:
    """Compare every file of an experiment with its record, and every record with those of what it was made from.

    `named` states which files of the user's the configuration names for an artifact, by its name. `quick` takes the
    recorded hash of weights for theirs. `progress` receives the bytes done and the bytes in all.
    """
    found = Verification()
    _hash_files(results, quick, progress)
    for name, place in results.placed.items():
        count = found.stages.setdefault(place.stage, Count())
        problem = _content(results, name, place, quick)
        present = name in results.files
        count.artifacts += 1
        count.bytes += results.files[name].st_size if present else 0
        wrong = problem is not None or results.record_name(name) in results.damaged
        count.damaged += wrong
        count.absent += not wrong and not present
        count.ok += not wrong and present
        found.problems += [problem] if problem else []
    for name, fault in results.damaged.items():
        if place_of(name.removesuffix(".json")):
            found.problems.append(Problem(name, f"is a damaged provenance record: it {fault}", remake=(name,)))
    found.problems += _links(results, found)
    found.problems += _other_files(results, named)
    found.problems += _disagreements(results)
    found.notes += _extra(results, repair)
    found.chains = list(_chains(results, found))
    return found


def _hash_files(results: Results, quick: bool, progress: Callable[[int, int], None]) -> None:
    read = [name for name, place in results.placed.items() if not (quick and place.is_weights)]
    sizes = {name: results.files[name].st_size for name in read if name in results.files}
    done, total = 0, sum(sizes.values())
    for name, size in sizes.items():
        results.hash_of(name)
        done += size
        progress(done, total)


def _content(results: Results, name: str, place: Place, quick: bool) -> Problem | None:
    """Return what is wrong with an artifact itself."""
    recorded = results.recorded_hash(name)
    if recorded is None:
        if results.record_name(name) in results.damaged:
            return None  # reported once, with the record
        return Problem(name, "has no provenance record", remake=(results.record_name(name),))
    if name not in results.files:
        missing = Problem(name, f"is missing; {provenance(name)} describes it", remake=(name,))
        return None if place.is_weights else missing
    if quick and place.is_weights:
        return None
    if (actual := results.hash_of(name)) != recorded:
        fact = f"is damaged or was replaced: SHA-256 {actual}, recorded {recorded}"
        return Problem(name, fact, remake=(name,))
    return None


def _links(results: Results, found: Verification) -> Iterator[Problem]:
    """Yield one problem per input that is not the one that artifacts were made from."""
    broken: dict[tuple[str, str], list[str]] = {}
    away: dict[str, None] = {}
    for name, record in results.records.items():
        partly = any(map(results.is_here, results.given_inputs(record)))
        for path, digest in {**record["inputs"], **record.get("raw", {})}.items():
            state = _link(results, path, digest)
            if state == "away":
                if not (partly and path in record["inputs"]):  # else reported as gone
                    away[path] = None
            elif state in AGAIN and _made_later(results, path, record):
                found.older.setdefault(name, source_of(results, path) or path)
            elif state:
                broken.setdefault((path, state), []).append(name)
    unsound = found.unsound
    for (path, state), names in broken.items():
        artifact = results.inside(path)
        if artifact in unsound or (artifact and source_of(results, path) in unsound):
            continue  # reported already
        count = f"{len(names)} artifact was" if len(names) == 1 else f"{len(names)} artifacts were"
        fact = f"{state}: {count} made from another version of it ({names[0]} first)"
        if artifact is None:
            yield Problem(path, fact, remake=tuple(names), given=True)
        elif artifact in results.files:
            yield Problem(artifact, fact, touch=(artifact,))
        else:
            yield Problem(artifact, fact, remake=(artifact,))
    found.notes += [f"{path} is not on this machine; its hash is on record" for path in [*away][:_LISTED]]
    found.notes += [f"nor are {len(away) - _LISTED} more files"] if len(away) > _LISTED else []


def _other_files(results: Results, named: Mapping[str, list[str]]) -> Iterator[Problem]:
    """Yield one problem per list of the user's files that has others now, or fewer, than artifacts were made of.

    Where none of them is here the results are on another machine; where the configuration names none of them, it looks
    for them elsewhere.
    """
    made_of: dict[tuple[str, ...], list[str]] = {}
    for name, record in results.records.items():
        made_of.setdefault(tuple(results.given_inputs(record)), []).append(name)
    for recorded, names in made_of.items():
        here = {path for path in recorded if results.is_here(path)}
        now = {path for name in names for path in named.get(name, ())}
        gone = [path for path in recorded if here and path not in here]
        new = sorted(now - {*recorded}) if now & here else []
        if new or gone:
            below = dict(zip([*recorded, *new], below_their_folder(dict.fromkeys([*recorded, *new], "")), strict=True))
            changes = [
                f"{len(paths)} {'is' if len(paths) == 1 else 'are'} {state} ({_listed(paths)})"
                for state, paths in (("new", [below[path] for path in new]), ("gone", [below[path] for path in gone]))
                if paths
            ]
            fact = f"was made of other files than are there now: {', '.join(changes)}"
            yield Problem(names[0], fact, remake=tuple(names))


def _listed(texts: list[str]) -> str:
    return ", ".join(texts[:_LISTED]) + (f" and {len(texts) - _LISTED} more" if len(texts) > _LISTED else "")


def _made_later(results: Results, path: str, record: Record) -> bool:
    """Whether an input was made by a later job than the one of `record`, which read an earlier version of it."""
    source = source_of(results, path)
    made = results.record_of(source) if source else None
    return made is not None and made["started"] >= record["started"]


def _disagreements(results: Results) -> Iterator[Problem]:
    """Yield artifacts that state other settings than those that what they were made from was made with."""
    known = {name: stated(name, record) for name, record in results.records.items()}
    for name, settings in known.items():
        for path, digest in results.inputs(name).items():
            source = source_of(results, path)
            other = known.get(owner_of(source), {}) if source and _link(results, path, digest) is None else {}
            if differing := [key for key in settings if key in other and settings[key] != other[key]]:
                listed = ", ".join(f"{key} {shown(settings[key])} instead of {shown(other[key])}" for key in differing)
                yield Problem(name, f"states other settings than {source} was made with: {listed}", remake=(name,))
                break


def _link(results: Results, path: str, digest: str) -> str | None:
    """Return what is wrong with an input, None if nothing is; "away" if it was made elsewhere and cannot be seen."""
    name = results.inside(path)
    if name is None:
        actual = results.hash_outside(path)
        return "away" if actual is None else None if actual == digest else "was changed since"
    if name.endswith(".json") and place_of(name.removesuffix(".json")):
        actual = results.hash_of(name)
        return "is gone" if actual is None else None if actual == digest else WRITTEN_AGAIN
    recorded = results.recorded_hash(name)
    if recorded is None:
        return None if name in results.files else "is gone, and its record with it"
    return None if recorded == digest else MADE_AGAIN


def _extra(results: Results, repair: Repair) -> Iterator[str]:
    seen: set[str] = set()
    for name in results.files:
        artifact = name.removesuffix(".json")
        if left := leftover(name):
            source, folder = left
            if folder in seen:
                continue
            seen.add(folder)
            subject = folder.removesuffix(resume.SUFFIX)
            going_on = subject != folder and subject not in results.files
            remedy = (
                "the next run of its job goes on from it" if going_on else f"remove it with `{repair.remove(folder)}`"
            )
            yield f"{subject}: left by {source}; {remedy}"
        elif of_a_study(name):
            folder, _, file = name.rpartition("/")
            if file.endswith(".damaged"):
                yield f"{name}: a journal as it was when damage was found; remove it with `{repair.remove(name)}`"
            if file.endswith(".worker") and folder not in seen:
                seen.add(folder)
                yield f"{folder}: workers of the study run, or were killed; the next run of the study goes on"
        elif place_of(name) is None and place_of(artifact) is None and not of_a_judge(name):
            yield f"{name}: no rule makes this file"


def _chains(results: Results, found: Verification) -> Iterator[str]:
    """Yield one sentence per table: where its cells come from."""
    unsound = found.unsound
    for table in [name for name, place in results.placed.items() if place.stage == "tables" and owner_of(name) == name]:
        names = list(ancestry(results, table))
        forms = [name for name in results.companions if name.startswith(table.removesuffix("parquet"))]
        broken = [name for name in [*forms, *names] if name in unsound or f"{name}.json" in unsound]
        ends = {path: digest for name in names for path, digest in outside(results, name).items()}
        broken += [path for path in ends if path in unsound]
        below = below_their_folder(dict(sorted(ends.items())))
        raw = ", ".join(f"{path} {digest[:12]}" for path, digest in [*below.items()][:_LISTED])
        raw += f" and {len(ends) - _LISTED} more files" if len(ends) > _LISTED else ""
        older = next((name for name in names if name in found.older), None)
        if broken:
            yield f"{table}: the chain to raw data is broken at {broken[0]}"
        elif older:
            yield f"{table}: {older} is older than {found.older[older]}, which was made again since"
        elif not any(outside(results, name) for name in names if name.startswith("data/")):
            yield f"{table}: the chain ends at the data set, whose record names no raw files"
        else:
            yield f"{table}: every cell comes from {raw}, through {len(names) - 1} artifacts"
