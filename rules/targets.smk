"""Targets that people ask for by name: originals, oracles, unlearned, pools, search_all, attributions, report, report_all, vision_all, tofu_all, icu_all, muse_all, wmdp_all, lora_all, arena_all, sizes_all, sustainability_all, stops_all, durability_all, harness_all, <metric>_all and <observation>_all of all that are registered."""

from unlearnkit.registry import REGISTRIES
from unlearnkit.workflow.evaluation import Evaluation

EVALUATION = Evaluation(PRESENT)


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


rule search_all:
    input:
        SEARCH_GRAPH.results(),


rule attributions:
    input:
        ATTRIBUTION_GRAPH.results(),


for metric in REGISTRIES["metric"]:

    rule:
        name:
            f"{metric}_all"
        input:
            PRESENT.scores(metric).results(metric),
            [] if metric in on_pools() else OBSERVATION_GRAPH.read_by_all(metric),


for observation in OBSERVATION_GRAPH.names:

    rule:
        name:
            f"{observation}_all"
        input:
            OBSERVATION_GRAPH.files(observation),


rule arena_all:
    input:
        ARENA_GRAPH.results("arena"),


rule sizes_all:
    input:
        ARENA_GRAPH.results("sizes"),


rule sustainability_all:
    input:
        CONTINUAL_GRAPH.results(),


rule durability_all:
    input:
        ATTACK_GRAPH.results(),


rule harness_all:
    input:
        PRESENT.harness.results(),


rule stops_all:
    input:
        STOPS_GRAPH.results(),


rule report:
    input:
        SITE_GRAPH.files(),


rule report_all:
    input:
        SITE_GRAPH.files(),
        path(layout.ARTIFACT_GRAPH),


rule vision_all:
    input:
        EVALUATION.everything(),


rule tofu_all:
    input:
        EVALUATION.everything(),


rule icu_all:
    input:
        EVALUATION.everything(),


rule muse_all:
    input:
        EVALUATION.everything(),
        CONTINUAL_GRAPH.results(),


rule wmdp_all:
    input:
        EVALUATION.everything(),


rule lora_all:
    input:
        EVALUATION.everything(),
        EVALUATION.merged(),
