"""Targets that people ask for by name: originals, oracles, unlearned, pools, attributions, and <metric>_all for every registered metric."""

from unlearnkit.registry import REGISTRIES


rule originals:
    input:
        GRAPH.weights(layout.ORIGINAL),


rule oracles:
    input:
        GRAPH.oracles(),


rule unlearned:
    input:
        [
            GRAPH.weights(layout.UNLEARNED, GRAPH.unlearned_models(), forget_set=name, variant=variant)
            for name in GRAPH.forget_sets
            for variant in GRAPH.variants
        ],


rule pools:
    input:
        POOL_GRAPH.results(),


rule attributions:
    input:
        ATTRIBUTION_GRAPH.results(),


for metric in REGISTRIES["metric"]:

    rule:
        name:
            f"{metric}_all"
        input:
            GRAPH.results(metric),


rule report:
    input:
        path(layout.REPORT),
