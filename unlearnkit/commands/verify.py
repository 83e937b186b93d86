"""`unlearnkit verify`: is every artifact what its job wrote, and does every table come from raw data?"""

from __future__ import annotations

import argparse
from pathlib import Path

from unlearnkit import layout
from unlearnkit.errors import UnlearnkitError
from unlearnkit.lineage.age import outdated
from unlearnkit.lineage.configured import configuration_files, naming, present_graph
from unlearnkit.lineage.progress import Progress
from unlearnkit.lineage.records import Results, experiments
from unlearnkit.lineage.repair import Repair
from unlearnkit.lineage.verification import Count, Verification, verify
from unlearnkit.workflow.graph import Graph
from unlearnkit.workflow.guards.given_files import made_of_given_files
from unlearnkit.workflow.present import Present


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add paths, the configuration and --quick."""
    parser.add_argument(
        "paths",
        nargs="*",
        type=Path,
        default=[Path(layout.RESULTS)],
        metavar="PATH",
        help="result folders; default: all",
    )
    parser.add_argument(
        "--configfile",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE",
        help="configuration of the experiment; default: the file here that names it",
    )
    parser.add_argument("--quick", action="store_true", help="do not read weights; take their recorded hash")


def run(options: argparse.Namespace) -> int:
    """Compare all artifacts with their records, and the records with each other, back to the raw data.

    The exit status is 1 if there are problems; each is one line, with the command that repairs it. Removed weights are
    no problem, nor are artifacts that are older than what they were made from, or that the present code or
    configuration would make differently.
    """
    problems = 0
    for results in experiments(options.paths):
        files = configuration_files(results.experiment, options.configfile)
        repair = Repair(results, files)
        graph, notes = (None, _unclear(results.experiment)) if files is None else _graph(results, files)
        named, more = _files_of(results, graph) if graph else ({}, [])
        found = verify(results, repair, named, quick=options.quick, progress=Progress("GB read", 1e9))
        found.notes += [*notes, *more, *(outdated(results, Present(graph)) if graph else ())]
        _print(results, repair, found, options.quick)
        problems += len(found.problems)
    return 1 if problems else 0


def _unclear(experiment: str) -> list[str]:
    """Return a note if several files name the experiment: a repair with the wrong one would make other results."""
    names = [str(path) for path in naming(experiment)]
    return [f"{' and '.join(names)} name this experiment: give the right one with --configfile"] if names else []


def _graph(results: Results, files: list[Path]) -> tuple[Graph | None, list[str]]:
    """Return the graph of the present configuration, or a note that says why there is none."""
    try:
        graph = present_graph(results.experiment, files)
    except UnlearnkitError as error:
        return None, [f"not compared with the configuration: {error}"]
    return graph, [] if graph else [f"not compared with the configuration: {files[-1]} is of another experiment"]


def _files_of(results: Results, graph: Graph) -> tuple[dict[str, list[str]], list[str]]:
    """Return the user's files that the configuration names, by name of the artifact, or a note if a name is no path."""
    try:
        return {results.inside(path) or path: there for path, _, there in made_of_given_files(graph)}, []
    except UnlearnkitError as error:
        return {}, [f"not compared with the files that are there: {error}"]


def _print(results: Results, repair: Repair, found: Verification, quick: bool) -> None:
    if found.problems and results.is_moved:
        found.notes.append(f"made as {results.recorded_as}: the commands are for that place; or copy the files again")
    print(f"{results.folder} (experiment {results.experiment}){', weights not read' if quick else ''}")
    rows = [(stage, count) for stage, count in found.stages.items()]
    rows.append(("total", _total([count for _, count in rows])))
    print(f"  {'stage':<18}{'artifacts':>10}{'MB':>12}{'ok':>8}{'damaged':>9}{'absent':>8}")
    for stage, c in rows:
        print(f"  {stage:<18}{c.artifacts:>10}{c.bytes / 1e6:>12.2f}{c.ok:>8}{c.damaged:>9}{c.absent:>8}")
    for title, lines in (("chain", found.chains), ("note", found.notes)):
        for line in lines:
            print(f"{title}: {line}")
    for problem in found.problems:
        command = repair.command(problem.remake, problem.touch)
        path = problem.name if problem.given else results.folder / problem.name
        print(f"problem: {path} {problem.fact}. Repair: {command}")
    if len(found.problems) > 1:
        remake = {name for problem in found.problems for name in problem.remake}
        touch = {name for problem in found.problems for name in problem.touch}
        print(f"{len(found.problems)} problems. Repair of all: {repair.command(remake, touch)}")
    if found.older:
        first, source = next(iter(found.older.items()))
        several = len(found.older) > 1
        older, made = (f"{len(found.older)} artifacts are", "they were") if several else ("1 artifact is", "it was")
        print(
            f"{older} older than what {made} made from ({first} than {source} first). "
            f"Nothing is damaged; to bring them up to date: {repair.update()}"
        )
    if not found.problems:
        print("sound")


def _total(counts: list[Count]) -> Count:
    return Count(*(sum(getattr(count, name) for count in counts) for name in Count.__dataclass_fields__))
