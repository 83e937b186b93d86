"""Originals, oracles and the models of pools, one job per shard.

Inputs:  data set; of oracles the forget set, or the membership of a pool; of a pool who is trained on what
Outputs: results/<experiment>/original/<shard>.safetensors
         results/<experiment>/{oracle,held_out_oracle}/<forget_set>/<shard>.safetensors
         results/<experiment>/pool/<pool>/<shard>.safetensors
         beside originals and oracles <shard>.curves.parquet
"""

from unlearnkit.stages import POPULATIONS


rule original:
    input:
        dataset=path(layout.DATASET),
        base=BASE,
    output:
        **curves(layout.ORIGINAL),
        weights=path(layout.weights_of(layout.ORIGINAL)),
        provenance=layout.provenance(path(layout.weights_of(layout.ORIGINAL))),
    params:
        **made("originals"),
    log:
        log_of(layout.weights_of(layout.ORIGINAL)),
    threads: EXECUTION.threads * EXECUTION.processes
    resources:
        **TRAINING_GPU,
        mem_mb=memory,
        runtime=runtime,
    message:
        "Originals {wildcards.shard}"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/train.py"


rule oracle:
    input:
        dataset=path(layout.DATASET),
        base=BASE,
        forget_set=lambda w: [] if w.forget_set in POOL_GRAPH.pools else path(layout.FORGET_SET),
        membership=lambda w: POOL_GRAPH.membership(w.forget_set, w.shard),
    output:
        **curves("{role}/{forget_set}"),
        weights=path(layout.weights_of("{role}/{forget_set}")),
        provenance=layout.provenance(path(layout.weights_of("{role}/{forget_set}"))),
    params:
        **made(lambda w: POPULATIONS[w.role]),
    log:
        log_of(layout.weights_of("{role}/{forget_set}")),
    threads: EXECUTION.threads * EXECUTION.processes
    resources:
        **TRAINING_GPU,
        mem_mb=memory,
        runtime=runtime,
    message:
        "Oracles {wildcards.shard} of {wildcards.forget_set} ({wildcards.role})"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/train.py"


use rule oracle as pool with:
    input:
        dataset=path(layout.DATASET),
        membership=path(layout.PARTS),
    output:
        weights=path(layout.weights_of(layout.POOL)),
        provenance=layout.provenance(path(layout.weights_of(layout.POOL))),
    params:
        **made("pools"),
    log:
        log_of(layout.weights_of(layout.POOL)),
    message:
        "Pool {wildcards.pool}, models {wildcards.shard}"
