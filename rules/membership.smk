"""Who is trained on which sample, and who forgets which of them, where models have samples of their own.

Inputs:  data set; the file that a pool of the kind file names; of a pool of the kind draws, parts of the pool that it is of
Outputs: results/<experiment>/part/<pool>/<shard>.safetensors: who is trained on what, which is what trained models depend on
         results/<experiment>/membership/<pool>/<shard>.safetensors: that, and who forgets what; of pools, and of attributions of
         the kind datamodels
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


use rule membership as part with:
    output:
        membership=path(layout.PARTS),
        provenance=layout.provenance(path(layout.PARTS)),
    params:
        **made("parts"),
    log:
        log_of(layout.PARTS),
    message:
        "Parts of {wildcards.pool}, models {wildcards.shard}"


if POOL_GRAPH.of_draws():

    ruleorder: request > membership

    rule request:
        input:
            dataset=path(layout.DATASET),
            parts=lambda w: POOL_GRAPH.parts(w.pool, w.shard),
        output:
            membership=path(layout.MEMBERSHIP),
            provenance=layout.provenance(path(layout.MEMBERSHIP)),
        wildcard_constraints:
            pool="|".join(map(re.escape, POOL_GRAPH.of_draws())),
        params:
            **made("membership"),
        log:
            log_of(layout.MEMBERSHIP),
        localrule: True
        message:
            "Requests of {wildcards.pool}, models {wildcards.shard}"
        conda:
            "../envs/unlearnkit.yaml"
        script:
            "../workflow_scripts/request.py"
