"""How far the numbers of two tables are apart."""

from __future__ import annotations

from typing import Any

from unlearnkit.artifacts.tables import read_table
from unlearnkit.declarations import declarations
from unlearnkit.errors import ConfigError
from unlearnkit.lineage.records import Results
from unlearnkit.registry import locate

KEY = ("forget_set", "candidate", "epoch", "measure", "split")


def value_differences(old: Results, new: Results) -> list[dict[str, Any]]:
    """Return the headline values of all metric tables that differ, the largest difference first.

    One entry per metric, forget set, candidate, epoch, measure and split, with `statistic`, `old`, `new` and
    `difference` (new - old, None where one side has no value). Metrics that the present code does not know are left
    out. Raises ArtifactError if a table cannot be read.
    """
    found = []
    for name in sorted(old.files):
        if name.startswith("tables/") and name.endswith(".parquet") and name in new.files:
            metric = name.removeprefix("tables/").removesuffix(".parquet")
            try:
                declared = declarations(locate("metric", metric))
            except ConfigError:
                continue
            sides = [_values(results, name, declared.HEADLINE, declared.STATISTIC) for results in (old, new)]
            for key in [*sides[0], *(key for key in sides[1] if key not in sides[0])]:
                before, after = sides[0].get(key), sides[1].get(key)
                if before != after:
                    change = None if before is None or after is None else after - before
                    row = {"metric": metric, **dict(zip(KEY, key, strict=True)), "statistic": declared.STATISTIC}
                    found.append({**row, "old": before, "new": after, "difference": change})
    return sorted(found, key=lambda row: (row["difference"] is None, -abs(row["difference"] or 0)))


def _values(results: Results, name: str, headline: str, statistic: str) -> dict[tuple[Any, ...], float | None]:
    rows = read_table(results.folder / name)[0].to_pylist()
    return {tuple(row[part] for part in KEY): row[statistic] for row in rows if row["measure"] == headline}
