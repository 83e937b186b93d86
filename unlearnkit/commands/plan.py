"""`unlearnkit plan`: what is missing, and what it will cost."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from unlearnkit import layout
from unlearnkit.commands.snakemake_options import add_options, snakemake_arguments
from unlearnkit.errors import UnlearnkitError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add Snakemake's own words for what to make and how, and ours for records and output."""
    parser.add_argument("targets", nargs="*", help="as for snakemake; default: all")
    add_options(parser)
    parser.add_argument("--forceall", "-F", action="store_true", help="as for snakemake: price all, made or not")
    parser.add_argument(
        "--records",
        nargs="+",
        type=Path,
        default=[],
        metavar="FOLDER",
        help=f"more timing records, such as a copy of a cluster's {layout.LOGS}/; those in {layout.LOGS}/ always count",
    )
    parser.add_argument("--json", nargs="?", const="-", metavar="FILE", help="write JSON to a file (or print it)")


def run(options: argparse.Namespace) -> int:
    """Show what Snakemake would run for the targets, and predict time, disk and download from earlier jobs.

    Targets come before --configfile and --config, as for snakemake.
    """
    # imported here, not above: Snakemake takes seconds, and the other commands do not need it
    from unlearnkit.planning.dry_run import dry_run
    from unlearnkit.planning.plan import make_plan
    from unlearnkit.planning.presentation import as_json, as_text
    from unlearnkit.planning.records import read_records

    _refuse_paths(options)
    plan = make_plan(dry_run(snakemake_arguments(options)), read_records([Path(layout.LOGS), *options.records]))
    text = json.dumps(as_json(plan), indent=2)
    if options.json == "-":
        print(text)
        return 0
    print(as_text(plan))
    if options.json:
        _write(Path(options.json), text)
    return 0


def _refuse_paths(options: argparse.Namespace) -> None:
    """Raise UnlearnkitError for folders of records that are not there, and for a target taken as the file of --json."""
    for folder in options.records:
        if not folder.is_dir():
            raise UnlearnkitError(f"--records {folder} is not a folder", remedy="correct the path")
    if options.json not in (None, "-") and Path(options.json).suffix != ".json":
        raise UnlearnkitError(f"--json {options.json} names no JSON file", expected="FILE.json; targets come before it")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise UnlearnkitError(f"cannot write {path}: {error.strerror}", remedy="name another file") from None
