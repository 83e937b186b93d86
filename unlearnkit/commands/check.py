"""`unlearnkit check`: the doctor, who says what is wrong before a run does."""

from __future__ import annotations

import argparse
from pathlib import Path

from unlearnkit.doctor.case import ERROR, SECTIONS, WARNING, Case, examine


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the configuration files and --only."""
    parser.add_argument("config", nargs="*", type=Path, metavar="CONFIG", help="YAML files; default: config.yaml")
    parser.add_argument(
        "--only", action="append", choices=SECTIONS, metavar="SECTION", help=f"one of {', '.join(SECTIONS)}"
    )


def run(options: argparse.Namespace) -> int:
    """Examine configuration, environment, folder, data, devices and cluster, and say what to do about each finding.

    Configuration files are merged from left to right; those that name no experiment go over config.yaml, as by
    `snakemake --configfile`. Ends with status 1 if there is an error. Nothing is downloaded or changed.
    """
    case, levels = Case(options.config), []
    for section in SECTIONS:
        wanted = options.only is None or section in options.only
        # always examined, since the others ask what it describes
        findings = examine(section, case) if wanted or section == "configuration" else ()
        for finding in findings:
            if wanted:
                levels.append(finding.level)
                remedy = f". {finding.remedy[0].upper()}{finding.remedy[1:]}" if finding.remedy else ""
                print(f"{finding.level:<8} {section}: {finding.fact}{remedy}", flush=True)
    if options.only is None:
        print(f"{levels.count(ERROR)} errors, {levels.count(WARNING)} warnings")
    return 1 if ERROR in levels else 0
