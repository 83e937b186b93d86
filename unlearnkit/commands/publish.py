"""`unlearnkit publish`: results as a data set of the hub that others can verify, reproduce and build on."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from unlearnkit.errors import ArtifactError, cannot_write
from unlearnkit.lineage.configured import described, one_experiment
from unlearnkit.lineage.progress import Progress
from unlearnkit.lineage.repair import Repair
from unlearnkit.publication.configuration import public_configuration
from unlearnkit.publication.contents import publication, stage
from unlearnkit.publication.earlier import outdated
from unlearnkit.publication.items import Facts, Item, total
from unlearnkit.publication.selection import selected
from unlearnkit.workflow.present import Present


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add results, repository, and what is published of them how."""
    parser.add_argument(
        "results", type=Path, metavar="RESULTS", help="results of an experiment, such as results/digits"
    )
    parser.add_argument("repository", metavar="REPO", help="data set on the hub, as owner/name")
    parser.add_argument("--dry-run", action="store_true", help="print every file and its bytes, and publish nothing")
    parser.add_argument("--to", type=Path, metavar="FOLDER", help="write the files to a new folder, and upload nothing")
    parser.add_argument("--license", default="unknown", help="the hub's name of your licence, such as mit or cc-by-4.0")
    parser.add_argument("--without-weights", action="store_true", help="leave out weights, which margins do not need")
    parser.add_argument("--partial", action="store_true", help="publish although the experiment is unfinished")
    parser.add_argument("--private", action="store_true", help="of a repository that is made now: only you see it")
    parser.add_argument(
        "--configfile",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE",
        help="configuration of the experiment; default: the file here that names it",
    )


def run(options: argparse.Namespace) -> int:
    """Publish results with data card, manifest of hashes, Croissant, RO-Crate and eval.yaml, or continue an upload.

    Results that are unfinished, stale or damaged are refused, and so are files with tokens or paths of this machine.
    """
    from unlearnkit.hub.addresses import Address
    from unlearnkit.hub.uploading import upload_folder

    address = Address(options.repository, "dataset", "main").page
    facts = _facts(options)
    items = publication(facts, address)
    if options.dry_run:
        _print(facts, items)
    elif options.to:
        _refuse_used(options.to)
        stage(items, options.to)
        print(f"wrote {len(items)} files, {total(items):,} bytes, to {options.to}")
    else:
        with _folder_beside(options.results) as folder:
            stage(items, Path(folder))
            message = f"Results of {facts.experiment}, unlearnkit {facts.versions('unlearnkit')}"
            commit = upload_folder(
                Path(folder),
                options.repository,
                private=options.private,
                message=message,
                report=_report,
                outdated=lambda there: outdated(there, facts.experiment, items, _report),
            )
        print(
            f"published {len(items)} files as {address}\nanyone can now: unlearnkit reproduce "
            f"{options.repository}@{commit} --cell {next(iter(facts.tables()), 'METRIC')}/FORGET_SET/CANDIDATE"
        )
    return 0


def _folder_beside(results: Path) -> tempfile.TemporaryDirectory[str]:
    """Return a temporary folder on the disk of the results, so that links to them can be made."""
    try:
        return tempfile.TemporaryDirectory(prefix=".publish-", dir=results.absolute().parent)
    except OSError as error:
        raise cannot_write(f"the folder {results.absolute().parent}", error) from None


def _facts(options: argparse.Namespace) -> Facts:
    results = one_experiment(options.results)
    files, graph = described(results, options.configfile)
    selection = selected(
        results,
        Present(graph),
        Repair(results, files),
        weights=not options.without_weights,
        partial=options.partial,
        progress=Progress("GB read", 1e9),
    )
    return Facts(options.repository, options.license, selection, public_configuration(files))


def _refuse_used(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ArtifactError(f"{folder} is there already", expected="a new or an empty folder", remedy="choose another")


def _print(facts: Facts, items: Mapping[str, Item]) -> None:
    width = len(f"{max(item.bytes for item in items.values()):,}")
    for path, item in items.items():
        print(f"{item.bytes:>{width},}  {path}")
    print(
        f"{len(items)} files, {total(items):,} bytes would be published as {facts.repository}, licence {facts.license}"
    )
    data = sum(item.bytes for path, item in items.items() if path.startswith(f"{facts.folder}/data/"))
    print(f"data/ holds the samples themselves, {data:,} bytes: publish them only if you may")
    for path in facts.configuration.given:
        print(f"config.yaml will name {path} for what only this machine has")
    for name in facts.selection.left_out:
        print(f"left out, since the configuration does not ask for it: {name}")


def _report(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
