"""The rows of a table that a `--cell` names, and the files that just these rows come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from unlearnkit import layout
from unlearnkit.artifacts.tables import read_table
from unlearnkit.errors import ArtifactError, suggest
from unlearnkit.lineage.chain import sources
from unlearnkit.lineage.records import Results
from unlearnkit.places import place_of

Row = Mapping[str, Any]


def rows_of(path: Path, conditions: Sequence[str]) -> list[Row]:
    """Return the rows of a Parquet table that meet conditions such as "candidate=scrub".

    Raises ArtifactError if a column or a value does not occur.
    """
    rows = read_table(path)[0].to_pylist()
    for condition in conditions:
        column, equals, value = condition.partition("=")
        if not equals:
            raise ArtifactError(f"--cell {condition} names no value", expected="column=value, as candidate=scrub")
        if rows and column not in rows[0]:
            raise ArtifactError(f"{path} has no column '{column}'", remedy=suggest(column, rows[0]))
        known = dict.fromkeys(str(row[column]) for row in rows)
        if value not in known:
            raise ArtifactError(f"no row of {path} has {condition}", remedy=suggest(value, known))
        rows = [row for row in rows if str(row[column]) == value]
    return rows


def no_cells(folder: Path, name: str) -> ArtifactError:
    """Return the error of a file without cells of its own: why it has none, and what to trace instead."""
    place = place_of(name)
    if place and place.stage == "leaderboard":
        fact = f"{name}: a rank depends on the values of all variants, so each of its rows comes from all of its tables"
        remedy = f"trace a value that is ranked: unlearnkit trace {folder}/tables/METRIC.csv --cell candidate=VARIANT"
    elif place and place.stage == "search reports":
        studies = folder / Path(name).with_name("STUDY.parquet")
        fact = f"{name}: all trials of a study come from the same files"
        remedy = f"trace the file of a study: unlearnkit trace {studies}"
    else:
        fact, remedy = f"{name} is not a table, so it has no cells", "name a table"
    return ArtifactError(fact, expected="a table below tables/", remedy=f"{remedy}; or leave out --cell")


def sources_of_rows(results: Results, table: str, rows: Sequence[Row]) -> dict[str, str]:
    """Return artifact -> what it gives to these rows: values, noise floor or cost.

    A row comes from the summary of its candidate, its floor from that of the oracles, its relative cost from the
    passes in the records of its own models and of the oracles of the same forget set. A row of a table without
    candidates comes from the trials of its metric.
    """
    if rows and "candidate" not in rows[0]:
        return _trials_of_rows(results, table, rows)
    costs = "tables/cost.parquet"
    pairs = {(row["forget_set"], row["candidate"]) for row in rows}
    wanted = dict.fromkeys(pairs, "values")
    if rows and "floor_mean" in rows[0]:
        wanted = {(forget_set, "oracle"): "noise floor" for forget_set, _ in pairs} | wanted
    found: dict[str, str] = {}
    for name in sources(results, table):
        place = place_of(name)
        wildcards = place.wildcards if place and place.stage == "summaries" else {}
        if role := wanted.get((wildcards.get("forget_set"), wildcards.get("candidate"))):
            found[name] = role
    priced = {pair for pair in pairs if table == costs or pair[1] not in layout.REFERENCE_CANDIDATES}
    wanted_costs = priced | {(forget_set, "oracle") for forget_set, _ in priced}
    for name in sources(results, costs):
        priced_too = name.split("/")[0] in ("unlearned", "oracle")
        if priced_too and layout.forget_set_and_candidate(f"{results.recorded_as}/{name}") in wanted_costs:
            found.setdefault(name, "cost")
    return found


def _trials_of_rows(results: Results, table: str, rows: Sequence[Row]) -> dict[str, str]:
    pairs = {(row["metric"], row["forget_set"]) for row in rows}
    places = {name: place.wildcards for name in sources(results, table) if (place := place_of(name))}
    return {
        name: "values"
        for name, wildcards in places.items()
        if (wildcards.get("metric"), wildcards.get("forget_set")) in pairs
    }
