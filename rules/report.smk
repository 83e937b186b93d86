"""Tables, figures and the page.

Inputs:  summaries of all scores, provenance of weights, per-sample scores, margins
Outputs: results/<experiment>/tables/{cost,<metric>}.{parquet,csv,md}, results/<experiment>/report/index.html
"""


rule cost:
    input:
        records=GRAPH.cost_records(),
    output:
        parquet=path(layout.TABLE, table="cost.parquet"),
        csv=report(path(layout.TABLE, table="cost.csv"), caption="../docs/captions/cost.rst", category="Tables"),
        markdown=path(layout.TABLE, table="cost.md"),
    params:
        settings={},
        code=GRAPH.report_code("cost"),
    log:
        log_of(layout.TABLE.replace("{table}", "cost")),
    localrule: True
    message:
        "Cost of every variant relative to retraining"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/cost.py"


rule table:
    input:
        summaries=lambda w: GRAPH.score_files(w.table),
        costs=path(layout.TABLE, table="cost.parquet"),
    output:
        parquet=path(layout.TABLE.replace("{table}", "{table}.parquet")),
        csv=report(
            path(layout.TABLE.replace("{table}", "{table}.csv")),
            caption="../docs/captions/table.rst",
            category="Tables",
            labels={"table": "{table}"},
        ),
        markdown=path(layout.TABLE.replace("{table}", "{table}.md")),
    wildcard_constraints:
        table="|".join(GRAPH.metrics),
    params:
        settings=lambda w: {"metric": w.table},
        code=GRAPH.report_code("tables"),
    log:
        log_of(layout.TABLE),
    localrule: True
    message:
        "Table of {wildcards.table}"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/table.py"
