"""Plug-ins from outside of this package: where a configuration names them, where they lie, and what they are called.

    method: shrink.py               a file, from the folder of the configuration file that names it
    method: my_package.shrink       a module that Python can import
    method: shrink                  what an installed package calls so, by an entry point in one of GROUPS

The name of a plug-in is that of its module, here `shrink`, or that of its entry point; slices and tables state the name
alone, so neither depends on where the file lies. The name of a metric or observation is its key. Nothing of a plug-in
is run here.
"""

from __future__ import annotations

import copy
import functools
import importlib.metadata
import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from unlearnkit import registry
from unlearnkit.errors import ConfigError, UnlearnkitError
from unlearnkit.sources import is_file, source_path
from unlearnkit.user_plug_ins import adopt

GROUPS: Mapping[str, str] = {
    "method": "unlearnkit.methods",
    "metric": "unlearnkit.metrics",
    "observation": "unlearnkit.observations",
    "model": "unlearnkit.models",
    "data set": "unlearnkit.data_sets",
    "attack": "unlearnkit.attacks",
}
"""Kind of plug-in -> the group of entry points, name -> module, by which a package offers some."""

NAMED: Mapping[str, tuple[str, str]] = {"data set": ("data", "name"), "model": ("model", "name")}
"""Kind -> the block of the configuration that names one plug-in, and the key that does."""

LISTED: Mapping[str, tuple[str, str]] = {
    "method": ("methods", "method"),
    "metric": ("metrics", "metric"),
    "observation": ("observations", "observation"),
    "attack": ("attacks", "attack"),
}
"""Kind -> the block of named entries, and the key of an entry that names a plug-in; its name if it has none."""

ALSO: tuple[tuple[str, tuple[str, str]], ...] = (("method", ("searches", "method")),)
"""(kind, (block, key)) of further blocks of named entries."""

KEYED = ("metric", "observation")
"""Kinds of which the key of an entry is the name, since it is part of the paths of files."""

RESERVED = {
    "metric": (
        "arena",
        "cost",
        "durability",
        "harness",
        "icu",
        "lora",
        "muse",
        "report",
        "search",
        "sizes",
        "stops",
        "sustainability",
        "tofu",
        "vision",
        "wmdp",
    ),
    "observation": (
        *(
            "all",
            "artifact_graph",
            "alternatives",
            "attributions",
            "components",
            "cost",
            "curves",
            "data",
            "datamodel",
            "dataset",
            "effects",
        ),
        *("arena_all", "choose", "embeddings", "figures", "forget_set", "given", "gradients", "influence"),
        *("leaderboard", "measured_forget_set", "membership", "memorisation", "oracle", "oracles", "original"),
        *(
            "originals",
            "pairs",
            "part",
            "parts",
            "pool",
            "pools",
            "regression",
            "report",
            "report_all",
            "report_page",
            "request",
            "rows",
        ),
        *("score", "score_pool", "scores", "search", "search_all", "search_report", "sizes_all", "studies"),
        *("summaries", "table", "tables", "tokenizer", "tokens", "trials", "trials_table", "units", "unlearn"),
        *("icu_all", "lora_all", "muse_all", "tofu_all", "unlearned", "vision_all", "wmdp_all"),
        *("arena", "base", "judge_base", "icu", "lora", "merged", "muse", "sizes", "tofu", "vision", "wmdp"),
        *("attack", "attacked", "attacked_score", "durability", "durability_all", "prompted", "prompts"),
        *("forget_set_after", "request_rows", "requests", "sustainability", "sustainability_all", "partners"),
        *("stops", "stops_all", "unlearn_stopping"),
        *("harness", "harness_all", "harness_table"),
    ),
}
"""Names that plug-ins of a kind cannot have: other tables, rules, stages, and X where X_all is another target."""

Layer = tuple[Path, Mapping[str, Any]]
"""The folder of a configuration file, and what the file holds."""


class Reference(NamedTuple):
    """A key of the configuration that names a plug-in, and what it says."""

    kind: str
    path: tuple[Any, ...]
    text: str

    @property
    def key(self) -> str:
        """The path of the key, as users write it."""
        return ".".join(map(str, self.path))


def references(raw: Mapping[str, Any]) -> Iterator[Reference]:
    """Yield every key of a configuration that names a plug-in, as far as it has the shape of one."""
    for kind, (block, key) in NAMED.items():
        entry = raw.get(block)
        if isinstance(entry, Mapping) and isinstance(entry.get(key), str):
            yield Reference(kind, (block, key), entry[key])
    for kind, (block, key) in (*LISTED.items(), *ALSO):
        entries = raw.get(block)
        for name, entry in entries.items() if isinstance(entries, Mapping) else ():
            text = entry.get(key) if isinstance(entry, Mapping) else None
            if isinstance(text, str):
                yield Reference(kind, (block, name, key), text)
            elif kind in KEYED and entry is not None and isinstance(name, str):
                yield Reference(kind, (block, name), name)


def anchored(raw: Mapping[str, Any], layers: Sequence[Layer]) -> dict[str, Any]:
    """Return a configuration, merged from `layers`, that names the files of plug-ins from the working folder.

    A file is looked for in the folder of the last layer that names it; one that no layer names (`--config`), in the
    working folder. Files that are not below the working folder are named by their whole path.
    """
    result = copy.deepcopy(dict(raw))
    for reference in references(raw):
        if is_file(reference.text):
            naming = (folder for folder, layer in reversed(layers) if _at(layer, reference.path) == reference.text)
            # not Path.expanduser, which does not know variables
            text = os.path.expanduser(os.path.expandvars(reference.text))  # noqa: PTH111
            place = os.path.normpath(next(naming, Path.cwd()).absolute() / text)
            inside = Path(place).is_relative_to(Path.cwd())
            _set(result, reference.path, os.path.relpath(place) if inside else place)
    return result


