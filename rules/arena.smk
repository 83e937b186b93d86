"""Metrics on trial: planted candidates, and fewer models, of the originals and oracles that are there.

Inputs:  forget set, margins of all oracles and originals, other observations that the metric reads; the forget set and
         oracles of a part of it, where the configuration names one
Outputs: results/<experiment>/trials/<metric>/<forget_set>.parquet
         results/<experiment>/tables/{arena,sizes}.{parquet,csv,md,svg}
"""

ARENA_GRAPH = PRESENT.arena


rule trials:
    input:
        forget_set=path(layout.FORGET_SET),
        part=lambda w: ARENA_GRAPH.part_file(w.forget_set),
        margins=lambda w: ARENA_GRAPH.margins(w.forget_set),
        observed=lambda w: ARENA_GRAPH.read_by(w.metric, w.forget_set),
    output:
        trials=path(layout.TRIALS),
        provenance=layout.provenance(path(layout.TRIALS)),
    params:
        **made("trials"),
    log:
        log_of(layout.TRIALS),
    resources:
        mem_mb=memory,
        runtime=runtime,
    message:
        "Trials of {wildcards.metric} on {wildcards.forget_set}"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/trials.py"


rule trials_table:
    input:
        trials=ARENA_GRAPH.trials(),
        records=[layout.provenance(file) for file in ARENA_GRAPH.trials()],
    output:
        parquet=path(layout.TABLE.replace("{table}", "{table}.parquet")),
        csv=path(layout.TABLE.replace("{table}", "{table}.csv")),
        markdown=path(layout.TABLE.replace("{table}", "{table}.md")),
        figure=path(layout.TABLE.replace("{table}", "{table}.svg")),
        provenance=layout.provenance(path(layout.TABLE.replace("{table}", "{table}.parquet"))),
    wildcard_constraints:
        table="arena|sizes",
    params:
        **made("tables"),
    log:
        log_of(layout.TABLE),
    localrule: True
    message:
        "Table of {wildcards.table}"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/trials_table.py"
