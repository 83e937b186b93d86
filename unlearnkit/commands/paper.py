"""`unlearnkit paper`: finished results as LaTeX tables, a methods section, BibTeX and figures."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from unlearnkit.lineage.configured import described, one_experiment
from unlearnkit.lineage.progress import Progress
from unlearnkit.lineage.repair import Repair
from unlearnkit.paper.material import gathered
from unlearnkit.paper.writing import refuse_used, write_paper
from unlearnkit.publication.selection import selected
from unlearnkit.workflow.present import Present


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add results, folder, and what of the results is shown."""
    parser.add_argument(
        "results", type=Path, metavar="RESULTS", help="results of an experiment, such as results/digits"
    )
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="folder of the files; default: paper/EXPERIMENT")
    parser.add_argument("--metric", nargs="+", default=[], metavar="NAME", help="only these metrics")
    parser.add_argument("--forget-set", nargs="+", default=[], metavar="NAME", help="only these forget sets or pools")
    parser.add_argument(
        "--configfile",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE",
        help="configuration of the experiment; default: the file here that names it",
    )


def run(options: argparse.Namespace) -> int:
    """Write LaTeX tables, a methods section, BibTeX of what was used and figures (PDF, PNG) of finished results.

    Results that are unfinished, stale or damaged are refused. Methods and metrics without a known source are named.
    """
    results = one_experiment(options.results)
    folder = options.out or Path("paper", results.experiment)
    refuse_used(folder)
    files, graph = described(results, options.configfile)
    present = Present(graph)
    selection = selected(
        results,
        present,
        Repair(results, files),
        weights=False,
        partial=None,
        progress=Progress("GB read", 1e9),
    )
    material = gathered(selection, present, options.metric, options.forget_set)
    names = write_paper(material, folder)
    for kind, name in material.sources.missing:
        print(f"no source of the {kind} {name} is stated: name it in methods.tex and references.bib", file=sys.stderr)
    for number in material.sources.numbers:
        print(f"references.bib has {number} without title and authors: add them", file=sys.stderr)
    print(f"wrote {len(names)} files to {folder}; {folder}/paper.tex holds them all")
    return 0