def adopted(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Make the plug-ins from outside that a configuration names known, and return it with their names in their places.

    Raises ConfigError for the first that is not there, or that has a name which another has as well.
    """
    result, found = copy.deepcopy(dict(raw)), dict[str, dict[str, str]]()
    for reference in references(raw):
        located = _located(reference)
        if located is None:
            continue
        name, module = located
        if "." in reference.text or reference.kind in KEYED:
            _refuse_name(reference, name)
        of_kind = found.setdefault(reference.kind, {})
        _refuse_several(reference.kind, name, of_kind.get(name, module), module)
        of_kind[name] = module
        if reference.kind not in KEYED:
            _set(result, reference.path, name)
        elif len(reference.path) == 3:
            del result[reference.path[0]][name][reference.path[-1]]
    _refuse_one_name_for_both(found)
    adopt(found)
    return result


@functools.cache
def installed() -> Mapping[tuple[str, str], list[importlib.metadata.EntryPoint]]:
    """Return (kind, name) -> the entry points of this name in all installed packages; they are read once."""
    found: dict[tuple[str, str], list[importlib.metadata.EntryPoint]] = defaultdict(list)
    # one call for all groups, since each reads the files of every package
    points = importlib.metadata.entry_points()
    for kind, group in GROUPS.items():
        for point in points.select(group=group):
            found[kind, point.name].append(point)
    return dict(found)


def _located(reference: Reference) -> tuple[str, str] | None:
    """Return name and module of a plug-in from outside, None for one of ours or one that nothing offers."""
    kind, text = reference.kind, reference.text
    key = reference.path[1] if kind in KEYED else None
    if is_file(text):
        if not Path(text).is_file():
            raise ConfigError(
                f"{reference.key} is '{text}', but there is no such file",
                expected="a file in the folder of the configuration file that names it",
                remedy=f"correct its path; looked for was {Path(text).absolute()}",
            )
        return key or Path(text).stem, text
    if "." in text and "/" not in text:
        try:
            source_path(text)
        except UnlearnkitError as error:
            raise ConfigError(f"{reference.key}: {error.fact}", expected=error.expected, remedy=error.remedy) from None
        return key or text.rpartition(".")[2], text
    points = installed().get((kind, text), [])
    ours = [f"{registry.OURS[kind][text]} of unlearnkit"] if points and text in registry.OURS[kind] else []
    _refuse_several(kind, text, *ours, *map(_offered, points))
    if points:
        return key or text, points[0].value
    if "/" in text or (len(reference.path) == 3 and kind in KEYED):
        raise ConfigError(
            f"{reference.key} is '{text}', which is no plug-in",
            expected=f"a file such as shrink.py, a module such as my_package.shrink, or a name in {GROUPS[kind]}",
        )
    return None


def _offered(point: importlib.metadata.EntryPoint) -> str:
    owner = f" of the package {point.dist.name} {point.dist.version}" if point.dist else ""
    return f"{point.value}{owner}"


def _refuse_name(reference: Reference, name: str) -> None:
    """Raise ConfigError if a plug-in from outside cannot be called `name`."""
    ours = registry.OURS[reference.kind].get(name, reference.text)
    another = f"use another key than {name}" if reference.kind in KEYED else ""
    _refuse_several(reference.kind, name, ours, reference.text, remedy=another)
    reserved = name in RESERVED.get(reference.kind, ()) or (reference.kind == "observation" and name.endswith("_all"))
    if reserved or not re.fullmatch("[a-z][a-z0-9_]*", name):
        raise ConfigError(
            f"{reference.key} is '{reference.text}', but no {reference.kind} can be called '{name}'",
            expected="small letters, digits and _, a letter first, and no name that tables, rules or targets have",
            remedy="rename the entry" if reference.kind in KEYED else "rename the module",
        )


def _refuse_one_name_for_both(found: Mapping[str, Mapping[str, str]]) -> None:
    """Raise ConfigError if a metric and an observation have one name: each has a target `<name>_all`."""
    metrics, observations = ({*registry.OURS[kind], *found.get(kind, ())} for kind in KEYED)
    for name in sorted(metrics & observations):
        raise ConfigError(
            f"'{name}' is the name of a metric and of an observation",
            expected="different names, since files and targets state the name alone",
            remedy="rename the entry of yours",
        )


def _refuse_several(kind: str, name: str, *places: str, remedy: str = "") -> None:
    """Raise ConfigError if there is a plug-in of one kind and name in several places."""
    if len(set(places)) > 1:
        raise ConfigError(
            f"there are {len(set(places))} plug-ins for the {kind} '{name}': {' and '.join(dict.fromkeys(places))}",
            expected="one, since tables and slices state the name alone",
            remedy=remedy or "rename all but one, or uninstall a package",
        )


def _at(raw: Any, path: Sequence[Any]) -> Any:
    for key in path:
        raw = raw.get(key) if isinstance(raw, Mapping) else None
    return raw


def _set(raw: dict[str, Any], path: Sequence[Any], value: str) -> None:
    for key in path[:-1]:
        raw = raw[key]
    raw[path[-1]] = value
