"""Who is trained on which sample, and who forgets which of them, where models have samples of their own.

Inputs:  data set; the file that a pool of the kind file names
Outputs: results/<experiment>/membership/<pool>/<shard>.safetensors, of pools and of attributions of the kind datamodels
"""

POOL_GRAPH = PRESENT.pools


rule membership:
    input:
        dataset=path(layout.DATASET),
        file=lambda w: POOL_GRAPH.file(w.pool),
    output:
        membership=path(layout.MEMBERSHIP),
        provenance=layout.provenance(path(layout.MEMBERSHIP)),
    params:
        **made("membership"),
    log:
        log_of(layout.MEMBERSHIP),
    localrule: True
    message:
        "Membership of {wildcards.pool}, models {wildcards.shard}"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/membership.py"
