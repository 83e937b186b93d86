"""What language models answer to the tasks of lm-evaluation-harness (docs/harness.md).

Inputs:  data set, tokenizer and weights of the shard; originals, if the weights are deltas; the user's files of tasks
Outputs: results/<experiment>/<population>/<shard>.harness/<task>.parquet
         results/<experiment>/tables/harness.{parquet,csv,md}

A task has a file of its own, so that one that fails takes nothing from the others.
"""

HARNESS_GRAPH = PRESENT.harness


rule harness:
    input:
        dataset=path(layout.DATASET),
        tokenizer=path(layout.TOKENIZER),
        pretrained=TEXT_GRAPH.tokenizer_files(),
        base=BASE,
        weights=path(layout.WEIGHTS),
        originals=lambda w: HARNESS_GRAPH.bases(w.population, w.shard),
        tasks=HARNESS_GRAPH.task_files(),
    output:
        answers=path(layout.HARNESS),
        provenance=layout.provenance(path(layout.HARNESS)),
    params:
        **made("harness"),
    log:
        log_of(layout.HARNESS),
    threads: EXECUTION.threads
    resources:
        **GPU,
        mem_mb=memory,
        runtime=runtime,
    message:
        "{wildcards.task} asked of {wildcards.population}, models {wildcards.shard}"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/harness.py"


rule harness_table:
    input:
        answers=HARNESS_GRAPH.answers(),
    output:
        parquet=path(layout.TABLE, table="harness.parquet"),
        csv=path(layout.TABLE, table="harness.csv"),
        markdown=path(layout.TABLE, table="harness.md"),
        provenance=layout.provenance(path(layout.TABLE, table="harness.parquet")),
    params:
        **made("tables", table="harness"),
    log:
        log_of(layout.TABLE.replace("{table}", "harness")),
    localrule: True
    message:
        "Table of the tasks of lm-evaluation-harness"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/harness_table.py"
