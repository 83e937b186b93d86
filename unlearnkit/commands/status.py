"""`unlearnkit status`: how far a run is, wherever it was started."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from unlearnkit import layout
from unlearnkit.commands.snakemake_options import add_options, snakemake_arguments
from unlearnkit.config.reading import read_yaml
from unlearnkit.errors import UnlearnkitError

CONFIGURATIONS = ("*.yaml", "experiments/*.yaml")
"""Where the configuration of a folder of results is looked for."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the run makes, and Snakemake's own options."""
    parser.add_argument(
        "what",
        nargs="?",
        metavar="RESULTS|CONFIG",
        help="a folder of results, or a configuration; default: config.yaml",
    )
    parser.add_argument("--targets", nargs="+", default=[], metavar="TARGET", help="what the run makes; default: all")
    add_options(parser)
    parser.add_argument("--json", action="store_true", help="the same as JSON")


def run(options: argparse.Namespace) -> int:
    """Show which jobs of a run are done, running, failed or left, why they failed, and how long the rest will take.

    Give the options of the run: what is missing depends on them.
    """
    if options.what:
        if options.configfile:
            raise UnlearnkitError("a configuration is named twice, before --configfile and behind it")
        options.configfile = [str(_configuration(Path(options.what)))]
    # imported here, not above: Snakemake takes seconds
    from unlearnkit.planning.dry_run import dry_run
    from unlearnkit.progress.statement import as_json, as_text
    from unlearnkit.progress.status import run_here, status_of

    status = status_of(dry_run(snakemake_arguments(options)), run_here())
    print(json.dumps(as_json(status), indent=2) if options.json else as_text(status))
    return 0


def _configuration(what: Path) -> Path:
    """Return the configuration that is named, or that describes the experiment of a folder of results."""
    if what.is_file():
        return what
    # a run that has only begun may have no results yet
    if not what.is_dir() and what.parent != Path(layout.RESULTS):
        raise UnlearnkitError(
            f"{what} does not exist",
            expected=f"a configuration, or a folder such as {layout.RESULTS}/digits",
            remedy="correct the path",
        )
    experiment = what.resolve().name
    found = [path for pattern in CONFIGURATIONS for path in sorted(Path().glob(pattern)) if _names(path, experiment)]
    if len(found) == 1:
        return found[0]
    nobody = f"no configuration in {' or '.join(CONFIGURATIONS)} describes"
    raise UnlearnkitError(
        f"{' and '.join(map(str, found)) + ' describe' if found else nobody} the experiment '{experiment}' of {what}",
        remedy=f"name the configuration: unlearnkit status {found[0] if found else 'FILE.yaml'}",
    )


def _names(path: Path, experiment: str) -> bool:
    try:
        return read_yaml(path).get("experiment") == experiment
    except (UnlearnkitError, AttributeError):  # a file of something else
        return False
