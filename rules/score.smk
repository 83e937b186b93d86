"""Scores of every metric, forget set and candidate (variants, originals, and the oracles themselves: the noise floor).

Inputs:  forget set, margins of the candidate, margins of oracles and originals (metrics that compare with them),
         other observations that the metric reads
Outputs: results/<experiment>/{scores,summaries}/<metric>/<forget_set>/<candidate>.parquet
"""


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
