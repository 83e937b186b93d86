"""`unlearnkit score`: are margins that were computed anywhere those of models that never saw the forget set?"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unlearnkit.errors import ConfigError, MetricError, TooFewError, suggest
from unlearnkit.metrics.population import SPLITS
from unlearnkit.score.margin_files import read_forget_set, read_margin_table
from unlearnkit.score.margin_table import FORMS, MarginTable
from unlearnkit.score.pools import read_pool, tested
from unlearnkit.score.scored import DEFAULT, FEWEST_FOR_VERDICT, scorable, scores
from unlearnkit.score.sides import populations


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the margins, those of oracles and perhaps of originals and other oracles, and what is computed."""
    parser.add_argument("margins", type=Path, metavar="MARGINS", help=f"margins of unlearned models: {FORMS}")
    reference = parser.add_mutually_exclusive_group(required=True)
    reference.add_argument("--oracle", type=Path, metavar="FILE", help="margins of oracles, likewise")
    reference.add_argument(
        "--pool", metavar="NAME", help="oracles and originals of a published pool (`unlearnkit ls pools`), fetched"
    )
    parser.add_argument(
        "--revision", help="commit of the pool; default: what its branch main names now, which is stated"
    )
    parser.add_argument("--original", type=Path, metavar="FILE", help="margins of originals: adds the certificate")
    parser.add_argument("--floor", type=Path, metavar="FILE", help="other oracles; default: half of those of --oracle")
    parser.add_argument(
        "--forget-set", metavar="FILE", help=".npy or .pt: numbers of the forgotten samples; of a pool: its number"
    )
    parser.add_argument("--metrics", nargs="+", default=DEFAULT, metavar="METRIC", help="default: " + " ".join(DEFAULT))
    parser.add_argument("--json", action="store_true", help="the same as one line of JSON")


def run(options: argparse.Namespace) -> int:
    """Compare margins of unlearned models with those of oracles: metrics, the noise floor, intervals, a verdict.

    Nothing is written, and nothing but the files is read. A note states what is not known about samples.
    """
    known = scorable()
    for name in options.metrics:
        if name not in known:
            raise ConfigError(f"--metrics names '{name}', which cannot be scored", remedy=suggest(name, known))
    notes: list[str] = []
    tables, forget, stated = _read(options)
    sides = populations(tables, forget, notes.append)
    if stated:
        stated["oracle_test"] = tested(sides, stated["pool"], notes.append)
    split = sides["oracle"].split
    sizes = {name: int((split == name).sum()) for name in SPLITS if (split == name).any()}
    try:
        rows = scores(sides, options.metrics)
    except TooFewError:
        fewest = min(tables.values(), key=lambda table: table.models)
        raise MetricError(
            f"{fewest.path} has too few models: {fewest.models}", remedy="give the margins of further models"
        ) from None
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    if options.json:
        files = {name: {"file": str(table.path), "models": sides[name].models} for name, table in tables.items()}
        print(json.dumps({**stated, **files, "samples": sizes, "notes": notes, "results": rows}))
    else:
        for name, value in stated.items():
            print(f"{name:<11} {value}")
        print("\n".join(_text(tables, {name: side.models for name, side in sides.items()}, sizes, rows)))
    return 0


def _read(options: argparse.Namespace) -> tuple[dict[str, MarginTable], NDArray[np.int64] | None, dict[str, str]]:
    """Return the margins by what they are of, the forget set, and what is stated of a pool."""
    files = {
        "candidate": options.margins,
        "oracle": options.oracle,
        "original": options.original,
        "floor": options.floor,
    }
    tables = {name: read_margin_table(path) for name, path in files.items() if path}
    if options.pool is None:
        if options.revision:
            raise ConfigError("--revision is given without --pool", remedy="leave it out, or name a pool")
        return tables, read_forget_set(Path(options.forget_set)) if options.forget_set else None, {}
    if options.original or not options.forget_set:
        raise ConfigError(
            "--pool is given " + ("with --original" if options.original else "without --forget-set"),
            expected="the number of a forget set, and no file of originals, which the pool has",
        )
    found = read_pool(options.pool, options.forget_set, options.revision, tables["candidate"].models, _report)
    return {**tables, **found.tables}, found.forget_set, {"pool": found.place, "revision": found.commit}


def _report(line: str) -> None:
    print(line, file=sys.stderr)


def _text(
    tables: Mapping[str, MarginTable],
    models: Mapping[str, int],
    sizes: Mapping[str, int],
    rows: Sequence[Mapping[str, Any]],
) -> Iterator[str]:
    for name, table in tables.items():
        yield f"{name:<11} {models[name]:>6} models   {table.path}"
    yield "samples     " + ", ".join(f"{count:,} {name}" for name, count in sizes.items())
    yield ""
    yield "| metric | split | value | 95 % interval | N | value | floor | verdict |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for row in rows:
        interval = f"{_number(row.get('low'))} to {_number(row.get('high'))}" if row.get("low") is not None else ""
        measured = f"{row['metric']} {row['statistic']}" if "statistic" in row else f"{row['metric']} {row['measure']}"
        cells = (
            f"{measured} [{row['unit']}]",
            row["split"],
            _number(row["value"]),
            interval,
            row.get("floor_n", row["n_models"]),
            _number(row.get("value_at_floor_n")),
            _number(row.get("floor")),
            row["verdict"],
        )
        yield f"| {' | '.join(map(str, cells))} |"
    yield ""
    yield (
        "The first value is of all models; the second is of N models against N oracles, as the floor is, which is what "
        "other oracles score. Values of different N do not compare."
    )
    if any(row["verdict"] == "too few models" for row in rows):
        yield f"There is no verdict of fewer than {FEWEST_FOR_VERDICT} models and twice as many oracles."


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
