"""`unlearnkit reproduce`: published values computed again, from published files, with the real workflow."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from unlearnkit import layout
from unlearnkit.errors import ArtifactError
from unlearnkit.reproduction.cells import Cell, refuse_unknown
from unlearnkit.reproduction.comparison import Difference, difference
from unlearnkit.reproduction.levels import LEVELS
from unlearnkit.reproduction.needs import with_records
from unlearnkit.reproduction.sampling import proof
from unlearnkit.reproduction.sources import Publication, Source, record_of, recorded_hash, source_of
from unlearnkit.reproduction.targets import Asked, of_cell, of_sample


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what is computed again, from what, and where."""
    parser.add_argument(
        "source", metavar="SOURCE", help="owner/name@COMMIT on the hub, a copy of it, or results such as results/digits"
    )
    parser.add_argument(
        "--cell", help="metric/forget_set/candidate[/split[/statistic]], as klom/nines/scrub/forget/p95"
    )
    parser.add_argument(
        "--from",
        dest="level",
        choices=LEVELS,
        help="what is taken as published; default: margins for a cell, data (all is trained) for --sample",
    )
    parser.add_argument("--sample", type=int, metavar="N", help="compute N random shards again: of all, or of the cell")
    parser.add_argument("--seed", type=int, help="of a draw to be repeated; default: one that nobody could know")
    parser.add_argument("--dry-run", action="store_true", help="state the price and end")
    parser.add_argument("--trust-plug-ins", action="store_true", help="run code that the publication brings: read it")
    parser.add_argument("--cores", type=int, default=os.cpu_count() or 1, metavar="N", help="default: all")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="compute in this new folder, and keep it")
    parser.add_argument("--configfile", nargs="+", type=Path, default=[], metavar="FILE", help="of results here")


def run(options: argparse.Namespace) -> int:
    """Compute a cell of a table, or random shards, again: state the cost, then whether the result is equal to the byte.

    Differences are stated. The exit status is 0 if all is equal, 1 if something differs or cannot be computed.
    """
    cell = Cell.named(options.cell) if options.cell else None
    _refuse(options)
    source = source_of(options.source, options.configfile, _report)
    if isinstance(source, Publication) and not options.trust_plug_ins:
        source.refuse_code()
    if cell:
        refuse_unknown(cell, source)
    if options.sample:
        seed = secrets.randbelow(2**32) if options.seed is None else options.seed
        asked = of_sample(source, cell, options.level or "data", options.sample, seed)
        print(f"drawn by seed {seed}: --seed {seed} draws the same shards again")
    else:
        assert cell is not None
        asked = of_cell(source, cell, options.level or "margins")
    with tempfile.TemporaryDirectory(prefix="unlearnkit-") as temporary:
        return _computed(options, cell, source, asked, options.keep or Path(temporary))


def _refuse(options: argparse.Namespace) -> None:
    if not options.cell and options.sample is None:
        raise ArtifactError("nothing was asked for", expected="--cell, --sample, or both")
    for name in ("sample", "cores"):
        if getattr(options, name) is not None and getattr(options, name) < 1:
            raise ArtifactError(f"--{name} is {getattr(options, name)}", expected="a number of at least 1")
    if options.sample and options.level not in (None, "weights", "data"):
        raise ArtifactError(
            f"--sample draws shards of models, which --from {options.level} takes as published",
            expected="--from data, to train them again, or --from weights, to compute their margins again",
        )
    if options.keep and options.keep.exists() and any(options.keep.iterdir()):
        raise ArtifactError(f"{options.keep} is not empty", expected="a new folder", remedy="choose another")


def _computed(options: argparse.Namespace, cell: Cell | None, source: Source, asked: Asked, folder: Path) -> int:
    # imported here, not above: Snakemake takes seconds
    from unlearnkit.planning.presentation import as_text
    from unlearnkit.planning.records import read_records
    from unlearnkit.reproduction.scratch import Scratch

    records = read_records([Path(layout.LOGS)])
    scratch = Scratch(folder, source, with_records(source, asked.needs.taken))
    again, taken = _count(asked.needs.again), _count(asked.needs.taken)
    print(f"{source.title}: {again} computed again from {taken} taken as published")
    print(as_text(scratch.priced(asked.targets, asked.needs.again, options.cores, records)), flush=True)
    if options.dry_run:
        return 0
    scratch.compute(asked.targets, options.cores)
    compared = [name for name in asked.compared if scratch.path(name).exists()]
    different = list(_differences(source, scratch, compared))
    print()
    other_values = compare_values(cell, source, scratch.path(asked.targets[0])) if cell and not asked.shards else False
    print(f"{len(compared) - len(different)} of {len(compared)} files equal to the byte")
    for differing in different:
        print(f"differs: {differing}")
    if asked.shards:
        print(proof(asked.shards, len(asked.targets), len(different)))
    if asked.fetched:
        print(f"{asked.fetched} shards were not among those drawn from: their publisher had them from the hub, too")
    return 1 if different or other_values else 0


def compare_values(cell: Cell, source: Source, computed: Path) -> bool:
    """Print the values of a cell, and return whether one of the published table is not what was computed."""
    values = [*cell.values(source.file(cell.table), computed)]
    for value in values:
        if value.shown or value.differs:
            print(f"{cell.metric} {value}")
    return any(value.differs for value in values)


def _differences(source: Source, scratch: Any, compared: Collection[str]) -> Iterator[Difference]:
    published = source.names()
    for name in compared:
        recorded = record_of(source, name)
        theirs = source.file(name) if name in published else None
        if differing := difference(name, scratch.path(name), theirs, recorded_hash(source, recorded, name)):
            yield differing


def _count(names: Collection[str]) -> str:
    return f"{len(names)} file{'s' * (len(names) != 1)}"


def _report(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
