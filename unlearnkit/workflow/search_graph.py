"""The part of the artifact graph that searches for settings: studies of trials, what is chosen, how it is shown."""

from __future__ import annotations

from unlearnkit import layout
from unlearnkit.config.searches.search import Search
from unlearnkit.config.searches.spaces import costs, described, elsewhere, spaces_of
from unlearnkit.declarations import declarations
from unlearnkit.registry import ALWAYS_OBSERVED, OBJECTIVES, locate
from unlearnkit.stages import Slice
from unlearnkit.workflow.graph import Graph

PRESENTED = ("trials.csv", "curve.svg")


class SearchGraph:
    """Inputs and parameters of the searches of an experiment."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.names: dict[str, Search] = dict(graph.experiment.searches)

    # paths

    def seeds(self, search: str) -> list[str]:
        """Return the names of a search's studies, none if there is no such search."""
        return [str(seed) for seed in range(self.names[search].seeds)] if search in self.names else []

    def studies(self, search: str) -> list[str]:
        """Return the files with the trials of a search."""
        return [self.graph.path(layout.STUDY, search=search, seed=seed) for seed in self.seeds(search)]

    def results(self) -> list[str]:
        """Return the files of all searches."""
        return [
            path
            for search in self.names
            for path in (
                *self.studies(search),
                self.graph.path(layout.CHOSEN, search=search),
                *self.presented(search),
            )
        ]

    def presented(self, search: str) -> list[str]:
        """Return the table and the figure of the trials of a search."""
        return [self.graph.path(layout.SEARCH_REPORT, search=search, presentation=name) for name in PRESENTED]

    def models(self, search: str, seed: str = "") -> range:
        """Return the originals that the trials of a study unlearn from; of all studies of a search without a seed."""
        count = self.names[search].models
        return range(int(seed) * count, (int(seed) + 1) * count) if seed else range(self.names[search].models_read)

    def forget_sets(self, search: str) -> list[str]:
        """Return the index files of the forget sets that trials unlearn."""
        return [self.graph.path(layout.FORGET_SET, forget_set=name) for name in self.names[search].forget_sets]

    def originals(self, search: str, seed: str = "") -> list[str]:
        """Return the weight files that hold the originals of a study."""
        shards = [margins.rpartition("/")[2].partition(".")[0] for margins in self._originals_shown(search, seed)]
        return list(dict.fromkeys(map(self.graph.start, shards)))

    def margins(self, search: str, seed: str = "") -> list[str]:
        """Return the margin files that an objective compares with: of originals, and of oracles if it reads them."""
        models = self.models(search, seed)
        oracles = self.names[search].forget_sets if self._reads_oracles(search) else ()
        of_oracles = [path for name in oracles for path in self.graph.margins(layout.ORACLE, models, name)]
        return [*self._originals_shown(search, seed), *of_oracles]

    def _originals_shown(self, search: str, seed: str) -> list[str]:
        first = self.graph.experiment.unlearned_from == "first"
        return self.graph.margins(layout.ORIGINAL, range(1) if first else self.models(search, seed), "")

    def _reads_oracles(self, search: str) -> bool:
        return declarations(OBJECTIVES[self.names[search].objective]).NEEDS_ORACLE

    # configuration slices and code fingerprints

    def slice_of(self, stage: str, search: str, seed: str) -> Slice:
        """What determines an artifact of a search beside its inputs."""
        if stage == "search reports":
            return {"search": search, "objective": self.names[search].objective}
        settings = self._trial_slice(search)
        if stage == "chosen settings":
            return {**settings, "choose": self.names[search].choose, "studies": self.names[search].seeds}
        block, epochs = self.names[search], self.graph.experiment.training.epochs
        return {
            **settings,
            "study": int(seed),
            "trials": block.trials,
            "sampler": block.sampler,
            **({"population": block.population} if block.sampler == "nsga3" else {}),
            "space": described(spaces_of(block), epochs, block.fixed),
            "elsewhere": elsewhere(block),
            "costs": costs(block, epochs),
        }

    def _trial_slice(self, search: str) -> Slice:
        """What determines the value of a trial beside its settings, data, originals and forget sets."""
        graph, block = self.graph, self.names[search]
        settings: Slice = {
            "search": search,
            "method": block.method,
            "fixed": block.fixed,
            "forget_sets": list(block.forget_sets),
            "models": block.models,
            "objective": block.objective,
            "budget": block.budget,
            "training_epochs": graph.experiment.training.epochs,
            "model": graph.model_slice(),
            "unlearned_from": graph.experiment.unlearned_from,
            **graph.seed_slice(),
        }
        if "recipe" in declarations(locate("method", block.method)).NEEDS:
            settings["training"] = graph.training_slice("unlearned")["training"]
        return settings

    def code(self, stage: str, search: str) -> str:
        """Fingerprint of running trials, of choosing among them, or of showing them."""
        if stage == "search reports":
            return self.graph.code("search_report")
        block = self.names[search]
        modules = locate("method", block.method), locate("observation", ALWAYS_OBSERVED), OBJECTIVES[block.objective]
        script = "search" if stage == "studies" else "choose"
        return self.graph.model_code(script, *modules)
