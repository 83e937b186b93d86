"""The part of the artifact graph in which models have samples of their own: pools, and the subsets of datamodels."""

from __future__ import annotations

from pathlib import Path

from unlearnkit import layout
from unlearnkit.config.methods.rules import OF_FORGET_SETS
from unlearnkit.config.pools.pool import DrawsPool, Pool
from unlearnkit.config.pools.sizes import draws_of, models_of, source_of
from unlearnkit.workflow.graph import Graph, Slice
from unlearnkit.workflow.paths import takable

DATAMODEL = "datamodel"
"""Role in the seeds of the models on random subsets that attributions of the kind datamodels are fitted to."""


def role_of(pool: str) -> str:
    """Return the role of a pool's models in the seeds; it is the folder of their population, too."""
    return f"pool/{pool}"


class PoolGraph:
    """Inputs and parameters of membership and of the models of pools."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.pools: dict[str, Pool] = dict(graph.experiment.pools)
        self._fractions: dict[str, tuple[int, float]] = {
            name: (block.models, block.fraction)
            for name, block in graph.experiment.attributions.items()
            if block.kind == "datamodels"
        }

    def names(self, stage: str = "") -> list[str]:
        """Return the pools with models of their own; for the stage of membership all, and attributions on subsets."""
        if stage == "membership":
            return [*self.pools, *self._fractions]
        return [name for name, pool in self.pools.items() if not isinstance(pool, DrawsPool)]

    def of_draws(self) -> list[str]:
        """Return the pools whose models are those of another pool, each several times."""
        return [name for name, pool in self.pools.items() if isinstance(pool, DrawsPool)]

    def models(self, name: str) -> int:
        """Return the models of a pool, or on subsets of an attribution."""
        return models_of(self.pools, name) if name in self.pools else self._fractions[name][0]

    def shards(self, name: str) -> list[str]:
        """Return the shards of a pool, or of the models on subsets of an attribution."""
        return layout.shard_names(self.models(name), self.graph.experiment.shard_size)

    def file(self, name: str) -> list[str]:
        """Return the file that the membership of a pool is read from, if it has one and it is there.

        Raises DataError for a path that Snakemake cannot take.
        """
        file = self.pools[name].input_file() if name in self.pools else None
        return [takable(file)] if file and Path(file).exists() else []

    # models of a pool: a pool may stand where a forget set does, as the name of what they are to forget

    def forgetting(self) -> list[str]:
        """Return the pools whose models are unlearned."""
        return [name for name, pool in self.pools.items() if pool.forgets]

    def variants(self) -> list[str]:
        """Return the variants that can be applied to a pool: those that read no oracle and no attribution.

        Both are made for one forget set of all models.
        """
        return [name for name in self.graph.variants if not OF_FORGET_SETS & set(self.graph.needs(name))]

    def membership(self, forget_set: str, shard: str) -> str | list[str]:
        """Return the file that states what every model of a shard of a pool forgets; nothing for a forget set."""
        return self.graph.path(layout.MEMBERSHIP, pool=forget_set, shard=shard) if forget_set in self.pools else []

    def start(self, forget_set: str, shard: str) -> list[str]:
        """Return the weight files with the models that a shard is unlearned from: those of a pool, or originals."""
        if forget_set not in self.pools:
            return [self.graph.start(shard)]
        return self._of_source(layout.weights_of(layout.POOL), forget_set, shard)

    def parts(self, name: str, shard: str) -> list[str]:
        """Return the files that state what the models of a shard of a pool are trained on."""
        return self._of_source(layout.PARTS, name, shard)

    def _of_source(self, pattern: str, name: str, shard: str) -> list[str]:
        """Return the files of the pool that models come from, with those of a shard."""
        draws, requests = draws_of(self.pools, name), layout.shard_indices(shard)
        models = range(requests.start // draws, requests[-1] // draws + 1)
        shards, source = self.graph.shards_with(models), source_of(self.pools, name)
        return [self.graph.path(pattern, pool=source, shard=part) for part in shards]

    def results(self) -> list[str]:
        """Return weights and margins of the models of all pools, and of what is unlearned from them."""
        trained = [(layout.POOL, {"pool": name}, name) for name in self.names()]
        unlearned = [
            (layout.UNLEARNED, {"forget_set": name, "variant": variant}, name)
            for name in self.forgetting()
            for variant in self.variants()
        ]
        return [
            self.graph.path(pattern(population), shard=shard, **wildcards)
            for population, wildcards, name in (*trained, *unlearned)
            for pattern in (layout.weights_of, layout.margins_of)
            for shard in self.shards(name)
        ]

    # configuration slices and code fingerprints

    def membership_slice(self, name: str) -> Slice:
        """What determines who is trained on what and who forgets what, beside the data set.

        Where it is drawn, it does not depend on how many models there are, so that more of them add files.
        """
        pool = self.pools.get(name)
        if isinstance(pool, DrawsPool):
            settings = pool.model_dump(mode="json", exclude={"of"})
            return {**settings, "role": role_of(name), **self.graph.seed_slice()}
        if name not in self.pools:
            settings, role = {"kind": "random", "fraction": self._fractions[name][1], "forget": 0}, DATAMODEL
        else:
            settings, role = self.pools[name].model_dump(mode="json"), role_of(name)
            if settings["kind"] == "file":
                return settings
            del settings["models"]
        return {**settings, "role": role, **self.graph.seed_slice()}

    def membership_code(self, name: str) -> str:
        """Fingerprint of drawing or reading a membership."""
        return self.graph.code("request" if name in self.of_draws() else "membership")

    def part_slice(self, name: str) -> Slice:
        """What determines who is trained on what: of a pool that is drawn, not what its models forget."""
        settings = self.membership_slice(name)
        return {**settings, "forget": 0} if "forget" in settings else settings

    def draws_slice(self, name: str) -> Slice:
        """How many times each model is unlearned, for a pool of draws; nothing for any other pool or forget set."""
        return {"draws": draws_of(self.pools, name)} if name in self.of_draws() else {}

    def unlearning_slice(self, name: str, variant: str) -> Slice:
        """What determines a variant's models beside the models they start from, data, and what they forget."""
        return {**self.graph.unlearning_slice(variant), **self.draws_slice(name)}

    def role_of_oracles(self, name: str) -> str:
        """Return the role in the seeds of the models that are trained without a forget set, or what a pool forgets."""
        return f"oracle/{name}" if name in self.pools else "oracle"

    def training_slice(self, name: str) -> Slice:
        """What determines the models of a pool beside their data and membership."""
        return self.graph.training_slice(role_of(name))
