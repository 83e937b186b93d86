"""Margins of the originals and oracles of a shard on every sample.

Inputs:  data set, weights of the shard
Outputs: results/<experiment>/<population>/<shard>.margins.parquet
"""


rule margins:
    input:
        dataset=path(layout.DATASET),
        weights=path(layout.WEIGHTS),
    output:
        margins=path(layout.MARGINS),
        provenance=layout.provenance(path(layout.MARGINS)),
    params:
        settings=GRAPH.model_slice(),
        code=GRAPH.margins_code(),
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
