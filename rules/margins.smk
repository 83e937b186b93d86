"""Margins of the originals and oracles of a shard on every sample, or on those of forget sets, some retained and validation.

Inputs:  data set, weights of the shard; forget sets, if not all retained samples are evaluated
Outputs: results/<experiment>/<population>/<shard>.margins.parquet
"""


rule margins:
    input:
        dataset=path(layout.DATASET),
        weights=path(layout.WEIGHTS),
        forget_sets=lambda w: GRAPH.evaluated_forget_sets(w.population),
    output:
        margins=path(layout.MARGINS),
        provenance=layout.provenance(path(layout.MARGINS)),
    params:
        **made("margins"),
    log:
        log_of(layout.MARGINS),
    threads: EXECUTION.threads
    resources:
        **GPU,
        mem_mb=memory,
        runtime=runtime,
    message:
        "Margins of {wildcards.population}, models {wildcards.shard}"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/margins.py"
