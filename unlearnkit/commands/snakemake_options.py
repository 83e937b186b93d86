"""Options of our commands that are Snakemake's own, and mean the same."""

from __future__ import annotations

import argparse

PASSED_ON = ("configfile", "config", "cores", "jobs", "profile", "snakefile", "forceall")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what decides which jobs there are and how many run at once."""
    parser.add_argument("--configfile", "--configfiles", nargs="+", metavar="FILE", help="as for snakemake")
    parser.add_argument("--config", "-C", nargs="+", metavar="KEY=VALUE", help="as for snakemake")
    parser.add_argument("--cores", "-c", metavar="N", help="as for snakemake")
    parser.add_argument("--jobs", "-j", metavar="N", help="as for snakemake: jobs at once on a cluster")
    parser.add_argument("--profile", nargs="+", metavar="PROFILE", help="as for snakemake")
    parser.add_argument("--snakefile", "-s", metavar="FILE", help="as for snakemake")


def snakemake_arguments(options: argparse.Namespace) -> list[str]:
    """Return the command line of Snakemake that asks for the same."""
    arguments = list(options.targets)
    for name in PASSED_ON:
        value = getattr(options, name, None)
        if value is True:
            arguments.append(f"--{name}")
        elif value:
            arguments += [f"--{name}", *(value if isinstance(value, list) else [value])]
    return arguments
