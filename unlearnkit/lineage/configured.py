"""The configuration that describes an experiment, to be compared with what records state."""

from __future__ import annotations

from pathlib import Path

from unlearnkit.config.load import load_experiment
from unlearnkit.config.reading import DEFAULT, read_configuration, read_yaml
from unlearnkit.errors import ArtifactError, ConfigError, UnlearnkitError
from unlearnkit.lineage.records import Results, experiments
from unlearnkit.workflow.graph import Graph


def configuration_files(experiment: str, given: list[Path]) -> list[Path] | None:
    """Return the files that describe an experiment: those given, or the only one here that names it; else None.

    An empty list stands for config.yaml, which needs no mention.
    """
    if given:
        return given
    found = naming(experiment)
    if len(found) != 1:
        return None
    return [] if found == [DEFAULT] else found


def naming(experiment: str) -> list[Path]:
    """Return the configuration files at the root and in experiments/ that name an experiment."""
    found = []
    for path in dict.fromkeys((DEFAULT, *sorted(Path().glob("*.y*ml")), *sorted(Path("experiments").glob("*.y*ml")))):
        try:
            if read_yaml(path).get("experiment") == experiment:
                found.append(path)
        except UnlearnkitError:
            continue
    return found


def present_graph(experiment: str, files: list[Path]) -> Graph | None:
    """Return the graph of the configuration in `files`, None if that is another experiment.

    Raises ConfigError if the configuration is wrong.
    """
    graph = Graph(load_experiment(read_configuration(files)))
    return graph if graph.experiment.experiment == experiment else None


def one_experiment(folder: Path) -> Results:
    """Return the results in a folder; raises ArtifactError if it holds those of several experiments."""
    found = experiments([folder])
    if len(found) > 1:
        raise ArtifactError(f"{folder} holds several experiments", remedy="name one, such as results/digits")
    return found[0]


def described(results: Results, given: list[Path]) -> tuple[list[Path], Graph]:
    """Return the files and the graph of the configuration that results were made with, or `given`.

    Raises ConfigError if there is none, or if it is that of another experiment.
    """
    files = configuration_files(results.experiment, given)
    graph = None if files is None else present_graph(results.experiment, files)
    if files is not None and graph is not None:
        return files, graph
    names = [str(path) for path in naming(results.experiment)]
    several = f": {' and '.join(names)} do" if names else ""
    raise ConfigError(
        f"no configuration for {results.folder}: not one file names the experiment {results.experiment}{several}"
        if not given
        else f"{given[-1]} is the configuration of another experiment than {results.experiment}",
        expected="the configuration that the results were made with",
        remedy="name it with --configfile",
    )
