"""Scores of every metric, forget set or pool, and candidate (variants, originals, and oracles: the noise floor).

Inputs:  forget set, margins of the candidate, margins of oracles and originals (metrics that compare with them),
         other observations that the metric reads; of a pool its membership
Outputs: results/<experiment>/{scores,summaries}/<metric>/<forget_set>/<candidate>.parquet
"""

from unlearnkit.registry import REGISTRIES
from unlearnkit.workflow.pool_scores import on_pools

POOL_SCORES = PRESENT.pool_scores


rule score:
    input:
        forget_set=path(layout.FORGET_SET),
        candidate=lambda w: GRAPH.score_margins(w.metric, "candidate", w.forget_set, w.candidate),
        oracle=lambda w: GRAPH.score_margins(w.metric, "oracle", w.forget_set, w.candidate),
        original=lambda w: GRAPH.score_margins(w.metric, "original", w.forget_set, w.candidate),
        observed=lambda w: OBSERVATION_GRAPH.read_by(w.metric, w.forget_set, w.candidate),
    output:
        scores=path(layout.SCORES),
        summary=path(layout.SUMMARY),
        provenance=layout.provenance(path(layout.SCORES)),
        summary_provenance=layout.provenance(path(layout.SUMMARY)),
    wildcard_constraints:
        metric="|".join(name for name in REGISTRIES["metric"] if name not in on_pools()),
    params:
        **made("scores"),
    log:
        log_of(layout.SCORES),
    resources:
        mem_mb=memory,
        runtime=runtime,
    message:
        "{wildcards.metric} of {wildcards.candidate} on {wildcards.forget_set}"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/score.py"


rule score_pool:
    input:
        membership=lambda w: POOL_SCORES.membership(w.forget_set),
        candidate=lambda w: POOL_SCORES.score_margins(w.metric, "candidate", w.forget_set, w.candidate),
        oracle=lambda w: POOL_SCORES.score_margins(w.metric, "oracle", w.forget_set, w.candidate),
    output:
        scores=path(layout.SCORES),
        summary=path(layout.SUMMARY),
        provenance=layout.provenance(path(layout.SCORES)),
        summary_provenance=layout.provenance(path(layout.SUMMARY)),
    wildcard_constraints:
        metric="|".join(on_pools()),
    params:
        **made("scores"),
    log:
        log_of(layout.SCORES),
    resources:
        mem_mb=memory,
        runtime=runtime,
    message:
        "{wildcards.metric} of {wildcards.candidate} on {wildcards.forget_set}"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/score_pool.py"
