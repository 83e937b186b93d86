"""Why two results of the same name differ: the first causes upstream, as far as records state them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from unlearnkit.config.attributions.attribution import DatamodelAttribution, TrakAttribution
from unlearnkit.config.wording import shown
from unlearnkit.lineage.chain import below_their_folder, outside, source_of, sources
from unlearnkit.lineage.records import Record, Results
from unlearnkit.places import Place, place_of
from unlearnkit.registry import ALWAYS_OBSERVED
from unlearnkit.workflow.guards.changes import changed_keys


@dataclass(frozen=True, order=True)
class Cause:
    """A first cause: its kind (settings, code, package, raw data, ..., unexplained), what it is about, both values."""

    kind: str
    subject: str
    old: str = ""
    new: str = ""


_OF_THE_JOB = ("role", "observation", "unit_sequences", "continual.request", "continual.seed")
"""What a slice holds besides values of the configuration."""

SCORED = ("scores", "summaries", "attacked scores", "attacked summaries")
"""Stages of values of a metric."""

UNEXPLAINED = "unexplained"
DAMAGED = "damaged"
CIRCUMSTANCES = ("device", "threads")
"""Facts in a record that may change rounding."""


class Causes:
    """The first causes of differing artifacts of two results folders; those in `times` differ in times only."""

    def __init__(self, old: Results, new: Results, differing: set[str], times: Collection[str]) -> None:
        self._old, self._new, self._differing, self._times = old, new, differing, times
        self._known: dict[str, frozenset[Cause]] = {}

    def of(self, name: str) -> frozenset[Cause]:
        """Return the first causes of the difference of an artifact that is on both sides."""
        if name not in self._known:
            self._known[name] = frozenset()  # inputs form no cycle; a forged record may
            self._known[name] = frozenset(self._find(name))
        return self._known[name]

    def _find(self, name: str) -> Iterator[Cause]:
        damaged = [results for results in (self._old, self._new) if _is_damaged(results, name)]
        if damaged:
            yield from (Cause(DAMAGED, str(results.folder / name)) for results in damaged)
            return
        old, new, place = self._old.record_of(name), self._new.record_of(name), place_of(name)
        if old is None or new is None or place is None:
            side = self._old if old is None else self._new
            yield Cause("no record", str(side.folder / name))
            return
        local = [*_settings(place, old, new), *_code(place, old, new), *_environment(old, new)]
        local += [*_outside(self._old, self._new, name)]
        read = self._read_otherwise(name)
        same_today = [source for source in read if source not in self._differing and source not in self._times]
        local += [Cause("earlier version", source) for source in same_today if place_of(source)]
        inherited = [cause for source in read if source in self._differing for cause in self.of(source)]
        local += [] if local or inherited else self._other_inputs(name)
        yield from local
        yield from inherited
        if not local and not inherited:
            yield Cause(UNEXPLAINED, name)

    def _read_otherwise(self, name: str) -> list[str]:
        """Artifacts that the job read on both sides, with another content as its records say.

        Records that were read hold times too, so they count only if their artifact differs.
        """
        found = []
        old, new = (
            {side.inside(path): digest for path, digest in side.inputs(name).items()} for side in (self._old, self._new)
        )
        for source in (name for name in old if name is not None and name in new):
            artifact = source_of(self._new, f"{self._new.recorded_as}/{source}") or source
            if artifact in self._differing if artifact != source else old[source] != new[source]:
                found.append(artifact)
        return sorted(found)

    def _other_inputs(self, name: str) -> list[Cause]:
        """Inputs on one side only: a cause of its own where neither settings nor code explain it."""
        old, new = set(sources(self._old, name)), set(sources(self._new, name))
        found = []
        for kind, names in (("input only in A", old - new), ("input only in B", new - old)):
            kinds = {place.kind for each in names if (place := place_of(each))}
            found += [Cause(kind, each) for each in sorted(kinds)]
        return found


def _is_damaged(results: Results, name: str) -> bool:
    recorded, actual = results.recorded_hash(name), results.hash_of(name)
    return recorded is not None and actual is not None and recorded != actual


def _settings(place: Place, old: Record, new: Record) -> Iterator[Cause]:
    for path, before, after in changed_keys(old["settings"], new["settings"]):
        yield Cause("settings", config_key(place, path), shown(before), shown(after))
    if old.get("seed_scheme") != new.get("seed_scheme"):
        yield Cause("settings", "seed_scheme", shown(old.get("seed_scheme")), shown(new.get("seed_scheme")))


def config_key(place: Place, path: str) -> str:
    """Return where the configuration holds what a settings slice of an artifact holds at `path`."""
    wildcards, stage = place.wildcards, place.stage
    first, _, rest = path.partition(".")
    if stage == "report" and first == "variants":
        name, _, inner = rest.partition(".")
        return f"methods.{name}.{inner.removeprefix('settings.')}"
    if stage in ("tokenizer", "training tokens", "validation tokens", "pairs", "data"):
        # a forget unit that is a training step has as many sequences
        return "training.batch_size" if path == "unit_sequences" else f"data.{path}"
    if path == "evaluated.retain":
        return "data.retain_evaluated"
    if stage == "membership" and path not in ("seed", "seed_scheme"):
        return f"pools.{wildcards['pool']}.{path}"
    if "attribution" in wildcards and first in DatamodelAttribution.model_fields | TrakAttribution.model_fields:
        return f"attributions.{wildcards['attribution']}.{path}"
    if stage == "embeddings":
        return f"embedding.{path}"
    if stage in ("forget sets", "requests"):
        return "data.train_size" if path == "train_size" else f"forget_sets.{wildcards['forget_set']}.{path}"
    if "attack" in wildcards and stage in ("attacked", "prompted", "margins") and first in ("settings", "attack"):
        return f"attacks.{wildcards['attack']}.{rest or first}"
    # margins of unlearned models hold the settings of the method, other observations their own
    of_method = "variant" in wildcards and stage == ALWAYS_OBSERVED and first == "settings"
    if place.is_observation and first in ("settings", "items") and not of_method:
        return f"observations.{stage}.{rest or first}"
    if "variant" in wildcards and first in ("settings", "snapshots", "method"):
        return f"methods.{wildcards['variant']}.{rest if first == 'settings' else path}"
    if stage in SCORED and first == "reads":
        return f"observations.{rest}"
    if stage in SCORED:
        if first in ("candidate", "oracle"):
            return f"models on the {first} side of {wildcards['metric']}"
        return f"metrics.{wildcards['metric']}.{rest}" if first == "settings" else path
    if stage == "tables" and first == "settings":
        return f"metrics.{wildcards['table'].partition('.')[0]}.{rest}"
    plain = (
        stage == "margins"
        and not {"variant", "attack"} & wildcards.keys()
        and first not in ("model", "evaluated", "seed", "seed_scheme")
    )
    return f"model.{path}" if plain else path


def stated(name: str, record: Record) -> dict[str, Any]:
    """Return key of the configuration -> its value, as far as the record of an artifact states it."""
    place = place_of(name)
    if place is None:
        return {}
    leaves = changed_keys({}, record["settings"])
    return {config_key(place, path): value for path, _, value in leaves if path not in _OF_THE_JOB}


def _code(place: Place, old: Record, new: Record) -> Iterator[Cause]:
    if old["code"] != new["code"]:
        plug_in = [place.wildcards[key] for key in ("variant", "metric") if key in place.wildcards]
        yield Cause("code", " ".join([f"rule {new['rule']}", *plug_in]), old["code"], new["code"])


def _environment(old: Record, new: Record) -> Iterator[Cause]:
    packages = {**old["packages"], **new["packages"]}
    for name in sorted(packages):
        before, after = (record["packages"].get(name, "not recorded") for record in (old, new))
        if before != after and name != "snakemake":
            yield Cause("package", name, before, after)
    if old["python"] != new["python"]:
        yield Cause("package", "Python", old["python"], new["python"])
    for key in ("system", "processor"):
        before, after = (str(record["machine"].get(key)) for record in (old, new))
        if before != after:
            yield Cause("machine", key, before, after)
    for key in CIRCUMSTANCES:
        if old.get(key) != new.get(key):
            yield Cause("machine", key, str(old.get(key)), str(new.get(key)))


def _outside(old: Results, new: Results, name: str) -> Iterator[Cause]:
    """Raw, index and score files, by their paths in the folder that they share: it may be another one elsewhere."""
    before, after = (below_their_folder(outside(results, name)) for results in (old, new))
    for file in sorted({**before, **after}):
        first, second = before.get(file, "absent"), after.get(file, "absent")
        if first != second:
            yield Cause("raw data", file, first[:12], second[:12])
