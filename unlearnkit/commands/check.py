"""`unlearnkit check`: what is wrong, before a run fails because of it."""

from __future__ import annotations

import argparse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from unlearnkit.doctor.case import ERROR, SECTIONS, WARNING, Case, examine


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the configuration, in Snakemake's words too, and --only."""
    parser.add_argument("files", nargs="*", type=Path, metavar="CONFIG", help="YAML files; default: config.yaml")
    parser.add_argument(
        "--configfile", "--configfiles", nargs="+", type=Path, default=[], metavar="FILE", help="as for snakemake"
    )
    parser.add_argument("--config", "-C", nargs="+", default=[], metavar="KEY=VALUE", help="as for snakemake")
    parser.add_argument(
        "--only", action="append", choices=SECTIONS, metavar="SECTION", help=f"one of {', '.join(SECTIONS)}"
    )


def run(options: argparse.Namespace) -> int:
    """Examine configuration, environment, folder, data, devices and cluster, with a remedy for each finding.

    Configuration files and --config are merged from left to right; if none names an experiment, they are merged over
    config.yaml, as snakemake does. The exit status is 1 if there is an error. Nothing is downloaded or changed.
    """
    case, levels = Case([*options.files, *options.configfile], options.config), []
    wanted = [*(options.only or SECTIONS)]
    with ThreadPoolExecutor() as pool:
        # always examined, since the others ask what it describes
        examined = {"configuration": list(examine("configuration", case))}
        if "data" in wanted and case.experiment is None:
            # data are those of a valid configuration only, so what is wrong with it belongs to the answer
            wanted.append("configuration")
        # what other processes are asked takes seconds, so they are asked at the same time
        imports = pool.submit(lambda: case.imports) if {"environment", "devices"} & {*wanted} else None
        data = pool.submit(lambda: list(examine("data", case))) if "data" in wanted else None
        for section in (section for section in SECTIONS if section in wanted):
            if imports and section in ("environment", "devices"):
                imports.result()
            findings = data.result() if data and section == "data" else examined.get(section) or examine(section, case)
            for finding in findings:
                levels.append(finding.level)
                remedy = f". {finding.remedy[0].upper()}{finding.remedy[1:]}" if finding.remedy else ""
                print(f"{finding.level:<8} {section}: {finding.fact}{remedy}", flush=True)
    if options.only is None:
        errors, warnings = levels.count(ERROR), levels.count(WARNING)
        print(f"{errors} error{'s' * (errors != 1)}, {warnings} warning{'s' * (warnings != 1)}")
    return 1 if ERROR in levels else 0
