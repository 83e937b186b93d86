"""The part of the artifact graph in which language models are asked the tasks of lm-evaluation-harness."""

from __future__ import annotations

from pathlib import Path

from unlearnkit import layout
from unlearnkit.facts.harness_tasks import tasks_of
from unlearnkit.stages import Slice
from unlearnkit.workflow.observation_graph import ObservationGraph
from unlearnkit.workflow.paths import takable

TABLE = "harness"


class HarnessGraph:
    """Inputs and parameters of the answers to every task, and of their table; nothing where none is asked."""

    def __init__(self, observations: ObservationGraph) -> None:
        self._observations, self.graph = observations, observations.graph
        self._block = self.graph.experiment.harness
        self.tasks = tasks_of(self._block.tasks) if self._block else ()

    def task_files(self) -> list[str]:
        """Return the files of the user's folder with tasks, as far as they are there.

        Raises DataError for a name that Snakemake cannot take.
        """
        if self._block is None or self._block.include is None:
            return []
        files = (path for path in Path(self._block.include).rglob("*") if path.is_file())
        return [takable(str(path)) for path in sorted(files) if not _hidden(path, self._block.include)]

    def bases(self, population: str, shard: str) -> list[str]:
        """Return the file with the originals that unlearned models are kept as deltas of, if they are."""
        return self._observations.bases(TABLE, population, shard)

    def answers(self) -> list[str]:
        """Return the files with what originals, oracles and unlearned models answer to every task."""
        graph = self.graph
        populations = [(layout.ORIGINAL, graph.experiment.num_models)]
        for name in graph.forget_sets:
            fill = {"forget_set": name}
            if graph.experiment.has_oracles:
                populations.append((graph.path(layout.ORACLE, **fill), graph.experiment.num_models))
            populations += [
                (graph.path(layout.UNLEARNED, variant=variant, **fill), graph.unlearned_models())
                for variant in graph.variants
            ]
        return [
            graph.path(layout.HARNESS, population=population, shard=shard, task=task)
            for task in self.tasks
            for population, count in populations
            for shard in graph.shards(count)
        ]

    def results(self) -> list[str]:
        """Return the three forms of the table, and what it is made of; nothing if no task is asked."""
        return [*self.graph.tables(TABLE), *self.answers()] if self.tasks else []

    # configuration slices and code fingerprints

    def slice_of(self, task: str, variant: str = "", forget_set: str = "", attack: str = "") -> Slice:
        """What determines the answers to a task beside weights and files: how it is asked, and the model."""
        return {"task": task, **self._asked(), **self._observations.models_slice(variant, forget_set, attack)}

    def code(self) -> str:
        """Fingerprint of asking a task."""
        return self.graph.model_code("harness")

    def table_slice(self) -> Slice:
        """Which tasks and candidates the table compares, on which forget sets, and how tasks are asked."""
        return {
            "table": TABLE,
            "tasks": [*self.tasks],
            "forget_sets": self.graph.forget_sets,
            "candidates": self.graph.candidates,
            "asked": self._asked(),
        }

    def _asked(self) -> Slice:
        """How tasks are asked; not where files of tasks lie: they are inputs."""
        return self._block.model_dump(mode="json", exclude={"tasks", "include"}) if self._block else {}


def _hidden(path: Path, folder: str) -> bool:
    """Return whether a file is one that a program keeps for itself: what Python compiled, or in a hidden folder."""
    return any(part.startswith((".", "__pycache__")) for part in path.relative_to(folder).parts)
